"""The law as one would put it on a slide: with its constants filled in, as symbols, and in words for each constant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from lawsmith.runs.quoting import short, visible
from lawsmith.sandbox.law.expression import children, factors_of, features, mul, parameters, terms_of, walk
from lawsmith.sandbox.law.nodes import (
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Role,
    Statement,
    Sum,
    Unreadable,
)
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_mathml import mathml_of
from lawsmith.sandbox.law.write_text import codes_in, formula, labelled, text
from lawsmith.tasks.errors import listing
from lawsmith.tasks.schema import Schema

DIGITS = 3
"""Significant digits of a constant in the formula; the table of constants and law.py have more."""


@dataclass(frozen=True)
class ShownFormula:
    """symbols: MathML with names. filled: the same with the constants of each group of `groups`, as MathML and as text
    to copy. meanings: constant -> what it does, in words. levels: target -> the constant that the law tends to.
    codes: what codes in the formula stand for."""

    symbols: Markup
    filled: Mapping[str, tuple[Markup, str]]
    meanings: Mapping[str, str]
    levels: Mapping[str, str]
    codes: Sequence[str]


def shown_formula(source: str, schema: Schema, constants: Mapping[str, Mapping[str, float]]) -> ShownFormula | None:
    """The formula of a form with the constants of some groups; None where it cannot be read or typeset."""
    stated = read(source, schema.targets)
    symbols = None if isinstance(stated, Unreadable) else mathml_of(stated.targets, schema)
    if symbols is None or isinstance(stated, Unreadable):
        return None
    filled = {}
    for group, values in constants.items():
        math = mathml_of(stated.targets, schema, values, DIGITS)
        if math is not None:
            filled[group] = math, labelled(formula(stated, values, DIGITS), schema)
    codes = codes_in(labelled(formula(stated), schema), schema)
    return ShownFormula(symbols, filled, *_meanings(stated, schema, constants), codes)


def _meanings(
    stated: Statement, schema: Schema, constants: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Constant -> what it does; target -> the constant that it tends to."""
    meanings, levels = dict[str, str](), dict[str, str]()
    roles = {parameter.name: parameter.role for parameter in stated.parameters}
    for target, tree in stated.targets.items():
        for parameter in parameters(tree):
            role = roles.get(parameter.name, parameter.role)
            if role is Role.CENTRE:
                words = _place(tree, parameter)
            else:
                about = _about(tree, parameter.name, scaled=role in _SCALED)
                half = any(_halves(part, parameter) for part in walk(tree))
                least = not any(values.get(one.name, 0) < 0 for values in constants.values() for one in _factors(tree))
                words = _in_words(role, short(target), about, least)
                words = f"where half of the change with {_listed(about)} is reached" if half else words
            words = _of_label(tree, parameter, schema) or words
            meanings.setdefault(parameter.name, words)
            if (
                role is Role.LEVEL
                and isinstance(tree, Sum)
                and any(isinstance(term, Parameter) and term.name == parameter.name for term in tree.terms)
            ):
                levels.setdefault(target, parameter.name)
    return meanings, levels


_WORDS = {
    Role.AMPLITUDE: "size of the term in {}",
    Role.COEFFICIENT: "slope of the term in {}",
    Role.EXPONENT: "exponent of {}",
    Role.RATE: "rate of change with {}",
    Role.SCALE: "scale of {}",
    Role.SHIFT: "shift of {}",
    Role.WIDTH: "width in {} of the step or of the bump",
    Role.SHAPE: "shape of the curve in {}",
}


_SCALED = {Role.COEFFICIENT, Role.RATE, Role.SCALE, Role.SHIFT, Role.WIDTH}
"""Constants that another unit of the feature would change."""


def _factors(tree: Node) -> list[Parameter]:
    """The constants that multiply terms of the law."""
    return [one for term in terms_of(tree) for one in factors_of(term) if isinstance(one, Parameter) and one != term]


def _in_words(role: Role, target: str, about: Sequence[str], least: bool) -> str:
    """What a constant does, for somebody who trains models. least: whether no term of the law is subtracted, so that it
    does not fall below its level."""
    if role is Role.LEVEL:
        kind = f"irreducible {target}" if least and "loss" in target.lower() else f"level of {target}"
        return f"{kind}: what remains where the other terms vanish"
    return _WORDS[role].format(_listed(about))


