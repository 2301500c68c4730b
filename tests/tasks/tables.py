"""Small tables that the tests of `tasks` write to disk."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith.tasks import Dataset, InputError, read_dataset
from lawsmith.tasks.errors import in_python


def frame(rows: int = 12) -> pd.DataFrame:
    """Two groups, a feature N, a target loss that varies."""
    n = 10.0 * 2 ** np.arange(rows)
    return pd.concat(
        [pd.DataFrame({"N": n, "loss": 1 + k + n**-0.3, "model": name}) for k, name in enumerate(("a", "b"))],
        ignore_index=True,
    )


def read(folder: Path, table: pd.DataFrame | str, target: str = "loss", **options: object) -> Dataset:
    """Write the table as CSV and read it as a user would."""
    path = folder / "runs.csv"
    path.write_text(table if isinstance(table, str) else table.to_csv(index=False))
    return read_dataset(path, [target], **options)  # type: ignore[arg-type]  # options pass through unchanged


def roles(data: Dataset) -> dict[str, str]:
    """Column -> its role."""
    return {one.name: one.role for one in data.roles}


def chinchilla(rows: int = 90, seed: int = 0) -> pd.DataFrame:
    """Three families of models; `lr` is set from the nominal size, which the size has 5 % off at most."""
    rng = np.random.default_rng(seed)
    nominal = np.array([44e6, 90e6, 180e6, 400e6, 900e6, 2.9e9])[np.arange(rows) % 6]
    size = np.round(nominal * rng.uniform(0.95, 1.05, rows))
    tokens = np.round(10 ** rng.uniform(9, 11, rows))
    loss = 1.7 + 410 / size**0.34 + 900 / tokens**0.29
    return pd.DataFrame(
        {
            "run_id": [f"r{k:03d}" for k in range(rows)],
            "date": pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
            "family": np.array(["gpt", "llama", "mamba"])[rng.integers(0, 3, rows)],
            "n_params": size,
            "tokens": tokens,
            "lr": 3e-4 * (44e6 / nominal) ** 0.1,
            "seed": rng.integers(0, 5, rows),
            "loss": np.round(loss * (1 + 0.005 * rng.standard_normal(rows)), 4),
        }
    )


def wandb(rows: int = 100) -> pd.DataFrame:
    """A tracker's export of a sweep over sizes and tokens; every tenth run has crashed."""
    place = np.arange(rows)
    size, tokens = 10 ** (6 + place % 10 / 3), 10 ** (8 + place // 10 / 5)
    loss = 1.7 + 410 / size**0.34 + 900 / tokens**0.29
    return pd.DataFrame(
        {
            "Name": [f"sunny-lake-{k}" for k in place],
            "State": np.where(place % 10 == 0, np.where(place % 20, "running", "crashed"), "finished"),
            "config.n_params": size,
            "config.tokens": tokens,
            "config.lr": 3e-4,
            "config.seed": place % 3,
            "config.optimizer": "adam",
            "summary._step": place * 10,
            "summary._runtime": 3.5 + np.sin(place),
            "summary._timestamp": 1.7e9 + place,
            "summary.val.acc": 1 / loss,
            "summary.loss": np.where(place % 10 == 0, np.nan, loss),
        }
    )


def refused(message: str):
    return pytest.raises(InputError, match=re.escape(in_python(message)))


SWEPT = np.array([8.0, 64, 512, 4096, 8192, 32768, 65536, 262144])
TOOK = 20 + 1.5 * SWEPT

SIZES = (1e7, 3e7, 1e8, 3e8, 1e9)
ROWS = [(n, d, 1.7 + 400 / n**0.34 + 900 / d**0.3) for n in SIZES for d in (1e9, 1e10, 1e11)]
FRAME = pd.DataFrame(ROWS, columns=["N", "D", "loss"]).round(4)
