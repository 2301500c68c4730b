"""Formulas of the user's own in a search, those of a hall of fame and of a catalogue: fitted and judged like any other,
before the rest or instead of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lawsmith.agent.search.proposer import Proposer
from lawsmith.runs.trials import CATALOGUE, HALL_OF_FAME, OF_MILLIONS, History, Proposal

ORIGIN = "own form"


class OwnForms:
    """Proposes the user's forms, those of a hall of fame and of a catalogue, then whatever `others` proposes, if any.

    A formula of a hall of fame is the best of millions that another program tried, and is charged as such.

    Attributes that it lacks (`ended`, `report`) are those of `others`.
    """

    def __init__(
        self, sources: Sequence[str], others: Proposer | None, fame: Mapping[str, str], catalogue: Mapping[str, str]
    ) -> None:
        """`fame`: candidate source -> the formula as the other program wrote it. `catalogue`: candidate source -> name
        and reference of a law of the user's catalogue."""
        self.name = ORIGIN if others is None else others.name
        own = dict.fromkeys(sources)
        self._proposals = (
            *(Proposal(source, origin=ORIGIN) for source in own),
            *(
                Proposal(source, origin=HALL_OF_FAME, note=formula, by_chance=OF_MILLIONS)
                for source, formula in fame.items()
                if source not in own
            ),
            *(
                Proposal(source, origin=f"{CATALOGUE}: {name}")
                for source, name in catalogue.items()
                if source not in own
            ),
        )
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
