"""Votes of laws: how much each counts by its plausibility and by how many others predict the same beyond the data."""

from collections.abc import Callable, Sequence

import numpy as np

from lawsmith.agent.search.score import Rules
from lawsmith.runs.records.trials import SIGNED, Trial
from lawsmith.tasks.arrays import Array, Mask, interquartile_mean, weighted_median

SAME = 1e-3  # spreads by which predictions of one law, written in two ways, may differ


def most_central(beyond: Sequence[Array | None], plausible: Array, beaten: Mask, rules: Rules) -> int:
    """Position of the most central law. The most plausible law comes first.

    Most central is the law nearest to the `_middle` of all that is not `beaten`, or the first that predicts the same.
    The first law wins where fewer than two can be compared.
    """
    usable, predictions = _comparable(beyond)
    if len(usable) < 2:
        return 0
    votes = shares(beyond, plausible, rules)
    away = np.abs(predictions - _middle(predictions, votes[usable])).mean(axis=1)
    away[beaten[usable]] = np.inf
    same = np.abs(predictions - predictions[np.argmin(away)]).mean(axis=1) <= SAME
    return usable[int(np.argmax(same & np.isfinite(away)))]


def _middle(predictions: Array, votes: Array) -> Array:
    """The interquartile mean (P,) of predictions (C, P) by their `votes`, none farther from their median than one
    spread of the targets: those that differ by more are simply different."""
    median = weighted_median(predictions, votes)
    return interquartile_mean(np.clip(predictions, median - 1, median + 1), votes)


def shares(beyond: Sequence[Array | None], plausible: Array, rules: Rules) -> Array:
    """Each law's share (C,) of the votes: of its plausibility where fewer than two can be compared."""
    usable, predictions = _comparable(beyond)
    if len(usable) < 2:
        return np.asarray(plausible / plausible.sum())
    votes = np.zeros(len(plausible))
    votes[usable] = _votes(predictions, plausible[usable], rules)
    return votes


def kinds(pick: int, beyond: Sequence[Array | None], plausible: Array, rules: Rules) -> dict[int, list[int]]:
    """Positions of the law `pick` and of laws that predict otherwise than it and one another, the most plausible first,
    each with those of the laws whose predictions are nearest to its own."""
    known, predictions = _comparable(beyond)
    if pick not in known:
        return {k: [k] for k in sorted(range(len(beyond)), key=lambda k: k != pick)}
    apart = _apart(predictions)
    least = rules.alike * _typical(apart, plausible[known])
    kept = [known.index(pick)]
    for k in range(len(known)):  # in the order of plausibility
        if all(apart[k, other] > least for other in kept):
            kept.append(k)
    nearest = np.argmin(apart[kept], axis=0)
    return {known[one]: [known[k] for k in np.flatnonzero(nearest == place)] for place, one in enumerate(kept)}


def as_signed(winner: Trial, trials: Sequence[Trial], beyond: Callable[[Trial], Array | None]) -> Trial:
    """The winner as written with the signs that its exponents came out with (`SIGNED`), where that fit found the same
    law: both predict the same beyond the data."""
    own = beyond(winner)
    for one in trials:
        if one.proposal.origin == SIGNED and one.proposal.parents == (winner.id,):
            other = beyond(one)
            return one if own is not None and other is not None and np.abs(own - other).max() < SAME else winner
    return winner


def _comparable(beyond: Sequence[Array | None]) -> tuple[list[int], Array]:
    """The positions of the laws that predict something beyond the data, and what they predict (C, P)."""
    known = {k: values for k, values in enumerate(beyond) if values is not None}
    return list(known), np.array(list(known.values()))


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
