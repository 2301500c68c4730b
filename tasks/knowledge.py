"""What a user knows of a law before it is found: the range of a target, and whether it rises or falls."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_serializer, field_validator

from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.words import is_rate

_VERBS: dict[str, Literal["rises", "falls"]] = {
    **dict.fromkeys(("rises", "rise", "increases", "increase", "grows", "grow", "up"), "rises"),
    **dict.fromkeys(("falls", "fall", "decreases", "decrease", "drops", "shrinks", "down"), "falls"),
}
_EXPECTATION = re.compile(rf"\s*(.+?)\s+({'|'.join(_VERBS)})\s+(?:with|in|as)\s+(.+?)\s*", re.IGNORECASE)


class Expectation(BaseModel):
    """A target that rises, or falls, while each of the features grows and all others stay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    direction: Literal["rises", "falls"]
    features: tuple[str, ...]


class Knowledge(BaseModel):
    """What laws of a task must respect, in the data and beyond. ranges: target -> (low, high), infinite where open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ranges: Mapping[str, tuple[float, float]] = {}
    expectations: tuple[Expectation, ...] = ()

    @field_validator("ranges", mode="before")
    @classmethod
    def _open_ends(cls, ranges: Any) -> Any:
        """None, which stands for an open end in JSON, is infinite."""
        if not isinstance(ranges, Mapping):
            return ranges
        ends = {target: tuple(ends) for target, ends in ranges.items()}
        return {
            target: (-math.inf if low is None else low, math.inf if high is None else high)
            for target, (low, high) in ends.items()
        }

    @field_serializer("ranges", when_used="json")
    def _closed_ends(self, ranges: Mapping[str, tuple[float, float]]) -> dict[str, list[float | None]]:
        return {
            target: [end if math.isfinite(end) else None for end in ends] for target, ends in ranges.items()
        }

    def __bool__(self) -> bool:
        return bool(self.ranges or self.expectations)

    def sentences(self) -> tuple[str, ...]:
        """What is known, a sentence each."""
        return (
            *(f"{target} stays within {low:g} and {high:g}." for target, (low, high) in self.ranges.items()),
            *(f"{one.target} {one.direction} with {listing(one.features)}." for one in self.expectations),
        )


def read_knowledge(
    ranges: Sequence[str], expectations: Sequence[str], targets: Sequence[str], features: Sequence[str]
) -> Knowledge:
    """Read ``loss=0:``, ``acc=0:1`` and ``loss falls with N, D``.

    Raises InputError for a text that is not of this form, a column that is no target or no feature, an empty range,
    and for a target that should both rise and fall.
    """
    found = dict(_range(text, targets) for text in ranges)
    read = tuple(_expectation(text, targets, features) for text in expectations)
    said: dict[tuple[str, str], str] = {}
    for one in read:
        for feature in one.features:
            if said.setdefault((one.target, feature), one.direction) != one.direction:
                raise InputError(f"{one.target} cannot both rise and fall with {feature}; give one --expect.")
    return Knowledge(ranges=found, expectations=read)


def rate_range(name: str, low: float, high: float) -> tuple[float, float] | None:
    """The range of a target that is named like a rate and was measured between `low` and `high`; None for others."""
    return (0.0, 1.0) if is_rate(name) and low >= 0 and high <= 1 else None


def _range(text: str, targets: Sequence[str]) -> tuple[str, tuple[float, float]]:
    name, equals, interval = text.rpartition("=")
    low, colon, high = interval.partition(":")
    if not equals or not colon:
        raise InputError(
            f"--range {text!r} is not understood; write TARGET=LOW:HIGH, such as loss=0: or acc=0:1."
        )
    bounds = (_number(low, -math.inf, text), _number(high, math.inf, text))
    if not bounds[0] < bounds[1]:
        raise InputError(f"--range {text!r} is empty; its low end must be below its high end.")
    return _known(name.strip(), targets, "--range", "target"), bounds


def _number(text: str, missing: float, whole: str) -> float:
    try:
        value = float(text) if text.strip() else missing
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise InputError(f"--range {whole!r}: {text.strip()!r} is not a number.")
    return value


def _expectation(text: str, targets: Sequence[str], features: Sequence[str]) -> Expectation:
    found = _EXPECTATION.fullmatch(text)
    if found is None:
        raise InputError(
            f"--expect {text!r} is not understood; write it like 'loss falls with N, D' or 'acc rises with compute'."
        )
    target = _known(found[1], targets, "--expect", "target")
    named = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", found[3].removesuffix("."))
    over = tuple(_known(name, features, "--expect", "feature") for name in named if name)
    return Expectation(target=target, direction=_VERBS[found[2].lower()], features=over)


def _known(name: str, columns: Sequence[str], option: str, noun: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if re.split(r"[./]", column)[-1].casefold() == name.casefold()]
    if len(alike) != 1:
        raise InputError(
            f"{option} names {name!r}, which is no {noun}; the {noun}s are {listing(list(columns), 12)}."
        )
    return alike[0]
