"""A time limit holds whatever candidates do: during the search, after it, and for several runs at a time."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from agent_doubles import form_source, small_dataset

from lawsmith.agent.api import discover
from lawsmith.agent.command.doubts import doubted
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.command.runner import Plan, Runner
from lawsmith.agent.search.budget import Allowance, Budget
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.runs import Archive, Manifest
from lawsmith.runs.records.archive import RESULT
from lawsmith.runs.records.trials import History, Proposal
from lawsmith.sandbox import FitJob, Sandbox, SearchOver
from lawsmith.sandbox.search_task import SearchTask
from tests.command import run_command

POWER = form_source(("L", "A", "a"), 'p["L"] + p["A"] * x["N"] ** -p["a"]')
SLEEPER = """
import collections
PARAMETERS = ("a",)
def form(x, p):
    collections._sys.modules["time"].sleep(60)
    return p["a"] * x["N"]
"""
ENDLESS = """
PARAMETERS = ("a",)
def fit(x, y):
    while True:
        pass
def form(x, p):
    return p["a"] * x["N"]
"""


class Waiting:
    """Proposes a law and two candidates that hang; its report waits for another two, as replies under way do."""

    ended: str | None = None

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.stopped = 0

    def propose(self, history: History) -> Sequence[Proposal]:
        return () if len(history) else [Proposal(source) for source in (POWER, SLEEPER, ENDLESS)]

    def report(self, history: History) -> dict[str, Any]:
        task, sandbox = self.evaluator.task, self.evaluator.sandbox
        hanging = [FitJob(SLEEPER + f"# {i}\n", task.schema, task.train) for i in range(3)]
        for job in [sandbox.submit(job) for job in hanging]:
            with pytest.raises(SearchOver):
                job.result()
            self.stopped += 1
        return {}


def test_what_a_report_waits_for_is_stopped_like_the_search(tmp_path: Path) -> None:
    dataset = small_dataset()
    manifest = Manifest(run="r", task=dataset.task.schema, agent="symbolic", seed=0, data=None)
    with Sandbox(workers=1) as sandbox:
        assert sandbox.tier
        evaluator = Evaluator(sandbox, SearchTask.of(dataset.task))
        proposer = Waiting(evaluator)
        runner = Runner(dataset, lambda *_: proposer, evaluator, Observer(), sandbox)
        began = time.monotonic()
        run = runner.run(Plan(0, 0, Allowance(seconds=1.0), manifest, tmp_path / manifest.address))
        took = time.monotonic() - began
        assert run.result.winner is not None
        assert proposer.stopped == 3
        assert took < 60, "each of the five that hang would take 60 s"
        assert sandbox.deadline == math.inf


class Rewriting:
    """Proposes a power law, and writes it with the other sign of its exponent at last."""

    written = Proposal(POWER.replace("** -p", "** p").replace("(0.0, 2.0)", "(-2.0, 0.0)"))

    def propose(self, history: History) -> Sequence[Proposal]:
        return [Proposal(POWER)]

    def rewritten(self, history: History) -> Sequence[Proposal]:
        return [self.written]


def test_a_law_is_written_as_at_the_end_of_a_search_where_time_ends_it(tmp_path: Path) -> None:
    dataset = small_dataset()
    manifest = Manifest(run="r", task=dataset.task.schema, agent="symbolic", seed=0, data=None)
    with Sandbox(workers=1) as sandbox:
        evaluator = Evaluator(sandbox, SearchTask.of(dataset.task))
        runner = Runner(dataset, lambda *_: Rewriting(), evaluator, Observer(), sandbox)
        run = runner.run(Plan(0, 0, Allowance(seconds=0.01), manifest, tmp_path / manifest.address))
    assert [(trial.proposal, trial.usable) for trial in run.trials][1:] == [(Rewriting.written, True)]
    assert str(run.result.details["stopped"]).startswith("time limit")


def test_of_several_searches_the_last_deadline_counts() -> None:
    with Sandbox(workers=1) as sandbox:
        evaluator = Evaluator(sandbox, SearchTask.of(small_dataset().task))
        began = time.monotonic()
        with evaluator.until(1000.0):
            assert 999 < sandbox.deadline - began < 1010
            with evaluator.until(2000.0):
                assert 1999 < sandbox.deadline - began < 2010
            assert 999 < sandbox.deadline - began < 1010
            with evaluator.until(None):
                assert sandbox.deadline == math.inf
        assert sandbox.deadline == math.inf


class Started(Observer):
    """Remembers how much of its time each run had spent when it began."""

    def __init__(self) -> None:
        self.spent: list[float] = []

    def started(self, run: int, archive: Archive, budget: Budget, history: History) -> None:
        self.spent.append(budget.spent.seconds)


def test_reading_and_preparing_count_for_up_to_half_of_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"N": np.arange(4.0, 14), "y": 3 / np.arange(4.0, 14)})

    def spent(runs: int, name: str) -> list[float]:
        observer = Started()
        discover(frame, target="y", time_limit=60, runs=runs, runs_dir=tmp_path / name, observer=observer)
        return observer.spent

    monkeypatch.setattr("lawsmith.agent.api.monotonic", lambda: time.monotonic() - 100)
    first, second = spent(2, "slow")
    assert 30 <= first < 60, "a command that took 100 s to prepare leaves half of the limit"
    assert second < 30, "a run that follows has all of it"


class StuckSandbox:
    """Fits nothing, ever."""

    def __init__(self) -> None:
        self.asked: list[Future[Any]] = []

    def submit(self, job: FitJob) -> Future[Any]:
        self.asked.append(Future())
        return self.asked[-1]


def test_no_doubts_are_asked_once_the_time_for_them_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, idle, stuck = small_dataset(), StuckSandbox(), StuckSandbox()
    found, doubts = doubted(dataset, cast(Sandbox, idle), 0.0)
    assert found is dataset and doubts is not None and "could not look for outliers within 0 s" in doubts.notices[0]
    assert idle.asked == [], "making the forms took all of it: no fit is begun that nobody waits for"
    monkeypatch.setattr("lawsmith.agent.command.doubts.wait", lambda futures, timeout: wait(futures, 0.0))
    assert doubted(dataset, cast(Sandbox, stuck), 600.0)[1] is not None, "600 s are over"
    assert stuck.asked and all(future.cancelled() for future in stuck.asked)


def test_doubts_that_take_too_long_are_given_up() -> None:
    with Sandbox(workers=1) as sandbox:
        late = doubted(small_dataset(), sandbox, 0.0)[1]
        assert late is not None and late.late == 0.0
        dataset = small_dataset()
        assert doubted(dataset, sandbox, 600.0) == (dataset, None), "the same sandbox goes on, and has time now"


def test_a_run_without_time_for_doubts_says_so_and_is_resumed_as_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{n},{3 * n**-0.4 * (1.9 if n == 64 else 1):.6f}" for n in range(4, 104, 4)]
    (tmp_path / "t.csv").write_text("\n".join(["N,y", *rows]))

    def slow(*arguments: object) -> Any:
        raise TimeoutError

    def command(*arguments: str) -> str:
        said = run_command(capsys, *arguments)
        return " ".join((said.out + said.err).split())

    search = ("--data", str(tmp_path / "t.csv"), "--target", "y", "--runs-dir", str(tmp_path / "runs"))
    limited = (*search, "--agent", "symbolic", "--time-limit", "0.2")
    with monkeypatch.context() as patch:
        patch.setattr("lawsmith.agent.command.runner.LEAST_WEIGHING", 60.0)
        assert "looks like an outlier" in command(*limited), "the control: with time the row is found"
    shutil.rmtree(tmp_path / "runs")
    with monkeypatch.context() as patch:
        patch.setattr("lawsmith.agent.command.doubts._robust", slow)
        told = "could not look for outliers within 2 s (--time-limit)"
        assert told in command(*limited)
    result = next(tmp_path.glob(f"runs/*/*/*/{RESULT}"))
    assert told in result.read_text()
    result.unlink()
    assert told in command("resume", str(result.parent))
    assert told in result.read_text()
