"""Other systems' laws and scores as archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runs import Archive, replay
from runs.importing import import_law, import_scores
from sandbox import Sandbox
from tasks import Dataset, InputError, Provenance, Schema, Table, Task

LAW = """
import math
def law(input_data, group):
    return [{"loss": {"a": 1.0, "b": 2.0}.get(group, 0.0) + 1 / math.sqrt(row["n"])} for row in input_data]
"""
FORM = 'PARAMETERS = ("A", "B")\ndef form(x, p):\n    return p["A"] + p["B"] / x["n"] ** 0.5\n'
PAIR = """
import numpy as np
def scaling_law_func(data_points, params):
    return params[0] + params[1] / np.sqrt(data_points[:, 0])
def fit_scaling_law(data_points, loss_values):
    design = np.stack([np.ones(len(data_points)), 1 / np.sqrt(data_points[:, 0])], axis=1)
    return np.linalg.lstsq(design, loss_values, rcond=None)[0]
"""


@pytest.fixture
def dataset(schema: Schema) -> Dataset:
    def rows(low: float, high: float) -> Table:
        n, codes = np.geomspace(low, high, 20), np.arange(20) % 2
        loss = 1.0 + codes + 1 / np.sqrt(n)
        return Table({"n": n, "d": n}, {"loss": loss}, ("a", "b"), codes)

    return Dataset(Task(schema, rows(1, 100), Provenance("file", "0" * 64, None)), rows(100, 1000))


@pytest.mark.parametrize(("text", "kind"), [(LAW, "law"), (FORM, "form"), (PAIR, "pair")])
def test_law_of_another_system(
    text: str, kind: str, dataset: Dataset, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "their_law.py"
    path.write_text(text)
    archive = import_law(
        path, dataset, tmp_path / "runs", sandbox, system="Goose", model="GPT-5", source="a page"
    )
    assert archive.manifest.origin == "imported"
    assert archive.manifest.address.startswith("toy/Goose-GPT-5/")
    assert archive.verify() == []
    assert archive.result is not None
    assert archive.result.kind == kind
    assert archive.result.scores.test is not None
    assert archive.result.scores.test.r2 == pytest.approx(1.0, abs=1e-9)
    assert archive.source() == text
    assert replay(archive, sandbox, dataset=dataset).exact


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import os\ndef law(input_data, group):\n    return []\n", "imports 'os'"),
        (
            "def law(input_data, group):\n    return [{'loss': 1 / 0} for row in input_data]\n",
            "ZeroDivisionError",
        ),
        ("x = 1\n", "Define at top level"),
        ("def law(", "Line 1"),
    ],
)
def test_law_that_cannot_be_imported(
    text: str, message: str, dataset: Dataset, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "law.py"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        import_law(path, dataset, tmp_path / "runs", sandbox, system="x")
    assert not (tmp_path / "runs").exists()
    with pytest.raises(InputError, match="There is no file"):
        import_law(tmp_path / "none.py", dataset, tmp_path / "runs", sandbox, system="x")


def test_table_of_scores(tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(
        "task,system,model,r2\nsft,Goose,GPT-5,0.5\nsft,Goose,GPT-5,0.9\nlr_bsz_scaling_law,Goose,,-1\nmoe,Aider,m,0.1\n"
    )
    archives = import_scores(path, tmp_path / "runs", source="https://example.org")
    assert [a.manifest.task.name for a in archives] == ["sft", "lr_bsz", "moe"]
    result = archives[0].result
    assert result is not None
    assert result.siblings == (0.9, 0.5)
    assert result.scores.test is not None
    assert result.scores.test.r2 == pytest.approx(0.7)
    assert archives[1].manifest.model is None
    assert all(archive.manifest.source == "https://example.org" for archive in archives)
    assert all(Archive.open(archive.path).verify() == [] for archive in archives)
    with pytest.raises(InputError, match="no law to replay"):
        replay(archives[0], sandbox)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task,r2\nsft,1\n", "has no column 'system'"),
        ("task,system,r2\nsft,x,good\n", "row 1: r2 is 'good'"),
        ("task,system,r2\nsft,x,1\nsft,x,1.5\n", "row 2: r2 is '1.5'"),
        ("task,system,r2\nsfft,x,1\n", "sft"),
    ],
)
def test_table_that_cannot_be_imported(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        import_scores(path, tmp_path / "runs")
