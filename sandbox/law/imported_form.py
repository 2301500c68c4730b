"""Reads a formula that another program found, ``1.69 + 406.4 * x0 ^ -0.34``, as a law whose numbers are fitted anew.

A number with a decimal point or an exponent was fitted by the other program: it becomes a constant. Whole numbers are
part of the form, as in ``x0 ^ 2``. Constants that say the same become one. Columns go by their names, and by ``x0``,
``x1``, … or ``X1``, ``X2``, … where no column has that name: the features in the table's order, from 0 as PySR and
gplearn count (``X0``), or from 1 as operon does.
"""

import re
from collections.abc import Sequence

from lawsmith.sandbox.law.own_form import own_candidate
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.schema import Schema

_NUMBER = re.compile(r"(?<![\w.`])(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?(?![\w.`])")
_PLACE = re.compile(r"(?<![\w`])([xX])_?(\d+)(?![\w`(])")


def imported_candidates(formulas: Sequence[str], schema: Schema) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Candidate source -> formula, for those that can be fitted; and (formula, reason) of the others.

    Raises InputError for formulas of a table with several targets: a hall of fame is about one.
    """
    if formulas and len(schema.targets) > 1:
        raise InputError("--hall-of-fame takes formulas of one target; this table has several.")
    first = 1 if _counts_from_one(formulas, schema) else 0
    known, refused = dict[str, str](), list[tuple[str, str]]()
    for formula in formulas:
        try:
            known.setdefault(own_candidate(_open(formula, schema, first), schema, merge=True), formula)
        except InputError as error:
            reason = re.sub(r"^--form(?: '.*?')?:? ?", "", str(error)).partition(";")[0].rstrip(".")
            refused.append((formula, reason))
    return known, tuple(refused)


def _counts_from_one(formulas: Sequence[str], schema: Schema) -> bool:
    """Whether ``X1`` is the first feature: no formula names the 0th, and some name one by a capital X."""
    places = [match.groups() for formula in formulas for match in _PLACE.finditer(formula)]
    named = [(letter, int(number)) for letter, number in places if letter + number not in schema.features]
    return any(letter == "X" for letter, _ in named) and all(number > 0 for _, number in named)


def _open(formula: str, schema: Schema, first: int) -> str:
    """The formula with columns by name and constants in place of fitted numbers."""
    taken = {*schema.features, *re.findall(r"[A-Za-z_]\w*", formula)}
    names = (name for k in range(1, 10_000) if (name := f"c{k}") not in taken)

    def column(match: re.Match[str]) -> str:
        name, place = match.group(0), int(match.group(2)) - first
        if name in schema.features:
            return name
        if not 0 <= place < len(schema.features):
            raise InputError(f"{name} is not a column: there are {len(schema.features)} features.")
        return f"`{schema.features[place]}`"

    right = formula.rpartition("=")[2] if re.search(r"(?<![<>=!])=(?!=)", formula) else formula
    return _PLACE.sub(column, _NUMBER.sub(lambda match: next(names), right))
