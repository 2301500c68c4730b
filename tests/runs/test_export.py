"""Exports: each format says what the archive says; SLDBench's folder is scored again by an independent scorer."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from runs_forms import ARRAYS, PLAIN

from lawsmith.agent.cli import main
from lawsmith.runs import Archive, Manifest, RunResult
from lawsmith.runs.laws.export import TEXT_FORMATS, export_sldbench, export_text
from lawsmith.runs.records.archive import LAW
from lawsmith.runs.records.find import find_archive
from lawsmith.tasks import InputError, load
from tests.command import run_command

SFT = "published/sft/openhands-gpt-5"


def archive_of(source: str, manifest: Manifest, runs_dir: Path, **result: Any) -> Archive:
    with Archive.create(runs_dir, manifest) as archive:
        archive.append_event({"event": "candidate", "id": "w", "source": source})
        archive.finish(RunResult(winner="w", kind="form", **result), "def law(input_data, group): ...\n")
    return Archive.open(archive.path)


def test_python_is_another_name_of_the_law_file(capsys: pytest.CaptureFixture[str]) -> None:
    texts = [run_command(capsys, "export", SFT, "--format", form).out for form in ("python", "law")]
    assert texts[0] == texts[1]


def test_every_format_of_a_published_law(tmp_path: Path) -> None:
    archive = find_archive(SFT, tmp_path)
    constants = archive.result.constants if archive.result else None
    assert constants is not None
    group = "('gpt2', 'flan')"
    assert export_text(archive, "law") == (archive.path / LAW).read_text("utf-8")

    space: dict[str, Any] = {}
    exec(export_text(archive, "sympy"), space)
    assert space["constants"] == constants
    expression = space["expressions"]["sft_loss"]
    n = space["sft_data_size"]
    value = float(expression.subs({**{space[k]: v for k, v in constants[group].items()}, n: 1000}))
    law = runpy.run_path(str(archive.path / LAW))["law"]
    assert value == pytest.approx(law([{"sft_data_size": 1000}], group)[0]["sft_loss"], rel=1e-12)

    data = json.loads(export_text(archive, "json"))
    assert data["constants"] == constants
    assert data["formula"] == "sft_loss = L_inf + A * (sft_data_size + N0)^-alpha"
    assert data["scores"]["test"]["r2"] == 0.980774

    latex = export_text(archive, "latex")
    assert r"\frac{A}{\left( \mathrm{sft\_data\_size} + N_{0} \right)^{\alpha}}" in latex
    assert r"group & $L_{\infty}$ & $A$ & $N_{0}$ & $\alpha$ \\" in latex
    assert latex.count("\\\\\n") == 1 + len(constants)


def test_formats_that_cannot_state_a_law_say_so(manifest: Manifest, tmp_path: Path) -> None:
    archive = archive_of(ARRAYS["rows together"], manifest, tmp_path)
    with pytest.raises(InputError, match=r"not in the format of this version|no errors"):
        export_text(archive, "uncertainties")
    for form in ("latex", "sympy"):
        with pytest.raises(InputError, match=r"cannot be written as .*\(line \d+\); export it as law or json"):
            export_text(archive, form)  # type: ignore[arg-type]
    assert json.loads(export_text(archive, "json"))["latex"] == {}
    with pytest.raises(InputError, match="choose one of law, latex, sympy, json, uncertainties"):
        export_text(archive, "pdf")  # type: ignore[arg-type]


def test_runs_without_a_law_and_damaged_ones_are_not_exported(manifest: Manifest, tmp_path: Path) -> None:
    archive = archive_of(PLAIN["power"], manifest, tmp_path)
    (archive.path / LAW).write_text("")
    with pytest.raises(InputError, match=r"law\.py: its SHA-256"):
        export_text(archive, "law")
    with Archive.create(tmp_path, manifest.model_copy(update={"run": "open"})) as other:
        with pytest.raises(InputError, match="only a complete run"):
            export_text(Archive.open(other.path), "json")
        other.finish(RunResult(error="no candidate worked"), None)
    with pytest.raises(InputError, match="no candidate worked"):
        export_text(Archive.open(other.path), "json")


def test_hostile_names_are_text_in_every_format(manifest: Manifest, tmp_path: Path) -> None:
    nasty = '\\input{x}%\n"""\x1b[31m</script>'
    task = manifest.task.model_copy(
        update={"features": (nasty, "N", "expressions", "lambda"), "targets": (nasty + "y",)}
    )
    body = f'p["E"] * x[{nasty!r}] + x["N"] * x["expressions"] * x["lambda"]'
    source = f'PARAMETERS = ("E",)\ndef form(x, p):\n    return {body}\n'
    renamed = manifest.model_copy(update={"task": task})
    archive = archive_of(source, renamed, tmp_path, constants={nasty: {"E": 2.0}})
    space: dict[str, Any] = {}
    exec(export_text(archive, "sympy"), space)
    [expression] = space["expressions"].values()
    assert {str(symbol) for symbol in expression.free_symbols} == {"E", nasty, "N", "expressions", "lambda"}
    assert space["constants"] == {nasty: {"E": 2.0}}
    latex = export_text(archive, "latex")
    assert "\\input" not in latex
    for form in (form for form in TEXT_FORMATS if form != "uncertainties"):
        assert "\x1b" not in export_text(archive, form)


def r2(measured: Any, predicted: Any) -> float:
    """SLDBench's score, written independently of `lawsmith.tasks.metrics`."""
    y, z = np.asarray(measured, float), np.asarray(predicted, float)
    return float(np.mean(1 - np.mean((y - z) ** 2, 0) / np.var(y, 0)))


@pytest.mark.data
@pytest.mark.parametrize("task", ["sft", "lr_bsz"])
def test_sldbench_folder_scores_as_archived(task: str, sldbench: Path, tmp_path: Path) -> None:
    archive = find_archive(f"published/{task}/openhands-gpt-5", tmp_path)
    files = export_sldbench(archive, tmp_path / "out")
    assert [file.name for file in files] == ["law.py", "scaling_law.py"]
    law = runpy.run_path(str(files[0]))["law"]
    pair = runpy.run_path(str(files[1]))
    data = load(task, sldbench)
    train, test = data.task.train, data.test
    assert test is not None
    names, target = list(test.features), next(iter(test.targets))
    closed, refitted = np.zeros(len(test)), np.full(len(train), np.nan)
    for code, group in enumerate(test.groups):
        mine, there = train.codes == code, test.codes == code
        rows = [dict(zip(names, row, strict=True)) for row in test.matrix()[there]]
        closed[there] = [row[target] for row in law(rows, group)]
        if code < 2:  # each fit takes a moment
            params = pair["fit_scaling_law"](train.matrix()[mine], train.targets[target][mine])
            refitted[mine] = pair["scaling_law_func"](train.matrix()[mine], params)
    assert archive.result is not None
    archived = archive.result.scores
    assert archived.test is not None
    assert archived.train is not None
    assert r2(test.targets[target], closed) == pytest.approx(archived.test.r2, abs=5e-7)
    some = np.isfinite(refitted)
    assert r2(train.targets[target][some], refitted[some]) >= archived.train.r2 - 1e-3


MIXTURE = """
NAMES = tuple(f"b{i}{j}" for i in range(1, 6) for j in range(1, 6))
PARAMETERS = NAMES + tuple(f"a{i}" for i in range(1, 6))
def form(x, p):
    shares = [x[f"proportion_domain_{j}"] for j in range(1, 6)]
    return {
        f"loss_domain_{i}": sum(p[f"b{i}{j}"] * shares[j - 1] for j in range(1, 6)) + p[f"a{i}"] * shares[i - 1] ** 0.5
        for i in range(1, 6)
    }
"""


@pytest.mark.data
def test_sldbench_folder_of_five_targets_scores_as_archived(sldbench: Path, tmp_path: Path) -> None:
    """As the harness does it: rows from the published file, a group at a time, the mean over targets."""
    runs, folder = tmp_path / "runs", tmp_path / "out"
    (tmp_path / "mixture.py").write_text(MIXTURE)
    law = ("import", tmp_path / "mixture.py", "--task", "domain_mixture", "--system", "x")
    commands = [
        (*law, "--data-dir", sldbench, "--runs-dir", runs),
        ("export", "domain_mixture/", "--format", "sldbench", "--out", folder, "--runs-dir", runs),
    ]
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main([str(part) for part in command])
        assert ended.value.code == 0
    closed = runpy.run_path(str(folder / "law.py"))["law"]
    pair = runpy.run_path(str(folder / "scaling_law.py"))
    frame = pd.read_parquet(next((sldbench / "domain_mixture_scaling_law").glob("train-*.parquet")))
    features = [f"proportion_domain_{i}" for i in range(1, 6)]
    targets = [f"loss_domain_{i}" for i in range(1, 6)]
    measured, by_law, by_pair = [], [], []
    for group, rows in frame.groupby("group"):
        points, losses = rows[features].to_numpy(), rows[targets].to_numpy()
        predicted = closed(rows[features].to_dict("records"), group)
        measured.append(losses)
        by_law.append([[row[target] for target in targets] for row in predicted])
        by_pair.append(pair["scaling_law_func"](points, pair["fit_scaling_law"](points, losses)))
    archive = find_archive("domain_mixture/", runs)
    assert archive.result is not None and archive.result.scores.train is not None
    score = r2(np.concatenate(measured), np.concatenate(by_law))
    assert score == pytest.approx(archive.result.scores.train.r2, abs=1e-9)
    assert score > 0.5, "a score that says something"
    assert r2(np.concatenate(measured), np.concatenate(by_pair)) >= score - 1e-3


def test_pair_of_two_targets_with_bounds_and_own_fit(manifest: Manifest, tmp_path: Path) -> None:
    task = manifest.task.model_copy(update={"targets": ("t1", "t2")})
    renamed = manifest.model_copy(update={"task": task})
    source = """
import numpy as np
NAMES = ("A", "B")
PARAMETERS = {name: (0.0, 4.0) for name in NAMES}
def form(x, p):
    return {"t1": p["A"] * np.sqrt(x["n"]), "t2": p["B"] + 0 * x["d"]}
"""
    own = (
        source + '\ndef fit(x, y):\n    return {"A": float(np.mean(y["t1"] / np.sqrt(x["n"]))), "B": y["t2"].mean()}\n'
    )
    points = np.column_stack([np.arange(1.0, 9.0), np.ones(8)])
    measured = np.column_stack([3.0 * np.sqrt(points[:, 0]), np.full(8, 5.0)])
    for number, text in enumerate((source, own)):
        archive = archive_of(
            text, renamed.model_copy(update={"run": f"r{number}"}), tmp_path, constants={"g": {"A": 1.0, "B": 1.0}}
        )
        pair = runpy.run_path(str(export_sldbench(archive, tmp_path / str(number))[1]))
        params = pair["fit_scaling_law"](points, measured)
        assert pair["PARAMETERS"] == ("A", "B")
        bounded = 4.0 if text is source else 5.0
        np.testing.assert_allclose(params, [3.0, bounded], rtol=1e-6)
        assert pair["scaling_law_func"](points, params).shape == (8, 2)
