"""What calls cost: each attempt at what is known of its price, or at the most that it can have cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lawsmith.agent.client.call_failures import NOT_BILLED, AnsweredFailure, CallFailure, Failure
from lawsmith.agent.client.messages import ModelReply, Request
from lawsmith.agent.client.prices import Prices
from lawsmith.agent.client.recording import CallAttempt, attempt_of
from lawsmith.agent.search.budget import Budget, BudgetSpent, Reservation


class Bill:
    """The attempts of one call so far, against its reservation."""

    def __init__(self, reservation: Reservation, prices: Prices, most: tuple[int, float | None]) -> None:
        self._reservation = reservation
        self._prices = prices
        self._most = most  # tokens and USD of one attempt
        self._tokens = 0
        self._usd: Fraction | None = Fraction(0)

    def add(self, request: Request, result: ModelReply | CallFailure, *, final: bool, seconds: float) -> CallAttempt:
        """The record of an attempt, put on the bill."""
        at_most: tuple[int, float | None] = (0, 0.0)
        if isinstance(result, ModelReply | AnsweredFailure):
            usd = self._prices.of(request.model, result.usage)
            at_most = self._most
        elif result.kind in NOT_BILLED:
            usd = 0.0
        else:
            usd, at_most = None, self._most
        attempt = attempt_of(request, result, source="endpoint", final=final, seconds=seconds, usd=usd, at_most=at_most)
        self._tokens += at_most[0] if attempt.tokens is None else attempt.tokens
        self._usd = None if usd is None or self._usd is None else self._usd + Fraction(usd)
        return attempt

    def afford_another(self) -> bool:
        """Whether one more attempt fits the budget although the last may be charged as well."""
        try:
            self._reservation.extend(*self._most)
        except BudgetSpent:
            return False
        return True

    def settle(self) -> None:
        """Charge the budget; the call has ended."""
        self._reservation.settle(self._tokens, self._usd)


def book(budget: Budget, attempts: Sequence[CallAttempt]) -> None:
    """Charge recorded attempts: those of an earlier process of this run, or of the run that is replayed."""
    for attempt in attempts:
        tokens = attempt.at_most_tokens if attempt.tokens is None else attempt.tokens
        counts = attempt.final or attempt.failure is Failure.LOST  # a lost call may have been answered and paid
        budget.book(
            calls=int(counts and attempt.source == "endpoint"),
            tokens=0 if attempt.source == "cache" else tokens,
            usd=attempt.usd,
            usd_at_most=attempt.at_most_usd,
        )
