"""A scripted scientist behind a real endpoint: it calls tools and goes on only when it was told what it waits for."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from endpoint_server import Handler, Seen, completion


@dataclass(frozen=True)
class Step:
    """Calls of tools (name, arguments), made once the last answers hold `cue`."""

    cue: str
    calls: Sequence[tuple[str, dict[str, Any]]]
    said: str = ""


@dataclass
class Scientist:
    """A behaviour of the test server. A step whose cue is not in what it was told last fails the test."""

    steps: Sequence[Step]
    told: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, handler: Handler, seen: Seen, number: int) -> None:
        messages = seen.body["messages"]
        with self.lock:
            turn = sum(message["role"] == "assistant" for message in messages)
            last = _last_told(messages)
            self.told.append(last)
        step = self.steps[min(turn, len(self.steps) - 1)]
        if step.cue not in last:
            handler.send(500, json.dumps({"error": {"message": f"{step.cue!r} is not in {last!r}"}}).encode())
            return
        calls = [
            {
                "id": f"call-{turn}-{place}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for place, (name, arguments) in enumerate(step.calls)
        ]
        prompt = sum(len(json.dumps(message)) for message in messages) // 4
        extra = {"tool_calls": calls} if calls else {}
        body = completion(step.said or None, finish="tool_calls", usage=(prompt, 60), **extra)
        handler.send(200, json.dumps(body).encode())


def _last_told(messages: Sequence[dict[str, Any]]) -> str:
    """All that was said to the model since its own last words."""
    last: list[str] = []
    for message in reversed(messages):
        if message["role"] == "assistant":
            break
        last.insert(0, message["content"] or "")
    return "\n".join(last)
