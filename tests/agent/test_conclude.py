"""The end of a run with invented evaluations: what is chosen, and what a failure says."""

from pathlib import Path

import numpy as np
import pytest
from agent_doubles import evaluation, form_source, small_dataset

from lawsmith.agent.command.conclude import conclude, select
from lawsmith.agent.command.loop import FAULT
from lawsmith.agent.command.registry import Chosen
from lawsmith.agent.command.result import Result, Run
from lawsmith.agent.search.budget import Spending
from lawsmith.agent.search.journal import Journal
from lawsmith.agent.search.score import typical_error
from lawsmith.runs import Archive, Manifest, RunResult
from lawsmith.runs.records.record import DataRecord, FinalScores, SplitScores
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox import Constants, Sandbox, Verdict, evaluate
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.task import thinned

FINISHED = "the proposer has finished"


def trial(source: str, r2: float, verdict: Verdict = Verdict.OK) -> Trial:
    return Trial(Proposal(source).id, Proposal(source), evaluation(r2, verdict))


def run(index: int, trials: tuple[Trial, ...], winner: str | None, r2: float | None = None) -> Run:
    task = small_dataset().task
    record = RunResult(
        winner=None if winner is None else Proposal(winner).id,
        scores=FinalScores(test=None if r2 is None else SplitScores(r2=r2)),
        error="no law" if winner is None else None,
    )
    manifest = Manifest(run=f"r{index}", task=task.schema, agent="symbolic", seed=index, data=None)
    return Run(Path("nowhere") / f"r{index}", manifest, record, trials)


def found(*runs: Run, tested: bool = True) -> Result:
    dataset = small_dataset()
    selected, reason = select(runs, dataset.task)
    if not tested:
        dataset = type(dataset)(dataset.task, None)
    return Result(dataset, Chosen("symbolic", None, "as asked"), runs, selected, reason, 1.0)


def test_selection_does_not_look_at_the_test_score() -> None:
    good = run(0, (trial("a", 0.99), trial("b", 0.2)), "a", r2=0.1)
    lucky = run(1, (trial("c", 0.2),), "c", r2=0.95)
    result = found(good, lucky)
    assert result.selected is good
    assert result.to_json()["selected"]["r2"] == 0.1


def test_the_selected_law_is_always_one_that_was_written_down() -> None:
    first = run(0, (trial("a", 0.5), trial("b", 0.99)), "a", r2=0.5)
    second = run(1, (trial("c", 0.9),), "c", r2=0.5)
    assert found(first, second).selected is second


def test_a_law_that_won_several_runs_is_selected_in_the_first() -> None:
    same = (trial("a", 0.9),)
    runs = run(0, same, "a", 0.9), run(1, same, "a", 0.9)
    assert found(*runs).selected is runs[0]


def test_figures_of_a_leaderboard() -> None:
    runs = (run(0, (trial("a", 0.9),), "a", r2=0.8), run(1, (trial("b", 0.8),), "b", r2=-7.0), run(2, (), None))
    content = found(*runs).to_json()
    assert (content["best_r2"], content["min_r2"]) == (0.8, -1.0)
    assert content["mean_r2"] == pytest.approx((0.8 - 1.0 - 1.0) / 3)
    assert [entry["r2"] for entry in content["runs"]] == [0.8, -7.0, None]
    assert [entry["error"] for entry in content["runs"]] == [None, None, "no law"]


def test_without_test_rows_there_is_no_figure() -> None:
    content = found(run(0, (trial("a", 0.9),), "a"), tested=False).to_json()
    assert content["best_r2"] is content["mean_r2"] is content["min_r2"] is None


