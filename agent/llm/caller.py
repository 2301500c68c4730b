"""Sends the questions of a search: budgets before, retries during, records after; many at the same time."""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.budget import Budget, BudgetSpent, Reservation
from agent.llm.cache import ReplyCache
from agent.llm.failures import NOT_BILLED, RETRIED, STOPS_SEARCH, AnsweredFailure, CallFailure, Failure
from agent.llm.messages import Model, Reply, Request
from agent.llm.prices import Prices
from agent.llm.recording import Attempt, Recording, attempt_of

ATTEMPTS: Mapping[Failure, int] = {
    Failure.RATE_LIMITED: 6,
    Failure.SERVER_ERROR: 4,
    Failure.UNREACHABLE: 4,
    Failure.TIMED_OUT: 2,
    Failure.MALFORMED: 2,
    Failure.EMPTY: 2,
}
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 120.0


@dataclass(frozen=True)
class Question:
    """A place in the search and how to write its request; written only if it has no recorded answer."""

    slot: str
    write: Callable[[], Request]


@dataclass(frozen=True)
class Outcome:
    """The end of one call: a reply, or the failure that closed it and what was said before, if anything."""

    slot: str
    reply: Reply | None
    failure: Failure | None = None
    message: str = ""
    text: str = ""

    @classmethod
    def of(cls, attempt: Attempt) -> Outcome:
        return cls(attempt.slot, attempt.reply, attempt.failure, attempt.message, attempt.text)


Awaited = Callable[[], list[Outcome]]
"""Waits for the questions of one batch; outcomes in their order. Called once."""


class Asker(Protocol):
    """Whoever answers the questions of a search: endpoints, or the recording of an earlier run."""

    recording: Recording
    refused: str | None
    divergence: str | None

    def send(self, questions: Sequence[Question]) -> Awaited: ...


@dataclass(frozen=True)
class Line:
    """A model under the name that requests carry, and the address that tells cached replies apart."""

    model: Model
    url: str = ""


class Caller:
    """Asks models. Outcomes are a function of the questions and the replies, whatever order replies come in.

    Every attempt is recorded before its result is used. A question whose slot is already closed in the
    recording is answered from there, unpaid. The requests of one batch are admitted in order, each at its
    highest possible price, before the first is sent; from the first that could overshoot on, none is sent.

    Args:
        lines: model name -> where to ask it.
        wait: sleeps; injectable for tests.
    """

    def __init__(
        self,
        lines: Mapping[str, Line],
        recording: Recording,
        budget: Budget,
        prices: Prices,
        *,
        in_flight: int = 8,
        timeout_seconds: float = 180.0,
        cache: ReplyCache | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lines = lines
        self.recording = recording
        self._budget = budget
        self._prices = prices
        self._in_flight = in_flight
        self._timeout = timeout_seconds
        self._cache = cache
        self._wait = wait
        self.stopped: str | None = None  # why no further request may leave: a limit, or what follows
        self.refused: str | None = None  # what the endpoint refused for good
        self.divergence: str | None = None

    def send(self, questions: Sequence[Question]) -> Awaited:
        """Ask without waiting; a question that was not sent is OUT_OF_BUDGET and stays open."""
        outcomes: dict[str, Outcome] = {}
        admitted: list[tuple[Request, Reservation]] = []
        for question in questions:
            closed = self.recording.closed(question.slot)
            if closed is not None:
                book(self._budget, self.recording.attempts(question.slot))
                outcomes[question.slot] = Outcome.of(closed)
            elif self.stopped is None:
                self._admit(question, outcomes, admitted)
        replies = self._start(admitted)

        def wait() -> list[Outcome]:
            outcomes.update({reply.slot: reply for reply in _awaited(replies, len(admitted))})
            return [outcomes.get(question.slot) or self._unsent(question.slot) for question in questions]

        return wait

    def _unsent(self, slot: str) -> Outcome:
        return Outcome(slot, None, Failure.OUT_OF_BUDGET, self.stopped or "")

    def _admit(
        self, question: Question, outcomes: dict[str, Outcome], admitted: list[tuple[Request, Reservation]]
    ) -> None:
        request = question.write()
        self._close_lost(request)
        book(self._budget, self.recording.attempts(question.slot))
        if (cached := self._cached(request)) is not None:
            outcomes[question.slot] = cached
            return
        try:
            reservation = self._budget.reserve(request.tokens_at_most(), self._prices.at_most(request))
        except BudgetSpent as spent:
            self.stopped = str(spent)
            self.recording.ended(self.stopped)
            return
        admitted.append((request, reservation))

    def _cached(self, request: Request) -> Outcome | None:
        line = self._lines[request.model]
        reply = self._cache.get(line.url, request) if self._cache else None
        if reply is None:
            return None
        self.recording.asked(request, "cache")
        attempt = attempt_of(request, reply, source="cache", final=True, seconds=0.0, usd=0.0)
        self.recording.answered(attempt)
        return Outcome.of(attempt)

    def _start(
        self, admitted: Sequence[tuple[Request, Reservation]]
    ) -> queue.SimpleQueue[Outcome | BaseException]:
        """Send in daemon threads, so that an interrupt ends the process without waiting for slow replies."""
        todo: queue.SimpleQueue[tuple[Request, Reservation]] = queue.SimpleQueue()
        done: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        for item in admitted:
            todo.put(item)

        def work() -> None:
            while True:
                try:
                    request, reservation = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put(self._call(request, reservation))
                except BaseException as error:  # noqa: BLE001 - a bug or a full disk, raised again below
                    done.put(error)

        for _ in range(min(self._in_flight, len(admitted))):
            threading.Thread(target=work, daemon=True).start()
        return done

    def _call(self, request: Request, reservation: Reservation) -> Outcome:
        """All attempts of one call; settles its reservation."""
        if self.refused is not None:
            reservation.release()
            return Outcome(request.slot, None, Failure.OUT_OF_BUDGET, self.refused)
        bill = _Bill(request, reservation, self._prices)
        begun = sum(attempt.failure is not Failure.LOST for attempt in self.recording.attempts(request.slot))
        for number in range(begun + 1, begun + 1 + max(ATTEMPTS.values())):
            attempt = self._attempt(request.model_copy(update={"attempt": number}), bill, number - begun)
            if attempt.final:
                break
        bill.settle()
        return Outcome.of(attempt)

    def _attempt(self, request: Request, bill: _Bill, tried: int) -> Attempt:
        self.recording.asked(request)
        line = self._lines[request.model]
        started = time.monotonic()
        result: Reply | CallFailure
        try:
            result = line.model.complete(request, self._seconds())
        except CallFailure as failure:
            result = failure
        wait = self._wait_before_next(request, result, tried, bill)
        attempt = bill.add(request, result, final=wait is None, seconds=time.monotonic() - started)
        self.recording.answered(attempt)
        if isinstance(result, Reply):
            if self._cache is not None:
                self._cache.put(line.url, request, result)
        elif result.kind in STOPS_SEARCH:
            self.stopped = self.refused = result.message
        if wait is not None:
            self._wait(wait)
        return attempt

    def _seconds(self) -> float:
        remaining = self._budget.remaining_seconds
        return self._timeout if remaining is None else max(0.1, min(self._timeout, remaining))

    def _wait_before_next(
        self, request: Request, result: Reply | CallFailure, tried: int, bill: _Bill
    ) -> float | None:
        """Seconds until the next attempt; None if there is none: success, hopeless, or beyond a limit."""
        if isinstance(result, Reply) or result.kind not in RETRIED or tried >= ATTEMPTS[result.kind]:
            return None
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (tried - 1)) * _jitter(request)
        if result.retry_after is not None:
            wait = result.retry_after
        remaining = self._budget.remaining_seconds
        if wait > LONGEST_RETRY_AFTER_SECONDS or (remaining is not None and wait >= remaining):
            return None
        if self.refused is not None:
            return None
        if result.kind not in NOT_BILLED and not bill.afford_another():
            return None
        return wait

    def _close_lost(self, request: Request) -> None:
        """Put on the books what left before a kill and may have been paid, without a reply to show for it."""
        if not self.recording.lost(request.slot):
            return
        failure = CallFailure(Failure.LOST, "The run was killed before the reply was recorded.")
        attempt = attempt_of(
            request,
            failure,
            source="endpoint",
            final=False,
            seconds=0.0,
            usd=None,
            at_most=(request.tokens_at_most(), self._prices.at_most(request)),
        )
        self.recording.answered(attempt)


