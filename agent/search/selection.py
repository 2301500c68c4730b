"""Scores laws and chooses one: the one place whose number orders candidates everywhere.

The score of a law is its *typical error*: the typical error on held-out rows as a share of the spread of the targets
there, raised for each constant. Lower is better, and 0.05 against 0.06 is a sixth less error. It depends on the law
and the task only, never on the other laws. docs/selection.md shows what each rule earns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawsmith.agent.search.waves import unshown_waves
from lawsmith.runs.trials import Trial
from lawsmith.sandbox import Evaluation
from lawsmith.sandbox.evaluate import NARROW
from lawsmith.sandbox.law.traits import traits
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.dependence import decisive, steepens
from lawsmith.tasks.noise import replicates, resolution
from lawsmith.tasks.task import Task

EXACT = 2e-6  # typical error of a law that nothing in the data contradicts
FLOOR = 1e-6  # errors below this share of the spread are as good as zero
DIGITS = 2.0  # no error is believed to be below so many standard deviations of rounding …
ROUNDED = (1.5, 3.0)  # … and one of the rows, and of a fold, that is below so many is nothing but rounding


@dataclass(frozen=True)
class Rules:
    """Every number that was tuned. Those of chance, missing and close are in units of log error: 0.1 is about 10 %."""

    constant: float = 1.0  # what one more constant must buy, in prices of the Bayesian information criterion
    chance: float = 0.1  # what a blind change must buy: many are tried, and the best of many is part luck
    missing: float = 0.24  # for a level or a decisive feature that is left out, or a wave that no row shows
    close: float = 0.3  # laws within this distance of the best cannot be separated
    alike: float = (
        0.1  # laws that differ by less than this share of the typical difference have one vote together
    )
    surplus: float = (
        0.02  # spreads beyond the data by which a law must differ from a simpler one to be worth it
    )


RULES = Rules()


@dataclass(frozen=True)
class Choice:
    """The winner, why it won, and the ids that it could not be separated from, one of each kind of prediction.

    scores: the typical error of every usable trial. votes: the share of plausibility of each law that cannot be
    separated from the best, the winner's included. warnings: sentences about the winner that a user has to read.
    """

    winner: Trial
    reason: str
    inseparable: tuple[str, ...]
    scores: dict[str, float]
    votes: dict[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gain:
    """What a model added to a search: typical errors of the law chosen with its candidates and without them.

    `without` is None where the search alone had no law.
    """

    chosen: str
    error: float
    without: float | None

    @property
    def share(self) -> float | None:
        """The share of the error that the model removed; negative where the choice got worse by this score."""
        return None if self.without is None else 1 - self.error / self.without


def typical_error(trial: Trial, task: Task, target: int | None = None, rules: Rules = RULES) -> float:
    """The score of a usable trial, lower is better; infinite for a trial that is not usable.

    `target` looks at one target only. Raises nothing.
    """
    if not trial.usable:
        return float("inf")
    score = held_out_error(trial.evaluation, task, target)
    return float(score * np.exp(_charge(trial, task, rules)))


def held_out_error(evaluation: Evaluation, task: Task, target: int | None = None) -> float:
    """The typical error on held-out rows, as a share of their spread: the geometric mean over folds and targets.

    No law is taken to predict better than it fits, or than repeated measurements agree: the training error and the
    scatter of replicates are part of every error, and so is rounding to the digits of the data.
    """
    misfit = np.maximum(training_error(evaluation, task), _pure_noise(task))
    misfit = np.hypot(misfit, DIGITS * resolution(task.train))
    errors = np.hypot([fold.rmse for fold in evaluation.folds], misfit)
    scale = np.array([fold.scale for fold in evaluation.folds])
    widest = np.where(scale.max(axis=0) > 0, scale.max(axis=0), 1.0)
    scale = np.where(scale > NARROW * widest, scale, widest)  # a single row has no spread of its own
    logs = np.log(np.maximum(errors / scale, FLOOR))
    return float(np.exp(np.mean(logs if target is None else logs[:, target])))


def training_error(evaluation: Evaluation, task: Task) -> Array:
    """Root mean squared error (T,) of the training rows, in the targets' units."""
    if evaluation.rmse:
        return np.array(evaluation.rmse)
    nmse = (
        0.0 if evaluation.train is None else evaluation.train.nmse
    )  # archives of earlier versions have no more
    return np.asarray(np.sqrt(max(nmse, 0.0)) * _spread(task))


def ranking(
    trials: Sequence[Trial], task: Task, target: int | None = None, rules: Rules = RULES
) -> list[Trial]:
    """The usable trials by their typical error, best first; of equals the earlier."""
    return sorted(
        (trial for trial in trials if trial.usable),
        key=lambda trial: typical_error(trial, task, target, rules),
    )


