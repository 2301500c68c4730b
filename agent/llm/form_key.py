"""A name for what a candidate states, equal for candidates that differ only in spelling.

Names of parameters and variables, comments, annotations, order of sums and products, `a - b` against `a +
(-b)`, `a / b` against `a * b**-1` and `np.power` against `**` make no difference. Bounds make none either:
they guide the fit, they do not change the form. Nothing is executed.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass

from lawsmith.agent.search.stated import small, straight_line
from lawsmith.sandbox.law.syntax import parse


def canonical_key(source: str) -> str:
    """Hexadecimal name of what `source` states; unparsable or huge source is named by its exact text."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _digest(source)
    if not small(tree):
        return _digest(source)
    try:
        return _digest(_expression(tree) or _whole(parse(source)))
    except RecursionError:
        return _digest(source)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _expression(tree: ast.Module) -> str | None:
    """The one expression that a plain form returns; None for anything else. May change `tree`."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    form = functions.get("form")
    expression = None
    if form is not None and len(form.args.args) == 2 and set(functions) <= {"form", "gradient"}:
        expression = straight_line(form)
    if form is None or expression is None:
        return None
    x, p = (argument.arg for argument in form.args.args)
    text = _Writer(x, p).write(expression)
    numbers: dict[str, str] = {}
    text = re.sub(r"<p:[^>]*>", lambda match: numbers.setdefault(match[0], f"p{len(numbers)}"), text)
    shared = sorted(numbers[f"<p:{name}>"] for name in _strings(tree, "SHARED") if f"<p:{name}>" in numbers)
    return f"{text} shared={shared} loss={sorted(_strings(tree, 'LOSS'))}"


def _strings(tree: ast.Module, name: str) -> set[str]:
    """String constants in the module-level assignment to `name`."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            values = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
            return {value for value in values if isinstance(value, str)}
    return set()


@dataclass(frozen=True)
class _Writer:
    """Writes an expression in one normal spelling; parameters are `<p:name>` until they are numbered."""

    x: str
    p: str

    def write(self, node: ast.expr) -> str:
        match node:
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sorted("+", self._terms(node))
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return self._sorted("*", self._factors(node))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return f"({self.write(left)}^{self.write(right)})"
            case ast.Constant(value=bool() as value):
                return repr(value)
            case ast.Constant(value=int() | float() as value):
                return repr(float(value))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return repr(-float(value))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._sorted("*", ["-1.0", *self._factors(operand)])
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.write(operand)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as key)):
                return f"<p:{key}>" if name == self.p else f"x[{key}]" if name == self.x else f"{name}[{key}]"
            case ast.Call():
                return self._call(node)
            case _:
                return self._other(node)

    def _call(self, node: ast.Call) -> str:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        arguments = [self.write(argument) for argument in node.args]
        if name in ("power", "pow") and len(arguments) == 2:
            return f"({arguments[0]}^{arguments[1]})"
        if name == "asarray" and arguments:
            return arguments[0]
        keywords = [f"{keyword.arg}={self.write(keyword.value)}" for keyword in node.keywords]
        return f"{name}({','.join([*arguments, *keywords])})"

    def _other(self, node: ast.expr) -> str:
        """Any other construct by its type and its parts, in order."""
        parts = [self.write(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        own = [str(value) for _, value in ast.iter_fields(node) if isinstance(value, str | int | float)]
        operators = [
            type(child).__name__ for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)
        ]
        return f"{type(node).__name__}[{';'.join([*own, *operators, *parts])}]"

    def _terms(self, node: ast.expr) -> list[str]:
        match node:
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return [*self._terms(left), *self._terms(right)]
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return [*self._terms(left), self.write(ast.UnaryOp(ast.USub(), right))]
            case _:
                return [self.write(node)]

    def _factors(self, node: ast.expr) -> list[str]:
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return [*self._factors(left), *self._factors(right)]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return [*self._factors(left), *(_inverse(factor) for factor in self._factors(right))]
            case _:
                return [self.write(node)]

    @staticmethod
    def _sorted(operator: str, parts: list[str]) -> str:
        """Parts in an order that does not depend on the parameters' names."""
        ordered = sorted(parts, key=lambda part: (re.sub(r"<p:[^>]*>", "<p>", part), part))
        return f"({operator.join(part for part in ordered if not (operator == '*' and part == '1.0'))})"


def _inverse(factor: str) -> str:
    return f"({factor}^-1.0)"


def _whole(tree: ast.Module) -> str:
    """The module without docstrings and annotations, for candidates that are more than one expression."""
    bare = _Strip().visit(tree)
    body = [node for node in bare.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.dump(ast.Module(body=body, type_ignores=[]))


class _Strip(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.body = [part for part in node.body if not _is_docstring(part)] or [ast.Pass()]
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.generic_visit(node)
        node.body = [part for part in node.body if not _is_docstring(part)]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        return ast.Assign(targets=[node.target], value=node.value) if node.value is not None else node


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
