"""Walks a form's body symbolically; see `lawsmith.runs.formula`."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lawsmith.runs.formula_algebra import Algebra, known_items
from lawsmith.runs.scalar_table import FILLED
from lawsmith.runs.source import FormSource, Untranslatable
from lawsmith.sandbox.law.syntax import parse_expression

MAX_STEPS = 20_000
MAX_CALLS = 20  # nesting of calls of the source's own functions

_CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "tau": math.tau}


class Lookup:
    """The argument `x` or `p` of a form: an item is a feature or a parameter; `known` lists its keys."""

    def __init__(self, prefix: str, known: Sequence[str] | None = None) -> None:
        self.prefix = prefix
        self.known = known

    def item(self, key: object, default: Any = None) -> Any:
        if not isinstance(key, str):
            raise Untranslatable("a feature or parameter is not named by a string")
        if self.known is None or key in self.known:
            return ast.Name(f"{self.prefix}:{key}", ast.Load())
        if default is None:
            raise Untranslatable(f"there is no parameter {key}")
        return default


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def features_in(node: ast.expr) -> Iterator[str]:
    return _named(node, "x:")


def parameters_in(node: ast.expr) -> Iterator[str]:
    return _named(node, "p:")


def _named(node: ast.expr, prefix: str) -> Iterator[str]:
    waiting: list[ast.AST] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Name) and part.id.startswith(prefix):
            yield part.id.removeprefix(prefix)
        waiting += reversed(list(ast.iter_child_nodes(part)))


class Walker:
    """Values are expressions (`ast.expr`), numbers, strings, lists, dicts, functions, or a `Lookup`."""

    def __init__(self, source: FormSource) -> None:
        self._source = source
        self._steps = 0
        self._depth = 0
        self._algebra = Algebra()
        self._globals: dict[str, Any] = {}

    def expressions(self, targets: tuple[str, ...]) -> dict[str, ast.expr]:
        """Target -> expression; raises Untranslatable."""
        value = self._call(self._source.function("form"), [Lookup("x"), Lookup("p", self._parameters())], {})
        if isinstance(value, Mapping):
            missing = [target for target in targets if target not in value]
            if missing:
                raise Untranslatable(f"it returns nothing for {missing[0]}")
            return {target: self._algebra.expression(value[target]) for target in targets}
        values = value if isinstance(value, list | tuple) else [value]
        if len(values) != len(targets):
            raise Untranslatable(f"it returns {len(values)} values for {len(targets)} targets")
        return {target: self._algebra.expression(item) for target, item in zip(targets, values, strict=True)}

    def _parameters(self) -> list[str]:
        declared = self._name("PARAMETERS", ast.Name("PARAMETERS", ast.Load()), {})
        return [str(name) for name in known_items(declared, self._source.tree)]

    # -- statements ----------------------------------------------------------------------------------------

    def _call(
        self, function: ast.FunctionDef | ast.Lambda, values: Sequence[Any], named: Mapping[str, Any]
    ) -> Any:
        arguments = function.args
        if arguments.vararg or arguments.kwarg or arguments.posonlyargs or self._depth >= MAX_CALLS:
            raise Untranslatable(
                "a call is nested too deeply or takes a variable number of arguments", function
            )
        names = [argument.arg for argument in arguments.args]
        scope = dict(zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True))
        local: dict[str, Any] = {name: self._value(default, {}) for name, default in scope.items()}
        local.update(zip(names, values, strict=False))
        local.update(named)
        if len(values) > len(names) or set(names) - set(local):
            raise Untranslatable("a function is called with other arguments than it takes", function)
        self._depth += 1
        try:
            if isinstance(function, ast.Lambda):
                return self._value(function.body, local)
            self._run(function.body, local)
        except _Return as returned:
            return returned.value
        finally:
            self._depth -= 1
        raise Untranslatable("a function returns nothing", function)

    def _run(self, body: Sequence[ast.stmt], local: dict[str, Any]) -> None:
        for statement in body:
            self._step(statement)
            self._statement(statement, local)

    def _step(self, node: ast.AST) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Untranslatable(f"it takes more than {MAX_STEPS} steps", node)

    def _statement(self, node: ast.stmt, local: dict[str, Any]) -> None:
        match node:
            case ast.Return(value=value) if value is not None:
                raise _Return(self._value(value, local))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, self._value(value, local), local)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self._assign(target, self._value(value, local), local)
            case ast.AugAssign(target=target, op=op, value=value):
                old = self._value(parse_expression(ast.unparse(target)), local)
                self._assign(target, self._algebra.binary(old, op, self._value(value, local)), local)
            case ast.If(test=test, body=body, orelse=orelse):
                self._run(body if self._truth(self._value(test, local), node) else orelse, local)
            case ast.For(target=target, iter=iterable, body=body, orelse=[]):
                for item in known_items(self._value(iterable, local), node):
                    self._assign(target, item, local)
                    self._run(body, local)
            case ast.With(items=items, body=body) if all(self._is_errstate(item) for item in items):
                self._run(body, local)
            case ast.FunctionDef(name=name):
                local[name] = node
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Import() | ast.ImportFrom() | ast.Assert():
                pass
            case ast.Expr(value=ast.Call() as call):
                self._value(call, local)
            case _:
                raise Untranslatable(f"the statement {type(node).__name__.lower()}", node)

    def _is_errstate(self, item: ast.withitem) -> bool:
        called = item.context_expr
        return isinstance(called, ast.Call) and self._source.dotted(called.func) == "numpy.errstate"

    def _assign(self, target: ast.expr, value: Any, local: dict[str, Any]) -> None:
        match target:
            case ast.Name(id=name):
                local[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                items = known_items(value, target)
                if len(items) != len(parts):
                    raise Untranslatable("an assignment to several names does not match", target)
                for part, item in zip(parts, items, strict=True):
                    self._assign(part, item, local)
            case ast.Subscript(value=ast.Name(id=name), slice=key) if isinstance(local.get(name), dict):
                local[name][self._key(key, local)] = value
            case _:
                raise Untranslatable("an assignment to a part of an array", target)

    def _truth(self, value: Any, node: ast.AST) -> bool:
        if isinstance(value, ast.expr | Lookup):
            raise Untranslatable("a branch that depends on a feature or parameter", node)
        return bool(value)

    def _key(self, node: ast.expr, local: dict[str, Any]) -> str | int:
        key = self._value(node, local)
        if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
            return key
        raise Untranslatable("an array index", node)

    # -- values --------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr, local: dict[str, Any]) -> Any:
        self._step(node)
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._name(name, node, local)
            case ast.Attribute():
                return self._library_constant(node)
            case ast.Subscript(value=value, slice=key):
                return self._subscript(self._value(value, local), key, local)
            case ast.BinOp(left=left, op=op, right=right):
                return self._algebra.binary(self._value(left, local), op, self._value(right, local))
            case ast.UnaryOp(op=op, operand=operand):
                return self._algebra.unary(op, self._value(operand, local))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._algebra.compare(self._value(left, local), op, self._value(right, local))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = self._value(test, local)
                if isinstance(condition, ast.expr):
                    return self._algebra.function(
                        "where", [condition, self._value(body, local), self._value(orelse, local)]
                    )
                return self._value(body if self._truth(condition, node) else orelse, local)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return [self._value(part, local) for part in parts]
            case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
                named = [self._key(key, local) for key in keys if key is not None]
                return dict(zip(named, (self._value(value, local) for value in values), strict=True))
            case (
                ast.ListComp(elt=element, generators=loops) | ast.GeneratorExp(elt=element, generators=loops)
            ):
                return [self._value(element, scope) for scope in self._scopes(loops, local)]
            case ast.DictComp(key=key, value=value, generators=loops):
                scopes = self._scopes(loops, local)
                return {self._key(key, scope): self._value(value, scope) for scope in scopes}
            case ast.JoinedStr(values=values):
                return "".join(self._text(part, local) for part in values)
            case ast.Lambda():
                return node
            case ast.Call():
                return self._called(node, local)
        raise Untranslatable(f"the expression {type(node).__name__.lower()}", node)

    def _name(self, name: str, node: ast.expr, local: dict[str, Any]) -> Any:
        if name in local:
            return local[name]
        if name in self._globals:
            return self._globals[name]
        definition = self._source.definitions.get(name)
        if isinstance(definition, ast.FunctionDef):
            return definition
        if isinstance(definition, ast.Assign | ast.AnnAssign):
            self._statement(definition, self._globals)
            return self._globals[name]
        return self._library_constant(node)

    def _library_constant(self, node: ast.expr) -> float:
        module, _, name = (self._source.dotted(node) or "").rpartition(".")
        if module not in ("numpy", "math") or name not in _CONSTANTS:
            raise Untranslatable(ast.unparse(node), node)
        return _CONSTANTS[name]

    def _subscript(self, value: Any, key: ast.expr, local: dict[str, Any]) -> Any:
        index = self._key(key, local)
        if isinstance(value, Lookup):
            return value.item(index)
        if isinstance(value, dict | list | tuple):
            try:
                return value[index]  # type: ignore[index]
            except (KeyError, IndexError, TypeError):
                raise Untranslatable(f"there is no item {index!r}", key) from None
        raise Untranslatable("an index into something that is not known beforehand", key)

    def _text(self, part: ast.expr, local: dict[str, Any]) -> str:
        value = self._value(part.value if isinstance(part, ast.FormattedValue) else part, local)
        if not isinstance(value, str | int):
            raise Untranslatable("a name is formed from something that is not known beforehand", part)
        return str(value)

    def _scopes(self, loops: list[ast.comprehension], local: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if not loops:
            yield local
            return
        each = loops[0]
        for item in known_items(self._value(each.iter, local), each.iter):
            scope = dict(local)
            self._assign(each.target, item, scope)
            if all(self._truth(self._value(test, scope), test) for test in each.ifs):
                yield from self._scopes(loops[1:], scope)

    # -- calls ---------------------------------------------------------------------------------------------

    def _called(self, node: ast.Call, local: dict[str, Any]) -> Any:
        if any(isinstance(item, ast.Starred) for item in node.args) or any(
            k.arg is None for k in node.keywords
        ):
            raise Untranslatable("a call with starred arguments", node)
        dotted = self._source.dotted(node.func)
        if isinstance(node.func, ast.Attribute) and dotted is None:
            return self._method(node.func, node, local)
        if dotted is not None and dotted.rpartition(".")[2] in FILLED:
            return FILLED[dotted.rpartition(".")[2]]
        values = [self._value(item, local) for item in node.args]
        keywords = [keyword for keyword in node.keywords if keyword.arg != "dtype"]
        named = {str(keyword.arg): self._value(keyword.value, local) for keyword in keywords}
        if dotted is not None:
            return self._algebra.library(dotted, values, named, node)
        if not isinstance(node.func, ast.Name):
            raise Untranslatable("a call of an expression", node)
        if node.func.id in local or node.func.id in self._source.definitions:
            function = self._name(node.func.id, node.func, local)
            if isinstance(function, ast.FunctionDef | ast.Lambda):
                return self._call(function, values, named)
        return self._builtin(node.func.id, values, node)

    def _method(self, method: ast.Attribute, node: ast.Call, local: dict[str, Any]) -> Any:
        owner = self._value(method.value, local)
        if method.attr in ("copy", "astype"):
            return owner
        values = [self._value(item, local) for item in node.args]
        if method.attr == "get" and isinstance(owner, Lookup) and values:
            return owner.item(*values[:2])
        if isinstance(owner, dict) and not values and method.attr in ("items", "keys", "values"):
            return list(getattr(owner, method.attr)())
        if isinstance(owner, list) and method.attr == "append" and len(values) == 1:
            owner.append(values[0])
            return None
        raise Untranslatable(f"the method {method.attr}", node)

    def _builtin(self, name: str, values: list[Any], node: ast.Call) -> Any:
        if name == "float" and len(values) == 1:
            return values[0]
        if name in ("range", "enumerate", "zip", "len", "str", "list", "tuple", "reversed") and not any(
            isinstance(value, ast.expr | Lookup) for value in values
        ):
            return self._listed(name, values, node)
        if name == "dict" and not values:
            return {}
        if name == "sum" and values:
            return self._algebra.fold(
                known_items(values[0], node), lambda a, b: self._algebra.binary(a, ast.Add(), b), 0
            )
        if name in ("abs", "pow", "max", "min") and values:
            return self._algebra.library("numpy." + ("power" if name == "pow" else name), values, {}, node)
        raise Untranslatable(f"the name {name}", node)

    def _listed(self, name: str, values: list[Any], node: ast.Call) -> Any:
        if name == "range":
            if not all(isinstance(value, int) for value in values) or not 1 <= len(values) <= 3:
                raise Untranslatable("a range that is not of whole numbers", node)
            return known_items(range(*values), node)
        if name == "zip":
            return [
                list(items) for items in zip(*(known_items(value, node) for value in values), strict=False)
            ]
        if len(values) != 1:
            raise Untranslatable(f"a call of {name}", node)
        if name == "str" and isinstance(values[0], str | int):
            return str(values[0])
        items = known_items(values[0], node)
        if name == "enumerate":
            return [[index, item] for index, item in enumerate(items)]
        return len(items) if name == "len" else items[::-1] if name == "reversed" else items
