"""Features that nobody named, and that may be outcomes of the same runs as the target: what is said of them."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.errors import listing, option
from lawsmith.tasks.noise import rounding
from lawsmith.tasks.roles.deciding import Deciding
from lawsmith.tasks.roles.follows import is_basic
from lawsmith.tasks.roles.likeness import FEWEST_ON_LINE, agree, are_alike, correlated, goes_along, is_even

NEARLY = 0.1  # standard deviations of the target by which a column of another name typically differs at most
OPPOSITE = 0.99  # correlation of two shares that make up a whole, at least
FEW_ZEROS = 0.2  # share of the rows in which a part of a quotient may be 0
EXACT = 1e-3  # of the target's range, by which a sum or a quotient may be off
MOST_PARTS = 12  # columns of which the target may be made

_Pairs = Mapping[str, tuple[Array, Array]]
"""Column -> its values (n,), and those of the target."""


def tell_doubts(d: Deciding) -> None:
    """Say of several features which of them have about the target's values, are on a line with it, or go along a
    setting as it does; and of which it is a sum or a quotient."""
    target = d.asked.target[0]
    known = {name: d.pair(name, target) for name, (role, _) in d.role.items() if role in ("feature", "derived")}
    parts = {name: pair for name, pair in known.items() if pair is not None}
    features = {name: pair for name, pair in parts.items() if d.role[name][0] == "feature"}
    made, formula = _made_of([(name, *pair) for name, pair in parts.items()])
    left = [name for name in d.names if name in made and not d.is_axis(name)]
    left = left if features.keys() - {*left} else left[-1:]
    if len(features) > 1:
        measured = {name: pair for name, pair in features.items() if not d.is_set(name) and not is_even(pair[0])}
        beside = _tell_beside(d, measured)
        if d.rows >= FEWEST_ON_LINE:
            basic = [name for name in features if is_basic(words.words_without_unit(name))]
            axes = {name: values for name, (values, _) in features.items() if name in basic or d.is_axis(name)}
            told = {*beside, *basic, *left}
            _tell_along(d, axes, {name: pair for name, pair in measured.items() if name not in told})
    if not features.keys().isdisjoint(left) and features.keys() - {*left}:
        d.notices.append(f"{target} is {formula} in every row. {_advice(left)}")


def _tell_beside(d: Deciding, measured: _Pairs) -> list[str]:
    """Tell, and return, the columns that have about the target's values or are on a line with it."""
    told = []
    for name, pair in measured.items():
        same = are_alike(*pair) and agree(*pair, NEARLY)
        left = (agree(1 - pair[0] / whole, pair[1] / own, NEARLY) for whole in (1, 100) for own in (1, 100))
        enough = d.rows >= FEWEST_ON_LINE
        rest = enough and np.corrcoef(*pair)[0, 1] < -OPPOSITE and any(left)
        if same or rest or (enough and correlated(*pair)):
            how = "nearly the same as" if same else "nearly 100 % minus" if rest else "on a straight line with"
            d.notices.append(f"{name} is {how} {d.asked.target[0]}. {_advice([name])}")
            told.append(name)
    return told


def _tell_along(d: Deciding, axes: Mapping[str, Array], measured: _Pairs) -> None:
    """Tell the columns that go along an axis as the target does, save sizes and shares, which are set."""
    along: dict[str, list[str]] = {}
    shares = d.shares()
    for name, pair in measured.items():
        before = (one for one in takewhile(name.__ne__, d.names) if one in axes)
        axis = next((one for one in before if all(goes_along(axes[one], column) for column in pair)), None)
        if axis is not None and name not in shares:
            along.setdefault(axis, []).append(name)
    for axis, names in along.items():
        verb = "moves" if len(names) == 1 else "move"
        d.notices.append(f"{listing(names)} {verb} with {axis}, as {d.asked.target[0]} does. {_advice(names)}")


def _advice(names: list[str]) -> str:
    are, them = ("is a result, not a setting", "it") if len(names) == 1 else ("are results, not settings", "them")
    return f"If {listing(names)} {are}, leave {them} out with --ignore {option(*names)}."


def _made_of(columns: Sequence[tuple[str, Array, Array]]) -> tuple[list[str], str]:
    """The names of two or more of the columns (name, values, those of the target) of which the target is a sum or
    difference, or a quotient times a number but for zeros, in every row, and how; none where there are none."""
    if not 1 < len(columns) <= MOST_PARTS or len(target := columns[0][2]) < len(columns) + 3:
        return [], ""
    near = max(EXACT * np.ptp(target), 3 * rounding(target).max())
    for quotient in (False, True):
        kept = {name: one for name, one, _ in columns if not quotient or np.mean(one == 0) < FEW_ZEROS}
        table = np.stack([*kept.values(), target], axis=1)
        if quotient:
            table = np.log(np.abs(table[np.all(table != 0, axis=1)]))
        if len(table) < len(columns) + 3:
            break
        parts, made = np.insert(table[:, :-1], table.shape[1] - 1, 1.0, axis=1), table[:, -1]
        sizes = np.maximum(np.std(parts, axis=0), 1e-300 + (np.ptp(parts, axis=0) == 0))
        whole = np.round((np.linalg.lstsq(parts / sizes, made, rcond=None)[0] / sizes)[:-1])
        sums = parts[:, :-1] @ whole
        factor = np.exp(np.mean(made - sums)) if quotient else 1.0
        off = factor * np.exp(sums) - np.exp(made) if quotient else sums - made
        told = set(np.abs(whole)) <= {0.0, 1.0} and np.abs(whole).sum() > 1 and (whole.min() < 0 or not quotient)
        if told and np.abs(off).max() < near:
            signs = {name: int(part) for name, part in zip(kept, whole, strict=True) if part}
            marks = {1: "*", -1: "/"} if quotient else {1: "+", -1: "-"}
            terms = [f"{marks[signs[name]]} {name}" for name in sorted(signs, key=lambda name: -signs[name])]
            terms = [f"* {factor:.4g}"] * bool(abs(factor - 1) > EXACT or terms[0][0] == "/") + terms
            return list(signs), " ".join(terms).removeprefix("* ").removeprefix("+ ")
    return [], ""
