"""A task as proposers see it, and the data set that only the referee holds."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from lawsmith.tasks.schema import Schema
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


@dataclass(frozen=True, eq=False)
class Dataset:
    """A task and its test split (None without one). Only what scores the final choice holds this.

    `notes` are sentences for the user: what was inferred, what looks odd, and that rows are a replica.
    """

    task: Task
    test: Table | None
    notes: tuple[str, ...] = ()


def content_digest(train: Table, test: Table | None) -> str:
    """SHA-256 over the digests of both splits."""
    parts = (train.digest(), "" if test is None else test.digest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
