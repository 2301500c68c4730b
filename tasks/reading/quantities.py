"""Columns of text that state a quantity otherwise than as one number with one unit: dates, fractions,
durations, intervals, and numbers whose unit differs from cell to cell."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lawsmith.tasks.dates import decimal_year, month_of, years_of
from lawsmith.tasks.numerals import FACTORS, evidence, is_missing, numeral, plain, value
from lawsmith.tasks.words import has

Numbers = list[float | None]

_CLOCK = re.compile(r"(?:(\d+)(?: days?,? |-(?=\d\d:)))?(\d{1,3}):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_HALF_DAY = re.compile(r"(1[0-2]|0?[1-9])(?::([0-5]\d))?(?::([0-5]\d))?\s*([AaPp])\.?[Mm]\.?")
_SHORT_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(\.\d+)?")
_CLOCK_NAMES, _STOPWATCH_NAMES = r"h:mm(?!:)|clock|[\[(](?:h|hrs?|hours?)[\])]", r"m:ss|[\[(](?:min|minutes)\b|\bpace\b"
_FEET = re.compile(r"(\d+)\s*(?:'|′|’|ft\.?|feet)\s*-?\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:\"|″|”|''|in\.?|inches)?)?")
_COUNTED = re.compile(
    r"(kw|woche|tag|monat|jahr|stunde|days?|weeks?|months?|hours?|hrs?|years?|minutes?|time|steps?|epochs?|iter|fy|(?:checkpoint|ckpt)(?=[-_])|[a-z]\w*(?=\s?[=:]))"
    r"\s?[=#:_-]?\s?(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
)
_COUNTED_SHORT = re.compile(r"(d|h|t|w|m|y|wk|hr|mo|yr|min)\s?[_-]?(\d+(?:\.\d+)?)")  # d0, d7; T0, T24
_FRACTION = re.compile(r"(?:(\d{1,7})[ -]+)?(\d{1,7})\s*([/:])\s*([1-9]\d{0,6})")
_C_RATE = re.compile(r"C\s?/\s?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)?\s?C")  # of batteries
_LAYER = re.compile(r"([$€£]?\d[\d.,]*[kKMB]?)\s*(?:[-–—]|to)\s*([$€£]?\d[\d.,]*[kKMB]?)")
_BIN = re.compile(r"\(\s*(\S+?)\s*,\s*(\S+?)\s*\]|\[\s*(\S+?)\s*,\s*(\S+?)\s*\)")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zµμ]+)")

_PREFIXES = dict.fromkeys("uµμ", 1e-6) | {"p": 1e-12, "n": 1e-9, "m": 1e-3, "c": 1e-2, "": 1.0}
_PREFIXES |= {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BASES: tuple[str, ...] = ("m", "g", "L", "l", "M", "mol", "Hz", "V", "A", "W", "J", "Wh", "eV", "Pa", "bar")
_BASES += ("F", "H", "Ω", "ohm")
_BASES += ("FLOPs", "FLOP", "FLOPS", "FLOP/s", "g/L", "g/mL", "g/ml", "mol/L", "m/s", "B/s", "bps", "bit")
_SECONDS = {prefix + "s": size for prefix, size in _PREFIXES.items() if size <= 1 and prefix != "c"}
_SECONDS |= dict.fromkeys(("sec", "secs", "second", "seconds"), 1.0) | {"msec": 1e-3, "usec": 1e-6}
_SECONDS |= dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0)
_SECONDS |= dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0) | dict.fromkeys(("d", "day", "days"), 86400.0)
_MONTH, _YEAR = 365.25 / 12, 365.25
_DAYS = {unit: size / _SECONDS["d"] for unit, size in _SECONDS.items() if unit != "m"}
_SPANS = {  # also in German, French, Spanish and Italian
    1 / 24: "stunde stunden heure heures hora horas ora ore",
    1.0: "tag tage jour jours día días giorno giorni",
    7.0: "w wk wks week weeks woche wochen semaine semaines semana semanas settimana settimane",
    _MONTH: "mo mos month months monat monate mois mes meses mese mesi",
    _YEAR: "y yr yrs year years jahr jahre an ans année années año años anno anni",
}
_DAYS |= {unit: size for size, units in _SPANS.items() for unit in units.split()}
_TENORS = {"D": 1 / _YEAR, "W": 7 / _YEAR, "M": 1 / 12, "Y": 1.0, "years": 1.0}  # of bonds: 3M, 10Y
_BYTES = {"b": 1.0, "byte": 1.0, "bytes": 1.0}
_BYTES |= {f"{name}{end}": 10.0 ** (3 * place) for place, name in enumerate("kmgtp", 1) for end in ("b", "")}
_BYTES |= {f"{name}i{end}": 1024.0**place for place, name in enumerate("kmgtp", 1) for end in ("b", "")}
MOST_LABELS = 5  # months that may be labels
FEW_STEPS = 4  # of a stopwatch before the first value
SCALES = ("k", "M", "B", "thousand", "million", "billion", "%")
"""Units that are factors, in the header of a column such as ``N (M)``."""


@dataclass(frozen=True)
class Quantity:
    """The numbers of a column's words, None for a word that states none.

    told: what lawsmith did with the words, as a sentence without its full stop. unit: "" where they have none.
    """

    values: Numbers
    told: str
    unit: str = ""
    dates: bool = False


def quantity(name: str, words: Sequence[str], enough: Callable[[Numbers], bool]) -> Quantity | None:
    """What the words of a column state; None for numbers of one unit and for other text.

    enough: whether so many words were read that the column holds such quantities.
    """
    for reader in (_dates, _months, _rates, _fractions, _feet, _durations, _counted, _bins, _units):
        found = reader(name, words)
        if found is not None and enough(found.values):
            rest = [plain(word) if one is None else one for word, one in zip(words, found.values, strict=True)]
            return found if found.dates else Quantity(rest, found.told, found.unit)
    return None


def _dates(name: str, words: Sequence[str]) -> Quantity | None:
    years = years_of(words)
    if years is None or not any(years):
        return None
    shown = next(k for k, year in enumerate(years) if year is not None)
    return Quantity(years, said_of_dates(words[shown].strip(), years[shown]), dates=True)


def _months(name: str, words: Sequence[str]) -> Quantity | None:
    """Most of the months of a year, from 1; a few are labels, such as those of sowing."""
    values: Numbers = [None if (month := month_of(word.strip())) is None else float(month) for word in words]
    many = len(set(values)) > MOST_LABELS or len(words) == 1  # of a question to a law
    return Quantity(values, "lawsmith numbered the months" + _example(words, values)) if many else None


def said_of_dates(shown: str = "2022-06-01", year: float | None = None) -> str:
    """What became of dates, with an example."""
    return f"lawsmith turned dates into decimal years ({shown} is {year or decimal_year('2022-06-01'):.3f})"


def _rates(name: str, words: Sequence[str]) -> Quantity | None:
    """Rates of batteries, such as C/5 and 2C, some of which are fractions."""
    found = [_C_RATE.fullmatch(word.strip()) for word in words]
    values = [None if one is None else 1 / float(one[1]) if one[1] else float(one[2] or 1) for one in found]
    told = "lawsmith turned C-rates into numbers" + _example(words, values)
    return Quantity(values, told, "C") if any(one and one[1] for one in found) else None


def _fractions(name: str, words: Sequence[str]) -> Quantity | None:
    """Fractions such as 1/100, beyond what a day or a month may be, 3/8 or 1 1/2 among others of halves, and ratios
    such as 1:5 and 1:100, which are no clock."""
    parts = [_FRACTION.fullmatch(word.strip()) for word in words]
    ratios = any(part[3] == ":" and (len(part[4]) == 1 or int(part[4]) > 59) for part in parts if part)
    found = [(int(part[2]), int(part[4])) for part in parts if part is not None and (part[3] == "/" or ratios)]
    beyond = ratios or any(below > 31 for _, below in found)
    halves = len({below for _, below in found}) > 2 and all(below & (below - 1) == 0 < above for above, below in found)
    month = any(1900 <= below <= 2100 and above <= 12 and above != 1 for above, below in found)
    mixed = any(part and part[1] for part in parts)
    if has(name, "days") or not (beyond or halves or mixed) or month:
        return None
    values = [
        int(part[1] or 0) + int(part[2]) / int(part[4]) if part else plain(word) or None
        for word, part in zip(words, parts, strict=True)
    ]
    return Quantity(values, "lawsmith turned fractions into numbers" + _example(words, values))


def _feet(name: str, words: Sequence[str]) -> Quantity | None:
    """Feet and inches, such as ``5'10"`` and ``6 ft 2 in``, in inches, where some are not feet alone."""
    found = [_FEET.fullmatch(word.strip()) for word in words]
    values = [None if one is None else 12 * float(one[1]) + float(one[2] or 0) for one in found]
    told = "lawsmith turned feet and inches into inches" + _example(words, values)
    inches = [float(one[2]) for one in found if one and one[2]]
    return Quantity(values, told, "in") if inches and max(inches) < 12 else None  # 10' 30" is an angle


