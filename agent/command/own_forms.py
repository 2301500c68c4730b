"""Formulas of the user's own in a search: fitted and judged like any other, before the rest or instead of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lawsmith.agent.search.proposer import Proposer
from lawsmith.runs.trials import History, Proposal

ORIGIN = "own form"


class OwnForms:
    """Proposes the user's forms first, then whatever `others` proposes; nothing else without them.

    Attributes that it lacks (`ended`, `report`) are those of `others`.
    """

    def __init__(self, sources: Sequence[str], others: Proposer | None) -> None:
        self.name = ORIGIN if others is None else others.name
        self._proposals = tuple(Proposal(source, origin=ORIGIN) for source in dict.fromkeys(sources))
        self._others = others

    def propose(self, history: History) -> Sequence[Proposal]:
        """The forms that are not on record yet, then the next batch of the others."""
        own = [proposal for proposal in self._proposals if proposal.id not in history]
        if own or self._others is None:
            return own
        return self._others.propose(history)

    def __getattr__(self, name: str) -> Any:
        others = self.__dict__.get("_others")
        if others is None:
            raise AttributeError(name)
        return getattr(others, name)
