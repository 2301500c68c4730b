"""Laws as a prompt shows them: scores, constants, lineage, source, and what their residuals say."""

import ast
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from lawsmith.agent.client.text import clip, number
from lawsmith.agent.feedback.describe import at_the_noise
from lawsmith.agent.feedback.diagnostics import TargetDiagnosis, diagnose
from lawsmith.agent.feedback.fold_text import fold_labels, held_out_lines
from lawsmith.agent.feedback.formulas import Standing, fit_words, formula_of
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants, Evaluation, JobResult, PredictJob, Sandbox, SearchOver, Verdict
from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.read import module_of
from lawsmith.tasks import Array, Task
from lawsmith.tasks.noise import replicates

MAX_FITTED_GROUPS = 3  # whose constants are written out
MAX_CONSTANTS = 16  # of one group
MOST_REMEMBERED = 64  # laws whose predictions of the training rows are kept
AT_THE_NOISE = (
    "Its residuals are as small as repeated measurements allow: inside the data nothing is left to explain. Only fewer "
    "constants or a better limit beyond the data can make it better."
)
MAX_IDEA = 300  # characters of how a law came about
MAX_MESSAGE = 1200  # characters of what went wrong
CLOSED_LAW = "A law with its constants inside saw all training rows; it has no honest validation and is not selected."


class Viewer:
    """Makes views, and remembers what predictions of the training rows they need: each costs a sandbox process.

    Laws are named by formula, not by id: a model takes an opaque name for something to say.
    """

    def __init__(self, task: Task, sandbox: Sandbox) -> None:
        self._task = task
        self._sandbox = sandbox
        self.standing = Standing(task)
        self._labels = fold_labels(task.train)
        self._spread = task.train.spread
        noise = replicates(task.train)
        self._noise = None if noise is None else noise.noise
        self._at_the_noise: dict[str, bool] = {}
        self._predicted: dict[str, Future[JobResult]] = {}
        self._diagnoses: dict[str, tuple[TargetDiagnosis, ...]] = {}
        self._formulas: dict[str, str] = {}

    def learn(self, trial: Trial) -> None:
        """Remember how to name a law where another one is said to be derived from it."""
        self.standing.learn(trial)
        self._formulas[trial.id] = formula_of(trial) if trial.usable else "a candidate that failed"

    def remember(self, candidate: str, fit: JobResult) -> None:
        """Take over predictions of the training rows, so that the sandbox need not repeat them."""
        known: Future[JobResult] = Future()
        known.set_result(fit)
        self._keep(candidate, known)

    def _keep(self, candidate: str, predicted: Future[JobResult]) -> None:
        self._predicted[candidate] = predicted
        while len(self._predicted) > MOST_REMEMBERED:
            del self._predicted[next(iter(self._predicted))]

    def named(self, candidate: str | None) -> str | None:
        """The formula of a candidate that was evaluated, with its score."""
        return None if candidate is None else self._formulas.get(candidate)

    def prepare(self, trial: Trial) -> None:
        """Have the sandbox predict the training rows with the law's archived constants; a view with findings waits."""
        if trial.id in self._predicted:
            return
        recorded, train = trial.evaluation.constants, self._task.train
        constants = None if recorded is None else Constants.from_json(recorded).reorder(train.groups)
        job = PredictJob(trial.proposal.source, self._task.schema, constants, (train.hide(),))
        self._keep(trial.id, self._sandbox.submit(job))

    def residuals(self, trial: Trial) -> dict[str, Array]:
        """Measured minus predicted (n,) of each target on the training rows; empty where there are no predictions."""
        predicted = self._predictions(trial)
        if not predicted:
            return {}
        residuals = self._task.train.target_matrix() - predicted[0]
        return {f"residual_{name}": residuals[:, k] for k, name in enumerate(self._task.schema.targets)}

    def _predictions(self, trial: Trial) -> tuple[Array, ...] | None:
        """Of the training rows (n, T), empty where the law has none; None where the search is over."""
        self.prepare(trial)
        try:
            return self._predicted[trial.id].result().predictions
        except SearchOver:
            return None

    def view(
        self, trial: Trial, *, source: int, findings: int = 0, lineage: bool = True, standing: Standing | None = None
    ) -> dict[str, Any]:
        """What `law.j2` shows; numbers are already text. `source` bounds the characters of source, `findings` the lines
        of each kind of diagnostics. `standing` ranks the law where what was learnt since is not to be known."""
        evaluation = trial.evaluation
        ranked = standing or self.standing
        place, count = ranked.place(trial)
        diagnosis = self._diagnosis(trial) if findings else ()
        return {
            "error": number(ranked.error(trial), 3),
            "place": f"{place} of {count}",
            "formula": formula_of(trial),
            "fit": fit_words(trial),
            "validation": score(evaluation.validation_r2),
            "train": score(evaluation.train_r2),
            "constants": evaluation.constants_count or 0,
            "made_by": clip(": ".join(filter(None, (trial.proposal.origin, trial.proposal.note))), MAX_IDEA),
            "parents": [self._formulas[one] for one in trial.proposal.parents if lineage and one in self._formulas],
            "source": shown_source(trial.proposal.source, source) if source else "",
            "fitted": _fitted(evaluation, min(findings, MAX_FITTED_GROUPS), diagnosis[0].worst if diagnosis else ()),
            "status": _status(evaluation) if findings else (),
            "folds": self.held_out(trial)[:findings],
            "diagnosis": [part.shortened(findings) for part in diagnosis[:findings]],
            "noise": AT_THE_NOISE if findings and self.at_the_noise(trial) else "",
        }

    def held_out(self, trial: Trial) -> list[str]:
        """By how much the law misses each held-out part, worst first."""
        targets = self._task.schema.targets
        return held_out_lines(trial.evaluation, targets, self._spread, self._noise, self._labels)

    def at_the_noise(self, trial: Trial) -> bool:
        """Whether the law's residuals on the training rows are as small as repeated measurements allow."""
        self._diagnosis(trial)
        return self._at_the_noise.get(trial.id, False)

    def _diagnosis(self, trial: Trial) -> tuple[TargetDiagnosis, ...]:
        if trial.id not in self._diagnoses:
            train, predicted = self._task.train, self._predictions(trial)
            if predicted is None:
                return ()
            self._diagnoses[trial.id] = tuple(diagnose(train, predicted[0])) if predicted else ()
            self._at_the_noise[trial.id] = bool(predicted) and at_the_noise(train, train.target_matrix() - predicted[0])
        return self._diagnoses[trial.id]


