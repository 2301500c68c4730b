"""What was asked and answered, as lines of `calls.jsonl`: written before it is used, read on resume. Replies are also
kept for other runs, by the digest of their request and the endpoint that gave them."""

import hashlib
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import ValidationError

from lawsmith.agent.client.call_failures import CallFailure, Failure
from lawsmith.agent.client.messages import Message, ModelReply, Request, TokenUsage, ToolCall
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.user_files import keep, user_folder

Source = Literal["endpoint", "cache"]


class CallSink(Protocol):
    """Where lines go: the run's archive, or anything with these two methods."""

    def append_call(self, record: dict[str, Any], /) -> None:
        """Keep one line; it is on disk when this returns."""

    def calls(self) -> Iterable[dict[str, Any]]:
        """All lines so far, the oldest first."""


class CallAttempt(Frozen):
    """One finished attempt at a call. `final` closes its slot: there is a reply, or the call was given up.

    `usd` is None where unknown; `at_most_tokens` and `at_most_usd` bound what an attempt without usage cost.
    """

    slot: str
    attempt: int
    model: str
    request_sha256: str
    source: Source
    final: bool
    seconds: float
    text: str = ""
    finish: str = ""
    served_by: str = ""
    failure: Failure | None = None
    message: str = ""
    usage: TokenUsage = TokenUsage()
    tool_calls: tuple[ToolCall, ...] = ()
    usd: float | None = None
    at_most_tokens: int = 0
    at_most_usd: float | None = None

    @property
    def reply(self) -> ModelReply | None:
        """The reply as it was received; None where the call failed."""
        if self.failure is not None:
            return None
        return ModelReply(**{name: getattr(self, name) for name in ModelReply.model_fields})

    @property
    def tokens(self) -> int | None:
        """Tokens that the endpoint reported; None if it reported none."""
        if self.usage.prompt_tokens is None or self.usage.completion_tokens is None:
            return None
        return self.usage.prompt_tokens + self.usage.completion_tokens

    @property
    def charged_tokens(self) -> int:
        """Tokens that count for the budget: those reported, else as many as it may have taken."""
        return self.at_most_tokens if self.tokens is None else self.tokens


class SentRequest(Frozen):
    """A request as it left. `messages` is empty where an earlier attempt of the slot asked the same."""

    slot: str
    attempt: int
    model: str
    request_sha256: str
    source: Source
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    seed: int | None = None
    structured: bool = False
    tools: tuple[str, ...] = ()
    """Names of the tools that were offered; the digest covers their descriptions."""


_Record = TypeVar("_Record", SentRequest, CallAttempt)


def _read(kind: type[_Record], line: dict[str, Any]) -> _Record:
    """The fields of a line that are this record's."""
    return kind.model_validate({name: line[name] for name in kind.model_fields if name in line})


