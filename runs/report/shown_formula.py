"""The law as one would put it on a slide: with its constants filled in, as symbols, and in words for each constant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lawsmith.runs.report.mathml import mathml_of, short
from lawsmith.sandbox.law.expression import children, features, parameters, walk
from lawsmith.sandbox.law.formula import formula
from lawsmith.sandbox.law.nodes import Node, Parameter, Role, Sum
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.statement import Unreadable

DIGITS = 3
"""Significant digits of a constant in the formula; the table of constants and law.py have more."""


@dataclass(frozen=True)
class ShownFormula:
    """symbols: MathML with names. filled: the same with the constants of each group of `groups`, as MathML and as text
    to copy. meanings: constant -> what it does, in words. levels: target -> the constant that the law tends to.
    """

    symbols: Markup
    filled: Mapping[str, tuple[Markup, str]]
    meanings: Mapping[str, str]
    levels: Mapping[str, str]


def shown_formula(
    source: str, targets: Sequence[str], constants: Mapping[str, Mapping[str, float]]
) -> ShownFormula | None:
    """The formula of a form with the constants of some groups; None where it cannot be read or typeset."""
    stated = formula(source, targets)
    symbols = mathml_of(stated.targets) if stated.reason is None else None
    if symbols is None:
        return None
    filled = {}
    for group, values in constants.items():
        math = mathml_of(stated.targets, values, DIGITS)
        if math is not None:
            filled[group] = math, stated.text(values, DIGITS)
    return ShownFormula(symbols, filled, *_meanings(source, targets))


def _meanings(source: str, targets: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Constant -> what it does; target -> the constant that it tends to. Nothing of a law that is opaque."""
    meanings, levels = dict[str, str](), dict[str, str]()
    stated = read(source, targets)
    if isinstance(stated, Unreadable):
        return meanings, levels
    roles = {parameter.name: parameter.role for parameter in stated.parameters}
    for target, tree in stated.targets.items():
        for parameter in parameters(tree):
            role = roles.get(parameter.name, parameter.role)
            meanings.setdefault(parameter.name, _in_words(role, short(target), _about(tree, parameter.name)))
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
    Role.CENTRE: "where {} is at its optimum, or where the step lies",
    Role.WIDTH: "width in {} of the step or of the bump",
    Role.SHAPE: "shape of the curve in {}",
}


def _in_words(role: Role, target: str, about: Sequence[str]) -> str:
    """What a constant does, for somebody who trains models."""
    if role is Role.LEVEL:
        kind = f"irreducible {target}" if "loss" in target.lower() else f"level of {target}"
        return f"{kind}: what remains where the other terms vanish"
    names = [short(name, 28) for name in about]
    return _WORDS[role].format(" and ".join(names) or "the law")


def _about(tree: Node, name: str) -> list[str]:
    """The features nearest to each place of a parameter: those of the smallest parts around it that have any."""

    def told(part: Node) -> bool:
        return any(one.name == name for one in parameters(part)) and bool(features(part))

    found = [part for part in walk(tree) if told(part) and not any(map(told, children(part)))]
    return list(dict.fromkeys(one for part in found for one in features(part)))