def _durations(name: str, words: Sequence[str]) -> Quantity | None:
    """Durations such as 01:30:00, ``2 days 01:30:00`` and ``1h 30m``, and 90:00 where minutes are meant."""
    values = [_seconds(word.strip()) for word in words]
    short = [_SHORT_CLOCK.fullmatch(word.strip()) for word in words]
    said = [re.search(unit, name, re.IGNORECASE) is not None for unit in (_CLOCK_NAMES, _STOPWATCH_NAMES)]
    hours, minutes = said[0] or _goes_round(words), said[1]
    clocks = any(one is not None and word.count(":") == 2 for word, one in zip(words, values, strict=True))
    whole = all(one is not None and one[2] == "00" for one in short)  # in minutes the law is the same
    if hours or whole or minutes or clocks or any(one and (int(one[1]) > 23 or one[3]) for one in short):
        last, found = 60.0 if hours or whole else 1.0, zip(values, short, strict=True)
        values = [last * (60 * int(one[1]) + float(one[2] + (one[3] or ""))) if one else size for size, one in found]
    if not any(word.strip() != "" and one is not None for word, one in zip(words, values, strict=True)):
        return None
    plainly = [(one := numeral(word)) is not None and one.suffix in _SECONDS for word in words]  # all 5 s; no 5 AM
    several = any(one is not None and not alone for one, alone in zip(values, plainly, strict=True))
    told = "lawsmith turned times into seconds" + _example(words, values)
    return Quantity(values, told, "s") if several else None


