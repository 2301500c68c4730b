"""Text tables as documents and terminals show them (LaTeX, grids, bold cells), made plain before reading."""

import re
from collections import Counter
from itertools import pairwise

from lawsmith.tasks.errors import counted
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.reading.lines import widths

_RULE = re.compile(r"^(?=.*(?:-{3}|={3}|─{3}|━{3}|═{3}|_{4}))[ \t|+:=\-_\u2500-\u257f]+$", flags=re.MULTILINE)
_BLANK_ROW = re.compile(r"^[ \t]*[,;|\t][ \t,;|]*(?=\r?$)", flags=re.MULTILINE)  # ,,, of a spreadsheet
_PRINTED = re.compile(
    r"^[ \t]*(?:\[\d+ rows x \d+ columns\]|\.{2,3}(?:[ \t]+\.{2,3})+|# .*\d more rows.*"
    r"|(?:(?:mysql|sqlite|hive|MariaDB \[[^\]\n]*\])>|\w+=[#>]|->)(?:[ \t].*)?|\d+ rows? in set.*"  # of databases
    r"|(?:<(?:dbl|chr|int|fct|lgl|date|dttm|ord|num)>[ \t]*)+)$",
    flags=re.MULTILINE,
)
_BYTES = re.compile(
    r"^[ \t]*(?:(\d+)-[ \t]*)?(\d+)[ \t]+[AIFED]\d+(?:\.\d+)?[ \t]+(\S+)[ \t]+(\S+)", flags=re.MULTILINE
)
_HIDDEN = "; the printout does not show all rows (…), so rows are missing"
_BAR = re.compile(r"[│┃║┆╎]")
TYPE = re.compile(
    r"-+|u?(?:tiny|small|big|huge)?int\d*|[iuf]\d+|float\d*|double|str|varchar|cat|bool(?:ean)?|date|decimal.*"
)
_ENDS = re.compile(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline")
_LINES = re.compile(
    r"\\(?:begin|end)\{(?:tabular|table|longtable|array|tabularx|center)[^\n]*"
    r"|\\(?:top|mid|bottom|h|c|cmid)(?:rule|line)(?:\([^)]*\))?(?:\{[^}]*\})?"
    r"|\\(?:caption|label|centering|small|footnotesize)(?:\{[^\n]*\})?"
)
_WRAPPED = re.compile(r"\\(?:textbf|textit|mathbf|mathrm|text|emph|num|si|unit|underline|texttt|bf)\s*\{([^{}]*)\}")
_SPANS = re.compile(r"\\multicolumn\s*\{(\d+)\}\s*\{[^{}]*\}\s*(?=\{)")
_ROWS = re.compile(r"\\multirow\s*\{[^{}]*\}(?:\[[^\]]*\])?\s*\{[^{}]*\}")
_MARKS = re.compile(
    r"\\(?:row|cell)color\s*(?:\[[^\]]*\])?\{[^{}]*\}|\\(?:down|up)arrow|\\(?:footnotemark|tablenotemark)(?:\[[^\]]*\])?|\\(?:\w*note|cite\w*)\{[^{}]*\}"
)
_SIGNS = {
    r"\pm": "±",
    r"\times": "×",
    r"\cdot": "·",
    r"\%": "%",
    r"\_": "_",
    r"\$": "",
    r"\#": "#",
    r"\,": "",
    r"\;": "",
    r"\!": "",
    "{,}": ",",
    "~": " ",
}
_EMPHASIS = re.compile(r"(\*\*|__|`)(.+?)\1")
_PAIR = re.compile(r"([A-Za-z_][\w./]*)\s*=\s*([^\s,;|=]*[^\s,;|=:])")
_SPOKEN = re.compile(
    r"(?:^|[\s|,;\]\t])([A-Za-z_][\w./@'-]*(?: [\w./]+| \(\w+\)){0,4}?)(?:[:=]?[ \t]+|:)"
    r"(-?\d[\d.]*(?:[eE][+-]?\d+)?[%A-Za-zµ]{0,3}|(?<=[:=])(?:nan|inf)(?=[a-zµ]{0,3}\b))(?=/|[:|,;]|\s|$|[a-zµ])"
)
_BRACKETED = re.compile(r"\[ *(\d+)(?:/\d+)? *\]")  # as xgboost and torchvision count: [12], [0][ 50/1000]
_COUNTERS = ("epoch", "iteration")
_COUNTED = re.compile(r"\b(epoch|step|iter|iteration)[ :#]+(\d+)(?:/\d+)?\b", re.IGNORECASE)  # epoch 2/20 loss=2.3
_FEWEST = 4  # lines of pairs
_LINES_SEEN = 200  # that decide whether several blanks part the columns
_SHOWN = 2  # rows of a table in LaTeX, at least


def without_rules(text: str) -> str:
    """The text with lines of dashes (``+-----+``, ``=== ===``) or separators alone made blank; line numbers stay."""
    text = _BLANK_ROW.sub("", text)
    return _RULE.sub("", text) if any(mark in text for mark in ("---", "===", "───", "━━━", "____")) else text


def without_emphasis(cell: str) -> str:
    """A cell of a Markdown table without the marks of bold or fixed type around its text."""
    return _EMPHASIS.sub(r"\2", cell)


def made_plain(text: str) -> tuple[str, str] | None:
    """The rows of a table that a document, a log or a terminal shows, and a sentence on it; None for any other text."""
    known = (
        (_from_latex, "this is LaTeX; lawsmith read its rows and left out its commands"),
        (_from_bytes, "lawsmith read its columns by the bytes that are described above them"),
        (_from_printout, "this is a printed table; lawsmith left out its frame"),
        (_from_pairs, "lawsmith read its lines of names and values as rows"),
        (_from_frames, "this is a printed table; lawsmith left out its frame"),
    )
    for reader, told in known:
        if (found := reader(text)) is not None:
            return found[0], f"{told}{found[1]}."
    return None


def _from_latex(text: str) -> tuple[str, str] | None:
    """The rows of a table in LaTeX with tabs between the cells; None for a text that is none."""
    if text.count("&") < _SHOWN or len(_ENDS.findall(text)) < _SHOWN:
        return None
    plain = _ROWS.sub("", _MARKS.sub("", re.sub(r"(?<!\\)%[^\n]*", "", text)))
    plain = re.sub(
        r"([^&\\]*)" + _SPANS.pattern + r"(\{(?:[^{}]|\{[^{}]*\})*\})",
        lambda cell: cell[1] + " & ".join([cell[3]] * int(cell[2])),
        plain,
    )
    rows = [" ".join(_LINES.sub(" ", row).split()) for row in _ENDS.split(plain)]
    cells = [[_cell(cell) for cell in re.split(r"(?<!\\)&", row)] for row in rows if row]
    return "\n".join("\t".join(row) for row in cells if len(row) > 1) + "\n", ""


def _from_pairs(text: str) -> tuple[str, str] | None:
    """The rows of lines such as ``step=10 loss=3.2`` or ``iter 10: loss 3.2, time 5ms`` with tabs between the cells,
    and a word on lines of another kind; None for a text of fewer than `_FEWEST` such lines, or more of another kind.

    Lines with other names, such as those of evaluations in the log of a training, are rows with columns of their own.
    A table with such pairs in a cell of each row, below a header without, stays one.
    """
    lines = [line for line in text[: 1 << 14].splitlines()[:-1] if line.strip() and line[0] != "#"][:_LINES_SEEN]
    for pattern in (_PAIR, _SPOKEN):
        even = [widths(lines, mark) for mark in ",;\t"] if lines and not pattern.search(lines[0]) else []
        if any(min(one) == max(one) > 1 for one in even):
            continue
        if len(_rows_of_pairs(text[: 1 << 14], pattern)[0]) < _FEWEST:
            continue
        rows, used = _rows_of_pairs(text, pattern)
        others = sum(1 for line in text.splitlines() if line.strip()) - used
        if len(rows) >= max(_FEWEST, others):
            names = list(dict.fromkeys(name for row in rows for name in row))
            cells = (names, *([row.get(name, "") for name in names] for row in rows))
            rest = f"; lawsmith left out {counted(others, 'line')} without these names" if others else ""
            return "\n".join(map("\t".join, cells)), rest
    return None


def _rows_of_pairs(text: str, pattern: re.Pattern[str]) -> tuple[list[dict[str, str]], int]:
    """Name -> value of each line of at least two pairs whose names stand in several lines, and how many lines say so.

    A line of one pair above each row, such as ``Epoch 3/10``, is a part of the row.
    """
    stated = [(line, pattern.findall(line)) for line in text.splitlines()]
    found = [[*_counters(line, [name for name, _ in pairs]), *pairs] if pairs else [] for line, pairs in stated]
    kinds = [tuple(name for name, _ in pairs) for pairs in found]
    counts = Counter(kinds)
    wide = {kind for kind, count in counts.items() if len(set(kind)) == len(kind) > 1 < count}
    often = {counts[kind] + last for kind in wide for last in (0, 1)}  # one more where a run ends below its head
    heads = {kind for kind, count in counts.items() if len(kind) == 1 and count in often}
    rows, head = list[dict[str, str]](), dict[str, str]()
    for pairs, kind in zip(found, kinds, strict=True):
        if kind in heads:
            head |= dict(pairs)
        elif kind in wide:
            rows.append({**head, **dict(pairs)})
    return rows, sum(counts[kind] for kind in wide | heads)


def _counters(line: str, names: list[str]) -> list[tuple[str, str]]:
    """What a word, or one or two numbers in brackets, count beside pairs of these names."""
    if counted := [one for one in _COUNTED.findall(line) if not any(name.endswith(one[0]) for name in names)]:
        return counted
    numbers = _BRACKETED.findall(line)
    return list(zip(_COUNTERS[-len(numbers) :], numbers, strict=True)) if 0 < len(numbers) <= len(_COUNTERS) else []


def _from_frames(text: str) -> tuple[str, str] | None:
    """A table with bars around each line, as polars and DuckDB print them, as one of Markdown, and a word on rows that
    are not shown; None for any other text."""
    plain = _BAR.sub("|", text) if _BAR.search(text[: 1 << 16]) else ""
    shown = re.sub(r"^[ \t|]*(?:…|·|\.\.\.)[ \t|…·.]*$", "", plain, flags=re.MULTILINE)
    types = re.compile(rf"^(?:[ \t]*\|[ \t]*(?:{TYPE.pattern})[ \t]*)+\|[ \t]*$", re.MULTILINE)
    return (types.sub("", shown), _HIDDEN if shown != plain else "") if plain.count("\n|") >= _FEWEST else None


def _from_bytes(text: str) -> tuple[str, str] | None:
    """The rows below a byte-by-byte description of astronomers, with names, units and tabs; None for others."""
    begun = text.find("Byte-by-byte Description", 0, 1 << 16)
    columns = _BYTES.findall(text[begun : 1 << 16]) if begun >= 0 else []
    rows = re.split(r"^-{20,}\s*$", text[begun:], flags=re.MULTILINE)[-1].splitlines() if columns else []
    places = [slice(int(first or last) - 1, int(last)) for first, last, _, _ in columns]
    cells = [[line[place].strip() for place in places] for line in rows if line.strip()]
    head = [name for *_, name in columns], [unit.replace("---", "-") for *_, unit, _ in columns]
    return ("\n".join("\t".join(row) for row in (*head, *cells)), "") if cells else None


def _from_printout(text: str) -> tuple[str, str] | None:
    """The text without what R and pandas print around rows, and a word on rows that are not shown; None for others."""
    found = [line.group().strip() for line in _PRINTED.finditer(text[: 1 << 16])]
    hidden = any("more row" in line or line[:2] == ".." for line in found)
    return (_PRINTED.sub("", text), _HIDDEN if hidden else "") if found else None


def with_columns_apart(text: str) -> str:
    """The text with tabs between its columns where several blanks part them and names hold single ones."""
    if text.startswith("  ") and (printed := _with_names_of_rows(text)) is not None:
        return printed
    lines = [line for line in text[: 1 << 16].splitlines() if line.strip()][:_LINES_SEEN]
    if len(lines) < _FEWEST or any(mark in lines[0] for mark in "\t,;|"):
        return text
    cells = [re.split(r" {2,}", line.strip()) for line in lines]
    if len(wide := set(map(len, cells))) > 1 or wide == {1} or len(lines[0].split()) == len(lines[1].split()):
        return text
    if any(not is_numeral(cell) and all(map(is_numeral, cell.split())) for row in cells[1:] for cell in row):
        return text  # the blanks of a column that is flush right
    return re.sub(r"(?<=\S) {2,}(?=\S)", "\t", text)


def _with_names_of_rows(text: str) -> str | None:
    """The table with tabs, of one that R prints flush right with names of its rows, some of several words (``Mazda RX4
    Wag``), and a header that begins with blanks; None for other text."""
    header, *lines = (line.rstrip() for line in text.splitlines() if line.strip())
    names = [(word.group(), word.end()) for word in re.finditer(r"\S+", header)]
    ends = [end for _, end in names]
    rows = [["", *(name for name, _ in names)]]
    for line in lines:
        parts = [line[begin:end] for begin, end in pairwise([0, *ends])]
        if len(line) != ends[-1] or any(not part.strip() or part[-1].isspace() for part in parts):
            return None
        label, _, parts[0] = parts[0].rpartition(" ")
        rows.append([label.strip(), *(part.strip() for part in parts)])
    several = any(" " in row[0] for row in rows)
    apart = several and not any(" " in cell or "\t" in cell for row in rows for cell in row[1:])
    return "\n".join(map("\t".join, rows)) + "\n" if apart and len(rows) >= _FEWEST else None


def _cell(text: str) -> str:
    for written, meant in _SIGNS.items():
        text = text.replace(written, meant)
    text = text.replace(r"\&", "and").replace("$", "")
    while (bare := _WRAPPED.sub(r"\1", text)) != text:
        text = bare
    text = re.sub(r"\^\{([^{}]*)\}", r"^\1", text)
    return re.sub(r"[{}\t]|\\(?=[A-Za-z])|_(?= ?±)", "", text.replace("_{", "_")).strip()
