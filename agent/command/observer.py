"""The interface for whoever follows a command's progress: progress bars, a tracker, tests."""

import threading
from typing import TYPE_CHECKING

from lawsmith.agent.command.job import Job
from lawsmith.agent.command.registry import Chosen
from lawsmith.agent.command.result import Run
from lawsmith.agent.search.budget import Budget
from lawsmith.runs import Archive
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset

if TYPE_CHECKING:
    from lawsmith.agent.client.streaming import Arriving


class Observer:
    """Follows a command. Override the methods that you need; each does nothing by default.

    Every method must be quick. All but `noted` are called one at a time, and by the thread that executes the
    command, unless it has joined a cluster: then runs go on at the same time, each in a thread of its own.
    """

    follows_replies = False
    """Whether replies of models are streamed, so that `arriving` is told of their parts."""

    def begun(self, job: Job, dataset: Dataset, chosen: Chosen) -> None:
        """The data is loaded; nothing has been evaluated."""

    def searching(self, search_task: SearchTask) -> None:
        """The rows, weights, folds and probes that all runs search with are made."""

    def started(self, index: int, archive: Archive, budget: Budget, history: History) -> None:
        """A run begins; what is on record already is in `history`."""

    def tried(self, trial: Trial, history: History) -> None:
        """A candidate has been evaluated and recorded; `history` is the object that `started` was given."""

    def finished(self, index: int, run: Run) -> None:
        """A run is finished, now or in an earlier command; its archive is sealed."""

    def noted(self, sentence: str) -> None:
        """Something happened that a user may want to know, such as a connection that was lost; from any thread."""

    def arriving(self, reply: "Arriving") -> None:
        """A part of a model's reply has arrived; from any thread."""

    def warned(self, sentence: str) -> None:
        """Something happened that nobody should overlook; from any thread."""
        self.noted(sentence)


class InTurn(Observer):
    """Passes on to `observer` what several threads tell, one call at a time."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._lock = threading.Lock()

    def started(self, index: int, archive: Archive, budget: Budget, history: History) -> None:
        """Pass on the start of a run, when no other call is under way."""
        with self._lock:
            self._observer.started(index, archive, budget, history)

    def tried(self, trial: Trial, history: History) -> None:
        """Pass on a trial, when no other call is under way."""
        with self._lock:
            self._observer.tried(trial, history)

    def finished(self, index: int, run: Run) -> None:
        """Pass on the end of a run, when no other call is under way."""
        with self._lock:
            self._observer.finished(index, run)

    def noted(self, sentence: str) -> None:
        """Pass on the sentence at once, from whatever thread."""
        self._observer.noted(sentence)

    def warned(self, sentence: str) -> None:
        """Pass on the warning at once, from whatever thread."""
        self._observer.warned(sentence)
