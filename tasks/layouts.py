"""Text tables as documents and terminals show them (LaTeX, grids of dashes, bold cells), made plain before reading."""

import re

_RULE = re.compile(r"^(?=.*(?:-{3}|={3}|─{3}|━{3}|_{4}))[ \t|+:=\-_─━┼├┤┌┐└┘┬┴│╔╗╚╝═╠╣╦╩╬]+$", flags=re.MULTILINE)
_ENDS = re.compile(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline")
_LINES = re.compile(
    r"\\(?:begin|end)\{(?:tabular|table|longtable|array|tabularx|center)[^\n]*"
    r"|\\(?:top|mid|bottom|h|c|cmid)(?:rule|line)(?:\([^)]*\))?(?:\{[^}]*\})?"
    r"|\\(?:caption|label|centering|small|footnotesize)(?:\{[^\n]*\})?"
)
_WRAPPED = re.compile(r"\\(?:textbf|textit|mathbf|mathrm|text|emph|num|underline|texttt|bf)\s*\{([^{}]*)\}")
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
_PAIR = re.compile(r"([A-Za-z_][\w./]*)\s*=\s*([^\s,;|=]+)")
_FEWEST = 4  # lines of pairs
_SHOWN = 2  # rows of a table in LaTeX, at least


def without_rules(text: str) -> str:
    """The text with lines of dashes alone (``+-----+``, ``=== ===``) made blank, so that line numbers stay."""
    return _RULE.sub("", text) if any(mark in text for mark in ("---", "===", "───", "━━━", "____")) else text


def without_emphasis(cell: str) -> str:
    """A cell of a Markdown table without the marks of bold or fixed type around its text."""
    return _EMPHASIS.sub(r"\2", cell)


def from_latex(text: str) -> str | None:
    """The rows of a table in LaTeX with tabs between the cells; None for a text that is none."""
    if text.count("&") < _SHOWN or len(_ENDS.findall(text)) < _SHOWN:
        return None
    plain = re.sub(r"(?<!\\)%[^\n]*", "", text)
    rows = [" ".join(_LINES.sub(" ", row).split()) for row in _ENDS.split(plain)]
    cells = [[_cell(cell) for cell in re.split(r"(?<!\\)&", row)] for row in rows if row]
    return "\n".join("\t".join(row) for row in cells if len(row) > 1) + "\n"


def from_pairs(text: str) -> tuple[str, str] | None:
    """The rows of lines such as ``step=10 loss=3.2`` with tabs between the cells, and a word on lines of another kind;
    None for a text with fewer than `_FEWEST` such lines, or more of another kind."""
    lines = text[: 1 << 16].splitlines() if "=" in text else []
    names = next((found for line in lines if len(found := [name for name, _ in _PAIR.findall(line)]) > 1), [])
    if len(names) < 2 or len(set(names)) < len(names):
        return None
    rows, others = [], 0
    for line in filter(str.strip, text.splitlines()):
        pairs = dict(_PAIR.findall(line))
        if list(pairs) == names:
            rows.append("\t".join(pairs.values()))
        else:
            others += 1
    if len(rows) < max(_FEWEST, others):
        return None
    said = f"; {others} others without these names left out" if others else ""
    return "\n".join(("\t".join(names), *rows)) + "\n", said


def from_print(text: str) -> tuple[str, str] | None:
    """The header and rows of a data frame as R's tibble and Julia print it, and a word on rows that are not shown; None
    for any other text."""
    size = re.match(r"\s*(?:# A tibble: )?([\d,]+) ?[×x] ?\d+(?: DataFrame)?[ \t]*\n", text)
    if size is None:
        return None
    lines = [line.replace("│", " ", 1) for line in _RULE.sub("", text[size.end() :]).splitlines()]
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "⋮"))]
    hidden = int(size[1].replace(",", "")) - len(lines) + 2  # the second line names types
    said = f"; {hidden} of its {size[1]} rows are not shown and are missing here" if hidden > 0 else ""
    return "\n".join((*lines[:1], *lines[2:])) + "\n", said


def from_stata(text: str) -> str | None:
    """The header and rows that Stata's ``list`` prints, with bars around each; None for any other text."""
    numbered = re.compile(r"^[ \t]*\d+\.[ \t]*\|", flags=re.MULTILINE)
    if len(numbered.findall(text)) < _FEWEST:
        return None
    rows = [line.strip().strip("|").strip() for line in without_rules(numbered.sub("|", text)).splitlines()]
    return "\n".join(filter(None, rows)) + "\n"


def _cell(text: str) -> str:
    for written, meant in _SIGNS.items():
        text = text.replace(written, meant)
    text = text.replace(r"\&", "and").replace("$", "")
    while (bare := _WRAPPED.sub(r"\1", text)) != text:
        text = bare
    text = re.sub(r"\^\{([^{}]*)\}", r"^\1", text)
    return re.sub(r"[{}\t]", "", text).strip()