def choose(trials: Sequence[Trial], task: Task, rules: Rules = RULES, allow_opaque: bool = False) -> Choice:
    """The winner among usable trials.

    Laws within `rules.close` of the best score form a set that the data cannot separate, each the more plausible the
    better its score. Where one of them is believable far beyond the data, those that are not leave the set. Of the rest
    the law wins whose predictions beyond the data lie nearest to their weighted median: it errs less than most of them.
    Laws that predict nearly the same share one vote, and the best of them stands for all. A law with fewer constants
    that the rows cannot tell from that one is preferred. Of exact laws the simplest wins. A law that nobody can read is
    chosen only where none can be read, or where `allow_opaque` says so; one that breaks what the user knows of the
    target (`task.knowledge`) only where all do. Raises ValueError when no trial is usable.
    """
    ranked = ranking(list({trial.id: trial for trial in trials}.values()), task, rules=rules)
    scores = {trial.id: typical_error(trial, task, rules=rules) for trial in ranked}
    ranked = [trial for trial in ranked if allow_opaque or is_readable(trial, task)] or ranked
    ranked = [trial for trial in ranked if not _breaks_what_is_known(trial)] or ranked
    if not ranked:
        raise ValueError("no usable trial to choose from")
    errors = np.array([scores[trial.id] for trial in ranked])
    exact = any(_is_exact(trial.evaluation, task) for trial in ranked)
    if exact:  # whether a law levels off is no question where nothing contradicts it
        ranked.sort(key=lambda trial: _simplicity(trial, task))
        errors = np.array([scores[trial.id] for trial in ranked])
    near = ranked[
        : 1 if exact else int(np.searchsorted(np.log(errors), np.log(errors[0]) + rules.close, side="right"))
    ]
    plausible = np.exp(-np.log(errors[: len(near)] / errors[0]) / rules.close)
    safe = _safe(near)
    if safe.any():
        near, plausible = [trial for trial, ok in zip(near, safe, strict=True) if ok], plausible[safe]
    beyond = [_beyond(trial.evaluation, task) for trial in near]
    pick, votes = _most_central(beyond, plausible, rules)
    plainer = None if exact else _plainer(near[pick], ranked, scores, task, rules)
    if plainer is not None and plainer not in near:
        near, beyond = [*near, plainer], [*beyond, _beyond(plainer.evaluation, task)]
        plausible, votes = np.append(plausible, np.exp(-1)), np.append(votes, 0.0)
    pick = pick if plainer is None else near.index(plainer)
    winner = near[pick]
    return Choice(
        winner=winner,
        reason=_reason(pick, len(near), scores[winner.id], scores[near[0].id], rules, plainer is not None),
        inseparable=tuple(near[k].id for k in _different(pick, beyond, plausible, rules)),
        scores=scores,
        votes={trial.id: float(vote) for trial, vote in zip(near, votes, strict=True)},
        warnings=_warnings(winner),
    )


def _simplicity(trial: Trial, task: Task) -> tuple[bool, float, float]:
    """Sorts laws that nothing in the data contradicts first, and those of fewer constants before others."""
    contradicted = not _is_exact(trial.evaluation, task)
    return contradicted, 0.0 if contradicted else _free(trial.evaluation, task), typical_error(trial, task)


def _is_exact(evaluation: Evaluation, task: Task) -> bool:
    """Whether nothing in the rows contradicts the law: it misses none, or by no more than their digits."""
    if held_out_error(evaluation, task) <= EXACT:
        return True
    rounding, (within, beyond) = resolution(task.train), ROUNDED
    missed = np.array([fold.rmse for fold in evaluation.folds])
    fits = training_error(evaluation, task) <= within * rounding
    return bool(rounding.all() and fits.all() and len(missed) and (missed <= beyond * rounding).all())


def _breaks_what_is_known(trial: Trial) -> bool:
    return trial.evaluation.unsafe is not None and trial.evaluation.unsafe.what == "stated"


def is_readable(trial: Trial, task: Task) -> bool:
    """Whether the law's formula can be read from its source, so that it can be shown and run by our own code."""
    return traits(trial.proposal.source, task.schema.targets, task.schema.features) is not None


def gain(trials: Sequence[Trial], task: Task, made_by_model: Callable[[Trial], bool]) -> Gain | None:
    """The law chosen with a model's candidates against the one chosen without them; None where no law is usable."""
    if not any(trial.usable for trial in trials):
        return None
    winner = choose(trials, task).winner
    others = [trial for trial in trials if trial.usable and not made_by_model(trial)]
    alone = typical_error(choose(others, task).winner, task) if others else None
    return Gain(winner.id, typical_error(winner, task), alone)


