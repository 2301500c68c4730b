"""The constants of a fitted law, one row of values per group, and how many of their digits the rows can tell.

All other digits are taken off before anything is scored. The standard error of a constant that nothing else resembles
is about the law's own error over the root of the number of rows, as a share of the constant. Constants keep GUARD more
digits, for those that the law multiplies up or takes off each other. A constant then holds little more than what was
measured, whoever fitted it: the bits of a float have no room for a table of targets. What fits without an error keeps
all digits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.table import Table


@dataclass(frozen=True, eq=False)
class Constants:
    """names: K parameter names in the candidate's order. groups: G group names in the table's order.

    values: (G, K), read-only; a shared parameter repeats its value in every row, a row of NaN is a group
    that was not fitted. Raises ValueError when the shape does not match the names and groups.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: Array

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.shape != (len(self.groups), len(self.names)):
            raise ValueError(f"constants have shape {values.shape}, not {len(self.groups), len(self.names)}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def free(self) -> int:
        """How many numbers the fit chose: a constant with one value in all fitted groups is one number, however many
        groups there are; any other is one for each fitted group."""
        fitted = self.values[~np.isnan(self.values).any(axis=1)]
        common = (fitted == fitted[:1]).all(axis=0)
        return int(common.sum() + len(fitted) * (~common).sum())

    def of(self, group: str) -> dict[str, float]:
        """The constants of one group; raises KeyError for a group that is not there."""
        if group not in self.groups:
            raise KeyError(f"no constants for group {group!r}")
        return dict(zip(self.names, self.values[self.groups.index(group)].tolist(), strict=True))

    def by_row(self, table: Table) -> dict[str, Array]:
        """Name -> the value (n,) for each row of a table; NaN in a group without constants."""
        return dict(zip(self.names, self.reorder(table.groups).values[table.codes].T, strict=True))

    def by_group(self) -> dict[str, dict[str, float]]:
        """Group -> name -> value."""
        return {group: self.of(group) for group in self.groups}

    def named(self, names: Sequence[str]) -> "Constants":
        """The same constants in the order of `names`, which are all of theirs; raises ValueError for others."""
        if set(names) != set(self.names):
            raise ValueError(f"the constants are {self.names}, not {tuple(names)}")
        places = [self.names.index(name) for name in names]
        return Constants(tuple(names), self.groups, self.values[:, places])

    def reorder(self, groups: Sequence[str]) -> "Constants":
        """The same constants with rows in the order of `groups`; a group without constants gets NaN."""
        rows = dict(zip(self.groups, self.values, strict=True))
        missing = np.full(len(self.names), np.nan)
        values = np.array([rows.get(group, missing) for group in groups]).reshape(len(groups), len(self.names))
        return Constants(self.names, tuple(groups), values)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; floats round-trip exactly and a group that was not fitted is null."""
        rows = [None if np.isnan(row).any() else row.tolist() for row in self.values]
        return {"names": list(self.names), "values": dict(zip(self.groups, rows, strict=True))}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The inverse of `to_json`; raises KeyError, TypeError or ValueError for anything else."""
        names = tuple(data["names"])
        rows = [[np.nan] * len(names) if row is None else row for row in data["values"].values()]
        values = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
        return cls(names, tuple(data["values"]), values)


GUARD = 5  # digits beyond what the rows tell, so that predictions do not notice
MOST = 16  # digits that tell two floats apart, nearly always; with as many nothing is rounded


def significant_digits(table: Table, predicted: Array) -> int:
    """How many digits the constants keep that give `predicted` (n, T) for the rows of `table`; MOST means all."""
    measured, weight = table.target_matrix(), table.weights[:, None]
    with np.errstate(all="ignore"):
        left = np.sum(weight * (measured - predicted) ** 2, axis=0)
        size = np.sum(weight * measured**2, axis=0)
        share = math.sqrt(float(np.min(left / size))) if len(table) else math.nan
    if not 0 < share < math.inf:
        return MOST
    return min(MOST, math.ceil(math.log10(math.sqrt(len(table)) / min(share, 1.0))) + GUARD)


def rounded(values: Array, digits: int) -> Array:
    """The values, of any shape, to so many significant digits; not a number stays what it is."""
    if digits >= MOST:
        return values
    flat = [float(f"{value:.{digits - 1}e}") for value in np.ravel(values).tolist()]
    return np.array(flat, dtype=np.float64).reshape(np.shape(values))


def told(constants: Constants, table: Table, predicted: Array) -> Constants:
    """The constants of a fit to `table`, of which `predicted` (n, T) are the predictions there."""
    return Constants(constants.names, constants.groups, rounded(constants.values, significant_digits(table, predicted)))
