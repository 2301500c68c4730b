"""Tells in words which ranges the folds hold out, and by how much a law misses them there, with sign."""

from collections.abc import Sequence

import numpy as np

from lawsmith.agent.client.text import clip, number
from lawsmith.agent.feedback.tables import MAX_TARGETS
from lawsmith.sandbox import Evaluation, FoldScore
from lawsmith.tasks import Array, Table
from lawsmith.tasks.frontier.folds import Fold, frontier_folds
from lawsmith.tasks.frontier.outward import lies_below

MAX_GROUPS = 4  # that are named
NOTABLE = 0.05  # of a bias, in units of the target's spread
CHANCE = 2.0  # standard errors that the bias of a fold must exceed, at most half of its own rms error


def fold_labels(table: Table) -> dict[str, str]:
    """Name of a fold -> the rows that it holds out, as a range."""
    return {fold.name: _label(table, fold) for fold in frontier_folds(table)}


def _label(table: Table, fold: Fold) -> str:
    rows = f"{len(fold.held_out)} rows"
    name, _, depth = fold.name.rpartition(">")
    if fold.kind == "frontier" and name in table.features:
        values = table.features[name]
        nearest, way = (np.max, "down") if lies_below(name) else (np.min, "on")
        cuts = [
            float(nearest(values[fold.held_out][table.codes[fold.held_out] == code]))
            for code in np.unique(table.codes[fold.held_out])
        ]
        low, high = number(min(cuts), 3), number(max(cuts), 3)
        where = low if low == high else f"{low} to {high}, by group"
        return f"{name} from {where} {way}, {rows}"
    if fold.kind == "corner":
        return f"several features far out ({'near' if depth == '1' else 'wider'} corner), {rows}"
    return f"whole design points ({clip(fold.name, 40)}), {rows}"


def held_out_lines(
    evaluation: Evaluation, targets: Sequence[str], spread: Array, noise: Array | None, labels: dict[str, str]
) -> list[str]:
    """One line for each fold, worst first: R², and by how much predictions are too low or too high.

    spread (T,): the unit σ. noise (T,): of repeated measurements, None where unknown.
    """
    worst = sorted(evaluation.folds, key=lambda fold: (fold.r2, fold.name))
    return [_line(fold, targets, spread, noise, labels.get(fold.name, clip(fold.name, 80))) for fold in worst]


def _line(fold: FoldScore, targets: Sequence[str], spread: Array, noise: Array | None, label: str) -> str:
    said = [f"{label}: R² {fold.r2:.3f}, rms {_sizes(fold.rmse, spread, noise)}"]
    for k, target in enumerate(targets[:MAX_TARGETS]):
        if k < len(fold.bias) and abs(fold.bias[k]) >= fold.rmse[k] * min(0.5, CHANCE / max(1, fold.rows) ** 0.5):
            name = f"{target} " if len(targets) > 1 else ""
            said.append(f"{name}predicted {_direction(fold.bias[k], spread[k])}")
        biases = [(values[k], name) for name, values in fold.group_bias.items()]
        notable = sorted((b for b in biases if abs(b[0]) >= NOTABLE * spread[k]), key=lambda b: -abs(b[0]))
        by_group = ", ".join(f"{clip(name, 40)} {_direction(bias, spread[k])}" for bias, name in notable[:MAX_GROUPS])
        if by_group:
            said.append(by_group)
    return "; ".join(said)


def _sizes(rmse: Sequence[float], spread: Array, noise: Array | None) -> str:
    sizes = [f"{value / unit:.3g}σ" for value, unit in zip(rmse, spread, strict=False)][:MAX_TARGETS]
    if noise is not None and len(rmse) == 1 and noise[0] > 0:
        return f"{sizes[0]} ({rmse[0] / noise[0]:.2g} times the noise)"
    return ", ".join(sizes)


def _direction(bias: float, unit: float) -> str:
    return f"too {'low' if bias > 0 else 'high'} by {abs(bias) / unit:.2g}σ"
