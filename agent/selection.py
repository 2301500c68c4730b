"""Chooses the law that extrapolates best inside the training data. The one place where a winner is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.history import Trial
from sandbox import Evaluation
from tasks.arrays import Array
from tasks.task import Task

FLOOR = 1e-6  # errors below this share of the spread are as good as zero

NARROW = 0.01  # a fold's spread below this share of the widest fold's says nothing about scale


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
    same: float = (
        0.003  # laws whose predictions beyond the data differ less, in units of the spread, count once
    )


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
    beyond = [_beyond(trial.evaluation, task) for trial in unique]
    close = _close(scoring.totals, beyond, rules)
    best = scoring.totals[close[0]]
    pick = _medoid([beyond[k] for k in close])
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
        return f"pooled log error {own:.3f} on the folds, every law that predicts otherwise is over {margin} worse"
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
    """(F,): log of the held-out error in units of the spread of the held-out rows, mean over targets.

    A fold whose held-out rows hardly vary (a single row, say) is measured by the widest fold's spread.
    """
    rmse = np.array([fold.rmse for fold in evaluation.folds])
    scale = np.array([fold.scale for fold in evaluation.folds])
    widest = np.where(scale.max(axis=0) > 0, scale.max(axis=0), 1.0)
    scale = np.where(scale > NARROW * widest, scale, widest)
    logs = np.log(np.maximum(rmse / scale, FLOOR))
    return np.asarray(logs.mean(axis=1) if target is None else logs[:, target])


def _log_train(evaluation: Evaluation) -> float:
    return 0.0 if evaluation.train is None else 0.5 * float(np.log(max(evaluation.train.nmse, FLOOR**2)))


def _suspicious(evaluation: Evaluation) -> bool:
    """No finite prediction beyond the data."""
    return not evaluation.probe


def _beyond(evaluation: Evaluation, task: Task) -> Array | None:
    """Predictions at the probe rows in units of the spread of the training rows; None when not all are finite."""
    spread = task.train.target_matrix().std(axis=0)
    return np.array(evaluation.probe) / np.where(spread > 0, spread, 1.0) if evaluation.probe else None


def _close(totals: Array, beyond: Sequence[Array | None], rules: Rules) -> list[int]:
    """Best first: laws within `rules.close` of the best that differ from one another beyond the data."""
    order = [int(k) for k in np.argsort(totals, kind="stable")]
    kept = order[:1]
    for k in order[1:]:
        if len(kept) == rules.most_close or totals[k] > totals[kept[0]] + rules.close:
            break
        if all(_distance(beyond[k], beyond[other]) >= rules.same for other in kept):
            kept.append(k)
    return kept


def _distance(one: Array | None, two: Array | None) -> float:
    return np.inf if one is None or two is None else float(np.abs(one - two).mean())


def _medoid(beyond: Sequence[Array | None]) -> int:
    """Position of the law that is nearest to the pointwise median of all; the first where fewer than three compare."""
    usable = [(k, values) for k, values in enumerate(beyond) if values is not None]
    if len(usable) < 3:
        return 0
    centre = np.median(np.stack([values for _, values in usable]), axis=0)
    return min(usable, key=lambda item: _distance(item[1], centre))[0]
