"""What programs and instruments write above a table: titles, settings, remarks, parameters."""

import re
from collections.abc import Sequence
from itertools import groupby, islice

from lawsmith.tasks.asked import meant
from lawsmith.tasks.dates import YEAR
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.reading.lines import SEPARATORS, split

_LOOK = 1 << 16  # characters that show whether something stands above a table
_MOST_LINES = 400  # of them
_MOST_LINES_OF_NAME = 12  # that the names of a header run over
_FEWEST_ROWS = 3  # below a header
_FEWEST_YEARS = 4  # in one
_END = re.compile(
    r"^[*>\[<=&]+ ?(?:end[_ ]of[_ ]header|(?:begin )?(?:\w+ )?data) ?[*<\]>=]*[\t ]*$", re.MULTILINE | re.IGNORECASE
)
_BLANK_LINES = re.compile(r"\n(?:[ \t,;]*\r?\n)+")


def without_preamble(text: str, where: str) -> tuple[str, list[str]]:
    """A table without the lines above it, and a sentence about them.

    Above it are lines of a name and its value, such as ``Sample rate,1e6``, that a blank line parts from it, and lines
    with other numbers of cells than its rows. Raises InputError where rows of numbers begin below such lines alone.
    """
    if (marks := list(_END.finditer(text[:_LOOK]))) and text[marks[-1].end() :].strip():
        above = [line for line in text[: marks[-1].end()].splitlines() if line.strip()]
        return text[marks[-1].end() :].lstrip("\r\n"), [_said(above)]
    head, *below = re.split(r"\n[ \t,;]*\r?\n", text.lstrip("\r\n")[:_LOOK], maxsplit=1)
    lines = [line for line in head.splitlines() if line.strip()]
    told = [re.split(r"[,;\t|=:]", line.strip(" \t,;"), maxsplit=1)[0] for line in lines]
    if not below or len(told) < 2 or any(is_numeral(name) or name.startswith("#") for name in told):
        return _from_header(text, where)
    shown = [line for line in below[0].splitlines() if line.strip()][:4]
    rows = [[cell for cell in re.split(r'[,;\t| "]+', line.strip()) if cell] for line in shown]
    if len(rows) < 3 or any(map(is_numeral, rows[0])) or not all(map(is_numeral, rows[-1])):
        return _from_header(text, where)
    rest, said = _from_header(text[text.index(head) + len(head) :].lstrip("\r\n\t ,;"), where)
    return rest, [_said(lines), *said]


def one_table(text: str, wanted: Sequence[str]) -> tuple[str, str]:
    """Of several tables with different headers that blank lines part, the one with the `wanted` columns, or else the
    first, and a sentence; any other text as it is, and "".
    """
    tables = dict[tuple[str, ...], str]()
    for block in _BLANK_LINES.split(text) if _BLANK_LINES.search(text[:_LOOK]) else ():
        lines = [line for line in block.splitlines()[:_MOST_LINES] if line.strip() and line.lstrip()[:1] != "#"]
        separator, begin, count = _longest_run(lines)
        if count < _FEWEST_ROWS:
            continue
        header, *rows = ([cell.strip() for cell in split(line, separator)] for line in lines[begin : begin + count])
        names = tuple(filter(None, header))
        if _names(header) and any(is_numeral(cell) for row in rows for cell in row):
            if names in tables:
                return text, ""  # blocks of one table
            tables[names] = block
    if len(tables) < 2:
        return text, ""
    found = [names for names in tables if wanted and all(meant(name, names) for name in wanted)]
    chosen = (*found, *tables)[0]
    return tables[chosen], f"this holds {len(tables)} tables; lawsmith read the one with {listing(chosen, 4)}."


def with_whole_header(text: str) -> str:
    """The text with a header on one line, where a quoted name in it runs over several, as Excel writes them."""
    begin = len(text) - len(text.lstrip())
    for end in islice((found.start() for found in re.finditer(r"\r?\n", text[begin:_LOOK])), _MOST_LINES_OF_NAME):
        if (header := text[begin : begin + end]).count('"') % 2 == 0:
            return text[:begin] + re.sub(r"\s*\n\s*", " ", header) + text[begin + end :]
    return text


def _said(lines: list[str]) -> str:
    if len(lines) == 1:
        return f"lawsmith left out the line {lines[0].strip()[:60]!r} above the header."
    return f"lawsmith left out {len(lines)} lines above the table, the first {lines[0].strip()[:40]!r}."


