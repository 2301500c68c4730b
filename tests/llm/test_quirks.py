"""Servers that imitate the quirks of those that people have: every question is answered all the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from endpoint_server import KEY, Behaviour, Endpoint, Handler, Seen, completion
from endpoint_server import request as asking

from lawsmith.agent.client.call_failures import CallFailure, Failure
from lawsmith.agent.client.endpoint import Endpoint as Client
from lawsmith.agent.client.endpoint import probe
from lawsmith.agent.client.messages import Tool, ToolCall
from tests.command import run_command

TOOL = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})
request = partial(asking, temperature=0.8, seed=3, structured=True)
Refusal = tuple[Callable[[dict[str, Any]], bool], int, str, str | None]


def refusing(*refusals: Refusal) -> Behaviour:
    """A server that refuses a request for the first reason that holds: (holds, status, message, param)."""

    def behave(handler: Handler, seen: Seen, number: int) -> None:
        for holds, status, message, param in refusals:
            if holds(seen.body):
                error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
                handler.send(status, json.dumps({"error": error}).encode())
                return
        handler.send(200, json.dumps(completion("fine")).encode())

    return behave


def sends(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: name in body


def speaks_as_system(body: dict[str, Any]) -> bool:
    return any(message["role"] == "system" for message in body["messages"])


NO_TEMPERATURE = "Unsupported value: 'temperature' does not support 0.8 with this model. Only the default (1) value."
NO_MAX_TOKENS = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
NO_SYSTEM = 'Jinja Exception: System role not supported at row 1, column 60: {{ raise_exception("System role…") }}'
SERVERS: dict[str, tuple[Refusal, ...]] = {
    "a reasoning model behind a proxy": (
        (sends("max_tokens"), 400, NO_MAX_TOKENS, "max_tokens"),
        (sends("temperature"), 400, NO_TEMPERATURE, "temperature"),
        (sends("seed"), 400, "Unsupported parameter: 'seed' is not supported with this model.", "seed"),
    ),
    "an old Azure deployment": (
        (sends("response_format"), 400, "Invalid parameter: 'response_format' of type 'json_schema'", None),
        (sends("stream_options"), 400, "Unrecognized request argument supplied: stream_options", None),
    ),
    "vLLM of another version": (
        (sends("seed"), 422, "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs'}]", None),
    ),
    "llama.cpp with a model that knows no system role": ((speaks_as_system, 500, NO_SYSTEM, None),),
    "a model whose API names the role": (
        (speaks_as_system, 400, "messages[0].role: this model does not support 'system'", "messages[0].role"),
    ),
}


@pytest.mark.parametrize("refusals", SERVERS.values(), ids=SERVERS)
def test_what_a_server_refuses_is_left_out_from_then_on(refusals: tuple[Refusal, ...]) -> None:
    with Endpoint(refusing(*refusals)) as endpoint:
        client = Client(endpoint.url, KEY, listener=lambda reply: None)
        assert client.complete(request(), 5.0).text == "fine"
        asked = len(endpoint.requests)
        assert asked == 1 + len(refusals)
        assert client.complete(request(), 5.0).text == "fine"
        assert len(endpoint.requests) == asked + 1
    last = endpoint.requests[-1].body
    assert not any(holds(last) for holds, *_ in refusals)
    assert "Be brief." in json.dumps(last["messages"])
    assert 50 in (last.get("max_tokens"), last.get("max_completion_tokens"))


def test_an_azure_deployment_that_is_older_than_its_profile_gets_the_old_name_of_the_limit() -> None:
    old = (sends("max_completion_tokens"), 400, "Unrecognized request argument supplied: max_completion_tokens", None)
    with Endpoint(refusing(old)) as endpoint:
        client = Client(endpoint.url, KEY)
        client._limit_name = "max_completion_tokens"  # as the profile of Azure says
        assert client.complete(request(), 5.0).text == "fine"
    assert endpoint.requests[-1].body["max_tokens"] == 50
    neither = (lambda body: "max_tokens" in body or "max_completion_tokens" in body, 400, "no max_tokens", "max_tokens")
    with Endpoint(refusing(neither)) as endpoint, pytest.raises(CallFailure) as failed:
        Client(endpoint.url, KEY).complete(request(), 5.0)
    assert failed.value.kind is Failure.REJECTED and len(endpoint.requests) == 2


def test_calls_under_way_together_may_all_be_refused_for_the_same_reason() -> None:
    together = threading.Barrier(4)

    def behave(handler: Handler, seen: Seen, number: int) -> None:
        if "max_tokens" in seen.body:
            together.wait(60)
        refusing((sends("max_tokens"), 400, NO_MAX_TOKENS, "max_tokens"))(handler, seen, number)

    with Endpoint(behave) as endpoint, ThreadPoolExecutor(4) as threads:
        client = Client(endpoint.url, KEY)
        replies = list(threads.map(lambda slot: client.complete(request(slot=str(slot)), 60.0), range(4)))
    assert [reply.text for reply in replies] == ["fine"] * 4


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-min."}}, Failure.RATE_LIMITED),
        ({"error": {"code": 502, "message": "Provider returned error"}}, Failure.SERVER_ERROR),
        ({"error": {"code": 400, "message": "This endpoint's maximum context length is 8192"}}, Failure.TOO_LONG),
        ({"error": {"code": 400, "message": "no"}}, Failure.MALFORMED),
    ],
)
def test_a_router_that_sends_errors_with_status_200_is_understood(body: dict[str, Any], kind: Failure) -> None:
    sent = json.dumps(body).encode()
    with Endpoint(lambda handler, *_: handler.send(200, sent)) as endpoint, pytest.raises(CallFailure) as failed:
        Client(endpoint.url, KEY).complete(request(), 5.0)
    assert failed.value.kind is kind


def test_calls_without_ids_or_with_one_id_for_all_stay_apart() -> None:
    def call(id: str | None) -> dict[str, Any]:
        return {"id": id, "type": "function", "function": {"name": "look", "arguments": {"limit": 3}}}

    body = completion(None, finish="tool_calls", tool_calls=[call("0"), call("0"), call(None), call("")])
    with Endpoint(lambda handler, seen, number: handler.send(200, json.dumps(body).encode())) as endpoint:
        reply = Client(endpoint.url, KEY).complete(request(tools=(TOOL,), structured=False), 5.0)
    assert len({called.id for called in reply.tool_calls}) == 4
    assert reply.tool_calls[0] == ToolCall(id="0", name="look", arguments='{"limit": 3}')
    sent = endpoint.requests[0].body
    assert not {"tool_choice", "parallel_tool_calls"} & sent.keys()  # not every server takes them


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (400, "registry.ollama.ai/library/gemma:2b does not support tools"),
        (500, "tools param requires --jinja flag"),
    ],
)
def test_a_server_that_offers_no_tools_is_told_by_its_own_words(status: int, message: str) -> None:
    with Endpoint(refusing((sends("tools"), status, message, None))) as endpoint:
        found = probe(Client(endpoint.url, KEY), "m")
    assert not found.tools and message in found.error


def test_doctor_says_what_an_endpoint_does_not_take(capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(refusing(*SERVERS["a reasoning model behind a proxy"])) as endpoint:
        printed = run_command(capsys, "doctor", "--model", "m", "--base-url", endpoint.url, "--json")
    [found] = printed.json["models"]
    assert found["left out"] == "max_tokens, seed, temperature"
