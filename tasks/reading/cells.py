"""Make numbers of a table's cells, one notation for each column, and say what was done.

A notation that fits the file but perhaps not its meaning is refused with both readings: 12.000 in a table of
semicolons is 12, or 12000.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.dates import years_of_days
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.numerals import FACTORS, FOOTNOTES, GAPS, Numeral, evidence, is_missing, numeral, value
from lawsmith.tasks.reading.quantities import quantity, said_of_dates
from lawsmith.tasks.words import WORDS, has

if TYPE_CHECKING:
    import pandas as pd

_WITH_NOUN = re.compile(r"([kKMBGT]?) ?([a-zA-Z]{3,})")  # the suffix of ``70M params``
SAMPLE = 20_000  # cells of a column that decide on its notation; whatever does not follow it is refused
MOST = 0.5  # a column is one of numbers where more than this share of its filled cells are


class NumberNotation(Frozen):
    """How numbers are written in a text table; "" leaves it to the cells."""

    decimal: Literal["", ".", ","] = ""
    thousands: Literal["", ".", ",", " ", "'"] = ""

    def check(self) -> "NumberNotation":
        """The same; raises InputError where one character would have two meanings."""
        if self.decimal and self.decimal == self.thousands:
            raise InputError(f"--decimal and --thousands are both {self.decimal!r}; give two different characters.")
        return self


@dataclass(frozen=True, eq=False)
class Cells:
    """A table whose columns of numbers are numbers.

    frame: float64 where all cells of a column are numbers, NaN where one is missing; objects that keep the text of
    unreadable cells elsewhere. labels: the cells as they were written, for groups and categories.
    dates: columns that were dates. booleans: columns of true and false. units: column -> unit, "" where the
    cells hold suffixes that became factors.
    percents: columns that were written in per cent, which became shares. said: column -> a sentence about what was done
    to it.
    """

    frame: "pd.DataFrame"
    labels: "pd.DataFrame"
    dates: frozenset[str]
    booleans: frozenset[str]
    units: Mapping[str, str]
    percents: frozenset[str]
    said: Mapping[str, str]


@dataclass
class _Column:
    """A column of text while its notation is found out: distinct cells, and which of them each row holds."""

    name: str
    words: list[str]
    place: IntArray
    numerals: list[Numeral | None] = field(default_factory=list)

    def share(self, good: list[bool]) -> float:
        """Share of the rows whose cell is good, of those that hold something."""
        filled = np.array([not is_missing(word) for word in self.words])
        rows = filled[self.place]
        return float(np.mean(np.array(good)[self.place][rows])) if rows.any() else 0.0


def convert(frame: "pd.DataFrame", separator: str, notation: NumberNotation, where: str) -> Cells:
    """Numbers, dates and truth values of every column; raises InputError for a notation that is ambiguous.

    frame: as `lawsmith.tasks.reading.formats` gives it, or a user's own DataFrame. separator: between the file's cells.
    """
    columns: dict[str, Any] = {}
    texts: list[_Column] = []
    dates, booleans = set[str](), set[str]()
    units, said = dict[str, str](), dict[str, str]()
    sure: dict[str, set[str]] = {".": set(), ",": set()}
    for name in frame.columns:
        if (found := typed(frame[name])) is not None:
            columns[name], is_boolean, is_date = found
            booleans |= {name} if is_boolean else set()
            dates |= {name} if is_date else set()
            said |= {name: f"{name}: {said_of_dates()}."} if is_date else {}
        elif notation == NumberNotation() and (simple := _plainly(frame[name], separator)) is not None:
            columns[name], mark, shown = simple
            sure[mark] |= {"decimal"} if shown else set()
            if mark == ",":
                said[name] = f"{name}: lawsmith read {shown!r} as {shown.replace(',', '.')}."
        else:
            texts.append(_column(name, frame[name]))
    texts = [text for text in texts if not _truth(text, columns, booleans)]
    texts = [text for text in texts if not _quantity(text, columns, dates, units, said)]
    numbers = [text for text in texts if text.share([one is not None for one in text.numerals]) > MOST]
    marks = _marks(numbers, sure, separator, notation, where)
    for text in numbers:
        columns[text.name] = _numbers(text, *marks[text.name], units, said)
    for name in [name for name in map(str, columns) if has(name, "days") and columns[name].dtype.kind == "f"]:
        if (years := years_of_days(columns[name])) is not None:
            columns[name], said[name] = years, f"{name}: {said_of_dates('20220601')}."
            dates.add(name)
    import pandas as pd

    converted = pd.DataFrame({name: columns.get(name, frame[name]) for name in frame.columns}, index=frame.index)
    percents = frozenset(text.name for text in numbers if any(one and one.suffix == "%" for one in text.numerals))
    return Cells(converted, frame, frozenset(dates), frozenset(booleans), units, percents, said)


def typed(series: "pd.Series[Any]") -> tuple[Any, bool, bool] | None:
    """The values of a column that holds no text, whether it is boolean, and whether it is dates; None for text."""
    import pandas as pd

    kind = series.dtype
    if pd.api.types.is_bool_dtype(kind):
        return series.to_numpy(dtype=np.float64, na_value=np.nan), True, False
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        return series.to_numpy(dtype=np.float64, na_value=np.nan), False, False
    if pd.api.types.is_datetime64_any_dtype(kind):
        moments = pd.to_datetime(series, utc=True).dt
        length = np.where(moments.is_leap_year, 366.0, 365.0)
        seconds = moments.hour * 3600 + moments.minute * 60 + moments.second
        return ((moments.year + (moments.day_of_year - 1 + seconds / 86400) / length).to_numpy(np.float64), False, True)
    return None


def _plainly(series: "pd.Series[Any]", separator: str) -> tuple[Array, str, str] | None:
    """A column of text in which every cell follows one plain notation beyond doubt; None for any other.

    Returns its values, the decimal mark, and a cell that shows the mark ("" where no cell has one).
    """
    import pandas as pd

    cells = [] if isinstance(series.dtype, pd.CategoricalDtype) else series.tolist()
    if not cells or any(cell is None or isinstance(cell, bool) for cell in cells):
        return None
    mark, texts = ".", cells
    if separator not in ("", ",") and any(isinstance(cell, str) and "," in cell for cell in cells):
        mark, texts = ",", [cell.replace(",", ".") for cell in cells if "." not in cell]
    try:
        values = np.array([float(text) for text in texts])
    except (TypeError, ValueError, OverflowError):
        return None
    marked = islice((cell.strip() for cell in cells if isinstance(cell, str) and mark in cell), SAMPLE)
    shown = next((cell for cell in marked if evidence(cell, mark) == "decimal"), "")
    doubtful = not shown and separator in (";", "\t", "|", " ") and any(mark in str(cell) for cell in cells)
    return None if len(texts) < len(cells) or doubtful else (values, mark, shown)


def _column(name: str, series: "pd.Series[Any]") -> _Column:
    import pandas as pd

    cells = ["" if cell is None or cell is pd.NA else as_text(cell) for cell in series.tolist()]
    place, words = pd.factorize(np.array(cells, dtype=object))
    listed = [str(word) for word in words]
    numerals = [numeral(word) for word in listed]
    if any(numerals):  # (4.00) among plain numbers is -4, as accountants write
        inner = [re.fullmatch(r"\(\s*([$€£]?\d[\d.,]*)\s*\)", word.strip()) for word in listed]
        taken = [None if one is None else numeral(one[1]) for one in inner]
        numerals = [Numeral(f"-{t.digits}", "") if t else one for t, one in zip(taken, numerals, strict=True)]
    return _Column(name, listed, np.asarray(place, dtype=np.intp), numerals)


def as_text(cell: Any) -> str:
    """A cell of Python objects (numbers, Decimals, enumerations) as text; a member of an Enum is its value."""
    cell = cell.value if isinstance(cell, Enum) else cell.decode("utf-8", "replace") if type(cell) is bytes else cell
    return cell if type(cell) is str else repr(float(cell)) if isinstance(cell, float) else f"{cell!s}"


def _truth(text: _Column, columns: dict[str, Any], booleans: set[str]) -> bool:
    """Whether all filled cells are true or false (or yes and no); then the column is 1 and 0."""
    truths = dict.fromkeys(("true", "yes", "y", "on", "t", "✓", "✔"), 1.0)
    truths |= dict.fromkeys(("false", "no", "n", "off", "f", "✗", "✘"), 0.0)
    found = []
    for word in text.words:
        one = truths.get(word.strip().lower(), np.nan if is_missing(word) else None)
        if one is None:
            return False
        found.append(one)
    if np.isnan(np.array(found, dtype=float)).all():
        return False
    columns[text.name] = np.array(found, dtype=np.float64)[text.place]
    booleans.add(text.name)
    return True


def _quantity(
    text: _Column, columns: dict[str, Any], dates: set[str], units: dict[str, str], said: dict[str, str]
) -> bool:
    """Whether the column states dates, durations, fractions or numbers of several units; then it becomes numbers."""
    found = quantity(text.name, text.words, lambda values: text.share([one is not None for one in values]) > MOST)
    if found is None:
        return False
    columns[text.name] = _values(text, found.values)
    dates |= {text.name} if found.dates else set()
    units |= {text.name: found.unit} if found.unit else {}
    said[text.name] = f"{text.name}: {found.told}."
    return True


def _marks(
    columns: list[_Column], sure: dict[str, set[str]], separator: str, notation: NumberNotation, where: str
) -> dict[str, tuple[str, str]]:
    """Column -> decimal mark and thousands separator ("" for none)."""
    seen = {mark: {text.name: _evidence(text, mark) for text in columns} for mark in ".,"}
    for mark in ".,":
        for name, found in seen[mark].items():
            if {"decimal", "thousands"} <= found.keys() and not notation.decimal and not notation.thousands:
                raise InputError(
                    f"{where}: column {name!r} holds both {found['decimal']!r} and {found['thousands']!r}. Say with "
                    "--decimal and --thousands what the point and the comma mean."
                )
    known = {mark: sure[mark] | {kind for found in seen[mark].values() for kind in found} for mark in ".,"}
    decimal = notation.decimal or {".": ",", ",": "."}.get(notation.thousands, "")
    money = [text.name for text in columns if any(word.strip()[:1] in tuple("$€£¥₹") for word in text.words)]
    between = {text.name: separator + ";" * (text.name in money) for text in columns}  # money has no thousandths
    return {name: _mark(name, seen, known, decimal, notation.thousands, between[name], where) for name in between}


def _evidence(text: _Column, mark: str) -> dict[str, str]:
    """What the mark can mean in the cells of a column -> one cell that shows it."""
    found: dict[str, str] = {}
    step = max(1, len(text.words) // SAMPLE)
    for word, one in zip(text.words[::step], text.numerals[::step], strict=True):
        if one is not None and mark in one.digits:
            found.setdefault(evidence(one.digits, mark), word.strip())
    return {kind: word for kind, word in found.items() if kind}


def _mark(
    name: str,
    seen: dict[str, dict[str, dict[str, str]]],
    known: dict[str, set[str]],
    decimal: str,
    thousands: str,
    separator: str,
    where: str,
) -> tuple[str, str]:
    comma, point = seen[","][name], seen["."][name]
    if decimal == ".":
        return ".", "," if comma else ""
    if decimal == ",":
        # of a table that also holds decimal points: a column is read by what its own cells allow
        return (".", "") if "decimal" in point and not comma else (",", "." if point else "")
    if "decimal" in comma:
        if "decimal" in point:
            raise InputError(
                f"{where}: column {name!r} holds both {comma['decimal']!r} and {point['decimal']!r}. Use one decimal "
                "mark in all its cells."
            )
        return ",", "." if point else ""
    if "either" in comma and "thousands" in known["."] and "decimal" not in known["."]:
        return ",", "." if point else ""
    quoted = separator[:1] == "," or (separator == "|" and "either" in known["."])  # 4,000 beside 2.713 in Markdown
    quoted &= "decimal" not in known[","]
    if "thousands" in comma or (comma and ("decimal" in known["."] or quoted)):
        return ".", ","
    if "either" in comma and "decimal" not in known[","]:
        raise _two_readings(name, comma["either"], ",", where)
    if comma:
        return ",", ""
    if "thousands" in point:
        return ",", "."
    if "either" in point and "decimal" not in point:
        if "decimal" in known[","]:
            return ",", "."
        if ";" in separator and "thousands" not in known[","]:
            raise _two_readings(name, point["either"], ".", where)
    return ".", ""


def _two_readings(name: str, cell: str, mark: str, where: str) -> InputError:
    found = numeral(cell)
    digits = found.digits if found else cell
    as_decimal, as_thousands = float(digits.replace(mark, ".")), digits.replace(mark, "")
    word = "point" if mark == "." else "comma"
    return InputError(
        f"{where}: {cell!r} in column {name!r} is {as_decimal:g} if the {word} marks decimals, and "
        f"{as_thousands} if it marks thousands; say which with --decimal '{mark}' or --thousands '{mark}'."
    )


def _numbers(
    text: _Column, decimal: str, thousands: str, units: dict[str, str], sentences: dict[str, str]
) -> "np.ndarray[Any, Any]":
    """The column as numbers; says what was more than plain notation."""
    suffixes = Counter[str]()
    for one, count in zip(text.numerals, np.bincount(text.place, minlength=len(text.words)), strict=True):
        if one is not None:
            suffixes[one.suffix] += int(count)
    units_here = {"m", "t", *(("K",) if has(text.name, "temperatures") else ())}  # metres, tonnes: the unit's scale
    if any(one and "e" in one.digits.lower() for one in text.numerals):  # 1e-5 M has its factor in its exponent
        units_here |= FACTORS.keys()
    allowed, unit = _suffixes(suffixes, units_here)
    values = []
    for one in text.numerals:
        number = None if one is None or one.suffix not in allowed else value(one.digits, decimal, thousands)
        values.append(None if number is None or one is None else number * allowed[one.suffix])
    said = _without_dose(text, values)
    read = zip(text.words, text.numerals, values, strict=True)
    shown = next((word for word, one, number in read if one and one.suffix and number is not None), None)
    if shown is not None and unit:
        units[text.name] = unit
        said.append(f"every cell holds {unit!r}, which lawsmith read as the unit")
    elif shown is not None:
        number = values[text.words.index(shown)]
        units[text.name] = ""  # whatever its header says
        said.append(f"lawsmith read text as numbers ({shown.strip()!r} is {number:g})")
    marked = next(
        (
            k
            for k, one in enumerate(text.numerals)
            if one and values[k] is not None and _needs_a_word(one, decimal, text.words[k])
        ),
        None,
    )
    if marked is not None and shown is None:
        said.append(f"lawsmith read {text.words[marked].strip()!r} as {values[marked]!r}".removesuffix(".0"))
    sentences |= {text.name: f"{text.name}: {'; '.join(said)}."} if said else {}
    return _values(text, values)


def _without_dose(text: _Column, values: list[float | None]) -> list[str]:
    """Make the one word among positive numbers 0 where it says that nothing was given (placebo, control), and say so;
    of a temperature or a pH it says nothing."""
    words = [k for k, word in enumerate(text.words) if values[k] is None and not is_missing(word)]
    known = [number for number in values if number is not None]
    untreated = len(words) == 1 and text.words[words[0]].strip().lower() in WORDS["untreated"]
    if not untreated or min(known, default=0.0) <= 0 or has(text.name, "temperatures") or has(text.name, "no_doses"):
        return []
    values[words[0]] = 0.0
    return [f"lawsmith read {text.words[words[0]].strip()!r} as 0, an amount of nothing"]


def _needs_a_word(one: Numeral, decimal: str, word: str) -> bool:
    return (
        "," in one.digits
        or ("." in one.digits and decimal == ",")
        or word.strip()[0] in "~≈≃("
        or word.strip()[-1] in FOOTNOTES + "])"
        or GAPS.search(word) is not None
        or re.search(r"\d[eE][+-]?\d+\.", word) is not None
    )


def _suffixes(counted: "Counter[str]", units: set[str]) -> tuple[dict[str, float], str]:
    """Suffix -> factor for those that a column may hold, and the unit that all of its cells name; `units` are none of
    a factor there."""
    used = set(counted)
    nouns = {suffix: _WITH_NOUN.fullmatch(suffix) for suffix in used if suffix not in FACTORS}
    scaled = len(used) > 1 or any(noun and noun[1] and " " in noun[0] for noun in nouns.values())  # kmpl is a unit
    if (
        scaled
        and nouns
        and all(nouns.values())
        and len({noun[2].removesuffix("s") for noun in nouns.values() if noun}) == 1
    ):
        return {suffix: FACTORS.get(noun[1], 1.0) for suffix, noun in nouns.items() if noun}, ""
    if len(used) == 1 and (only := next(iter(used))):
        if only == "%":
            return {"%": 0.01}, ""
        if only not in FACTORS or only in units:
            return {only: 1.0}, only
    if used <= {"st", "nd", "rd", "th"}:  # 1st, 10th
        return dict.fromkeys(used, 1.0), ""
    common = {suffix for suffix, count in counted.items() if count > MOST * sum(counted.values())}
    if common == {"%"}:
        return {"%": 0.01}, ""
    return {"": 1.0, **{suffix: factor for suffix, factor in FACTORS.items() if suffix in used}}, ""


def _values(text: _Column, found: list[float | None]) -> "np.ndarray[Any, Any]":
    """(n,) float64 where all filled cells were read; else objects with the text of the others."""
    known = [np.nan if one is None and is_missing(word) else one for word, one in zip(text.words, found, strict=True)]
    if all(one is not None for one in known):
        values: Array = np.array(known, dtype=np.float64)
        return values[text.place]
    mixed = np.array([word if one is None else one for word, one in zip(text.words, known, strict=True)], dtype=object)
    return np.asarray(mixed[text.place])
