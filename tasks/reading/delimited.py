"""Text tables: which character separates the cells, which line is the header, and what is neither header nor row."""

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lawsmith.tasks.errors import InputError, counted, listing
from lawsmith.tasks.numerals import MOSTLY, is_missing, is_numeral, mostly_numerals, numeral
from lawsmith.tasks.reading.headers import joined_header, without_headers
from lawsmith.tasks.reading.layouts import TYPE, made_plain, with_columns_apart, without_emphasis, without_rules
from lawsmith.tasks.reading.lines import SEPARATORS, split, widths
from lawsmith.tasks.reading.preambles import with_whole_header, without_preamble
from lawsmith.tasks.words import WORDS

if TYPE_CHECKING:
    import pandas as pd

MAX_CELLS = 20_000_000
"""Bound on rows times columns of one file."""
CELLS_OF_A_RECORD = 4
"""Cells that each row of objects counts for beside its entries: a row costs memory even where it is empty."""
MAX_COLUMNS = 2_000
"""Bound on the columns of one file."""
MAX_HEADER = 1024**2
"""Bound on the characters of a header line."""

_LOOK = 200  # lines that decide on the separator
_MOST_UNITS = 3  # lines below the header that hold units and remarks
_LONGEST_UNIT, _WORDS_OF_UNIT = 20, 3
_NO_UNIT = ("-", "–", "—", "(-)", "[-]")
_REMARK = re.compile(r"(?<=[\d.%])[ \t]+#.*$", flags=re.MULTILINE)  # behind the last number: 3.2,5 # run 7
_EXCEL = r"(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)"
_COMMENT = re.compile(rf"^[ \t]*#(?!{_EXCEL}).*$", flags=re.MULTILINE)  # a row may begin with an error of Excel's
_OTHER_MARK = re.compile(r"^([ \t]*)(?:%|//|!)", flags=re.MULTILINE)
_OTHER_REMARKS = re.compile(r"\A(?:[ \t]*(?:%|//|!)[^\n]*\n)+")  # lines above a table, as some programs mark them
_MOST_FOOTERS = 6  # lines at the end that may be summaries or remarks


@dataclass(frozen=True, eq=False)
class Reading:
    """A table as it was read.

    frame: the rows; text formats keep text. separator: between the cells of a text format, "" elsewhere.
    units: column -> unit, from a row of units. notices: sentences about what was read in an unusual way.
    """

    frame: "pd.DataFrame"
    separator: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def after(self, *notices: str) -> "Reading":
        """The same with these notices in front of its own."""
        return replace(self, notices=(*notices, *self.notices))


def bound(cells: int, where: str) -> None:
    """Raise InputError for a table of more than `MAX_CELLS` cells."""
    if cells > MAX_CELLS:
        raise InputError(f"{where} holds {cells:,} cells; the limit is {MAX_CELLS:,}. Sample its rows.")


def refuse_repeated(names: Iterable[str], where: str) -> None:
    """Raise InputError for a name that several columns have."""
    counts = Counter(names)
    if repeated := [name for name, count in counts.items() if name and count > 1]:
        beside = " If tables stand side by side, save each in a file of its own." if counts[""] else ""
        raise InputError(f"{where} names the column {repeated[0]!r} twice; every column needs its own name.{beside}")


def bound_columns(columns: int, where: str) -> None:
    """Raise InputError for a table of more than `MAX_COLUMNS` columns."""
    if columns > MAX_COLUMNS:
        raise InputError(f"{where} has {columns:,} columns; the limit is {MAX_COLUMNS:,}. Keep the useful ones.")


def parse_delimited(text: str, where: str) -> Reading:
    """The table that a text states; raises InputError, in one sentence, where it states none."""
    if (plain := made_plain(text)) is not None:
        return parse_delimited(plain[0], where).after(f"{where}: {plain[1]}")
    _refuse_web_page(text, where)
    text = with_columns_apart(without_rules(text))
    told = re.match(r"\s*sep=([,;|\t])[ \t]*\r?\n", text)  # Excel's own hint
    text = _OTHER_REMARKS.sub(lambda lines: re.sub(_OTHER_MARK, r"\1#", lines[0]), text)
    text, above = without_preamble(with_whole_header(text[told.end() :] if told else text), where)
    header, body, notices = _header_and_body(text, where)
    notices = [*(f"{where}: {said}" for said in above), *notices]
    lines = [_REMARK.sub("", line) for line in body[: 1 << 18].splitlines() if line.strip()][:_LOOK]
    separator = told[1] if told else _separator(header, lines)
    if separator == "|" and header.strip().startswith("|"):
        header, body = _without_frame(header), "\n".join(_without_frame(line) for line in body.split("\n"))
        lines = [_without_frame(line) for line in lines]
    bound_columns(header.count(separator) + 1, where)
    names = _cells(header, separator, where)
    bound(max(body.count("\n"), body.count("\r")) * len(names), where)
    names += [""] * _surplus(names, lines, separator)
    named_rows = _names_rows(names, lines, separator)
    names = ["", *names] if named_rows else names
    title = None
    while lines and names[0] and not any(names[1:]) and _is_below_title(split(lines[0], separator), len(names)):
        title, header = header.strip(f"{separator} "), lines.pop(0)
        body, names = body.replace(header, "", 1), _cells(header, separator, where)
    _refuse_no_header(names, lines, separator, where)
    body, said = _without_remarks(body, names, separator, where)
    notices = [*notices, *said]
    frame, names, again = without_headers(_frame(body, names, separator, where), names, title, where)
    if named_rows:
        notices = [*notices, f"{where}: the first cells have no column name; lawsmith took them as names of the rows."]
    return replace(tidy(frame, names, where), separator=separator).after(*notices, *again)


