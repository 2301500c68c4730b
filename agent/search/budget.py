"""What a run may spend, and what it has spent: seconds, model calls, tokens and US dollars.

Dollars are added up exactly, as fractions: sums of floats would depend on the order in which replies arrive.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from time import monotonic

from lawsmith.tasks import InputError

Dollars = float | Fraction


@dataclass(frozen=True)
class Allowance:
    """Limits of a search; None means unlimited."""

    seconds: float | None = None
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        for option, value in (
            ("time limit", self.seconds),
            ("limit of calls", self.calls),
            ("limit of tokens", self.tokens),
            ("limit of USD", self.usd),
        ):
            if value is not None and not value > 0:
                raise InputError(f"The {option} must be positive, not {value}.")

    def share(self, runs: int, index: int) -> "Allowance":
        """What run `index` of `runs` gets: all the seconds (time is per run), an equal part of the rest.

        Calls and tokens that do not divide evenly go to the first runs.
        """
        return Allowance(
            seconds=self.seconds,
            calls=_part(self.calls, runs, index),
            tokens=_part(self.tokens, runs, index),
            usd=None if self.usd is None else self.usd / runs,
        )


def _part(total: int | None, runs: int, index: int) -> int | None:
    if total is None:
        return None
    if total < runs:
        raise InputError(f"A limit of {total} cannot be shared by {runs} runs; allow at least one for each.")
    return total // runs + (index < total % runs)


@dataclass(frozen=True)
class Spending:
    """What has been spent. `usd` is None as soon as one call's price is unknown: unknown is not 0."""

    seconds: float = 0.0
    calls: int = 0
    tokens: int = 0
    usd: float | None = 0.0


class BudgetSpent(Exception):
    """A request was not sent because it could overshoot the budget; says which limit."""


