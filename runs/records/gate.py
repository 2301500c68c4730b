"""Checks every record of an archive before anything else reads it, because an archive may come from a stranger.

A digest shows that nobody changed the bytes, not that they make sense. These checks bound the kinds, sizes and
characters that commands, pages and exports rely on. Each refusal is one sentence.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lawsmith.runs.quoting import visible
from lawsmith.sandbox import Constants
from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import InputError, Schema
from lawsmith.tasks.frozen import first_fault

MOST_PARENTS = 64  # of a trial; crossings have two
MOST_WORDS = 256 * 1024  # of a note, an origin, a message
MOST_SOURCE = 4 * 2**20  # bytes; the limit of a candidate is far lower
LAW_BYTES = 256 * 1024
"""Of a ``law.py`` without its table of constants: four times a candidate's source."""
BYTES_OF_A_CONSTANT = 96  # in JSON, with its name and group
MOST_CONSTANTS = 20_000  # of one law: 512 in 40 groups


_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
_Words = Annotated[str, Field(max_length=MOST_WORDS)]


class _OfArchive(BaseModel):
    """The parts of a proposal, or of an event, that readers rely on."""

    model_config = ConfigDict(strict=True, extra="ignore")

    id: _Id = "none"
    source: Annotated[str, Field(max_length=MOST_SOURCE)] | None = None
    origin: _Words | None = None
    note: _Words | None = None
    name: _Words | None = None
    agent: _Words | None = None
    model: _Words | None = None
    reason: _Words | None = None
    parents: Annotated[list[_Id], Field(max_length=MOST_PARENTS)] = []
    event: Annotated[str, Field(max_length=40)] | None = None
    round: int = Field(default=0, ge=0, lt=2**31)
    proposals: list["_OfArchive"] = []
    evaluation: dict[str, Any] = {}

    @field_validator("evaluation")
    @classmethod
    def _with_constants(cls, evaluation: dict[str, Any]) -> dict[str, Any]:
        """Constants are names, with a row of as many numbers for each group."""
        if (recorded := evaluation.get("constants")) is not None:
            try:
                names = Constants.from_json(recorded).names
                sound = all(isinstance(name, str) and name.isidentifier() for name in names)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                sound = False
            if not sound or len(set(names)) != len(names):
                raise ValueError("the constants are not a table of names and numbers")
        return evaluation


def checked_event(event: Mapping[str, Any], where: str) -> None:
    """Raises InputError unless an event is of a kind that readers can rely on; `where` names its archive."""
    try:
        _OfArchive.model_validate(dict(event))
    except ValidationError as problem:
        number = event.get("seq") if isinstance(event.get("seq"), int) else "?"
        raise InputError(f"{where}: event {number}: {visible(first_fault(problem))[:200]}.") from None


def checked_constants(constants: Mapping[str, Mapping[str, float]] | None, where: str) -> None:
    """Raises InputError unless every group of a result's constants (group -> name -> value) has the same names."""
    if not constants:
        return
    names = tuple(next(iter(constants.values())))
    for group, row in constants.items():
        if tuple(row) != names and set(row) != set(names):
            raise InputError(
                f"{where}: the constants of {visible(group)[:60]!r} have other names than in the first group."
            )


def checked_names(source: str | None, schema: Schema, rows: Iterable[Iterable[str]], where: str) -> None:
    """Raises InputError where rows of constants have other names than the parameters of the form in `source`.

    It passes a source that cannot be read: the sandbox executes it and reports what is wrong.
    """
    found = Unreadable("there is none") if source is None else read(source, schema.targets, schema.features)
    if isinstance(found, Unreadable):
        return
    wanted = {parameter.name for parameter in found.parameters}
    listed = [set(row) for row in rows]
    if any(row != wanted for row in listed) or (wanted and not listed):
        raise InputError(f"{where}: the constants have other names than the parameters in the law's source.")


def law_bound(constants: Mapping[str, Mapping[str, float]] | None) -> int:
    """The most bytes that a ``law.py`` with these constants has."""
    count = sum(1 + len(row) for row in constants.values()) if constants else 0
    return LAW_BYTES + BYTES_OF_A_CONSTANT * min(count, MOST_CONSTANTS)
