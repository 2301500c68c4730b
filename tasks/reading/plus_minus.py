"""Cells of a value with its error (``2.31 ± 0.02``, ``2.31(2)``) or interval (``2.31 [2.29, 2.33]``): a column of
values, and one of errors."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lawsmith.tasks.numerals import is_missing, is_numeral
from lawsmith.tasks.reading.delimited import Reading
from lawsmith.tasks.words import is_bound

if TYPE_CHECKING:
    import pandas as pd

_CELL = re.compile(
    r"\(?([^±()]*?\d[^±()]*?)\s*(?:(?:±|\+/-|\+-)\s*([^±()]*?\d[^±()]*?)|\((\d*[.,]\d+)\))\s*\)?\s*([%A-Za-zµμ°Ω][^\d±()]{0,14})?"
)
_DIGITS = re.compile(
    r"([+\-−]?\d+(?:\.(\d+))?)\s?\((\d{1,3})\)\s?((?:[eE]|[x×]\s?10\^?)[+\-−]?\d+)?"
)  # of the last digits
_NUMBER = r"([+\-−]?\d+(?:\.\d*)?(?:[eE][+\-]?\d+)?)"
_WITHIN = re.compile(rf"{_NUMBER}\s*[\[(](?:\d\d ?% ?(?:CI)?[:,]?)?\s*{_NUMBER}\s*(?:,|;|–|-|to)\s*{_NUMBER}\s*[\])]")
_SIDES = r"\s*[\[(]?\s*\^?\{?\+\s*(\d+(?:\.\d*)?)\}?\s*[/,_]?\s*\{?[-−]\s*(\d+(?:\.\d*)?)\}?\s*[\])]?"
_UNEVEN, _ERRORS_ALONE = re.compile(_NUMBER + _SIDES), re.compile(_SIDES)
_ENDS = re.compile(rf"[\[(]?\s*{_NUMBER}\s*(?:,|;|–|-|to)\s*{_NUMBER}\s*[\])]?")
_RELATIVE = re.compile(_NUMBER + r"\s*\(?\s*(?:±|\+/-)\s*(\d+(?:\.\d*)?)\s?%\s*\)")
_BRACKETED = re.compile(r"\(\s*(?:±|\+/-)([^()]*)\)")
_SHARES = re.compile(r"(?:n|no\.?|count|number)\b[^%]*%", re.IGNORECASE)  # n (%): numbers and shares of them
_NAME = re.compile(r"(.*?\S)\s*[\[(]?\s*(?:mean\s*)?(?:±|\+/-|\+-).*")
_LETTERED = re.compile(r"(.*\d\.\d.*?\)?|\d+(?=\s))\s*([a-h]{1,4})")  # 5.0 ab, as tests of differences mark groups
_LOOK = 200  # cells that show whether a column states errors
_MOST = 0.5  # of the filled cells that state an error


def with_errors_apart(reading: Reading, where: str) -> Reading:
    """The same with each column of such cells as two: its values, and their errors in ``NAME ±``."""
    frame, notices = reading.frame, []
    for name in list(frame.columns):
        if (numbers := _without_letters(frame[name])) is not None:
            notices.append(f"{where}: lawsmith left out letters behind numbers in {name} ({frame[name].iloc[0]!r}).")
            frame = frame.assign(**{str(name): numbers})
        if (halves := _halves(str(name), frame[name])) is not None:
            notices.append(f"{where}: lawsmith read {frame[name].iloc[0]!r} in {name} as an error of {halves[0]}.")
            frame = frame.assign(**{str(name): halves})
            continue
        parts = None if _SHARES.search(str(name)) else _parts(frame[name])
        if parts is None:
            continue
        values, errors, shown = parts
        base = _named(str(name), [str(one) for one in frame.columns])
        place = list(frame.columns).index(name)
        frame = frame.drop(columns=name)
        frame.insert(place, base, values)
        frame.insert(place + 1, f"{base} ±", errors)
        notices.append(
            f"{where}: lawsmith read {shown.strip()!r} as a value of {base} and its error; the errors are column "
            f"'{base} ±'."
        )
    return replace(reading, frame=frame, notices=(*reading.notices, *notices))


def _without_letters(column: "pd.Series[str]") -> list[str] | None:
    """The cells without the letters, from a on, that name groups which a test cannot tell apart; None for others."""
    cells = column.tolist() if column.dtype.kind not in "iufbM" else []
    found = [_LETTERED.fullmatch(cell.strip()) for cell in cells if isinstance(cell, str)]
    letters = sorted(set("".join(one[2] for one in found if one)))
    if len(letters) < 2 or len(found) < len(cells) or None in found or "".join(letters) not in "abcdefgh":
        return None
    numbers = [one[1].strip() for one in found if one]
    return numbers if letters[0] == "a" and 2 * len(set(numbers)) > len(numbers) else None  # few are labels: 1.5a


def _halves(name: str, column: "pd.Series[str]") -> list[str] | None:
    """Half of both errors in cells such as ``+0.3/-0.1``, and half the width of intervals ``[2.1, 2.3]`` in a
    column that is called so; None for a column of other cells."""
    ends = is_bound(name)
    if not ends and str(column.iloc[0]).lstrip()[:1] not in ("+", "(", "[", "^"):
        return None
    halves = []
    for cell in column.tolist():
        text = cell.strip() if isinstance(cell, str) else ""
        if (errors := _ERRORS_ALONE.fullmatch(text)) is not None:
            halves.append(f"{(float(errors[1]) + float(errors[2])) / 2:.12g}")
        elif ends and (within := _ENDS.fullmatch(text)) is not None:
            low, high = (float(number.replace("−", "-")) for number in within.groups())
            halves.append(f"{(high - low) / 2:.12g}")
        else:
            return None
    return halves


def _parts(column: "pd.Series[str]") -> tuple[list[object], list[object], str] | None:
    """Values, errors, and a cell that shows both; None for a column of other cells."""
    cells = column.tolist() if column.dtype.kind not in "iufbM" else []
    if not any(mark in str(cell) for cell in cells[:_LOOK] for mark in ("±", "+", "(", "[", "\\pm")):
        return None
    values: list[object] = []
    errors: list[object] = []
    shown, both, filled = "", 0, 0
    for cell in cells:
        found = _CELL.fullmatch(_with_sign(cell.strip())) if isinstance(cell, str) else None
        value, error = (found[1], found[2] or found[3]) if found is not None else (cell, None)
        unit = (found[4] or "").strip() if found is not None else ""
        value = value.strip().removesuffix(unit) if unit and isinstance(value, str) else value  # behind both numbers
        if error is not None and not is_numeral(error.strip()):
            return None
        if not is_missing(cell):
            filled += 1
            if not is_numeral(value.strip() if isinstance(value, str) else value):
                return None
        both += error is not None
        shown = shown or (cell if error is not None else "")
        values.append(f"{value.strip()}{unit}" if error is not None else cell)
        errors.append(f"{error.strip()}{unit}" if error is not None else None)
    return (values, errors, shown) if both > _MOST * filled else None


def _with_sign(cell: str) -> str:
    """``2.31 ± 0.02`` of ``2.31(2)`` and ``2.31 (±0.02)``, and half the width of an interval around the value in
    ``2.31 [2.29, 2.33]`` and ``2.31 +0.02/-0.02``."""
    cell = cell.strip("$").replace("\\pm", "±").strip() if "\\pm" in cell else cell  # of LaTeX
    if (relative := _RELATIVE.fullmatch(cell)) is not None:  # of a value that is not in per cent
        cell = f"{relative[1]} ± {abs(float(relative[1].replace('−', '-'))) * float(relative[2]) / 100:.12g}"
    cell = _BRACKETED.sub(r"± \1", cell)
    if (digits := _DIGITS.fullmatch(cell)) is not None:
        places, power = len(digits[2] or ""), digits[4] or ""
        if places or int(digits[3]) < abs(int(digits[1].replace("−", "-"))):  # else a number and its share
            return f"{digits[1]}{power} ± {int(digits[3]) / 10**places:.{places}f}{power}"
    if (uneven := _UNEVEN.fullmatch(cell)) is not None:
        return f"{uneven[1]} ± {(float(uneven[2]) + float(uneven[3])) / 2:.12g}"
    if (within := _WITHIN.fullmatch(cell)) is not None:
        value, low, high = (float(number.replace("−", "-")) for number in within.groups())
        return f"{within[1]} ± {(high - low) / 2:.12g}" if low <= value <= high > low else cell
    return cell


def _named(name: str, others: list[str]) -> str:
    """``loss`` of a column called ``loss ± std``, where no other column has that name."""
    found = _NAME.fullmatch(name)
    return found[1] if found is not None and found[1] not in others else name
