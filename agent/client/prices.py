"""USD per million tokens, as the user states them. A price nobody stated is unknown (None), never 0."""

from __future__ import annotations

from collections.abc import Mapping

from lawsmith.agent.client.messages import Frozen, TokenUsage
from lawsmith.tasks import InputError


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
