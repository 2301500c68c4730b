"""Who wants to know how a command is getting on."""

from typing import Protocol

from agent.agents import Chosen
from agent.budget import Budget
from agent.history import History, Trial
from agent.job import Job
from agent.result import Run
from runs import Archive
from tasks import Dataset


class Observer(Protocol):
    """Follows a command; every method is called from the thread that executes it, and must be quick."""

    def begun(self, job: Job, dataset: Dataset, chosen: Chosen) -> None:
        """The data is loaded; nothing has been evaluated."""

    def started(self, index: int, archive: Archive, budget: Budget, history: History) -> None:
        """A run begins, with what is on record already in `history`."""

    def tried(self, trial: Trial, history: History) -> None:
        """A candidate has been evaluated and recorded."""

    def finished(self, index: int, run: Run) -> None:
        """A run is sealed, or was before."""


class Silent(Observer):
    """Follows nothing."""
