"""Formulas as MathML and code as highlighted HTML. Whatever comes in, only text and our own tags come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from runs.formula import formula
from runs.quoting import visible

if TYPE_CHECKING:
    import sympy

LONGEST_CODE = 64 * 2**10
LONGEST_NAME = 60
_LETTERS = "alpha beta gamma delta epsilon eta theta kappa lambda mu nu rho sigma tau phi psi omega"
_GREEK = dict(zip(re.findall(r"\w+", _LETTERS), "αβγδεηθκλμνρστφψω", strict=True))


def short(text: str, most: int = LONGEST_NAME) -> str:
    """Foreign text on one line, no control character in it, cut to `most` characters."""
    shown = visible(text[: 2 * most])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def mathml(source: str, targets: Sequence[str]) -> Markup | None:
    """The equations of a form as MathML; None where its formula cannot be read or stated."""
    try:
        expressions = formula(source, targets).sympy()
    except ValueError:
        return None
    rows = [
        Markup("<mtr><mtd>{}</mtd><mtd><mo>=</mo></mtd><mtd>{}</mtd></mtr>").format(
            _name(target), _expression(value)
        )
        for target, value in expressions.items()
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
    return _GREEK.get(stem, stem), index


def _name(name: str) -> Markup:
    stem, index = _parts(name)
    inner = Markup("<mi>{}</mi>").format(stem)
    return Markup("<msub>{}<mn>{}</mn></msub>").format(inner, index) if index else inner


def _expression(expression: sympy.Expr) -> Markup:
    return Markup(_printer().doprint(expression))


@cache
def _printer() -> Any:
    from sympy.printing.mathml import MathMLPresentationPrinter

    class Printer(MathMLPresentationPrinter):  # type: ignore[misc]
        """Names as they are: sympy would split them at underscores and turn parts into accents."""

        def _print_Symbol(self, symbol: sympy.Symbol, style: str = "plain") -> Any:
            stem, index = _parts(symbol.name)
            node = self._leaf("mi", stem)
            if not index:
                return node
            both = self.dom.createElement("msub")
            both.appendChild(node)
            both.appendChild(self._leaf("mn", index))
            return both

        def _leaf(self, tag: str, text: str) -> Any:
            # sympy's text nodes are written as they are: what they hold has to be escaped before.
            leaf = self.dom.createElement(tag)
            leaf.appendChild(self.dom.createTextNode(str(escape(text))))
            return leaf

    return Printer({"mul_symbol": "times"})


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
    light = HtmlFormatter(style="default").get_style_defs("code")
    dark = HtmlFormatter(style="github-dark").get_style_defs("code")
    kept = "\n".join(
        line for line in light.splitlines() if line.startswith("code .") and "background" not in line
    )
    night = "\n".join(
        line for line in dark.splitlines() if line.startswith("code .") and "background" not in line
    )
    # The style's operator words are too pale for small text.
    return f"{kept}\ncode .ow {{ color: #7a1fb8 }}\n@media (prefers-color-scheme: dark) {{\n{night}\n}}"


def escaped(text: str) -> Markup:
    """Foreign text with its control and bidirectional characters made visible; line ends are kept."""
    return Markup("\n").join(escape(visible(line)) for line in text.split("\n"))
