"""The one reader of laws: it turns the source of a candidate into a statement, or says why it cannot. It executes
nothing."""

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from lawsmith.sandbox.law.expression import transform
from lawsmith.sandbox.law.functions import is_truth
from lawsmith.sandbox.law.nodes import MAX_NAME, Feature, Node, Parameter, Statement, Unreadable
from lawsmith.sandbox.law.operations import binary, call, merged, truth
from lawsmith.sandbox.law.positions import roles
from lawsmith.sandbox.law.source_expressions import MAX_NESTING, Expressions, is_whole
from lawsmith.sandbox.law.syntax import imported, parse
from lawsmith.sandbox.law.values import (
    NAN,
    Bound,
    EachRow,
    Library,
    Lookup,
    Own,
    RowNumber,
    Scope,
    arguments,
    item_of_rows,
    items_of,
    node_of,
    spread,
)

MAX_SOURCE_BYTES = 256 * 1024  # of a candidate; the sandbox's own limit is lower, an archive of a stranger knows none
MAX_PARAMETERS = 512  # as many as a job may fit


def read(
    source: str | ast.Module, targets: Sequence[str] | None = None, features: Sequence[str] | None = None
) -> Statement | Unreadable:
    """The statement of the form in `source`, or the reason why it cannot be read.

    Without `targets` a returned dict names them, and a single one is called "". Without `features` the form may name
    any column.
    """
    names = [None if some is None else tuple(some) for some in (targets, features)]
    return _known(source, *names) if isinstance(source, str) else _read(source, *names)


def statement_of(source: str, targets: Sequence[str]) -> Statement:
    """The statement of the form in `source`; raises ValueError with the reason where it cannot be read."""
    if isinstance(found := read(source, targets), Unreadable):
        raise ValueError(found.reason)
    return found


def _read(
    source: str | ast.Module, targets: Sequence[str] | None, features: Sequence[str] | None
) -> Statement | Unreadable:
    try:
        tree = source if isinstance(source, ast.Module) else module_of(source)
        return _Form(tree).statement(targets, features)
    except Unreadable as why:
        return why.with_traceback(None)  # a traceback would keep every frame
    except RecursionError:  # every step is bounded, but the caller's own stack may be deep
        return Unreadable("the source is nested too deeply")
    except (TypeError, ValueError, LookupError) as error:  # as Python would: 1 in "a", a list as a key
        return Unreadable(f"it does what fails in Python ({type(error).__name__})")


_known = lru_cache(maxsize=512)(_read)  # the search, the score and the choice each ask what a law states


def module_of(source: str) -> ast.Module:
    """The parsed source; raises Unreadable where it is too long, or no Python."""
    if len(source) > MAX_SOURCE_BYTES:
        raise Unreadable(f"the source is longer than {MAX_SOURCE_BYTES} characters")
    try:
        return parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable("the source is not valid Python") from None


