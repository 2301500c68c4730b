"""Read a table from a file of the usual formats, packed or not, or say in one sentence why not.

The format follows from the content where that is certain and from the file's suffix otherwise. Text formats keep
every cell as text; `lawsmith.tasks.reading.cells` makes numbers of them.
"""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lawsmith.tasks.errors import InputError, counted, listing, nearest
from lawsmith.tasks.numerals import is_missing
from lawsmith.tasks.reading.binary_tables import arrays, parquet, workbook
from lawsmith.tasks.reading.delimited import Reading, parse_delimited
from lawsmith.tasks.reading.json_rows import json_rows, objects_of_lines
from lawsmith.tasks.reading.nested_cells import with_entries_apart
from lawsmith.tasks.reading.plus_minus import with_errors_apart
from lawsmith.tasks.reading.preambles import one_table
from lawsmith.tasks.reading.shapes import with_labels_down, with_ticks_told
from lawsmith.tasks.words import is_progress

if TYPE_CHECKING:  # pandas takes half a second to import, and the sandbox never needs it
    import pandas as pd

MAX_BYTES = 256 * 1024**2
"""Bound on the size of one file, packed and unpacked; `binary_tables` has its own for Parquet files and workbooks."""
MAX_NAME = 500
"""Bound on the characters of a column's name and of a label of groups or categories."""

_TEXT = (".csv", ".tsv", ".txt", ".dat", ".log", ".md", ".tex", ".html", ".htm")
_LINES = 4  # of a file of any other suffix that is read as text
_JSON = (".json", ".jsonl", ".ndjson")
_RUN_COLUMN = re.compile(r"(.+) - (.+?)(__MIN|__MAX)?")  # of a chart of several runs: run-7 - loss__MIN
_PACKED = (".gz", ".zip")
_LETTERS = {
    "cp1252": "Latin-1 (Windows-1252)",
    "cp1251": "Cyrillic (Windows-1251)",
    "gb2312": "GBK",
    "gb18030": "GBK",
    "cp932": "Shift-JIS",
    "big5": "Big5",
    "cp949": "EUC-KR",
    "cp1250": "Latin-2 (Windows-1250)",
}
SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".json", ".txt", ".dat", ".xlsx", ".npz")
"""Suffixes of tables; each may be followed by ``.gz`` or stand inside a ``.zip``."""


_BY_PANDAS = {
    **dict.fromkeys((".feather", ".arrow"), "read_feather(…)"),
    **dict.fromkeys((".pkl", ".pickle"), "read_pickle(…)"),
    **dict.fromkeys((".xls", ".xlsb", ".ods"), "read_excel(…)"),
    **dict.fromkeys((".h5", ".hdf", ".hdf5"), "read_hdf(…)"),
    **dict.fromkeys((".sas7bdat", ".xpt"), "read_sas(…)"),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), "read_sql(…)"),
    ".dta": "read_stata(…)",
    ".sav": "read_spss(…)",
    ".orc": "read_orc(…)",
    ".xml": "read_xml(…)",
    **dict.fromkeys((".yaml", ".yml"), "json_normalize(yaml.safe_load(open(…)))"),
}
"""Suffix of a file that is not read here -> how pandas reads it."""


def read_table(path: Path) -> Reading:
    """The rows of a file.

    Raises InputError for a file that is missing, unreadable, too large, binary where text is
    expected, malformed, without rows, or of an unknown kind.
    """
    return parse_table(read_bytes(path), path.name, where=str(path))


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
    """The nearest names of tables in the folder of a file that is not there."""
    try:
        return nearest(path.name, [one.name for one in path.parent.iterdir() if {*one.suffixes} & {*SUFFIXES, *_TEXT}])
    except OSError:
        return ""


def refuse_size(size: int, where: str) -> None:
    """Raise InputError for a file of more than `MAX_BYTES` bytes."""
    if size > MAX_BYTES:
        raise InputError(
            f"{where} holds {size / 1024**2:.0f} MiB; the limit is {MAX_BYTES // 1024**2} MiB. Sample its rows."
        )


def parse_table(
    content: bytes, name: str, where: str, wanted: Sequence[str] = (), features: Sequence[str] = ()
) -> Reading:
    """A table from the bytes of the file `name`; of a workbook the sheet that has the `wanted` columns, where one has.
    `features`: of the training rows, where these are further ones.

    `where` goes into messages. Raises InputError as `read_table`.
    """
    if (by := _BY_PANDAS.get(Path(name).suffix.lower())) is not None:
        raise InputError(
            f"lawsmith does not read files like {where}. Save the table as CSV, or read it with pandas in Python: "
            f"discover(pandas.{by}, target=…)."
        )
    content, name = _unpacked(content, name, where)
    suffix = kind(content, name)
    if suffix == ".parquet":
        reading = parquet(content, where)
    elif suffix == ".xlsx":
        reading = workbook(content, where, wanted or features)
    elif suffix in (".npy", ".npz"):
        reading = arrays(content, where)
    elif suffix in _JSON:
        reading = json_rows(_text(content, where, wanted)[0], where)
    elif suffix in _TEXT or content.count(b"\n") >= _LINES:
        reading = _lines(content, where, wanted or features)
    else:
        raise InputError(f"{where} is of an unknown kind; lawsmith reads {', '.join((*SUFFIXES, *_PACKED))} files.")
    if reading.frame.empty:
        raise InputError(f"{where} holds no data rows; a table needs a header and at least one row.")
    ticks, entries = (partial(one, features=features) for one in (with_ticks_told, with_entries_apart))
    for completed in (with_labels_down, ticks, partial(with_runs_apart, wanted=wanted), entries, with_errors_apart):
        reading = completed(reading, where)
    bound_names([str(name) for name in reading.frame.columns], f"{where}: a column's name")
    return reading


