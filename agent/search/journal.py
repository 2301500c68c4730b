"""The search as an archive records it, and how a search is taken up again from the record.

Two kinds of events are written to ``events.jsonl``:

* ``{"event": "round", "round", "proposals": [{"id", "source", "parents", "origin", "note", "by_chance"}]}`` before
  a batch is evaluated, so that an interrupted round is completed without asking the proposer again;
* ``{"event": "candidate", "round", "id", "source", "parents", "origin", "note", "by_chance",
  "evaluation", "spent"}`` for every evaluated candidate, in the order of the proposals; `spent` is the run's total at
  that moment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from lawsmith.agent.search.budget import Spending
from lawsmith.agent.search.history import History, Proposal, Trial
from lawsmith.runs import Archive
from lawsmith.sandbox import Evaluation


class Journal:
    """Writes a run's events to its archive, and reads back what was written before an interruption."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.history = History()
        self.spent = Spending()
        self.unfinished: tuple[Proposal, ...] = ()
        """Proposals of the last recorded round that are not evaluated yet."""
        self.rounds = 0
        """Batches begun so far."""
        for event in archive.events():
            self._recall(event)

    def _recall(self, event: dict[str, Any]) -> None:
        if event["event"] == "round":
            self.rounds = event["round"]
            self.unfinished = tuple(_proposal(recorded) for recorded in event["proposals"])
        elif event["event"] == "candidate":
            self._append(trial_of(event))
            self.spent = Spending(**event["spent"])

    def begin_round(self, proposals: Sequence[Proposal]) -> None:
        """Record a batch that is about to be evaluated."""
        self.rounds += 1
        listed = [{"id": proposal.id, **asdict(proposal)} for proposal in proposals]
        self.archive.append_event({"event": "round", "round": self.rounds, "proposals": listed})
        self.unfinished = tuple(proposals)

    def record(self, trial: Trial, spent: Spending) -> None:
        """Record an evaluated candidate and add it to the history."""
        self.archive.append_event(
            {
                "event": "candidate",
                "round": self.rounds,
                "id": trial.id,
                **asdict(trial.proposal),
                "evaluation": trial.evaluation,
                "spent": asdict(spent),
            }
        )
        self._append(trial)

    def _append(self, trial: Trial) -> None:
        self.history.append(trial)
        self.unfinished = tuple(proposal for proposal in self.unfinished if proposal.id != trial.id)


def recorded_trials(archive: Archive) -> Iterator[Trial]:
    """The trials in an archive, in order."""
    for event in archive.events():
        if event["event"] == "candidate":
            yield trial_of(event)


def rounds_begun(archive: Archive) -> int:
    """How many batches the archive records, evaluated or not."""
    return max((event["round"] for event in archive.events() if event["event"] == "round"), default=0)


def trial_of(event: dict[str, Any]) -> Trial:
    """The trial that a candidate event records."""
    return Trial(event["id"], _proposal(event), Evaluation.model_validate(event["evaluation"]))


def _proposal(recorded: dict[str, Any]) -> Proposal:
    return Proposal(
        recorded["source"],
        tuple(recorded["parents"]),
        recorded["origin"],
        recorded["note"],
        recorded.get("by_chance", False),  # archives of earlier versions do not say
    )
