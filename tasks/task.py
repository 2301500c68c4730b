"""A task as proposers see it, and the data set that only the referee holds."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from lawsmith.tasks.knowledge import Knowledge
from lawsmith.tasks.schema import ColumnRole, Schema
from lawsmith.tasks.table import Table

Source = Literal["file", "cache", "hub", "replica"]


@dataclass(frozen=True)
class Provenance:
    """Where rows came from. `sha256` covers the content of both splits; `path` is None for a replica."""

    source: Source
    sha256: str
    path: str | None


@dataclass(frozen=True, eq=False)
class Task:
    """All that a proposer, a fit or a selection ever receives. No test row can be reached from here."""

    schema: Schema
    train: Table
    provenance: Provenance

    @property
    def knowledge(self) -> Knowledge:
        """What the user knows of the law: ranges of targets, and what they do as a feature grows."""
        return self.schema.knowledge


@dataclass(frozen=True, eq=False)
class Dataset:
    """A task and its test split (None without one). Only what scores the final choice holds this.

    `notices` are sentences for the user: what was decided, what looks odd, and that rows are a replica.
    """

    task: Task
    test: Table | None
    notices: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[ColumnRole, ...]:
        """What every column of a user's own table was taken for; empty for a benchmark task."""
        return () if self.task.schema.decided is None else self.task.schema.decided.roles


def content_digest(train: Table, test: Table | None) -> str:
    """SHA-256 over the digests of both splits."""
    parts = (train.digest(), "" if test is None else test.digest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
