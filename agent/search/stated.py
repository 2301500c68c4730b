"""What a candidate's `form` states, read from its source; nothing is executed."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from lawsmith.sandbox.law.syntax import parse

MAX_NODES = 4000  # more is not looked at: bounds the time to read one
LOGARITHMS = frozenset({"log", "log2", "log10", "log1p"})


def levels_off(source: str) -> bool:
    """Whether the law may level off at any value: to every target a free constant is added, and no term beside it
    grows or falls for ever as the logarithm of a feature does.

    True also where the source does more than return one expression and nobody can tell.
    """
    read = _read(source)
    return read is None or all(
        any(_is_constant(term, read.p) for term in _terms(target)) and not _is_endless(target, read.x)
        for target in read.targets
    )


def leaves_out(source: str, features: Collection[str]) -> int:
    """How many of the features the law does not look at; 0 where nobody can tell."""
    read = _read(source)
    if read is None:
        return 0
    nodes = [node for target in read.targets for node in ast.walk(target)]
    looked_at = [_feature(node, read.x) for node in nodes]
    whole = sum(isinstance(node, ast.Name) and node.id == read.x for node in nodes)
    if whole > sum(name is not None for name in looked_at):
        return 0
    return len(set(features) - set(looked_at))


@dataclass(frozen=True)
class _Read:
    """What a form returns for each target, and what it calls its features and its constants."""

    targets: tuple[ast.expr, ...]
    x: str
    p: str


@lru_cache(maxsize=1024)
def _read(source: str) -> _Read | None:
    """None where the source does more than return one expression."""
    try:
        tree = parse(source)
        form = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "form"), None)
        if form is None or len(form.args.args) != 2 or not small(tree):
            return None
        stated = straight_line(form)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if stated is None:
        return None
    x, p = (argument.arg for argument in form.args.args)
    return _Read(tuple(stated.values) if isinstance(stated, ast.Dict) else (stated,), x, p)


def _feature(node: ast.AST, x: str) -> str | None:
    """The name in `x["name"]`."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as feature)) if name == x:
            return feature
        case _:
            return None


def _is_endless(node: ast.expr, x: str) -> bool:
    """Whether the logarithm of a feature, or a positive power of one, is a factor of a term; what divides, or stands
    inside another function or power, such as the squared distance from an optimum, is no trend."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
            return _is_endless(left, x) or _is_endless(right, x)
        case ast.BinOp(
            left=ast.Call() as base, op=ast.Pow(), right=ast.Constant(value=int() | float() as power)
        ):
            return power > 0 and _is_endless(base, x)
        case ast.BinOp(left=dividend, op=ast.Div()):
            return _is_endless(dividend, x)
        case ast.UnaryOp(operand=operand):
            return _is_endless(operand, x)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in LOGARITHMS and any(isinstance(n, ast.Name) and n.id == x for n in ast.walk(node))
        case _:
            return False


def _terms(node: ast.expr) -> list[ast.expr]:
    """The terms of a sum, signs left out."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return [*_terms(left), *_terms(right)]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _terms(operand)
        case _:
            return [node]


def _is_constant(node: ast.expr, p: str) -> bool:
    """`p[...]`: one of the form's constants, alone."""
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == p


def small(node: ast.AST) -> bool:
    """Whether `node` has at most MAX_NODES nodes; stops counting there, for substitution multiplies."""
    return next(islice(ast.walk(node), MAX_NODES, None), None) is None


def straight_line(function: ast.FunctionDef) -> ast.expr | None:
    """What the function returns, with its local variables substituted; None if it does more than assign."""
    values: dict[str, ast.expr] = {}
    for node in function.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # docstring
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = _Substitute(values).visit(node.value)
        elif isinstance(node, ast.Return) and node.value is not None:
            expression: ast.expr = _Substitute(values).visit(node.value)
            return expression if small(expression) else None
        else:
            return None
    return None


class _Substitute(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._values.get(node.id, node)
