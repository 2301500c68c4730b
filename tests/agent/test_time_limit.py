"""A time limit holds whatever candidates do: during the search, after it, and for several runs at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from agent_doubles import form_source, small_dataset

from lawsmith.agent.command.observer import Observer
from lawsmith.agent.command.runner import Plan, Runner
from lawsmith.agent.search.budget import Allowance
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.runs import Manifest
from lawsmith.runs.trials import History, Proposal
from lawsmith.sandbox import Evaluation, FitJob, Sandbox, SearchOver
from lawsmith.sandbox.search_task import SearchTask

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

    name = "waiting"
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
        runner = Runner(dataset, lambda *_: proposer, evaluator, Observer())
        began = time.monotonic()
        run = runner.run(Plan(0, 0, Allowance(seconds=1.0), manifest), tmp_path)
        took = time.monotonic() - began
        assert run.result.winner is not None
        assert proposer.stopped == 3
        assert took < 20, "each of the five that hang may take 60 s"
        assert sandbox.deadline == math.inf


class Elsewhere:
    """A cluster that only remembers what it was told."""

    width = 1
    deadline = math.inf

    def evaluate(self, source: str) -> Evaluation:
        raise NotImplementedError


def test_of_several_searches_the_last_deadline_counts() -> None:
    with Sandbox(workers=1) as sandbox:
        elsewhere = Elsewhere()
        evaluator = Evaluator(sandbox, SearchTask.of(small_dataset().task), elsewhere=elsewhere)
        began = time.monotonic()
        with evaluator.until(1000.0):
            assert 999 < sandbox.deadline - began < 1010
            with evaluator.until(2000.0):
                assert 1999 < sandbox.deadline - began < 2010
                assert elsewhere.deadline == sandbox.deadline
            assert 999 < elsewhere.deadline - began < 1010
            with evaluator.until(None):
                assert sandbox.deadline == math.inf
        assert sandbox.deadline == elsewhere.deadline == math.inf
