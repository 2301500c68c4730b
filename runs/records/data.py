"""The rows of an archived run: those of a user's own table travel with the archive, others are found again.

``data.json.gz`` holds the validated rows of both splits as the run saw them. A float is written as the shortest text
that reads back to the same bits, so the digest in the manifest covers them too.
"""

import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from lawsmith.runs.quoting import visible
from lawsmith.runs.records.archive import DATA, Archive
from lawsmith.runs.records.canonical_json import decode
from lawsmith.runs.records.files import read_bounded
from lawsmith.runs.records.ownership import is_own
from lawsmith.tasks import Dataset, InputError, Schema, Table, Task, load, names, replica
from lawsmith.tasks.task import Provenance, content_digest
from lawsmith.tasks.user_table import read_decided
from lawsmith.tasks.validation import Split
from lawsmith.tasks.validation import dataset as validated

MOST_NUMBERS = 1_000_000
"""A table with more cells than this stays outside: its text would take some 10 MB in every archive."""
MOST_BYTES = 64 * 2**20
"""Bound of the unpacked text; protects against a small file that unpacks to gigabytes."""
MOST_NOTES, MOST_NOTE = 200, 1000  # sentences about a table and their characters; a stranger's archive may hold more
NOT_OPENED = (
    "You did not begin this run on this machine, so no page opens the table that it names; "
    "say where the table is with --data-dir."
)


class NotOpened(InputError):
    """A page does not open a table that another user's archive names."""


def packed(dataset: Dataset) -> bytes | None:
    """The rows of both splits as ``data.json.gz`` holds them; None for a table that is too large to go along."""
    splits = {"train": dataset.task.train, "test": dataset.test}
    cells = (len(t) * (len(t.features) + len(t.targets)) for t in splits.values() if t is not None)
    if sum(cells) > MOST_NUMBERS:
        return None
    content = {name: None if table is None else _plain(table) for name, table in splits.items()}
    text = json.dumps({"version": 1, "notes": list(dataset.notices), **content}, separators=(",", ":"))
    return gzip.compress(text.encode(), 6, mtime=0) if len(text) <= MOST_BYTES else None


def _plain(table: Table) -> dict[str, Any]:
    """Every field of a table in JSON's types."""

    def one(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: one(column) for name, column in value.items()}
        return value.tolist() if isinstance(value, np.ndarray) else value

    return {field.name: one(getattr(table, field.name)) for field in fields(table)}


def kept_data(archive: Archive) -> Dataset | None:
    """The data set that an archive carries; None where it carries none. Raises InputError where the file is damaged, or
    holds other rows than the manifest's digest says."""
    manifest, path = archive.manifest, archive.path / DATA
    try:
        content = read_bounded(path)
    except FileNotFoundError:
        return None
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise ValueError(f"it unpacks to more than {MOST_BYTES} bytes")
        found = decode(text)
        both = (found[name] for name in ("train", "test"))
        train, test = (None if rows is None else _table(rows, manifest.task) for rows in both)
        if train is None or not len(train) or manifest.data is None:
            raise ValueError("it holds no training rows")
        notes = tuple(visible(str(note))[:MOST_NOTE] for note in list(found["notes"])[:MOST_NOTES])
        provenance = Provenance(manifest.data.source, manifest.data.sha256, manifest.data.path)
        made, digest = Dataset(Task(manifest.task, train, provenance), test, notes), content_digest(train, test)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(
            f"The archive {archive.path} is damaged: {DATA}: {visible(str(error))[:200] or 'unreadable'}."
        ) from None
    if digest != manifest.data.sha256:
        raise InputError(f"The archive {archive.path} is damaged: {DATA} holds other rows than its run had.")
    return made


def _table(content: Mapping[str, Any], schema: Schema) -> Table:
    """The table; raises ValueError, or what a wrong kind leads to, unless it is as `validated` makes it."""
    known = {field.name for field in fields(Table)}
    if set(content) - known:
        raise ValueError(f"unknown parts of a table: {', '.join(sorted(set(content) - known))}")
    if not all(isinstance(code, int) for code in content["codes"]):
        raise ValueError("a group code is no whole number")
    made = Table(**{name: _array(name, value) for name, value in content.items()})
    if tuple(made.features) != schema.features or tuple(made.targets) != schema.targets:
        raise ValueError("it has other columns than its task")
    if not all(np.isfinite(column).all() for column in (*made.features.values(), *made.targets.values())):
        raise ValueError("a cell is no finite number")
    if not all(isinstance(name, str) for name in (*made.groups, *made.categories)):
        raise ValueError("a group has no name")
    return made


def _array(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {column: np.array(cells, dtype=np.float64) for column, cells in value.items()}
    if isinstance(value, list) and name != "codes" and all(isinstance(cell, str) for cell in value):
        return tuple(value)
    return value if value is None else np.array(value)


def open_data(archive: Archive, data_dir: Path | None = None, *, shown: bool = False) -> Dataset:
    """The data of an archived run; raises InputError when it cannot be had.

    Rows that the archive carries come first, unless `data_dir` says where to look. A table of the user's own is then
    looked for under its name in `data_dir`, or else where it was. `shown`: on a page, which opens archives that nobody
    vouches for; without `data_dir`, a file that one names is then opened only where this user began the run.
    """
    if data_dir is None and (kept := kept_data(archive)) is not None:
        return kept
    manifest = archive.manifest
    record, schema = manifest.data, manifest.task
    if record is not None and record.source == "replica":
        if schema.name not in replica.available():
            raise InputError(f"The archive of {manifest.run} is damaged: its task has no replica.")
        train, test = (Split(frame, f"the replica of {schema.name}", None) for frame in replica.rows(schema))
        return validated(schema, "replica", train, test)
    trusted = not shown or data_dir is not None or is_own(manifest)
    if not trusted and ((record is not None and record.train is not None) or schema.name not in names()):
        raise NotOpened(NOT_OPENED)
    if record is not None and record.train is not None:
        train_file = _moved(record.train, data_dir)
        if not train_file.exists():
            told = f"The archive of {manifest.run} does not hold its rows, and there is no file {train_file}"
            raise InputError(f"{told}; --data-dir names the folder that the table is in now.")
        test_file = None if record.test is None else _moved(record.test, data_dir)
        return read_decided(schema, train_file, test_file)
    if schema.name not in names():
        raise InputError(f"The archive of {manifest.run} does not say where its table is, so it cannot be replayed.")
    found_before = None if record is None or record.source != "file" or not trusted else record.path
    if data_dir is None and found_before is not None and Path(found_before).is_file():
        data_dir = Path(found_before).parent
    return load(schema.name, data_dir)


def _moved(path: str, data_dir: Path | None) -> Path:
    return Path(path) if data_dir is None else data_dir / Path(path).name