class Budget:
    """Books of one run; safe to use from several threads.

    A model call is first reserved at its highest possible price, which fails if it could overshoot, and then
    settled at its true price, or released if it was never sent.
    """

    def __init__(
        self, allowance: Allowance = Allowance(), spent: Spending = Spending(), clock: Callable[[], float] = monotonic
    ) -> None:
        self.allowance = allowance
        self._clock = clock
        self._started = clock() - spent.seconds
        self._calls, self._tokens = spent.calls, spent.tokens
        self._usd = None if spent.usd is None else Fraction(spent.usd)
        self._usd_at_most = Fraction(spent.usd or 0)  # unknown prices count at what was reserved for them
        self._reserved: list[Reservation] = []
        self._lock = threading.Condition()

    @property
    def spent(self) -> Spending:
        """What has been spent so far; dollars are None where a price is unknown."""
        usd = None if self._usd is None else float(self._usd)
        return Spending(self._clock() - self._started, self._calls, self._tokens, usd)

    @property
    def remaining_seconds(self) -> float | None:
        """Seconds left (never negative); None without a time limit."""
        limit = self.allowance.seconds
        return None if limit is None else max(0.0, limit - (self._clock() - self._started))

    def out_of_time(self) -> str | None:
        """The time limit in words if it is reached, or None."""
        return f"time limit of {self.allowance.seconds:g} s" if self.remaining_seconds == 0 else None

    def exhausted(self) -> str | None:
        """Which limit is reached, in words, or None."""
        if (late := self.out_of_time()) is not None:
            return late
        allowed = self.allowance
        if allowed.calls is not None and self._calls >= allowed.calls:
            return f"limit of {allowed.calls} model calls"
        if allowed.tokens is not None and self._tokens >= allowed.tokens:
            return f"limit of {allowed.tokens} tokens"
        if allowed.usd is not None and float(self._usd_at_most) >= allowed.usd:
            return f"limit of {allowed.usd:g} USD"
        return None

    def reserve(self, tokens: int = 0, usd: float | None = 0.0, *, patient: bool = False) -> "Reservation":
        """Set one call aside at its highest possible price; `usd` is None where the price is unknown.

        `patient`: where tokens or USD are short only because calls under way have theirs set aside, wait for those
        to end. Raises BudgetSpent if the call could overshoot a limit, also when USD are limited and the price
        is unknown.
        """
        with self._lock:
            most = self.allowance.calls
            while (reason := self.exhausted() or self._overshoot(tokens, usd)) is not None:
                spent = most is not None and self._calls + len(self._reserved) >= most
                if not patient or not self._reserved or spent:
                    raise BudgetSpent(reason)
                self._lock.wait(self.remaining_seconds)
            reservation = Reservation(self, tokens, usd)
            self._reserved.append(reservation)
            return reservation

    def left(self) -> tuple[int | None, float | None]:
        """Tokens and USD that are neither spent nor set aside; None where there is no limit."""
        with self._lock:
            tokens, usd = self.allowance.tokens, self.allowance.usd
            pending = self._reserved
            spent = self._usd_at_most + sum(r.usd or 0 for r in pending)
            return (
                None if tokens is None else tokens - self._tokens - sum(r.tokens for r in pending),
                None if usd is None else usd - float(spent),
            )

    def _overshoot(self, tokens: int, usd: float | None, calls: int = 1) -> str | None:
        allowed, pending = self.allowance, self._reserved
        if allowed.calls is not None and self._calls + len(pending) + calls > allowed.calls:
            return f"limit of {allowed.calls} model calls"
        all_tokens = self._tokens + sum(r.tokens for r in pending) + tokens
        if allowed.tokens is not None and all_tokens > allowed.tokens:
            return f"limit of {allowed.tokens} tokens"
        if allowed.usd is None:
            return None
        if usd is None:
            return f"limit of {allowed.usd:g} USD, and the price of a call is not known"
        if float(self._usd_at_most + sum(r.usd or 0 for r in pending) + Fraction(usd)) > allowed.usd:
            return f"limit of {allowed.usd:g} USD"
        return None

    def book(self, calls: int = 0, tokens: int = 0, usd: float | None = 0.0, usd_at_most: float | None = None) -> None:
        """Charge what an earlier process of this run spent, whatever the limits say.

        `usd` None means unknown; `usd_at_most` then bounds it, if that is known.
        """
        with self._lock:
            self._charge(calls, tokens, usd, usd_at_most)

    def _charge(self, calls: int, tokens: int, usd: Dollars | None, usd_at_most: Dollars | None) -> None:
        self._calls += calls
        self._tokens += tokens
        self._usd_at_most += Fraction((usd_at_most or 0) if usd is None else usd)
        self._usd = None if usd is None or self._usd is None else self._usd + Fraction(usd)


class Reservation:
    """One model call on the books; see Budget."""

    def __init__(self, budget: Budget, tokens: int, usd: float | None) -> None:
        self.tokens = tokens
        self.usd = None if usd is None else Fraction(usd)
        self._budget = budget
        self._open = True

    def settle(self, tokens: int = 0, usd: Dollars | None = 0.0) -> None:
        """Book what the call really cost; `usd` None means unknown. Settling twice is a ValueError."""
        if not self._open:
            raise ValueError("this call is already settled")
        self._close(1, tokens, usd)

    def release(self) -> None:
        """Give the reservation back: the call was never sent."""
        if self._open:
            self._close(0, 0, 0)

    def _close(self, calls: int, tokens: int, usd: Dollars | None) -> None:
        self._open = False
        with (budget := self._budget)._lock:
            budget._reserved.remove(self)
            budget._charge(calls, tokens, usd, self.usd)
            budget._lock.notify_all()

    def extend(self, tokens: int, usd: float | None) -> None:
        """Set as much again aside for one more attempt at the same call, because the last may be charged too.

        Raises BudgetSpent if that could overshoot a limit.
        """
        with (budget := self._budget)._lock:
            reason = budget.exhausted() or budget._overshoot(tokens, usd, calls=0)
            if reason is not None:
                raise BudgetSpent(reason)
            self.tokens += tokens
            if self.usd is not None:
                self.usd = None if usd is None else self.usd + Fraction(usd)
