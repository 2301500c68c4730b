"""Whole numbers that stand for kinds: truth values, and codes by their name."""

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.errors import listing
from lawsmith.tasks.roles.deciding import MOST_LEVELS, Deciding


def decide_codes(d: Deciding) -> None:
    """Truth values, and whole numbers that are codes by their name, are categories."""
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
        else:
            kept.append(name)
            columns.append(values)
