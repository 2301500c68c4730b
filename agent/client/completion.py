"""Reads the body of a chat completion, whatever an endpoint put into it; and puts chats into OpenAI's Responses
protocol and back."""

import json
import threading
from collections.abc import Sequence
from typing import Any

from lawsmith.agent.client.call_failures import AnsweredFailure, CallFailure, Failure, kind_of_error
from lawsmith.agent.client.messages import Message, ModelReply, Request, TokenUsage, ToolCall
from lawsmith.agent.client.scrub import Scrubber

MOST_TOKENS = 10**9  # of one call; a larger count is no count
MOST_USD = 1e6  # of one call; a larger price is no price
MOST_CALLS = 16  # tools that one reply may call


def read_body(content: bytes) -> Any:
    """The JSON of a body; raises CallFailure saying what it is instead."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    start = content[:200].lstrip().lower()
    message = "The endpoint's reply is not valid JSON."
    if start.startswith((b"data:", b"event:", b":")):
        message = "The endpoint streams events although no stream was asked for."
    elif start.startswith((b"<!doctype", b"<html")):
        message = "The endpoint sent a web page; check OPENAI_BASE_URL, which usually ends in /v1."
    raise CallFailure(Failure.MALFORMED, message)


def read_reply(body: Any, scrub: Scrubber, *, tools: bool = False) -> ModelReply:
    """The first choice of a chat completion; `tools` says whether tools were offered. Raises CallFailure: the body is
    not a chat completion, or it holds a refusal, a filtered, cut off or empty reply."""
    try:
        choice = body["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
        finish = _named(choice.get("finish_reason") or "stop", scrub)
        usage, served_by = _usage(body.get("usage")), _named(body.get("model") or "", scrub)
    except (KeyError, IndexError, TypeError, AttributeError):
        said = body.get("error") if isinstance(body, dict) else None
        hint = f" It said: {scrub(json.dumps(said))[:300]}" if said else ""
        kind = kind_of_error(said, Failure.MALFORMED) if said else Failure.MALFORMED
        raise CallFailure(kind, f"The reply is not a chat completion.{hint}") from None
    if isinstance(content, list):  # content parts
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    text = scrub(_clean(content)) if isinstance(content, str) else ""
    if refusal:
        raise AnsweredFailure(Failure.REFUSED, f"The model refused: {_named(refusal, scrub)}", usage, text)
    if finish == "content_filter":
        raise AnsweredFailure(Failure.FILTERED, "The endpoint's content filter stopped the reply.", usage, text)
    if finish == "length":
        why = "The reply was cut off at the token limit; raise --max-reply-tokens."
        raise AnsweredFailure(Failure.CUT_OFF, why, usage, text)
    calls = _tool_calls(message.get("tool_calls"), scrub) if tools else ()
    if not text.strip() and not calls:
        raise AnsweredFailure(Failure.EMPTY, _why_empty(message), usage, text)
    return ModelReply(text=text, finish=finish, usage=usage, served_by=served_by, tool_calls=calls)


def _tool_calls(listed: Any, scrub: Scrubber) -> tuple[ToolCall, ...]:
    """The calls that a message holds, at most MOST_CALLS; what is no call is left out."""
    found: list[ToolCall] = []
    for place, call in enumerate(listed if isinstance(listed, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            continue
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
        name = _named(call.get("id") or f"call-{place}", scrub)
        if any(name == known.id for known in found):  # some servers number every call 0
            name = f"{name}-{place}"
        found.append(ToolCall(id=name, name=_named(function["name"], scrub), arguments=scrub(_clean(text))))
    return tuple(found[:MOST_CALLS])


class FullContext:
    """Tells a reply that met the end of the model's context from one that met a limit of the server's own.

    Both end early. In a full context prompt and reply have the same number of tokens together, whatever the
    prompt; under a limit of the server's own the replies are equally long. One reply alone tells neither.
    """

    def __init__(self) -> None:
        self._cut_off: list[tuple[int, int]] = []
        self._lock = threading.Lock()

    def judge(self, failure: AnsweredFailure, max_tokens: int) -> AnsweredFailure:
        """The same failure, or TOO_LONG where its prompt left no room in the context."""
        prompt, said = failure.usage.prompt_tokens, failure.usage.completion_tokens
        if failure.kind is not Failure.CUT_OFF or prompt is None or said is None or said >= 0.9 * max_tokens:
            return failure
        with self._lock:
            before, self._cut_off = self._cut_off, [*self._cut_off[-7:], (prompt, said)]
        kind = Failure.CUT_OFF
        message = f"The endpoint cut the reply off after {said} tokens, below the limit that was asked for."
        if any(abs(p + s - prompt - said) <= 2 and abs(s - said) > 2 for p, s in before):  # a full context
            room = f"{said} tokens of reply in the model's context of {prompt + said}"
            kind, message = Failure.TOO_LONG, f"The prompt left room for {room}; lower --context-tokens."
        return AnsweredFailure(kind, message, failure.usage, failure.text)


def _why_empty(message: dict[str, Any]) -> str:
    if message.get("tool_calls") or message.get("function_call"):
        return "The reply calls a tool instead of answering; no tools were offered."
    if message.get("reasoning_content") or message.get("reasoning"):
        return "The reply holds reasoning and no answer."
    return "The reply is empty."


def _named(value: Any, scrub: Scrubber) -> str:
    return scrub(_clean(str(value)))[:300]


def _clean(text: str) -> str:
    """Without lone surrogates, which JSON can express and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _usage(reported: Any) -> TokenUsage:
    if not isinstance(reported, dict):
        return TokenUsage()
    details = reported.get("completion_tokens_details")
    cost = reported.get("cost")  # OpenRouter reports USD here
    hidden = details.get("reasoning_tokens") if isinstance(details, dict) else None
    return TokenUsage(
        prompt_tokens=_bounded(reported.get("prompt_tokens"), int, MOST_TOKENS),
        completion_tokens=_bounded(reported.get("completion_tokens"), int, MOST_TOKENS),
        usd=_bounded(cost, int | float, MOST_USD),
        reasoning_tokens=_bounded(hidden, int, MOST_TOKENS),
    )


