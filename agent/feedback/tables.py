"""Training rows as text tables of bounded size: means over ranges, a design's grid, slices, and small plots."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from lawsmith.agent.client.text import clip, number
from lawsmith.tasks import Table
from lawsmith.tasks.arrays import Array, Mask
from lawsmith.tasks.errors import InputError, listing

FEW_LEVELS = 10  # of a feature that is shown level by level
GRID_LEVELS = 14  # of each of the two features of a grid
GRID_FILLED = 0.5  # share of a grid's places that must hold rows
FRONTIER = 0.1  # share of the rows in the last range, where extrapolation starts
MAX_GROUPS = 12  # of an answer to a model; it may ask for others
MAX_FEATURES, MAX_TARGETS = 8, 3  # of one answer, and of a diagnosis
MAX_ROWS = 60  # of one answer
RANGES = 6  # that a column is divided into where nothing else is asked for
MAX_COLUMNS = 24  # as in a description
BAR = 24  # characters of the longest bar of a plot


Parts = Sequence[tuple[str, Mask]]
"""Parts of the rows: in words, and which rows (n,) they are."""


def bins(values: Array, count: int = RANGES) -> Parts:
    """Values (n,) level by level where levels are few, else about `count` ranges of equally many, the last narrower."""
    if len(np.unique(values)) <= max(count, FEW_LEVELS):
        return _levels(values)
    edges = np.quantile(values, [*np.linspace(0, 1 - FRONTIER, count)[1:]], method="lower")
    edges = np.unique(edges[edges < values.max()])
    place = np.searchsorted(edges, values, side="left")
    ends = [(values[part].min(), values[part].max(), part) for part in (place == k for k in range(len(edges) + 1))]
    return [(f"{number(low, 3)}…{number(high, 3)}", part) for low, high, part in ends]


def _levels(values: Array) -> Parts:
    return [(number(level, 3), values == level) for level in np.unique(values)]


def data_table(table: Table, groups: int, count: int) -> list[str]:
    """The training rows in numbers: a grid where the design is one, else the means of each target over the ranges of
    each feature, by group. The last range of a feature is its frontier."""
    varying = {name: column for name, column in table.features.items() if len(np.unique(column)) > 1}
    return _grid(table, varying, groups) or _means(table, varying, groups, count)


def _listed_groups(table: Table, most: int) -> Parts:
    """The largest groups, and the rest together."""
    if len(np.unique(table.codes)) < 2:
        return [("", np.full(len(table), True))]
    counts = np.bincount(table.codes, minlength=len(table.groups))
    order = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    listed = [(clip(table.groups[code], 40), table.codes == code) for code in order[:most]]
    if len(order) > most:
        rest = np.isin(table.codes, order[most:])
        listed.append((f"{len(order) - most} other groups", rest))
    return listed


def _means(table: Table, varying: Mapping[str, Array], groups: int, count: int) -> list[str]:
    lines, listed = [], _listed_groups(table, groups)
    for target, y in list(table.targets.items())[:MAX_TARGETS]:
        for name, column in list(varying.items())[:MAX_FEATURES]:
            ranges = bins(column, count)
            lines.append(f"mean {target} by {name}: | {' | '.join(label for label, _ in ranges)} (frontier)")
            for group, mask in listed:
                cells = [y[mask & part] for _, part in ranges]
                means = (f"{_mean(cell)} ({len(cell)})" if len(cell) else "-" for cell in cells)
                lines.append(" | ".join([group or "all rows", *means]))
    return lines


def _mean(cell: Array) -> str:
    return number(float(cell.mean()), 4) if len(cell) else "-"


def _grid(table: Table, varying: Mapping[str, Array], groups: int) -> list[str]:
    """The design's grid of two features, by group: rows by the first, columns by the second; empty where it is none."""
    if len(varying) != 2:
        return []
    down, across = map(_levels, varying.values())
    places = np.unique(np.column_stack([*varying.values()]), axis=0)
    if max(len(down), len(across)) > GRID_LEVELS or len(places) < GRID_FILLED * len(down) * len(across):
        return []
    first, second = varying
    lines = []
    for target, y in list(table.targets.items())[:MAX_TARGETS]:
        for group, mask in _listed_groups(table, min(groups, 4)):
            whose = f"mean {target}{' of ' + group if group else ''}, {first} down, {second} across"
            lines.append(f"{whose}: | {' | '.join(label for label, _ in across)}")
            for label, row in down:
                lines.append(" | ".join([label, *(_mean(y[mask & row & column]) for _, column in across)]))
    return lines


@dataclass(frozen=True)
class Slice:
    """Which rows: `where` are conditions "COLUMN OP NUMBER" or "group = NAME"; `sort` a column ("-" descends)."""

    where: tuple[str, ...] = ()
    sort: str = ""
    limit: int = 30
    offset: int = 0


