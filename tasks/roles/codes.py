"""Whole numbers that stand for kinds: codes by their name, or as the target goes up and down along them."""

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import NORMAL, Array, is_logarithmic, ranks
from lawsmith.tasks.errors import listing
from lawsmith.tasks.roles.deciding import Deciding
from lawsmith.tasks.roles.labels import MOST_LEVELS

SLIP = 5.0  # typical deviations from the middle beyond which a row counts no more
TOLD = 4.0  # standard errors between the targets of two codes that tell them apart
DEGREE = 4  # of the smooth law of the other features
MOST_ROWS = 2000  # that are looked at
FEWEST_FREE = 6  # rows more than constants


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
    """Whether the target, less a smooth law of all other features, clearly goes up and down along these whole numbers.

    One turn may be the optimum of a number; of 0, 1, 2 and where the name says labels it is enough.
    """
    counted = any(np.array_equal(levels, np.arange(len(levels)) + first) for first in (0, 1))
    arbitrary = levels[0] > 1 and np.gcd.reduce(levels.astype(np.intp)) == 1  # as sizes of a batch are not
    named = words.is_code(name) or words.is_label(name) or words.has(name, "groups")
    named &= counted or bool(arbitrary)
    target, beside = d.numbers[d.asked.target[0]], [one for other, one in d.candidates().items() if other != name]
    if target is None or not np.isfinite(target).all() or not beside or not (named or counted):
        return False
    kinds = [np.unique(np.array(d.labels_of(one)), return_inverse=True)[1].astype(float) for one in d.levels]
    some = slice(None, None, 1 + d.rows // MOST_ROWS)
    smooth = _smooth([one[some] for one in beside], [one[some] for one in kinds])
    codes = np.eye(len(levels))[ranks(np.asarray(d.numbers[name])).astype(np.intp)[some]]
    views = [target[some], *([np.log(target[some])] if target.min() > 0 else [])]
    told = np.sign(min((_steps(smooth, codes, view) for view in views), key=lambda one: one[0])[1])
    fewest = 1 if named or np.array_equal(levels, (0, 1, 2)) else 2
    told = told[told != 0]
    return int(np.sum(told[1:] != told[:-1])) >= fewest


def _steps(smooth: Array, codes: Array, target: Array) -> tuple[float, Array]:
    """What share of a target's (n,) variance smooth terms (n, M) and codes (n, C) leave, and the differences (C - 1,)
    between codes, 0 where they are not clear."""
    whole, rank = np.column_stack([smooth, codes[:, 1:]]), np.linalg.matrix_rank
    freedom, further = len(target) - rank(whole), codes.shape[1] - 1
    if freedom < FEWEST_FREE or rank(whole) < rank(smooth) + further:  # the other features tell the codes
        return 1.0, np.zeros(further)
    solve = np.linalg.pinv(whole)
    for _ in range(4):  # a crashed run hides what all others show
        made = whole @ (solve @ target)
        most = SLIP * NORMAL * float(np.median(np.abs(target - made)))
        target = np.clip(target, made - most, made + most) if most else target
    variance = np.sum((target - whole @ (solve @ target)) ** 2) / freedom
    between = np.diff(np.eye(further + 1), axis=0)[:, 1:] @ solve[-further:]
    steps, errors = between @ target, np.sqrt(variance * np.sum(between**2, axis=1))
    return float(variance / np.var(target)), np.where(np.abs(steps) > TOLD * errors, steps, 0.0)


def _smooth(columns: list[Array], kinds: list[Array]) -> Array:
    """Terms (n, M): a polynomial of columns (n,), of the logarithms of those that span much, and the labels of kinds
    (n,); where many columns leave too few rows, straight lines."""
    views = [np.log(one) if is_logarithmic(one) else one for one in columns]
    views = [(one - one.mean()) / one.std() for one in views]
    labels = [(one == level).astype(float) for one in kinds for level in np.unique(one)[1:]]
    powers = [one**k for one in views for k in range(1, min(len(np.unique(one)), DEGREE + 1))]
    products = [one * two for place, one in enumerate(views) for two in views[:place]]
    ones = np.ones_like(columns[0])
    full = [ones, *labels, *powers, *products]
    return np.column_stack(full if 2 * len(full) < len(ones) else [ones, *labels, *views])
