"""A picture of a law for notebooks: its data, its curve and its band along one feature, by matplotlib."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lawsmith.runs.data import open_data
from lawsmith.runs.intervals import Interval, predict
from lawsmith.runs.laws import Law
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, InputError, Table
from lawsmith.tasks.errors import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 80  # of a curve
BEYOND = 0.5
"""How far a curve goes beyond the data, in ranges of it (in the logarithm, where the feature spans a factor)."""

EAST_ASIAN = re.compile(r"CJK|WenQuanYi|PingFang|Hiragino|YaHei|Yu Gothic|Malgun|SimHei|Droid Sans Fallback")


def plot(
    law: Law,
    feature: str | None = None,
    group: str | None = None,
    target: str | None = None,
    level: float = 0.9,
    ax: Axes | None = None,
) -> Axes:
    """Draw the law along a feature, by default the first of its formula, through a typical row of the others.

    Rows of the data are moved to those values of the other features: each shows the curve plus its own residual.
    Returns the axes. Raises InputError without matplotlib, for an unknown name, and where the rows cannot be had.
    """
    require("matplotlib", "plot", "law.plot()")
    from matplotlib import pyplot

    group = _one(group, law.groups, "group")
    feature = _one(feature, law.features, "feature")
    target = _one(target, law.schema.targets, "target")
    place = law.schema.targets.index(target)
    data = open_data(law.archive)
    rows = _of_group(data.task.train, group)
    with Sandbox() as sandbox:
        known = law.uncertainty(sandbox)
        typical = {name: float(np.median(column)) for name, column in rows.features.items()}
        line = _line(rows.features[feature])
        found = predict(known, law.schema, _along(law, typical, feature, line, group), sandbox, level)
        points = [("training rows", rows)]
        if data.test is not None and len(hidden := _of_group(data.test, group)):
            points.append(("test rows", hidden))
        moved = [(name, part, _moved(law, part, typical, feature, group, place, sandbox)) for name, part in points]
    axes = ax if ax is not None else pyplot.subplots(figsize=(6, 4))[1]
    _draw(axes, line, [row[place] for row in found], level)
    for (name, part, values), marker in zip(moved, "ox", strict=False):
        axes.plot(part.features[feature], values, marker, ms=4, alpha=0.7, label=name)
    others = ", ".join(f"{name} = {typical[name]:.3g}" for name in law.features if name != feature)
    for put, words in ((axes.set_xlabel, feature), (axes.set_ylabel, target), (axes.set_title, others)):
        put(words, fontfamily=_families())
    axes.legend(fontsize="small")
    return axes


def _draw(axes: Axes, line: Array, curve: Sequence[Interval], level: float) -> None:
    """The law along a line, with the interval of a new measurement."""
    low, high = ([getattr(one, end) for one in curve] for end in ("low", "high"))
    axes.fill_between(line, low, high, alpha=0.18, lw=0, label=f"a new measurement, {level:.0%}")
    axes.plot(line, [one.value for one in curve], lw=1.8, label="the law")
    if line[0] > 0 and line[-1] > 10 * line[0]:
        axes.set_xscale("log")


def _families() -> list[str]:
    """matplotlib's own font, then the fonts of this machine with Chinese, Japanese and Korean letters."""
    from matplotlib.font_manager import fontManager

    return ["sans-serif", *sorted({font.name for font in fontManager.ttflist if EAST_ASIAN.search(font.name)})]


def _one(name: str | None, known: tuple[str, ...], what: str) -> str:
    if name is None:
        return known[0]
    if str(name) not in known:
        raise InputError(f"There is no {what} {name!r}; the law has {', '.join(known[:8])}.")
    return str(name)


def _of_group(table: Table, group: str) -> Table:
    return table.take(np.flatnonzero(table.codes == table.groups.index(group)))


def _line(column: Array) -> Array:
    low, high = float(column.min()), float(column.max())
    if low > 0 and high > 3 * low:
        return np.geomspace(low, high * (high / low) ** BEYOND, POINTS)
    return np.linspace(low, high + BEYOND * (high - low), POINTS)


def _along(law: Law, typical: dict[str, float], feature: str, line: Array, group: str) -> Table:
    columns: dict[str, Any] = {name: np.full(len(line), value) for name, value in typical.items()}
    columns[feature] = line
    return law.table(columns, group)


def _moved(
    law: Law, rows: Table, typical: dict[str, float], feature: str, group: str, place: int, sandbox: Sandbox
) -> Array:
    """Measured targets (n,) less the law at each row plus the law on the curve: partial residuals."""
    there = law.values(_along(law, typical, feature, rows.features[feature], group), sandbox)[:, place]
    columns: dict[str, Any] = dict(rows.features)
    here = law.values(law.table(columns, group), sandbox)[:, place]
    return np.asarray(rows.target_matrix()[:, place] - here + there)
