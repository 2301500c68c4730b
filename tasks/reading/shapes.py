"""Tables that lie on their side, are long, or name a block of rows in its first row alone, as one row for each run."""

import re
from collections.abc import Sequence
from dataclasses import replace
from os.path import commonprefix
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.tasks.asked import meant, numbered, without_unit
from lawsmith.tasks.dates import YEAR, years_of
from lawsmith.tasks.errors import InputError, counted, listing, nearest
from lawsmith.tasks.numerals import is_missing, is_numeral, plain
from lawsmith.tasks.reading.delimited import CELLS_OF_A_RECORD, Reading, bound
from lawsmith.tasks.reading.json_rows import flat
from lawsmith.tasks.words import sums_up

if TYPE_CHECKING:
    import pandas as pd

_LEAST_BLANK = 0.5  # share of the rows below the first of their block
_FEWEST = 4  # measurements
_TICKS, _FEWEST_TICKED = ("x", "X", "✓", "✔", "●", "•", "☑"), 0.2  # share of the rows; fewer are perhaps remarks
_AGAIN_NAMES = "seed|run|rep|repeat|replicate|trial|fold"
_REPEAT = rf"[\s._(#-]*(?:{_AGAIN_NAMES}|s)?(?:[\s._(#-]*\d+|[\s._(-]+[a-h])\)?"
_BEFORE = rf"(?:{_AGAIN_NAMES}|s)[\s._-]*\d+[\s._/-]+"
_AGAIN = 0.25  # standard deviations of a column by which repeated measurements typically differ at most
_FULL = 1.5  # measures, on average, of each row that a long table becomes, at least
_YEAR = re.compile(rf"({YEAR})(?: \[YR\d{{4}}\])?")  # 2004 [YR2004]
_AROUND = " _=@:-/"  # a number in a name
_VALUES = ("value", "values", "val", "measurement", "result")


def with_labels_down(reading: Reading, where: str) -> Reading:
    """The same with the blank cells of its leftmost columns filled from above, where merged cells or pandas wrote a
    label or a whole number for a block of rows once: none stands twice, most cells are blank, and columns to the right
    are full."""
    frame, said = reading.frame, []
    if not is_missing(frame.iloc[-1, 0]):  # the last row is not the first of its block
        return reading
    absent = {name: frame[name].map(is_missing).to_numpy() for name in frame.columns}
    full = [name for name in frame.columns if not absent[name].any()]
    for name in frame.columns[: list(frame.columns).index(full[0]) if len(full) > 1 else 0]:
        blank = absent[name]
        kept = frame[name][~blank]
        if blank[0] or len(kept) < 2 or blank.mean() < _LEAST_BLANK or kept.duplicated().any():
            break
        if any(
            is_numeral(cell) and re.fullmatch(r"\d+(\.\d+)?[kMBT]|\d+(\.0+)?([eE]\d+)?", str(cell).strip()) is None
            for cell in kept
        ):
            break
        frame = frame.assign(**{name: frame[name].where(~blank).ffill()})
        said.append(
            f"{where}: lawsmith filled blank cells of {name} from above ({str(kept.iloc[0]).strip()[:40]!r} …)."
        )
    return replace(reading, frame=frame).after(*said)


def with_ticks_told(reading: Reading, where: str, features: Sequence[str] = ()) -> Reading:
    """The same with yes and no in columns (of `features`, if any) that hold one mark, ``x`` or ``✓``, in many rows."""
    frame, said = reading.frame, []
    for name in [name for name in frame.columns if len(frame) and name in (features or frame.columns)]:
        cells = [] if frame[name].dtype.kind in "iufbM" else frame[name].tolist()
        mark = next((cell for cell in cells if not is_missing(cell)), None)
        if mark not in _TICKS or not all(cell == mark or is_missing(cell) for cell in cells):
            continue
        ticked = [cell == mark for cell in cells]
        if _FEWEST_TICKED * len(cells) <= sum(ticked) < len(cells):
            frame = frame.assign(**{str(name): ["yes" if one else "no" for one in ticked]})
            said.append(f"{where}: lawsmith read {mark!r} in {name} as yes, and its blank cells as no.")
    return replace(reading, frame=frame).after(*said)


