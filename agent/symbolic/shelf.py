"""The library's forms for one task: those within its cap, plain ones first, and ranked by a cheap fit."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np

from agent.symbolic.draft import Draft, has_shape
from agent.symbolic.expression import features
from agent.symbolic.library import library
from agent.symbolic.profile import profile
from agent.symbolic.screen import screen
from sandbox.fitting import Loss
from tasks.nearness import has_frontier
from tasks.task import Task

TINY = 0.1  # share of the groups that may have fewer rows than a form has constants
FIRST = 4  # plain forms of all features, proposed before anything is screened: a usable law within seconds


class Shelf:
    """What every run on `task` begins with, whatever its seed; forms of the most features come first."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.profile = profile(task.train)
        self.loss = Loss.FRONTIER if has_frontier(task.train) else Loss.SQUARED
        counts = np.bincount(task.train.codes)
        self.few = int(np.quantile(counts[counts > 0], TINY, method="lower"))
        drafts = {draft.key: draft for draft in self._made() if self.admits(draft)}
        self.drafts = tuple(sorted(drafts.values(), key=lambda draft: -len(features(draft.nodes[0]))))

    def _made(self) -> list[Draft]:
        found = []
        groups = len(np.unique(self.task.train.codes))
        for template in library(self.profile):
            nodes = (template.node,) * len(self.task.schema.targets)
            found.append(Draft(nodes, template.origin, loss=self.loss))
            if groups > 1 and has_shape(template.node):
                origin = f"{template.origin}, one shape for all groups"
                found.append(Draft(nodes, origin, shared=True, loss=self.loss))
        return found

    def admits(self, draft: Draft) -> bool:
        """Within the cap, and fewer constants of a group's own than small groups have rows."""
        return draft.fits(self.task.schema, self.few)

    @property
    def plain(self) -> tuple[Draft, ...]:
        return self.drafts[:FIRST]

    @cached_property
    def ranked(self) -> tuple[Draft, ...]:
        """The others, the most promising first; takes seconds."""
        rng = np.random.default_rng(0)
        return tuple(screen(self.drafts[FIRST:], self.task.train, self.task.schema, rng))


@lru_cache(maxsize=4)
def shelf(task: Task) -> Shelf:
    """One shelf for all runs of a command."""
    return Shelf(task)
