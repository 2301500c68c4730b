"""Formulas as one line of text, and in LaTeX."""

import re
from collections.abc import Mapping, Sequence

from lawsmith.sandbox.law.nodes import Node, Statement, Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.typeset import GREEK, Notation, typeset
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.schema import Schema

LONGEST_NAME = 60  # characters of a column in a formula


def formula(statement: Statement, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
    """``target = expression`` for each target, joined by ``; ``.

    `constants` replaces parameters by their values, rounded to `digits` significant digits.
    """
    return "; ".join(f"{named(target)} = {text(node, constants, digits)}" for target, node in statement.targets.items())


def source_formula(
    source: str, targets: Sequence[str], constants: Mapping[str, float] | None = None, digits: int = 4
) -> str:
    """The formula of the form in candidate source; empty where it cannot be read."""
    found = read(source, targets)
    return "" if isinstance(found, Unreadable) else formula(found, constants, digits)


def text(node: Node, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
    """The expression on one line, powers written ``^``, columns by their names over their units."""
    return typeset(node, TEXT, constants, digits)


def visible(name: str) -> str:
    """A stranger's name with every character that a terminal would interpret written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name)


def short(text: str, most: int = LONGEST_NAME) -> str:
    """Foreign text on one line, no control character in it, cut to `most` characters."""
    shown = visible(text[: 2 * most])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def named(name: str) -> str:
    """A name as `--form` takes it: one that reads as a number in backticks."""
    return f"`{name}`" if is_numeral(name) else visible(name)


def _as_factor(name: str) -> str:
    """The same, and in backticks where it holds a sign, as ``t / min`` does, that would part it."""
    return f"`{visible(name)}`" if re.search(r"[-+*/^<>=|]", name) and "`" not in name else named(name)


TEXT = Notation(
    _as_factor,
    {
        "+": " + ", "−": " - ", "⋅": " * ", "/": " / ", ",": ", ", "≤": " <= ", "≥": " >= ", "<": " < ", ">": " > ",
        "=": " = ", "≠": " != ", "∧": " and ", "∨": " or ", "¬": "not ", "∞": "inf",
        "()": "({})", "[]": "[{}]", "||": "abs({})", "⌊⌋": "floor({})", "⌈⌉": "ceil({})",
        "row": "{}", "negative": "-{}", "number": "{}", "scientific": "{}e{}", "ten": "1e{}",
        "fraction": "{} / {}", "power": "{}^{}", "root": "sqrt({})", "cbrt": "cbrt({})", "where": "where({}, {}, {})",
        "function": "{}", "logarithm": "log{}", "label": "{}",
    },
    inline=True,
)  # fmt: skip
"""Plain text that is also what `--form` takes."""


def labelled(shown: str, schema: Schema, notation: Notation = TEXT) -> str:
    """A formula in a notation, with labels for codes: ``[opt = sgd]`` for ``[opt = 1]``. A label that is no word is
    quoted; one that `--form` would not read there stays a code."""
    known = dict[str, str]()
    for name, levels in schema.coded.items():
        for code, level in enumerate(levels):
            label = level if re.fullmatch(r"[\w.+-]+", level) else f'"{visible(level)}"'
            ends = notation.number(str(code)), notation("label", label)
            was, to = (notation("[]", notation.row([notation.name(name), notation("="), end])) for end in ends)
            known[was] = was if set("[]{}=") & set(level) else to
    return (
        type(shown)(re.sub("|".join(map(re.escape, known)), lambda found: known[found[0]], shown)) if known else shown
    )


def codes_in(shown: str, schema: Schema) -> list[str]:
    """What the codes of a labelled formula still stand for: of categories beside those in ``[opt = sgd]``."""
    left = re.sub(r"\[[^]]*]", "", shown)
    return [told for told in schema.codes if told.partition(": ")[0] in left]


def latex(statement: Statement, constants: Mapping[str, float] | None = None, digits: int = 4) -> dict[str, str]:
    """Target -> LaTeX of its right-hand side; parameters in `constants` are replaced by their rounded values."""
    return {target: typeset(node, LATEX, constants, digits) for target, node in statement.targets.items()}


def latex_name(name: str) -> str:
    """A name in mathematics: ``alpha_1`` as a subscripted Greek letter, ``sft_data_size`` upright, specials
    escaped.
    """
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d+|inf|min|max)?", name)
    if match is not None:
        stem, index = match.groups()
        letter = stem if len(stem) == 1 else f"\\{stem}" if stem in GREEK else None
        if letter is not None:
            below = {None: "", "inf": r"_{\infty}"}.get(index, f"_{{{index}}}")
            return letter + below
    letters = "".join(MATHEMATICS.get(c, c) for c in visible(name))
    return rf"\{'mathrm' if letters.isascii() else 'text'}{{{letters}}}"


MATHEMATICS = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\wedge{}", "~": r"\sim{}", " ": r"\ ",
}  # fmt: skip


_NAMED = ("exp", "log", "sinh", "cosh", "tanh", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "max", "min")
LATEX = Notation(
    latex_name,
    {
        "−": "-", "⋅": r"\cdot", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∧": r"\wedge", "∨": r"\vee", "∞": r"\infty",
        "()": r"\left( {} \right)", "[]": r"\left[ {} \right]", "||": r"\left| {} \right|",
        "⌊⌋": r"\left\lfloor {} \right\rfloor", "⌈⌉": r"\left\lceil {} \right\rceil",
        "row": "{}", "negative": "-{}", "number": "{}", "scientific": r"{} \cdot 10^{{{}}}", "ten": "10^{{{}}}",
        "fraction": r"\frac{{{}}}{{{}}}", "power": "{}^{{{}}}", "root": r"\sqrt{{{}}}", "cbrt": r"\sqrt[3]{{{}}}",
        "where": r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        "logarithm": r"\log_{{{}}}", "function": r"\operatorname{{{}}}", **{name: f"\\{name}" for name in _NAMED},
    },
    between=" ",
)  # fmt: skip
"""For mathematics mode with amsmath; every name is text that LaTeX does not interpret."""
