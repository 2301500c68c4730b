"""How often the search returns the law that made the data, when its grammar can state that law.

A law counts as recovered when the chosen form, fitted to noise-free values of the truth, reproduces it inside and
beyond the data to a millionth of its spread, and has no more constants than the truth.

    python -m benchmarks.recovery [--draws 2] [--noise 0,0.01] [--laws NAME,NAME]
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from benchmarks.extrapolation import Case, explore
from benchmarks.synthetic import LAWS, SyntheticLaw, synthetic
from lawsmith.agent.search.selection import choose
from lawsmith.runs.trials import Trial
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.fitting import Effort, fit_form
from lawsmith.sandbox.fitting.tree_form import tree_form
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.tasks import Dataset, Table

ROWS = 100  # enough to tell the laws apart at 1 % noise
EXACT = 1e-6  # largest error, as a share of the truth's spread
CARE = Effort(starts=64, finalists=16)  # the check must not fail for want of starts


def recovered(trial: Trial, law: SyntheticLaw, clean: Dataset) -> bool:
    """Whether the trial's form is the truth up to algebra."""
    assert clean.test is not None
    if (trial.evaluation.constants_count or 0) > law.constants:
        return False
    everywhere = _joined(clean.task.train, clean.test)
    stated = read(trial.proposal.source, ["y"])
    if isinstance(stated, Unreadable):
        return False
    form = tree_form(stated.targets, shared=stated.shared, loss=stated.loss)
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--noise", default="0,0.01")
    parser.add_argument("--laws", default=",".join(law.name for law in LAWS if law.expressible))
    options = parser.parse_args()
    chosen = [law for law in LAWS if law.name in options.laws.split(",")]
    with Sandbox() as sandbox:
        for noise in map(float, options.noise.split(",")):
            found = [_one(sandbox, law, noise, draw) for law in chosen for draw in range(options.draws)]
            share = sum(found) / len(found)
            print(
                f"noise {noise:g}: {sum(found)} of {len(found)} recovered ({100 * share:.0f} %)", flush=True
            )


def _one(sandbox: Sandbox, law: SyntheticLaw, noise: float, draw: int) -> bool:
    seed, design = 1000 + draw, "grid" if draw % 2 == 0 else "random"
    began = time.monotonic()
    dataset = synthetic(law, seed, noise=noise, design=design, rows=ROWS)
    clean = synthetic(law, seed, noise=0.0, design=design, rows=ROWS)
    trials = explore(Case(law.name, dataset), sandbox)
    winner = choose(trials, dataset.task).winner
    exact = recovered(winner, law, clean)
    tried = any(recovered(trial, law, clean) for trial in trials) if not exact else True
    line = {
        "law": law.name,
        "noise": noise,
        "design": design,
        "recovered": exact,
        "among the tried": tried,
        "chosen": winner.proposal.origin,
        "formula": winner.evaluation.formula,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(line), flush=True)
    return exact


if __name__ == "__main__":
    main()
