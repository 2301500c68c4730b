"""Limits are hard, and they are used: over a real server, with a model that always has something new to say."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from endpoint_server import Endpoint, Handler, Seen, says
from llm_driver import POWER, run_within

from lawsmith.agent.client.config import Config, ModelChoice, Sampling, Transport
from lawsmith.agent.client.prices import Price
from lawsmith.agent.llm.model_session import Settings
from lawsmith.agent.llm.parsing import parse_reply
from lawsmith.agent.search.budget import Allowance
from lawsmith.sandbox import Sandbox
from tests.made import quick_first

REPLY_TOKENS = 150


def inventive(handler: Handler, seen: Seen, number: int) -> None:
    """Another usable law each time, by a tool where there are tools; counts four bytes a token."""
    prompt = len(json.dumps([seen.body["messages"], seen.body.get("tools")])) // 4
    assert seen.body["max_tokens"] >= REPLY_TOKENS
    time.sleep(0.02)
    law, usage = POWER.format(power=f"{number / 50:.2f}"), (prompt, REPLY_TOKENS)
    if "tools" not in seen.body:
        says(law, usage=usage)(handler, seen, number)
        return
    arguments = json.dumps({"source": parse_reply(law).source})
    call = {"id": f"c{number}", "type": "function", "function": {"name": "try", "arguments": arguments}}
    says(None, usage=usage, tool_calls=[call])(handler, seen, number)


def settings(url: str, in_flight: int) -> Config:
    return Config(
        models=(ModelChoice(name="m", base_url=url),),
        sampling=Sampling(max_reply_tokens=4096),
        transport=Transport(in_flight=in_flight, cache=False),
        prices={"m": Price(prompt=1.0, completion=10.0)},
    )


@pytest.mark.parametrize("agent", quick_first(["evolve", "refine", "analyst"], 1))
@pytest.mark.parametrize(("name", "limit"), [("calls", 14), ("tokens", 60_000), ("usd", 0.1), ("seconds", 4.0)])
def test_each_limit_ends_a_search_between_85_and_100_percent_of_it(
    agent: str, name: str, limit: float, sandbox: Sandbox, tmp_path: Path
) -> None:
    with Endpoint(inventive) as endpoint:
        found, spent = run_within(sandbox, tmp_path, agent, settings(endpoint.url, 8), Allowance(**{name: limit}))
    used = getattr(spent, name)
    assert 0.85 * limit <= used
    assert used <= limit or (name == "seconds" and used <= limit + 1.5)
    assert f"{limit:g}" in found.stopped


@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_of_14_calls_all_but_the_first_three_know_earlier_scores(agent: str, sandbox: Sandbox, tmp_path: Path) -> None:
    with Endpoint(inventive) as endpoint:
        run_within(sandbox, tmp_path, agent, settings(endpoint.url, 8), Allowance(calls=14))
    prompts = [_prompt(seen.body) for seen in endpoint.requests]
    powers = [f'x["N"] ** -{number / 50:.2f}' for number in range(1, 15)]
    told = ["Result of your" in prompt or any(power in prompt for power in powers) for prompt in prompts]
    assert len(prompts) == 14 == len(set(prompts))
    assert all(told[3:]) and not told[0]


def _prompt(body: dict[str, Any]) -> str:
    return json.dumps(body["messages"]).replace('\\"', '"')


@pytest.mark.parametrize(("limit", "most"), [(None, 64), (3.0, 8), (25.0, 25), (600.0, 64)])
def test_a_short_time_limit_leaves_time_for_the_model(limit: float | None, most: int) -> None:
    """Within 25 s on a busy machine the built-in search took all the time, and no model was asked."""
    assert Settings.resolve("m", allowance=Allowance(seconds=limit), environment={}).floor_trials == most
