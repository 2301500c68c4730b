"""OpenAI's Responses protocol: a request in its words, and its reply as the chat protocol would have said it."""

from collections.abc import Sequence
from typing import Any

from lawsmith.agent.client.messages import Message, Request


def input_items(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation: words, calls of tools, and what the tools answered."""
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
    """All but model and input; `schema` is the chat protocol's description of a structured reply."""
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
    """The reply as a chat completion; a body of another kind as it is, so that it is refused as one."""
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
    return {"choices": [choice], "usage": _usage(body.get("usage")), "model": body.get("model")}


def _finish(body: dict[str, Any], calls: bool) -> str:
    details = body.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    if reason == "max_output_tokens":
        return "length"
    if reason == "content_filter":
        return "content_filter"
    return "tool_calls" if calls else "stop"


def _usage(reported: Any) -> Any:
    if not isinstance(reported, dict):
        return None
    return {
        "prompt_tokens": reported.get("input_tokens"),
        "completion_tokens": reported.get("output_tokens"),
        "completion_tokens_details": reported.get("output_tokens_details"),
    }
