"""Reads a form's source without running it: which top-level statements it needs, and what its names mean."""

import ast
from dataclasses import dataclass

from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.read import module_of
from lawsmith.sandbox.law.syntax import defined


@dataclass(frozen=True)
class FormSource:
    """A parsed candidate. parted: whether its statements can be taken one by one; False where some work on others'
    names."""

    tree: ast.Module
    definitions: dict[str, ast.stmt]
    parted: bool

    def needed_by(self, name: str) -> list[ast.stmt]:
        """The top-level statements that a top-level name needs, its own definition included, in source order.

        Imports are left out. Raises Unreadable for a name that is not defined.
        """
        if name not in self.definitions:
            raise Unreadable(f"the source does not define {name}")
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
    """Parse candidate source; raises Unreadable where it is no Python, or too long."""
    tree = module_of(source)
    definitions, parted = dict[str, ast.stmt](), not any(map(_works, tree.body))
    for statement in tree.body:
        for name in defined(statement):
            parted = parted and name not in definitions
            definitions[name] = statement
    return FormSource(tree, definitions, parted)


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
