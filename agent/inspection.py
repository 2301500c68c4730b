"""What archives say, gathered for people and scripts: a summary of each, one in full, two compared."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawsmith.runs import Archive, RunResult
from lawsmith.runs.records.find import list_archives
from lawsmith.runs.records.hypotheses import SearchRecord
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Verdict
from lawsmith.tasks import InputError, Schema

SORT_KEYS = {
    "r2": ("r2", -1),
    "validation": ("validation_r2", -1),
    "seconds": ("seconds", 1),
    "cost": ("cost_usd", 1),
    "run": ("run", 1),
}
"""What `inspect --sort` offers: the field, and -1 for largest first."""


@dataclass(frozen=True)
class Summary:
    """One line about an archive; a figure that is not known is None."""

    run: str
    archive: str
    task: str
    agent: str
    state: str
    model: str | None = None
    seed: int | None = None
    created: str | None = None
    data: str | None = None
    origin: str | None = None
    source: str | None = None
    r2: float | None = None
    validation_r2: float | None = None
    train_r2: float | None = None
    expression: str | None = None
    constants_count: int | None = None
    candidates: int | None = None
    tried: int | None = None
    failed: int | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    error: str | None = None


def summaries(runs_dir: Path, task: str | None = None, agent: str | None = None, sort: str = "r2") -> list[Summary]:
    """A summary of every archive below `runs_dir`, by task and then by `sort`; those without the figure last.

    An archive that cannot be read is listed as damaged, with its `error`. Raises InputError for an unknown key.
    """
    if sort not in SORT_KEYS:
        raise InputError(f"--sort {sort} is not known; sort by {', '.join(SORT_KEYS)}.")
    field, sign = SORT_KEYS[sort]
    listing = list_archives(runs_dir)
    found = [_readable(archive) for archive in listing.archives]
    found += [_damaged(address, reason) for address, reason in listing.unreadable]
    kept = [s for s in found if task in (None, s.task) and agent in (None, s.agent)]

    def place(entry: Summary) -> tuple[str, bool, float, str]:
        value = getattr(entry, field)
        return entry.task, value is None, sign * value if isinstance(value, float) else 0.0, entry.run

    return sorted(kept, key=place)


def _readable(archive: Archive) -> Summary:
    try:
        return summary(archive)
    except InputError as error:
        return _damaged(archive.manifest.address, error.args[0])


def _damaged(address: str, reason: str) -> Summary:
    task, agent, run = address.split("/")
    return Summary(run, address, task, agent, "damaged", error=reason)


def summary(archive: Archive) -> Summary:
    """One line about an archive; raises InputError when its result is damaged."""
    manifest = archive.manifest
    result = archive.result or RunResult()
    return Summary(
        run=manifest.run,
        archive=str(archive.path),
        task=manifest.task.name,
        agent=manifest.agent,
        state=archive.state.value,
        model=manifest.model,
        seed=manifest.seed,
        created=manifest.created,
        data=None if manifest.data is None else manifest.data.source,
        origin=manifest.origin,
        source=manifest.source,
        **result.figures,
    )


@dataclass(frozen=True)
class Details(SearchRecord):
    """One archive in full."""

    summary: Summary
    law: str | None
    finished: bool
    problems: tuple[str, ...]
    schema: Schema

    @property
    def failures(self) -> Counter[str]:
        """Failed candidates by verdict."""
        verdicts = (trial.evaluation.verdict for trial in self.trials)
        return Counter(verdict.value for verdict in verdicts if verdict is not Verdict.OK)

    def to_json(self) -> dict[str, Any]:
        """As `discover inspect RUN --json` prints it."""
        return {
            **vars(self.summary),
            "law": self.law,
            "result": self.result.model_dump(mode="json") if self.finished else None,
            "failures": dict(self.failures),
            "lineage": [_entry(trial) for trial in self.lineage],
            "candidates_list": [_entry(trial) for trial in self.trials],
            "hypotheses": [vars(one) for one in self.hypotheses.values()],
            "problems": list(self.problems),
        }


def details(archive: Archive) -> Details:
    """Everything about one archive, its digests checked; raises InputError when it cannot be read."""
    return Details(
        result=archive.result or RunResult(),
        trials=tuple(archive.trials()),
        summary=summary(archive),
        law=archive.law,
        finished=archive.result is not None,
        problems=tuple(str(problem) for problem in archive.verify()),
        schema=archive.manifest.task,
    )


def _entry(trial: Trial) -> dict[str, Any]:
    found = trial.evaluation
    return {
        "id": trial.id,
        "origin": trial.proposal.origin,
        "parents": list(trial.proposal.parents),
        "verdict": found.verdict.value,
        "message": found.message,
        "validation_r2": found.validation_r2,
        "train_r2": found.train_r2,
        "constants_count": found.constants_count,
        "source": trial.proposal.source,
    }


def differences(one: Details, other: Details) -> dict[str, tuple[Any, Any]]:
    """What differs between two archives: field of the summary -> the two values."""
    pairs = {name: (value, getattr(other.summary, name)) for name, value in vars(one.summary).items()}
    found = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if one.finished and other.finished:
        for name in ("winner", "reason", "constants"):
            pair = getattr(one.result, name), getattr(other.result, name)
            if pair[0] != pair[1]:
                found[name] = pair
    return found