def _reason(pick: int, close: int, own: float, best: float, rules: Rules, plain: bool) -> str:
    told = f"typical error {own:.3g} of the targets' spread on held-out rows"
    if close == 1:
        return (
            f"{told}; every law that predicts otherwise has more than {np.exp(rules.close):.2g} times as much"
        )
    if plain:
        return (
            f"{told}; of {close} laws that do about as well (the best has {best:.3g}), those nearer to their "
            "middle have more constants than these rows can tell"
        )
    if pick == 0:
        return f"the least {told}; of {close} laws that do about as well, it predicts nearest to their middle"
    return (
        f"{told}; of {close} laws that do about as well (the best has {best:.3g}), it predicts nearest to "
        "their middle"
    )


def _warnings(winner: Trial) -> tuple[str, ...]:
    unsafe, opaque = winner.evaluation.unsafe, tuple[str, ...]()
    if winner.evaluation.opaque:
        why = f" ({winner.evaluation.unread})" if winner.evaluation.unread else ""
        opaque = (f"The law is opaque: nobody can read it{why}, and law.py runs the candidate's own code.",)
    if unsafe is None:
        return opaque
    if unsafe.what == "sign":
        return (*opaque, f"The law {unsafe.sentence}.")
    return (*opaque, f"The law {unsafe.sentence}; no law without that predicts held-out rows nearly as well.")


def _charge(trial: Trial, task: Task, rules: Rules) -> float:
    """What is added to the log error of a law, for its constants, its origin, and what it leaves out.

    A constant costs what it does in the Bayesian information criterion (Schwarz 1978), log(n) / 2n for n rows of a
    group, and more where these are few, in proportion to the corrected AIC (Hurvich and Tsai 1989). A law that cannot
    level off wherever the data do, or that ignores a feature on which they clearly depend, is not simple but says less,
    and a wave that the rows cannot show says more than they do; of a law that cannot be read nothing is known, and
    nothing charged.
    """
    count, rows = _free(trial.evaluation, task), max(len(task.train) / _groups(task), 2.0)
    scarce = rows / max(rows - count - 1, 1.0)
    price = rules.constant * np.log(rows) / (2 * rows) * scarce
    missing, chance = _missing(trial, task), trial.proposal.by_chance
    return float(price * count + rules.missing * missing + rules.chance * chance)


def _missing(trial: Trial, task: Task) -> int:
    """How many things a law leaves out that the rows show, or claims that they do not."""
    known = traits(trial.proposal.source, task.schema.targets)
    endless = known is not None and not known.levels and not steepens(task.train)
    missing = 0 if known is None else endless + len(decisive(task.train) - known.features)
    return missing + unshown_waves(trial.proposal.source, trial.evaluation, task.train)


def _free(evaluation: Evaluation, task: Task) -> float:
    """Constants that the fit chose, per group and target; a shared one counts once for all groups."""
    if evaluation.free_constants is None:
        return float(evaluation.constants_count or 0)
    return evaluation.free_constants / (_groups(task) * len(task.schema.targets))


def _groups(task: Task) -> int:
    return len(np.unique(task.train.codes))


def _pure_noise(task: Task) -> Array:
    """Scatter (T,) of repeated measurements, and of rounding; 0 where nothing was measured twice."""
    found = replicates(task.train)
    return np.zeros(len(task.schema.targets)) if found is None else found.noise


def _spread(task: Task) -> Array:
    """Standard deviation (T,) of the training targets, 1 for one that does not vary."""
    spread = task.train.target_matrix().std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def _safe(trials: Sequence[Trial]) -> NDArray[np.bool_]:
    """Which laws stay believable far beyond the data.

    A change of sign counts only where most laws keep the sign: where most change it, the sign of the data is chance.
    """
    found = [trial.evaluation.unsafe for trial in trials]
    sign = np.array([one is not None and one.what == "sign" for one in found])
    worse = np.array([one is not None and one.what != "sign" for one in found])
    worse |= np.array([not trial.evaluation.probe for trial in trials])
    return ~worse & ~sign if sign[~worse].sum() <= (~worse).sum() / 2 else ~worse


def _beyond(evaluation: Evaluation, task: Task) -> Array | None:
    """Predictions (P * T,) at the probe rows in units of the training targets' spread; None when not all are finite."""
    return (np.array(evaluation.probe) / _spread(task)).reshape(-1) if evaluation.probe else None


