"""Predictions of a law with intervals, from what `estimate` measured."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lawsmith.runs.intervals.distance import distances, halfway
from lawsmith.runs.intervals.estimate import model_spread
from lawsmith.runs.intervals.model import Freed, Interval, Member, Uncertainty, Values
from lawsmith.sandbox import Constants, PredictJob, Sandbox, Verdict
from lawsmith.tasks import Array, InputError, Schema, Table

LEVEL = 0.9  # probability of an interval where none is asked for
FAR = 1.0
"""Beyond the farthest held-out row by this many times its own distance, a point is called far outside."""

MANY = 1e6  # degrees of freedom, from which Student's t is the normal distribution
MIRRORED = 1.5  # factor within which constants of the same law with signs turned round repeat the sizes of its own


def check_level(level: float) -> None:
    """Raises InputError unless `level` is a probability."""
    if not 0 < level < 1:
        example = level / 100 if 1 < level < 100 else LEVEL
        raise InputError(f"--level is {level:g}; it must lie between 0 and 1, such as {example:g}.")


def predict(
    known: Uncertainty, schema: Schema, rows: Table, sandbox: Sandbox, level: float = LEVEL
) -> list[list[Interval]]:
    """Intervals for each row of `rows` (its targets are not looked at), one per target.

    An interval stays within the range that the user stated for its target, where the law itself does. Raises
    InputError: `level` is not between 0 and 1, or the law cannot predict at these rows (it says why).
    """
    check_level(level)
    hidden = rows.hide()
    found = member_predictions(known, schema, hidden, sandbox)
    own = found[0][1]
    spread = model_spread(own, [(prediction, member.weight) for member, prediction in found])
    if known.two_values:  # a law that goes half as far along them meets every row as well
        winner = known.model_copy(update={"members": known.members[:1]})
        bent = halfway(known.regions, hidden, known.two_values)
        spread = np.hypot(spread, member_predictions(winner, schema, bent, sandbox)[0][1] - own)
    parameter = _parameter_spread(known, schema, hidden, sandbox, own)
    distance = distances(known.regions, rows)
    ends = [schema.knowledge.ranges.get(name, (-np.inf, np.inf)) for name in known.targets]
    listed = []
    for row in range(len(rows)):
        group, away = rows.groups[rows.codes[row]], float(distance[row])
        parts = [(float(own[row, k]), float(parameter[row, k]), float(spread[row, k])) for k in range(len(ends))]
        listed.append([_interval(known, k, group, away, *parts[k], end, level) for k, end in enumerate(ends)])
    return listed


def _interval(
    known: Uncertainty,
    target: int,
    group: str,
    distance: float,
    value: float,
    parameter: float,
    model: float,
    ends: tuple[float, float],
    level: float,
) -> Interval:
    """The interval of one target at one point from its standard deviations, within the `ends` of its stated range."""
    errors = known.errors[target]
    noise, extrapolation = errors.noise_at(group, value), errors.growth * distance * errors.unit[group]
    size = math.hypot(parameter, model, noise, extrapolation)
    times = multiplier(errors.ratios, known.folds, level)
    half, of_mean = times * size, times * math.hypot(parameter, model, extrapolation)
    least, most = ends
    floor = max(0.0 if errors.positive and value > 0 else -np.inf, least if value >= least else -np.inf)
    ceiling = most if value <= most else np.inf
    return Interval(
        target=known.targets[target],
        value=value,
        low=max(value - half, floor),
        high=min(value + half, ceiling),
        mean_low=max(value - of_mean, floor),
        mean_high=min(value + of_mean, ceiling),
        level=level,
        parameter=parameter,
        model=model,
        noise=noise,
        extrapolation=extrapolation,
        distance=distance,
    )


def multiplier(ratios: Sequence[float], folds: int, level: float) -> float:
    """Half-width of an interval in units of its standard deviation.

    The quantile of the measured error ratios, with tails as much heavier than measured as Student's t has them over
    the normal distribution of the same median: rows of one fold err together, so each fold counts as one observation,
    and since the rows held out of one fold are largely held out of another, two folds count as one degree of freedom.
    """
    from scipy.special import ndtri, stdtrit  # a third of a second that commands without intervals save

    def tail(level: float) -> float:
        return float(stdtrit(max(2.0, folds / 2), (1 + level) / 2) / ndtri((1 + level) / 2))

    quantile = float(np.interp(level, np.linspace(0, 1, len(ratios)), ratios))
    return quantile * tail(level) / tail(0.5)


def member_predictions(known: Uncertainty, schema: Schema, rows: Table, sandbox: Sandbox) -> list[tuple[Member, Array]]:
    """Predictions (n, T) of the winner, which comes first, and of each rival that has finite ones for all rows. Raises
    InputError where the winner has none."""
    jobs = [
        sandbox.submit(PredictJob(member.source, schema, _constants(member.names, member.constants, rows), (rows,)))
        for member in known.members
    ]
    results = [job.result() for job in jobs]
    if not results[0].ok:
        if len(rows) == 1 and results[0].verdict is Verdict.NON_FINITE:
            levels = {name: column.levels for name, column in schema.columns.items() if column.levels}
            told = {
                name: levels[name][int(x[0])] if name in levels else f"{x[0]:g}" for name, x in rows.features.items()
            }
            point = ", ".join(f"{name} = {value}" for name, value in told.items())
            raise InputError(f"The law has no finite value at {point}.")
        raise InputError(f"The law has no prediction for these rows: {results[0].message}")
    return [(member, result.predictions[0]) for result, member in zip(results, known.members, strict=True) if result.ok]


def _parameter_spread(known: Uncertainty, schema: Schema, rows: Table, sandbox: Sandbox, own: Array) -> Array:
    """(n, T): standard errors of the winner's predictions, from those of its refits."""
    winner, groups = known.members[0], {rows.groups[code] for code in np.unique(rows.codes)}
    law = known.freed or Freed(source=winner.source, names=winner.names, resamples=known.resamples)
    fitted = [values for values in law.resamples if all(values.get(group) for group in groups)]
    jobs = [
        sandbox.submit(PredictJob(law.source, schema, _constants(law.names, values, rows), (rows,)))
        for values in fitted
    ]
    found = [result.predictions[0] for job in jobs if (result := job.result()).ok]
    if len(found) < 3:
        return np.zeros_like(own)
    return np.asarray(half_width(np.array(found)) / np.sqrt(known.freedom))


