"""Which rows of a file a task uses: those of finished runs, and those that hold what is needed; and names that tell
the unit of their column."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import IntArray, Mask
from lawsmith.tasks.errors import listing
from lawsmith.tasks.known_units import in_words
from lawsmith.tasks.numerals import is_bound, is_missing, is_null, plain
from lawsmith.tasks.reading.cells import Cells

if TYPE_CHECKING:
    import pandas as pd


def filled(frame: "pd.DataFrame", columns: tuple[str, ...]) -> Mask:
    """The rows (n,) that hold something finite in all of the columns of numbers that the frame has."""
    rows = np.ones(len(frame), dtype=bool)
    for name in columns:
        if name in frame.columns:
            column = frame[name]
            if column.dtype.kind == "f":
                rows &= np.isfinite(column.to_numpy(dtype=np.float64))
            else:
                known = [not (is_missing(cell) or is_bound(cell)) for cell in column.tolist()]
                rows &= known & np.array([abs(plain(cell) or 0) < np.inf for cell in column.tolist()])
    return rows


def data_rows(of: "pd.Series[Any] | pd.DataFrame", places: IntArray) -> str:
    """The rows at `places` for a sentence, counted from 1 at the first row of the file after the header."""
    noun = "data row" if len(places) == 1 else "data rows"
    return f"{noun} {listing([str(int(number) + 1) for number in of.index[places]])}"


def filled_labels(labels: "pd.DataFrame", columns: tuple[str, ...]) -> Mask:
    """The rows (n,) that have a label in the group column and in all categories."""
    rows = np.ones(len(labels), dtype=bool)
    for name in columns:
        rows &= np.array([not is_null(cell) and bool(str(cell).strip()) for cell in labels[name].tolist()])
    return rows


def of_other_events(cells: Cells, targets: tuple[str, ...]) -> bool:
    """Whether the rows without a target are events of another kind, as in the log of a training that also holds its
    evaluations: each has a value where no row with the targets has one."""
    measured = filled(cells.frame, targets)
    if measured.all() or not measured.any():
        return False
    present = np.array(
        [[not is_missing(cell) for cell in cells.labels[name].tolist()] for name in cells.labels.columns]
    )
    theirs = present[~present[:, measured].any(axis=1)]
    return len(theirs) > 0 and bool(theirs[:, ~measured].any(axis=0).all())


def finished(labels: "pd.DataFrame", state: str | None) -> Mask:
    """The rows (n,) of runs that a tracker's column `state` calls finished; all where there is none."""
    if state is None:
        return np.ones(len(labels), dtype=bool)
    return np.array([str(label).strip().lower() in words.WORDS["finished"] for label in labels[state].tolist()])


def take(cells: Cells, rows: Mask) -> Cells:
    """The cells of the rows (n,) that are true."""
    if rows.all():
        return cells
    return replace(cells, frame=cells.frame[rows], labels=cells.labels[rows])


def with_telling_names(cells: Cells, targets: Sequence[str]) -> Cells:
    """The cells with the unit behind the name of each column that a line below the header says to hold angles or
    temperatures: ``T`` becomes ``T (°C)``, since laws know such columns by their names. Targets keep theirs."""
    columns = {str(name): column.to_numpy() for name, column in cells.frame.items() if column.dtype.kind == "f"}
    longer = {name: f"{name} ({unit})" for name, unit in cells.units.items() if name in columns and name not in targets}
    known = {
        name: told
        for name, told in longer.items()
        if told not in cells.frame and in_words(told, columns[name]) != in_words(name, columns[name])
    }
    return replace(
        cells,
        frame=cells.frame.rename(columns=known),
        labels=cells.labels.rename(columns=known),
        dates=frozenset(known.get(name, name) for name in cells.dates),
        units={known.get(name, name): unit for name, unit in cells.units.items()},
        said={known.get(name, name): told for name, told in cells.said.items()},
    )