def test_nothing_is_selected_when_every_run_failed() -> None:
    result = found(run(0, (trial("a", 0.0, Verdict.CRASH),), None))
    assert result.selected is None
    assert result.to_json()["selected"] is None
    assert len(result.failed) == 1


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ((), "No candidate was proposed (the proposer has finished)."),
        (("a", "b"), "None of 2 candidates gave a law (2 timeout); the last one: it did not work"),
    ],
)
def test_a_run_without_a_law_says_why(tmp_path: Path, sources: tuple[str, ...], expected: str) -> None:
    dataset = small_dataset()
    task = dataset.task
    manifest = Manifest(run="r", task=task.schema, agent="symbolic", seed=0, data=DataRecord.of(task.provenance))
    with Archive.create(tmp_path, manifest) as archive, Sandbox(workers=1) as sandbox:
        journal = Journal(archive)
        for source in sources:
            journal.record(trial(source, 0.0, Verdict.TIMEOUT), Spending())
        conclude(journal, dataset, SearchTask.of(dataset.task), sandbox, Spending(seconds=2.0), FINISHED)
        result = archive.result
    assert result is not None
    assert result.error == expected
    assert (result.candidates, result.failed, result.seconds) == (len(sources), len(sources), 2.0)
    assert archive.verify() == []
    assert archive.law is None


def test_a_law_found_on_a_part_of_the_rows_gets_its_constants_from_all(tmp_path: Path) -> None:
    dataset = small_dataset(rows=7000, groups=2)
    task, part = dataset.task, thinned(dataset.task)
    assert len(part.train) == 6000
    source = form_source(("L", "A", "a"), "p['L'] + p['A'] * (x['N'] / 1e6) ** -p['a']")
    manifest = Manifest(run="r", task=task.schema, agent="symbolic", seed=0, data=DataRecord.of(task.provenance))
    with Archive.create(tmp_path, manifest) as archive, Sandbox(workers=1) as sandbox:
        journal = Journal(archive, part)
        found = evaluate(sandbox, source, part, frontier_folds(part.train)[:1])
        journal.record(Trial(Proposal(source).id, Proposal(source), found), Spending())
        (known,) = archive.trials()
        assert known.typical_error == typical_error(known, part)
        conclude(journal, dataset, SearchTask.of(dataset.task), sandbox, Spending(), FINISHED)
        everything = evaluate(sandbox, source, task, ())
    result = archive.result
    assert result is not None and result.constants is not None and everything.constants is not None
    expected = Constants.from_json(everything.constants)
    assert result.constants == {group: expected.of(group) for group in expected.groups}
    assert result.constants != {g: Constants.from_json(found.constants or {}).of(g) for g in task.train.groups}
    assert result.validation_r2 == found.validation_r2
    assert archive.verify() == []


def test_a_law_that_cannot_be_fitted_to_all_rows_gives_way_to_the_next(tmp_path: Path) -> None:
    dataset = small_dataset(rows=7000, groups=2)
    task, part = dataset.task, thinned(dataset.task)
    pole = float(np.setdiff1d(task.train.features["N"], part.train.features["N"])[0])
    torn = form_source(("L", "A", "a"), f"{PLAIN} + 1e-12 / (x['N'] - {pole!r})")
    manifest = Manifest(run="r", task=task.schema, agent="symbolic", seed=0, data=DataRecord.of(task.provenance))
    with Archive.create(tmp_path, manifest) as archive, Sandbox(workers=1) as sandbox:
        journal = Journal(archive, part)
        for source, error in ((torn, 1e-3), (LASTS, 1.0)):
            found = evaluate(sandbox, source, part, frontier_folds(part.train)[:1])
            fold = found.folds[0].model_copy(update={"rmse": (error,)})
            told = found.model_copy(update={"folds": (fold,)})
            journal.record(Trial(Proposal(source).id, Proposal(source), told), Spending())
        conclude(journal, dataset, SearchTask.of(task), sandbox, Spending(), FINISHED)
    result = archive.result
    assert result is not None and (result.winner, result.error) == (Proposal(LASTS).id, None)
    assert any("cannot be fitted to all rows" in sentence for sentence in result.verdict)


PLAIN = "p['L'] + p['A'] * (x['N'] / 1e6) ** -p['a']"
LASTS = form_source(("L", "A", "a"), PLAIN)


def ending(at: float) -> str:
    """A form that has no value beyond `at`, before the test rows."""
    return form_source(("L", "A", "a"), f"{PLAIN} + 1e-12 * np.sqrt({at} - x['N'])")


