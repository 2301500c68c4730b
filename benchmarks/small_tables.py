"""How well small tables of many kinds are extrapolated, beside a fit of the law that made them.

Every table is read as a user's own, rows are doubted, the whole search runs, and the chosen law predicts noise-free
rows beyond. Beside it the true form is fitted with the right weights, from its true constants: a fit that nobody can
beat by much. A table is *won* where the typical error beyond is at most twice that of this fit, or R² is at least 0.99.

    python -m benchmarks.small_tables [--kinds a,b] [--count 4] [--first 0] [--out FILE]
    python -m benchmarks.small_tables --read FILE ...         # chosen again from saved trials, by the present rules
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit

from benchmarks.case import Case
from benchmarks.extrapolation import CHOICES, FarOutcome, explore
from benchmarks.small_curves import CURVES
from benchmarks.small_kinds import KINDS as PLAIN
from benchmarks.small_kinds import SmallTable
from lawsmith.agent.command.doubts import doubted
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants, PredictJob, Sandbox
from lawsmith.tasks import Dataset, read_dataset
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.metrics import r2

KINDS = {**PLAIN, **CURVES}
SURPLUS, NEARLY = 2.0, 0.99  # times the error of the true form's fit, or R², at which a table is won
WORST = -1.0
MOST = 50.0  # times the error of the true form's fit that a mean counts, at most


@dataclass(frozen=True)
class SmallOutcome:
    """One table searched. error: typical error (RMS, or of logarithms for relative errors) beyond of every law;
    r2: their R² beyond; reference: the two of the true form's fit. named: outliers that were named, made and found."""

    kind: str
    far: FarOutcome
    error: dict[str, float]
    r2: dict[str, float]
    reference: tuple[float, float]
    made: tuple[int, ...]
    found: tuple[int, ...]

    def won(self, chosen: str) -> bool:
        return self.error[chosen] <= SURPLUS * self.reference[0] or self.r2[chosen] >= NEARLY


def table_of(kind: str, number: int) -> SmallTable:
    """The same table for the same kind and number, everywhere."""
    return KINDS[kind](np.random.default_rng([zlib.crc32(kind.encode()), number]))


def dataset_of(table: SmallTable) -> Dataset:
    """Read as a user's own file."""
    with tempfile.TemporaryDirectory() as folder:
        train, test = Path(folder) / "table.csv", Path(folder) / "beyond.csv"
        pd.DataFrame(table.train).to_csv(train, index=False)
        pd.DataFrame(table.test).to_csv(test, index=False)
        return read_dataset(train, [table.target], test=test, **table.options)


def run(kind: str, number: int, sandbox: Sandbox) -> SmallOutcome:
    """Search one table."""
    table, began = table_of(kind, number), time.monotonic()
    dataset, doubts = doubted(dataset_of(table), sandbox)
    trials = explore(Case(f"{kind} #{number}", dataset), sandbox)
    measured = {trial.id: _beyond(table, _predicted(trial, dataset, sandbox)) for trial in trials}
    outer = {id: max(WORST, found[1]) for id, found in measured.items()}
    far = FarOutcome(f"small {kind} #{number}", dataset.task, trials, outer, time.monotonic() - began)
    errors = {id: found[0] for id, found in measured.items()}
    found = () if doubts is None else tuple(row.row for row in doubts.rows)
    return SmallOutcome(kind, far, errors, outer, _beyond(table, _fitted(table)), table.outliers, found)


def _predicted(trial: Trial, dataset: Dataset, sandbox: Sandbox) -> Array:
    assert dataset.test is not None and trial.evaluation.constants is not None
    constants = Constants.from_json(trial.evaluation.constants)
    job = PredictJob(trial.proposal.source, dataset.task.schema, constants, (dataset.test.hide(),))
    result = sandbox.run(job)
    return result.predictions[0][:, 0] if result.predictions else np.full(len(dataset.test), np.nan)


def _beyond(table: SmallTable, predicted: Array) -> tuple[float, float]:
    """Typical error of predictions beyond, and R²."""
    truth = np.asarray(table.test[table.target], dtype=float)
    if not np.isfinite(predicted).all():
        return np.inf, WORST
    with np.errstate(all="ignore"):
        away = np.log(predicted / truth) if table.relative and (predicted > 0).all() else predicted - truth
        if table.relative and not (predicted > 0).all():
            away = np.full(1, np.inf)
        return float(np.sqrt(np.mean(away**2))), float(r2(truth[:, None], predicted[:, None]))


