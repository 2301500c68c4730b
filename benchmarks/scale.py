"""How time and memory grow with rows, groups and features: of a fit and of dividing a table into folds, or with
`--search` of a whole command, `discover --data TABLE --runs 1`.

Every case runs in a process of its own, so that its peak memory is its own; for a search it is that of its largest
process.

    python -m benchmarks.scale [--search] [--rows 1000,10000,100000,1000000] [--groups 1,100,10000] [--features 1,3,10]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from lawsmith.sandbox.fitting import Form, fit_form
from lawsmith.tasks import Table
from lawsmith.tasks.folds import frontier_folds

FIT = ("fit, CPU s", "folds, CPU s", "peak, GiB")
SEARCH = ("search, s", "peak, GiB")


def table(rows: int, groups: int, features: int) -> Table:
    """y = L_g + sum of x_k^-0.3 / (k + 1), 1 % noise, features log-uniform over three decades."""
    rng = np.random.default_rng(0)
    columns = {f"x{k}": 10 ** rng.uniform(-1, 2, rows) for k in range(features)}
    codes = np.sort(rng.integers(groups, size=rows))
    y = 1.0 + 0.01 * codes / groups + sum(column**-0.3 / (k + 1) for k, column in enumerate(columns.values()))
    y = y * (1 + 0.01 * rng.standard_normal(rows))
    return Table(columns, {"y": y}, tuple(f"g{k}" for k in range(groups)), codes)


def form() -> Form:
    """L + A x0^-a, in the first feature."""

    def call(x, p):  # type: ignore[no-untyped-def]
        return p["L"] + p["A"] * x["x0"] ** -p["a"]

    def gradient(x, p):  # type: ignore[no-untyped-def]
        term = x["x0"] ** -p["a"]
        return {"L": 1.0, "A": term, "a": -p["A"] * term * np.log(x["x0"])}

    return Form(("L", "A", "a"), np.array([0, -np.inf, 0]), np.array([np.inf, np.inf, 3]), call, gradient=gradient)


def measure(rows: int, groups: int, features: int) -> dict[str, float]:
    data = table(rows, groups, features)
    began = time.process_time()
    fit_form(form(), data, ["y"])
    fitted = time.process_time()
    frontier_folds(data)
    divided = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return dict(zip(FIT, (fitted - began, divided - fitted, peak), strict=True))


def search(rows: int, groups: int, features: int) -> dict[str, float]:
    data = table(rows, groups, features)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.parquet")
        names = np.array(data.groups)
        pd.DataFrame({**data.features, **data.targets, "model": names[data.codes]}).to_parquet(path)
        command = ["--data", str(path), "--target", "y", "--group", "model", "--runs-dir", folder]
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-c", "from agent.cli import main; main()", *command], check=True, capture_output=True
        )
        seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return dict(zip(SEARCH, (seconds, peak), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="1000,10000,100000,1000000")
    parser.add_argument("--groups", default="1,100,10000")
    parser.add_argument("--features", default="1,3,10")
    parser.add_argument("--search", action="store_true", help="whole searches instead of fits")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps((search if options.search else measure)(*map(int, options.one.split(",")))))
        return
    print("".join(f"{title:>14s}" for title in ("rows", "groups", "features", *(SEARCH if options.search else FIT))))
    for rows in map(int, options.rows.split(",")):
        for groups in (g for g in map(int, options.groups.split(",")) if 5 * g <= rows):
            for features in map(int, options.features.split(",")):
                case = (rows, groups, features)
                found = apart(case, options.search).values()
                print("".join(f"{n:14d}" for n in case) + "".join(f"{v:14.2f}" for v in found), flush=True)


def apart(case: tuple[int, int, int], searching: bool) -> dict[str, float]:
    """One case in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale", "--one", ",".join(map(str, case))]
    command += ["--search"] if searching else []
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


if __name__ == "__main__":
    main()
