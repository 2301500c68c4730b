"""Fits a form to a table: every group and many starts at once, then the best few again on all rows. Starts are
quasi-random inside the bounds, or at the magnitudes that the data suggests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from lawsmith.sandbox.fitting.blocks import Block, PaddedRows, gather
from lawsmith.sandbox.fitting.fit_problem import Fitted, Form, Status
from lawsmith.sandbox.fitting.lm import MinimiserOptions, Minimum, minimise
from lawsmith.sandbox.fitting.refine import refine
from lawsmith.sandbox.fitting.starts import Scale, draw
from lawsmith.sandbox.fitting.structure import Structure, analyse
from lawsmith.tasks.arrays import NORMAL, Array, IntArray, Mask
from lawsmith.tasks.table import Table

EXPLORE = MinimiserOptions(iterations=25, tolerance=1e-3)  # ranks the starts: two digits are enough
CONTEST = MinimiserOptions(iterations=15, tolerance=1e-6, damping=1e-2)  # of the best few
POLISH = MinimiserOptions(iterations=100, tolerance=1e-10, damping=1e-2)  # of the best one
LONG_CONTEST, LONG_POLISH = replace(CONTEST, iterations=60), replace(POLISH, iterations=1000)
"""The same within wide bounds: such valleys are long."""
LOOK = MinimiserOptions(iterations=0)  # the costs of starts alone
TENS = 10.0 ** np.arange(-9, 10, 3)  # factors by which starts within wide bounds are moved
SIZED_BY = 8  # problems at most whose rows say by which
THROUGHOUT = tuple(MinimiserOptions(iterations=200, tolerance=1e-10, damping=damping) for damping in (1, 100, 10, 0.1))
"""Of starts that are each carried to their end: cautious and bold first steps end in different minima."""
DEEPER = 1e-6  # share of the cost by which another minimum is deeper
APART = (0.3, -0.3)  # shares by which constants are moved apart, each second one the other way
EXPLORE_ROWS = 160  # rows per group that rank the starts
MORE_STARTS, MORE_FINALISTS = 64, 8  # within wide bounds
RELAYED = 2  # groups from which on each is also given the median of what all found
MOST_STARTS, MOST_STARTS_RELAYED = 32, 16  # with more, relayed groups end no deeper than with another seed
CONTEST_ROWS = 800  # rows per group that tell the best few apart; the best one is then polished on all rows
ROBUST_ROUNDS = 4  # of weighing rows again: later ones move constants by less than their errors
PROBE_SETS = 64  # of parameters that are drawn; some give no finite values
AGREEMENT = 1e-6  # of a law with the linear combination that stood for it, as a share of the measurements
AT_BOUND = 1e-12  # relative distance at which a constant is at its bound: linear ones are scaled and scaled back
PADDING = 4.0  # groups are fitted together while the longest has at most this many times the rows of the shortest


@dataclass(frozen=True, eq=False)
class Effort:
    """How hard to look for the best optimum.

    `starts` is their number (None: by the number of nonlinear constants, and more of them within bounds so wide that
    they say nothing of a constant's size); `start` (S, K) gives them instead of drawing
    them, and what it says of constants that the form is linear in is not needed. Starts are ranked by a short fit to a
    sample of the rows, and the best `finalists` are carried on with all rows; with as many finalists as starts, each
    start is carried to its end, with bold and with cautious first steps, and again from constants that were moved
    apart. Without finalists the best of the short fits stands: good enough to rank forms on a few rows.
    """

    starts: int | None = None
    finalists: int = 3
    start: Array | None = None


@dataclass(frozen=True, eq=False)
class _Constants:
    """What fits of some groups found: values (g, k), and per group the law's own cost (a share of it where groups share
    constants), whether the law agrees with the linear combination that was fitted for it, and whether it settled."""

    values: Array
    cost: Array
    agrees: Mask
    settled: Mask


def fit_form(
    form: Form, table: Table, targets: Sequence[str], *, seed: int = 0, effort: Effort = Effort(), families: int = 1
) -> Fitted:
    """Fits `form` to every group of `table` that has rows.

    Raises nothing for a bad form: groups without a finite start get `Status.NO_FINITE_START` and NaN constants.
    The same seed gives the same result. families: of how many tables the groups are, one table's after the other's;
    those of different tables share no constants, and those of one that share some have rows.
    """
    with np.errstate(all="ignore"):
        if form.shared >= set(form.names):
            return _fit_common(form, table, targets, seed, effort, families)
        return _Engine(
            form, table, np.arange(len(table.groups)), targets, np.random.default_rng(seed), effort, families
        ).run()


def _fit_common(form: Form, table: Table, targets: Sequence[str], seed: int, effort: Effort, families: int) -> Fitted:
    """The fit of a form whose constants are all common: the rows of a table's groups are those of one."""
    of = np.arange(len(table.groups)) // (len(table.groups) // families)
    alone = replace(form, shared=frozenset())
    found = _Engine(alone, table, of, targets, np.random.default_rng(seed), effort, families).run()
    empty = np.bincount(table.codes, minlength=len(of)) == 0
    values = np.where(empty[:, None], np.nan, found.values[of])
    status = tuple(Status.NO_FINITE_START if none else found.status[k] for k, none in zip(of, empty, strict=True))
    cost = found.cost[of] * families / len(of)
    return replace(found, values=values, status=status, cost=cost)


