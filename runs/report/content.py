"""What a page says about a run, gathered from its archive."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lawsmith.runs.laws.law import law_of
from lawsmith.runs.records.account import Account
from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.gate import checked_names
from lawsmith.runs.records.hypotheses import SearchRecord
from lawsmith.runs.records.record import Manifest, RunResult
from lawsmith.runs.records.searched import disbelieved_rows, growing_target
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants
from lawsmith.tasks.schema import ColumnRole


@dataclass(frozen=True)
class RunContent(SearchRecord):
    """An archive as a report shows it. law: ``law.py`` of the law that is shown. picked: the id of the law that the
    user put in the place of the chosen one. problems: damages found."""

    archive: Archive
    manifest: Manifest
    state: str
    law: str | None
    problems: tuple[str, ...]
    picked: str | None = None

    @property
    def account(self) -> Account | None:
        """What a language model gained; None if none was asked."""
        return Account.of(self.result)

    @property
    def winner(self) -> Trial | None:
        """The candidate that the search chose; None while there is none."""
        return self.by_id.get(self.result.winner or "")

    @property
    def leader(self) -> Trial | None:
        """The law of the page: the one that was picked, or the winner; while there is none, the best so far."""
        return (
            self.by_id.get(self.picked or "")
            or self.winner
            or (self.best[0] if self.best and not self.result.error else None)
        )

    @property
    def constants(self) -> Mapping[str, Mapping[str, float]]:
        """Group -> name -> value, of the winner or of the best candidate so far."""
        if self.result.constants is not None and not self.picked:
            return self.result.constants
        found = None if self.leader is None else self.leader.evaluation.constants
        return {} if found is None else Constants.from_json(found).by_group()

    @property
    def inseparable(self) -> tuple[Trial, ...]:
        """Candidates that the rows cannot tell from the winner."""
        known = self.by_id
        return tuple(known[id] for id in self.result.inseparable if id in known)

    @property
    def constants_count(self) -> int | None:
        """Constants of the shown law per group and target; None without a law."""
        known = None if self.picked else self.result.constants_count
        return self.leader.evaluation.constants_count if known is None and self.leader is not None else known

    @property
    def verdict(self) -> tuple[str, ...]:
        """Sentences that judge the law that the search chose, as the run recorded them."""
        return () if self.picked else self.result.verdict

    @property
    def roles(self) -> tuple[ColumnRole, ...]:
        """Each column with its role and the reason, as the run decided."""
        decided = self.manifest.task.decided
        return () if decided is None else decided.roles

    @property
    def disbelieved(self) -> tuple[tuple[int, str], ...]:
        """Rows of the training file, counted from 1, with the target that is an outlier there."""
        return disbelieved_rows(self.result, met=False)

    @property
    def growing(self) -> str | None:
        """The target whose errors grow with its value; None where none does."""
        return growing_target(self.result)

    @property
    def verdicts(self) -> list[tuple[str, int]]:
        """Verdict -> number of candidates, the most frequent first."""
        return Counter(candidate.evaluation.verdict.value for candidate in self.trials).most_common()

    @property
    def front(self) -> tuple[Trial, ...]:
        """The best candidate of each number of constants that beats all with fewer."""
        found = _leading(sorted(self.best, key=lambda one: one.evaluation.constants_count or 0))
        return tuple({candidate.evaluation.constants_count: candidate for candidate in found}.values())

    @property
    def progress(self) -> tuple[Trial, ...]:
        """Each candidate whose error was smaller than of all before."""
        return tuple(_leading(one for one in self.trials if one.evaluation.validation_r2 is not None))


def _leading(candidates: Iterable[Trial]) -> list[Trial]:
    """Those whose error is smaller than of all before."""
    found: list[Trial] = []
    for candidate in candidates:
        if not found or candidate.error < found[-1].error:
            found.append(candidate)
    return found


def gather(archive: Archive) -> RunContent:
    """Everything a page needs; raises InputError when the result or a log cannot be read."""
    result, trials = archive.result or RunResult(), tuple(archive.trials())
    schema, where = archive.manifest.task, str(archive.path)
    for trial in trials:
        if trial.usable and trial.evaluation.constants is not None:
            fitted = Constants.from_json(trial.evaluation.constants)
            checked_names(trial.proposal.source, schema, [fitted.names] * len(fitted.groups), where)
        if trial.id == result.winner and trial.usable:
            checked_names(trial.proposal.source, schema, (result.constants or {}).values(), where)
    picked = archive.picked if result.winner is not None and archive.picked != result.winner else None
    shown = None if picked is None else law_of(archive)
    return RunContent(
        archive=archive,
        manifest=archive.manifest,
        result=result,
        state=archive.state.value,
        law=archive.law if shown is None else shown.source,
        trials=trials,
        problems=tuple(str(problem) for problem in archive.verify() if not problem.resumable),
        picked=None if shown is None else shown.id,
    )
