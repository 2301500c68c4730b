"""Extrapolation of our search beside other symbolic regression packages: the same cases, seconds and one thread each.

Every package gets each group's rows alone, features in units near 1 (ours chooses its units itself), the time shared
out over the groups, and the functions +, -, *, /, power, log and exp where it has them.

    pip install 'lawsmith[peers]'
    python -m benchmarks.peers [--data-dir DIR] [--tasks a,b] [--synthetic N] [--seconds 120]
                              [--packages ours,operon,gplearn]
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.extrapolation import CLIP, Case, cases, explore, score
from lawsmith.agent.search.selection import choose
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, IntArray, Table, names, r2

Regress = Callable[[Array, Array, Array, float], Mapping[str, Array]]
"""Features and target of one group, the features to predict at, seconds -> predictions of each choice."""

NOISE_SHARE = (
    0.1  # of its seconds in which operon finds out how large the noise is, which its MDL needs to know
)


def ours(case: Case, seconds: float) -> dict[str, float]:
    with Sandbox(workers=1) as sandbox:
        trials = explore(case, sandbox, seconds)
        return {"ours": score(choose(trials, case.dataset.task).winner, case.dataset, sandbox)}


def operon(x: Array, y: Array, beyond: Array, seconds: float) -> dict[str, Array]:
    """One search for short laws that fit well (NSGA-II), and two choices from its front."""
    quick = _operon(["r2"], 1.0, NOISE_SHARE * seconds).fit(x, y)
    noise = float(np.sqrt(quick.pareto_front_[0]["mean_squared_error"])) or 1.0
    found = _operon(["r2", "length"], noise, (1 - NOISE_SHARE) * seconds).fit(x, y)
    choices = {"operon, best fit": "mean_squared_error", "operon, MDL": "minimum_description_length"}
    return {
        name: found.evaluate_model(min(found.pareto_front_, key=lambda law: law[criterion])["tree"], beyond)
        for name, criterion in choices.items()
    }


def _operon(objectives: list[str], noise: float, seconds: float) -> Any:
    from pyoperon.sklearn import SymbolicRegressor

    return SymbolicRegressor(
        allowed_symbols="add,sub,mul,div,pow,log,exp,constant,variable",
        objectives=objectives,
        uncertainty=[noise],
        optimizer_iterations=10,
        max_length=30,
        generations=10**6,
        max_evaluations=10**9,
        max_time=max(1, round(seconds)),
        n_threads=1,
        random_state=0,
    )


def gplearn(x: Array, y: Array, beyond: Array, seconds: float) -> dict[str, Array]:
    from gplearn.genetic import SymbolicRegressor

    began, generations = time.monotonic(), 0
    model = SymbolicRegressor(
        function_set=("add", "sub", "mul", "div", "log", "sqrt", "inv"),
        metric="mse",
        const_range=(-10.0, 10.0),
        warm_start=True,
        random_state=0,
    )
    while not generations or time.monotonic() - began < seconds:
        generations += 5
        model.set_params(generations=generations).fit(x, y)
    return {"gplearn": np.asarray(model.predict(beyond))}


def peer(regress: Regress, case: Case, seconds: float) -> dict[str, float]:
    """R² of a package's laws, one per group and target, on the part that was cut off, by choice."""
    train, test = case.dataset.task.train, case.dataset.test
    assert test is not None
    unit = np.array(list(profile(train).unit.values()))
    wanted = test.target_matrix()
    predicted: dict[str, Array] = defaultdict(lambda: np.full(wanted.shape, np.nan))
    present = np.unique(test.codes)
    share = seconds / (len(present) * wanted.shape[1])
    for code in present:
        rows, beyond = _of(train, int(code)), _of(test, int(code))
        for k in range(wanted.shape[1]):
            y = train.target_matrix()[rows, k]
            laws = regress(train.matrix()[rows] / unit, y, test.matrix()[beyond] / unit, share)
            for name, values in laws.items():
                predicted[name][beyond, k] = values
    return {
        name: max(CLIP, r2(wanted, values)) if np.isfinite(values).all() else CLIP
        for name, values in predicted.items()
    }


PACKAGES: dict[str, Callable[[Case, float], dict[str, float]]] = {
    "ours": ours,
    "operon": partial(peer, operon),
    "gplearn": partial(peer, gplearn),
}


def _of(table: Table, code: int) -> IntArray:
    return np.flatnonzero(table.codes == code)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--tasks", default=",".join(names()))
    parser.add_argument("--synthetic", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--packages", default=",".join(PACKAGES))
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    table: dict[str, list[float]] = defaultdict(list)
    with threadpool_limits(1):
        for case in cases([t for t in options.tasks.split(",") if t], options.data_dir, options.synthetic):
            found: dict[str, float] = {}
            for package in options.packages.split(","):
                found |= PACKAGES[package](case, options.seconds)
            print(json.dumps({"case": case.name} | {n: round(s, 4) for n, s in found.items()}), flush=True)
            for name, value in found.items():
                table[name].append(value)
    for name, scores in table.items():
        print(f"{name:18s} mean {np.mean(scores):8.4f}   worst {min(scores):8.4f}   cases {len(scores)}")


if __name__ == "__main__":
    main()