def concluded(folder: Path, evaluations: dict[str, float | None], stopped: str = FINISHED) -> RunResult:
    """The result of a run that tried these sources on one fold, with the errors there that are given."""
    dataset = small_dataset()
    task = dataset.task
    manifest = Manifest(run="r", task=task.schema, agent="symbolic", seed=0, data=DataRecord.of(task.provenance))
    with Archive.create(folder, manifest) as archive, Sandbox(workers=1) as sandbox:
        journal = Journal(archive)
        for source, error in evaluations.items():
            found = evaluate(sandbox, source, task, frontier_folds(task.train)[:1])
            if error is not None:
                found = found.model_copy(update={"folds": (found.folds[0].model_copy(update={"rmse": (error,)}),)})
            journal.record(Trial(Proposal(source).id, Proposal(source), found), Spending())
        conclude(journal, dataset, SearchTask.of(task), sandbox, Spending(), stopped)
        assert archive.result is not None
        return archive.result


def test_a_law_without_a_value_on_test_rows_gives_way_to_the_next(tmp_path: Path) -> None:
    result = concluded(tmp_path, {ending(1.5e8): None, LASTS: 1.0})  # far behind, so not near the other
    assert (result.winner, result.error) == (Proposal(LASTS).id, None)
    assert result.scores.test is not None
    assert any("no finite value for some test row" in sentence for sentence in result.verdict)


@pytest.mark.parametrize(
    ("ends_at", "told"),
    [((1.5e8,), "The only law has no finite value"), ((1.5e8, 1.6e8), "None of the 2 leading laws has a finite value")],
)
def test_where_no_law_has_a_value_on_test_rows_the_run_says_so(
    tmp_path: Path, ends_at: tuple[float, ...], told: str
) -> None:
    result = concluded(tmp_path, dict.fromkeys(map(ending, ends_at)))
    assert result.winner is not None and result.scores.test is None
    assert result.error is not None and result.error.startswith(told)
    assert any(sentence.startswith(told) for sentence in result.verdict)


@pytest.mark.parametrize(
    ("stopped", "said"), [("time limit of 5 s", True), (f"{FAULT} (KeyError: x)", True), (FINISHED, False)]
)
def test_a_search_that_had_hardly_begun_says_so(tmp_path: Path, stopped: str, said: bool) -> None:
    result = concluded(tmp_path, {LASTS: None}, stopped)
    assert any("ended the search after 1 candidate" in sentence for sentence in result.verdict) == said


@pytest.mark.parametrize("alone", [True, False])
def test_a_law_whose_code_no_longer_does_what_it_did_gives_way_or_fails_the_run(tmp_path: Path, alone: bool) -> None:
    dataset = small_dataset()
    task = dataset.task
    honest = form_source(("L", "A", "a"), "p['L'] + p['A'] * (x['N'] / 1e6) ** -p['a']")
    bomb = honest + "[][0]\n"  # as when it was evaluated, and its time has come since
    manifest = Manifest(run="r", task=task.schema, agent="symbolic", seed=0, data=DataRecord.of(task.provenance))
    with Archive.create(tmp_path, manifest) as archive, Sandbox(workers=1) as sandbox:
        journal = Journal(archive)
        found = evaluate(sandbox, honest, task, frontier_folds(task.train)[:1])
        worse = found.model_copy(
            update={"folds": (found.folds[0].model_copy(update={"rmse": (1.0,)}),), "opaque": True}
        )
        for source in (bomb,) if alone else (bomb, honest):
            told = worse if source == honest else found.model_copy(update={"opaque": True})
            journal.record(Trial(Proposal(source).id, Proposal(source), told), Spending())
        seen = SearchTask.of(dataset.task)
        conclude(journal, dataset, seen, sandbox, Spending(), FINISHED, allow_opaque=True)
        result = archive.result
    assert result is not None
    if alone:
        assert result.winner is None
        assert result.error is not None and "IndexError" in result.error
    else:
        assert (result.winner, result.error) == (Proposal(honest).id, None)
        assert any("The choice passed over 1 better law" in sentence for sentence in result.verdict)
