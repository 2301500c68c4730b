"""Numbers as people write them: decimal commas, thousands separators, 70M, 15 %."""

import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

MISSING = frozenset(
    (
        *("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "---", "—", "–", "?", ".", "<na>", "nat"),
        *("diverged", "failed", "crashed", "oom", "timeout", "killed", "(null)", "undetermined", "no ct", "overflow"),
        *("bdl", "(blank)", "-nan", "nan(ind)", "-nan(ind)", "-1.#ind", "1.#qnan", "undefined", "n/r", "tbd"),
        *("..", "...", "…", "~", "*", "not measured", "unknown", "\\n", "n.a.", "n.d.", "nd", "missing"),
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"),
    )
)
"""What stands in a cell of a column of numbers, in lower case, where nothing was measured; Excel's errors too."""

FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "m": 1e6, "B": 1e9, "b": 1e9, "G": 1e9, "T": 1e12, "t": 1e12}
FACTORS |= {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "mn": 1e6, "mln": 1e6, "bn": 1e9}
FACTORS |= {"Ki": 1024.0, "Mi": 1024.0**2, "Gi": 1024.0**3}
"""Suffix of a number -> its factor."""

FOOTNOTES = "†‡§¶*⁎ᵃᵇᶜᵈᵉᶠ"
"""Marks of footnotes and of significance behind a number."""

_LAKHS = r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d*)?"  # 36,10,88,090
MOSTLY = 0.8  # of the cells of a column of numbers
GAPS = re.compile(r"(?<=\d)[ '’\u00a0\u202f\u2009](?=\d{3}(?!\d))")
"""Blanks and apostrophes between thousands."""

_UNIT = r"[^\d\s.,;+\-−](?:[^\d,;]|(?<=[mst])[23](?!\d)){0,15}"  # mm2 too
_NUMERAL = re.compile(rf"([+\-−]?(?:\d[\d.,]*|[.,]\d[\d.,]*)(?:[eE][+\-−]?\d+)?)\s*({_UNIT})?")
_COMMON = re.compile(r"(-?\d+(?:\.\d*)?(?:e[+-]?\d+)?)([kKMBGT%]?)")
_POWER = re.compile(
    r"(?:([+\-−]?\d[\d.,]*)\s*[x×*·]\s*)?10\s*(?:\^|\*\*)\s*\(?([+\-−]?\d+(?:\.\d+)?)\)?(\s*[^\W\d].{0,15})?"
)
_LOST = re.compile(r"([+\-−]?\d[\d.,]*)\s*[x×]\s*10([+\-−]\d+)")  # 1.0 x 10-3, as copied from a paper
_RAISED = re.compile(r"(?<=10)([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)(?=\s|$)")
_LOWERED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_BINARY = re.compile(r"2\s*(?:\^|\*\*)\s*\(?([+\-−]?\d{1,3})\)?")
_FORTRAN = re.compile(r"([+\-−]?\d[\d.,]*)[dD]([+\-−]?\d+)")
_POWERS = (_POWER, _FORTRAN, _LOST)
_CITED = re.compile(r"(?<=[\d.%A-Za-z])\s?(?:\[(?:\d{1,3}|[a-z])\])+$")  # 1.5[16], of Wikipedia
_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_PRINTED = re.compile(  # tensor(2.31, device='cuda:0'), np.float64(2.31) and [2.31], as programs write their objects
    rf"(?:(?:tensor|array|Array|Decimal|(?:np|numpy|jnp|torch)\.\w+)\(['\[]?{_NUMBER}['\]]?(?:,.*)?\)|\[{_NUMBER}\])"
)
_BEFORE = re.compile(r"^[A-Z]{0,3}[$€£¥₹~≈≃='](?=.)\s*")  # US$, and = and ' as Excel marks a formula and a text
_BOUND = re.compile(
    r"[<>≤≥]\s*[\d.]|(?:not|none) detected|(?:below|above) |\d[\d.]*\s?\+$"
    r"|[<>≤≥]?\s*(BL?L?O?Q|B?LLOQ|ULOQ|BQL|LO[DQ]|OVRFLW|OVER(?:LOAD)?|SATURATED)$",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"[+-]?(?:inf|infinity)", re.IGNORECASE)


_DIGITS = {ord("．"): ".", ord("，"): ",", ord("٫"): ".", ord("٬"): ",", ord("－"): "-", ord("＋"): "+"}
_DIGITS |= {first + place: str(place) for first in (0xFF10, 0x0660, 0x06F0, 0x0966) for place in range(10)}
"""Digits and marks of other scripts (full width, Arabic, Persian, Devanagari) -> those of ASCII."""


class Numeral(NamedTuple):
    """A cell taken apart: digits with their points and commas, and the letters or the sign that follow."""

    digits: str
    suffix: str


