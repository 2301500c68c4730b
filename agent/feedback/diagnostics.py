"""Where a law fails on the training rows: in which groups and ranges, at which frontier, with what drift.

Residuals are measured minus predicted, in units of the target's standard deviation over all rows (σ).
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from lawsmith.agent.client.text import clip, number
from lawsmith.agent.feedback.tables import MAX_FEATURES, MAX_TARGETS, bins
from lawsmith.tasks import Array, Table
from lawsmith.tasks.arrays import Mask, correlation, ranks

MAX_GROUPS = 5  # that are named; these bounds keep a diagnosis short
MAX_WORST = 6  # rows
FRONTIER_SHARE = 0.15  # of the rows, at each end of a feature, whose residuals are compared
NOTABLE_DRIFT = 0.2  # correlation of residuals with a feature that is worth a sentence
NOTABLE_BIAS = 0.4  # in units of the law's own rms residual
CHANCE = 3.0  # standard errors that a finding must exceed: of many ranges some lean to one side by chance
UNEVEN = 1.3  # times its share of the rows that a group's share of the squared error is notable, and more for few rows


@dataclass(frozen=True)
class TargetDiagnosis:
    """Findings on one target, one sentence each, most important first within its kind."""

    target: str
    rms: str
    groups: tuple[str, ...]
    ranges: tuple[str, ...]
    frontier: tuple[str, ...]
    drift: tuple[str, ...]
    rows: tuple[str, ...] = ()
    """The rows with the largest residuals."""
    worst: tuple[str, ...] = ()
    """Names of the groups with the largest squared error, worst first."""
    within: str = ""
    """R² within groups: how much of what varies inside the groups is explained. "" where there is one group."""

    @property
    def random(self) -> bool:
        """Whether nothing systematic is left along any feature or in any group."""
        return not (self.groups or self.ranges or self.frontier or self.drift)

    def shortened(self, lines: int) -> Self:
        """At most `lines` findings of each kind."""
        kinds = {name: getattr(self, name)[:lines] for name in ("groups", "ranges", "frontier", "drift", "rows")}
        return replace(self, **kinds)


def diagnose(table: Table, predicted: Array) -> list[TargetDiagnosis]:
    """Findings for the targets with the largest errors, at most MAX_TARGETS of them.

    Args:
        table: training rows, n of them, with T targets.
        predicted: (n, T) finite predictions of the law fitted to all of them.
    """
    measured = table.target_matrix()
    scale = table.spread
    residuals = (measured - predicted) / scale
    order = np.argsort(-np.sqrt((residuals**2).mean(axis=0)), kind="stable")[:MAX_TARGETS]
    names = list(table.targets)
    return [
        _diagnose(table, names[column], residuals[:, column], measured[:, column] / scale[column]) for column in order
    ]


def _diagnose(table: Table, target: str, residual: Array, measured: Array) -> TargetDiagnosis:
    features = list(table.features)[:MAX_FEATURES]
    errors = np.bincount(table.codes, residual**2, minlength=len(table.groups))
    return TargetDiagnosis(
        target=target,
        rms=number(_rms(residual), 3),
        groups=_worst_groups(table, residual),
        ranges=tuple(text for name in features if (text := _by_range(name, table.features[name], residual))),
        frontier=tuple(text for name in features for text in _frontier(name, table.features[name], residual)),
        drift=_drift(table, features, residual),
        rows=_worst_rows(table, target, residual),
        worst=tuple(table.groups[code] for code in np.argsort(-errors, kind="stable")[:MAX_GROUPS]),
        within=_within(table, residual, measured),
    )


def _worst_rows(table: Table, target: str, residual: Array) -> tuple[str, ...]:
    worst = np.argsort(-np.abs(residual), kind="stable")[:MAX_WORST]
    lines = []
    for row in worst:
        place = [f"{name}={number(float(column[row]))}" for name, column in table.features.items()]
        group = [f"group {clip(table.groups[table.codes[row]], 40)}"] if len(table.groups) > 1 else []
        value = number(float(table.targets[target][row]), 5)
        lines.append(f"{', '.join([*group, *place[:MAX_FEATURES]])}: {target}={value}, {residual[row]:+.2g}σ")
    return tuple(lines)


def _within(table: Table, residual: Array, measured: Array) -> str:
    if len(np.unique(table.codes)) < 2:
        return ""
    inside = table.within_groups(measured[:, None])[:, 0]
    total = float((inside**2).sum())
    return f"{1 - float((residual**2).sum()) / total:.3f}" if total > 0 else ""


def _rms(residual: Array) -> float:
    return float(np.sqrt(np.mean(residual**2))) if len(residual) else 0.0


def _notable(residual: Array, rows: Mask) -> bool:
    least = max(NOTABLE_BIAS, CHANCE / np.sqrt(max(1, len(residual[rows]))))
    return bool(abs(float(residual[rows].mean())) >= least * _rms(residual) > 0.0)


def _worst_groups(table: Table, residual: Array) -> tuple[str, ...]:
    total = float((residual**2).sum())
    if total == 0.0 or len(table.groups) < 2:
        return ()
    found, uneven = [], False
    for code in np.unique(table.codes):
        rows = table.codes == code
        part = residual[rows]
        share = float((part**2).sum()) / total
        most = max(UNEVEN, 1 + 2 * np.sqrt(2 / len(part)))  # twice the scatter of a sum of squares
        uneven |= share > most * len(part) / len(residual) or _notable(residual, rows)
        found.append((share, clip(table.groups[code], 60), part))
    if not uneven:
        return ()
    found.sort(key=lambda item: (-item[0], item[1]))
    return tuple(_group_line(name, share, part) for share, name, part in found[:MAX_GROUPS])


def _group_line(name: str, share: float, part: Array) -> str:
    rms, mean = _rms(part), float(part.mean())
    bias = f", mean {mean:+.2g}σ" if abs(mean) >= 0.01 * rms else ""
    return f"{name}: {share:.0%} of the squared error, rms {rms:.3g}σ{bias}, {len(part)} rows"


def _by_range(name: str, values: Array, residual: Array) -> str | None:
    """Mean residual over the ranges of a feature; None where every range is unbiased."""
    ranges = bins(values)
    if len(ranges) < 2 or not any(_notable(residual, part) for _, part in ranges):
        return None
    return f"{name}: " + ", ".join(f"{label} {residual[part].mean():+.2g}σ" for label, part in ranges)


def _frontier(name: str, values: Array, residual: Array) -> list[str]:
    """Bias at the low and at the high end of a feature, where extrapolation starts."""
    if len(np.unique(values)) < 3:
        return []
    found = []
    low, high = np.quantile(values, [FRONTIER_SHARE, 1 - FRONTIER_SHARE])
    for side, rows in (("lowest", values <= low), ("highest", values >= high)):
        bias = float(residual[rows].mean())
        if _notable(residual, rows):
            verb = "too low" if bias > 0 else "too high"
            found.append(f"at the {side} {name}: predictions {verb} by {abs(bias):.2g}σ ({int(rows.sum())} rows)")
    return found


def _drift(table: Table, features: list[str], residual: Array) -> tuple[str, ...]:
    """Rank correlation of residuals with each feature within groups: what the form misses as a trend."""
    centred = _within_groups(table, residual)
    least = max(NOTABLE_DRIFT, CHANCE / np.sqrt(len(residual)))
    found = []
    for name in features:
        common = correlation(_within_groups(table, table.features[name]), centred)
        if abs(common) >= least:
            found.append((abs(common), f"{name}: rank correlation {common:+.2f}"))
    return tuple(text for _, text in sorted(found, key=lambda item: (-item[0], item[1])))


def _within_groups(table: Table, values: Array) -> Array:
    """Ranks of `values` within each row's group, centred, over a range of 1."""
    found = np.zeros(len(values))
    for code in np.unique(table.codes):
        rows = table.codes == code
        part = ranks(values[rows])
        found[rows] = (part - part.mean()) / max(part.max(), 1.0)
    return found
