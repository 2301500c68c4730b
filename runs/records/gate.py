"""Checks every record of an archive before anything else reads it, because an archive may come from a stranger.

A digest shows that nobody changed the bytes, not that they make sense. These checks bound the kinds, sizes and
characters that commands, pages and exports rely on. Each refusal is one sentence.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lawsmith.runs.quoting import visible
from lawsmith.sandbox import Constants
from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import InputError, Schema

MOST_PARENTS = 64  # of a trial; crossings have two
MOST_WORDS = 256 * 1024  # of a note, an origin, a message
MOST_SOURCE = 4 * 2**20  # bytes; the limit of a candidate is far lower
LAW_BYTES = 256 * 1024
"""Of a ``law.py`` without its table of constants: four times a candidate's source."""
BYTES_OF_A_CONSTANT = 96  # in JSON, with its name and group
MOST_CONSTANTS = 20_000  # of one law: 512 in 40 groups
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_OF_A_CANDIDATE = ("id", "source")
_WORDS = ("origin", "note", "name", "agent", "model", "reason")


class Unsound(ValueError):
    """No version of lawsmith writes such a record; the message says what is wrong with it."""


def checked_event(event: Mapping[str, Any], where: str) -> None:
    """Raises InputError unless an event is of a kind that readers can rely on; `where` names its archive."""
    try:
        _check_event(event)
    except Unsound as problem:
        number = event.get("seq")
        raise InputError(f"{where}: event {number if isinstance(number, int) else '?'} {problem}.") from None


def _check_event(event: Mapping[str, Any]) -> None:
    kind = event.get("event")
    if kind is not None and not (isinstance(kind, str) and len(kind) <= 40):
        raise Unsound("does not state its kind")
    if kind == "candidate":
        for name in _OF_A_CANDIDATE:
            if name not in event:
                raise Unsound(f"is a candidate without {name!r}")
        evaluation = event.get("evaluation", {})
        if not isinstance(evaluation, Mapping):
            raise Unsound("is a candidate whose evaluation is not an object")
        _check_constants(evaluation.get("constants"))
    if kind == "round" and not isinstance(event.get("proposals"), list):
        raise Unsound("is a round without proposals")
    if "round" in event and not _is_count(event["round"]):
        raise Unsound("has a round that is not a whole number from 0 on")
    for record in (event, *(event["proposals"] if kind == "round" else ())):
        if not isinstance(record, Mapping):
            raise Unsound("holds a proposal that is not an object")
        _check_proposal(record)


def _check_proposal(record: Mapping[str, Any]) -> None:
    if "id" in record and not (isinstance(record["id"], str) and _ID.fullmatch(record["id"])):
        raise Unsound(f"has the id {visible(str(record['id']))[:60]!r}, which is not an id of a candidate")
    source = record.get("source")
    if source is not None and not (isinstance(source, str) and len(source) <= MOST_SOURCE):
        raise Unsound("has a source that is not a text, or that is too long")
    for name in _WORDS:
        words = record.get(name)
        if words is not None and not (isinstance(words, str) and len(words) <= MOST_WORDS):
            raise Unsound(f"has an entry {name!r} that is not a text, or that is too long")
    parents = record.get("parents", ())
    if not isinstance(parents, list | tuple) or len(parents) > MOST_PARENTS:
        raise Unsound(f"has parents that are not a list, or more than {MOST_PARENTS} of them")
    if not all(isinstance(parent, str) and _ID.fullmatch(parent) for parent in parents):
        raise Unsound("has a parent that is not an id of a candidate")


def _check_constants(recorded: Any) -> None:
    """Raises Unsound unless the constants of an evaluation are names, with a row of as many numbers for each group."""
    if recorded is None:
        return
    try:
        found = Constants.from_json(recorded)
        sound = all(isinstance(name, str) and name.isidentifier() for name in found.names)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        sound = False
    if not sound or len(set(found.names)) != len(found.names):
        raise Unsound("has constants that are not a table of names and numbers")


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


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