def _awaited(replies: queue.SimpleQueue[Outcome | BaseException], count: int) -> Iterator[Outcome]:
    for _ in range(count):
        result = replies.get()
        if isinstance(result, BaseException):
            raise result
        yield result


def book(budget: Budget, attempts: Sequence[Attempt]) -> None:
    """Charge recorded attempts: those of an earlier process of this run, or of the run that is replayed."""
    for attempt in attempts:
        tokens = attempt.at_most_tokens if attempt.tokens is None else attempt.tokens
        budget.book(
            calls=int(attempt.final and attempt.source == "endpoint"),
            tokens=0 if attempt.source == "cache" else tokens,
            usd=attempt.usd,
            usd_at_most=attempt.at_most_usd,
        )


class _Bill:
    """What the attempts of one call cost so far, against its reservation."""

    def __init__(self, request: Request, reservation: Reservation, prices: Prices) -> None:
        self._reservation = reservation
        self._prices = prices
        self._most = (request.tokens_at_most(), prices.at_most(request))
        self._tokens = 0
        self._usd: float | None = 0.0

    def add(self, request: Request, result: Reply | CallFailure, *, final: bool, seconds: float) -> Attempt:
        at_most: tuple[int, float | None] = (0, 0.0)
        if isinstance(result, Reply | AnsweredFailure):
            usd = self._prices.of(request.model, result.usage)
            at_most = self._most
        elif result.kind in NOT_BILLED:
            usd = 0.0
        else:
            usd, at_most = None, self._most
        attempt = attempt_of(
            request, result, source="endpoint", final=final, seconds=seconds, usd=usd, at_most=at_most
        )
        self._tokens += at_most[0] if attempt.tokens is None else attempt.tokens
        self._usd = None if usd is None or self._usd is None else self._usd + usd
        return attempt

    def afford_another(self) -> bool:
        """Whether one more attempt fits the budget although the last may be charged as well."""
        try:
            self._reservation.extend(*self._most)
        except BudgetSpent:
            return False
        return True

    def settle(self) -> None:
        self._reservation.settle(self._tokens, self._usd)


def _jitter(request: Request) -> float:
    """A factor in [0.75, 1) that spreads simultaneous retries, equal in every repetition of a run."""
    digest = hashlib.sha256(f"{request.slot}:{request.attempt}".encode()).digest()
    return 0.75 + 0.25 * digest[0] / 256
