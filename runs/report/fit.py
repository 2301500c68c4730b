"""The law of a run on its data: picture, as the page's script reads it, errors and outliers; or why there are none."""

import base64
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lawsmith.runs.intervals import Uncertainty
from lawsmith.runs.laws.law_table import LawRow, laws
from lawsmith.runs.quoting import short
from lawsmith.runs.records.data import NotOpened, open_data
from lawsmith.runs.records.searched import searched
from lawsmith.runs.report.content import RunContent
from lawsmith.runs.report.drawing import Chart
from lawsmith.runs.report.error_summary import Errors, Outlier, errors, outliers
from lawsmith.runs.report.picture import Curve, Picture, picture, predictor
from lawsmith.runs.report.plots import is_moved, picture_charts, residual_charts, shown_groups
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, Dataset, InputError, Table
from lawsmith.tasks.arrays import is_by_ratios_from_zero, is_logarithmic
from lawsmith.tasks.asked import without_unit
from lawsmith.tasks.schema import Column

MOST_GROUP_ROWS = 500  # lines of the table of groups
BELIEVED = "training, without outliers"
NOT_AT_HAND = "The data cannot be read; `discover replay {}` says why."
"""It quotes nothing: an archive from a stranger may name any file of this machine as its data."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The law on the data; `missing` says why there is nothing else. splits, groups: errors by split and by group.
    notices: sentences about the table. laws: id -> its line in the table of laws."""

    picture: Picture | None = None
    charts: tuple[Chart, ...] = ()
    packed: str = ""
    residuals: tuple[Chart, ...] = ()
    splits: tuple[Errors, ...] = ()
    groups: tuple[Errors, ...] = ()
    outliers: tuple[Outlier, ...] = ()
    notices: tuple[str, ...] = ()
    laws: Mapping[str, LawRow] = field(default_factory=dict)
    missing: str = ""

    def of(self, split: str) -> tuple[Errors, ...]:
        """The errors on a split, one entry per target."""
        return tuple(one for one in self.splits if one.split == split)

    @property
    def believed_r2(self) -> float | None:
        """R² of the training rows without outliers, mean over targets; None without outliers, or where one has none."""
        found = [one.r2 for one in self.of(BELIEVED)]
        return None if not found or None in found else float(np.mean([one for one in found if one is not None]))


def data_of(content: RunContent, data_dir: Path | None) -> Dataset | str:
    """The rows of the run, or a sentence where they are not at hand. It does not say more: that may quote them."""
    try:
        return open_data(content.archive, data_dir, shown=True)
    except NotOpened as refused:
        return str(refused.args[0])
    except InputError:
        return NOT_AT_HAND.format(content.manifest.run)


def fit_of(
    content: RunContent, sandbox: Sandbox, data: Dataset | str, known: Uncertainty | None, levels: Mapping[str, str]
) -> Fit:
    """data: the rows, or why there are none. levels: target -> the constant that the law tends to, if it has one."""
    if isinstance(data, str):
        return Fit(missing=data)
    if content.manifest.data is not None and data.task.provenance.sha256 != content.manifest.data.sha256:
        return Fit(missing="The data has changed since the run, so the law is not shown on it.")
    if content.state != "complete":
        data = replace(data, test=None)  # nobody sees test rows before the choice, or it would be no test
    predict = predictor(content, data, sandbox)
    if predict is None:
        return Fit(missing="The run has no law yet." if content.state == "running" else "The run has no law.")
    tables = {"training": data.task.train} | ({} if data.test is None else {"test": data.test})
    try:
        predicted = predict(list(tables.values()))
    except InputError as error:
        return Fit(missing=error.args[0])
    schema = data.task.schema
    parts = {name: (table, values) for (name, table), values in zip(tables.items(), predicted, strict=True)}
    places = {name: t for t, name in enumerate(schema.targets)}
    off = tuple((row, places[target]) for row, target in content.disbelieved if target in places)
    drawn = replace(
        picture(data, predicted, predict, known, sandbox, searched(content.archive, data.task)), disbelieved=off
    )
    return Fit(
        picture=drawn,
        charts=tuple(picture_charts(drawn)),
        packed=packed(picture_data(drawn, _levels(content, data, levels))),
        residuals=tuple(residual_charts(drawn)),
        splits=tuple(errors(schema, _believed(parts, content.disbelieved))),
        groups=tuple(errors(schema, parts, by_group=True)[:MOST_GROUP_ROWS]),
        outliers=tuple(outliers(schema, parts, content.disbelieved, content.growing)),
        notices=data.notices,
        laws={id: row for row in laws(content.trials, schema, data.task.train) for id in (row.id, *row.also)},
    )


