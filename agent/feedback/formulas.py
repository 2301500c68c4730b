"""What laws state, in one line each: definitions written out, equal formulas merged with their losses and sharing."""

from collections.abc import Sequence
from functools import lru_cache

from lawsmith.agent.client.text import clip, number
from lawsmith.agent.feedback.standing import Standing
from lawsmith.runs.trials import Trial
from lawsmith.sandbox.law.formula import formula
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.statement import Statement, Unreadable

MAX_FORMULA = 420  # characters of one formula


@lru_cache(maxsize=2048)
def _read(source: str) -> Statement | Unreadable:
    return read(source)


@lru_cache(maxsize=2048)
def _text(source: str) -> str:
    """The formula in full; where it cannot be read, what the form returns or that it is opaque."""
    found = _read(source)
    if isinstance(found, Statement):
        targets = tuple(found.targets)
        text = formula(source, tuple(name or "y" for name in targets)).text()
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
    found = _read(trial.proposal.source)
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
