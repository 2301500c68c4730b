"""The best features for a budget, and the feature at which a target is reached.

An optimum is asked of the law, of its refits to resampled rows and of its rivals; what these answer differently is the
interval. A target is reached wherever the interval of the mean holds it. The law is evaluated from its tree, so it must
be one that can be read.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from lawsmith.runs.intervals.estimate import DIVERGED
from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.intervals.predict import LEVEL, half_width, multiplier, predict
from lawsmith.runs.laws.archived_law import ArchivedLaw
from lawsmith.runs.laws.optimum_points import around, line_of, passed, require_features, searched_points
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.nodes import Node, Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.own_form import feature_expression
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import Array, InputError, Schema
from lawsmith.tasks.arrays import weighted_median
from lawsmith.tasks.asked import meant
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.new_rows import number_in

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


def sought(law: ArchivedLaw, target: str, wanted: str, solve: str) -> tuple[float, str]:
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
    law: ArchivedLaw,
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
    rows, shares = searched_points(law, known, budget, amount, fixed, group)
    free = [name for name in law.schema.features if name in rows]
    sign, laws = (-1.0 if maximise else 1.0), asked(law, known, group, target)
    errors = known.errors[known.targets.index(target)]
    times = multiplier(errors.ratios, known.folds, LEVEL)
    values, noise, best = _bests(laws, rows, fixed, sign, partial(errors.noise_at, group))
    asked_at = [(rows, values)]
    if not shares:  # once more on a finer grid around the answers of the law and its refits
        near = around(rows, [place for place, one in zip(best, laws, strict=True) if place and not one.weight])
        finer, _ = searched_points(law, known, budget, amount, fixed, group, near)
        values, _, again = _bests(laws, finer, fixed, sign, partial(errors.noise_at, group))
        asked_at.append((finer, values))
        best = [new if _is_inside(old, near) else old for old, new in zip(best, again, strict=True)]
    each = {name: [None if place is None else place[name] for place in best] for name in free}
    answers = {name: _answer(each[name], laws, times, known.freedom, shares.get(name)) for name in free}
    least = min(float(values.min()) for _, values in asked_at)
    good = {name: [points[name][values <= least + noise] for points, values in asked_at] for name in free}
    ends = {name: _ends(rows[name]) for name in free if name not in shares}  # equal where the budget leaves one value
    at_edge = tuple(name for name, (low, high) in ends.items() if low < high and answers[name].value in (low, high))
    spans = [one.high / one.low for name in ends if (one := answers[name]).low and one.high and one.low > 0]
    flat = bool(spans) and max(spans) > FLAT
    as_good = {name: _ends(np.concatenate(parts)) for name, parts in good.items()}
    return Optimum(features=answers, as_good=as_good, flat=flat, at_edge=at_edge, shares=tuple(shares))


def _bests(
    laws: Sequence[_Asked],
    rows: Mapping[str, Array],
    fixed: Mapping[str, float],
    sign: float,
    noise_at: Callable[[float], float],
) -> tuple[Array, float, list[dict[str, float] | None]]:
    """What the law says at points (n,), least is best; the noise of a measurement where it is best; and the best point
    of each law, None where it has no finite value."""
    columns = {**{name: np.full(len(next(iter(rows.values()))), value) for name, value in fixed.items()}, **rows}
    values = [np.where(np.isfinite(value := one.call(columns)), sign * value, np.inf) for one in laws]
    if not np.isfinite(values[0]).any():
        raise InputError("The law has no finite value where the budget could be spent.")
    noise, away = noise_at(float(values[0].min())), _away(rows, int(np.argmin(values[0])))
    places = [_best(value, EQUAL * noise * (one.weight > 0), away) for value, one in zip(values, laws, strict=True)]
    found = [None if k is None else {name: float(column[k]) for name, column in rows.items()} for k in places]
    return values[0], noise, found


def _is_inside(place: Mapping[str, float] | None, near: Mapping[str, tuple[float, float]]) -> bool:
    return place is not None and all(low <= place[name] <= high for name, (low, high) in near.items())


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
    law: ArchivedLaw,
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
    require_features(law, {solve, *fixed})
    line = line_of(known, group, solve)
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


def asked(law: ArchivedLaw, known: Uncertainty, group: str, target: str) -> list[_Asked]:
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
    source: str, law: ArchivedLaw, target: str, constants: Mapping[str, float]
) -> Callable[[Mapping[str, Array]], Array]:
    stated = read(source, law.schema.targets, law.schema.features)
    if isinstance(stated, Unreadable):
        raise InputError(f"The law cannot be solved for a feature: {stated.reason}.")
    tree, one = stated.targets[target], np.ones(1)  # for a feature that no formula of ours needs
    return lambda columns: np.broadcast_to(
        evaluate(tree, defaultdict(lambda: one, columns), constants), next(iter(columns.values())).shape
    )


def _roots(excess: Callable[[Array], Array], line: Array) -> Array:
    """Where a function passes 0 between neighbours of a line, by halving; not where it jumps, as at a pole."""
    values = excess(line)
    with np.errstate(invalid="ignore"):
        places = np.flatnonzero(np.isfinite(values[:-1] + values[1:]) & (np.sign(values[:-1]) != np.sign(values[1:])))
    found = passed(excess, line[places], line[places + 1])
    return np.asarray(found[np.abs(excess(found)) <= np.abs(values[places]) + np.abs(values[places + 1])])


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
