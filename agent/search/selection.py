"""Chooses the law that extrapolates best inside the training data. The one place where a winner is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lawsmith.runs.trials import Trial
from lawsmith.sandbox import Evaluation
from lawsmith.sandbox.law.traits import traits
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.dependence import decisive
from lawsmith.tasks.task import Task

FLOOR = 1e-6  # errors below this share of the spread are as good as zero

NARROW = 0.01  # a fold's spread below this share of the widest fold's says nothing about scale


@dataclass(frozen=True)
class Rules:
    """How fold scores become one number, in units of log error. docs/selection.md shows what each part earns."""

    noise: float = 1.0  # errors below this multiple of the noise are luck
    worst: float = 2.0  # log error beyond a fold's best at which the fold says no more than "bad"
    depth: tuple[tuple[str, float], ...] = (
        ("1", 1.0),
        ("2", 0.7),
        ("3", 0.5),
    )  # shallow folds resemble the final fit
    train: float = 0.3  # weight of the log training error: a law that misses what it has seen is misspecified
    constant: float = 0.06  # what one more constant per group and target must buy …
    rows: float = 200.0  # … with up to so many rows a group; more make it cheaper, as the root of the number
    missing: float = 4.0  # constants that a law counts more for a level, or a feature that decides, left out
    derived: float = 0.1  # what a blind change must buy: many are tried, and the best of many is part luck
    changes: int = 3  # of one line of changes that are charged for
    suspicion: float = 0.5  # added where predictions beyond the data are not finite
    close: float = 0.3  # laws within this distance of the best cannot be separated
    most_close: int = 15
    temperature: float = 0.1  # a law this much worse than the best is e times less plausible
    furthest: float = 10.0  # spreads of the targets; what differs more from the best pulls no further
    same: float = 0.003  # spreads; laws that differ less beyond the data count once


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
    """Pooled fold scores of comparable trials (the same folds of `task`); `target` looks at one target only."""

    def __init__(
        self, trials: Sequence[Trial], task: Task, target: int | None = None, rules: Rules = RULES
    ) -> None:
        self.trials = [trial for trial in trials if trial.usable]
        self.totals = _totals(self.trials, task, target, rules) if self.trials else np.empty(0)

    @property
    def ranking(self) -> list[Trial]:
        """Best first; of equals the earlier."""
        return [self.trials[k] for k in np.argsort(self.totals, kind="stable")]


def choose(trials: Sequence[Trial], task: Task, rules: Rules = RULES) -> Choice:
    """The winner among usable trials.

    Laws within `rules.close` of the best pooled score form a set that the data cannot separate, each the more plausible
    the better its score. Of these the law wins whose predictions beyond the data lie nearest to their mean, weighted
    by plausibility: the mean errs less than most of them, and no law near it errs much when another is right. Raises
    ValueError when no trial is usable.
    """
    unique = list({trial.id: trial for trial in trials if trial.usable}.values())
    if not unique:
        raise ValueError("no usable trial to choose from")
    scoring = Scoring(unique, task, rules=rules)
    beyond = [_beyond(trial.evaluation, task) for trial in unique]
    close = _close(scoring.totals, beyond, rules)
    best = scoring.totals[close[0]]
    pick = _most_central([beyond[k] for k in close], scoring.totals[close], rules)
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


def _totals(trials: Sequence[Trial], task: Task, target: int | None, rules: Rules) -> Array:
    """Pooled score of each trial (C,)."""
    evaluations = [trial.evaluation for trial in trials]
    noise = rules.noise * _noise(evaluations, task)
    errors = np.stack([_log_errors(e, noise, target) for e in evaluations])
    relative = np.minimum(errors - errors.min(axis=0), rules.worst)
    weights = np.array([_depth_weight(fold.name, rules) for fold in evaluations[0].folds])
    pooled = relative @ weights / weights.sum()
    train = np.array([_log_train(e) for e in evaluations])
    constants = np.array([_constants(trial, task, rules) for trial in trials])
    changes = np.minimum(_changes(trials), rules.changes)
    suspicious = np.array([_suspicious(e) for e in evaluations])
    base = float(errors.min(axis=0) @ weights / weights.sum())
    return np.asarray(
        base
        + pooled
        + rules.train * (train - train.min())
        + _price_of_constant(task, rules) * constants
        + rules.derived * changes
        + rules.suspicion * suspicious
    )


def _constants(trial: Trial, task: Task, rules: Rules) -> float:
    """How many constants a law is charged for: more than it has where rows are few (as in the corrected AIC, Hurvich
    and Tsai 1989), and where it cannot level off wherever the data do, or ignores a feature that they clearly depend
    on, which are no ways to be simple. Of a law that cannot be read nothing is known, and nothing charged."""
    known = traits(trial.proposal.source, task.schema.targets)
    missing = 0 if known is None else (not known.levels) + len(decisive(task.train) - known.features)
    count = _free(trial.evaluation, task) + rules.missing * missing
    rows = _rows_per_group(task)
    return float(count * rows / max(rows - count - 1, 1.0))


def _free(evaluation: Evaluation, task: Task) -> float:
    """Constants that the fit chose, per group and target; a shared one counts once for all groups."""
    if evaluation.free_constants is None:
        return float(evaluation.constants_count or 0)
    return evaluation.free_constants / (len(np.unique(task.train.codes)) * len(task.schema.targets))


def _changes(trials: Sequence[Trial]) -> list[int]:
    """How many blind changes lead to each trial: the longest line of its known ancestors. What a language model or a
    person wrote is no blind change."""
    drawn = {trial.id: trial.proposal.parents for trial in trials if trial.proposal.by_chance}

    @cache
    def count(id: str) -> int:
        return 1 + max(map(count, drawn[id]), default=0) if id in drawn else 0

    return [count(trial.id) for trial in trials]


def _price_of_constant(task: Task, rules: Rules) -> float:
    return rules.constant * min(1.0, float(np.sqrt(rules.rows / _rows_per_group(task))))


def _rows_per_group(task: Task) -> float:
    return len(task.train) / len(np.unique(task.train.codes))


def _noise(evaluations: Sequence[Evaluation], task: Task) -> Array:
    """Standard deviation (T,) of what no law explains: the smallest training error, per degree of freedom left."""
    rows, groups = len(task.train), len(np.unique(task.train.codes))
    variances = [
        e.train.nmse / max(1.0 - groups * _free(e, task) / rows, 0.1)
        for e in evaluations
        if e.train is not None
    ]
    return np.asarray(np.sqrt(max(min(variances, default=0.0), 0.0)) * _spread(task))


def _spread(task: Task) -> Array:
    """Standard deviation (T,) of the training targets, 1 for one that does not vary."""
    spread = task.train.target_matrix().std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def _depth_weight(name: str, rules: Rules) -> float:
    return dict(rules.depth).get(name.rpartition(">")[2], 1.0)


def _log_errors(evaluation: Evaluation, noise: Array, target: int | None) -> Array:
    """(F,): log of the held-out error in units of the spread of the held-out rows, mean over targets.

    The noise (T,) of the targets is part of every error, so that a luckily smaller one earns little. A fold whose
    held-out rows hardly vary (a single row, say) is measured by the widest fold's spread.
    """
    rmse = np.hypot([fold.rmse for fold in evaluation.folds], noise)
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
    return np.array(evaluation.probe) / _spread(task) if evaluation.probe else None


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


def _most_central(beyond: Sequence[Array | None], totals: Array, rules: Rules) -> int:
    """Position of the law nearest to the mean prediction of all, by their plausibility; the first where fewer than two
    compare."""
    usable = [k for k, values in enumerate(beyond) if values is not None]
    if len(usable) < 2:
        return 0
    predictions = np.stack([values for values in beyond if values is not None])
    plausible = np.exp(-(totals[usable] - totals[usable].min()) / rules.temperature)
    bounded = np.clip(predictions - predictions[0], -rules.furthest, rules.furthest)
    mean = predictions[0] + np.average(bounded, axis=0, weights=plausible)
    away = np.abs(predictions - mean)
    return usable[int(np.argmin(away.reshape(len(usable), -1).mean(axis=1)))]