class _Form:
    """The top level of a candidate. Every name is bound once, and no statement changes what another one has bound."""

    def __init__(self, module: ast.Module) -> None:
        self.imports: dict[str, str] = {}
        self.definitions: dict[str, ast.stmt] = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Import | ast.ImportFrom):
                if any(alias.name == "*" for alias in node.names):
                    raise Unreadable("an import of all names (*)", node.lineno)
                self.imports.update(imported(node))
        for statement in module.body:
            for name in _defined(statement):
                if name in self.definitions or name in self.imports:
                    raise Unreadable(f"the source defines {name} twice", statement.lineno)
                self.definitions[name] = statement
        self.interpreter = Interpreter(self.imports, self.definitions)

    def statement(self, targets: Sequence[str] | None, features: Sequence[str] | None) -> Statement:
        declared = self._parameters()
        x = Lookup("feature", {name: Feature(name) for name in features or ()}, features is not None)
        p = Lookup("parameter", {one.name: one for one in declared})
        form = self.interpreter.module_value("form") if "form" in self.definitions else None
        if not isinstance(form, Own):
            raise Unreadable("the source defines no function form")
        trees = _by_target(self.interpreter.call(form, [x, p], {}), targets)
        found = roles(list(trees.values()))
        known = tuple(replace(one, role=found.get(one.name, one.role)) for one in declared)
        named: dict[Node, Node] = {one: one for one in known}
        trees = {target: transform(node, lambda n: named.get(n, n)) for target, node in trees.items()}
        return Statement(trees, known, self._shared(declared), self._text("LOSS", "squared"))

    def _parameters(self) -> list[Parameter]:
        if "PARAMETERS" not in self.definitions:
            raise Unreadable("the source has no PARAMETERS")
        listed = self.interpreter.module_value("PARAMETERS")
        bounds = listed if isinstance(listed, dict) else dict.fromkeys(items_of(listed))
        if len(bounds) > MAX_PARAMETERS or len(bounds) < len(items_of(listed)):
            raise Unreadable(f"PARAMETERS holds a name twice, or more than {MAX_PARAMETERS} names")
        return [_parameter(name, bound) for name, bound in bounds.items()]

    def _shared(self, declared: Sequence[Parameter]) -> tuple[str, ...]:
        if "SHARED" not in self.definitions:
            return ()
        listed = self.interpreter.module_value("SHARED")
        names = [listed] if isinstance(listed, str) else items_of(listed)
        if any(name not in {one.name for one in declared} for name in names):
            raise Unreadable("SHARED names something that is not in PARAMETERS")
        return tuple(one.name for one in declared if one.name in names)

    def _text(self, name: str, default: str) -> str:
        value = self.interpreter.module_value(name) if name in self.definitions else default
        if not isinstance(value, str):
            raise Unreadable(f"{name} is not a text")
        return value


