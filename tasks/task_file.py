"""``task.toml``: what a user writes down beside a table, once, about the columns and about the law."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lawsmith.tasks.errors import InputError
from lawsmith.tasks.knowledge import range_texts
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

    @field_validator("features", "category", "ignore", "ranges", "expect", "reach", mode="before")
    @classmethod
    def _listed(cls, said: Any) -> Any:
        """One text stands for a list of it, and ``{loss = [0, 10]}`` for ranges."""
        if isinstance(said, dict):
            return range_texts(said)
        return (said,) if isinstance(said, str) else said


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
        said = first["msg"].lower().replace("a valid tuple", "a text or a list of texts")
        what = "is not known" if first["type"] == "extra_forbidden" else f"is wrong ({said})"
        raise InputError(
            f"{path}: {entry} {what}; the file may hold `title`, `features`, `group`, `category`, `sigma`, `ignore`, "
            "`range`, `expect`, `reach` and, for each column, [columns.NAME] with `meaning` and `unit`."
        ) from None
