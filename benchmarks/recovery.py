"""How often the search returns the law that made the data, when its grammar can state that law.

A law counts as recovered when the chosen form, fitted to noise-free values of the truth, reproduces it inside and
beyond the data to a millionth of its spread, and has no more constants than the truth.

    python -m benchmarks.recovery [--draws 2] [--noise 0,0.01] [--laws NAME,NAME] [--out FILE]
    python -m benchmarks.recovery --signed [--noise 0]      # laws of features that take both signs, at random points
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.case import Case
from benchmarks.classics import case as known_case
from benchmarks.extrapolation import FarOutcome, run
from benchmarks.known_laws import SIGNED
from benchmarks.synthetic import LAWS, synthetic
from lawsmith.agent.search.selection import choose
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Sandbox, read_candidate
from lawsmith.sandbox.contract import own_form
from lawsmith.sandbox.fitting import Effort, fit_form
from lawsmith.sandbox.returned import Spec
from lawsmith.tasks import Dataset, Table

ROWS = 100  # enough to tell the laws apart at 1 % noise
MOST = 100  # constants of a form
EXACT = 1e-6  # largest error, as a share of the truth's spread
CARE = Effort(starts=64, finalists=16)  # the check must not fail for want of starts


def recovered(trial: Trial, constants: int, clean: Dataset) -> bool:
    """Whether the trial's form is the truth, which has so many constants, up to algebra."""
    assert clean.test is not None
    if (trial.evaluation.constants_count or 0) > constants:
        return False
    everywhere = _joined(clean.task.train, clean.test)
    candidate = read_candidate(trial.proposal.source, schema=clean.task.schema)
    if candidate.opaque:
        return False
    form = own_form(candidate.law, Spec(tuple(everywhere.features), ("y",), everywhere.groups, None, MOST, 0))
    fitted = fit_form(form, everywhere, ["y"], effort=CARE)
    x = dict(everywhere.features)
    p = dict(zip(form.names, fitted.values[0].tolist(), strict=True))
    error = np.abs(form.call(x, p) - everywhere.targets["y"]).max()
    return bool(error <= EXACT * np.ptp(everywhere.targets["y"]))


def _joined(one: Table, two: Table) -> Table:
    features = {name: np.concatenate([one.features[name], two.features[name]]) for name in one.features}
    targets = {"y": np.concatenate([one.targets["y"], two.targets["y"]])}
    return Table(features, targets, one.groups, np.concatenate([one.codes, two.codes]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--noise", default="0,0.01")
    parser.add_argument("--laws", help="their names, with commas between them; all unless given")
    parser.add_argument("--signed", action="store_true", help="known laws of features that take both signs")
    parser.add_argument("--out", type=Path, help="write the trials there, as benchmarks.extrapolation reads them")
    options = parser.parse_args()
    known = list(SIGNED) if options.signed else [law.name for law in LAWS if law.expressible]
    asked = options.laws.split(",") if options.laws else known
    if unknown := sorted(set(asked).difference(known)):
        parser.error(f"no law is called {', '.join(unknown)}; the laws are {', '.join(known)}")
    outcomes: list[FarOutcome] = []
    with Sandbox() as sandbox:
        for noise in map(float, options.noise.split(",")):
            problems = _signed(noise) if options.signed else _drawn(noise, options.draws)
            found = []
            for one in (one for one in problems if one.name in asked):
                outcomes.append(run(Case(f"recovery {one.name}, noise {noise:g}", one.dataset), sandbox))
                found.append(_told(outcomes[-1], one, noise))
                if options.out:
                    options.out.write_bytes(pickle.dumps(outcomes))
            share = sum(found) / len(found)
            print(f"noise {noise:g}: {sum(found)} of {len(found)} recovered ({100 * share:.0f} %)", flush=True)


@dataclass(frozen=True)
class KnownRows:
    """Rows with noise and without, of a law with so many constants, laid out in a `design`."""

    name: str
    design: str
    constants: int
    dataset: Dataset
    clean: Dataset


def _drawn(noise: float, draws: int) -> Iterator[KnownRows]:
    for law in [law for law in LAWS if law.expressible]:
        for draw in range(draws):
            design = "grid" if draw % 2 == 0 else "random"
            noisy, clean = (synthetic(law, 1000 + draw, noise=size, design=design, rows=ROWS) for size in (noise, 0.0))
            yield KnownRows(law.name, design, law.constants, noisy, clean)


def _signed(noise: float) -> Iterator[KnownRows]:
    for name, known in SIGNED.items():
        noisy, clean = (known_case(name, known, size).dataset for size in (noise, 0.0))
        yield KnownRows(name, "random", known.constants, noisy, clean)


def _told(outcome: FarOutcome, problem: KnownRows, noise: float) -> bool:
    """Whether the chosen law is the truth; prints it with what was tried."""
    winner = choose(outcome.trials, outcome.task).winner
    exact = recovered(winner, problem.constants, problem.clean)
    tried = exact or any(recovered(trial, problem.constants, problem.clean) for trial in outcome.trials)
    line = {
        "law": problem.name,
        "noise": noise,
        "design": problem.design,
        "recovered": exact,
        "among the tried": tried,
        "beyond": round(outcome.outer[winner.id], 4),
        "chosen": winner.proposal.origin,
        "formula": winner.evaluation.formula,
        "seconds": round(outcome.seconds, 1),
    }
    print(json.dumps(line), flush=True)
    return exact


if __name__ == "__main__":
    main()