def _is_below_title(cells: list[str], width: int) -> bool:
    """Whether a line is the header, where one cell alone stands above it: of a spreadsheet others, blank, follow it."""
    return sum(map(bool, cells)) > 1 and (width == 1 or not any(map(is_numeral, cells)))


def _refuse_web_page(text: str, where: str) -> None:
    if re.match(r"\s*<(?:!doctype\s+html|html|table)\b", text, re.IGNORECASE):
        raise InputError(
            f"{where} is a web page, perhaps of an error or a login. Save the table itself as CSV, or read it in "
            "Python: discover(pandas.read_html(…)[0], target=…)."
        )


def tidy(frame: "pd.DataFrame", names: list[str], where: str) -> Reading:
    """Give the columns their names, and set aside nameless empty columns, a row of units and summaries at the end.

    Raises InputError for a name that stands twice.
    """
    bound_columns(len(names), where)
    names, frame, said_header = joined_header([re.sub(r"\s*\n\s*", " ", name.strip()) for name in names], frame, where)
    refuse_repeated(names, where)
    nameless = {k: f"Unnamed: {k}" for k, name in enumerate(names) if not name}
    nameless = {k: f"{name}.1" if name in names else name for k, name in nameless.items()}  # a table saved twice
    said_years = []
    if 0 in nameless and "year" not in names and _are_years(frame[0].tolist()):
        nameless[0], said_years = "year", [f"{where}: the first column has no name; lawsmith took its cells for years."]
    frame.columns = [name or nameless[k] for k, name in enumerate(names)]
    empty = [k for k, name in nameless.items() if all(is_missing(cell) for cell in frame[name])]
    frame, said_empty = frame.drop(columns=[nameless[k] for k in empty]), _told_of_gaps(names, empty, where)
    frame, units, said_units = _without_units(frame, where)
    frame, said_footers = _without_footers(frame, where)
    return Reading(frame, "", units, (*said_header, *said_years, *said_empty, *said_units, *said_footers))


def _are_years(cells: list[Any]) -> bool:
    """Whether most of the cells that hold something are years, some of them different."""
    filled = [str(cell).strip() for cell in cells if not is_missing(cell)]
    years = [cell for cell in filled if re.fullmatch(r"(?:1[89]|20)\d\d", cell)]
    return len(years) >= MOSTLY * len(filled) and len(set(years)) > 2


def _told_of_gaps(names: list[str], empty: list[int], where: str) -> list[str]:
    """A notice of the first empty column between several others, as between two tables that stand side by side."""
    sides = (([one for one in names[:k] if one], [one for one in names[k:] if one]) for k in empty)
    return [
        f"{where}: an empty column stands between {left[-1]} and {right[0]}; each line is read as one row. If two "
        "tables stand side by side, save each in a file of its own."
        for left, right in sides
        if min(len(left), len(right)) > 1
    ][:1]


def _header_and_body(text: str, where: str) -> tuple[str, str, list[str]]:
    """The header line, and the text with it and all comments made blank, so that line numbers stay."""
    comments = _COMMENT.findall(text) if "#" in text else []
    body = _COMMENT.sub("", text) if comments else text
    lead = len(body[: len(body) - len(body.lstrip())].rstrip("\t"))  # a tab stands behind a name that is blank
    begun = body[lead : lead + 2 * MAX_HEADER]
    header = begun.splitlines()[0] if begun else ""
    if not header.strip():
        raise InputError(f"{where} is empty; a table needs a header and at least one row.")
    if len(header) > MAX_HEADER:
        raise InputError(f"{where} begins with a line of more than {MAX_HEADER} characters, which is not a header.")
    if (named := _named_by_comment(comments, text, header)) is not None:
        said = f"{where}: lawsmith read the names of the columns from the comment {named[1].strip()[:60]!r}."
        return named[0], body, [said]
    # blank lines stay, and blanks in front of the header do not
    return header, re.sub(r"[^\S\r\n]", "", body[:lead]) + body[lead + len(header) :], []


