"""What the model gained over the symbolic search, by the score that chooses, and at what price."""

import math
from collections import Counter
from typing import Any

from lawsmith.agent.client.recording import Recording
from lawsmith.agent.feedback.views import Viewer
from lawsmith.agent.llm.questions import AgentSetup, Tally
from lawsmith.agent.search.score import typical_error
from lawsmith.agent.search.selection import choose
from lawsmith.runs.records.account import Account, Books
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox import Verdict


def report(setup: AgentSetup, tally: Tally, viewer: Viewer, history: History, **told: Any) -> dict[str, Any]:
    """`lawsmith.runs.Account` as JSON data; `told`: its fields that the proposer alone knows."""
    caller, task = setup.caller, setup.task
    asked = [trial for trial in history if trial.id in tally.asked]
    accepted = sum(trial.evaluation.verdict is Verdict.OK for trial in asked)
    usable = history.usable()
    chosen = choose(usable, task).winner if usable else None
    others = [trial for trial in usable if trial.id not in tally.asked]
    without = choose(others, task).winner if others else None
    best, floor = (None if law is None else typical_error(law, task) for law in (chosen, without))
    answered = len(tally.asked) + tally.lost.total()
    account = Account(
        calls=books(caller.recording),
        floor_candidates=len(history) - len(asked),
        floor_r2=None if without is None else without.evaluation.validation_r2,
        best_r2=None if chosen is None else chosen.evaluation.validation_r2,
        floor_error=floor,
        best_error=best,
        gain=None if best is None or floor is None else 1 - best / floor,
        floor_at_noise=without is not None and _at_the_noise(viewer, without),
        best_by=None if chosen is None else "model" if chosen.id in tally.asked else "floor",
        candidates=len(asked),
        accepted=accepted,
        acceptance_rate=accepted / answered if answered else None,
        improved=len(tally.improved),
        lost=dict(sorted(tally.lost.items())),
        failures=dict(sorted(Counter(t.evaluation.verdict.value for t in asked).items())),
        progress=tuple(_progress(viewer, tally, history)),
        error=caller.refused,
        divergence=caller.divergence,
        **told,
    )
    return account.model_dump(mode="json")


def _at_the_noise(viewer: Viewer, trial: Trial) -> bool:
    """Whether nothing is left to explain inside the data; unknown, so False, where the sandbox is closed by now."""
    try:
        return viewer.at_the_noise(trial)
    except RuntimeError:
        return False


def _progress(viewer: Viewer, tally: Tally, history: History) -> list[tuple[int, float]]:
    """(calls, held-out error) of the best law so far, whenever a model's became that; first the symbolic search's."""
    standing, points = viewer.standing, list[tuple[int, float]]()
    best: Trial | None = None
    for trial in history.usable():
        if best is not None and standing.merit(trial) >= standing.merit(best):
            continue
        best, calls = trial, tally.calls_at.get(trial.id)
        if calls is None:
            points = [(0, standing.error(trial))]
        else:
            points.append((calls, standing.error(trial)))
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
        reasoning_tokens=sum(attempt.usage.reasoning_tokens or 0 for attempt in sent),
        prompt_tokens=sum(attempt.usage.prompt_tokens or 0 for attempt in sent),
        completion_tokens=sum(attempt.usage.completion_tokens or 0 for attempt in sent),
        without_usage=sum(attempt.tokens is None and attempt.at_most_tokens > 0 for attempt in sent),
        usd=math.fsum(known) if len(known) == len(sent) else None,
        usd_known=math.fsum(known),
        last_failure=next((" ".join(a.message.split())[:300] for a in reversed(sent) if a.failure), ""),
        failed_attempts=dict(sorted(Counter(a.failure.value for a in sent if a.failure).items())),
        seconds=round(math.fsum(attempt.seconds for attempt in sent), 3),
    )
