"""Points at which laws are asked for an optimum: a grid of features, what a budget leaves of it, and mixtures."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial
from types import MappingProxyType

import numpy as np

from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.laws.archived_law import ArchivedLaw
from lawsmith.sandbox.law.expression import features as features_of
from lawsmith.sandbox.law.expression import transform
from lawsmith.sandbox.law.nodes import Feature, Node, Number
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.tasks import Array, InputError
from lawsmith.tasks.errors import listing

POINTS = 601  # of a search along a line, on a logarithmic axis where the feature has a ratio
MOST_POINTS = 250_000  # of a search over several features
ROUNDED = 1e-6  # of a whole, by which given shares may exceed it
MOST_FREE = 3  # features that are searched at a time, beside shares of a whole
BELOW, ABOVE = 1e3, 1e6
"""How far below the smallest and above the largest measured value an answer is looked for."""
HALVINGS = 80  # of an interval, which leave the last digits


def around(rows: Mapping[str, Array], places: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Name -> from the smallest to the largest value of some places, and one step of the grid more. All but the first
    place, the law's own, may run away: an eighth of them at each end does not count."""
    found = {}
    for name, column in rows.items():
        steps, values = np.unique(column), np.array([place[name] for place in places])
        ends = np.quantile(values, [1 / 8, 7 / 8], method="nearest")
        low, high = np.searchsorted(steps, [min(*ends, values[0]), max(*ends, values[0])])
        found[name] = float(steps[max(low - 1, 0)]), float(steps[min(high + 1, len(steps) - 1)])
    return found


def searched_points(
    law: ArchivedLaw,
    known: Uncertainty,
    budget: Node | None,
    amount: float,
    fixed: Mapping[str, float],
    group: str,
    near: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> tuple[dict[str, Array], dict[str, float]]:
    """Columns of points to ask the law at, and the factors of the shares of a whole that are kept to it. Shares that
    the law does not use take the rest of the whole; one alone is found, too. near: name -> a range to stay in."""
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
    if len(free) > (most := MOST_FREE + (budget is not None)):  # a budget leaves one the less
        raise InputError(f"{len(free)} features are free; at most {most} can be searched: fix others with --at.")
    require_features(law, {*free, *fixed, *parts})
    across = len(free) - (budget is not None) + len(parts) + bool(rest) - bool(parts)
    points = min(4 * POINTS, int(MOST_POINTS ** (1 / max(across, 1))))
    axes = [_axis(known, group, name, points, near.get(name)) for name in free]
    if budget is None:
        rows = _grid(free, axes)
    else:
        rows = _spent(budget, amount, free, axes[:-1], line_of(known, group, free[-1]))
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


def require_features(law: ArchivedLaw, given: set[str]) -> None:
    """Raises InputError where the formula has a feature that is not given, with an example of what to write."""
    missing = [name for name in law.features if name not in given]
    if missing:
        column = law.schema.columns.get(missing[0])
        example = column.levels[0] if column is not None and column.levels else "NUMBER"
        raise InputError(
            f"The formula also needs {', '.join(missing)}; fix the value with --at {missing[0]}={example}."
        )


def line_of(known: Uncertainty, group: str, feature: str, points: int = POINTS) -> Array:
    """Values of a feature from far below the data to far above it."""
    place = known.features.index(feature)
    low, high, _ = known.regions[group].factor(place, 0.0)
    if low > 0:
        return np.geomspace(low / BELOW, high * ABOVE, points)
    room = 10 * (high - low or abs(high) or 1.0)
    if low == 0 < high:  # doses from a control on, and times: as fine near zero as far out
        return np.append(0.0, np.geomspace(high / ABOVE, high + room, points - 1))
    return np.linspace(low - room, high + room, points)


def _axis(known: Uncertainty, group: str, feature: str, points: int, near: tuple[float, float] | None) -> Array:
    """Values of a feature in a range, or from far below the data to far above it."""
    if near is None:
        return line_of(known, group, feature, points)
    return np.geomspace(*near, points) if near[0] > 0 else np.linspace(*near, points)


def _grid(free: Sequence[str], axes: Sequence[Array]) -> dict[str, Array]:
    """Columns of points on a grid of features."""
    return dict(zip(free, (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")), strict=True))


def passed(excess: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where a function passes 0 between two ends (n,), by halving; in the logarithm where these are positive."""
    rising, logarithmic = excess(high) > excess(low), bool((low > 0).all())
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high) if logarithmic else (low + high) / 2
        above = (excess(middle) > 0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return high


def _spent(budget: Node, amount: float, free: Sequence[str], axes: Sequence[Array], line: Array) -> dict[str, Array]:
    """Columns of points that spend the budget exactly: all free features but the last on a grid, the last solved along
    a line."""
    columns = _grid(free[:-1], axes)
    count = len(columns[free[0]]) if len(free) > 1 else 1
    low, high = np.full(count, line[0]), np.full(count, line[-1])

    def excess(last: Array) -> Array:
        return evaluate(budget, {**columns, free[-1]: last}, {}) - amount

    within = np.sign(excess(low)) != np.sign(excess(high))
    columns[free[-1]] = passed(excess, low, high)
    spent = {name: np.broadcast_to(column, count)[within] for name, column in columns.items()}
    if not within.any():
        raise InputError("This budget cannot be spent anywhere near the data; check its unit and size.")
    return spent