def _constants(names: tuple[str, ...], values: Values, rows: Table) -> Constants:
    missing = (float("nan"),) * len(names)
    table = [values.get(group) or missing for group in rows.groups]
    return Constants(names, rows.groups, np.array(table).reshape(len(rows.groups), len(names)))


def constant_intervals(known: Uncertainty, level: float = LEVEL) -> Mapping[str, Mapping[str, tuple[float, float]]]:
    """Group -> parameter -> (low, high): Student's t times the standard error of the refits, around the constant.

    The factor is one of the constant where no refit has another sign. The interval holds the middle `level` of the
    refits, too: they end elsewhere where rows cannot tell two constants apart. A constant that is the same in every
    refit, as one at its bound, has none.
    """
    from scipy.special import stdtrit

    tails = [(1 - level) / 2, (1 + level) / 2]
    names, found = known.members[0].names, {}
    free = known.freedom * known.measurements / len(known.members[0].constants) if known.measurements else np.inf
    times = float(stdtrit(min(max(free, 1.0), MANY), tails[1])) / np.sqrt(known.freedom)
    for group, values in known.members[0].constants.items():
        drawn = _refitted(known, group)
        if len(drawn) >= 3 and values is not None:
            own = np.array(values)
            ends = np.quantile(drawn, tails, axis=0)
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                factor = np.exp(times * half_width(np.log(drawn / own)))
                reach = times * half_width(drawn)
                sides = np.where(
                    (drawn * own > 0).all(axis=0), [own / factor, own * factor], [own - reach, own + reach]
                )
            low, high = np.vstack([ends, sides]).min(axis=0), np.vstack([ends, sides]).max(axis=0)
            every = np.vstack([drawn, own])  # zero is a bound where none of them lies beyond it
            low = np.where((every >= 0).all(axis=0), np.maximum(low, 0), low)
            high = np.where((every <= 0).all(axis=0), np.minimum(high, 0), high)
            spans = zip(names, low.tolist(), high.tolist(), strict=True)
            found[group] = {name: (least, most) for name, least, most in spans if least < most}
    return found


def half_width(drawn: Array) -> Array:
    """Half the middle 68 % of the rows of `drawn`: a standard deviation that one diverging refit does not set. numpy's
    usual quantiles of twelve normal numbers give 0.87 of it."""
    from scipy.special import ndtr  # a third of a second that commands without intervals save

    low, high = np.quantile(drawn, ndtr([-1.0, 1.0]), axis=0, method="normal_unbiased")
    return np.asarray((high - low) / 2)


def _refitted(known: Uncertainty, group: str) -> Array:
    """Refitted constants (R, P) of a group, without those that are the law's own with signs turned round, or in other
    places.

    A Hill curve is the same one with A and h negative and another level, or with its ends exchanged and h negative, and
    so are two decays in another order: such refits say nothing of an error.
    """
    drawn = np.array([row for values in known.resamples if (row := values.get(group)) is not None])
    own = known.members[0].constants.get(group)
    if own is None or len(drawn) == 0:
        return drawn
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = np.abs(np.log(-drawn / np.array(own))) < np.log(MIRRORED)
        near = np.abs(np.log(drawn[:, :, None] / np.array(own))) < np.log(MIRRORED)  # (R, P, P)
    elsewhere = near.any(axis=2) & ~near.diagonal(axis1=1, axis2=2)
    return np.asarray(drawn[(turned | elsewhere).sum(axis=1) < 2])


def covariance(known: Uncertainty, group: str) -> Array | None:
    """(P, P): covariance of a group's constants, in the order of `known.members[0].names`; None with under 3 refits.

    One diverging refit sets none of the standard errors; correlations are those of the refits, each constant clipped at
    three standard deviations from its median.
    """
    drawn = _refitted(known, group)
    if len(drawn) < 3:
        return None
    size = half_width(drawn)
    unit = np.clip((drawn - np.median(drawn, axis=0)) / np.where(size > 0, size, 1.0), -3, 3)
    moved = unit - unit.mean(axis=0)
    spread = np.sqrt(np.sum(moved**2, axis=0))
    direction = moved / np.where(spread > 0, spread, 1.0)
    return np.asarray(size[:, None] * (direction.T @ direction) * size[None, :] / known.freedom)
