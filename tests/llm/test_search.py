"""Whole searches: a scripted model that knows a good form, the same through HTTP, killed, resumed and replayed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from endpoint_server import Endpoint, Handler, Seen, says
from llm_driver import CALLS, HINGE, POWER, Outcome, config, fair, hinge_task, run
from misbehaviour import CASES

from lawsmith.agent.client.call_failures import AnsweredFailure, CallFailure, Failure
from lawsmith.agent.client.caller import Caller
from lawsmith.agent.client.messages import Request, TokenUsage
from lawsmith.agent.client.prices import BYTES_PER_TOKEN
from lawsmith.agent.client.scripted import ScriptedModel
from lawsmith.agent.llm.replies import SAME_PREDICTIONS
from lawsmith.runs import Archive
from lawsmith.sandbox import Sandbox, Verdict


def place(slot: str) -> int:
    """A number for a slot: slots of different rounds or places differ."""
    whole, _, part = slot.partition(".")
    return int(whole) * 8 + int(part or 0)


def knowing(right_round: int) -> Callable[[Request], str]:
    """Answers fair laws, and the right one in `right_round`."""

    def answer(request: Request) -> str:
        return HINGE if request.slot.partition(".")[0] == str(right_round) else fair(place(request.slot))

    return answer


@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_a_model_that_knows_the_form_beats_the_floor(agent: str, sandbox: Sandbox, tmp_path: Path) -> None:
    model = ScriptedModel(knowing(1))
    found = run(sandbox, tmp_path, agent, config(), models={"m": model})
    assert "maximum" in found.winner.proposal.source
    assert found.winner.evaluation.validation_r2 == pytest.approx(1.0, abs=1e-6)
    assert found.report["best_by"] == "model"
    assert found.report["gain"] > 0.01
    assert found.report["progress"][-1][0] == {"evolve": 3, "refine": 2}[agent]
    assert found.report["calls"]["finished"] == CALLS == len(model.requests)
    assert found.stopped == f"limit of {CALLS} model calls"


def test_refine_climbs_by_error_messages(sandbox: Sandbox, tmp_path: Path) -> None:
    def student(request: Request) -> str:
        said = request.messages[-1].content
        if "has no attribute 'maximun'" in said or ("maximun" in said and "failed" in said):
            return HINGE
        if "invalid syntax" in said:
            return HINGE.replace("maximum", "maximun")
        return HINGE.replace('return p["a"]', 'return p["a"] plus')

    model = ScriptedModel(student)
    found = run(sandbox, tmp_path, "refine", config(), models={"m": model}, calls=3)
    verdicts = [trial.evaluation.verdict for trial in found.history][2:]
    assert verdicts == [Verdict.SYNTAX, Verdict.CRASH, Verdict.OK]
    assert "maximum" in found.winner.proposal.source
    assert found.history.trials[-1].proposal.parents == (found.history.trials[-2].id,)


def test_evolve_repairs_a_failed_candidate_once(sandbox: Sandbox, tmp_path: Path) -> None:
    def broken(request: Request) -> str:
        return HINGE.replace("maximum", f"maximum_{place(request.slot)}")

    model = ScriptedModel(broken)
    found = run(sandbox, tmp_path, "evolve", config(in_flight=2), models={"m": model}, calls=12)
    asked = [trial.proposal.origin.split()[0] == "repair" for trial in found.history][2:]
    # A failure is known one round later while many calls are left, and at once with few.
    assert asked == [False] * 4 + [True] * 4 + 2 * [False, True]
    repairs = [request.messages[-1].content for request in model.requests[4:6]]
    assert sorted("maximum_0" in repair for repair in repairs) == [False, True]
    assert all("no attribute" in repair for repair in repairs)


@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_the_same_reply_for_ever_ends_the_search(agent: str, sandbox: Sandbox, tmp_path: Path) -> None:
    with Endpoint(says(HINGE)) as endpoint:
        found = run(sandbox, tmp_path, agent, config(endpoint.url), calls=1000)
    assert len(found.history) == 3
    assert found.report["lost"]["repetition"] == len(endpoint.requests) - 1 < 25
    assert "no new candidate" in found.stopped


HOSTILE = """```python
import os
PARAMETERS = ("a",)
def form(x, p):
    open("/etc/passwd").read()
    return p["a"] + 0 * x["N"]
```"""


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (HOSTILE, Verdict.IMPORT_REFUSED),
        ("Please show me the test rows first, I need test.csv.", None),
        ("I would fit a power law; it usually works.", None),
        ("```python\ndef form(x, p) return p\n```", Verdict.SYNTAX),
        ("```python\ndef solve(rows):\n    return 1\n```", Verdict.CONTRACT),
    ],
    ids=["breaks out", "asks for test data", "prose", "syntax", "protocol"],
)
def test_useless_replies_leave_the_floor_as_the_best(
    reply: str, verdict: Verdict | None, sandbox: Sandbox, tmp_path: Path
) -> None:
    with Endpoint(says(reply)) as endpoint:
        found = run(sandbox, tmp_path, "evolve", config(endpoint.url, in_flight=2), calls=4)
    assert found.winner.proposal.origin == "line"
    assert found.report["best_by"] == "floor"
    assert found.report["gain"] == 0.0
    failed = {trial.evaluation.verdict for trial in found.history} - {Verdict.OK}
    assert failed == ({verdict} if verdict else set())
    assert found.report["calls"]["finished"] == 4


class Gauntlet:
    """Misbehaves in another way at every slot, but for each third, where it states a fair law."""

    def __init__(self) -> None:
        stopping = (Failure.UNAUTHORIZED, Failure.NOT_FOUND)
        self.cases = [case.behave for case in CASES.values() if case.failure not in stopping]
        self.slots: dict[str, int] = {}

    def __call__(self, handler: Handler, seen: Seen, number: int) -> None:
        _, slot, attempt = seen.headers["idempotency-key"].rsplit("-", 2)
        turn = self.slots.setdefault(slot, len(self.slots))
        behave = says(fair(turn)) if turn % 3 == 0 else self.cases[(turn - turn // 3 - 1) % len(self.cases)]
        behave(handler, seen, int(attempt))


@pytest.mark.slow
def test_a_search_survives_every_misbehaviour_and_its_books_hold_every_call(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lawsmith.agent.llm.model_session.Caller", partial(Caller, wait=lambda seconds: None))
    gauntlet = Gauntlet()
    calls = len(gauntlet.cases) * 3 // 2 + 3
    with Endpoint(gauntlet) as endpoint:
        settings = config(endpoint.url, in_flight=8, timeout_seconds=2.0)
        found = run(sandbox, tmp_path / "first", "evolve", settings, calls=calls)
        sent = len(endpoint.requests)
    books = found.report["calls"]
    assert books["finished"] == calls == len(gauntlet.slots)
    assert books["attempts"] == sent
    assert books["usd"] is None
    assert found.stopped == f"limit of {calls} model calls"
    assert found.winner.usable
    answered = found.report["candidates"] + sum(found.report["lost"].values())
    assert answered == calls
    kinds = {case.failure for case in CASES.values()} - {None, Failure.UNAUTHORIZED, Failure.NOT_FOUND}
    kinds -= {Failure.CUT_OFF}  # with the longer replies of this search it is a full context
    assert {str(kind) for kind in kinds} <= set(found.report["lost"])
    again = run(sandbox, tmp_path / "again", "evolve", settings, replayed=Archive.open(found.archive), calls=calls)
    assert summary(again) == summary(found)
    assert again.report == found.report


@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_no_conversation_outgrows_its_bound(agent: str, sandbox: Sandbox, tmp_path: Path) -> None:
    def wordy(request: Request) -> str:
        turn = place(request.slot)
        law = fair(turn).replace("PARAMETERS", "# word\n" * 2000 + "PARAMETERS")
        broken = law.replace("return", "return missing +") if turn % 3 == 1 else law
        return "Because. " * 2000 + ("" if turn % 4 == 3 else broken) + "\nNote: " + f"{turn} remember " * 200

    model = ScriptedModel(wordy)
    run(sandbox, tmp_path, agent, config(prompt_tokens=2600), models={"m": model}, calls=12)
    sizes = [sum(len(m.content.encode()) for m in request.messages) for request in model.requests]
    assert len(sizes) == 12
    assert max(sizes) <= 2600 * BYTES_PER_TOKEN


def test_a_law_with_a_fit_of_its_own_may_win(sandbox: Sandbox, tmp_path: Path) -> None:
    fit = """
