"""Chooses a law among those that a search tried, by their scores and by how they predict beyond the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lawsmith.agent.search.claims import has_aliased_wave, unshown_waves
from lawsmith.agent.search.patterns import only_noise, patterns, refuted
from lawsmith.agent.search.score import (
    RULES,
    Rules,
    free_constants,
    information,
    is_exact,
    is_ruled_out,
    missing_parts,
    never_levels,
    ranking,
    training_error,
    typical_error,
)
from lawsmith.runs.trials import OF_MILLIONS, Trial
from lawsmith.sandbox import Evaluation
from lawsmith.sandbox.law.traits import traits
from lawsmith.tasks.arrays import Array, Mask, interquartile_mean, weighted_median
from lawsmith.tasks.noise import resolution
from lawsmith.tasks.task import Task

NEARLY_ALL = 0.9  # of the votes, from which a change of sign is what the data say
FARTHER = 2.5  # times as far as laws that cannot be separated, known forms may be that the fit favours
EXACT_REASON = "no row contradicts it beyond rounding, and it is the simplest law of which that is true"
WRITTEN_IN_FULL = 1e-3  # share of what rounding would leave, below which no digit was rounded
SAME = 1e-3  # spreads by which predictions of one law, written in two ways, may differ
NO_WORSE = 1.3  # times the error of a law that a plainer one may have which beats it
POSITIVE = 2.0  # difference of BIC that is positive evidence (Kass and Raftery 1995) …
STRONG = 6.0  # … and strong evidence, which one of many laws has to have …
SHORT = 3.0  # constants; of the best of millions of laws each but one beyond them asks for as much evidence again


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


def choose(trials: Sequence[Trial], task: Task, rules: Rules = RULES, allow_opaque: bool = False) -> Choice:
    """The winner among usable trials.

    Laws within `rules.close` of the best score form a set that the data cannot separate, each the more plausible the
    better its score. Laws that repeated measurements rule out are left out where a law that they allow does nearly as
    well, and those that miss the rows in a pattern where another one leaves nothing but noise. Where one of the rest is
    believable far beyond the data, those that are not leave the set, and so do those with a wave that no row shows.
    Where one leaves nothing but noise, the fit to the training rows says as well how plausible each is (`_evidence`),
    and known forms that it favours come in although they predict held-out rows worse (`_favoured`).
    The law wins whose predictions beyond the data lie nearest to their interquartile mean by votes, in which laws that
    predict nearly the same share one: it errs less than most. None wins that a plainer one beats in error and fit. A
    law with fewer constants that the rows cannot tell from that one is preferred. Of exact laws the simplest wins. A
    law that nobody can read is chosen only where none can be read, or where `allow_opaque` says so; one that breaks
    what is known (`task.knowledge`) only where all do. Raises ValueError when no trial is usable.
    """
    ranked = ranking(list({trial.id: trial for trial in trials}.values()), task, rules=rules)
    scores = {trial.id: typical_error(trial, task, rules=rules) for trial in ranked}
    ranked = [trial for trial in ranked if allow_opaque or is_readable(trial, task)] or ranked
    ranked = [trial for trial in ranked if not _breaks_what_is_known(trial)] or ranked
    ranked = [one for one in ranked if not has_aliased_wave(one.proposal.source, one.evaluation, task.train)] or ranked
    if not ranked:
        raise ValueError("no usable trial to choose from")
    ranked = _at_the_scatter(ranked, scores, task, rules)
    ranked = _without_a_digit_wrong(ranked, task)
    exact = any(is_exact(trial.evaluation, task) for trial in ranked)
    if exact:  # whether a law levels off is no question where nothing contradicts it
        ranked.sort(key=lambda trial: _simplicity(trial, task))
    ranked, near, plausible = _near(ranked[:1] if exact else ranked, scores, task, rules)
    beyond = [_beyond(trial.evaluation, task) for trial in near]
    beaten = _beaten(near, scores, task)
    pick, votes = _most_central(beyond, plausible, beaten, rules)
    plainer = None if exact else _plainer(near[pick], ranked, scores, task, rules)
    if plainer is not None and plainer not in near:
        near, beyond = [*near, plainer], [*beyond, _beyond(plainer.evaluation, task)]
        plausible, votes = np.append(plausible, np.exp(-1)), np.append(votes, 0.0)
    winner = plainer or near[pick]
    others = _different(near.index(winner), beyond, plausible, rules)
    return Choice(
        winner=winner,
        reason=EXACT_REASON if exact else _reason(near, winner, scores, rules, plainer is not None, bool(beaten.any())),
        inseparable=tuple(near[k].id for k in others),
        scores=scores,
        votes={trial.id: float(vote) for trial, vote in zip(near, votes, strict=True)},
        warnings=_warnings(winner),
    )


def _near(
    ranked: list[Trial], scores: Mapping[str, float], task: Task, rules: Rules
) -> tuple[list[Trial], list[Trial], Array]:
    """The ranked laws without those left out; those of them that cannot be separated from the best; and how plausible
    each of these is (C,), the most plausible first.

    Left out are laws that the rows refute, and those that are not believable beyond the rows. They do not say which
    laws are near: those that are near to the best of the rest come in.
    """
    while True:
        close = _close(ranked, scores, rules)
        farther = _close(ranked, scores, replace(rules, close=FARTHER * rules.close))[len(close) :]
        asked = [*close, *(trial for trial in farther if not trial.proposal.by_chance)]
        found = patterns(asked, task) if len(asked) > 1 else {}
        noise = only_noise(found, asked, task)
        out = refuted({one.id: found.get(one.id) for one in close}, rules.pattern)
        allowed = [trial for trial in close if trial.id not in out]
        others = [one for one in asked[len(close) :] if one.id in noise]
        allowed += _favoured(allowed, others, scores, noise, task, rules)
        near, plausible = _plausible(allowed, scores, noise, task, rules)
        first, kept = ranked[0], {trial.id for trial in near}
        ranked = [trial for trial in close if trial.id in kept] + ranked[len(close) :]
        if ranked[0] is first:
            return ranked, near, plausible


def _close(ranked: Sequence[Trial], scores: Mapping[str, float], rules: Rules) -> list[Trial]:
    """The laws that cannot be separated from the first, which come in the order of their scores."""
    most = np.log(scores[ranked[0].id]) + rules.close
    return [trial for trial in ranked if np.log(scores[trial.id]) <= most]


def _favoured(
    near: Sequence[Trial],
    others: Sequence[Trial],
    scores: Mapping[str, float],
    noise: frozenset[str],
    task: Task,
    rules: Rules,
) -> list[Trial]:
    """Those of the `others`, known forms that leave only noise, which the fit makes as plausible as the `near` ones
    although they predict held-out rows worse: what folds cut off may be the very rows that show a break."""
    every = [*near, *others]
    errors = np.array([scores[trial.id] for trial in every])
    plausible = (errors / errors.min()) ** (-1 / rules.close) * _evidence(every, noise, task, rules)
    least = np.exp(-1) * plausible.max()
    return [trial for trial, size in zip(others, plausible[len(near) :], strict=True) if size >= least]


def _simplicity(trial: Trial, task: Task) -> tuple[bool, float, float]:
    """Sorts laws that nothing in the data contradicts first, and those of fewer constants before others.

    What the best of millions adds may be set by the search, such as b max(1.5 + x, 0) for a line: it counts as one.
    """
    if not is_exact(trial.evaluation, task):
        return (True, 0.0, typical_error(trial, task))
    known = traits(trial.proposal.source, task.schema.targets, task.schema.features)
    added = trial.proposal.by_chance >= OF_MILLIONS and known is not None and known.sets_numbers
    return (False, free_constants(trial.evaluation, task) + added, typical_error(trial, task))


def _at_the_scatter(ranked: list[Trial], scores: Mapping[str, float], task: Task, rules: Rules) -> list[Trial]:
    """The laws that repeated measurements do not rule out, where one of them does nearly as well on held-out rows:
    within a fifth as far again as laws that cannot be separated."""
    allowed = [trial for trial in ranked if not is_ruled_out(trial.evaluation, task)]
    most = scores[ranked[0].id] * np.exp(1.2 * rules.close)
    return allowed if allowed and scores[allowed[0].id] <= most else ranked


def _without_a_digit_wrong(ranked: list[Trial], task: Task) -> list[Trial]:
    """The exact laws that leave far less than rounding to the digits would, in every fold too, where there are some:
    then the digits are all there are, as in counts, and the other laws miss rows."""
    least = WRITTEN_IN_FULL * resolution(task.train)
    found = []
    for trial in ranked:
        left = [training_error(trial.evaluation, task), *(np.array(fold.rmse) for fold in trial.evaluation.folds)]
        if all((one < least).all() for one in left) and is_exact(trial.evaluation, task):
            found.append(trial)
    return found or ranked


def _breaks_what_is_known(trial: Trial) -> bool:
    return trial.evaluation.unsafe is not None and trial.evaluation.unsafe.what == "stated"


def is_readable(trial: Trial, task: Task) -> bool:
    """Whether the law's formula can be read from its source, so that it can be shown and run by our own code."""
    return traits(trial.proposal.source, task.schema.targets, task.schema.features) is not None


