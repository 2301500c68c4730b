"""The best features for a budget, and the feature at which a target is reached.

An optimum is asked of the law, of its refits to resampled rows and of its rivals; what these answer differently is the
interval. A target is reached wherever the interval of the mean holds it. The law is evaluated from its tree, so it must
be one that can be read.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np

from lawsmith.runs.intervals.estimate import DIVERGED
from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.intervals.predict import LEVEL, half_width, multiplier, predict
from lawsmith.runs.laws.law import Law
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.expression import features as features_of
from lawsmith.sandbox.law.expression import transform
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.own_form import feature_expression
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import Array, InputError, Schema
from lawsmith.tasks.arrays import weighted_median
from lawsmith.tasks.asked import meant
from lawsmith.tasks.errors import listing
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.new_rows import number_in

POINTS = 601  # of a search along a line, on a logarithmic axis where the feature has a ratio
MOST_POINTS = 250_000  # of a search over several features
ROUNDED = 1e-6  # of a whole, by which given shares may exceed it
MOST_FREE = 3  # features that are searched at a time, beside shares of a whole
BELOW, ABOVE = 1e3, 1e6
"""How far below the smallest and above the largest measured value an answer is looked for."""
HALVINGS = 80  # of an interval, which leave the last digits
EQUAL = 1e-3  # of one measurement's noise, by which a rival's values may differ and be equally good
FLAT = 10.0
"""An optimum that is known no better than to this factor is too flat to tell."""


def amount(option: str, said: str, example: str, unit: str = "") -> tuple[str, float]:
    """What stands before the equals sign of an option, and the number behind it, in a unit; else raises InputError."""
    name, equals, amount = said.rpartition("=")
    size = number_in(amount.strip(), unit)
    if not equals or size is None:
        raise InputError(f"--{option} {said!r} is not understood; write it like {example}.")
    return name.strip(), size


def spending(budget: str, schema: Schema) -> tuple[Node, float]:
    """A budget such as ``6*N*D=1e24`` as an expression of features and its size; else raises InputError."""
    spend, size = amount("budget", budget, "'6*N*D=1e24'")
    return feature_expression(spend, schema), size


def sought(law: Law, target: str, wanted: str, solve: str) -> tuple[float, str]:
    """The value of ``loss=2.1``, and the feature that `solve` means; raises InputError for one not in the formula."""
    size = amount("target", wanted, "loss=2.1", getattr(law.schema.columns.get(target), "unit", ""))[1]
    feature = (meant(solve, law.features) or [solve])[0]
    if feature not in law.features:
        raise InputError(f"--solve {feature!r} is not in the formula; its features are {', '.join(law.features)}.")
    return size, feature


@dataclass(frozen=True)
class Answer:
    """A number with its 90 % interval; low and high are None where few laws have an answer, or beyond the search."""

    value: float
    low: float | None
    high: float | None


class Optimum(Frozen):
    """The best features, for a budget where there is one.

    features: name -> best value. at_edge: the features whose best value is the end of the searched range, so there is
    no optimum inside. flat: whether the optimum is too flat to tell. as_good: name -> the range within which the
    target is worse by less than the noise of one measurement. shares: of a whole, which were kept to it.
    """

    features: Mapping[str, Answer]
    as_good: Mapping[str, tuple[float, float]]
    flat: bool
    at_edge: tuple[str, ...]
    shares: tuple[str, ...]


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

    All features that are numbers are free but those in `fixed`, which are spent as they are. Shares of a whole are
    searched together, as mixtures, unless the budget names one. Raises InputError where a label is missing, the budget
    cannot be spent near the data, or the law cannot be read.
    """
    rows, shares = _searched(law, known, budget, amount, fixed, group)
    free = [name for name in law.schema.features if name in rows]
    columns = {**{name: np.full(len(rows[free[0]]), value) for name, value in fixed.items()}, **rows}
    sign, laws = (-1.0 if maximise else 1.0), asked(law, known, group, target)
    values = [np.where(np.isfinite(value := one.call(columns)), sign * value, np.inf) for one in laws]
    if not np.isfinite(values[0]).any():
        raise InputError("The law has no finite value where the budget could be spent.")
    errors = known.errors[known.targets.index(target)]
    times = multiplier(errors.ratios, known.folds, LEVEL)
    least = float(values[0].min())
    noise, away = errors.noise_at(group, least), _away(rows, int(np.argmin(values[0])))
    places = [_best(value, EQUAL * noise * (one.weight > 0), away) for value, one in zip(values, laws, strict=True)]
    best = {name: [None if place is None else float(rows[name][place]) for place in places] for name in free}
    answers = {name: _answer(best[name], laws, times, known.freedom, shares.get(name)) for name in free}
    good = values[0] <= least + noise
    ends = {name: _ends(rows[name]) for name in free if name not in shares}  # equal where the budget leaves one value
    at_edge = tuple(name for name, (low, high) in ends.items() if low < high and answers[name].value in (low, high))
    spans = [one.high / one.low for name in ends if (one := answers[name]).low and one.high and one.low > 0]
    flat = bool(spans) and max(spans) > FLAT
    as_good = {name: _ends(rows[name][good]) for name in free}
    return Optimum(features=answers, as_good=as_good, flat=flat, at_edge=at_edge, shares=tuple(shares))


