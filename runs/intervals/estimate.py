"""Measures how wrong a law is: refits it to parts of the training rows and looks at the rest.

Three sources of error are estimated for a law and its rivals, the laws that the choice could not separate from it:

* *parameters*: the winner is refitted to rows drawn with replacement within each group (the pairs bootstrap; Efron
  and Tibshirani, An Introduction to the Bootstrap, 1993, section 9.5);
* *model*: the winner and its rivals are compared where they are asked to predict; each rival counts by the inverse
  square of its error on the folds;
* *extrapolation*: on the folds the winner meets rows beyond its fitted range. What their errors exceed training
  residuals and model spread by is charged to the distance beyond the data.

The errors on the folds, each divided by what was expected of it, are then the yardstick for new intervals, as in
split conformal prediction with normalised residuals (Lei et al., JASA 113, 2018). The rows held out are not
exchangeable with rows farther out, so this is a calibration and no guarantee; docs/intervals.md measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from lawsmith.runs.intervals.distance import Region, distances
from lawsmith.runs.intervals.freed import freed
from lawsmith.runs.intervals.model import Freed, Member, TargetErrors, Uncertainty, Values
from lawsmith.sandbox import Constants, FitJob, FoldScore, JobResult, Sandbox, read_candidate
from lawsmith.sandbox.evaluate import scored_fold
from lawsmith.sandbox.evaluation import typical_rmse
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Array, Table, Task
from lawsmith.tasks.arrays import is_logarithmic, weighted_median
from lawsmith.tasks.frontier.folds import Fold, simplex_units
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.known_units import keeps_sign

RESAMPLES = 12  # refits to rows drawn again: enough for a standard deviation to a fifth of itself
MOST_MEMBERS = 6  # laws whose spread counts as doubt about the form
NEAR_ZERO = 0.5  # of the least expected error, in its value: predictions below have errors that do not fall with them
DIVERGED = 4.0
"""A rival so many times as far away as rivals typically are, or a fold with errors so many times the folds' typical
ones to the power of two, is a fit that ran away."""
KNOTS = np.linspace(0, 1, 41)  # of the quantiles that are kept of the error ratios
POOLED_ROWS = 10.0  # rows of common experience that each group's noise, and few held-out errors, are judged with


@dataclass(frozen=True, eq=False)
class EvaluatedLaw:
    """A candidate with the constants and fold scores that its evaluation recorded."""

    id: str
    source: str
    constants: Constants
    folds: tuple[FoldScore, ...]


def estimate(
    task: Task, laws: Sequence[EvaluatedLaw], sandbox: Sandbox, *, seed: int = 0, growing: bool = False
) -> Uncertainty:
    """The uncertainty of laws[0], given its rivals laws[1:], from the training rows of `task` alone.

    `growing` says that errors are shares of the value, and the rows weighed so.
    Raises ValueError for a law without fold scores: there is nothing that its errors could be judged by.
    """
    if not laws or not laws[0].folds:
        raise ValueError("a law without fold scores has no measured error")
    weights = np.array([typical_rmse(law.folds) for law in laws]) ** -2.0
    weights /= weights.sum()  # (L,)
    keep = [0, *sorted(range(1, len(laws)), key=lambda k: -weights[k])[: MOST_MEMBERS - 1]]
    laws, weights = [laws[k] for k in keep], weights[keep] / weights[keep].sum()
    seen = SearchTask.of(task, every_group=True)
    return _Study(seen, tuple(laws), weights, sandbox, seed, growing).run()


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """Rows of one fold: codes (n,), distance (n,), residual (n, T) of the winner, spread (n, T) of the members,
    predicted (n, T) by the winner."""

    codes: Array
    distance: Array
    residual: Array
    spread: Array
    predicted: Array


@dataclass(frozen=True, eq=False)
class _Study:
    """The refits for one winner and its rivals."""

    seen: SearchTask
    laws: tuple[EvaluatedLaw, ...]
    weights: Array
    sandbox: Sandbox
    seed: int
    growing: bool

    @property
    def task(self) -> Task:
        return self.seen.task

    def run(self) -> Uncertainty:
        train, schema = self.task.train, self.task.schema
        folds = self.seen.folds
        full = FitJob(self.laws[0].source, schema, train, (train.hide(),), seed=self.seed)
        fitted = self.sandbox.run(full)  # before all others: code that hangs is waited for once
        if not fitted.ok:
            raise ValueError(f"the law cannot be fitted again: {fitted.message}")
        fold_fits = [[self._fit(law, fold) for law in self.laws] for fold in folds]
        redraws = [self._resample(self.laws[0].source, index) for index in range(RESAMPLES)]
        other = freed(self.laws[0].source, self.task)
        others = [] if other is None else [self._resample(other[0], index) for index in range(RESAMPLES)]
        log = tuple(is_logarithmic(column) for column in train.features.values())
        made = [
            (fold, found)
            for fold, fits in zip(folds, fold_fits, strict=True)
            if (found := self._held_out(fold, [fit.result() for fit in fits], log)) is not None
        ]
        if not made:
            raise ValueError("the law cannot be fitted again: no fold could be repeated")
        folds, held_out = zip(*self._telling(made), strict=True)
        rows = len(np.unique(np.concatenate([fold.held_out for fold in folds])))
        residual = train.target_matrix() - fitted.predictions[0]
        return Uncertainty(
            features=schema.features,
            targets=schema.targets,
            members=tuple(map(_member, self.laws, self.weights.tolist())),
            resamples=_fitted(redraws),
            freed=None if other is None else Freed(source=other[0], names=other[1], resamples=_fitted(others)),
            errors=tuple(self._errors(t, residual, held_out, rows) for t in range(len(schema.targets))),
            folds=len(held_out),
            reach=max(float(part.distance.max()) for part in held_out),
            factors=_factors(train, folds),
            regions=_regions(train, log),
            measurements=train.target_matrix().size,
            shares=simplex_units(train),
            two_values=tuple(name for name, column in train.features.items() if len(np.unique(column)) == 2),
        )

    def _telling(self, made: Sequence[tuple[Fold, _HeldOut]]) -> Sequence[tuple[Fold, _HeldOut]]:
        """Without the folds whose fitted rows do not determine the law's constants, which the choice leaves out as
        well; all where none does."""
        law = read_candidate(self.laws[0].source, schema=self.task.schema).statement
        return [one for one in made if scored_fold(one[0], self.task.train, one[1].predicted, law).tells] or made

    def _fit(self, law: EvaluatedLaw, fold: Fold) -> Future[JobResult]:
        train = self.task.train
        rows = train.take(fold.held_out).hide()
        return self.sandbox.submit(
            FitJob(law.source, self.task.schema, train.take(fold.fitted), (rows,), seed=self.seed)
        )

    def _resample(self, source: str, index: int) -> Future[JobResult]:
        rng = np.random.default_rng([self.seed, index])
        train = self.task.train
        groups = [np.flatnonzero(train.codes == code) for code in np.unique(train.codes)]
        rows = np.concatenate([np.sort(rng.choice(group, len(group))) for group in groups])
        return self.sandbox.submit(FitJob(source, self.task.schema, train.take(rows), seed=self.seed))

    def _held_out(self, fold: Fold, fits: Sequence[JobResult], log: tuple[bool, ...]) -> _HeldOut | None:
        """None where the winner cannot be fitted to that part."""
        if not fits[0].ok:
            return None
        rows = self.task.train.take(fold.held_out)
        regions = _regions(self.task.train.take(fold.fitted), log)
        distance = distances(regions, rows)
        predictions = [(fit.predictions[0], w) for fit, w in zip(fits, self.weights, strict=True) if fit.ok]
        own = fits[0].predictions[0]
        return _HeldOut(
            rows.codes.astype(float), distance, rows.target_matrix() - own, model_spread(own, predictions), own
        )

    def _errors(self, target: int, residual: Array, held_out: Sequence[_HeldOut], rows: int) -> TargetErrors:
        train, names = self.task.train, self.task.train.groups
        noise, unit = _noise(train, residual[:, target], len(self.laws[0].constants.names), target)
        floor = None
        if self.growing:
            size = np.abs((train.target_matrix() - residual)[:, target])
            least = float(size.max() * np.sqrt(train.weights.min() / train.weights.max()))
            floor = least if size.min() < NEAR_ZERO * least else 0.0
            size = np.maximum(size, max(floor, np.finfo(float).tiny))
            noise = np.full(len(names), float(np.sqrt(np.mean((residual[:, target] / size) ** 2))))
        parts = _without_diverged([_Errors.of(part, target, noise, unit, floor) for part in held_out])
        excess = float(np.mean([np.mean(part.error**2 - part.base**2) for part in parts]))
        squares = float(np.mean([np.mean(part.reach**2) for part in parts]))
        growth = float(np.sqrt(max(excess, 0.0) / squares)) if squares > 0 else 0.0
        ratios = np.concatenate([part.error / part.expected(growth) for part in parts])
        weights = np.concatenate([np.full(len(part.error), 1 / len(part.error)) for part in parts])
        name, measured = list(train.targets.items())[target]
        return TargetErrors(
            noise=dict(zip(names, noise.tolist(), strict=True)),
            unit=dict(zip(names, unit.tolist(), strict=True)),
            growth=growth,
            ratios=tuple(_leaning(weighted_quantiles(ratios, weights, KNOTS), rows).tolist()),
            growing=self.growing,
            floor=floor or 0.0,
            positive=bool((measured > 0).all() and keeps_sign(name, measured)),
        )


def _fitted(jobs: Sequence[Future[JobResult]]) -> tuple[Values, ...]:
    """The constants of the fits that succeeded."""
    return tuple(_values(got.constants) for job in jobs if (got := job.result()).ok and got.constants)


@dataclass(frozen=True, eq=False)
class _Errors:
    """Of the rows of one fold (n,): error, the part explained by noise and model spread, and distance in the target's
    units."""

    error: Array
    base: Array
    reach: Array

    @classmethod
    def of(cls, part: _HeldOut, target: int, noise: Array, unit: Array, floor: float | None) -> _Errors:
        """`floor`: see `TargetErrors`; None where errors do not grow with the value."""
        codes = part.codes.astype(int)
        size = 1.0 if floor is None else np.maximum(np.abs(part.predicted[:, target]), floor)
        return cls(
            np.abs(part.residual[:, target]),
            np.hypot(noise[codes] * size, part.spread[:, target]),
            np.minimum(part.distance, 1e6) * unit[codes],
        )

    def expected(self, growth: float) -> Array:
        return np.maximum(np.hypot(self.base, growth * self.reach), 1e-300)


def _without_diverged(parts: Sequence[_Errors]) -> list[_Errors]:
    """The folds but those where the winner's fit ran away: its errors there say nothing of the law on all rows."""
    sizes = np.array([np.median(part.error / part.expected(0.0)) for part in parts])
    kept = sizes <= DIVERGED**2 * max(float(np.median(sizes)), 1.0)
    return [part for part, keep in zip(parts, kept, strict=True) if keep]


