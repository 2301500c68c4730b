"""What a language model gained over the symbolic search in a run, and at what price, as the archive records it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from lawsmith.runs.records.record import RunResult
from lawsmith.tasks.errors import counted


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Books(_Kept):
    """The cost of the calls of a run.

    finished: calls that were answered or given up; a call takes one attempt or several. Tokens are those that
    endpoints reported; `without_usage` counts attempts that may have been charged but reported none. `usd` is
    None as soon as one attempt's price is unknown; `usd_known` then is a lower bound. failed_attempts: by kind.
    last_failure: what went wrong in the last of them.
    """

    finished: int
    attempts: int
    from_cache: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    """Of the completions' tokens, those of hidden reasoning, where the endpoint says."""
    without_usage: int
    usd: float | None
    usd_known: float
    failed_attempts: dict[str, int]
    last_failure: str = ""
    seconds: float

    @property
    def price(self) -> str:
        """Tokens and USD, in words."""
        hidden = f", {self.reasoning_tokens} of them hidden reasoning" if self.reasoning_tokens else ""
        usd = "USD unknown" if self.usd is None else f"USD {self.usd:.4f}"
        if self.usd is None and self.usd_known:
            usd = f"more than USD {self.usd_known:.4f}"
        attempts = "attempt" if self.without_usage == 1 else "attempts"
        unseen = f" and {self.without_usage} {attempts} of unknown usage" if self.without_usage else ""
        return f"{self.prompt_tokens + self.completion_tokens} tokens{hidden}{unseen}, {usd}"


class Account(_Kept):
    """How the search of an LLM agent went.

    floor_error, best_error: held-out error (the score that chooses) of the law that would have been chosen of the
    symbolic search alone, which came first, and of the law chosen among all; floor_r2, best_r2: their held-out R².
    `gain` is the share by which the error fell (None without both), best_by "floor" or "model". floor_at_noise: the
    symbolic search's law leaves no more than repeated measurements differ. notes: what the
    model kept. candidates: by the model; `accepted` of them
    worked, and acceptance_rate is their share of the calls that were heard. improved: candidates better than their
    parents. lost: calls without a candidate by reason; failures: candidates by verdict. progress: (calls, best
    held-out error) whenever a model's candidate lowered it, the floor's first. models: answers and improvements of
    each. ended: why the model was asked no more. error: what the endpoint refused for good. divergence: in a
    replay, where a prompt first differed from the recorded one.
    """

    calls: Books
    floor_candidates: int
    floor_r2: float | None
    best_r2: float | None
    gain: float | None
    floor_error: float | None = None
    best_error: float | None = None
    floor_at_noise: bool = False
    notes: tuple[str, ...] = ()
    best_by: str | None
    candidates: int
    accepted: int
    acceptance_rate: float | None
    improved: int
    lost: dict[str, int]
    failures: dict[str, int]
    progress: tuple[tuple[int, float], ...]
    models: dict[str, dict[str, int]]
    ended: str | None
    error: str | None
    divergence: str | None

    @classmethod
    def of(cls, result: RunResult) -> Account | None:
        """From a run's result; None for a run that asked no model."""
        try:
            return cls.model_validate(result.details.get("account"))
        except ValidationError:
            return None

    @property
    def outcome(self) -> str:
        """What became of the calls, in words: no call is missing."""
        total = self.calls.finished + self.calls.from_cache
        gave = f"{self.candidates} gave a candidate ({self.accepted} worked)" if self.candidates else "no candidate"
        parts = [gave, *_counted(self.lost)]
        unread = total - self.candidates - sum(self.lost.values())
        if unread > 0:
            parts.append(f"{unread} not evaluated before the search ended")
        cached = f" ({self.calls.from_cache} from the cache)" if self.calls.from_cache else ""
        return f"{counted(total, 'call')}{cached}: {', '.join(parts)}"

    @property
    def trouble(self) -> str | None:
        """Attempts that failed, in words; None if none did."""
        failed = self.calls.failed_attempts
        if not failed:
            return None
        attempts = counted(self.calls.attempts, "attempt")
        last = self.calls.last_failure
        why = f"; the last: {last}" if last and last != self.error else ""
        return f"{sum(failed.values())} of {attempts} failed: {', '.join(_counted(failed))}{why}"

    @property
    def gained(self) -> str:
        """What the model gained over the symbolic search, and the price, in words."""
        if self.calls.finished + self.calls.from_cache + self.calls.attempts == 0:
            return "the model was not asked: the built-in search took all the time; a longer --time-limit helps"
        if self.gain is None or self.best_error is None or self.floor_error is None:
            found = "no held-out error to compare with the symbolic search"
        elif self.best_by != "model":
            found = f"nothing over the symbolic search (held-out error {self.floor_error:.3g})"
        elif self.gain > 0:
            found = (
                f"held-out error {self.best_error:.3g}; the symbolic search alone has {self.floor_error:.3g} "
                f"({self.gain:.0%} less)"
            )
        else:
            found = (
                f"a law nearer to the middle of equally good laws, with held-out error {self.best_error:.3g}; "
                f"the symbolic search alone has {self.floor_error:.3g}"
            )
        noise = "; the symbolic search's law errs no more than the noise, so a model cannot gain inside the data"
        return f"{found}, for {self.calls.price}{noise if self.floor_at_noise else ''}"

    @property
    def steps(self) -> str:
        """The best held-out error so far against calls, in words."""
        return ", ".join(f"{score:.3g} after {calls}" for calls, score in self.progress)


PLURALS = {
    "malformed reply": "malformed replies",
    "empty reply": "empty replies",
    "server error": "server errors",
    "repetition": "repetitions",
    "no code in the reply": "without code in the reply",
}
"""What several calls are called that ended alike; other words stay as they are."""


def _counted(kinds: dict[str, int]) -> list[str]:
    told = {kind: kind if count == 1 else PLURALS.get(kind, kind) for kind, count in kinds.items()}
    return [f"{count} {told[kind]}" for kind, count in sorted(kinds.items(), key=lambda item: -item[1])]
