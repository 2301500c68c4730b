"""Replies that arrive in parts are the same replies; who watches is told how they get on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from endpoint_server import KEY, Behaviour, Endpoint, Handler, Seen, completion, fails
from llm_driver import Lines, MemorySink
from rich.console import Console

from lawsmith.agent.api import discover
from lawsmith.agent.client.call_failures import CallFailure, Failure
from lawsmith.agent.client.caller import Caller, Line, Question
from lawsmith.agent.client.config import Options
from lawsmith.agent.client.endpoint import Endpoint as Client
from lawsmith.agent.client.messages import Message, ModelReply, Request, TokenUsage, Tool, ToolCall
from lawsmith.agent.client.prices import Prices
from lawsmith.agent.client.recording import Recording
from lawsmith.agent.client.streaming import Arriving
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.search.budget import Allowance, Budget
from lawsmith.agent.terminal.progress import ProgressReport

TOOL = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})
REQUEST = Request(slot="0", model="m", messages=(Message(role="user", content="ask"),), max_tokens=50, tools=(TOOL,))
CALLS = [
    {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"where": ["N > 1"]}'}},
    {"id": "b", "type": "function", "function": {"name": "look", "arguments": "{}"}},
]


def stream(handler: Handler, events: list[Any], *, cut: bool = False) -> None:
    """Send `events` as a stream; `cut` breaks the connection off at its end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for event in events:
        data = b"data: " + (event if isinstance(event, bytes) else json.dumps(event).encode()) + b"\n\n"
        for part in (data[:7], data[7:]):  # chunks end anywhere
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            handler.wfile.flush()
    if cut:
        handler.close_connection = True
        handler.connection.close()
        return
    handler.wfile.write(b"0\r\n\r\n")


