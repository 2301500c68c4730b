"""A law with its constants: what it reads as, what it predicts and how far it errs.

`discover predict`, optima, pictures, exports and reports all ask this object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lawsmith.runs.intervals import Uncertainty, uncertainty
from lawsmith.runs.intervals.archived import fitted_laws
from lawsmith.runs.laws import law_rows
from lawsmith.runs.laws.winner import predict_with
from lawsmith.runs.records.archive import Archive
from lawsmith.sandbox import Constants, Sandbox
from lawsmith.sandbox.law.expression import features as features_of
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import Array, Schema, Table
from lawsmith.tasks.errors import InputError

if TYPE_CHECKING:
    from lawsmith.runs.laws.law_rows import Rows

NO_INTERVAL = "This law has no errors on held-out rows, so there is no interval."


@dataclass(frozen=True, eq=False, repr=False)
class ArchivedLaw:
    """A law of a finished run. Its archive is read once; later only intervals need the archive.

    id: of the candidate (None for a law that came without one). chosen: whether the search chose it; False for a law
    that the user asked for. source: ``law.py``, plain Python. form: the candidate as it was proposed, None for a law
    without one. constants: group -> name -> value.
    """

    archive: Archive
    schema: Schema
    id: str | None
    chosen: bool
    source: str
    form: str | None
    expression: str
    constants: Mapping[str, Mapping[str, float]]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that the law has constants for."""
        return tuple(self.constants)

    @property
    def features(self) -> tuple[str, ...]:
        """The features in the formula; all features if lawsmith cannot read the law."""
        if isinstance(stated := self.read(), Unreadable):
            return self.schema.features
        used = {name for tree in stated.targets.values() for name in features_of(tree)}
        return tuple(name for name in self.schema.features if name in used)

    def uncertainty(self, sandbox: Sandbox, data_dir: Path | None = None) -> Uncertainty:
        """What is known of the law's errors; measured the first time. Raises InputError where nothing can be."""
        if not self.archive.path.exists():
            raise InputError(f"The law's archive {self.archive.path} is gone; LawRegressor(runs_dir=…) keeps it.")
        if not self.has_intervals:
            raise InputError(NO_INTERVAL)
        return uncertainty(self.archive, sandbox, data_dir, self.id)

    @property
    def has_intervals(self) -> bool:
        """Whether the law has errors on held-out rows, from which intervals are made."""
        return bool(fitted_laws(self.archive, self.id))

    def values(self, table: Table, sandbox: Sandbox | None = None) -> Array:
        """(n, T) predictions for rows of a table; raises InputError where the law has no finite value.

        Without a `sandbox`, a law that can be read is evaluated from its tree, at once; another one starts a sandbox.
        """
        if sandbox is None and (found_here := self._from_tree(table)) is not None:
            return found_here
        if sandbox is None:
            with Sandbox(workers=1) as own:
                return self.values(table, own)
        found = predict_with(self.source, self.schema, (table.hide(),), sandbox)
        if not found.ok:
            raise InputError(f"The law has no prediction for these rows: {found.message}")
        return found.predictions[0]

    def read(self) -> Statement | Unreadable:
        """What the form states, or why it cannot be read."""
        if self.form is None:
            return Unreadable("the record holds no form")
        return read(self.form, self.schema.targets, self.schema.features)

    def _from_tree(self, table: Table) -> Array | None:
        """(n, T) values of the law's own tree; None for a law that cannot be read, or lacks a constant."""
        stated = self.read()
        if isinstance(stated, Unreadable):
            return None
        names = [parameter.name for parameter in stated.parameters]
        rows = [self.constants.get(group, {}) for group in table.groups]
        if any(name not in rows[code] for code in np.unique(table.codes) for name in names):
            return None
        values = Constants(tuple(names), table.groups, np.array([[row.get(n, np.nan) for n in names] for row in rows]))
        trees, constants = map(stated.targets.__getitem__, self.schema.targets), values.by_row(table)
        found = np.column_stack(
            [np.broadcast_to(evaluate(tree, table.features, constants), len(table)) for tree in trees]
        )
        bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
        if len(bad):
            raise InputError(
                f"The law has no prediction for these rows: it is not finite in row {bad[0] + 1}"
                f"{f' and {len(bad) - 1} more' if len(bad) > 1 else ''}."
            )
        return found

    def table(self, rows: Rows, group: str | int | None = None, known: Uncertainty | None = None) -> Table:
        """The rows as a table of the task. A feature that the formula does not name may be missing: it is then taken
        from the nearest row of the data (where `known` tells it), which changes no prediction. Raises InputError for a
        missing column, text, or an unknown group."""
        return law_rows.table(self.schema, self.features, self.groups, rows, group, known)
