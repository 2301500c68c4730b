"""Turns a table of several groups or targets into rows that the search over sums of terms can fit."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from lawsmith.agent.symbolic.factors import Factor
from lawsmith.agent.symbolic.term_law import ScaledRows
from lawsmith.sandbox.law.expression import exp, mul, power
from lawsmith.sandbox.law.nodes import Node, Number
from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.noise import rounding_share
from lawsmith.tasks.task import Task

ROWS = 400  # that a search fits
ROWS_OF_A_GROUP = 30  # at the least, where a group has as many
FEWEST_ROWS = 20  # with fewer, a sum of terms fits chance …
ROWS_OF_A_FEATURE = 5  # … or with fewer of these: each feature brings thousands of terms
FEWEST_OF_A_GROUP = 8  # inside, for coefficients of a group's own
FEWEST_BESIDE_LEVELS = 3  # rows of a group on average, for levels of each group
MOST_GROUPS = 8  # with coefficients of their own, that a search sees
MOST_LEVELS = 60  # groups with a level of their own, that a search sees
INNER_SHARE = 0.6  # of the rows that must lie inside, for the search to keep to them


@dataclass(frozen=True)
class View:
    """A function of the target that a sum of terms may state, its slope dy / dview, and the way back from the sum.

    low, high: it is one of targets whose values all lie between these, neither included.
    """

    title: str
    seen: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    back: Callable[[Node], Node]
    low: float = -math.inf
    high: float = math.inf

    def suits(self, target: Array) -> bool:
        """Whether all values (n,) of a target have such a view."""
        return bool(self.low < target.min() and target.max() < self.high)


PLAIN = View("value", lambda y: y, np.ones_like, lambda node: node)
LOGARITHM = View("exponential", np.log, lambda y: y, exp, low=0.0)
RECIPROCAL = View("reciprocal", lambda y: 1 / y, lambda y: y**2, lambda node: power(node, Number(-1.0)), low=0.0)


CARRIED = "n"  # letter of the constants of a factor that a sum in other features is carried by


def beside(factor: Array, node: Node, title: str, view: View = PLAIN) -> View:
    """The view of what a factor (n,) with the tree `node` leaves of the target."""

    def carried(y: Array) -> Array:
        return np.asarray(factor.reshape(-1, *(1,) * (y.ndim - 1)))

    return View(
        f"{title} times {view.title}",
        lambda y: view.seen(y / carried(y)),
        lambda y: np.abs(carried(y)) * view.slope(y / carried(y)),
        lambda inner: mul(node, view.back(inner)),
    )


class Sharing(StrEnum):
    """What groups have of their own in a search."""

    COEFFICIENTS = "coefficients"
    LEVELS = "levels"  # all other coefficients are common


@dataclass(frozen=True)
class Look:
    """The `targets` and the `groups` (their codes) that one search sees, and what each of them has of its own: each
    target has coefficients of its own in any case."""

    targets: tuple[int, ...]
    groups: tuple[int, ...]
    sharing: Sharing = Sharing.COEFFICIENTS

    @property
    def blocks(self) -> list[tuple[int, tuple[int, ...]]]:
        """A target and the groups of each part that has coefficients of its own."""
        if self.sharing is Sharing.LEVELS:
            return [(target, self.groups) for target in self.targets]
        return [(target, (group,)) for target in self.targets for group in self.groups]


def looks(task: Task, targets: tuple[int, ...]) -> list[Look]:
    """How these targets may be searched, the best way first: coefficients of each group, levels of each group, the
    largest group alone. None where there are too few rows."""
    inside = inner_rows(task)
    counts = np.bincount(task.train.codes[inside], minlength=len(task.train.groups))
    present = np.flatnonzero(counts)
    if len(inside) < min(FEWEST_ROWS, len(task.train)):
        return []
    if len(present) == 1:
        return [Look(targets, (int(present[0]),))]
    found = []
    largest = present[np.argsort(-counts[present], kind="stable")]
    own = [int(g) for g in largest[:MOST_GROUPS] if counts[g] >= FEWEST_OF_A_GROUP]
    if len(own) > 1 and counts[own].sum() >= 0.5 * counts[largest[:MOST_GROUPS]].sum():
        found.append(Look(targets, tuple(sorted(own))))
    some = tuple(sorted(int(g) for g in largest[:MOST_LEVELS]))
    if counts[list(some)].sum() >= max(FEWEST_BESIDE_LEVELS * len(some), FEWEST_ROWS - 5):
        found.append(Look(targets, some, Sharing.LEVELS))
    if counts[largest[0]] >= FEWEST_ROWS:
        found.append(Look(targets, (int(largest[0]),)))
    return found


def inner_rows(task: Task) -> IntArray:
    """The rows (k,) that no shallow fold holds out, or all where too few are left."""
    everything = np.arange(len(task.train))
    held = [fold.held_out for fold in frontier_folds(task.train) if fold.name.endswith(">1")]
    inside = np.setdiff1d(everything, np.concatenate(held)) if held else everything
    return everything if len(inside) < max(INNER_SHARE * len(everything), FEWEST_ROWS) else inside


def divided(task: Task, look: Look, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """A sample of the look's inner rows (k,), to be searched, and of all its others (m,)."""
    everything = np.flatnonzero(np.isin(task.train.codes, look.groups))
    inside = np.intersect1d(inner_rows(task), everything)
    most = max(ROWS, ROWS_OF_A_GROUP * len(look.groups))
    chosen = np.sort(rng.permutation(inside)[:most])
    others = np.setdiff1d(everything, chosen)
    return chosen, np.sort(rng.permutation(others if len(others) else everything)[: 4 * ROWS])


