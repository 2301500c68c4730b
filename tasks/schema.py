"""What a table means: its columns, targets, group column and cap on constants."""

from collections import Counter
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SINGLE_GROUP = "all_data"
"""Name of the only group of a table without a group column (SLDBench's word for it)."""


class Column(BaseModel):
    """One column in the field's words. `meaning` is a sentence; `unit` is empty for a pure number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    meaning: str = ""
    unit: str = ""


class Anchor(BaseModel):
    """A score that somebody else published: test R² of `system`, clipped at -1 from below."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    r2: float = Field(ge=-1, le=1)
    runs: str = ""
    source: str


class Schema(BaseModel):
    """The description of a task, without its rows.

    `cap` limits the constants of a law per group and target; None means no limit. A `group` of
    None means that all rows belong to one group, ``all_data``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    long_name: str
    title: str
    features: tuple[str, ...] = Field(min_length=1)
    targets: tuple[str, ...] = Field(min_length=1)
    group: str | None
    cap: int | None = Field(default=None, ge=1)
    columns: dict[str, Column] = {}
    anchors: tuple[Anchor, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that the task uses: features, targets, then the group column if there is one."""
        return (*self.features, *self.targets, *(() if self.group is None else (self.group,)))

    @model_validator(mode="after")
    def _roles_are_distinct(self) -> Self:
        repeated = [name for name, count in Counter(self.names).items() if count > 1]
        if repeated:
            raise ValueError(
                f"column {repeated[0]!r} has more than one role among features, targets and group"
            )
        unknown = sorted(set(self.columns) - set(self.names))
        if unknown:
            raise ValueError(f"a meaning is given for {unknown[0]!r}, which is not a column of the task")
        return self
