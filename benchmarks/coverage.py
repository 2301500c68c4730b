"""How often prediction intervals contain what was measured, on rows that neither search nor intervals ever see.

As in `benchmarks.extrapolation`, the *training* rows of each benchmark task are cut once more at their own frontiers
(test splits are not touched), and so are the training tables of a corpus (see `benchmarks.corpus`). Synthetic tasks of
known truth run beside them (noise is added to their test part: an interval is for a measurement). A short search runs
on the rest, a law is chosen, its intervals are estimated, and the rows that were cut off are counted. Every case counts
once, whatever its number of rows.

    python -m benchmarks.coverage [--data-dir DIR] [--tasks a,b] [--synthetic N] [--corpus DIR] [--seconds S] [--out F]
    python -m benchmarks.coverage --read FILE
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import SLDBENCH, corpus
from benchmarks.case import Case
from benchmarks.extrapolation import cases
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.selection import choose
from lawsmith.agent.symbolic import SymbolicProposer
from lawsmith.agent.symbolic.start_forms import within
from lawsmith.runs.intervals import predict
from lawsmith.runs.intervals.estimate import EvaluatedLaw, estimate
from lawsmith.runs.intervals.predict import multiplier
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox import Constants, Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks.task import thinned

LEVELS = (0.5, 0.9)
BATCH = 8
CORPUS_CUTS = 2
MOST_ROWS = 200
NOISE_SEED = 7


def search(case: Case, sandbox: Sandbox, seconds: float) -> History:
    """The symbolic search on the case's training rows, for about so long."""
    task, history, until = case.dataset.task, History(), time.monotonic() + seconds
    proposer = SymbolicProposer(task, 0, within(sandbox))
    with Evaluator(sandbox, SearchTask.of(task)) as evaluator:
        while proposals := proposer.propose(history):
            fresh = list({p.id: p for p in proposals if p.id not in history}.values())
            for begin in range(0, len(fresh), BATCH):
                futures = [(p, evaluator.submit(p.source)) for p in fresh[begin : begin + BATCH]]
                for proposal, future in futures:
                    history.append(Trial(proposal.id, proposal, future.result()))
                if time.monotonic() > until and history.usable():
                    return history
    return history


def measure(case: Case, sandbox: Sandbox, seconds: float) -> dict[str, Any]:
    """What was measured on the rows cut off, and the intervals that were given for them."""
    task, test = thinned(case.dataset.task), case.dataset.test
    assert test is not None
    case = replace(case, dataset=replace(case.dataset, task=task))
    history = search(case, sandbox, seconds)
    choice = choose(history.usable(), task)
    laws = [_fitted(history[name]) for name in choice.votes]
    known = estimate(task, laws, sandbox)
    rows = test.take(np.linspace(0, len(test) - 1, min(len(test), MOST_ROWS)).astype(int))
    found = predict(known, task.schema, rows, sandbox)
    return {
        "case": case.name,
        "tried": len(history),
        "laws": len(known.members),
        "folds": known.folds,
        "errors": [errors.model_dump(mode="json") for errors in known.errors],
        "measured": _measured(case, rows.target_matrix()).tolist(),
        "units": [[errors.unit[rows.groups[code]] for errors in known.errors] for code in rows.codes],
        "intervals": [[asdict(one) for one in row] for row in found],
    }


def _fitted(trial: Trial) -> EvaluatedLaw:
    assert trial.evaluation.constants is not None
    constants = Constants.from_json(trial.evaluation.constants)
    return EvaluatedLaw(trial.id, trial.proposal.source, constants, trial.evaluation.folds)


def _measured(case: Case, targets: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The targets; those of a synthetic test part get the noise that its training rows have."""
    if "noise" not in case.name:
        return targets
    noise = float(case.name.split("noise ")[1].split(",")[0])
    spread = case.dataset.task.train.target_matrix().std(axis=0)
    return np.asarray(targets + noise * spread * np.random.default_rng(NOISE_SEED).standard_normal(targets.shape))


def coverage(found: dict[str, Any], level: float) -> float:
    """Share of the rows and targets whose measurement lies in its interval."""
    measured = np.array(found["measured"])
    value = np.array([[one["value"] for one in row] for row in found["intervals"]])
    return float(np.mean(np.abs(measured - value) <= halves(found, level)))


def halves(found: dict[str, Any], level: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n, T): half the width of each interval."""
    widest = [multiplier(one["ratios"], found["folds"], level) for one in found["errors"]]
    return np.asarray(sizes(found) * np.array(widest))


def sizes(found: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n, T): the standard deviations that the intervals were given."""
    parts = ("parameter", "model", "noise", "extrapolation")
    squares = [[sum(one[part] ** 2 for part in parts) for one in row] for row in found["intervals"]]
    return np.asarray(np.sqrt(np.array(squares)))


def width(found: dict[str, Any], level: float) -> float:
    """Median full width of an interval, in standard deviations of the training targets of its group."""
    return float(np.median(2 * halves(found, level) / np.array(found["units"])))


def table(results: Sequence[dict[str, Any]]) -> str:
    """Coverage per task, and over each family: tasks, corpus, synthetic cases; as Markdown."""
    by_task: dict[str, list[dict[str, Any]]] = {}
    for found in results:
        by_task.setdefault(found["case"].split()[0], []).append(found)
    lines = [
        "| task | cases | rows | 50 % intervals | 90 % intervals | width (90 %) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for task, part in by_task.items():
        lines.append(_line(task, part))
    families = ("corpus", "synthetic")
    real = [found for found in results if not found["case"].startswith(families)]
    if real:
        lines.append(_line("**all cuts of the tasks**", real))
    lines.append(_line("**all**", results))
    return "\n".join(lines)


def _line(title: str, part: Sequence[dict[str, Any]]) -> str:
    half, most = (100 * float(np.mean([coverage(found, level) for found in part])) for level in LEVELS)
    rows = sum(len(found["measured"]) for found in part)
    wide = float(np.median([width(found, 0.9) for found in part]))
    return f"| {title} | {len(part)} | {rows} | {half:.0f} % | {most:.0f} % | {wide:.2f} |"


def all_cases(tasks: Sequence[str], options: argparse.Namespace) -> Iterator[Case]:
    """Cuts of the tasks, synthetic cases, and two cuts of each training table of the corpus, if one is named."""
    yield from cases(tasks, options.data_dir, options.synthetic)
    if options.corpus is not None:
        for case in corpus.cases(options.corpus, (), {}, CORPUS_CUTS):
            yield replace(case, name=f"corpus {case.name}")


def results(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    tasks = [name for name in options.tasks.split(",") if name]
    with Sandbox() as sandbox:
        for case in all_cases(tasks, options):
            began = time.monotonic()
            found = json.loads(json.dumps(measure(case, sandbox, options.seconds)))
            covered = {level: round(coverage(found, level), 3) for level in LEVELS}
            print(f"{found['case']}: {covered}, {time.monotonic() - began:.0f} s", flush=True)
            yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--tasks", default=SLDBENCH)
    parser.add_argument("--synthetic", type=int, default=30)
    parser.add_argument("--corpus", type=Path, metavar="DIR")
    parser.add_argument("--seconds", type=float, default=30.0, help="of search per case")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--read", type=Path)
    options = parser.parse_args()
    if options.read:
        print(table([json.loads(line) for line in options.read.read_text("utf-8").splitlines()]))
        return
    found = []
    for one in results(options):
        found.append(one)
        if options.out:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(one) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
