"""The picture as the page's script reads it: JSON, compressed, in base64."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lawsmith.runs.report.picture import Curve, Picture
from lawsmith.runs.report.plots import is_moved, shown_groups
from lawsmith.runs.report.shown_formula import short
from lawsmith.tasks import Array
from lawsmith.tasks.arrays import is_logarithmic

DIGITS = 6  # more than a screen can show


def packed(content: Mapping[str, Any]) -> str:
    """JSON, compressed, in base64 (the browser unpacks it); the same content gives the same text."""
    return base64.b64encode(gzip.compress(json.dumps(content, allow_nan=False).encode(), 9, mtime=0)).decode()


def picture_data(picture: Picture, levels: Sequence[Sequence[float | None]] | None = None) -> dict[str, Any]:
    """What the script draws. levels: per target and group the value that the law tends to, where it has one."""
    rows, schema = picture.rows, picture.schema
    units = {name: column.unit for name, column in schema.columns.items()}
    levels_of = {name: [short(one) for one in column.levels] for name, column in schema.columns.items()}
    measured = rows.measured.T
    return {
        "targets": [
            {"name": short(name), "unit": short(units.get(name, "")), "log": is_logarithmic(values)}
            for name, values in zip(schema.targets, measured, strict=True)
        ],
        "features": [
            {"name": short(name), "unit": short(units.get(name, "")), "log": log, "labels": levels_of.get(name, [])}
            for name, log in zip(schema.features, picture.logarithmic, strict=True)
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
        "level": curve.level,
        "others": {str(k): _figure(value) for k, value in curve.others.items()},
        "x": _figures(curve.x),
        "y": [_figures(column) for column in curve.value.T],
        "rivals": [[_figures(column) for column in values.T] for values in curve.rivals.values()],
        "edge": [_figure(curve.low), _figure(curve.high)],
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
