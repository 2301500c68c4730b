"""Sends the questions of a search: budgets before, retries during, records after; many at the same time."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lawsmith.agent.client.asker import Awaited, CallOutcome, Question
from lawsmith.agent.client.call_failures import STOPS_SEARCH, CallFailure, Failure
from lawsmith.agent.client.messages import Model, ModelReply, Request
from lawsmith.agent.client.prices import Estimate, Most, Prices, book, cost, is_billed
from lawsmith.agent.client.recording import CallAttempt, Recording, ReplyCache, attempt_of
from lawsmith.agent.search.budget import Budget, BudgetSpent, Reservation
from lawsmith.agent.threads import in_background

ATTEMPTS: Mapping[Failure, int] = {  # others are not tried again
    Failure.RATE_LIMITED: 6,
    Failure.SERVER_ERROR: 4,
    Failure.UNREACHABLE: 4,
    Failure.DROPPED: 4,
    Failure.TIMED_OUT: 2,
    Failure.MALFORMED: 2,
    Failure.EMPTY: 2,
}
FIRST_WAIT_SECONDS = 1.0  # before a second attempt; each further wait is twice as long …
LONGEST_WAIT_SECONDS = 30.0  # … up to this
LONGEST_RETRY_AFTER_SECONDS = 120.0  # that an endpoint may ask for: a longer one would look like a hang


_Admitted = tuple[Request, Reservation]


@dataclass(frozen=True)
class Line:
    """A model under the name that requests carry, and the address that tells cached replies apart."""

    model: Model
    url: str = ""


@dataclass(eq=False)
class Caller:
    """Asks models. Outcomes are a function of the questions and the replies, whatever order replies come in.

    Every attempt is recorded before its result is used. A question whose slot is already closed in the
    recording is answered from there, unpaid. The requests of one batch are admitted in order, each at its
    highest possible price. One that does not fit beside the calls under way waits for them; one that does not fit at
    all is sent with a shorter limit for its reply, as long as a usual reply fits; after that, none is sent.

    Args:
        lines: model name -> where to ask it.
        wait: sleeps; injectable for tests.
    """

    lines: Mapping[str, Line]
    recording: Recording
    budget: Budget
    prices: Prices
    in_flight: int = 8
    timeout_seconds: float = 180.0
    cache: ReplyCache | None = None
    wait: Callable[[float], None] = time.sleep
    stopped: str | None = field(default=None, init=False)  # why no request may leave: a limit, or what follows
    refused: str | None = field(default=None, init=False)  # what the endpoint refused for good
    divergence: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._estimate = Estimate(self.prices)

    def send(self, questions: Sequence[Question]) -> Awaited:
        """Ask without waiting, not even until the prompts are written.

        A question that was not sent is OUT_OF_BUDGET and stays open.
        """
        todo, turn = iter(questions), threading.Lock()

        def work() -> list[CallOutcome]:
            found = list[CallOutcome]()
            while True:
                with turn:  # admitted in order
                    question = next(todo, None)
                    item = None if question is None else self._admit(question)
                if item is None:
                    return found
                found.append(item if isinstance(item, CallOutcome) else self._call(*item))

        threads = [in_background(work) for _ in range(min(self.in_flight, len(questions)))]

        def wait() -> list[CallOutcome]:
            found = {outcome.slot: outcome for thread in threads for outcome in thread.result()}
            return [found[question.slot] for question in questions]

        return wait

    def _admit(self, question: Question) -> _Admitted | CallOutcome:
        """Write a request and set its price aside; or the outcome of a question that is not sent."""
        slot = question.slot
        if (closed := self.recording.closed(slot)) is not None:
            book(self.budget, self.recording.attempts(slot))
            return CallOutcome.of(closed)
        if self.stopped is not None:
            return CallOutcome.unsent(slot, self.stopped)
        request = question.write()
        self._close_lost(request)
        book(self.budget, self.recording.attempts(slot))
        if (cached := self._cached(request)) is not None:
            return cached
        try:
            return self._reserved(request)
        except BudgetSpent as spent:
            self.stopped = str(spent)
            self.recording.ended(self.stopped)
            return CallOutcome.unsent(slot, self.stopped)

    def _reserved(self, request: Request) -> _Admitted:
        """Set aside what `request` takes at most, cut down to what is left. Raises BudgetSpent."""
        try:
            return request, self.budget.reserve(*self._estimate.at_most(request), patient=True)
        except BudgetSpent:
            shorter = self._estimate.fitting(request, *self.budget.left())
            if shorter is None or shorter.max_tokens == request.max_tokens:
                raise
            return shorter, self.budget.reserve(*self._estimate.at_most(shorter))

    def _cached(self, request: Request) -> CallOutcome | None:
        line = self.lines[request.model]
        reply = self.cache.get(line.url, request) if self.cache else None
        if reply is None:
            return None
        self.recording.asked(request, "cache")
        attempt = attempt_of(request, reply, source="cache", final=True, seconds=0.0, usd=0.0)
        self.recording.answered(attempt)
        return CallOutcome.of(attempt)

    def _call(self, request: Request, reservation: Reservation) -> CallOutcome:
        """All attempts of one call; settles its reservation."""
        if self.refused is not None:
            reservation.release()
            return CallOutcome.unsent(request.slot, self.refused)
        most = self._estimate.at_most(request)
        begun = sum(attempt.failure is not Failure.LOST for attempt in self.recording.attempts(request.slot))
        attempts: list[CallAttempt] = []
        for tried in range(1, 1 + max(ATTEMPTS.values())):
            numbered = request.model_copy(update={"attempt": begun + tried})
            attempts.append(self._attempt(numbered, reservation, most, tried))
            if attempts[-1].final:
                break
        reservation.settle(*cost(attempts))
        return CallOutcome.of(attempts[-1])

    def _attempt(self, request: Request, reservation: Reservation, most: Most, tried: int) -> CallAttempt:
        """Send a request once. most: what one attempt may cost."""
        self.recording.asked(request)
        line = self.lines[request.model]
        started = time.monotonic()
        result: ModelReply | CallFailure
        try:
            remaining = self.budget.remaining_seconds
            seconds = self.timeout_seconds if remaining is None else max(0.1, min(self.timeout_seconds, remaining))
            result = line.model.complete(request, seconds)
        except CallFailure as failure:
            result = failure
        self._estimate.learn(request, result.usage)
        wait = self._wait_before_next(request, result, tried)
        if wait is not None and is_billed(result):
            try:
                reservation.extend(*most)  # the last attempt may be charged as well
            except BudgetSpent:
                wait = None
        usd, at_most = (self.prices.of(request.model, result.usage), most) if is_billed(result) else (0.0, (0, 0.0))
        seconds = time.monotonic() - started
        attempt = attempt_of(
            request, result, source="endpoint", final=wait is None, seconds=seconds, usd=usd, at_most=at_most
        )
        self.recording.answered(attempt)
        if isinstance(result, ModelReply):
            if self.cache is not None:
                self.cache.put(line.url, request, result)
        elif result.kind in STOPS_SEARCH:
            self.stopped = self.refused = result.message
        if wait is not None:
            self.wait(wait)
        return attempt

    def _wait_before_next(self, request: Request, result: ModelReply | CallFailure, tried: int) -> float | None:
        """Seconds until the next attempt; None if there is none: success, hopeless, or too long a wait."""
        if isinstance(result, ModelReply) or tried >= ATTEMPTS.get(result.kind, 1) or self.refused is not None:
            return None
        digest = hashlib.sha256(f"{request.slot}:{request.attempt}".encode()).digest()
        spread = 0.75 + 0.25 * digest[0] / 256  # of simultaneous retries, equal in every repetition of a run
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (tried - 1)) * spread
        if result.retry_after is not None:
            wait = result.retry_after
        remaining = self.budget.remaining_seconds
        late = remaining is not None and wait >= remaining
        return None if wait > LONGEST_RETRY_AFTER_SECONDS or late else wait

    def _close_lost(self, request: Request) -> None:
        """Put on the books what left before a kill and may have been paid, without a reply to show for it."""
        if not self.recording.lost(request.slot):
            return
        failure = CallFailure(Failure.LOST, "The run was killed before the reply was recorded.")
        most = self._estimate.at_most(request)
        lost = attempt_of(request, failure, source="endpoint", final=False, seconds=0.0, usd=None, at_most=most)
        self.recording.answered(lost)
