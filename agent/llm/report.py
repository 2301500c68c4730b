"""What the LLM gained over the symbolic floor, and at what price."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from lawsmith.agent.client.recording import Attempt, Recording
from lawsmith.runs import Account
from lawsmith.runs.account import Books
from lawsmith.runs.trials import History
from lawsmith.sandbox import Verdict

if TYPE_CHECKING:
    from lawsmith.agent.llm.proposer import LLMProposer


def report(proposer: LLMProposer, history: History) -> dict[str, Any]:
    """`lawsmith.runs.Account` as JSON data."""
    tally, caller = proposer.tally, proposer.setup.caller
    floor = {trial.id for trial in history if trial.id not in tally.asked}
    asked = [trial for trial in history if trial.id in tally.asked]
    accepted = sum(trial.evaluation.verdict is Verdict.OK for trial in asked)
    floor_best, best = _best(history, floor), _best(history, {trial.id for trial in history})
    answered = len(tally.asked) + tally.lost.total()
    account = Account(
        calls=books(caller.recording),
        floor_candidates=len(floor),
        floor_r2=floor_best,
        best_r2=best,
        gain=None if best is None or floor_best is None else best - floor_best,
        best_by=None if best is None else "floor" if best == floor_best else "model",
        candidates=len(asked),
        accepted=accepted,
        acceptance_rate=accepted / answered if answered else None,
        improved=len(tally.improved),
        lost=dict(sorted(tally.lost.items())),
        failures=dict(sorted(Counter(t.evaluation.verdict.value for t in asked).items())),
        progress=tuple(_progress(proposer, history, floor_best)),
        models=proposer.ensemble.record(),
        ended=proposer.ended,
        error=caller.refused,
        divergence=caller.divergence,
    )
    return account.model_dump(mode="json")


def _best(history: History, among: set[str]) -> float | None:
    scores = [t.evaluation.validation_r2 for t in history.usable() if t.id in among]
    return max((score for score in scores if score is not None), default=None)


def _progress(proposer: LLMProposer, history: History, floor: float | None) -> list[tuple[int, float]]:
    best = floor
    points: list[tuple[int, float]] = [] if floor is None else [(0, floor)]
    for trial in history.usable():
        score = trial.evaluation.validation_r2
        calls = proposer.tally.calls_at.get(trial.id)
        if score is not None and calls is not None and (best is None or score > best):
            best = score
            points.append((calls, score))
    return points


def books(recording: Recording) -> Books:
    """What the calls of a run cost, from its recording alone."""
    attempts = recording.attempts()
    sent = [attempt for attempt in attempts if attempt.source == "endpoint"]
    known = [attempt.usd for attempt in sent if attempt.usd is not None]
    return Books(
        finished=sum(attempt.final for attempt in sent),
        attempts=len(sent),
        from_cache=sum(attempt.source == "cache" for attempt in attempts),
        prompt_tokens=sum(attempt.usage.prompt_tokens or 0 for attempt in sent),
        completion_tokens=sum(attempt.usage.completion_tokens or 0 for attempt in sent),
        without_usage=sum(_charged_unseen(attempt) for attempt in sent),
        usd=math.fsum(known) if len(known) == len(sent) else None,
        usd_known=math.fsum(known),
        failed_attempts=dict(sorted(Counter(a.failure.value for a in sent if a.failure).items())),
        seconds=round(math.fsum(attempt.seconds for attempt in sent), 3),
    )


def _charged_unseen(attempt: Attempt) -> bool:
    return attempt.tokens is None and attempt.at_most_tokens > 0
