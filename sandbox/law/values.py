"""The kinds of values with which a form computes while it is read: numbers, trees, collections, stand-ins for rows; and
how the arguments of a call are given their values."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lawsmith.sandbox.law.expression import features
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Unreadable

MAX_ITEMS = 5_000  # of a collection


class RowCount:
    """The number of rows, or the shape of a column: good for making columns of one value only."""


class Vector(list[Any]):
    """An array of known length along an axis that is not the rows': operations act on each item."""


class Columns(Vector):
    """An array whose first axis is the rows', as `numpy.column_stack` makes it: `X[:, 0]` is the first column."""


@dataclass(frozen=True)
class EachRow:
    """What a loop over rows goes through, as `zip` of columns does: `item` stands for that of every row."""

    item: Any


class RowNumber:
    """The number of the row that a loop over rows is at."""


class Once(list[Any]):
    """The items of a generator, of `map` or `zip`: they can be gone through one time."""

    used = False


@dataclass(frozen=True)
class Library:
    """Something of numpy, math or scipy, by its dotted name."""

    name: str


NAN = Library("numpy.nan")


@dataclass(frozen=True)
class Lookup:
    """The argument `x` or `p` of a form: `items` holds the trees; an item that is not there may be a feature where
    the features are not known."""

    what: str
    items: dict[str, Node]
    complete: bool = True

    def item(self, key: object) -> Node:
        """The tree under a key; raises Unreadable where there is none or the key is no text."""
        if not isinstance(key, str):
            raise Unreadable(f"a {self.what} that is not named by text")
        if key not in self.items:
            if self.complete:
                raise Unreadable(f"there is no {self.what} {key[:40]}")
            self.items[key] = Feature(key)
        return self.items[key]

    def names(self) -> list[str]:
        """All keys; raises Unreadable where they are not known."""
        if not self.complete:
            raise Unreadable(f"a loop over every {self.what}")
        return list(self.items)


@dataclass
class Scope:
    """Local names of a call; functions defined inside see those around them."""

    names: dict[str, Any]
    outer: Scope | None = None
    inside: bool = False  # of a comprehension, whose `:=` binds in the function around it

    def function(self) -> Scope:
        """The scope of the function itself."""
        return self if not self.inside or self.outer is None else self.outer.function()

    def find(self, name: str) -> Scope | None:
        """The innermost scope that holds the name, or None."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.outer
        return scope

    def branch(self) -> Scope:
        """A copy for one of two branches."""
        return Scope({name: copied(value) for name, value in self.names.items()}, self.outer, self.inside)


@dataclass(frozen=True)
class Own:
    """A function of the source; `defaults` are the values of its arguments' defaults, made where it is defined."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope | None = field(default=None, compare=False)
    defaults: tuple[Any, ...] = field(default=(), compare=False)


def copied(value: Any) -> Any:
    """Collections are copied, for they may be changed in place."""
    if isinstance(value, list):
        return type(value)(map(copied, value))
    return {key: copied(item) for key, item in value.items()} if type(value) is dict else value


def items_of(value: Any) -> list[Any]:
    """The items of a collection whose items are known. Raises Unreadable for others."""
    if isinstance(value, Lookup):
        return value.names()
    if isinstance(value, Once):
        if value.used:
            raise Unreadable("a generator is gone through twice")
        value.used = True
    if not isinstance(value, list | tuple | dict | range | str) or len(value) > MAX_ITEMS:
        raise Unreadable("a loop over something that is not known beforehand")
    return list(value)


def item_of_rows(value: Any) -> Any:
    """What stands for the item of every row in a loop over rows; None where the value has no item for each row."""
    if isinstance(value, Node):
        return value if features(value) else None
    return value.item if isinstance(value, EachRow) else None


def node_of(value: Any) -> Node:
    """The value as a tree; raises Unreadable for what is not a number."""
    if isinstance(value, Node):
        return value
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, int | float):
        raise Unreadable(f"a {_kind(value)} stands where a number should")
    try:
        number = float(value)
    except OverflowError:
        raise Unreadable("a number is too large") from None
    if math.isnan(number):
        raise Unreadable("it contains nan")
    return Number(number)


def _kind(value: Any) -> str:
    return {RowCount: "number of rows", Own: "function", Library: "function", Lookup: "whole table"}.get(
        type(value), type(value).__name__
    )


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
