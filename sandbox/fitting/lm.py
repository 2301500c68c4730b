"""Batched Levenberg-Marquardt on the variable projection functional, with box bounds and shared constants.

Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973) 413: the linear constants are eliminated in closed form, so that only
the nonlinear ones are searched. Kaufman, BIT 15 (1975) 49: the Jacobian keeps the projected part only. With shared
constants the normal equations have arrow shape, and each group's own constants leave by their Schur complement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.fitting.blocks import Block
from sandbox.fitting.form import Array
from sandbox.fitting.linear import Solution, safe_solve, solve
from tasks.arrays import IntArray

DIFFERENCE = 1.5e-8  # relative forward-difference step: the square root of the machine's precision
SOLUTION = tuple(Solution.__dataclass_fields__)
IDLE = np.ones((1, 1, 1))
CHUNK_ELEMENTS = 3_000_000  # doubles in the largest temporary array; bounds memory whatever the table's size


@dataclass(frozen=True)
class Options:
    iterations: int = 60
    tolerance: float = 1e-9  # relative decrease of the cost below which a problem has settled
    damping: float = 1e-2


@dataclass(frozen=True, eq=False)
class Minimum:
    """`theta` (B, M, q), `linear` (B, M, l), `cost` (B,), `settled` (B,)."""

    theta: Array
    linear: Array
    cost: Array
    settled: Array
    iterations: int


@dataclass(frozen=True, eq=False)
class _State:
    """Everything known at some parameter sets; arrays of the accepted sets are updated in place."""

    theta: Array
    solution: Solution
    design: Array
    residual: Array
    cost: Array

    def take(self, index: IntArray) -> _State:
        solution = Solution(*(getattr(self.solution, name)[index] for name in SOLUTION))
        return _State(self.theta[index], solution, self.design[index], self.residual[index], self.cost[index])

    def put(self, index: IntArray, other: _State, chosen: Array) -> None:
        for name in SOLUTION:
            getattr(self.solution, name)[index] = getattr(other.solution, name)[chosen]
        for name in ("theta", "design", "residual", "cost"):
            getattr(self, name)[index] = getattr(other, name)[chosen]


def minimise(block: Block, theta: Array, group: IntArray, options: Options) -> Minimum:
    """Minimises from every row of `theta` (B, M, q); `group` (B,) names each problem's group when uncoupled."""
    width = block.rows.measured.shape[-1] * len(block.targets) * theta.shape[1]
    size = max(1, CHUNK_ELEMENTS // (width * max(1, theta.shape[2] + len(block.linear))))
    parts = [
        _Minimiser(block, group[k : k + size], options).run(theta[k : k + size])
        for k in range(0, len(theta), size)
    ]
    if len(parts) == 1:
        return parts[0]
    fields = (np.concatenate([getattr(p, name) for p in parts]) for name in ("theta", "linear", "cost", "settled"))
    return Minimum(*fields, iterations=max(p.iterations for p in parts))


class _Minimiser:
    def __init__(self, block: Block, group: IntArray, options: Options) -> None:
        self.block, self.group, self.options = block, group, options
        names = block.form.names
        self.nonlinear = [names[k] for k in block.nonlinear]
        self.linear = [names[k] for k in block.linear]
        self.lower, self.upper = block.form.lower[list(block.nonlinear)], block.form.upper[list(block.nonlinear)]
        self.low_linear = block.form.lower[list(block.linear)]
        self.high_linear = block.form.upper[list(block.linear)]
        span = self.upper - self.lower
        self.floor = np.where(np.isfinite(span), 1e-3 * span, 1e-6)
        common = [j for j, name in enumerate(self.nonlinear) if not block.coupled or name in block.form.shared]
        self.common = np.array(common, dtype=np.intp)
        self.own = np.array([j for j in range(len(self.nonlinear)) if j not in common], dtype=np.intp)
        self.measured, self.weight = block.measured, block.weight

    def run(self, theta: Array) -> Minimum:
        now = self._evaluate(np.clip(theta, self.lower, self.upper), np.arange(len(theta)))
        damping = np.full(len(theta), self.options.damping)
        settled = ~np.isfinite(now.cost) | (theta.shape[2] == 0)
        calm = np.zeros(len(theta), dtype=int)
        gram, slope = self._zero_curvature(theta)
        stale = np.ones(len(theta), dtype=bool)
        floor = self._cost_floor()
        iteration = 0
        for iteration in range(1, self.options.iterations + 1):
            active = np.flatnonzero(~settled)
            if not len(active):
                break
            fresh = active[stale[active]]
            if len(fresh):
                gram[fresh], slope[fresh] = self._curvature(now.take(fresh), fresh)
                stale[fresh] = False
            step = self._step(gram[active], slope[active], damping[active], now.theta[active])
            trial = self._evaluate(np.clip(now.theta[active] + step, self.lower, self.upper), active)
            better = trial.cost < now.cost[active]
            won, lost = active[better], active[~better]
            gain = (now.cost[won] - trial.cost[better]) / np.maximum(now.cost[won], 1e-300)
            now.put(won, trial, better)
            calm[won] = np.where(gain < self.options.tolerance, calm[won] + 1, 0)
            damping[won] = np.maximum(damping[won] / 8, 1e-14)
            damping[lost] *= 5
            stale[won] = True
            settled[won] |= (calm[won] >= 2) | (now.cost[won] <= floor[won])
            settled[lost] |= damping[lost] > 1e7
        return Minimum(now.theta, now.solution.values, now.cost, settled & np.isfinite(now.cost), iteration)

    def _zero_curvature(self, theta: Array) -> tuple[Array, Array]:
        q = theta.shape[2]
        return np.zeros((*theta.shape[:2], q, q)), np.zeros(theta.shape)

    def _cost_floor(self) -> Array:
        """Costs at rounding level: nothing is left to gain."""
        total = 1e-30 * ((self.weight * self.measured) ** 2).sum(axis=-1)
        return np.broadcast_to(total.sum(), len(self.group)) if self.block.coupled else total[self.group]

    def _rows(self, index: IntArray) -> tuple[Array, Array]:
        if self.block.coupled:
            return self.measured[None], self.weight[None]
        group = self.group[index]
        return self.measured[group][:, None], self.weight[group][:, None]

    def _parameters(self, theta: Array, linear: Array) -> dict[str, Array]:
        p: dict[str, Array] = dict.fromkeys(self.block.form.names, IDLE)  # constants of other parts do not matter here
        p |= {name: theta[:, :, j, None] for j, name in enumerate(self.nonlinear)}
        return p | {name: linear[:, :, j, None] for j, name in enumerate(self.linear)}

    def _evaluate(self, theta: Array, index: IntArray) -> _State:
        x = self.block.features(None if self.block.coupled else self.group[index])
        measured, weight = self._rows(index)
        offset, design = self._design(x, theta)
        target = weight * (measured - offset)
        design = weight[..., None] * design
        bad = ~np.isfinite(design).all(axis=(1, 2, 3)) | ~np.isfinite(target).all(axis=(1, 2))
        if bad.any():
            design, target = design.copy(), target.copy()
            design[bad], target[bad] = 0.0, 0.0
        solution = solve(design, target, self.low_linear, self.high_linear)
        residual = target - (design @ solution.values[..., None])[..., 0]
        cost = 0.5 * np.einsum("bmn,bmn->b", residual, residual)
        return _State(theta, solution, design, residual, np.where(bad | ~np.isfinite(cost), np.inf, cost))

    def _design(self, x: dict[str, Array], theta: Array) -> tuple[Array, Array]:
        """The part without linear constants (B, M, n), and each linear constant's column (B, M, n, l)."""
        shape = theta.shape[:2]
        zero = np.zeros((*shape, len(self.linear)))
        offset = self.block.values(x, self._parameters(theta, zero), shape)
        if not self.linear:
            return offset, np.empty((*offset.shape, 0))
        if self.block.form.gradient is not None:
            return offset, self.block.partials(x, self._parameters(theta, zero), self.linear, shape)
        columns = []
        for j in range(len(self.linear)):
            one = zero.copy()
            one[..., j] = 1.0
            columns.append(self.block.values(x, self._parameters(theta, one), shape) - offset)
        return offset, np.stack(columns, axis=-1)

    def _curvature(self, state: _State, index: IntArray) -> tuple[Array, Array]:
        """Gauss-Newton matrix (b, M, q, q) and slope (b, M, q) of the projected residual."""
        x = self.block.features(None if self.block.coupled else self.group[index])
        _, weight = self._rows(index)
        jacobian = weight[..., None] * self._jacobian(x, state.theta, state.solution.values)
        if not np.isfinite(jacobian).all():
            jacobian = np.nan_to_num(jacobian, nan=0.0, posinf=0.0, neginf=0.0)
        transposed = np.swapaxes(jacobian, -1, -2)
        gram = transposed @ jacobian
        slope = (transposed @ state.residual[..., None])[..., 0]
        if self.linear:
            gram -= self._explained(jacobian, state)
        return gram, slope

    def _explained(self, jacobian: Array, state: _State) -> Array:
        """The part of the Gauss-Newton matrix that the free linear constants absorb."""
        found = state.solution
        cross = (np.swapaxes(state.design, -1, -2) @ jacobian) / found.scale[..., None]
        cross = np.where(found.free[..., None], cross, 0.0)
        mask = found.free[..., :, None] & found.free[..., None, :]
        system = np.where(mask, found.gram, 0.0)
        system = system + np.eye(len(self.linear)) * np.where(found.free, 1e-13, 1.0)[..., None, :]
        return np.asarray(np.swapaxes(cross, -1, -2) @ safe_solve(system, cross))

    def _jacobian(self, x: dict[str, Array], theta: Array, linear: Array) -> Array:
        shape = theta.shape[:2]
        if self.block.form.gradient is not None:
            return self.block.partials(x, self._parameters(theta, linear), self.nonlinear, shape)
        base = self.block.values(x, self._parameters(theta, linear), shape)
        columns = []
        for j in range(len(self.nonlinear)):
            step = DIFFERENCE * np.maximum(np.abs(theta[..., j]), self.floor[j])
            step = np.where(theta[..., j] + step > self.upper[j], -step, step)
            moved = theta.copy()
            moved[..., j] += step
            up = self.block.values(x, self._parameters(moved, linear), shape)
            columns.append((up - base) / (moved[..., j] - theta[..., j])[..., None])
        return np.stack(columns, axis=-1)

    def _step(self, gram: Array, slope: Array, damping: Array, theta: Array) -> Array:
        """The damped step (b, M, q); constants held by a bound do not move."""
        held = self._held(slope, theta)
        diagonal = np.einsum("bmjj->bmj", gram)
        extra = damping[:, None, None] * np.maximum(diagonal, 1e-12 * diagonal.max(axis=-1, keepdims=True)) + 1e-300
        gram, slope = np.where(held[..., :, None] | held[..., None, :], 0.0, gram), np.where(held, 0.0, slope)
        extra = np.where(held, 1.0, extra)
        system = gram + np.eye(gram.shape[-1]) * extra[..., None, :]
        if not len(self.own):
            shared = safe_solve(system.sum(axis=1), slope.sum(axis=1)[..., None])[..., 0]
            return np.broadcast_to(shared[:, None], theta.shape)
        return self._arrow(system, slope)

    def _held(self, slope: Array, theta: Array) -> Array:
        common = self.common
        if self.block.coupled:
            slope = slope.copy()
            slope[..., common] = slope[..., common].sum(axis=1, keepdims=True)
        return ((theta <= self.lower) & (slope < 0)) | ((theta >= self.upper) & (slope > 0))

    def _arrow(self, system: Array, slope: Array) -> Array:
        c, o = self.common, self.own
        corner = system[:, :, o[:, None], o]
        side = system[:, :, o[:, None], c]
        right = np.concatenate([side, slope[..., o, None]], axis=-1)
        solved = safe_solve(corner, right)
        lifted, own = solved[..., :-1], solved[..., -1]
        schur = (system[:, :, c[:, None], c] - np.swapaxes(side, -1, -2) @ lifted).sum(axis=1)
        reduced = (slope[..., c] - np.einsum("bmoc,bmo->bmc", side, own)).sum(axis=1)
        shared = safe_solve(schur, reduced[..., None])[..., 0]
        step = np.empty(slope.shape)
        step[..., c] = shared[:, None]
        step[..., o] = own - np.einsum("bmoc,bc->bmo", lifted, shared)
        return step
