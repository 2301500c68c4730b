"""Linear constants in closed form: bounded least squares for many small problems at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawsmith.tasks.arrays import Array

RIDGE = 1e-14  # beside scaled columns of length 1: columns that are alike stay solvable, others keep their digits
SWEEPS = 25  # of coordinate descent, where the active set does not settle
KKT_TOLERANCE = 1e-12  # slope, beside scaled columns, at which a bound is left


@dataclass(frozen=True, eq=False)
class Solution:
    """`values` (..., l); `inverse` (..., l, l): of the normal matrix of the constants that no bound holds, else 0."""

    values: Array
    inverse: Array


def solve(design: Array, target: Array, lower: Array, upper: Array) -> Solution:
    """Least squares of `target` (..., n) on the rows of `design` (..., l, n) within [lower, upper] (l,).

    Where the free solution leaves the bounds, an active set is guessed (clip what violates, solve again for the rest);
    where that guess is not optimal, projected coordinate descent follows, which is exact for this convex problem when
    it settles.
    """
    raw = design @ np.swapaxes(design, -1, -2)
    norms = np.sqrt(np.einsum("...jj->...j", raw))
    scale = np.where(norms > 0, norms, 1.0)
    gram = raw / (scale[..., :, None] * scale[..., None, :])
    moment = (design @ target[..., None])[..., 0] / scale
    inverse = invert(gram + RIDGE * np.eye(gram.shape[-1]))
    values = _times(inverse, moment)
    values += _times(inverse, moment - _times(gram, values))
    outside = ((values < lower * scale) | (values > upper * scale)).any(axis=-1)
    if outside.any():
        low, high = (np.broadcast_to(bound, scale.shape)[outside] * scale[outside] for bound in (lower, upper))
        values[outside], inverse[outside] = _bounded(gram[outside], moment[outside], values[outside], low, high)
    return Solution(values / scale, inverse / (scale[..., :, None] * scale[..., None, :]))


def _times(matrix: Array, vector: Array) -> Array:
    return np.asarray((matrix @ vector[..., None])[..., 0])


def _bounded(gram: Array, moment: Array, values: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Problems (b, l) whose free solution `values` leaves [low, high]."""
    free = np.ones(moment.shape, dtype=bool)
    inverse = np.zeros_like(gram)
    for _ in range(moment.shape[-1]):
        violated = free & ((values < low) | (values > high))
        if not violated.any():
            break
        free &= ~violated
        held = np.where(free, 0.0, np.clip(values, low, high))
        inverse = _restricted_inverse(gram, free)
        values = held + _times(inverse, moment - _times(gram, held))
    values = np.clip(values, low, high)
    pull = np.where(free, 0.0, moment - _times(gram, values))
    wrong = (((values <= low) & (pull > KKT_TOLERANCE)) | ((values >= high) & (pull < -KKT_TOLERANCE))).any(axis=-1)
    if wrong.any():
        values[wrong] = _descend(gram[wrong], moment[wrong], values[wrong], low[wrong], high[wrong])
        inside = (values[wrong] > low[wrong]) & (values[wrong] < high[wrong])
        inverse[wrong] = _restricted_inverse(gram[wrong], inside)
    return values, inverse


def _restricted_inverse(gram: Array, free: NDArray[np.bool_]) -> Array:
    """Inverse of the free rows and columns, 0 elsewhere."""
    both = free[..., :, None] & free[..., None, :]
    identity = np.eye(gram.shape[-1])
    system = np.where(both, gram, identity) + RIDGE * identity
    return np.where(both, invert(system), 0.0)


def _descend(gram: Array, moment: Array, values: Array, low: Array, high: Array) -> Array:
    for _ in range(SWEEPS):
        before = values.copy()
        for k in range(values.shape[-1]):
            slope = moment[:, k] - np.einsum("bj,bj->b", gram[:, k], values)
            values[:, k] = np.clip(values[:, k] + slope / (gram[:, k, k] + RIDGE), low[:, k], high[:, k])
        if np.allclose(before, values, rtol=1e-12, atol=1e-300):
            break
    return values


def invert(system: Array) -> Array:
    """Inverses of a stack (..., k, k) of symmetric matrices with entries near 1; closed formulas for k up to 2."""
    size = system.shape[-1]
    if size == 0:
        return system
    if size == 1:
        return np.asarray(1.0 / system)
    if size == 2:
        out = np.empty_like(system)
        a, b, d = system[..., 0, 0], system[..., 0, 1], system[..., 1, 1]
        determinant = a * d - b * b
        determinant = np.where(determinant > 0, determinant, 1e-16)
        out[..., 0, 0], out[..., 1, 1] = d / determinant, a / determinant
        out[..., 0, 1] = out[..., 1, 0] = -b / determinant
        return out
    return _regular(np.linalg.inv, system)


def solve_stack(system: Array, right: Array) -> Array:
    """Solutions (..., k, r) of a stack (..., k, k) of symmetric systems; of singular ones the shortest."""
    return _regular(np.linalg.solve, system, right)


def _regular(function: Callable[..., Array], system: Array, *right: Array) -> Array:
    """`function` of a stack of systems, the pseudoinverse in its place where one is singular: found by halves, so that
    it costs the others nothing."""
    try:
        return np.asarray(function(system, *right))
    except np.linalg.LinAlgError:
        pass
    stack, *sides = (one.reshape(-1, *one.shape[-2:]) for one in (system, *right))
    if len(stack) == 1:
        inverse = np.asarray(np.linalg.pinv(_finite(stack), hermitian=True))
        found = inverse @ sides[0] if sides else inverse
    else:
        halves = zip(*(np.array_split(one, 2) for one in (stack, *sides)), strict=True)
        found = np.concatenate([_regular(function, *half) for half in halves])
    return found.reshape((*system.shape[:-2], *found.shape[-2:]))


def safe_solve(system: Array, right: Array) -> Array:
    """np.linalg.solve for stacks (..., k, k) and (..., k, r) in which a few systems may be singular or not finite."""
    system, right = _finite(system), np.nan_to_num(right, nan=0.0, posinf=0.0, neginf=0.0)
    return solve_stack(system, right)


def _finite(system: Array) -> Array:
    """The matrices (..., k, k), those with a value that is not finite replaced by the identity."""
    if np.isfinite(system.sum()):
        return system
    good = np.isfinite(system).all(axis=(-1, -2), keepdims=True)
    return np.where(good, system, np.eye(system.shape[-1]))
