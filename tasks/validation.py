"""Turn a data frame into a `Table` once, at the edge; afterwards its values are trusted.

Refused: a column that is missing; text, NaN or infinity where a number belongs; a constant target;
a group with too few rows to determine its constants; in a user's table, whole rows given twice; in a
test split, a group that training lacks. Reported as a note only, because real benchmarks contain it:
equal features with different targets (repeated measurements), rows that are equal in the columns
that the task uses but not elsewhere, test rows that also occur in training.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.reading import require_columns
from lawsmith.tasks.schema import SINGLE_GROUP, Schema
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Dataset, Provenance, Source, Task, content_digest

if TYPE_CHECKING:
    import pandas as pd

MIN_GROUP_ROWS = 2
"""Rows that a group needs when the task states no cap: one to fit a constant, one to check it."""
MIN_ROWS = 4
"""Rows that a whole training split needs to be fitted and checked."""


@dataclass(frozen=True, eq=False)
class Split:
    """Raw rows, where they are from in words for messages, and their file if there is one."""

    frame: "pd.DataFrame"
    where: str
    path: Path | None


def dataset(
    schema: Schema, source: Source, train: Split, test: Split | None, notes: tuple[str, ...] = ()
) -> Dataset:
    """Validate both splits and bind them to their provenance; raises InputError as the module says."""
    rows = train_table(train.frame, schema, train.where)
    held_out = None if test is None else test_table(test.frame, schema, test.where, rows)
    path = None if train.path is None else str(train.path)
    provenance = Provenance(source, content_digest(rows, held_out), path)
    return Dataset(Task(schema, rows, provenance), held_out, (*notes, *oddities(rows, held_out)))


def train_table(frame: "pd.DataFrame", schema: Schema, where: str) -> Table:
    """Validate a training split; raises InputError as the module says."""
    table = _table(frame, schema, where, groups=None)
    if len(table) < MIN_ROWS:
        raise InputError(
            f"{where} holds {_rows(len(table))}; a law needs at least {MIN_ROWS} to be fitted and checked."
        )
    _refuse_constant_targets(table, where)
    _refuse_small_groups(table, where)
    return table


def test_table(frame: "pd.DataFrame", schema: Schema, where: str, train: Table) -> Table:
    """Validate a test split against its training split; raises InputError as the module says."""
    table = _table(frame, schema, where, groups=train.groups)
    _refuse_constant_targets(table, where)
    return table


def refuse_repeated_rows(frame: "pd.DataFrame", where: str) -> None:
    """Raise InputError when a row repeats an earlier one in every column of the file."""
    repeats = np.flatnonzero(frame.astype(str).duplicated().to_numpy())
    if len(repeats):
        noun = "repeats" if len(repeats) == 1 else "repeat"
        raise InputError(
            f"{where}: {_data_rows(repeats)} {noun} an earlier row in every column; drop the copies, or add a column "
            "(such as the seed) that tells repeated measurements apart."
        )


def oddities(train: Table, test: Table | None) -> tuple[str, ...]:
    """Sentences about what is allowed but worth knowing."""
    notes = []
    copies = len(train) - len(_distinct(train))
    if copies:
        notes.append(f"{_rows(copies)} of the training split repeat others exactly and weigh accordingly.")
    if test is not None:
        leaked = len(_distinct(test) & _distinct(train))
        if leaked:
            notes.append(
                f"{_rows(leaked)} of the test split also occur in training, so the test score flatters the law."
            )
    return tuple(notes)


def numbers(frame: "pd.DataFrame", column: str, where: str) -> Array:
    """One column as float64 (n,); raises InputError naming the rows that hold text, NaN or infinity."""
    values = frame[column]
    if values.dtype.kind in "iufb":
        result = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        result = _parsed(values, column, where)
    bad = np.flatnonzero(~np.isfinite(result))
    if len(bad):
        kind = (
            "infinity"
            if np.isinf(result[bad]).all()
            else "NaN"
            if np.isnan(result[bad]).all()
            else "NaN or infinity"
        )
        raise InputError(
            f"{where}: column {column!r} holds {kind} in {_data_rows(bad)}; every value must be a finite number."
        )
    return result


def as_number(value: object) -> float | None:
    """The number that a cell states, NaN for an explicit or missing one, None for text and nested values."""
    if value is None:
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]  # anything else raises TypeError, which is the question
    except (TypeError, ValueError, OverflowError):
        return None


def without_separators(value: object) -> float | None:
    """The number that a cell would state without commas and spaces, in whatever way they are meant; None for text."""
    return as_number(re.sub(r"[,\s]", "", value)) if isinstance(value, str) and value.strip() else None


def _advice(cell: str) -> str:
    if not cell.strip():
        return ": fill the cells in, or drop the rows"
    if without_separators(cell) is not None:
        return ", written with a decimal point and without separators, such as 1234.5"
    return ""


def _parsed(values: "pd.Series[str]", column: str, where: str) -> Array:
    cells = [as_number(value) for value in values.tolist()]
    bad = np.flatnonzero([cell is None for cell in cells])
    if len(bad):
        shown = str(values.iloc[int(bad[0])])[:40]
        what = f"text ({shown!r})" if shown.strip() else "an empty cell"
        raise InputError(
            f"{where}: column {column!r} holds {what} in {_data_rows(bad)}; "
            f"every value must be a number{_advice(shown)}."
        )
    return np.array(cells, dtype=np.float64)


def _table(frame: "pd.DataFrame", schema: Schema, where: str, groups: tuple[str, ...] | None) -> Table:
    require_columns(frame, schema.names, where)
    if frame.empty:
        raise InputError(f"{where} holds no data rows.")
    labels = _labels(frame, schema.group, where)
    known = tuple(sorted(set(labels))) if groups is None else groups
    strangers = sorted(set(labels) - set(known))
    if strangers:
        raise InputError(
            f"{where}: group {listing(strangers)} is not in the training split, so no law can predict it."
        )
    positions = {name: code for code, name in enumerate(known)}
    return Table(
        {name: numbers(frame, name, where) for name in schema.features},
        {name: numbers(frame, name, where) for name in schema.targets},
        known,
        np.array([positions[label] for label in labels], dtype=np.intp),
    )


def _labels(frame: "pd.DataFrame", group: str | None, where: str) -> list[str]:
    if group is None:
        return [SINGLE_GROUP] * len(frame)
    missing = np.flatnonzero(
        frame[group].isna().to_numpy() | (frame[group].astype(str).str.strip() == "").to_numpy()
    )
    if len(missing):
        raise InputError(f"{where}: the group column {group!r} is empty in {_data_rows(missing)}.")
    return [str(label) for label in frame[group].tolist()]


def _refuse_constant_targets(table: Table, where: str) -> None:
    for name, values in table.targets.items():
        if np.ptp(values) == 0:
            raise InputError(
                f"{where}: the target {name!r} is {values[0]:g} in every row; R² needs a target that varies."
            )


def _refuse_small_groups(table: Table, where: str) -> None:
    counts = np.bincount(table.codes, minlength=len(table.groups))
    small = [
        f"{name!r} ({_rows(int(n))})"
        for name, n in zip(table.groups, counts, strict=True)
        if n < MIN_GROUP_ROWS
    ]
    if small:
        raise InputError(
            f"{where}: too few rows (one to fit a constant, one to check it) in group {listing(small)}; add rows, drop "
            'the group, or say with --group "" that there are no groups.'
        )


def _distinct(table: Table) -> set[bytes]:
    rows = np.column_stack([table.codes.astype(np.float64), table.matrix(), table.target_matrix()])
    return {row.tobytes() for row in rows}


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _data_rows(index: IntArray) -> str:
    """Row positions for a sentence, counted from 1 at the first row after the header."""
    noun = "data row" if len(index) == 1 else "data rows"
    return f"{noun} {listing([str(int(i) + 1) for i in index])}"