def _place(tree: Node, centre: Parameter) -> str:
    """What a centre does: where a feature is at its optimum, or how that place moves with another one. The feature
    stands in the smallest sum around the centre that has a term without constants: log(lr) in log(lr) - (m + m2
    log(N))."""
    around = [part for part in walk(tree) if centre in parameters(part)]
    sums = [part for part in around if isinstance(part, Sum)]
    alone = [[part for term in one.terms if not parameters(term) for part in _scaled(term)] for one in sums]
    own = _listed(next(filter(None, reversed(alone)), _about(tree, centre.name, scaled=True)))
    squared = any(isinstance(part, Power) and part.exponent == Number(2.0) for part in around)
    if not squared and not any(map(_is_step, around)):
        return f"shift of {own}"
    what = "optimum" if squared else "step"
    if any(centre in part.terms or mul(Number(-1.0), centre) in part.terms for part in sums):
        return f"where {own} is at its optimum" if squared else f"where the step in {own} lies"
    return f"how the place of the {what} in {own} moves with {_listed(_about(tree, centre.name, scaled=True))}"


def _is_step(part: Node) -> bool:
    """Whether a part steps or bends: 1 + exp(…), exp(-exp(…)), tanh, max and their like."""
    match part:
        case Sum(terms):
            return any(isinstance(term, Number) for term in terms) and _has_exp(part)
        case Function("exp", (inner,)):
            return _has_exp(inner)
        case Function(name, _):
            return name != "log"
    return False


def _has_exp(part: Node) -> bool:
    return any(isinstance(one, Function) and one.name == "exp" for one in walk(part))


def _halves(part: Node, constant: Parameter) -> bool:
    """Whether a part is 1 / (h + x), or 1 / (1 + (x / h)^a): half of what it is at 0 where x is h."""
    match part:
        case Power(Sum((one, other)), Number(-1.0)):
            for first, second in ((one, other), (other, one)):
                if first == constant and isinstance(second, Feature):
                    return True
                base = second.base if isinstance(second, Power) else second
                if first == Number(1.0) and Power(constant, Number(-1.0)) in factors_of(base):
                    signed = any(isinstance(factor, Number) and factor.value < 0 for factor in factors_of(base))
                    return bool(features(base)) and len(parameters(base)) == 1 and not signed
    return False


def _scaled(part: Node) -> list[str]:
    """The features of a part as its formula shows them: ``N/1e9``, and ``log(N/1e9)`` where it asks for no more."""
    plain = [one for one in walk(part) if isinstance(one, Feature)]
    logs = [Function("log", (one,)) for one in plain]
    inside = [one for one in walk(part) if one in logs]
    return [text(log if log in inside else one) for one, log in zip(plain, logs, strict=True)]


def _of_label(tree: Node, constant: Parameter, schema: Schema) -> str:
    """``change where variety = Wilma`` for a factor of such a label; "" for others."""
    products = (part.factors for part in walk(tree) if isinstance(part, Product) and constant in part.factors)
    for factor in (factor for factors in products for factor in factors):
        match factor:
            case Function("equal", (Feature(name), Number(code))):
                return f"change where {short(name, 28)} = {short(str(schema.written(name, [code])[0]), 28)}"
    return ""


def _listed(names: Sequence[str]) -> str:
    return listing([short(name, 28) for name in dict.fromkeys(names)]) or "the law"


def _about(tree: Node, name: str, scaled: bool) -> list[str]:
    """The features nearest to a parameter, as the formula shows them if `scaled`: of the smallest parts around it, or
    of the power whose exponent it is."""

    def has(part: Node) -> bool:
        return any(one.name == name for one in parameters(part))

    around = [part for part in walk(tree) if has(part) and features(part)]
    powers = [part for part in around if isinstance(part, Power) and has(part.exponent)]
    found: Sequence[Node] = powers or [part for part in around if not any(child in around for child in children(part))]
    return list(dict.fromkeys(one for part in found for one in (_scaled(part) if scaled else features(part))))


LONGEST_CODE = 64 * 2**10  # characters that are coloured; the rest is plain


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
