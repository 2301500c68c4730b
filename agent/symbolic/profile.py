"""What the search may know of a table before it fits anything: kinds of columns, units, shapes seen in slices."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations, permutations, product

import numpy as np
from numpy.typing import NDArray

from lawsmith.sandbox.law.expression import add, mul, neg, power
from lawsmith.sandbox.law.nodes import ONE, Feature, Node, Number
from lawsmith.tasks.arrays import Array, decade, is_by_ratios_from_zero, is_fraction
from lawsmith.tasks.frontier.dependence import WithinGroups
from lawsmith.tasks.frontier.folds import simplex_columns
from lawsmith.tasks.frontier.leading import rounds, unexplained
from lawsmith.tasks.frontier.probes import REST_RATIO
from lawsmith.tasks.known_units import keeps_sign, kelvins, radians
from lawsmith.tasks.table import Table

SCALE_RATIO = 1.5  # a positive column that spans at least this factor is treated on a logarithmic axis
ZERO_RATIO = 30.0  # so is one that also holds zeros, where its positive values span at least this factor
AMOUNT_RATIO = 4.0  # of the ends of an amount above zero, from which it may be a scale
FAR_OFF = 3.0  # a column whose middle lies more half-widths than this from zero is counted from its middle
LEADING = 4  # scale columns that joint forms are made of, beside forms in all of them
WHOLE = 0.01  # logarithm by which rounding may take a share past its whole
EVEN = (0.35, 0.65)  # where the median of a column lies between its ends that is spread evenly over a plain axis
NARROW = 5.0  # ratio of the largest to the smallest value, up to which a column may be a level of the target's kind …
ALIKE = 2.0  # … where their medians differ by at most this factor …
LARGER = 100.0  # times the most repeats that there are of distinct items at least
LEVELS_OF_KIND = 5  # … and it takes more values than these
SLICES = 3  # slices that must agree before a column counts as having an optimum
RIM = 0.05  # share of a slice's range by which both its ends must exceed the optimum
CLEAR = 0.5  # share of the variance along a column that a parabola must explain, where no slices exist


class ColumnKind(StrEnum):
    """The kind of a column's values, which decides the forms that use it."""

    SCALE = "scale"  # positive (zero at least) over a wide range: power laws and logarithms make sense
    SHARE = "share"  # part of a whole
    SIGNED = "signed"  # anything else: polynomials and sigmoids


@dataclass(frozen=True)
class Combination:
    """A function of features that is looked at as one, in the unit of the profile that holds it. shifted: it is one
    feature counted from elsewhere, so that laws of plain axes say nothing new of it."""

    title: str
    node: Node
    shifted: bool = False


@dataclass(frozen=True)
class Profile:
    """What is known of each column, by name.

    unit: power of ten near its values. offset: what is taken off it in that unit, 0 for most. smallest: its smallest
    positive value. leading: the scale columns that explain most of the target. zeros: scale columns that also hold
    zeros. bowls: scale columns with an optimum inside. nested: pairs (large, small) of scale columns where the first
    is never below the second, and equal somewhere. counted: pairs (distinct, repeats) of scale columns where the second
    counts from 1 how often the first, which is far larger, may have been repeated; the largest first. rising: scale
    columns that the first target grows with. even: scale columns spread over a plain axis as evenly as over a
    logarithmic one. levels: how many distinct values.
    alike: positive features whose values lie where the positive target's do, so that they may be levels of its kind.
    positive: every target value is above zero. growth: logarithm of the factor that the first target spans, or twice
    that of the factor between its ends where it takes both signs. stands_for: what a name stands for where the table is
    looked at otherwise than it is; everything else here is said of that. categories: the codes that each category
    takes; nothing else here is said of categories. angles: the radians that one of each angle's unit is.
    rounds: those of parts of a day or a year, and how often waves come in each round.
    """

    kinds: dict[str, ColumnKind]
    unit: dict[str, float]
    offset: dict[str, float]
    leading: tuple[str, ...]
    smallest: dict[str, float]
    zeros: frozenset[str]
    range: dict[str, tuple[float, float]]
    bowls: tuple[str, ...]
    nested: tuple[tuple[str, str], ...]
    counted: tuple[tuple[str, str], ...]
    rising: frozenset[str]
    even: frozenset[str]
    levels: dict[str, int]
    alike: tuple[str, ...]
    positive: bool
    growth: float
    stands_for: dict[str, Combination]
    categories: dict[str, tuple[float, ...]]
    angles: dict[str, float]
    rounds: dict[str, tuple[float, int]]

    def is_shifted(self, name: str) -> bool:
        """Whether a name stands for the feature of that name counted from elsewhere."""
        return name in self.stands_for and self.stands_for[name].shifted

    def of(self, kind: ColumnKind) -> tuple[str, ...]:
        """The names of the columns of a kind."""
        return tuple(name for name, own in self.kinds.items() if own is kind)


