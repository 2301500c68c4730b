"""What in a table that can be read may not be meant: codes for missing values, and labels that differ in case alone."""

from collections.abc import Iterable

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.errors import listing
from lawsmith.tasks.table import Table

CODES = (-9.0, -99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0, 999999.0, 1e20, 1e30)
"""Numbers that programs write where nothing was measured."""
FAR = 3.0  # ranges of all other values by which such a number lies outside them
REPEATED = 2  # rows of -1 among positive values that are told
FEWEST = 5  # other values that show where the column lies
MOST_SHARE = 0.5  # of the rows that are said to be missing


def suspicions(table: Table, categories: Iterable[tuple[str, ...]] = ()) -> tuple[str, ...]:
    """A sentence for each column with a code for missing values, and for labels that differ in case alone: groups, or
    the levels of `categories`."""
    said = []
    for name, values in (*table.targets.items(), *table.features.items()):
        for code, others in _codes(values):
            count = len(values) - len(others)
            where = "1 row" if count == 1 else f"{count} rows"
            said.append(
                f"{name} is {code:g} in {where} and between {others.min():g} and {others.max():g} in all others; "
                "where that stands for a missing value, empty the cells."
            )
    return (*said, *_alike(table.groups), *(sentence for levels in categories for sentence in _alike(levels, "labels")))


def _codes(values: Array) -> Iterable[tuple[float, Array]]:
    """Each code for missing values that a column (n,) holds, with the values of all other rows."""
    for code in CODES:
        others = values[values != code]
        if not (1 - MOST_SHARE) * len(values) <= len(others) < len(values) or len(others) < FEWEST:
            continue
        away = np.max([others.min() - code, code - others.max()])
        if away > FAR * np.ptp(others):
            yield code, others
    others = values[values != -1]
    count = len(values) - len(others)
    few = REPEATED <= count <= MOST_SHARE * len(values) and len(others) >= FEWEST
    if few and others.min() > 0 and len(np.unique(others)) > MOST_SHARE * len(others):  # measured, no settings
        yield -1.0, others


def _alike(groups: tuple[str, ...], noun: str = "groups") -> tuple[str, ...]:
    same: dict[str, list[str]] = {}
    for group in groups:
        same.setdefault(group.casefold(), []).append(group)
    return tuple(
        f"The {noun} {listing(names)} differ in case alone and are taken as {len(names)} {noun}."
        for names in same.values()
        if len(names) > 1
    )
