"""Short searches over tables of every kind: how often the chosen law has no finite value on rows far beyond the data.

Each table is searched for a few seconds. The chosen law then predicts rows up to 100 times beyond it on both sides
(features that are no scales: up to 100 of their ranges, and not below zero where they are not), each feature drawn
alone and all together. Some tables keep
only a few rows, get a feature with zeros, or a few rows whose first feature is a thousandth of the smallest.

    python -m benchmarks.finite [--searches 100] [--seconds 8] [--first 0]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.case import Case
from benchmarks.extrapolation import explore
from benchmarks.grouped import LAWS as GROUPED
from benchmarks.grouped import case as grouped
from benchmarks.r_tables import cases as r_tables
from benchmarks.small_kinds import KINDS
from benchmarks.small_tables import dataset_of, table_of
from benchmarks.synthetic import LAWS, synthetic
from lawsmith.agent.search.selection import choose
from lawsmith.sandbox import Constants, PredictJob, Sandbox
from lawsmith.tasks import Dataset, InputError, Table
from lawsmith.tasks.arrays import is_logarithmic
from lawsmith.tasks.task import thinned

BEYOND = 100.0
ROWS = 60  # of a group, to be predicted


def tables() -> Iterator[Case]:
    """Tables of all benchmarks in turns, every third one disturbed."""
    rng = np.random.default_rng(1)
    sources: list[Iterator[Case]] = [
        (Case(f"synthetic {law.name}", synthetic(law, k, noise=0.01, groups=1 + k % 3)) for k, law in enumerate(LAWS)),
        (grouped(law, 0.01) for law in GROUPED),
        (Case(f"small {kind}", dataset_of(table_of(kind, 1))) for kind in KINDS),
        r_tables(),
    ]
    count = 0
    while sources:
        for source in list(sources):
            case = next(source, None)
            if case is None:
                sources.remove(source)
                continue
            yield case if count % 3 else _disturbed(case, count, rng)
            count += 1


def _disturbed(case: Case, count: int, rng: np.random.Generator) -> Case:
    """The table with a few rows alone, with zeros, or with rows of a tiny first feature."""
    task = case.dataset.task
    table, name = task.train, next(iter(task.train.features))
    how = ("few rows", "zeros", "tiny")[count // 3 % 3]
    if how == "few rows":
        keep = np.sort(rng.permutation(len(table))[: max(12, 4 * len(table.groups))])
        return Case(f"{case.name}, {how}", Dataset(replace(task, train=table.take(keep)), None))
    column = table.features[name].copy()
    some = rng.permutation(len(table))[: max(2, len(table) // 12)]
    column[some] = 0.0 if how == "zeros" else column[some] / 1000
    changed = replace(table, features={**table.features, name: column})
    return Case(f"{case.name}, {how}", Dataset(replace(task, train=changed), None))


def beyond(table: Table, rng: np.random.Generator) -> Table:
    """Rows of every group far beyond the data, their targets unknown (0)."""
    drawn: dict[str, list[float]] = {name: [] for name in table.features}
    codes = []
    for code in np.unique(table.codes):
        own = np.flatnonzero(table.codes == code)
        for row in range(ROWS):
            at = int(rng.choice(own))
            alone = list(table.features)[row % len(table.features)] if row % 2 else None
            for name, column in table.features.items():
                far = name not in table.categories and alone in (None, name)
                drawn[name].append(_far(column, rng) if far else float(column[at]))
            codes.append(int(code))
    features = {name: np.array(values) for name, values in drawn.items()}
    targets = {name: np.zeros(len(codes)) for name in table.targets}
    return replace(table, features=features, targets=targets, codes=np.array(codes), weight=None)


def _far(column: np.ndarray, rng: np.random.Generator) -> float:
    low, high = float(column.min()), float(column.max())
    if is_logarithmic(column):
        smallest = float(column[column > 0].min()) if (column > 0).any() else 1.0
        return float(np.exp(rng.uniform(np.log(smallest / BEYOND), np.log(BEYOND * max(high, smallest)))))
    least = low - BEYOND * (high - low)
    return float(rng.uniform(max(least, 0.0) if low >= 0 else least, high + BEYOND * (high - low)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each search")
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    asked = infinite = unsafe = none = 0
    with Sandbox() as sandbox:
        for number, case in enumerate(tables()):
            if number < options.first:
                continue
            if asked == options.searches:
                break
            asked += 1
            try:
                task = thinned(case.dataset.task)
                trials = explore(Case(case.name, Dataset(task, None)), sandbox, options.seconds)
            except InputError as error:
                none += 1
                print(f"{number:4d} {case.name[:50]:52s} refused: {error}", flush=True)
                continue
            if not trials:
                none += 1
                print(f"{number:4d} {case.name[:50]:52s} no law", flush=True)
                continue
            choice = choose(trials, task)
            winner = choice.winner
            assert winner.evaluation.constants is not None
            rows = beyond(task.train, np.random.default_rng(number))
            constants = Constants.from_json(winner.evaluation.constants)
            job = PredictJob(winner.proposal.source, task.schema, constants, (rows.hide(),))
            result = sandbox.run(job)
            finite = bool(result.predictions) and bool(np.isfinite(result.predictions[0]).all())
            told = winner.evaluation.unsafe is not None
            infinite, unsafe = infinite + (not finite), unsafe + told
            line = f"{number:4d} {case.name[:50]:52s}{len(trials):4d} {'finite' if finite else 'NOT FINITE':11s}"
            print(line, "unsafe  " if told else "        ", winner.evaluation.formula, flush=True)
    print(f"{asked} searches: {infinite} laws are not finite, {unsafe} are told to be unsafe, {none} without a law")


if __name__ == "__main__":
    main()