def _from_header(text: str, where: str) -> tuple[str, list[str]]:
    """The text from the first line that has as many cells as the rows below it and names their columns."""
    places = [
        found
        for found in re.finditer(r"[^\r\n]+", text[:_LOOK])
        if found[0].strip() and not found[0].lstrip().startswith("#")
    ][:_MOST_LINES]
    lines = [found[0] for found in places]
    separator, begin, count = _longest_run(lines)
    begun = 0
    if begin == 0 and count > _FEWEST_ROWS + 1:
        begun = _settings_as_wide([split(line, separator) for line in lines]) or _title_as_wide(text, places, separator)
    begin, count = begin + begun, count - begun
    if begin == 0 or count <= _FEWEST_ROWS:
        return text, []
    for place in range(begin, begin + min(count - _FEWEST_ROWS, _FEWEST_ROWS)):  # a line above may be as wide by chance
        if _names(split(lines[place], separator)):
            begin, count = place, count - (place - begin)
            break
    header = split(lines[begin], separator)
    row = [cell for line in lines[begin + 1 : begin + count] for cell in split(line, separator)]
    above = split(lines[begin - 1], separator)
    if not any(map(is_numeral, row)):
        return text, []
    names_rows = len(above) == len(header) - 1 and not any(is_numeral(row[k]) for k in range(0, len(row), len(header)))
    if _names(header) and (begin > 1 or not (names_rows or lines[begin] in lines[begin + 1 :])):
        return text[places[begin].start() :], [_said(lines[:begin])]
    if not any(map(is_numeral, header)) or begin < 2:
        return text, []
    labelled = len(above) == len(header) + 1 and above[0].rstrip().endswith(":") and _names(above[1:])  # Data: y x
    rows_have_names = len(above) == len(header) - 1 > 1 and _names(above)
    if labelled or rows_have_names:
        begun = lines[begin - 1].index(above[0]) + len(above[0]) if labelled else 0
        return text[places[begin - 1].start() + begun :].lstrip(" \t"), [_said(lines[: begin - 1])]
    upper = split(lines[begin - 2], separator)
    if len(upper) == len(header) and _names(upper) and not any(map(is_numeral, above)):  # the line between holds units
        between = slice(places[begin - 1].start(), places[begin].start())
        table = text[places[begin - 2].start() :].replace(text[between], "", 1).lstrip(" \t")
        return table, [_said([*lines[: begin - 2], lines[begin - 1]])]
    _refuse_nameless([split(line, separator) for line in lines[:begin]], len(header), lines[begin], where)
    return text, []


def _settings_as_wide(rows: list[list[str]]) -> int:
    """How many first lines hold a title or a setting, ``Temp;37;;``, that a spreadsheet made as wide as the header."""
    count = next((k for k, cells in enumerate(rows) if any(cells[2:])), 0)
    settings = any(all(cells[:2]) for cells in rows[:count])
    return count if settings and all(rows[count]) and _names(rows[count]) else 0


def _title_as_wide(text: str, places: Sequence[re.Match[str]], separator: str) -> bool:
    """Whether the first line has as many words as the table has columns by chance: a blank line stands below it, or
    blanks part the cells and the header below repeats a word, as a row of units does not."""
    first, second = (split(line[0], separator) for line in places[:2])
    apart = text[places[0].end() : places[1].start()].count("\n") > 1
    again = separator == " " and not {*map(str.lower, first)}.isdisjoint(map(str.lower, second))
    return _names(first) and _names(second) and (apart or again)


def _refuse_nameless(above: list[list[str]], width: int, line: str, where: str) -> None:
    """Raises InputError for rows of `width` numbers from `line` on, where no line above them names the columns."""
    first, *rest = above
    named = len(first) >= width and _names(first) and all(any(map(is_numeral, cells)) for cells in rest)
    if len(above) > 2 and not named:  # else rows of several lengths
        raise InputError(
            f"{where}: {len(above)} lines stand above the rows of {width} numbers, and none names the columns. Write "
            f"a header above {line.strip()[:40]!r} and delete the other lines."
        )


def _longest_run(lines: list[str]) -> tuple[str, int, int]:
    """The separator that divides the most lines in a row into equally many cells, where they begin, and how many."""
    best, begin, count = ",", 0, 0
    for separator in SEPARATORS:
        place = 0
        for width, run in groupby(len(split(line, separator)) for line in lines):
            length = len(list(run))
            if width > 1 and length > count:
                best, begin, count = separator, place, length
            place += length
    return best, begin, count


def _names(cells: list[str]) -> bool:
    """Whether cells are names of columns: text, all of them but the first and last, each once, and perhaps behind it
    years, one after the other."""
    stripped = [cell.strip() for cell in cells]
    while len(stripped) > 2 and not stripped[-1]:
        stripped.pop()
    stripped = stripped[1:] if len(stripped) > 2 and not stripped[0] else stripped
    years = [cell for cell in stripped if re.fullmatch(YEAR, cell)]
    years = years if len(years) >= _FEWEST_YEARS and years == sorted(years) and stripped[-1] == years[-1] else []
    texts = stripped[: len(stripped) - len(years)]
    return all(stripped) and len(set(stripped)) == len(stripped) and texts != [] and not any(map(is_numeral, texts))
