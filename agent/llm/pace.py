"""How many questions to ask at a time, so that what a search learns reaches the questions that are left; and of which
model: by its weight, and by how often its candidates improved on their parents."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from lawsmith.agent.client.config import ModelChoice
from lawsmith.agent.client.prices import book
from lawsmith.agent.client.recording import CallAttempt
from lawsmith.agent.search.budget import Allowance, Budget

ROUNDS = 4
"""Rounds that a search should have at least: with fewer calls left, fewer are asked at a time."""
USUAL_TOKENS = 6000  # of a call, before one was heard


class Pace:
    """Counts the calls that were heard, and from their cost those that are left.

    It depends on the recorded calls alone, so that a run that is resumed or replayed asks the same.
    """

    def __init__(self, allowance: Allowance, max_calls: int | None, in_flight: int) -> None:
        self._books, self._max_calls, self._in_flight = Budget(allowance), max_calls, in_flight
        self.calls = 0
        """Calls that were answered or given up, also from the cache."""

    def heard(self, attempts: Sequence[CallAttempt]) -> None:
        """Take note of one call that has ended, by its attempts."""
        self.calls += bool(attempts)
        book(self._books, attempts)

    @property
    def calls_left(self) -> float:
        """About how many calls the budget still allows; infinite without a limit of calls, tokens or USD."""
        allowed, spent = self._books.allowance, self._books.spent
        tokens, usd = self._books.left()
        left = [] if self._max_calls is None else [float(self._max_calls - self.calls)]
        if allowed.calls is not None:
            left.append(allowed.calls - spent.calls)
        if tokens is not None:
            each = spent.tokens / spent.calls if spent.calls and spent.tokens else USUAL_TOKENS
            left.append(tokens / each)
        if allowed.usd is not None and usd is not None and spent.calls and usd < allowed.usd:
            left.append(usd * spent.calls / (allowed.usd - usd))
        return max(0.0, min(left, default=math.inf))

    @property
    def width(self) -> int:
        """Questions of the next round: all that may be in flight, fewer when fewer than ROUNDS such rounds are left."""
        left = self.calls_left
        return self._in_flight if math.isinf(left) else max(1, min(self._in_flight, int(left / ROUNDS)))

    @property
    def may_look_ahead(self) -> bool:
        """Whether enough calls are left to ask a round before the scores of the last one are known."""
        return self.calls_left >= ROUNDS * self._in_flight


PRIOR = 2.0  # a model's first answers count as this many of average success
AVERAGE = 0.5  # the success that is assumed of a model before it has answered


class Ensemble:
    """Weighted models with their record of success."""

    def __init__(self, models: Sequence[ModelChoice]) -> None:
        self._models = tuple(models)
        self._answers: Counter[str] = Counter()
        self._improvements: Counter[str] = Counter()

    def learn(self, model: str, improved: bool) -> None:
        """Count an answer of a model, and whether it improved on its parents."""
        self._answers[model] += 1
        self._improvements[model] += improved

    def success(self, model: str) -> float:
        """Estimated share of answers that improve on their parents (mean of a beta posterior)."""
        return (self._improvements[model] + PRIOR * AVERAGE) / (self._answers[model] + PRIOR)

    def pick(self, rng: np.random.Generator) -> str:
        """A model's name, drawn in proportion to weight times success."""
        merits = np.array([choice.weight * self.success(choice.name) for choice in self._models])
        return self._models[int(rng.choice(len(merits), p=merits / merits.sum()))].name

    def record(self) -> dict[str, dict[str, int]]:
        """Per model: answers and improvements."""
        return {
            choice.name: {"answers": self._answers[choice.name], "improvements": self._improvements[choice.name]}
            for choice in self._models
        }