def profile(table: Table, amounts: Collection[str] = ()) -> Profile:
    """What the search assumes about the columns of a table; `amounts` count as scales."""
    categories = {name: tuple(np.unique(table.features[name]).tolist()) for name in table.categories}
    table = apart(table)
    shares = simplex_columns(table)
    kinds = {name: kind_of(column, name in shares) for name, column in table.features.items()}
    kinds |= {name: ColumnKind.SIGNED for name, c in table.features.items() if kelvins(name, c) is not None}
    kinds |= dict.fromkeys(amounts, ColumnKind.SCALE)
    scales = [name for name, kind in kinds.items() if kind is ColumnKind.SCALE]
    even = frozenset(name for name in scales if _is_even(table.features[name]))
    unit = {name: _unit(column, kinds[name], name in even) for name, column in table.features.items()}
    return Profile(
        kinds=kinds,
        unit=unit,
        offset={name: float(f"{_offset(c, kinds[name]) / unit[name]:.15g}") for name, c in table.features.items()},
        leading=_leading(table, scales),
        smallest={name: _smallest(column) for name, column in table.features.items()},
        zeros=frozenset(name for name in scales if table.features[name].min() == 0),
        range={name: (float(c.min()), float(c.max())) for name, c in table.features.items()},
        bowls=tuple(name for name in scales if _has_optimum(table, name, scales)),
        nested=tuple(pair for pair in permutations(scales, 2) if _is_nested(table, *pair)),
        counted=_counted(table, scales),
        rising=_rising(table, scales),
        even=even,
        levels={name: len(np.unique(column)) for name, column in table.features.items()},
        alike=tuple(name for name, kind in kinds.items() if kind is not ColumnKind.SHARE and _is_alike(table, name)),
        positive=all(column.min() > 0 and keeps_sign(name, column) for name, column in table.targets.items()),
        growth=_growth(next(iter(table.targets.values()))),
        stands_for={},
        categories=categories,
        angles={name: size for name, c in table.features.items() if (size := radians(name, c)) is not None},
        rounds=rounds(table),
    )


def apart(table: Table) -> Table:
    """The same rows without categories, and a group for each combination of their levels in a group."""
    if not table.categories:
        return table
    labels = np.stack([table.codes, *(table.features[name] for name in table.categories)], axis=1)
    kinds, codes = np.unique(labels, axis=0, return_inverse=True)
    return replace(
        table,
        features={name: column for name, column in table.features.items() if name not in table.categories},
        groups=tuple(str(k) for k in range(len(kinds))),
        codes=codes.reshape(-1),
        categories=(),
    )


def _growth(target: Array) -> float:
    if target.min() < 0 < target.max():
        sides = np.log([-target.min(), target.max()])
        return 2 * float(np.ptp(sides))  # half of the data may show none of it
    size = np.abs(target[target != 0])
    return float(np.log(size.max()) - np.log(size.min())) if len(size) else 0.0


