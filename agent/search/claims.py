"""Checks whether the rows show what a law claims: a ceiling or a turn beyond the data, or a wave.

A law that only steepens claims none of these. Less than one and a half turns of a wave may be any bend."""

import json
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from lawsmith.sandbox import Constants, Evaluation
from lawsmith.sandbox.law.expression import features, parameters, walk
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.tasks.arrays import Array, IntArray, is_logarithmic
from lawsmith.tasks.frontier.folds import frontier_features
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.known_units import radians, turns
from lawsmith.tasks.table import Table, kept_with_table

FEWEST = 4  # values of the feature in a group that may show a bend
STEPS = 8  # in which slopes are taken
MOST_ROWS = 64  # at which a law of several features is looked at
SLOWER = 0.5  # share of the slope at the last row to which a law falls that levels off or turns beyond it
PER_TURN = 4  # levels of its angle that show one turn of a wave
ALIASED = 2.0  # levels for each turn, below which a wave passes through any values (Nyquist)
FEWEST_TURNS = 1.5  # within the data; with fewer a wave is no more than a bend …
QUARTER = 0.25  # … and with fewer than this hardly one: sin(0.2 T n) was how batteries fade
DIGITS = 9  # to which angles are the same level


def claims_a_ceiling(source: str, evaluation: Evaluation, train: Table) -> bool:
    """Whether the law is steepest at the last rows of most groups, and less than half as steep within a width beyond.

    Also whether it turns within half a width beyond the rows along a feature that is no angle, and nowhere within.
    False for a law that cannot be read.
    """
    return evaluation.constants is not None and _claims(train, source, json.dumps(evaluation.constants))


def turns_beyond(source: str, evaluation: Evaluation, train: Table) -> bool:
    """Whether the law turns so beyond the rows: it may, but no row says so."""
    return evaluation.constants is not None and _turns_somewhere(train, source, json.dumps(evaluation.constants))


@kept_with_table  # each law is scored again whenever laws are ranked
def _turns_somewhere(train: Table, source: str, constants: str) -> bool:
    found = read(source, tuple(train.targets), tuple(train.features))
    if isinstance(found, Unreadable) or (len(train.features) == 1 and train.categories):
        return False
    known, trees = Constants.from_json(json.loads(constants)), found.targets.values()
    no_angles = [name for name in frontier_features(train) if radians(name, train.features[name]) is None]
    return any(_turns(tree, name, train, known) for name in no_angles for tree in trees)


@kept_with_table
def _claims(train: Table, source: str, constants: str) -> bool:
    if _turns_somewhere(train, source, constants):
        return True
    names = tuple(train.features)
    found = read(source, tuple(train.targets), names)
    if isinstance(found, Unreadable) or len(names) > 1 or train.categories:
        return False
    known, trees = Constants.from_json(json.loads(constants)), found.targets.values()
    told = []
    for code in np.unique(train.codes):
        column = train.features[names[0]][train.codes == code]
        if len(np.unique(column)) >= FEWEST:
            values = known.of(train.groups[code])
            told += [_slows(tree, names[0], column, values) for tree in trees]
    return sum(told) > len(told) / 2


def _slows(tree: Node, name: str, column: Array, constants: dict[str, float]) -> bool:
    """Whether a tree steepens through the upper half of the rows, and not beyond them."""
    axis, value_at = _axis(name, column)
    low, high = float(axis.min()), float(axis.max())
    step = (high - low) / (2 * STEPS)
    places = np.asarray((low + high) / 2 + step * np.arange(3 * STEPS + 1), dtype=np.float64)
    with np.errstate(all="ignore"):
        values = evaluate(tree, {name: value_at(places)}, constants)
        slopes = np.diff(np.broadcast_to(values, places.shape))
    inside, beyond = slopes[:STEPS], slopes[STEPS:]
    if not np.isfinite(slopes).all() or not inside[-1]:
        return False
    inside, beyond = inside / inside[-1], beyond / inside[-1]
    return bool((inside >= 0).all() and (inside <= 1).all() and beyond.min() < SLOWER)