def _reason(
    laws: Sequence[Trial], winner: Trial, scores: Mapping[str, float], rules: Rules, plain: bool, beaten: bool
) -> str:
    """Why the winner won among the laws that are near, by their typical errors, of which some may be `beaten`."""
    near, own = [scores[trial.id] for trial in laws], scores[winner.id]
    told, best = f"typical error {own:.3g} of the targets' spread on held-out rows", min(near)
    if len(scores) == 1:
        return f"{told}; no other law was fitted"
    if len(near) == 1:
        return f"{told}; every law that predicts otherwise has more than {np.exp(rules.close):.2g} times as much"
    if np.log(own / best) > rules.close:
        return f"{told} (the best has {best:.3g}); a known form that leaves only noise and fits all rows clearly better"
    told = f"the least {told}; of" if own <= best else f"{told} (the best has {best:.3g}); of"
    told = f"{told} {len(near)} laws that do about as well"
    if np.log(max(near) / best) > rules.close:
        told = f"{told} or fit all rows clearly better"
    if plain:
        return f"{told}, those nearer to their middle have more constants than these rows can tell"
    return f"{told}, it predicts nearest to their middle{', but for laws that a simpler one beats' if beaten else ''}"


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


def _safe(trials: Sequence[Trial], votes: Array) -> NDArray[np.bool_]:
    """Which laws stay believable far beyond the data.

    A change of sign counts unless nearly all `votes` are for laws that change it: then the sign of the data is chance.
    Known forms alone are asked, where there are some: of the others each is the best of many, by luck too.
    """
    known = np.array([not trial.proposal.by_chance for trial in trials])
    votes = votes * known if known.any() else votes
    found = [trial.evaluation.unsafe for trial in trials]
    sign = np.array([one is not None and one.what == "sign" for one in found])
    worse = np.array([one is not None and one.what != "sign" for one in found])
    worse |= np.array([not trial.evaluation.probe for trial in trials])
    return ~worse & ~sign if votes[sign & ~worse].sum() <= NEARLY_ALL * votes[~worse].sum() else ~worse


