"""Recognises errors that grow with the value: a tenth of what is measured rather than a tenth of a gram.

Least squares then looks at the largest values alone. With weights, the inverse square of each expected error, every
row says as much as it can, in fits, on folds and in the choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lawsmith.agent.search.outliers import FEW, MANY, neighbours
from lawsmith.tasks.arrays import Array, correlation
from lawsmith.tasks.noise import ladder_noise, rounding
from lawsmith.tasks.table import Table

FEWEST_ROWS = 6  # with fewer, how errors grow is chance
RATIO = 3.0  # of the targets' upper and lower tenth, below which both kinds of errors look alike …
OF_EITHER_SIGN = 100.0  # … where targets take both signs: most have only some rows near zero
CLEARLY = 2.0  # logarithm of how much likelier errors that grow must be …
EACH = 0.1  # … and this for each row of a large table …
OF_FEW = 0.3  # … or this for each row of a small one, which cannot tell more
OUTLIER = 6.0  # what a row that is left out as an outlier costs at least: it lies six typical errors off, or counts
FLOORS = (0.0, 0.03, 0.1, 0.3, 1.0)  # errors that do not grow, as shares of the typical one that does
MISFIT = 0.95  # correlation of errors with those of the nearest rows from which they are the law's own alone
TINIEST = 1e-100  # share of the largest error below which its inverse square leaves the range of numbers
LEAST = 1e-9  # share of the values below which an error is rounding, and a value says nothing of its error


@dataclass(frozen=True, eq=False)
class GrowingErrors:
    """Errors of a target that are shares of its value. weights: (n,) of the rows, mean 1. met: whether the law that was
    chosen at the end leaves no errors."""

    target: str
    weights: Array
    met: bool = False

    @property
    def sentence(self) -> str:
        """What a user has to know."""
        if self.met:
            return (
                f"Errors of {self.target} seemed to grow with it, so small values counted more; but the law has none."
            )
        return (
            f"Errors of {self.target} grow with its value, so each row counts by the inverse square of its expected "
            "value; --trust-all counts all rows alike."
        )

    def to_json(self) -> dict[str, Any]:
        """The target and the weights as JSON data."""
        return {"target": self.target, "weights": self.weights.tolist()}


def may_grow(train: Table) -> bool:
    """Whether the question makes sense: one target over a factor, and rows without weights of their own."""
    measured = train.target_matrix()[:, 0]
    if train.weight is not None or len(train.targets) > 1 or len(train) < FEWEST_ROWS:
        return False
    low, high = np.quantile(np.abs(measured), [0.1, 0.9])
    of_one_sign = (measured > 0).all() or (measured < 0).all()
    return bool(low > 0 and high >= (RATIO if of_one_sign else OF_EITHER_SIGN) * low)


def growing_errors(
    train: Table, predictions: Sequence[Array], constants: Sequence[int] | None = None
) -> GrowingErrors | None:
    """Errors that grow with the value, where they clearly do, in a table that `may_grow`; None elsewhere.

    predictions: (n, 1) each, of laws that may hold, fitted robustly with and without weights. constants: how many each
    was fitted with, for which it pays by the Bayesian criterion (Schwarz 1978): many constants meet the largest values,
    and equal errors seem as likely. The likelihood of the rows decides, with errors of Laplace's distribution: the best
    law with errors that are shares of the expected value (and a floor below which they do not fall), against the best
    one with equal errors. It has to with all rows, and where each kind leaves out a few as outliers and pays for them:
    two outliers explain a table as well as errors that grow do, but not as simply. Values that were tried need no
    proof: half a step is a share. Errors that rows beside one another share are the law's, and say nothing of the
    measurements.
    """
    measured = train.target_matrix()[:, 0]
    prices = np.log(len(train)) / 2 * np.array(constants or [0] * len(predictions))
    laws = [(one[:, 0], price) for one, price in zip(predictions, prices, strict=True) if np.isfinite(one).all()]
    growing = [(law, size, price) for law, price in laws for size in _sizes(measured, law)]
    exact = any(np.median(np.abs(measured - law)) <= LEAST * np.abs(measured).mean() for law, _ in laws)
    if exact or not growing:  # exact laws have no errors that could grow
        return None
    equal = np.max([_likelihoods(measured, law, np.ones(len(law))) - price for law, price in laws], axis=0)
    likelihoods = np.array([_likelihoods(measured, law, size) - price for law, size, price in growing])
    best, all_rows = likelihoods.max(axis=0), likelihoods[:, 0]
    gain = min(best.max() - equal.max(), best[0] - equal[0])  # outliers may speak for either kind
    law, size, _ = growing[int(np.argmax(all_rows))]
    clearly = max(min(CLEARLY, OF_FEW * len(train)), EACH * len(train))
    errors = (measured - law) / size
    if gain < clearly and not ladder_noise(train).any():
        return None
    if correlation(errors, errors[neighbours(train)].mean(axis=1)) > MISFIT:
        return None
    return GrowingErrors(next(iter(train.targets)), _weights(size))


def by_value(train: Table) -> Table:
    """The table as if every error were a share of the measured value; for a first look at laws."""
    size = np.abs(train.target_matrix()[:, 0])
    return replace(train, weight=_weights(np.maximum(size, LEAST * size.max())))


def _weights(sizes: Array) -> Array:
    """(n,), mean 1, of expected errors (n,); those that are next to nothing beside the largest count as `TINIEST`."""
    weight = (np.maximum(sizes / sizes.max(), TINIEST)) ** -2.0
    return np.asarray(weight / weight.mean())


def _sizes(measured: Array, law: Array) -> list[Array]:
    """The expected errors (n,), each up to a factor: shares of the expected values, and a floor; none is below
    rounding."""
    of_one_sign = (law * measured > 0).all()
    if not of_one_sign and np.sign(measured).min() == np.sign(measured).max():
        return []
    typical, rounded = float(np.median(np.abs(law))), rounding(measured)
    sizes = [np.hypot(floor * typical, law) for floor in (FLOORS if of_one_sign else FLOORS[1:])]
    sizes = [size for size in sizes if (size > 0).all()]  # a law may be zero in most rows
    with np.errstate(over="ignore"):  # a law may come down to 1e-300
        shares = [float(np.median(np.abs(measured - law) / size)) for size in sizes]
    return [np.hypot(size, rounded / share) for size, share in zip(sizes, shares, strict=True) if share > 0]


def _likelihoods(measured: Array, law: Array, size: Array) -> Array:
    """Logarithm of the likelihood with the best scale, up to a constant, without the row of the largest error, without
    two … (L,), all rows first; each row that is left out costs `OUTLIER`."""
    rows = len(law)
    left_out = np.arange(max(FEW, int(MANY * rows)) + 1)
    with np.errstate(over="ignore"):  # a law may come down to 1e-300
        usual = np.cumsum(np.sort(np.abs(measured - law) / size))[rows - 1 - left_out] / (rows - left_out)
        least = LEAST * float(np.mean(np.abs(measured) / size))  # where all rows but outliers are exact
    usual = np.maximum(usual, least)
    anywhere = np.log(max(float(np.ptp(measured)), 1e-300)) - np.log(usual) - np.log(np.median(size))  # in the range
    return np.asarray(-rows * np.log(usual) - np.maximum(OUTLIER, anywhere) * left_out - np.log(size).sum())
