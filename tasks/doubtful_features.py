"""Features that nobody named, and that may be outcomes of the same runs as the target: what is said of them."""

from collections.abc import Sequence

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.companions import (
    FEWEST_ON_LINE,
    agree,
    are_alike,
    correlated,
    goes_along,
    is_axis,
    is_set,
    shares_of,
)
from lawsmith.tasks.deciding import Deciding
from lawsmith.tasks.errors import listing
from lawsmith.tasks.follows import is_basic
from lawsmith.tasks.noise import rounding

NEARLY = 0.1  # standard deviations of the target by which a column of another name typically differs at most
EXACT = 1e-3  # of the target's range, by which a sum or a quotient may be off
MOST_PARTS = 12  # columns of which the target may be made
_MADE = ("feature", "derived")


def tell_doubts(d: Deciding) -> None:
    """Say of several features which of them have about the target's values, are on a line with it, or go along a
    setting as it does; and of which it is a sum or a quotient."""
    target = d.asked.target[0]
    features = [name for name, (role, _) in d.role.items() if role == "feature" and name not in d.levels]
    shares = shares_of(d)
    pairs = {name: pair for name in features if (pair := d.pair(name, target)) is not None}
    axes = {name: values for name, (values, _) in pairs.items() if is_axis(d, name)}
    along: dict[str, list[str]] = {}
    for name, (values, measured) in pairs.items() if len(features) > 1 else ():
        if is_set(d, name) or _is_even(values):
            continue
        same = are_alike(values, measured) and agree(values, measured, NEARLY)
        if same or (d.rows >= FEWEST_ON_LINE and correlated(values, measured)):
            told = "nearly the same as" if same else "on a straight line with"
            d.notices.append(f"{name} is {told} {target}. If a run measured both, leave it out with --ignore {name}.")
            continue
        before = list(axes)[: list(axes).index(name)] if name in axes else list(axes)
        axis = next((a for a in before if all(goes_along(axes[a], one) for one in (values, measured))), None)
        size = is_basic(words.tokens(name)) or name in shares
        if axis is not None and d.rows >= FEWEST_ON_LINE and not size:
            along.setdefault(axis, []).append(name)
    for axis, names in along.items():
        verb = "goes" if len(names) == 1 else "go"
        d.notices.append(
            f"{listing(names)} {verb} along {axis}, as {target} does. What a run measured as well can be left out with "
            f"--ignore {','.join(names)}."
        )
    every = {name: pair for name, (role, _) in d.role.items() if role in _MADE and (pair := d.pair(name, target))}
    parts = _made_of([(name, *pair) for name, pair in every.items()])
    if not set(features).isdisjoint(parts):
        d.notices.append(
            f"{target} is made of {listing(parts)} in every row. If a run measured them, leave them out with --ignore "
            f"{','.join(parts)}."
        )


def _is_even(values: Array) -> bool:
    """Whether values are as far from each other, as settings often are and measurements are not."""
    steps = np.diff(np.sort(values))
    return len(steps) > 0 and bool(np.ptp(steps) <= 4 * rounding(values).max() + 1e-9 * np.ptp(values))


def _made_of(columns: Sequence[tuple[str, Array, Array]]) -> list[str]:
    """The names of two or more of the columns (name, values, those of the target), and not all, of which the target is
    a sum or difference, or a quotient times a number, in every row; none where there are none."""
    if not 2 < len(columns) <= MOST_PARTS or len(target := columns[0][2]) < len(columns) + 3:
        return []
    near = max(EXACT * np.ptp(target), 3 * rounding(target).max())
    for quotient in (False, True) if target.min() > 0 else (False,):
        kept = {name: np.log(one) if quotient else one for name, one, _ in columns if not quotient or one.min() > 0}
        parts, made = np.stack([*kept.values(), np.ones(len(target))], axis=1), np.log(target) if quotient else target
        sizes = np.maximum(np.std(parts, axis=0), 1e-300 + (np.ptp(parts, axis=0) == 0))
        whole = np.round((np.linalg.lstsq(parts / sizes, made, rcond=None)[0] / sizes)[:-1])
        sums = parts[:, :-1] @ whole
        exact = np.exp(sums + np.mean(made - sums)) if quotient else sums
        told = (
            set(np.abs(whole)) <= {0.0, 1.0}
            and 1 < np.abs(whole).sum() < len(columns)
            and (whole.min() < 0 or not quotient)
        )
        if told and np.abs(exact - target).max() < near:
            return [name for name, part in zip(kept, whole, strict=True) if part]
    return []