def _believed(
    parts: Mapping[str, tuple[Table, Array]], disbelieved: Sequence[tuple[int, str]]
) -> Mapping[str, tuple[Table, Array]]:
    """The parts, and after the training rows those without outliers, where there are any."""
    if not disbelieved:
        return parts
    table, predicted = parts["training"]
    kept = ~np.isin(table.row_numbers, [row for row, _ in disbelieved])
    rest = {name: part for name, part in parts.items() if name != "training"}
    return {"training": parts["training"], BELIEVED: (table.take(kept), predicted[kept])} | rest


def finite(value: float | None) -> float | None:
    """The value; None also for one that is not finite, as an archive of a stranger may hold."""
    return value if value is not None and math.isfinite(value) else None


def _levels(content: RunContent, data: Dataset, levels: Mapping[str, str]) -> Sequence[Sequence[float | None]] | None:
    """Per target and group the value that the law tends to; None unless every target has one."""
    constants, targets = content.constants, data.task.schema.targets
    if not constants or any(target not in levels for target in targets):
        return None
    return [
        [finite(constants.get(group, {}).get(levels[target])) for group in data.task.train.groups] for target in targets
    ]


DIGITS = 6  # more than a screen can show


def packed(content: Mapping[str, Any]) -> str:
    """JSON, compressed, in base64 (the browser unpacks it); the same content gives the same text."""
    return base64.b64encode(gzip.compress(json.dumps(content, allow_nan=False).encode(), 9, mtime=0)).decode()


def picture_data(picture: Picture, levels: Sequence[Sequence[float | None]] | None = None) -> dict[str, Any]:
    """What the script draws. levels: per target and group the value that the law tends to, where it has one."""
    rows, schema, measured = picture.rows, picture.schema, picture.rows.measured.T

    def axis(name: str, log: bool) -> dict[str, Any]:
        column = schema.columns.get(name, Column(name=name))
        unit = "" if without_unit(name)[1] or name.endswith(f"_{column.unit}") else column.unit
        return {"name": short(name), "unit": short(unit), "log": log, "labels": list(map(short, column.levels))}

    return {
        "targets": [
            axis(name, is_logarithmic(values) and not picture.is_share(t))
            for t, (name, values) in enumerate(zip(schema.targets, measured, strict=True))
        ],
        "features": [
            axis(name, log or is_by_ratios_from_zero(column))
            for name, log, column in zip(schema.features, picture.logarithmic, rows.x.T, strict=True)
        ],
        "varying": list(picture.varying),
        "groups": [short(name, 200) for name in picture.groups],
        "coloured": shown_groups(picture),
        "moved": is_moved(picture),
        "second": {str(k): other for k, other in picture.second.items()},
        "frontiers": {str(k): _figures(ends) for k, ends in picture.frontiers.items()},
        "levels": levels,
        "off": [list(one) for one in picture.disbelieved],
        "rows": {
            "n": rows.numbers.tolist(),
            "test": rows.test.astype(int).tolist(),
            "g": rows.codes.tolist(),
            "x": [_figures(column) for column in rows.x.T],
            "y": [_figures(column) for column in measured],
            "p": [_figures(column) for column in rows.predicted.T],
            "at": {str(k): [_figures(column) for column in values.T] for k, values in picture.moved.items()},
            "total": rows.total,
        },
        "curves": [_curve(curve) for curve in picture.curves],
    }


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "f": curve.feature,
        "g": curve.group,
        "level": None if curve.level is None else _figure(curve.level),
        "others": {str(k): _figure(value) for k, value in curve.others.items()},
        "x": _figures(curve.x),
        "y": [_figures(column) for column in curve.value.T],
        "rivals": [[_figures(column) for column in values.T] for values in curve.rivals.values()],
        "edge": [_figure(curve.begin), _figure(curve.end)],
        "bands": {
            f"{100 * level:.0f}": [
                [_figures(low), _figures(high)] for low, high in zip(*map(np.transpose, ends), strict=True)
            ]
            for level, ends in curve.bands.items()
        },
    }


def _figures(values: Array | Sequence[float]) -> list[float | None]:
    return [_figure(float(value)) for value in values]


def _figure(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