def _named_by_comment(comments: list[str], text: str, first: str) -> tuple[str, str] | None:
    """A comment right above the first row that names as many columns as the row of numbers has, as loggers write."""
    above = _COMMENT.findall(text[: text.find(first)]) if first and comments else []
    if not above:
        return None
    separator = _separator(first, [first])
    row = split(first, separator)
    for comment in reversed(above[-2:]):  # of two such lines the lower one may hold units, one of them twice
        said = comment.strip().lstrip("#")
        names = split(said if said.startswith(separator) and separator != " " else said.strip(), separator)
        fits = len(names) == len(set(names)) == len(row) > 1 and not any(map(is_numeral, names))
        numbered = names[:1] == [""] and is_numeral(row[0])  # #,Model: a column called #
        if fits and (numbered or 2 * sum(map(is_numeral, row)) > len(row)):
            return (said if separator != " " else said.strip()), comment
    return None


def _separator(header: str, lines: list[str]) -> str:
    """The separator that divides the header and most lines into equally many cells, at least two."""
    best, best_share = ",", 0.0
    for separator in SEPARATORS:
        counts = Counter(widths(lines or [header], separator))
        width, agreeing = max(counts.items(), key=lambda item: (item[1], item[0]))
        named = len(split(header, separator))
        if width < 2 or not (
            named in (width, width - 1, width + 1, width - _surplus([""] * named, lines, separator)) or named == 1
        ):
            continue
        share = agreeing / sum(counts.values()) - (0.5 if named == 1 else 0.25 if abs(named - width) == 1 else 0.0)
        if share > best_share + 0.02:
            best, best_share = separator, share
    return best


def _cells(header: str, separator: str, where: str) -> list[str]:
    if separator == " ":
        return split(header, separator)
    try:
        return next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])
    except csv.Error as error:
        raise InputError(f"The header of {where} cannot be read: {error}.") from None


def _without_frame(line: str) -> str:
    """A line of a Markdown table without its outer bars; the line of dashes becomes blank."""
    inner = line.strip().removeprefix("|").removesuffix("|")
    return "" if re.fullmatch(r"[\s|:-]*", inner) else without_emphasis(inner)


def _surplus(names: list[str], lines: list[str], separator: str) -> int:
    """How many separators too many stand at the end of rows, but not of the header."""
    rows = [split(line, separator) for line in lines]
    empty = not any(cell.strip() for row in rows for cell in row[len(names) :])
    return max(0, *(len(row) - len(names) for row in rows)) if rows and empty else 0


def _names_rows(names: list[str], lines: list[str], separator: str) -> bool:
    """Whether every row begins with a name or number of its own that the header does not count, as R and pandas print.

    With commas between the cells a number there may be the whole part of a decimal comma, so it has to be text.
    """
    rows = [split(line, separator) for line in lines]
    if len(rows) < 2 or any(len(row) != len(names) + 1 for row in rows):
        return False
    first = [row[0].strip() for row in rows]
    if len(set(first)) < len(first):
        return False
    counted = first[0] in ("0", "1") and all(map(str.isdecimal, first)) and first == sorted(first, key=int)
    return (counted and separator != ",") or not any(is_numeral(cell) or is_missing(cell) for cell in first)


def _without_remarks(body: str, names: list[str], separator: str, where: str) -> tuple[str, tuple[str, ...]]:
    """The rows without remarks behind them, where what stands before a remark is a whole row."""
    if not _REMARK.search(body):
        return body, ()
    lines = [(line, _REMARK.sub("", line)) for line in body.split("\n")]
    kept = [short if len(split(short, separator)) == len(names) else line for line, short in lines]
    cut = sum(one != line for one, (line, _) in zip(kept, lines, strict=True))
    said = f"{where}: lawsmith left out the remarks after # behind {counted(cut, 'row')}."
    return "\n".join(kept), (said,) if cut else ()


def _refuse_no_header(names: list[str], lines: list[str], separator: str, where: str) -> None:
    numerals = [name for name in names if is_numeral(name)]
    values = [numeral(name) for name in names[1:]] if not names[0].strip() else []
    if len(values) > 1 and len({one and one.digits for one in values} - {None}) == len(values):  # a grid's corner
        return
    further = any(map(is_numeral, split(lines[0], separator))) if lines else True  # or else this one names columns
    if further and numerals and len(numerals) == len([name for name in names if name.strip()]):
        shown = listing(names[:4])
        raise InputError(
            f"{where} has no header: its first line ({shown}) holds only numbers. Write a line above it that names "
            "every column."
        )


