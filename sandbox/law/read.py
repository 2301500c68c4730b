"""The one reader of laws: candidate source -> what it states, or why nobody can tell. Nothing is executed."""

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from lawsmith.sandbox.law.expression import transform
from lawsmith.sandbox.law.interpret import Interpreter
from lawsmith.sandbox.law.nodes import Feature, Node, Parameter
from lawsmith.sandbox.law.positions import roles
from lawsmith.sandbox.law.statement import MAX_NAME, Statement, Unreadable
from lawsmith.sandbox.law.syntax import imported, parse
from lawsmith.sandbox.law.values import Lookup, Own, items_of, node_of

MAX_SOURCE_BYTES = 256 * 1024  # of a candidate, by far: limits are tighter, archives of others are not
MAX_PARAMETERS = 512  # as many as a job may fit


def read(
    source: str | ast.Module, targets: Sequence[str] | None = None, features: Sequence[str] | None = None
) -> Statement | Unreadable:
    """What the form in `source` states.

    Without `targets` a dict names its own, and a single one is called "". Without `features` any column may be named.
    """
    names = [None if some is None else tuple(some) for some in (targets, features)]
    return _known(source, *names) if isinstance(source, str) else _read(source, *names)


def _read(
    source: str | ast.Module, targets: Sequence[str] | None, features: Sequence[str] | None
) -> Statement | Unreadable:
    try:
        return _Form(_parsed(source)).statement(targets, features)
    except Unreadable as why:
        return why.with_traceback(None)  # it would keep every frame
    except RecursionError:  # every step is bounded, but the caller's own stack may be deep
        return Unreadable("it is nested too deeply")


_known = lru_cache(maxsize=512)(_read)  # the search, the score and the choice each ask what a law states


def _parsed(source: str | ast.Module) -> ast.Module:
    if isinstance(source, ast.Module):
        return source
    if len(source) > MAX_SOURCE_BYTES:
        raise Unreadable(f"the source is longer than {MAX_SOURCE_BYTES} characters")
    try:
        return parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable("the source is not valid Python") from None


class _Form:
    """The top level of a candidate: every name is bound once, and nothing works on what others have bound."""

    def __init__(self, module: ast.Module) -> None:
        self.imports: dict[str, str] = {}
        self.definitions: dict[str, ast.stmt] = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Import | ast.ImportFrom):
                if any(alias.name == "*" for alias in node.names):
                    raise Unreadable("an import of everything", node.lineno)
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
            raise Unreadable("the source has no function form")
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
            raise Unreadable("PARAMETERS names one twice, or too many")
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
            raise Unreadable(f"{name} is no text")
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
    raise Unreadable("a statement at top level that does more than define a name", statement.lineno)


def _plain_target(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (
        isinstance(target, ast.Tuple) and all(isinstance(part, ast.Name) for part in target.elts)
    )


def _parameter(name: Any, bound: Any) -> Parameter:
    if not isinstance(name, str) or not name.isidentifier() or len(name) > MAX_NAME:
        raise Unreadable(f"a parameter's name is no identifier of at most {MAX_NAME} characters")
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
            raise Unreadable(f"it returns nothing for {missing[0] if missing else 'any target'}")
        return {name: node_of(value[name]) for name in names}
    values = value if isinstance(value, list) else [value]
    names = list(targets) if targets is not None else [""] if len(values) == 1 else [str(k) for k in range(len(values))]
    if len(values) != len(names):
        raise Unreadable(f"it returns {len(values)} values for {len(names)} targets")
    return {name: node_of(item) for name, item in zip(names, values, strict=True)}
