"""The analyst works with tools over a real server: it looks, computes, tries, is told, and finds laws."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from endpoint_server import Endpoint
from llm_driver import config, run
from scientist import Scientist, Step

from lawsmith.agent.client.call_failures import AnsweredFailure, Failure
from lawsmith.agent.client.messages import TokenUsage
from lawsmith.agent.client.scripted import ScriptedModel
from lawsmith.runs import Archive
from lawsmith.sandbox import Sandbox

HINGE = """import numpy as np
PARAMETERS = {"a": (-10, 10), "b": (-10, 10), "c": (0, 4)}
def form(x, p):
    return p["a"] + p["b"] * np.maximum(0.0, np.log10(x["N"]) - p["c"])
"""
STEPS = (
    Step(
        "Laws so far",
        [("rows", {"where": ["N >= 100", "group = b"], "sort": "-N", "limit": 3}), ("plot", {"x": "N", "y": "y"})],
    ),
    Step("1000", [("run", {"code": "u = np.log10(x['N'])\nnp.round(np.diff(y['y'][:13]) / np.diff(u[:13]), 3)"})]),
    Step("0.5", [("note", {"text": "The slope in log10 N jumps from 0 to a constant."})]),
    Step("Noted", [("try", {"source": HINGE.replace("return", "return ="), "hypothesis": "A kink."})]),
    Step("Not evaluated. syntax", [("try", {"source": HINGE.replace("maximum", "maximun")})]),
    Step(
        "no attribute 'maximun'",
        [
            ("try", {"source": HINGE, "hypothesis": "Flat, then linear in log N beyond a threshold.", "parents": [3]}),
            ("try", {"source": HINGE.replace('- p["c"]', "- 1.0").replace(', "c": (0, 4)', "")}),
        ],
    ),
    Step("It is the best law so far", [("laws", {}), ("laws", {"number": 99}), ("dig", {}), ("rows", {"where": "N"})]),
    Step("There is no tool 'dig'", [("try", {"source": HINGE})]),
    Step("states what is known already", [("finish", {"reason": "only rounding is left"})]),
)


def test_a_scientist_reads_computes_tries_is_told_and_finishes(sandbox: Sandbox, tmp_path: Path) -> None:
    scientist = Scientist(STEPS)
    with Endpoint(scientist) as endpoint:
        found = run(sandbox, tmp_path, "analyst", config(endpoint.url), calls=12)
        assert endpoint.most_active == 1
    assert found.stopped == "the model finished: only rounding is left", scientist.told[-1]
    assert "maximum" in found.winner.proposal.source
    assert found.winner.proposal.note == "Flat, then linear in log N beyond a threshold."
    assert found.winner.proposal.parents == (found.history.trials[2].id,)
    assert found.winner.evaluation.validation_r2 == pytest.approx(1.0, abs=1e-6)
    assert len(endpoint.requests) == len(STEPS) == found.report["calls"]["finished"]
    assert found.report["best_by"] == "model" and found.report["gain"] > 0.5
    assert found.report["gain"] == pytest.approx(1 - found.report["best_error"] / found.report["floor_error"])
    assert found.report["lost"] == {"tools only": 7}
    assert [trial.proposal.origin.split()[0] for trial in found.history] == ["line", "line", "try", "try", "try"]


def test_every_call_and_answer_is_on_record_and_a_replay_repeats_it(sandbox: Sandbox, tmp_path: Path) -> None:
    with Endpoint(Scientist(STEPS)) as endpoint:
        found = run(sandbox, tmp_path / "first", "analyst", config(endpoint.url), calls=12)
    recorded = [json.dumps(call) for call in Archive.open(found.archive).calls()]
    assert any("only rounding is left" in line for line in recorded)
    assert any("The slope in log10 N" in line for line in recorded)
    again = run(sandbox, tmp_path / "again", "analyst", config(), replayed=Archive.open(found.archive), calls=12)
    assert again.report == found.report and again.report["divergence"] is None
    assert [trial.id for trial in again.history] == [trial.id for trial in found.history]


def test_a_conversation_is_shortened_and_notes_survive(sandbox: Sandbox, tmp_path: Path) -> None:
    looks = [Step("", [("run", {"code": f"print('{k} ' + 'number ' * 120)"})]) for k in range(14)]
    steps = [Step("", [("note", {"text": "remember the kink"})]), *looks]
    with Endpoint(Forgetful(steps)) as endpoint:
        run(sandbox, tmp_path, "analyst", config(endpoint.url, prompt_tokens=5000), calls=15)
    sizes = [len(json.dumps(seen.body["messages"])) for seen in endpoint.requests]
    assert len(sizes) == 15
    assert max(sizes) < 5000 * 2.3 * 1.3
    assert sum(after < before for before, after in pairwise(sizes)) >= 1
    assert "remember the kink" in json.dumps(endpoint.requests[-1].body["messages"])


def test_what_the_model_has_not_read_yet_survives_a_shortening(sandbox: Sandbox, tmp_path: Path) -> None:
    many = [("run", {"code": f"print('answer {k} ' + 'number ' * 500)"}) for k in range(4)]
    with Endpoint(Forgetful([Step("", many)])) as endpoint:
        run(sandbox, tmp_path, "analyst", config(endpoint.url, prompt_tokens=5000), calls=6)
    for seen in endpoint.requests[1:]:
        *_, said = [message for message in seen.body["messages"] if message["role"] == "assistant"]
        told = {m["tool_call_id"]: m["content"] for m in seen.body["messages"] if m["role"] == "tool"}
        for k, call in enumerate(said["tool_calls"]):
            assert told[call["id"]].startswith(f"answer {k}")
    assert max(len(json.dumps(seen.body["messages"])) for seen in endpoint.requests) < 5000 * 2.3 * 1.4


class Forgetful(Scientist):
    """Goes by the number of requests: a shortened conversation does not tell the turn."""

    def __call__(self, handler: Any, seen: Any, number: int) -> None:
        Scientist((self.steps[min(number - 1, len(self.steps) - 1)],))(handler, seen, number)


def test_a_model_that_calls_no_tools_may_state_a_candidate_in_words(sandbox: Sandbox, tmp_path: Path) -> None:
    steps = (Step("", [], said=f"A kink.\n```python\n{HINGE}```"), Step("best law so far", [("finish", {})]))
    with Endpoint(Scientist(steps)) as endpoint:
        found = run(sandbox, tmp_path, "analyst", config(endpoint.url), calls=4)
    assert "maximum" in found.winner.proposal.source
    assert found.stopped.startswith("the model finished")


def test_a_reply_that_was_cut_off_is_tried_if_whole_and_else_told_to_be_shorter(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    whole = f"```python\n{HINGE}```\nand then"
    answers = [AnsweredFailure(Failure.CUT_OFF, "cut off", TokenUsage(), text) for text in ("Let me think", whole)]
    model = ScriptedModel(answers)
    found = run(sandbox, tmp_path, "analyst", config(), models={"m": model}, calls=2)
    assert "maximum" in found.winner.proposal.source
    assert "Be shorter" in model.requests[1].messages[-1].content
    assert found.report["lost"] == {Failure.CUT_OFF: 1}


def test_three_calls_without_a_reply_end_a_conversation(sandbox: Sandbox, tmp_path: Path) -> None:
    model = ScriptedModel(lambda request: AnsweredFailure(Failure.REFUSED, "I cannot.", TokenUsage(), ""))
    found = run(sandbox, tmp_path, "analyst", config(), models={"m": model}, calls=9)
    assert len(model.requests) == 3
    assert found.stopped == "3 calls in a row gave no reply; the last: I cannot."
    assert found.winner.proposal.origin == "line"
