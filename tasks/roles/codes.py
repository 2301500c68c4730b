"""Whole numbers that stand for kinds: codes by their name, or as the target goes up and down along them."""

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.errors import listing
from lawsmith.tasks.roles.deciding import Deciding
from lawsmith.tasks.roles.labels import MOST_LEVELS

TOLD = 4.0  # standard errors between the targets of two codes that tell them apart


def decide_codes(d: Deciding) -> None:
    """Truth values, and whole numbers that are codes, by their name or as the target turns with them: no more and no
    less of something."""
    if d.asked.features is not None:
        return
    for name in d.open():
        values = d.numbers[name]
        if values is None or not np.isfinite(values).all():
            continue
        levels = np.unique(values)
        few = 2 <= len(levels) <= MOST_LEVELS and np.array_equal(levels, np.round(levels))
        coded = levels[0] in (0, 1) and levels[-1] < 2 * len(levels) <= d.rows  # one or the other may be unused
        if name in d.cells.booleans or np.array_equal(levels, [0.0, 1.0]):
            d.category(name, "true or false" if name in d.cells.booleans else "0 or 1")
        elif few and coded and words.is_code(name):
            d.category(name, "codes, by its name")
        elif few and len(levels) > 2 and not words.is_progress(name) and _turns_with_codes(d, name, levels):
            d.category(name, "codes: the target goes up and down along them")
    _leave_out_indicators(d)


def _leave_out_indicators(d: Deciding) -> None:
    """Leave out what is 0 or 1 and follows from others of its kind: the last of ``opt_adam``, ``opt_sgd`` and
    ``opt_lion``, of which one is 1 in every row."""
    kept, columns = list[str](), [np.ones(d.rows)]
    for name in [name for name in d.levels if len(d.levels[name]) == 2 and name not in d.asked.category]:
        values = d.numbers[name]
        if values is None or not np.isin(values, (0.0, 1.0)).all():
            continue
        if np.linalg.matrix_rank(np.stack([*columns, values])) == len(columns) < d.rows - 1:
            d.set(name, "derived", f"follows from {listing(kept)}")
            del d.levels[name]
            d.notices.append(f"lawsmith left out {name}, which follows from {listing(kept)}.")
        else:
            kept.append(name)
            columns.append(values)


def _turns_with_codes(d: Deciding, name: str, levels: Array) -> bool:
    """Whether the target, all other features equal, clearly goes up and down along 0, 1, 2 … or 1, 2, 3 …: twice, as at
    no optimum of a number, or once of three."""
    target, others = d.numbers[d.asked.target[0]], [one for other, one in d.candidates().items() if other != name]
    others += [np.unique(np.array(d.labels_of(one)), return_inverse=True)[1].astype(float) for one in d.levels]
    counted = levels[0] in (0, 1) and np.array_equal(levels, np.arange(len(levels)) + levels[0])
    if target is None or not np.isfinite(target).all() or not others or not counted:
        return False
    cell = np.unique(np.column_stack(others), axis=0, return_inverse=True)[1].reshape(-1)
    codes = (np.asarray(d.numbers[name]) - levels[0]).astype(np.intp)
    counts, sizes = np.bincount(cell), np.bincount(codes)
    rest = target - (np.bincount(cell, target) / counts)[cell]
    effect = np.bincount(codes, rest) / sizes
    left, freedom = rest - effect[codes], len(target) - len(counts) - len(sizes) + 1
    if freedom < 1 or np.mean(counts) < 2:
        return False
    error = np.sqrt(left @ left / freedom / sizes)
    steps = np.diff(effect) / np.sqrt(error[1:] ** 2 + error[:-1] ** 2 + np.finfo(float).tiny)
    told = np.sign(steps[np.abs(steps) > TOLD])
    return int(np.sum(told[1:] != told[:-1])) >= min(2, len(sizes) - 2)
