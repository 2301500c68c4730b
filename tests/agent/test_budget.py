"""The books of a run: nothing is sent that could overshoot, nothing unknown counts as free."""

import itertools
import math

import pytest

from lawsmith.agent.search.budget import Allowance, Budget, BudgetSpent, Spending
from lawsmith.tasks import InputError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_call_that_could_overshoot_is_not_sent() -> None:
    budget = Budget(Allowance(usd=0.10))
    call = budget.reserve(tokens=100, usd=0.06)
    with pytest.raises(BudgetSpent, match=r"0\.1 USD"):
        budget.reserve(tokens=100, usd=0.06)
    call.settle(tokens=80, usd=0.01)
    budget.reserve(tokens=100, usd=0.06).settle(tokens=80, usd=0.05)
    assert budget.spent.usd == pytest.approx(0.06)
    assert (budget.spent.calls, budget.spent.tokens) == (2, 160)


def test_calls_under_way_count_against_the_limit() -> None:
    budget = Budget(Allowance(calls=2))
    first, _ = budget.reserve(), budget.reserve()
    with pytest.raises(BudgetSpent, match="2 model calls"):
        budget.reserve()
    first.release()
    budget.reserve()


def test_an_unknown_price_is_unknown_and_is_charged_at_its_bound() -> None:
    budget = Budget(Allowance(usd=1.0))
    budget.reserve(usd=0.7).settle(usd=None)
    assert budget.spent.usd is None
    with pytest.raises(BudgetSpent):
        budget.reserve(usd=0.4)
    with pytest.raises(BudgetSpent, match="not known"):
        budget.reserve(usd=None)


def test_what_was_spent_does_not_depend_on_the_order_of_replies() -> None:
    prices = [0.1, 0.2, 0.3, 1e-9, 7.3, 0.0004]
    totals = set()
    for order in itertools.permutations(prices):
        budget = Budget(Allowance(usd=100.0))
        for price in order:
            budget.reserve(usd=8.0).settle(usd=price)
        totals.add(budget.spent.usd)
    assert totals == {math.fsum(prices)}


def test_a_call_without_usage_stays_on_the_books() -> None:
    budget = Budget(Allowance(calls=1))
    budget.reserve(tokens=10).settle()
    assert budget.spent.calls == 1
    assert budget.exhausted() == "limit of 1 model calls"


def test_time_goes_on_from_what_was_spent_before() -> None:
    clock = Clock()
    budget = Budget(Allowance(seconds=10), Spending(seconds=8), clock)
    assert budget.remaining_seconds == 2
    clock.now = 1.5
    assert budget.exhausted() is None
    clock.now = 3.0
    assert budget.remaining_seconds == 0
    assert budget.exhausted() == "time limit of 10 s"


def test_runs_share_all_but_time() -> None:
    whole = Allowance(seconds=60, calls=7, tokens=300, usd=1.5)
    shares = [whole.share(3, index) for index in range(3)]
    assert [share.calls for share in shares] == [3, 2, 2]
    assert sum(share.tokens or 0 for share in shares) == 300
    assert {share.seconds for share in shares} == {60}
    assert sum(share.usd or 0 for share in shares) == pytest.approx(1.5)
    with pytest.raises(InputError, match="2 cannot be shared by 3 runs"):
        Allowance(calls=2).share(3, 0)
