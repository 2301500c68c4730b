"""The search as an archive records it, and how a search is taken up again from it (`lawsmith.runs.records.trials`)."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from lawsmith.agent.search.budget import Spending
from lawsmith.agent.search.score import typical_error
from lawsmith.runs import Archive
from lawsmith.runs.records.trials import (
    History,
    Proposal,
    Recorded,
    Round,
    Screening,
    Trial,
    candidate_event,
    read_event,
    round_event,
    screening_event,
)
from lawsmith.tasks import Task


class Journal:
    """Writes a run's events to its archive, and reads back what was written before an interruption."""

    def __init__(self, archive: Archive, task: Task | None = None) -> None:
        """`task` has the rows by which candidates are scored as they are recorded; who only reads needs none."""
        self.archive, self._task = archive, task
        self.history = History()
        self.spent = Spending()
        self.unfinished: tuple[Proposal, ...] = ()
        """Proposals of the last recorded round that are not evaluated yet."""
        self.rounds = 0
        """Batches begun so far."""
        self.screening = Screening()
        """The forms that were fitted to a sample so far."""
        for event in archive.events():
            match read_event(event):
                case Round(number, proposals):
                    self.rounds, self.unfinished = number, proposals
                case Recorded(_, trial, spent):
                    self._append(trial)
                    self.spent = Spending(**spent)  # type: ignore[arg-type]  # as it was written below
                case Screening() as known:
                    self.screening = known

    def screened(self, found: Screening) -> None:
        """Record the forms that were fitted to a sample, where they are more than on record."""
        known = self.screening
        if found.forms > known.forms or found.sums > known.sums or found.unfit > known.unfit:
            self.archive.append_event(screening_event(found))
        self.screening = found

    def begin_round(self, proposals: Sequence[Proposal]) -> None:
        """Record a batch that is about to be evaluated."""
        self.rounds += 1
        self.archive.append_event(round_event(self.rounds, proposals))
        self.unfinished = tuple(proposals)

    def record(self, trial: Trial, spent: Spending) -> None:
        """Record an evaluated candidate and add it to the history."""
        if self._task is not None and trial.usable:
            trial = replace(trial, typical_error=typical_error(trial, self._task))
        self.archive.append_event(candidate_event(Recorded(self.rounds, trial, asdict(spent))))
        self._append(trial)

    def _append(self, trial: Trial) -> None:
        self.history.append(trial)
        self.unfinished = tuple(proposal for proposal in self.unfinished if proposal.id != trial.id)
