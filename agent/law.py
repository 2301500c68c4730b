"""A discovered law as an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runs.closing import LawFailed, predict_with
from sandbox import Sandbox
from tasks import SINGLE_GROUP, Array, InputError, Schema, Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Law:
    """A closed law: formula, constants and the text of ``law.py``.

    `constants` is group -> parameter -> value, empty for a law that was proposed with its constants inside.
    """

    schema: Schema
    source: str
    expression: str | None
    constants: Mapping[str, Mapping[str, float]]

    def predict(self, rows: "pd.DataFrame | Mapping[str, Any]", group: str | None = None) -> Array:
        """Predictions (n, T), one column for each target of the schema, computed in the sandbox.

        Args:
            rows: a column (n,) of numbers for each feature; and, unless `group` names one for all rows, the
                group column.

        Raises:
            InputError: a column is missing, a value is no number, a group is unknown, or a prediction is not
                finite.
        """
        table = self._table(rows, group)
        with Sandbox(workers=1) as sandbox:
            found = predict_with(self.source, self.schema, (table,), sandbox)
        if not found.ok:
            raise InputError(str(LawFailed(found)))
        return found.predictions[0]

    def _table(self, rows: "pd.DataFrame | Mapping[str, Any]", group: str | None) -> Table:
        features = {name: _column(rows, name) for name in self.schema.features}
        shapes = {column.shape for column in features.values()}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise InputError(f"The features must be columns of one length, not of shapes {sorted(shapes)}.")
        labels = self._labels(rows, group, len(next(iter(features.values()))))
        groups = tuple(sorted(set(labels)))
        unknown = [name for name in groups if self.constants and name not in self.constants]
        if unknown:
            raise InputError(f"The law knows no group {unknown[0]!r}; it knows {', '.join(self.constants)}.")
        return Table(features, {}, groups, np.array([groups.index(name) for name in labels], dtype=np.intp))

    def _labels(self, rows: "pd.DataFrame | Mapping[str, Any]", group: str | None, count: int) -> list[str]:
        column = self.schema.group
        if group is None and column is not None and column in rows:
            return [str(name) for name in rows[column]]
        if group is None and column is not None and len(self.constants) != 1:
            raise InputError(f"Which group? Give the column {column!r}, or group=.")
        return [group or next(iter(self.constants), SINGLE_GROUP)] * count


def _column(rows: "pd.DataFrame | Mapping[str, Any]", name: str) -> Array:
    if name not in rows:
        raise InputError(f"The column {name!r} is missing.")
    try:
        return np.asarray(rows[name], dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"The column {name!r} holds something that is no number.") from None
