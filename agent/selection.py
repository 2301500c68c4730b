"""Chooses the law that extrapolates best inside the training data. The one place where a winner is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.history import Trial
from sandbox import Evaluation
from tasks.arrays import Array
from tasks.task import Task

FLOOR = 1e-6  # errors below this share of the spread are as good as zero


@dataclass(frozen=True)
class Rules:
    """How fold scores become one number, in units of log error. docs/selection.md shows what each part earns."""

    worst: float = 3.0  # log error beyond a fold's best at which the fold says no more than "bad"
    depth: tuple[tuple[str, float], ...] = (
        ("1", 1.0),
        ("2", 0.7),
        ("3", 0.5),
    )  # shallow folds resemble the final fit
    train: float = 0.3  # weight of the log training error: a law that misses what it has seen is misspecified
    excess: float = 0.2  # weight of the worst fold: one blow-up costs more than many small gains bring
    constant: float = 0.03  # what one more constant per group and target must buy
    suspicion: float = 0.5  # added where predictions beyond the data are not finite
    close: float = 0.2  # laws within this distance of the best cannot be separated
    most_close: int = 9


RULES = Rules()


@dataclass(frozen=True)
class Choice:
    """The winner, why it won, the ids that it could not be separated from, and every usable trial's score.

    Scores are pooled log errors on the folds: lower is better, and a difference of 0.1 is about 10 % in error.
    """

    winner: Trial
    reason: str
    inseparable: tuple[str, ...]
    scores: dict[str, float]


class Scoring:
    """Pooled fold scores of comparable trials (the same folds); `target` looks at one target only."""

    def __init__(self, trials: Sequence[Trial], target: int | None = None, rules: Rules = RULES) -> None:
        self.trials = [trial for trial in trials if trial.usable]
        evaluations = [trial.evaluation for trial in self.trials]
        self.totals = _totals(evaluations, target, rules) if evaluations else np.empty(0)

    @property
    def ranking(self) -> list[Trial]:
        """Best first; of equals the earlier."""
        return [self.trials[k] for k in np.argsort(self.totals, kind="stable")]


def choose(trials: Sequence[Trial], task: Task, rules: Rules = RULES) -> Choice:
    """The winner among usable trials.

    Laws within `rules.close` of the best pooled score form a set that the data cannot separate; of these the one whose
    predictions beyond the data lie nearest to the set's median wins, since its error is bounded when the others are
    right. Raises ValueError when no trial is usable.
    """
    unique = list({trial.id: trial for trial in trials if trial.usable}.values())
    if not unique:
        raise ValueError("no usable trial to choose from")
    scoring = Scoring(unique, rules=rules)
    order = np.argsort(scoring.totals, kind="stable")
    best = scoring.totals[order[0]]
    close = [int(k) for k in order[: rules.most_close] if scoring.totals[k] <= best + rules.close]
    pick = _medoid([unique[k].evaluation for k in close], task)
    winner = unique[close[pick]]
    others = tuple(unique[k].id for k in close if unique[k] is not winner)
    return Choice(
        winner=winner,
        reason=_reason(pick, len(close), float(scoring.totals[close[pick]]), float(best), rules.close),
        inseparable=others,
        scores={trial.id: float(total) for trial, total in zip(unique, scoring.totals, strict=True)},
    )


def _reason(pick: int, close: int, own: float, best: float, margin: float) -> str:
    if close == 1:
        return f"pooled log error {own:.3f} on the folds, clear of every other law by more than {margin}"
    if pick == 0:
        return f"best pooled log error {own:.3f} on the folds, and central among {close} laws within {margin} of it"
    return (
        f"of {close} laws within {margin} of the best pooled log error {best:.3f} on the folds, its predictions beyond "
        f"the data are the most central (own score {own:.3f})"
    )


def _totals(evaluations: Sequence[Evaluation], target: int | None, rules: Rules) -> Array:
    """Pooled score of each evaluation (C,)."""
    errors = np.stack([_log_errors(e, target) for e in evaluations])
    relative = np.minimum(errors - errors.min(axis=0), rules.worst)
    weights = np.array([_depth_weight(fold.name, rules) for fold in evaluations[0].folds])
    pooled = relative @ weights / weights.sum()
    train = np.array([_log_train(e) for e in evaluations])
    constants = np.array([float(e.constants_count or 0) for e in evaluations])
    suspicious = np.array([_suspicious(e) for e in evaluations])
    base = float(errors.min(axis=0) @ weights / weights.sum())
    return np.asarray(
        base
        + pooled
        + rules.train * (train - train.min())
        + rules.excess * relative.max(axis=1)
        + rules.constant * constants
        + rules.suspicion * suspicious
    )


def _depth_weight(name: str, rules: Rules) -> float:
    return dict(rules.depth).get(name.rpartition(">")[2], 1.0)


def _log_errors(evaluation: Evaluation, target: int | None) -> Array:
    """(F,): log of the held-out error in units of the spread of the held-out rows, mean over targets."""
    rows = []
    for fold in evaluation.folds:
        rmse, scale = np.array(fold.rmse), np.array(fold.scale)
        logs = np.log(np.maximum(rmse / np.maximum(scale, 1e-300), FLOOR))
        rows.append(float(logs.mean() if target is None else logs[target]))
    return np.array(rows)


def _log_train(evaluation: Evaluation) -> float:
    return 0.0 if evaluation.train is None else 0.5 * float(np.log(max(evaluation.train.nmse, FLOOR**2)))


def _suspicious(evaluation: Evaluation) -> bool:
    """No finite prediction beyond the data."""
    return not evaluation.probe


def _medoid(evaluations: Sequence[Evaluation], task: Task) -> int:
    """Index of the law whose probe predictions are nearest to the pointwise median of all, near points first."""
    usable = [k for k, e in enumerate(evaluations) if e.probe]
    if len(usable) < 3:
        return 0
    predictions = np.array([evaluations[k].probe for k in usable])
    spread = task.train.target_matrix().std(axis=0)
    away = (predictions - np.median(predictions, axis=0)) / np.where(spread > 0, spread, 1.0)
    distance: NDArray[np.float64] = np.abs(away).mean(axis=(1, 2))
    return usable[int(np.argmin(distance))]