class _Engine:
    def __init__(
        self,
        form: Form,
        table: Table,
        group_of: IntArray,
        targets: Sequence[str],
        rng: np.random.Generator,
        effort: Effort,
        families: int,
    ) -> None:
        self.form, self.table, self.codes, self.targets = form, table, group_of[table.codes], tuple(targets)
        self.rng, self.effort, self.families, self.scale = rng, effort, families, Scale.of(table)
        count = int(group_of.max()) + 1
        self.values = np.full((count, len(form.names)), np.nan)
        self.cost, self.settled = np.zeros(count), np.ones(count, dtype=bool)

    def run(self) -> Fitted:
        counts = np.bincount(self.codes, minlength=len(self.cost))
        batches = [np.flatnonzero(counts)] if self.form.shared else _similar(counts)
        first = gather(self.table, self.codes, self.targets, batches[0], self.form.loss)
        structure = analyse(self.form, self.targets, first, self._probe_sets())
        for groups in batches:
            rows = gather(self.table, self.codes, self.targets, groups, self.form.loss)
            for targets, parameters in structure.parts:
                self._part(groups, rows, targets, parameters, structure)
        status = tuple(self._status(g, counts[g]) for g in range(len(counts)))
        return Fitted(self.form.names, self.values, status, self.cost)

    def _probe_sets(self) -> Array:
        """Parameter sets (S, K) that may show the form's structure: near 1 and at the data's magnitudes in turns."""
        lower, upper = self.form.lower, self.form.upper
        drawn = (draw(lower, upper, PROBE_SETS, scale, self.rng) for scale in (Scale(np.ones(1)), self.scale))
        sets = np.stack(list(drawn), axis=1).reshape(-1, len(lower))
        return sets if self.effort.start is None else np.concatenate([self.effort.start, sets])

    def _part(
        self,
        groups: IntArray,
        rows: PaddedRows,
        targets: tuple[int, ...],
        parameters: tuple[int, ...],
        found: Structure,
    ) -> None:
        names = tuple(self.targets[t] for t in targets)
        linear = tuple(k for k in parameters if k in found.linear)
        nonlinear = tuple(k for k in parameters if k not in found.linear)
        coupled = any(self.form.names[k] in self.form.shared for k in parameters)
        together = len(groups) // self.families if coupled else 1
        form = self.form.alone(names[0]) if len(names) == 1 else self.form
        block = Block(
            form, targets, names, nonlinear, linear, rows, together, found.vectorised, found.offset, found.kinked
        )
        fit = self._fit_block(block)
        if linear and (wrong := ~fit.agrees).any():
            free = replace(block, nonlinear=parameters, linear=(), offset=True, kinked=False)
            at = np.arange(len(groups)) if together > 1 else np.flatnonzero(wrong)
            again = self._fit_block(replace(free, rows=rows.of_groups(at)))
            fit = _deeper(fit, again, at)
        finite = np.isfinite(fit.cost)
        self.values[groups[:, None], list(parameters)] = np.where(finite[:, None], fit.values, np.nan)
        self.cost[groups] += fit.cost
        self.settled[groups] &= fit.settled

    def _fit_block(self, block: Block) -> _Constants:
        """The best constants of each group, in the order of the form, and the law's own cost with them."""
        best = self._search(block)
        weighted = block
        for _ in range(ROBUST_ROUNDS if self.form.loss.robust else 0):
            weighted = replace(block, rows=_reweighted(block, best))
            best = minimise(weighted, best.theta, np.arange(len(best.theta)), POLISH)
        best = refine(weighted, best) if self.effort.finalists else best
        places = [*block.nonlinear, *block.linear]
        values = np.concatenate([best.theta, best.linear], axis=2)
        values = _at_bounds(values, self.form.lower[places], self.form.upper[places])
        cost, agrees = _checked(weighted, values, best)
        values = values.reshape(block.rows.groups, -1)[:, np.argsort(places)]
        return _Constants(values, cost, agrees, np.repeat(best.settled, block.together))

    def _search(self, block: Block) -> Minimum:
        """The best minimum of each problem: one problem when coupled, else one per group."""
        problems, sets, finalists = block.problems, self._starts(block, self.effort.starts), self.effort.finalists
        wide = bool(block.wide.any()) and self.effort.starts is None and self.effort.start is None
        if len(sets) <= finalists:
            return _best(self._throughout(block, sets), problems)
        few = replace(block, rows=block.rows.thinned(EXPLORE_ROWS, self.rng))
        tried = _tried(few, sets, EXPLORE)
        if wide:
            more = _sized(few, self._starts(block, MORE_STARTS))
            tried = _joined(tried, _tried(few, more, EXPLORE), problems)
            finalists = MORE_FINALISTS
        if not finalists:
            return _best(tried, problems)
        best = _finalists(tried, problems, finalists)
        contestants = np.repeat(np.arange(problems), len(best) // problems)
        some = replace(block, rows=block.rows.thinned(CONTEST_ROWS, self.rng))
        contest = minimise(some, best, contestants, LONG_CONTEST if wide else CONTEST)
        theta, options = _best(contest, problems).theta, LONG_POLISH if wide else POLISH
        return minimise(block, theta, np.arange(problems), options)

    def _throughout(self, block: Block, sets: Array) -> Minimum:
        """What starts lead to that are each carried to their end, and again from constants that are moved apart."""
        tried = reduce(_better, (_tried(block, sets, options) for options in THROUGHOUT))
        which = np.repeat(np.arange(block.problems), len(sets))
        for spread in APART:  # two constants that have met part by no step of their own
            moved = tried.theta * (1 + spread * (-1.0) ** np.arange(tried.theta.shape[2]))
            tried = _better(tried, minimise(block, moved, which, THROUGHOUT[0]))
        return tried

    def _starts(self, block: Block, count: int | None) -> Array:
        """Starting values (S, q) of the block's nonlinear constants; without a count, by the number of these."""
        index = list(block.nonlinear)
        if not index:
            return np.zeros((1, 0))
        if self.effort.start is not None:
            return self.effort.start[:, index]
        most = MOST_STARTS_RELAYED if block.problems > RELAYED else MOST_STARTS
        count = count or min(8 + 4 * len(index), most)
        low, high = self.form.lower[index], self.form.upper[index]
        sets = draw(low, high, count, self.scale, self.rng)
        if np.isfinite([low, high]).all():
            return sets
        return np.concatenate([sets, draw(low, high, count, Scale(np.ones(1)), self.rng)])

    def _status(self, group: int, rows: int) -> Status:
        values = self.values[group]
        if not rows or not np.isfinite(values).all():
            return Status.NO_FINITE_START
        if rows * len(self.targets) < len(values):
            return Status.TOO_FEW_ROWS
        if not self.settled[group]:
            return Status.ITERATION_LIMIT
        touching = (values <= self.form.lower) | (values >= self.form.upper)
        return Status.AT_BOUND if touching.any() else Status.CONVERGED


def _similar(counts: IntArray) -> list[IntArray]:
    """Groups in batches of similar numbers of rows, so that padding stays small."""
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    batches: list[IntArray] = []
    begin = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or counts[order[end]] > PADDING * counts[order[begin]]:
            batches.append(np.sort(order[begin:end]))
            begin = end
    return batches


def _tried(block: Block, sets: Array, options: MinimiserOptions) -> Minimum:
    """What the starts (S, q) lead to, those of one problem after the other's."""
    theta = np.tile(sets[:, None, :], (block.problems, block.together, 1))
    return minimise(block, theta, np.repeat(np.arange(block.problems), len(sets)), options)


def _sized(block: Block, sets: Array) -> Array:
    """The starts (S, q) with each positive constant within wide bounds, twice in turn, at the size that fits best.

    Other constants of either sign go nearer to zero first: with an exponent of 4 a feature of 1e8 counts 1e32.
    """
    lower, upper = block.form.lower[list(block.nonlinear)], block.form.upper[list(block.nonlinear)]
    either = ~block.wide & (lower < 0) & (upper > 0)
    if block.problems > SIZED_BY and block.together == 1:
        some = np.linspace(0, block.problems - 1, SIZED_BY).astype(np.intp)
        block = replace(block, rows=block.rows.of_groups(some))
    sets = np.where(either, sets * np.abs(sets) / np.maximum(-lower, upper), sets)
    for k in np.tile(np.flatnonzero(block.wide & (lower >= 0)), 2):
        ways = np.repeat(sets[:, None], len(TENS), axis=1)
        ways[:, :, k] *= TENS
        cost = _tried(block, ways.reshape(-1, sets.shape[1]), LOOK).cost.reshape(block.problems, *ways.shape[:2])
        typical = np.log(np.clip(cost, 1e-300, 1e300)).mean(axis=0)
        sets = ways[np.arange(len(sets)), np.argmin(typical, axis=1)]
    return sets


def _joined(one: Minimum, two: Minimum, problems: int) -> Minimum:
    """The minima of both, problem by problem."""

    def both(name: str) -> Any:
        parts = [getattr(part, name) for part in (one, two)]
        each = [part.reshape(problems, len(part) // problems, *part.shape[1:]) for part in parts]
        return np.concatenate(each, axis=1).reshape(sum(map(len, parts)), *parts[0].shape[1:])

    return Minimum(both("theta"), both("linear"), both("cost"), both("settled"))


def _finalists(tried: Minimum, problems: int, count: int) -> Array:
    """Each problem's best starts; with many problems also the median of all their best, which rescues stragglers."""
    theta = tried.theta.reshape(problems, len(tried.cost) // problems, *tried.theta.shape[1:])
    cost = tried.cost.reshape(problems, -1)
    best = np.argsort(cost, axis=1, kind="stable")[:, :count]
    chosen = np.take_along_axis(theta, best[:, :, None, None], 1)
    if problems > RELAYED:
        middle = np.median(chosen[:, 0], axis=0)
        chosen = np.concatenate([chosen, np.broadcast_to(middle, (problems, 1, *middle.shape))], axis=1)
    return chosen.reshape(chosen.shape[0] * chosen.shape[1], *tried.theta.shape[1:])


def _better(one: Minimum, two: Minimum) -> Minimum:
    """Start by start, the deeper of two minima; the first where they differ by rounding."""
    second = two.cost < one.cost * (1 - DEEPER)
    wide = second[:, None, None]
    return Minimum(
        theta=np.where(wide, two.theta, one.theta),
        linear=np.where(wide, two.linear, one.linear),
        cost=np.where(second, two.cost, one.cost),
        settled=np.where(second, two.settled, one.settled),
    )


def _best(found: Minimum, problems: int) -> Minimum:
    cost = found.cost.reshape(problems, -1)
    pick = np.arange(problems) * cost.shape[1] + np.argmin(cost, axis=1)
    return Minimum(found.theta[pick], found.linear[pick], found.cost[pick], found.settled[pick])


def _at_bounds(values: Array, lower: Array, upper: Array) -> Array:
    """Constants (..., k), those within rounding of a bound exactly there."""
    for bound in (lower, upper):
        near = np.isfinite(bound) & (np.abs(values - bound) <= AT_BOUND * np.abs(bound))
        values = np.where(near, bound, values)
    return values


def _checked(block: Block, values: Array, best: Minimum) -> tuple[Array, Mask]:
    """The law's own cost (g,) with these constants (B, M, k), and whether the cost of the linear combination is the
    same.

    A law that switches regime may be linear in a constant wherever it was probed, and not where the fit led to.
    """
    shape, p = (block.problems, block.together), block.constants(values)
    predicted = block.values(block.features(np.arange(shape[0])), p, shape).reshape(block.measured.shape)
    own = 0.5 * ((block.weight * (block.measured - predicted)) ** 2).reshape(shape[0], -1).sum(axis=1)
    own = np.where(np.isfinite(own) & np.isfinite(best.cost), own, np.inf)
    size = 0.5 * ((block.weight * block.measured) ** 2).reshape(shape[0], -1).sum(axis=1)
    apart = np.abs(np.sqrt(own) - np.sqrt(best.cost))  # never more than the root of the squared differences
    agrees = np.isfinite(own) & (apart <= AGREEMENT * np.sqrt(size))
    return np.repeat(own / shape[1], shape[1]), np.repeat(agrees, shape[1])


def _deeper(found: _Constants, again: _Constants, at: IntArray) -> _Constants:
    """`found` with the groups `at` replaced where the fit without linear constants costs less."""
    better = again.cost < found.cost[at]
    values, cost, settled = found.values.copy(), found.cost.copy(), found.settled.copy()
    values[at[better]], cost[at[better]] = again.values[better], again.cost[better]
    settled[at[better]] = again.settled[better]
    return _Constants(values, cost, found.agrees, settled)


def _reweighted(block: Block, best: Minimum) -> PaddedRows:
    """Geman-McClure weights, times the rows' own, from residuals of the best fit; scale by the median deviation."""
    shape = best.theta.shape[:2]
    p = block.constants(best.theta, best.linear)
    predicted = block.values(block.features(np.arange(shape[0])), p, shape)
    residual = block.weight * np.abs(block.measured - predicted.reshape(block.measured.shape))
    real = block.weight > 0
    seen = np.where(real & np.isfinite(residual), residual, np.nan)
    nothing = np.isnan(seen).all(axis=-1, keepdims=True)  # no row, or a fit that failed
    centre = np.nanmedian(np.where(nothing, 0.0, seen), axis=-1, keepdims=True)
    weight = block.weight / (1 + (residual / (4.685 * NORMAL * centre + 1e-300)) ** 2)
    rows = block.rows.measured.shape[-1]
    updated = block.rows.weight.copy()
    for position, target in enumerate(block.targets):
        updated[target] = weight[:, position * rows : (position + 1) * rows]
    return PaddedRows(block.rows.features, block.rows.measured, updated)
