"""Proves, from the text alone, that a form is arithmetic on each row: the one judgement that is relied on, not a hint.

What passes may share a process with other fits of the same form (docs/security.md). So the proof lists what is
allowed and refuses the rest: nothing in the language below can name, keep or change anything beyond one call's own
values, and nothing in it can bring two rows together.

- module: a docstring, `import numpy`, `import math`, NAME = literal, functions; each name bound once, before its use.
- function: plain arguments, local = expression, one return at the end; no loop, no branch, nothing nested.
- expression: numbers, locals, argument["column"], + - * / // % **, one comparison, the numpy functions of ELEMENTWISE
  with exactly their operands (so never `out`), functions defined above.
"""

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import cast

_UNARY = (
    "abs absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh exp exp2 expm1 fabs floor log log10 "
    "log1p log2 negative ones_like reciprocal rint sign sin sinh sqrt square tan tanh zeros_like"
)
_BINARY = (
    "add arctan2 divide float_power fmax fmin full_like heaviside hypot logaddexp logaddexp2 maximum minimum multiply "
    "power subtract true_divide"
)
ELEMENTWISE = {
    **dict.fromkeys(_UNARY.split(), 1),
    **dict.fromkeys(_BINARY.split(), 2),
    **dict.fromkeys(("where", "clip"), 3),
}
"""numpy functions whose result at a place depends on the operands at that place: name -> number of operands."""
_CONSTANTS = {
    "numpy": frozenset({"pi", "e", "inf", "euler_gamma"}),
    "math": frozenset({"pi", "e", "inf", "tau"}),
}
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def is_pure(tree: ast.Module) -> bool:
    """Whether every statement of a parsed candidate lies within the language above; False for anything unknown."""
    try:
        _Module().read(tree)
    except (_Unproven, RecursionError):
        return False
    return True


class _Unproven(Exception):
    """Something that is not on the list."""


def _require(allowed: bool) -> None:
    if not allowed:
        raise _Unproven


class _Module:
    """The names that the module has bound so far, each for good."""

    def __init__(self) -> None:
        self.modules: dict[str, str] = {}
        self.numbers: set[str] = set()
        self.functions: dict[str, int] = {}
        self.others: set[str] = set()

    def read(self, tree: ast.Module) -> None:
        statements: dict[type[ast.stmt], Callable[..., None]] = {
            ast.Import: self._import,
            ast.Assign: self._assign,
            ast.FunctionDef: self._function,
        }
        for statement in _without_docstring(tree.body):
            _require(type(statement) in statements)
            statements[type(statement)](statement)

    def bound(self, name: str) -> bool:
        return name in self.modules or name in self.numbers or name in self.functions or name in self.others

    def _new(self, name: str) -> str:
        _require(not name.startswith("__") and not self.bound(name))
        return name

    def _import(self, statement: ast.Import) -> None:
        for alias in statement.names:
            _require(alias.name in _CONSTANTS)
            self.modules[self._new(alias.asname or alias.name)] = alias.name

    def _assign(self, statement: ast.Assign) -> None:
        name, value = _assignment(statement)
        self._new(name)
        number = _holds(self._number, value)
        if not number:
            self._literal(value)
        (self.numbers if number else self.others).add(name)

    def _number(self, node: ast.expr) -> None:
        """A constant number: arithmetic of numbers, and of names that stand for such."""
        _Expression(self, frozenset(), ()).read(node)

    def _literal(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=str() | bool() | None):
                pass
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._literal(part)
            case ast.Dict():
                for part in _named(node):
                    self._literal(part)
            case ast.Name(id=name) if name in self.functions:
                pass
            case _:
                self._number(node)

    def _function(self, statement: ast.FunctionDef) -> None:
        name, arguments = self._new(statement.name), _plain(statement)
        known = frozenset(arguments)
        _require(len(known) == len(arguments) and not any(map(self.bound, arguments)))
        _require(not any(argument.startswith("__") for argument in arguments))
        *steps, last = _without_docstring(statement.body) or [statement]
        for step in steps:
            local, value = _assignment(step)
            _require(not local.startswith("__") and not self.bound(local) and local != name)
            _Expression(self, known, arguments).read(value)
            known |= {local}
        if not isinstance(last, ast.Return):
            raise _Unproven
        self._returned(last.value, _Expression(self, known, arguments))
        self.functions[name] = len(arguments)

    def _returned(self, node: ast.expr | None, expression: "_Expression") -> None:
        """An expression, or a dictionary of them by name: targets, or parameters and again targets."""
        if isinstance(node, ast.Dict):
            for value in _named(node):
                self._returned(value, expression)
        else:
            _require(node is not None)
            expression.read(cast(ast.expr, node))


class _Expression:
    """Values of one call: what can be computed from `known` names."""

    def __init__(self, module: _Module, known: Iterable[str], arguments: Sequence[str]) -> None:
        self.module, self.known, self.arguments = module, frozenset(known), frozenset(arguments)

    def read(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=value):
                _require(type(value) in (int, float))
            case ast.Name(id=name):
                _require(name in self.known or name in self.module.numbers)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                _require(name in self.module.modules and name not in self.known)
                _require(attribute in _CONSTANTS[self.module.modules[name]])
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str())):
                _require(name in self.arguments)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
                self.read(operand)
            case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, _ARITHMETIC):
                self.read(left)
                self.read(right)
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if isinstance(
                operator, _COMPARISONS
            ):
                self.read(left)
                self.read(right)
            case ast.Call(func=function, args=operands, keywords=[]):
                _require(len(operands) == self._operands(function))
                for operand in operands:
                    self.read(operand)
            case _:
                raise _Unproven

    def _operands(self, function: ast.expr) -> int:
        match function:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                _require(self.module.modules.get(name) == "numpy" and name not in self.known)
                _require(attribute in ELEMENTWISE)
                return ELEMENTWISE[attribute]
            case ast.Name(id=name):
                _require(name in self.module.functions and name not in self.known)
                return self.module.functions[name]
            case _:
                raise _Unproven


def _without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return list(rest)
    return list(body)


def _assignment(statement: ast.stmt) -> tuple[str, ast.expr]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
    raise _Unproven


def _named(node: ast.Dict) -> list[ast.expr]:
    """The values of a dictionary whose keys are all written as text."""
    _require(all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys))
    return node.values


def _plain(function: ast.FunctionDef) -> tuple[str, ...]:
    """The arguments' names; nothing that is evaluated when the function is defined, nothing optional or starred."""
    taken = function.args
    _require(not (function.decorator_list or function.returns or taken.posonlyargs or taken.vararg))
    _require(not (taken.kwonlyargs or taken.kw_defaults or taken.kwarg or taken.defaults))
    _require(not any(argument.annotation for argument in taken.args))
    _require(not getattr(function, "type_params", []))
    return tuple(argument.arg for argument in taken.args)


def _holds(check: Callable[[ast.expr], None], node: ast.expr) -> bool:
    try:
        check(node)
    except _Unproven:
        return False
    return True
