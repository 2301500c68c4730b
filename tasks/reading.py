"""Read a table from a file of the usual formats, packed or not, or say in one sentence why not.

The format follows from the content where that is certain and from the file's suffix otherwise. Text formats keep
every cell as text; `lawsmith.tasks.cells` makes numbers of them.
"""

import gzip
import io
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lawsmith.tasks.delimited import Reading, bound, bound_columns, parse_delimited, tidy
from lawsmith.tasks.errors import InputError, listing, nearest, require

if TYPE_CHECKING:  # pandas takes half a second to import, and the sandbox never needs it
    import pandas as pd
    import pyarrow as pa

MAX_BYTES = 256 * 1024**2
"""Bound on the size of one file, packed and unpacked; for what a Parquet file unpacks to see `MAX_UNPACKED_BYTES`."""
MAX_UNPACKED_BYTES = 1024**3
"""Bound on what a Parquet file or a workbook unpacks to."""
MAX_CELL = 32 * 1024
"""Bound on the characters of one cell of a Parquet file: many rows may mean one stored text."""
MAX_NAME = 500
"""Bound on the characters of a column's name and of a label of groups or categories."""
MAX_DEPTH = 6
"""Bound on the nesting of a JSON record, whose inner entries become columns named ``outer.inner``."""

_ROWS_OF_A_SHEET = 2**20
_CELLS_OF_A_RECORD = 4  # a record costs memory even where it is empty
_TEXT = (".csv", ".tsv", ".txt", ".dat")
_JSON = (".json", ".jsonl", ".ndjson")
_PACKED = (".gz", ".zip")
SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".json", ".txt", ".dat", ".xlsx")
"""Suffixes of tables; each may be followed by ``.gz`` or stand inside a ``.zip``."""


def read_table(path: Path) -> Reading:
    """The rows of a file.

    Raises InputError for a file that is missing, unreadable, too large, binary where text is
    expected, malformed, without rows, or of an unknown kind.
    """
    return parse_table(read_bytes(path), path.name, where=str(path))


def read_frame(path: Path) -> "pd.DataFrame":
    """The rows of a file alone; raises InputError as `read_table`."""
    return read_table(path).frame


def parse_frame(content: bytes, name: str, where: str) -> "pd.DataFrame":
    """Rows from the bytes of the file `name`; raises InputError as `read_table`."""
    return parse_table(content, name, where).frame


def read_bytes(path: Path) -> bytes:
    """The content of a file of at most `MAX_BYTES`; raises InputError when it cannot be had."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a {', '.join(SUFFIXES)} file in it, or use --data-dir.")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is a pipe or a device; save its rows in a file first, or give - for stdin.")
        refuse_size(path.stat().st_size, str(path))
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"There is no file {path}{_like(path) or '; check the path.'}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def _like(path: Path) -> str:
    """The nearest names in the folder of a file that is not there."""
    try:
        return nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""


def refuse_size(size: int, where: str) -> None:
    """Raise InputError for a file of more than `MAX_BYTES` bytes."""
    if size > MAX_BYTES:
        raise InputError(
            f"{where} holds {size / 1024**2:.0f} MiB; at most {MAX_BYTES // 1024**2} MiB are read: sample its rows."
        )


def parse_table(content: bytes, name: str, where: str) -> Reading:
    """A table from the bytes of the file `name`; `where` goes into messages. Raises InputError as `read_table`."""
    content, name = _unpacked(content, name, where)
    suffix = kind(content, name)
    if suffix == ".parquet":
        reading = _parquet(content, where)
    elif suffix == ".xlsx":
        reading = _workbook(content, where)
    elif suffix in _JSON:
        reading = _json(_text(content, where)[0], where)
    elif suffix in _TEXT:
        text, notices = _text(content, where)
        reading = parse_delimited(text, where).after(*notices)
    else:
        raise InputError(
            f"{where} is of an unknown kind; tables are read from {', '.join((*SUFFIXES, *_PACKED))} files."
        )
    if reading.frame.empty:
        raise InputError(f"{where} holds no data rows; a table needs a header and at least one row.")
    bound_names([str(name) for name in reading.frame.columns], f"{where}: a column's name")
    return reading


def bound_names(names: Iterable[str], what: str) -> None:
    """Raise InputError for a name of more than `MAX_NAME` characters; `what` begins the sentence."""
    if (longest := max(map(len, names), default=0)) > MAX_NAME:
        raise InputError(f"{what} has {longest:,} characters; at most {MAX_NAME} are read.")


def kind(content: bytes, name: str) -> str:
    """The suffix that a table's format goes by: the content's where it is certain, else the name's."""
    suffix = Path(name).suffix.lower()
    if content[:4] == b"PAR1" or suffix == ".parquet":
        return ".parquet"
    if content[:2] == b"PK" or suffix == ".xlsx":
        return ".xlsx"
    begun = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if suffix in _JSON or (begun in (b"[", b"{") and suffix in ("", ".txt")):
        return ".json"
    return suffix or ".csv"


