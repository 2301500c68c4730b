"""What the picture of a law shows: rows, curves along each feature, bands, and where measurements end.

A picture is data; `drawing` makes a static one of it, and the page's script an interactive one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lawsmith.runs.intervals import Uncertainty
from lawsmith.runs.intervals.predict import member_predictions, predict
from lawsmith.runs.laws.scene import Scene
from lawsmith.runs.laws.winner import predict_with
from lawsmith.runs.report.content import RunContent
from lawsmith.runs.report.error_summary import MOST_OUTLIERS
from lawsmith.sandbox import Constants, PredictJob, Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Array, Dataset, InputError, IntArray, Schema, Table
from lawsmith.tasks.arrays import is_logarithmic
from lawsmith.tasks.frontier.outward import lies_below

MOST_ROWS = 3000  # points that a browser moves without a jolt
MOST_GROUPS = 60  # whose curves are drawn, those with most rows
MOST_FEATURES = 8  # axes to choose from
MOST_FRONTIERS = 3  # marks on an axis, the furthest ones
MOST_RIVALS = 5  # curves of other laws
MOST_LEVELS = 8  # curves of a category's labels, or of a number's values: the page has as many shades
POINTS, LEVEL_POINTS = 40, 32  # of a curve, and of a further one: enough to look smooth
QUANTILES = (0.1, 0.5, 0.9)  # of a feature with many values, where further curves are drawn
BANDS = (0.9, 0.5)  # probabilities of the prediction intervals that are drawn


@dataclass(frozen=True, eq=False)
class ShownRows:
    """Rows that are shown, of both splits. numbers: (n,) counted from 1 in the split's file. test: (n,) bool.

    x: (n, F). measured, predicted: (n, T). codes: (n,) index of the group. total: how many rows there are.
    """

    numbers: IntArray
    test: NDArray[np.bool_]
    codes: IntArray
    x: Array
    measured: Array
    predicted: Array
    total: int


@dataclass(frozen=True, eq=False)
class Curve:
    """The law along a feature in one group. x: (n,). value: (n, T). bands: level -> (low, high), each (n, T).

    others: index of each other feature -> the value at which it is held. level: the value of the second feature on
    a further curve; None on the typical one. begin, end: where the group's training rows do, on the way to what lies
    beyond. rivals: id of a law that the data cannot tell from this one -> (n, T).
    """

    feature: int
    group: int
    x: Array
    value: Array
    others: Mapping[int, float]
    begin: float
    end: float
    level: float | None = None
    bands: Mapping[float, tuple[Array, Array]] = field(default_factory=dict)
    rivals: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Picture:
    """All that can be seen. varying: indices of the features that an axis is offered for.

    logarithmic: per feature. moved: feature -> (n, T), the law at each row with the other features moved to where the
    curve of its group holds them. second: feature -> the other feature that changes the law most. frontiers:
    feature -> where rows held out for validation began. disbelieved: rows of the training file, counted from 1, and
    the index of the target that the search does not believe there.
    """

    schema: Schema
    groups: tuple[str, ...]
    rows: ShownRows
    varying: tuple[int, ...]
    logarithmic: tuple[bool, ...]
    curves: tuple[Curve, ...] = ()
    moved: Mapping[int, Array] = field(default_factory=dict)
    second: Mapping[int, int] = field(default_factory=dict)
    frontiers: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    disbelieved: tuple[tuple[int, int], ...] = ()
    note: str = ""

    def is_share(self, target: int) -> bool:
        """Whether the target has two limits, as accuracies have; their axis is a plain one."""
        limits = self.schema.knowledge.ranges.get(self.schema.targets[target], (0.0, np.inf))
        return bool(np.isfinite(limits).all())


def picture(
    data: Dataset,
    predicted: Sequence[Array],
    predict: Predict,
    known: Uncertainty | None,
    sandbox: Sandbox,
    seen: SearchTask,
) -> Picture:
    """The picture of a law whose predictions for the training rows and, where there are any, test rows are given.

    Where the law has no value beyond the data its curves end there, and `note` says so.
    """
    train, schema = data.task.train, data.task.schema
    rows = _rows(train, data.test, predicted)
    labels = [bool(schema.columns[name].levels) if name in schema.columns else False for name in schema.features]
    changing = [k for k, x in enumerate(train.matrix().T) if x.min() < x.max()]
    log = tuple(is_logarithmic(column) for column in train.features.values())
    reach = known.reach if known else 0.0
    counts = np.bincount(train.codes, minlength=len(train.groups))
    largest = sorted(np.argsort(-counts, kind="stable")[:MOST_GROUPS].tolist())
    scenes = [Scene(train, data.test, code, log, reach) for code in largest]
    offered = [k for k in changing if not labels[k] and any(one.varies(k) for one in scenes)] or changing
    varying = offered[:MOST_FEATURES]
    painter = _Painter(train, scenes, varying, changing, labels, predict, known, sandbox, schema)
    made = Picture(schema, train.groups, rows, tuple(varying), log, frontiers=_frontiers(seen))
    left_out = _left_out(len(offered), len(np.unique(train.codes)))
    for far, note in ((True, ""), (False, "The law has no value beyond the data, so its curves end there.")):
        try:
            second = painter.seconds()
            curves, moved = painter.curves(second, far), painter.moved(rows)
        except InputError:
            continue
        return replace(made, curves=curves, moved=moved, second=second, note=f"{note} {left_out}".strip())
    return replace(made, note="The law has no value along its features, so no curve is drawn.")


def _rows(train: Table, test: Table | None, predicted: Sequence[Array]) -> ShownRows:
    """All rows of small tables; of large ones an even choice, the worst residuals and many test rows."""
    tables = [train, *([] if test is None else [test])]
    kept = []
    for table, prediction in zip(tables, predicted, strict=True):
        most = MOST_ROWS if len(tables) == 1 else MOST_ROWS // 2
        order = np.argsort(table.codes, kind="stable")
        even = order[np.linspace(0, len(table) - 1, min(len(table), most)).astype(int)] if len(table) else order
        worst = np.argsort(-np.abs(table.target_matrix() - prediction).max(axis=1))[:MOST_OUTLIERS]
        kept.append(np.unique(np.concatenate([even, worst]).astype(np.intp)))
    return ShownRows(
        numbers=np.concatenate([table.row_numbers[index] for table, index in zip(tables, kept, strict=True)]),
        test=np.concatenate([np.full(len(index), bool(k)) for k, index in enumerate(kept)]),
        codes=np.concatenate([table.codes[index] for table, index in zip(tables, kept, strict=True)]),
        x=np.concatenate([table.matrix()[index] for table, index in zip(tables, kept, strict=True)]),
        measured=np.concatenate([table.target_matrix()[index] for table, index in zip(tables, kept, strict=True)]),
        predicted=np.concatenate([values[index] for values, index in zip(predicted, kept, strict=True)]),
        total=sum(map(len, tables)),
    )


def _left_out(features: int, groups: int) -> str:
    """What the picture does not show of so many features and groups, in words."""
    said = []
    if groups > MOST_GROUPS:
        said.append(f"Curves are drawn for the {MOST_GROUPS} groups with most rows, of {groups}.")
    if features > MOST_FEATURES:
        said.append(f"An axis is offered for the first {MOST_FEATURES} of {features} features.")
    return " ".join(said)


@dataclass(frozen=True, eq=False)
class _Painter:
    """Draws the curves of some groups along the features that vary. changing: those and the categories that vary;
    labels: per feature, whether it is a category."""

    train: Table
    scenes: Sequence[Scene]
    varying: Sequence[int]
    changing: Sequence[int]
    labels: Sequence[bool]
    predict: Predict
    known: Uncertainty | None
    sandbox: Sandbox
    schema: Schema

    def values(self, parts: Sequence[tuple[Scene, Array]]) -> tuple[Table, Array]:
        """A table of rows (n, F) of groups, and the law's predictions (n, T) there."""
        x = np.concatenate([rows for _, rows in parts])
        codes = np.concatenate([np.full(len(rows), scene.code) for scene, rows in parts])
        table = self.train.with_rows(x, codes)
        return table, self.predict((table,))[0]

    def seconds(self) -> dict[int, int]:
        """Per feature the other one that changes the law most between its quantiles, in the largest group."""
        if len(self.changing) < 2:
            return {}
        scene = max(self.scenes, key=lambda one: len(one.rows))
        ends = [np.quantile(scene.rows[:, k], QUANTILES[::2], method="nearest") for k in self.changing]
        parts = [(scene, scene.at(k, line)) for k, line in zip(self.changing, ends, strict=True)]
        _, values = self.values(parts)
        effect = np.abs(values[1::2] - values[::2])
        share = effect / np.maximum(effect.max(axis=0), np.finfo(float).tiny)
        order = np.array(self.changing)[np.argsort(-share.mean(axis=1), kind="stable")]
        return {k: int(next(other for other in order if other != k)) for k in self.varying}

    def curves(self, second: Mapping[int, int], far: bool) -> tuple[Curve, ...]:
        """The typical curve of each group along each feature with its bands, and those at levels of the second one."""
        lines = [(scene, k) for scene in self.scenes for k in self.varying if scene.varies(k)]
        if not lines:
            return ()
        typical = [(scene, k, scene.line(k, POINTS, far), dict[int, float]()) for scene, k in lines]
        further = [
            (scene, k, scene.line(k, LEVEL_POINTS, far), {second[k]: float(level)})
            for scene, k in lines
            if k in second and scene.varies(second[k])
            for level in self._levels(scene, second[k])
        ]
        planned = [*typical, *further]
        table, values = self.values([(scene, scene.at(k, line, held)) for scene, k, line, held in planned])
        rows = table.take(np.arange(POINTS * len(typical)))
        bands, rivals = self._bands(rows), self._rivals(rows)
        found = []
        for number, (scene, k, line, held) in enumerate(planned):
            others = {j: float(v) for j, v in enumerate(scene.typical) if j != k} | held
            begin = POINTS * min(number, len(typical)) + LEVEL_POINTS * max(0, number - len(typical))
            part = slice(begin, begin + len(line))
            level, ends = held.get(second.get(k, -1)), scene.measured(k)
            curve = Curve(k, scene.code, line, values[part], others, *ends, level)
            if not held:
                own = {level: (low[part], high[part]) for level, (low, high) in bands.items()}
                curve = replace(curve, bands=own, rivals={id: other[part] for id, other in rivals.items()})
            found.append(curve)
        return tuple(found)

    def _levels(self, scene: Scene, k: int) -> Array:
        """Values of a feature at which further curves are drawn: all of a few, else quantiles; the first of labels."""
        values = np.unique(scene.seen[:, k])
        if self.labels[k] or len(values) <= MOST_LEVELS:
            return values[:MOST_LEVELS]
        return np.unique(np.quantile(scene.rows[:, k], QUANTILES, method="nearest"))

    def _bands(self, rows: Table) -> dict[float, tuple[Array, Array]]:
        """Level -> lower and upper ends (n, T) of prediction intervals; none where errors are not known."""
        if self.known is None:
            return {}
        found = {}
        for level in BANDS:
            try:
                listed = predict(self.known, self.schema, rows, self.sandbox, level)
            except InputError:
                return {}
            ends = np.array([[(one.low, one.high) for one in row] for row in listed])
            found[level] = ends[..., 0], ends[..., 1]
        return found

    def _rivals(self, rows: Table) -> dict[str, Array]:
        """Id -> (n, T) of the laws that the data cannot tell from this one."""
        if self.known is None:
            return {}
        try:
            found = member_predictions(self.known, self.schema, rows, self.sandbox)[1:]
        except InputError:
            return {}
        return {member.id: values for member, values in found[:MOST_RIVALS]}

    def moved(self, rows: ShownRows) -> dict[int, Array]:
        """Feature -> (n, T): the law at each row, its other features moved to the typical row of its group."""
        if len(self.changing) < 2:
            return {}
        scenes = {scene.code: scene for scene in self.scenes}
        places = [np.flatnonzero(rows.codes == code) for code in scenes]
        found = {}
        for k in self.varying:
            pairs = zip(scenes.values(), places, strict=True)
            parts = [(scene, scene.at(k, rows.x[place, k])) for scene, place in pairs]
            values = np.full(rows.measured.shape, np.nan)
            values[np.concatenate(places)] = self.values(parts)[1]
            found[k] = values
        return found


