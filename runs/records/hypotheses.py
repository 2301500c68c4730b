"""The hypotheses for which a model proposed its laws, and whether these laws turned out well."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lawsmith.runs.quoting import visible
from lawsmith.runs.records.record import RunResult
from lawsmith.runs.records.trials import HALL_OF_FAME, Trial, lineage
from lawsmith.sandbox import Verdict

MESSAGE = 160  # characters of a failure's reason


@dataclass(frozen=True)
class Hypothesis:
    """Why candidate `number` (from 1, in the order of evaluation) was proposed, and its fate in words."""

    number: int
    id: str
    text: str
    fate: str


def hypotheses(
    trials: Sequence[Trial], chosen: str | None, inseparable: Collection[str] = (), ancestors: Collection[str] = ()
) -> tuple[Hypothesis, ...]:
    """The hypotheses in the order in which they were tried.

    inseparable: laws that held-out rows cannot tell from the chosen one. ancestors: what the chosen law was made from.
    """
    places = {
        trial.id: place
        for place, trial in enumerate(sorted((one for one in trials if one.usable), key=lambda one: one.error), start=1)
    }
    numbers = {trial.id: number for number, trial in enumerate(trials, start=1)}
    known = {trial.id: trial for trial in trials}
    found = []
    for trial in trials:
        text = trial.proposal.note.strip()
        if not text or trial.proposal.origin == HALL_OF_FAME:
            continue
        words = [_outcome(trial, places)]
        if trial.id == chosen:
            words.append("chosen")
        elif trial.id in inseparable:
            words.append("held-out rows cannot tell it from the chosen law")
        elif trial.id in ancestors:
            words.append("the chosen law was made from it")
        for parent in trial.proposal.parents[:2] if trial.usable else ():
            if parent in places:
                better = "better" if trial.error < known[parent].error else "not better"
                words.append(f"{better} than law {numbers[parent]}")
        found.append(Hypothesis(numbers[trial.id], trial.id, visible(text), "; ".join(words)))
    return tuple(found)


@dataclass(frozen=True)
class SearchRecord:
    """The candidates of a search in the order of evaluation, with their outcomes."""

    result: RunResult
    trials: tuple[Trial, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Trial]:
        """Trial id -> trial."""
        return {trial.id: trial for trial in self.trials}

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Trial id -> its number from 1, in the order of evaluation."""
        return {trial.id: number for number, trial in enumerate(self.trials, start=1)}

    @property
    def lineage(self) -> tuple[Trial, ...]:
        """The winner and what it descends from, nearest first."""
        parents = {trial.id: trial.proposal.parents for trial in self.trials}
        return tuple(self.by_id[id] for id in lineage(self.result.winner, parents))

    @cached_property
    def hypotheses(self) -> Mapping[str, Hypothesis]:
        """Id of a trial -> why a model proposed it and what became of it, in the order of the search."""
        ancestors = {trial.id for trial in self.lineage}
        found = hypotheses(self.trials, self.result.winner, self.result.inseparable, ancestors)
        return {one.id: one for one in found}

    @property
    def best(self) -> tuple[Trial, ...]:
        """Candidates that were judged on held-out rows, the smallest error first."""
        judged = [trial for trial in self.trials if trial.evaluation.validation_r2 is not None]
        return tuple(sorted(judged, key=lambda trial: trial.error))


def _outcome(trial: Trial, places: dict[str, int]) -> str:
    evaluation = trial.evaluation
    if evaluation.verdict is not Verdict.OK:
        return f"failed ({evaluation.verdict.value}): {visible(evaluation.message[:MESSAGE])}"
    if trial.id not in places:
        return "works, but its constants come from all rows, so it has no held-out score"
    return f"held-out R² {evaluation.validation_r2 or 0.0:.4f}, place {places[trial.id]} of {len(places)}"