def with_target_as_column(reading: Reading, wanted: Sequence[str], where: str) -> Reading:
    """The same turned, where the wanted names are no columns but all stand in the first one; or with a column for each
    measure, where they stand among the labels of another, as in a long table of ``run``, ``metric`` and ``value``.

    Raises InputError for a long table whose rows do not go together.
    """
    names = [str(name) for name in reading.frame.columns]
    if len(wanted) == 1 and (found := _repeats_of(reading, wanted[0])):
        return _repeated(reading, wanted[0], found, where)
    if not wanted or any(meant(name, names) for name in wanted):
        return reading
    if (stated := _values_in(names, wanted)) is not None:
        turned, said = _with_values_down(reading, *stated, where)
        down = with_target_as_column(turned, wanted, where).after(said)
        if all(meant(name, list(map(str, down.frame.columns))) for name in wanted):
            return down
    if lists := [name for name in reading.frame.columns if _holds_in_lists(reading.frame[name], wanted)]:
        return with_target_as_column(_unfolded(reading, lists[0], where), wanted, where)
    texts = {name: [str(cell).strip() for cell in reading.frame[name].tolist()] for name in reading.frame.columns}
    found = [name for name, cells in texts.items() if all(meant(one, list(dict.fromkeys(cells))) for one in wanted)]
    if not found or len(names) == 1:
        return reading
    if found[0] == reading.frame.columns[0] and len(set(texts[found[0]])) == len(reading.frame):
        return _turned(reading, texts[found[0]], where) if len(names) > _FEWEST else reading
    return _widened(reading, found[0], texts[found[0]], wanted, where)


def _values_in(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, dict[str, dict[str, str]]] | None:
    """What names of columns state, and each of its values -> its columns -> what they measure there: years, such as
    ``2004 [YR2004]``, dates, or numbers (``loss 25C``, ``n 25C``, ``loss 35C`` …)."""
    years = {name: found[1] for name in names if (found := _YEAR.fullmatch(name.strip()))}
    dates = {name: name for name, date in zip(names, years_of(names) or (), strict=False) if date is not None}
    if len(moments := years or dates) > 1:
        return "year" if years else "date", {moment: {name: "value"} for name, moment in moments.items()}
    if not (series := numbered(names)):
        return None
    before, behind = zip(*series, strict=True)
    begin = commonprefix([text[::-1] for text in before])[::-1]  # noqa: RUF071  # of letters, and no path
    end = commonprefix(behind)  # noqa: RUF071  # as above
    ends = (begin, "" if end.strip()[:1] == "[" else end)  # a unit names no setting
    kinds = [text.strip(_AROUND) for text in ends if text.strip(_AROUND)]
    measured = [f"{one.removesuffix(begin)}{two.removeprefix(end)}".strip(_AROUND) or "value" for one, two in series]
    if measured == ["value"] and kinds[:1] == [wanted[0].strip(_AROUND)]:
        measured, kinds = [wanted[0]], kinds[1:]
    kind = (*kinds, "setting")[0]
    if kind in names or len({kind, *measured}) <= len(measured) or not all(meant(name, measured) for name in wanted):
        return None
    columns = list(zip(series.values(), measured, strict=True))
    return kind, {number: {one[number]: name for one, name in columns} for number in columns[0][0]}


