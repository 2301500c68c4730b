"""The law of a run as an object: it predicts, gives intervals and writes itself down.

The Python API, `discover predict`, exports and reports all ask this object. A run has a table of laws; the one that
the search chose is the law of the run, unless the user picked another (``picked.json`` in the archive says so).
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.runs.intervals import Interval, Uncertainty, uncertainty
from lawsmith.runs.intervals import predict as predict_intervals
from lawsmith.runs.intervals.archived import fitted_laws
from lawsmith.runs.intervals.distance import Region
from lawsmith.runs.laws import law_rows
from lawsmith.runs.laws.law_file import render_law
from lawsmith.runs.laws.law_rows import MOST_NAMED
from lawsmith.runs.laws.winner import predict_with
from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.find import find_archive, unfinished
from lawsmith.runs.records.gate import checked_names
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants, Sandbox
from lawsmith.sandbox.law.expression import features as features_of
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read, statement_of
from lawsmith.sandbox.law.write_sympy import to_sympy
from lawsmith.sandbox.law.write_text import labelled, latex, source_formula
from lawsmith.tasks import Array, Schema, Table
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.new_rows import stated

if TYPE_CHECKING:
    import pandas as pd
    import sympy
    from matplotlib.axes import Axes
    from uncertainties import UFloat

    from lawsmith.runs.laws.law_rows import Rows
    from lawsmith.runs.optimum import Answer, Optimum

NO_INTERVAL = "This law has no errors on held-out rows, so there is no interval."
REACHES = (10.0, 100.0, 1e3, 1e4, 1e6)  # times beyond the data at which `finite_up_to` asks


@dataclass(frozen=True, eq=False, repr=False)
class Law:
    """A law of a finished run. Its archive is read once; later only `interval` needs the archive.

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

    @classmethod
    def open(cls, run: Path | str, runs_dir: Path | str = Path("runs"), law: str | None = None) -> Law:
        """Open the law of a run, named as for `discover inspect`.

        `law` is the id of another law of the run's table, or the beginning of one; by default it is the law that was
        picked (`discover laws RUN --pick ID`), else the one that the search chose. Raises InputError where there is
        none.
        """
        archive = Archive.open(run) if isinstance(run, Path) else find_archive(run, Path(runs_dir))
        return law_of(archive, law)

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

    def predict(self, rows: Rows, group: str | int | None = None, sandbox: Sandbox | None = None) -> Array:
        """Predictions (n,), or (n, T) for several targets, for columns named as the features (``T``: ``T (K)``).

        `group` is needed where the law has several, unless `rows` has the group column. Features that do not stand in
        the formula may be missing. Raises InputError for a missing column or an unknown group, and where the law has
        no finite value.
        """
        found = self.values(self.table(rows, group), sandbox)
        return found[:, 0] if found.shape[1] == 1 else found

    def interval(
        self, rows: Rows, group: str | int | None = None, level: float = 0.9, data_dir: Path | None = None
    ) -> list[list[Interval]]:
        """Per row and target a prediction with its interval; see docs/intervals.md. Raises InputError as `predict`."""
        with Sandbox() as sandbox:
            known = self.uncertainty(sandbox, data_dir)
            table = self.table(rows, group, known)
            return predict_intervals(known, self.schema, table, sandbox, level)

    def covariance(self, group: str | None = None, data_dir: Path | None = None) -> pd.DataFrame:
        """Covariance of a group's constants; see `lawsmith.runs.laws.uncertain_constants.covariance_frame`."""
        from lawsmith.runs.laws.uncertain_constants import covariance_frame

        return covariance_frame(self, group, data_dir)

    def uncertain_constants(self, group: str | None = None, data_dir: Path | None = None) -> dict[str, UFloat]:
        """A group's constants as correlated numbers (`lawsmith.runs.laws.uncertain_constants.uncertain_constants`)."""
        from lawsmith.runs.laws.uncertain_constants import uncertain_constants

        return uncertain_constants(self, group, data_dir)

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

    def finite_up_to(self, known: Uncertainty, group: str) -> float | None:
        """The largest of some factors beyond the data (10 to a million) up to which the law is finite in a group.

        Each positive feature alone and all of them together are followed beyond their largest values, the others held
        at both ends of their range. 1 where it is not finite even ten times beyond; None for a law that cannot be read.
        """
        stated, constants = self.read(), self.constants.get(group)
        if isinstance(stated, Unreadable) or constants is None:
            return None
        region, reached = known.regions[group], 1.0
        for factor in REACHES:
            table = _beyond(region, factor)
            columns = {name: table[:, k] for k, name in enumerate(self.schema.features)}
            values = [evaluate(tree, columns, constants) for tree in stated.targets.values()]
            if not all(np.isfinite(value).all() for value in values):
                break
            reached = factor
        return reached

    def optimum(
        self,
        budget: str | None = None,
        at: Mapping[str, Any] | None = None,
        group: str | None = None,
        target: str | None = None,
        maximise: bool = False,
    ) -> Optimum:
        """The best features for a budget such as "6*N*D=1e24", or without one, given those in `at`; with 90 % intervals
        (`lawsmith.runs.optimum.optimum`). Raises InputError for a budget that is not understood."""
        from lawsmith.runs import optimum

        spend, size = (None, 0.0) if budget is None else optimum.spending(budget, self.schema)
        with Sandbox() as sandbox:
            known = self.uncertainty(sandbox)
        named = law_rows.known_group(group, self.groups), law_rows.known_target(target, self.schema.targets)
        return optimum.optimum(self, known, spend, size, self._fixed(at), *named, maximise=maximise)

    def invert(self, target: str, solve: str, at: Mapping[str, Any] | None = None, group: str | None = None) -> Answer:
        """The value of the feature `solve` at which the target is as wanted (``loss=2.1``), given the others in `at`:
        the nearest to the data, with a 90 % interval. Raises InputError as `lawsmith.runs.optimum.invert`."""
        from lawsmith.runs import optimum

        name = law_rows.known_target(target.rpartition("=")[0].strip() or None, self.schema.targets)
        size, feature = optimum.sought(self, name, target, solve)
        whose = law_rows.known_group(group, self.groups)
        with Sandbox() as sandbox:
            known = self.uncertainty(sandbox)
            return optimum.invert(self, known, name, size, feature, self._fixed(at), whose, sandbox)[0]

    def _fixed(self, at: Mapping[str, Any] | None) -> dict[str, float]:
        """Feature -> value of what is given; raises InputError for an unknown name."""
        if unknown := [name for name in at or () if name not in self.schema.features]:
            raise InputError(f"{listing(unknown)} is not a feature; they are {', '.join(self.schema.features)}.")
        return {name: stated(self.schema, name, str(value)) for name, value in (at or {}).items()}

    def plot(
        self,
        feature: str | None = None,
        group: str | None = None,
        target: str | None = None,
        level: float = 0.9,
        ax: Axes | None = None,
    ) -> Axes:
        """Data, curve and band along a feature, by matplotlib; see `lawsmith.runs.plot.plot`."""
        from lawsmith.runs.plot import plot

        return plot(self, feature, group, target, level, ax)

    def latex(self) -> dict[str, str]:
        """Target -> LaTeX of its formula; raises ValueError where it cannot be read."""
        return latex(statement_of(self.form or self.source, self.schema.targets))

    def sympy(self) -> dict[str, sympy.Expr]:
        """Target -> sympy expression over features and parameters; raises ValueError where it cannot be read."""
        return to_sympy(statement_of(self.form or self.source, self.schema.targets))

    def stated(self, group: str | None = None, digits: int = 4) -> str:
        """The formula with the constants of a group (the first by default) filled in; empty where it cannot be read."""
        if self.form is None or not self.constants:
            return ""
        values = self.constants[group if group is not None else self.groups[0]]
        return labelled(source_formula(self.form, self.schema.targets, values, digits), self.schema)

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

    def __repr__(self) -> str:
        """Some ten lines: the formula, its constants in the first group, the scores, where it is."""
        first = self.constants[self.groups[0]] if self.groups else {}
        stated = labelled(self.expression, self.schema) or "an opaque law, see .source"
        lines = [f"Law of {self.schema.name}: {stated}"]
        if stated := self.stated():
            lines.append(f"  {stated}")
        elif first:
            lines.append("  " + ", ".join(f"{name} = {value:.5g}" for name, value in list(first.items())[:12]))
        if len(self.groups) > 1:
            lines.append(f"  constants of {self.groups[0]}; groups: {listing(self.groups, MOST_NAMED)}")
        if self.chosen and self._scores:
            lines.append(f"  {self._scores}")
        if not self.chosen:
            lines.append(f"  law {self.id} of the table, not the one that the search chose")
        return "\n".join([*lines, f"  run {self.archive.run}: {self.archive.path}"])

    @property
    def _scores(self) -> str:
        result = self.archive.result
        if result is None:
            return ""
        test = result.test_r2
        known = {"test R²": test, "held-out R²": result.validation_r2}
        return ", ".join(f"{name} {value:.4f}" for name, value in known.items() if value is not None)

    def _repr_html_(self) -> str:
        """For notebooks: the formula as MathML, else as text, and the scores."""
        from lawsmith.runs.report.shown_formula import mathml

        shown = None if self.form is None else mathml(self.form, self.schema)
        return (
            f"<div>{shown or '<code>' + html.escape(labelled(self.expression, self.schema)) + '</code>'}"
            f"<p><code>{html.escape(self.stated())}</code></p><p>{html.escape(self._scores)}</p></div>"
        )


