"""How the laws of a run compare by the score that chooses: prompts, parents, tools and the reported gain all use it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lawsmith.agent.search.selection import Scoring
from lawsmith.runs.trials import Trial
from lawsmith.tasks import Task


class Standing:
    """The usable laws that were learnt, by score; computed anew when one was added."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._trials: dict[str, Trial] = {}
        self._errors: dict[str, float] = {}

    def frozen(self) -> Standing:
        """As it is now: a prompt that is written later must not know what was learnt since."""
        copy = Standing(self._task)
        copy._trials, copy._errors = dict(self._trials), self._errors
        return copy

    def learn(self, trial: Trial) -> None:
        if trial.usable and trial.id not in self._trials:
            self._trials[trial.id] = trial
            self._errors = {}

    def error(self, trial: Trial) -> float:
        """Typical held-out error of a law, constants counted against it; lower is better, infinite if unknown."""
        if not self._errors and self._trials:
            scoring = Scoring(list(self._trials.values()), self._task)
            self._errors = {
                known.id: math.exp(total) for known, total in zip(scoring.trials, scoring.totals, strict=True)
            }
        return self._errors.get(trial.id, math.inf)

    def merit(self, trial: Trial) -> tuple[float, int]:
        """Sorts better laws first: by the error, then by fewer constants."""
        return self.error(trial), trial.evaluation.constants_count or 0

    @property
    def ranking(self) -> list[Trial]:
        """Best first; of equals the earlier."""
        return sorted(self._trials.values(), key=self.merit)

    def place(self, trial: Trial) -> tuple[int, int]:
        """Rank from 1, and among how many."""
        ranking = self.ranking
        better = sum(self.merit(other) < self.merit(trial) for other in ranking)
        return better + 1, len(ranking)


def best_of(trials: Sequence[Trial], standing: Standing) -> Trial | None:
    """The best of some laws; None where none is usable."""
    return min((trial for trial in trials if trial.usable), key=standing.merit, default=None)
