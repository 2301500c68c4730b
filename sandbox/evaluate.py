"""Scores a candidate: fitted on all training rows, then fold by fold, or to all folds at once where they are small, on
rows that it has not seen."""

import math
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from lawsmith.sandbox.constants import Constants
from lawsmith.sandbox.evaluation import Evaluation, FoldScore, fold_score, training_rmse
from lawsmith.sandbox.jobs import FitJob, JobResult, Usage
from lawsmith.sandbox.law.identified import tangled
from lawsmith.sandbox.law.nodes import Statement
from lawsmith.sandbox.law.parse import Candidate, read_candidate
from lawsmith.sandbox.law.write_text import formula
from lawsmith.sandbox.pool.executor import Sandbox
from lawsmith.sandbox.pool.verify import Claim, differing, told_again
from lawsmith.sandbox.verdict import Refused, Verdict
from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.frontier.folds import Fold
from lawsmith.tasks.frontier.reach import reach_rows, unsafe
from lawsmith.tasks.metrics import scores
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Task

GOOD = 0.9  # R² on a fold from which it is not asked whether the fold could tell the constants
MISSED = 3.0
"""A fit to all rows has missed its minimum where its median error is so many times the error of every fold, whose rows
were not fitted."""
AGAIN = 2  # fits from other starts, where that is so
MOST_STACKED_ROWS = 40_000
"""Rows that the folds fit together: with more, a fit is long beside the time of the calls, and folds may share out."""


def evaluate(
    sandbox: Sandbox,
    source: str,
    task: Task,
    folds: Sequence[Fold],
    *,
    probes: Table | None = None,
    seed: int = 0,
    whole: JobResult | None = None,
) -> Evaluation:
    """Fits and scores `source`. What the candidate does wrong is in the verdict; nothing is raised for it.

    A closed law gets no folds. `whole` is the result of `whole_fit`, if it is there already. Raises
    SandboxUnavailable where nothing can be isolated, and SearchOver (see `Sandbox.deadline`).
    """
    began = time.monotonic()
    try:
        candidate = read_candidate(source, sandbox.limits, task.schema)
        _check_literals(candidate, task.schema)
    except Refused as refused:
        return Evaluation(verdict=refused.verdict, message=refused.message, stage="check", tier=sandbox.tier)
    trial = _EvaluationJobs(sandbox, candidate, task, () if candidate.kind == "law" else folds, probes, seed)
    hangs = whole is not None and whole.verdict is Verdict.TIMEOUT
    return trial.run(began, whole if candidate.pure or hangs else None)


def whole_fit(source: str, task: Task, probes: Table, seed: int = 0) -> FitJob:
    """The first job of an evaluation: fits all training rows and predicts them, the probe rows, and rows far beyond."""
    tables = (task.train.hide(), probes.hide(), reach_rows(task.train, task.knowledge.distances))
    return FitJob(source, task.schema, task.train, tables, seed=seed, optional=2)


