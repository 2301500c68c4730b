"""Calls, attributes, items and slices of values while a form is read, as Python and its libraries answer them."""

import ast
import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from lawsmith.sandbox.law.functions import is_truth
from lawsmith.sandbox.law.nodes import Node, Unreadable
from lawsmith.sandbox.law.operations import binary, call, total
from lawsmith.sandbox.law.spellings import CONSTANTS, METHODS, REDUCTIONS, fold, library, require_floats
from lawsmith.sandbox.law.values import (
    MAX_ITEMS,
    NAN,
    Bound,
    Columns,
    EachRow,
    Library,
    Lookup,
    Once,
    Partial,
    RowCount,
    RowNumber,
    Vector,
    item_of_rows,
    items_of,
)

Apply = Callable[[Any, list[Any], dict[str, Any]], Any]
MOST_TOGETHER = 6  # items that itertools puts together


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
    raise Unreadable("a call of something that is not a function")


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


def combined(name: str, values: Sequence[Any]) -> list[Any]:
    """The call of something in itertools, for collections that are known. Raises Unreadable for others."""
    match name, values:
        case "combinations" | "permutations" | "combinations_with_replacement", [listed, int() as count] if (
            0 <= count <= MOST_TOGETHER
        ):
            made = getattr(itertools, name)(items_of(listed), count)
        case "product", [_, *_] if len(values) <= MOST_TOGETHER:
            made = itertools.product(*map(items_of, values))
        case "chain", [_, *_]:
            return [item for value in values for item in items_of(value)]
        case _:
            raise Unreadable(f"itertools.{name}")
    found = [list(items) for items in itertools.islice(made, MAX_ITEMS + 1)]
    return items_of(found)


def builtin(name: str, values: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The call of a built-in function. Raises Unreadable for one that no formula needs."""
    if set(named) == {"start"} and name in ("enumerate", "sum"):
        values, named = [*values, named["start"]], {}
    if named and name != "dict" and not (name == "zip" and set(named) == {"strict"}):
        raise Unreadable(f"{name} with named arguments")
    match name, values:
        case "float", ["nan"]:
            return NAN
        case "float", ["inf" | "-inf" as text]:
            return float(text)
        case "float", [value] if not isinstance(value, str):
            return value
        case "isinstance", [value, kinds] if item_of_rows(value) is not None:
            return Library("numpy.ndarray") in (kinds if isinstance(kinds, list) else [kinds])
        case "int" | "bool", [int() | float() as value] if abs(value) < 2**53:
            return int(value) if name == "int" else bool(value)
        case "abs", [value]:
            return call("abs", [value])
        case "pow", [base, exponent]:
            return binary(base, ast.Pow(), exponent)
        case "max" | "min", [_, *_] if len(values) > 1 or items_of(values[0]):
            several = values if len(values) > 1 else items_of(values[0])
            return fold("maximum" if name == "max" else "minimum")(*several)
        case "sum", [listed, *start]:
            items = [*start, *items_of(listed)]
            return total(items, [1] * len(items)) if items else 0
    return _collection(name, values, named)


def _collection(name: str, values: Sequence[Any], given: Mapping[str, Any]) -> Any:
    """The call of a built-in function of collections and texts; raises Unreadable for another one."""
    match name, values:
        case "len", [value]:
            return RowCount() if isinstance(value, Node) else len(items_of(value))
        case "range", [RowCount()]:
            return EachRow(RowNumber())
        case "zip", [_, *_] if all(item is not None for item in map(item_of_rows, values)):
            return EachRow([*map(item_of_rows, values)])
        case "enumerate", [columns] if item_of_rows(columns) is not None:
            return EachRow([RowNumber(), item_of_rows(columns)])
        case "list" | "tuple", [columns] if item_of_rows(columns) is not None:
            return item_of_rows(columns)
        case "range", [_, *_] if len(values) <= 3 and all(isinstance(value, int) for value in values):
            return items_of(range(*values))
        case "zip", _:
            return Once(list(items) for items in zip(*map(items_of, values), strict=False))
        case "enumerate", [listed, *start]:
            return Once([k, item] for k, item in enumerate(items_of(listed), *start))
        case "reversed", [listed]:
            return Once(items_of(listed)[::-1])
        case "sorted", [listed] if all(isinstance(item, str) for item in items_of(listed)):
            return sorted(items_of(listed))
        case "list" | "tuple", []:
            return []
        case "list" | "tuple", [listed]:
            return items_of(listed)
        case "dict", []:
            return dict(given)
        case "dict", [Lookup() as listed]:
            return {key: listed.item(key) for key in listed.names()} | dict(given)
        case "dict", [dict() as listed]:
            return listed | dict(given)
        case "dict", [listed]:
            return {pair[0]: pair[1] for pair in map(items_of, items_of(listed)) if len(pair) == 2} | dict(given)
        case "str", [str() | int() as value]:
            return str(value)
        case "print", _:
            return None
    raise Unreadable(f"the name {name}")


def dotted(name: str) -> Any:
    """What a dotted name of a library stands for: a constant, or the thing itself."""
    return CONSTANTS.get(name, Library(name))


def attribute(owner: Any, name: str) -> Any:
    """An attribute of a value: known ones, and methods, which are looked at where they are called."""
    if isinstance(owner, Library):
        return dotted(f"{owner.name}.{name}")
    if isinstance(owner, Node | RowCount) and name in ("shape", "size"):
        return RowCount()
    if isinstance(owner, Node) and name in ("T", "real"):
        return owner
    if isinstance(owner, Vector) and name == "T":
        return (Vector if isinstance(owner, Columns) else Columns)(owner)
    if isinstance(owner, Node) and name == "ndim":
        return library("numpy.ndim", [owner], {})
    return Bound(owner, name)


def item_at(value: Any, index: Any) -> Any:
    """The item of a value at an index; raises Unreadable where it is not known beforehand."""
    if isinstance(value, Lookup):
        return value.item(index)
    if isinstance(value, RowCount):
        return value
    if isinstance(value, Node) and (isinstance(index, RowNumber) or index is ... or index is None):
        return value
    if isinstance(value, Node) and isinstance(index, Node) and is_truth(index):
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
    if axis_more and isinstance(value, Node | Vector) and not isinstance(value, Columns):
        return value
    raise Unreadable("an index along two axes")


def slice_of(value: Any, ends: list[Any]) -> Any:
    """A slice of a value, its start, stop and step given; raises Unreadable for rows of a column."""
    if isinstance(value, Node) and ends == [None, None, None]:
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
        case _, "clip" | "dot" | "any" | "all", _ if isinstance(owner, Node):
            return library(f"numpy.{name}", [owner, *values], named)
        case _, "astype", [kind]:
            require_floats(kind)
            return owner
        case _, _, _ if name in METHODS and isinstance(owner, Node | int | float | Vector | dict | list):
            return owner
        case str(), "format" | "join" | "split", _:
            raise Unreadable(f"the method {name} of text")
    raise Unreadable(f"the method {name}")
