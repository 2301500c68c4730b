"""Headers of several lines, as merged cells and pandas write them: one name for each column."""

import re
from bisect import bisect
from itertools import pairwise
from typing import TYPE_CHECKING

from lawsmith.tasks.asked import without_unit
from lawsmith.tasks.errors import counted, listing
from lawsmith.tasks.numerals import is_missing, is_numeral, mostly_numerals
from lawsmith.tasks.words import WORDS

if TYPE_CHECKING:
    import pandas as pd

_MOST_LINES = 2  # below the first one
_STATISTICS = WORDS["averages"] | WORDS["errors"] | {"count", "min", "max", "var"}
_MOST_TITLES = 2_000  # of blocks
_SETTING = re.compile(r"([^:=]+?)\s*[:=]\s*(.+)")
_LOOK = 20  # rows that show which columns hold numbers


def joined_header(
    names: list[str], frame: "pd.DataFrame", where: str
) -> tuple[list[str], "pd.DataFrame", tuple[str, ...]]:
    """Names of a first line that leaves columns nameless or alike, completed by the lines of text below it.

    frame: has columns 0, 1, … Returns the names, the rows below the header, and a notice. A header that further lines
    do not complete stays as it is.
    """
    if _is_complete(names, frame) or len(frame) < _MOST_LINES + 2:
        return names, frame, ()
    upper = _filled_from_left(names)
    lines: list[list[str]] = []
    for place in range(_MOST_LINES):
        row = _stripped(frame, place)
        bracketed = [cell[0] in "[(" for cell in row if cell]
        if any(map(is_numeral, row)) or (bracketed and all(bracketed)):  # values, or their units
            break
        lines.append(row)
    if len(lines) > 1 and not lines[1][0] and _is_complete(_joined(names, upper, lines[:1]), frame):
        lines.pop()  # units
    found, below = _joined(names, upper, lines), frame.iloc[len(lines) :].reset_index(drop=True)
    numbers = any(mostly_numerals(cells) for _, cells in below.iloc[:_LOOK].items())
    if not (lines and numbers and _is_complete(found, below)):
        return names, frame, ()
    listed = listing([name for name in found if name], 12)
    return found, below, (f"{where}: the header has {len(lines) + 1} lines; its columns are {listed}.",)


def _filled_from_left(names: list[str]) -> list[str]:
    """Names with each blank one named as the one to its left, as a merged cell means it."""
    filled = list(names)
    for left, place in pairwise(range(len(names))):
        filled[place] = filled[place] or filled[left]
    return filled


def _joined(names: list[str], upper: list[str], lines: list[list[str]]) -> list[str]:
    """The lowest name of each column; with the one above it where the lowest alone says too little."""
    lowest = [next((line[k] for line in reversed(lines) if line[k]), names[k]) for k in range(len(names))]
    return [
        f"{upper[k]} {name}"
        if (lowest.count(name) > 1 or without_unit(name)[0].lower() in _STATISTICS) and upper[k] not in ("", name)
        else name
        for k, name in enumerate(lowest)
    ]


def _is_complete(names: list[str], frame: "pd.DataFrame") -> bool:
    """Whether each column that holds something has a name of its own, save a first one that numbers the rows."""
    given = [name for name in names if name]
    if len(set(given)) < len(given):
        return False
    nameless = [k for k, name in enumerate(names) if not name and k]
    return all(is_missing(cell) for k in nameless for cell in frame[k].tolist())


def without_headers(
    frame: "pd.DataFrame", names: list[str], title: str | None, where: str
) -> tuple["pd.DataFrame", list[str], tuple[str, ...]]:
    """The rows without those that repeat the header, as in files and sheets that were put together from several tables,
    the names, and notices.

    Titles above all blocks of rows, such as ``Drug A`` or ``T: 300 K``, become a column. The `title` above the first
    header is one where others stand above repeated ones; else it, and those, are left out.
    """
    wanted = [name.strip() for name in names]
    place = next((k for k, name in enumerate(wanted) if name), 0)
    rows = (frame[place].astype(str).str.strip() == wanted[place]).to_numpy().nonzero()[0].tolist()
    again = [row for row in rows if any(wanted) and _stripped(frame, row) == wanted]
    titles, said = _titles(frame), list[str]()
    if again:
        told = f"{counted(len(again), 'line')} like the header; the rows below belong to the same table"
        said.append(f"{where}: lawsmith left out {told}.")
    blocks = {**({-1: title.strip()} if title is not None and again else {}), **titles}
    rest = frame.drop(index=[*again, *titles])
    filled = not rest[0].map(is_missing).all()
    apart = {row + 1 for row in blocks}.isdisjoint({*blocks, len(frame)}) and min(blocks, default=1) < 1 < len(blocks)
    if apart and (not filled or mostly_numerals(rest[0])):
        rest, names, name = _with_titles_down(rest, names, blocks, filled)
        shown = f"{len(blocks)} blocks of rows ({blocks[min(blocks)][:40]!r} …)"
        said.append(f"{where}: lawsmith made the titles of {shown} a column, {name}.")
        return rest.reset_index(drop=True), names, tuple(said)
    above = {row: shown for row, shown in titles.items() if row + 1 in again}
    for shown in (*([] if title is None else [title.strip()]), *above.values()):
        said.append(f"{where}: lawsmith left out the line {shown[:60]!r} above the header.")
    return frame.drop(index=[*again, *above]).reset_index(drop=True), names, tuple(said)


def _stripped(frame: "pd.DataFrame", row: int) -> list[str]:
    return ["" if is_missing(cell) else str(cell).strip() for cell in frame.iloc[row]]


def _titles(frame: "pd.DataFrame") -> dict[int, str]:
    """The rows of one text alone, in their first cell, above others."""
    blank = frame.iloc[:, 1:2].map(is_missing).all(axis=1).to_numpy().nonzero()[0]
    lines = {int(row): _stripped(frame, row) for row in blank[:_MOST_TITLES]} if len(frame.columns) > 1 else {}
    found = {row: line[0] for row, line in lines.items() if line[0] and not any(line[1:]) and not is_numeral(line[0])}
    return {row: text for row, text in found.items() if row + 1 < len(frame)}


def _with_titles_down(
    rest: "pd.DataFrame", names: list[str], blocks: dict[int, str], is_new: bool
) -> tuple["pd.DataFrame", list[str], str]:
    """The rows with the title of their block (the row of each title -> it), in a column that is new, or else the first
    one; the names, and that of the column. Of ``T: 300 K`` the value stands in a column ``T``."""
    found = [_SETTING.fullmatch(text) for text in blocks.values()]
    named = {one and one[1] for one in found}
    stated = len(named) == 1 and None not in named
    texts = [one[2] if one and stated else text for one, text in zip(found, blocks.values(), strict=True)]
    name = (named.pop() if stated else None) or "block"
    names = [*names, name] if is_new else [names[0] or name, *names[1:]]
    place = len(names) - 1 if is_new else 0
    rest = rest.copy()
    rest[place] = [texts[bisect(list(blocks), row) - 1] for row in rest.index]
    return rest, names, names[place]