def failure(trial: Trial) -> dict[str, str]:
    """What a model is told about a candidate that failed, or that cannot be selected."""
    found, closed = trial.evaluation, trial.evaluation.verdict is Verdict.OK
    return {
        "verdict": "not selectable" if closed else found.verdict.value,
        "stage": found.stage,
        "message": CLOSED_LAW if closed else found.message[:MAX_MESSAGE],
        "advice": found.verdict.advice,
    }


def score(value: float | None) -> str:
    """A score with four decimals, or that it is unknown."""
    return "unknown" if value is None else f"{value:.4f}"


def shown_source(source: str, limit: int) -> str:
    """`source` without docstring and `gradient`, which say nothing new, clipped to `limit` characters."""
    try:
        tree = module_of(source)
    except Unreadable:
        return _clip_lines(source, limit)
    lines = source.splitlines()
    for place, node in enumerate(tree.body):
        docstring = place == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if docstring or (isinstance(node, ast.FunctionDef) and node.name == "gradient"):
            end = node.end_lineno or node.lineno
            lines[node.lineno - 1 : end] = [""] * (end - node.lineno + 1)
    return _clip_lines("\n".join(lines), limit)


def _clip_lines(text: str, limit: int) -> str:
    text = text.strip().replace("```", "'''")
    return text if len(text) <= limit else text[:limit] + "\n# … cut for length"


def _fitted(evaluation: Evaluation, groups: int, first: Sequence[str] = ()) -> tuple[str, ...]:
    """Fitted constants of so many groups, of those in `first` before others."""
    if evaluation.constants is None or not groups:
        return ()
    constants = Constants.from_json(evaluation.constants)
    lines = []
    named = [group for group in first if group in constants.groups]
    for group in list(dict.fromkeys([*named, *constants.groups]))[:groups]:
        values = list(constants.of(group).items())[:MAX_CONSTANTS]
        text = ", ".join(f"{name}={number(value)}" for name, value in values)
        lines.append(f"{clip(group, 60)}: {text}" if len(constants.groups) > 1 else text)
    hidden = len(constants.groups) - len(lines)
    return (*lines, f"{hidden} more groups") if hidden > 0 else tuple(lines)


def _status(evaluation: Evaluation) -> tuple[str, ...]:
    """How the fits of the groups ended, unless all simply converged."""
    counts = Counter(evaluation.status.values())
    if set(counts) <= {"converged"}:
        return ()
    return tuple(f"{clip(text)} ({count} of {counts.total()} groups)" for text, count in counts.most_common(3))
