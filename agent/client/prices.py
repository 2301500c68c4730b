"""What calls cost: the prices that the user states, bounds on a call before it is sent, its bill after it. A price that
nobody stated is unknown (None), never 0."""

import math
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction

from lawsmith.agent.client.call_failures import NOT_BILLED, AnsweredFailure, CallFailure, Failure
from lawsmith.agent.client.messages import ModelReply, Request, TokenUsage
from lawsmith.agent.client.recording import CallAttempt
from lawsmith.agent.search.budget import Budget
from lawsmith.tasks import InputError
from lawsmith.tasks.frozen import Frozen

BYTES_PER_TOKEN = 2.3
"""Before anything is known. Tokenizers took 2.35 to 2.7 bytes a token for our prompts; English takes four."""
TOKENS_PER_MESSAGE = 16  # of the chat template
MARGIN = 1.05  # over the dearest request so far, byte for byte
LEAST_REPLY = 64  # tokens of a usual reply, before one was heard
Most = tuple[int, float | None]
"""Tokens and USD that one attempt costs at most; USD are None where the price is not known."""


class Price(Frozen):
    """USD per million tokens."""

    prompt: float
    completion: float
    as_of: str = ""
    """The day on which somebody looked the price up."""

    def usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price in US dollars of so many tokens."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


class Prices:
    """The price table of a run, by model name."""

    def __init__(self, table: Mapping[str, Price]) -> None:
        for model, price in table.items():
            if not (0 <= price.prompt < float("inf") and 0 <= price.completion < float("inf")):
                raise InputError(f"The price of {model!r} must be finite and not negative (USD per million tokens).")
        self._table = dict(table)

    def price(self, model: str) -> Price | None:
        """None if it is not known."""
        return self._table.get(model)

    def of(self, model: str, usage: TokenUsage) -> float | None:
        """Price of a reply in USD: what the endpoint reported, else by the table; None if unknown."""
        if usage.usd is not None:
            return usage.usd
        price = self._table.get(model)
        if price is None or usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        return price.usd(usage.prompt_tokens, usage.completion_tokens)

    def require(self, models: list[str]) -> None:
        """Raises InputError unless every model has a price: without one a limit in USD cannot be kept."""
        missing = [model for model in models if model not in self._table]
        if missing:
            example = f'[prices."{missing[0]}"]'
            raise InputError(
                f"--max-usd needs the price of {', '.join(missing)}: add {example} with prompt and completion "
                "(USD per million tokens) to your own lawsmith.toml or the file of --config, or limit by "
                "--max-calls or --max-tokens."
            )


def is_billed(result: ModelReply | CallFailure) -> bool:
    """Whether an endpoint may charge for what came back."""
    return isinstance(result, ModelReply | AnsweredFailure) or result.kind not in NOT_BILLED


def cost(attempts: Sequence[CallAttempt]) -> tuple[int, Fraction | None]:
    """Tokens of some attempts, at most, and USD, exactly; None where the price of one is unknown."""
    known = [Fraction(attempt.usd) for attempt in attempts if attempt.usd is not None]
    usd = sum(known, Fraction(0)) if len(known) == len(attempts) else None
    return sum(attempt.charged_tokens for attempt in attempts), usd


def book(budget: Budget, attempts: Sequence[CallAttempt]) -> None:
    """Charge recorded attempts: those of an earlier process of this run, or of the run that is replayed."""
    for attempt in attempts:
        counts = attempt.final or attempt.failure is Failure.LOST  # a lost call may have been answered and paid
        budget.book(
            calls=int(counts and attempt.source == "endpoint"),
            tokens=0 if attempt.source == "cache" else attempt.charged_tokens,
            usd=attempt.usd,
            usd_at_most=attempt.at_most_usd,
        )


class Estimate:
    """Upper bounds for one run. Thread-safe."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._lock = threading.Lock()
        self._per_byte: float | None = None
        self._longest_reply = 0

    def learn(self, request: Request, usage: TokenUsage) -> None:
        """Take note of what the endpoint counted."""
        with self._lock:
            if usage.prompt_tokens:
                ratio = (usage.prompt_tokens - TOKENS_PER_MESSAGE * len(request.messages)) / max(1, request.bytes)
                self._per_byte = max(self._per_byte or 0.0, ratio)
            self._longest_reply = max(self._longest_reply, usage.completion_tokens or 0)

    def prompt(self, request: Request) -> int:
        """Tokens of the prompt, at most."""
        with self._lock:
            ratio = 1 / BYTES_PER_TOKEN if self._per_byte is None else MARGIN * self._per_byte
        return math.ceil(request.bytes * ratio) + TOKENS_PER_MESSAGE * len(request.messages)

    def at_most(self, request: Request) -> Most:
        """Tokens of prompt and reply, and USD."""
        prompt, price = self.prompt(request), self._prices.price(request.model)
        usd = None if price is None else price.usd(prompt, request.max_tokens)
        return prompt + request.max_tokens, usd

    def fitting(self, request: Request, tokens: int | None, usd: float | None) -> Request | None:
        """`request` with a reply short enough for what is left; None where no usual reply would fit."""
        prompt, price, room = self.prompt(request), self._prices.price(request.model), request.max_tokens
        if tokens is not None:
            room = min(room, tokens - prompt)
        if usd is not None and price is not None and price.completion > 0:
            room = min(room, math.floor((usd - price.usd(prompt, 0)) / price.completion * 1e6 * (1 - 1e-9)))
        with self._lock:
            least = min(request.max_tokens, self._longest_reply or LEAST_REPLY)
        return request.model_copy(update={"max_tokens": room}) if room >= least else None
