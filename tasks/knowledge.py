"""What a user knows of a law before it is found: the range of a target, whether it rises or falls, and how far it is to
be used."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import field_serializer, field_validator

from lawsmith.tasks.asked import meant
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.words import is_in_per_cent, is_rate

_UP = "rises rise rising increases increase increasing grows grow growing up larger higher bigger"
_DOWN = (
    "falls fall falling decreases decrease decreasing drops drop dropping shrinks shrink shrinking declines down "
    "smaller lower"
)
_VERBS: dict[str, Literal["rises", "falls"]] = {
    **dict.fromkeys(_UP.split(), "rises"),
    **dict.fromkeys(_DOWN.split(), "falls"),
}
_FILLING = r"(?:(?:is|should|must|goes|gets|strictly|monotonically)\s+)*"
_STATED = rf"{_FILLING}({'|'.join(_VERBS)})\s+(?:monotonically\s+)?(?:with|in|as|when)\s+"
_EXPECTATION = re.compile(
    rf"\s*(?:the\s+)?(.+?)\s+{_STATED}(.+?)(?:\s+(?:grows?|rises?|increases?))?[\s.]*", re.IGNORECASE
)
_TURN = re.compile(rf"\s*(?:,|\s(?:but|and|while))+\s+(?={_STATED})", re.IGNORECASE)
"""Between the two parts of ``loss falls with N but rises with lr``."""
_NUMBER = r"[+\-−]?(?:\.?\d|inf|∞)[^\s<>=≤≥]*"
_RANGES = (
    r"(?P<name>.+)(?:=|\bin\b)\s*\[?\s*(?P<low>[^\s:,\[\]]*)\s*[:,]\s*(?P<high>[^\s:,\[\]]*)\s*\]?",
    rf"(?P<name>.+?)\s*(?:=|\b(?:in|from|is|between)\b)\s*(?P<low>{_NUMBER})\s*(?:\.\.+|\bto\b|\band\b)\s*(?P<high>{_NUMBER})",
    rf"(?P<low>{_NUMBER})\s*(?:<=?|≤)\s*(?P<name>[^<>=≤≥]+)(?:\s*(?:<=?|≤)\s*(?P<high>{_NUMBER}))?",
    rf"(?P<name>[^<>=≤≥]+)\s*(?:<=?|≤)\s*(?P<high>{_NUMBER})",
    rf"(?P<name>[^<>=≤≥]+)\s*(?:>=?|≥)\s*(?P<low>{_NUMBER})",
)
"""``acc=0:1`` and ``acc in [0, 1]``, ``0 <= acc <= 1``, ``acc <= 1``, ``loss >= 0``."""

FARTHEST = 1e12  # of a stated reach


class Expectation(Frozen):
    """A target that rises, or falls, while each of the features grows and all others stay."""

    target: str
    direction: Literal["rises", "falls"]
    features: tuple[str, ...]


class Knowledge(Frozen):
    """What laws of a task must respect, in the data and beyond. ranges: target -> (low, high), infinite where open.

    assumed: targets whose range nobody stated. Laws need not respect it below the smallest values of the features,
    where the power law of an error rate passes 1.
    reach: feature -> how far beyond the data laws are used; times its largest value where it is on a logarithmic axis,
    else in widths of its measured range.
    """

    ranges: Mapping[str, tuple[float, float]] = {}
    assumed: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    reach: Mapping[str, float] = {}

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
        return {target: [end if math.isfinite(end) else None for end in ends] for target, ends in ranges.items()}

    def __bool__(self) -> bool:
        return bool(self.ranges or self.expectations)

    @property
    def distances(self) -> tuple[tuple[str, float], ...]:
        """`reach` as a value that can be a key."""
        return tuple(sorted(self.reach.items()))

    def sentences(self) -> tuple[str, ...]:
        """What is known, a sentence each."""
        return (
            *(f"{target} stays within {low:g} and {high:g}." for target, (low, high) in self.ranges.items()),
            *(f"{one.target} {one.direction} with {listing(one.features)}." for one in self.expectations),
        )


def read_knowledge(
    ranges: Sequence[str], expectations: Sequence[str], targets: Sequence[str], features: Sequence[str]
) -> Knowledge:
    """Read ``loss=0:``, ``acc=0:1``, ``loss >= 0``, ``0 <= acc <= 1`` and ``loss falls with N, D but rises with lr``.

    Raises InputError for a text not of this form, a column that is neither a target nor a feature, an empty range, and
    a target that should both rise and fall.
    """
    found = dict(_range(part, targets) for text in ranges for part in _parts(text))
    read = tuple(one for text in expectations for one in _expectations(text, targets, features))
    said: dict[tuple[str, str], str] = {}
    for one in read:
        for feature in one.features:
            if said.setdefault((one.target, feature), one.direction) != one.direction:
                raise InputError(f"{one.target} cannot both rise and fall with {feature}; give --expect one of them.")
    return Knowledge(ranges=found, expectations=read)


def range_texts(ranges: Mapping[Any, Any]) -> tuple[str, ...]:
    """``{"loss": (0, None)}`` as `read_knowledge` takes it: ``loss=0:``. Raises InputError for no pair of ends."""
    texts = []
    for name, ends in ranges.items():
        if not isinstance(ends, Sequence) or isinstance(ends, str) or len(ends) != 2:
            raise InputError(f"The range of {name!r} is {ends!r}; give its two ends, such as (0, None) or (0, 1).")
        texts.append(f"{name}=" + ":".join("" if end is None else f"{end}" for end in ends))
    return tuple(texts)


def expect_texts(expect: Mapping[Any, Any]) -> tuple[str, ...]:
    """``{"loss": "falls with N"}`` as `read_knowledge` takes it: ``loss falls with N``."""
    return tuple(f"{name} {how}" for name, how in expect.items())


def reach_texts(reach: Mapping[Any, Any]) -> tuple[str, ...]:
    """``{"N": 100}`` as `read_reach` takes it: ``N=100``."""
    return tuple(f"{name}={factor}" for name, factor in reach.items())


_OF_TABLES = {"ranges": range_texts, "expect": expect_texts, "reach": reach_texts}


def knowledge_texts(field: str, said: Any) -> Any:
    """Knowledge as Python and TOML state it, as the options write it: one text alone, a number for a `reach`, or
    ``{"loss": (0, 9)}`` for `ranges`. What else is `said` stays as it is."""
    if isinstance(said, Mapping):
        return _OF_TABLES[field](said)
    each = said if isinstance(said, list | tuple) else [said]
    if field == "reach":
        each = [f"{one}" if isinstance(one, int | float) else one for one in each]
    return tuple(each) if each != [said] or isinstance(said, str) else said


def read_reach(texts: Sequence[str], features: Sequence[str], logarithmic: Sequence[str]) -> dict[str, float]:
    """Read ``10``, which is for all `logarithmic` features, and ``N=100``, which is for one; a later one replaces it.

    Raises InputError for a text not of this form, a column that is not a feature, and a distance that leads nowhere.
    """
    found: dict[str, float] = {}
    for text in (part for whole in texts for part in _parts(whole)):
        name, equals, size = text.rpartition("=")
        chosen = [_known(name.strip(), features, "--reach", "feature")] if equals else list(logarithmic)
        if not chosen:
            raise InputError(
                f"--reach {text} is a factor, but no feature varies by factors; name a feature: "
                f"{features[0]}=2 is two widths of its range."
            )
        found |= dict.fromkeys(chosen, _distance(size, text, factor=chosen[0] in logarithmic))
    return found


def _distance(size: str, text: str, *, factor: bool) -> float:
    try:
        value = float(re.sub(r"\s*(?:x|×|times|-?fold)\s*$", "", size))
    except ValueError:
        raise InputError(f"--reach {text!r} is not understood; write a factor as in 10 or N=100.") from None
    if not (1.0 if factor else 0.0) < value < FARTHEST:
        least = "1 (times its largest value)" if factor else "0 (widths of its range)"
        raise InputError(f"--reach {text!r} is not possible; it must be above {least} and below {FARTHEST:g}.")
    return value


def rate_range(name: str, low: float, high: float) -> tuple[float, float] | None:
    """The range of a target that is named like a rate and was measured between `low` and `high`, as a share or in per
    cent; None for others."""
    if low < 0 or high > 100:
        return None
    if high <= 1:
        return (0.0, 1.0) if is_rate(name) else None
    return (0.0, 100.0) if is_in_per_cent(name) else None


def _parts(text: str) -> list[str]:
    """``acc=0:1`` and ``loss=0:`` of ``acc=0:1, loss=0:``."""
    return re.split(r"\s*[,;]\s*(?=[^,;]+=)", text)


def _range(text: str, targets: Sequence[str]) -> tuple[str, tuple[float, float]]:
    found = next(filter(None, (re.fullmatch(pattern, text.strip()) for pattern in _RANGES)), None)
    if found is None:
        raise InputError(f"--range {text!r} is not understood; write TARGET=LOW:HIGH, such as loss=0: or acc=0:1.")
    low, high = (found.groupdict().get(end) or "" for end in ("low", "high"))
    bounds = (_number(low, -math.inf, text), _number(high, math.inf, text))
    if not bounds[0] < bounds[1]:
        raise InputError(f"--range {text!r} is empty; its low end must be below its high end.")
    return _known(found["name"].strip(), targets, "--range", "target"), bounds


def _number(text: str, missing: float, whole: str) -> float:
    plain = text.strip().replace("−", "-").replace("∞", "inf")
    percent = plain.endswith("%")
    try:
        value = float(plain.removesuffix("%")) * (0.01 if percent else 1.0) if plain else missing
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise InputError(f"--range {whole!r}: {text.strip()!r} is not a number.")
    return value


def _expectations(text: str, targets: Sequence[str], features: Sequence[str]) -> list[Expectation]:
    """The one expectation of a sentence, or those that ``but`` or ``;`` join."""
    read: list[Expectation] = []
    for sentence in filter(None, re.split(r"\s*;\s*", text)):
        first, *others = _TURN.split(sentence)[::2]
        read.append(_expectation(first, targets, features))
        read += [_expectation(f"{read[-1].target} {other}", targets, features) for other in others]
    return read or [_expectation(text, targets, features)]


def _expectation(text: str, targets: Sequence[str], features: Sequence[str]) -> Expectation:
    found = _EXPECTATION.fullmatch(text)
    if found is None:
        raise InputError(
            f"--expect {text!r} is not understood; write it like 'loss falls with N, D' or 'acc rises with compute'. "
            "Bounds of a target go to --range."
        )
    target = _known(found[1], targets, "--expect", "target")
    everything = found[3].casefold() in {"all", "all features", "every feature", "everything"} - set(features)
    named = list(features) if everything else re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", found[3])
    known = tuple(dict.fromkeys(_known(name, features, "--expect", "feature") for name in named if name))
    return Expectation(target=target, direction=_VERBS[found[2].lower()], features=known)


def _known(name: str, columns: Sequence[str], option: str, noun: str) -> str:
    if name in columns:
        return name
    alike = meant(name, columns)
    if len(alike) != 1:
        raise InputError(
            f"{option} names {name!r}, which is not a {noun}; the {noun}s are {listing(list(columns), 12)}."
        )
    return alike[0]
