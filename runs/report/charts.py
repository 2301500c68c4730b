"""Plots of a run as SVG for a page: text stays text, colours follow the page, nothing foreign is interpreted."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from runs.intervals.distance import is_logarithmic
from runs.report.content import RunContent
from runs.report.typeset import short
from tasks import Array, Schema, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 1500
MOST_LINES = 6
MOST_FEATURES = 12
LABEL = 28
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lawsmith",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "axes.unicode_minus": True,
}
TRAIN, TEST, PREDICTED = "#2a6fdb", "#d9480f", "#7048a8"


@dataclass(frozen=True, eq=False)
class Fitted:
    """Rows of one split with what the law predicts for them, (n, T)."""

    rows: Table
    predicted: Array

    @property
    def residual(self) -> Array:
        return np.asarray(self.rows.target_matrix() - self.predicted)


@dataclass(frozen=True)
class Chart:
    """A plot with the sentence that stands for it where it cannot be seen."""

    title: str
    alt: str
    svg: Markup


@contextmanager
def _figure(width: float, height: float, columns: int = 1) -> Iterator[tuple[Figure, list[Axes]]]:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, list(np.atleast_1d(np.array(figure.subplots(1, columns), dtype=object)))


def _svg(figure: Figure, key: str, alt: str) -> Markup:
    """The figure's SVG element: its ids made unique on the page, black drawn in the colour of the page's text."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', svg)
    svg = re.sub(r"url\(#", f"url(#{key}-", svg).replace('xlink:href="#', f'xlink:href="#{key}-')
    svg = svg.replace("#000000", "currentColor").replace("#b0b0b0", "currentColor")
    head, _, rest = svg.partition(">")
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    width = round(96 * figure.get_figwidth())
    label = Markup(' role="img" aria-label="{}" style="max-width: {}px; min-width: {}px">').format(
        alt, width, round(0.65 * width)
    )
    return Markup(head) + label + Markup(rest)  # matplotlib escapes the text that it draws


def feature_charts(schema: Schema, train: Fitted, test: Fitted | None) -> list[Chart]:
    """Per feature (the first 12) and target: measured and predicted, and residuals, against the feature."""
    charts = []
    for t, target in enumerate(schema.targets):
        for k, feature in enumerate(schema.features[:MOST_FEATURES]):
            charts.append(_feature_chart(schema, feature, target, t, train, test, f"f{t}-{k}"))
    return charts


def _feature_chart(
    schema: Schema, feature: str, target: str, t: int, train: Fitted, test: Fitted | None, key: str
) -> Chart:
    x = train.rows.features[feature]
    logarithmic, edge = is_logarithmic(x), float(x.max())
    name, what = short(feature, LABEL), short(target, LABEL)
    with _figure(9.2, 3.3, 2) as (figure, (left, right)):
        for part, colour, label in _parts(train, test):
            rows = _sample(len(part.rows))
            at, y = part.rows.features[feature][rows], part.rows.target_matrix()[rows, t]
            left.plot(at, y, "o", ms=3.2, alpha=0.7, color=colour, mew=0, label=label)
            left.plot(at, part.predicted[rows, t], "x", ms=3.5, mew=0.7, color=PREDICTED, alpha=0.8)
            right.plot(at, part.residual[rows, t], "o", ms=3.2, alpha=0.7, color=colour, mew=0)
        if len(schema.features) == 1:
            _lines(left, train, feature, t)
        left.plot([], [], "x", ms=4, mew=0.8, color=PREDICTED, label="predicted")
        for axes in (left, right):
            axes.axvline(edge, color="#888888", lw=1, ls="--")
            axes.set_xlabel(_label(feature))
            if logarithmic:
                _log_axis(axes)
        if is_logarithmic(train.rows.target_matrix()[:, t]):
            left.set_yscale("log")
        right.axhline(0, color="#888888", lw=0.8)
        left.set_ylabel(_label(target))
        right.set_ylabel("measured − predicted")
        left.legend(fontsize=8, loc="best")
        alt = (
            f"{what} against {name}: measured and predicted, and residuals. The dashed line marks the end of the "
            f"training data at {edge:.4g}. Typical training residual {_rms(train.residual[:, t]):.3g}"
            + (f", test residual {_rms(test.residual[:, t]):.3g}." if test else ".")
        )
        return Chart(f"{what} against {name}", alt, _svg(figure, key, alt))


def _log_axis(axes: Axes) -> None:
    """A logarithmic x axis whose labels do not overlap: over a decade and more only its powers are named."""
    from matplotlib.ticker import NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high >= 10 * low:
        axes.xaxis.set_minor_formatter(NullFormatter())


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
    with _figure(4.6 * max(len(shown), 1), 3.6, len(shown)) as (figure, panels):
        for t, (axes, target) in enumerate(zip(panels, shown, strict=True)):
            for part, colour, label in _parts(train, test):
                rows = _sample(len(part.rows))
                axes.plot(
                    part.rows.target_matrix()[rows, t], part.predicted[rows, t], "o", ms=3.2, alpha=0.7,
                    color=colour, mew=0, label=label,
                )  # fmt: skip
            low, high = axes.get_xlim()
            axes.plot([low, high], [low, high], color="#888888", lw=0.8)
            axes.set_xlabel(f"measured {_label(target)}")
            axes.set_ylabel("predicted")
            axes.legend(fontsize=8)
        alt = "Predicted against measured values; points on the diagonal are predicted exactly."
        return Chart("Predicted against measured", alt, _svg(figure, "agree", alt))


def progress_chart(content: RunContent) -> Chart:
    """The best validation error so far against the number of candidates."""
    best = content.progress
    with _figure(4.6, 3.3) as (figure, (axes,)):
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
        return Chart("Best so far", alt, _svg(figure, "progress", alt))


def front_chart(content: RunContent) -> Chart:
    """Validation error against the number of constants, with the front of those that nothing beats."""
    from matplotlib.ticker import MaxNLocator

    front, usable = content.front, content.best[:MOST_POINTS]
    with _figure(4.6, 3.3) as (figure, (axes,)):
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
        return Chart("Accuracy against constants", alt, _svg(figure, "front", alt))


def _label(name: str) -> str:
    """A foreign name on an axis: one short line, and no part of it is read as mathematics."""
    return short(name, LABEL).replace("$", r"\$")


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
