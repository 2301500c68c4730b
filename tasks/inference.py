"""Guess the features and the group column of a user's table, and say why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.validation import as_number, without_separators

if TYPE_CHECKING:
    import pandas as pd

_BOOKKEEPING = frozenset({"", "id", "index", "run", "run_id", "seed", "row", "step_id", "timestamp", "date"})

ROW_NUMBERS = "row numbers"


@dataclass(frozen=True)
class Roles:
    """Features and group column as decided; `explanation` is one sentence about what was inferred."""

    features: tuple[str, ...]
    group: str | None
    explanation: str


def infer_roles(
    frame: "pd.DataFrame",
    targets: tuple[str, ...],
    features: tuple[str, ...] | None,
    group: str | None,
    where: str,
) -> Roles:
    """Fill in what the user left open: None infers; an empty `group` means that there is none.

    The group is the only text column whose values repeat (or the one called ``group``); features are
    the numeric columns that vary, save bookkeeping such as ``seed`` and, beside others, row numbers. Raises InputError
    when several columns could be the group or no feature is left.
    """
    open_columns = [name for name in frame.columns if name not in targets and name != group]
    numeric = {name: values for name in open_columns if (values := _numeric(frame[name])) is not None}
    said = []
    if group is None:
        texts = [name for name in open_columns if name not in numeric and name not in (features or ())]
        group = _group(frame, texts, where)
        said.append(f"group: {group} (text that repeats)" if group else "no group column")
    if features is None:
        left_out = {name: _not_a_feature(name, numeric.get(name)) for name in open_columns if name != group}
        counter = next((name for name, why in left_out.items() if why == ROW_NUMBERS), None)
        if counter is not None and all(left_out.values()):
            left_out[counter] = ""  # the epochs of a learning curve, say
        features = tuple(name for name, why in left_out.items() if not why)
        reasons = ", ".join(f"{name} ({why})" for name, why in left_out.items() if why)
        if not features:
            seen = f"; left out: {reasons}" if reasons else ""
            raise InputError(f"{where} has no column to be a feature{seen}; name some with --features.")
        said.append(f"features: {', '.join(features)} (numeric columns that vary)")
        said += [f"left out: {reasons}"] if reasons else []
    return Roles(features, group or None, f"Inferred from {where}: {'; '.join(said)}." if said else "")


def _numeric(values: "pd.Series[str]") -> Array | None:
    # Numbers with commas are no text that could name a group; validation says how to write them.
    cells = [without_separators(v) if (number := as_number(v)) is None else number for v in values.tolist()]
    # One stray word does not make a column text: it stays a feature, and validation names its rows.
    known = [cell for cell in cells if cell is not None]
    return np.array(known, dtype=np.float64) if 2 * len(known) > len(cells) else None


def _group(frame: "pd.DataFrame", texts: list[str], where: str) -> str:
    if "group" in frame.columns:
        return "group"
    candidates = [name for name in texts if 1 < frame[name].nunique() <= len(frame) / 2]
    if len(candidates) > 1:
        raise InputError(f"{where}: {listing(candidates)} could each be the group; choose one with --group.")
    return candidates[0] if candidates else ""


def _not_a_feature(name: str, values: Array | None) -> str:
    if values is None:
        return "text"
    if name.strip().lower() in _BOOKKEEPING or name.startswith("Unnamed:"):
        return "bookkeeping by its name"
    if (values == values[0]).all():
        return "the same in every row"
    if len(values) > 2 and np.array_equal(values, np.arange(len(values)) + values[0]) and values[0] in (0, 1):
        return ROW_NUMBERS
    return ""
