"""What leaves a result for other tools: constants with their covariance, and entries of experiment trackers."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawsmith import discover
from lawsmith.agent.command.result import Result
from lawsmith.runs.intervals.predict import constant_intervals
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError
from tests.command import run_command


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    n = np.tile(np.geomspace(10, 1e4, 24), 2)
    noise = 0.01 * np.random.default_rng(0).standard_normal(48)
    family = np.repeat(["small one", "b/2"], 24)
    frame = pd.DataFrame({"n": n, "family": family, "loss": 1.2 + 3 * n**-0.4 + noise})
    return discover(
        frame, target="loss", group="family", form="E + A/n^a", only=True, runs_dir=tmp_path_factory.mktemp("tracked")
    )


@pytest.mark.slow
def test_the_covariance_is_that_of_refits(result: Result):
    law = result.law
    found = law.covariance("b/2")
    assert list(found.index) == list(found.columns) and set(found.index) == {"A", "E", "a"}
    assert np.allclose(found, found.T) and np.linalg.eigvalsh(found.to_numpy()).min() > -1e-12
    with Sandbox() as sandbox:
        low, high = constant_intervals(law.uncertainty(sandbox), 0.68)["b/2"]["a"]
    assert found.loc["a", "a"] ** 0.5 == pytest.approx((high - low) / 2, rel=0.1)
    with pytest.raises(InputError, match="no group 'c'"):
        law.covariance("c")


def test_constants_as_correlated_numbers(result: Result):
    uncertainties = pytest.importorskip("uncertainties")
    p = result.law.uncertain_constants("small one")
    assert p["a"].n == pytest.approx(result.law.constants["small one"]["a"])
    loss = p["E"] + p["A"] * 100 ** -p["a"]
    alone = p["E"].s + (p["A"] * 100 ** -p["a"]).s
    assert 0 < loss.s < alone  # inside the data the constants' errors cancel
    assert uncertainties.covariance_matrix([p["a"]])[0][0] == pytest.approx(
        result.law.covariance("small one").loc["a", "a"]
    )


def test_the_exported_script_defines_them(result: Result, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("uncertainties")
    runs_dir = str(Path(result.selected.archive).parents[2])
    printed = run_command(capsys, "export", "latest", "--format", "uncertainties", "--runs-dir", runs_dir)
    space: dict[str, Any] = {}
    exec(printed.out, space)
    expected = result.law.uncertain_constants("b/2")["a"]
    assert space["constants"]["b/2"]["a"].s == pytest.approx(expected.s)


def test_json_has_the_covariance(result: Result, capsys: pytest.CaptureFixture[str]):
    runs_dir = str(Path(result.selected.archive).parents[2])
    printed = run_command(capsys, "export", "latest", "--format", "json", "--runs-dir", runs_dir)
    found = printed.json["covariance"]
    matrix = result.law.covariance("b/2")
    assert found["names"] == list(matrix.index)
    assert np.allclose(found["matrices"]["b/2"], matrix)


class WandbRun:
    """The part of a W&B run that is used, with its signatures."""

    def __init__(self, folder: Path) -> None:
        self.dir, self.saved = str(folder), []
        self.config, self.summary = WandbConfig(), WandbConfig()

    def save(self, glob_str: str, base_path: str | None = None, policy: str = "live") -> None:
        self.saved.append((Path(glob_str).relative_to(base_path or "").name, policy))


class WandbConfig(dict[str, Any]):
    def update(self, d: Any, allow_val_change: bool | None = None) -> None:  # type: ignore[override]
        super().update(d)


def test_logging_to_wandb(result: Result, tmp_path: Path):
    run = WandbRun(tmp_path)
    result.log(run)
    assert run.config["law/formula"] == "loss = E + A * n^-a"
    a = result.law.constants["small one"]["a"]
    assert run.summary["law/constant/small_one/a"] == a and run.summary["law/heldout_r2"] < 1
    assert dict(run.saved).keys() == {"law.py", "constants.json", "verdict.txt"}
    assert "def law" in (tmp_path / "law.py").read_text()


def test_logging_to_mlflow(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mlflow = pytest.importorskip("mlflow", reason="needs lawsmith[mlflow]")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tmp_path.as_uri())
    try:
        mlflow.set_experiment("laws")
        with mlflow.start_run() as active:
            result.log()
        with mlflow.start_run() as named:
            pass
        result.log(named)
        kept, same = (mlflow.get_run(run.info.run_id).data for run in (active, named))
        law, _ = tmp_path.rglob("law.py")
    finally:
        mlflow.set_tracking_uri(before)
    assert kept.params["law/formula"] == "loss = E + A * n^-a"
    assert kept.metrics["law/constant/b_2/a"] == pytest.approx(result.law.constants["b/2"]["a"])
    assert (kept.params, kept.metrics) == (same.params, same.metrics)
    assert law.read_text() == result.law.source


def test_logging_elsewhere_says_what_is_taken(result: Result, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=r"not SimpleNamespace"):
        result.log(SimpleNamespace())
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setattr("lawsmith.tasks.errors.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'lawsmith\[mlflow\]'"):
        result.log()