def _unpacked(content: bytes, name: str, where: str) -> tuple[bytes, str]:
    if content[:2] == b"\x1f\x8b" or name.lower().endswith(".gz"):
        return _gunzipped(content, where), name[:-3] if name.lower().endswith(".gz") else name
    if not (content[:4] == b"PK\x03\x04" or name.lower().endswith(".zip")):
        return content, name
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "xl/workbook.xml" in archive.namelist():
                return content, "table.xlsx"
            inside = [
                info
                for info in archive.infolist()
                if not info.is_dir() and not info.filename.startswith(("__MACOSX", "."))
            ]
            if len(inside) != 1:
                raise InputError(f"{where} holds {len(inside)} files; pack one table alone, or unpack it first.")
            refuse_size(inside[0].file_size, f"{where}, unpacked,")
            with archive.open(inside[0]) as file:
                return _bounded(file.read(MAX_BYTES + 1), where), inside[0].filename
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise InputError(f"{where} is not a readable zip archive: {str(error).rstrip('.')}.") from None


def _gunzipped(content: bytes, where: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return _bounded(file.read(MAX_BYTES + 1), where)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{where} is not a readable gz file: {str(error).rstrip('.')}.") from None


def _bounded(content: bytes, where: str) -> bytes:
    refuse_size(len(content), f"{where}, unpacked,")
    return content


def _text(content: bytes, where: str) -> tuple[str, tuple[str, ...]]:
    """Text of UTF-8 or UTF-16, or else of Windows' Latin-1, which is said."""
    encoding = _utf16(content) or "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = content.decode("cp1252", errors="replace"), "latin"
    if "\0" in text[: 1 << 16] or _binary(text[: 1 << 12]):
        raise InputError(f"{where} is a binary file, not text; give a CSV, Parquet, Excel or JSON table.")
    said = f"{where} is not UTF-8 text; it was read as Latin-1 (Windows-1252)."
    return text.removeprefix("\ufeff"), (said,) if encoding == "latin" else ()


def _utf16(content: bytes) -> str | None:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = content[:400]
    if len(head) >= 8 and head[1::2].count(0) > 0.9 * len(head[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 8 and head[::2].count(0) > 0.9 * len(head[::2]) else None


def _binary(text: str) -> bool:
    odd = sum(not (character.isprintable() or character.isspace()) for character in text)
    return odd > 0.02 * len(text)


def _parquet(content: bytes, where: str) -> Reading:
    require("pyarrow", "parquet", f"Reading {where}, a Parquet file,")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        schema = file.schema_arrow
        plain = [column.name for column in schema if _is_plain(column.type)]
        bound_columns(len(schema), where)
        if repeated := [name for name, count in Counter(schema.names).items() if count > 1]:
            raise InputError(f"{where} names the column {repeated[0]!r} twice; every column needs its own name.")
        bound(file.metadata.num_rows * max(1, len(plain)), where)
        groups = (file.metadata.row_group(place) for place in range(file.metadata.num_row_groups))
        if (size := sum(group.total_byte_size for group in groups)) > MAX_UNPACKED_BYTES:
            raise InputError(
                f"{where} unpacks to {size / 1024**2:.0f} MiB; at most {MAX_UNPACKED_BYTES // 1024**2} MiB are read."
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
    said = f"{where}: {listing(nested)} left out, because the cells hold lists or bytes."
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
                    f"{where}: the texts of column {name!r} may unpack to {size:.0f} MiB; at most "
                    f"{MAX_UNPACKED_BYTES // 1024**2} MiB are read."
                )


def _workbook(content: bytes, where: str) -> Reading:
    """The first sheet of an Excel workbook that is not empty."""
    import pandas as pd

    try:
        import openpyxl
    except ImportError:
        raise InputError(
            f"{where}: reading Excel workbooks needs openpyxl; install it with: pip install 'lawsmith[xlsx]', or save "
            "the sheet as CSV."
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if (size := sum(info.file_size for info in archive.infolist())) > MAX_UNPACKED_BYTES:
                raise InputError(f"{where} unpacks to {size / 1024**2:.0f} MiB; save the sheet as CSV.")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows: list[tuple[Any, ...]] = []
        title, titles, cells = "", list(book.sheetnames), 0
        for sheet in book.worksheets:
            found: list[tuple[Any, ...]] = []
            for place, row in enumerate(sheet.iter_rows(values_only=True)):
                if place >= _ROWS_OF_A_SHEET:
                    raise InputError(f"{where} has a sheet of more than {_ROWS_OF_A_SHEET:,} rows; Excel makes none.")
                cells += _CELLS_OF_A_RECORD + len(row)
                bound(cells, where)
                if any(cell is not None for cell in row):
                    found.append(row)
            if found and not rows:
                rows, title = found, str(sheet.title)
            if sum(_width(row) > 1 for row in found) > 1:  # a table rather than a remark
                rows, title = found, str(sheet.title)
                break
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  # openpyxl raises whatever a damaged part makes it raise
        raise InputError(f"{where} is not a readable Excel workbook: {str(error)[:100]}.") from None
    if not rows:
        raise InputError(f"{where} is empty; a table needs a header and at least one row.")
    notices = [f"{where} has {len(titles)} sheets; {title!r} was read."] if len(titles) > 1 else []
    while len(rows) > 2 and _width(rows[0]) == 1 < min(_width(rows[1]), _width(rows[2])):
        shown = next(str(cell) for cell in rows.pop(0) if cell is not None)
        notices.append(f"{where}: the line {shown.strip()[:60]!r} above the header was left out.")
    first = min(next(k for k, cell in enumerate(row) if cell is not None) for row in rows)
    rows = [row[first:] for row in rows]
    width = max(len(row) for row in rows)
    filled = [(*row, *[None] * (width - len(row))) for row in rows[1:]]
    frame = pd.DataFrame(filled, columns=range(width), dtype=object)
    names = ["" if cell is None else str(cell) for cell in rows[0]]
    grid = tidy(frame, [*names, *[""] * (width - len(names))], where)
    return grid.after(*notices)


def _width(row: tuple[Any, ...]) -> int:
    """How many cells of a row hold something."""
    return sum(cell is not None for cell in row)


def _json(text: str, where: str) -> Reading:
    """An array of objects, an object of columns, or one object a line."""
    import pandas as pd

    records: list[dict[str, Any]] = []
    names: set[str] = set()
    for place, record in _records(text, where):
        if not isinstance(record, dict):
            raise InputError(
                f"{where}, {place}, is not a JSON object with one entry per column, nor the names of the columns "
                "above their rows."
            )
        records.append(dict(_flat(record)))
        names.update(records[-1])
        bound_columns(len(names), where)
        bound((_CELLS_OF_A_RECORD + len(names)) * len(records), where)  # an absent entry takes room as well
        _refuse_half_characters(records[-1], f"{where}, {place},")
    return Reading(pd.DataFrame(records, dtype=object))


def _refuse_half_characters(record: Mapping[str, Any], where: str) -> None:
    """JSON can write one half of a pair of surrogates, which no file, terminal or library takes."""
    for text in (*record, *record.values()):
        if isinstance(text, str) and not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            raise InputError(f"{where} holds half a character (\\ud800 to \\udfff), which is no text.")


def _records(text: str, where: str) -> Iterable[tuple[str, Any]]:
    whole = _whole(text) if text.lstrip()[:1] in ("[", "{") else None
    if isinstance(whole, list):
        whole = _named_rows(whole)
        return ((f"entry {number}", entry) for number, entry in enumerate(whole, start=1))
    if isinstance(whole, dict):
        return ((f"entry {number}", entry) for number, entry in enumerate(_rows_of(whole), start=1))
    return _lines(text, where)


def _whole(text: str) -> Any:
    """The one JSON value that a text is; None where it is none, or several lines of them."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # ValueError also for an integer of thousands of digits
        return None


def _named_rows(entries: list[Any]) -> list[Any]:
    """Objects of a list of lists whose first one names the columns; any other list as it is."""
    if not entries or not all(isinstance(row, list) and len(row) == len(entries[0]) for row in entries):
        return entries
    names, *rows = entries
    if not names or not all(isinstance(name, str) for name in names):
        return entries
    return [dict(zip(names, row, strict=True)) for row in rows]


def _rows_of(whole: dict[str, Any]) -> list[Any]:
    """Rows of an object of columns (lists, or pandas' objects by row), of rows by their numbers, of names and rows, or
    of one list beside remarks."""
    values = list(whole.values())
    lists = [v for v in values if isinstance(v, list) and v and all(isinstance(row, dict) for row in v)]
    if len(lists) == 1 and not any(isinstance(value, list) and value is not lists[0] for value in values):
        return list(lists[0])
    names, rows = whole.get("columns"), whole.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        return [dict(zip(map(str, names), row, strict=False)) for row in rows]
    if values and all(isinstance(value, list) for value in values) and len({len(v) for v in values}) == 1:
        return [dict(zip(whole, row, strict=True)) for row in zip(*values, strict=True)]
    if values and all(isinstance(value, dict) for value in values) and len({tuple(v) for v in values}) == 1:
        if all(map(str.isdigit, whole)) and not all(map(str.isdigit, values[0])):
            return values
        return [{name: column[row] for name, column in whole.items()} for row in values[0]]
    return [whole]


def _lines(text: str, where: str) -> Iterable[tuple[str, Any]]:
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}, line {number}, is not JSON: {error}.") from None


def _flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and value and depth < MAX_DEPTH:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", value


def require_columns(frame: "pd.DataFrame", wanted: tuple[str, ...], where: str) -> None:
    """Raise InputError naming the columns of `wanted` that the frame lacks, and those that it has."""
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        noun = "column" if len(missing) == 1 else "columns"
        names = [str(name) for name in frame.columns]
        near = nearest(missing[0], names) if len(missing) == 1 else ""
        raise InputError(
            f"{where} has no {noun} {listing([repr(m) for m in missing])}{near or ';'} "
            f"{'Its' if near else 'its'} columns are {listing(names, limit=12)}."
        )
