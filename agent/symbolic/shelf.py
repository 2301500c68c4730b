"""The library's forms for one task: those within its cap, plain ones first, and ranked by a cheap fit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np

from agent.symbolic.combined import profiles
from agent.symbolic.draft import Draft, has_shape
from agent.symbolic.expression import features
from agent.symbolic.library import library
from agent.symbolic.screen import screen
from sandbox.fitting import Loss
from tasks.nearness import has_frontier
from tasks.task import Task

TINY = 0.1  # share of the groups that may have fewer rows than a form has constants
FIRST = 4  # forms proposed before anything is screened: a usable law at once
EARLY = 4  # the best of the plainest, proposed before the others are screened: a good one within seconds
PLAINEST = 48


class Shelf:
    """What every run on `task` begins with, whatever its seed, plain forms first."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._lock = threading.Lock()  # runs side by side wait for one screening
        self.profile, *self._others = profiles(task.train)
        self.loss = Loss.FRONTIER if has_frontier(task.train) else Loss.SQUARED
        counts = np.bincount(task.train.codes)
        self.few = int(np.quantile(counts[counts > 0], TINY, method="lower"))
        drafts = {draft.key: draft for draft in self._made() if self.admits(draft)}
        self.drafts = tuple(sorted(drafts.values(), key=_plainness))

    def _made(self) -> list[Draft]:
        found = []
        groups = len(np.unique(self.task.train.codes))
        for template in [form for one in (self.profile, *self._others) for form in library(one)]:
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
    def first(self) -> tuple[Draft, ...]:
        return self.drafts[:FIRST]

    @property
    def early(self) -> tuple[Draft, ...]:
        """The most promising of the plain forms."""
        with self._lock:
            return self._early

    @property
    def ranked(self) -> tuple[Draft, ...]:
        """The others, the most promising first; may take a while."""
        with self._lock:
            return self._ranked

    @cached_property
    def _early(self) -> tuple[Draft, ...]:
        return self._screened(self.drafts[FIRST:PLAINEST])[:EARLY]

    @cached_property
    def _ranked(self) -> tuple[Draft, ...]:
        return self._screened([draft for draft in self.drafts[FIRST:] if draft not in self._early])

    def _screened(self, drafts: Sequence[Draft]) -> tuple[Draft, ...]:
        return tuple(screen(drafts, self.task.train, self.task.schema, np.random.default_rng(0)))


def _plainness(draft: Draft) -> tuple[bool, int, int]:
    """Sorts the constant first, which takes no time, then forms of all features, of few constants before others."""
    used = len(features(draft.nodes[0]))
    return used > 0, -used, draft.constants


_shelves = lru_cache(maxsize=4)(Shelf)
_making = threading.Lock()


def shelf(task: Task) -> Shelf:
    """One shelf for all runs of a command."""
    with _making:
        return _shelves(task)
