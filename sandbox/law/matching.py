"""Which case of a `match` statement a value meets."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from lawsmith.sandbox.law.statement import Unreadable


def matched(pattern: ast.pattern, subject: Any, value: Callable[[ast.expr], Any]) -> dict[str, Any] | None:
    """The names that `pattern` gives to a text, number or truth value; None where it does not match. `value` reads an
    expression. Raises Unreadable for other values, and for patterns of their parts.
    """
    if not isinstance(subject, str | int | float):
        raise Unreadable("a match of something that is no known text or number", pattern.lineno)
    match pattern:
        case ast.MatchValue(value=node):
            other = value(node)
            if not isinstance(other, str | int | float):
                raise Unreadable("a case that is no known text or number", pattern.lineno)
            return {} if subject == other else None
        case ast.MatchSingleton(value=single):
            return {} if subject is single else None
        case ast.MatchOr(patterns=several):
            found = (matched(one, subject, value) for one in several)
            return next((names for names in found if names is not None), None)
        case ast.MatchAs(pattern=inner, name=name):
            names = {} if inner is None else matched(inner, subject, value)
            return names if names is None or name is None else names | {name: subject}
    raise Unreadable("a pattern of parts", pattern.lineno)
