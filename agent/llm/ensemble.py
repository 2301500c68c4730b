"""Which model is asked next: by its weight, and by how often its candidates improved on their parents."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from lawsmith.agent.client.config import ModelChoice

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
