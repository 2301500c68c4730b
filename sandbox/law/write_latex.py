"""Formulas in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lawsmith.sandbox.law.statement import Statement
from lawsmith.sandbox.law.typeset import GREEK, PRODUCT, Notation, typeset
from lawsmith.sandbox.law.typeset import POWER as RAISED
from lawsmith.sandbox.law.write_text import visible


def latex(statement: Statement, constants: Mapping[str, float] | None = None, digits: int = 4) -> dict[str, str]:
    """Target -> LaTeX of its right-hand side; parameters in `constants` are replaced by their rounded values."""
    notation = Latex()
    return {target: typeset(node, notation, constants, digits) for target, node in statement.targets.items()}


class Latex(Notation):
    """For mathematics mode with amsmath; every name is text that LaTeX does not interpret."""

    _SIGNS: Mapping[str, str] = {
        "−": "-", "⋅": r"\cdot", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∧": r"\wedge", "∨": r"\vee",
    }  # fmt: skip
    _FENCES: Mapping[str, tuple[str, str]] = {
        "()": ("(", ")"), "[]": ("[", "]"), "||": ("|", "|"),
        "⌊⌋": (r"\lfloor", r"\rfloor"), "⌈⌉": (r"\lceil", r"\rceil"),
    }  # fmt: skip
    _FUNCTIONS = frozenset(
        {"exp", "log", "sinh", "cosh", "tanh", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "max", "min"}
    )

    def name(self, name: str) -> str:
        return latex_name(name)

    def number(self, digits: str) -> str:
        return r"\infty" if digits == "∞" else digits

    def scientific(self, mantissa: str, exponent: str) -> tuple[str, int]:
        raised = f"10^{{{exponent}}}"
        return (rf"{mantissa} \cdot {raised}", PRODUCT) if mantissa else (raised, RAISED)

    def operator(self, sign: str) -> str:
        return self._SIGNS.get(sign, sign)

    def function(self, name: str, base: str = "") -> str:
        upright = f"\\{name}" if name in self._FUNCTIONS else rf"\operatorname{{{latex_math(name)}}}"
        return f"{upright}_{{{base}}}" if base else upright

    def row(self, parts: Sequence[str]) -> str:
        return " ".join(parts)

    def fenced(self, inner: str, fence: str = "()") -> str:
        left, right = self._FENCES[fence]
        return rf"\left{left} {inner} \right{right}"

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def root(self, inner: str, degree: str = "") -> str:
        return rf"\sqrt[{degree}]{{{inner}}}" if degree else rf"\sqrt{{{inner}}}"

    def cases(self, condition: str, then: str, otherwise: str) -> str:
        rows = rf"{then} & \text{{if }} {condition} \\ {otherwise} & \text{{otherwise}}"
        return rf"\begin{{cases}} {rows} \end{{cases}}"


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
    return r"\mathrm{" + latex_math(name) + "}"


MATHEMATICS = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\wedge{}", "~": r"\sim{}",
}  # fmt: skip


def latex_math(text: str) -> str:
    """Text for use inside mathematics, with every character that LaTeX would interpret escaped."""
    return "".join(MATHEMATICS.get(c, c) for c in visible(text))
