"""The law as one would put it on a slide: with its constants filled in, as symbols, and in words for each constant."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lawsmith.runs.formula import formula
from lawsmith.runs.formula_walk import features_in
from lawsmith.runs.report.typeset import mathml_of, short

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
        math = mathml_of({target: _filled(node, rounded) for target, node in stated.targets.items()})
        if math is not None:
            filled[group] = math, stated.text(rounded, DIGITS)
    meanings, levels = dict[str, str](), dict[str, str]()
    for target, node in stated.targets.items():
        for name, words in _meanings(node, short(target)):
            meanings.setdefault(name, words)
            if words.startswith("level"):
                levels.setdefault(target, name)
    return ShownFormula(symbols, filled, meanings, levels)


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


def _meanings(node: ast.expr, target: str) -> Iterator[tuple[str, str]]:
    """Each parameter with its part: level, size of a term, exponent, shift, or what else."""
    for term in _terms(node):
        if (name := _parameter(term)) is not None:
            yield name, f"level that {target} tends to where the other terms vanish"
        else:
            yield from _in_term(term)


def _terms(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            yield from _terms(left)
            yield from _terms(right)
        case _:
            yield node


def _in_term(node: ast.expr) -> Iterator[tuple[str, str]]:
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            for side in (left, right):
                if (name := _parameter(side)) is not None:
                    yield name, f"size of the term in {_features(node)}"
                else:
                    yield from _in_term(side)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            if (name := _parameter(left)) is not None:
                yield name, f"size of the term in {_features(node)}"
            else:
                yield from _in_term(left)
            yield from _inside(right)
        case _:
            yield from _inside(node)


def _inside(node: ast.expr) -> Iterator[tuple[str, str]]:
    """Parameters of a curved part."""
    match node:
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            for found in _parameters(exponent):
                yield found, f"exponent of {_features(base) or 'the term'}"
            yield from _inside(base)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            for side, other in ((left, right), (right, left)):
                if (name := _parameter(side)) is not None:
                    yield name, f"shift of {_features(other) or 'the term'}"
                else:
                    yield from _inside(side)
        case ast.BinOp(left=left, right=right):
            for side, other in ((left, right), (right, left)):
                if (name := _parameter(side)) is not None:
                    yield name, f"scale of {_features(other) or 'the term'}"
                else:
                    yield from _inside(side)
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from _inside(child)


def _parameter(node: ast.expr) -> str | None:
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return node.id[2:] if isinstance(node, ast.Name) and node.id.startswith("p:") else None


def _parameters(node: ast.expr) -> list[str]:
    return [leaf.id[2:] for leaf in ast.walk(node) if isinstance(leaf, ast.Name) and leaf.id.startswith("p:")]


def _features(node: ast.expr) -> str:
    return " and ".join(dict.fromkeys(short(name, 28) for name in features_in(node)))
