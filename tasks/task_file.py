"""``task.toml``: what a user writes down beside a table, once, about the columns and about the law."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lawsmith.tasks.errors import InputError
from lawsmith.tasks.toml import read_toml


class ColumnMeaning(BaseModel):
    """What a column measures, in a sentence, and its unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: str = ""
    unit: str = ""


class TaskFile(BaseModel):
    """A user's ``task.toml``: a title, what the columns are and mean, what is known. Everything is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    title: str = ""
    columns: dict[str, ColumnMeaning] = {}
    features: tuple[str, ...] | None = None
    group: str | None = None
    category: tuple[str, ...] = ()
    sigma: str | None = None
    ignore: tuple[str, ...] = ()
    ranges: tuple[str, ...] = Field(default=(), alias="range")
    expect: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()


def task_file(given: Path | None, beside: Path) -> TaskFile:
    """The file `given`, else the one `beside` the table, else nothing; raises InputError where it is damaged."""
    if given is None and not beside.is_file():
        return TaskFile()
    return _parsed(given or beside)


def _parsed(path: Path) -> TaskFile:
    try:
        return TaskFile.model_validate(read_toml(path, str(path)))
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(str(part) for part in first["loc"])
        what = "is not known" if first["type"] == "extra_forbidden" else f"is wrong ({first['msg'].lower()})"
        raise InputError(
            f"{path}: {entry} {what}; the file may hold `title`, `features`, `group`, `category`, `sigma`, `ignore`, "
            "`range`, `expect`, `reach` and, for each column, [columns.NAME] with `meaning` and `unit`."
        ) from None
