"""What laws state, in one line each, with their losses and sharing, in the order of the score that chooses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lawsmith.agent.client.text import clip, number
from lawsmith.agent.search.score import typical_error
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_text import source_formula
from lawsmith.tasks import Task


class Standing:
    """The usable laws that were learnt, by their typical error."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._trials: dict[str, Trial] = {}
        self._errors: dict[str, float] = {}  # a law's own, whatever else is known

    def frozen(self) -> Standing:
        """As it is now: a prompt that is written later must not know what was learnt since."""
        copy = Standing(self._task)
        copy._trials, copy._errors = dict(self._trials), self._errors
        return copy

    def learn(self, trial: Trial) -> None:
        """Take a law into the standing, if it is usable."""
        if trial.usable and trial.id not in self._trials:
            self._trials[trial.id] = trial

    def error(self, trial: Trial) -> float:
        """The typical error of a law (`search.selection`); lower is better, infinite for one that is not usable."""
        if trial.id not in self._errors:
            self._errors[trial.id] = typical_error(trial, self._task)
        return self._errors[trial.id]

    def merit(self, trial: Trial) -> tuple[float, int]:
        """Sorts better laws first: by the error, then by fewer constants."""
        return self.error(trial), trial.evaluation.constants_count or 0

    @property
    def ranking(self) -> list[Trial]:
        """Best first; of equals the earlier."""
        return sorted(self._trials.values(), key=self.merit)

    def place(self, trial: Trial) -> tuple[int, int]:
        """Rank from 1, and among how many."""
        ranking = self.ranking
        better = sum(self.merit(other) < self.merit(trial) for other in ranking)
        return better + 1, len(ranking)


MAX_FORMULA = 420  # characters of one formula


@lru_cache(maxsize=2048)
def _text(source: str) -> str:
    """The formula in full; where it cannot be read, what the form returns or that it is opaque."""
    found = read(source)
    if isinstance(found, Statement):
        targets = tuple(found.targets)
        text = source_formula(source, tuple(name or "y" for name in targets))
        text = text.removeprefix("y = ") if targets == ("",) else text
        if text:
            return text.replace("**", "^")
    returned = [line.strip() for line in source.splitlines() if line.strip().startswith("return ")]
    return f"(opaque) … {returned[-1]}" if returned else "(opaque)"


def formula_of(trial: Trial) -> str:
    """The formula of a law on one line of bounded length."""
    return clip(_text(trial.proposal.source), MAX_FORMULA)


def fit_words(trial: Trial) -> str:
    """How a law was fitted, where that is not plain: its loss and what is shared."""
    found = read(trial.proposal.source)
    if isinstance(found, Unreadable):
        return ""
    words = [f"{found.loss} loss"] if found.loss != "squared" else []
    if found.shared:
        words.append(f"shared {', '.join(found.shared[:8])}")
    return ", ".join(words)


def law_lines(trials: Sequence[Trial], standing: Standing, most: int) -> list[str]:
    """One line for each formula, best first: its held-out errors under each loss and sharing, and the formula."""
    merged: dict[str, list[Trial]] = {}
    for trial in sorted((t for t in trials if t.usable), key=standing.merit):
        merged.setdefault(formula_of(trial), []).append(trial)
    lines = []
    for text, same in list(merged.items())[:most]:
        scores = ", ".join(
            f"{number(standing.error(t), 3)}{f' ({words})' if (words := fit_words(t)) else ''}" for t in same[:4]
        )
        count = same[0].evaluation.constants_count or 0
        lines.append(f"{scores} | {count} constants | {text}")
    return lines