def _frontiers(seen: SearchTask) -> dict[int, tuple[float, ...]]:
    """Feature -> where fitted rows of the folds ended and held-out rows began."""
    train, found = seen.task.train, dict[int, set[float]]()
    for fold in seen.folds:
        for k, (name, column) in enumerate(train.features.items()):
            side = -1 if lies_below(name) else 1
            end = float((side * column[fold.fitted]).max())
            if (side * column[fold.held_out]).max() > end:
                found.setdefault(k, set()).add(side * end)
    below = [lies_below(name) for name in train.features]
    return {k: tuple(sorted(ends, reverse=below[k])[-MOST_FRONTIERS:]) for k, ends in found.items()}


Predict = Callable[[Sequence[Table]], tuple[Array, ...]]
"""Tables without targets -> predictions (n, T) of each; raises InputError where the law has none."""


def predictor(content: RunContent, data: Dataset, sandbox: Sandbox) -> Predict | None:
    """What predicts on this page; None where there is no law yet."""
    schema, best = data.task.schema, content.leader
    if content.law is None and (best is None or best.evaluation.constants is None):
        return None

    def predict(tables: Sequence[Table]) -> tuple[Array, ...]:
        hidden = tuple(table.hide() for table in tables)
        if content.law is not None:
            what, result = "law", predict_with(content.law, schema, hidden, sandbox)
        else:
            assert best is not None and best.evaluation.constants is not None
            job = PredictJob(best.proposal.source, schema, Constants.from_json(best.evaluation.constants), hidden)
            what, result = "best law so far", sandbox.run(job)
        if not result.ok:
            raise InputError(f"The {what} could not be executed: {result.message}")
        return result.predictions

    return predict