def _is_alike(table: Table, name: str) -> bool:
    """Whether a feature's values lie within a narrow range that meets the target's, so that it may be of its kind."""
    column, target = table.features[name], next(iter(table.targets.values()))
    if len(table.features) < 2 or min(column.min(), target.min()) <= 0:
        return False
    narrow = max(column.max() / column.min(), target.max() / target.min()) < NARROW
    middle = float(np.median(column) / np.median(target))
    return bool(narrow and 1 / ALIKE < middle < ALIKE and len(np.unique(column)) > LEVELS_OF_KIND)


def kind_of(column: Array, is_share: bool, least: float = SCALE_RATIO) -> ColumnKind:
    """The kind of a column (n,); `least` is the smallest ratio of its ends that makes it a scale."""
    if is_share:
        return ColumnKind.SHARE
    positive = column[column > 0]
    if column.min() < 0 or not len(positive):
        return ColumnKind.SIGNED
    ratio = least if column.min() > 0 else ZERO_RATIO
    return ColumnKind.SCALE if positive.max() >= ratio * positive.min() else ColumnKind.SIGNED


def _smallest(column: Array) -> float:
    positive = column[column > 0]
    return float(positive.min()) if len(positive) else 1.0


def _is_even(column: Array) -> bool:
    low, high = EVEN
    return bool(low <= (np.median(column) - column.min()) / np.ptp(column) <= high)


def _unit(column: Array, kind: ColumnKind, even: bool) -> float:
    if kind is ColumnKind.SHARE:
        return decade(np.ceil(np.log10(column.max()) - WHOLE))  # 1 of a share of one, 100 of one in percent
    if kind is ColumnKind.SCALE and not even:
        return decade(np.round(np.log10(np.sqrt(_smallest(column) * column.max()))))
    return decade(float(np.round(np.log10(np.ptp(column) / 2 or 1.0))))


def _offset(column: Array, kind: ColumnKind) -> float:
    low, high = float(column.min()), float(column.max())
    middle, width = (low + high) / 2, (high - low) / 2
    if kind is not ColumnKind.SIGNED or abs(middle) <= FAR_OFF * width:
        return 0.0
    step = 10.0 ** np.floor(np.log10(width or 1.0))
    return float(np.round(middle / step) * step)


def _is_nested(table: Table, large: str, small: str) -> bool:
    if min(table.features[large].min(), table.features[small].min()) <= 0:
        return False
    ratio = table.features[large] / table.features[small]
    return bool(ratio.min() > 1 - 1e-6 and (ratio < 1 + 1e-6).mean() > 0.02 and ratio.max() > 2)


def _counted(table: Table, scales: Sequence[str]) -> tuple[tuple[str, str], ...]:
    least = {name: float(table.features[name].min()) for name in scales}
    found = [
        (distinct, repeats)
        for distinct, repeats in permutations(scales, 2)
        if least[repeats] == 1 and 2 < table.features[repeats].max() < least[distinct] / LARGER
    ]
    return tuple(sorted(found, key=lambda pair: -least[pair[0]]))


def _has_optimum(table: Table, name: str, scales: Sequence[str]) -> bool:
    """Whether, with everything else equal, the target usually has its smallest or largest value strictly inside."""
    if len(table.features) < 2:
        return False
    found = _optimum_in_slices(table, name)
    return _optimum_of_parabola(table, name, scales) if found is None else found