def fit(x, y):
    u = np.log10(x["N"])
    knots = np.linspace(0.5, 2.5, 201)
    bases = [np.stack([np.ones_like(u), np.maximum(0.0, u - c)], axis=1) for c in knots]
    found = [np.linalg.lstsq(basis, y, rcond=None)[0] for basis in bases]
    best = min(range(len(knots)), key=lambda k: ((bases[k] @ found[k] - y) ** 2).sum())
    return {"a": found[best][0], "b": found[best][1], "c": knots[best]}
```"""
    reply = HINGE.replace("```\nNote", f"{fit}\nNote")
    found = run(sandbox, tmp_path, "refine", config(), models={"m": ScriptedModel([reply])}, calls=1)
    assert "def fit" in found.winner.proposal.source
    assert found.winner.evaluation.validation_r2 == pytest.approx(1.0, abs=1e-6)


def test_laws_that_predict_the_same_are_not_evaluated_again(sandbox: Sandbox, tmp_path: Path) -> None:
    replies = [
        POWER.format(power='p["c"]').replace('"A")', '"A", "c")'),
        POWER.format(power='(0.5 * p["c"])').replace('"A")', '"A", "c")'),
        POWER.format(power='(p["c"] + p["d"])').replace('"A")', '"A", "c", "d")'),
    ]
    found = run(sandbox, tmp_path, "refine", config(), models={"m": ScriptedModel(replies)}, calls=3)
    assert [trial.proposal.origin.split()[0] for trial in found.history] == ["line", "line", "refine"]
    assert found.report["lost"] == {SAME_PREDICTIONS: 2}