class _EvaluationJobs:
    """The jobs of one evaluation."""

    def __init__(
        self, sandbox: Sandbox, candidate: Candidate, task: Task, folds: Sequence[Fold], probes: Table | None, seed: int
    ) -> None:
        self.sandbox, self.candidate, self.task, self.folds, self.seed = sandbox, candidate, task, folds, seed
        self.probes = None if probes is None else probes.hide()
        self.usage = Usage()

    def run(self, began: float, whole: JobResult | None) -> Evaluation:
        parts = self._refitted(self._together(whole)) if self.candidate.pure else self._apart(whole)
        stage, last = parts[-1]
        if not last.ok:
            return self._failure(began, stage, last)
        checked = self._verify([part for _, part in parts])
        if not checked.ok:
            return self._failure(began, checked.stage, checked)
        found = self._told([part for _, part in parts])
        failed = next((part for part in found if not part.ok), None)
        if failed is not None:
            return self._failure(began, failed.stage, failed)
        return self._scored(found, began)

    def _together(self, whole: JobResult | None) -> list[tuple[str, JobResult]]:
        """The full fit and the folds, up to the first that failed, at the same time."""
        first, *others = self._jobs()
        statement = self.candidate.statement
        if statement is not None and may_stack(statement, self.folds, self.task.train):
            whole, folds = self._stacked(first, whole)
            if folds is not None or not whole.ok:
                return self._parts(whole, folds or [])
            # Something fails in a fold: fitted by themselves, the folds say which and why.
        full, *rest = self._submit(first, others, whole)
        try:
            return self._parts(self._result(full), map(self._result, rest))
        finally:
            for future in rest:
                future.cancel()

    def _refitted(self, parts: list[tuple[str, JobResult]]) -> list[tuple[str, JobResult]]:
        """The parts, with a fit to all rows from other starts where the first has missed its minimum."""
        (stage, full), *folds = parts
        if not folds or len(folds) < len(self.folds) or not all(part.ok for _, part in parts):
            return parts
        held_out = zip(self.folds, folds, strict=True)
        rmse = [fold_score(fold, self.task.train, part.predictions[0]).rmse for fold, (_, part) in held_out]
        most = np.max(rmse, axis=0)
        job = self._jobs()[0]
        for seed in range(self.seed + 1, self.seed + 1 + AGAIN):
            if not (self._median_error(full) > MISSED * most).any():
                break
            other = self._run(replace(job, seed=seed))
            if other.ok and (self._median_error(other) < self._median_error(full)).all():
                full = other
        return [(stage, full), *folds]

    def _median_error(self, full: JobResult) -> Array:
        """(T,): of the law on all training rows."""
        return np.asarray(np.median(np.abs(full.predictions[0] - self.task.train.target_matrix()), axis=0))

    def _stacked(self, first: FitJob, whole: JobResult | None) -> tuple[JobResult, list[JobResult] | None]:
        """The full fit, and the folds fitted as one table; None where one of them fails, or the full fit did."""
        folded = replace(self._job(*stacked(self.task.train, self.folds)), families=len(self.folds))
        full, together = self._submit(first, [folded], whole)
        found = self._result(full)
        if not found.ok:
            together.cancel()
            return found, None
        folds = self._result(together)
        if not folds.ok:
            return found, None
        predicted = apart(folds.predictions[0], self.folds)
        return found, [replace(folds, predictions=(one,)) for one in predicted]

    def _apart(self, whole: JobResult | None) -> list[tuple[str, JobResult]]:
        """The same for code that could tell one process what another one knows: one after the other, so that no two
        are there at a time, and the fit that knows every target last."""
        if whole is not None and not whole.ok:
            return [(whole.stage, whole)]
        full, *others = self._jobs()
        again, folds = others[: -len(self.folds) or None], others[len(others) - len(self.folds) :]
        scored: list[JobResult] = []
        for fold, job in zip(self.folds, folds, strict=True):
            scored.append(self._run(job))
            if scored[-1].verdict in (Verdict.TIMEOUT, Verdict.SANDBOX_BROKEN):  # so would the full fit, and as long
                return [(f"fold:{fold.name}", scored[-1])]
            if not scored[-1].ok:
                break
        return self._parts(self._run(full), chain(map(self._run, again), scored))

    def _submit(self, first: FitJob, others: list[FitJob], whole: JobResult | None) -> list[Future[JobResult]]:
        if whole is None:
            return [self.sandbox.submit(job) for job in (first, *others)]
        known: Future[JobResult] = Future()
        known.set_result(whole)
        return [known, *map(self.sandbox.submit, others)]

    def _jobs(self) -> list[FitJob]:
        """The fit to all rows, once more where the candidate's own code makes it, and the folds."""
        train = self.task.train
        full = self._job(train, train)
        if self.probes is not None:
            full = whole_fit(self.candidate.source, self.task, self.probes, self.seed)
        again = [full] if self.candidate.has_fit else []
        return [full, *again, *(self._job(train.take(f.fitted), train.take(f.held_out)) for f in self.folds)]

    def _job(self, fitted: Table, predicted: Table) -> FitJob:
        return FitJob(self.candidate.source, self.task.schema, fitted, (predicted.hide(),), seed=self.seed)

    def _parts(self, full: JobResult, rest: Iterable[JobResult]) -> list[tuple[str, JobResult]]:
        """The full fit and the folds, up to the first that failed; nothing is asked for after that."""
        parts, rest = [(full.stage, full)], iter(rest)
        if full.ok and self.candidate.has_fit and (differs := differing(full, next(rest))) is not None:
            return [(differs.stage, differs)]
        for fold in self.folds:
            if not parts[-1][1].ok:
                break
            parts.append((f"fold:{fold.name}", next(rest)))
        return parts

    def _run(self, job: FitJob) -> JobResult:
        return self._result(self.sandbox.submit(job))

    def _result(self, future: Future[JobResult]) -> JobResult:
        found = future.result()
        self.usage += found.usage
        return found

    def _verify(self, parts: Sequence[JobResult]) -> JobResult:
        """Proves the predictions of these parts, the full fit first, with those of the probes."""
        if not self.candidate.opaque or not parts:
            return JobResult(Verdict.OK)
        train, constants = self.task.train, self._constants(parts[0])
        tables = [train, *(train.take(fold.held_out) for fold in self.folds)]
        claims = [Claim(part.constants, table, part.predictions[0]) for part, table in zip(parts, tables, strict=False)]
        beyond = () if self.probes is None else (self.probes, self._far)
        for table, predictions in zip(beyond, parts[0].predictions[1:], strict=True):
            if np.isfinite(predictions).all():
                claims.append(Claim(constants, table, predictions))
        checked = self.sandbox.verify(self.candidate, self.task.schema, claims)
        self.usage += checked.usage
        return checked

    @property
    def _far(self) -> Table:
        return reach_rows(self.task.train, self.task.knowledge.distances)

    def _told(self, found: Sequence[JobResult]) -> Sequence[JobResult]:
        """The parts, full fit first; those of opaque code with constants to the digits that the rows can tell. Of all
        others these are taken where they are fitted."""
        if not self.candidate.opaque or self.candidate.kind == "law":
            return found
        train = self.task.train
        beyond = () if self.probes is None else (self.probes, self._far)
        fitted = [*(train.take(fold.fitted) for fold in self.folds), train]
        held = [(train.take(fold.held_out).hide(),) for fold in self.folds]
        tables = [*held, (train.hide(), *beyond)]  # those that need no finite prediction come last
        predict = partial(self.sandbox.predict, self.candidate, self.task.schema)
        told = told_again(predict, [*found[1:], found[0]], fitted, tables, len(beyond))
        self.usage += told[0].usage
        return [told[-1], *told[:-1]]

    def _constants(self, full: JobResult) -> Constants | None:
        return full.constants if self.candidate.kind != "law" else None

    def _failure(self, began: float, stage: str, found: JobResult) -> Evaluation:
        return self._evaluation(began, verdict=found.verdict, message=found.message, stage=stage)

    def _scored(self, found: Sequence[JobResult], began: float) -> Evaluation:
        train, full, *parts = self.task.train, *found
        scored = tuple(
            scored_fold(fold, train, part.predictions[0], self.candidate.statement)
            for fold, part in zip(self.folds, parts, strict=True)
        )
        telling = [fold.r2 for fold in scored if fold.tells] or [fold.r2 for fold in scored]
        constants = self._constants(full)
        probe, far = (None, None) if self.probes is None else full.predictions[1:]
        return self._evaluation(
            began,
            verdict=Verdict.OK,
            train=scores(train.target_matrix(), full.predictions[0]),
            rmse=training_rmse(train, full.predictions[0]),
            folds=scored,
            validation_r2=float(np.mean(np.clip(telling, -1, 1))) if scored else None,
            constants=None if constants is None else constants.to_json(),
            constants_count=None if constants is None else constants_per_target(self.candidate, constants, self.task),
            free_constants=None if constants is None else constants.free + self.candidate.literals,
            status=dict(zip(train.groups, full.status, strict=False)),
            probe=tuple(map(tuple, probe.tolist())) if probe is not None and np.isfinite(probe).all() else (),
            unsafe=None if far is None else unsafe(train, self._far, far, self.task.knowledge),
        )

    def _evaluation(self, began: float, **fields: Any) -> Evaluation:
        stated = self.candidate.statement
        return Evaluation(
            kind=self.candidate.kind,
            opaque=self.candidate.opaque,
            unread=self.candidate.unread,
            formula=None if stated is None else formula(stated),
            tier=self.sandbox.tier,
            seconds=time.monotonic() - began,
            cpu_seconds=self.usage.cpu,
            peak_bytes=self.usage.peak_bytes,
            **fields,
        )


