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


def parse_expression(text: str) -> ast.expr:
    """The expression that `text` states; raises what `ast.parse` raises."""
    with _PARSING:
        return ast.parse(text, mode="eval").body
