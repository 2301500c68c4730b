"""Warnings about values that may be mistakes: codes for missing values, settings that stand alone in a plan, and labels
that differ in case alone."""

from collections.abc import Iterable
from itertools import combinations_with_replacement

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.errors import counted, listing
from lawsmith.tasks.noise import rounding
from lawsmith.tasks.table import Table

CODES = (*(-float("9" * digits) / size for digits in range(1, 6) for size in (1, 10, 100) if digits > 1 or size == 1),)
CODES += (999.0, 9999.0, 99999.0, 999999.0, 999.9, -999.25, -32768.0, 32767.0, 65535.0)
CODES += (1e20, 1e30, -1e34, 1e36, 9.96921e36, -3.402823e38, 3.402823e38)
"""Numbers that programs write where nothing was measured, or where a converter is at its end."""
SAME = 1e-6  # of a code, by which its digits in a file may be cut
FAR = 3.0  # ranges of all other values by which such a number lies outside them; 1 where it alone is negative
REPEATED = 2  # rows of -1 among positive values that are told
FEWEST = 5  # other values that show where the column lies
MOST_SHARE = 0.5  # of the rows that are said to be missing
AT_END, FEW_TWICE = 3, 0.8  # rows with the largest value, and share of different values below it, of a scale that ends
DIGITS = 20.0  # standard deviations of rounding below it that are free
PLANNED = 2  # other values of a setting that show in how many rows each was to stand
APART, WIDER = 100.0, 1.2  # factor between the few rows of another unit and all others, and times their own range
FEW = 0.2  # share of the rows that may be in another unit
SLIPS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)  # factors of a slipped point …
WIDER_GAP = 1.5  # … in a value farther from the next than these from each other by so many times
NEAR, SMOOTH = 3.0, 0.1  # errors of a smooth surface within which a row is met, and those of their spread it may have
ROWS_PER_TERM, MOST_BESIDE = 2, 4  # of such a surface, and features beside one
SCALES = (1e2, 1e3, 1e6, 1e9, 1e12)  # by which two units differ, where more of the rows may be in one of them


def suspicions(table: Table, categories: Iterable[tuple[str, ...]] = ()) -> tuple[str, ...]:
    """A sentence for each column with a code for missing values, and for labels that differ in case alone: groups, or
    the levels of `categories`."""
    said: list[str] = []
    for name, values in (*table.targets.items(), *table.features.items()):
        codes = list(_codes(values))
        if name in table.targets and not codes:
            said += _at_its_end(name, values)
        for code, others in codes:
            count = len(values) - len(others)
            where = counted(count, "row")
            said.append(
                f"{name} is {code:g} in {where} and between {others.min():g} and {others.max():g} in all others. "
                f"If {code:g} stands for a missing value, empty these cells."
            )
        far = _in_another_unit(values)
        if not codes and len(far) and not _are_blanks(table, name, far):
            rows = f"row {far[0] + 1}" if len(far) == 1 else f"rows {listing([str(row + 1) for row in far], 8)}"
            others = np.delete(values, far)
            said.append(
                f"{name} is {values[far[0]]:g} in {rows} and between {others.min():g} and {others.max():g} in all "
                "others. If that row is in another unit, write all rows in one unit."
                if len(far) == 1
                else f"{name} is between {values[far].min():g} and {values[far].max():g} in {rows}, and between "
                f"{others.min():g} and {others.max():g} in all others. If the units differ, write all rows in one unit."
            )
    said += [sentence for name, values in table.features.items() for sentence in _off_the_plan(name, values)]
    if len(np.unique(table.codes)) == 1 and not said:
        said += [
            sentence
            for name in table.features
            for target in table.targets
            for sentence in _slipped(table, name, target)
        ]
    return (*said, *_alike(table.groups), *(sentence for levels in categories for sentence in _alike(levels, "labels")))


def _off_the_plan(name: str, values: Array) -> Iterable[str]:
    """A sentence where each value of a setting stands in as many rows, but for one alone and one that lacks a row."""
    levels, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    rows = counts.max()
    planned = np.sum(counts == rows) == len(levels) - 2 >= PLANNED and np.ptp(np.diff(levels)) > 0  # 0, 1, 2 … count
    if rows > 2 and planned and sorted(counts)[:2] == [1, rows - 1]:
        lone, lacking = int(np.argmin(counts)), int(np.flatnonzero(counts == rows - 1)[0])
        row = int(np.flatnonzero(place == lone)[0])
        yield (
            f"{name} is {levels[lone]:g} in row {row + 1} alone, while {levels[lacking]:g} stands in {rows - 1} rows "
            f"and each other value in {rows}. If that is a slip, correct it."
        )


def _at_its_end(name: str, values: Array) -> Iterable[str]:
    """A sentence where the largest value of a column (n,) stands in several rows, and far above all others."""
    top = values.max()
    below = np.unique(values[values < top])
    count = int(np.sum(values == top))
    several = count >= AT_END and len(below) >= FEWEST and len(below) > FEW_TWICE * (len(values) - count)
    if several and top - below[-1] > DIGITS * rounding(values).max() and top not in (1.0, 100.0):
        yield (
            f"{name} is {top:g}, its largest value, in {count} rows. If a detector was at its end there, leave these "
            "rows out."
        )