def _frame(body: str, names: list[str], separator: str, where: str) -> "pd.DataFrame":
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(body),
                sep=r"\s+" if separator == " " else separator,
                header=None,
                names=list(range(len(names))),
                dtype=str,
                keep_default_na=False,
                na_filter=False,
                index_col=False,
                skipinitialspace=True,
            )
    except pd.errors.EmptyDataError:
        raise InputError(f"{where} holds no data rows; a table needs a header and at least one row.") from None
    except pd.errors.ParserWarning:
        raise InputError(f"{where} has rows with more cells than the header; name every column.") from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip().rstrip(".")
        if uneven := re.fullmatch(r"Expected (\d+) fields in line (\d+), saw (\d+)", reason):
            reason = f"line {uneven[2]} has {uneven[3]} cells, but the header has {uneven[1]}"
        raise InputError(f"{where} is not a well-formed table: {reason}.") from None
    return frame.fillna("")


def _without_units(frame: "pd.DataFrame", where: str) -> tuple["pd.DataFrame", dict[str, str], tuple[str, ...]]:
    """Set aside first rows that hold no number where all rows below do: the units of the columns, and remarks."""
    if len(frame) < 3:
        return frame, {}, ()
    below = frame.iloc[1:21]
    measured = [name for name in frame.columns if mostly_numerals(below[name].tolist())]
    lines = []
    for place in range(min(_MOST_UNITS, len(frame) - 2)):
        cells = {name: str(frame[name].iloc[place] or "").strip() for name in measured}
        if any(map(is_numeral, cells.values())):
            break
        lines.append({name: cell for name, cell in cells.items() if cell})
    units, lines = _units_in(lines)
    if not lines:
        return frame, {}, ()
    said = ", ".join(f"{name} in {unit}" for name, unit in units.items())
    told = [f"{where}: the first row holds units ({said})."] if units else []
    if rest := lines[bool(units) :]:
        shown = next((cell for line in rest for cell in line.values()), "blank")
        lines_left = f"{counted(len(rest), 'line')} of text below the header ({shown[:40]!r})"
        told.append(f"{where}: lawsmith left out {lines_left}.")
    return frame.iloc[len(lines) :].reset_index(drop=True), units, tuple(told)


def _units_in(lines: list[dict[str, str]]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Column -> unit of the first of some lines of text, and the lines that are no rows; none of either where the first
    one may be a row with gaps."""
    first = lines[0] if lines else {}
    bracketed = all(cell[0] in "[(" and cell[-1] in "])" for cell in first.values())
    units = {name: cell.strip("[]() ") for name, cell in first.items() if cell not in _NO_UNIT}
    stands_alone = len(first) == 1 and not all(unit.lower() in WORDS["units"] for unit in units.values())
    if not units or (not bracketed and (stands_alone or any(map(is_missing, units.values())))):
        return {}, []
    typed = all(re.fullmatch(r"\d+[sdn]", unit) or TYPE.fullmatch(unit.lower()) for unit in units.values())  # of USGS
    are_units = not typed and all(
        len(unit) <= _LONGEST_UNIT and unit.count(" ") < _WORDS_OF_UNIT for unit in units.values()
    )
    return (units if are_units else {}), lines


def _without_footers(frame: "pd.DataFrame", where: str) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Set aside rows at the end that sum up (mean, total …), and lines of one remark."""
    if len(frame) < 3:
        return frame, ()
    head = frame.iloc[: min(20, len(frame) - 1)]
    measured = {name for name in frame.columns if mostly_numerals(head[name].tolist())}
    cut, seen = len(frame), []
    while cut > max(2, len(frame) - _MOST_FOOTERS):
        cells = {name: str(cell).strip() for name, cell in frame.iloc[cut - 1].items() if not is_missing(cell)}
        if not _is_footer(cells, measured, frame):
            break
        seen.append(repr(", ".join(cells.values())[:40]))
        cut -= 1
    if not seen:
        return frame, ()
    noun = "line, a summary or remark" if len(seen) == 1 else "lines, summaries or remarks"
    return frame.iloc[:cut], (f"{where}: lawsmith left out the last {noun}: {listing(seen[::-1])}.",)


def _is_footer(cells: dict[Any, str], measured: set[Any], frame: "pd.DataFrame") -> bool:
    """Whether the cells of a row sum up, by a first word that labels no rows (Std 1, Std 2 …), or are one remark."""
    if not cells:
        return False
    place, first = next(iter(cells.items()))
    if numeral(first) is not None:  # with any unit
        return False
    word = _first_word(first)
    if word in WORDS["footers"] and sum(_first_word(label) == word for label in frame[place]) == 1:
        return True
    remark = measured != set() and not any(is_numeral(cell) for name, cell in cells.items() if name in measured)
    return remark and len(frame.columns) > 1


def _first_word(cell: object) -> str:
    return re.split(r"[\s:=(]", str(cell).strip().lower())[0]
