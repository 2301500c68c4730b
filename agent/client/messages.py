"""What is asked of a model and what comes back: plain immutable records."""

import hashlib
import json
from typing import Any, Literal, Protocol

from lawsmith.tasks.frozen import Frozen

Role = Literal["system", "user", "assistant", "tool"]


class ToolCall(Frozen):
    """A tool that the model calls; `arguments` are JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


class Tool(Frozen):
    """A tool that a model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]

    @property
    def bytes(self) -> int:
        """UTF-8 bytes of the name, the description and the schema."""
        return len(self.name) + len(self.description.encode()) + len(json.dumps(self.parameters))


class Message(Frozen):
    """One turn. An assistant may call tools; a message of the role "tool" answers the call `tool_call_id`."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""

    @property
    def bytes(self) -> int:
        """UTF-8 bytes of the content and of the calls."""
        calls = sum(len(f"{call.name}{call.arguments}".encode()) for call in self.tool_calls)
        return len(self.content.encode()) + calls


def told(messages: tuple[Message, ...], more: str, *, said: str = "") -> tuple[Message, ...]:
    """A conversation with `more` to answer: after what the model `said`, or else at the end of what it was told."""
    if said:
        return (*messages, Message(role="assistant", content=said), Message(role="user", content=more))
    *before, last = messages
    return (*before, Message(role=last.role, content=f"{last.content}\n{more}"))


class Request(Frozen):
    """One chat completion.

    `slot` is its place in the search and `attempt` counts its sendings from 1; neither is part of the digest.
    """

    slot: str
    attempt: int = 1
    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    seed: int | None = None
    structured: bool = False
    tools: tuple[Tool, ...] = ()

    def digest(self) -> str:
        """sha256 of everything that decides the reply; equal digests mean the same question."""
        body = self.model_dump(mode="json", exclude={"slot", "attempt"}, exclude_defaults=True)
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def bytes(self) -> int:
        """UTF-8 bytes of all that the model reads."""
        return sum(message.bytes for message in self.messages) + sum(tool.bytes for tool in self.tools)


class TokenUsage(Frozen):
    """Tokens and USD as the endpoint reports them; None means that it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usd: float | None = None
    reasoning_tokens: int | None = None
    """Of the completion's tokens, those of hidden reasoning."""


class ModelReply(Frozen):
    """The reply of a model: text, or calls of tools that the request offered, or both."""

    text: str
    finish: str = "stop"
    usage: TokenUsage = TokenUsage()
    served_by: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


class Model(Protocol):
    """Anything that answers one request within about `seconds`, or raises `CallFailure`."""

    def complete(self, request: Request, seconds: float) -> ModelReply:
        """The reply to one request, waited for about `seconds`. Raises CallFailure."""
