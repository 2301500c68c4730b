"""Calls of what is no function of the source: methods, partial calls, and the libraries' functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from lawsmith.sandbox.law.built_in import builtin, combined
from lawsmith.sandbox.law.calls import Bound, Partial
from lawsmith.sandbox.law.members import call_method
from lawsmith.sandbox.law.spellings import REDUCTIONS, library, require_floats
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.sandbox.law.values import Library, Once, call, item_of_rows, items_of

Apply = Callable[[Any, list[Any], dict[str, Any]], Any]


def applied(function: Any, values: list[Any], named: dict[str, Any], apply: Apply, held: Callable[[Any], Any]) -> Any:
    """What a call returns. `apply` calls any function, `held` counts what a collection takes in. Raises Unreadable."""
    match function:
        case Bound(owner=owner, name=name):
            return call_method(owner, name, values, named, held)
        case Partial():
            return apply(function.function, [*function.values, *values], {**function.named, **named})
        case Library(name="functools.partial") if values:
            return Partial(values[0], values[1:], named)
        case Library(name="functools.reduce") if len(values) in (2, 3) and not named:
            items = [*values[2:], *items_of(values[1])]
            if not items:
                raise Unreadable("reduce of nothing")
            return reduce(lambda left, right: apply(values[0], [left, right], {}), items)
        case Library(name="builtins.map") if len(values) > 1 and all(item_of_rows(v) is not None for v in values[1:]):
            return apply(values[0], [*map(item_of_rows, values[1:])], {})
        case Library(name="builtins.map") if len(values) > 1 and not named:
            rows = zip(*map(items_of, values[1:]), strict=False)
            return held(Once(apply(values[0], list(row), {}) for row in rows))
        case Library(name="numpy.seterr"):
            return None
        case Library(name="numpy.finfo") if len(values) == 1:
            require_floats(values[0])
            return function
        case Library(name=dotted):
            return _library(dotted, values, named)
    raise Unreadable("a call of something that is no function")


def _library(dotted: str, values: list[Any], named: dict[str, Any]) -> Any:
    module, _, name = dotted.rpartition(".")
    if module == "builtins":
        return builtin(name, values, named)
    if module == "itertools":
        return Once(combined(name, values))
    elsewhere, condition = named.pop("out", None), named.pop("where", None)
    found = library(dotted, values, named)
    if condition is None:
        return found
    if elsewhere is None or name in REDUCTIONS:
        raise Unreadable("a call for some of the rows")
    return call("where", [condition, found, elsewhere])