@dataclass(frozen=True, eq=False)
class RowMaker:
    """Makes the rows of a look. arguments: name -> (n,), of all rows of the table; ends: of them. known: factors of
    some of these, which are all that a law has of them."""

    task: Task
    arguments: dict[str, Array]
    ends: dict[str, tuple[float, float]]
    known: dict[str, list[Factor]]

    def rows(self, look: Look, index: IntArray, view: View = PLAIN) -> ScaledRows:
        """The table's rows `index` by the look's blocks, filled up with rows of weight 0."""
        codes = self.task.train.codes[index]
        blocks = [(t, index[np.isin(codes, groups)]) for t, groups in look.blocks]
        length = max(len(rows) for _, rows in blocks)
        pick = np.concatenate([np.resize(rows if len(rows) else index, length) for _, rows in blocks])
        real = np.concatenate([np.arange(length) < len(rows) for _, rows in blocks])
        target, scale = self._targets(look, view)
        of = np.repeat([t for t, _ in blocks], length)
        weight = np.where(real, scale[pick, of], 0.0)
        seen = weight * view.seen(target)[pick, of]
        own = {name: values[pick] for name, values in self.arguments.items()}
        rows = ScaledRows(own, self.ends, seen, weight, self.known, len(blocks), solved=rounding_share(self.task.train))
        return rows if look.sharing is Sharing.COEFFICIENTS else _beside_levels(rows, self.task.train.codes[pick])

    def _targets(self, look: Look, view: View) -> tuple[Array, Array]:
        """The targets (N, T) of all rows, and how each value weighs."""
        table = self.task.train
        target, weight = table.target_matrix(), table.weights
        seen = np.isin(table.codes, look.groups)
        mean = np.average(target[seen], axis=0, weights=weight[seen])
        spread = np.sqrt(np.average((target[seen] - mean) ** 2, axis=0, weights=weight[seen]))
        return target, np.sqrt(weight)[:, None] * view.slope(target) / np.where(spread > 0, spread, 1.0)


def _beside_levels(rows: ScaledRows, codes: IntArray) -> ScaledRows:
    """The same rows with a level of each group (codes (n,)) in every law."""
    weight, codes = rows.weight.reshape(rows.blocks, -1), codes.reshape(rows.blocks, -1)
    levels = weight[..., None] * (codes[..., None] == np.unique(codes))
    levels = levels / np.maximum(np.sqrt((levels**2).sum(axis=1, keepdims=True)), 1e-300)
    target = rows.targets[..., None]
    left = (target - levels @ (np.swapaxes(levels, 1, 2) @ target)).reshape(-1)
    return replace(rows, target=left, fixed=levels)


def pooled(design: Array, target: Array, measured: int) -> frozenset[int]:
    """The terms whose coefficient all groups may share: the Bayesian criterion of least squares, pooling one term after
    the other.

    design (G, m, k), target (G, m); `measured` rows of them weigh something.
    """
    best, least = frozenset[int](), _criterion(design, target, measured, frozenset())
    while len(best) < design.shape[2]:
        trials = [best | {t} for t in range(design.shape[2]) if t not in best]
        found = [_criterion(design, target, measured, trial) for trial in trials]
        k = int(np.argmin(found))
        if found[k] > least:
            break
        best, least = trials[k], found[k]
    return best


def is_scaled(design: Array, target: Array, measured: int, shares: frozenset[int]) -> bool:
    """Whether one curve that each group scales by a factor of its own is better than pooling the terms `shares`, for
    weighted terms (groups, n, k) and a weighted target (groups, n)."""
    groups, _, k = design.shape
    factor = np.ones(groups)
    left = np.inf
    for _ in range(SCALING_ROUNDS):
        scaled = (design * factor[:, None, None]).reshape(-1, k)
        curve = design @ np.linalg.lstsq(scaled, target.reshape(-1), rcond=1e-12)[0]
        factor = (curve * target).sum(axis=1) / np.maximum((curve**2).sum(axis=1), 1e-300)
        left = float(((target - factor[:, None] * curve) ** 2).sum())
    own = measured * np.log(left / measured + ROUNDING) + (groups + k - 1) * np.log(measured)
    return bool(own < _criterion(design, target, measured, shares))


SCALING_ROUNDS = 20  # of alternating least squares, which settles in a few
ROUNDING = 1e-14  # share of the variance below which errors are not told apart


def _criterion(design: Array, target: Array, measured: int, shares: frozenset[int]) -> float:
    groups, rows, k = design.shape
    own = [t for t in range(k) if t not in shares]
    columns = np.zeros((groups, rows, groups * len(own) + len(shares)))
    for g in range(groups):
        columns[g, :, g * len(own) : (g + 1) * len(own)] = design[g][:, own]
    columns[:, :, groups * len(own) :] = design[:, :, sorted(shares)]
    flat = columns.reshape(groups * rows, -1)
    size = np.sqrt((flat**2).sum(axis=0))
    flat = flat / np.where(size > 0, size, 1.0)
    solution = np.linalg.lstsq(flat, target.reshape(-1), rcond=1e-12)[0]
    left = float(((target.reshape(-1) - flat @ solution) ** 2).sum())
    return measured * float(np.log(left / measured + ROUNDING)) + flat.shape[1] * float(np.log(measured))
