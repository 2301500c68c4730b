"""Ratios of two polynomials: hyperbolas of several features, competition, inhibition, adsorption, added velocities.

y = N / D is linear in the coefficients of both: y d = N - y (D - d), where one term d of D has the coefficient 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from lawsmith.agent.symbolic.factors import Factor
from lawsmith.agent.symbolic.term_law import ROUNDING, ScaledRows, Term, TermLaw
from lawsmith.agent.symbolic.term_search import left_with
from lawsmith.tasks.arrays import Array, IntArray

MOST_FEATURES = 4  # with more there are too many products
DEGREE, DEGREE_ALONE = 3, 4  # of products of features, and of a feature that is alone
MOST_POWER = 2  # of a feature among others
MOST_TERMS = 8  # of both polynomials
BEAM, LOOKED_AT = 300, 20  # sums of one length that go on, and those of them whose ratio is computed
ROUNDS = 2  # the second one knows a denominator
SMALLEST = 1e-3  # share of the largest denominator, below which a row weighs no more


@dataclass(frozen=True)
class RatioLaw:
    """`upper` over `lower`, whose first term has the coefficient 1; `error` is the share of the target's variance that
    they leave."""

    upper: TermLaw
    lower: TermLaw
    error: float

    def criterion(self, rows: int) -> float:
        """The Bayesian information criterion for so many rows, with the length of terms for a number of constants;
        lower is better."""
        return rows * float(np.log(self.error + ROUNDING)) + (self.upper.cost + self.lower.cost) * float(np.log(rows))


def ratio(rows: ScaledRows, names: Sequence[str]) -> tuple[RatioLaw | None, int]:
    """The best ratio of two polynomials in the features `names`, if there is one without a pole among the rows that is
    better than a polynomial, and how many sums were looked at."""
    best, tried = None, 0
    terms = _monomials(names) if 0 < len(names) <= MOST_FEATURES and rows.blocks == 1 else []
    values = np.array([rows.column(term) for term in terms])  # weighted
    for lead, term in enumerate(terms):
        if sum(f.constants[0] for f in term) > 1:
            break  # a denominator has a level, or else a feature
        found = None
        for _ in range(ROUNDS):
            found, count = _with_lead(rows, terms, values, lead, found)
            tried += count
            if found is None:
                break
            if best is None or found.criterion(rows.measured) < best.criterion(rows.measured):
                best = found
    return best if best is not None and best.lower.terms != ((),) else None, tried


def _monomials(names: Sequence[str]) -> list[Term]:
    """Products of powers of the features, those of low degree first."""
    alone = len(names) == 1
    each = product(range((DEGREE_ALONE if alone else MOST_POWER) + 1), repeat=len(names))
    exponents = sorted((one for one in each if alone or sum(one) <= DEGREE), key=sum)
    return [tuple(Factor("power", n, (float(a),)) for n, a in zip(names, one, strict=True) if a) for one in exponents]


def _with_lead(
    rows: ScaledRows, terms: Sequence[Term], values: Array, lead: int, before: RatioLaw | None
) -> tuple[RatioLaw | None, int]:
    """The best ratio whose denominator has the term `lead` with the coefficient 1, and how many sums were looked at.

    values (m, n): of the terms, weighted. Where a ratio is known `before`, the terms hold its slopes (Gauss-Newton)
    rather than noise of the target.
    """
    real = rows.weight > 0
    weight = np.where(real, rows.weight, 1.0)
    predicted = rows.target / weight
    lower = values[lead] / weight
    if before is not None:
        lower = rows.values(before.lower) / weight
        predicted = rows.values(before.upper) / weight / np.where(real, lower, 1.0)
    share = np.where(real, np.sign(lower + (lower == 0)), 1.0)
    share *= np.maximum(np.abs(lower), SMALLEST * np.abs(lower[real]).max())
    below = [k for k in range(len(terms)) if k != lead]
    raw = np.concatenate([values, -values[below] * predicted]) / share
    target = rows.target - rows.weight * predicted + values[lead] * predicted / share
    best, tried = None, 0
    for _, states, count in beam(raw, target, BEAM, MOST_TERMS):
        tried += count
        for chosen in states[:LOOKED_AT].tolist():
            upper = [k for k in chosen if k < len(terms)]
            under = [below[k - len(terms)] for k in chosen if k >= len(terms)]
            if not upper:
                continue
            solution = np.linalg.lstsq(raw[chosen].T, target, rcond=1e-12)[0].tolist()
            one = TermLaw(tuple(terms[k] for k in upper), tuple(solution[: len(upper)]), 0.0)
            two = TermLaw(tuple(terms[k] for k in (lead, *under)), (1.0, *solution[len(upper) :]), 0.0)
            law = _ratio(rows, one, two)
            if law and (best is None or law.criterion(rows.measured) < best.criterion(rows.measured)):
                best = law
        if best is not None and best.error < rows.solved:
            break
    return best, tried


def _ratio(rows: ScaledRows, upper: TermLaw, lower: TermLaw) -> RatioLaw | None:
    """The quotient of two sums with its error; None where the lower one passes zero on the rows."""
    real = rows.weight > 0
    below = rows.values(lower)[real]
    if below.min() <= 0 <= below.max():
        return None
    residual = rows.target[real] - rows.weight[real] * rows.values(upper)[real] / below
    return RatioLaw(upper, lower, float((residual**2).sum()) / rows.measured)


def beam(columns: Array, target: Array, width: int, most: int) -> Iterator[tuple[float, IntArray, int]]:
    """The best `width` sums (b, k) of k columns (m, n) for the target (n,), k by k up to `most`; what the best of them
    leaves, and how many were looked at."""
    size = np.sqrt((columns**2).sum(axis=1, keepdims=True))
    unit = (columns / np.where(size > 0, size, 1.0))[None]
    gram, products, total = unit @ np.swapaxes(unit, 1, 2), unit @ target, np.array([target @ target])
    states = np.zeros((1, 0), dtype=np.intp)
    for _ in range(min(most, len(columns))):
        left = left_with(gram[:, states], products, states, total)
        order = np.argsort(left, axis=None, kind="stable")[: 4 * width]
        order = order[np.isfinite(left.reshape(-1)[order])]
        before, new = np.unravel_index(order, left.shape)
        sums = np.sort(np.concatenate([states[before], new[:, None]], axis=1), axis=1)
        _, first = np.unique(sums, axis=0, return_index=True)
        states = sums[np.sort(first)][:width]
        if not len(states):
            return
        yield float(left.min()), states, left.size