def _fitted(table: SmallTable) -> Array:
    """Predictions beyond of the true form, fitted from the true constants to the rows that are no outliers."""
    measured = np.asarray(table.train[table.target], dtype=float)
    kept = ~np.isin(np.arange(len(measured)), table.outliers)
    truth = table.formula(table.train, *table.constants)
    size = np.abs(truth) if table.relative else np.asarray(table.train.get("y_err", np.ones(len(truth))))

    def form(_: Array, *constants: float) -> Array:
        return np.asarray(table.formula(table.train, *constants) / size)[kept]

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        start = np.array(table.constants)
        fitted, _ = curve_fit(form, np.arange(kept.sum()), (measured / size)[kept], p0=start, maxfev=20_000)
    return np.asarray(table.formula(table.test, *fitted))


def report(outcomes: Sequence[SmallOutcome], choices: dict[str, Callable[[FarOutcome], str]]) -> str:
    """A row for each kind: tables won, the typical error beyond as a multiple of the true form's (geometric mean), and
    constants more than the truth has (mean, per group), by each way to choose."""
    lines = [f"| kind | tables | {' | '.join(f'{title}: won, error, constants' for title in choices)} |"]
    lines.append("| --- " * (len(choices) + 2) + "|")
    for kind in (*dict.fromkeys(one.kind for one in outcomes), None):
        own = [one for one in outcomes if kind is None or one.kind == kind]
        cells = [_cell(own, [pick(one.far) for one in own]) for pick in choices.values()]
        lines.append(f"| {kind or 'all'} | {len(own)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(outcomes: Sequence[SmallOutcome], chosen: Sequence[str]) -> str:
    pairs = list(zip(outcomes, chosen, strict=True))
    ratios = [one.error[id] / max(one.reference[0], np.finfo(float).tiny) for one, id in pairs]
    error = float(np.exp(np.mean(np.log(np.clip(ratios, 1 / MOST, MOST)))))
    surplus = np.mean([_constants(one.far, id) - _true_constants(one.kind) for one, id in pairs])
    return f"{sum(one.won(id) for one, id in pairs)}, {error:.2f}, {surplus:+.1f}"


def _constants(far: FarOutcome, id: str) -> int:
    return next(trial for trial in far.trials if trial.id == id).evaluation.constants_count or 0


def _true_constants(kind: str) -> int:
    """Per group; for groups the number of constants that each has."""
    return {"dose and response": 4}.get(kind, 5 if kind.startswith("flagship") else len(table_of(kind, 0).constants))


def told(one: SmallOutcome) -> str:
    """One line about one table: what was chosen, and how it does."""
    id = CHOICES["chosen"](one.far)
    trial = next(trial for trial in one.far.trials if trial.id == id)
    outliers = f" outliers {one.found} of {one.made}" if one.made or one.found else ""
    return (
        f"{one.far.case}: {'won' if one.won(id) else 'LOST'} R² {one.r2[id]:.4f} (true form {one.reference[1]:.4f}, "
        f"best {max(one.r2.values()):.4f}), {len(one.far.trials)} laws, {one.far.seconds:.0f} s{outliers} "
        f"{trial.proposal.origin}: {trial.evaluation.formula}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", help="comma separated beginnings of kinds, separated by ';'")
    parser.add_argument("--count", type=int, default=4, help="tables of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first table of each kind")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--read", type=Path, nargs="+")
    options = parser.parse_args()
    if options.read:
        outcomes = [one for path in options.read for one in pickle.loads(path.read_bytes())]
        print("\n".join(map(told, outcomes)), report(outcomes, CHOICES), sep="\n\n")
        return
    wanted = options.kinds.split(";") if options.kinds else [""]
    outcomes = []
    with Sandbox() as sandbox:
        for kind in (kind for kind in KINDS if kind.startswith(tuple(wanted))):
            for number in range(options.first, options.first + options.count):
                outcomes.append(run(kind, number, sandbox))
                print(told(outcomes[-1]), flush=True)
                if options.out:
                    options.out.write_bytes(pickle.dumps(outcomes))
    print(report(outcomes, CHOICES))


if __name__ == "__main__":
    main()
