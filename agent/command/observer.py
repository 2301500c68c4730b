"""The interface for whoever follows a command's progress: progress bars, a tracker, tests."""

import threading
from collections.abc import Callable
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


def in_turn(observer: Observer) -> Observer:
    """Passes on to `observer` what several threads tell, one call at a time; notes and warnings at once."""
    lock = threading.Lock()

    def one_at_a_time(call: Callable[..., None]) -> Callable[..., None]:
        def told(*given: object) -> None:
            with lock:
                call(*given)

        return told

    found = Observer()
    calls = {name: getattr(observer, name) for name in ("started", "tried", "finished")}
    vars(found).update({name: one_at_a_time(call) for name, call in calls.items()})
    vars(found).update(noted=observer.noted, warned=observer.warned)
    return found
