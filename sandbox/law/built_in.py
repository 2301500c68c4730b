"""What Python's built-in functions and itertools do with values of a form while it is read."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from lawsmith.sandbox.law.spellings import fold
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.sandbox.law.values import (
    MAX_ITEMS,
    NAN,
    TREES,
    EachRow,
    Library,
    Lookup,
    Once,
    RowCount,
    RowNumber,
    binary,
    call,
    item_of_rows,
    items_of,
    total,
)

MOST_TOGETHER = 6  # items that itertools puts together


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
        case "max" | "min", [_, *_]:
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
            return RowCount() if isinstance(value, TREES) else len(items_of(value))
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
