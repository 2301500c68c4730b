"""How wrong a law is, in the units of its targets: by split, by group, and row by row."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lawsmith.tasks import Array, IntArray, Schema, Table
from lawsmith.tasks.arrays import NORMAL

MOST_OUTLIERS = 20  # rows that a reader looks up
FAR = 5.0
"""An outlier's residual is at least this many typical residuals of the training rows of its group."""
POOLED_ROWS = 20
"""Rows of all groups that each group's own typical residual is averaged with."""


def grade(r2: float | None) -> str:
    """good, fair or bad; "" without a score. Below 0 the mean of the rows would predict better."""
    if r2 is None:
        return ""
    return "good" if r2 >= 0.9 else "fair" if r2 >= 0.5 else "bad"


@dataclass(frozen=True)
class Errors:
    """Of one target in some rows. rmse: root mean square residual. share: mean of |residual| / |measured|, None where
    a measured value is 0 or signs are mixed. r2: of all these rows; r2_within: of differences within groups, None where
    no group varies, or there is one group."""

    split: str
    target: str
    group: str | None
    rows: int
    rmse: float
    share: float | None
    r2: float | None
    r2_within: float | None


@dataclass(frozen=True)
class Outlier:
    """A row that is far from the law. number: from 1 within its split. times: in typical residuals of its group."""

    number: int
    split: str
    group: str
    features: Mapping[str, float]
    target: str
    measured: float
    predicted: float
    times: float
    believed: bool = True

    @property
    def residual(self) -> float:
        """Measured minus predicted value, in the target's unit."""
        return self.measured - self.predicted


def errors(schema: Schema, parts: Mapping[str, tuple[Table, Array]], by_group: bool = False) -> list[Errors]:
    """Of every target in every split (name -> rows and predictions), or of every group of them."""
    found = []
    for split, (rows, predicted) in parts.items():
        for t, target in enumerate(schema.targets):
            y, at = rows.target_matrix()[:, t], predicted[:, t]
            if not by_group:
                found.append(_errors(split, target, None, y, at, rows.codes))
                continue
            for code in np.unique(rows.codes):
                mine = rows.codes == code
                found.append(_errors(split, target, rows.groups[code], y[mine], at[mine], rows.codes[mine]))
    return found


def _errors(split: str, target: str, group: str | None, y: Array, predicted: Array, codes: IntArray) -> Errors:
    residual = y - predicted
    one_sign = bool((y > 0).all() or (y < 0).all())
    means = np.bincount(codes, y) / np.maximum(np.bincount(codes), 1)
    return Errors(
        split=split,
        target=target,
        group=group,
        rows=len(y),
        rmse=float(np.sqrt(np.mean(residual**2))),
        share=float(np.mean(np.abs(residual / y))) if one_sign else None,
        r2=_r2(residual, y - y.mean()),
        r2_within=_r2(residual, y - means[codes]) if len(np.unique(codes)) > 1 else None,
    )


def _r2(residual: Array, away: Array) -> float | None:
    spread = float(np.sum(away**2))
    return 1 - float(np.sum(residual**2)) / spread if spread > 0 else None


def outliers(
    schema: Schema,
    parts: Mapping[str, tuple[Table, Array]],
    disbelieved: Collection[tuple[int, str]] = (),
    growing: str | None = None,
) -> list[Outlier]:
    """Rows far from the law, the farthest first; what is typical is told by the training rows.

    disbelieved: rows of the training file, counted from 1, with the target that the search does not believe there.
    growing: a target whose errors are shares of its value; so are its residuals here.
    """
    found: list[Outlier] = []
    rows, predicted = next(iter(parts.values()))
    for t, target in enumerate(schema.targets):
        typical = _typical(rows, _missed(rows, predicted, t, share=target == growing))
        for split, (table, values) in parts.items():
            residual = _missed(table, values, t, share=target == growing)
            times = np.abs(residual) / typical[table.codes]
            for k in np.argsort(-times)[:MOST_OUTLIERS]:
                if times[k] >= FAR and np.isfinite(times[k]):
                    features = {name: float(column[k]) for name, column in table.features.items()}
                    number, group = int(table.row_numbers[k]), table.groups[table.codes[k]]
                    y, at, size = (float(one) for one in (table.target_matrix()[k, t], values[k, t], times[k]))
                    believed = split != "training" or (number, target) not in disbelieved
                    found.append(Outlier(number, split, group, features, target, y, at, size, believed))
    return sorted(found, key=lambda one: -one.times)[:MOST_OUTLIERS]


def _missed(rows: Table, predicted: Array, t: int, *, share: bool) -> Array:
    """Measured less predicted values (n,) of a target; as shares of the predicted ones where `share` says so."""
    missed = rows.target_matrix()[:, t] - predicted[:, t]
    return missed / np.maximum(np.abs(predicted[:, t]), np.finfo(float).tiny) if share else missed


def _typical(rows: Table, residual: Array) -> Array:
    """(G,): a robust standard deviation of the residuals of each group, which leans on that of all rows."""
    overall = NORMAL * float(np.median(np.abs(residual)))
    found = np.full(len(rows.groups), overall)
    for code in np.unique(rows.codes):
        own = residual[rows.codes == code]
        typical = NORMAL * float(np.median(np.abs(own)))
        found[code] = np.sqrt((len(own) * typical**2 + POOLED_ROWS * overall**2) / (len(own) + POOLED_ROWS))
    return np.where(found > 0, found, np.inf)


def worst(listed: Sequence[Errors]) -> str:
    """The worst grade of some errors, or "" of none."""
    grades = {grade(one.r2) for one in listed}
    return next((one for one in ("bad", "fair", "good") if one in grades), "")
