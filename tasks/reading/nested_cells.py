"""Columns whose cells hold several values, as programs write them: objects ``{'lr': 0.1, 'model': {'n': 7}}``, shapes
``(16, 1, 1)``, the arguments in the names of benchmarks, ``BM_Sort/1024``, and the sizes in those of models of one
family, ``pythia-70m``. Each becomes a column."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.tasks.dates import years_of
from lawsmith.tasks.errors import listing
from lawsmith.tasks.numerals import FACTORS, is_missing, is_numeral
from lawsmith.tasks.reading.delimited import CELLS_OF_A_RECORD, Reading, bound, bound_columns
from lawsmith.tasks.reading.json_rows import flat, object_of
from lawsmith.tasks.words import WORDS, bare, is_bound

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"((?<![\d)\]%])[+-]?\d{1,15}(?:\.\d+)?(?:[eE][+-]?\d+)?)")
_SHAPES = re.compile(
    r"\((?:#, ?)+#?\)|#(?:\s?[x×]\s?#)+|\[\s*#(?:[\s,]+#){0,15}\s*\]"
)  # (16, 1), 256x256, [64, 64, 10]
_PAIR = re.compile(r"([A-Za-z][\w.]*)\s?=\s?([^\s,;|_=]+)")  # lr=0.1,width=64
_ARGUMENT = r"(?:[A-Za-z]\w*=)?\d{1,15}"
_BENCHMARK = re.compile(
    rf"(?:BM_|[Bb]ench|test_)[^/\[\]]*[/\[]((?:{_ARGUMENT}[/-])*{_ARGUMENT})\]?"
)  # BM_Sort/1024, test_sort[10-3], BenchmarkSort/n=1000-8
SIZE_IN_NAME = re.compile(r"(.*?)(?<![A-Za-z\d.])(\d+(?:\.\d+)?)(?:([kKMBTmb])(?![A-Za-z\d])|[x×](?=[A-Z]))(.*)")
_LONGEST = 200  # characters of a name
ROUNDED = 0.1  # of the range of each share, by which all of them may add up to more or less


def with_entries_apart(reading: Reading, where: str, features: Sequence[str] = ()) -> Reading:
    """The same with each column of objects or shapes as columns ``NAME.ENTRY``, and with the arguments of benchmarks
    beside their names; cells of other kinds stay as they are, as do those of a column whose first cell is a number."""
    import pandas as pd

    frame, notices = reading.frame, []
    for name in list(frame.columns):
        if frame[name].dtype.kind in "iufbM" or frame.empty or is_numeral(frame[name].iloc[0]):
            continue
        records, what, stays, texts = _records(frame[name]), "hold objects", False, _texts(frame[name])
        if records is None:
            records, what = _numbers_in(str(name), texts, features), "hold several numbers"
        if records is None:
            records, what, stays = _pairs_in(texts, frame.columns), "hold pairs", True
        if records is None:
            records, what = _arguments_in(texts), "hold arguments"
        if records is None:
            records, what = _sizes_in(texts), ""  # a role says what becomes of them
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
        made = listing([str(column) for column in apart.columns])
        notices += [f"{where}: the cells of {name} {what}; lawsmith read them as {made}."] if what else []
    return replace(reading, frame=frame, notices=(*reading.notices, *notices))


def _records(column: "pd.Series[Any]") -> list[dict[str, Any]] | None:
    """The objects of a column, empty for missing cells; None where a cell is no object, or all are empty."""
    cells = column.tolist()
    first = next((cell for cell in cells if not is_missing(cell)), None)
    if not isinstance(first, str) or first.strip()[:1] != "{":
        return None
    cells = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    filled = [cell for cell in cells if not is_missing(cell)]
    if not filled or not all(isinstance(cell, str) and cell[:1] == "{" and cell[-1:] == "}" for cell in filled):
        return None
    records = [{} if is_missing(cell) else object_of(cell) for cell in cells]
    if any(record is None for record in records) or not any(records):
        return None
    return [dict(flat(record)) for record in records if record is not None]


def _texts(column: "pd.Series[Any]") -> list[str]:
    """The cells of a column of text, lists among them; none where a cell is something else."""
    texts = [str(cell).strip() if isinstance(cell, str | list) else "" for cell in column]
    return texts if all(0 < len(text) < _LONGEST for text in texts) else []


def _numbers_in(name: str, texts: list[str], features: Sequence[str]) -> list[dict[str, Any]] | None:
    """The numbers in each cell that differ between rows, by the words beside them or their place: of shapes and lists,
    and of shares, such as 70/20/10, 60:40 and Fe0.9Ni0.1, which add up to one number; all of them where `features` are
    such numbers; None where cells differ in more.
    """
    parts = [_NUMBER.split(text) for text in texts]
    if not parts or len(parts[0]) < 4 or any(one[::2] != parts[0][::2] for one in parts):
        return None
    around = parts[0][::2]
    values = np.array([one[1::2] for one in parts], dtype=float)
    if not np.isfinite(values).all():
        return None
    beside = [re.search(r"([^\W\d_]*)$", text) for text in around[:-1]]
    behind = [re.match(r"[\s%]*([^\W\d_]*)", text) for text in around[1:]]
    named = next((one for one in (beside, behind) if all(found and found[1] for found in one)), None)
    split = re.split(r"\s*[/:|]\s*", name)
    places = split if len(split) == values.shape[1] else [str(place) for place in range(1, values.shape[1] + 1)]
    entries = [found[1] if found else "" for found in named] if named else places
    known = any(f"{name}.{entry}" in features for entry in entries)
    moves = (np.ptp(values, axis=0) > 0) | known
    total = values[:, moves].sum(axis=1)
    constant = moves.sum() > 1 and np.ptp(total) <= ROUNDED * np.ptp(values, axis=0)[moves].min()
    shares = constant and len(set(texts)) > 2 and (round(total[0]) in (1, 100) or years_of(texts) is None)
    shape = _SHAPES.fullmatch("#".join(around)) is not None and not is_bound(name)
    stated = len(entries) > 1 and all(
        WORDS["named_settings"] & {entry.lower(), entry.lower().rstrip("s")} for entry in entries
    )
    values = np.abs(values) if stated else values  # lr-0.1-bs-16
    if not moves.any() or not (known or shares or shape or stated) or around[0].startswith("0x"):
        return None
    return [{entries[k]: float(row[k]) for k in np.flatnonzero(moves)} for row in values]


def _pairs_in(texts: list[str], columns: "pd.Index[str]") -> list[dict[str, Any]] | None:
    """The values of cells such as ``n=50M_lr=0.1`` by their names, but for those that are columns; None for others."""
    found = [_PAIR.findall(text) for text in texts]
    keys = [[key for key, _ in pairs] for pairs in found]
    if not found or len(keys[0]) < 2 or any(one != keys[0] for one in keys):
        return None
    known = {bare(str(column)) for column in columns}
    return [{key: value for key, value in pairs if bare(key) not in known} for pairs in found]


def _arguments_in(texts: list[str]) -> list[dict[str, Any]] | None:
    """The test in each cell, where there are several, and the arguments that differ; None where a cell has others."""
    matched = [_BENCHMARK.fullmatch(text) for text in texts]
    parts = [re.findall(r"(?:([A-Za-z]\w*)=)?(\d+)", one[1]) for one in matched if one is not None]
    names = [[key or str(place) for place, (key, _) in enumerate(one, 1)] for one in parts]
    if not texts or len(parts) < len(texts) or any(one != names[0] for one in names):
        return None
    found = [[float(number) for _, number in one] for one in parts]
    places = [place for place, values in enumerate(zip(*found, strict=True)) if len(set(values)) > 1]
    tests = [re.split(r"[/\[]", text)[0] for text in texts]
    several = [{"test": test} if len(set(tests)) > 1 else {} for test in tests]
    records = [
        {**test, **{names[0][place]: numbers[place] for place in places}}
        for test, numbers in zip(several, found, strict=True)
    ]
    return records if places else None


def _sizes_in(texts: list[str]) -> list[dict[str, Any]] | None:
    """The size in each cell, where cells are names that differ in it alone; None for others."""
    known = [one for one in map(SIZE_IN_NAME.fullmatch, texts) if one is not None]
    if not texts or len(known) < len(texts) or len({(one[1], one[4]) for one in known}) != 1:
        return None
    if known[0][3] and (SIZE_IN_NAME.match(known[0][4]) or re.search("[A-Za-z]", known[0][1]) is None):
        return None
    return [{"size": float(one[2]) * FACTORS.get(one[3], 1.0)} for one in known]
