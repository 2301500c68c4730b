"""Tables of the formats that hold no text: Parquet files and Excel workbooks.

Both unpack to more than they weigh, so sizes are looked at before anything is unpacked.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.tasks.asked import meant
from lawsmith.tasks.errors import InputError, listing, require
from lawsmith.tasks.reading.delimited import CELLS_OF_A_RECORD, Reading, bound, bound_columns, refuse_repeated, tidy
from lawsmith.tasks.reading.headers import without_headers

if TYPE_CHECKING:  # pandas takes half a second to import, and the sandbox never needs it
    import pandas as pd
    import pyarrow as pa

MAX_UNPACKED_BYTES = 1024**3
"""Bound on what a Parquet file or a workbook unpacks to."""
MAX_CELL = 32 * 1024
"""Bound on the characters of one cell of a Parquet file: many rows may mean one stored text."""

_ROWS_OF_A_SHEET = 2**20  # the most that Excel has
_LINES_OF_HEADER = 10  # of a sheet, titles among them


def parquet(content: bytes, where: str) -> Reading:
    """The columns of a Parquet file that hold no lists or bytes. Raises InputError for a damaged or too large file."""
    require("pyarrow", "parquet", f"Reading {where}, a Parquet file,")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        schema = file.schema_arrow
        plain = [column.name for column in schema if _is_plain(column.type)]
        bound_columns(len(schema), where)
        refuse_repeated(schema.names, where)
        bound(file.metadata.num_rows * max(1, len(plain)), where)
        groups = (file.metadata.row_group(place) for place in range(file.metadata.num_row_groups))
        if (size := sum(group.total_byte_size for group in groups)) > MAX_UNPACKED_BYTES:
            raise InputError(
                f"{where} unpacks to {size / 1024**2:.0f} MiB; the limit is {MAX_UNPACKED_BYTES // 1024**2} MiB. "
                "Sample its rows."
            )
        texts = [column.name for column in schema if _is_text(column.type)]
        file = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts)
        parts = []
        for place in range(file.metadata.num_row_groups):
            parts.append(file.read_row_group(place, columns=plain))
            _bound_texts(parts[-1], where)
        table = pa.concat_tables(parts) if parts else file.schema_arrow.empty_table()
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{where} is not a readable Parquet file: {str(error).splitlines()[0].rstrip('.')}.") from None
    nested = [column.name for column in schema if column.name not in plain]
    said = f"{where}: lawsmith left out {listing(nested)}, because the cells hold lists or bytes."
    return Reading(frame, notices=(said,) if nested else ())


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_plain(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    nested = pa.types.is_nested(inner) or pa.types.is_binary(inner) or pa.types.is_large_binary(inner)
    return not (nested or pa.types.is_fixed_size_binary(inner))


def _bound_texts(table: "pa.Table", where: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in column.chunks:
            words = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
            longest = (pc.max(pc.binary_length(words)).as_py() or 0) if _is_text(words.type) else 0
            if longest > MAX_CELL:
                raise InputError(f"{where}: column {name!r} holds a text of more than {MAX_CELL} bytes; leave it out.")
            if (size := longest * table.num_rows / 1024**2) > MAX_UNPACKED_BYTES / 1024**2:
                raise InputError(
                    f"{where}: the texts of column {name!r} may unpack to {size:.0f} MiB; the limit is "
                    f"{MAX_UNPACKED_BYTES // 1024**2} MiB. Sample its rows."
                )


def _bound_unpacked(content: bytes, where: str, instead: str) -> None:
    """Refuse an archive that unpacks to too much; a damaged one, or none, is left to its reader."""
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as archive:
        if (size := sum(info.file_size for info in archive.infolist())) > MAX_UNPACKED_BYTES:
            raise InputError(f"{where} unpacks to {size / 1024**2:.0f} MiB; {instead}.")


def arrays(content: bytes, where: str) -> Reading:
    """The columns of numpy's .npz file of arrays (n,), or of an .npy file whose array has named fields. Raises
    InputError for a damaged or too large file, for arrays without names, and for arrays of several lengths."""
    import pandas as pd

    _bound_unpacked(content, where, "save the arrays as Parquet")
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        single = isinstance(loaded, np.ndarray)
        names = (loaded.dtype.names or ()) if single else loaded.files
        columns = {str(name): np.asarray(loaded[name]) for name in names}
    except Exception as error:  # noqa: BLE001  # numpy raises whatever a damaged header makes it raise
        raise InputError(f"The arrays of {where} cannot be read: {str(error)[:100].rstrip('.')}.") from None
    bound_columns(len(columns), where)
    kept = {name: column for name, column in columns.items() if column.ndim == 1 and column.dtype.kind in "biufMUS"}
    if len(kept) < 2 or len({len(column) for column in kept.values()}) > 1:
        raise InputError(
            f"{where} holds no named arrays of one length. Write them with numpy.savez(file, x=x, y=y), or in Python "
            "name the columns of an array: discover(pandas.DataFrame(array, columns=[…]), target=…)."
        )
    bound(sum(map(len, kept.values())), where)
    rest = [name for name in columns if name not in kept]
    said = (f"{where}: lawsmith left out {listing(rest)}, which do not hold one number or word a row.",) if rest else ()
    return Reading(pd.DataFrame(kept), notices=said)


def _merged(archive: zipfile.ZipFile, part: str) -> list[tuple[int, int, int]]:
    """The cells of a sheet that are merged within one column: its place, and the first and last place of the rows."""
    from openpyxl.utils import range_boundaries

    found, rest = list[tuple[int, int, int]](), b""
    with archive.open(part) as stream:
        while chunk := stream.read(2**20):
            whole, opened, rest = (rest + chunk).rpartition(b"<")
            rest = opened + rest
            for cells in re.findall(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+\d+:[A-Z]+\d+)"', whole):
                left, top, right, bottom = range_boundaries(cells.decode())
                if left == right:
                    found.append((left - 1, top - 1, bottom - 1))
    return found


def _filled_down(rows: list[tuple[Any, ...]], merged: Sequence[tuple[int, int, int]]) -> list[tuple[Any, ...]]:
    """The rows with the value of cells that are merged down a column in each of them, where all have numbers: labels
    and settings of blocks, but no headers."""
    for column, first, last in merged:
        block = rows[first : last + 1]
        if all(any(isinstance(cell, int | float) for cell in row) for row in block) and len(block) == last + 1 - first:
            value = block[0][column]
            rows[first : last + 1] = [(*row[:column], value, *row[column + 1 :]) for row in block]
    return rows


def _sheet(book: Any, wanted: Sequence[str], where: str) -> tuple[list[tuple[Any, ...]], str]:
    """The rows of the first sheet that names the `wanted` columns, else of the first that holds a table rather than a
    remark, else of the first with any; and its title. Raises InputError where there are too many cells."""
    tables, cells = list[tuple[list[tuple[Any, ...]], str]](), 0
    for sheet in book.worksheets:
        found = list[tuple[Any, ...]]()
        for place, row in enumerate(sheet.iter_rows(values_only=True)):
            if place >= _ROWS_OF_A_SHEET:
                raise InputError(f"{where} has a sheet of more than {_ROWS_OF_A_SHEET:,} rows, the limit of Excel.")
            cells += CELLS_OF_A_RECORD + len(row)
            bound(cells, where)
            found.append(row)
        found = _filled_down(found, _merged(book._archive, sheet._worksheet_path))
        parts = [rows for rows in _tables_in(found) if rows]
        titles = [str(sheet.title) + (f", table {place}" if parts[1:] else "") for place in range(1, len(parts) + 1)]
        tables += zip(parts, titles, strict=True)
        if not wanted and sum(_width(row) > 1 for row in found) > 1:
            break
    named = [one for one in tables if wanted and _names(one[0], wanted)]
    wide = [one for one in tables if sum(_width(row) > 1 for row in one[0]) > 1]
    return (*named, *wide, *tables, ([], ""))[0]


def _tables_in(rows: list[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The rows of each table of a sheet, where blank rows part several whose headers differ; else all rows."""
    blocks = [list(block) for blank, block in groupby(rows, key=lambda row: _width(row) == 0) if not blank]
    blocks = [block[_width(block[0]) == 1 < len(block) :] for block in blocks]  # without a title
    headers = {block[0] for block in blocks if all(cell is None or isinstance(cell, str) for cell in block[0])}
    apart = len(headers) == len(blocks) > 1 and all(len(block) > 2 and _width(block[0]) > 1 for block in blocks)
    return blocks if apart else [[row for row in rows if _width(row)]]


