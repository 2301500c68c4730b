"""The end of a run: choose by validation, write the law down, score it once, seal the archive."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from lawsmith.agent.command.doubts import Doubts
from lawsmith.agent.command.law_verdict import verdict
from lawsmith.agent.command.loop import FAULT
from lawsmith.agent.command.result import Run
from lawsmith.agent.search.budget import Spending
from lawsmith.agent.search.journal import Journal
from lawsmith.agent.search.selection import Choice, choose
from lawsmith.runs import Archive, RunResult
from lawsmith.runs.laws.winner import Closed, LawFailed, close_law, predict_with, score_law
from lawsmith.runs.records.canonical_json import plain
from lawsmith.runs.records.record import FinalScores
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox import Constants, Sandbox, Verdict, evaluate
from lawsmith.sandbox.law.write_text import source_formula
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, Task
from lawsmith.tasks.errors import counted

PLAINEST = 36
"""Candidates that a search tries of the library before it varies them; one with fewer has hardly begun."""

CHOICES = 8
"""Laws that are asked for finite values at the test rows before a run is given up."""

ROWS_WITHIN_LIMITS = 100_000
"""Rows that a law is fitted to within the limits of one candidate; more get more time."""


def conclude(
    journal: Journal,
    dataset: Dataset,
    search_task: SearchTask,
    sandbox: Sandbox,
    spent: Spending,
    stopped: str,
    account: dict[str, Any] | None = None,
    doubts: Doubts | None = None,
    allow_opaque: bool = False,
) -> None:
    """Seal the archive of a search that has ended.

    `search_task` is what the search saw of `dataset`, `stopped` says why it ended, `account` is what the proposer
    reports, `doubts` says how rows were weighed. A law that cannot be read wins over one that can only where
    `allow_opaque` says so.
    The test split is scored here, once, after the choice. A run without a law is sealed as failed, and so is one none
    of whose leading laws has a finite prediction for every test row.
    """
    history, archive = journal.history, journal.archive
    record = _books(journal, spent, stopped, account)
    found = _chosen(journal, dataset, search_task, sandbox, allow_opaque) or _why_no_law(history, stopped)
    if isinstance(found, str):
        archive.finish(record.model_copy(update={"error": found}), None)
        return
    choice, law, passed = found
    scores, failed = _scored(law, dataset, sandbox)
    error = None if failed is None else " ".join((*passed, failed))
    why, votes = choice.why, choice.votes
    judged = verdict(choice.winner, votes, history.trials, dataset, search_task, scores, choice.warnings, why)
    doubts = None if doubts is None else doubts.judged_by(choice.winner, sandbox)
    told = () if doubts is None else doubts.sentences(choice.winner, sandbox)
    described = _described(choice, dataset.task) | {
        "verdict": (*judged.sentences, *passed, *told, *_cut_short(history, stopped), *_unfit(journal)),
        "tone": judged.tone,
    }
    if doubts is not None:
        described["details"] = record.details | doubts.to_json()
    archive.finish(record.model_copy(update={"scores": scores, "error": error, **described}), law.text)


def _scored(law: Closed, dataset: Dataset, sandbox: Sandbox) -> tuple[FinalScores, str | None]:
    """The scores, and why there are none on the test rows where the law cannot predict these."""
    try:
        return score_law(law.text, dataset, sandbox, law.trained), None
    except LawFailed as failure:
        return score_law(law.text, replace(dataset, test=None), sandbox, law.trained), str(failure)


def _chosen(
    journal: Journal, dataset: Dataset, search_task: SearchTask, sandbox: Sandbox, allow_opaque: bool
) -> tuple[Choice, Closed, tuple[str, ...]] | str | None:
    """The choice with constants from all rows, its law.py, and sentences about laws that were passed over; None where
    no candidate works.

    A law without a finite value at the features of a test row is no use there, and the next choice takes its place,
    unless none of `CHOICES` has one. The same holds for one whose code no longer does what it did, or that cannot be
    fitted to all rows. No test target is looked at. Where that holds for all, why it does for the first.
    """
    first, passed, failed = None, set[str](), list[str]()
    trials = journal.history.trials
    following = _choice(trials, search_task.task, allow_opaque)
    while following is not None and len(passed) < CHOICES:
        following = replace(following, winner=_on_all_rows(following.winner, dataset.task, search_task, sandbox))
        passed.add(following.winner.id)
        law = _law(following.winner, dataset.task, journal.archive, sandbox)
        if isinstance(law, str):
            failed.append(law)
        else:
            first = first or (following, law)
            tables = () if dataset.test is None else (dataset.test.hide(),)
            if not tables or predict_with(law.text, dataset.task.schema, tables, sandbox).ok:
                return following, law, _passed_over(len(passed) - 1, failed)
        left = [trial for trial in trials if trial.id not in passed]
        following = _choice(left, search_task.task, allow_opaque) if any(trial.usable for trial in left) else None
    if first is None:
        return failed[0] if failed else None
    return (*first, _nowhere_finite(passed))


def _passed_over(count: int, failed: Sequence[str]) -> tuple[str, ...]:
    """What is said of laws with a better standing than the one that was taken."""
    if failed:
        return (f"The choice passed over {counted(count, 'better law')}; of the first, {failed[0]}",)
    told = f"The choice passed over {counted(count, 'better law')}: the best has no finite value for some test row."
    return (told,) if count else ()


def _nowhere_finite(asked: Collection[str]) -> tuple[str]:
    """What is said where none of the laws that were asked has a finite value for every test row."""
    if len(asked) == 1:
        return ("The only law has no finite value for some test row, so the run has no test score.",)
    return (
        f"None of the {len(asked)} leading laws has a finite value for every test row, so the run has no test score; "
        "the best of them is kept.",
    )


def _on_all_rows(winner: Trial, task: Task, search_task: SearchTask, sandbox: Sandbox) -> Trial:
    """The winner with constants from all training rows, where the search looked at a part of them."""
    if len(search_task.task.train) == len(task.train) or winner.evaluation.constants is None:
        return winner
    times, usual = max(1.0, len(task.train) / ROWS_WITHIN_LIMITS), sandbox.limits
    limits = replace(usual, wall_seconds=times * usual.wall_seconds, cpu_seconds=times * usual.cpu_seconds)
    with Sandbox(limits, workers=1, tier=sandbox.tier) as patient:
        found = evaluate(patient, winner.proposal.source, task, ())
    known = winner.evaluation
    kept = ("folds", "validation_r2", "probe", "unsafe")
    scored = {name: getattr(known, name) for name in kept}
    return replace(winner, evaluation=found.model_copy(update=scored))


def select(runs: Sequence[Run], task: Task, allow_opaque: bool = False) -> tuple[Run | None, str]:
    """The run whose law is best when the candidates of all runs are judged together, and why.

    Only laws that won their own run can be selected: they are the ones that were written down.
    """
    winners = {run.result.winner: run for run in reversed(runs) if run.result.error is None}
    trials = [trial for run in runs for trial in run.trials]
    choice = _choice(trials, task, allow_opaque) if winners else None
    if choice is None:
        return None, "every run failed"
    if choice.winner.id in winners:
        return winners[choice.winner.id], choice.reason
    best = min(winners, key=lambda winner: choice.scores.get(winner or "", float("inf")))
    if len(runs) == 1:
        return winners[best], "the best law that can be fitted to all rows; the verdict names what it replaced"
    return winners[best], "the least typical error of the runs' laws, judged with the candidates of all runs"


def _choice(trials: Sequence[Trial], task: Task, allow_opaque: bool) -> Choice | None:
    """The choice among forms; without a working form, the closed law that fits the training rows best."""
    if any(trial.usable for trial in trials):
        return choose(trials, task, allow_opaque=allow_opaque)
    closed = [(score, trial) for trial in trials if (score := trial.evaluation.train_r2) is not None]
    if not closed:
        return None
    score, winner = max(closed, key=lambda one: one[0])
    reason = f"of the laws that bring their own constants, it fits the training rows best (R² {score:.6f})"
    return Choice(winner, reason, {}, {})


def _books(journal: Journal, spent: Spending, stopped: str, account: dict[str, Any] | None) -> RunResult:
    """What the search cost and why it ended."""
    failures, candidates = _failures(journal.history), len(journal.history)
    return RunResult(
        candidates=candidates,
        tried=candidates + journal.screening.rest + journal.screening.sums,
        screened=journal.screening.rest,
        sums=journal.screening.sums,
        failed=sum(failures.values()),
        calls=spent.calls,
        seconds=round(spent.seconds, 3),
        cost_usd=spent.usd,
        details={"stopped": stopped, "tokens": spent.tokens, "failures": dict(failures), "account": plain(account)},
    )


def _failures(history: History) -> Counter[str]:
    """How many candidates failed, by verdict."""
    return Counter(t.evaluation.verdict.value for t in history if t.evaluation.verdict is not Verdict.OK)


def _cut_short(history: History, stopped: str) -> tuple[str, ...]:
    """What is said where an error of our own ended the search, or time ran out before the plainest forms were tried."""
    tried = counted(len(history), "candidate")
    if stopped.startswith(FAULT):
        return (f"A {stopped} ended the search after {tried}, of which this law is the best; please report it.",)
    if not stopped.startswith("time limit") or len(history) >= PLAINEST:
        return ()
    return (f"The {stopped} ended the search after {tried}; a longer --time-limit may find a better law.",)


def _unfit(journal: Journal) -> tuple[str, ...]:
    """What is said where a whole stage of the search could not be fitted, which no table explains."""
    if not (count := journal.screening.unfit):
        return ()
    return (
        f"The search left out {counted(count, 'form')}: none of a whole stage could be fitted to a sample of the rows, "
        "which points to a fault of lawsmith or of this machine (`discover doctor`).",
    )


def _why_no_law(history: History, stopped: str) -> str:
    if not len(history):
        return f"No candidate was proposed ({stopped})."
    failed = ", ".join(f"{count} {verdict}" for verdict, count in _failures(history).most_common())
    last = history.trials[-1].evaluation
    return f"None of {len(history)} candidates gave a law ({failed}); the last one: {last.message}"


def _law(winner: Trial, task: Task, archive: Archive, sandbox: Sandbox) -> Closed | str:
    """Its ``law.py``, or why there is none."""
    if winner.evaluation.verdict is not Verdict.OK:
        return f"the law chosen on a part of the rows cannot be fitted to all rows: {winner.evaluation.message}"
    manifest, fitted = archive.manifest, winner.evaluation.constants
    provenance = {
        "Task": task.schema.name,
        "Data": f"{task.provenance.source}, SHA-256 {task.provenance.sha256}",
        "Agent": manifest.proposer,
        "Run": f"{manifest.run}, seed {manifest.seed}",
        "Candidate": winner.id,
    }
    constants = None if fitted is None else Constants.from_json(fitted)
    try:
        return close_law(winner.proposal.source, task, constants, provenance, sandbox)
    except LawFailed as failure:
        return str(failure)


def _described(choice: Choice, task: Task) -> dict[str, Any]:
    """What the result says about the winner and the choice."""
    source, found = choice.winner.proposal.source, choice.winner.evaluation
    fitted = None if found.constants is None else Constants.from_json(found.constants)
    return {
        "winner": choice.winner.id,
        "kind": found.kind,
        "validation_r2": found.validation_r2,
        "expression": source_formula(source, task.schema.targets) or found.formula,
        "constants": None if fitted is None else fitted.by_group(),
        "constants_count": found.constants_count,
        "inseparable": tuple(choice.votes)[1:],
        "votes": choice.votes,
        "outdone": choice.outdone,
        "reason": choice.reason,
    }
