"""Tables written as JSON: an array of objects, an object of columns, or one object a line."""

import ast
import io
import json
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from lawsmith.tasks.errors import InputError, counted, listing
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.reading.delimited import CELLS_OF_A_RECORD, Reading, bound, bound_columns

_OF_ARRAYS = re.compile(r"\b(?:np\.\w+|tensor)\(([^(),]*)[^()]*\)|(?<=: )nan\b")  # as dicts print np.float64(2.3)
FEWEST_POINTS = 3  # of a curve
FEWEST_ROWS = 3  # that make an object among others the table
MOST_CHARACTERS = 20_000  # of an object in a cell or at the end of a line
MAX_DEPTH = 6
"""Bound on the nesting of a JSON record, whose inner entries become columns named ``outer.inner``."""


def json_rows(text: str, where: str) -> Reading:
    """The rows of an array of objects, an object of columns, or one object a line; raises InputError for others."""
    import pandas as pd

    records: list[dict[str, Any]] = []
    names: set[str] = set()
    curves, told = 0, list[str]()
    for place, record in _records(text, where, told):
        if not isinstance(record, dict):
            raise InputError(
                f"{where}, {place}, must be a JSON object with one entry per column, or the names of the columns "
                "above their rows."
            )
        one = dict(flat(record))
        points = _points(one)
        curves += len(points) > 1
        records += points
        names.update(one)
        bound_columns(len(names), where)
        bound((CELLS_OF_A_RECORD + len(names)) * len(records), where)  # an absent entry takes room as well
        _refuse_half_characters(one, f"{where}, {place},")
    if curves:
        told.append(f"{where}: the lists of {counted(curves, 'object')} are curves; lawsmith made each point a row.")
    sizes = {name: len(cells) for name, cells in records[0].items() if isinstance(cells, list)} if records else {}
    if len(records) == 1 and len(set(sizes.values())) > 1:
        told_sizes = listing([f"{name} has {counted(size, 'cell')}" for name, size in sizes.items()])
        raise InputError(
            f"{where}: its lists are no columns of one table, because {told_sizes}; make them equally long."
        )
    return Reading(pd.DataFrame(records, dtype=object), notices=tuple(told))