def _lines(content: bytes, where: str, wanted: Sequence[str]) -> Reading:
    """A table from text of any other kind than JSON, of several tables the one that has the `wanted` columns."""
    text, notices = _text(content, where, wanted)
    objects = objects_of_lines(text)
    if objects is not None:
        return json_rows(objects[0], where).after(*notices, f"{where}: {objects[1]}")
    text, said = one_table(text, wanted)
    return parse_delimited(text, where).after(*notices, *([f"{where}: {said}"] if said else []))


def bound_names(names: Iterable[str], what: str) -> None:
    """Raise InputError for a name of more than `MAX_NAME` characters; `what` begins the sentence."""
    if (longest := max(map(len, names), default=0)) > MAX_NAME:
        raise InputError(f"{what} has {longest:,} characters; the limit is {MAX_NAME}.")


def kind(content: bytes, name: str) -> str:
    """The suffix that a table's format goes by: the content's where it is certain, else the name's."""
    suffix = Path(name).suffix.lower()
    if content[:4] == b"PAR1" or suffix == ".parquet":
        return ".parquet"
    if suffix != ".npz" and (content[:2] == b"PK" or suffix == ".xlsx"):
        return ".xlsx"
    if content[:6] == b"\x93NUMPY":
        return ".npy"
    begun = re.match(rb"\{\s*[\"}]|\[\s*[\[{\"]", content[:64].lstrip(b"\xef\xbb\xbf \t\r\n"))  # no [12:00] of a log
    if suffix in _JSON or (begun and suffix in ("", ".txt")):
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
            if name.lower().endswith(".npz"):
                return content, name
            inside = [
                info
                for info in archive.infolist()
                if not info.is_dir() and not info.filename.startswith(("__MACOSX", "."))
            ]
            if len(inside) != 1:
                raise InputError(f"{where} holds {len(inside)} files; pack a single table, or unpack it first.")
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


def _text(content: bytes, where: str, wanted: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Text of UTF-8 or UTF-16, or else in letters of Windows or of East Asia, which is said: those in which a `wanted`
    column is there, or Latin ones."""
    encoding, said = _utf16(content) or "utf-8-sig", ""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        encoding = next((one for one in _LETTERS if any(_holds(content, name, one) for name in wanted)), "cp1252")
        text, said = content.decode(encoding, errors="replace"), _LETTERS[encoding]
    text = re.sub(r"[\u200b-\u200d\u2060\ufeff]", "", text)  # characters of no width, from web pages
    odd = sum(not (character.isprintable() or character.isspace()) for character in text[: 1 << 12])
    if "\0" in text[: 1 << 16] or odd > 0.02 * len(text[: 1 << 12]):
        raise InputError(f"{where} is a binary file, not text; give a CSV, Parquet, Excel or JSON table.")
    return text, (f"{where} is not UTF-8 text; lawsmith read it as {said}.",) if said else ()


def _holds(content: bytes, name: str, encoding: str) -> bool:
    """Whether a name with other letters than those of ASCII stands in content in this encoding."""
    written = name.encode(encoding, errors="replace")
    return not name.isascii() and written in content and written.decode(encoding) == name


def _utf16(content: bytes) -> str | None:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = content[:400]
    if len(head) >= 8 and head[1::2].count(0) > 0.9 * len(head[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 8 and head[::2].count(0) > 0.9 * len(head[::2]) else None


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


def with_runs_apart(reading: Reading, where: str, wanted: Sequence[str] = ()) -> Reading:
    """The same with a column ``run`` and one for each measure, where a chart has columns of minima and maxima beside,
    or one axis and one measure of each run, and no column itself is `wanted`.

    A run's rows without any of its measures are steps that it did not reach or log, and none of it.
    """
    import pandas as pd

    frame = reading.frame
    names = {str(name): _RUN_COLUMN.fullmatch(str(name)) for name in frame.columns}
    shared = [name for name, found in names.items() if found is None]
    extremes = any(found and found[3] for found in names.values())
    measured = {found[2] for found in names.values() if found and not found[2].startswith("_")}
    few = 2 if shared and is_progress(shared[0]) else 3
    alike = len(shared) == len(measured) == 1 and len(names) >= few
    if names.keys() & set(wanted) or not (extremes or alike):
        return reading
    runs: dict[str, dict[str, str]] = {}
    for name, found in names.items():
        if found and not found[3] and not found[2].startswith("_"):
            runs.setdefault(found[1], {})[name] = found[2]
    measures = list(dict.fromkeys(measure for columns in runs.values() for measure in columns.values()))
    if not runs or {"run", *shared} & set(measures) or "run" in shared:
        return reading
    parts = []
    for run, columns in runs.items():
        logged = [not all(map(is_missing, cells)) for cells in frame[list(columns)].to_numpy(dtype=object)]
        part = frame.loc[logged, [*shared, *columns]].rename(columns=columns)
        part.insert(len(shared), "run", run)
        parts.append(part)
    rest = "; it left out the smallest and largest values within each step (__MIN, __MAX)" if extremes else ""
    said = (
        f"lawsmith read the columns of {counted(len(runs), 'run')} as rows of each run with {listing(measures)}{rest}"
    )
    return replace(reading, frame=pd.concat(parts, ignore_index=True)).after(f"{where}: {said}.")