def _optimum_in_slices(table: Table, name: str) -> bool | None:
    """None where the design has too few slices along the column."""
    others = [column for other, column in table.features.items() if other != name]
    keys = np.stack([*(np.round(np.log(np.abs(c) + 1e-300), 2) for c in others), table.codes], axis=1)
    _, slice_of = np.unique(keys, axis=0, return_inverse=True)
    slice_of = slice_of.reshape(-1)
    target = next(iter(table.targets.values()))
    inside = {"low": 0, "high": 0}
    total = 0
    for one in np.flatnonzero(np.bincount(slice_of) >= 4):
        rows = np.flatnonzero(slice_of == one)
        levels, level_of = np.unique(table.features[name][rows], return_inverse=True)
        means = np.bincount(level_of, target[rows]) / np.bincount(level_of)
        if len(levels) < 4:
            continue
        total += 1
        ends = np.array([means[0], means[-1]])
        inside["low"] += bool(np.all(ends - means.min() > RIM * np.ptp(means)))
        inside["high"] += bool(np.all(means.max() - ends > RIM * np.ptp(means)))
    return None if total < SLICES else max(inside.values()) > 0.5 * total


def _optimum_of_parabola(table: Table, name: str, scales: Sequence[str]) -> bool:
    """Whether a quadratic in the logarithms of the scale columns, fitted to all rows, turns inside the column's range
    and explains most of what is left when the column is not looked at."""
    if table.features[name].min() <= 0:
        return False
    columns, uses = log_quadratic(table, scales)
    place = scales.index(name)
    beside = columns[:, ~uses[place]]
    target = _first_target(table)
    if len(target) < 2 * columns.shape[1]:
        return False
    solution = np.linalg.lstsq(columns, target, rcond=None)[0]
    slope, bend = solution[place], solution[place + len(scales)]
    explained = 1 - unexplained(columns, target) / np.maximum(unexplained(beside, target), 1e-300)
    turn = -slope / (2 * bend) if bend else np.inf
    own = np.log(table.features[name])
    low, high = np.quantile(own - own.mean(), [0.15, 0.85])
    return bool(explained > CLEAR and low < turn < high)


def _rising(table: Table, scales: Sequence[str]) -> frozenset[str]:
    """The scale columns whose coefficient is positive where their logarithms explain the first target linearly."""
    if not scales:
        return frozenset()
    columns, _ = log_quadratic(table, scales)
    slopes = np.linalg.lstsq(columns[:, : len(scales)], _first_target(table), rcond=None)[0]
    return frozenset(name for name, slope in zip(scales, slopes, strict=True) if slope > 0)


def _leading(table: Table, scales: Sequence[str]) -> tuple[str, ...]:
    """At most `LEADING` scale columns, in the table's order: the others explain least, taken away one by one."""
    kept, target = list(scales), _first_target(table)
    while len(kept) > LEADING:
        columns, uses = log_quadratic(table, kept)
        without = [float(unexplained(columns[:, ~uses[k]], target)) for k in range(len(kept))]
        del kept[int(np.argmin(without))]
    return tuple(kept)


def _first_target(table: Table) -> Array:
    """The first target less its mean in each group."""
    return table.within_groups(next(iter(table.targets.values()))[:, None])[:, 0]


def log_quadratic(table: Table, scales: Sequence[str]) -> tuple[Array, NDArray[np.bool_]]:
    """Columns (n, C) of a quadratic in centred logarithms, less their means in each group: first each, then their
    squares and products; and which columns use which scale (S, C)."""
    logs = []
    for name in scales:
        column = table.features[name]
        log = np.log(column + _smallest(column) * (column.min() <= 0))
        logs.append(log - log.mean())
    count = len(scales)
    pairs = [(k, k) for k in range(count)] + list(combinations(range(count), 2))
    columns = table.within_groups(np.column_stack([*logs, *(logs[a] * logs[b] for a, b in pairs)]))
    uses = np.zeros((count, columns.shape[1]), dtype=bool)
    for place, pair in enumerate([*((k, k) for k in range(count)), *pairs]):
        uses[list(pair), place] = True
    return columns, uses


AS_ONE = 5.0  # F statistic up to which two features tell no more than their product or ratio …
EXPLAINED = 0.9  # … where a quadratic in all logarithms explains at least this share of the variance


