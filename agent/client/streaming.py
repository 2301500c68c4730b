"""Puts the parts of a streamed reply (server-sent events) together to the body of a reply that is not streamed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lawsmith.agent.client.call_failures import CallFailure, Failure, kind_of_error

BYTES_OF_A_TOKEN = 4  # about, for people who watch
MOST_PARALLEL_CALLS = 64  # tools that one reply may begin: four times what is answered
_numbers = itertools.count()


@dataclass(frozen=True)
class Arriving:
    """How much of one reply has arrived. number: of the call in this process. tool: the last one that it calls."""

    number: int
    model: str
    tokens: int = 0
    tool: str = ""
    thinking: bool = False
    over: bool = False


Listener = Callable[[Arriving], None]
"""Is told while replies arrive, from any thread; must be quick."""


class ReplyWatch:
    """Tells a listener how one reply gets on, from the question to its end, however it ends."""

    def __init__(self, listener: Listener, model: str) -> None:
        self._listener = listener
        self._now = Arriving(next(_numbers), model)
        self._bytes = 0

    def __enter__(self) -> ReplyWatch:
        self._listener(self._now)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener(replace(self._now, over=True))

    def heard(self, part: Any, *, tool: str = "", thinking: bool = False) -> None:
        """A part of the reply: words, or arguments of a tool."""
        self._bytes += len(part) if isinstance(part, str) else 0
        self._now = replace(
            self._now, tokens=-(-self._bytes // BYTES_OF_A_TOKEN), tool=tool[:40] or self._now.tool, thinking=thinking
        )
        self._listener(self._now)


DONE = object()
"""Stands for the line that ends a stream."""


def events(chunks: Iterable[bytes]) -> Iterator[Any]:
    """What each `data:` line of a stream of events holds, and DONE; raises CallFailure for what is not valid JSON."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from _of_lines(lines)
    yield from _of_lines([rest])


def _of_lines(lines: Iterable[bytes]) -> Iterator[Any]:
    for line in lines:
        name, _, data = line.strip().partition(b":")
        if name != b"data":
            continue
        if data.strip() == b"[DONE]":
            yield DONE
            continue
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise CallFailure(Failure.MALFORMED, "A part of the streamed reply is not valid JSON.") from None
        if isinstance(found, dict):
            yield found


def chat_body(stream: Iterable[Any], watch: ReplyWatch) -> dict[str, Any]:
    """The chat completion that the events of a stream state; raises CallFailure where it breaks off."""
    parts = _ArrivedParts()
    for event in stream:
        if event is DONE:
            parts.finish = parts.finish or "stop"
            continue
        parts.take(event, watch)
    if not parts.finish:
        raise CallFailure(Failure.DROPPED, "The stream ended before the reply was complete.")
    return parts.body()


@dataclass
class _ArrivedParts:
    """What arrived of a chat completion. Of several choices the first one counts."""

    said: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    reasoned: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)
    places: dict[Any, int] = field(default_factory=dict)
    finish: str = ""
    usage: Any = None
    model: Any = None

    def take(self, event: dict[str, Any], watch: ReplyWatch) -> None:
        if event.get("error"):
            raise _broken_off(event["error"])
        self.usage = event.get("usage") or self.usage
        self.model = event.get("model") or self.model
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict) or choice.get("index", 0) != 0:
            return
        self.finish = choice.get("finish_reason") or self.finish
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        for name, into in (("content", self.said), ("refusal", self.refused)):
            if isinstance(part := delta.get(name), str) and part:
                into.append(part)
                watch.heard(part)
        if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
            self.reasoned = True
            watch.heard(reasoning, thinking=True)
        listed = delta.get("tool_calls")
        for call in listed if isinstance(listed, list) else ():
            self._take_call(call, watch)

    def _take_call(self, delta: Any, watch: ReplyWatch) -> None:
        """A part of a call. A new id begins a new call also where a server gives all calls one index."""
        function = delta.get("function") if isinstance(delta, dict) else None
        if not isinstance(function, dict):
            return
        index, name = delta.get("index"), delta.get("id")
        place = self.places.get(index) if isinstance(index, int) else None
        if place is None or (name and self.calls[place]["id"] not in (None, name)):
            if len(self.calls) == MOST_PARALLEL_CALLS:
                return
            place = len(self.calls)
            self.calls.append({"id": None, "function": {"name": None, "arguments": ""}})
            self.places[index] = place
        call = self.calls[place]
        call["id"] = call["id"] or name
        call["function"]["name"] = call["function"]["name"] or function.get("name")
        arguments = function.get("arguments")
        part = json.dumps(arguments) if isinstance(arguments, dict) else arguments
        if isinstance(part, str):
            call["function"]["arguments"] += part
        watch.heard(part, tool=str(call["function"]["name"] or ""))

    def body(self) -> dict[str, Any]:
        message: dict[str, Any] = {
            "content": "".join(self.said) if self.said else None,
            "refusal": "".join(self.refused) or None,
            "tool_calls": self.calls,
        }
        if self.reasoned:
            message["reasoning_content"] = True
        choice = {"message": message, "finish_reason": self.finish}
        return {"choices": [choice], "usage": self.usage, "model": self.model}


def response_body(stream: Iterable[Any], watch: ReplyWatch) -> Any:
    """The response of OpenAI's Responses protocol that a stream of its events ends with. Raises CallFailure for a
    stream that breaks off."""
    final: Any = None
    tool = ""
    for event in stream:
        kind = "" if event is DONE else str(event.get("type"))
        if kind == "error":
            raise _broken_off(event)
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            final = event.get("response")
        if kind == "response.output_item.added" and isinstance(event.get("item"), dict):
            tool = str(event["item"].get("name") or "")
        if kind.endswith(".delta"):
            calls = "function_call" in kind
            watch.heard(event.get("delta"), tool=tool if calls else "", thinking="reasoning" in kind)
    if final is None:
        raise CallFailure(Failure.DROPPED, "The stream ended before the reply was complete.")
    return final


def _broken_off(error: Any) -> CallFailure:
    said = json.dumps(error)[:300]
    kind = kind_of_error(error, Failure.DROPPED)
    if kind is Failure.SERVER_ERROR:
        kind = Failure.DROPPED  # what was said until then may be billed
    return CallFailure(kind, f"The endpoint broke its reply off. It said: {said}")
