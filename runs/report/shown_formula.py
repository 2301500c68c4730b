"""The law as one would put it on a slide: with its constants filled in, as symbols, and in words for each constant."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lawsmith.runs.formula import formula
from lawsmith.runs.report.typeset import mathml_of, short
from lawsmith.sandbox.law.expression import Feature, Node, Parameter, Sum, parameters, walk
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.roles import Role
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
        rounded = {name: _rounded(value) for name, value in values.items()}
        math = mathml_of(
            {target: _Folded().visit(_filled(node, rounded)) for target, node in stated.targets.items()}
        )
        if math is not None:
            filled[group] = math, stated.text(rounded, DIGITS)
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


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _filled(node: ast.expr, values: Mapping[str, float]) -> ast.expr:
    class Fill(ast.NodeTransformer):
        def visit_Name(self, leaf: ast.Name) -> ast.expr:
            kind, _, name = leaf.id.partition(":")
            if kind != "p" or name not in values:
                return leaf
            constant: ast.expr = ast.Constant(abs(values[name]))
            return ast.UnaryOp(ast.USub(), constant) if values[name] < 0 else constant

    found: ast.expr = Fill().visit(copy.deepcopy(node))
    return found


class _Folded(ast.NodeTransformer):
    """Numbers worked out, and (x^a)^b as x^(ab) where a is a fraction, for then x is no negative number."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        a, b = _value(left), _value(right)
        if a is not None and b is not None and (found := _worked_out(a, node.op, b)) is not None:
            return _constant(found)
        match left:
            case ast.BinOp(left=base, op=ast.Pow(), right=inner) if (
                isinstance(node.op, ast.Pow) and b is not None
            ):
                first = _value(inner)
                if first is not None and not first.is_integer():
                    return ast.BinOp(base, ast.Pow(), _constant(_rounded(first * b)))
        return ast.BinOp(left, node.op, right)


def _value(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _value(operand)
            return None if found is None else -found
    return None


def _worked_out(a: float, op: ast.operator, b: float) -> float | None:
    """The quotient or product of two numbers with the formula's digits; None of other operations."""
    if isinstance(op, ast.Div) and b:
        return _rounded(a / b)
    if isinstance(op, ast.Mult):
        return _rounded(a * b)
    return None


def _constant(value: float) -> ast.expr:
    made: ast.expr = ast.Constant(abs(value))
    return ast.UnaryOp(ast.USub(), made) if value < 0 else made


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
    """The features nearest to a parameter: of the smallest part around one of its places that has any."""
    found: list[str] = []
    size = float("inf")
    for part in walk(tree):
        if any(one.name == name for one in parameters(part)):
            known = list(dict.fromkeys(one.name for one in walk(part) if isinstance(one, Feature)))
            length = sum(1 for _ in walk(part))
            if known and length < size:
                found, size = known, length
    return found
