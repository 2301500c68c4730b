"""The interface between the search loop and whatever writes candidates: the symbolic search, a model, a client."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from lawsmith.runs.records.trials import History, Proposal, Screening


class Proposer(Protocol):
    """Proposes candidates, batch by batch.

    Whatever a proposer remembers must be a function of its seed, its task and the history: an interrupted
    run is resumed by a fresh proposer that is handed the recorded history.
    """

    def propose(self, history: History) -> Sequence[Proposal]:
        """The next batch of candidates; an empty batch says that the search is finished."""
        ...


@runtime_checkable
class Reporting(Protocol):
    """A proposer that can say how its search went."""

    ended: str | None
    """Why it proposes no more; None while it does."""

    def report(self, history: History) -> dict[str, Any]:
        """JSON data for the result of the run."""
        ...


@runtime_checkable
class Rewrites(Protocol):
    """A proposer that can write the law that would be chosen as a reader expects it."""

    def rewritten(self, history: History) -> Sequence[Proposal]:
        """That law with the signs that its exponents came out with; none where it has them."""
        ...


@runtime_checkable
class Screens(Protocol):
    """A proposer that fits forms to a sample of the rows before it proposes the best of them."""

    def screening(self, history: History) -> Screening:
        """What it fitted so far, of which the candidates of `history` are a part."""
        ...
