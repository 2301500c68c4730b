"""Formulas as MathML and code as highlighted HTML. Whatever comes in, only text and our own tags come out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from lawsmith.runs.quoting import visible
from lawsmith.sandbox.law.expression import Node
from lawsmith.sandbox.law.formula import formula
from lawsmith.sandbox.law.typeset import GREEK, POWER, PRODUCT, Notation, typeset

LONGEST_CODE = 64 * 2**10  # characters that are coloured; the rest is plain
LONGEST_NAME = 60  # characters of a column in a formula


def short(text: str, most: int = LONGEST_NAME) -> str:
    """Foreign text on one line, no control character in it, cut to `most` characters."""
    shown = visible(text[: 2 * most])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def mathml(source: str, targets: Sequence[str]) -> Markup | None:
    """The equations of a form as MathML; None where its formula cannot be read or stated."""
    return mathml_of(formula(source, targets).targets)


def mathml_of(
    expressions: Mapping[str, Node], constants: Mapping[str, float] | None = None, digits: int = 4
) -> Markup | None:
    """Equations, target -> right-hand side, as MathML, constants filled in where given; None without any equation."""
    rows = [
        Markup("<mtr><mtd>{}</mtd><mtd><mo>=</mo></mtd><mtd>{}</mtd></mtr>").format(
            _name(target), typeset(node, MathML(), constants, digits)
        )
        for target, node in expressions.items()
    ]
    if not rows:
        return None
    return Markup(
        '<math display="block"><mtable displaystyle="true" columnalign="right center left">{}</mtable></math>'
    ).format(Markup().join(rows))


def _parts(name: str) -> tuple[str, str]:
    """A symbol and its index: digits at the end of a name, Greek letters by their names."""
    shown = short(name)
    found = re.fullmatch(r"(.*?)_?(\d+)", shown, re.DOTALL)
    stem, index = (str(found[1]), str(found[2])) if found is not None and found[1] else (shown, "")
    return GREEK.get(stem, stem), index


def _name(name: str) -> Markup:
    stem, index = _parts(name)
    inner = Markup("<mi>{}</mi>").format(stem)
    return Markup("<msub>{}<mn>{}</mn></msub>").format(inner, index) if index else inner


class MathML(Notation):
    """Presentation MathML; every name is escaped."""

    def name(self, name: str) -> Markup:
        return _name(name)

    def number(self, digits: str) -> Markup:
        return Markup("<mn>{}</mn>").format(digits)

    def scientific(self, mantissa: str, exponent: str) -> tuple[str, int]:
        size = self.number(exponent.removeprefix("-"))
        raised = self.power(self.number("10"), self.row([self.operator("−"), size]) if "-" in exponent else size)
        if not mantissa:
            return raised, POWER
        return self.row([self.number(mantissa), self.operator("⋅"), raised]), PRODUCT

    def operator(self, sign: str) -> Markup:
        return Markup("<mo>{}</mo>").format(sign)

    def function(self, name: str, base: str = "") -> Markup:
        upright = Markup('<mi mathvariant="normal">{}</mi>').format(name)
        named = Markup("<msub>{}{}</msub>").format(upright, base) if base else upright
        return named + Markup("<mo>&#x2061;</mo>")

    def row(self, parts: Sequence[str]) -> Markup:
        return Markup("<mrow>{}</mrow>").format(Markup().join(parts))

    def fenced(self, inner: str, fence: str = "()") -> Markup:
        return Markup("<mrow><mo>{}</mo>{}<mo>{}</mo></mrow>").format(fence[0], inner, fence[1])

    def fraction(self, above: str, below: str) -> Markup:
        return Markup("<mfrac>{}{}</mfrac>").format(above, below)

    def power(self, base: str, exponent: str) -> Markup:
        return Markup("<msup>{}{}</msup>").format(base, exponent)

    def root(self, inner: str, degree: str = "") -> Markup:
        tag = Markup("<mroot>{}{}</mroot>") if degree else Markup("<msqrt>{}{}</msqrt>")
        return tag.format(inner, degree)

    def cases(self, condition: str, then: str, otherwise: str) -> Markup:
        line = Markup("<mtr><mtd>{}</mtd><mtd>{}</mtd></mtr>")
        rows = line.format(then, Markup("<mtext>if&nbsp;</mtext>") + condition)
        rows += line.format(otherwise, Markup("<mtext>otherwise</mtext>"))
        return Markup('<mrow><mo>{{</mo><mtable columnalign="left left">{}</mtable></mrow>').format(rows)


def code(source: str) -> Markup:
    """Highlighted Python; only what pygments escapes is marked up."""
    return Markup(highlight(source[:LONGEST_CODE], _lexer(), _formatter()))


@cache
def _lexer() -> PythonLexer:
    return PythonLexer(stripnl=False)


@cache
def _formatter() -> HtmlFormatter[str]:
    return HtmlFormatter(nowrap=True)


def code_style() -> str:
    """CSS of the highlighter for light and dark pages."""

    def rules(style: str) -> str:
        lines = HtmlFormatter(style=style).get_style_defs("code").splitlines()
        return "\n".join(line for line in lines if line.startswith("code .") and "background" not in line)

    day, night = rules("default"), rules("github-dark")
    # The style's operator words are too pale for small text.
    return f"{day}\ncode .ow {{ color: #7a1fb8 }}\n@media (prefers-color-scheme: dark) {{\n{night}\n}}"


def escaped(text: str) -> Markup:
    """Foreign text with its control and bidirectional characters made visible; line ends are kept."""
    return Markup("\n").join(escape(visible(line)) for line in text.split("\n"))
