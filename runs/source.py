"""Reads a form's source without running it: which top-level statements it needs, and what its names mean."""

from __future__ import annotations

import ast
from dataclasses import dataclass

MAX_SOURCE_BYTES = 256 * 1024


class Untranslatable(Exception):
    """A construct that a translation does not cover; the message names it and its line."""

    def __init__(self, what: str, node: ast.AST | None = None) -> None:
        line = getattr(node, "lineno", None)
        super().__init__(what if line is None else f"{what} (line {line})")


@dataclass(frozen=True)
class FormSource:
    """A parsed candidate. `imported` maps a local name to the dotted name it stands for (``np`` ->
    ``numpy``).
    """

    tree: ast.Module
    imported: dict[str, str]
    definitions: dict[str, ast.stmt]

    def function(self, name: str) -> ast.FunctionDef:
        """The top-level function of that name; raises Untranslatable where there is none."""
        node = self.definitions.get(name)
        if not isinstance(node, ast.FunctionDef):
            raise Untranslatable(f"the source has no function {name}")
        return node

    def dotted(self, node: ast.expr) -> str | None:
        """The dotted name a reference stands for (``np.exp`` -> ``numpy.exp``), or None if not imported."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imported:
            return None
        return ".".join([self.imported[node.id], *reversed(parts)])

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
        Untranslatable: it is no Python, too large, or changes a name at top level after defining it.
    """
    if len(source) > MAX_SOURCE_BYTES:
        raise Untranslatable(f"the source is longer than {MAX_SOURCE_BYTES} characters")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Untranslatable("the source is not valid Python") from None
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        imported.update(_imports(node))
    definitions: dict[str, ast.stmt] = {}
    for statement in tree.body:
        for name in _defined(statement):
            if name in definitions:
                raise Untranslatable(f"the source defines {name} twice", statement)
            definitions[name] = statement
    return FormSource(tree, imported, definitions)


def _imports(node: ast.AST) -> dict[str, str]:
    if isinstance(node, ast.Import):
        return {
            a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
        }
    if isinstance(node, ast.ImportFrom) and node.module != "__future__":
        return {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {}


def _defined(statement: ast.stmt) -> list[str]:
    """The names a top-level statement binds, imports apart."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return []
    stored = [
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return list(dict.fromkeys(stored))


def names_in(node: ast.AST) -> list[str]:
    """Every name that is read anywhere below `node`."""
    return [
        leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name) and isinstance(leaf.ctx, ast.Load)
    ]
