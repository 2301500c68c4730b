"""Extrapolation of our search beside other symbolic regression packages: the same cases, seconds and one thread each.

Every package gets each group's rows alone, features in units near 1 (ours chooses its units itself), the time shared
out over the groups, and the functions +, -, *, /, power, log and exp where it has them.

    pip install 'lawsmith[peers]'
    python -m benchmarks.peers [--data-dir DIR] [--tasks a,b] [--synthetic N] [--seconds 120]
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from agent.selection import choose
from agent.symbolic.profile import profile
from benchmarks.extrapolation import CLIP, Case, cases, explore, score
from sandbox import Sandbox
from tasks import Array, Dataset, Table, names, r2

Regress = Callable[[Array, Array, Array, float], Array]
"""Features and target of one group, the features to predict at, seconds -> predictions."""


def ours(case: Case, seconds: float) -> float:
    with Sandbox(workers=1) as sandbox:
        trials = explore(case, sandbox, seconds)
        return score(choose(trials, case.dataset.task).winner, case.dataset, sandbox)


def operon(criterion: str) -> Regress:
    def regress(x: Array, y: Array, beyond: Array, seconds: float) -> Array:
        from pyoperon.sklearn import SymbolicRegressor

        model = SymbolicRegressor(
            allowed_symbols="add,sub,mul,div,pow,log,exp,constant,variable",
            optimizer_iterations=10,
            max_length=30,
            generations=10**6,
            max_evaluations=10**9,
            max_time=max(1, round(seconds)),
            model_selection_criterion=criterion,
            n_threads=1,
            random_state=0,
        )
        return np.asarray(model.fit(x, y).predict(beyond))

    return regress


def gplearn(x: Array, y: Array, beyond: Array, seconds: float) -> Array:
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
    return np.asarray(model.predict(beyond))


PEERS: dict[str, Regress] = {
    "operon, best fit": operon("mean_squared_error"),
    "operon, MDL": operon("minimum_description_length"),
    "gplearn": gplearn,
}


def peer(regress: Regress, dataset: Dataset, seconds: float) -> float:
    """R² of a package's laws, one per group and target, on the part that was cut off."""
    assert dataset.test is not None
    train, test = dataset.task.train, dataset.test
    unit = np.array(list(profile(train).unit.values()))
    predicted = np.full(test.target_matrix().shape, np.nan)
    present = np.unique(test.codes)
    share = seconds / (len(present) * predicted.shape[1])
    for code in present:
        rows, wanted = _of(train, int(code)), _of(test, int(code))
        for k in range(predicted.shape[1]):
            y = train.target_matrix()[rows, k]
            predicted[wanted, k] = regress(
                train.matrix()[rows] / unit, y, test.matrix()[wanted] / unit, share
            )
    return max(CLIP, r2(test.target_matrix(), predicted)) if np.isfinite(predicted).all() else CLIP


def _of(table: Table, code: int) -> Array:
    return np.flatnonzero(table.codes == code)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--tasks", default=",".join(names()))
    parser.add_argument("--synthetic", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    table: dict[str, list[float]] = {name: [] for name in ("ours", *PEERS)}
    with threadpool_limits(1):
        for case in cases([t for t in options.tasks.split(",") if t], options.data_dir, options.synthetic):
            table["ours"].append(ours(case, options.seconds))
            for name, regress in PEERS.items():
                table[name].append(peer(regress, case.dataset, options.seconds))
            print(
                json.dumps({"case": case.name} | {n: round(s[-1], 4) for n, s in table.items()}), flush=True
            )
    for name, scores in table.items():
        print(f"{name:18s} mean {np.mean(scores):8.4f}   worst {min(scores):8.4f}   cases {len(scores)}")


if __name__ == "__main__":
    main()
