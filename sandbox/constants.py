"""The constants of a fitted law: one row of values per group."""

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
