"""How the laws of a run compare by the score that chooses: prompts, parents, tools and the reported gain all use it."""

from __future__ import annotations

from lawsmith.agent.search.score import typical_error
from lawsmith.runs.trials import Trial
from lawsmith.tasks import Task


class Standing:
    """The usable laws that were learnt, by their typical error."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._trials: dict[str, Trial] = {}
        self._errors: dict[str, float] = {}  # a law's own, whatever else is known

    def frozen(self) -> Standing:
        """As it is now: a prompt that is written later must not know what was learnt since."""
        copy = Standing(self._task)
        copy._trials, copy._errors = dict(self._trials), self._errors
        return copy

    def learn(self, trial: Trial) -> None:
        """Take a law into the standing, if it is usable."""
        if trial.usable and trial.id not in self._trials:
            self._trials[trial.id] = trial

    def error(self, trial: Trial) -> float:
        """The typical error of a law (`search.selection`); lower is better, infinite for one that is not usable."""
        if trial.id not in self._errors:
            self._errors[trial.id] = typical_error(trial, self._task)
        return self._errors[trial.id]

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
