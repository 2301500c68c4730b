"""Laws that the grammar cannot express, found by a scripted scientist with the tools: over HTTP, and over MCP."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from endpoint_server import Endpoint
from scientist import Scientist, Step

import lawsmith.agent.symbolic
from benchmarks.waves import write_tables
from lawsmith.agent.api import discover
from lawsmith.agent.client.config import Options
from lawsmith.runs import Archive
from lawsmith.runs.records.trials import Proposal
from lawsmith.tasks import Array

sys.path += [str(Path(__file__).parents[1] / name) for name in ("agent", "mcp")]
from agent_doubles import ScriptedProposer
from mcp_server import Agent, act, on_http

from tests.made import quick_first

LINE = (
    'PARAMETERS = {"a": (-9, 9), "b": (-9, 9)}\nimport numpy as np\n'
    'def form(x, p):\n    u = np.log(x["N"])\n    return '
)
FLOOR = [[Proposal(f'{LINE}p["a"] + p["b"] * u\n', origin="seed")]]


@dataclass(frozen=True)
class Law:
    """A true law of u = log N, what it looks like in code that shows it, and the form that states it."""

    true: Callable[[Array], Array]
    parameters: str
    form: str


LAWS = {
    "wave": Law(
        lambda u: 1 + 0.3 * u + 0.8 * np.sin(1.7 * u + 0.4),
        '"a": (-5, 5), "b": (-5, 5), "c": (0, 5), "w": (1, 4), "t": (-4, 4)',
        'p["a"] + p["b"] * u + p["c"] * np.sin(p["w"] * u + p["t"])',
    ),
    "bump": Law(
        lambda u: 1 + 0.2 * u + 0.7 * np.exp(-((u - 2.5) ** 2) / 0.8),
        '"a": (-5, 5), "b": (-5, 5), "c": (0, 5), "m": (0, 6), "s": (0.1, 5)',
        'p["a"] + p["b"] * u + p["c"] * np.exp(-((u - p["m"]) ** 2) / p["s"])',
    ),
    "change of regime": Law(
        lambda u: 3 - 0.1 * u - 0.6 * np.maximum(0, u - 2.6),
        '"a": (-5, 5), "b": (-5, 5), "c": (-5, 5), "m": (0, 6)',
        'p["a"] + p["b"] * u + p["c"] * np.maximum(0.0, u - p["m"])',
    ),
    "damped beat": Law(
        lambda u: 2 + np.exp(-0.4 * u) * np.cos(2.2 * u),
        '"a": (-5, 5), "c": (0, 5), "k": (0, 2), "w": (1, 4)',
        'p["a"] + p["c"] * np.exp(-p["k"] * u) * np.cos(p["w"] * u)',
    ),
}


def tables(folder: Path, law: Law) -> tuple[Path, Path]:
    """Training rows up to N = 400, test rows up to 4000."""
    paths = folder / "train.csv", folder / "test.csv"
    for path, n in zip(paths, (np.geomspace(1, 400, 28), np.geomspace(500, 4000, 10)), strict=True):
        y = law.true(np.log(n))
        path.write_text("N,y\n" + "".join(f"{a:.6g},{b:.6f}\n" for a, b in zip(n, y, strict=True)))
    return paths


def source(law: Law) -> str:
    return LINE.replace('{"a": (-9, 9), "b": (-9, 9)}', f"{{{law.parameters}}}") + law.form + "\n"


def story(law: Law) -> list[Step]:
    """What the scientist does; each step waits for what the last one must have told it."""
    bent = f'{LINE}p["a"] + p["b"] * u ** 2\n'
    return [
        Step("Laws so far", [("rows", {"sort": "-N", "limit": 3}), ("plot", {"x": "N", "y": "y"})]),
        Step("400", [("run", {"code": "u = np.log(x['N'])\nnp.round(np.gradient(y['y'], u), 2)"})]),
        Step("[", [("note", {"text": "The slope in log N is not monotone."}), ("try", {"source": bent})]),
        Step("predicted too", [("try", {"source": source(law), "hypothesis": "What the slope shows."})]),
        Step("It is the best law so far", [("laws", {}), ("finish", {"reason": "only rounding is left"})]),
    ]


@pytest.mark.parametrize("name", quick_first(LAWS, 2))
def test_a_scientist_finds_a_law_outside_the_grammar(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    floor = lambda task, seed, **_: ScriptedProposer(FLOOR)  # noqa: E731
    monkeypatch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", floor)
    train, test = tables(tmp_path, LAWS[name])
    scientist = Scientist(story(LAWS[name]))
    with Endpoint(scientist) as endpoint:
        found = discover(
            train,
            target="y",
            test=test,
            cap=5,
            agent="analyst",
            model="scientist",
            options=Options(base_url=endpoint.url),
            runs_dir=tmp_path / "runs",
            max_calls=12,
        )
    [run] = found.runs
    assert run.test_r2 is not None and run.test_r2 > 0.99, scientist.told[-1]
    assert len(endpoint.requests) == 5
    held = [record["source"] for record in Archive.open(run.archive).events() if record["event"] == "candidate"]
    assert held[-1] == source(LAWS[name])
    test_rows = test.read_text().split()[1:]
    assert not any(value in text for text in scientist.told for row in test_rows for value in row.split(","))


@pytest.mark.slow
def test_runs_begin_differently_and_notes_reach_later_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    floor = lambda task, seed, **_: ScriptedProposer(FLOOR)  # noqa: E731
    monkeypatch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", floor)
    monkeypatch.setattr("lawsmith.agent.command.runner.CONVERSATIONS", 1)
    train, _ = tables(tmp_path, LAWS["wave"])
    with Endpoint(Scientist(story(LAWS["wave"]))) as endpoint:
        options = Options(base_url=endpoint.url)
        asked = {"agent": "analyst", "model": "scientist", "options": options, "cap": 5}
        found = discover(train, target="y", runs=2, runs_dir=tmp_path / "runs", max_calls=12, **asked)
        one, two = (endpoint.requests[place].body["messages"][1]["content"] for place in (0, 5))
    assert "Look at the rows first" in one and "Begin with limits" in two
    assert "The slope in log N is not monotone." not in one and "The slope in log N is not monotone." in two
    again = discover(train, target="y", cap=5, model=f"replay:{found.runs[1].archive}", runs_dir=tmp_path / "again")
    assert again.runs[0].result.winner == found.runs[1].result.winner
    assert again.runs[0].result.details["account"]["divergence"] is None


def test_the_waves_are_the_benchmark_s(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    assert write_tables(tmp_path)[0].read_text() == tables(tmp_path / "ours", LAWS["wave"])[0].read_text()


def test_the_same_story_over_mcp(tmp_path: Path) -> None:
    train, test = tables(tmp_path, LAWS["wave"])
    finished: dict[str, Any] = {}

    async def told(agent: Agent) -> None:
        own = (await agent.call("list_tasks"))["tasks"][-1]["task"]
        session = (await agent.call("start", task=own))["session"]
        for step in story(LAWS["wave"]):
            assert step.cue in agent.heard[-1] or step.cue in ("Laws so far", "400", "[")
            for tool, arguments in step.calls:
                if tool == "finish":
                    finished.update(await agent.call(tool, session=session))
                else:
                    await agent.call(tool, session=session, **arguments)

    arguments = ("--data", str(train), "--target", "y", "--test", str(test), "--cap", "5")
    with on_http(tmp_path, (*arguments, "--runs-dir", str(tmp_path / "runs"))) as (url, _):
        act(url, told)
    archive = Archive.open(Path(finished["archive"]))
    assert finished["by"] == "you"
    assert archive.result is not None and archive.result.scores.test is not None
    assert archive.result.scores.test.r2 > 0.99
    notes = [event["text"] for event in archive.events() if event["event"] == "note"]
    assert notes == ["The slope in log N is not monotone."]