def _searched(
    law: Law, known: Uncertainty, budget: Node | None, amount: float, fixed: Mapping[str, float], group: str
) -> tuple[dict[str, Array], dict[str, float]]:
    """Columns of points to ask the law at, and the factors of the shares of a whole that are kept to it. Shares that
    the law does not use take the rest of the whole; one alone is found, too."""
    if budget is not None:
        budget = transform(budget, lambda n: Number(fixed[n.name]) if isinstance(n, Feature) and n.name in fixed else n)
    spent = [] if budget is None else features_of(budget)
    shares = {name: known.shares[name] for name in law.schema.features if name in known.shares}
    parts = [name for name in shares if name in law.features and name not in fixed]
    if not parts or shares.keys() & {*spent}:
        parts, shares = [], {}
    rest = [name for name in shares if name not in (*law.features, *fixed)]
    labels = {name for name, column in law.schema.columns.items() if column.levels}
    free = [name for name in law.features if name not in labels | {*fixed, *spent, *parts}] + list(spent)
    if not (free or parts) or (budget is not None and not spent):
        whose = "formula" if budget is None else "budget"
        told = f"--at fixes all features of the {whose}; leave out the one to find."
        raise InputError(told if law.features and fixed else f"The {whose} names no feature that could be found.")
    if len(free) > MOST_FREE:
        raise InputError(f"{len(free)} features are free; at most {MOST_FREE} can be searched: fix others with --at.")
    _require(law, {*free, *fixed, *parts})
    across = len(free) - (budget is not None) + len(parts) + bool(rest) - bool(parts)
    points = min(4 * POINTS, int(MOST_POINTS ** (1 / max(across, 1))))
    rows = _grid(free, known, group, points) if budget is None else _spent(budget, amount, free, known, group, points)
    if not parts:
        return rows, shares
    left = 1 - sum(factor * fixed.get(name, 0.0) for name, factor in shares.items())
    if left < -ROUNDED:
        raise InputError(f"--at gives more than the whole of {listing(tuple(shares))}.")
    named = [*parts, *rest] if len(rest) < 2 else parts
    mixed = _mixtures({name: max(left, 0.0) / shares[name] for name in named}, len(rest) > 1, points)
    counts = [len(next(iter(columns.values()), [0])) for columns in (rows, mixed)]
    crossed = {name: np.repeat(column, counts[1]) for name, column in rows.items()}
    return crossed | {name: np.tile(column, counts[0]) for name, column in mixed.items()}, shares


def _mixtures(most: Mapping[str, float], others: bool, points: int) -> dict[str, Array]:
    """Columns of mixtures on an even grid: shares of up to `most` each that make a whole, with `others` beside them."""
    across = max(len(most) + others - 1, 0)
    steps = max(int(points * factorial(across) ** (1 / max(across, 1)) - across / 2), 1)
    bars = np.array(list(combinations(range(steps + across), across)))
    sizes = np.diff(bars, prepend=-1, append=steps + across) - 1  # (n, across + 1), which add up to `steps`
    return {name: size * (end / steps) for (name, end), size in zip(most.items(), sizes.T, strict=False)}


