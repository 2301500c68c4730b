"""What the LLM gained over the symbolic floor, and at what price."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from agent.history import History
from agent.llm.recording import Attempt, Recording
from sandbox import Verdict

if TYPE_CHECKING:
    from agent.llm.proposer import LLMProposer


def report(proposer: LLMProposer, history: History) -> dict[str, Any]:
    """JSON data:

    `calls`: the books, see `books`. `floor_r2` and `best_r2`: highest validation R² of the floor and of all
    candidates; `gain` their difference (None without both). `best_by`: "floor" or "model". `candidates`:
    by the model; `accepted` of them evaluated without a failure, and `acceptance_rate` per call that was
    answered or given up. `lost`: calls without a candidate by reason; `failures`: failed candidates by
    verdict. `progress`: [calls, best validation R²] whenever a model's candidate raised it. `models`:
    answers and improvements of each. `ended`: why the model was asked no more. `error`: what the endpoint
    refused for good, or None. `divergence`: in a replay, where a prompt first differs from the recorded
    one, or None.
    """
    tally = proposer.tally
    floor = {name for name in history_ids(history) if name not in tally.asked}
    asked = [trial for trial in history if trial.id in tally.asked]
    accepted = sum(trial.evaluation.verdict is Verdict.OK for trial in asked)
    floor_best, best = _best(history, floor), _best(history, set(history_ids(history)))
    answered = len(tally.asked) + tally.lost.total()
    return {
        "calls": books(proposer.setup.caller.recording),
        "floor_candidates": len(floor),
        "floor_r2": floor_best,
        "best_r2": best,
        "gain": None if best is None or floor_best is None else best - floor_best,
        "best_by": None if best is None else "floor" if best == floor_best else "model",
        "candidates": len(asked),
        "accepted": accepted,
        "acceptance_rate": accepted / answered if answered else None,
        "improved": len(tally.improved),
        "lost": dict(sorted(tally.lost.items())),
        "failures": dict(sorted(Counter(t.evaluation.verdict.value for t in asked).items())),
        "progress": _progress(proposer, history, floor_best),
        "models": proposer.ensemble.record(),
        "ended": proposer.ended,
        "error": proposer.setup.caller.refused,
        "divergence": proposer.setup.caller.divergence,
    }


def history_ids(history: History) -> list[str]:
    return [trial.id for trial in history]


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


def books(recording: Recording) -> dict[str, Any]:
    """What the calls of a run cost, from its recording alone.

    `usd` is None as soon as one attempt's price is unknown; `usd_known` then is a lower bound. Tokens are
    those that endpoints reported; `without_usage` counts attempts that may have been charged but reported
    none.
    """
    attempts = recording.attempts()
    sent = [attempt for attempt in attempts if attempt.source == "endpoint"]
    prices = [attempt.usd for attempt in sent]
    known = [price for price in prices if price is not None]
    return {
        "finished": sum(attempt.final for attempt in sent),
        "attempts": len(sent),
        "from_cache": sum(attempt.source == "cache" for attempt in attempts),
        "prompt_tokens": sum(attempt.usage.prompt_tokens or 0 for attempt in sent),
        "completion_tokens": sum(attempt.usage.completion_tokens or 0 for attempt in sent),
        "without_usage": sum(_charged_unseen(attempt) for attempt in sent),
        "usd": sum(known) if len(known) == len(prices) else None,
        "usd_known": sum(known),
        "failed_attempts": dict(sorted(Counter(a.failure.value for a in sent if a.failure).items())),
        "seconds": round(sum(attempt.seconds for attempt in sent), 3),
    }


def _charged_unseen(attempt: Attempt) -> bool:
    return attempt.tokens is None and attempt.at_most_tokens > 0
