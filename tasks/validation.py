"""Turn a data frame into a `Table` once, at the edge; afterwards its values are trusted.

Refused: a column that is missing; text, NaN or infinity where a number belongs; a constant target;
a group with too few rows to determine its constants; an error that is not positive; in a test split, a
group or a category's level that training lacks. Reported only, because measurements are repeated: equal
features with different targets, rows that repeat others, test rows that also occur in training.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.errors import InputError, counted, listing, option
from lawsmith.tasks.numerals import is_bound, is_null, plain
from lawsmith.tasks.reading.formats import bound_names, require_columns
from lawsmith.tasks.roles.labels import two_clocks, units_of
from lawsmith.tasks.rows import data_rows
from lawsmith.tasks.schema import SINGLE_GROUP, Column, Schema
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Dataset, Provenance, Source, Task, content_digest

if TYPE_CHECKING:
    import pandas as pd

MIN_GROUP_ROWS = 2
"""Rows that a group needs when the task states no cap: one to fit a constant, one to check it."""
MIN_ROWS = 4
"""Rows that a whole training split needs to be fitted and checked."""


LARGEST = 1e150
"""Bound on the largest magnitude of a column, and on its inverse: no float holds the squares of what is beyond."""


@dataclass(frozen=True, eq=False)
class Split:
    """Raw rows, where they are from in words for messages, and their file if there is one.

    `labels` holds the cells as they were written, for groups and categories, where `frame` holds numbers already.
    """

    frame: "pd.DataFrame"
    where: str
    path: Path | None
    labels: "pd.DataFrame | None" = None


def dataset(schema: Schema, source: Source, train: Split, test: Split | None, notices: tuple[str, ...] = ()) -> Dataset:
    """Validate both splits and bind them to their provenance; raises InputError as the module says."""
    rows = train_table(train, schema)
    held_out = None if test is None else test_table(test, schema, rows)
    path = None if train.path is None else str(train.path)
    provenance = Provenance(source, content_digest(rows, held_out), path)
    return Dataset(Task(schema, rows, provenance), held_out, (*notices, *oddities(rows, held_out)))


def train_table(split: Split, schema: Schema) -> Table:
    """Validate a training split; raises InputError as the module says."""
    table = _table(split, schema, groups=None)
    if len(table) < MIN_ROWS:
        rows = counted(len(table), "row")
        raise InputError(f"{split.where} holds {rows}; lawsmith needs at least {MIN_ROWS} to fit and check a law.")
    _refuse_constant_targets(table, split.where)
    _refuse_small_groups(table, split.where)
    return table


def test_table(split: Split, schema: Schema, train: Table) -> Table:
    """Validate a test split against its training split; raises InputError as the module says."""
    table = _table(split, schema, groups=train.groups)
    _refuse_constant_targets(table, split.where, "; give other rows, or compare these with discover predict")
    return table


def oddities(train: Table, test: Table | None) -> tuple[str, ...]:
    """Sentences about what is allowed but worth knowing."""
    notes = []
    copies = len(train) - len(_distinct(train))
    if copies:
        told = "row repeats another" if copies == 1 else "rows repeat others"
        notes.append(f"{copies} training {told} exactly; lawsmith keeps such rows as repeated measurements.")
    if test is not None:
        leaked = len(_distinct(test) & _distinct(train))
        if leaked:
            told = "row is a training row, too" if leaked == 1 else "rows are training rows, too"
            notes.append(f"{leaked} test {told}, so the test score flatters the law.")
    return tuple(notes)


def numbers(frame: "pd.DataFrame", column: str, where: str, *, spare: bool = False) -> Array:
    """One column as float64 (n,); raises InputError naming the rows that hold text, nothing or infinity.

    spare: whether the column may be left out.
    """
    values = frame[column]
    if values.dtype.kind in "iufb":
        result = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        result = _parsed(values, column, where, f", or the column with --ignore {option(column)}" if spare else "")
    empty, infinite = np.flatnonzero(np.isnan(result)), np.flatnonzero(np.isinf(result))
    if len(empty):
        raise InputError(
            f"{where}: column {column!r} has no value in {data_rows(values, empty)}; fill the cells in, drop the rows, "
            "or give --drop-incomplete."
        )
    if len(infinite):
        raise InputError(
            f"{where}: column {column!r} holds infinity in {data_rows(values, infinite)}; write a number there, "
            "drop the rows, or give --drop-incomplete."
        )
    largest = np.abs(result).max(initial=0.0)
    if largest and not 1 / LARGEST < largest < LARGEST:
        raise InputError(f"{where}: column {column!r} reaches {largest:.1e}; write it in another unit.")
    return result


def _parsed(values: "pd.Series[str]", column: str, where: str, spare: str) -> Array:
    cells = [plain(value) for value in values.tolist()]
    bad = np.flatnonzero([cell is None for cell in cells])
    read = [isinstance(value, float) and value == value for value in values.tolist()]
    unlike = [isinstance(value, str) and cell == cell for value, cell in zip(values, cells, strict=True)]
    if not len(bad) and any(read) and any(unlike):  # what its column's notation could not read
        odd = np.flatnonzero(unlike)
        raise InputError(
            f"{where}: column {column!r} holds {str(values.iloc[int(odd[0])])[:40]!r} in {data_rows(values, odd)}, but "
            "its other cells have another notation or unit; write all cells alike."
        )
    if len(bad):
        shown = str(values.iloc[int(bad[0])])[:40]
        if (units := units_of([str(value) for value in values])) is not None:
            raise InputError(f"{where}: column {column!r} holds {units}; write all cells in one unit.")
        words = values.astype(str).nunique() > 1 and not re.search(r"\d", "".join(map(str, values)))
        if words and len(bad) == len(cells):
            raise InputError(f"{where}: column {column!r} holds only text, such as {shown!r}; name another one.")
        remedy = two_clocks(shown) or "write numbers, or delete these rows"
        if is_bound(shown):
            remedy = "it is only a bound: write a number in its place, or let --drop-incomplete leave out these rows"
        raise InputError(
            f"{where}: column {column!r} holds text ({shown!r}) in {data_rows(values, bad)}; {remedy}{spare}."
        )
    return np.array(cells, dtype=np.float64)


def _table(split: Split, schema: Schema, groups: tuple[str, ...] | None) -> Table:
    frame, where = split.frame, split.where
    require_columns(frame, schema.names, where)
    if frame.empty:
        raise InputError(f"{where} holds no data rows.")
    written = frame if split.labels is None else split.labels
    labels = _labels(written, schema.group, where)
    known = tuple(sorted(set(labels))) if groups is None else groups
    levels = {name: column for name, column in schema.columns.items() if column.levels}
    bound_names((*labels, *(level for one in levels.values() for level in one.levels)), f"{where}: a label")
    strangers = sorted(set(labels) - set(known))
    if strangers:
        told = f"{where}: the training rows have no {schema.group} {listing(strangers)}, so no law predicts such rows."
        raise InputError(f"{told} Drop them, or give --group none to fit one law to all rows.")
    positions, places = {name: code for code, name in enumerate(known)}, frame.index.to_numpy(dtype=np.intp)
    return Table(
        {
            name: _codes(written, levels[name], where) if name in levels else numbers(frame, name, where, spare=True)
            for name in schema.features
        },
        {name: numbers(frame, name, where) for name in schema.targets},
        known,
        np.array([positions[label] for label in labels], dtype=np.intp),
        weight=_weights(frame, schema, where) if groups is None else None,
        categories=tuple(name for name in schema.features if name in levels),
        numbers=None if np.array_equal(places, np.arange(len(frame))) else places + 1,
    )


def _codes(labels: "pd.DataFrame", column: Column, where: str) -> Array:
    """The places (n,) of a category's labels; raises InputError for a label that it does not have."""
    try:
        return np.array([column.code(label) for label in labels[column.name].tolist()])
    except InputError as error:
        raise InputError(f"{where}: {error.args[0][0].lower()}{error.args[0][1:]}") from None


