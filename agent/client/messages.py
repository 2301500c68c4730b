"""What is asked of a model and what comes back: plain immutable records."""

from __future__ import annotations

import hashlib
import json
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

Role = Literal["system", "user", "assistant"]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Message(Frozen):
    role: Role
    content: str


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

    def digest(self) -> str:
        """sha256 of everything that decides the reply; equal digests mean the same question."""
        body = self.model_dump(mode="json", exclude={"slot", "attempt"})
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def idempotency_key(self) -> str:
        """Equal for a request sent again after a kill, so that an endpoint that honours it bills it once."""
        return f"{self.digest()}-{self.slot}-{self.attempt}"

    def tokens_at_most(self) -> int:
        """Upper bound on prompt plus completion tokens.

        A byte-level tokenizer emits at most one token per UTF-8 byte; 16 per message cover the chat template.
        """
        prompt = sum(len(message.content.encode()) + 16 for message in self.messages)
        return prompt + self.max_tokens

    def prompt_tokens_at_most(self) -> int:
        return self.tokens_at_most() - self.max_tokens


class Usage(Frozen):
    """Tokens and USD as the endpoint reports them; None means that it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usd: float | None = None


class Reply(Frozen):
    text: str
    finish: str = "stop"
    usage: Usage = Usage()
    served_by: str = ""


class Model(Protocol):
    """Anything that answers one request within about `seconds`, or raises `CallFailure`."""

    def complete(self, request: Request, seconds: float) -> Reply: ...