def is_missing(cell: object) -> bool:
    """Whether a cell says that there is no value."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return True
    if not isinstance(cell, str):
        return False
    text = cell.strip().lower()
    if text[:1] == ":" and re.fullmatch(r":\s?[a-z]{0,2}", text):  # of Eurostat, perhaps with its flag
        return True
    return text in MISSING or (text.startswith("***") and not text.strip("*"))  # what does not fit Fortran's field


def is_bound(cell: object) -> bool:
    """Whether a cell says only what the value is below or above: ``<0.02``, ``LOQ``."""
    return isinstance(cell, str) and _BOUND.match(cell.strip()) is not None


def is_null(cell: object) -> bool:
    """Whether a label is absent; text such as ``NA`` is a label."""
    return cell is None or (not isinstance(cell, str) and is_missing(cell)) or cell != cell


def numeral(cell: str) -> Numeral | None:
    """A cell of text taken apart (``6x10^9``, ``1.5D+06`` and ``$12`` too); None where it is not a number."""
    if (common := _COMMON.fullmatch(cell)) is not None:  # most cells of most tables
        return Numeral(common[1], common[2])
    if (printed := _PRINTED.fullmatch(cell.strip())) is not None:
        return Numeral(printed[1] or printed[2], "")
    text = _CITED.sub("", cell.strip()).rstrip(FOOTNOTES).rstrip()
    if "\\" in text or text[:1] == text[-1:] == "$":  # $1.5 \times 10^{9}$
        text = re.sub(r"\\(?:times|cdot)", "×", re.sub(r"[${}]", "", text)).strip()
    if not text.isascii() or " " in text or "'" in text:
        text = GAPS.sub("", text.translate(_DIGITS))
        text = _RAISED.sub(lambda raised: "^" + raised[1].translate(_LOWERED), text)
    if _SPECIAL.fullmatch(text):
        return Numeral(text, "")
    if (power := next(filter(None, (pattern.fullmatch(text) for pattern in _POWERS)), None)) is not None:
        factor, exponent, *unit = power.groups("")
        text = f"{factor or 1}e{exponent}" if "." not in exponent else _fractional(factor or "1", exponent)
        text += "".join(unit)
    elif (binary := _BINARY.fullmatch(text)) is not None:
        text = f"{2.0 ** int(binary[1].replace('−', '-')):.17g}"
    text = _BEFORE.sub("", text)
    found = _NUMERAL.fullmatch(text)
    return None if found is None else Numeral(found[1].replace("−", "-"), (found[2] or "").strip())


def _fractional(factor: str, exponent: str) -> str:
    """``3·10^6.5`` in plain digits; the factor as it is where its mark may mean thousands."""
    number = float(factor) if re.fullmatch(r"[+-]?\d+(\.\d+)?", factor) else math.nan
    size = float(exponent.replace("−", "-"))
    return f"{number * 10.0**size:.17g}" if abs(size) < 300 and number == number else f"{factor}e{exponent}"


def is_numeral(cell: object) -> bool:
    """Whether a cell is a number in some notation, without a unit of its own."""
    if not isinstance(cell, str):
        return isinstance(cell, int | float | np.number) and not is_missing(cell)
    found = numeral(cell)
    return found is not None and (found.suffix in FACTORS or found.suffix in ("", "%"))


def mostly_numerals(cells: Iterable[object]) -> bool:
    """Whether most of the cells that hold something are numbers."""
    known = [cell for cell in cells if not is_missing(cell)]
    return bool(known) and sum(map(is_numeral, known)) >= MOSTLY * len(known)


def evidence(digits: str, mark: str) -> str:
    """What the mark (point or comma) can mean in digits: "", "decimal", "thousands", "either" or "neither"."""
    other = "," if mark == "." else "."
    body = digits.lstrip("+-")
    if mark not in body:
        return ""
    groups = rf"\d{{1,3}}(\{mark}\d{{3}})+"
    if re.fullmatch(_LAKHS.replace(",", re.escape(mark)), body) and body.count(mark) > 1:
        return "thousands"
    if re.fullmatch(rf"{groups}\{other}\d*", body) or re.fullmatch(rf"\d{{1,3}}(\{mark}\d{{3}}){{2,}}", body):
        return "thousands"
    if re.fullmatch(rf"[1-9]\d{{0,2}}\{mark}\d{{3}}", body):
        return "either"
    if re.fullmatch(rf"(\d*|\d{{1,3}}(\{other}\d{{3}})+)\{mark}\d*([eE][+-]?\d+)?", body):
        return "decimal"
    return "neither"


def value(digits: str, decimal: str, thousands: str) -> float | None:
    """The number that digits state; None where they do not follow the notation. `thousands` may be empty."""
    if thousands and thousands in digits:
        whole = digits.lstrip("+-").split(decimal)[0]
        lakhs = re.fullmatch(_LAKHS.replace(",", re.escape(thousands)), whole)
        if not lakhs and not re.fullmatch(rf"\d{{1,3}}(\{thousands}\d{{3}})+", whole):
            return None
        digits = digits.replace(thousands, "")
    if decimal != "." and "." in digits:
        return None
    try:
        return float(digits.replace(decimal, "."))
    except ValueError:
        return None


def plain(cell: Any) -> float | None:
    """The number that a cell states in plain notation, NaN for a missing one, None for text and nested values."""
    if is_missing(cell):
        return np.nan
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
