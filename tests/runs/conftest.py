"""A small task, and archives made from it."""

from __future__ import annotations

import pytest

from lawsmith.runs import Manifest, new_run_id
from lawsmith.runs.records.record import DataRecord
from lawsmith.tasks import Schema


@pytest.fixture
def schema() -> Schema:
    return Schema(
        name="toy",
        long_name="toy_scaling_law",
        title="Toy",
        features=("n", "d"),
        targets=("loss",),
        group="model",
        cap=6,
    )


@pytest.fixture
def manifest(schema: Schema) -> Manifest:
    return Manifest(
        run=new_run_id(),
        task=schema,
        agent="symbolic",
        seed=7,
        data=DataRecord(source="file", sha256="0" * 64),
        config={"time_limit": 60.0, "options": ["a", None, 0]},
    )
