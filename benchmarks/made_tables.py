"""Seconds and quality of whole commands on generated tables that are wide, long or small.

Every table is a known law of some of its columns with noise, from a fixed seed; a second file holds rows beyond the
data. `discover` runs once on each table with default options. Seconds of the processor are those of the command and of
all processes that it began, which a machine shared with others distorts less than the seconds that pass.

    python -m benchmarks.made_tables [--only wide,long] [--discover PATH_OF_ANOTHER_DISCOVER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lawsmith.tasks.arrays import Array

Columns = dict[str, Array]
TITLES = ("case", "rows", "columns", "wall, s", "CPU, s", "tried", "constants", "valid. R2", "R2 beyond")


@dataclass(frozen=True)
class MadeTable:
    """A table of `rows` rows: `columns(rng, rows, reach)` draws features, `law(columns)` is the target without noise.

    Rows beyond the data have `reach` larger than 1. noise: in standard deviations of the target, or relative to it.
    """

    name: str
    rows: int
    columns: Callable[[np.random.Generator, int, float], Columns]
    law: Callable[[Columns], Array]
    relative: bool = True
    groups: int = 1
    noise: float = 0.01

    def frame(self, rng: np.random.Generator, rows: int, reach: float) -> pd.DataFrame:
        """Features, the target `y`, and the column `model` where there are groups."""
        columns = self.columns(rng, rows, reach)
        codes = rng.integers(self.groups, size=rows)
        exact = self.law(columns) * (1 + 0.2 * codes)
        size = np.abs(exact) if self.relative else exact.std() * np.ones(rows)
        measured = exact + self.noise * (reach == 1) * size * rng.standard_normal(rows)
        names = np.array([f"family-{'abcdefgh'[k]}" for k in range(8)])
        return pd.DataFrame(columns | {"y": measured} | ({"model": names[codes]} if self.groups > 1 else {}))


def scales(count: int) -> Callable[[np.random.Generator, int, float], Columns]:
    """Positive features over three decades, N and D of them over their usual ones."""

    def drawn(rng: np.random.Generator, rows: int, reach: float) -> Columns:
        columns = {"N": 1e7 * reach * 10 ** rng.uniform(0, 3, rows), "D": 1e9 * reach * 10 ** rng.uniform(0, 3, rows)}
        return columns | {f"p{k}": 10 ** rng.uniform(-1, 2, rows) for k in range(count - 2)}

    return drawn


def signed(count: int) -> Callable[[np.random.Generator, int, float], Columns]:
    """Features around zero."""
    return lambda rng, rows, reach: {f"x{k}": rng.uniform(-2 * reach, 2 * reach, rows) for k in range(count)}


def loss(x: Columns) -> Array:
    """A loss of model size and data."""
    return np.asarray(1.7 + 400 / x["N"] ** 0.34 + 410 / x["D"] ** 0.28)


def force(x: Columns) -> Array:
    """A force of signed features."""
    return np.asarray(2 * x["x0"] - 0.7 * x["x1"] ** 2 + 1.5 * x["x0"] * x["x2"] + 0.5)


CASES = (
    MadeTable("wide-scales", 150, scales(39), loss),
    MadeTable("wide-signed", 150, signed(39), force, relative=False),
    MadeTable("wide-groups", 150, scales(38), loss, groups=3),
    MadeTable("long-scales", 300_000, scales(3), loss),
    MadeTable("long-signed", 300_000, signed(3), force, relative=False),
    MadeTable("long-groups", 300_000, scales(2), loss, groups=4),
    MadeTable("small-scales", 60, scales(5), loss),
    MadeTable("small-signed", 60, signed(5), force, relative=False),
    MadeTable("small-groups", 60, scales(4), loss, groups=3),
)


def measure(case: MadeTable, discover: list[str], folder: Path) -> tuple[object, ...]:
    """One command on one case; the values of a row of the table."""
    rng = np.random.default_rng(7)
    train, beyond = folder / "train.csv", folder / "beyond.csv"
    case.frame(rng, case.rows, 1.0).to_csv(train, index=False)
    case.frame(rng, 400, 3.0).to_csv(beyond, index=False)
    command = [*discover, "--data", str(train), "--target", "y", "--test", str(beyond), "--runs", "1", "--json"]
    command += ["--runs-dir", str(folder / "runs")] + (["--group", "model"] if case.groups > 1 else [])
    began, used = time.monotonic(), os.times()
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, now = time.monotonic() - began, os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    run = json.loads(found.stdout)["runs"][0]
    print(f"  {run['expression']}", flush=True)
    columns = len(pd.read_csv(train, nrows=1).columns)
    figures = (run["candidates"], run["constants_count"], run["validation_r2"], run["r2"])
    return case.name, case.rows, columns, seconds, cpu, *figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="beginnings of the cases' names")
    parser.add_argument("--discover", help="the command to measure instead of this one")
    options = parser.parse_args()
    discover = [options.discover] if options.discover else [sys.executable, "-m", "lawsmith"]
    print("".join(f"{title:>14s}" for title in TITLES))
    for case in CASES:
        if not case.name.startswith(tuple(options.only.split(","))):
            continue
        folder = Path(tempfile.mkdtemp())
        values = measure(case, discover, folder)
        shutil.rmtree(folder)
        print("".join(f"{v:14.3f}" if isinstance(v, float) else f"{v!s:>14s}" for v in values), flush=True)


if __name__ == "__main__":
    main()
