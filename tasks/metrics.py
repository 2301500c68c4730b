"""Scores as SLDBench (arXiv 2507.21184) computes them.

Rows of all groups are concatenated; each target is normalised by its own spread and the mean is
taken over targets. A constant target has no spread: its normalised error is 0 when it is predicted
exactly and infinite otherwise, so R² is then 1 or -inf, never NaN.
"""

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.frozen import Exact


class Scores(Exact):
    """R², NMSE and NMAE of one set of predictions; infinite values survive JSON as strings."""

    r2: float
    nmse: float
    nmae: float


def nmse(measured: Array, predicted: Array) -> float:
    """Mean over targets of mean squared error / variance; both arguments (n, T), n >= 1."""
    _check(measured, predicted)
    with np.errstate(over="ignore"):
        error = np.mean((measured - predicted) ** 2, axis=0)
    return _normalised(error, np.var(measured, axis=0), measured)


def nmae(measured: Array, predicted: Array) -> float:
    """Mean over targets of mean absolute error / mean absolute deviation from the mean; both (n, T)."""
    _check(measured, predicted)
    error = np.mean(np.abs(measured - predicted), axis=0)
    return _normalised(error, np.mean(np.abs(measured - measured.mean(axis=0)), axis=0), measured)


def r2(measured: Array, predicted: Array) -> float:
    """Mean over targets of 1 - MSE / variance of the measured targets; both arguments (n, T), n >= 1."""
    return 1.0 - nmse(measured, predicted)


def scores(measured: Array, predicted: Array) -> Scores:
    """All scores of predictions (n, T) against measurements (n, T); raises ValueError for other shapes."""
    return Scores(r2=r2(measured, predicted), nmse=nmse(measured, predicted), nmae=nmae(measured, predicted))


def _check(measured: Array, predicted: Array) -> None:
    if measured.ndim != 2 or measured.shape != predicted.shape or 0 in measured.shape:
        raise ValueError(f"scores need two arrays of one shape (n, T), not {measured.shape}, {predicted.shape}")


def _normalised(error: Array, spread: Array, measured: Array) -> float:
    # np.var of equal values need not be exactly 0, so constancy is read from the values themselves.
    constant = np.ptp(measured, axis=0) == 0
    without_spread = np.where(error == 0, 0.0, np.inf)
    ratio = np.divide(error, spread, out=without_spread, where=~constant)
    return float(np.mean(ratio))
