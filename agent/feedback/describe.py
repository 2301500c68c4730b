"""The task in words and numbers: columns, ranges, levels, groups, noise, a fair sample; of bounded length."""

from typing import Any

import numpy as np

from lawsmith.agent.client.text import clip, number
from lawsmith.agent.feedback.fold_text import fold_labels
from lawsmith.tasks import Array, IntArray, Table, Task
from lawsmith.tasks.arrays import is_logarithmic
from lawsmith.tasks.errors import listing
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.noise import AT_NOISE, replicates

MAX_COLUMNS = 24  # a description of more columns would crowd out the laws
MAX_GROUPS = 12  # that are named; the others are counted
MAX_LEVELS = 8  # of a column that are listed
MAX_LABELS = 16  # of a category that are listed
ROWS_OF_GROUP = 6  # in a sample, unless groups are few; of more groups with one row each, all would be extremes


def facts(task: Task) -> dict[str, Any]:
    """What a proposer is told about `task`, for `task.j2`; training rows only. known: what the user knows of the law, a
    sentence each. reach: how far beyond the data it will be used. explained: whether the meaning of any column is
    stated."""
    schema, table = task.schema, task.train
    counts = np.bincount(table.codes, minlength=len(table.groups))
    largest = sorted(range(len(table.groups)), key=lambda index: (-counts[index], table.groups[index]))
    shown = schema.features[:MAX_COLUMNS]
    return {
        "title": clip(schema.title or schema.name),
        "features": tuple(_column(task, name, table.features[name]) for name in shown),
        "targets": tuple(_column(task, name, table.targets[name]) for name in schema.targets[:MAX_COLUMNS]),
        "group_column": schema.group,
        "groups": tuple((clip(table.groups[index], 60), int(counts[index])) for index in largest[:MAX_GROUPS]),
        "group_count": len(table.groups),
        "rows": len(table),
        "cap": schema.cap,
        "hidden_columns": len(schema.features) - len(shown),
        "known": tuple(clip(sentence) for sentence in task.knowledge.sentences()[:MAX_COLUMNS]),
        "reach": reach_words(task),
        "explained": any(column.meaning for column in schema.columns.values()),
    }


def reach_words(task: Task) -> str:
    """How far the test may lie beyond the data, as the user states it; else that it is not known."""
    stated, table = task.knowledge.reach, task.train
    if not stated:
        below = listing([name for name in table.features if lies_below(name)])
        side = f"the largest values, and well below the smallest {below}" if below else "the largest values"
        return f"How far it lies beyond the data is not known: assume several times {side}."
    ways = []
    for name, size in list(stated.items())[:MAX_COLUMNS]:
        values = table.features[name]
        low, high = float(values.min()), float(values.max())
        if lies_below(name):
            least = low / size if is_logarithmic(values) else low - size * (high - low)
            ways.append(f"{name} down to {number(least, 4)}")
        elif is_logarithmic(values):
            ways.append(f"{name} up to {number(size)} times the largest value, {number(high * size, 3)}")
        else:
            ways.append(f"{name} up to {number(high + size * (high - low), 4)}")
    rest = "" if len(stated) == len(table.features) else "; of the other features it is not known"
    return f"How far it lies beyond the data, as the user states it: {', '.join(ways)}{rest}."


def _column(task: Task, name: str, values: Array) -> dict[str, Any]:
    """One column; its distinct values where there are few."""
    column = task.schema.columns.get(name)
    distinct = np.unique(values)
    few = distinct if len(distinct) <= MAX_LEVELS else distinct[:0]
    return {
        "name": name,
        "meaning": clip(column.meaning if column else ""),
        "unit": clip(column.unit if column else "", 40),
        "low": number(distinct[0]),
        "median": number(float(np.median(values))),
        "high": number(distinct[-1]),
        "distinct": len(distinct),
        "levels": _labels(column.levels) if column and column.levels else tuple(number(v) for v in few),
    }


def _labels(levels: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of a category with what they stand for."""
    shown = tuple(f"{code} = {clip(label, 30)}" for code, label in enumerate(levels[:MAX_LABELS]))
    return shown if len(levels) <= MAX_LABELS else (*shown, "…")


def fold_words(task: Task) -> tuple[str, ...]:
    """The folds of `task` as a prompt states them: the deepest cut of each feature, and what else is held out."""
    labels, kinds = fold_labels(task.train), frontier_folds(task.train)
    deepest = {fold.name.partition(">")[0]: labels[fold.name] for fold in kinds if fold.kind == "frontier"}
    named = list(deepest.values())[:8]
    if any(fold.kind == "corner" for fold in kinds):
        named.append("rows that lie far out in several features at once")
    if any(fold.kind == "levels" for fold in kinds):
        named.append("whole design points")
    return tuple(named) or ("rows left out",)


def sample_rows(table: Table, count: int) -> list[str]:
    """About `count` rows on one line each: of few groups several rows, evenly over the first target.

    Deterministic. The lowest and the highest row of each visited group come first.
    """
    if not len(table) or count <= 0:
        return []
    codes = np.unique(table.codes)
    groups = min(-(-count // ROWS_OF_GROUP), len(codes))
    visited = codes[np.unique(np.linspace(0, len(codes) - 1, groups).astype(int))]
    by_group = [_spread(table, np.flatnonzero(table.codes == code)) for code in visited]
    chosen: list[int] = []
    for rank in range(max(len(rows) for rows in by_group)):
        chosen += [rows[rank] for rows in by_group if rank < len(rows)]
        if len(chosen) >= count:
            break
    return [_row(table, index) for index in sorted(chosen[:count], key=lambda index: (table.codes[index], index))]


def _spread(table: Table, rows: IntArray) -> list[int]:
    """`rows` reordered so that every prefix covers the range of the first target: ends, middle, quarters…"""
    target = next(iter(table.targets.values()))
    ordered = sorted(rows.tolist(), key=lambda index: (target[index], index))
    places = [0, len(ordered) - 1]
    step = len(ordered) - 1
    while step > 1:
        step = (step + 1) // 2
        places += range(step, len(ordered) - 1, step)
    return [ordered[place] for place in dict.fromkeys(places)]


def _row(table: Table, index: int) -> str:
    features = list(table.features.items())[:MAX_COLUMNS]
    group = [f"group={clip(table.groups[table.codes[index]], 60)}"] if len(table.groups) > 1 else []
    values = [f"{name}={number(column[index], 5)}" for name, column in (*features, *table.targets.items())]
    return ", ".join([*group, *values])


def noise_line(table: Table) -> str | None:
    """The noise of each target in one sentence; None where it is not known."""
    found = replicates(table)
    if found is None:
        return None
    shares = found.noise / table.spread
    each = ", ".join(f"{name} {share:.3g}σ" for name, share in list(zip(table.targets, shares, strict=True))[:8])
    return (
        f"Noise: rows with equal features and group differ by {each} ({found.freedom} repetitions). No law can leave "
        "smaller residuals, and one that does has learnt the noise."
    )


def at_the_noise(table: Table, residuals: Array) -> bool:
    """Whether residuals (n, T) of a law are as small as repeated measurements allow, for every target."""
    found = replicates(table)
    if found is None:
        return False
    rms = np.sqrt((residuals**2).mean(axis=0))
    return bool((rms <= AT_NOISE * np.maximum(found.noise, 1e-300)).all())
