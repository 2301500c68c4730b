"""How well the chosen law extrapolates, on data the search never sees.

For each benchmark task the *training* rows are cut once more at their own frontiers, at several depths (test splits are
not touched), the whole search runs on the rest, and every law it tried is scored on the part cut off. Beside them run
synthetic tasks whose truth is known. Compared: the chosen law, the best training fit, the BIC choice, and the best in
hindsight.

    python -m benchmarks.extrapolation [--data-dir DIR] [--tasks a,b] [--near] [--synthetic N] [--r-tables] [--out FILE]
    python -m benchmarks.extrapolation --read FILE ...        # the table from saved trials
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from benchmarks import SLDBENCH
from benchmarks.case import Case
from benchmarks.synthetic import LAWS, synthetic
from lawsmith.agent.command.doubts import doubted
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.selection import choose
from lawsmith.agent.symbolic import SymbolicProposer
from lawsmith.agent.symbolic.start_forms import within
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox import Constants, PredictJob, Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Array, Dataset, Table, Task, load
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.metrics import r2

CLIP = -1.0
NEAR = (">1", "corner>2", "points1", "points2")  # the others cut deeper, or again what these cut


@dataclass(frozen=True)
class FarOutcome:
    """The trials of one case and the R² of each on the part that was cut off."""

    case: str
    task: Task
    trials: tuple[Trial, ...]
    outer: dict[str, float]
    seconds: float
    test: Table | None = None


def cases(tasks: Sequence[str], data_dir: Path | None, count: int, *, deeper: bool = False) -> Iterator[Case]:
    for name in tasks:
        task = load(name, data_dir).task
        for fold in frontier_folds(task.train):
            if fold.name.endswith(NEAR) or (deeper and fold.kind != "levels"):
                inner = replace(task, train=task.train.take(fold.fitted))
                if frontier_folds(inner.train):
                    yield Case(f"{name} {fold.name}", Dataset(inner, task.train.take(fold.held_out)))
    rng = np.random.default_rng(20)
    for k in range(count):
        law = LAWS[k % len(LAWS)]
        noise = float(rng.choice([0.001, 0.003, 0.01]))
        groups = int(rng.choice([1, 1, 4, 12])) if len(law.features) == 1 else int(rng.choice([1, 1, 3]))
        design = str(rng.choice(["grid", "random"]))
        dataset = synthetic(law, 100 + k, noise=noise, groups=groups, design=design)
        yield Case(f"synthetic {law.name}, noise {noise:g}, {groups} groups, {design} #{k}", dataset)


def believed(case: Case, sandbox: Sandbox) -> Case:
    """The case with rows that count as they do in a search: doubted ones hardly, and others by their errors."""
    return replace(case, dataset=doubted(case.dataset, sandbox)[0])


def timed(task: Task, sandbox: Sandbox, seconds: float = np.inf) -> tuple[tuple[float, Trial], ...]:
    """The usable trials of one search, each with the seconds after which it was there; with a limit of time the search
    goes on until then, or until there is a law, as the command does."""
    history, began = History(), time.monotonic()

    def left() -> bool:
        return time.monotonic() - began < seconds

    proposer = SymbolicProposer(
        task, 0, within(sandbox), endless=bool(np.isfinite(seconds)), out_of_time=lambda: not left()
    )
    found: list[tuple[float, Trial]] = []
    with Evaluator(sandbox, SearchTask.of(task)) as evaluator:
        while (left() or not history.has_law) and (proposals := proposer.propose(history)):
            fresh = {p.id: p for p in proposals if p.id not in history}
            futures = [(p, evaluator.submit(p.source)) for p in fresh.values()]
            for proposal, future in futures:
                history.append(Trial(proposal.id, proposal, future.result()))
                found.append((time.monotonic() - began, history[proposal.id]))
    return tuple((when, trial) for when, trial in found if trial.usable)


def explore(case: Case, sandbox: Sandbox, seconds: float = np.inf) -> tuple[Trial, ...]:
    """The usable trials of one whole search on the case's training rows, or of one with a limit of time."""
    return tuple(trial for _, trial in timed(case.dataset.task, sandbox, seconds))


def run(case: Case, sandbox: Sandbox) -> FarOutcome:
    began = time.monotonic()
    case = believed(case, sandbox)
    trials = explore(case, sandbox)
    outer = {trial.id: score(trial, case.dataset, sandbox, whole=case.whole) for trial in trials}
    return FarOutcome(case.name, case.dataset.task, trials, outer, time.monotonic() - began, case.dataset.test)


