"""Make a data set from a user's own table."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from lawsmith.tasks.catalog import names as benchmark_names
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.inference import infer_roles
from lawsmith.tasks.reading import read_bytes, read_frame, require_columns
from lawsmith.tasks.schema import Column, Schema
from lawsmith.tasks.task import Dataset
from lawsmith.tasks.validation import Split, dataset, refuse_repeated_rows

if TYPE_CHECKING:
    import pandas as pd

MAX_TASK_FILE_BYTES = 64 * 1024


class ColumnMeaning(BaseModel):
    """What a column measures, in a sentence, and its unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: str = ""
    unit: str = ""


class TaskFile(BaseModel):
    """A user's ``task.toml``: a title, and what the columns mean. Everything is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    columns: dict[str, ColumnMeaning] = {}


def read_dataset(
    train: Path,
    target: Sequence[str],
    features: Sequence[str] | None = None,
    group: str | None = None,
    test: Path | None = None,
    cap: int | None = None,
    task_toml: Path | None = None,
) -> Dataset:
    """A data set from CSV, Parquet or JSON-lines files.

    `features` and `group` are inferred when None (an empty `group` says that there is none); what was
    inferred is the first of the data set's notes. `cap` bounds the constants per group and target.
    `task_toml` (default: ``task.toml`` beside `train`, if there) states meanings and units, which a
    proposer sees. Raises InputError for whatever `lawsmith.tasks.reading` and `lawsmith.tasks.validation` refuse, for
    roles that overlap and for a damaged `task_toml`.
    """
    if not target:
        raise InputError("No target is named; say with --target which column the law shall predict.")
    if cap is not None and cap < 1:
        raise InputError(f"A cap of {cap} allows no constant; it must be at least 1.")
    frame, where = read_frame(train), str(train)
    require_columns(frame, (*target, *(features or ()), *((group,) if group else ())), where)
    refuse_repeated_rows(frame, where)
    roles = infer_roles(frame, tuple(target), None if features is None else tuple(features), group, where)
    meanings = _task_file(task_toml, train.parent / "task.toml", frame)
    used = (*roles.features, *target, *(() if roles.group is None else (roles.group,)))
    _refuse_two_roles(used)
    name = _name(train)
    schema = Schema(
        name=name,
        long_name=name,
        title=meanings.title or f"{listing(list(target))} from {train.name}",
        features=roles.features,
        targets=tuple(target),
        group=roles.group,
        cap=cap,
        columns={column: _column(column, meanings) for column in used},
    )
    notes = (roles.explanation,) if roles.explanation else ()
    return dataset(schema, "file", Split(frame, where, train), _test_split(test), notes)


def _test_split(test: Path | None) -> Split | None:
    if test is None:
        return None
    frame: pd.DataFrame = read_frame(test)
    refuse_repeated_rows(frame, str(test))
    return Split(frame, str(test), test)


def _refuse_two_roles(used: tuple[str, ...]) -> None:
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        raise InputError(
            f"Column {twice[0]!r} is asked for twice; a column is either a feature, a target or the group, once."
        )


def _column(name: str, meanings: TaskFile) -> Column:
    known = meanings.columns.get(name, ColumnMeaning())
    return Column(name=name, meaning=known.meaning, unit=known.unit)


def _task_file(given: Path | None, beside: Path, frame: "pd.DataFrame") -> TaskFile:
    path = given or beside
    if given is None and not beside.is_file():
        return TaskFile()
    parsed = _parse_task_file(path)
    require_columns(frame, tuple(parsed.columns), f"{path} describes columns of the table, which")
    return parsed


def _parse_task_file(path: Path) -> TaskFile:
    content = read_bytes(path)
    if len(content) > MAX_TASK_FILE_BYTES:
        raise InputError(
            f"{path} is larger than {MAX_TASK_FILE_BYTES} bytes, which no description of columns is."
        )
    try:
        return TaskFile.model_validate(tomllib.loads(content.decode("utf-8")))
    except RecursionError:
        raise InputError(f"{path} is nested too deeply; it may hold `title` and [columns.NAME].") from None
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(str(part) for part in first["loc"])
        what = "is not known" if first["type"] == "extra_forbidden" else f"is wrong ({first['msg'].lower()})"
        raise InputError(
            f"{path}: {entry} {what}; the file may hold `title` and, for each column, [columns.NAME] with `meaning` "
            "and `unit`."
        ) from None
    except ValueError as error:  # of TOML, of UTF-8, of an integer with thousands of digits
        raise InputError(f"{path} is not valid TOML: {error}.") from None


def _name(train: Path) -> str:
    """A name for folders: the file's, or its folder's for ``train.csv``; never a benchmark task's."""
    stem = train.resolve().parent.name if train.stem in ("train", "data") else train.stem
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:40] or "table"
    return f"{name}_table" if name in benchmark_names() else name