def constants_per_target(candidate: Candidate, constants: Constants, task: Task) -> int:
    """How many constants a law has per group and target: those fitted and the numbers written into a form."""
    return math.ceil((len(constants.names) + candidate.literals) / len(task.schema.targets))


def _check_literals(candidate: Candidate, schema: Schema) -> None:
    """Numbers written into a form count against the cap; raises Refused with OVER_CAP."""
    if schema.cap is None or candidate.kind != "form" or not candidate.literals:
        return
    declared = 0 if candidate.statement is None else len(candidate.statement.parameters)
    if declared + candidate.literals > schema.cap * len(schema.targets):
        raise Refused(
            Verdict.OVER_CAP,
            f"{declared} parameters and {candidate.literals} numbers in the source make more than "
            f"{schema.cap} constants for each target. Small whole numbers, simple fractions, powers of ten and one "
            "unit for each feature are free; make the other numbers parameters, or leave them out.",
        )


def may_stack(statement: Statement, folds: Sequence[Fold], train: Table) -> bool:
    """Whether the folds may be fitted together: they are small, and leave rows of all groups that share a constant."""
    if len(folds) < 2 or sum(len(fold.fitted) for fold in folds) > MOST_STACKED_ROWS:
        return False
    return not statement.shared or all(len(np.unique(train.codes[f.fitted])) == len(train.groups) for f in folds)


