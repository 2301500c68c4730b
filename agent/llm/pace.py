"""How many questions to ask at a time, so that what a search learns reaches the questions that are left; and of which
model: by its weight, and by how often its candidates improved on their parents."""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.client.config import ModelChoice
from lawsmith.agent.client.recording import CallAttempt
from lawsmith.agent.search.budget import Allowance

ROUNDS = 4
"""Rounds that a search should have at least: with fewer calls left, fewer are asked at a time."""
USUAL_TOKENS = 6000  # of a call, before one was heard


class Pace:
    """Counts the calls that were heard, and from their cost those that are left.

    It depends on the recorded calls alone, so that a run that is resumed or replayed asks the same.
    """

    def __init__(self, allowance: Allowance, max_calls: int | None, in_flight: int) -> None:
        self._allowance, self._in_flight = allowance, in_flight
        self._max_calls = max_calls
        self.calls = 0
        """Calls that were answered or given up, also from the cache."""
        self._calls, self._lost, self._tokens, self._usd = 0, 0, 0, Fraction(0)

    def heard(self, attempts: Sequence[CallAttempt]) -> None:
        """Take note of one call that has ended, by its attempts."""
        self.calls += bool(attempts)
        sent = [attempt for attempt in attempts if attempt.source == "endpoint"]
        self._calls += sum(attempt.final for attempt in sent)
        self._lost += sum(attempt.failure is Failure.LOST for attempt in sent)
        for attempt in sent:
            self._tokens += attempt.at_most_tokens if attempt.tokens is None else attempt.tokens
            self._usd += Fraction((attempt.at_most_usd or 0) if attempt.usd is None else attempt.usd)

    @property
    def calls_left(self) -> float:
        """About how many calls the budget still allows; infinite without a limit of calls, tokens or USD."""
        left = math.inf if self._max_calls is None else self._max_calls - self.calls
        if self._allowance.calls is not None:
            left = min(left, self._allowance.calls - self._calls - self._lost)
        if self._allowance.tokens is not None:
            each = self._tokens / self._calls if self._calls and self._tokens else USUAL_TOKENS
            left = min(left, (self._allowance.tokens - self._tokens) / each)
        if self._allowance.usd is not None and self._calls and self._usd:
            left = min(left, (self._allowance.usd - float(self._usd)) * self._calls / float(self._usd))
        return max(0.0, left)

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