def _plausible(
    near: Sequence[Trial], scores: Mapping[str, float], noise: frozenset[str], task: Task, rules: Rules
) -> tuple[list[Trial], Array]:
    """Those of the laws that are believable beyond the data, where some are, and how plausible each is (C,), the most
    plausible first."""
    errors = np.array([scores[trial.id] for trial in near])
    plausible = (errors / errors.min()) ** (-1 / rules.close) * _evidence(near, noise, task, rules)
    shown = np.array([not unshown_waves(one.proposal.source, one.evaluation, task.train) for one in near])
    kept = np.ones(len(near), dtype=np.bool_)
    votes = _shares([_beyond(trial.evaluation, task) for trial in near], plausible, rules)
    for good in (_safe(near, votes), shown):
        kept = good & kept if (good & kept).any() else kept
    order = [k for k in np.argsort(-plausible, kind="stable") if kept[k]]
    return [near[k] for k in order], plausible[order]


def _evidence(near: Sequence[Trial], noise: frozenset[str], task: Task, rules: Rules) -> Array:
    """What the fit to the training rows says of each law (C,): exp(-d / 2), with d how far its Bayesian information
    criterion is above the least of the laws that leave only `noise`, and `rules.evidence` at most.

    1 for all where no law leaves only noise: then errors are not independent, and how well a law fits says little. The
    best of millions of laws has to fit better by `STRONG` (extended BIC, Chen and Chen 2008), and a long one by more:
    each term is the best of thousands. So has a quadratic of several features, which bends wherever rows do.
    """
    known = [traits(one.proposal.source, task.schema.targets, task.schema.features) for one in near]
    asked = np.array([float(one is not None and one.is_surface) for one in known])
    for k, one in enumerate(near):
        if one.proposal.by_chance >= OF_MILLIONS:
            asked[k] += max(1.0, free_constants(one.evaluation, task) - SHORT)
    criteria = np.array([information(trial, task) for trial in near]) + STRONG * asked
    least = min((size for size, trial in zip(criteria, near, strict=True) if trial.id in noise), default=np.inf)
    return np.asarray(np.exp(-np.clip(criteria - least, 0, rules.evidence) / 2))


def _beyond(evaluation: Evaluation, task: Task) -> Array | None:
    """Predictions (P * T,) at the probe rows in units of the training targets' spread; None when not all are finite."""
    return (np.array(evaluation.probe) / task.train.spread).reshape(-1) if evaluation.probe else None


