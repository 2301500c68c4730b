"""A picture of a law for notebooks: its data, its curve and its band along one feature, by matplotlib."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lawsmith.runs.intervals import Interval, predict
from lawsmith.runs.laws.archived_law import ArchivedLaw
from lawsmith.runs.laws.scene import Scene
from lawsmith.runs.records.data import open_data
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, Dataset, InputError, Table
from lawsmith.tasks.arrays import is_logarithmic
from lawsmith.tasks.errors import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 80  # of a curve
EAST_ASIAN = re.compile(r"CJK|WenQuanYi|PingFang|Hiragino|YaHei|Yu Gothic|Malgun|SimHei|Droid Sans Fallback")


def plot(
    law: ArchivedLaw,
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
    from matplotlib import font_manager, pyplot

    group = _one(group, law.groups, "group")
    feature = _one(feature, law.features, "feature")
    target = _one(target, law.schema.targets, "target")
    place, k = law.schema.targets.index(target), law.schema.features.index(feature)
    axes = ax if ax is not None else pyplot.subplots(figsize=(6, 4))[1]
    with Sandbox() as sandbox:
        known, data = law.uncertainty(sandbox), open_data(law.archive)
        train = data.task.train
        logarithmic = tuple(map(is_logarithmic, train.features.values()))
        scene = Scene(train, data.test, train.groups.index(group), logarithmic, known.reach)
        line = scene.line(k, POINTS, far=True)
        found = predict(known, law.schema, _along(scene, train, k, line), sandbox, level)
        _draw(axes, line, [row[place] for row in found], level)
        _dots(axes, law, data, scene, feature, place, sandbox)
    typical = dict(zip(law.schema.features, scene.typical, strict=True))
    others = ", ".join(f"{name} = {_value(law, name, typical[name])}" for name in law.features if name != feature)
    asian = {
        font.name for font in font_manager.fontManager.ttflist if EAST_ASIAN.search(font.name)
    }  # after matplotlib's own font
    for put, words in ((axes.set_xlabel, feature), (axes.set_ylabel, target), (axes.set_title, others)):
        put(words, fontfamily=["sans-serif", *sorted(asian)])
    axes.legend(fontsize="small")
    return axes


def _draw(axes: Axes, line: Array, curve: Sequence[Interval], level: float) -> None:
    """The law along a line, with the interval of a new measurement."""
    low, high = ([getattr(one, end) for one in curve] for end in ("low", "high"))
    axes.fill_between(line, low, high, alpha=0.18, lw=0, label=f"a new measurement, {level:.0%}")
    axes.plot(line, [one.value for one in curve], lw=1.8, label="the law")
    if line[0] > 0 and line[-1] > 10 * line[0]:
        axes.set_xscale("log")


def _dots(
    axes: Axes, law: ArchivedLaw, data: Dataset, scene: Scene, feature: str, place: int, sandbox: Sandbox
) -> None:
    """The rows of the group, moved by the law to the other features of its curve: partial residuals."""
    k = law.schema.features.index(feature)
    tables = {"training rows": data.task.train, **({} if data.test is None else {"test rows": data.test})}
    for (name, table), marker in zip(tables.items(), "ox", strict=False):
        rows = table.take(np.flatnonzero(table.codes == scene.code))
        if len(rows):
            there = law.values(_along(scene, table, k, rows.features[feature]), sandbox)
            moved = rows.target_matrix() - law.values(rows, sandbox) + there
            axes.plot(rows.features[feature], moved[:, place], marker, ms=4, alpha=0.7, label=name)


def _value(law: ArchivedLaw, name: str, value: float) -> str:
    """A feature's value in words: of a category its label."""
    column = law.schema.columns.get(name)
    return column.levels[int(value)] if column is not None and column.levels else f"{value:.3g}"


def _one(name: str | None, known: tuple[str, ...], what: str) -> str:
    if name is None:
        return known[0]
    if str(name) not in known:
        raise InputError(f"There is no {what} {name!r}; the law has {', '.join(known[:8]) or 'none'}.")
    return str(name)


def _along(scene: Scene, table: Table, k: int, line: Array) -> Table:
    """The typical row of a group with the k-th feature along a line."""
    return table.with_rows(scene.at(k, line), np.full(len(line), scene.code))
