"""How well the search does on a folder of tables, NAME.train.csv beside NAME.test.csv.

    python -m benchmarks.corpus DIR [NAME ...] [--outer CUTS] [--seconds S] [--cap K]
                               [--target NAME=COLUMN]

The target is the last column, unless named. With `--outer` no test file is opened: the search runs on training rows
that are cut at their own frontiers, and the part cut off is the test; 1 takes the cut at the corner alone, more also
cut along features. Printed: R² of the chosen law and of the best law tried on the test rows (at least -1), the training
error of the chosen law as a share of the variance, its constants, laws tried, seconds, and both formulas.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.case import Case
from benchmarks.extrapolation import NEAR, believed, explore, score
from lawsmith.agent.search.selection import choose
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Dataset, read_dataset
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.task import thinned

SUFFIX = ".train.csv"


def cases(
    folder: Path, wanted: Sequence[str], targets: Mapping[str, str], outer: int, cap: int | None = None
) -> Iterator[Case]:
    """The tables with their test files, or each training table cut at its frontiers."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        name = path.name.removesuffix(SUFFIX)
        if wanted and name not in wanted:
            continue
        with path.open() as file:
            target = targets.get(name) or next(csv.reader(file))[-1]
        test = None if outer else path.with_name(f"{name}.test.csv")
        dataset = read_dataset(path, (target,), test=test, cap=cap)
        if not outer:
            yield Case(name, dataset)
            continue
        train = dataset.task.train
        near = [fold for fold in frontier_folds(train) if fold.name.endswith(NEAR)]
        for fold in reversed(near[-outer:]):
            inner = replace(dataset.task, train=train.take(fold.fitted))
            yield Case(f"{name} {fold.name}", Dataset(inner, train.take(fold.held_out)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--outer", type=int, default=0, metavar="CUTS", help="of the training rows; no test file is opened"
    )
    parser.add_argument("--seconds", type=float, default=math.inf, help="of one search, which then goes on for so long")
    parser.add_argument("--cap", type=int, help="most constants that a law may have")
    parser.add_argument("--target", action="append", default=[], metavar="NAME=COLUMN")
    options = parser.parse_args()
    targets = dict(one.split("=", 1) for one in options.target)
    heads = f"{'table':34s}{'chosen':>9s}{'best':>9s}{'train':>9s}{'constants':>10s}{'tried':>7s}{'seconds':>8s}"
    print(f"{heads}  formulas")
    with Sandbox() as sandbox:
        for case in cases(options.folder, options.names, targets, options.outer, options.cap):
            case = replace(case, dataset=replace(case.dataset, task=thinned(case.dataset.task)))
            began = time.monotonic()
            case = believed(case, sandbox)
            trials = explore(case, sandbox, options.seconds)
            seconds = time.monotonic() - began
            winner = choose(trials, case.dataset.task).winner
            best = max(trials, key=lambda trial: score(trial, case.dataset, sandbox))
            found = winner.evaluation
            line = f"{case.name[:33]:34s}{score(winner, case.dataset, sandbox):9.4f}"
            line += f"{score(best, case.dataset, sandbox):9.4f}{found.train.nmse if found.train else math.nan:9.1e}"
            line += f"{found.constants_count or 0:10d}{len(trials):7d}{seconds:8.1f}"
            laws = [f"{law.proposal.origin}: {law.evaluation.formula}" for law in (winner, best)]
            print(line, *laws, sep="  | ", flush=True)


if __name__ == "__main__":
    main()