def rows_text(table: Table, wanted: Slice, extra: dict[str, Array] | None = None) -> str:
    """Training rows as a table with one line of column names. Raises InputError for an unknown column or condition."""
    columns = _columns(table) | (extra or {})
    mask = _mask(table, wanted.where, columns)
    order = np.flatnonzero(mask)
    if wanted.sort:
        name = wanted.sort.removeprefix("-")
        values = _column(columns, name)[order]
        order = order[np.argsort(-values if wanted.sort.startswith("-") else values, kind="stable")]
    most = max(1, min(wanted.limit, MAX_ROWS))
    chosen = order[wanted.offset : wanted.offset + most]
    shown = list(columns.items())[:MAX_COLUMNS]
    grouped = len(table.groups) > 1
    head = " | ".join([*(["group"] if grouped else []), *(name for name, _ in shown)])
    lines = [
        " | ".join(
            [
                *([clip(table.groups[table.codes[row]], 40)] if grouped else []),
                *(number(float(values[row]), 5) for _, values in shown),
            ]
        )
        for row in chosen
    ]
    return "\n".join([f"{len(order)} rows match, {len(chosen)} shown", head, *lines])


def aggregate_text(table: Table, wanted: Slice, by: Sequence[str]) -> str:
    """Means, deviations and numbers of rows of each target over the ranges of one or two columns (or of the group)."""
    columns = _columns(table)
    mask = _mask(table, wanted.where, columns)
    if not mask.any():
        return "0 rows match"
    parts = [*(_ranges(table, columns, name, RANGES) for name in by[:2]), [("all", mask)], [("", mask)]]
    lines = [" | ".join([*by[:2], "rows", *(f"mean {t} ± deviation" for t in table.targets)])]
    for labels, here in islice(_crossed(mask, *parts[:2]), MAX_ROWS):
        stats = [
            f"{number(float(y[here].mean()), 5)} ± {number(float(y[here].std()), 2)}" for y in table.targets.values()
        ]
        lines.append(" | ".join([*labels[: max(1, len(by))], str(int(here.sum())), *stats]))
    return "\n".join(lines)


def _crossed(mask: Mask, first: Parts, second: Parts) -> Iterator[tuple[tuple[str, str], Mask]]:
    """The rows of the mask in each two of the parts, where there are some."""
    for one, part in first:
        for other, rows in second if (mask & part).any() else ():
            if (here := mask & part & rows).any():
                yield (one, other), here


def plot_text(table: Table, x: str, y: str, where: tuple[str, ...] = (), by: str = "", count: int = 12) -> str:
    """A small plot in characters: mean of `y` over ranges of `x`, a bar for each, apart for each value of `by`."""
    columns = _columns(table)
    mask = _mask(table, where, columns)
    values = _column(columns, y)
    ranges = _ranges(table, columns, x, max(2, min(count, 20)))
    split = _ranges(table, columns, by, 4) if by else [("", mask)]
    if not mask.any():
        return "0 rows match"
    low, high = float(values[mask].min()), float(values[mask].max())
    lines = [f"mean {y} over {x}, bars from {number(low)} to {number(high)}"]
    for label, part in split[:6]:
        if by:
            lines.append(f"{by} {label}:")
        for name, rows in ranges:
            here = values[mask & part & rows]
            if len(here):
                length = round(BAR * (float(here.mean()) - low) / (high - low)) if high > low else 0
                lines.append(f"{name:>16} {number(float(here.mean()), 5):>10} ({len(here)}) {'#' * length}")
    return "\n".join(lines[:MAX_ROWS])


def _columns(table: Table) -> dict[str, Array]:
    return {**table.features, **table.targets}


def _column(columns: dict[str, Array], name: str) -> Array:
    if name not in columns:
        raise InputError(f"There is no column {clip(name, 60)!r}; the columns are {listing(list(columns), 12)}.")
    return columns[name]


def _ranges(table: Table, columns: dict[str, Array], name: str, count: int) -> Parts:
    if name == "group":
        return [(clip(group, 40), table.codes == code) for code, group in enumerate(table.groups)]
    return bins(_column(columns, name), count)


_COMPARE: dict[str, Callable[[Array, float], Mask]] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: np.isclose(a, b, rtol=1e-9, atol=0.0),
}


def _mask(table: Table, where: Sequence[str], columns: dict[str, Array]) -> Mask:
    mask = np.full(len(table), True)
    for condition in where[:12]:
        mask &= _condition(table, condition, columns)
    return mask


def _condition(table: Table, condition: str, columns: dict[str, Array]) -> Mask:
    sign = next((sign for sign in _COMPARE if sign in condition), None)
    if sign is None:
        raise InputError(f"{clip(condition, 80)!r} is not a condition; write 'N >= 1e9' or 'group = NAME'.")
    name, _, value = (part.strip() for part in condition.partition(sign))
    value = value.lstrip("= ")
    if name == "group":
        if value not in table.groups:
            known = listing([clip(group, 40) for group in table.groups], 8)
            raise InputError(f"There is no group {clip(value, 60)!r}; the groups are {known}.")
        equal = table.codes == table.groups.index(value)
        return np.asarray(~equal if sign == "!=" else equal)
    try:
        limit = float(value)
    except ValueError:
        raise InputError(f"{clip(value, 60)!r} in {clip(condition, 80)!r} is not a number.") from None
    return _COMPARE[sign](_column(columns, name), limit)