def _with_values_down(
    reading: Reading, kind: str, columns: dict[str, dict[str, str]], where: str
) -> tuple[Reading, str]:
    """A row for each value that columns' names state, such as a year in tables of the World Bank; and a notice."""
    import pandas as pd

    frame = reading.frame.rename(columns=str)
    first = str(frame.columns[0])
    if (corner := re.fullmatch(r"(.*\S)\s*\\\s*(\S.*)", first)) is not None:  # pH \ T
        kind = corner[2] if kind == "setting" else kind
    if corner is not None or first.startswith("Unnamed:"):
        frame = frame.rename(columns={first: corner[1] if corner else "rows"})
    stated = {name for one in columns.values() for name in one}
    if corner is not None and corner[2].lower() in ("time", "time_period"):
        frame = _of_eurostat(frame, corner[1], sorted(stated))
    settings = [name for name in frame.columns if name not in stated]
    blocks = [frame[[*settings, *one]].rename(columns=one).assign(**{kind: value}) for value, one in columns.items()]
    measures = list(next(iter(columns.values())).values())
    frame = pd.concat(blocks).sort_index(kind="stable")[[*settings, kind, *measures]]
    known = ~frame[measures].map(is_missing).all(axis=1)
    frame = (frame[known] if known.any() else frame).reset_index(drop=True)
    said = f"{where}: the names of {len(stated)} columns state the {kind}; they are now {len(frame)} rows of "
    said += f"{listing([kind, *measures])}."
    return replace(reading, frame=frame), said


def _of_eurostat(frame: "pd.DataFrame", keys: str, stated: list[str]) -> "pd.DataFrame":
    """The rows with a column for each part of the first one (``freq,unit,geo``) and without flags (``11.0 b``)."""
    parts = keys.split(",")
    apart = frame[keys].astype(str).str.split(",", expand=True)
    plain = frame[stated].astype(str).replace(r"(?<=\d)\s+[a-z]{1,3}\s*$", "", regex=True)
    if apart.shape[1] != len(parts):
        return frame.assign(**plain)
    return frame.drop(columns=keys).assign(**apart.set_axis(parts, axis=1), **plain)


def _holds_in_lists(column: "pd.Series[Any]", wanted: Sequence[str]) -> bool:
    """Whether the cells are lists of objects, as JSON has them, whose entries, or the labels in them, are wanted."""
    cells = [] if column.dtype.kind in "iufbM" else column.tolist()
    objects = [entry for cell in cells if isinstance(cell, list) for entry in cell]
    if not objects or not all(isinstance(one, dict) for one in objects):
        return False
    entries = [entry for one in objects for entry in flat(one, f"{column.name}.")]
    words = [name for name, _ in entries] + [label for _, label in entries if isinstance(label, str)]
    return all(meant(name, list(dict.fromkeys(words))) for name in wanted)


def _unfolded(reading: Reading, name: str, where: str) -> Reading:
    """A row for each object in a column's lists, with its entries as columns."""
    import pandas as pd

    rows = reading.frame[reading.frame[name].map(lambda cell: isinstance(cell, list) and cell != [])]
    rows = rows.explode(name, ignore_index=True)
    entries = pd.DataFrame([dict(flat(entry, f"{name}.")) for entry in rows[name]], dtype=object)
    bound((CELLS_OF_A_RECORD + len(entries.columns) + len(rows.columns)) * len(rows), where)
    said = f"{where}: {name} holds lists of objects; lawsmith made each object a row, so there are {len(rows)} rows."
    return replace(reading, frame=rows.drop(columns=name).join(entries)).after(said)


def _repeats_of(reading: Reading, wanted: str) -> list[str]:
    """Two or more columns whose names are the wanted one and a number, and which differ by less than they vary:
    ``loss_seed0`` and ``loss_seed1``, or ``seed0`` and ``seed1`` alone; none where a column itself is meant."""
    names = [str(name) for name in reading.frame.columns]
    own, like = meant(wanted, names), f"{re.escape(wanted)}{_REPEAT}|{_BEFORE}{re.escape(wanted)}"
    rows = [str(cell).strip() for cell in reading.frame.iloc[:, 0].tolist()]
    other = own or nearest(wanted, names) or wanted in _VALUES or meant(wanted, rows)
    alone = "" if other else f"|(?:{_AGAIN_NAMES}){_REPEAT}"
    views = {name: (name, without_unit(name)[0]) for name in names}  # T1 [s]
    found = [name for name in names if any(re.fullmatch(like + alone, one, re.IGNORECASE) for one in views[name])]
    if len(found) < 2 or len(own) == 1 or not set(own) <= set(found):
        return []
    columns = (reading.frame[name].tolist() for name in found)
    cells = np.array([[plain(str(cell).replace(",", ".")) for cell in column] for column in columns], dtype=float)
    apart = np.abs(cells - cells[0])[1:]
    apart = apart[np.isfinite(apart)]
    return found if len(apart) and np.median(apart) < _AGAIN * np.nanstd(cells[0]) else []


