"""What every exported law checks. These functions are copied into each ``law.py`` (`lawsmith.runs.laws.law_file`)."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any


def checked_group(group: str, groups: Collection[str]) -> str:
    """The group, if the law knows it; raises ValueError otherwise."""
    if not isinstance(group, str) or group not in groups:
        known = ", ".join(repr(name) for name in list(groups)[:50])
        raise ValueError(f"unknown group {group!r}: this law knows {known}{', ...' if len(groups) > 50 else ''}")
    return group


def coded_rows(input_data: Iterable[Mapping[str, Any]], levels: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The rows with the place of each label, which is text, of the categories in `levels`; raises ValueError for a
    label that a category does not have, and for a number that is no place."""
    rows: list[Any] = [dict(row) if hasattr(row, "keys") else row for row in input_data]
    for place, row in enumerate(rows):
        for name in [name for name in levels if hasattr(row, "keys") and name in row]:
            label, known = row[name], levels[name]
            label = str(label) if isinstance(label, (str, bool)) else label
            if label not in [*known, *range(len(known))]:
                said = ", ".join(map(repr, known))
                raise ValueError(f"{name!r} in row {place} is {label!r}: this law knows {said}, or their places from 0")
            row[name] = known.index(label) if isinstance(label, str) else label
    return rows


def checked_rows(input_data: Iterable[Mapping[str, Any]], features: Sequence[str]) -> list[dict[str, float]]:
    """The rows with their features as finite numbers; raises ValueError that names the row."""
    if isinstance(input_data, (str, bytes, dict)) or not hasattr(input_data, "__iter__"):
        raise ValueError("input_data must be a list of dicts, one for each row")
    rows = []
    for place, row in enumerate(input_data):
        missing = [name for name in features if not hasattr(row, "keys") or name not in row]
        if missing:
            raise ValueError(f"row {place} has no {missing[0]!r}: each row is a dict with {', '.join(features)}")
        rows.append({name: checked_number(row[name], f"{name!r} in row {place}") for name in features})
    return rows


def checked_number(value: Any, what: str) -> float:
    """A finite number; raises ValueError that names it as `what`."""
    try:
        number = math.nan if isinstance(value, (str, bytes, bool)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{what} must be a finite number, not {repr(value)[:60]}")
    return number


def checked_prediction(value: Any, targets: Sequence[str], place: int) -> dict[str, float]:
    """The prediction by target; raises ValueError where one is not finite."""
    values = value if isinstance(value, (list, tuple)) else [value]
    named = value if isinstance(value, dict) else dict(zip(targets, values, strict=True))
    prediction = {target: float(named[target]) for target in targets}
    if not all(map(math.isfinite, prediction.values())):
        raise ValueError(f"the law gives no finite prediction for row {place}: {prediction}")
    return prediction
