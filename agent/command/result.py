"""What a command found: its finished runs, and the one whose law was selected."""

import html
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from lawsmith.agent.command.law_verdict import same_law
from lawsmith.agent.command.own_forms import ORIGIN
from lawsmith.agent.command.registry import Chosen
from lawsmith.agent.command.tracking import described, log
from lawsmith.runs import Archive, Manifest, RunResult
from lawsmith.runs.laws.law import Law
from lawsmith.runs.laws.law_table import LawRow, laws
from lawsmith.runs.records.record import WORST_R2
from lawsmith.runs.records.searched import growing_target
from lawsmith.runs.records.trials import CATALOGUE, HALL_OF_FAME, Trial
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.identified import tangled
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.law.write_text import codes_in, labelled
from lawsmith.tasks import Dataset, InputError, Task
from lawsmith.tasks.errors import counted, in_python

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run, with its archive, its result and its trials."""

    archive: Path
    manifest: Manifest
    result: RunResult
    trials: tuple[Trial, ...]

    def __repr__(self) -> str:
        return f"Run {self.manifest.run} of {self.manifest.task.name}: {self.stated}"

    @property
    def stated(self) -> str:
        """The formula with labels of categories; why there is none where the run failed."""
        return labelled(self.result.expression or self.result.error or "", self.manifest.task)

    @property
    def law(self) -> Law | None:
        """The law that won the run; None where there is none."""
        return None if Archive.open(self.archive).law is None else Law.open(self.archive)

    @property
    def test_r2(self) -> float | None:
        """R² of the chosen law on the test rows; None without any."""
        return self.result.test_r2

    @property
    def train_r2(self) -> float | None:
        """R² of the chosen law on all training rows; None where no law was chosen."""
        return self.result.train_r2

    def table(self, task: Task) -> tuple[LawRow, ...]:
        """The table of laws of the run, the simplest first; `task` has the rows."""
        return laws(self.trials, task.schema, task.train, self.result.winner)

    def to_json(self, task: Task) -> dict[str, Any]:
        """The run's entry in the object that `discover --json` prints."""
        found = self.result
        return {
            "run": self.manifest.run,
            "archive": str(self.archive.absolute()),
            "seed": self.manifest.seed,
            **found.figures,
            "constants": found.constants,
            "screened": found.screened,
            "sums": found.sums,
            "account": found.details.get("account"),
            "disbelieved": found.details.get("disbelieved", []),
            "growing_errors": growing_target(found),
            "verdict": list(found.verdict),
            "laws": [asdict(row) for row in self.table(task)],
        }

    @classmethod
    def read(cls, path: Path) -> "Run | None":
        """The run archived at `path`; None if it has not finished."""
        archive = Archive.open(path)
        result = archive.result
        return None if result is None else cls(path, archive.manifest, result, tuple(archive.trials()))


