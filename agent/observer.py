"""Who wants to know how a command is getting on."""

from agent.agents import Chosen
from agent.budget import Budget
from agent.history import History, Trial
from agent.job import Job
from agent.result import Run
from runs import Archive
from tasks import Dataset


class Observer:
    """Follows a command, and does nothing unless a method is overridden.

    Every method but `noted` is called from the thread that executes the command, and must be quick.
    """

    def begun(self, job: Job, dataset: Dataset, chosen: Chosen) -> None:
        """The data is loaded; nothing has been evaluated."""

    def started(self, index: int, archive: Archive, budget: Budget, history: History) -> None:
        """A run begins; what is on record already is in `history`."""

    def tried(self, trial: Trial, history: History) -> None:
        """A candidate has been evaluated and recorded."""

    def finished(self, index: int, run: Run) -> None:
        """A run is sealed, or was before."""

    def noted(self, sentence: str) -> None:
        """Something happened that a user may want to know, such as a connection that was lost; from any thread."""