def profiles(table: Table) -> tuple[Profile, ...]:
    """What is known of the table, and of the same table looked at otherwise where the data suggest it: with what
    fractions near one leave of it in their places (the density of a sparse model, the failures beside the successes),
    with the product or the ratio of two features in theirs (a symmetry: compute, tokens per parameter), with
    temperatures in kelvins, and with amounts that begin at zero and go on by ratios (0, 1, 2, 4, 8 shots) as scales."""
    return profile(table), *_with_rests(table), *_with_merged(table), *_in_kelvins(table), *_with_amounts(table)


def _in_kelvins(table: Table) -> list[Profile]:
    found = {name: kelvins(name, column) for name, column in table.features.items()}
    known = {name: one for name, one in found.items() if one is not None}
    if not known:
        return []
    columns = {name: size * (table.features[name] - zero) for name, (size, zero) in known.items()}
    turned = profile(replace(table, features={**table.features, **columns}), columns)
    stands = {}
    for name, (size, zero) in known.items():
        unit = turned.unit[name] / size
        node = add(Feature(name, unit), Number(float(f"{-zero / unit:.15g}")))
        stands[name] = Combination(f"{name} in kelvins", node, shifted=True)
    return [replace(turned, stands_for=stands)]


def _with_amounts(table: Table) -> list[Profile]:
    signed = [name for name, kind in profile(table).kinds.items() if kind is ColumnKind.SIGNED]
    amounts = {name for name in signed if is_by_ratios_from_zero(table.features[name], AMOUNT_RATIO)}
    return [profile(table, amounts)] if amounts else []


def _with_rests(table: Table) -> list[Profile]:
    shares = simplex_columns(table)
    rests = {
        name: 1 - column
        for name, column in table.features.items()
        if name not in (*shares, *table.categories) and is_fraction(column)
    }
    rests = {name: rest for name, rest in rests.items() if kind_of(rest, False, REST_RATIO) is ColumnKind.SCALE}
    if not rests:
        return []
    turned = profile(replace(table, features={**table.features, **rests}))
    stands = {name: Combination(f"1 - {name}", add(ONE, neg(Feature(name)))) for name in rests}
    return [replace(turned, unit={**turned.unit, **dict.fromkeys(rests, 1.0)}, stands_for=stands)]


def _with_merged(table: Table) -> list[Profile]:
    """One profile for every pair of scale columns that the targets depend on through their product or ratio alone: a
    quadratic in the logarithms then explains as much with that in their place, and less without it, by F tests of
    nested models."""
    whole = profile(table)
    scales = [name for name in whole.of(ColumnKind.SCALE) if name not in whole.zeros]
    if len(scales) < 2:
        return []
    rows = apart(table)
    model = WithinGroups(rows, log_quadratic(rows, scales)[0])
    if model.freedom < model.columns.shape[1] or np.any(model.left >= (1 - EXPLAINED) * model.total):
        return []
    found = []
    for (one, two), sign in product(combinations(scales, 2), (1, -1)):
        columns = {name: column for name, column in table.features.items() if name != two}
        columns[one] = table.features[one] * table.features[two] ** sign
        turned = replace(table, features=columns)
        names = [name for name in scales if name != two]
        fewer, uses = log_quadratic(apart(turned), names)
        without = fewer[:, ~uses[names.index(one)]]
        if np.all(model.lost(fewer) <= AS_ONE) and np.any(model.lost(without) > AS_ONE):
            own = profile(turned)
            unit = {**own.unit, one: whole.unit[one] * whole.unit[two] ** sign}
            other = power(Feature(two, whole.unit[two]), Number(float(sign)))
            title = f"{one} {'*' if sign > 0 else '/'} {two}"
            stands = {one: Combination(title, mul(Feature(one, whole.unit[one]), other))}
            found.append(replace(own, unit=unit, stands_for=stands))
    return found
