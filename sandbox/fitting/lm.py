"""Batched Levenberg-Marquardt on the variable projection functional, with box bounds and shared constants.

Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973) 413: the linear constants are eliminated in closed form, so that only
the nonlinear ones are searched. Kaufman, BIT 15 (1975) 49: the Jacobian keeps the projected part only. With shared
constants the normal equations have arrow shape, and each group's own constants leave by their Schur complement.

Where bounds say nothing of a constant's size, steps are taken in units of it: a critical size of 1e14 beside exponents
of 0.1 would not move otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from lawsmith.sandbox.fitting.blocks import IDLE, Block
from lawsmith.sandbox.fitting.linear import invert, safe_solve, solve, solve_stack
from lawsmith.tasks.arrays import Array, IntArray, Mask

DIFFERENCE = 1.5e-8  # relative forward-difference step: the square root of the machine's precision
CHUNK_ELEMENTS = 3_000_000  # doubles in the largest temporary array; bounds memory whatever the table's size
LONG = 500  # rows from which arithmetic takes longer than calls: problems go in parts then …
CACHED_ELEMENTS = 130_000  # … with arrays of so many doubles, which a processor's own cache of 1 MB holds
BUSY = 0.8  # problems that have settled are set aside once less than this share is still at work
EASE, RAISE, LEAST_DAMPING = 8.0, 5.0, 1e-14  # damping after a step that helped, and after one that did not
STUCK = 1e7  # damping at which no step can be found
MANY = 64  # problems at once, to rank starts; few are fitted to the last digit, which the inverse gives in flat valleys
TINY = 1e-300  # added to a diagonal that may be zero


@dataclass(frozen=True)
class MinimiserOptions:
    """`tolerance`: relative decrease of the cost below which, twice in a row, a problem has settled."""

    iterations: int = 60
    tolerance: float = 1e-9
    damping: float = 1.0


@dataclass(frozen=True, eq=False)
class Minimum:
    """`theta` (B, M, q), `linear` (B, M, l), `cost` (B,), `settled` (B,)."""

    theta: Array
    linear: Array
    cost: Array
    settled: Mask


@dataclass(frozen=True, eq=False)
class _Data:
    """What some problems are fitted to; arrays broadcast against (b, M, n). `weight` is None where all are 1."""

    x: dict[str, Array]
    measured: Array
    weight: Array | None

    def take(self, index: IntArray) -> _Data:
        weight = None if self.weight is None else _some(self.weight, index)
        x = {name: _some(column, index) for name, column in self.x.items()}
        return _Data(x, _some(self.measured, index), weight)


@dataclass(frozen=True, eq=False)
class _Trial:
    """The form at some parameter sets, its linear constants found."""

    theta: Array  # (b, M, q)
    linear: Array  # (b, M, l)
    cost: Array  # (b,)
    inverse: Array  # (b, M, l, l) of the normal matrix of the linear constants
    design: Array  # (b, M, l, n) weighted
    residual: Array  # (b, M, n) weighted
    kept: tuple[Any, ...] = ()  # of the slopes by the linear constants, for the others

    def take(self, index: IntArray) -> _Trial:
        arrays = {field.name: getattr(self, field.name).take(index, axis=0) for field in fields(self)[:-1]}
        return replace(self, **arrays, kept=tuple(_some(part, index) for part in self.kept))


@dataclass(eq=False)
class _Work:
    """The problems still at work: where each stands, and what its next step needs."""

    problem: IntArray  # (b,) position among all
    theta: Array
    size: Array  # (b, M, q) of the constants where they started
    linear: Array
    cost: Array
    gram: Array  # (b, M, q, q) Gauss-Newton matrix of the projected residual
    slope: Array  # (b, M, q)
    damping: Array  # (b,)
    calm: IntArray  # (b,) trials in a row that changed next to nothing
    settled: Mask  # (b,)

    def take(self, index: IntArray) -> _Work:
        return _Work(*(getattr(self, field.name).take(index, axis=0) for field in fields(self)))

    def accept(self, trial: _Trial, gram: Array, slope: Array, at: IntArray) -> None:
        self.theta[at], self.linear[at], self.cost[at] = trial.theta, trial.linear, trial.cost
        self.gram[at], self.slope[at] = gram, slope


def minimise(block: Block, theta: Array, which: IntArray, options: MinimiserOptions) -> Minimum:
    """Minimises from every row of `theta` (B, M, q); `which` (B,) is the problem of each."""
    width = block.rows.measured.shape[-1] * len(block.targets) * theta.shape[1]
    each = width * max(1, theta.shape[2] + len(block.linear))
    size = max(1, (CACHED_ELEMENTS if width >= LONG else CHUNK_ELEMENTS) // each)
    slices = (slice(k, k + size) for k in range(0, len(theta), size))
    parts = [_Minimiser(block, which[some], options).run(theta[some]) for some in slices]
    if len(parts) == 1:
        return parts[0]
    return Minimum(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Minimum)))


class _Minimiser:
    def __init__(self, block: Block, which: IntArray, options: MinimiserOptions) -> None:
        self.block, self.which, self.options = block, which, options
        names = block.form.names
        nonlinear, linear = list(block.nonlinear), list(block.linear)
        self.nonlinear, self.linear = [names[k] for k in nonlinear], [names[k] for k in linear]
        self.lower, self.upper = block.form.lower[nonlinear], block.form.upper[nonlinear]
        self.low_linear, self.high_linear = block.form.lower[linear], block.form.upper[linear]
        self.offset = block.offset or block.kinked or not self.linear
        ends = np.stack([self.low_linear, self.high_linear])
        self.origin = np.clip(1.0, *ends) if block.kinked else np.zeros(len(self.linear))
        self.split = block.split(self.linear, self.nonlinear, value=self.offset)
        self.bounded = bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())
        self.decades = block.wide & (self.lower > 0)  # a step multiplies these
        span = self.upper - self.lower
        self.floor = np.where(self.decades, 0.0, np.where(np.isfinite(span), 1e-3 * span, 1e-6))
        shared = [block.together == 1 or name in block.form.shared for name in self.nonlinear]
        self.common = np.flatnonzero(shared)
        self.own = np.flatnonzero(~np.array(shared, dtype=bool))
        self.measured, self.weight = block.measured, block.weight
        self.weighted = bool((self.weight != 1).any())
        self.identity = np.eye(len(self.nonlinear))

    def run(self, theta: Array) -> Minimum:
        if not self.options.iterations:
            return self._looked(theta)
        work, data = self._begin(theta)
        found = Minimum(work.theta.copy(), work.linear.copy(), work.cost.copy(), work.settled.copy())
        total = 1e-30 * ((self.weight * self.measured) ** 2).sum(axis=-1)  # at rounding level nothing is left to gain
        floor = total.reshape(-1, self.block.together).sum(axis=1)[self.which]
        for _ in range(self.options.iterations):
            if work.settled.all():
                break
            if work.settled.mean() > 1 - BUSY:
                _store(work, found)
                work = work.take(np.flatnonzero(~work.settled))
                data = self._data(work.problem)
            self._advance(work, data, floor[work.problem])
        _store(work, found)
        return replace(found, settled=found.settled & np.isfinite(found.cost))

    def _looked(self, theta: Array) -> Minimum:
        """The starts as they are, with their linear constants and costs."""
        at = self._try(self._data(np.arange(len(theta))), np.clip(theta, self.lower, self.upper))
        return Minimum(at.theta, at.linear, at.cost, np.zeros(len(theta), dtype=bool))

    def _begin(self, theta: Array) -> tuple[_Work, _Data]:
        count, _, q = theta.shape
        problem = np.arange(count)
        data = self._data(problem)
        trial = self._try(data, np.clip(theta, self.lower, self.upper))
        gram, slope = self._curvature(data, trial)
        settled = ~np.isfinite(trial.cost) | (q == 0)
        damping, calm = np.full(count, self.options.damping), np.zeros(count, dtype=np.intp)
        size = np.maximum(np.abs(trial.theta), self.floor) if self.block.wide.any() else np.ones(theta.shape)
        return _Work(problem, trial.theta, size, trial.linear, trial.cost, gram, slope, damping, calm, settled), data

    def _advance(self, work: _Work, data: _Data, floor: Array) -> None:
        """One step of every problem in `work`, updated in place."""
        size = np.where(self.decades, work.theta, work.size)
        step = self._step(work.gram, work.slope, work.damping, work.theta, size)
        moved = np.where(self.decades, work.theta * np.exp(step), work.theta + step * size)
        trial = self._try(data, np.clip(moved, self.lower, self.upper))
        better = trial.cost < work.cost
        flat = np.abs(work.cost - trial.cost) <= self.options.tolerance * work.cost
        if better.all():
            work.accept(trial, *self._curvature(data, trial), np.arange(len(better)))
        elif better.any():
            won = np.flatnonzero(better)
            chosen = trial.take(won)
            work.accept(chosen, *self._curvature(data.take(won), chosen), won)
        work.calm = np.where(flat, work.calm + 1, np.where(better, 0, work.calm))
        work.damping = np.where(better, np.maximum(work.damping / EASE, LEAST_DAMPING), work.damping * RAISE)
        work.settled = work.settled | (work.calm >= 2) | (work.cost <= floor) | (work.damping > STUCK)

    def _data(self, problem: IntArray) -> _Data:
        block, which = self.block, self.which[problem]
        weight = block.of(which, self.weight) if self.weighted else None
        return _Data(block.features(which), block.of(which, self.measured), weight)

    def _try(self, data: _Data, theta: Array) -> _Trial:
        design, target, kept = self._design(data, theta)
        bad = _not_finite(design, target)
        if bad is not None:
            target = np.array(np.broadcast_to(target, (len(theta), *target.shape[1:])))
            design[bad], target[bad] = 0.0, 0.0
        if self.linear:
            solution = solve(design, target, self.low_linear, self.high_linear)
            linear, inverse = solution.values, solution.inverse
            residual = target - (linear[..., None, :] @ design)[..., 0, :]
        else:
            linear, inverse = np.empty((*theta.shape[:2], 0)), np.empty((*theta.shape[:2], 0, 0))
            residual = target
        cost = 0.5 * np.einsum("bmn,bmn->b", residual, residual)
        cost[~np.isfinite(cost) if bad is None else bad | ~np.isfinite(cost)] = np.inf
        return _Trial(theta, linear, cost, inverse, design, residual, kept)

    def _design(self, data: _Data, theta: Array) -> tuple[Array, Array, tuple[Any, ...]]:
        """Each linear constant's weighted column (b, M, l, n), what they have to explain (b or 1, M, n), and what is
        kept of that work."""
        shape, target, kept = theta.shape[:2], data.measured, tuple[Any, ...]()
        start = self.block.constants(theta, self.origin[None, None])
        if self.split is not None:
            design = np.empty((*shape, len(self.linear), self.block.columns))
            kept = self.split.first(data.x, start, design)
            if self.offset:
                target, kept = target - self.block.filled(kept[0], shape), kept[1:]
        else:
            offset = self.block.values(data.x, start, shape) if self.offset else 0.0
            target = target - offset if self.offset else target
            design = self._columns(data, start, offset, shape)
        if self.block.kinked:
            target = target + (self.origin @ design)
        if data.weight is None:
            return design, target, kept
        return design * data.weight[..., None, :], target * data.weight, kept

    def _columns(self, data: _Data, start: dict[str, Array], offset: Array | float, shape: tuple[int, int]) -> Array:
        """Each linear constant's column (b, M, l, n)."""
        if not self.linear:
            return np.empty((*shape, 0, self.measured.shape[-1]))
        if self.block.form.gradient is not None:
            return self.block.partials(data.x, start, self.linear, shape)
        columns = [self.block.values(data.x, start | {name: IDLE}, shape) - offset for name in self.linear]
        return np.stack(columns, axis=2)

    def _curvature(self, data: _Data, trial: _Trial) -> tuple[Array, Array]:
        """Gauss-Newton matrix (b, M, q, q) and slope (b, M, q) of the projected residual."""
        jacobian = self._jacobian(data, trial)
        if data.weight is not None:
            jacobian *= data.weight[..., None, :]
        if not np.isfinite(jacobian.sum()):
            jacobian = np.nan_to_num(jacobian, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        gram = jacobian @ np.swapaxes(jacobian, -1, -2)
        slope = (jacobian @ trial.residual[..., None])[..., 0]
        if self.linear:  # less what the free linear constants absorb
            cross = trial.design @ np.swapaxes(jacobian, -1, -2)
            gram -= np.swapaxes(cross, -1, -2) @ (trial.inverse @ cross)
        return gram, slope

    def _jacobian(self, data: _Data, trial: _Trial) -> Array:
        """(b, M, q, n)."""
        theta, shape = trial.theta, trial.theta.shape[:2]
        p = self.block.constants(theta, trial.linear)
        if self.split is not None:
            out = np.empty((*shape, len(self.nonlinear), self.block.columns))
            self.split.second(data.x, p, out, *trial.kept)
            return out
        if self.block.form.gradient is not None:
            return self.block.partials(data.x, p, self.nonlinear, shape)
        base = self.block.values(data.x, p, shape)
        out = np.empty((*shape, len(self.nonlinear), base.shape[-1]))
        for j, name in enumerate(self.nonlinear):
            here = theta[..., j]
            step = DIFFERENCE * np.maximum(np.abs(here), self.floor[j])
            moved = here + np.where(here + step > self.upper[j], -step, step)
            up = self.block.values(data.x, p | {name: moved[..., None]}, shape)
            out[:, :, j] = (up - base) / (moved - here)[..., None]
        return out

    def _step(self, gram: Array, slope: Array, damping: Array, theta: Array, size: Array) -> Array:
        """The damped step (b, M, q) in units of `size`; constants held by a bound do not move."""
        gram, slope = gram * size[..., :, None] * size[..., None, :], slope * size
        diagonal = np.einsum("bmjj->bmj", gram)
        extra = damping[:, None, None] * np.maximum(diagonal, 1e-12 * diagonal.max(axis=-1, keepdims=True)) + TINY
        if self.bounded:
            held = self._held(slope, theta)
            if held.any():
                gram = np.where(held[..., :, None] | held[..., None, :], 0.0, gram)
                slope, extra = np.where(held, 0.0, slope), np.where(held, 1.0, extra)
        system = gram + self.identity * extra[..., None, :]
        if self.block.together == 1:
            return _solved(system, slope)
        if not len(self.own):
            return np.broadcast_to(_solved(system.sum(axis=1), slope.sum(axis=1))[:, None], theta.shape)
        return self._arrow(system, slope)

    def _held(self, slope: Array, theta: Array) -> Mask:
        if self.block.together > 1:
            slope = slope.copy()
            slope[..., self.common] = slope[..., self.common].sum(axis=1, keepdims=True)
        return np.asarray(((theta <= self.lower) & (slope < 0)) | ((theta >= self.upper) & (slope > 0)))

    def _arrow(self, system: Array, slope: Array) -> Array:
        c, o = self.common, self.own
        side = system[:, :, o[:, None], c]
        right = np.concatenate([side, slope[..., o, None]], axis=-1)
        solved = safe_solve(system[:, :, o[:, None], o], right)
        lifted, own = solved[..., :-1], solved[..., -1]
        schur = (system[:, :, c[:, None], c] - np.swapaxes(side, -1, -2) @ lifted).sum(axis=1)
        reduced = (slope[..., c] - np.einsum("bmoc,bmo->bmc", side, own)).sum(axis=1)
        shared = safe_solve(schur, reduced[..., None])[..., 0]
        step = np.empty(slope.shape)
        step[..., c] = shared[:, None]
        step[..., o] = own - np.einsum("bmoc,bc->bmo", lifted, shared)
        return step


def _some(part: Any, index: IntArray) -> Any:
    """Of an array by problems (b, M, ...) those at `index`; the part itself where it is the same for all."""
    return part.take(index, axis=0) if isinstance(part, np.ndarray) and part.ndim > 2 and len(part) > 1 else part


def _store(work: _Work, found: Minimum) -> None:
    for one in fields(Minimum):
        getattr(found, one.name)[work.problem] = getattr(work, one.name)


def _not_finite(design: Array, target: Array) -> Mask | None:
    """The problems (b,) with a value that is not finite, or None when there is none."""
    if np.isfinite(design.sum() + target.sum()):
        return None
    bad = ~np.isfinite(design).all(axis=(1, 2, 3)) | ~np.isfinite(target).all(axis=(1, 2))
    return np.asarray(bad) if bad.any() else None


def _solved(system: Array, right: Array) -> Array:
    """Solutions (..., q) of positive definite systems, scaled to unit diagonals."""
    scale = 1.0 / np.sqrt(np.einsum("...jj->...j", system))
    scaled = system * (scale[..., :, None] * scale[..., None, :])
    right = (scale * right)[..., None]
    found = solve_stack(scaled, right) if len(scaled) >= MANY else invert(scaled) @ right
    return np.asarray(scale * found[..., 0])
