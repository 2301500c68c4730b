"""Tells candidates that predict the same beyond the data, before any of them is evaluated on folds."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.runs.trials import Trial
from lawsmith.sandbox import JobResult, SearchOver
from lawsmith.sandbox.evaluate import whole_fit
from lawsmith.tasks import Array

SAME = 1e-6  # largest difference of predictions, in units of the largest


@dataclass(frozen=True, eq=False)
class Behaviour:
    """What a fitted candidate predicts at the probe rows (n, T), and its constants per group and target."""

    probe: Array
    constants: int

    @classmethod
    def of(cls, trial: Trial) -> Behaviour | None:
        """Of a candidate that was evaluated; None where it has no finite predictions beyond the data."""
        found = trial.evaluation
        if not found.probe or found.constants_count is None:
            return None
        return cls(np.array(found.probe), found.constants_count)

    def covers(self, other: Behaviour) -> bool:
        """Whether `other` predicts the same with no fewer constants, so that nothing speaks for it."""
        if self.constants > other.constants or self.probe.shape != other.probe.shape:
            return False
        scale = float(np.abs(self.probe).max(initial=0.0)) or 1.0
        return bool((np.abs(self.probe - other.probe) <= SAME * scale).all())


class Screen:
    """Fits candidates to all training rows, as their evaluations begin. What it finds depends on the source alone."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._recorded: dict[str, Behaviour | None] = {}
        self._under_way: dict[str, Future[JobResult]] = {}

    def know(self, trial: Trial) -> None:
        """Need not fit a candidate that is on record."""
        self._recorded.setdefault(trial.proposal.source, Behaviour.of(trial))

    def begin(self, source: str) -> None:
        """Start looking at a candidate."""
        seen = self._evaluator.search_task
        if source not in self._recorded and seen.probes is not None:
            self._under_way[source] = self._evaluator.sandbox.submit(
                whole_fit(source, seen.task, seen.probes, seen.seed)
            )

    def look(self, source: str) -> tuple[Behaviour | None, JobResult | None]:
        """Waits for a candidate that was begun. No behaviour where it fails, or is not finite beyond the data.

        The fit itself is None where it was not needed.
        """
        if source not in self._under_way:
            return self._recorded.get(source), None
        try:
            fit = self._under_way.pop(source).result()
        except SearchOver:
            return None, None
        return self._seen(fit), fit

    def _seen(self, fit: JobResult) -> Behaviour | None:
        if fit.constants is None or len(fit.predictions) < 2 or not np.isfinite(fit.predictions[1]).all():
            return None
        targets = len(self._evaluator.task.schema.targets)
        return Behaviour(fit.predictions[1], -(-len(fit.constants.names) // targets))
