"""Formulas as one line of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lawsmith.sandbox.law.expression import Node
from lawsmith.sandbox.law.statement import Statement
from lawsmith.sandbox.law.typeset import ATOM, Notation, typeset


def formula(statement: Statement, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
    """``target = expression`` for each target, joined by ``; ``.

    `constants` replaces parameters by their values, rounded to `digits` significant digits.
    """
    return "; ".join(
        f"{visible(target)} = {text(node, constants, digits)}" for target, node in statement.targets.items()
    )


def text(node: Node, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
    """The expression on one line, powers written ``^``, columns by their names over their units."""
    return typeset(node, Text(), constants, digits)


def visible(name: str) -> str:
    """A stranger's name with every character that a terminal would interpret written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name)


class Text(Notation):
    """Plain text that is also what `--form` takes."""

    inline = True
    _SIGNS: Mapping[str, str] = {
        "+": " + ", "−": " - ", "⋅": " * ", "/": " / ", ",": ", ", "≤": " <= ", "≥": " >= ", "<": " < ", ">": " > ",
        "=": " = ", "≠": " != ", "∧": " and ", "∨": " or ", "¬": "not ",
    }  # fmt: skip
    _FENCES: Mapping[str, tuple[str, str]] = {
        "()": ("(", ")"), "[]": ("[", "]"), "||": ("abs(", ")"), "⌊⌋": ("floor(", ")"), "⌈⌉": ("ceil(", ")"),
    }  # fmt: skip

    def name(self, name: str) -> str:
        return visible(name)

    def number(self, digits: str) -> str:
        return "inf" if digits == "∞" else digits

    def scientific(self, mantissa: str, exponent: str) -> tuple[str, int]:
        return f"{mantissa or '1'}e{exponent}", ATOM

    def operator(self, sign: str) -> str:
        return self._SIGNS[sign]

    def function(self, name: str, base: str = "") -> str:
        return name + base

    def row(self, parts: Sequence[str]) -> str:
        lone = parts[0] == self._SIGNS["−"]  # a sign of its own, not between two terms
        return "".join(["-", *parts[1:]] if lone else parts)

    def fenced(self, inner: str, fence: str = "()") -> str:
        left, right = self._FENCES[fence]
        return f"{left}{inner}{right}"

    def fraction(self, above: str, below: str) -> str:
        return f"{above} / {below}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}"

    def root(self, inner: str, degree: str = "") -> str:
        return f"cbrt({inner})" if degree else f"sqrt({inner})"

    def cases(self, condition: str, then: str, otherwise: str) -> str:
        return f"where({condition}, {then}, {otherwise})"


__all__ = ["Text", "formula", "text", "visible"]
