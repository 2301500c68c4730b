"""Plots of a run: fit and residuals against every feature, agreement, progress, front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.runs.account import Account
from lawsmith.runs.intervals.distance import is_logarithmic
from lawsmith.runs.report.content import RunContent
from lawsmith.runs.report.drawing import (
    EDGE,
    LABEL,
    PREDICTED,
    TEST,
    TRAIN,
    Chart,
    figure_of,
    label,
    log_axis,
    svg,
)
from lawsmith.runs.report.typeset import short
from lawsmith.tasks import Array, Schema, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 1500
MOST_LINES = 6
MOST_FEATURES = 12


@dataclass(frozen=True, eq=False)
class Fitted:
    """Rows of one split with what the law predicts for them, (n, T).

    bands: of the rows at `banded` (m,), the lower and upper ends (m, T) of their 90 % intervals; none where they
    are not known.
    """

    rows: Table
    predicted: Array
    banded: Array = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    bands: tuple[Array, Array] | None = None

    @property
    def residual(self) -> Array:
        return np.asarray(self.rows.target_matrix() - self.predicted)


def feature_charts(
    schema: Schema, train: Fitted, test: Fitted | None, frontiers: Mapping[str, Sequence[float]]
) -> list[Chart]:
    """Per feature (the first 12) and target: measured and predicted, and residuals, against the feature.

    frontiers: feature -> where the fitted part of a fold ended and its held-out rows began.
    """
    charts = []
    for t, target in enumerate(schema.targets):
        for k, feature in enumerate(schema.features[:MOST_FEATURES]):
            ends = frontiers.get(feature, ())
            charts.append(_feature_chart(schema, feature, target, t, train, test, ends, f"f{t}-{k}"))
    return charts


def _feature_chart(
    schema: Schema,
    feature: str,
    target: str,
    t: int,
    train: Fitted,
    test: Fitted | None,
    frontiers: Sequence[float],
    key: str,
) -> Chart:
    x = train.rows.features[feature]
    logarithmic, edge = is_logarithmic(x), float(x.max())
    name, what = short(feature, LABEL), short(target, LABEL)
    with figure_of(9.2, 3.3, 2) as (figure, (left, right)):
        for part, colour, split in _parts(train, test):
            rows = _sample(len(part.rows))
            at, y = part.rows.features[feature][rows], part.rows.target_matrix()[rows, t]
            left.plot(at, y, "o", ms=3.2, alpha=0.7, color=colour, mew=0, label=split)
            left.plot(at, part.predicted[rows, t], "x", ms=3.5, mew=0.7, color=PREDICTED, alpha=0.8)
            right.plot(at, part.residual[rows, t], "o", ms=3.2, alpha=0.7, color=colour, mew=0)
        if len(schema.features) == 1:
            _lines(left, train, feature, t)
        left.plot([], [], "x", ms=4, mew=0.8, color=PREDICTED, label="predicted")
        banded = train.bands is not None
        for axes in (left, right):
            axes.axvline(edge, color=EDGE, lw=1, ls="--")
            for end in frontiers:
                axes.axvline(end, color=EDGE, lw=1, ls=":")
            axes.set_xlabel(label(feature))
            if logarithmic:
                log_axis(axes)
        if is_logarithmic(train.rows.target_matrix()[:, t]):
            left.set_yscale("log")
        _bars(left, feature, t, [part for part, _, _ in _parts(train, test)])
        right.axhline(0, color=EDGE, lw=0.8)
        left.set_ylabel(label(target))
        right.set_ylabel("measured − predicted")
        left.legend(fontsize=8, loc="best")
        alt = (
            f"{what} against {name}: measured and predicted, and residuals. The dashed line marks the end of the "
            f"training data at {edge:.4g}{_held_out(frontiers)}.{_BARS if banded else ''} Typical training residual "
            f"{_rms(train.residual[:, t]):.3g}"
            + (f", test residual {_rms(test.residual[:, t]):.3g}." if test else ".")
        )
        return Chart(f"{what} against {name}", alt, svg(figure, key, alt))


def _bars(axes: Axes, feature: str, t: int, parts: Sequence[Fitted]) -> None:
    """Intervals of rows; where they leave the range of the data, the picture does not follow them."""
    shown = axes.get_ylim()
    for part in parts:
        if part.bands is not None:
            at, low, high = part.rows.features[feature][part.banded], *part.bands
            axes.vlines(at, low[:, t], high[:, t], color=PREDICTED, alpha=0.3, lw=1)
            axes.set_ylim(shown)
    if parts[0].bands is not None:
        axes.plot([], [], "-", lw=1, alpha=0.5, color=PREDICTED, label="90 % interval")


_BARS = " Bars are 90 % intervals."


def _held_out(frontiers: Sequence[float]) -> str:
    if not frontiers:
        return ""
    ends = ", ".join(f"{end:.4g}" for end in frontiers)
    return f"; dotted lines, where rows held out for validation began ({ends})"


def _lines(axes: Axes, train: Fitted, feature: str, t: int) -> None:
    """Joins the predictions of a few groups, where a single feature makes them a curve."""
    codes = np.unique(train.rows.codes)
    for code in codes[np.linspace(0, len(codes) - 1, min(MOST_LINES, len(codes))).astype(int)]:
        rows = np.flatnonzero(train.rows.codes == code)
        rows = rows[np.argsort(train.rows.features[feature][rows])]
        axes.plot(
            train.rows.features[feature][rows],
            train.predicted[rows, t],
            "-",
            lw=0.9,
            color=PREDICTED,
            alpha=0.7,
        )


def agreement_chart(schema: Schema, train: Fitted, test: Fitted | None) -> Chart:
    """Predicted against measured, per target."""
    shown = schema.targets[:3]
    with figure_of(4.6 * max(len(shown), 1), 3.6, len(shown)) as (figure, panels):
        for t, (axes, target) in enumerate(zip(panels, shown, strict=True)):
            for part, colour, split in _parts(train, test):
                rows = _sample(len(part.rows))
                axes.plot(
                    part.rows.target_matrix()[rows, t], part.predicted[rows, t], "o", ms=3.2, alpha=0.7,
                    color=colour, mew=0, label=split,
                )  # fmt: skip
            low, high = axes.get_xlim()
            axes.plot([low, high], [low, high], color=EDGE, lw=0.8)
            axes.set_xlabel(f"measured {label(target)}")
            axes.set_ylabel("predicted")
            axes.legend(fontsize=8)
        alt = "Predicted against measured values; points on the diagonal are predicted exactly."
        return Chart("Predicted against measured", alt, svg(figure, "agree", alt))


def progress_chart(content: RunContent) -> Chart:
    """The best validation error so far against the number of candidates."""
    best = content.progress
    with figure_of(4.6, 3.3) as (figure, (axes,)):
        at = [candidate.number for candidate in best] + [len(content.candidates)]
        error = [_error(candidate.validation) for candidate in best]
        axes.step(at, [*error, error[-1]], where="post", color=TRAIN)
        axes.set_yscale("log")
        axes.set_xlabel("candidates")
        axes.set_ylabel("1 − validation R², best so far")
        alt = (
            f"The best validation R² rose from {best[0].validation:.4f} to {best[-1].validation:.4f} over "
            f"{len(content.candidates)} candidates; it was last improved by candidate {best[-1].number}."
        )
        return Chart("Best so far", alt, svg(figure, "progress", alt))


def calls_chart(account: Account) -> Chart:
    """The best validation error so far against the number of model calls."""
    with figure_of(4.6, 3.3) as (figure, (axes,)):
        calls, scores = zip(*account.progress, strict=True)
        last = max(account.calls.finished + account.calls.from_cache, calls[-1])
        axes.step([*calls, last], [*map(_error, scores), _error(scores[-1])], where="post", color=TRAIN)
        axes.set_yscale("log")
        axes.set_xlabel("model calls")
        axes.set_ylabel("1 − validation R², best so far")
        alt = (
            f"The symbolic search reached a validation R² of {scores[0]:.4f}; over {last} model calls the best rose to "
            f"{scores[-1]:.4f}."
        )
        return Chart("Best so far against calls", alt, svg(figure, "calls", alt))


def front_chart(content: RunContent) -> Chart:
    """Validation error against the number of constants, with the front of those that nothing beats."""
    from matplotlib.ticker import MaxNLocator

    front, usable = content.front, content.best[:MOST_POINTS]
    with figure_of(4.6, 3.3) as (figure, (axes,)):
        axes.plot(
            [candidate.evaluation.constants_count or 0 for candidate in usable],
            [_error(candidate.validation) for candidate in usable],
            "o", ms=3.5, alpha=0.35, color=TRAIN, mew=0,
        )  # fmt: skip
        axes.plot(
            [candidate.evaluation.constants_count or 0 for candidate in front],
            [_error(candidate.validation) for candidate in front],
            "-", color=PREDICTED, lw=1.2, label="front",
        )  # fmt: skip
        if content.winner is not None and content.winner.validation is not None:
            axes.plot(
                [content.winner.evaluation.constants_count or 0], [_error(content.winner.validation)], "*", ms=12,
                color=TEST, mew=0, label="selected",
            )  # fmt: skip
        axes.set_yscale("log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("constants per group and target")
        axes.set_ylabel("1 − validation R²")
        axes.legend(fontsize=8)
        points = ", ".join(f"{c.evaluation.constants_count or 0}: {c.validation:.4f}" for c in front[:12])
        alt = f"Front of validation R² by number of constants: {points}."
        return Chart("Accuracy against constants", alt, svg(figure, "front", alt))


def _parts(train: Fitted, test: Fitted | None) -> list[tuple[Fitted, str, str]]:
    parts = [(train, TRAIN, "training")]
    return parts if test is None else [*parts, (test, TEST, "test")]


def _sample(rows: int) -> Array:
    picked: Any = np.linspace(0, rows - 1, min(rows, MOST_POINTS)).astype(int)
    return np.asarray(picked)


def _error(validation: float | None) -> float:
    return max(1e-9, 1 - (validation or 0.0))


def _rms(residual: Sequence[float] | Array) -> float:
    return float(np.sqrt(np.mean(np.square(residual))))
