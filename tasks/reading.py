"""Read a CSV, Parquet or JSON-lines file into a data frame, or say in one sentence why not."""

import csv
import io
import json
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lawsmith.tasks.errors import InputError, listing, nearest

if TYPE_CHECKING:  # pandas takes half a second to import, and the sandbox never needs it
    import pandas as pd

MAX_BYTES = 256 * 1024**2
"""Bound on the size of one file; it does not bound what a Parquet file decompresses to (`MAX_CELLS` does)."""
MAX_CELLS = 20_000_000
"""Bound on rows times columns of one file."""
MAX_HEADER = 1024**2
"""Bound on the characters of a header line."""
MAX_UNPACKED_BYTES = 1024**3
"""Bound on what a Parquet file says that it decompresses to."""

_DELIMITERS = {".csv": ",;\t", ".tsv": "\t"}
_CELLS_OF_A_RECORD = 4  # a record costs memory even where it is empty
_JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*_DELIMITERS, ".parquet", *_JSON_LINES)


def read_frame(path: Path) -> "pd.DataFrame":
    """The rows of a file; text formats keep every cell as text, for `lawsmith.tasks.validation` to convert.

    Raises InputError for a file that is missing, unreadable, too large, binary where text is
    expected, malformed, without rows, or of an unknown kind.
    """
    return parse_frame(read_bytes(path), path.name, where=str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a file of at most `MAX_BYTES`; raises InputError when it cannot be had."""
    try:
        if path.is_dir():
            raise InputError(
                f"{path} is a folder; name a {', '.join(SUFFIXES)} file in it, or use --data-dir."
            )
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is a pipe or a device; save its rows in a file first.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(
                f"{path} holds {size / 1024**2:.0f} MiB; at most {MAX_BYTES // 1024**2} MiB are read: sample its rows."
            )
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


def parse_frame(content: bytes, name: str, where: str) -> "pd.DataFrame":
    """Rows from the bytes of the file `name`, whose suffix tells the format; `where` goes into messages."""
    suffix = Path(name).suffix.lower()
    if suffix == ".parquet":
        frame = _parquet(content, where)
    elif suffix in _JSON_LINES:
        frame = _json_lines(_text(content, where), where)
    elif suffix in _DELIMITERS:
        frame = _delimited(_text(content, where), _DELIMITERS[suffix], where)
    else:
        raise InputError(f"{where} is of an unknown kind; tables are read from {', '.join(SUFFIXES)} files.")
    if frame.empty:
        raise InputError(f"{where} holds no data rows; a table needs a header and at least one row.")
    return frame


def _text(content: bytes, where: str) -> str:
    if b"\0" in content[: 1 << 16]:
        raise InputError(f"{where} is a binary file, not text; give a CSV, Parquet or JSON-lines table.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 text (byte {error.start}); save it again as UTF-8.") from None


def _delimited(text: str, delimiters: str, where: str) -> "pd.DataFrame":
    import pandas as pd

    line = _header(text)
    if not line:
        raise InputError(f"{where} is empty; a table needs a header and at least one row.")
    if len(line) > MAX_HEADER:
        raise InputError(
            f"{where} begins with a line of more than {MAX_HEADER} characters, which is no header."
        )
    delimiter = max(delimiters, key=line.count)
    try:
        header = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise InputError(f"{where} has a header that cannot be read: {error}.") from None
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise InputError(f"{where} names the column {repeated[0]!r} twice; every column needs its own name.")
    _bound(max(text.count("\n"), text.count("\r")) * len(header), where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                dtype=str,
                keep_default_na=False,
                na_filter=False,
                index_col=False,
            )
    except pd.errors.ParserWarning:
        raise InputError(
            f"{where} has more cells in its rows than its header names; name every column."
        ) from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip().rstrip(".")
        raise InputError(f"{where} is not a well-formed table: {reason}.") from None
    return frame.rename(columns=str.strip)


def _header(text: str) -> str:
    """The first line that is not blank, at most a little more than `MAX_HEADER` characters of it."""
    begun = text[: 2 * MAX_HEADER].lstrip()
    return begun.splitlines()[0] if begun else ""


def _parquet(content: bytes, where: str) -> "pd.DataFrame":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        _bound(file.metadata.num_rows * file.metadata.num_columns, where)
        groups = (file.metadata.row_group(place) for place in range(file.metadata.num_row_groups))
        if (size := sum(group.total_byte_size for group in groups)) > MAX_UNPACKED_BYTES:
            raise InputError(
                f"{where} unpacks to {size / 1024**2:.0f} MiB; at most {MAX_UNPACKED_BYTES // 1024**2} MiB are read."
            )
        frame: pd.DataFrame = file.read().to_pandas()
        return frame
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{where} is not a readable Parquet file: {str(error).splitlines()[0].rstrip('.')}."
        ) from None


def _json_lines(text: str, where: str) -> "pd.DataFrame":
    import pandas as pd

    records: list[dict[str, Any]] = []
    cells = 0
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:  # ValueError also for an integer of thousands of digits
            raise InputError(f"{where}, line {number}, is not JSON: {error}.") from None
        if not isinstance(record, dict):
            raise InputError(f"{where}, line {number}, is not a JSON object with one entry per column.")
        records.append(record)
        cells += _CELLS_OF_A_RECORD + len(record)
        _bound(cells, where)
    return pd.DataFrame(records, dtype=object)


def _bound(cells: int, where: str) -> None:
    if cells > MAX_CELLS:
        raise InputError(f"{where} holds {cells:,} cells; at most {MAX_CELLS:,} are read: sample its rows.")


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
