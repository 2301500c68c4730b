"""What is known of a candidate from the training rows: the record, and the scores of a fold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from lawsmith.sandbox.isolation import Tier
from lawsmith.sandbox.law.parse import Kind
from lawsmith.sandbox.verdict import Verdict
from lawsmith.tasks.arrays import NORMAL, Array, geometric_mean
from lawsmith.tasks.frontier.folds import Fold
from lawsmith.tasks.frontier.reach import Unsafe
from lawsmith.tasks.frozen import Exact
from lawsmith.tasks.metrics import Scores, scores
from lawsmith.tasks.table import Table

NOTHING = 1e-12  # an error, in a unit near the targets, below which all errors are alike
NARROW = 0.01  # held-out rows whose spread is below this share of the whole spread are no measure of an error
MOST_GROUPS = 12  # that a record lists by name: as many as a prompt or a page shows
MOST_OFF = 8.0  # robust standard deviations with which a training row counts at most …
FEW_OFF = 0.05  # … where no more than such a share of the rows is further off
LEAST_SCALE = 0.01  # of the targets' spread is the least such deviation: laws that are exact but for a few rows are not


class FoldScore(Exact):
    """How well the rows of one fold that were held out are predicted; `rows` counts them.

    rmse and scale have one entry per target: root mean squared error, and standard deviation of the held-out
    measurements; both weigh rows as the table does. r2, nmse and nmae do not. r2 is raw, not clipped; where the
    held-out rows of a target hardly vary, as a single row does not, it is relative to all training rows. tells: False
    where R² is low (`GOOD`) and the rows that the fold left cannot tell the constants apart, whatever they measure.
    """

    name: str
    kind: str
    rows: int
    r2: float
    nmse: float
    nmae: float
    rmse: tuple[float, ...]
    scale: tuple[float, ...]
    bias: tuple[float, ...] = ()
    """Mean of measured minus predicted, one entry per target."""
    group_bias: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """The same for the groups with most held-out rows, at most MOST_GROUPS of them."""
    tells: bool = True


def typical_rmse(folds: Sequence[FoldScore], unit: Array | None = None) -> float:
    """The typical error on held-out rows: the geometric mean over folds and targets, in the `unit` (T,) of each target;
    without one, in the spread of the rows that a fold held out."""
    scale = np.array([fold.scale for fold in folds]) if unit is None else unit
    return geometric_mean(np.array([fold.rmse for fold in folds]) / np.where(scale > 0, scale, 1.0), NOTHING)


class Evaluation(Exact):
    """All that is known of a candidate from the training rows; JSON round-trips exactly.

    Scores are there only with the verdict OK. stage: where it failed: "check", "load", "fit", "predict", "verify" or
    "fold:<name>". validation_r2: mean of R² clipped to [-1, 1] over the folds that tell, or over all where none does;
    None for a closed law, whose constants have seen every row. constants: `Constants.to_json()`. constants_count: per
    group and target, rounded up, shared ones included: what the cap limits; None for a closed law. free_constants: all
    numbers that the fit chose, a shared constant once; None where unknown. rmse: per target, see `training_rmse`.
    status: how the fit of each group ended. unsafe: where the law stops being believable within 100 times of the data
    or as far as stated, if it does. probe: (n_probe, T) predictions at the probe rows, empty when one of them is not
    finite. seconds: elapsed; cpu_seconds and peak_bytes: as the kernel counted them. formula: printed from the tree
    that was read and executed; None for an opaque candidate, which runs its own code because `unread` kept it from
    being read.
    """

    verdict: Verdict
    message: str = ""
    stage: str = ""
    kind: Kind | None = None
    train: Scores | None = None
    folds: tuple[FoldScore, ...] = ()
    validation_r2: float | None = None
    constants: dict[str, Any] | None = None
    constants_count: int | None = None
    unsafe: Unsafe | None = None
    free_constants: int | None = None
    rmse: tuple[float, ...] = ()
    status: dict[str, str] = Field(default_factory=dict)
    probe: tuple[tuple[float, ...], ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    tier: Tier
    formula: str | None = None
    opaque: bool = False
    unread: str = ""

    @property
    def train_r2(self) -> float | None:
        """R² on the training rows; None for a failed candidate."""
        return None if self.train is None else self.train.r2


def fold_score(fold: Fold, train: Table, predicted: Array) -> FoldScore:
    """The score of predictions (n, T) for the held-out rows of a fold of the training table."""
    rows = train.take(fold.held_out)
    measured = rows.target_matrix()
    found = scores(measured, predicted)
    return FoldScore(
        name=fold.name,
        kind=fold.kind,
        rows=len(measured),
        r2=_r2(measured, predicted, train.target_matrix(), found.r2),
        nmse=found.nmse,
        nmae=found.nmae,
        rmse=weighted_rmse(rows, predicted),
        scale=weighted_rmse(rows, np.average(measured, axis=0, weights=rows.weights)),
        bias=tuple((measured - predicted).mean(axis=0).tolist()),
        group_bias=_group_bias(rows, measured - predicted),
    )


def _r2(measured: Array, predicted: Array, everything: Array, usual: float) -> float:
    """The usual R², but relative to the spread of all training rows where the held-out rows of a target hardly vary."""
    spread, whole = np.std(measured, axis=0), np.std(everything, axis=0)
    narrow = (spread <= NARROW * whole) & (whole > 0)
    if not narrow.any():
        return usual
    scale = np.where(narrow, whole, np.where(spread > 0, spread, 1.0))
    with np.errstate(over="ignore"):
        return float(1 - np.mean(np.mean((measured - predicted) ** 2, axis=0) / scale**2))


def _group_bias(rows: Table, residuals: Array) -> dict[str, tuple[float, ...]]:
    """Mean residuals of the groups with most rows; nothing where there is only one group."""
    counts = np.bincount(rows.codes, minlength=len(rows.groups))
    if len(rows.groups) < 2:
        return {}
    largest = np.argsort(-counts, kind="stable")[:MOST_GROUPS]
    return {
        rows.groups[code]: tuple(residuals[rows.codes == code].mean(axis=0).tolist())
        for code in largest
        if counts[code]
    }


def training_rmse(train: Table, predicted: Array) -> tuple[float, ...]:
    """Root mean squared error of each target (T), for predictions (n, T); rows weigh as the table says.

    Of a few rows that are far off none counts with more than MOST_OFF robust standard deviations, so that they do not
    decide how well a law fits the others.
    """
    measured, root = train.target_matrix(), np.sqrt(train.weights)[:, None]
    off = root * (measured - predicted)
    spread = np.median(root * np.abs(measured - np.median(measured, axis=0)), axis=0)
    most = MOST_OFF * NORMAL * np.maximum(np.median(np.abs(off), axis=0), LEAST_SCALE * spread)
    few = (np.abs(off) > most).mean(axis=0) <= FEW_OFF
    counted = np.where(few, np.clip(off, -most, most), off)
    with np.errstate(over="ignore"):
        return tuple(np.sqrt(np.mean(counted**2, axis=0)).tolist())


def weighted_rmse(rows: Table, predicted: Array) -> tuple[float, ...]:
    """Root mean squared error of each target (T), for predictions (n, T); rows weigh as the table says."""
    with np.errstate(over="ignore"):
        squares = (rows.target_matrix() - predicted) ** 2
        return tuple(np.sqrt(np.average(squares, axis=0, weights=rows.weights)).tolist())
