"""Formulas as presentation MathML."""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from lawsmith.sandbox.law.nodes import Node, Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.typeset import GREEK, Notation, typeset
from lawsmith.sandbox.law.write_text import labelled, short
from lawsmith.tasks.schema import Schema


def mathml(source: str, schema: Schema) -> Markup | None:
    """The equations of a form as MathML; None where its formula cannot be read or stated."""
    found = read(source, schema.targets)
    return None if isinstance(found, Unreadable) else mathml_of(found.targets, schema)


def mathml_of(
    expressions: Mapping[str, Node], schema: Schema, constants: Mapping[str, float] | None = None, digits: int = 4
) -> Markup | None:
    """Equations, target -> right-hand side, as MathML, constants filled in where given; None without any equation."""
    rows = [
        Markup("<mtr><mtd>{}</mtd><mtd><mo>=</mo></mtd><mtd>{}</mtd></mtr>").format(
            _name(target), labelled(typeset(node, _MATHML, constants, digits), schema, _MATHML)
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
    "label": "<mtext>{}</mtext>",
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