def _names(rows: Sequence[tuple[Any, ...]], wanted: Sequence[str]) -> bool:
    """Whether one of the first rows of a sheet of several holds the names of all wanted columns."""
    lines = ([str(cell) for cell in row if cell is not None] for row in rows[:_LINES_OF_HEADER])
    return len(rows) > 1 and any(all(meant(name, line) for name in wanted) for line in lines)


def workbook(content: bytes, where: str, wanted: Sequence[str] = ()) -> Reading:
    """The first sheet of an Excel workbook that holds a table with the `wanted` columns, or any table.

    Raises InputError for a damaged or too large file.
    """
    require("openpyxl", "xlsx", f"Reading {where}, an Excel workbook,")
    import openpyxl
    import pandas as pd

    _bound_unpacked(content, where, "save the sheet as CSV")
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows, sheet = _sheet(book, wanted, where)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  # openpyxl raises whatever a damaged part makes it raise
        raise InputError(f"{where} is not a readable Excel workbook: {str(error)[:100]}.") from None
    if not rows:
        raise InputError(f"{where} is empty; a table needs a header and at least one row.")
    sheets = len(book.sheetnames)
    notices = [f"{where} has {sheets} sheets; lawsmith read {sheet!r}."] if sheets > 1 else []
    if sheet not in book.sheetnames:
        notices = [f"{where} has a sheet of several tables; lawsmith read {sheet!r}."]
    title: str | None = None
    while len(rows) > 2 and _width(rows[0]) == 1 < min(_width(rows[1]), _width(rows[2])):
        title = next(str(cell) for cell in rows.pop(0) if cell is not None)
    first = min(next(k for k, cell in enumerate(row) if cell is not None) for row in rows)
    rows = [row[first:] for row in rows]
    width = max(len(row) for row in rows)
    filled = [(*row, *[None] * (width - len(row))) for row in rows[1:]]
    names = ["" if cell is None else str(cell) for cell in (*rows[0], *[None] * (width - len(rows[0])))]
    frame, names, again = without_headers(pd.DataFrame(filled, columns=range(width), dtype=object), names, title, where)
    return tidy(frame, names, where).after(*notices, *again)


def _width(row: tuple[Any, ...]) -> int:
    """How many cells of a row hold something."""
    return sum(cell is not None for cell in row)