def _beaten(near: Sequence[Trial], scores: Mapping[str, float], task: Task) -> Mask:
    """Which laws (C,) another one beats: one with fewer constants that leaves only noise, errs hardly more and fits
    better by positive evidence, or one with no more that errs no more and leaves less than half as much of the rows."""
    noise = only_noise(patterns(near, task), near, task) if len(near) > 1 else frozenset()
    plain = np.array([trial.id in noise for trial in near])[:, None]
    errors = np.array([scores[trial.id] for trial in near])
    constants = np.array([free_constants(trial.evaluation, task) for trial in near])
    criteria = np.array([information(trial, task) for trial in near])
    plainer = plain & (constants[:, None] < constants) & (criteria[:, None] < criteria - POSITIVE)
    half = task.train.target_matrix().size * np.log(2)
    closer = (constants[:, None] <= constants) & (criteria[:, None] < criteria - half)
    worse = errors[:, None] / errors
    return np.asarray(((plainer & (worse <= NO_WORSE)) | (closer & (worse <= 1))).any(axis=0))


def _most_central(beyond: Sequence[Array | None], plausible: Array, beaten: Mask, rules: Rules) -> tuple[int, Array]:
    """Position of the most central law, and the votes (C,), which sum to 1. The most plausible law comes first.

    Most central is the law nearest to the `_middle` of all that is not `beaten`, or the first that predicts the same.
    The first law wins where fewer than two can be compared.
    """
    votes = _shares(beyond, plausible, rules)
    usable = [k for k, values in enumerate(beyond) if values is not None]
    if len(usable) < 2:
        return 0, votes
    predictions = np.stack([values for values in beyond if values is not None])
    away = np.abs(predictions - _middle(predictions, votes[usable])).mean(axis=1)
    away[beaten[usable]] = np.inf
    same = np.abs(predictions - predictions[np.argmin(away)]).mean(axis=1) <= SAME
    return usable[int(np.argmax(same & np.isfinite(away)))], votes


def _middle(predictions: Array, votes: Array) -> Array:
    """The interquartile mean (P,) of predictions (C, P) by their `votes`, none farther from their median than one
    spread of the targets: those that differ by more are simply different."""
    median = weighted_median(predictions, votes)
    return interquartile_mean(np.clip(predictions, median - 1, median + 1), votes)


def _shares(beyond: Sequence[Array | None], plausible: Array, rules: Rules) -> Array:
    """Each law's share (C,) of the votes: of its plausibility where fewer than two can be compared."""
    usable = [values is not None for values in beyond]
    if sum(usable) < 2:
        return np.asarray(plausible / plausible.sum())
    votes = np.zeros(len(plausible))
    votes[usable] = _votes(np.stack([values for values in beyond if values is not None]), plausible[usable], rules)
    return votes


def _plainer(
    winner: Trial, ranked: Sequence[Trial], scores: Mapping[str, float], task: Task, rules: Rules
) -> Trial | None:
    """The best law with fewer constants than the winner's that the rows cannot tell from it; None where none is.

    The two predict nearly the same beyond the data, and by the Bayesian information criterion (Schwarz 1978) the
    winner's fit is not worth its constants.
    """
    own, best = _beyond(winner.evaluation, task), scores[ranked[0].id]
    missing, constants = _missing_but_level(winner, task), free_constants(winner.evaluation, task)
    plain = []
    for trial in ranked:
        if np.log(scores[trial.id] / best) > rules.close:
            break
        other = _beyond(trial.evaluation, task)
        if own is None or other is None or free_constants(trial.evaluation, task) >= constants:
            continue
        alike = float(np.abs(own - other).mean()) <= rules.surplus
        if alike and _missing_but_level(trial, task) <= missing and _is_enough(trial, winner, task):
            plain.append(trial)
    allowed = [trial for trial in plain if _is_safe(trial) or not _is_safe(winner)]
    return allowed[0] if allowed else None


def _is_safe(trial: Trial) -> bool:
    return trial.evaluation.unsafe is None and bool(trial.evaluation.probe)


def _missing_but_level(trial: Trial, task: Task) -> int:
    """What a law leaves out beside a level, which says nothing where another law predicts the same without one."""
    return missing_parts(trial, task) - never_levels(trial, task)


def _is_enough(plain: Trial, other: Trial, task: Task) -> bool:
    """Whether a better fit is not worth its constants; blind changes are many, as are the numbers of millions."""
    least = STRONG * (bool(other.proposal.by_chance) - (plain.proposal.by_chance >= OF_MILLIONS))
    return information(plain, task) <= information(other, task) + least


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