def _bounded(value: Any, kind: Any, most: float) -> Any:
    """The value where it is a number of this kind and no slip; None otherwise."""
    good = isinstance(value, kind) and not isinstance(value, bool) and 0 <= value <= most
    return value if good else None


def input_items(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation for the Responses protocol: words, calls of tools, and what the tools answered."""
    items: list[dict[str, Any]] = []
    for message in messages:
        if message.tool_call_id:
            items.append({"type": "function_call_output", "call_id": message.tool_call_id, "output": message.content})
            continue
        if message.content:
            items.append({"role": message.role, "content": message.content})
        items += [
            {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
            for call in message.tool_calls
        ]
    return items


def parameters(request: Request, schema: dict[str, Any], effort: str | None) -> dict[str, Any]:
    """All but model and input for the Responses protocol; `schema` is the chat protocol's description of a structured
    reply."""
    found: dict[str, Any] = {"max_output_tokens": request.max_tokens, "store": False}
    if request.temperature is not None:
        found["temperature"] = request.temperature
    if effort is not None:
        found["reasoning"] = {"effort": effort}
    if request.structured:
        found["text"] = {"format": {"type": "json_schema", **schema["json_schema"]}}
    if request.tools:
        found["tools"] = [{"type": "function", "strict": False, **tool.model_dump()} for tool in request.tools]
    return found


def as_chat(body: Any) -> Any:
    """The reply of the Responses protocol as a chat completion; a body of another kind as it is, to be refused."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), list):
        return body
    items = [item for item in body["output"] if isinstance(item, dict)]
    parts = [
        part
        for item in items
        if item.get("type") == "message" and isinstance(item.get("content"), list)
        for part in item["content"]
        if isinstance(part, dict)
    ]
    calls = [
        {"id": item.get("call_id"), "function": {"name": item.get("name"), "arguments": item.get("arguments")}}
        for item in items
        if item.get("type") == "function_call"
    ]
    message = {
        "content": "".join(str(part.get("text", "")) for part in parts if part.get("type") == "output_text"),
        "refusal": next((part.get("refusal") for part in parts if part.get("type") == "refusal"), None),
        "tool_calls": calls,
    }
    choice = {"message": message, "finish_reason": _finish(body, bool(calls))}
    return {"choices": [choice], "usage": _chat_usage(body.get("usage")), "model": body.get("model")}


def _finish(body: dict[str, Any], calls: bool) -> str:
    details = body.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    if reason == "max_output_tokens":
        return "length"
    if reason == "content_filter":
        return "content_filter"
    return "tool_calls" if calls else "stop"


def _chat_usage(reported: Any) -> Any:
    if not isinstance(reported, dict):
        return None
    return {
        "prompt_tokens": reported.get("input_tokens"),
        "completion_tokens": reported.get("output_tokens"),
        "completion_tokens_details": reported.get("output_tokens_details"),
    }
