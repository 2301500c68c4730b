"""Our own print of a law (`write_candidate`) taken apart into operations, so that a fit repeats none of them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lawsmith.sandbox.law.syntax import parse

Values = Mapping[str, Any]
Define = Callable[[ast.Module, dict[str, Any]], dict[str, Any]]
"""Executes definitions among known names, and returns all names."""


@dataclass(frozen=True)
class SplitGradient:
    """Two functions that write slopes into the last axis but one of `out` (B, M, slopes, n), and share work.

    first(x, p, out): returns the form's value, where it was asked for, and then what it kept. second(x, p, out, *kept):
    returns nothing.
    """

    first: Callable[..., tuple[Any, ...]]
    second: Callable[..., tuple[Any, ...]]


@dataclass(frozen=True)
class _Operation:
    """What is done to operands, given by their numbers; a leaf has none. parameter: that the leaf is."""

    build: Callable[..., ast.expr]
    operands: tuple[int, ...] = ()
    parameter: str = ""


class PrintedGradient:
    """A printed `gradient` with the `form` before it; call it for all slopes.

    Raises NotImplementedError for what our print never holds.
    """

    def __init__(self, form: ast.FunctionDef, gradient: ast.FunctionDef, names: dict[str, Any], define: Define) -> None:
        self._names, self._gradient, self._define = names, names[gradient.name], define
        self._operations: list[_Operation] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self._value = self._returned(form)[""]
        self._slopes = self._returned(gradient)
        self._splits: dict[tuple[object, ...], SplitGradient] = {}

    def __call__(self, x: Values, p: Values) -> Mapping[str, Any]:
        return self._gradient(x, p)  # type: ignore[no-any-return]

    @property
    def parameters(self) -> Collection[str]:
        """The constants that the form depends on."""
        return self._slopes.keys()

    def split(self, linear: tuple[str, ...], nonlinear: tuple[str, ...], *, value: bool) -> SplitGradient:
        """The slopes by the `linear` constants, after the form's value where that is asked for, and those by the
        `nonlinear` ones, which may be given other linear constants.

        The operations are those of the source, on the same operands and in the same order, and so the digits are too.
        """
        key = (linear, nonlinear, value)
        if key not in self._splits:
            zero = self._number(ast.Constant(0.0), {})
            asked = [self._value] if value else []
            one, two = ([self._slopes.get(name, zero) for name in names] for names in (linear, nonlinear))
            done = self._below([*asked, *one]) - self._changing(linear)
            done = {k for k in done if self._operations[k].operands}
            kept = sorted(done & self._below(two, done))
            self._splits[key] = SplitGradient(self._function(one, (), [*asked, *kept]), self._function(two, kept, ()))
        return self._splits[key]

    def _returned(self, function: ast.FunctionDef) -> dict[str, int]:
        """Key -> number of what a function of assignments returns, "" where that is no dict."""
        local: dict[str, int] = {}
        *assigned, last = function.body
        for statement in assigned:
            match statement:
                case ast.Assign([ast.Name(name)], value):
                    local[name] = self._number(value, local)
                case _:
                    raise NotImplementedError(ast.dump(statement))
        match last:
            case ast.Return(ast.Dict(keys, values)):
                pairs = zip(keys, values, strict=True)
                return {ast.literal_eval(k): self._number(v, local) for k, v in pairs if k is not None}
            case ast.Return(ast.expr() as value):
                return {"": self._number(value, local)}
        raise NotImplementedError(ast.dump(last))

    def _number(self, node: ast.expr, local: Mapping[str, int]) -> int:
        """The number of an expression; equal ones have one number, and operands come before what is done to them."""
        key: tuple[object, ...]
        match node:
            case ast.Name(name) if name in local:
                return local[name]
            case ast.Constant() | ast.Subscript(ast.Name("x")) | ast.Attribute(ast.Name("np"), "inf"):
                key, found = (ast.dump(node),), _Operation(lambda: node)
            case ast.Subscript(ast.Name("p"), ast.Constant(name)):
                key, found = (ast.dump(node),), _Operation(lambda: node, parameter=str(name))
            case ast.UnaryOp(sign, operand):
                numbers = self._all([operand], local)
                key, found = (type(sign), *numbers), _Operation(lambda a: ast.UnaryOp(sign, a), numbers)
            case ast.BinOp(left, kind, right):
                numbers = self._all([left, right], local)
                key, found = (type(kind), *numbers), _Operation(lambda a, b: ast.BinOp(a, kind, b), numbers)
            case ast.Call(called, arguments, []):
                numbers = self._all(arguments, local)
                key = (ast.dump(called), *numbers)
                found = _Operation(lambda *some: ast.Call(called, list(some), []), numbers)
            case _:
                raise NotImplementedError(ast.dump(node))
        if key not in self._numbers:
            self._numbers[key] = len(self._operations)
            self._operations.append(found)
        return self._numbers[key]

    def _all(self, nodes: Sequence[ast.expr], local: Mapping[str, int]) -> tuple[int, ...]:
        return tuple(self._number(node, local) for node in nodes)

    def _below(self, results: Sequence[int], known: Collection[int] = ()) -> set[int]:
        """All that `results` take, with themselves, but for what `known` ones take."""
        found, waiting = set[int](), list(results)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += () if number in known else self._operations[number].operands
        return found

    def _changing(self, constants: Collection[str]) -> set[int]:
        """What depends on one of these constants."""
        found = set[int]()
        for number, operation in enumerate(self._operations):
            if operation.parameter in constants or not found.isdisjoint(operation.operands):
                found.add(number)
        return found

    def _function(self, slopes: Sequence[int], given: Sequence[int], returned: Sequence[int]) -> Any:
        """A function of x, p, out and what is `given`, that writes the slopes and returns the numbers asked for."""
        needed = sorted(self._below([*slopes, *returned], given))
        uses = Counter([*slopes, *returned])
        uses.update(o for k in needed if k not in given for o in self._operations[k].operands)
        written: dict[int, ast.expr] = {k: _name(k) for k in given}
        body: list[ast.stmt] = []
        for number in needed:
            if number in written:
                continue
            operation = self._operations[number]
            written[number] = operation.build(*(written[o] for o in operation.operands))
            if operation.operands and uses[number] > 1:
                body.append(ast.Assign([ast.Name(f"v{number}", ast.Store())], written[number]))
                written[number] = _name(number)
        body += [_stored(place, written[number]) for place, number in enumerate(slopes)]
        body.append(ast.Return(ast.Tuple([written[number] for number in returned], ast.Load())))
        names = [ast.arg(name) for name in ("x", "p", "out", *(f"v{k}" for k in given))]
        arguments = ast.arguments([], names, kwonlyargs=[], kw_defaults=[], defaults=[])
        made = ast.Module([ast.FunctionDef("part", arguments, body, [])], [])
        return self._define(ast.fix_missing_locations(made), self._names | {"multiply": np.multiply})["part"]


def _stored(place: int, value: ast.expr) -> ast.stmt:
    """`out[:, :, place] = value`, a product without a copy."""
    index = ast.Tuple([ast.Slice(), ast.Slice(), ast.Constant(place)], ast.Load())
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        row = ast.Subscript(ast.Name("out", ast.Load()), index, ast.Load())
        called = ast.Name("multiply", ast.Load())
        return ast.Expr(ast.Call(called, [value.left, value.right, row], []))
    return ast.Assign([ast.Subscript(ast.Name("out", ast.Load()), index, ast.Store())], value)


def printed_gradients(source: str, names: dict[str, Any], define: Define) -> dict[str, PrintedGradient]:
    """Name -> each `gradient` function of a print of ours; none where it nests too deep to be taken apart.

    names: what the source imports and defines. Raises NotImplementedError for what our print never holds.
    """
    functions = {node.name: node for node in parse(source).body if isinstance(node, ast.FunctionDef)}
    try:
        return {
            name: PrintedGradient(functions[name.replace("gradient", "form")], node, names, define)
            for name, node in functions.items()
            if name.startswith("gradient")
        }
    except RecursionError:
        return {}


def _name(number: int) -> ast.Name:
    return ast.Name(f"v{number}", ast.Load())