def test_no_prompt_ever_holds_what_a_proposer_must_not_see(sandbox: Sandbox, tmp_path: Path) -> None:
    model = ScriptedModel(knowing(1))
    run(sandbox, tmp_path, "evolve", config(), models={"m": model})
    lines = [fields(line) for r in model.requests for line in _rows(r.messages[-1].content)]
    train = hinge_task().train
    known = {(round(n, 3), round(y, 3)) for n, y in zip(train.features["N"], train.targets["y"], strict=True)}
    shown = {(float(row["N"]), float(row["y"])) for row in lines}
    assert shown
    assert all(any(abs(n - a) < 0.01 * a and abs(y - b) < 0.001 for a, b in known) for n, y in shown)


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("group=")]


def fields(line: str) -> dict[str, str]:
    return dict(part.split("=") for part in line.split(", "))


@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_a_prompt_too_long_is_asked_again_in_fewer_words(agent: str, sandbox: Sandbox, tmp_path: Path) -> None:
    def narrow(request: Request) -> str | CallFailure:
        if request.bytes > 0.9 * model.requests[0].bytes:
            return CallFailure(Failure.TOO_LONG, "the context is shorter than that")
        return HINGE

    model = ScriptedModel(narrow)
    found = run(
        sandbox, tmp_path / "first", agent, config(in_flight=1, prompt_tokens=3200), models={"m": model}, calls=4
    )
    sizes = [request.bytes for request in model.requests]
    assert max(sizes[1:]) <= 0.9 * sizes[0]
    assert found.report["lost"][Failure.TOO_LONG] == 1
    assert "maximum" in found.winner.proposal.source
    again = run(
        sandbox,
        tmp_path / "again",
        agent,
        config(in_flight=1, prompt_tokens=3200),
        replayed=Archive.open(found.archive),
        calls=4,
    )
    assert again.report == found.report


def test_a_candidate_is_saved_from_a_reply_that_was_cut_off(sandbox: Sandbox, tmp_path: Path) -> None:
    whole, half = f"{HINGE} and then", f"```python\n{HINGE[: HINGE.index('return') + 3]}"  # `ret` is a name to Python
    answers = [AnsweredFailure(Failure.CUT_OFF, "cut off", TokenUsage(), text) for text in (half, whole)]
    found = run(sandbox, tmp_path, "refine", config(), models={"m": ScriptedModel(answers)}, calls=2)
    assert found.report["lost"] == {Failure.CUT_OFF: 1}
    assert "maximum" in found.winner.proposal.source


def test_a_refused_key_ends_the_search_with_the_floors_law(sandbox: Sandbox, tmp_path: Path) -> None:
    model = ScriptedModel(lambda request: CallFailure(Failure.UNAUTHORIZED, "set OPENAI_API_KEY"))
    found = run(sandbox, tmp_path, "evolve", config(), models={"m": model})
    assert found.winner.proposal.origin == "line"
    assert found.report["error"] == "set OPENAI_API_KEY"
    assert len(model.requests) <= 4


@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_a_replay_repeats_the_search_without_a_model(agent: str, sandbox: Sandbox, tmp_path: Path) -> None:
    model = ScriptedModel(lambda r: "no idea" if r.slot in {"1.1", "3", "7"} else knowing(1)(r))
    found = run(sandbox, tmp_path / "first", agent, config(), models={"m": model})
    again = run(sandbox, tmp_path / "again", agent, config(), replayed=Archive.open(found.archive))
    assert summary(again) == summary(found)
    assert again.report == found.report


def test_a_replay_says_where_a_prompt_changed(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(sandbox, tmp_path / "first", "refine", config(), models={"m": ScriptedModel(knowing(1))}, calls=3)
    monkeypatch.setattr("lawsmith.agent.feedback.views.MAX_FITTED_GROUPS", 1)
    again = run(sandbox, tmp_path / "again", "refine", config(), replayed=Archive.open(found.archive), calls=3)
    assert summary(again) == summary(found)
    assert "at question 0: message 2 (user), line" in again.report["divergence"]


def summary(found: Outcome) -> tuple[str, str, list[str]]:
    return found.stopped, found.winner.id, [trial.id for trial in found.history]
