"""The last digits: Gauss-Newton steps in all constants at once, solved by QR of the Jacobian itself.

Normal equations square the condition number, which costs half of the digits; near the optimum a few orthogonal steps
win them back (Golub & Van Loan, Matrix Computations, section 5.3).
"""

from dataclasses import replace

import numpy as np

from lawsmith.sandbox.fitting.blocks import Block
from lawsmith.sandbox.fitting.lm import TINY, Minimum
from lawsmith.tasks.arrays import Array, IntArray

STEPS = 16  # of Gauss-Newton at most; it ends where a step no longer helps
FASTEST = 0.95  # rate of convergence up to which steps are extrapolated
SPACING = 2e-4  # relative spacing of the five-point stencil, whose error is of the fourth order
STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))  # Fornberg 1988: places and weights
SINGULAR = 1e-13  # smallest pivot of a scaled matrix that is still solved
ACCURATE = 1e-14  # relative step at which nothing is left to gain
NOISE = 1e-13  # relative increase of the cost that rounding may cause


def refine(block: Block, found: Minimum) -> Minimum:
    """`found` with the last digits of its constants; only settled fits of one group each, away from bounds, change.

    Forms that are evaluated one row of constants at a time stay as they are.
    """
    q = found.theta.shape[2]
    rows = block.measured.shape[-1]
    if block.together > 1 or not block.vectorised or rows < len(block.names) or not q:
        return found
    order = [*block.nonlinear, *block.linear]
    lower, upper = block.form.lower[order], block.form.upper[order]
    values = np.concatenate([found.theta, found.linear], axis=2)[:, 0]
    inside = np.logical_and(values > lower, values < upper).all(axis=1)
    at = np.flatnonzero(inside & found.settled)
    cost, last = found.cost.copy(), np.full(len(values), np.inf)
    before = np.zeros_like(values)
    for turn in range(STEPS):
        if not len(at):
            break
        step = _step(block, values[at], at)
        size = np.abs(step / np.where(values[at] != 0, values[at], 1.0)).max(axis=1)
        moved = values[at] + step
        trial = _cost(block, moved, at)
        if turn % 2:
            squares = np.maximum((before[at] ** 2).sum(axis=1), TINY)
            rate = np.clip((before[at] * step).sum(axis=1) / squares, 0.0, FASTEST)
            further = values[at] + step / (1 - rate)[:, None]  # where steps that shrink by a constant factor lead to
            reached = _cost(block, further, at)
            ahead = reached <= trial
            moved, trial = np.where(ahead[:, None], further, moved), np.where(ahead, reached, trial)
        better = (trial <= cost[at] * (1 + NOISE)) & (size < last[at])
        better &= np.logical_and(moved > lower, moved < upper).all(axis=1)
        at, size = at[better], size[better]
        values[at], cost[at], last[at], before[at] = moved[better], trial[better], size, step[better]
        at = at[size > ACCURATE]
    return replace(found, theta=values[:, None, :q], linear=values[:, None, q:], cost=cost)


def _residual(block: Block, values: Array, group: IntArray) -> Array:
    """Weighted residuals (b, n)."""
    predicted = block.values(block.features(group), block.constants(values[:, None]), (len(values), 1))[:, 0]
    return np.asarray(block.weight[group] * (block.measured[group] - predicted))


def _cost(block: Block, values: Array, group: IntArray) -> Array:
    cost = 0.5 * (_residual(block, values, group) ** 2).sum(axis=1)
    return np.where(np.isfinite(cost), cost, np.inf)


def _jacobian(block: Block, values: Array, group: IntArray) -> Array:
    """Weighted derivatives of the prediction (b, n, K)."""
    if block.form.gradient is not None:
        constants = block.constants(values[:, None])
        found = block.partials(block.features(group), constants, block.names, (len(values), 1))
        return np.asarray(np.swapaxes(found[:, 0], 1, 2) * block.weight[group][..., None])
    columns = []
    for j in range(values.shape[1]):
        size = SPACING * np.where(values[:, j] != 0, np.abs(values[:, j]), 1.0)
        slope: Array = np.zeros(len(block.measured[0]))
        for offset, coefficient in STENCIL:
            moved = values.copy()
            moved[:, j] += offset * size
            slope = slope - coefficient * _residual(block, moved, group)
        columns.append(slope / size[:, None])
    return np.stack(columns, axis=2)


def _step(block: Block, values: Array, group: IntArray) -> Array:
    """The Gauss-Newton step (b, K); zero where the Jacobian is singular."""
    jacobian = _jacobian(block, values, group)
    residual = _residual(block, values, group)
    scale = np.sqrt((jacobian**2).sum(axis=1))
    usable = np.isfinite(scale).all(axis=1) & (scale > 0).all(axis=1) & np.isfinite(residual).all(axis=1)
    scaled = jacobian[usable] / scale[usable][:, None, :]
    q, r = np.linalg.qr(scaled)
    diagonal = np.abs(np.einsum("bjj->bj", r))
    regular = diagonal.min(axis=1, initial=1.0) > SINGULAR
    r = np.where(regular[:, None, None], r, np.eye(r.shape[-1]))
    right = np.where(regular[:, None], (np.swapaxes(q, 1, 2) @ residual[usable][..., None])[..., 0], 0.0)
    step = np.zeros_like(values)
    step[usable] = np.linalg.solve(r, right[..., None])[..., 0] / scale[usable]
    return step
