"""Formulas as one line of text."""

from collections.abc import Mapping

from lawsmith.sandbox.law.nodes import Node
from lawsmith.sandbox.law.statement import Statement
from lawsmith.sandbox.law.typeset import Notation, typeset
from lawsmith.tasks.numerals import is_numeral


def formula(statement: Statement, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
    """``target = expression`` for each target, joined by ``; ``.

    `constants` replaces parameters by their values, rounded to `digits` significant digits.
    """
    return "; ".join(f"{named(target)} = {text(node, constants, digits)}" for target, node in statement.targets.items())


def text(node: Node, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
    """The expression on one line, powers written ``^``, columns by their names over their units."""
    return typeset(node, TEXT, constants, digits)


def visible(name: str) -> str:
    """A stranger's name with every character that a terminal would interpret written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name)


def named(name: str) -> str:
    """A name as `--form` takes it: one that reads as a number in backticks."""
    return f"`{name}`" if is_numeral(name) else visible(name)


TEXT = Notation(
    named,
    {
        "+": " + ", "−": " - ", "⋅": " * ", "/": " / ", ",": ", ", "≤": " <= ", "≥": " >= ", "<": " < ", ">": " > ",
        "=": " = ", "≠": " != ", "∧": " and ", "∨": " or ", "¬": "not ", "∞": "inf",
        "()": "({})", "[]": "[{}]", "||": "abs({})", "⌊⌋": "floor({})", "⌈⌉": "ceil({})",
        "row": "{}", "negative": "-{}", "number": "{}", "scientific": "{}e{}", "ten": "1e{}",
        "fraction": "{} / {}", "power": "{}^{}", "root": "sqrt({})", "cbrt": "cbrt({})", "where": "where({}, {}, {})",
        "function": "{}", "logarithm": "log{}",
    },
    inline=True,
)  # fmt: skip
"""Plain text that is also what `--form` takes."""

__all__ = ["TEXT", "formula", "text", "visible"]
