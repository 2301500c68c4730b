"""What a run tried: proposals, their trials and the history of a run; and how events.jsonl records them.

This is the one reader and the one writer of the events of a search:

* ``{"event": "round", "round", "proposals": [{"id", "source", "parents", "origin", "note", "by_chance"}]}`` before
  a batch is evaluated, so that an interrupted round is completed without asking the proposer again;
* ``{"event": "candidate", "round", "id", "source", "parents", "origin", "note", "by_chance",
  "evaluation", "typical_error", "spent"}`` for every evaluated candidate, in the order of the proposals; `spent` is the
  run's total at that moment.

* ``{"event": "screening", "forms", "rest", "sums", "least", "unfit"}`` after forms were fitted to a sample of the
  rows, so that the best of them become candidates: the run's totals so far (`Screening`).

Other events (a published result, an import) are no part of a search: readers pass them over.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as model

from lawsmith.runs.quoting import visible
from lawsmith.sandbox import Evaluation, Verdict
from lawsmith.tasks import InputError
from lawsmith.tasks.frozen import first_fault

HALL_OF_FAME = "hall of fame"
"""Origin of a formula of another program; its note is the formula as that program wrote it."""
CATALOGUE = "catalogue"
"""Beginning of the origin of a law of the user's catalogue; the law's name and reference follow."""
SIGNED = "signs of exponents"
"""Origin of its parent's law with exponents of the sign that they came out with."""
OF_MILLIONS = 3
"""`Proposal.by_chance` of a law that is the best of millions."""
_IGNORING = ConfigDict(extra="ignore")


def candidate_id(source: str) -> str:
    """Name of a candidate: the first 12 hexadecimal digits of the SHA-256 of its source."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@model(frozen=True, config=_IGNORING)
class Proposal:
    """Candidate source as a proposer hands it in.

    `parents` are ids of the candidates it was derived from, `origin` names the operation that made it
    (for instance "seed" or "mutation") and `note` is free text for the archive. `by_chance` says how blindly it
    was found, since the best of many is part luck and the choice charges for that: 0 for what was stated on purpose, 1
    for one of many blind changes of its parents, `OF_MILLIONS` for one of millions of sums, and what is made of it.
    """

    source: str
    parents: tuple[str, ...] = ()
    origin: str = ""
    note: str = ""
    by_chance: int = 0

    @property
    def id(self) -> str:
        """Digest of the source: equal sources are one candidate."""
        return candidate_id(self.source)


@dataclass(frozen=True)
class Trial:
    """A proposal and its evaluation by the sandbox.

    typical_error: the score that orders laws (`lawsmith.agent.search.score`), as the search recorded it; None for a
    candidate that is not usable, and in archives of earlier versions.
    """

    id: str
    proposal: Proposal
    evaluation: Evaluation
    typical_error: float | None = None

    @property
    def error(self) -> float:
        """Sorts laws on record, smaller is better: `typical_error`, or 1 - held-out R² in an archive without it.

        Infinite for a candidate that was not judged.
        """
        if self.typical_error is not None:
            return self.typical_error
        found = self.evaluation.validation_r2
        return math.inf if found is None else 1 - found

    @property
    def measure(self) -> str:
        """What `error` is, in words."""
        return "1 − held-out R²" if self.typical_error is None else "typical error"

    @property
    def usable(self) -> bool:
        """Whether the law works and has honest fold scores, so that it may be selected."""
        return self.evaluation.verdict is Verdict.OK and bool(self.evaluation.folds)


class History:
    """The trials of one run in the order they were proposed; no candidate appears twice."""

    def __init__(self) -> None:
        self._trials: dict[str, Trial] = {}
        self.has_law = False
        """Whether some trial may be selected."""

    def append(self, trial: Trial) -> None:
        """Add a trial; raises ValueError if its candidate is already here."""
        if trial.id in self._trials:
            raise ValueError(f"candidate {trial.id} is already in the history")
        self._trials[trial.id] = trial
        self.has_law = self.has_law or trial.usable

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials, in the order in which they were recorded."""
        return tuple(self._trials.values())

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __contains__(self, candidate: str) -> bool:
        return candidate in self._trials

    def __getitem__(self, candidate: str) -> Trial:
        return self._trials[candidate]

    def place(self, trial: Trial) -> int:
        """Its place in that order, from 1."""
        return list(self._trials).index(trial.id) + 1

    def usable(self) -> tuple[Trial, ...]:
        """The trials that may be selected."""
        return tuple(trial for trial in self if trial.usable)


