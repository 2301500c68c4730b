"""A table of which a search sees one part, and laws are scored on the other."""

from __future__ import annotations

from dataclasses import dataclass

from lawsmith.tasks import Dataset


@dataclass(frozen=True)
class Case:
    """`whole`: R² is relative to the whole table's spread where that is larger, for parts that lie on a plateau."""

    name: str
    dataset: Dataset
    whole: bool = False
