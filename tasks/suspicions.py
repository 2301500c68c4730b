"""Warnings about values that may be mistakes: codes for missing values, values cut off, rows in another unit, and
labels that differ in case alone."""

from collections.abc import Iterable

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray, is_logarithmic
from lawsmith.tasks.errors import counted, listing
from lawsmith.tasks.noise import ladder_noise, rounding, rung
from lawsmith.tasks.table import Table

CODES = (*(-float("9" * digits) / size for digits in range(1, 6) for size in (1, 10, 100) if digits > 1 or size == 1),)
CODES += (999.0, 9999.0, 99999.0, 999999.0, 999.9, -999.25, -32768.0, 32767.0, 65535.0)
CODES += (1e20, 1e30, -1e34, 1e36, 9.96921e36, -3.402823e38, 3.402823e38)
"""Numbers that programs write where nothing was measured, or where a converter is at its end."""
SAME = 1e-6  # of a code, by which its digits in a file may be cut
FAR = 3.0  # ranges of all other values by which such a number lies outside them; 1 where it alone is negative
REPEATED = 2  # rows of -1 among positive values that are told; one among values over decades
FEWEST = 5  # other values that show where the column lies
MOST_SHARE = 0.5  # of the rows that are said to be missing
AT_END, FEW_TWICE = 3, 0.8  # rows with the largest value, and share of different values below it, of a scale that ends
DIGITS = 20.0  # standard deviations of rounding below it that are free
APART, WIDER = 100.0, 1.2  # factor between the few rows of another unit and all others, and times their own range
FEW = 0.2  # share of the rows that may be in another unit


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
        if (
            not codes
            and len(far)
            and not any(np.array_equal(np.flatnonzero(one == 0), far) for one in table.features.values())
        ):  # blanks
            numbers = [str(number) for number in table.row_numbers[far]]
            rows = f"row {numbers[0]}" if len(far) == 1 else f"rows {listing(numbers, 8)}"
            others = np.delete(values, far)
            said.append(
                f"{name} is {values[far[0]]:g} in {rows} and between {others.min():g} and {others.max():g} in all "
                "others. If that row is in another unit, write all rows in one unit."
                if len(far) == 1
                else f"{name} is between {values[far].min():g} and {values[far].max():g} in {rows}, and between "
                f"{others.min():g} and {others.max():g} in all others. If the units differ, write all rows in one unit."
            )
    said += _tried(table)
    return (*said, *_alike(table.groups), *(sentence for levels in categories for sentence in _alike(levels, "labels")))


def _at_its_end(name: str, values: Array) -> Iterable[str]:
    """A sentence where the largest value of a column (n,) stands in several rows, and far above all others."""
    top = values.max()
    below = np.unique(values[values < top])
    count = int(np.sum(values == top))
    several = count >= AT_END and len(below) >= FEWEST and len(below) > FEW_TWICE * (len(values) - count)
    if several and top - below[-1] > DIGITS * rounding(values).max() and top not in (1.0, 100.0):
        yield (
            f"{name} is {top:g}, its largest value, in {count} rows. If a limit cut it off there, leave these rows out."
        )


def _tried(table: Table) -> Iterable[str]:
    """A sentence for each target that takes only values that were tried, as the best of a sweep does."""
    for (name, values), noise in zip(table.targets.items(), ladder_noise(table), strict=True):
        if noise:
            yield (
                f"{name} takes only {len(np.unique(values))} values, about {np.exp(rung(values)):.2g} times one "
                "another, as the best of a sweep does: each counts as known to half a step."
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
    if count > MOST_SHARE * len(values) or len(others) < FEWEST or others.min() <= 0:
        return
    wide, measured = is_logarithmic(others), len(np.unique(others)) > MOST_SHARE * len(others)  # no settings
    if count >= (1 if wide else REPEATED) and (wide or measured):
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
    return np.sort(few) if apart else np.empty(0, dtype=np.intp)


def _alike(groups: tuple[str, ...], noun: str = "groups") -> tuple[str, ...]:
    same: dict[str, list[str]] = {}
    for group in groups:
        same.setdefault(group.casefold(), []).append(group)
    return tuple(
        f"The {noun} {listing(names)} differ only in case; they count as {len(names)} {noun}."
        for names in same.values()
        if len(names) > 1
    )