def _goes_round(words: Sequence[str]) -> bool:
    """Whether short clocks are times of a day: of two digits each, in steps of 5 minutes, that begin long after
    midnight or fill the day."""
    found = [re.fullmatch(r"([01]\d|2[0-3]):([0-5][05])", word.strip()) for word in words]
    times = sorted({60 * int(one[1]) + int(one[2]) for one in found if one})
    if None in found or len(times) < 3:
        return False
    step = min(late - early for early, late in pairwise(times))
    return times[0] > FEW_STEPS * step or times[-1] - times[0] + step >= 24 * 60


def _counted(name: str, words: Sequence[str]) -> Quantity | None:
    """Numbers behind one word for times or steps, or a word and a sign: ``Day 7``, ``FY2019``, ``lr=5``, ``gpu:4``;
    behind a letter, as in ``d7``, where the name of the column says that they are times."""
    short = _COUNTED_SHORT if has(name, "progress") else _COUNTED
    found = [_COUNTED.fullmatch(word) or short.fullmatch(word) for word in (word.strip().lower() for word in words)]
    known = [one for word, one in zip(words, found, strict=True) if not is_missing(word)]
    if None in known or len({one[1].rstrip("s") for one in known if one is not None}) != 1:
        return None
    values = [None if one is None else float(one[2]) for one in found]
    return Quantity(values, "lawsmith read the numbers behind a word" + _example(words, values))


def _seconds(word: str) -> float | None:
    if word[:1] in ("+", "-", "−") and word.count(":") == 2:  # a declination, or a time before a start
        return None if (size := _seconds(word[1:])) is None else size if word[0] == "+" else -size
    if (clock := _CLOCK.fullmatch(word)) is not None:
        return 86400.0 * int(clock[1] or 0) + 3600.0 * int(clock[2]) + 60.0 * int(clock[3]) + float(clock[4])
    if (half := _HALF_DAY.fullmatch(word)) is not None:  # of the day
        return 3600.0 * (int(half[1]) % 12 + 12 * (half[4] in "Pp")) + 60.0 * int(half[2] or 0) + float(half[3] or 0)
    parts = _PART.findall(word)
    if not parts or _PART.sub("", word).replace(",", "").strip() or any(unit not in _SECONDS for _, unit in parts):
        return None
    sizes = [_SECONDS[unit] for _, unit in parts]
    if sizes != sorted(set(sizes), reverse=True):  # hours before minutes, each once
        return None
    return sum(float(count) * size for (count, _), size in zip(parts, sizes, strict=True))


