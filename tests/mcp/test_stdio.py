"""An agent that has nothing but the tools discovers a law; the archive holds what it did, and it never saw the test."""

from pathlib import Path

import pytest
from mcp_server import ROOT, Agent, act, on_stdio

from lawsmith.agent.inspection import details
from lawsmith.runs import Archive, replay
from lawsmith.sandbox import Sandbox

DATA = ROOT.parent / "shared/data/sldbench"
POWER = """
PARAMETERS = {"L": (0, None), "A": (0, None), "a": (0, 2)}
def form(x, p):
    return p["L"] + p["A"] * (x["sft_data_size"] / 1e4) ** -p["a"]
"""
SHIFTED = """
PARAMETERS = {"L": (0, None), "A": (0, None), "h": (0, 100), "a": (0, 3)}
def form(x, p):
    return p["L"] + p["A"] / ((x["sft_data_size"] / 1e4) ** p["a"] + p["h"])
"""


def test_an_agent_discovers_a_law(tmp_path: Path) -> None:
    finished = {}

    async def story(agent: Agent) -> None:
        names = [task["task"] for task in (await agent.call("list_tasks"))["tasks"]]
        assert "sft" in names
        about = await agent.call("describe_task", task="sft")
        assert "sft_data_size" in about["description"] and "def form(x, p)" in about["description"]
        page = await agent.call("training_rows", task="sft", limit=100)
        assert len(page["rows"]) == 100 and page["total"] == about["training_rows"]
        session = (await agent.call("start", task="sft", model="scripted/1"))["session"]
        first = await agent.call("submit", session=session, source=POWER, note="a power law")
        assert first["verdict"] == "ok" and first["selectable"] and len(first["folds"]) >= 2
        seen = await agent.call("diagnose", session=session, candidate=first["candidate"])
        assert any("lowest sft_data_size" in line for line in seen["diagnosis"][0]["frontier"])
        second = await agent.call(
            "submit", session=session, source=SHIFTED, parents=[first["candidate"]], note="it bends"
        )
        assert second["validation_r2"] > first["validation_r2"]
        assert second["best"]["candidate"] == second["candidate"]
        finished.update(await agent.call("finish", session=session))
        assert finished["validation_r2"] >= second["validation_r2"] - 0.02  # one constant less may win

    place = ("--data-dir", str(DATA)) if DATA.is_dir() else ()
    agent = act(on_stdio(tmp_path, (*place, "--floor-seconds", "0.01")), story)

    archive = Archive.open(Path(finished["archive"]))
    found = details(archive)
    assert found.problems == ()
    assert archive.manifest.agent == "mcp" and archive.manifest.model == "scripted/1"
    assert archive.law == finished["law"]
    own = [trial for trial in found.trials if trial.proposal.origin == "submitted"]
    assert [trial.proposal.note for trial in own] == ["a power law", "it bends"]
    assert own[1].proposal.parents == (own[0].id,)
    assert len(found.trials) > len(own), "the floor competes"
    with Sandbox(workers=1) as sandbox:
        assert replay(archive, sandbox).exact
    assert found.result is not None and found.result.scores.test is not None
    assert found.result.scores.test.r2 == pytest.approx(0.99, abs=0.02)
    for score in (found.result.scores.test.r2, found.result.scores.test.nmae):
        assert not any(str(score)[:9] in heard for heard in agent.heard)
