"""A user's DataFrame as a file of plain columns: names are text, cells are numbers, truth values, moments or text."""

import io
import json
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.tasks.errors import InputError
from lawsmith.tasks.reading.cells import as_text
from lawsmith.tasks.roles.deciding import MOST_LEVELS

if TYPE_CHECKING:
    import pandas as pd


def frame_bytes(frame: "pd.DataFrame") -> bytes:
    """The frame as a Parquet file, or as CSV where pyarrow is not installed. An index that has a name, or holds more
    than whole numbers, becomes a column.

    Raises InputError for a frame without columns or with two columns of one name.
    """
    import pandas as pd

    frame = _with_index(frame)
    names = [column_name(name) for name in frame.columns]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"The DataFrame has two columns called {twice[0]!r}; every column needs its own name.")
    if not names:
        raise InputError("The DataFrame has no columns; a table needs a target and at least one feature.")
    columns = {name: _plain(frame.iloc[:, place]) for place, name in enumerate(names)}
    if find_spec("pyarrow") is None:
        return pd.DataFrame(columns).to_csv(index=False).encode()
    content = io.BytesIO()
    pd.DataFrame(columns).to_parquet(content, index=False)
    return content.getvalue()


def as_frame(table: Any) -> Any:
    """A DataFrame of columns in a dict, of rows in a list of dicts, or of an array with named fields; anything else as
    it is, also a sparse matrix of scipy, which may be a dict. Raises ValueError for columns of different lengths."""
    import pandas as pd

    several = isinstance(table, list | tuple) and bool(table)
    rows = list(table) if several else [table]
    mappings = all(isinstance(row, Mapping) and not hasattr(row, "shape") for row in rows)
    fields = isinstance(table, np.ndarray) and table.dtype.names
    return pd.DataFrame(rows if several else table) if mappings or fields else table


def column_name(label: Any) -> str:
    """The name of a column as text; the levels of pandas' MultiIndex are joined by points."""
    return ".".join(filter(None, map(str, label))) if isinstance(label, tuple) else as_text(label)


def _with_index(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with what its index says as columns: named levels, and dates, numbers or words without a name.

    An index that a column repeats, and whole numbers without a name, which number rows, say nothing.
    """
    import pandas as pd

    index = frame.index
    if isinstance(index, pd.MultiIndex) or any(name is not None for name in index.names):
        levels = {name: index.get_level_values(place) for place, name in enumerate(index.names)}
        known = [name for name in levels if name in frame.columns]
        if known and not all(list(levels[name]) == frame[name].tolist() for name in known):
            raise InputError(f"The DataFrame's index and one of its columns are both called {known[0]!r}; rename one.")
        frame = frame.reset_index(level=known, drop=True) if known else frame
        return frame.reset_index() if len(known) < len(levels) else frame
    if pd.api.types.is_integer_dtype(index.dtype) or "index" in frame.columns:
        return frame
    return frame.reset_index()


def numbered_categories(frame: "pd.DataFrame") -> tuple[str, ...]:
    """The columns of pandas' unordered categories whose few labels are numbers, which a file would hold as numbers."""
    import pandas as pd

    found = []
    for name, column in frame.items():
        kind = column.dtype
        if isinstance(kind, pd.CategoricalDtype) and not kind.ordered:
            labels = column.dropna().unique().tolist()
            if 2 <= len(labels) <= MOST_LEVELS and all(isinstance(label, int | float) for label in labels):
                found.append(as_text(name))
    return tuple(found)


def _plain(column: "pd.Series[Any]") -> Any:
    """A column as a plain array: numbers, truth values and moments as they are, all else as text, objects as JSON."""
    import pandas as pd

    kind = column.dtype
    numpy_kind = kind.kind if isinstance(kind, np.dtype) else ""
    if numpy_kind in "biufM" and numpy_kind:
        return column.to_numpy(dtype=np.float64) if kind == np.longdouble else column.to_numpy()
    if pd.api.types.is_datetime64_any_dtype(kind):
        return pd.to_datetime(column, utc=True).reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        whole = pd.api.types.is_integer_dtype(kind) or pd.api.types.is_bool_dtype(kind)
        if not column.isna().any() and whole:
            return column.to_numpy(dtype=bool if pd.api.types.is_bool_dtype(kind) else np.int64)
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    cells = column.tolist()
    texts = [json.dumps(cell, default=as_text) if isinstance(cell, dict) else as_text(cell) for cell in cells]
    gaps = [
        cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell) for cell in cells
    ]
    return pd.array([None if gap else one for gap, one in zip(gaps, texts, strict=True)], dtype="string")
