"""The library's forms for one task: those within its cap, plain ones first, and ranked by a cheap fit."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np

from agent.symbolic.draft import Draft, has_shape
from agent.symbolic.library import library
from agent.symbolic.profile import profile
from agent.symbolic.screen import screen
from tasks.task import Task

TINY = 0.1  # share of the groups that may have fewer rows than a form has constants
FIRST = 4  # plain forms, proposed before anything is screened: a usable law within seconds


class Shelf:
    """What every run on `task` begins with, whatever its seed."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.profile = profile(task.train)
        counts = np.bincount(task.train.codes)
        self.few = int(np.quantile(counts[counts > 0], TINY, method="lower"))
        self.drafts = tuple({draft.key: draft for draft in self._made() if self.admits(draft)}.values())

    def _made(self) -> list[Draft]:
        found = []
        groups = len(np.unique(self.task.train.codes))
        for template in library(self.profile):
            nodes = (template.node,) * len(self.task.schema.targets)
            found.append(Draft(nodes, template.origin))
            if groups > 1 and has_shape(template.node):
                found.append(Draft(nodes, f"{template.origin}, one shape for all groups", shared=True))
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