def _defined(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement binds; raises Unreadable for one that may do anything else."""
    match statement:
        case ast.FunctionDef(name=name, decorator_list=[]):
            return [name]
        case ast.Assign(targets=targets) if all(_plain_target(target) for target in targets):
            return [leaf.id for t in targets for leaf in ast.walk(t) if isinstance(leaf, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return [name] if value is not None else []
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return []
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="seterr" | "filterwarnings" | "simplefilter"))):
            return []
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__")), orelse=[]):
            return []
    raise Unreadable("a statement at the top level that does more than define a name", statement.lineno)


def _plain_target(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (
        isinstance(target, ast.Tuple) and all(isinstance(part, ast.Name) for part in target.elts)
    )


def _parameter(name: Any, bound: Any) -> Parameter:
    if not isinstance(name, str) or not name.isidentifier() or len(name) > MAX_NAME:
        raise Unreadable(f"the name of a parameter is not an identifier of at most {MAX_NAME} characters")
    low, high = (None, None) if bound is None else (*items_of(bound), None, None)[:2]
    if bound is not None and len(items_of(bound)) != 2:
        raise Unreadable(f"the bounds of {name} are not two numbers")
    lower, upper = -math.inf if low is None else low, math.inf if high is None else high
    if not isinstance(lower, int | float) or not isinstance(upper, int | float) or not lower < upper:
        raise Unreadable(f"the bounds of {name} are not two numbers, the lower first")
    return Parameter(name, float(lower), float(upper))


def _by_target(value: Any, targets: Sequence[str] | None) -> dict[str, Node]:
    if isinstance(value, Mapping):
        names = [str(name) for name in value] if targets is None else list(targets)
        missing = [name for name in names if name not in value]
        if missing or not names:
            raise Unreadable(f"form returns nothing for {missing[0] if missing else 'any target'}")
        return {name: node_of(value[name]) for name in names}
    values = value if isinstance(value, list) else [value]
    names = list(targets) if targets is not None else [""] if len(values) == 1 else [str(k) for k in range(len(values))]
    if len(values) != len(names):
        raise Unreadable(f"form returns {len(values)} values for {len(names)} targets")
    return {name: node_of(item) for name, item in zip(names, values, strict=True)}


BREAK, CONTINUE = ("break",), ("continue",)  # what a loop's body may end with, instead of what it returns


class Interpreter(Expressions):
    """Follows statements; see `Expressions` for values. All raise Unreadable."""

    def call(self, function: Own, values: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """What a function of the source returns for these arguments. Raises Unreadable."""
        scope = Scope(arguments(function, values, named), function.scope)
        if isinstance(function.node, ast.Lambda):
            return self.value(function.node.body, scope)
        returned = self.run(function.node.body, scope)
        if returned is None:
            raise Unreadable("a function returns nothing", function.node.lineno)
        return returned[0]

    def run(self, body: Sequence[ast.stmt], scope: Scope) -> tuple[Any] | None:
        """The returned value in a tuple; None where nothing is returned; BREAK or CONTINUE of the loop around it."""
        self._depth += 1
        try:
            if self._depth > MAX_NESTING:
                raise Unreadable("the source is nested too deeply")
            for k, statement in enumerate(body):
                self._step(statement)
                if isinstance(statement, ast.If):
                    condition = self.value(statement.test, scope)
                    if isinstance(condition, Node):
                        return self._both(condition, statement, body[k + 1 :], scope)
                    returned = self.run(statement.body if truth(condition) else statement.orelse, scope)
                else:
                    returned = self._statement(statement, scope)
                if returned is not None:
                    return returned
            return None
        finally:
            self._depth -= 1

    def _both(self, condition: Node, statement: ast.If, rest: Sequence[ast.stmt], scope: Scope) -> tuple[Any] | None:
        """Both branches of a condition on data. Where neither returns, the statements behind them are read once."""
        one, two = scope.branch(), scope.branch()
        then, otherwise = self.run(statement.body, one), self.run(statement.orelse, two)
        if then is None and otherwise is None:
            for name in one.names.keys() & two.names.keys():
                scope.names[name] = merged(condition, one.names[name], two.names[name])
            return self.run(rest, scope)
        then = then or self.run(rest, one)
        otherwise = otherwise or self.run(rest, two)
        if any(one is None or one is BREAK or one is CONTINUE for one in (then, otherwise)):
            raise Unreadable("a branch that returns nothing", statement.lineno)
        return (merged(condition, cast(Any, then)[0], cast(Any, otherwise)[0]),)

    def _statement(self, node: ast.stmt, scope: Scope) -> tuple[Any] | None:
        match node:
            case ast.Return(value=value) if value is not None:
                return (self.value(value, scope),)
            case ast.Assign(targets=targets, value=value):
                found = self.value(value, scope)
                for target in targets:
                    self.assign(target, found, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assign(target, self.value(value, scope), scope)
            case ast.AugAssign(target=target, op=op, value=value):
                old = self.value(target, scope)
                new = binary(old, op, self.value(value, scope))
                if isinstance(old, list):
                    self._stale.append(old)  # it is changed in place: whatever else holds it would change with it
                self.assign(target, new, scope)
            case ast.For(orelse=[]) | ast.While(orelse=[]):
                return self._loop(node, scope)
            case ast.Break() | ast.Continue():
                return BREAK if isinstance(node, ast.Break) else CONTINUE
            case ast.Delete(targets=[ast.Name(id=name)]):
                scope.names.pop(name, None)
            case ast.Try(body=body, orelse=orelse, finalbody=finalbody) if not any(
                isinstance(part, ast.Raise | ast.Assert) for one in body for part in ast.walk(one)
            ):
                return self.run([*body, *orelse, *finalbody], scope)  # arrays raise nothing, so nothing is handled
            case ast.With(items=items, body=body) if all(self._is_errstate(item, scope) for item in items):
                return self.run(body, scope)
            case ast.FunctionDef(name=name, decorator_list=[]):
                scope.names[name] = self._own(node, scope)
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Assert() | ast.AnnAssign():
                pass
            case ast.Import() | ast.ImportFrom():
                pass  # found with those at top level
            case ast.Expr(value=ast.Call() as called):
                self._effect(called, scope)
            case _:
                raise Unreadable(f"the statement {type(node).__name__.lower()}", node.lineno)
        return None

    def _effect(self, called: ast.Call, scope: Scope) -> None:
        """A call that stands alone. Where it writes into an array by `out`, the name of the array means the result."""
        outs = (word.value for word in called.keywords if word.arg == "out")
        written = next((value for value in outs if isinstance(value, ast.Name)), None)
        value = self._called(called, scope, writes=written is not None)
        if written is not None:
            self.assign(written, value, scope)

    def _loop(self, node: ast.For | ast.While, scope: Scope) -> tuple[Any] | None:
        several = self.value(node.iter, scope) if isinstance(node, ast.For) else None
        if isinstance(node, ast.For) and item_of_rows(several) is not None:
            self._each_row(node, item_of_rows(several), scope)
            return None
        for _ in self._rounds(node, several, scope):
            returned = self.run(node.body, scope)
            if returned is BREAK:
                break
            if returned is not None and returned is not CONTINUE:
                return returned
        return None

    def _rounds(self, node: ast.For | ast.While, several: Any, scope: Scope) -> Iterator[None]:
        if isinstance(node, ast.While):
            while truth(self.value(node.test, scope)):
                yield
            return
        for item in items_of(several):
            self.assign(node.target, item, scope)
            yield

    def _each_row(self, node: ast.For, item: Any, scope: Scope) -> None:
        """A loop over rows, which is read once. It may append to empty lists and set the rows of a column. Raises
        Unreadable for a loop that does more, because one row could then change the prediction of another one."""
        inner = scope.branch()
        self.assign(node.target, item, inner)
        if self.run(node.body, inner) is not None:
            raise Unreadable("a loop over rows that ends early", node.lineno)
        for name, before in list(scope.names.items()):
            after = inner.names.get(name)
            if isinstance(after, EachRow):
                scope.names[name] = after.item
            elif before == [] and isinstance(after, list) and len(after) == 1:
                scope.names[name] = after[0]
            elif after is not before and after != before:
                raise Unreadable("a loop that carries values from row to row", node.lineno)

    def _is_errstate(self, item: ast.withitem, scope: Scope) -> bool:
        called = item.context_expr
        return isinstance(called, ast.Call) and self.value(called.func, scope) == Library("numpy.errstate")

    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Binds names, or items of them, to a value; raises Unreadable for attributes and unknown items."""
        match target:
            case ast.Name(id=name):
                if isinstance(value, Bound) and isinstance(value.owner, list | dict):
                    raise Unreadable("a method that changes a list or dict is stored under a name", target.lineno)
                scope.names[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part, item in zip(parts, spread(parts, items_of(value)), strict=True):
                    self.assign(part.value if isinstance(part, ast.Starred) else part, item, scope)
            case ast.Subscript(value=ast.Name(id=name), slice=key):
                self._assign_item(name, None if is_whole(key) else self.value(key, scope), value, scope, target)
            case _:
                raise Unreadable("an assignment to an attribute, or to an item of an expression", target.lineno)

    def _assign_item(self, name: str, key: Any, value: Any, scope: Scope, target: ast.expr) -> None:
        """`d[key] = value`, of a dict or list, or of a column where a condition holds; everywhere for the key None."""
        holder = scope.find(name)
        known: Any = holder.names[name] if holder else None
        self._held([value])
        if (type(known) is dict and isinstance(key, str | int)) or (
            isinstance(known, list) and isinstance(key, int) and -len(known) <= key < len(known)
        ):
            cast(Any, known)[key] = value
        elif not isinstance(known, Node | int | float) and known != NAN:
            raise Unreadable("an assignment to an item of something that is not an array", target.lineno)
        elif isinstance(key, RowNumber):
            scope.names[name] = EachRow(value)
        elif key is None and isinstance(value, Node | int | float):
            scope.names[name] = value
        elif isinstance(key, Node) and is_truth(key):
            scope.names[name] = call("where", [key, value, known])
        else:
            raise Unreadable("an assignment to some items of an array", target.lineno)
