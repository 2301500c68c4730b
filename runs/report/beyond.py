"""The law beyond the data: its prediction intervals, and where the laws that it could not be separated from go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lawsmith.runs import intervals
from lawsmith.runs.intervals import Interval, Uncertainty
from lawsmith.runs.intervals.distance import Region
from lawsmith.runs.report.charts import MOST_LINES, Fitted
from lawsmith.runs.report.drawing import (
    EDGE,
    LABEL,
    PREDICTED,
    RIVALS,
    TRAIN,
    Chart,
    figure_of,
    label,
    log_axis,
    svg,
)
from lawsmith.runs.report.typeset import short
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, Schema, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL = 0.9
MOST_SLICES = 6
POINTS = 48
NEAREST, FARTHEST = 0.3, 2.0
"""A slice ends as far beyond the data as errors of the law were measured, but within these many ranges of it."""


@dataclass(frozen=True, eq=False)
class Slice:
    """The laws along one feature in one group, the other features held where `others` says.

    x: (n,). intervals: (n) lists of one per target. rivals: id -> (n, T). low, high: where the group's training rows
    begin and end.
    """

    feature: str
    group: str
    others: Mapping[str, float]
    x: Array
    intervals: Sequence[Sequence[Interval]]
    rivals: Mapping[str, Array]
    low: float
    high: float
    logarithmic: bool


def row_intervals(known: Uncertainty, schema: Schema, rows: Table, sandbox: Sandbox) -> tuple[Array, Array]:
    """Lower and upper ends, each (n, T), of the 90 % intervals of rows; raises InputError as `intervals.predict`."""
    found = intervals.predict(known, schema, rows, sandbox, LEVEL)
    ends = np.array([[(one.low, one.high) for one in row] for row in found])
    return ends[..., 0], ends[..., 1]


def slices(
    known: Uncertainty, schema: Schema, train: Table, test: Table | None, sandbox: Sandbox
) -> tuple[Slice, ...]:
    """A slice along each feature that varies (the first six) through a typical row of the largest group.

    Raises InputError where the law has no prediction there.
    """
    code = int(np.bincount(train.codes).argmax())
    group = train.groups[code]
    own, region = train.matrix()[train.codes == code], known.regions[group]
    there = None if test is None else test.matrix()[test.codes == code]
    typical = _typical(own)
    varying = [k for k in range(len(schema.features)) if own[:, k].min() < own[:, k].max()][:MOST_SLICES]
    if not varying:
        return ()
    lines = [
        _line(region, k, own[:, k], None if there is None else there[:, k], known.reach) for k in varying
    ]
    points = np.tile(typical, (len(varying) * POINTS, 1))
    for place, (k, line) in enumerate(zip(varying, lines, strict=True)):
        points[place * POINTS : (place + 1) * POINTS, k] = line
    features = {name: points[:, k] for k, name in enumerate(schema.features)}
    table = Table(features, {}, train.groups, np.full(len(points), code))
    bands = intervals.predict(known, schema, table, sandbox, LEVEL)
    rivals = intervals.member_predictions(known, schema, table, sandbox)[1:MOST_LINES]
    found = []
    for place, (k, line) in enumerate(zip(varying, lines, strict=True)):
        part = slice(place * POINTS, (place + 1) * POINTS)
        name = schema.features[k]
        others = {other: float(typical[j]) for j, other in enumerate(schema.features) if j != k}
        low, high, _ = region.factor(k, typical[k])
        found.append(
            Slice(
                name, group, others, line, bands[part],
                {member.id: values[part] for member, values in rivals}, low, high, region.log[k],
            )
        )  # fmt: skip
    return tuple(found)


def _typical(x: Array) -> Array:
    """The row of x (n, F) that lies nearest to the medians of all: a combination that was really measured."""
    order = np.argsort(np.argsort(x, axis=0), axis=0) / max(1, len(x) - 1)
    return np.asarray(x[np.argmin(np.sum((order - 0.5) ** 2, axis=1))])


def _line(region: Region, k: int, x: Array, test: Array | None, reach: float) -> Array:
    """Values of a feature from its smallest to beyond its largest; a share of a whole does not exceed 1."""
    low, high = region.low[k], region.high[k]
    beyond = high + (high - low) * float(np.clip(reach, NEAREST, FARTHEST))
    line = np.linspace(low, beyond, POINTS)
    line = np.exp(line) if region.log[k] else line
    measured = x if test is None else np.concatenate([x, test])
    if measured.min() >= 0 and measured.max() <= 1 < line[-1]:
        line = np.geomspace(line[0], 1, POINTS) if region.log[k] else np.linspace(line[0], 1, POINTS)
    return line


@dataclass(frozen=True)
class Line:
    """A law of a slice in figures: what it says where the data ends, and where the slice does."""

    feature: str
    target: str
    law: str
    at_edge: float
    at_end: float
    low: float | None
    high: float | None


def lines(schema: Schema, found: Sequence[Slice]) -> list[Line]:
    """What the charts of `beyond_charts` show, as a table: the winner with its interval at the end, then the rivals."""
    listed = []
    for one in found:
        edge = int(np.argmin(np.abs(one.x - one.high)))
        for t, target in enumerate(schema.targets):
            own, end = one.intervals[edge][t], one.intervals[-1][t]
            feature = f"{short(one.feature, LABEL)} = {one.x[-1]:.4g}"
            listed.append(Line(feature, target, "the law", own.value, end.value, end.low, end.high))
            listed += [
                Line(feature, target, id, float(values[edge, t]), float(values[-1, t]), None, None)
                for id, values in one.rivals.items()
            ]
    return listed


def beyond_charts(schema: Schema, found: Sequence[Slice], train: Fitted) -> list[Chart]:
    """A chart per slice and target (of the first three)."""
    return [
        _chart(schema, one, t, train, f"b{t}-{k}")
        for t in range(min(3, len(schema.targets)))
        for k, one in enumerate(found)
    ]


def _chart(schema: Schema, one: Slice, t: int, train: Fitted, key: str) -> Chart:
    target = schema.targets[t]
    value, low, high = (
        np.array([getattr(row[t], end) for row in one.intervals]) for end in ("value", "low", "high")
    )
    with figure_of(4.6, 3.5) as (figure, (axes,)):
        axes.fill_between(one.x, low, high, color=PREDICTED, alpha=0.16, lw=0, label="90 % interval")
        axes.plot(one.x, value, "-", lw=1.8, color=PREDICTED, label="the law")
        for colour, (id, values) in zip(RIVALS, one.rivals.items(), strict=False):
            axes.plot(one.x, values[:, t], "--", lw=1.1, color=colour, label=id)
        if not one.others:
            rows = train.rows.codes == train.rows.groups.index(one.group)
            at, y = train.rows.features[one.feature][rows], train.rows.target_matrix()[rows, t]
            axes.plot(at, y, "o", ms=3.2, color=TRAIN, mew=0, label="training")
        axes.axvline(one.high, color=EDGE, lw=1, ls="--")
        if one.logarithmic:
            log_axis(axes)
        _clip(axes, np.concatenate([value, train.rows.target_matrix()[:, t]]), low, high)
        axes.set_xlabel(label(one.feature))
        axes.set_ylabel(label(target))
        axes.legend(fontsize=7.5)
        alt = _alt(one, t, short(target, LABEL))
        return Chart(f"{short(target, LABEL)} beyond {short(one.feature, LABEL)}", alt, svg(figure, key, alt))


def _clip(axes: Axes, shown: Array, low: Array, high: Array) -> None:
    """Keeps the law readable where an interval or a rival leaves the picture."""
    least, most = float(shown.min()), float(shown.max())
    room = (most - least) or abs(most) or 1.0
    axes.set_ylim(max(float(low.min()), least - room), min(float(high.max()), most + room))
    axes.margins(y=0.05)


def _alt(one: Slice, t: int, what: str) -> str:
    end = one.intervals[-1][t]
    others = ", ".join(f"{short(name, LABEL)} = {value:.4g}" for name, value in one.others.items())
    rivals = f" Dashed: {len(one.rivals)} laws that the data cannot tell from it." if one.rivals else ""
    return (
        f"{what} along {short(one.feature, LABEL)}, for the group {short(one.group, LABEL)}"
        + (f" with {others}" if others else "")
        + f". The data ends at {one.high:.4g}; at {one.x[-1]:.4g} the law says {end.value:.4g}, 90 % interval "
        f"{end.low:.4g} to {end.high:.4g}.{rivals}"
    )
