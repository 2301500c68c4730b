"""The seam between the loop and whatever writes candidates."""

from collections.abc import Sequence
from typing import Protocol

from agent.history import History, Proposal


class Proposer(Protocol):
    """Writes candidates.

    Whatever a proposer remembers must be a function of its seed, its task and the history: an interrupted
    run is resumed by a fresh proposer that is handed the recorded history.
    """

    name: str

    def propose(self, history: History) -> Sequence[Proposal]:
        """The next batch of candidates; an empty batch says that the search is finished."""
        ...