def _weights(frame: "pd.DataFrame", schema: Schema, where: str) -> Array | None:
    """Weights (n,) of mean 1: counts, or 1 over squares of errors; None for a task without such a column."""
    if schema.decided is None or schema.decided.weight is None:
        return None
    weight = schema.decided.weight
    name, kind = listing(weight.columns), weight.kind
    require_columns(frame, weight.columns, where)
    values = numbers(frame, weight.column, where)
    if weight.other:
        other = numbers(frame, weight.other, where)
        values = np.abs(other - values) if kind == "interval" else np.abs(other) + np.abs(values)
    bad = np.flatnonzero(values <= 0)
    if len(bad):
        raise InputError(
            f"{where}: the {kind} {name!r} is not positive in {data_rows(frame, bad)}. Correct these rows, or leave "
            f"the column out with --ignore {option(*weight.columns)}."
        )
    if kind == "relative error":
        values = values * np.abs(numbers(frame, schema.targets[0], where))
    relative = np.clip(values / np.median(values), 1e-50, 1e50)  # squares of any unit overflow
    found = relative ** {"count": 1.0, "variance": -1.0}.get(kind, -2.0)
    return np.asarray(found / found.mean())


def _labels(frame: "pd.DataFrame", group: str | None, where: str) -> list[str]:
    if group is None:
        return [SINGLE_GROUP] * len(frame)
    cells = frame[group].tolist()
    missing = np.flatnonzero([is_null(cell) or not str(cell).strip() for cell in cells])
    if len(missing):
        raise InputError(f"{where}: the group column {group!r} is empty in {data_rows(frame, missing)}.")
    return [str(label).strip() for label in cells]


def _refuse_constant_targets(table: Table, where: str, instead: str = "") -> None:
    for name, values in table.targets.items():
        if np.ptp(values) == 0:
            raise InputError(f"{where}: the target {name!r} is {values[0]:g} in every row, but it must vary{instead}.")


def _refuse_small_groups(table: Table, where: str) -> None:
    counts = np.bincount(table.codes, minlength=len(table.groups))
    small = [
        f"{name!r} ({counted(int(n), 'row')})"
        for name, n in zip(table.groups, counts, strict=True)
        if n < MIN_GROUP_ROWS
    ]
    if small:
        raise InputError(
            f"{where}: too few rows in group {listing(small)}; each group needs one row to fit a constant and one to "
            "check it. Add rows, drop the group, or give --group none."
        )


def _distinct(table: Table) -> set[bytes]:
    rows = np.column_stack([table.codes.astype(np.float64), table.matrix(), table.target_matrix()])
    return {row.tobytes() for row in rows}