def _most_central(beyond: Sequence[Array | None], plausible: Array, rules: Rules) -> tuple[int, Array]:
    """Position of the most central law, and the votes (C,), which sum to 1. Laws come in the order of their score.

    Most central is the law nearest to the median prediction of all by their votes, or the best of those that predict
    nearly the same as that one. The first law wins where fewer than two can be compared.
    """
    usable = [k for k, values in enumerate(beyond) if values is not None]
    votes = plausible / plausible.sum()
    if len(usable) < 2:
        return 0, votes
    predictions = np.stack([values for values in beyond if values is not None])
    shared = _votes(predictions, plausible[usable], rules)
    away = np.abs(predictions - _median(predictions, shared)).mean(axis=1)
    votes = np.zeros(len(plausible))
    votes[usable] = shared
    apart = _apart(predictions)
    alike = apart[np.argmin(away)] <= rules.alike * _typical(apart, plausible[usable])
    return usable[int(np.argmax(alike))], votes


def _plainer(
    winner: Trial, ranked: Sequence[Trial], scores: Mapping[str, float], task: Task, rules: Rules
) -> Trial | None:
    """The best law with fewer constants than the winner's that the rows cannot tell from it; None where none is.

    The two predict nearly the same beyond the data, and by the Bayesian information criterion (Schwarz 1978) the
    winner's fit is not worth its constants.
    """
    own, best = _beyond(winner.evaluation, task), scores[ranked[0].id]
    missing = _missing(winner, task)
    plain = []
    for trial in ranked:
        if np.log(scores[trial.id] / best) > rules.close:
            break
        other = _beyond(trial.evaluation, task)
        if own is None or other is None or _free(trial.evaluation, task) >= _free(winner.evaluation, task):
            continue
        alike = float(np.abs(own - other).mean()) <= rules.surplus
        if alike and _missing(trial, task) <= missing and _is_enough(trial, winner, task):
            plain.append(trial)
    safe = _safe([winner, *plain])
    allowed = [trial for trial, ok in zip(plain, safe[1:], strict=True) if ok or not safe[0]]
    return allowed[0] if allowed else None


def _is_enough(plain: Trial, other: Trial, task: Task) -> bool:
    """Whether the better fit of a law with more constants is not worth them."""
    rounding = resolution(task.train)
    one, two = (np.hypot(training_error(t.evaluation, task), rounding) for t in (plain, other))
    values = task.train.target_matrix().size
    groups = _groups(task) * len(task.schema.targets)
    more = groups * (_free(other.evaluation, task) - _free(plain.evaluation, task))
    tiny = np.finfo(float).tiny
    gained = 2 * values * float(np.mean(np.log(np.maximum(one, tiny) / np.maximum(two, tiny))))
    return bool(gained <= more * np.log(values))


def _different(pick: int, beyond: Sequence[Array | None], plausible: Array, rules: Rules) -> list[int]:
    """Positions of laws that predict otherwise than the law `pick` and one another, the most plausible first."""
    known = [k for k, values in enumerate(beyond) if values is not None]
    if pick not in known:
        return [k for k in range(len(beyond)) if k != pick]
    apart = _apart(np.stack([values for values in beyond if values is not None]))
    least = rules.alike * _typical(apart, plausible[known])
    kept = [known.index(pick)]
    for k in range(len(known)):  # in the order of plausibility
        if all(apart[k, other] > least for other in kept):
            kept.append(k)
    return [known[k] for k in kept[1:]]


def _apart(predictions: Array) -> Array:
    """Mean distances (C, C) between predictions (C, P)."""
    return np.stack([np.abs(predictions - one).mean(axis=1) for one in predictions])


def _typical(apart: Array, plausible: Array) -> float:
    """The typical distance of two laws; those that differ by more than the targets do are simply different."""
    return float(np.average(np.minimum(apart, 1.0), weights=np.outer(plausible, plausible)))


def _votes(predictions: Array, plausible: Array, rules: Rules) -> Array:
    """Each law's share (C,) of the plausibility: of laws that predict nearly the same (C, P) all share what one has."""
    apart = _apart(predictions)
    typical = _typical(apart, plausible)
    alike = np.exp(-apart / max(rules.alike * typical, np.finfo(float).tiny))
    votes = plausible**2 / (alike @ plausible)
    return np.asarray(votes / votes.sum())


def _median(values: Array, weights: Array) -> Array:
    """Weighted median (P,) of each column of values (C, P)."""
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0)
    place = np.argmax(reached >= 0.5 * reached[-1], axis=0)
    return np.asarray(np.take_along_axis(np.take_along_axis(values, order, 0), place[None], 0)[0])
