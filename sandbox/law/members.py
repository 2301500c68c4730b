"""What values of a form answer to while it is read: their attributes, items, slices and methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lawsmith.sandbox.law.calls import Bound
from lawsmith.sandbox.law.functions import is_truth
from lawsmith.sandbox.law.spellings import CONSTANTS, METHODS, library, require_floats
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.sandbox.law.values import TREES, Columns, Library, Lookup, RowCount, RowNumber, Vector, items_of


def dotted(name: str) -> Any:
    """What a dotted name of a library stands for: a constant, or the thing itself."""
    return CONSTANTS.get(name, Library(name))


def attribute(owner: Any, name: str) -> Any:
    """An attribute of a value: known ones, and methods, which are looked at where they are called."""
    if isinstance(owner, Library):
        return dotted(f"{owner.name}.{name}")
    if isinstance(owner, TREES | RowCount) and name in ("shape", "size"):
        return RowCount()
    if isinstance(owner, TREES) and name in ("T", "real"):
        return owner
    if isinstance(owner, Vector) and name == "T":
        return (Vector if isinstance(owner, Columns) else Columns)(owner)
    if isinstance(owner, TREES) and name == "ndim":
        return library("numpy.ndim", [owner], {})
    return Bound(owner, name)


def item_at(value: Any, index: Any) -> Any:
    """The item of a value at an index; raises Unreadable where it is not known beforehand."""
    if isinstance(value, Lookup):
        return value.item(index)
    if isinstance(value, RowCount):
        return value
    if isinstance(value, TREES) and (isinstance(index, RowNumber) or index is ... or index is None):
        return value
    if isinstance(value, TREES) and isinstance(index, TREES) and is_truth(index):
        return value  # some rows of a column; what is made of them counts only there
    if isinstance(value, Columns):
        raise Unreadable("a row of a table")
    if isinstance(value, dict | list | str) and isinstance(index, str | int):
        try:
            return value[index]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            raise Unreadable(f"there is no item {index!r:.40}") from None
    raise Unreadable("an index into something that is not known beforehand")


def along_axes(value: Any, first: Any, second: Any) -> Any:
    """`value[first, second]`, where all of an axis is ``...``: a column, or an axis more to broadcast along. Raises
    Unreadable for others."""
    if isinstance(value, Columns) and first is ... and type(second) is int and abs(second) < len(value):
        return list(value)[second]
    axis_more = (first, second) in ((..., None), (None, ...))
    if axis_more and isinstance(value, TREES | Vector) and not isinstance(value, Columns):
        return value
    raise Unreadable("an index along two axes")


def slice_of(value: Any, ends: list[Any]) -> Any:
    """A slice of a value, its start, stop and step given; raises Unreadable for rows of a column."""
    if isinstance(value, TREES) and ends == [None, None, None]:
        return value
    if isinstance(value, list | str) and all(end is None or isinstance(end, int) for end in ends):
        return value[slice(*ends)]
    raise Unreadable("a slice of a column")


def call_method(owner: Any, name: str, values: list[Any], named: dict[str, Any], held: Callable[[Any], Any]) -> Any:
    """The answer of a value's method; `held` counts what a collection takes in. Raises Unreadable for other methods."""
    match owner, name, values:
        case Lookup(), "get", [str() as key, *default]:
            known = key in owner.items or not owner.complete
            return owner.item(key) if known or not default else default[0]
        case Lookup(), "keys", []:
            return owner.names()
        case Lookup(), "values", []:
            return [owner.item(key) for key in owner.names()]
        case Lookup(), "items", []:
            return [[key, owner.item(key)] for key in owner.names()]
        case Lookup(), "copy", []:
            return {key: owner.item(key) for key in owner.names()}
        case dict(), "get", [key, *default]:
            return owner.get(key, default[0] if default else None)
        case dict(), "items" | "keys" | "values", []:
            return [list(i) if isinstance(i, tuple) else i for i in getattr(owner, name)()]
        case list(), "append", [value]:
            held([value])
            owner.append(value)
            items_of(owner)
            return None
        case list(), "extend", [several]:
            held(items_of(several))
            owner.extend(items_of(several))
            items_of(owner)
            return None
        case _, "sum" | "prod" | "max" | "min" | "dot", _ if isinstance(owner, Vector):
            return library(f"numpy.{name}", [owner, *values], named)
        case _, "clip" | "dot" | "any" | "all", _ if isinstance(owner, TREES):
            return library(f"numpy.{name}", [owner, *values], named)
        case _, "astype", [kind]:
            require_floats(kind)
            return owner
        case _, _, _ if name in METHODS and isinstance(owner, TREES | int | float | Vector | dict | list):
            return owner
        case str(), "format" | "join" | "split", _:
            raise Unreadable(f"the method {name} of text")
    raise Unreadable(f"the method {name}")
