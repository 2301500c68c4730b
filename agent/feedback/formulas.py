"""What laws state, in one line each: definitions written out, equal formulas merged with their losses and sharing."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from lawsmith.agent.feedback.standing import Standing
from lawsmith.agent.feedback.text import clip, number
from lawsmith.agent.search.stated import small, straight_line
from lawsmith.runs.trials import Trial
from lawsmith.sandbox.law.syntax import parse

MAX_FORMULA = 420  # characters of one formula


@dataclass(frozen=True)
class StatedForm:
    """A candidate's formula on one line, its loss, and the constants that all groups share."""

    text: str
    loss: str
    shared: tuple[str, ...]


@lru_cache(maxsize=2048)
def stated_form(source: str) -> StatedForm:
    """Read from the source; nothing is executed. Where the form does more than assign and return, its own lines."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return StatedForm("(source that cannot be read)", "", ())
    form = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "form"), None)
    loss = next(iter(_strings(tree, "LOSS")), "squared")
    return StatedForm(_text(form), loss, tuple(sorted(_strings(tree, "SHARED"))))


def _text(form: ast.FunctionDef | None) -> str:
    if form is None:
        return "(a law without form(x, p))"
    expression = straight_line(form) if small(form) else None
    try:
        if expression is not None:
            return _plain(ast.unparse(expression))
        return _plain("; ".join(ast.unparse(node) for node in form.body))
    except RecursionError:
        return "(nested too deeply to show)"


def _plain(code: str) -> str:
    """Code in fewer marks: names of constants and features bare, numpy's functions without its name."""
    code = re.sub(r"""\b[px]\[(['"])([^'"\]]{1,60})\1\]""", r"\2", code)
    return code.replace("np.", "").replace("**", "^")


def _strings(tree: ast.Module, name: str) -> set[str]:
    """String constants in the module-level assignment to `name`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            values = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
            return {value for value in values if isinstance(value, str)}
    return set()


def formula_of(trial: Trial) -> str:
    """The formula of a law on one line of bounded length."""
    stated = stated_form(trial.proposal.source).text
    if stated.startswith("(") and trial.evaluation.formula:
        return clip(trial.evaluation.formula, MAX_FORMULA)
    return clip(stated, MAX_FORMULA)


def fit_words(trial: Trial) -> str:
    """How a law was fitted, where that is not plain: its loss and what is shared."""
    stated = stated_form(trial.proposal.source)
    words = [f"{stated.loss} loss"] if stated.loss not in ("squared", "") else []
    if stated.shared:
        words.append(f"shared {', '.join(stated.shared[:8])}")
    return ", ".join(words)


def law_lines(trials: Sequence[Trial], standing: Standing, most: int) -> list[str]:
    """One line for each formula, best first: its held-out errors under each loss and sharing, and the formula."""
    merged: dict[str, list[Trial]] = {}
    for trial in sorted((t for t in trials if t.usable), key=standing.merit):
        merged.setdefault(formula_of(trial), []).append(trial)
    lines = []
    for formula, same in list(merged.items())[:most]:
        scores = ", ".join(
            f"{number(standing.error(t), 3)}{f' ({words})' if (words := fit_words(t)) else ''}"
            for t in same[:4]
        )
        count = same[0].evaluation.constants_count or 0
        lines.append(f"{scores} | {count} constants | {formula}")
    return lines
