"""An agent that has nothing but the tools discovers a law; the archive holds what it did, and it never saw the test."""

from pathlib import Path

import pytest
from mcp_server import ROOT, Agent, act, on_stdio

from lawsmith.agent.inspection import details
from lawsmith.runs import Archive
from lawsmith.runs.replay import replay
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


@pytest.mark.slow
def test_an_agent_discovers_a_law(tmp_path: Path) -> None:
    finished = {}

    async def story(agent: Agent) -> None:
        names = [task["task"] for task in (await agent.call("list_tasks"))["tasks"]]
        assert "sft" in names
        about = await agent.call("describe_task", task="sft")
        assert "sft_data_size" in about["description"] and "def form(x, p)" in about["description"]
        session = (await agent.call("start", task="sft", model="scripted/1"))["session"]
        page = (await agent.call("rows", session=session, sort="-sft_data_size", limit=5))["text"]
        assert page.startswith(f"{about['training_rows']} rows match, 5 shown")
        bars = (await agent.call("plot", session=session, x="sft_data_size", y="sft_loss"))["text"]
        assert "#####" in bars
        code = "np.polyfit(np.log(x['sft_data_size']), np.log(y['sft_loss']), 1)[0]"
        assert float((await agent.call("run", session=session, code=code))["text"]) < 0
        first = await agent.call("try", session=session, source=POWER, hypothesis="a power law")
        assert first["verdict"] == "ok" and first["selectable"] and len(first["folds"]) >= 2
        assert "Held-out parts, worst first" in first["told"] and "predicted too" in first["told"]
        seen = (await agent.call("laws", session=session, number=first["number"]))["text"]
        assert "lowest sft_data_size" in seen
        second = await agent.call(
            "try", session=session, source=SHIFTED, parents=[first["number"]], hypothesis="it bends"
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