@dataclass(frozen=True)
class OwnForm:
    """A formula of the user's own after the search: its row of the table and its place by held-out error, 1 of `of`.

    Both are None where it could not be fitted; the trial's evaluation then says why. tangled: constants whose change
    others can undo.
    """

    trial: Trial = field(repr=False)
    row: LawRow | None
    place: int | None
    of: int
    tangled: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What became of it, as JSON data."""
        found = self.trial
        said = {"law": found.id, "place": self.place, "of": self.of, "message": found.evaluation.message}
        return said | {"tangled": list(self.tangled)}


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The result of a command: its runs, the selected law and the verdict.

    `runs` are in the order of their seeds. `selected` is the run whose law was chosen with the candidates
    of all runs in view, None when every run failed; `reason` says why.
    """

    dataset: Dataset
    chosen: Chosen
    runs: tuple[Run, ...]
    selected: Run | None
    reason: str
    seconds: float

    def table(self) -> "pd.DataFrame":
        """The laws that were found, the simplest first: id, formula, errors, constants of the first group."""
        import pandas as pd

        run = self.selected
        rows = () if run is None else run.table(self.dataset.task)
        listed = [{**asdict(row), "constants": next(iter(row.constants.values()), {})} for row in rows]
        return pd.DataFrame(listed, columns=[field.name for field in fields(LawRow)])

    @property
    def hall_of_fame(self) -> "tuple[OwnForm, ...]":
        """The outcome for each formula of `hall_of_fame` in the selected run, the best first."""
        return self._best_first(HALL_OF_FAME)

    @property
    def catalogue(self) -> "tuple[OwnForm, ...]":
        """The outcome for each law of `catalogue` in the selected run, the best first."""
        return self._best_first(f"{CATALOGUE}: ")

    def _best_first(self, origin: str) -> "tuple[OwnForm, ...]":
        return tuple(sorted(self._imported(origin), key=lambda one: one.place or len(self.runs[0].trials) + 1))

    @property
    def own_forms(self) -> "tuple[OwnForm, ...]":
        """The outcome for each formula of `form` in the selected run (in the first run, if every run failed)."""
        return self._imported(ORIGIN)

    def _imported(self, origin: str) -> "tuple[OwnForm, ...]":
        run, task = self.selected or self.runs[0], self.dataset.task
        trials = [trial for trial in run.trials if trial.proposal.origin.startswith(origin)]
        rows = sorted(run.table(task), key=lambda row: row.heldout_error) if trials else []
        found = []
        for trial in trials:
            place = next((k for k, row in enumerate(rows, 1) if row.stands_for(trial.id)), None)
            own = next(iter(laws([trial], task.schema, task.train)), None)  # with the user's own names of constants
            if own is not None and place is not None:
                own = replace(own, chosen=rows[place - 1].chosen, on_front=rows[place - 1].on_front)
            stated = read_candidate(trial.proposal.source, schema=task.schema).statement
            trees = [] if stated is None else list(stated.targets.values())
            alike = tangled(trees[0], task.train.features) if len(trees) == 1 else ()
            found.append(OwnForm(trial, own, place, len(rows), alike))
        return tuple(found)

    def pick(self, law: str) -> Law:
        """Another law of the table by its id, or the start of its id; raises InputError if there is none."""
        if self.selected is None:
            raise InputError("No run found a law, so there is none to pick.")
        return Law.open(self.selected.archive, law=law)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the page about the selected run and return where it is; by default in its archive.

        Raises InputError where no run found a law.
        """
        if self.selected is None:
            raise InputError("No run found a law, so there is nothing to report.")
        from lawsmith.runs.report import write_report

        with Sandbox() as sandbox:
            archive = Archive.open(self.selected.archive)
            return write_report(archive, sandbox, out=None if path is None else Path(path))

    def log(self, run: Any = None) -> None:
        """Log the law to a tracker: `run` of W&B or MLflow; by default MLflow's active run."""
        law, selected = self.law, self.selected
        if law is None or selected is None:
            raise InputError("No run found a law, so there is nothing to log.")
        row = next((row for row in selected.table(self.dataset.task) if row.chosen), None)
        scores = {
            "heldout_r2": selected.result.validation_r2,
            "train_r2": selected.train_r2,
            "test_r2": selected.test_r2,
            "constants_count": selected.result.constants_count,
            "heldout_error": None if row is None else row.heldout_error,
            "train_error": None if row is None else row.train_error,
        }
        settings = {"run": selected.manifest.run, "tone": selected.result.tone or ""}
        log(described(law, settings, scores, self.verdict), run)

    def __repr__(self) -> str:
        """Some ten lines: the law, where it is, the verdict, what was said of the table."""
        law = self.law
        if law is None:
            return f"No law of {self.dataset.task.schema.name}: {self.reason}"
        laws_found = len({trial.id for run in self.runs for trial in run.trials if trial.usable})
        head = f"{counted(len(self.runs), 'run')}, {counted(laws_found, 'law')} in {self.seconds:.0f} s: see .table()"
        return "\n".join([repr(law), *(f"  {sentence}" for sentence in self._told), f"  {head}"])

    @property
    def _told(self) -> tuple[str, ...]:
        """The codes of categories, the verdict, and what was said of the table."""
        schema, law = self.dataset.task.schema, self.law
        codes = codes_in(labelled("" if law is None else law.expression, schema), schema)
        return (*codes, *self.verdict, *map(in_python, self.dataset.notices))

    @property
    def failed(self) -> tuple[Run, ...]:
        """The runs that ended without a law."""
        return tuple(run for run in self.runs if run.result.error is not None)

    @property
    def verdict(self) -> tuple[str, ...]:
        """How far the selected law can be trusted, in sentences."""
        return tuple(map(in_python, self.verdict_as_typed))

    @property
    def verdict_as_typed(self) -> tuple[str, ...]:
        """The verdict with options of the command line."""
        if self.selected is None:
            return ("No run found a law.",)
        same = same_law([run.result.winner for run in self.runs])
        return (*self.selected.result.verdict, *([same] if same else []))

    @property
    def law(self) -> Law | None:
        """The selected law; None when every run failed."""
        return None if self.selected is None else self.selected.law

    @property
    def leaderboard_scores(self) -> tuple[float, ...] | None:
        """Test R² of every run, clipped at -1 and -1 for a failed run; None without a test split."""
        if self.dataset.test is None:
            return None
        return tuple(WORST_R2 if run.test_r2 is None else max(WORST_R2, run.test_r2) for run in self.runs)

    def _repr_html_(self) -> str:
        """For notebooks: the selected law, and the runs with their scores."""

        def cells(run: Run) -> list[str]:
            mark = " *" if run is self.selected else ""
            scores = (run.test_r2, run.result.validation_r2, run.train_r2)
            figures = ["–" if score is None else f"{score:.4f}" for score in scores]
            return [run.manifest.run + mark, *figures, run.stated]

        head = "".join(f"<th>{name}</th>" for name in ("run", "test R²", "held-out R²", "training R²", "law"))
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells(run))}</tr>" for run in self.runs
        )
        law = self.law
        shown = html.escape(self.reason) if law is None else law._repr_html_()
        told = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self._told)
        return f"<div>{shown}<ul>{told}</ul><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"

    def to_json(self) -> dict[str, Any]:
        """The object that `discover --json` prints."""
        task, scores = self.dataset.task, self.leaderboard_scores
        runs, selected = [run.to_json(task) for run in self.runs], None
        if self.selected is not None:
            kept = ("run", "archive", "r2", "validation_r2", "train_r2", "expression", "constants_count")
            whole = runs[self.runs.index(self.selected)]
            selected = {**{name: whole[name] for name in kept}, "reason": self.reason}
        return {
            "task": task.schema.name,
            "agent": self.chosen.agent,
            "model": self.chosen.model,
            "why": self.chosen.why,
            "data": {"source": task.provenance.source, "sha256": task.provenance.sha256},
            "notes": list(self.dataset.notices),
            "notices": list(self.dataset.notices),
            "own_forms": [one.to_json() for one in self.own_forms],
            "hall_of_fame": [one.to_json() for one in self.hall_of_fame],
            "catalogue": [
                {**one.to_json(), "name": one.trial.proposal.origin.removeprefix(f"{CATALOGUE}: ")}
                for one in self.catalogue
            ],
            "roles": {one.name: {"role": one.role, "reason": one.reason} for one in self.dataset.roles},
            "codes": list(task.schema.codes),
            "verdict": list(self.verdict_as_typed),
            "tone": None if self.selected is None else self.selected.result.tone,
            "runs": runs,
            "best_r2": None if scores is None else max(scores),
            "mean_r2": None if scores is None else fmean(scores),
            "min_r2": None if scores is None else min(scores),
            "selected": selected,
            "seconds": round(self.seconds, 3),
        }
