"""Dates and times as people write them, as decimal years; a month, a quarter or a week is its first day."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.words import WORDS

_CLOCK = (
    r"(?:[T, ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?"
)
_DAYS = (
    r"(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?",
    r"(?P<year>\d{4})(?P<mark>[/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
    r"(?P<month>0?[1-9]|1[0-2])/(?P<year>(?:19|20)\d{2})",
    r"(?:FY ?)?(?P<year>\d{4})[ -]?Q(?P<quarter>[1-4])",
    r"Q(?P<quarter>[1-4])[ /-]?(?:FY ?)?(?P<year>\d{4})",
    r"(?:Q(?P<quarter>[1-4])[ -]?['’ -]|(?P<quarter_>[1-4])Q[ -]?['’]?)(?P<short>(?:\d{2})?\d{2})",
    r"(?P<year>\d{4})-?W(?P<week>\d{2})",
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[ .-]{1,2}(?P<name>[^\W\d_]{3,10})\.?,?[ -]{1,2}(?P<year>\d{4})",
    r"(?P<name>[^\W\d_]{3,10})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?, ?(?P<year>\d{4})",
    r"(?P<name>[^\W\d_]{3,10})\.?,?[ -](?P<year>\d{4})",
    r"(?P<name>[^\W\d_]{3,10})\.?[ -]?['’](?P<short>\d{2})",
    r"(?P<name>[^\W\d_]{3,10})\.?[ -](?P<doubtful>\d{2})",
    r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
    r"(?P<first>\d{1,2})(?P<mark>[/-])(?P<second_>\d{1,2})(?P=mark)(?P<year>\d{4})",
    r"(?P<first>\d{1,2})/(?P<second_>\d{1,2})/(?P<short>\d{2})",
)
_WEEKDAY = re.compile(r"^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*|[A-Z][a-z]+(?:tag|woch)|Mo|Di|Mi|Do|Fr|Sa|So)[.,]+ ")
_FORMATS = tuple(re.compile(days + _CLOCK) for days in _DAYS)
_MONTHS = tuple(
    WORDS[name] for name in ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
)
"""The names of each month in several languages; their first three letters too, where they are of one month."""


def years_of(words: Sequence[str]) -> list[float | None] | None:
    """Decimal years of a column's words, None for a word that is no date.

    The words decide together whether 03/04/2020 begins with the day; None where they leave it open. Spans such as
    2009-10 are their first years where one of them, such as 2012-13, cannot be a month.
    """
    if spans_of_years(words):
        spans = [word.strip() for word in words]
        sure = any(int(span[-2:] or 0) > 12 for span in spans)
        return [float(span[:4]) if span else None for span in spans] if sure else None
    found = [_taken_apart(word) for word in words]
    pairs = [(int(one["first"]), int(one["second_"])) for one in found if one and "first" in one]
    day_first = any(first > 12 for first, _ in pairs)
    month_first = any(second > 12 for _, second in pairs)
    if any(first != second for first, second in pairs) and day_first == month_first:
        return None
    if not month_first and any(one and {"short", "first"} <= one.keys() for one in found):  # 14/05/24: year or day?
        return None
    months = [12 * int(one["doubtful"]) + (month_of(one["name"]) or 0) for one in found if one and "doubtful" in one]
    if months and len(np.unique(np.diff(np.unique(months)))) != 1:  # Jan-22 may be a day of January
        return None
    return [None if one is None else _year(one, day_first) for one in found]


def spans_of_years(words: Sequence[str]) -> bool:
    """Whether all words are as 2009-10, 2010-11 and 2011-12, which are years and hardly months."""
    spans = [re.fullmatch(r"(\d{4})[-/–](\d{2})", word.strip()) for word in words if word.strip()]
    return len(set(words)) > 2 and all(span and (int(span[1]) + 1) % 100 == int(span[2]) for span in spans)


YEAR = r"(?:1[5-9]|20)\d\d"
"""Pattern of a year that names a column."""


def is_date(word: str) -> bool:
    """Whether a word is written as a date, even if it leaves open which number is the day."""
    return _taken_apart(word) is not None


def decimal_year(word: str) -> float | None:
    """The year that a date or time states, with its fraction; None for anything else."""
    years = years_of([word])
    return None if years is None else years[0]


def years_of_days(values: Array) -> Array | None:
    """Decimal years (n,) of whole numbers (n,) that all are days, written as 20240131; None for any others."""
    whole = len(values) > 0 and bool(np.isfinite(values).all() and (values == np.round(values)).all())
    if not whole or values.min() < 1900_01_01 or values.max() > 2100_12_31:
        return None
    distinct, place = np.unique(values, return_inverse=True)
    texts = [f"{day:.0f}" for day in distinct]
    years = [decimal_year(f"{text[:4]}-{text[4:6]}-{text[6:]}") for text in texts]
    return None if None in years else np.array(years, dtype=np.float64)[place]


def _taken_apart(word: str) -> dict[str, str] | None:
    """The parts of a date by name, those that it states."""
    text = _WEEKDAY.sub("", word.strip())
    if not 4 <= len(text) <= 40 or not any(character.isdigit() for character in text):
        return None
    found = next((match for pattern in _FORMATS if (match := pattern.fullmatch(text)) is not None), None)
    parts = {} if found is None else {name: part for name, part in found.groupdict().items() if part is not None}
    return parts if parts and ("name" not in parts or month_of(parts["name"]) is not None) else None


def _year(parts: dict[str, str], day_first: bool) -> float | None:
    """The decimal year of a date's parts; None where there is no such day."""
    year = int(parts.get("year") or parts.get("short") or parts["doubtful"])
    year += 0 if year > 99 else 1900 if year >= 70 else 2000  # 05/14/24: 2024
    month, day = int(parts.get("month", 1)), int(parts.get("day", 1))
    if "first" in parts:
        month, day = int(parts["second_" if day_first else "first"]), int(parts["first" if day_first else "second_"])
    if "name" in parts:
        month = month_of(parts["name"]) or month
    if quarter := parts.get("quarter") or parts.get("quarter_"):
        month = 3 * int(quarter) - 2
    try:
        moment = datetime(year, month, day, tzinfo=_zone(parts.get("zone", "")))
        if "week" in parts:
            moment = datetime.fromisocalendar(year, int(parts["week"]), 1).replace(tzinfo=UTC)
        moment += _time_of_day(parts)
        moment = moment.astimezone(UTC)
        begin = datetime(moment.year, 1, 1, tzinfo=UTC)
        length = datetime(moment.year + 1, 1, 1, tzinfo=UTC) - begin if moment.year < 9999 else None
        return moment.year + (0.0 if length is None else (moment - begin) / length)
    except (ValueError, OverflowError):
        return None


def month_of(word: str) -> int | None:
    """The month, from 1, that a name or its beginning of three letters means; None for any other word."""
    word = word.lower()
    found = [place for place, names in enumerate(_MONTHS, 1) if any(word in (name, name[:3]) for name in names)]
    return found[0] if len(found) == 1 else None


def _time_of_day(parts: dict[str, str]) -> timedelta:
    """Raises ValueError for a time that no clock shows."""
    hour, minute, second = int(parts.get("hour", 0)), int(parts.get("minute", 0)), float(parts.get("second", 0))
    if "half" in parts:
        if not 1 <= hour <= 12:
            raise ValueError("a clock of twelve hours")
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second >= 61:
        raise ValueError("a time of day")
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _zone(text: str) -> timezone:
    """The time zone that ``+02:00`` states; UTC where none is stated."""
    if text in ("", "Z", "UTC"):
        return UTC
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-ahead if text[0] == "-" else ahead)
