"""A search that was killed goes on as if it had not been: no reply is paid twice, and candidates are seen as before."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from endpoint_server import Behaviour, Endpoint, Handler, Seen, says
from llm_driver import CALLS, HINGE, config, fair, hinge_task, killable, run
from scientist import Scientist, Step

from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.llm.parsing import parse_reply
from lawsmith.agent.llm.replies import Behaviour as Prediction
from lawsmith.agent.llm.replies import Screen
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.runs import Archive
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks.frontier.folds import frontier_folds
from tests.made import quick_first

CLOSED = """```python
def law(x, group):
    return 1.0 + x["N"]
```"""

OPAQUE = """```python
PARAMETERS = ("L", "A")
def form(x, p):
    total = 0.0
    for k in range(3):
        if sum(x["N"] * k) > -1.0:
            total = total + p["A"] * x["N"] ** (-0.2 * k - 0.1)
    return p["L"] + total
```"""
FAILS_ON_FOLDS = """```python
import numpy as np
PARAMETERS = ("L", "A")
def form(x, p):
    return p["L"] + p["A"] * np.log(x["N"])
def fit(x, y):
    if len(y) < 13:
        raise ValueError("too few rows")
    return {"L": 1.0, "A": 0.5}
```"""


@pytest.mark.parametrize(
    "reply",
    [fair(374), HINGE, CLOSED, OPAQUE, FAILS_ON_FOLDS],
    ids=["with a number", "with bounds", "closed", "opaque", "failing on folds"],
)
def test_a_resumed_search_sees_a_candidate_as_before(reply: str, sandbox: Sandbox) -> None:
    task, source = hinge_task(), parse_reply(reply).source
    assert source is not None
    searched = SearchTask(task, frontier_folds(task.train)[:1], task.train)
    with Evaluator(sandbox, searched) as evaluator:
        proposal = Proposal(source)
        trial = Trial(proposal.id, proposal, searched.evaluate(sandbox, source))
        resumed = Screen(evaluator)
        resumed.know(trial)
        before, after = (_look(screen, source) for screen in (Screen(evaluator), resumed))
    assert (before is None) == (after is None) == (reply == CLOSED)
    assert before is None or after is None or (before.covers(after) and after.covers(before))


def _look(screen: Screen, source: str) -> Prediction | None:
    screen.begin(source)
    return screen.look(source)[0]


class Knowing:
    """The knowing model as an endpoint; it recognises a question by the seed that each slot sends."""

    def __init__(self) -> None:
        self.seeds: dict[int, int] = {}

    def __call__(self, handler: Handler, seen: Seen, number: int) -> None:
        time.sleep(0.01 * (number % 3))  # replies overtake each other
        seed = seen.body["seed"]
        says(HINGE if seed % 7 == 0 else fair(seed % 1000))(handler, seen, number)


LOOKS = [Step("", [("run", {"code": f"print({k})"})]) for k in range(3)]
TRIES = [Step("", [("rows", {}), ("try", {"source": parse_reply(fair(k)).source})]) for k in range(3)]
FINISH = [Step("", [("try", {"source": parse_reply(HINGE).source})]), Step("", [("finish", {})])]
AT_WORK = [*LOOKS, *TRIES, *FINISH]  # as many as CALLS


@pytest.mark.parametrize(
    ("agent", "model"), quick_first([("evolve", Knowing), ("analyst", partial(Scientist, AT_WORK))], 1)
)
def test_killed_ten_times_no_reply_is_paid_twice_and_the_winner_is_the_same(
    agent: str, model: Callable[[], Behaviour], sandbox: Sandbox, tmp_path: Path
) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["llm_driver"])
    instants = random.Random(0)
    answers, sender = processes.Pipe(duplex=False)
    with Endpoint(model()) as endpoint:
        began = time.monotonic()
        whole = run(sandbox, tmp_path / "whole", agent, config(endpoint.url), calls=CALLS, limited=False)
        lasted = time.monotonic() - began
        paid = len(endpoint.requests)
        arguments = (str(tmp_path / "killed"), endpoint.url, agent, CALLS, sender)
        for _ in range(10):
            process = processes.Process(target=killable, args=arguments)
            process.start()
            process.join(instants.uniform(0.1, 1.0) * min(max(0.5, lasted), 2.0))
            process.kill()
            process.join()
        if not answers.poll():
            last = processes.Process(target=killable, args=arguments)
            last.start()
            last.join()
    assert answers.recv() == (whole.winner.id, len(whole.history))
    archive = Archive.open(tmp_path / "killed" / whole.archive.relative_to(tmp_path / "whole"))
    replies = [call for call in archive.calls() if call["event"] == "reply"]
    answered = Counter(call["slot"] for call in replies if not call["failure"])
    assert paid == CALLS == len(answered)
    assert set(answered.values()) == {1}
    lost = sum(call["failure"] == Failure.LOST for call in replies)
    assert len(endpoint.requests) - paid <= CALLS + lost
