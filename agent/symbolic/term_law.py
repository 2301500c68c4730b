"""Sums of terms as arrays: their columns, their coefficients, and their inner constants refined."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lawsmith.agent.symbolic.factors import KINDS, Ends, Factor
from lawsmith.sandbox.law.nodes import Role
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.noise import OF_FLOATS

Term = tuple[Factor, ...]  # a product; the empty one is the level
Place = tuple[int, int, int]  # of a constant: term, factor, position

ROUNDING = 1e-22  # share of the variance below which errors are not told apart
SINGULAR = 1e-10  # smallest pivot of scaled columns that counts as independent
STEPS = 6  # of growing damping, before a refinement gives up
LEAST_GAIN = 1e-4  # of an iteration, after which a refinement ends
SIMPLE = tuple(sorted({n / d for d in (1, 2, 3) for n in range(-6, 7) if n} | {0.25, 0.75, -0.25, -0.75}))  # exponents
DIGITS = (1.0, 4 / 3, 1.5, 5 / 3, 2.0, 2.5, 3.0, 10 / 3, 4.0, 5.0, 6.0, 20 / 3, 7.5, 10.0)  # theirs, in any decade
FLAT = 0.1  # exponent of a power that may stand for a logarithm, or with a sign for that alone
NEAR, NEAR_IN_UNITS = 0.03, 0.01  # relative distance at which a simple number is tried for an exponent, for others


@dataclass(frozen=True)
class TermLaw:
    """A sum of terms with their coefficients, those of one block after the other; `error` is the share of the target's
    variance that it leaves."""

    terms: tuple[Term, ...]
    coefficients: tuple[float, ...]
    error: float

    @property
    def by_block(self) -> Array:
        """The coefficients (B, k)."""
        return np.array(self.coefficients).reshape(-1, len(self.terms))

    @property
    def constants(self) -> int:
        """Free constants: a coefficient for each term, and those of its factors."""
        return sum(1 + sum(f.free for f in term) for term in self.terms)

    @property
    def cost(self) -> float:
        """Length of all terms; shorter is simpler."""
        return sum(map(cost, self.terms))

    @property
    def shape(self) -> frozenset[Term]:
        """Equal for laws that differ in fitted constants only."""
        return shape(self.terms)

    def score(self, price: float) -> float:
        """Logarithm of the error, with a price of length; lower is better."""
        return float(np.log(self.error + ROUNDING)) + price * self.cost


def shape(terms: Sequence[Term]) -> frozenset[Term]:
    """Equal for sums that differ in fitted constants only."""
    return frozenset(tuple(replace(f, constants=()) if f.free else f for f in term) for term in terms)


def cost(term: Term) -> float:
    """The length of a term: 1, and what its factors cost."""
    return 1 + sum(f.cost for f in term)


@dataclass(frozen=True, eq=False)
class ScaledRows:
    """What a search fits.

    arguments: name -> (n,). ends: of the arguments over all rows of the table. target (n,): weighted, and divided so
    that its weighted variance is 1. weight (n,): of residuals. known: all factors of some arguments.
    blocks: parts of equal length (groups, targets), each with coefficients of its own; rows of weight 0 fill them up.
    fixed (B, m, r): orthonormal columns of each block that every law has; the target is given without them. solved:
    share of the variance that no approximation comes down to.
    """

    arguments: Mapping[str, Array]
    ends: Mapping[str, Ends]
    target: Array
    weight: Array
    known: Mapping[str, Sequence[Factor]] = field(default_factory=dict)
    blocks: int = 1
    fixed: Array | None = None
    solved: float = OF_FLOATS

    @property
    def count(self) -> int:
        """How many rows there are, with those that fill blocks up."""
        return len(self.target)

    @property
    def measured(self) -> int:
        """How many rows weigh something."""
        return int(np.count_nonzero(self.weight))

    @property
    def targets(self) -> Array:
        """The target by block (B, m)."""
        return self.target.reshape(self.blocks, -1)

    def column(self, factors: Sequence[Factor]) -> Array:
        """The product of the factors (n,), times the weights."""
        values = self.weight
        for factor in factors:
            values = values * factor.values(self.arguments)
        return values

    def design(self, terms: Sequence[Term]) -> Array:
        """The columns of the terms by block (B, m, k), without what the fixed columns explain of them."""
        columns = np.stack([self.column(term) for term in terms], axis=1)
        return self.beside(columns.reshape(self.blocks, -1, len(terms)))

    def beside(self, columns: Array) -> Array:
        """Columns (B, m, k) without what the fixed ones explain of them."""
        if self.fixed is None:
            return columns
        return columns - self.fixed @ (np.swapaxes(self.fixed, 1, 2) @ columns)

    def values(self, law: TermLaw) -> Array:
        """The law at each row (n,), times the weights."""
        return np.asarray((self.design(law.terms) @ law.by_block[..., None])[..., 0].reshape(-1))


def fitted(terms: Sequence[Term], rows: ScaledRows) -> TermLaw | None:
    """The terms with the coefficients of least squares; None where a value is not finite."""
    design = rows.design(terms)
    if (size := _sizes(design)) is None:
        return None
    solution = _least_squares(design / size[:, None], rows.targets) / size
    residual = rows.targets - (design @ solution[..., None])[..., 0]
    error = float((residual**2).sum()) / rows.measured
    return TermLaw(tuple(terms), tuple(solution.reshape(-1).tolist()), error)


def _sizes(design: Array) -> Array | None:
    """The lengths (B, k) of each block's columns (B, m, k), 1 for those of zeros; None where a value is not finite, or
    a column holds zeros alone."""
    size = np.asarray(np.sqrt((design**2).sum(axis=1)))
    if not np.isfinite(size).all() or not size.any(axis=0).all():
        return None
    return size if size.all() else np.where(size == 0, 1.0, size)


def _least_squares(design: Array, targets: Array) -> Array:
    """The coefficients (B, k) of each block by itself."""
    return np.stack([np.linalg.lstsq(own, y, rcond=1e-12)[0] for own, y in zip(design, targets, strict=True)])


def basis(design: Array) -> tuple[Array, bool]:
    """Orthonormal columns (B, m, k) that span each block's design, zeros where it has fewer; and whether the columns of
    every block are independent."""
    size = np.sqrt((design**2).sum(axis=1, keepdims=True))
    columns = design / np.where(size > 0, size, 1.0)
    q, r = np.linalg.qr(columns)
    if np.abs(np.diagonal(r, axis1=1, axis2=2)).min() >= SINGULAR:
        return q, True
    u, share, _ = np.linalg.svd(columns, full_matrices=False)
    return u * (share > SINGULAR)[:, None, :], False


def _factored(design: Array) -> tuple[Array, Array]:
    """QR of each block's design (B, m, k): numpy's, which takes ten times as long for one small block as LAPACK itself.
    There the triangle has anything below its diagonal."""
    if len(design) > 1:
        return np.linalg.qr(design)
    from scipy.linalg.lapack import dgeqrf, dorgqr  # here, as below: scipy takes its time to be imported

    raw, tau, _, _ = dgeqrf(design[0])
    return np.ascontiguousarray(dorgqr(raw, tau)[0])[None], raw[None, : raw.shape[1]]


def _back_substituted(triangle: Array, right: Array) -> Array:
    """The solution (B, k, 1) for the triangles of `_factored`."""
    if len(right) > 1:
        return np.asarray(np.linalg.solve(triangle, right))
    from scipy.linalg.lapack import dtrtrs

    return np.asarray(dtrtrs(triangle[0], right[0])[0][None])


def refine(law: TermLaw, rows: ScaledRows, iterations: int = 12) -> TermLaw:
    """`law` with better inner constants: variable projection (Golub and Pereyra 1973) with Kaufman's Jacobian."""
    from scipy.linalg.lapack import dgesv

    inner = _Inner(law.terms, rows)
    found = inner.at(inner.begin) if inner.places else None
    if found is None or not found.goes_on:
        return law
    error, damping = law.error, 1e-3
    for _ in range(iterations):
        slopes = inner.slopes(found)
        if slopes is None:
            break
        scale = np.sqrt((slopes**2).sum(axis=0))
        scale[scale == 0] = 1.0
        slopes /= scale
        normal, right, before = slopes.T @ slopes, slopes.T @ found.residual.reshape(-1), error
        unit = np.eye(len(scale))
        for _ in range(STEPS):
            step = dgesv(normal + damping * unit, right)[2] / scale
            trial = inner.at(np.minimum(np.maximum(found.theta + step, inner.low), inner.high))
            if trial is not None and trial.error < error:
                found, error, damping = trial, trial.error, max(damping / 5, 1e-12)
                break
            damping *= 8
        if error > before * (1 - LEAST_GAIN) or error < ROUNDING * 1e-2 or not found.goes_on:
            break
    if not error < law.error:
        return law
    return TermLaw(inner.moved(found.theta), tuple(found.coefficients.reshape(-1).tolist()), error)


