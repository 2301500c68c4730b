"""Values and rows that a user gives to a law: read as the law's training rows were, in their units."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.tasks.asked import meant, without_unit
from lawsmith.tasks.dates import decimal_year
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.numerals import FACTORS, numeral, value
from lawsmith.tasks.reading.cells import NumberNotation, convert
from lawsmith.tasks.reading.formats import parse_table, read_bytes, require_columns
from lawsmith.tasks.reading.nested_cells import SIZE_IN_NAME
from lawsmith.tasks.reading.quantities import SCALES, factor_between, quantity
from lawsmith.tasks.reading.shapes import with_target_as_column
from lawsmith.tasks.roles.labels import two_clocks
from lawsmith.tasks.schema import Decided, Schema

if TYPE_CHECKING:
    import pandas as pd

WHOLE = 1.5
"""Share above which numbers without % are taken to be in per cent."""


def number_in(cell: str, unit: str = "", decimal: str = ".", thousands: str = "") -> float | None:
    """The number in a text such as ``70B``, ``15 %``, ``2021-06-01``, ``C/5`` or, of seconds, ``5 ms``; else None."""
    if (year := decimal_year(cell)) is not None:
        return year
    taken = numeral(cell.replace("_", ""))
    suffix = "" if taken is None else taken.suffix
    if taken is not None and unit == "°" and (side := suffix.lstrip("° ")) in ("N", "E", "S", "W"):
        taken, suffix = taken._replace(digits=taken.digits if side in "NE" else f"-{taken.digits}"), ""
    factor = factor_between(suffix, unit) if suffix and unit else None
    factor = {"%": 0.01, "": 1.0, **FACTORS}.get(suffix) if factor is None else factor
    if taken is None or factor is None:  # C/5, 1:50, 1h 30m, 3 PM
        read = quantity("", (cell,), any)
        known = None if read is None else read.values[0]
        factor = factor_between(read.unit, unit) if read and read.unit and unit else float(not (read and read.unit))
        return known * factor if known is not None and factor else None
    number = value(taken.digits, decimal, thousands)
    return None if number is None else number * factor


def stated(schema: Schema, name: str, cell: str, where: str = "") -> float:
    """The value of a feature as people write it, or the code of a category's label. Raises InputError for any other,
    in a sentence that begins with `where`."""
    column, cell, notation = schema.columns.get(name), cell.strip(), notation_of(schema)
    if column is not None and column.levels:
        return column.code(cell)
    decimal = notation.decimal or ("," if notation.thousands == "." else ".")
    unit = "" if column is None else column.unit
    found = number_in(cell, unit, decimal, notation.thousands)
    if found is None and name.endswith(".size") and (size := SIZE_IN_NAME.fullmatch(cell)) is not None:  # pythia-12b
        found = float(size[2]) * FACTORS.get(size[3], 1.0)
    if found is None:
        told = (two_clocks(cell) or "").partition(", or ")[0]
        if not told and numeral(cell) is not None:  # with a unit
            told = f"lawsmith cannot turn {cell!r} into {unit or 'the unit of this column'}; write the number alone"
        raise InputError(f"{where}{name}: {told or f'{cell!r} is not a number; write 7e10 or 70B'}.")
    if not np.isfinite(found):
        raise InputError(f"{where}{name}: {cell} is not finite.")
    if "%" not in cell and abs(found) > WHOLE and name in (schema.decided or Decided()).percents:
        raise InputError(f"{where}{name}: {cell} without %, but the training rows are in %; write {cell}% or a share.")
    return found


def notation_of(schema: Schema) -> NumberNotation:
    """How numbers of the training rows were said to be written."""
    decided = schema.decided or Decided()
    return NumberNotation(decimal=decided.decimal, thousands=decided.thousands)


def new_rows(path: Path, schema: Schema, needed: Sequence[str]) -> tuple["pd.DataFrame", dict[str, Any]]:
    """The rows of a file as they were written, and the features and groups in them as numbers and labels.

    A column may have a feature's name without its prefix, and with another unit of its kind or none behind it.

    Raises InputError for a missing column of `needed`, for text, and for another unit than that of the training rows.
    """
    reading = parse_table(read_bytes(path), path.name, str(path), features=schema.features)
    if not set(needed) <= {str(name) for name in reading.frame.columns}:
        reading = with_target_as_column(reading, schema.targets, str(path))  # years as columns
    meaning = features_meant([str(name) for name in reading.frame.columns], schema)
    written = reading.frame.rename(columns=meaning)
    units = {meaning.get(name, name): unit for name, unit in reading.units.items()}
    units |= {feature: unit for name, feature in meaning.items() if (unit := without_unit(name)[1])}
    require_columns(written, tuple(needed), str(path))
    names = [name for name in schema.features if name in written.columns]
    try:
        cells = convert(written[names], reading.separator, notation_of(schema), str(path))
    except InputError as error:  # the options that it names are those of training rows
        raise InputError(
            f"{str(error).partition('; say ')[0].rstrip('.')}; write its numbers like 1200 or 1.2."
        ) from None
    percents = set((schema.decided or Decided()).percents) - cells.percents
    found: dict[str, Any] = {}
    for name in names:
        column = schema.columns.get(name)
        values = cells.frame[name].to_numpy()
        own = "" if column is None else column.unit
        apart = (column is not None and column.levels) or (name in cells.units and own in SCALES) or name in percents
        if apart or values.dtype.kind != "f" or not np.isfinite(values).all():
            found[name] = [_cell(schema, name, str(cell), row, path) for row, cell in enumerate(written[name], 1)]
            continue
        unit = cells.units.get(name) or units.get(name, "")
        factor = factor_between(unit, own) if unit and own else 1.0
        if factor is None:
            raise InputError(f"{path} writes {name!r} in {unit!r}, the training rows in {own!r}; use one unit.")
        found[name] = (values * factor).tolist()
    if schema.group is not None and schema.group in written.columns:
        found[schema.group] = [str(label) for label in written[schema.group].tolist()]
    return reading.frame, found


def features_meant(names: Sequence[str], schema: Schema) -> dict[str, str]:
    """Column -> the feature or group that it means, of those that no column is called like: ``N`` for ``config.N``."""
    wanted = [name for name in (*schema.features, *filter(None, [schema.group])) if name not in names]
    found = {name: meant(without_unit(name)[0], wanted) for name in names}
    claimed = [one[0] for one in found.values() if len(one) == 1]
    return {name: one[0] for name, one in found.items() if len(one) == 1 and claimed.count(one[0]) == 1}


def _cell(schema: Schema, name: str, cell: str, row: int, path: Path) -> float:
    try:
        return stated(schema, name, cell)
    except InputError as error:
        if name in schema.columns and schema.columns[name].levels:
            raise InputError(f"{path}, data row {row}: {error.args[0]}") from None
        told = "without the % of the training rows" if "without %" in str(error) else "which is not a number"
        raise InputError(f"{path}: column {name!r} holds {cell!r} in data row {row}, {told}.") from None