def score(trial: Trial, dataset: Dataset, sandbox: Sandbox, *, whole: bool = False) -> float:
    """R² of a trial's law on the part that was cut off, at least -1; see `Case` for `whole`."""
    assert dataset.test is not None and trial.evaluation.constants is not None
    constants = Constants.from_json(trial.evaluation.constants)
    job = PredictJob(trial.proposal.source, dataset.task.schema, constants, (dataset.test.hide(),))
    result = sandbox.run(job)
    return beyond_r2(result.predictions[0], dataset, whole=whole) if result.predictions else CLIP


def beyond_r2(predicted: Array, dataset: Dataset, *, whole: bool = False) -> float:
    """R² of predictions (n, targets) of the part that was cut off, at least -1; see `Case` for `whole`."""
    assert dataset.test is not None
    if not np.isfinite(predicted).all():
        return CLIP
    measured = dataset.test.target_matrix()
    found = r2(measured, predicted)
    if whole:
        spread = np.concatenate([dataset.task.train.target_matrix(), measured]).std(axis=0)
        found = 1 - (1 - found) * float(np.mean(np.minimum(measured.std(axis=0) / spread, 1.0) ** 2))
    return max(CLIP, found)


def best_fit(outcome: FarOutcome) -> str:
    return min(outcome.trials, key=lambda t: t.evaluation.train.nmse if t.evaluation.train else np.inf).id


def bic(outcome: FarOutcome) -> str:
    rows = len(outcome.task.train) * len(outcome.task.schema.targets)
    groups = len(np.unique(outcome.task.train.codes)) * len(outcome.task.schema.targets)

    def criterion(trial: Trial) -> float:
        found = trial.evaluation
        assert found.train is not None and found.constants_count is not None
        fit = rows * np.log(max(found.train.nmse, 1e-300))
        return float(fit + groups * found.constants_count * np.log(rows))

    return min(outcome.trials, key=criterion).id


def hindsight(outcome: FarOutcome) -> str:
    return max(outcome.outer, key=lambda id: outcome.outer[id])


def chosen(outcome: FarOutcome) -> str:
    return choose(outcome.trials, outcome.task).winner.id


CHOICES: dict[str, Callable[[FarOutcome], str]] = {
    "chosen": chosen,
    "best fit": best_fit,
    "BIC": bic,
    "hindsight": hindsight,
}


def table(outcomes: Sequence[FarOutcome]) -> str:
    """R² of each choice in each case."""
    lines = [f"{'case':58s}" + "".join(f"{name[:16]:>18s}" for name in CHOICES) + "   seconds"]
    scores = np.array([[one.outer[pick(one)] for pick in CHOICES.values()] for one in outcomes])
    for outcome, row in zip(outcomes, scores, strict=True):
        lines.append(f"{outcome.case[:57]:58s}" + "".join(f"{v:18.4f}" for v in row) + f"{outcome.seconds:10.1f}")
    tables = np.array([o.case.startswith("R ") for o in outcomes])
    real = np.array([not o.case.startswith("synthetic") for o in outcomes]) & ~tables
    near = np.array([o.case.endswith(NEAR) for o in outcomes])
    parts = {"near cuts": real & near, "deeper cuts": real & ~near, "all cuts": real, "tables": tables}
    parts["synthetic"] = ~real & ~tables
    for title, mask in parts.items():
        if mask.any():
            part = scores[mask]
            lines.append(f"{'mean of ' + title:58s}" + "".join(f"{v:18.4f}" for v in part.mean(axis=0)))
            lines.append(f"{'worst of ' + title:58s}" + "".join(f"{v:18.4f}" for v in part.min(axis=0)))
    return "\n".join(lines)


def _r_tables() -> Iterator[Case]:
    from benchmarks import r_tables  # which makes cases as defined here

    return r_tables.cases()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--tasks", default=SLDBENCH)
    parser.add_argument("--synthetic", type=int, default=30)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--near", action="store_true", help="only one cut for each feature, and the corner")
    parser.add_argument("--r-tables", action="store_true", help="also the tables of benchmarks.r_tables")
    parser.add_argument("--read", type=Path, nargs="+")
    options = parser.parse_args()
    if options.read:
        outcomes = [outcome for path in options.read for outcome in pickle.loads(path.read_bytes())]
        print(table(outcomes))
        return
    outcomes = []
    with Sandbox() as sandbox:
        tasks = [t for t in options.tasks.split(",") if t]
        todo = cases(tasks, options.data_dir, options.synthetic, deeper=not options.near)
        for case in chain(todo, _r_tables() if options.r_tables else ()):
            outcomes.append(run(case, sandbox))
            one = outcomes[-1]
            picks = {name: round(one.outer[pick(one)], 4) for name, pick in CHOICES.items()}
            print(
                json.dumps({"case": one.case, "seconds": round(one.seconds, 1), "tried": len(one.trials), **picks}),
                flush=True,
            )
            if options.out:
                options.out.write_bytes(pickle.dumps(outcomes))
    print(table(outcomes))


if __name__ == "__main__":
    main()
