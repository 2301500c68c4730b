"""Formulas as MathML and code as highlighted HTML. Whatever comes in, only text and our own tags come out."""

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from lawsmith.runs.quoting import visible
from lawsmith.sandbox.law.formula import formula
from lawsmith.sandbox.law.nodes import Node
from lawsmith.sandbox.law.typeset import GREEK, Notation, typeset

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
            _name(target), typeset(node, _MATHML, constants, digits)
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


_TEMPLATES = {
    **{
        f"{left}{right}": f"<mrow><mo>{left}</mo>{{}}<mo>{right}</mo></mrow>"
        for left, right in ("()", "[]", "||", "⌊⌋", "⌈⌉")
    },
    **{sign: f"<mo>{escape(sign)}</mo>" for sign in "+−⋅/,<≤>≥=≠∧∨¬"},
    "row": "<mrow>{}</mrow>",
    "negative": "<mrow><mo>−</mo>{}</mrow>",
    "number": "<mn>{}</mn>",
    "scientific": "<mrow>{}<mo>⋅</mo><msup><mn>10</mn>{}</msup></mrow>",
    "ten": "<msup><mn>10</mn>{}</msup>",
    "fraction": "<mfrac>{}{}</mfrac>",
    "power": "<msup>{}{}</msup>",
    "root": "<msqrt>{}</msqrt>",
    "cbrt": "<mroot>{}<mn>3</mn></mroot>",
    "where": '<mrow><mo>{{</mo><mtable columnalign="left left">'
    "<mtr><mtd>{1}</mtd><mtd><mtext>if&nbsp;</mtext>{0}</mtd></mtr>"
    "<mtr><mtd>{2}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>",
    "logarithm": '<msub><mi mathvariant="normal">log</mi>{}</msub><mo>&#x2061;</mo>',
    "function": '<mi mathvariant="normal">{}</mi><mo>&#x2061;</mo>',
}
_MATHML = Notation(_name, {kind: Markup(template) for kind, template in _TEMPLATES.items()}, between=Markup())
"""Presentation MathML; every name is escaped."""


def code(source: str) -> Markup:
    """Highlighted Python; only what pygments escapes is marked up."""
    return Markup(highlight(source[:LONGEST_CODE], PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)))


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
