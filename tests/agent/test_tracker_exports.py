"""The export of an experiment tracker goes to a formula in one command, which says what it left out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.made import quick_first

RUNS = 100
CRASHED, RUNNING = np.arange(RUNS) % 12 == 5, np.arange(RUNS) % 25 == 7
UNFINISHED = int((CRASHED | RUNNING).sum())


def sweep() -> pd.DataFrame:
    """Losses of a hundred runs; those of crashed ones are missing and those of running ones are too high."""
    rng = np.random.default_rng(4)
    n, d = 10 ** rng.uniform(7, 9.5, RUNS), 10 ** rng.uniform(8.5, 11, RUNS)
    loss = (1.7 + 406 / n**0.34 + 410 / d**0.28) * (1 + 0.003 * rng.standard_normal(RUNS))
    loss = np.where(CRASHED, np.nan, np.where(RUNNING, 1.5 * loss, loss))
    return pd.DataFrame({"n": n.round(), "d": d.round(), "loss": loss})


def wandb() -> pd.DataFrame:
    runs, rng = sweep(), np.random.default_rng(0)
    return pd.DataFrame(
        {
            "Name": [f"run-{k}" for k in range(RUNS)],
            "State": np.where(CRASHED, "crashed", np.where(RUNNING, "running", "finished")),
            "Created": [f"2025-03-{1 + k % 28:02d}T10:00:00.000Z" for k in range(RUNS)],
            "Runtime": rng.integers(1000, 90_000, RUNS),
            "ID": [f"{k:08x}" for k in rng.integers(2**31, size=RUNS)],
            "User": "anna",
            "Notes": "",
            "config.params": runs["n"],
            "config.tokens": runs["d"],
            "config.seed": np.arange(RUNS) % 5,
            "config.optimizer": "adamw",
            "summary._step": (runs["d"] / 5e5).round(),
            "summary._timestamp": 1.7e9 + rng.integers(0, 10**6, RUNS),
            "summary.perplexity": np.exp(runs["loss"]),
            "summary.loss": runs["loss"],
        }
    )


def mlflow() -> pd.DataFrame:
    runs, rng = sweep(), np.random.default_rng(0)
    return pd.DataFrame(
        {
            "Start Time": [f"2025-03-{1 + k % 28:02d} 10:00:00" for k in range(RUNS)],
            "Duration": [f"{1 + k % 7}.2h" for k in range(RUNS)],
            "Run ID": [f"{k:032x}" for k in rng.integers(2**31, size=RUNS)],
            "Status": np.where(CRASHED, "FAILED", np.where(RUNNING, "RUNNING", "FINISHED")),
            "Source Name": "train.py",
            "params.params": runs["n"],
            "params.tokens": runs["d"],
            "params.seed": np.arange(RUNS) % 5,
            "metrics.train_loss": 0.98 * runs["loss"],
            "metrics.loss": runs["loss"],
        }
    )


@pytest.mark.parametrize(
    ("export", "target", "companion", "state", "features"),
    quick_first(
        [
            (wandb, "summary.loss", "summary.perplexity", "State", ("config.params", "config.tokens")),
            (mlflow, "metrics.loss", "metrics.train_loss", "Status", ("params.params", "params.tokens")),
        ],
        1,
    ),
)
def test_an_export_goes_to_a_formula_in_one_command(
    tmp_path: Path, export: Any, target: str, companion: str, state: str, features: tuple[str, str]
) -> None:
    export().to_csv(tmp_path / "export.csv", index=False)
    command = [sys.executable, "-m", "lawsmith", str(tmp_path / "export.csv"), "--target", "loss"]
    form = "L + A*({}/1e8)^-a + B*({}/1e9)^-b".format(*features)
    command += ["--form", form, "--only", "--json", "--runs-dir", str(tmp_path / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    roles = {name: one["role"] for name, one in found["roles"].items()}
    assert roles[target] == "target"
    assert roles[companion] == "companion"
    assert {name for name, role in roles.items() if role == "feature"} == set(features)
    assert {roles[name] for name in roles if name.endswith(("ID", "_step", "Time", state))} == {"bookkeeping"}
    told = " ".join(found["notices"])
    assert f"loss means the column {target}" in told
    assert f"{UNFINISHED} rows of runs that have not finished ({state})." in told
    assert companion in told
    (run,) = found["runs"]
    assert run["validation_r2"] > 0.97
    assert "L +" in run["expression"]
