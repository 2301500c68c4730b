"""Families of models are asked as they expect: by data, over a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from endpoint_server import KEY, Endpoint, Handler, Seen, completion, fails, request, says

from lawsmith.agent.client.call_failures import AnsweredFailure, Failure
from lawsmith.agent.client.config import Config, ModelChoice, Options, Sampling
from lawsmith.agent.client.endpoint import Endpoint as Client
from lawsmith.agent.client.endpoint import probe
from lawsmith.agent.client.messages import Message, Tool, ToolCall
from lawsmith.agent.client.profiles import profile_of, profiles
from lawsmith.agent.command.job import Job
from lawsmith.agent.command.registry import equip
from lawsmith.tasks import InputError
from tests.command import run_command

READY = [{"id": "c1", "type": "function", "function": {"name": "ready", "arguments": '{"word": "yes"}'}}]
TOOL = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})


@pytest.mark.parametrize(
    ("model", "url", "family"),
    [
        ("gpt-5-mini", "https://api.openai.com/v1", "OpenAI reasoning models"),
        ("gpt-4o", "https://api.openai.com/v1", "OpenAI"),
        ("o3", "https://me.openai.azure.com/openai/v1", "Azure OpenAI, reasoning models"),
        ("openai/gpt-5", "https://openrouter.ai/api/v1", "OpenRouter, reasoning models"),
        ("meta/llama-4", "https://openrouter.ai/api/v1", "OpenRouter"),
        ("qwen3:8b", "http://127.0.0.1:11434/v1", "Ollama"),
        ("Qwen3-8B", "http://10.0.0.1:8000/v1", "models that think aloud (vLLM, llama.cpp and others)"),
        ("x", "http://[::1]:8080/v1", "any endpoint of the chat protocol (vLLM, llama.cpp and others)"),
    ],
)
def test_a_model_and_an_address_have_a_profile(model: str, url: str, family: str) -> None:
    assert profile_of(model, url).name == family


def test_the_profiles_are_valid_and_the_last_matches_everything() -> None:
    assert profiles()[-1].matches("anything", "anywhere")
    assert len({profile.name for profile in profiles()}) == len(profiles())


def test_a_reasoning_model_is_given_room_and_no_temperature_and_its_hidden_tokens_are_on_the_books() -> None:
    def hidden(handler: Handler, seen: Seen, number: int) -> None:
        body = completion("fine", usage=(10, 900))
        body["usage"]["completion_tokens_details"] = {"reasoning_tokens": 800}
        handler.send(200, json.dumps(body).encode())

    with Endpoint(hidden) as endpoint:
        client = Client(endpoint.url, KEY, model="qwen3", effort="low")
        reply = client.complete(request(), 5.0)
    sent = endpoint.requests[0].body
    assert sent["reasoning_effort"] == "low"
    assert reply.usage.reasoning_tokens == 800
    resolved = Config(models=(ModelChoice(name="gpt-5"),)).resolve(None, {}, Options(effort="high"))
    assert resolved.sampling.max_reply_tokens == 16384 and resolved.sampling.effort == "high"
    assert "temperature" in profile_of("gpt-5", "https://api.openai.com/v1").omit
    small = Config(sampling=Sampling(max_reply_tokens=30_000), models=(ModelChoice(name="gpt-5"),))
    assert small.resolve(None, {}).sampling.max_reply_tokens == 30_000


def test_an_effort_that_an_endpoint_does_not_know_is_left_out() -> None:
    def picky(handler: Handler, seen: Seen, number: int) -> None:
        refuses = "reasoning_effort" in seen.body
        (fails(400, "Unrecognized request argument: reasoning_effort") if refuses else says("fine"))(
            handler, seen, number
        )

    with Endpoint(picky) as endpoint:
        assert Client(endpoint.url, KEY, model="x", effort="low").complete(request(), 5.0).text == "fine"
    assert len(endpoint.requests) == 2


def responding(output: list[dict[str, Any]], **fields: Any) -> Any:
    usage = {"input_tokens": 7, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}}
    body = {"id": "r", "object": "response", "model": "served", "output": output, "usage": usage, **fields}
    return lambda handler, seen, number: handler.send(200, json.dumps(body).encode())


def test_the_responses_protocol_carries_words_and_calls_both_ways() -> None:
    words = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Looking."}]}
    call = {"type": "function_call", "call_id": "c9", "name": "look", "arguments": "{}"}
    asked = request(
        tools=(TOOL,),
        messages=(
            Message(role="user", content="ask"),
            Message(role="assistant", content="", tool_calls=(ToolCall(id="c1", name="look", arguments="{}"),)),
            Message(role="tool", content="seen", tool_call_id="c1"),
        ),
    )
    with Endpoint(responding([{"type": "reasoning", "summary": []}, words, call])) as endpoint:
        reply = Client(endpoint.url, KEY, api="responses", effort="low").complete(asked, 5.0)
    sent = endpoint.requests[0]
    assert sent.path.endswith("/responses")
    assert [item.get("type", item.get("role")) for item in sent.body["input"]] == [
        "user",
        "function_call",
        "function_call_output",
    ]
    assert sent.body["reasoning"] == {"effort": "low"} and sent.body["max_output_tokens"] == 50
    assert (reply.text, reply.tool_calls) == ("Looking.", (ToolCall(id="c9", name="look", arguments="{}"),))
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.reasoning_tokens) == (7, 9, 4)
    cut = responding([words], status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    with Endpoint(cut) as endpoint, pytest.raises(AnsweredFailure) as failed:
        Client(endpoint.url, KEY, api="responses").complete(request(), 5.0)
    assert failed.value.kind is Failure.CUT_OFF


def test_one_call_shows_whether_tools_are_called() -> None:
    with Endpoint(says(None, tool_calls=READY, finish="tool_calls")) as endpoint:
        found = probe(Client(endpoint.url, KEY), "m")
        assert found.tools and found.served_by == "served" and not found.error
        environment = {"OPENAI_BASE_URL": endpoint.url, "OPENAI_API_KEY": KEY}
        _, chosen = equip(Job(agent="auto", model="m"), None, environment=environment)  # type: ignore[arg-type]
        assert chosen.agent == "analyst" and "it calls tools" in chosen.why
        assert len(endpoint.requests) == 2
    for behave in (says("yes"), fails(400, "m does not support tools")):
        with Endpoint(behave) as endpoint:
            assert not probe(Client(endpoint.url, KEY), "m").tools
            environment = {"OPENAI_BASE_URL": endpoint.url}
            _, chosen = equip(Job(agent="auto", model="m"), None, environment=environment)  # type: ignore[arg-type]
            assert chosen.agent == "evolve" and "called no tool" in chosen.why
    with pytest.raises(InputError, match=r"No connection to .* check that it runs"):  # nobody listens any more
        equip(Job(agent="auto", model="m"), None, environment=environment)  # type: ignore[arg-type]


def test_doctor_checks_an_endpoint_in_one_call(capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(says(None, tool_calls=READY, finish="tool_calls")) as endpoint:
        printed = run_command(capsys, "doctor", "--model", "m", "--base-url", endpoint.url, "--json")
        assert len(endpoint.requests) == 1
    [found] = printed.json["models"]
    assert found["answers"] == "yes, as served" and found["tools"].startswith("yes")
    assert found["price"].startswith("unknown") and found["usage"] == "100 + 20 tokens for this check"
    with Endpoint(fails(404)) as endpoint:
        printed = run_command(capsys, "doctor", "--model", "m", "--base-url", endpoint.url, status=1)
    assert "has no such model or path" in " ".join(printed.out.split())
