"""What a search asks and how each question ends; answered by endpoints, or from a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.client.messages import ModelReply, Request
from lawsmith.agent.client.recording import CallAttempt, Recording


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
    """Whoever answers the questions of a search."""

    recording: Recording
    refused: str | None
    """What the endpoint refused for good."""
    divergence: str | None
    """Where a prompt first differed from the recorded one."""

    def send(self, questions: Sequence[Question]) -> Awaited:
        """Ask all of them; the answers arrive in what is returned, as the model gives them."""
