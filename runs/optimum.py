"""The best features for a budget, and the feature at which a target is reached.

An optimum is asked of the law, of its refits to resampled rows and of its rivals; what these answer differently is the
interval. A target is reached wherever the interval of the mean holds it. The law is evaluated from its tree, so it must
be one that can be read.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.intervals.predict import LEVEL, multiplier, predict
from lawsmith.runs.laws.law import Law
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.expression import features as features_of
from lawsmith.sandbox.law.expression import transform
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import Array, InputError

POINTS = 601  # of a search along a line, on a logarithmic axis where the feature has a ratio
MOST_FREE = 3  # features that are searched at a time
BELOW, ABOVE = 1e3, 1e6
"""How far below the smallest and above the largest measured value an answer is looked for."""
FLAT = 10.0
"""An optimum that is known no better than to this factor is too flat to tell."""


@dataclass(frozen=True)
class Answer:
    """A number with its 90 % interval; low and high are None where few laws have an answer, or beyond the search."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Optimum:
    """The best features, for a budget where there is one.

    features: name -> best value. at_edge: the features whose best value is the end of the searched range, so there is
    no optimum inside. flat: whether the optimum is too flat to tell. as_good: name -> the range within which the
    target is worse by less than the noise of one measurement.
    """

    features: Mapping[str, Answer]
    as_good: Mapping[str, tuple[float, float]]
    flat: bool
    at_edge: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Asked:
    """Laws to ask, the law itself first: a function from columns to values, and a weight."""

    call: Callable[[Mapping[str, Array]], Array]
    weight: float
    refit: bool = False


def optimum(
    law: Law,
    known: Uncertainty,
    budget: Node | None,
    amount: float,
    fixed: Mapping[str, float],
    group: str,
    target: str,
    *,
    maximise: bool = False,
) -> Optimum:
    """The features that spend `budget` = `amount` and make the target least (most, with `maximise`).

    All features that are numbers are free but those in `fixed`, which are spent as they are. Raises InputError where
    a label is missing, the budget cannot be spent near the data, or the law cannot be read.
    """
    if budget is not None:
        budget = transform(budget, lambda n: Number(fixed[n.name]) if isinstance(n, Feature) and n.name in fixed else n)
    free = _free(law, budget, fixed)
    if budget is None:
        rows = _grid(free, known, group, {1: 4 * POINTS, 2: 400, 3: 80}[len(free)])
    else:
        rows = _spent(budget, amount, free, known, group)
    columns = {**{name: np.full(len(rows[free[0]]), value) for name, value in fixed.items()}, **rows}
    sign, laws = (-1.0 if maximise else 1.0), asked(law, known, group, target)
    values = [sign * _finite(one.call(columns)) for one in laws]
    if not np.isfinite(values[0]).any():
        raise InputError("The law has no finite value where the budget could be spent.")
    places = [int(np.argmin(value)) if np.isfinite(value).any() else None for value in values]
    errors = known.errors[known.targets.index(target)]
    times = multiplier(errors.ratios, known.folds, LEVEL)
    free.sort(key=law.schema.features.index)
    answers = {
        name: _answer([None if p is None else float(rows[name][p]) for p in places], laws, times) for name in free
    }
    least = float(values[0].min())
    good = values[0] <= least + errors.noise_at(group, least)
    ends = {name: _ends(rows[name]) for name in free}  # equal where the budget leaves one value
    at_edge = tuple(name for name, (low, high) in ends.items() if low < high and answers[name].value in (low, high))
    spans = [one.high / one.low for one in answers.values() if one.low and one.high and one.low > 0]
    flat = bool(spans) and max(spans) > FLAT
    return Optimum(answers, {name: _ends(rows[name][good]) for name in free}, flat, at_edge)


def _free(law: Law, budget: Node | None, fixed: Mapping[str, float]) -> list[str]:
    """The features to be found; raises InputError where there is none, there are too many, or others lack a value."""
    labels = {name for name, column in law.schema.columns.items() if column.levels}
    shared = [] if budget is None else features_of(budget)
    free = [name for name in law.features if name not in labels | {*fixed, *shared}] + list(shared)
    if not free:
        raise InputError("--at fixes all features of the formula; leave out the one to find.")
    if len(free) > MOST_FREE:
        raise InputError(f"{len(free)} features are free; at most {MOST_FREE} can be searched: fix others with --at.")
    _require(law, {*free, *fixed})
    return free