def _repeated(reading: Reading, wanted: str, names: list[str], where: str) -> Reading:
    """Columns of repeated measurements below each other, without missing cells."""
    others = [name for name in reading.frame.columns if name not in names]
    settings = [name for name in others if not sums_up(str(name), wanted)]
    frame = reading.frame.melt(settings, names, value_name=wanted, ignore_index=False).sort_index(kind="stable")
    frame = frame.loc[~frame[wanted].map(is_missing), [*settings, wanted]].reset_index(drop=True)
    said = f"{where}: lawsmith read {listing(names, 6)} as repeated measurements: {len(frame)} rows of {wanted}."
    if rest := [str(name) for name in others if name not in settings]:
        said += f" lawsmith left out {listing(rest)}: by name they summarise the measurements."
    return replace(reading, frame=frame).after(said)


def _restates(frame: "pd.DataFrame", name: str, label: str) -> bool:
    """Whether a column of text has one value for each label, another for another: the code of a series."""
    texts = frame[name].dtype.kind not in "iufbM" and not any(map(is_numeral, frame[name]))
    return texts and len(frame[[name, label]].drop_duplicates()) == frame[name].nunique() == frame[label].nunique() > 1


def _turned(reading: Reading, rows: list[str], where: str) -> Reading:
    import pandas as pd

    frame = reading.frame
    has_units = str(frame.columns[1]).strip().lower() in ("unit", "units")
    units = dict(zip(rows, map(str, frame.iloc[:, 1].tolist()), strict=True)) if has_units else {}
    turned = pd.DataFrame(frame.iloc[:, 1 + has_units :].to_numpy().T, columns=rows)
    turned.insert(0, str(frame.columns[0]), [str(name) for name in frame.columns[1 + has_units :]])
    said = f"{where}: lawsmith turned the table: it made each row a column, and the columns {len(turned)} rows."
    return replace(reading, frame=turned, units=units).after(said)


def _widened(reading: Reading, label: str, measures: list[str], wanted: Sequence[str], where: str) -> Reading:
    """Rows that are alike in all but a measure's name and its value, as one row each that has the wanted measures."""
    frame = reading.frame.assign(**{label: measures})
    rest = [name for name in frame.columns if name != label]
    value = next((name for name in rest if str(name).strip().lower() in _VALUES), rest[-1])
    keys = [name for name in rest if name != value and not _restates(frame, name, label)]
    if len(set(measures)) == 1:
        said = f"{where}: {label} is {measures[0]} in every row, so {value} is called {measures[0]}."
        return replace(reading, frame=frame[[*keys, value]].rename(columns={value: measures[0]})).after(said)
    if not keys or frame.duplicated([*keys, label]).any() or _FULL * len(frame[keys].drop_duplicates()) > len(frame):
        raise InputError(
            f"{where} names its measures in column {label!r}, but no other column says which rows belong together. "
            "Give each measure a column of its own, as pandas' pivot does."
        )
    wide = frame.pivot(index=keys, columns=label, values=value).reset_index()[[*keys, *dict.fromkeys(measures)]]
    wide.columns = [str(name) for name in wide.columns]
    whole = wide.dropna(subset=[meant(name, list(wide.columns))[0] for name in wanted], ignore_index=True)
    said = f"{where}: lawsmith made each measure in {label} a column of its {value}s, so there are {len(whole)} rows."
    if (gaps := len(wide) - len(whole)) > 0:
        said += f" lawsmith left out {counted(gaps, 'row')} without {listing(list(wanted))}."
    return replace(reading, frame=whole, units={}).after(said)
