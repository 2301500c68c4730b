"""Columns whose cells hold several values, as programs write them: objects ``{'lr': 0.1, 'model': {'n': 7}}``, shapes
``(16, 1, 1)``, the arguments in the names of benchmarks, ``BM_Sort/1024``, and the sizes in those of models of one
family, ``pythia-70m``. Each becomes a column."""

import ast
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lawsmith.tasks.delimited import CELLS_OF_A_RECORD, Reading, bound, bound_columns
from lawsmith.tasks.json_rows import flat
from lawsmith.tasks.numerals import FACTORS, is_missing
from lawsmith.tasks.words import is_bound

if TYPE_CHECKING:
    import pandas as pd

_SHAPE = re.compile(r"(?!0x)(\((?:\d{1,12}, ?)+\d{0,12}\)|\d{1,12}(?:\s?[x×]\s?\d{1,12})+)")  # (16, 1), 256x256
_BENCHMARK = re.compile(
    r"(?:BM_|[Bb]ench|test_)[^/\[\]]*[/\[]((?:\d{1,15}[/-])*\d{1,15})\]?"
)  # BM_Sort/1024, test_sort[10-3]
_LIST = re.compile(r"\[\s*([-+.\deE]+(?:[\s,]+[-+.\deE]+){0,15})\s*\]")  # [64, 64, 10], of few numbers
_SIZE = re.compile(r"(.*?)(?<![A-Za-z\d.])(\d+(?:\.\d+)?)(?:([kKMBTmb])(?![A-Za-z\d])|[x×](?=[A-Z]))(.*)")
_LONGEST = 200  # characters of a name
MOST_CHARACTERS = 20_000  # of one cell


def with_entries_apart(reading: Reading, where: str) -> Reading:
    """The same with each column of objects or shapes as columns ``NAME.ENTRY``, and with the arguments of benchmarks
    beside their names; cells of other kinds stay as they are."""
    import pandas as pd

    frame, notices = reading.frame, []
    for name in list(frame.columns):
        records, what, stays = _records(frame[name]), "hold objects, whose entries", False
        if records is None:
            records, what = _numbers_in(frame[name], _SHAPE), "hold shapes, whose numbers"
        if records is None and not is_bound(str(name)):
            records, what = _numbers_in(frame[name], _LIST), "hold lists, whose numbers"
        if records is None:
            records, what, stays = _numbers_in(frame[name], _BENCHMARK), "hold arguments, which", True
        if records is None:
            records, what = _sizes_in(frame[name]), ""  # a role says what becomes of them
        if records is None:
            continue
        records = [{f"{name}.{entry}": value for entry, value in record.items()} for record in records]
        entries = {entry for record in records for entry in record}
        bound_columns(len(entries) + len(frame.columns), where)
        bound((CELLS_OF_A_RECORD + len(entries)) * len(records), where)
        apart = pd.DataFrame(records, dtype=object, index=frame.index)
        place = list(frame.columns).index(name)
        taken = [column for column in apart.columns if column in frame.columns]
        parts = [frame.iloc[:, : place + stays], apart.drop(columns=taken), frame.iloc[:, place + 1 :]]
        frame = pd.concat(parts, axis=1)
        notices += [f"{where}: the cells of {name} {what} were read as columns {name}.…."] if what else []
    return replace(reading, frame=frame, notices=(*reading.notices, *notices))


def _records(column: "pd.Series[Any]") -> list[dict[str, Any]] | None:
    """The objects of a column, empty for missing cells; None where a cell is no object, or all are empty."""
    cells = [] if column.dtype.kind in "iufbM" else column.tolist()
    first = next((cell for cell in cells if not is_missing(cell)), None)
    if not isinstance(first, str) or first.strip()[:1] != "{":
        return None
    cells = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    filled = [cell for cell in cells if not is_missing(cell)]
    if not filled or not all(isinstance(cell, str) and cell[:1] == "{" and cell[-1:] == "}" for cell in filled):
        return None
    records = [{} if is_missing(cell) else _object(cell) for cell in cells]
    if any(record is None for record in records) or not any(records):
        return None
    return [dict(flat(record)) for record in records if record is not None]


def _numbers_in(column: "pd.Series[Any]", pattern: re.Pattern[str]) -> list[dict[str, Any]] | None:
    """The numbers in each cell by their place, those places that differ between rows; None where a cell has others."""
    cells = [] if column.dtype.kind in "iufbM" else column.tolist()
    cells = [str(cell) if isinstance(cell, list) else cell for cell in cells]
    if not cells or not all(isinstance(cell, str) and pattern.fullmatch(cell.strip()) for cell in cells):
        return None
    number = r"[^\s,]+" if pattern is _LIST else r"\d+"
    try:
        found = [[float(one) for one in re.findall(number, pattern.fullmatch(cell.strip())[1])] for cell in cells]  # type: ignore[index]  # matched above
    except ValueError:  # such as [1-2]
        return None
    if len({len(numbers) for numbers in found}) > 1:
        return None
    places = [place for place, values in enumerate(zip(*found, strict=True), 1) if len(set(values)) > 1]
    records: list[dict[str, Any]] = [{str(place): numbers[place - 1] for place in places} for numbers in found]
    tests = [re.split(r"[/\[]", cell.strip())[0] for cell in cells]
    if len(set(tests)) > 1 and places and pattern is _BENCHMARK:
        records = [{"test": test, **record} for test, record in zip(tests, records, strict=True)]
    return records if places else None


def _sizes_in(column: "pd.Series[Any]") -> list[dict[str, Any]] | None:
    """The size in each cell, where cells are names that differ in it alone; None for others."""
    cells = [] if column.dtype.kind in "iufbM" else column.tolist()
    found = [
        _SIZE.fullmatch(cell.strip()) if isinstance(cell, str) and len(cell) < _LONGEST else None for cell in cells
    ]
    known = [one for one in found if one is not None]
    if len(known) < len(cells) or len({(one[1], one[4]) for one in known}) != 1:
        return None
    if known[0][3] and (_SIZE.match(known[0][4]) or re.search("[A-Za-z]", known[0][1]) is None):
        return None
    return [{"size": float(one[2]) * FACTORS.get(one[3], 1.0)} for one in known]


def _object(text: str) -> dict[str, Any] | None:
    """The object that a text states in JSON or as Python prints it; None where it states none."""
    if len(text) > MOST_CHARACTERS:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return None
    return {str(name): value for name, value in found.items()} if isinstance(found, dict) else None
