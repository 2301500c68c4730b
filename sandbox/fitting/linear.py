"""Linear constants in closed form: bounded weighted least squares for many small problems at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.fitting.form import Array

RIDGE = 1e-14
SWEEPS = 25


@dataclass(frozen=True, eq=False)
class Solution:
    """`values` (..., l); `free` (..., l) is False where a bound holds a constant; `gram` (..., l, l) scaled by `scale`."""

    values: Array
    free: Array
    gram: Array
    scale: Array


def solve(design: Array, target: Array, lower: Array, upper: Array) -> Solution:
    """Least squares of `target` (..., n) on `design` (..., n, l) within [lower, upper] (l,).

    Columns are scaled to unit norm; an active-set guess (clip what violates, solve again for the rest) is followed by
    projected coordinate descent where a bound is active, which is exact for this convex problem when it settles.
    """
    raw = np.swapaxes(design, -1, -2) @ design
    norms = np.sqrt(np.diagonal(raw, axis1=-2, axis2=-1))
    scale = np.where(norms > 0, norms, 1.0)
    gram = raw / (scale[..., :, None] * scale[..., None, :])
    moment = (np.swapaxes(design, -1, -2) @ target[..., None])[..., 0] / scale
    low, high = lower * scale, upper * scale
    free = np.ones(moment.shape, dtype=bool)
    values = _free_solve(gram, moment, free, np.zeros_like(moment))
    for _ in range(moment.shape[-1]):
        violated = free & ((values < low) | (values > high))
        if not violated.any():
            break
        free &= ~violated
        values = _free_solve(gram, moment, free, np.clip(values, low, high))
    if not free.all():
        values = np.clip(values, low, high)
        bounded = ~free.all(axis=-1)
        values[bounded] = _descend(gram[bounded], moment[bounded], values[bounded], low[bounded], high[bounded])
        free = (values > low) & (values < high)
    return Solution(values / scale, free, gram, scale)


def _free_solve(gram: Array, moment: Array, free: Array, held: Array) -> Array:
    """Solves for the free constants with the others held at `held`."""
    count = gram.shape[-1]
    mask = free[..., :, None] & free[..., None, :]
    system = np.where(mask, gram, 0.0) + np.eye(count) * np.where(free, RIDGE, 1.0)[..., None, :]
    fixed = np.where(free, 0.0, held)
    right = np.where(free, moment - (gram @ fixed[..., None])[..., 0], fixed)
    return safe_solve(system, right[..., None])[..., 0]


def _descend(gram: Array, moment: Array, values: Array, low: Array, high: Array) -> Array:
    for _ in range(SWEEPS):
        before = values.copy()
        for k in range(values.shape[-1]):
            slope = moment[:, k] - np.einsum("bj,bj->b", gram[:, k], values)
            values[:, k] = np.clip(values[:, k] + slope / (gram[:, k, k] + RIDGE), low[:, k], high[:, k])
        if np.allclose(before, values, rtol=1e-12, atol=1e-300):
            break
    return values


def safe_solve(system: Array, right: Array) -> Array:
    """np.linalg.solve for stacks in which a few systems may be singular or not finite (those get zeros)."""
    bad = ~np.isfinite(system).all(axis=(-1, -2)) | ~np.isfinite(right).all(axis=(-1, -2))
    if bad.any():
        system = np.where(bad[..., None, None], np.eye(system.shape[-1]), system)
        right = np.where(bad[..., None, None], 0.0, right)
    try:
        return np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        return np.linalg.pinv(system, hermitian=True) @ right