def _ends(column: Array) -> tuple[float, float]:
    return float(column.min()), float(column.max())


def invert(
    law: Law,
    known: Uncertainty,
    target: str,
    wanted: float,
    solve: str,
    fixed: Mapping[str, float],
    group: str,
    sandbox: Sandbox,
) -> Answer:
    """The value of the feature `solve` at which the law predicts `wanted`, the nearest to the data where several do.

    Its interval holds the values at which `wanted` lies in the interval of the mean, so it grows beyond the data as
    predictions do. An end is None where it lies beyond the searched range. Raises InputError where the law never
    predicts `wanted` (it names the nearest it comes), and as `optimum`.
    """
    if solve in fixed:
        raise InputError(f"--solve names {solve}; leave it out of --at.")
    _require(law, {solve, *fixed})
    line = _line(known, group, solve)
    columns = {**{name: np.full(len(line), value) for name, value in fixed.items()}, solve: line}
    values = _finite(asked(law, known, group, target)[0].call(columns))
    own = _crossing(line, values, wanted, known.regions[group].middle(known.features.index(solve)))
    if own is None:
        near = values[np.isfinite(values)]
        if not len(near):
            raise InputError(f"The law has no finite value along {solve}.")
        closest = float(near[np.argmin(np.abs(near - wanted))])
        raise InputError(
            f"The law never reaches {target} = {wanted:g} for {solve} between {line[0]:.3g} and {line[-1]:.3g}; "
            f"the nearest is {closest:.4g}."
        )
    inside = np.flatnonzero(np.isfinite(values))
    row = {name: law.schema.written(name, column[inside].tolist()) for name, column in columns.items()}
    found = predict(known, law.schema, law.table(row, group, known), sandbox)
    means = [one[known.targets.index(target)] for one in found]
    bands = [np.array([getattr(one, end) for one in means]) for end in ("mean_low", "mean_high")]
    return Answer(own, *_within(line[inside], bands[0] - wanted, bands[1] - wanted, own))


def _within(line: Array, low: Array, high: Array, own: float) -> tuple[float | None, float | None]:
    """The ends of the stretch of a line around `own` where low <= 0 <= high; None where it goes to the line's end."""
    axis, at = (np.log(line), float(np.log(own))) if line[0] > 0 else (line, own)
    margin = np.minimum(-low, high)  # not negative inside
    outside = margin < 0
    before, after = np.flatnonzero(outside & (axis < at)), np.flatnonzero(outside & (axis > at))

    def crossing(out: int, step: int) -> float:
        share = margin[out] / (margin[out] - margin[out + step])
        end = float(axis[out] + share * (axis[out + step] - axis[out])) if outside[out] != outside[out + step] else at
        return float(np.exp(end)) if line[0] > 0 else end

    return (crossing(int(before[-1]), 1) if len(before) else None, crossing(int(after[0]), -1) if len(after) else None)


def asked(law: Law, known: Uncertainty, group: str, target: str) -> list[_Asked]:
    """The law, its refits and its rivals; raises InputError where the law cannot be read."""
    own, winner = law.constants.get(group), known.members[0]
    if law.form is None or own is None:
        raise InputError("lawsmith cannot read this law as a formula, so it cannot be solved for a feature.")
    found = [_Asked(_function(law.form, law, target, own), 0.0)]
    refits = [dict(zip(winner.names, row, strict=True)) for values in known.resamples if (row := values.get(group))]
    found += [_Asked(_function(law.form, law, target, row), 0.0, refit=True) for row in refits]
    for member in known.members[1:]:
        if (row := member.constants.get(group)) is not None:
            constants = dict(zip(member.names, row, strict=True))
            with suppress(InputError):  # an opaque rival cannot be asked
                found.append(_Asked(_function(member.source, law, target, constants), member.weight))
    return found


def _function(
    source: str, law: Law, target: str, constants: Mapping[str, float]
) -> Callable[[Mapping[str, Array]], Array]:
    stated = read(source, law.schema.targets, law.schema.features)
    if isinstance(stated, Unreadable):
        raise InputError(f"The law cannot be solved for a feature: {stated.reason}.")
    tree = stated.targets[target]
    return lambda columns: np.broadcast_to(
        evaluate(tree, _Typical(columns), constants), next(iter(columns.values())).shape
    )