def _turns(tree: Node, name: str, train: Table, constants: Constants) -> bool:
    """Whether a tree rises, or falls, with a feature at all rows, and does the opposite within half a width beyond."""
    column = train.features[name]
    if name not in features(tree) or np.ptp(column) == 0:
        return False
    rows = np.flatnonzero(column > 0) if is_logarithmic(column) else np.arange(len(train))
    rows = rows[:: max(1, len(rows) // MOST_ROWS)]
    axis, value_at = _axis(name, column, rows)
    step = float(np.ptp(axis)) / STEPS
    beyond = axis.max() + step / 2 * np.arange(STEPS + 1)[:, None]
    places = np.concatenate([axis[None] - step / 2, axis[None], np.broadcast_to(beyond, (STEPS + 1, len(rows)))])
    seen = train.take(rows)
    columns = {**seen.features, name: value_at(places)}
    with np.errstate(all="ignore"):
        values = np.broadcast_to(evaluate(tree, columns, constants.by_row(seen)), places.shape)
        inside, outside = values[1] - values[0], np.diff(values[2:], axis=0)
    side = np.sign(inside)
    if not np.isfinite(values).all() or not side[0] or (side != side[0]).any():
        return False
    return bool((side * outside < 0).any(axis=0).all())


def _axis(name: str, column: Array, rows: IntArray | None = None) -> tuple[Array, Callable[[Array], Array]]:
    """The places of values (n,) of a feature, or of some of its rows, on their axis, which rises to what lies beyond
    them; and the values at places."""
    sign = -1.0 if lies_below(name) else 1.0
    if not is_logarithmic(column):
        return sign * (column if rows is None else column[rows]), lambda places: sign * places
    return sign * np.log(column if rows is None else column[rows]), lambda places: np.asarray(np.exp(sign * places))


def unshown_waves(source: str, evaluation: Evaluation, train: Table) -> int:
    """How many sines and cosines of the law turn too little within the rows of every group, or more often than these
    rows can show.

    0 for a law that cannot be read or that has no constants.
    """
    return sum(
        not any(turns >= FEWEST_TURNS and levels >= PER_TURN * turns for turns, levels in groups)
        for groups in _turns_of(source, evaluation, train)
    )


def has_unseen_wave(source: str, evaluation: Evaluation, train: Table) -> bool:
    """Whether within the rows of every group a sine or cosine turns more often than every other level (Nyquist), so
    that it passes through any rows, or less than a quarter, so that it is a line which turns where no row is."""
    waves = _turns_of(source, evaluation, train)
    return any(all(levels < ALIASED * turns or turns < QUARTER for turns, levels in groups) for groups in waves)


def _turns_of(source: str, evaluation: Evaluation, train: Table) -> list[list[tuple[float, int]]]:
    """For each wave of a law, how often it turns within the rows of each group, and the levels of its angle there; not
    for those of an angle with a known frequency."""
    known = {name for name, column in train.features.items() if (radians(name, column) or turns(name, column))}
    angles = [
        angle
        for angle in _angles(source, tuple(train.targets), tuple(train.features))
        if parameters(angle) or not known.issuperset(features(angle))
    ]
    if not angles or evaluation.constants is None:
        return []
    constants = Constants.from_json(evaluation.constants).by_row(train)
    every = [evaluate(angle, train.features, constants) for angle in angles]
    groups = [train.codes == code for code in np.unique(train.codes)]
    return [
        [(float(np.ptp(values[rows])) / math.tau, len(np.unique(values[rows].round(DIGITS)))) for rows in groups]
        for values in every
    ]


@lru_cache(maxsize=2048)
def _angles(source: str, targets: tuple[str, ...], columns: tuple[str, ...]) -> tuple[Node, ...]:
    """What the law takes sines and cosines of, each once; not a feature itself, an angle, where nothing was fitted."""
    found = read(source, targets, columns)
    if isinstance(found, Unreadable):
        return ()
    waves = (part for tree in found.targets.values() for part in walk(tree) if isinstance(part, Function))
    angles = (part.arguments[0] for part in waves if part.name in ("sin", "cos"))
    return tuple(dict.fromkeys(angle for angle in angles if features(angle) and not isinstance(angle, Feature)))