def _leaning(ratios: Array, rows: int) -> Array:
    """Quantiles (K,) of error ratios at `KNOTS`, those below normal errors' raised towards these as by ten more rows:
    a few held-out rows that were met well by chance make no interval narrow."""
    from scipy.special import ndtri  # a third of a second that commands without intervals save

    normal = ndtri((1 + np.minimum(KNOTS, 1 - 0.5 / len(KNOTS))) / 2)
    return np.asarray(ratios + POOLED_ROWS / (rows + POOLED_ROWS) * np.maximum(normal - ratios, 0))


def model_spread(own: Array, predictions: Sequence[tuple[Array, float]]) -> Array:
    """(n, T): weighted root mean square distance of the members' predictions from the winner's, `own`.

    No member counts as farther away than DIVERGED times the weighted median distance of the members beside the winner:
    one rival that diverges out there does not set the width of an interval.
    """
    weights = np.array([weight for _, weight in predictions])
    away = np.abs(np.array([prediction - own for prediction, _ in predictions]))
    if len(predictions) > 2:
        away = np.minimum(away, DIVERGED * weighted_median(away[1:], weights[1:]))
    with np.errstate(over="ignore"):  # of the only rival: infinitely far
        return np.asarray(np.sqrt(np.tensordot(weights / weights.sum(), away**2, axes=1)))