@dataclass(frozen=True)
class Round:
    """A batch of proposals that was about to be evaluated; `number` counts from 1."""

    number: int
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True)
class Recorded:
    """An evaluated candidate, and what the run had spent by then (fields of `Spending`)."""

    round: int
    trial: Trial
    spent: Mapping[str, float | None] = field(default_factory=dict)


@model(frozen=True, config=_IGNORING)
class Screening:
    """Forms that a run fitted to a sample of the rows, so that the best of them became candidates.

    forms: their number, and `rest` of them never became one. sums: sums of terms, by their coefficients alone or with
    their inner constants. least: the smallest share of the target's variance that a sum left; None without one. unfit:
    forms of stages in which none could be fitted though there was time.
    """

    forms: int = 0
    rest: int = 0
    sums: int = 0
    least: float | None = None
    unfit: int = 0


def screening_event(found: Screening) -> dict[str, Any]:
    """The event that records a screening; `read_event` reads it."""
    return {"event": "screening", **asdict(found)}


def round_event(number: int, proposals: Sequence[Proposal]) -> dict[str, Any]:
    """The event that records a batch; `read_event` reads it."""
    listed = [{"id": proposal.id, **asdict(proposal)} for proposal in proposals]
    return {"event": "round", "round": number, "proposals": listed}


def candidate_event(recorded: Recorded) -> dict[str, Any]:
    """The event that records an evaluated candidate; `read_event` reads it."""
    trial = recorded.trial
    return {
        "event": "candidate",
        "round": recorded.round,
        "id": trial.id,
        **asdict(trial.proposal),
        "evaluation": trial.evaluation,
        "typical_error": trial.typical_error,
        "spent": dict(recorded.spent),
    }


_PROPOSAL = TypeAdapter(Proposal)
_SCREENING = TypeAdapter(Screening)
_ERROR = TypeAdapter[float | None](float | None)


def read_event(event: Mapping[str, Any]) -> Round | Recorded | Screening | None:
    """What an event records; None for an event that is no part of a search. Raises InputError where an event of a
    search is not in the format of this version."""
    try:
        match event.get("event"):
            case "round":
                proposals = tuple(_PROPOSAL.validate_python(one) for one in event["proposals"])
                return Round(int(event["round"]), proposals)
            case "candidate":
                evaluation = Evaluation.model_validate(event["evaluation"])
                proposal, error = (
                    _PROPOSAL.validate_python(dict(event)),
                    _ERROR.validate_python(event.get("typical_error")),
                )
                trial = Trial(str(event["id"]), proposal, evaluation, error)
                return Recorded(int(event.get("round") or 0), trial, dict(event.get("spent") or {}))
            case "screening":
                return _SCREENING.validate_python(dict(event))
            case _:
                return None
    except ValidationError as error:
        reason = first_fault(error)
    except KeyError as error:
        reason = f"it has no {error.args[0]}"
    except (TypeError, ValueError) as error:
        reason = str(error)
    what = visible(str(event.get("id") or event.get("round") or "?"))[:40]
    raise InputError(
        f"The {event.get('event')} {what} of the archive is not in the format of this version: {visible(reason)[:300]}."
    )


def source_of(events: Iterable[Mapping[str, Any]], candidate: str) -> str | None:
    """The source of a candidate, also of a published or imported one; None where no event holds it."""
    found = (event.get("source") for event in events if event.get("id") == candidate)
    return next((str(source) for source in found if source is not None), None)
