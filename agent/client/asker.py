"""The interface for asking a model the questions of a search, and the asker that answers from a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.client.messages import Message, ModelReply, Request
from lawsmith.agent.client.prices import book
from lawsmith.agent.client.recording import CallAttempt, Recording
from lawsmith.agent.client.text import clip
from lawsmith.agent.search.budget import Budget


@dataclass(frozen=True)
class Question:
    """A place in the search and how to write its request; written only if it has no recorded answer."""

    slot: str
    write: Callable[[], Request]


@dataclass(frozen=True)
class CallOutcome:
    """The end of one call: a reply, or the failure that closed it and what was said before, if anything."""

    slot: str
    reply: ModelReply | None
    failure: Failure | None = None
    message: str = ""
    text: str = ""

    @classmethod
    def of(cls, attempt: CallAttempt) -> CallOutcome:
        """The end of a call whose last attempt is given."""
        return cls(attempt.slot, attempt.reply, attempt.failure, attempt.message, attempt.text)

    @classmethod
    def unsent(cls, slot: str, why: str) -> CallOutcome:
        """A question that was not asked and stays open."""
        return cls(slot, None, Failure.OUT_OF_BUDGET, why)


Awaited = Callable[[], list[CallOutcome]]
"""Waits for the questions of one batch; outcomes in their order. Called once."""


class Asker(Protocol):
    """Answers the questions of a search: a model, or a recording."""

    recording: Recording
    refused: str | None
    """What the endpoint refused for good."""
    divergence: str | None
    """Where a prompt first differed from the recorded one."""

    def send(self, questions: Sequence[Question]) -> Awaited:
        """Ask all of them; the answers arrive in what is returned, as the model gives them."""


END = "the recording ends here"


@dataclass(eq=False)
class Replayer:
    """An `Asker` without a model. Recorded attempts are copied, and charged to the books as they were.

    A reply belongs to its place in the search, so it is used even where the prompt has changed since; the
    first such place is `divergence`. A question beyond the recording ends the search, as the recorded run
    ended there.
    """

    source: Recording
    recording: Recording
    budget: Budget
    refused: str | None = None
    divergence: str | None = None
    ended: bool = False

    def send(self, questions: Sequence[Question]) -> Awaited:
        """Answer the questions from the recording; nothing is waited for."""
        outcomes = [self._answer(question) for question in questions]
        return lambda: outcomes

    def _answer(self, question: Question) -> CallOutcome:
        slot = question.slot
        closed = self.source.closed(slot)
        if closed is None or self.ended:
            self.ended = True
            return CallOutcome.unsent(slot, self.source.end or END)
        request, recorded = question.write(), self.source.request(slot)
        if recorded is not None:  # the limit of a reply follows from what was left of the budget
            request = request.model_copy(update={"max_tokens": min(request.max_tokens, recorded.max_tokens)})
        if self.divergence is None and request.digest() != closed.request_sha256:
            self.divergence = f"at question {slot}: {self._difference(request)}"
        if self.recording.closed(slot) is None:
            self.recording.asked(request, closed.source)
            for attempt in self.source.attempts(slot):
                self.recording.answered(attempt)
        book(self.budget, self.source.attempts(slot))
        return CallOutcome.of(closed)

    def _difference(self, request: Request) -> str:
        recorded = self.source.request(request.slot)
        if recorded is None or not recorded.messages:
            return "the recorded prompt is not available"
        found = first_difference(recorded.messages, request.messages)
        if found is not None:
            return found
        for name in ("model", "max_tokens", "temperature", "seed", "structured"):
            before, now = getattr(recorded, name), getattr(request, name)
            if before != now:
                return f"{name} was {before!r}, now {now!r}"
        return "the requests differ"


def first_difference(recorded: Sequence[Message], now: Sequence[Message]) -> str | None:
    """The first line in which two conversations differ, in words; None if they are equal."""
    for place, (before, after) in enumerate(zip(recorded, now, strict=False), start=1):
        if before == after:
            continue
        old, new = before.content.splitlines(), after.content.splitlines()
        line = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        was = clip(old[line]) if line < len(old) else "(end)"
        is_now = clip(new[line]) if line < len(new) else "(end)"
        return f"message {place} ({before.role}), line {line + 1} was {was!r}, now {is_now!r}"
    if len(recorded) != len(now):
        return f"{len(recorded)} messages were recorded, now there are {len(now)}"
    return None