def _noise(train: Table, residual: Array, constants: int, target: int) -> tuple[Array, Array]:
    """Standard deviations (G,) of residuals and of the target; a group's noise leans on that of all groups. Where rows
    have weights, the noise is that of a measurement of weight 1, the mean of all."""
    y, groups = train.target_matrix()[:, target], len(train.groups)
    overall = float(y.std())
    unit, own, rows = np.full(groups, overall), np.zeros(groups), np.zeros(groups)
    for code in np.unique(train.codes):
        mask = train.codes == code
        unit[code] = float(y[mask].std()) or overall
        rows[code] = mask.sum()
        free = max(1.0, rows[code] - constants)
        own[code] = float(np.sum(train.weights[mask] * residual[mask] ** 2)) / min(free, rows[code]) / unit[code] ** 2
    pooled = float(np.median(own[rows > 0]))
    noise = (rows * own + POOLED_ROWS * pooled) / (rows + POOLED_ROWS)
    return np.sqrt(noise) * unit, unit


def _factors(train: Table, folds: Sequence[Fold]) -> tuple[float, ...]:
    """Per feature: how many times its largest fitted value a held-out row of some fold had, or the smallest one of a
    loss what it had, at least 1."""
    found = []
    for name, column in train.features.items():
        if lies_below(name) and column.min() > 0:
            column = 1 / column
        ends = [(float(column[fold.fitted].max()), float(column[fold.held_out].max())) for fold in folds]
        found.append(max([1.0, *(there / here for here, there in ends if here > 0)]))
    return tuple(found)


def _regions(table: Table, log: tuple[bool, ...]) -> dict[str, Region]:
    x = table.matrix()
    return {table.groups[code]: Region.of(x[table.codes == code], log) for code in np.unique(table.codes)}


def _values(constants: Constants) -> Values:
    rows = zip(constants.groups, constants.values, strict=True)
    return {group: None if np.isnan(row).any() else tuple(row.tolist()) for group, row in rows}


def _member(law: EvaluatedLaw, weight: float) -> Member:
    fitted = law.constants
    return Member(id=law.id, source=law.source, names=fitted.names, constants=_values(fitted), weight=weight)


def weighted_quantiles(values: Array, weights: Array, levels: Array) -> Array:
    """Quantiles of a weighted sample, interpolated between its values."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order]) - 0.5 * weights[order]
    return np.interp(levels, cumulative / weights.sum(), values[order])