def _bins(name: str, words: Sequence[str]) -> Quantity | None:
    """Half-open intervals such as ``(0.0, 1.5]``, as pandas and R cut a column into, by their middles; classes such as
    20-24, 25-29 and 30-34 where each begins at the end of another, or 1 behind it."""
    classes = [_ends(_LAYER.fullmatch(word.strip())) for word in words]
    apart = {two[0] - one[1] for one, two in pairwise(sorted({ends for ends in classes if ends}))}
    rising = all(low < high for low, high in filter(None, classes))
    touching = rising and apart in ({0.0}, {1.0}) and len(set(classes) - {None}) > 2
    pairs = classes if touching else [_ends(_BIN.fullmatch(word.strip())) for word in words]
    values: Numbers = [None if ends is None else sum(ends) / 2 for ends in pairs]
    known = any(value is not None for value in values)
    return Quantity(values, "lawsmith took the middles of intervals" + _example(words, values)) if known else None


def _ends(found: re.Match[str] | None) -> tuple[float, float] | None:
    """The two finite numbers of an interval, such as ``$10k`` and ``$20k``."""
    ends = [] if found is None else [numeral(end) for end in filter(None, found.groups())]
    found_at = [(value(one.digits, ".", ","), FACTORS.get(one.suffix, 1.0)) for one in ends if one]
    values = [number * factor for number, factor in found_at if number is not None]
    return (values[0], values[1]) if len(values) == 2 and math.isfinite(sum(values)) else None


def _units(name: str, words: Sequence[str]) -> Quantity | None:
    """Numbers whose units differ, all of one kind: ``350 ns`` and ``4 µs``, ``64KB`` and ``1 MB``."""
    numerals = [numeral(word) for word in words]
    used = {one.suffix for one in numerals if one is not None}
    scale, base = _scale(used)
    marks = {kind for one in numerals if one for kind in (evidence(one.digits, "."), evidence(one.digits, ","))}
    if len({scale.get(unit) for unit in used}) < 2 or ("either" in marks and "thousands" in marks):
        return None
    values: Numbers = []
    for one in numerals:
        number = None if one is None else value(one.digits, ".", "," if "," in one.digits else "")
        values.append(None if one is None or number is None else number * scale[one.suffix])
    return Quantity(values, f"lawsmith turned different units into {base}" + _example(words, values, base), base)


def _scale(units: set[str]) -> tuple[Mapping[str, float], str]:
    """Unit -> its size, and the unit of size 1, for units that are all of one kind; nothing for others."""
    if units <= set(_SECONDS):
        return _SECONDS, "s"
    if units <= set(_TENORS) and not units <= {"D", "M"}:
        return _TENORS, "years"
    if units and all(unit.lower() in _DAYS for unit in units):
        days = {unit: _DAYS[unit.lower()] for unit in units}
        years = {unit: size / _YEAR for unit, size in days.items()}
        return (years, "years") if min(days.values()) >= _MONTH else (days, "days")
    if all(unit.lower() in _BYTES and unit[-1] in "Bbesi" for unit in units):
        return {unit: _BYTES[unit.lower()] for unit in units}, "bytes"
    if {unit.lstrip("° ") for unit in units} in ({"N", "S"}, {"E", "W"}):  # 12.5° S
        return {unit: 1.0 if unit[-1] in "NE" else -1.0 for unit in units}, "°"
    for base in _BASES:
        bare = {"k", "G"} if base == "Hz" else set()  # 10Hz … 100k
        sizes = {unit: _PREFIXES.get(unit.removesuffix(base)) for unit in units if unit.endswith(base) or unit in bare}
        known = {unit: size for unit, size in sizes.items() if size is not None}
        if units and known.keys() == units:
            return known, base
    return {}, ""


def unit_in_name(name: str) -> str:
    """The unit behind the last underscore of ``time_h``, ``size_MB`` or ``params_M``, but not of ``top_k``; else ""."""
    unit = name.rpartition("_")[2] if "_" in name else ""
    known = unit != "k" and (unit in SCALES or unit == "K" or bool(_scale({unit})[0]))
    return unit if known and unit else ""


def factor_between(unit: str, other: str) -> float | None:
    """What a number in `unit` is multiplied by to be in `other`; None for unknown units and those of another kind."""
    if unit == other:
        return 1.0
    if unit in SCALES and other in SCALES:
        return {"%": 0.01, **FACTORS}[unit] / {"%": 0.01, **FACTORS}[other]
    scale, _ = _scale({unit, other})
    return scale[unit] / scale[other] if scale else None


def _example(words: Sequence[str], values: Numbers, unit: str = "") -> str:
    """`` ('1 MB' is 1e+06 bytes)`` of the first word that is not zero."""
    shown = next(
        (k for k, one in enumerate(values) if one), next((k for k, one in enumerate(values) if one == 0), None)
    )
    return "" if shown is None else f" ({words[shown].strip()!r} is {f'{values[shown]:g} {unit}'.strip()})"
