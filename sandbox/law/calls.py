"""How values meet names where a form calls functions: arguments, starred collections, methods and partial calls."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.values import Lookup, Own


@dataclass(frozen=True)
class Bound:
    """A method of a value, as `p.get`."""

    owner: Any
    name: str


@dataclass(frozen=True)
class Partial:
    """A function of which some arguments are given already."""

    function: Any
    values: list[Any]
    named: dict[str, Any]


def defaults_of(node: ast.FunctionDef | ast.Lambda) -> list[ast.expr]:
    """The defaults of a function's arguments, in the order in which `arguments` takes their values."""
    return [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]


def arguments(function: Own, values: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each argument of a function of the source. Raises Unreadable where they do not fit."""
    taken, defaults = function.node.args, list(function.defaults)
    names = [argument.arg for argument in (*taken.posonlyargs, *taken.args)]
    local: dict[str, Any] = {}
    for name in names[len(names) - len(taken.defaults) :]:
        local[name] = defaults.pop(0)
    local.update(zip(names, values, strict=False))
    positional = len(names)
    for keyword, given in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
        names.append(keyword.arg)
        if given is not None:
            local[keyword.arg] = defaults.pop(0)
    others = {name: value for name, value in named.items() if name not in names}
    local.update({name: value for name, value in named.items() if name in names})
    twice = set(names[: min(len(values), positional)]) & set(named)
    too_many = (len(values) > positional and not taken.vararg) or (others and not taken.kwarg)
    if twice or too_many or set(names) != set(local):
        raise Unreadable("a function is called with other arguments than it takes", function.node.lineno)
    if taken.vararg:
        local[taken.vararg.arg] = list(values[positional:])
    if taken.kwarg:
        local[taken.kwarg.arg] = others
    return local


def mapping_of(value: Any) -> dict[str, Any]:
    """What `**value` spreads: a dict, or the argument `x` or `p` where all its names are known. Raises Unreadable."""
    if isinstance(value, Lookup):
        return {name: value.item(name) for name in value.names()}
    if isinstance(value, dict):
        return value
    raise Unreadable("** of something that is no dict")


def spread(parts: Sequence[ast.expr], items: list[Any]) -> list[Any]:
    """The items for each part of `a, *rest = items`. Raises Unreadable where their numbers do not match."""
    starred = [k for k, part in enumerate(parts) if isinstance(part, ast.Starred)]
    spare = len(items) - len(parts)
    if len(starred) > 1 or (spare < -1 if starred else spare != 0):
        raise Unreadable("an assignment to several names does not match", parts[0].lineno if parts else None)
    if not starred:
        return items
    k = starred[0]
    return [*items[:k], items[k : k + spare + 1], *items[k + spare + 1 :]]
