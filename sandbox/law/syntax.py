"""Parsing Python, one thread at a time.

CPython 3.11 counts the depth of a conversion to syntax trees in a place that all threads share, and raises SystemError
("AST constructor recursion depth mismatch", python/cpython#106905) when two of them convert at once.
"""

import ast
from threading import Lock

_PARSING = Lock()


def parse(source: str) -> ast.Module:
    """As `ast.parse`, and raises what it raises."""
    with _PARSING:
        return ast.parse(source)


def imported(node: ast.AST) -> dict[str, str]:
    """Local name -> dotted name (``np`` -> ``numpy``) of an import; nothing for other nodes."""
    if isinstance(node, ast.Import):
        return {a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names}
    if isinstance(node, ast.ImportFrom) and node.module != "__future__":
        return {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {}


def defined(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement binds, imports apart."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return []
    loops = [node.target for node in ast.walk(statement) if isinstance(node, ast.comprehension)]
    own = {id(node) for target in loops for node in ast.walk(target)}  # bound inside of a comprehension only
    stored = [
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in own
    ]
    return list(dict.fromkeys(stored))


def parse_expression(text: str) -> ast.expr:
    """The expression that `text` states; raises what `ast.parse` raises."""
    with _PARSING:
        return ast.parse(text, mode="eval").body