def chunk(delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    return {"model": "served", "choices": [{"index": 0, "delta": delta, **choice}]}


def parts(*, one_index: bool = False) -> list[Any]:
    """The events of a reply of words and two calls, their arguments in pieces; then the usage."""
    found: list[Any] = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Let me "})]
    found += [chunk({"content": "look é."})]
    for index, call in enumerate(CALLS):
        place = 0 if one_index else index
        arguments = call["function"]["arguments"]  # type: ignore[index]
        head = {"index": place, "id": call["id"], "function": {"name": "look", "arguments": arguments[:5]}}
        found.append(chunk({"tool_calls": [head]}))
        found.append(chunk({"tool_calls": [{"index": place, "function": {"arguments": arguments[5:]}}]}))
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    return [*found, chunk({}, finish_reason="tool_calls"), {"choices": [], "usage": usage}, b"[DONE]"]


def either(events: list[Any]) -> Behaviour:
    """The reply as a stream where one is asked for, else in one piece."""
    whole = completion("Let me look é.", finish="tool_calls", tool_calls=CALLS)

    def behave(handler: Handler, seen: Seen, number: int) -> None:
        if seen.body.get("stream"):
            stream(handler, events)
        else:
            handler.send(200, json.dumps(whole).encode())

    return behave


def asked(behave: Behaviour, **options: Any) -> tuple[ModelReply, list[Arriving], list[Seen]]:
    """The reply to a client that watches, what it was told, and what it sent."""
    told: list[Arriving] = []
    with Endpoint(behave) as endpoint:
        reply = Client(endpoint.url, KEY, listener=told.append, **options).complete(REQUEST, 5.0)
    return reply, told, endpoint.requests


@pytest.mark.parametrize("one_index", [False, True])
def test_a_streamed_reply_is_the_reply_in_one_piece(one_index: bool) -> None:
    reply, told, [seen] = asked(either(parts(one_index=one_index)))
    assert seen.body["stream"] is True and seen.body["stream_options"] == {"include_usage": True}
    with Endpoint(either([])) as endpoint:
        assert Client(endpoint.url, KEY).complete(REQUEST, 5.0) == reply
    assert "stream" not in endpoint.requests[0].body
    assert reply.tool_calls[0] == ToolCall(id="a", name="look", arguments='{"where": ["N > 1"]}')
    assert [now.tokens for now in told] == sorted(now.tokens for now in told)
    assert (told[0].tokens, told[-1].tool, told[-1].over) == (0, "look", True)


def test_an_endpoint_that_streams_nothing_or_no_usage_is_asked_in_one_piece() -> None:
    def picky(handler: Handler, seen: Seen, number: int) -> None:
        if "stream_options" in seen.body:
            fails(400, "Unknown parameter: stream_options")(handler, seen, number)
        else:
            either([])(handler, seen, number)

    reply, _, sent = asked(picky)
    assert reply.usage == TokenUsage(prompt_tokens=100, completion_tokens=20)
    assert [seen.body.get("stream") for seen in sent] == [True, None]

    silent = [event for event in parts() if not (isinstance(event, dict) and "usage" in event)]
    with Endpoint(either(silent)) as endpoint:
        client = Client(endpoint.url, KEY, listener=lambda reply: None)
        usages = [client.complete(REQUEST, 5.0).usage.prompt_tokens for _ in range(2)]
    assert usages == [None, 100]  # the books are worth more than the show


@pytest.mark.parametrize(
    ("events", "cut", "kind"),
    [
        (parts()[:4], False, Failure.DROPPED),
        (parts()[:4], True, Failure.DROPPED),
        ([*parts()[:2], b"{no json"], False, Failure.MALFORMED),
        ([{"error": {"code": 502, "message": f"upstream, key {KEY}"}}], False, Failure.DROPPED),
        ([{"error": {"code": 429, "message": "slow down"}}], False, Failure.RATE_LIMITED),
        ([{"error": {"code": 400, "message": "maximum context length is 10"}}], False, Failure.TOO_LONG),
        ([chunk({"content": "x" * 3_000_000})], False, Failure.TOO_LARGE),
        ([b"[DONE]"], False, Failure.EMPTY),
    ],
)
def test_a_stream_that_goes_wrong_is_a_typed_failure(events: list[Any], cut: bool, kind: Failure) -> None:
    with Endpoint(lambda handler, seen, number: stream(handler, events, cut=cut)) as endpoint:
        client = Client(endpoint.url, KEY, listener=lambda reply: None)
        with pytest.raises(CallFailure) as failed:
            client.complete(REQUEST, 5.0)
    assert failed.value.kind is kind
    assert KEY not in failed.value.message


def test_the_responses_protocol_streams_too() -> None:
    call = {"type": "function_call", "call_id": "c9", "name": "look", "arguments": "{}"}
    final = {"model": "served", "output": [call], "usage": {"input_tokens": 7, "output_tokens": 9}}
    events = [
        {"type": "response.reasoning_summary_text.delta", "delta": "Hm, so it seems."},
        {"type": "response.output_item.added", "item": {**call, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "delta": "{}"},
        {"type": "response.completed", "response": final},
    ]
    reply, told, _ = asked(lambda handler, seen, number: stream(handler, events), api="responses")
    assert reply.tool_calls == (ToolCall(id="c9", name="look", arguments="{}"),)
    assert reply.usage.prompt_tokens == 7
    assert [now.thinking for now in told] == [False, True, True, False, False][: len(told)] or told[1].thinking
    assert told[-1].tool == "look"


LAW = """```python
PARAMETERS = {"a": (0, 5), "k": (0, 2)}
def form(x, p):
    return p["a"] * x["N"] ** -p["k"]
```"""


def writes(handler: Handler, seen: Seen, number: int) -> None:
    if not seen.body.get("stream"):
        handler.send(200, json.dumps(completion(LAW)).encode())
        return
    middle = len(LAW) // 2
    events = [chunk({"content": LAW[:middle]}), chunk({"content": LAW[middle:]}), chunk({}, finish_reason="stop")]
    stream(handler, [*events, {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20}}, b"[DONE]"])


class Watching(Observer):
    follows_replies = True

    def __init__(self) -> None:
        self.told: list[Arriving] = []

    def arriving(self, reply: Arriving) -> None:
        self.told.append(reply)


def test_an_observer_that_follows_replies_is_told_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lawsmith.agent.symbolic.SymbolicProposer", lambda *_, **__: Lines())
    table = tmp_path / "table.csv"
    table.write_text("N,loss\n" + "".join(f"{n},{3 / n**0.5 + 0.01 * (n % 3):.6f}\n" for n in range(1, 19)))
    watching = Watching()
    with Endpoint(writes) as endpoint:
        discover(
            table,
            target="loss",
            agent="refine",
            model="m",
            max_calls=2,
            options=Options(base_url=endpoint.url),
            runs_dir=tmp_path / "runs",
            observer=watching,
        )
    assert all(seen.body.get("stream") for seen in endpoint.requests)
    assert max(reply.tokens for reply in watching.told) == -(-len(LAW) // 4)
    assert sum(reply.over for reply in watching.told) == len(endpoint.requests) == 2


def test_a_terminal_shows_what_arrives_and_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not ProgressReport().follows_replies  # no terminal here
    screen = Console(file=io.StringIO(), force_terminal=True, width=120)
    monkeypatch.setattr("lawsmith.agent.terminal.progress.err", screen)
    shown = ProgressReport()
    assert shown.follows_replies
    with shown:
        shown.arriving(Arriving(1, "m", 312, "run"))
        shown.arriving(Arriving(2, "m", 40, thinking=True))
    assert "m: about 312 tokens, calls run · m: about 40 tokens, thinking" in screen.file.getvalue()  # type: ignore[attr-defined]
    screen.quiet = True
    assert not ProgressReport().follows_replies


def test_the_record_is_the_same_with_and_without_streaming() -> None:
    records = []
    for listener in (None, lambda reply: None):
        sink = MemorySink()
        with Endpoint(either(parts())) as endpoint:
            line = Line(Client(endpoint.url, KEY, listener=listener), endpoint.url)
            Caller({"m": line}, Recording(sink), Budget(Allowance()), Prices({})).send(
                [Question("0", lambda: REQUEST)]
            )()
        records.append([{key: part for key, part in one.items() if key != "seconds"} for one in sink.lines])
    assert records[0] == records[1]
