"""Splits our own print of a law (`write_candidate`) into operations, so that a fit computes each of them once."""

import ast
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lawsmith.sandbox.law.syntax import parse

Values = Mapping[str, Any]
Define = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Executes definitions among known names, and returns all names."""

PRODUCT = "({} * {})"
BINARY = {ast.Add: "({} + {})", ast.Sub: "({} - {})", ast.Mult: PRODUCT, ast.Div: "({} / {})", ast.Pow: "({} ** {})"}
DEEPEST = 30  # operations within each other in one expression: Python reads some 200 parentheses


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
    """What is done to operands, given by their numbers; a leaf has none. text: with {} in the place of each operand.
    parameter: that the leaf is."""

    text: str
    operands: tuple[int, ...] = ()
    parameter: str = ""


class PrintedGradient:
    """A printed `gradient` with the `form` before it; call it for all slopes.

    Raises NotImplementedError for what our print never holds.
    """

    def __init__(self, form: ast.FunctionDef, gradient: ast.FunctionDef, names: dict[str, Any], define: Define) -> None:
        self._names, self._gradient, self._define = names, names[gradient.name], define
        self._operations: list[_Operation] = []
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
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
            zero = self._numbered(_Operation("0.0"))
            asked = [self._value] if value else []
            one, two = ([self._slopes.get(name, zero) for name in names] for names in (linear, nonlinear))
            changing = set[int]()  # what depends on a linear constant
            for number, operation in enumerate(self._operations):
                if operation.parameter in linear or not changing.isdisjoint(operation.operands):
                    changing.add(number)
            done = self._below([*asked, *one]) - changing
            done = {k for k in done if self._operations[k].operands}
            kept = sorted(done & self._below(two, done))
            parts = self._function("first", one, (), [*asked, *kept]), self._function("second", two, kept, ())
            made = self._define("\n".join(parts), self._names | {"multiply": np.multiply})
            self._splits[key] = SplitGradient(made["first"], made["second"])
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
        match node:
            case ast.Name(name) if name in local:
                return local[name]
            case ast.Constant(value):
                found = _Operation(repr(value))
            case ast.Attribute(ast.Name("np"), "inf"):
                found = _Operation("np.inf")
            case ast.Subscript(ast.Name("x" | "p" as table), ast.Constant(name)):
                found = _Operation(f"{table}[{name!r}]", parameter=str(name) if table == "p" else "")
            case ast.UnaryOp(ast.USub(), operand):
                found = _Operation("(-{})", self._all([operand], local))
            case ast.BinOp(left, kind, right) if type(kind) in BINARY:
                found = _Operation(BINARY[type(kind)], self._all([left, right], local))
            case ast.Call(called, arguments, []):
                places = ", ".join("{}" for _ in arguments)
                found = _Operation(f"{ast.unparse(called)}({places})", self._all(arguments, local))
            case _:
                raise NotImplementedError(ast.dump(node))
        return self._numbered(found)

    def _numbered(self, operation: _Operation) -> int:
        number = self._numbers.setdefault((operation.text, operation.operands), len(self._operations))
        if number == len(self._operations):
            self._operations.append(operation)
        return number

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

    def _function(self, title: str, slopes: Sequence[int], given: Sequence[int], returned: Sequence[int]) -> str:
        """A function of x, p, out and what is `given`, that writes the slopes and returns the numbers asked for."""
        needed = sorted(self._below([*slopes, *returned], given))
        uses = Counter([*slopes, *returned])
        uses.update(o for k in needed if k not in given for o in self._operations[k].operands)
        written, depth = {k: f"v{k}" for k in given}, Counter[int]()
        lines = [f"def {title}({', '.join(['x', 'p', 'out', *written.values()])}):"]
        for number in needed:
            if number in written:
                continue
            operation = self._operations[number]
            operands = operation.operands
            depth[number] = 1 + max((depth[o] for o in operands), default=0)
            written[number] = operation.text.format(*(written[o] for o in operands)) if operands else operation.text
            if operands and (uses[number] > 1 or depth[number] > DEEPEST):
                lines.append(f" v{number} = {written[number]}")
                written[number], depth[number] = f"v{number}", 0
        for place, number in enumerate(slopes):
            row, operation = f"out[:, :, {place}]", self._operations[number]
            if depth[number] and operation.text == PRODUCT:  # without a copy
                lines.append(f" multiply({', '.join(written[o] for o in operation.operands)}, {row})")
            else:
                lines.append(f" {row} = {written[number]}")
        lines.append(f" return ({''.join(f'{written[number]}, ' for number in returned)})")
        return "\n".join(lines)


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
