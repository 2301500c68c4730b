"""The hypotheses for which a model proposed its laws, and whether these laws turned out well."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from lawsmith.runs.quoting import visible
from lawsmith.runs.records.record import RunResult
from lawsmith.runs.records.trials import HALL_OF_FAME, Trial
from lawsmith.sandbox import Verdict

MESSAGE = 160  # characters of a failure's reason


@dataclass(frozen=True)
class Hypothesis:
    """Why candidate `number` (from 1, in the order of evaluation) was proposed, and its fate in words."""

    number: int
    id: str
    text: str
    fate: str


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
        """The winner and all that it descends from, nearest first; empty where no trial is the winner."""
        found: dict[str, Trial] = {}
        waiting = [self.result.winner or ""]
        while waiting:
            name = waiting.pop(0)
            if name in self.by_id and name not in found:
                found[name] = self.by_id[name]
                waiting += found[name].proposal.parents
        return tuple(found.values())

    @cached_property
    def hypotheses(self) -> Mapping[str, Hypothesis]:
        """Id of a trial -> why a model proposed it and what became of it, in the order of the search."""
        places = {trial.id: place for place, trial in enumerate(self.best, start=1)}
        ancestors = {trial.id for trial in self.lineage}
        return {
            trial.id: Hypothesis(self.numbers[trial.id], trial.id, visible(text), self._fate(trial, places, ancestors))
            for trial in self.trials
            if (text := trial.proposal.note.strip()) and trial.proposal.origin != HALL_OF_FAME
        }

    def _fate(self, trial: Trial, places: Mapping[str, int], ancestors: Collection[str]) -> str:
        words = [_outcome(trial, places)]
        if trial.id == self.result.winner:
            words.append("chosen")
        elif trial.id in self.result.inseparable:
            words.append("held-out rows cannot tell it from the chosen law")
        elif trial.id in ancestors:
            words.append("the chosen law was made from it")
        for parent in trial.proposal.parents[:2] if trial.id in places else ():
            if parent in places:
                better = "better" if trial.error < self.by_id[parent].error else "not better"
                words.append(f"{better} than candidate {self.numbers[parent]}, from which it was made")
        return "; ".join(words)

    @property
    def best(self) -> tuple[Trial, ...]:
        """Candidates that were judged on held-out rows, the smallest error first."""
        judged = [trial for trial in self.trials if trial.evaluation.validation_r2 is not None]
        return tuple(sorted(judged, key=lambda trial: trial.error))


def _outcome(trial: Trial, places: Mapping[str, int]) -> str:
    evaluation = trial.evaluation
    if evaluation.verdict is not Verdict.OK:
        return f"failed ({evaluation.verdict.value}): {visible(evaluation.message[:MESSAGE])}"
    if trial.id not in places:
        return "works, but its constants come from all rows, so it has no held-out score"
    return f"held-out R² {evaluation.validation_r2 or 0.0:.4f}, place {places[trial.id]} of {len(places)}"
