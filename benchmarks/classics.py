"""Well-known laws of this field and of others: how well the chosen law holds beyond the data.

    python -m benchmarks.classics [--noise 0.005] [--set SET] [NAME ...]

A law says over which ranges its features are measured and over which it is asked for; features are drawn at random,
60 rows for each. Scores are test R² of the chosen law and of the best law tried; *left* is the share of the training
rows' variance that the chosen law leaves. docs/benchmarks.md says which sets the forms of the search were extended
with.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.case import Case
from benchmarks.extrapolation import believed, explore, score
from benchmarks.feynman import FEYNMAN
from benchmarks.known_laws import SETS as OTHERS
from benchmarks.known_laws import Known
from lawsmith.agent.search.selection import choose
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, Dataset, Provenance, Schema, Table, Task
from lawsmith.tasks.schema import Column

ROWS = 60  # per feature
EXACT = 1e-20  # share of the variance that rounding alone leaves
SETS = {**OTHERS, "feynman": FEYNMAN}


def case(name: str, known: Known, noise: float, seed: int = 0) -> Case:
    """Training rows with `noise` relative to the spread of the truth; test rows have none."""
    rng = np.random.default_rng(seed)
    names = tuple(known.features)
    x, y = known.table(0, ROWS * len(names), rng)
    beyond = known.table(1, 40, rng)
    y = y + noise * y.std() * rng.standard_normal(len(y))
    schema = Schema(
        name="classic", long_name=name, title=name, features=names, targets=("y",), group="group", cap=None,
        columns={n: Column(name=n) for n in (*names, "y")},
    )  # fmt: skip
    task = Task(schema, _one_group(x, y), Provenance(source="file", sha256="", path=None))
    return Case(name, Dataset(task, _one_group(*beyond)))


def _one_group(x: dict[str, Array], y: Array) -> Table:
    return Table(x, {"y": y}, ("all",), np.zeros(len(y), dtype=np.intp))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--noise", type=float, default=0.005)
    parser.add_argument("--set", choices=SETS)
    options = parser.parse_args()
    print(f"{'law':20s}{'chosen':>9s}{'hindsight':>11s}{'left':>9s}{'seconds':>9s}")
    with Sandbox() as sandbox:
        for title, laws in {options.set: SETS[options.set]}.items() if options.set else SETS.items():
            chosen, left = list[float](), list[float]()
            for name in [name for name in laws if not options.names or name in options.names]:
                began = time.monotonic()
                one = believed(case(name, laws[name], options.noise), sandbox)
                trials = explore(one, sandbox)
                seconds = time.monotonic() - began
                winner = choose(trials, one.dataset.task).winner
                chosen.append(score(winner, one.dataset, sandbox))
                left.append(winner.evaluation.train.nmse if winner.evaluation.train else np.inf)
                best = max(score(trial, one.dataset, sandbox) for trial in trials)
                print(f"{name:20s}{chosen[-1]:9.3f}{best:11.3f}{left[-1]:9.0e}{seconds:9.1f}", flush=True)
            if chosen:
                good = sum(value >= 0.95 for value in chosen)
                exact = sum(value < EXACT for value in left)
                print(f"{title}: mean {np.mean(chosen):.3f}, at least 0.95 in {good} of {len(chosen)}, {exact} exact")


if __name__ == "__main__":
    main()
