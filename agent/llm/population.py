"""Islands of laws: where parents come from, what moves between islands, which laws are twins."""

from collections.abc import Callable, Sequence

import numpy as np

from lawsmith.agent.llm.twins import Behaviour
from lawsmith.runs.trials import Trial
from lawsmith.sandbox.law.key import law_key
from lawsmith.tasks import Array, Task

ISLAND_SIZE = 12  # members that an island keeps, the best ones
GREED = 0.5  # weight of a rank falls by exp(-GREED) from one rank to the next
NOVELTY_WEIGHT = 0.5  # how much likelier a member is a parent that is unlike all others


Merit = Callable[[Trial], tuple[float, int]]
"""Sorts better laws first: by the score that chooses, then fewer constants (`Standing.merit`)."""


class Population:
    """Islands of trial ids. Of laws that predict the same, one with more constants than a known one stays out."""

    def __init__(self, islands: int, merit: Merit, task: Task) -> None:
        self._merit, self._task = merit, task
        self.islands: list[list[str]] = [[] for _ in range(islands)]
        self._trials: dict[str, Trial] = {}
        self._behaviours: list[Behaviour] = []
        self.twins = 0

    def __len__(self) -> int:
        return len(self._trials)

    def __contains__(self, candidate: str) -> bool:
        return candidate in self._trials

    def __getitem__(self, candidate: str) -> Trial:
        return self._trials[candidate]

    def add(self, trial: Trial, island: int) -> bool:
        """Let a usable trial live on `island`; False for a twin of a known law, which is left out."""
        seen = Behaviour.of(trial)
        if seen is not None and any(known.covers(seen) for known in self._behaviours):
            self.twins += 1
            return False
        if seen is not None:
            self._behaviours.append(seen)
        self._trials[trial.id] = trial
        self._settle(trial.id, island)
        return True

    def _settle(self, candidate: str, island: int) -> None:
        members = self.islands[island]
        if candidate not in members:
            members.append(candidate)
            members.sort(key=lambda name: self._merit(self._trials[name]))
            del members[ISLAND_SIZE:]

    def best(self, island: int | None = None) -> Trial | None:
        """The best law of an island, or of all; None where there is none."""
        names = list(self._trials) if island is None else self.islands[island]
        return min((self._trials[name] for name in names), key=self._merit, default=None)

    def migrate(self) -> None:
        """The best of each island also settles on the next one."""
        bests = [self.best(island) for island in range(len(self.islands))]
        for island, best in enumerate(bests):
            if best is not None:
                self._settle(best.id, (island + 1) % len(self.islands))

    def restart_weakest(self) -> int:
        """Empty the island whose best law is worst; returns it."""
        ranks = [self._merit(best) if (best := self.best(i)) else (np.inf, 0) for i in range(len(self.islands))]
        weakest = ranks.index(max(ranks))
        self.islands[weakest].clear()
        return weakest

    def parent(self, island: int, rng: np.random.Generator, besides: Sequence[str] = ()) -> Trial | None:
        """A law of `island`, drawn by rank and novelty; None if there is none besides `besides`."""
        names = [name for name in self.islands[island] if name not in besides]
        if not names:
            return None
        novelty = self._novelty(names)
        weights = np.exp(-GREED * np.arange(len(names))) * (1.0 + NOVELTY_WEIGHT * novelty)
        return self._trials[names[int(rng.choice(len(names), p=weights / weights.sum()))]]

    def _novelty(self, names: Sequence[str]) -> Array:
        """(k,) in [0, 1]: distance of probe predictions from the nearest law, relative to the widest."""
        probes = [np.ravel(self._trials[name].evaluation.probe) for name in names]
        if len(names) < 2 or len({len(probe) for probe in probes}) > 1 or not len(probes[0]):
            return np.zeros(len(names))
        points = np.array(probes)
        distances = np.sqrt(((points[:, None] - points[None]) ** 2).mean(axis=2))
        np.fill_diagonal(distances, np.inf)
        nearest = distances.min(axis=1)
        widest = float(nearest.max())
        return nearest / widest if widest > 0 else np.zeros(len(names))

    def diverse(self, count: int, besides: Sequence[str], island: int | None = None) -> list[Trial]:
        """Up to `count` good laws of different form, best first, from all islands but `island`."""
        pool = [
            name
            for index, members in enumerate(self.islands)
            if index != island or len(self.islands) == 1
            for name in members
        ]
        chosen: dict[str, Trial] = {}
        for trial in sorted((self._trials[name] for name in dict.fromkeys(pool)), key=self._merit):
            if len(chosen) == count:
                break
            if trial.id not in besides:
                chosen.setdefault(law_key(trial.proposal.source, self._task), trial)
        return list(chosen.values())