def objects_of_lines(text: str) -> tuple[str, str] | None:
    """The objects with which lines of a log end, one a line, and a sentence; None where most or the first have none."""
    if not text.lstrip().partition("\n")[0].rstrip().endswith("}"):
        return None
    lines = {number: line.rstrip() for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    ends = {number: object_of("{" + line.partition("{")[2]) for number, line in lines.items() if line[-1] == "}"}
    found = [one for one in ends.values() if one]
    if not 2 * len(found) > len(lines) >= FEWEST_ROWS:
        return None
    said = "each line holds an object, which lawsmith read as a row"
    if lost := [number for number, one in ends.items() if not one]:
        said += f"; it left out {counted(len(lost), 'line')} whose object it cannot read, the first is line {lost[0]}"
    return "\n".join(map(json.dumps, found)), f"{said}."


def object_of(text: str) -> dict[str, Any] | None:
    """The object that a text states in JSON or as Python prints it; None where it states none."""
    if len(text) > MOST_CHARACTERS:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(_OF_ARRAYS.sub(lambda one: one[1] or "None", text))
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return None
    return {str(name): value for name, value in found.items()} if isinstance(found, dict) else None


def _points(record: dict[str, Any]) -> list[dict[str, Any]]:
    """A record of a curve as one for each of its points: lists of as many numbers, of which one grows throughout and
    another varies, or that are all of a named record, which get a column ``step``; any other record alone."""
    lists = {
        name: cells
        for name, cells in record.items()
        if isinstance(cells, list) and len(cells) >= FEWEST_POINTS and all(isinstance(c, int | float) for c in cells)
    }
    grows = [name for name, cells in lists.items() if all(a < b for a, b in pairwise(cells))]
    if not grows and "name" in record and len(lists) == len(record) - 1 and len(set(map(len, lists.values()))) == 1:
        grows, lists = ["step"], {"step": [*range(1, 1 + len(next(iter(lists.values()))))], **lists}
    if not grows:
        return [record]
    axis = lists[grows[0]]
    curve = {name: cells for name, cells in lists.items() if len(cells) == len(axis)}
    if not any(len(set(cells)) > 1 for name, cells in curve.items() if name != grows[0]):
        return [record]
    return [{**record, **{name: cells[k] for name, cells in curve.items()}} for k in range(len(axis))]


def _refuse_half_characters(record: Mapping[str, Any], where: str) -> None:
    """JSON can write one half of a pair of surrogates, which no file, terminal or library takes."""
    for text in (*record, *record.values()):
        if isinstance(text, str) and not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            raise InputError(f"{where} holds half a character (\\ud800 to \\udfff), which is not valid text.")


def _records(text: str, where: str, told: list[str]) -> Iterable[tuple[str, Any]]:
    whole = _whole(text) if text.lstrip()[:1] in ("[", "{") else None
    if isinstance(whole, list):
        whole = _named_rows(whole)
        return ((f"entry {number}", entry) for number, entry in enumerate(whole, start=1))
    if isinstance(whole, dict):
        return ((f"entry {number}", entry) for number, entry in enumerate(_rows_of(whole), start=1))
    return _lines(text, where, told)


def _whole(text: str) -> Any:
    """The one JSON value that a text is; None where it is none, or several lines of them."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # ValueError also for an integer of thousands of digits
        return None


def _named_rows(entries: list[Any]) -> list[Any]:
    """Objects of a list of lists whose first one names the columns; any other list as it is."""
    if not entries or not all(isinstance(row, list) and len(row) == len(entries[0]) for row in entries):
        return entries
    if all(len(row) == 3 and all(isinstance(cell, int | float) for cell in row) for row in entries):
        walls = [row[0] for row in entries]
        if 1e9 < walls[0] <= walls[-1] < 3e9:  # as TensorBoard writes a chart
            return [dict(zip(("Wall time", "Step", "Value"), row, strict=True)) for row in entries]
    names, *rows = entries
    if not names or not all(isinstance(name, str) for name in names):
        return entries
    return [dict(zip(names, row, strict=True)) for row in rows]


def _rows_of(whole: dict[str, Any]) -> list[Any]:
    """Rows of an object of columns (lists, or pandas' objects by row), of rows by their numbers or names (then there
    are more of them than columns), of names and rows, or of one list beside remarks."""
    values = list(whole.values())
    lists = [v for v in values if isinstance(v, list) and v and all(isinstance(row, dict) for row in v)]
    if len(lists) == 1 and not any(isinstance(value, list) and value is not lists[0] for value in values):
        return list(lists[0])
    names, rows = whole.get("columns"), whole.get("data", whole.get("rows"))
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        return [dict(zip(map(str, names), row, strict=False)) for row in rows]
    if values and all(isinstance(value, list) for value in values) and len({len(v) for v in values}) == 1:
        return [dict(zip(whole, row, strict=True)) for row in zip(*values, strict=True)]
    if values and all(isinstance(value, dict) for value in values) and len({tuple(v) for v in values}) == 1:
        numbered = [all(map(str.isdigit, keys)) for keys in (whole, values[0])]
        curves = all(isinstance(cell, list) for cell in values[0].values())  # of runs by name
        if numbered == [True, False] or (not any(numbered) and (curves or len(whole) > len(values[0]))):
            return _with_names(whole)  # rows by number or name
        rows = {row: {name: column[row] for name, column in whole.items()} for row in values[0]}
        return list(rows.values()) if numbered[1] else _with_names(rows)
    inner = [value for value in values if isinstance(value, dict) and _are_rows(value)]
    return _with_names(inner[0]) if len(inner) == 1 else [whole]


def _with_names(rows: dict[str, Any]) -> list[Any]:
    name = "name" if not all(map(is_numeral, rows)) or set(rows) <= set(map(str, range(len(rows) + 1))) else "key"
    return [{name: key, **row} if name not in row else row for key, row in rows.items()]


def _are_rows(entry: dict[str, Any]) -> bool:
    """Whether an object among others holds rows by name, of plain values: more of them than entries that all have,
    which are at least half of all entries."""
    rows = list(entry.values())
    if len(rows) < FEWEST_ROWS or not all(isinstance(row, dict) and row for row in rows):
        return False
    if any(isinstance(value, dict | list) for row in rows for value in row.values()):
        return False
    common = set.intersection(*map(set, rows))
    return len(rows) > len(common) >= len({name for row in rows for name in row}) / 2


def _lines(text: str, where: str, told: list[str]) -> Iterable[tuple[str, Any]]:
    """One JSON value a line; a last line that a killed run cut off is left out and `told`."""
    last = text.rstrip().count("\n") + 1
    for number, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == last > FEWEST_ROWS and line.strip()[0] == "{" and line.strip()[-1] != "}":
                told.append(f"{where}: lawsmith left out line {number}, the last one, which is cut off.")
                return
            what: object = error
            if isinstance(error, json.JSONDecodeError):  # whose own text counts lines within this one
                what = f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
            raise InputError(f"{where}, line {number}, is not JSON: {what}.") from None


def flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, Any]]:
    """The entries of an object, those of inner objects as ``outer.inner``."""
    for name, value in record.items():
        if isinstance(value, dict) and value and depth < MAX_DEPTH:
            yield from flat(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", value