def _away(rows: Mapping[str, Array], place: int) -> Array:
    """(n,): how far points lie from one of them, in squares of the searched ranges."""
    axes = [np.log(column) if column.min() > 0 else column for column in rows.values()]
    return np.asarray(sum(((axis - axis[place]) / (np.ptp(axis) or 1.0)) ** 2 for axis in axes))


def _best(value: Array, equal: float, away: Array) -> int | None:
    """Where a law is best; of places that it finds equally good, as along a feature that it lacks, the nearest by
    `away`. None without a finite value."""
    best = value.min()
    return int(np.argmin(np.where(value <= best + equal, away, np.inf))) if np.isfinite(best) else None


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
) -> tuple[Answer, Array]:
    """The value of the feature `solve` at which the law predicts `wanted`, the nearest to the data where several do,
    and the others.

    Its interval holds the values at which `wanted` lies in the interval of the mean, so it grows beyond the data as
    predictions do. An end is None where it lies beyond the searched range. Raises InputError where the law never
    predicts `wanted` (it names the nearest it comes), and as `optimum`.
    """
    if solve in fixed:
        raise InputError(f"--solve names {solve}; leave it out of --at.")
    _require(law, {solve, *fixed})
    line = _line(known, group, solve)
    call, middle = asked(law, known, group, target)[0].call, known.regions[group].middle(known.features.index(solve))

    def along(places: Array) -> Array:
        return call({**{name: np.full(len(places), value) for name, value in fixed.items()}, solve: places})

    values, axis = along(line), np.log(line) if line[0] > 0 else line
    passed = _roots(lambda places: along(places) - wanted, line)
    if not len(passed):
        raise _never_reached(f"{target} = {wanted:g}", wanted, values, solve, line)
    passed, middle = (np.log(passed), np.log(middle)) if line[0] > 0 else (passed, middle)
    at = passed[np.argmin(np.abs(passed - middle))]
    axis = np.sort(np.append(axis[np.isfinite(values)], at))  # an interval narrower than a step has both ends, too
    back = np.exp if line[0] > 0 else np.asarray
    row = {name: law.schema.written(name, [value] * len(axis)) for name, value in fixed.items()}
    rows = predict(known, law.schema, law.table({**row, solve: back(axis).tolist()}, group, known), sandbox)
    means = [one[known.targets.index(target)] for one in rows]
    inside = np.array([min(wanted - one.mean_low, one.mean_high - wanted) for one in means])
    inside[axis == at] = np.maximum(inside[axis == at], 0.0)  # but for rounding
    ends = _passes(axis, inside)
    low, high = ends[ends <= at][-1:], ends[ends >= at][:1]
    found = Answer(float(back(at)), *(float(back(end[0])) if len(end) else None for end in (low, high)))
    return found, back(passed[passed != at])


def _never_reached(goal: str, wanted: float, values: Array, solve: str, line: Array) -> InputError:
    """What is said where none of the law's values (n,) along the line of a feature is the wanted one."""
    near = values[np.isfinite(values)]
    if not len(near):
        return InputError(f"The law has no finite value along {solve}.")
    return InputError(
        f"The law never reaches {goal} for {solve} between {line[0]:.3g} and {line[-1]:.3g}; "
        f"the nearest is {near[np.argmin(np.abs(near - wanted))]:.4g}."
    )


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
    tree, one = stated.targets[target], np.ones(1)  # for a feature that no formula of ours needs
    return lambda columns: np.broadcast_to(
        evaluate(tree, defaultdict(lambda: one, columns), constants), next(iter(columns.values())).shape
    )


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
    if low == 0 < high:  # doses from a control on, and times: as fine near zero as far out
        return np.append(0.0, np.geomspace(high / ABOVE, high + room, points - 1))
    return np.linspace(low - room, high + room, points)