def law_of(archive: Archive, law: str | None = None) -> Law:
    """The law of an archive; see `Law.open`. Raises InputError where it has none."""
    result, text = archive.result, archive.law
    if result is None or text is None:
        raise no_law(archive)
    wanted = archive.picked if law is None else law
    if wanted is not None and not (result.winner or "").startswith(wanted):
        return _other_law(archive, wanted)
    source, schema, constants = archive.source(), archive.manifest.task, result.constants or {}
    if result.kind == "form":
        checked_names(source, schema, constants.values(), str(archive.path))
    return Law(archive, schema, result.winner, True, text, source, result.expression or "", constants)


def no_law(archive: Archive) -> InputError:
    """What is said of an archive without a law."""
    why = unfinished(archive) if archive.result is None else f"complete: {archive.result.error or 'it has none'}"
    return InputError(f"The run {archive.run} has no law; it is {why}.")


def _other_law(archive: Archive, law: str) -> Law:
    trial = trial_of(archive, law)
    assert trial.evaluation.constants is not None
    fitted, schema = Constants.from_json(trial.evaluation.constants), archive.manifest.task
    source = trial.proposal.source
    provenance = {"Task": schema.name, "Run": archive.manifest.address, "Candidate": trial.id}
    note = {"Picked": "by the user, instead of the law that the search chose"}
    try:
        text = render_law(source, schema, fitted, {**provenance, **note}, fitted.groups)
    except ValueError as error:
        raise InputError(f"The law {trial.id} cannot be written down: {error}.") from None
    stated = source_formula(source, schema.targets) or trial.evaluation.formula or ""
    return Law(archive, schema, trial.id, False, text, source, stated, fitted.by_group())


def trial_of(archive: Archive, law: str) -> Trial:
    """The usable trial whose id begins with `law`; raises InputError where none or several do."""
    usable = [trial for trial in archive.trials() if trial.usable and trial.evaluation.constants]
    fitting = [trial for trial in usable if trial.id.startswith(law)] if law else []
    if len(fitting) == 1:
        return fitting[0]
    many = f"{len(fitting)} ids begin with it" if fitting else "it has no law of that id"
    raise InputError(f"{law!r} names no law of {archive.run}: {many}; `discover laws {archive.run}` lists them.")


def _beyond(region: Region, factor: float) -> Array:
    """(n, F): corners of the data, with each feature that has a ratio, and all of them, on the way to `factor`."""
    ends = np.array([region.factor(k, 0.0)[:2] for k in range(len(region.log))])
    steps = np.geomspace(1, factor, 25)
    rows = []
    for base in (ends[:, 0], ends[:, 1]):
        for moved in (*np.eye(len(region.log), dtype=bool), np.ones(len(region.log), dtype=bool)):
            grows = moved & np.array(region.log)
            rows += [np.where(grows, ends[:, 1] * step, base) for step in steps]
    return np.array(rows)
