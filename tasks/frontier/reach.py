"""Feature rows from the data to far beyond them, and whether what a law predicts there can be true.

Laws are used beyond their data, and a law that fits well may end at a pole, an overflow or a change of sign outside.
Dense probes find that for any law, whatever it is made of.
"""

from itertools import product
from typing import Literal

import numpy as np

from lawsmith.tasks.arrays import WIDE, Array, IntArray, Mask, is_by_ratios, is_fraction, is_logarithmic, telling_digits
from lawsmith.tasks.frontier.dependence import steepens
from lawsmith.tasks.frontier.folds import frontier_features, simplex_units
from lawsmith.tasks.frontier.leading import rounds
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.frontier.probes import probed_groups
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.knowledge import Knowledge
from lawsmith.tasks.known_units import keeps_sign, kelvins, radians
from lawsmith.tasks.table import Table, kept_with_table

BEYOND = 100.0  # factor beyond the data, on both sides, to which a law is looked at
RANGES = 2.0  # for a feature that is no scale: ranges of its values beyond the largest and the smallest
FIRST_STEPS = 3  # smallest values that differ by at most so many times the smallest one may be counts
ROUNDED = 1e-6  # part of a step by which rounding may miss it
STEPS = 12  # on the way there
CORNERS = 32  # of the box, at most
WITHIN = 5  # values inside the data on that way
SLACK = 1e-6  # share of the target's spread by which what is known may be broken, for rounding
INSIDE = 24  # points inside the box
MIXTURES = 4  # measured rows whose shares are moved to either end
SIGN = 0.01  # share of the target's spread by which a prediction has to pass zero to have changed its sign
ROOM = 1e6  # times its largest value that a target may grow to, or its range to the third power if that is more, …
STEEPER = 1.5  # … or as a power law that is so many times as steep as the one nearest to the data
NAMED = 3  # features that a sentence names


Broken = Literal["not finite", "sign", "range", "stated"]


class Unsafe(Frozen):
    """Where a law stops being believable, target and place in words.

    what: "not finite", "sign", "range" (implausible), or "stated": it breaks what the user knows of the target.
    """

    what: Broken
    target: str
    where: str
    times: float | None = None
    """How many times its largest measured value a positive feature has there, or the smallest has a loss; None where
    none lies beyond the data."""

    @property
    def sentence(self) -> str:
        """What the law does there, after "The law"."""
        words = {
            "not finite": f"has no finite value of {self.target}",
            "sign": f"gives {self.target} a sign that no measurement has,",
            "range": f"leaves any plausible range of {self.target}",
            "stated": f"breaks what is known of {self.target}",
        }
        return f"{words[self.what]} at {self.where}"


NOTHING = Knowledge()
Far = tuple[float, bool]
"""How far a law is looked at along one feature, and whether that is a factor; else it is in widths."""
NOWHERE: Far = 0.0, False
WIDTHS: Far = RANGES, False


@kept_with_table
def reach_rows(table: Table, distances: tuple[tuple[str, float], ...] = ()) -> Table:
    """Rows without targets: in each group each feature alone from the data to `BEYOND` on both sides, the others at
    their medians or their largest values; the corners of that box; and points inside the data's own box.

    `distances` are those that the user stated (`Knowledge.distances`); they replace `BEYOND` and `RANGES`. Angles stay
    within the data, since beyond a thing may show another side, and so do parts of a day or a year. Shares of a whole
    end at nothing and at the whole: each alone at either end. Labels stay as measured.
    """
    rng = np.random.default_rng(0)
    fixed = np.array([name not in frontier_features(table) for name in table.features])
    labels = np.array([name in table.categories for name in table.features])
    units = np.array([simplex_units(table).get(name, 0.0) for name in table.features])
    stated = {name: (size, is_logarithmic(table.features[name])) for name, size in distances}
    steep, known = steepens(table), rounds(table)
    parts, codes = [], []
    for group in probed_groups(table):
        x = table.take(table.codes == group).matrix()
        sides = []
        for name, column in zip(table.features, x.T, strict=True):
            usual = (_usual(column, even=True), _usual(column, even=steep))
            usual = usual[::-1] if lies_below(name) else usual
            usual = usual if radians(name, column) is None and name not in known else (NOWHERE, NOWHERE)
            zero = kelvins(name, column)  # no ratio of degrees Celsius says anything
            usual = usual if zero is None else (WIDTHS, WIDTHS)
            ways = [_way(column, up, stated.get(name) or usual[up]) for up in (False, True)]
            if zero is not None:  # at most half of the way to absolute zero
                ways[0] = np.maximum(ways[0], (column.min() + zero[1]) / 2)
            sides.append(ways)
        rows = np.concatenate([_rows(x, fixed, sides, rng), _edges(x, units, rng)])
        rows[:, labels] = x[rng.integers(len(x), size=len(rows))][:, labels]  # a median is no label
        parts.append(rows)
        codes += [group] * len(rows)
    return table.with_rows(np.concatenate(parts), codes)


