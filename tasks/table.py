"""Validated rows: immutable columns of float64, and the group of each row."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lawsmith.tasks.arrays import Array, IntArray

_T = TypeVar("_T")
_Others = ParamSpec("_Others")


def kept_with_table(
    function: Callable[Concatenate["Table", _Others], _T],
) -> Callable[Concatenate["Table", _Others], _T]:
    """Computes what depends on a table, and hashable arguments, once. It is kept for as long as the table is."""

    @wraps(function)
    def known(table: "Table", /, *others: _Others.args, **named: _Others.kwargs) -> _T:
        kept: dict[Any, _T] = table.__dict__.setdefault("_kept", {})
        key = (function, others, *named.items())
        if key not in kept:
            kept[key] = function(table, *others, **named)
        return kept[key]

    return known


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a task; every array is copied on construction and read-only.

    features: name -> (n,) in schema order. targets: name -> (n,), empty when withheld.
    groups: every group name of the task, sorted; `take` keeps all of them, so that codes of
    different selections stay comparable. codes: (n,) index of each row's group in `groups`. weight: (n,) how much each
    row counts, 1 / sigma² or a number of measurements; None where all count alike. Only ratios matter. categories:
    features whose values are codes of labels, so that no order and nothing beyond them means anything. numbers: (n,)
    the row of the file that each is, counted from 1; None where these are the first n.

    Raises ValueError for columns of different lengths, a code outside `groups`, or a weight that is not positive.
    """

    features: Mapping[str, Array]
    targets: Mapping[str, Array]
    groups: tuple[str, ...]
    codes: IntArray
    weight: Array | None = None
    categories: tuple[str, ...] = ()
    numbers: IntArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", _frozen(self.features))
        object.__setattr__(self, "targets", _frozen(self.targets))
        object.__setattr__(self, "codes", _read_only(np.array(self.codes, dtype=np.intp)))
        if self.weight is not None:
            object.__setattr__(self, "weight", _read_only(np.array(self.weight, dtype=np.float64)))
            if not (np.isfinite(self.weight).all() and (self.weight > 0).all()):
                raise ValueError("every weight must be positive and finite")
        if self.numbers is not None:
            object.__setattr__(self, "numbers", _read_only(np.array(self.numbers, dtype=np.intp)))
        measures = [column for column in (self.weight, self.numbers) if column is not None]
        shapes = {column.shape for column in (*self.features.values(), *self.targets.values(), self.codes, *measures)}
        if shapes != {(len(self.codes),)}:
            raise ValueError(f"columns of one table must have one length, not shapes {sorted(shapes)}")
        if len(self.codes) and not 0 <= self.codes.min() <= self.codes.max() < len(self.groups):
            raise ValueError("a group code lies outside the table's groups")

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"<Table of {len(self)} rows: {', '.join((*self.features, *self.targets))}>"

    def __reduce__(self) -> tuple[Any, ...]:
        columns = dict(self.features), dict(self.targets)
        return Table, (*columns, self.groups, self.codes, self.weight, self.categories, self.numbers)

    def take(self, index: IntArray | NDArray[np.bool_]) -> "Table":
        """The rows at `index` (positions, or a mask of shape (n,)), in that order, with all groups kept."""
        return Table(
            {name: column[index] for name, column in self.features.items()},
            {name: column[index] for name, column in self.targets.items()},
            self.groups,
            self.codes[index],
            None if self.weight is None else self.weight[index],
            self.categories,
            self.row_numbers[index],
        )

    @property
    def row_numbers(self) -> IntArray:
        """The row of the file that each row (n,) is, counted from 1."""
        return np.arange(1, len(self) + 1) if self.numbers is None else self.numbers

    @property
    def weights(self) -> Array:
        """How much each row counts (n,), with a mean of 1."""
        if self.weight is None or not len(self):
            return np.ones(len(self))
        return np.asarray(self.weight / self.weight.mean())

    def with_rows(self, matrix: Array, codes: Sequence[int] | IntArray) -> "Table":
        """Other rows (n, F) of the groups with these codes (n,), without targets."""
        return Table(dict(zip(self.features, matrix.T, strict=True)), {}, self.groups, np.asarray(codes, np.intp))

    def hide(self) -> "Table":
        """The same rows without their targets."""
        return Table(self.features, {}, self.groups, self.codes, self.weight, self.categories, self.numbers)

    def matrix(self) -> Array:
        """Features as (n, F), in schema order."""
        return _stack(self.features, len(self))

    def target_matrix(self) -> Array:
        """Targets as (n, T), in schema order; T is 0 when they are withheld."""
        return _stack(self.targets, len(self))

    @property
    def spread(self) -> Array:
        """Standard deviation (T,) of each target; 1 for one that does not vary."""
        found = self.target_matrix().std(axis=0)
        return np.where(found > 0, found, 1.0)

    def within_groups(self, columns: Array) -> Array:
        """Columns (n, C) less their means in each group."""
        counts = np.maximum(np.bincount(self.codes), 1)
        sums = [np.bincount(self.codes, column) for column in columns.T]
        means = np.reshape(sums, (-1, len(counts))).T / counts[:, None]
        return np.asarray(columns - means[self.codes])

    def digest(self) -> str:
        """SHA-256 of the content: names, groups, exact values and weights; the same from CSV as from Parquet."""
        head = [list(self.features), list(self.targets), list(self.groups), len(self)]
        state = hashlib.sha256(json.dumps(head).encode())
        for column in (*self.features.values(), *self.targets.values()):
            state.update(column.astype("<f8").tobytes())
        state.update(self.codes.astype("<i8").tobytes())
        if self.weight is not None:
            state.update(b"weight" + self.weight.astype("<f8").tobytes())
        return state.hexdigest()


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _frozen(columns: Mapping[str, ArrayLike]) -> Mapping[str, Array]:
    copies = {name: _read_only(np.array(values, dtype=np.float64)) for name, values in columns.items()}
    return MappingProxyType(copies)


def _stack(columns: Mapping[str, Array], rows: int) -> Array:
    return np.column_stack(list(columns.values())) if columns else np.empty((rows, 0))
