"""Whether it matters how a law is fitted: the best laws of recorded searches, fitted with each loss.

Only constants differ: the same forms, the same training rows. Printed for each case: R² beyond the data (at least -1)
by loss, the mean over its forms; the best of them by least squares on the training rows and the rows beyond together,
which no form of these can do better than by much; and means over cases, with how many are better and worse than
least squares.

    python -m benchmarks.extrapolation ... --out FILE
    python -m benchmarks.losses FILE ... [--forms 12]
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.extrapolation import FarOutcome, beyond_r2
from lawsmith.agent.search.score import ranking
from lawsmith.sandbox.contract import own_form
from lawsmith.sandbox.fitting import Loss, fit_form
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.returned import Spec
from lawsmith.tasks import Array, Dataset, Table

MOST = 100  # constants of a form
SAME = 0.002  # R² that does not count as a difference
COLUMNS = (*Loss, "seen")


def forms(outcome: FarOutcome, most: int) -> list[Statement]:
    """The forms of the laws with the best scores, each once whatever its loss."""
    found: dict[str, Statement] = {}
    for trial in ranking(outcome.trials, outcome.task):
        stated = read(trial.proposal.source, outcome.task.schema.targets)
        if not isinstance(stated, Unreadable):
            found.setdefault(repr((stated.targets, sorted(stated.shared))), stated)
    return list(found.values())[:most]


def beyond(stated: Statement, loss: Loss, dataset: Dataset, fitted_to: Table, *, whole: bool) -> float:
    """R² beyond the data of a form that is fitted to these rows with this loss."""
    assert dataset.test is not None
    targets = dataset.task.schema.targets
    features = dataset.task.schema.features
    spec = Spec(features, targets, fitted_to.groups, None, MOST, 0)
    form = own_form(write(replace(stated, loss=loss), features), spec)
    fitted = fit_form(form, fitted_to, targets)
    predicted = np.full((len(dataset.test), len(targets)), np.nan)
    for code in np.unique(dataset.test.codes):
        rows = np.flatnonzero(dataset.test.codes == code)
        constants = dict(zip(form.names, fitted.values[code].tolist(), strict=True))
        values = form.call({name: column[rows] for name, column in dataset.test.features.items()}, constants)
        for k, target in enumerate(targets):
            predicted[rows, k] = values[target] if isinstance(values, dict) else values
    return beyond_r2(predicted, dataset, whole=whole)


def compared(outcome: FarOutcome, most: int) -> Array:
    """The mean over forms for each loss, and the best form that has seen the rows beyond (losses + 1,)."""
    dataset = Dataset(outcome.task, outcome.test)
    assert outcome.test is not None
    train, both = outcome.task.train, joined(outcome.task.train, outcome.test)
    whole, known = outcome.case.startswith("R "), forms(outcome, most)
    means = [np.mean([beyond(one, loss, dataset, train, whole=whole) for one in known]) for loss in Loss]
    seen = max(beyond(one, Loss.SQUARED, dataset, both, whole=whole) for one in known)
    return np.array([*means, seen])


def joined(one: Table, two: Table) -> Table:
    """The rows of both, without weights."""
    features = {name: np.concatenate([column, two.features[name]]) for name, column in one.features.items()}
    targets = {name: np.concatenate([column, two.targets[name]]) for name, column in one.targets.items()}
    return Table(features, targets, one.groups, np.concatenate([one.codes, two.codes]))


def summary(scores: Sequence[Array]) -> str:
    """The mean of each loss, and its better and worse cases beside least squares."""
    table = np.array(scores)
    plain = table[:, [list(Loss).index(Loss.SQUARED)]]
    better, worse = (table > plain + SAME).sum(axis=0), (table < plain - SAME).sum(axis=0)
    cells = [f"{m:.3f} ({b} better, {w} worse)" for m, b, w in zip(table.mean(axis=0), better, worse, strict=True)]
    return "\n".join(f"{loss:10s} {cell}" for loss, cell in zip(COLUMNS, cells, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--forms", type=int, default=12)
    options = parser.parse_args()
    scores = []
    print(f"{'case':42s}" + "".join(f"{name:>10s}" for name in COLUMNS))
    for outcome in (one for path in options.files for one in pickle.loads(path.read_bytes())):
        scores.append(compared(outcome, options.forms))
        print(f"{outcome.case[:40]:42s}" + "".join(f"{value:10.3f}" for value in scores[-1]), flush=True)
    print(f"\nmean of {len(scores)} cases\n{summary(scores)}")


if __name__ == "__main__":
    main()
