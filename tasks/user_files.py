"""Files of the user's own: their folders, the one reader of TOML, and ``task.toml`` with what a table's columns are."""

import os
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from lawsmith.tasks.asked import Stated
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.frozen import Frozen, first_fault
from lawsmith.tasks.knowledge import knowledge_texts

MAX_TOML_BYTES = 64 * 1024  # of settings or a schema: ours have some 2 KB
MAX_DOTS = 256
"""Bound on the dots of one line: Python's reader takes time in the square of the parts of a dotted key."""


def read_toml(path: Path, described: str) -> dict[str, Any]:
    """The content of the file at `path`.

    Args:
        described: begins each sentence about the file, such as "The configuration file x.toml".

    Raises InputError where it is missing, no regular file, larger than `MAX_TOML_BYTES`, or no TOML.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{described} is a folder, a pipe or a device; name a file.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TOML_BYTES + 1)
    except OSError as error:
        raise InputError(f"{described} cannot be read: {error.strerror}.") from None
    return toml_of(content, described)


def toml_of(content: bytes, described: str) -> dict[str, Any]:
    """What the `content` of a file states; raises InputError for more than `MAX_TOML_BYTES`, and for no TOML."""
    if len(content) > MAX_TOML_BYTES:
        raise InputError(f"{described} is larger than {MAX_TOML_BYTES} bytes.")
    if any(line.count(b".") > MAX_DOTS for line in content.splitlines() if not line.startswith(b"#")):
        raise InputError(f"{described} has a line with more than {MAX_DOTS} dots, the limit.")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise InputError(f"{described} is nested too deeply.") from None
    except ValueError as error:  # of TOML, of UTF-8, of an integer with thousands of digits
        raise InputError(f"{described} is not valid TOML: {error}.") from None


def user_folder(variable: str, usual: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder ``lawsmith`` in the one that `variable` names, by default in `usual`.

    A relative path counts as none, as the specification asks: it would mean another folder in each current folder,
    which may be a stranger's.
    """
    named = Path(environment.get(variable, ""))
    return (named if named.is_absolute() else Path(usual).expanduser()) / "lawsmith"


def keep(path: Path, content: bytes) -> None:
    """Put a file into a folder of the user's own, atomically, readable by nobody else; raises OSError if the disk
    refuses."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, content, 0o600)


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` under `path` so that a reader sees the old file or the new one, also after a power cut. Raises
    OSError where the disk refuses; the old file is untouched then, and nothing else is left behind."""
    temporary = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Makes a folder's entries durable; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class ColumnMeaning(Frozen):
    """The meaning of a column, in a sentence, and its unit."""

    meaning: str = ""
    unit: str = ""


class TaskFile(Stated):
    """A user's ``task.toml``: title, roles and meanings of columns, knowledge of the law. Every entry is optional."""

    model_config = ConfigDict(populate_by_name=True)

    title: str = ""
    columns: dict[str, ColumnMeaning] = Field(default_factory=dict)
    ranges: tuple[str, ...] = Field(default=(), alias="range")

    @field_validator("features", "category", "ignore", mode="before")
    @classmethod
    def _listed(cls, said: Any) -> Any:
        """As from Python: one text stands for a list of it."""
        return (said,) if isinstance(said, str) else said

    @field_validator("ranges", "expect", "reach", mode="before")
    @classmethod
    def _known(cls, said: Any, field: ValidationInfo) -> Any:
        return knowledge_texts(str(field.field_name), said)


def task_file(given: Path | None, beside: Path) -> TaskFile:
    """The file `given`, else the one `beside` the table, else nothing; raises InputError where it is damaged."""
    if given is None and not beside.is_file():
        return TaskFile()
    path = given or beside
    try:
        return TaskFile.model_validate(read_toml(path, str(path)))
    except ValidationError as error:
        raise InputError(
            f"{path}: {first_fault(error)}; the file may hold `title`, `features`, `group`, `category`, `sigma`, "
            "`ignore`, `range`, `expect`, `reach` and, for each column, [columns.NAME] with `meaning` and `unit`."
        ) from None


@contextmanager
def told_with(said: TaskFile, path: Path) -> Iterator[None]:
    """An error in here says which entries the file has: the user may have typed none of them."""
    try:
        yield
    except InputError as error:
        entries = list(said.model_dump(by_alias=True, exclude_unset=True, exclude={"title", "columns"}))
        raise InputError(f"{error.args[0]} {path} states {listing(entries)}.") if entries else error from None
