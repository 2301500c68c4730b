"""The rows that an archive carries come from whoever made it: only what a run writes is read."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lawsmith.runs import Archive, Manifest
from lawsmith.runs.records.data import DATA, kept_data, packed
from lawsmith.runs.records.record import DataRecord
from lawsmith.tasks import Dataset, InputError, Provenance, Schema, Table, Task
from lawsmith.tasks.task import content_digest

SCHEMA = Schema(name="t", long_name="t", title="t", features=("n",), targets=("y",), group="g", cap=4)
TABLE = Table({"n": np.arange(1.0, 9.0)}, {"y": np.arange(1.0, 9.0) ** -0.3}, ("a",), np.zeros(8, dtype=int))
Content = dict[str, Any]


@pytest.fixture
def content() -> Content:
    data = Dataset(Task(SCHEMA, TABLE, Provenance("file", content_digest(TABLE, None), None)), None)
    kept = packed(data)
    assert kept is not None
    found: Content = json.loads(gzip.decompress(kept))
    return found


def kept(folder: Path, content: object, sha256: str) -> Dataset | None:
    record = DataRecord(source="file", sha256=sha256, train="/nowhere.csv")
    manifest = Manifest(run="r", task=SCHEMA, agent="a", seed=0, data=record)
    (folder / DATA).write_bytes(gzip.compress(json.dumps(content).encode()))
    return kept_data(Archive(folder, manifest, ""))


def cell(column: str, value: object) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        part = content["train"]
        cells = part["codes"] if column == "codes" else part["features" if column == "n" else "targets"][column]
        cells[0] = value

    return change


def part(**parts: object) -> Callable[[Content], None]:
    return lambda content: content["train"].update(parts)


CHANGED: dict[str, Callable[[Content], None]] = {
    "a number that is none": cell("n", float("nan")),
    "infinity": cell("y", float("inf")),
    "an endless whole number": cell("n", 10**400),
    "a cell without a value": cell("n", None),
    "a text": cell("n", "x"),
    "a list in a cell": cell("n", [1.0, 2.0]),
    "a code beyond the groups": cell("codes", 10**9),
    "a code below zero": cell("codes", -1),
    "a code beyond the machine": cell("codes", 10**30),
    "half a code": cell("codes", 0.5),
    "codes that are texts": part(codes=["a"] * 8),
    "another column": part(features={"z": [1.0] * 8}),
    "no column": part(features={}),
    "columns that are a list": part(features=[1.0, 2.0]),
    "no group": part(groups=[]),
    "a group without a name": part(groups=[1]),
    "a weight below zero": part(weight=[-1.0] * 8),
    "weights that are a text": part(weight="abc"),
    "an unknown part": part(surprise=1),
    "no rows": part(features={"n": []}, targets={"y": []}, codes=[]),
    "no table": lambda content: content.update(train=[1]),
    "test rows of other columns": lambda content: content.update(
        test={**content["train"], "features": {"q": [1.0] * 8}}
    ),
    "no notes": lambda content: content.update(notes=3),
}


def test_control_the_rows_of_a_run_come_back(tmp_path: Path, content: Content) -> None:
    found = kept(tmp_path, content, content_digest(TABLE, None))
    assert found is not None and np.array_equal(found.task.train.features["n"], TABLE.features["n"])


@pytest.mark.parametrize("name", CHANGED)
def test_rows_that_no_run_writes_are_a_sentence(
    name: str, tmp_path: Path, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = copy.deepcopy(content)
    CHANGED[name](changed)
    # A stranger makes it fit.
    monkeypatch.setattr("lawsmith.runs.records.data.content_digest", lambda train, test: "0" * 64)
    with pytest.raises(InputError, match="is damaged") as told:
        kept(tmp_path, changed, "0" * 64)
    assert str(told.value).isprintable()


def test_notes_are_shown_without_escapes(tmp_path: Path, content: Content) -> None:
    content["notes"] = ["\x1b[31mred\N{RIGHT-TO-LEFT OVERRIDE}", "long " * 1000, *["more"] * 1000]
    found = kept(tmp_path, content, content_digest(TABLE, None))
    assert found is not None
    assert all(note.isprintable() and len(note) <= 1000 for note in found.notices)
    assert len(found.notices) == 200


@pytest.mark.parametrize("text", ["[" * 100_000, '{"train": 1, "train": 2}', "", "NaN"])
def test_what_is_no_json_of_ours_is_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / DATA).write_bytes(gzip.compress(text.encode()))
    record = DataRecord(source="file", sha256="0" * 64)
    manifest = Manifest(run="r", task=SCHEMA, agent="a", seed=0, data=record)
    with pytest.raises(InputError, match="is damaged"):
        kept_data(Archive(tmp_path, manifest, ""))