def _grid(free: Sequence[str], known: Uncertainty, group: str, points: int) -> dict[str, Array]:
    """Columns of points on a grid of features, so many along each."""
    axes = [_line(known, group, name, points) for name in free]
    return dict(zip(free, (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")), strict=True))


def _spent(
    budget: Node, amount: float, free: Sequence[str], known: Uncertainty, group: str, points: int
) -> dict[str, Array]:
    """Columns of points that spend the budget exactly: all free features but the last on a grid, the last solved."""
    columns = _grid(free[:-1], known, group, points)
    count = len(columns[free[0]]) if len(free) > 1 else 1
    line = _line(known, group, free[-1])
    low, high = np.full(count, line[0]), np.full(count, line[-1])

    def excess(last: Array) -> Array:
        return evaluate(budget, {**columns, free[-1]: last}, {}) - amount

    rising = excess(high) > excess(low)
    within = np.sign(excess(low)) != np.sign(excess(high))
    for _ in range(HALVINGS):  # in the logarithm, where the feature is positive
        middle = np.sqrt(low * high) if line[0] > 0 else (low + high) / 2
        above = (excess(middle) > 0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    columns[free[-1]] = high
    spent = {name: np.broadcast_to(column, count)[within] for name, column in columns.items()}
    if not within.any():
        raise InputError("This budget cannot be spent anywhere near the data; check its unit and size.")
    return spent


def _roots(excess: Callable[[Array], Array], line: Array) -> Array:
    """Where a function passes 0 between neighbours of a line, by halving; not where it jumps, as at a pole."""
    values = excess(line)
    with np.errstate(invalid="ignore"):
        places = np.flatnonzero(np.isfinite(values[:-1] + values[1:]) & (np.sign(values[:-1]) != np.sign(values[1:])))
    low, high, rising = line[places], line[places + 1], values[places + 1] > values[places]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = (excess(middle) > 0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(high[np.abs(excess(high)) <= np.abs(values[places]) + np.abs(values[places + 1])])


def _passes(axis: Array, values: Array) -> Array:
    """Where finite values along an axis pass 0, interpolated."""
    places = np.flatnonzero(np.isfinite(values[:-1] + values[1:]) & (np.sign(values[:-1]) != np.sign(values[1:])))
    share = values[places] / (values[places] - values[places + 1])
    return np.asarray(axis[places] + share * (axis[places + 1] - axis[places]))


def _answer(
    found: Sequence[float | None], laws: Sequence[_Asked], times: float, freedom: float, factor: float | None
) -> Answer:
    """The law's own answer, with an interval from what its refits and its rivals answer; `factor` of a share only.

    Refits spread by half the middle 68 % of their answers, so one that diverged does not matter. Rivals spread by their
    weighted distance from the law, none by more than `DIVERGED` times their typical one. `times` is what the held-out
    errors make of a standard deviation, `freedom` the share of the measurements that the law's constants leave free.
    """
    own = found[0]
    assert own is not None
    ratios = factor is None and all(value is None or value > 0 for value in found)

    def away(value: float) -> float:
        return float(np.log(value / own)) if ratios else value - own

    pairs = [(away(value), one) for value, one in zip(found[1:], laws[1:], strict=True) if value is not None]
    refits = np.array([distance for distance, one in pairs if one.refit])
    if len(refits) < 3:
        return Answer(own, None, None)
    near, weights = half_width(refits) / np.sqrt(freedom), np.array([one.weight for _, one in pairs if not one.refit])
    far = np.abs([distance for distance, one in pairs if not one.refit])
    if len(far) > 1:
        far = np.minimum(far, DIVERGED * max(float(weighted_median(far, weights)), near))
    half = times * float(np.hypot(near, np.sqrt(np.sum(weights * far**2))))
    if ratios:
        return Answer(own, own * float(np.exp(-half)), own * float(np.exp(half)))
    floor, ceiling = (-np.inf, np.inf) if factor is None else (0.0, 1 / factor)
    return Answer(own, max(own - half, floor), min(own + half, ceiling))
