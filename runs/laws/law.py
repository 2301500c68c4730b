"""The law of a run as users have it: it predicts, gives intervals, answers what an optimum is and writes itself down.

A run has a table of laws; the one that the search chose is the law of the run, unless the user picked another
(``picked.json`` in the archive says so).
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.runs.intervals import Interval, Uncertainty
from lawsmith.runs.intervals import predict as predict_intervals
from lawsmith.runs.intervals.distance import Region
from lawsmith.runs.laws import law_rows
from lawsmith.runs.laws.archived_law import ArchivedLaw
from lawsmith.runs.laws.law_file import render_law
from lawsmith.runs.laws.law_rows import MOST_NAMED
from lawsmith.runs.laws.optimum import Answer, Optimum, invert, optimum, sought, spending
from lawsmith.runs.laws.plot import plot
from lawsmith.runs.laws.uncertain_constants import covariance_frame, uncertain_constants
from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.find import find_archive, unfinished
from lawsmith.runs.records.gate import checked_names
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants, Sandbox
from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import statement_of
from lawsmith.sandbox.law.write_mathml import mathml
from lawsmith.sandbox.law.write_sympy import to_sympy
from lawsmith.sandbox.law.write_text import labelled, latex, source_formula
from lawsmith.tasks import Array
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.new_rows import stated

if TYPE_CHECKING:
    import pandas as pd
    import sympy
    from matplotlib.axes import Axes
    from uncertainties import UFloat

    from lawsmith.runs.laws.law_rows import Rows

REACHES = (10.0, 100.0, 1e3, 1e4, 1e6)  # times beyond the data at which `finite_up_to` asks


class Law(ArchivedLaw):
    """A law of a finished run, as the Python API and notebooks have it."""

    @classmethod
    def open(cls, run: Path | str, runs_dir: Path | str = Path("runs"), law: str | None = None) -> Law:
        """Open the law of a run, named as for `discover inspect`.

        `law` is the id of another law of the run's table, or the beginning of one; by default it is the law that was
        picked (`discover laws RUN --pick ID`), else the one that the search chose. Raises InputError where there is
        none.
        """
        archive = Archive.open(run) if isinstance(run, Path) else find_archive(run, Path(runs_dir))
        return law_of(archive, law)

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
        return covariance_frame(self, group, data_dir)

    def uncertain_constants(self, group: str | None = None, data_dir: Path | None = None) -> dict[str, UFloat]:
        """A group's constants as correlated numbers (`lawsmith.runs.laws.uncertain_constants.uncertain_constants`)."""
        return uncertain_constants(self, group, data_dir)

    def finite_up_to(self, known: Uncertainty, group: str) -> float | None:
        """The largest of some factors beyond the data (10 to a million) up to which the law is finite in a group.

        Each positive feature alone and all of them together are followed beyond their largest values (losses below
        their smallest), the others held at both ends of their range. 1 where it is not finite even ten times beyond;
        None for a law that cannot be read.
        """
        stated, constants = self.read(), self.constants.get(group)
        if isinstance(stated, Unreadable) or constants is None:
            return None
        region, reached = known.regions[group], 1.0
        for factor in REACHES:
            table = _beyond(region, factor, [lies_below(name) for name in self.schema.features])
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
        (`lawsmith.runs.laws.optimum.optimum`). Raises InputError for a budget that is not understood."""
        spend, size = (None, 0.0) if budget is None else spending(budget, self.schema)
        with Sandbox() as sandbox:
            known = self.uncertainty(sandbox)
        named = law_rows.known_group(group, self.groups), law_rows.known_target(target, self.schema.targets)
        return optimum(self, known, spend, size, self._fixed(at), *named, maximise=maximise)

    def invert(self, target: str, solve: str, at: Mapping[str, Any] | None = None, group: str | None = None) -> Answer:
        """The value of the feature `solve` at which the target is as wanted (``loss=2.1``), given the others in `at`:
        the nearest to the data, with a 90 % interval. Raises InputError as `lawsmith.runs.laws.optimum.invert`."""
        name = law_rows.known_target(target.rpartition("=")[0].strip() or None, self.schema.targets)
        size, feature = sought(self, name, target, solve)
        whose = law_rows.known_group(group, self.groups)
        with Sandbox() as sandbox:
            known = self.uncertainty(sandbox)
            return invert(self, known, name, size, feature, self._fixed(at), whose, sandbox)[0]

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
        """Data, curve and band along a feature, by matplotlib; see `lawsmith.runs.laws.plot.plot`."""
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


def _beyond(region: Region, factor: float, below: Sequence[bool]) -> Array:
    """(n, F): corners of the data, with each feature that has a ratio, and all of them, on the way to `factor`; those
    whose frontier lies `below` the data by the factor below it."""
    ends = np.array([region.factor(k, 0.0)[:2] for k in range(len(region.log))])
    steps = np.geomspace(1, factor, 25)
    rows = []
    for base in (ends[:, 0], ends[:, 1]):
        for moved in (*np.eye(len(region.log), dtype=bool), np.ones(len(region.log), dtype=bool)):
            grows = moved & np.array(region.log)
            rows += [np.where(grows, np.where(below, ends[:, 0] / step, ends[:, 1] * step), base) for step in steps]
    return np.array(rows)
