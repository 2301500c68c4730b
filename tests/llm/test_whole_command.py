"""The whole command with a model behind a real endpoint, and the same again from its own recording."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from endpoint_server import Endpoint, Handler, Seen, says
from llm_driver import POWER

from benchmarks.waves import CALLS, searched, student, write_tables
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.start_forms import StartForms, start_forms
from lawsmith.sandbox import Evaluation, Sandbox, evaluate
from lawsmith.sandbox.law.expression import walk
from lawsmith.sandbox.law.nodes import Function
from lawsmith.tasks import Table, Task
from tests.command import run_command
from tests.made import quick_first

VARIES = re.compile(rb'^(  ?"(?:seconds|digest|[a-z]+\.(?:jsonl|json|py))"): (?:[0-9.]+|"[0-9a-f]{64}")', re.MULTILINE)
"""The seconds of the run and the digests of files that hold times; all else in `result.json` must be equal."""


def discover(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    said = run_command(capsys, *arguments, "--json")
    found: dict[str, Any] = json.loads(said.out)
    return found


def answering(handler: Handler, seen: Seen, number: int) -> None:
    """A fair law for most questions, known by the seed that each slot sends; nonsense for the others."""
    seed = seen.body["seed"]
    says(POWER.format(power=(seed % 40 + 1) / 20) if seed % 2 else "no idea")(handler, seen, number)


def power_law(folder: Path) -> tuple[str, ...]:
    rows = "\n".join(f"{x:.6g},{3 * x**-0.4:.6f}" for x in np.geomspace(1, 1e3, 10))
    (folder / "t.csv").write_text(f"N,y\n{rows}\n")
    return ("--data", str(folder / "t.csv"), "--target", "y", "--cap", "2")


def results_but_for_times(*runs: dict[str, Any]) -> list[tuple[bytes, int]]:
    """`result.json` of each, with how many places of it vary from run to run."""
    found = (Path(run["runs"][0]["archive"], "result.json").read_bytes() for run in runs)
    return [VARIES.subn(rb"\1: *", result) for result in found]


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_a_replayed_run_has_the_same_result_to_the_byte(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    table = power_law(tmp_path)
    with Endpoint(answering) as endpoint:
        asked = ("--agent", agent, "--model", "m", "--base-url", endpoint.url, "--in-flight", "2", "--max-calls", "6")
        first = discover(capsys, *table, *asked, "--runs-dir", str(tmp_path / "first"))
        paid = len(endpoint.requests)
    archive = first["runs"][0]["archive"]
    again = discover(capsys, *table, "--model", f"replay:{archive}", "--runs-dir", str(tmp_path / "again"))
    result, repeated = results_but_for_times(first, again)
    assert paid == 6
    assert result == repeated
    assert result[1] == 6
    account = json.loads(Path(archive, "result.json").read_bytes())["details"]["account"]
    assert account["calls"]["finished"] == 6
    assert 0 < account["lost"]["no code in the reply"] == 6 - account["models"]["m"]["answers"]


@pytest.mark.parametrize("seconds", quick_first([0.2, 4], 1))  # within the floor; waiting for replies
def test_a_run_that_ran_out_of_time_is_replayed_to_the_byte_and_its_books_hold_every_call(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def slow_later(handler: Handler, seen: Seen, number: int) -> None:
        handler.wait(0.0 if number <= 2 else 60.0)
        answering(handler, seen, number)

    model = ("--agent", "evolve", "--model", "m", "--in-flight", "2", "--time-limit", str(seconds))
    table = power_law(tmp_path)
    with Endpoint(slow_later) as endpoint:
        first = discover(capsys, *table, *model, "--base-url", endpoint.url, "--runs-dir", str(tmp_path / "first"))
        sent = len(endpoint.requests)
    archive = first["runs"][0]["archive"]
    again = discover(capsys, *table, "--model", f"replay:{archive}", "--runs-dir", str(tmp_path / "again"))
    result, repeated = results_but_for_times(first, again)
    assert result == repeated
    details = json.loads(Path(archive, "result.json").read_bytes())["details"]
    assert details["stopped"] == f"time limit of {seconds:g} s"
    assert details["account"]["calls"]["attempts"] == sent


@pytest.fixture
def measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches of the same rows, each of which begins with the same floor, evaluate no law again."""
    known: dict[tuple[str, int], Evaluation] = {}

    def evaluated(sandbox: Sandbox, source: str, *rows: Any, seed: int, **rest: Any) -> Evaluation:
        if (source, seed) not in known:
            known[source, seed] = evaluate(sandbox, source, *rows, seed=seed, **rest)
        return known[source, seed]

    monkeypatch.setattr("lawsmith.sandbox.search_task.evaluate", evaluated)
    forms: list[StartForms] = []

    def shared(task: Task) -> StartForms:
        if not forms:
            forms.append(start_forms(task))
        return forms[0]

    monkeypatch.setattr("lawsmith.agent.symbolic.symbolic_proposer.start_forms", shared)


@pytest.mark.slow
@pytest.mark.usefixtures("measured_once")
def test_agents_beat_the_whole_symbolic_search_where_its_grammar_cannot_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pd.read_csv(write_tables(tmp_path)[0])
    table = Table({"N": read["N"].to_numpy()}, {"y": read["y"].to_numpy()}, ("all",), np.zeros(len(read), int))
    nodes = [node for form in library(profile(table)) for node in walk(form.node)]
    functions = {node.name for node in nodes if isinstance(node, Function)}
    assert functions.isdisjoint(("sin", "cos", "tan"))  # so that no form has endless waves
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with student() as url:
        [floor] = searched("symbolic", tmp_path, url).runs
        for agent in CALLS:
            [run] = searched(agent, tmp_path, url).runs
            assert floor.result.validation_r2 is not None is not run.result.validation_r2
            assert run.result.validation_r2 > floor.result.validation_r2 + 0.1
            assert floor.test_r2 is not None is not run.test_r2
            assert run.test_r2 > 0.999 > floor.test_r2 + 0.1
