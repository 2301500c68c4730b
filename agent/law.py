"""A discovered law as an object: predict, intervals, formula, source."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.runs import Archive, formula
from lawsmith.runs.find import find_archive
from lawsmith.runs.intervals import Interval, fitted_laws, uncertainty
from lawsmith.runs.intervals import predict as predict_intervals
from lawsmith.runs.law import predict_with
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, InputError, Schema, Table

if TYPE_CHECKING:
    import pandas as pd
    import sympy


@dataclass(frozen=True, eq=False)
class Law:
    """The law of a finished run. What it needs is read once: its archive may be gone afterwards, save for `interval`.

    source: ``law.py``, plain Python. form: the candidate as it was proposed, None for a law without one.
    """

    archive: Archive
    schema: Schema
    source: str
    form: str | None
    expression: str
    constants: Mapping[str, Mapping[str, float]]

    @classmethod
    def open(cls, run: Path | str, runs_dir: Path = Path("runs")) -> Law:
        """The law of a run, named as for `discover inspect`; raises InputError where there is none."""
        archive = Archive.open(run) if isinstance(run, Path) else find_archive(run, runs_dir)
        result, law = archive.result, archive.law
        if result is None or law is None:
            raise InputError(f"The run {archive.run} has no law; it is {archive.state}.")
        return cls(
            archive,
            archive.manifest.task,
            law,
            archive.source(),
            result.expression or "",
            result.constants or {},
        )

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(self.constants)

    def predict(
        self,
        rows: pd.DataFrame | Mapping[str, Sequence[float]],
        group: str | None = None,
        sandbox: Sandbox | None = None,
    ) -> Array:
        """Predictions (n,), or (n, T) for several targets, for columns named as the features.

        `group` is needed where the law has several, unless `rows` has the group column. Raises InputError for a
        missing column or an unknown group, and where the law has no finite value.
        """
        found = self._run(self._table(rows, group), sandbox)
        return found[:, 0] if found.shape[1] == 1 else found

    def interval(
        self,
        rows: pd.DataFrame | Mapping[str, Sequence[float]],
        group: str | None = None,
        level: float = 0.9,
        data_dir: Path | None = None,
    ) -> list[list[Interval]]:
        """Per row and target a prediction with its interval; see docs/intervals.md. Raises InputError as `predict`."""
        if not fitted_laws(self.archive):
            raise InputError("This law has no error measured on held-out rows, so there is no interval.")
        with Sandbox() as sandbox:
            known = uncertainty(self.archive, sandbox, data_dir)
            return predict_intervals(known, self.schema, self._table(rows, group), sandbox, level)

    def latex(self) -> dict[str, str]:
        """Target -> LaTeX of its formula; raises ValueError where it cannot be read."""
        return formula(self.form or self.source, self.schema.targets).latex()

    def sympy(self) -> dict[str, sympy.Expr]:
        """Target -> sympy expression over features and parameters; raises ValueError where it cannot be read."""
        return formula(self.form or self.source, self.schema.targets).sympy()

    def _run(self, table: Table, sandbox: Sandbox | None) -> Array:
        if sandbox is None:
            with Sandbox(workers=1) as own:
                return self._run(table, own)
        found = predict_with(self.source, self.schema, (table,), sandbox)
        if not found.ok:
            raise InputError(f"The law has no prediction for these rows: {found.message}")
        return found.predictions[0]

    def _table(self, rows: pd.DataFrame | Mapping[str, Sequence[float]], group: str | None) -> Table:
        missing = [name for name in self.schema.features if name not in rows]
        if missing:
            raise InputError(f"The rows lack {', '.join(missing)}; every feature of the law is needed.")
        features = {name: _column(rows, name) for name in self.schema.features}
        count = len(next(iter(features.values())))
        if {column.shape for column in features.values()} != {(count,)}:
            raise InputError("The features must be columns of one length.")
        column = self.schema.group
        if group is None and column is not None and column in rows:
            names: list[Any] = [str(value) for value in rows[column]]
        elif group is None and len(self.groups) != 1:
            raise InputError(f"Name a group; the law knows {', '.join(self.groups[:6])}.")
        else:
            names = [group if group is not None else self.groups[0]] * count
        unknown = [name for name in names if name not in self.groups]
        if unknown:
            raise InputError(f"There is no group {unknown[0]!r}; the law knows {', '.join(self.groups[:6])}.")
        codes = np.array([self.groups.index(name) for name in names], dtype=np.intp)
        return Table(features, {}, self.groups, codes)

    def _repr_html_(self) -> str:
        """For notebooks: the formula as MathML, else as text, and the scores."""
        from lawsmith.runs.report.typeset import mathml

        result = self.archive.result
        shown = None if self.form is None else mathml(self.form, self.schema.targets)
        test = None if result is None or result.scores.test is None else result.scores.test.r2
        known = {"test R²": test, "validation R²": None if result is None else result.validation_r2}
        scores = ", ".join(f"{name} {value:.4f}" for name, value in known.items() if value is not None)
        return f"<div>{shown or '<code>' + html.escape(self.expression) + '</code>'}<p>{html.escape(scores)}</p></div>"


def _column(rows: pd.DataFrame | Mapping[str, Sequence[float]], name: str) -> Array:
    try:
        return np.atleast_1d(np.asarray(rows[name], dtype=np.float64))
    except (TypeError, ValueError):
        raise InputError(f"The column {name!r} holds something that is no number.") from None
