"""What a language model gained over the symbolic search in a run, and at what price, as the archive records it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from lawsmith.runs.record import Result


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Books(_Kept):
    """What the calls of a run cost.

    finished: calls that were answered or given up; a call takes one attempt or several. Tokens are those that
    endpoints reported; `without_usage` counts attempts that may have been charged but reported none. `usd` is
    None as soon as one attempt's price is unknown; `usd_known` then is a lower bound. failed_attempts: by kind.
    """

    finished: int
    attempts: int
    from_cache: int
    prompt_tokens: int
    completion_tokens: int
    without_usage: int
    usd: float | None
    usd_known: float
    failed_attempts: dict[str, int]
    seconds: float

    @property
    def price(self) -> str:
        """Tokens and USD, in words."""
        usd = "USD unknown" if self.usd is None else f"USD {self.usd:.4f}"
        if self.usd is None and self.usd_known:
            usd = f"more than USD {self.usd_known:.4f}"
        attempts = "attempt" if self.without_usage == 1 else "attempts"
        unseen = f" and {self.without_usage} {attempts} of unknown usage" if self.without_usage else ""
        return f"{self.prompt_tokens + self.completion_tokens} tokens{unseen}, {usd}"


class Account(_Kept):
    """How the search of an LLM agent went.

    floor_r2, best_r2: highest validation R² of the symbolic search that came first, and of all candidates; `gain` is
    their difference (None without both), best_by "floor" or "model". candidates: by the model; `accepted` of them
    worked, and acceptance_rate is their share of the calls that were heard. improved: candidates better than their
    parents. lost: calls without a candidate by reason; failures: candidates by verdict. progress: (calls, best
    validation R²) whenever a model's candidate raised it, the floor's first. models: answers and improvements of
    each. ended: why the model was asked no more. error: what the endpoint refused for good. divergence: in a
    replay, where a prompt first differed from the recorded one.
    """

    calls: Books
    floor_candidates: int
    floor_r2: float | None
    best_r2: float | None
    gain: float | None
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
    def of(cls, result: Result) -> Account | None:
        """From a run's result; None for a run that asked no model."""
        try:
            return cls.model_validate(result.details.get("account"))
        except ValidationError:
            return None

    @property
    def outcome(self) -> str:
        """What became of the calls, in words: no call is missing."""
        total = self.calls.finished + self.calls.from_cache
        parts = [f"{self.candidates} gave a candidate ({self.accepted} worked)", *_counted(self.lost)]
        unread = total - self.candidates - sum(self.lost.values())
        if unread > 0:
            parts.append(f"{unread} not evaluated before the search ended")
        cached = f" ({self.calls.from_cache} from the cache)" if self.calls.from_cache else ""
        return f"{total} calls{cached}: {', '.join(parts)}"

    @property
    def trouble(self) -> str | None:
        """Attempts that failed, in words; None if none did."""
        failed = self.calls.failed_attempts
        if not failed:
            return None
        return (
            f"{sum(failed.values())} of {self.calls.attempts} attempts failed: {', '.join(_counted(failed))}"
        )

    @property
    def gained(self) -> str:
        """What the model gained over the symbolic search, and the price, in words."""
        if self.gain is None or self.best_r2 is None or self.floor_r2 is None:
            found = "no validation R² to compare with the symbolic search"
        elif self.gain > 0:
            found = f"validation R² {self.best_r2:.4f}, {self.gain:.2g} above the symbolic search"
        else:
            found = f"nothing over the symbolic search (validation R² {self.floor_r2:.4f})"
        return f"{found}, for {self.calls.price}"

    @property
    def steps(self) -> str:
        """The best validation R² so far against calls, in words."""
        return ", ".join(f"{score:.4f} after {calls}" for calls, score in self.progress)


def _counted(kinds: dict[str, int]) -> list[str]:
    return [f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda item: -item[1])]
