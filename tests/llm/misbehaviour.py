"""Every way in which an endpoint misbehaves, and what is to follow."""

from __future__ import annotations

import json
from dataclasses import dataclass

import endpoint_server as server
from endpoint_server import Behaviour, completion, fails, first, says

from lawsmith.agent.client.call_failures import Failure


@dataclass(frozen=True)
class Case:
    """A misbehaviour: how the call ends, after how many attempts, and which USD are charged (None is unknown)."""

    behave: Behaviour
    failure: Failure | None
    attempts: int
    usd: float | None = 0.0
    timeout: float = 30.0


GOOD = says("fine")
PRICE = 0.0003


def sends(body: bytes, **headers: str) -> Behaviour:
    return lambda handler, seen, number: handler.send(200, body, **headers)


def says_besides(**changes: object) -> Behaviour:
    """A completion with other top-level fields."""
    return sends(json.dumps(completion("fine") | changes).encode())


def quota(status: int) -> Behaviour:
    error = {"message": "no credit left", "type": "x", "code": "insufficient_quota", "param": None}
    return lambda handler, seen, number: handler.send(status, json.dumps({"error": error}).encode())


TOOL = [{"id": "t", "type": "function", "function": {"name": "submit", "arguments": "{}"}}]
HELD = json.dumps(completion("fine")["choices"][0])
CASES = {
    "401": Case(fails(401), Failure.UNAUTHORIZED, 1),
    "402": Case(fails(402), Failure.UNAUTHORIZED, 1),
    "403": Case(fails(403), Failure.UNAUTHORIZED, 1),
    "404": Case(fails(404), Failure.NOT_FOUND, 1),
    "405": Case(fails(405), Failure.NOT_FOUND, 1),
    "a redirect": Case(
        lambda handler, seen, number: handler.send(307, b"", Location="http://127.0.0.1:9/v1"), Failure.NOT_FOUND, 1
    ),
    "no quota": Case(quota(429), Failure.UNAUTHORIZED, 1),
    "400": Case(fails(400), Failure.REJECTED, 1),
    "429 for ever": Case(fails(429), Failure.RATE_LIMITED, 6),
    "429 once": Case(first(1, fails(429), GOOD), None, 2, PRICE),
    "429 with a wait": Case(first(1, fails(429, Retry_After="7"), GOOD), None, 2, PRICE),
    "429 with an endless wait": Case(fails(429, Retry_After="86400"), Failure.RATE_LIMITED, 1),
    "500 twice": Case(first(2, fails(500), GOOD), None, 3, PRICE),
    "502 for ever": Case(fails(502), Failure.SERVER_ERROR, 4),
    "503 with a wait": Case(first(1, fails(503, Retry_After="3"), GOOD), None, 2, PRICE),
    "connection dropped": Case(server.drops_connection, Failure.DROPPED, 4, None),
    "connection dropped once": Case(first(1, server.drops_connection, GOOD), None, 2, None),
    "chunks of garbage": Case(server.garbage_chunks, Failure.DROPPED, 4, None),
    "slow first byte": Case(server.slow_first_byte, Failure.TIMED_OUT, 2, None, 1.0),
    "stalled body": Case(server.stalled_body, Failure.TIMED_OUT, 2, None, 1.0),
    "trickling body": Case(server.trickle, Failure.TIMED_OUT, 2, None, 1.0),
    "truncated JSON": Case(server.truncated, Failure.MALFORMED, 2, None),
    "truncated JSON once": Case(first(1, server.truncated, GOOD), None, 2, None),
    "JSON of another kind": Case(sends(b'{"error": {"message": "odd"}}'), Failure.MALFORMED, 2, None),
    "JSON without end": Case(sends(b"[" * 200_000), Failure.MALFORMED, 2, None),
    "no choices": Case(says_besides(choices=[]), Failure.MALFORMED, 2, None),
    "a web page": Case(sends(b"<!DOCTYPE html><title>Log in</title>"), Failure.MALFORMED, 2, None),
    "a stream of events": Case(
        sends(b'data: {"choices": [{"delta": {"content": "fine"}}]}\n\ndata: [DONE]\n\n'), Failure.MALFORMED, 2, None
    ),
    "empty content": Case(says(""), Failure.EMPTY, 2, 2 * PRICE),
    "no content": Case(says(None), Failure.EMPTY, 2, 2 * PRICE),
    "a tool call": Case(says(None, finish="tool_calls", tool_calls=TOOL), Failure.EMPTY, 2, 2 * PRICE),
    "reasoning only": Case(says("", reasoning_content="Let me see"), Failure.EMPTY, 2, 2 * PRICE),
    "refusal": Case(says(None, refusal="I cannot"), Failure.REFUSED, 1, PRICE),
    "content filter": Case(says("par", finish="content_filter"), Failure.FILTERED, 1, PRICE),
    "cut off": Case(says("par", finish="length", usage=(100, 50)), Failure.CUT_OFF, 1, 0.0006),
    "cut off by a limit of the server's own": Case(says("par", finish="length"), Failure.CUT_OFF, 1, PRICE),
    "prompt beyond the context": Case(
        fails(400, "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it"),
        Failure.TOO_LONG,
        1,
    ),
    "5 MB": Case(server.huge, Failure.TOO_LARGE, 1, None),
    "20 MB in 20 KB": Case(server.compressed, Failure.TOO_LARGE, 1, None),
    "usage missing": Case(says("fine", usage=None), None, 1, None),
    "negative usage": Case(says("fine", usage=(-5, 20)), None, 1, None),
    "usage as text": Case(says_besides(usage={"prompt_tokens": "9", "completion_tokens": "9"}), None, 1, None),
    "usage beyond measure": Case(says("fine", usage=(10**400, 1)), None, 1, None),
    "a price beyond measure": Case(says_besides(usage={"cost": 10**400}), None, 1, None),
    "a key twice": Case(sends(f'{{"choices": [], "choices": [{HELD}]}}'.encode()), None, 1, None),
    "another model": Case(says_besides(model="a cheaper one"), None, 1, PRICE),
    "two choices": Case(says_besides(choices=2 * completion("fine")["choices"]), None, 1, PRICE),
    "half a character": Case(says("fine \ud800"), None, 1, PRICE),
}
