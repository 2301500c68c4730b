"""Rows that a user gives, as a table that a law can predict."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.runs.intervals import Uncertainty
from lawsmith.tasks import Array, IntArray, Schema, Table
from lawsmith.tasks.asked import meant, without_unit
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.new_rows import WHOLE, features_meant, stated
from lawsmith.tasks.schema import SINGLE_GROUP

if TYPE_CHECKING:
    import pandas as pd

    Rows = pd.DataFrame | Mapping[str, Sequence[float]] | list[Mapping[str, float]]
    """Columns named as the features, or a dict for each row."""

MOST_NAMED = 6  # groups that a message or a printed law names; the others are counted


def table(
    schema: Schema,
    needed: Sequence[str],
    groups: tuple[str, ...],
    rows: Any,
    group: str | int | None,
    known: Uncertainty | None,
) -> Table:
    """See `Law.table`; `rows` are `Rows`, `needed` are the features that the formula names. Raises InputError where one
    is missing, and for columns of different lengths."""
    if isinstance(rows, list):
        rows = {name: [row.get(name) for row in rows] for name in (rows[0] if rows else ())}
    names = rows.columns if hasattr(rows, "columns") else rows.keys() if hasattr(rows, "keys") else None
    if names is None:
        raise InputError(
            f"{type(rows).__name__} names no columns; give a DataFrame or a dict with {listing(list(needed))}."
        )
    found = features_meant(list(map(str, names)), schema)
    short = {name: one for name, one in found.items() if without_unit(one)[0].endswith(name)}  # T, not t, is T (K)
    rows = {short.get(str(name), str(name)): rows[name] for name in names}  # a DataFrame's columns may be numbered
    missing = [name for name in needed if name not in rows]
    if missing:
        raise InputError(f"The rows lack {', '.join(missing)}; the formula needs {', '.join(needed)}.")
    given = {name: _column(schema, rows, name) for name in schema.features if name in rows}
    labels = rows[schema.group] if schema.group is not None and schema.group in rows else None
    count = len(next(iter(given.values()), [0] if labels is None else labels))
    if any(column.shape != (count,) for column in given.values()):
        raise InputError("The features must be columns of one length.")
    codes = _codes(labels, groups, group, count)
    x = np.column_stack([given.get(name, np.ones(count)) for name in schema.features])
    if known is not None:
        for code in np.unique(codes):
            there = codes == code
            x[there] = known.regions[groups[code]].completed(x[there], np.isin(schema.features, list(given)))
    return Table(dict(zip(schema.features, x.T, strict=True)), {}, groups, codes)


def _codes(labels: Any, groups: tuple[str, ...], group: str | int | None, count: int) -> IntArray:
    own = group is None and labels is not None
    names = (
        [str(one) for one in np.atleast_1d(np.asarray(labels, dtype=object))] if own else [known_group(group, groups)]
    )
    if len(names) not in (1, count):
        raise InputError(f"The rows have {count} values of each feature, but {len(names)} labels of their group.")
    names *= count if len(names) == 1 else 1
    places = {name: groups.index(known_group(name, groups)) for name in dict.fromkeys(names)}
    return np.array([places[name] for name in names], dtype=np.intp)


def known_group(group: str | int | None, groups: tuple[str, ...]) -> str:
    """The group that is meant, by default the only one; raises InputError for an unknown one, or none of several."""
    if group is None and len(groups) != 1:
        raise InputError(f"Name a group with --group; the law knows {listing(groups, MOST_NAMED)}.")
    if group is not None and str(group) not in groups and groups == (SINGLE_GROUP,):
        raise InputError(f"The law has no group {str(group)!r}: it has one set of constants; leave the group out.")
    if group is not None and str(group) not in groups:
        raise InputError(f"There is no group {str(group)!r}; the law knows {listing(groups, MOST_NAMED)}.")
    return groups[0] if group is None else str(group)


def known_target(target: str | None, targets: tuple[str, ...]) -> str:
    """The target that is meant, by default the only one; raises InputError for an unknown one, or none of several."""
    if target is None and len(targets) > 1:
        raise InputError(f"Name one target with --target: {', '.join(targets)}.")
    target = (meant(target, targets) or [target])[0] if target is not None else targets[0]
    if target not in targets:
        raise InputError(f"{target!r} is not a target of the law; it predicts {', '.join(targets)}.")
    return target


def _column(schema: Schema, rows: Any, name: str) -> Array:
    column = schema.columns.get(name)
    try:
        if column is not None and column.levels:
            cells: list[Any] = list(np.atleast_1d(np.asarray(rows[name], dtype=object)))
            return np.array([column.code(cell) for cell in cells])
        values = np.atleast_1d(np.asarray(rows[name]))
        if values.dtype.kind in "OUMST":
            return _read(schema, name, list(np.atleast_1d(np.asarray(rows[name], dtype=object))))
        if values.dtype.kind == "m":  # durations
            return np.asarray(values / np.timedelta64(1, "s"), dtype=np.float64)
        numbers = values.astype(np.float64)
    except InputError:
        raise
    except (TypeError, ValueError):
        raise InputError(f"The column {name!r} holds something that is not a number.") from None
    percents = () if schema.decided is None else schema.decided.percents
    if name in percents and np.nanmax(np.abs(numbers), initial=0.0) > WHOLE:
        raise InputError(
            f"The column {name!r} reaches {np.nanmax(np.abs(numbers)):g}, and training rows were written in per cent; "
            "give shares such as 0.15, or text such as '15%'."
        )
    return numbers


def _read(schema: Schema, name: str, cells: list[Any]) -> Array:
    """Text such as ``70B`` and dates as numbers, as in the training rows. Raises InputError for other text."""
    texts = [
        cell if isinstance(cell, str) else cell.isoformat() if hasattr(cell, "isoformat") else cell for cell in cells
    ]
    return np.array([stated(schema, name, one) if isinstance(one, str) else float(one) for one in texts])
