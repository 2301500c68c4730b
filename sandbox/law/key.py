"""One name for all spellings of a law: names of parameters, order, helper functions and idle guards do not matter."""

import ast
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from lawsmith.sandbox.law.expression import add, children, neg, parameters, transform
from lawsmith.sandbox.law.functions import ORDERLESS, is_orderless
from lawsmith.sandbox.law.nodes import (
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Statement,
    Sum,
    Unreadable,
)
from lawsmith.sandbox.law.positions import by_bounds
from lawsmith.sandbox.law.read import module_of, read
from lawsmith.sandbox.law.standard import standard
from lawsmith.tasks.table import Table, kept_with_table
from lawsmith.tasks.task import Task

ROUNDS = 2  # of telling parameters apart by their places


def statement_key(statement: Statement, signed: frozenset[str] = frozenset()) -> str:
    """Equal for statements that state the same law; bounds guide the fit and count only where they decide the sign of
    an exponent. Features are sizes, but for those that are `signed`: |x| is x for a size alone."""
    change = partial(_of_either_sign, signed)
    written = {name: transform(by_bounds(tree), change) for name, tree in statement.targets.items()}
    trees = standard(tuple(written.values()))
    marks = {p.name: "shared" if p.name in statement.shared else "own" for p in statement.parameters}
    for _ in range(ROUNDS):
        marks = _told_apart(trees, marks)
    order: dict[str, str] = {}
    texts = [f"{target}={_text(tree, marks, order)}" for target, tree in zip(statement.targets, trees, strict=True)]
    used = {p.name for tree in trees for p in parameters(tree)}
    idle = sum(p.name not in used for p in statement.parameters)
    shared = sorted(order[name] for name in statement.shared if name in order)
    return _digest(f"{';'.join(texts)} idle={idle} shared={shared} loss={statement.loss}")


@lru_cache(maxsize=2048)
def source_key(
    source: str,
    targets: tuple[str, ...] | None = None,
    features: tuple[str, ...] | None = None,
    signed: frozenset[str] = frozenset(),
) -> str:
    """The key of what `source` states; of what cannot be read, a name of its text without what says nothing.

    A loop over all features can be followed only where these are named.
    """
    try:
        module = module_of(source)
    except Unreadable:
        return _digest(source)
    found = read(module, targets, features)
    if isinstance(found, Unreadable):
        return _digest(_whole(module) or source)
    fit = next((n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == "fit"), None)
    key = statement_key(found, signed)
    return key if fit is None else _digest(f"{key} {_whole(ast.Module([fit], [])) or source}")


def canonical(node: Node) -> str:
    """One text for trees that differ in names of parameters and in the order of what may be swapped only."""
    return _text(node, {}, {})


def law_key(source: str, task: Task) -> str:
    """The key of what `source` states for a task's targets and features."""
    return source_key(source, task.schema.targets, task.schema.features, signed_features(task.train))


@kept_with_table
def signed_features(train: Table) -> frozenset[str]:
    """Features that have a value below zero."""
    return frozenset(name for name, values in train.features.items() if (values < 0).any())


def _of_either_sign(signed: frozenset[str], node: Node) -> Node:
    """A feature of either sign is the difference of two sizes."""
    if isinstance(node, Feature) and node.name in signed:
        return add(node, neg(replace(node, name=f"-{node.name}")))
    return node


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _told_apart(trees: Sequence[Node], marks: Mapping[str, str]) -> dict[str, str]:
    """A mark for each parameter that depends on its places alone."""
    plain: dict[Node, str] = {}
    for tree in trees:
        _plain(tree, marks, plain)
    around: dict[str, list[Node]] = {name: [] for name in marks}  # the parts that hold each parameter, inner ones first
    held: dict[Node, frozenset[str]] = {}
    for part in plain:
        own = {part.name} if isinstance(part, Parameter) else ()
        held[part] = frozenset(own).union(*(held[child] for child in children(part)))
        for name in held[part]:
            around[name].append(part)
    found = {}
    for name, parts in around.items():
        changed, marked = dict[Node, str](), {**marks, name: "this"}
        for part in parts:
            inner = [changed.get(child) or plain[child] for child in children(part)]
            changed[part] = _written(part, inner, marked)
        found[name] = _digest(f"{marks[name]} {[changed.get(tree) or plain[tree] for tree in trees]}")[:12]
    return found


def _plain(node: Node, marks: Mapping[str, str], known: dict[Node, str]) -> str:
    """The tree as text, parts of sums and products in alphabetical order; texts of its parts become `known`, inner ones
    first."""
    if node not in known:
        known[node] = _written(node, [_plain(child, marks, known) for child in children(node)], marks)
    return known[node]


def _text(node: Node, marks: Mapping[str, str], order: dict[str, str]) -> str:
    """The tree as text, parts of sums and products in an order that names do not change, and parameters numbered as
    they appear in this `order`."""
    known: dict[Node, str] = {}

    def numbered(one: Node) -> str:
        if isinstance(one, Parameter):
            return order.setdefault(one.name, f"#{len(order)}")
        parts = list(children(one))
        if is_orderless(one):
            parts.sort(key=lambda part: _plain(part, marks, known))
        return _written(one, [numbered(part) for part in parts], marks, ordered=True)

    return numbered(node)


def _written(node: Node, parts: list[str], marks: Mapping[str, str], ordered: bool = False) -> str:
    match node:
        case Number(value):
            return f"{value:.9g}"
        case Parameter(name):
            return f"<{marks.get(name, '')}>"
        case Feature(name):
            return f"x[{name!r}]"
        case Sum() | Product():
            return f"{type(node).__name__}({','.join(parts if ordered else sorted(parts))})"
        case Power():
            return f"({parts[0]}^{parts[1]})"
        case Function(name):
            orderless = name in ORDERLESS and not ordered
            return f"{name}({','.join(sorted(parts) if orderless else parts)})"


def _whole(module: ast.Module) -> str | None:
    """The module without imports, docstrings and annotations; None where it is nested too deeply to be written."""
    try:
        for node in ast.walk(module):
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
                node.body = [part for part in node.body if not _says_nothing(part)] or [ast.Pass()]
            if isinstance(node, ast.FunctionDef):
                node.returns = None
            if isinstance(node, ast.arg):
                node.annotation = None
        return ast.dump(module)
    except RecursionError:
        return None


def _says_nothing(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom)
