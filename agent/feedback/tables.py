"""Training rows as text tables of bounded size: means over ranges, a design's grid, slices, and small plots."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lawsmith.agent.client.text import clip, number
from lawsmith.tasks import Table
from lawsmith.tasks.arrays import Array, IntArray, Mask
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


@dataclass(frozen=True)
class Bins:
    """Ranges of one feature: `labels` (B) in words, and each row's place in them (n,)."""

    labels: tuple[str, ...]
    place: IntArray


def bins(values: Array, count: int = RANGES) -> Bins:
    """Values (n,) level by level where levels are few, else about `count` ranges of equally many, the last narrower."""
    levels, place = np.unique(values, return_inverse=True)
    if len(levels) <= max(count, FEW_LEVELS):
        return Bins(tuple(number(level, 3) for level in levels), place.reshape(-1).astype(np.intp))
    edges = np.quantile(values, [*np.linspace(0, 1 - FRONTIER, count)[1:]], method="lower")
    edges = np.unique(edges[edges < values.max()])
    place = np.searchsorted(edges, values, side="left")
    labels = []
    for bin in range(len(edges) + 1):
        part = values[place == bin]
        labels.append(f"{number(part.min(), 3)}…{number(part.max(), 3)}" if len(part) else "")
    return Bins(tuple(labels), place.astype(np.intp))


def data_table(table: Table, groups: int, count: int) -> list[str]:
    """The training rows in numbers: a grid where the design is one, else the means of each target over the ranges of
    each feature, by group. The last range of a feature is its frontier."""
    grid = _grid(table, groups)
    return grid if grid is not None else _means(table, groups, count)


def _listed_groups(table: Table, most: int) -> list[tuple[str, Mask]]:
    """(name, mask) of the largest groups, and of the rest together."""
    if len(np.unique(table.codes)) < 2:
        return [("", np.full(len(table), True))]
    counts = np.bincount(table.codes, minlength=len(table.groups))
    order = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    listed = [(clip(table.groups[code], 40), table.codes == code) for code in order[:most]]
    if len(order) > most:
        rest = np.isin(table.codes, order[most:])
        listed.append((f"{len(order) - most} other groups", rest))
    return listed


def _means(table: Table, groups: int, count: int) -> list[str]:
    lines = []
    varying = [name for name, column in table.features.items() if len(np.unique(column)) > 1][:MAX_FEATURES]
    listed = _listed_groups(table, groups)
    for target in list(table.targets)[:MAX_TARGETS]:
        y = table.targets[target]
        for name in varying:
            ranges = bins(table.features[name], count)
            lines.append(f"mean {target} by {name}: | {' | '.join(ranges.labels)} (frontier)")
            for group, mask in listed:
                cells = [y[mask & (ranges.place == place)] for place in range(len(ranges.labels))]
                means = (f"{number(float(cell.mean()), 4)} ({len(cell)})" if len(cell) else "-" for cell in cells)
                lines.append(" | ".join([group or "all rows", *means]))
    return lines


def _grid(table: Table, groups: int) -> list[str] | None:
    """The design's grid of two features, by group: rows by the first, columns by the second."""
    varying = [name for name, column in table.features.items() if len(np.unique(column)) > 1]
    if len(varying) != 2:
        return None
    levels = [np.unique(table.features[name]) for name in varying]
    if max(map(len, levels)) > GRID_LEVELS or min(map(len, levels)) < 2:
        return None
    places = np.unique(np.column_stack([table.features[name] for name in varying]), axis=0)
    if len(places) < GRID_FILLED * len(levels[0]) * len(levels[1]):
        return None
    first, second = varying
    lines = []
    for target in list(table.targets)[:MAX_TARGETS]:
        for group, mask in _listed_groups(table, min(groups, 4)):
            lines.append(
                f"mean {target}{' of ' + group if group else ''}, {first} down, {second} across: | "
                + " | ".join(number(level, 3) for level in levels[1])
            )
            for low in levels[0]:
                cells = [
                    table.targets[target][mask & (table.features[first] == low) & (table.features[second] == high)]
                    for high in levels[1]
                ]
                means = (number(float(cell.mean()), 4) if len(cell) else "-" for cell in cells)
                lines.append(f"{number(low, 3)} | {' | '.join(means)}")
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
    parts = [_ranges(table, columns, name, RANGES) for name in by[:2]] or [
        Bins(("all",), np.zeros(len(table), dtype=np.intp))
    ]
    lines = [" | ".join([*by[:2], "rows", *(f"mean {t} ± deviation" for t in table.targets)])]
    code = parts[0].place * (len(parts[1].labels) if len(parts) > 1 else 1)
    code = code + (parts[1].place if len(parts) > 1 else 0)
    for value in np.unique(code[mask])[:MAX_ROWS]:
        here = mask & (code == value)
        row = int(np.flatnonzero(here)[0])
        labels = [part.labels[part.place[row]] for part in parts]
        stats = [
            f"{number(float(y[here].mean()), 5)} ± {number(float(y[here].std()), 2)}" for y in table.targets.values()
        ]
        lines.append(" | ".join([*labels, str(int(here.sum())), *stats]))
    return "\n".join(lines)


def plot_text(table: Table, x: str, y: str, where: tuple[str, ...] = (), by: str = "", count: int = 12) -> str:
    """A small plot in characters: mean of `y` over ranges of `x`, a bar for each, apart for each value of `by`."""
    columns = _columns(table)
    mask = _mask(table, where, columns)
    values = _column(columns, y)
    ranges = _ranges(table, columns, x, max(2, min(count, 20)))
    split = _ranges(table, columns, by, 4) if by else Bins(("",), np.zeros(len(table), dtype=np.intp))
    if not mask.any():
        return "0 rows match"
    low, high = float(values[mask].min()), float(values[mask].max())
    lines = [f"mean {y} over {x}, bars from {number(low)} to {number(high)}"]
    for part, label in enumerate(split.labels[:6]):
        if by:
            lines.append(f"{by} {label}:")
        for bin, name in enumerate(ranges.labels):
            here = values[mask & (split.place == part) & (ranges.place == bin)]
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


def _ranges(table: Table, columns: dict[str, Array], name: str, count: int) -> Bins:
    if name == "group":
        return Bins(tuple(clip(group, 40) for group in table.groups), table.codes)
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