def _usual(column: Array, *, even: bool) -> Far:
    """How far a feature (n,) is looked at of which the user says nothing: by a factor where it is a scale, else by
    widths.

    `even` asks whether values that are spread evenly are no scale. They are none below (Arrhenius' law has no
    believable value at 3 K, although temperatures were 300 to 900 K), and above where a target grows ever faster:
    exponential growth over ten hours has no believable value after a thousand.
    """
    is_scale = is_logarithmic(column) and (not even or is_by_ratios(column))
    return (BEYOND, True) if is_scale else WIDTHS


def _rows(x: Array, fixed: Mask, sides: list[list[Array]], rng: np.random.Generator) -> Array:
    """Rows (n, d) along each feature that is not `fixed`, to the values below and above at its `sides`, and between."""
    low, high = x.min(axis=0), x.max(axis=0)
    rows = []
    for k in np.flatnonzero(~fixed):
        for base in (np.median(x, axis=0), high):
            for value in np.concatenate([*sides[k], np.quantile(x[:, k], np.linspace(0, 1, WITHIN))]):
                row = base.copy()
                row[k] = value
                rows.append(row)
    free = np.flatnonzero(~fixed)
    corners = list(product((0, 1), repeat=min(len(free), 10)))
    for place in rng.permutation(len(corners))[:CORNERS]:
        for step in (STEPS // 2 - 1, STEPS - 1):
            row = x[rng.integers(len(x))].copy()
            for k, side in zip(free, corners[place], strict=False):
                row[k] = sides[k][side][step]
            rows.append(row)
    for _ in range(INSIDE):
        row = x[rng.integers(len(x))].copy()
        row[free] = (low + rng.random(len(low)) * (high - low))[free]
        rows.append(row)
    return np.array(rows)


def _edges(x: Array, units: Array, rng: np.random.Generator) -> Array:
    """Measured rows (n, d) in which one share of a whole is nothing or the whole; the other shares keep their ratios.
    `units` (d,) are the factors with which shares add up to 1, and 0 for other features."""
    rows = []
    for k in np.flatnonzero(units):
        others = (units > 0) & (np.arange(len(units)) != k)
        for row in x[rng.integers(len(x), size=MIXTURES)].copy():
            rest = float(row[others] @ units[others])
            if rest > 0:
                rows += [np.where(others, row / rest, row), np.where(others, 0.0, row)]
                rows[-2][k], rows[-1][k] = 0.0, 1 / units[k]
    return np.array(rows).reshape(-1, x.shape[1])


def _way(column: Array, up: bool, far: Far) -> Array:
    """`STEPS` values from the edge of the data outwards, so `far`; never past zero, nor as far as zero or one for
    fractions: what is left may be divided by (sparsity, load). Positive values are asked as far below the smallest as
    above the largest, as a factor."""
    low, high = float(column.min()), float(column.max())
    if is_fraction(column):
        return np.linspace(high if up else low, float(up), STEPS + 2)[1:-1]
    if not up and high >= WIDE * low > 0 and _counts(column / low):
        return np.full(STEPS, low)
    size, by_factor = far
    if by_factor:
        factors = np.geomspace(1.0, size, STEPS + 1)[1:]
        return high * factors if up else low / factors
    ways = np.linspace(0.0, size, STEPS + 1)[1:] * (high - low)
    if up or low < 0:
        return high + ways if up else low - ways
    return np.maximum(low - ways, 0.0) if low == 0 else low / (1 + ways / high)


def _counts(steps: Array) -> bool:
    """Whether values (n,), as multiples of the smallest, count whole things (experts, GPUs, layers), whatever their
    unit; there is nothing below the first."""
    levels = np.unique(np.round(steps))
    return bool(np.abs(steps - np.round(steps)).max() < ROUNDED and levels[1] <= FIRST_STEPS)


def unsafe(train: Table, rows: Table, predicted: Array, knowledge: Knowledge = NOTHING) -> Unsafe | None:
    """Where predictions (n, T) for `rows`, made by `reach_rows`, cannot be true; None where they all can.

    A prediction has to be finite, to respect what is known, to keep the sign that a target has in all training rows,
    and to stay within a range that leaves room for any steep law.
    """
    for name, measured, column in zip(train.targets, train.targets.values(), predicted.T, strict=True):
        if (bad := ~np.isfinite(column)).any():
            return _nearest(train, rows, np.flatnonzero(bad), "not finite", name)
        if (bad := _broken(knowledge, name, train, rows, column)).any():
            return _nearest(train, rows, np.flatnonzero(bad), "stated", name)
        if (bad := _lost(train, rows, measured, column)).any():
            return _nearest(train, rows, np.flatnonzero(bad), "range", name)
        flipped = keeps_sign(name, measured) & (np.sign(measured[0]) * column < -SIGN * np.std(measured))
        if (bad := flipped & _asked(knowledge, name, train, rows)).any():
            return _nearest(train, rows, np.flatnonzero(bad), "sign", name)
    return None


def _broken(knowledge: Knowledge, target: str, train: Table, rows: Table, predicted: Array) -> Mask:
    """Rows (n,) whose prediction leaves the range that is known, or moves the wrong way as one feature alone grows."""
    slack = SLACK * float(np.std(train.targets[target]))
    low, high = knowledge.ranges.get(target, (-np.inf, np.inf))
    bad = (predicted < low - slack) | (predicted > high + slack)
    bad &= _asked(knowledge, target, train, rows)
    for expected in knowledge.expectations:
        for feature in expected.features if expected.target == target else ():
            order, together = _lines(rows, feature)
            step = np.diff(predicted[order]) * (1 if expected.direction == "rises" else -1)
            bad[order[1:]] |= together & (step < -slack)
    return np.asarray(bad)


def _asked(knowledge: Knowledge, target: str, train: Table, rows: Table) -> Mask:
    """The rows (n,) where a range that nobody stated holds: none below the smallest features, or above the largest
    losses."""
    within = [
        rows.features[name] <= column.max() if lies_below(name) else rows.features[name] >= column.min()
        for name, column in train.features.items()
    ]
    return np.asarray(np.all(within, axis=0) | (target not in knowledge.assumed))


def _lines(rows: Table, feature: str) -> tuple[IntArray, Mask]:
    """The rows ordered along `feature` where all else is equal, and whether each follows (n - 1,) such a row."""
    others = [column for name, column in rows.features.items() if name != feature]
    order = np.lexsort((rows.features[feature], *others, rows.codes))
    same = np.ones(len(rows) - 1, dtype=bool)
    for column in (*others, rows.codes):
        same &= np.diff(column[order]) == 0
    return order, same


def _lost(train: Table, rows: Table, measured: Array, predicted: Array) -> Mask:
    """Rows (n,) whose prediction is larger than any that the measured sizes make plausible there."""
    size, tiny = np.abs(measured), np.finfo(float).tiny
    room = np.full(len(predicted), np.log(ROOM))
    if size.min() > 0:
        grown = np.zeros(len(predicted))  # of the power law nearest to the data, from their edge
        for name, exponent in _steepness(train, np.log(size)).items():
            low, high = np.log(train.features[name].min()), np.log(train.features[name].max())
            x = np.log(np.maximum(rows.features[name], tiny))
            grown += exponent * np.abs(x - np.clip(x, low, high))
        room = np.maximum(np.maximum(room, 3 * np.log(size.max() / size.min())), STEEPER * grown)
    return np.asarray(np.log(np.maximum(np.abs(predicted), tiny)) > room + np.log(max(size.max(), tiny)))


def _steepness(train: Table, size: Array) -> dict[str, float]:
    """The size of the exponent of each feature that is a scale, in the power law nearest to the logarithms `size`."""
    names = [name for name, column in train.features.items() if is_logarithmic(column)]
    if not names:
        return {}
    logs = np.column_stack([np.log(train.features[name]) for name in names])
    both = train.within_groups(np.column_stack([logs, size]))
    exponents = np.linalg.lstsq(both[:, :-1], both[:, -1], rcond=None)[0]
    return dict(zip(names, np.abs(exponents).tolist(), strict=True))


def _nearest(train: Table, rows: Table, bad: IntArray, what: Broken, target: str) -> Unsafe:
    """The bad row nearest to the data."""
    x, far = train.matrix(), rows.take(bad).matrix()
    low, high, spread = x.min(axis=0), x.max(axis=0), np.maximum(np.ptp(x, axis=0), np.finfo(float).tiny)
    outside = np.maximum(np.maximum(low - far, far - high), 0.0) / spread
    row = far[int(np.argmin(outside.sum(axis=1)))]
    away = np.maximum(np.maximum(low - row, row - high), 0.0) / spread
    named = [k for k in np.argsort(-away, kind="stable")[:NAMED] if away[k] or len(row) <= NAMED or not away.any()]
    numbers = {n: k for k, n in enumerate(train.features) if k in named and n not in train.categories}
    where = ", ".join(f"{n} = {row[k]:.{telling_digits(x[:, k])}g}" for n, k in numbers.items()) or "some labels"
    below = np.array([lies_below(name) for name in train.features])
    out = np.where(below, low / np.where(row > 0, row, np.inf), row / np.where(high > 0, high, np.inf))
    times = float(out[low > 0].max(initial=1.0))
    return Unsafe(what=what, target=target, where=where, times=times if times > 1 else None)