def _codes(values: Array) -> Iterable[tuple[float, Array]]:
    """Each code for missing values that a column (n,) holds, with the values of all other rows."""
    for code in CODES:
        others = values[~np.isclose(values, code, rtol=SAME, atol=0.0)]
        if not (1 - MOST_SHARE) * len(values) <= len(others) < len(values) or len(others) < FEWEST:
            continue
        away = np.max([others.min() - code, code - others.max()])
        if away > (1 if code < 0 <= others.min() else FAR) * np.ptp(others):
            yield code, others
    others = values[values != -1]
    count = len(values) - len(others)
    few = REPEATED <= count <= MOST_SHARE * len(values) and len(others) >= FEWEST
    if few and others.min() > 0 and len(np.unique(others)) > MOST_SHARE * len(others):  # measured, no settings
        yield -1.0, others


def _in_another_unit(values: Array) -> IntArray:
    """Positions of the few rows that a factor beyond the range of all others parts from them, of a positive column."""
    if values.min() <= 0 or len(values) < FEWEST:
        return np.empty(0, dtype=np.intp)
    order = np.argsort(values, kind="stable")
    logs = np.log(values[order])
    place = int(np.argmax(np.diff(logs))) + 1
    few, many = sorted((order[:place], order[place:]), key=len)
    gap, wide = logs[place] - logs[place - 1], float(np.ptp(np.log(values[many])))
    apart = gap > max(np.log(APART), WIDER * wide) and len(many) >= FEWEST and len(few) <= FEW * len(values)
    apart = apart and len(np.unique(values[many])) > 1
    return np.sort(few) if apart or _rescaled(values[few], values[many], gap) else np.empty(0, dtype=np.intp)


def _slipped(table: Table, name: str, target: str) -> Iterable[str]:
    """A sentence for a row whose value of a feature lies apart from all others, and whose target is what a smooth
    surface through the others has where the point stands elsewhere in that value, and not at their end."""
    x, y = table.features[name], table.targets[target]
    others = [column for other, column in table.features.items() if other not in (name, *table.categories)]
    if name in table.categories or x.min() <= 0 or len(others) > MOST_BESIDE:
        return
    order = np.argsort(x, kind="stable")
    for row, end, rest in ((order[-1], order[-2], order[:-1]), (order[0], order[1], order[1:])):
        gaps = np.diff(np.log(x[rest]))
        if not abs(np.log(x[row] / x[end])) > WIDER_GAP * gaps.max(initial=0.0) or np.sum(gaps > 0) < FEWEST:
            continue
        inside = [v for v in x[row] / np.array(SLIPS) if x[rest].min() < v < x[rest].max()]
        there = np.stack([[*inside, x[end]], *(np.full(len(inside) + 1, column[row]) for column in others)])
        known = np.stack([x[rest], *(column[rest] for column in others)])
        views = [_surface(view(known), y[rest], view(there)) for view in (np.array, _logs)]
        expected, error = min(views, key=lambda view: view[1])
        for value, meant in zip(inside, expected[:-1], strict=True):
            near = abs(y[row] - meant) < NEAR * error < SMOOTH * NEAR * np.std(y[rest])
            if near and abs(y[row] - expected[-1]) > 2 * NEAR * error:
                yield (
                    f"{name} is {x[row]:g} in row {row + 1} and between {x[rest].min():g} and {x[rest].max():g} in all "
                    f"others, but {target} there fits {name} = {value:g}. If the decimal point slipped, correct it."
                )


def _logs(columns: Array) -> Array:
    """The logarithms of columns (D, n) of positive numbers, and the others as they are."""
    positive = columns.min(axis=1, keepdims=True) > 0
    return np.where(positive, np.log(np.where(positive, columns, 1.0)), columns)


def _surface(axes: Array, values: Array, at: Array) -> tuple[Array, float]:
    """What a quadratic surface over axes (D, n), a cubic curve over one, through values (n,) has at points (D, m), and
    the typical error at rows that are left out; infinite for too few rows."""
    middle, size = axes.mean(axis=1, keepdims=True), np.maximum(np.std(axes, axis=1, keepdims=True), 1e-300)
    terms = [
        t
        for degree in range(4 if len(axes) == 1 else 3)
        for t in combinations_with_replacement(range(len(axes)), degree)
    ]
    if len(values) < ROWS_PER_TERM * len(terms):
        return np.full(at.shape[1], np.nan), np.inf
    one, two = (
        np.stack([np.prod(scaled[list(t)], axis=0) for t in terms], axis=1)
        for scaled in ((axes - middle) / size, (at - middle) / size)
    )
    inverse = np.linalg.pinv(one)
    left = (values - one @ (inverse @ values)) / np.maximum(1 - np.einsum("ij,ji->i", one, inverse), 1e-3)
    return two @ (inverse @ values), float(np.sqrt(np.mean(left**2)))


def _are_blanks(table: Table, name: str, far: IntArray) -> bool:
    """Whether rows of a target are those in which some feature alone is 0: blanks, which are small."""
    zeros = (np.flatnonzero(values == 0) for values in table.features.values())
    return name in table.targets and any(np.array_equal(rows, far) for rows in zeros)


def _rescaled(few: Array, many: Array, gap: float) -> bool:
    """Whether two parts of a column, each of several values, are about the same once one is in another unit."""
    if len(few) < FEWEST or len(np.unique(few)) < 3 or gap < WIDER * max(np.ptp(np.log(few)), np.ptp(np.log(many))):
        return False
    apart = abs(np.mean(np.log(few)) - np.mean(np.log(many)))
    return bool(np.min(np.abs(apart - np.log(SCALES))) < 0.5 * np.ptp(np.log(many)))


def _alike(groups: tuple[str, ...], noun: str = "groups") -> tuple[str, ...]:
    same: dict[str, list[str]] = {}
    for group in groups:
        same.setdefault(group.casefold(), []).append(group)
    return tuple(
        f"The {noun} {listing(names)} differ only in case; they count as {len(names)} {noun}."
        for names in same.values()
        if len(names) > 1
    )