@dataclass(frozen=True, eq=False)
class _Projected:
    """A sum at some inner constants theta (q,), with the least squares of its coefficients (B, k).

    values: of each factor (n,), term by term. span (B, m, k): orthonormal, of the columns. residual (B, m).
    goes_on: whether the columns are independent, or there are several blocks.
    """

    theta: Array
    values: list[list[Array]]
    span: Array
    coefficients: Array
    residual: Array
    error: float
    goes_on: bool


class _Inner:
    """A sum of terms as a function of its inner constants; factors without any are computed once.

    begin, low, high (q,): the constants and their bounds. places: of the constants in the terms.
    """

    def __init__(self, terms: Sequence[Term], rows: ScaledRows) -> None:
        self.terms, self.rows, self.begin = terms, rows, np.empty(0)
        self.places: list[Place] = [
            (t, k, j) for t, term in enumerate(terms) for k, f in enumerate(term) for j in range(f.free)
        ]
        if not self.places:
            return
        bounds = [terms[t][k].bounds(rows.ends[terms[t][k].argument])[j] for t, k, j in self.places]
        self.low, self.high = np.array(bounds).T
        self.begin = np.clip([terms[t][k].constants[j] for t, k, j in self.places], self.low, self.high)
        self._measured = rows.measured
        self._moving = {(t, k): list(terms[t][k].constants) for t, k, _ in self.places}
        self._changing, self._targets = {t for t, _ in self._moving}, rows.targets[..., None]
        self._values = [[factor.values(rows.arguments) for factor in term] for term in terms]
        self._columns = [self._column(values) for values in self._values]

    def at(self, theta: Array) -> _Projected | None:
        """The sum with these constants; None where a value is not finite."""
        values, columns = [list(one) for one in self._values], list(self._columns)
        for (t, k), own in self._constants(theta).items():
            factor = self.terms[t][k]
            values[t][k] = KINDS[factor.kind].values(self.rows.arguments[factor.argument], *own)
        for t in self._changing:
            columns[t] = self._column(values[t])
        blocks, targets = self.rows.blocks, self._targets
        design = self.rows.beside(np.array(columns).T.reshape(blocks, -1, len(columns)))
        if (size := _sizes(design)) is None:
            return None
        design = design / size[:, None]
        span, triangle = _factored(design)
        independent = bool(np.abs(np.diagonal(triangle, axis1=1, axis2=2)).min() >= SINGULAR)
        if independent:
            own_part = np.swapaxes(span, 1, 2) @ targets
            residual, solution = targets - span @ own_part, _back_substituted(triangle, own_part)
        else:
            solution = _least_squares(design, self.rows.targets)[..., None]
            residual, span = targets - design @ solution, basis(design)[0]
        error, goes_on = float((residual**2).sum()) / self._measured, independent or blocks > 1
        return _Projected(theta, values, span, solution[..., 0] / size, residual[..., 0], error, goes_on)

    def slopes(self, found: _Projected) -> Array | None:
        """Slopes (n, q) of the residual by the inner constants, beside the coefficients; None where one is not
        finite."""
        slopes = {}
        for (t, k), own in self._constants(found.theta).items():
            factor = self.terms[t][k]
            slopes[t, k] = KINDS[factor.kind].slopes(self.rows.arguments[factor.argument], *own)
        blocks = self.rows.blocks
        coefficients = np.repeat(found.coefficients, self.rows.count // blocks if blocks > 1 else 1, axis=0)
        columns = []
        for t, k, j in self.places:
            rest = self._column([one for place, one in enumerate(found.values[t]) if place != k])
            columns.append(coefficients[:, t] * rest * slopes[t, k][j])
        inside = self.rows.beside(np.array(columns).T.reshape(blocks, -1, len(columns)))
        inside = inside - found.span @ (np.swapaxes(found.span, 1, 2) @ inside)
        return inside.reshape(self.rows.count, -1) if np.isfinite(inside).all() else None

    def moved(self, theta: Array) -> tuple[Term, ...]:
        """The terms with these constants."""
        constants = self._constants(theta)
        return tuple(
            tuple(
                replace(factor, constants=tuple(constants[t, k])) if (t, k) in constants else factor
                for k, factor in enumerate(term)
            )
            for t, term in enumerate(self.terms)
        )

    def _column(self, values: Sequence[Array]) -> Array:
        column = self.rows.weight
        for one in values:
            column = column * one
        return column

    def _constants(self, theta: Array) -> dict[tuple[int, int], list[float]]:
        """Term and factor -> all constants of it, the free ones from theta (q,)."""
        found = {place: list(constants) for place, constants in self._moving.items()}
        for (t, k, j), value in zip(self.places, theta.tolist(), strict=True):
            found[t, k][j] = value
        return found


def simpler(terms: Sequence[Term]) -> Iterator[tuple[Term, ...]]:
    """Every way to leave out a term or a factor, or to put a simpler factor in a factor's place."""
    for t, term in enumerate(terms):
        rest = tuple(terms[:t]) + tuple(terms[t + 1 :])
        if rest:
            yield rest
        for k, factor in enumerate(term):
            others = term[:k] + term[k + 1 :]
            for other in ((), *((f,) for f in _plainer(factor))):
                changed = _merged((*others, *other))
                if changed not in rest:
                    yield (*rest[:t], changed, *rest[t:])


def rounded(terms: Sequence[Term]) -> Iterator[tuple[Term, ...]]:
    """Every way to put a simple number in a constant's place."""
    for t, term in enumerate(terms):
        for k, factor in enumerate(term):
            for number in _number(factor):
                yield (*terms[:t], tuple(sorted((*term[:k], number, *term[k + 1 :]))), *terms[t + 1 :])


def _merged(factors: Sequence[Factor]) -> Term:
    """The product with one whole power of each argument, and none where it would be 1."""
    powers = Counter[str]()
    for factor in factors:
        powers[factor.argument] += round(factor.constants[0]) if factor.kind == "power" else 0
    rest = [factor for factor in factors if factor.kind != "power"]
    return tuple(sorted([*rest, *(Factor("power", name, (float(n),)) for name, n in powers.items() if n)]))


def _plainer(factor: Factor) -> Iterator[Factor]:
    """Factors that it may stand for."""
    kind, argument, first = factor.kind, factor.argument, (*factor.constants, 0.0)[0]
    if kind in ("real", "odd"):
        n = round(first)
        if n and abs(first - n) < 0.3 and (kind == "real" or n % 2):
            yield Factor("power", argument, (float(n),))
    if kind in ("real", "odd") and abs(first) < FLAT:
        yield Factor("log" if kind == "real" else "sign", argument, ())
    if kind == "sigmoid":
        yield Factor("tanh", argument, (abs(first) / 2 or 1.0,))
    if kind in ("sin", "tanh", "sin of log", "log1p", "exp", "odd", "hinge"):
        yield Factor("power", argument, (1.0,))
    if kind == "rising hill":
        yield Factor("power" if factor.constants[1].is_integer() else "real", argument, (factor.constants[1],))
    if kind in ("cos", "gauss", "hill"):
        yield Factor("power", argument, (2.0,))
    if kind == "steep rising hill":
        yield Factor("rising hill", argument, (first, _simple(factor.constants[1], has_unit=False)))


def _number(factor: Factor) -> Iterator[Factor]:
    """The factor with a number instead of its only constant, where a simple one is near."""
    kind, first = factor.kind, (*factor.constants, 0.0)[0]
    if len(factor.constants) - (kind in ("hill", "rising hill")) == 1 and factor.free:
        has_unit = KINDS[kind].roles[0] is not Role.EXPONENT
        nearest = _simple(first, has_unit=has_unit)
        if abs(nearest - first) <= (NEAR_IN_UNITS if has_unit else NEAR) * abs(first):
            yield replace(factor, constants=(nearest, *factor.constants[1:]), fixed=True)


def _simple(value: float, *, has_unit: bool) -> float:
    """The nearest simple number, for a constant that has a unit times any power of ten: 0.3 in one unit is 300 in
    another."""
    if not has_unit or not value:
        return min(SIMPLE, key=lambda simple: abs(simple - value))
    decade = math.floor(math.log10(abs(value)))
    digits = min(DIGITS, key=lambda simple: abs(simple - abs(value) / 10.0**decade))
    return math.copysign(float(f"{digits!r}e{decade}"), value)
