"""What a table means: its columns, targets, group column and cap on constants."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.knowledge import Knowledge
from lawsmith.tasks.numerals import plain

SINGLE_GROUP = "all_data"
"""Name of the only group of a table without a group column (SLDBench's word for it)."""


Role = Literal[
    "target", "feature", "group", "category", "weight", "replicate", "bookkeeping", "companion", "derived", "left out"
]


class ColumnRole(Frozen):
    """The role of a column of the user's table, and the reason in a few words."""

    name: str
    role: Role
    reason: str


class Column(Frozen):
    """One column in the field's words. `meaning` is a sentence; `unit` is empty for a pure number.

    `levels` are the labels of a category, whose values are their places 0 … k-1; a number has none.
    """

    name: str
    meaning: str = ""
    unit: str = ""
    levels: tuple[str, ...] = ()

    def code(self, label: object) -> float:
        """The place of a category's label; raises InputError for a label that it does not have."""
        text = str(label).strip()
        if text in self.levels:
            return float(self.levels.index(text))
        folded = [level.casefold() for level in self.levels]
        if text.casefold() in folded:
            return float(folded.index(text.casefold()))
        number = plain(label)
        if folded in (pairs := (["false", "true"], ["no", "yes"], ["n", "y"], ["off", "on"])):
            said = next((pair.index(text.casefold()) for pair in pairs if text.casefold() in pair), number)
            if said in (0, 1):
                return float(said)
        alike = [place for place, level in enumerate(self.levels) if number is not None and plain(level) == number]
        if len(alike) != 1:
            raise InputError(f"The category {self.name!r} has no level {text!r}; it has {listing(self.levels, 8)}.")
        return float(alike[0])


Kind = Literal["error", "relative error", "variance", "count", "interval"]


class Weight(Frozen):
    """The column that says how much each row counts: the error of its target (in the target's unit, or as a share of
    it) or the error's square, or a number of measurements; or two columns, with the ends of an interval around the
    target, or with its errors to both sides."""

    column: str
    kind: Kind
    other: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is made of."""
        return tuple(filter(None, (self.column, self.other)))


class Decided(Frozen):
    """The decisions about a user's table at its first reading; they are never made again.

    roles: of every column of the file. state: the column of a tracker that says which runs have finished. only_filled:
    whether rows that lack a value are left out; `only_measured` leaves out those that lack a target alone.
    lone: labels of the group whose rows are left out. percents: features that were written in per cent, whose values
    are shares.
    """

    roles: tuple[ColumnRole, ...] = ()
    weight: Weight | None = None
    state: str | None = None
    only_filled: bool = False
    only_measured: bool = False
    lone: tuple[str, ...] = ()
    percents: tuple[str, ...] = ()
    decimal: Literal["", ".", ","] = ""
    thousands: Literal["", ".", ",", " ", "'"] = ""

    @property
    def asked_categories(self) -> tuple[str, ...]:
        """The categories that the user named."""
        return tuple(one.name for one in self.roles if one.role == "category" and one.reason.startswith("named"))


class Anchor(Frozen):
    """A score that somebody else published: test R² of `system`, clipped at -1 from below."""

    system: str
    r2: float = Field(ge=-1, le=1)
    runs: str = ""
    source: str


class Schema(Frozen):
    """The description of a task, without its rows.

    `cap` limits the constants of a law per group and target; None means no limit. A `group` of
    None means that all rows belong to one group, ``all_data``. `knowledge` is what the user knows of the law;
    `decided` is there for a table of the user's own.
    """

    name: str
    long_name: str
    title: str
    features: tuple[str, ...] = Field(min_length=1)
    targets: tuple[str, ...] = Field(min_length=1)
    group: str | None
    cap: int | None = Field(default=None, ge=1)
    columns: dict[str, Column] = Field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()
    knowledge: Knowledge = Knowledge()
    decided: Decided | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that the task uses: features, targets, then the group column if there is one."""
        return (*self.features, *self.targets, *(() if self.group is None else (self.group,)))

    @property
    def coded(self) -> dict[str, tuple[str, ...]]:
        """The levels of each category, but for those that are their places themselves."""
        levels = {name: column.levels for name, column in self.columns.items()}
        return {name: own for name, own in levels.items() if own != tuple(map(str, range(len(own))))}

    @property
    def codes(self) -> tuple[str, ...]:
        """What the numbers of each category stand for in formulas, such as ``opt: 0 is adam, 1 is sgd``."""
        listed = {name: [f"{k} is {level}" for k, level in enumerate(own)] for name, own in self.coded.items()}
        return tuple(f"{name}: {', '.join(pairs)}" for name, pairs in listed.items())

    def written(self, name: str, values: Iterable[float]) -> list[Any]:
        """The values of a column as rows have them: the labels of a category for its codes, and numbers as they are."""
        levels = self.columns[name].levels if name in self.columns else ()
        return [levels[int(code)] for code in values] if levels else list(values)

    @model_validator(mode="after")
    def _roles_are_distinct(self) -> Self:
        repeated = [name for name, count in Counter(self.names).items() if count > 1]
        if repeated:
            raise ValueError(f"column {repeated[0]!r} has more than one role among features, targets and group")
        unknown = sorted(set(self.columns) - set(self.names))
        if unknown:
            raise ValueError(f"a meaning is given for {unknown[0]!r}, which is not a column of the task")
        return self
