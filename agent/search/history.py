"""What a search has tried so far: proposals, their trials, and the append-only history of a run."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lawsmith.sandbox import Evaluation, Verdict


def candidate_id(source: str) -> str:
    """Name of a candidate: the first 12 hexadecimal digits of the SHA-256 of its source."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Proposal:
    """Candidate source as a proposer hands it in.

    `parents` are ids of the candidates it was derived from, `origin` names the operation that made it
    (for instance "seed" or "mutation") and `note` is free text for the archive. `by_chance` says that it is one of many
    blind changes of its parents, the best of which is part luck: the choice charges for that.
    """

    source: str
    parents: tuple[str, ...] = ()
    origin: str = ""
    note: str = ""
    by_chance: bool = False

    @property
    def id(self) -> str:
        return candidate_id(self.source)


@dataclass(frozen=True)
class Trial:
    """A proposal together with what the sandbox found out about it."""

    id: str
    proposal: Proposal
    evaluation: Evaluation

    @property
    def usable(self) -> bool:
        """Whether the law works and has honest fold scores, so that it may be selected."""
        return self.evaluation.verdict is Verdict.OK and bool(self.evaluation.folds)


class History:
    """The trials of one run in the order they were proposed; no candidate appears twice."""

    def __init__(self) -> None:
        self._trials: dict[str, Trial] = {}
        self._leader: Trial | None = None

    def append(self, trial: Trial) -> None:
        """Add a trial; raises ValueError if its candidate is already here."""
        if trial.id in self._trials:
            raise ValueError(f"candidate {trial.id} is already in the history")
        self._trials[trial.id] = trial
        if trial.usable and (self._leader is None or _merit(trial) < _merit(self._leader)):
            self._leader = trial

    @property
    def leader(self) -> Trial | None:
        """`best(1)`, known without sorting; None while nothing is usable."""
        return self._leader

    @property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(self._trials.values())

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __contains__(self, candidate: str) -> bool:
        return candidate in self._trials

    def __getitem__(self, candidate: str) -> Trial:
        return self._trials[candidate]

    def usable(self) -> tuple[Trial, ...]:
        """The trials that may be selected."""
        return tuple(trial for trial in self if trial.usable)

    def best(self, n: int = 1) -> tuple[Trial, ...]:
        """The `n` usable trials with the highest validation R²; of equals, the one with fewer constants, then
        the earlier one. A quick order for feedback: the choice of a winner is `search.selection.choose`."""
        return tuple(sorted(self.usable(), key=_merit)[:n])


def _merit(trial: Trial) -> tuple[float, int]:
    found = trial.evaluation
    validation = -1.0 if found.validation_r2 is None else found.validation_r2
    return -validation, found.constants_count or 0
