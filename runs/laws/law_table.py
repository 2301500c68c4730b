"""The table of laws of a run: what was found, from simple to complex, with errors on seen and on held-out rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants
from lawsmith.sandbox.evaluation import typical_rmse
from lawsmith.sandbox.law.expression import transform
from lawsmith.sandbox.law.key import signed_features, source_key, statement_key
from lawsmith.sandbox.law.nodes import Node, Parameter, Unreadable
from lawsmith.sandbox.law.positions import bare_exponents, turned
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_text import formula, source_formula
from lawsmith.tasks import Schema, Table


@dataclass(frozen=True)
class LawRow:
    """A law of the table.

    formula: with names of constants; constants: group -> name -> value. complexity: how many constants it has per
    group and target. train_error, heldout_error: root mean squared errors in units of the target (of several
    targets, in units of their spread), the latter typical of the folds; rows count by their weight. on_front: no
    law with as few constants has a smaller held-out error. also: ids of other candidates that state the same law in
    other words.
    """

    id: str
    formula: str
    constants: Mapping[str, Mapping[str, float]]
    complexity: int
    train_error: float
    heldout_error: float
    heldout_r2: float | None
    chosen: bool
    on_front: bool
    also: tuple[str, ...] = ()

    def stands_for(self, id: str | None) -> bool:
        """Whether a candidate states the law of this row."""
        return id == self.id or id in self.also


def as_fitted(row: LawRow, source: str, schema: Schema) -> tuple[str, str]:
    """The formula of a row with the signs that its exponents came out with, and its key: equal for rows that then state
    the same law, whatever the bounds and the loss of their fits."""
    found = read(source, schema.targets)
    if isinstance(found, Unreadable) or not row.constants:
        return row.formula, row.formula
    signs = {
        name: {values.get(name, 0.0) < 0 for values in row.constants.values()}
        for name in (p.name for p in found.parameters)
    }
    bare = {p.name for tree in found.targets.values() for p in bare_exponents(tree)}
    negative = {name for name in bare if signs.get(name) == {True}}
    plain = {name for name in bare if len(signs.get(name, ())) == 1}

    def positive(node: Node) -> Node:
        return replace(node, lower=0.0, upper=np.inf) if isinstance(node, Parameter) and node.name in plain else node

    trees = {name: transform(turned(tree, negative), positive) for name, tree in found.targets.items()}
    stated = replace(found, targets=trees, loss="squared")
    return formula(stated), statement_key(stated)


def laws(trials: Iterable[Trial], schema: Schema, train: Table | None, chosen: str | None = None) -> tuple[LawRow, ...]:
    """The usable laws among the trials, the simplest first, of equals the one with the smaller held-out error.

    A law that several candidates state in other words has one row: that of the chosen one, or of the one with the
    smallest error. `train`: the training rows. Without them laws of one target alone can be listed, and two laws are
    one only where that holds for features of either sign.
    """
    alone = len(schema.targets) == 1
    assert alone or train is not None
    unit = np.ones(1) if alone or train is None else train.spread
    signed = frozenset(schema.features) if train is None else signed_features(train)
    usable = [trial for trial in trials if trial.usable and trial.evaluation.constants is not None]
    errors = {trial.id: typical_rmse(trial.evaluation.folds, np.ones(1) if alone else None) for trial in usable}
    order = sorted(usable, key=lambda trial: (trial.evaluation.constants_count or 0, errors[trial.id]))
    alike: dict[str, list[Trial]] = {}
    for trial in sorted(order, key=lambda trial: trial.id != chosen):
        key = source_key(trial.proposal.source, schema.targets, schema.features, signed)
        alike.setdefault(key, []).append(trial)
    also = {first.id: tuple(one.id for one in others) for first, *others in alike.values()}
    rows, best = [], np.inf
    for trial in (one for one in order if one.id in also):
        found = trial.evaluation
        fitted = Constants.from_json(found.constants or {})
        on_front, best = errors[trial.id] < best, min(best, errors[trial.id])
        rows.append(
            LawRow(
                id=trial.id,
                formula=source_formula(trial.proposal.source, schema.targets) or found.formula or "opaque",
                constants=fitted.by_group(),
                complexity=found.constants_count or 0,
                train_error=float(np.sqrt(np.mean((np.array(found.rmse) / unit) ** 2))) if found.rmse else 0.0,
                heldout_error=errors[trial.id],
                heldout_r2=found.validation_r2,
                chosen=trial.id == chosen,
                on_front=on_front,
                also=also[trial.id],
            )
        )
    return tuple(rows)