class Recording:
    """The calls of one run: appends to the sink, and knows what the sink already held. Thread-safe."""

    def __init__(self, sink: CallSink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._attempts: dict[str, list[CallAttempt]] = {}
        self._asked: dict[str, SentRequest] = {}
        self._open: set[str] = set()
        self.end: str | None = None  # why no further request was sent, if that was recorded
        self.inherited: tuple[str, ...] | None = None  # notes of earlier runs, None where that was not recorded
        for line in sink.calls():
            self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        if line.get("event") == "request":
            self._note(_read(SentRequest, line))
        elif line.get("event") == "reply":
            self._keep(_read(CallAttempt, line))
        elif line.get("event") == "end":
            self.end = str(line["reason"])
        elif line.get("event") == "inherited":
            self.inherited = tuple(map(str, line["notes"]))

    def _note(self, asked: SentRequest) -> None:
        known = self._asked.get(asked.slot)
        if known is None or known.request_sha256 != asked.request_sha256:
            self._asked[asked.slot] = asked
        if asked.source == "endpoint":
            self._open.add(asked.slot)

    def _keep(self, attempt: CallAttempt) -> None:
        self._attempts.setdefault(attempt.slot, []).append(attempt)
        self._open.discard(attempt.slot)

    def asked(self, request: Request, source: Source = "endpoint") -> None:
        """Record that `request` is about to leave: after a kill it may have been paid for."""
        digest = request.digest()
        known = self.request(request.slot)
        repeated = known is not None and known.request_sha256 == digest
        record = SentRequest(
            **request.model_dump(exclude={"messages", "tools"}),
            tools=tuple(tool.name for tool in request.tools),
            request_sha256=digest,
            source=source,
            messages=() if repeated else request.messages,
        )
        with self._lock:
            self._sink.append_call({"event": "request", **record.model_dump(mode="json")})
            self._note(record)

    def answered(self, attempt: CallAttempt) -> None:
        """Record a finished attempt."""
        with self._lock:
            self._sink.append_call({"event": "reply", **attempt.model_dump(mode="json")})
            self._keep(attempt)

    def inherits(self, notes: Sequence[str]) -> None:
        """Record the notes of earlier runs that this one begins with: they are part of its prompts."""
        with self._lock:
            self._sink.append_call({"event": "inherited", "notes": list(notes)})
            self.inherited = tuple(notes)

    def ended(self, reason: str) -> None:
        """Record why no further request is sent; a resumed run with a larger budget may send more all the same."""
        with self._lock:
            self._sink.append_call({"event": "end", "reason": reason})
            self.end = reason

    def attempts(self, slot: str | None = None) -> Sequence[CallAttempt]:
        """The finished attempts of `slot`, or of the whole run, in the order they finished."""
        with self._lock:
            if slot is not None:
                return tuple(self._attempts.get(slot, ()))
            return tuple(attempt for attempts in self._attempts.values() for attempt in attempts)

    def closed(self, slot: str) -> CallAttempt | None:
        """The attempt that closed `slot`; None while it is open."""
        attempts = self.attempts(slot)
        return attempts[-1] if attempts and attempts[-1].final else None

    def lost(self, slot: str) -> bool:
        """Whether a request of `slot` left and no end of it was recorded: the run was killed in between."""
        return slot in self._open

    def request(self, slot: str) -> SentRequest | None:
        """What was asked at `slot` last, with its messages."""
        with self._lock:
            return self._asked.get(slot)


def attempt_of(
    request: Request,
    result: ModelReply | CallFailure,
    *,
    source: Source,
    final: bool,
    seconds: float,
    usd: float | None,
    at_most: tuple[int, float | None] = (0, 0.0),
) -> CallAttempt:
    """The record of one attempt: `result` came back, `at_most` bounds tokens and USD where unknown."""
    common: dict[str, Any] = {
        "slot": request.slot,
        "attempt": request.attempt,
        "model": request.model,
        "request_sha256": request.digest(),
        "source": source,
        "final": final,
        "seconds": round(seconds, 3),
        "usd": usd,
        "at_most_tokens": at_most[0],
        "at_most_usd": at_most[1],
    }
    if isinstance(result, ModelReply):
        return CallAttempt(**common, **dict(result))
    return CallAttempt(**common, failure=result.kind, message=result.message, usage=result.usage, text=result.text)


def default_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CACHE_HOME/lawsmith/replies`, by default under `~/.cache`."""
    return user_folder("XDG_CACHE_HOME", "~/.cache", environment) / "replies"


class ReplyCache:
    """A directory of replies. A damaged entry counts as absent."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _path(self, url: str, request: Request) -> Path:
        name = hashlib.sha256(f"{url}\n{request.digest()}".encode()).hexdigest()
        return self._directory / name[:2] / f"{name}.json"

    def get(self, url: str, request: Request) -> ModelReply | None:
        """The reply that is kept for a request, or None."""
        try:
            return ModelReply.model_validate_json(self._path(url, request).read_bytes())
        except (OSError, ValidationError):
            return None

    def put(self, url: str, request: Request, reply: ModelReply) -> None:
        """Keep `reply`, readable by its owner only, atomically; raises OSError if the disk refuses."""
        keep(self._path(url, request), reply.model_dump_json().encode())
