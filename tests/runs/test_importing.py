"""Other systems' laws and scores as archives."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from lawsmith.agent.cli import main
from lawsmith.runs import Archive, Manifest
from lawsmith.runs.imports import import_law, import_scores
from lawsmith.runs.records.record import FinalScores, RunResult, SplitScores
from lawsmith.runs.replay import replay
from lawsmith.runs.report.site import site_pages
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Dataset, InputError, Provenance, Schema, Table, Task, load
from lawsmith.tasks import schema as task_schema

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
def test_law_of_another_system(text: str, kind: str, dataset: Dataset, sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "their_law.py"
    path.write_text(text)
    archive = import_law(path, dataset, tmp_path / "runs", sandbox, system="Goose", model="GPT-5", source="a page")
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
        ("def law(input_data, group):\n    return [{'loss': 1 / 0} for row in input_data]\n", "ZeroDivisionError"),
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


def discovered(*arguments: str | Path, status: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == status


CLOSED = """
def law(input_data, group):
    return [{"loss": 0.01 + 2.0 * row["parameters"] ** -0.5 + row["examples"] ** -0.3} for row in input_data]
"""


def test_the_command_archives_a_law_and_scores_it_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, runs = tmp_path / "law.py", tmp_path / "runs"
    path.write_text(CLOSED)
    law = ("import", path, "--task", "nano", "--system", "Goose", "--source", "a page", "--runs-dir", runs)
    discovered(*law, "--json")
    [one] = json.loads(capsys.readouterr().out)["imported"]
    assert one["reproduced"] is True and one["kind"] == "law" and one["source"] == "a page"
    data = load("nano")
    assert data.test is not None
    law_of_file = runpy.run_path(str(path))["law"]
    rows = [dict(zip(data.test.features, row, strict=True)) for row in np.column_stack([*data.test.features.values()])]
    predicted = np.array([row["loss"] for row in law_of_file(rows, "any")])
    measured = data.test.targets["loss"]
    assert one["r2"] == pytest.approx(1 - np.mean((measured - predicted) ** 2) / np.var(measured), rel=1e-9)

    discovered(*law)
    assert "scored here" in capsys.readouterr().out
    assert len(list(runs.glob("*/*/*"))) == 1, "the same law is not archived twice"
    discovered("inspect", one["run"], "--runs-dir", runs)
    assert "a page (imported)" in capsys.readouterr().out
    discovered("replay", one["run"], "--runs-dir", runs)
    discovered("resume", one["run"], "--runs-dir", runs, status=2)
    assert "records a result from elsewhere" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_the_command_archives_a_table_as_reported(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"scores.{suffix}"
    rows = [("sft", "Goose", "GPT-5", 0.5), ("sft", "Goose", "GPT-5", 0.9), ("moe", "symbolic", None, 0.99)]
    columns = ("task", "system", "model", "r2")
    if suffix == "json":
        path.write_text(json.dumps([dict(zip(columns, row, strict=True)) for row in rows]))
    else:
        path.write_text("\n".join(",".join("" if c is None else str(c) for c in row) for row in [columns, *rows]))
    for _ in range(2):
        discovered("import", path, "--runs-dir", tmp_path / "runs", "--json")
        found = json.loads(capsys.readouterr().out)["imported"]
    assert [(one["system"], one["model"], one["scores"]) for one in found] == [
        ("Goose", "GPT-5", [0.9, 0.5]),
        ("symbolic", None, [0.99]),
    ]
    assert all(one["reproduced"] is None for one in found)
    assert len(list((tmp_path / "runs").glob("*/*/*"))) == 2, "the same table is not archived twice"
    discovered("replay", found[0]["run"], "--runs-dir", tmp_path / "runs", status=2)
    assert "no law to replay" in capsys.readouterr().err


def test_the_site_marks_what_was_imported_and_does_not_let_it_lead(manifest: Manifest, tmp_path: Path) -> None:
    runs, path = tmp_path / "runs", tmp_path / "scores.csv"
    path.write_text("task,system,r2\nmoe,symbolic,0.99\nmoe,<b>Goose</b>,0.98\n")
    import_scores(path, runs, source="a page")
    ours = manifest.model_copy(update={"task": task_schema("moe")})
    with Archive.create(runs, ours) as archive:
        archive.finish(RunResult(scores=FinalScores(test=SplitScores(r2=0.5)), error=None), None)
    pages, _ = site_pages(runs, lambda archive: None)
    task = next(task for task in json.loads(pages["data.json"])["tasks"] if task["task"] == "moe")
    kinds = {(one["system"], one["kind"]): one["mean_r2"] for one in task["systems"]}
    assert kinds == {
        ("symbolic", "imported, as reported"): 0.99,
        ("<b>Goose</b>", "imported, as reported"): 0.98,
        ("symbolic", "archived here"): 0.5,
    }
    row = next(row for row in pages["index.html"].split("<tr>") if ">moe<" in row)
    assert "0.500000" in row and "0.99" not in row
    board = next(page for name, page in pages.items() if name.startswith("tasks/moe"))
    assert board.count('<span class="chip anchor">imported</span>') == 2
    assert "&lt;b&gt;Goose" in board and "<b>Goose" not in board
    systems = [page for name, page in pages.items() if name.startswith("systems/moe-symbolic")]
    assert sorted("nothing was executed" in page for page in systems) == [False, True]


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("law.py", CLOSED, ("--system", "x"), "needs --task"),
        ("law.py", CLOSED, ("--task", "nano"), "needs --system"),
        ("law.py", CLOSED, ("--task", "nan0", "--system", "x"), "no task 'nan0'"),
        ("law.py", "import os\n" + CLOSED, ("--task", "nano", "--system", "x"), "imports 'os'"),
        ("s.csv", "task,system,r2\nsft,x,1\n", ("--system", "x"), "--system is for a law"),
        ("s.csv", "task,system,r2\nsft,,1\n", (), "row 1: the system has no name"),
        ("s.json", "{}", (), "not a list of objects"),
        ("s.json", "[", (), "not valid JSON"),
        ("s.json", "[]", (), "no data rows"),
        ("s.txt", "x", (), "no data rows"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    name: str, text: str, options: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    discovered("import", path, *options, "--runs-dir", tmp_path / "runs", status=2)
    complained = capsys.readouterr().err
    assert message in complained and complained.strip().count("\n") == 0
    assert not (tmp_path / "runs").exists()
