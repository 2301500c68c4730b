"""What an archive says about a run: the manifest written at its start, with the versions that the run depends on, and
the result written at its end."""

from __future__ import annotations

import os
import platform
import secrets
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue

from lawsmith.runs.records.files import safe_name
from lawsmith.tasks import Provenance, Schema
from lawsmith.tasks.errors import counted
from lawsmith.tasks.frozen import Exact
from lawsmith.tasks.metrics import Scores

PUBLISHED = "published"
Tone = Literal["good", "fair", "bad"]
"""How a verdict is to be coloured."""
WORST_R2 = -1.0
"""What a failed run counts as, and where R² is clipped, in the best, mean and minimum of a leaderboard."""
_PACKAGES = ("lawsmith", "numpy", "scipy", "pandas", "pydantic", "openai")


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("python", platform.python_version()), ("platform", platform.platform())]
    for name in _PACKAGES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)


def versions() -> dict[str, str]:
    """Python, the platform, and each package that results can depend on, as installed."""
    return dict(_versions())


@cache
def git_commit() -> str | None:
    """The commit of the checkout this package runs from, with "+" where tracked files differ from it.

    None outside a checkout, or without git.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return None
    return commit + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def new_run_id() -> str:
    """A run's name, sortable by start: ``20261122T012104123-9f3a1c`` (UTC, milliseconds, 24 random bits)."""
    moment = datetime.now(UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}-{secrets.token_hex(3)}"


def utc_now() -> str:
    """The time now in UTC to the millisecond, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class DataRecord(Exact):
    """Where the rows came from. `train` and `test` are the user's own files for a table given as a file."""

    source: Literal["file", "cache", "hub", "replica"]
    sha256: str
    path: str | None = None
    train: str | None = None
    test: str | None = None

    @classmethod
    def of(
        cls,
        provenance: Provenance,
        train: os.PathLike[str] | str | None = None,
        test: os.PathLike[str] | str | None = None,
    ) -> DataRecord:
        """The record of loaded data; the paths only for a table of the user's own."""
        return cls(
            source=provenance.source,
            sha256=provenance.sha256,
            path=provenance.path,
            train=None if train is None else os.path.abspath(train),
            test=None if test is None else os.path.abspath(test),
        )


def with_model(agent: str, model: str | None) -> str:
    """An agent and the model that it asks, if any, as they are named to users."""
    return agent if model is None else f"{agent} with {model}"


class Manifest(Exact):
    """All that a run depends on, fixed at its start.

    `origin` is "run" for a search of ours, "published" for a documented result of somebody else, "imported"
    for a law or scores read from a file. `batch` is common to the runs of one command. `config` holds the
    options that a resume needs. `git_commit` is None outside a checkout and ends in "+" where tracked files
    were modified.
    """

    version: Literal[1] = 1
    run: str = Field(default_factory=new_run_id, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    batch: str | None = None
    origin: Literal["run", "published", "imported"] = "run"
    task: Schema
    agent: str = Field(min_length=1, max_length=200)
    model: str | None = None
    seed: int | None
    created: str = Field(default_factory=utc_now)
    data: DataRecord | None
    config: dict[str, JsonValue] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=versions)
    git_commit: str | None = Field(default_factory=git_commit)
    source: str | None = None
    """Who published or exported it, for an origin other than "run"."""
    owner: str | None = None
    """The mark of the user who began it; see `lawsmith.runs.records.ownership`."""
    search_task: str | None = None
    """SHA-256 of what the search saw: rows, weights, folds, probes and seed. None where nothing was searched."""
    unweighed_after: float | None = None
    """Seconds after which the search counted all rows in full, not knowing which to disbelieve; None if it knew."""

    @property
    def proposer(self) -> str:
        """The agent and its model, as they are named to users."""
        return with_model(self.agent, self.model)

    @property
    def address(self) -> str:
        """The archive's path below the runs folder: ``task/agent[-model]/run``, or ``published/task/run``."""
        task = safe_name(self.task.name)
        if self.origin == "published":
            return f"{PUBLISHED}/{task}/{self.run}"
        agent = safe_name(self.agent if self.model is None else f"{self.agent}-{self.model}")
        return f"{task}/{agent}/{self.run}"


class SplitScores(Exact):
    """Scores on one split; None where only R² is known, as for a published result."""

    r2: float
    nmse: float | None = None
    nmae: float | None = None

    @classmethod
    def of(cls, scores: Scores) -> SplitScores:
        """The scores that an archive keeps."""
        return cls(r2=scores.r2, nmse=scores.nmse, nmae=scores.nmae)


class FinalScores(Exact):
    """Scores of the archived ``law.py``; `test` is None without a test split."""

    train: SplitScores | None = None
    test: SplitScores | None = None


class RunResult(Exact):
    """How a run ended. Without a law, `error` says why, and every score is None.

    `constants` is group -> parameter -> value. `cost_usd` is None where a price is unknown. `decimals` is the
    number of decimals to which the scores are known; None means to the last digit. `siblings` are the test R²
    of all runs of the same system, where only one of them is archived. `tried` counts all forms that were fitted:
    `candidates` to all rows and folds, `screened` to a sample of the rows alone, and `sums` of terms to a sample, by
    their coefficients. `votes`: the share that the winner and each of `inseparable` have of the votes, with the laws
    that predict nearly as they do. `outdone`: the law that the winner outdid although it predicts nearer to the middle.
    `verdict`: sentences on how far the law can be trusted, and `tone` how they are coloured.
    """

    scores: FinalScores = FinalScores()
    validation_r2: float | None = None
    winner: str | None = None
    kind: Literal["form", "law", "pair"] | None = None
    expression: str | None = None
    constants: dict[str, dict[str, float]] | None = None
    constants_count: int | None = None
    inseparable: tuple[str, ...] = ()
    votes: dict[str, float] = Field(default_factory=dict)
    outdone: str | None = None
    reason: str | None = None
    verdict: tuple[str, ...] = ()
    tone: Tone | None = None
    candidates: int | None = None
    tried: int | None = None
    screened: int | None = None
    sums: int | None = None
    failed: int | None = None
    calls: int | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    error: str | None = None
    decimals: int | None = None
    siblings: tuple[float, ...] = ()
    details: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def test_r2(self) -> float | None:
        """R² on the test rows, as it is; None where there are none."""
        return None if self.scores.test is None else self.scores.test.r2

    @property
    def train_r2(self) -> float | None:
        """R² on all training rows; None where no law was chosen."""
        return None if self.scores.train is None else self.scores.train.r2

    @property
    def figures(self) -> dict[str, Any]:
        """What every listing says of a run, by its names in JSON."""
        scores = {"r2": self.test_r2, "validation_r2": self.validation_r2, "train_r2": self.train_r2}
        names = ("expression", "constants_count", "candidates", "tried", "failed", "seconds", "cost_usd", "error")
        return scores | {name: getattr(self, name) for name in names}

    @property
    def effort(self) -> str | None:
        """What was fitted, in a sentence; None where an archive does not say."""
        if self.tried is None:
            return None
        return (
            f"{counted(self.tried, 'form')} {'was' if self.tried == 1 else 'were'} fitted: {self.candidates or 0:,} to "
            f"all rows and folds, {self.screened or 0:,} others to a sample of the rows, and {self.sums or 0:,} sums "
            "of terms to a sample."
        )