def stacked(train: Table, folds: Sequence[Fold]) -> tuple[Table, Table]:
    """The rows that each fold fits, and those that it holds out, one fold after the other; each has its own groups.

    Most of a small fit is the time of numpy's calls, which hardly take longer for seventeen folds than for one.
    """
    fitted, held_out = ([getattr(fold, which) for fold in folds] for which in ("fitted", "held_out"))
    names = tuple(f"{k}: {group}" for k in range(len(folds)) for group in train.groups)
    return _side_by_side(train, fitted, names), _side_by_side(train, held_out, names).hide()


def apart(predictions: Array, folds: Sequence[Fold]) -> list[Array]:
    """The predictions (n, T) of each fold's held-out rows."""
    return np.split(predictions, np.cumsum([len(fold.held_out) for fold in folds])[:-1])


def _side_by_side(train: Table, rows: Sequence[IntArray], names: tuple[str, ...]) -> Table:
    every = np.concatenate(rows)
    fold = np.repeat(np.arange(len(rows)), [len(some) for some in rows])
    return replace(train.take(every), groups=names, codes=fold * len(train.groups) + train.codes[every])


def scored_fold(fold: Fold, train: Table, predicted: Array, stated: Statement | None) -> FoldScore:
    """The score of predictions (n, T) for the held-out rows, and whether the fitted ones determine the constants."""
    found = fold_score(fold, train, predicted)
    if found.r2 >= GOOD or stated is None:
        return found
    left = train.take(fold.fitted).features
    return found.model_copy(update={"tells": not any(tangled(tree, left) for tree in stated.targets.values())})