class _Typical(dict[str, Array]):
    """Columns; a feature that no formula of ours needs counts as 1."""

    def __missing__(self, key: str) -> Array:
        return np.ones(1)


def _require(law: Law, given: set[str]) -> None:
    missing = [name for name in law.features if name not in given]
    if missing:
        column = law.schema.columns.get(missing[0])
        example = column.levels[0] if column is not None and column.levels else "NUMBER"
        raise InputError(
            f"The formula also needs {', '.join(missing)}; fix the value with --at {missing[0]}={example}."
        )


def _line(known: Uncertainty, group: str, feature: str, points: int = POINTS) -> Array:
    """Values of a feature from far below the data to far above it."""
    place = known.features.index(feature)
    low, high, _ = known.regions[group].factor(place, 0.0)
    if low > 0:
        return np.geomspace(low / BELOW, high * ABOVE, points)
    room = 10 * (high - low or abs(high) or 1.0)
    return np.linspace(low - room, high + room, points)


def _grid(free: Sequence[str], known: Uncertainty, group: str, points: int) -> dict[str, Array]:
    """Columns of points on a grid of features, so many along each."""
    axes = [_line(known, group, name, points) for name in free]
    return dict(zip(free, (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")), strict=True))


def _spent(budget: Node, amount: float, free: Sequence[str], known: Uncertainty, group: str) -> dict[str, Array]:
    """Columns of points that spend the budget exactly: all free features but the last on a grid, the last solved."""
    columns = _grid(free[:-1], known, group, {1: 1, 2: 4 * POINTS, 3: 400}[len(free)])
    count = len(columns[free[0]]) if len(free) > 1 else 1
    line = _line(known, group, free[-1])
    low, high = np.full(count, line[0]), np.full(count, line[-1])

    def excess(last: Array) -> Array:
        return evaluate(budget, {**columns, free[-1]: last}, {}) - amount

    rising = excess(high) > excess(low)
    within = np.sign(excess(low)) != np.sign(excess(high))
    for _ in range(80):  # halving in the logarithm, where the feature is positive: exact to the last digits
        middle = np.sqrt(low * high) if line[0] > 0 else (low + high) / 2
        above = (excess(middle) > 0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    columns[free[-1]] = high
    spent = {name: np.broadcast_to(column, count)[within] for name, column in columns.items()}
    if not within.any():
        raise InputError("This budget cannot be spent anywhere near the data; check its unit and size.")
    return spent


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.inf)


def _crossing(line: Array, values: Array, wanted: float, middle: float) -> float | None:
    """Where values along a line pass `wanted`, interpolated; of several the one nearest to the middle of the data."""
    above = values - wanted
    fine = np.isfinite(above[:-1]) & np.isfinite(above[1:])
    places = np.flatnonzero(fine & (np.sign(above[:-1]) != np.sign(above[1:])))
    if not len(places):
        return None
    axis = np.log(line) if line[0] > 0 else line
    share = above[places] / (above[places] - above[places + 1])
    at = axis[places] + share * (axis[places + 1] - axis[places])
    found = np.exp(at) if line[0] > 0 else at
    away = np.abs(at - (np.log(middle) if line[0] > 0 else middle))
    return float(found[np.argmin(away)])


def _answer(found: Sequence[float | None], laws: Sequence[_Asked], times: float) -> Answer:
    """The law's own answer, with an interval from what its refits and its rivals answer.

    Refits spread by half the middle 68 % of their answers, so one that diverged does not matter; rivals by their
    weighted distance from the law; `times` is what the held-out errors make of a standard deviation.
    """
    own = found[0]
    assert own is not None
    ratios = all(value is None or value > 0 for value in found)

    def away(value: float) -> float:
        return float(np.log(value / own)) if ratios else value - own

    pairs = [(away(value), one) for value, one in zip(found[1:], laws[1:], strict=True) if value is not None]
    refits = np.array([distance for distance, one in pairs if one.refit])
    if len(refits) < 3:
        return Answer(own, None, None)
    low, high = np.quantile(refits, [0.1587, 0.8413])
    rivals = sum(one.weight * distance**2 for distance, one in pairs if not one.refit)
    half = times * float(np.hypot((high - low) / 2, np.sqrt(rivals)))
    if ratios:
        return Answer(own, own * float(np.exp(-half)), own * float(np.exp(half)))
    return Answer(own, own - half, own + half)
