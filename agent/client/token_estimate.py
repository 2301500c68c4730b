"""How many tokens a request takes at most, learned from what the endpoint counted for earlier ones."""

from __future__ import annotations

import math
import threading

from lawsmith.agent.client.messages import ModelReply, Request, TokenUsage
from lawsmith.agent.client.prices import Prices

BYTES_PER_TOKEN = 2.3
"""Before anything is known. Tokenizers took 2.35 to 2.7 bytes a token for our prompts; English takes four."""
TOKENS_PER_MESSAGE = 16  # of the chat template
MARGIN = 1.05  # over the dearest request so far, byte for byte
LEAST_REPLY = 64  # tokens of a usual reply, before one was heard


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

    def at_most(self, request: Request) -> tuple[int, float | None]:
        """Tokens of prompt and reply, and USD; None where the model's price is not known."""
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


def usage_of(result: ModelReply | Exception) -> TokenUsage:
    """What a result of an attempt says about its usage; nothing where it does not say."""
    found = getattr(result, "usage", None)
    return found if isinstance(found, TokenUsage) else TokenUsage()
