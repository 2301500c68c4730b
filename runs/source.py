"""Reads a form's source without running it: which top-level statements it needs, and what its names mean."""

import ast
from dataclasses import dataclass

from lawsmith.sandbox.law.read import MAX_SOURCE_BYTES
from lawsmith.sandbox.law.syntax import defined, parse


class Untranslatable(Exception):
    """A construct that a translation does not cover; the message names it and its line."""

    def __init__(self, what: str, node: ast.AST | None = None) -> None:
        line = getattr(node, "lineno", None)
        super().__init__(what if line is None else f"{what} (line {line})")


@dataclass(frozen=True)
class FormSource:
    """A parsed candidate. `obstacle` says why its statements cannot be taken one by one: some work on others' names."""

    tree: ast.Module
    definitions: dict[str, ast.stmt]
    obstacle: Untranslatable | None = None

    def needed_by(self, name: str) -> list[ast.stmt]:
        """The top-level statements that a top-level name needs, its own definition included, in source order.

        Imports are left out. Raises Untranslatable for a name that is not defined.
        """
        if name not in self.definitions:
            raise Untranslatable(f"the source does not define {name}")
        found: dict[int, ast.stmt] = {}
        waiting: list[ast.stmt] = [self.definitions[name]]
        while waiting:
            statement = waiting.pop()
            if id(statement) in found:
                continue
            found[id(statement)] = statement
            waiting += [self.definitions[used] for used in names_in(statement) if used in self.definitions]
        return [statement for statement in self.tree.body if id(statement) in found]


def read_form(source: str) -> FormSource:
    """Parse candidate source.

    Raises:
        Untranslatable: it is no Python, or too large.
    """
    if len(source) > MAX_SOURCE_BYTES:
        raise Untranslatable(f"the source is longer than {MAX_SOURCE_BYTES} characters")
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Untranslatable("the source is not valid Python") from None
    definitions: dict[str, ast.stmt] = {}
    obstacle = None
    for statement in tree.body:
        if obstacle is None and _works(statement):
            obstacle = Untranslatable("a statement at top level that does more than define a name", statement)
        for name in defined(statement):
            if obstacle is None and name in definitions:
                obstacle = Untranslatable(f"the source defines {name} twice", statement)
            definitions[name] = statement
    return FormSource(tree, definitions, obstacle)


def _works(statement: ast.stmt) -> bool:
    """Whether a top-level statement may change what another one defined."""
    if isinstance(statement, ast.Assign):
        return any(isinstance(node, ast.Subscript | ast.Attribute) for node in statement.targets)
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    return not isinstance(
        statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.AnnAssign
    )


def names_in(node: ast.AST) -> list[str]:
    """Every name that is read anywhere below `node`."""
    return [leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name) and isinstance(leaf.ctx, ast.Load)]
