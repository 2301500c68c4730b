"""Whether the rows show the waves that a law claims: less than a turn or two is any bend."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lawsmith.sandbox import Constants, Evaluation
from lawsmith.sandbox.law.expression import Feature, Function, Node, features, walk
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.tasks.table import Table

PER_TURN = 4  # levels of its angle that show one turn of a wave
FEWEST_TURNS = 1.5  # within the data; with fewer a wave is no more than a bend
DIGITS = 9  # to which angles are the same level


def unshown_waves(source: str, evaluation: Evaluation, train: Table) -> int:
    """How many sines and cosines of the law turn too little within the rows of every group, or more often than these
    rows can show.

    0 for a law that cannot be read or that has no constants.
    """
    angles = _angles(source, tuple(train.targets), tuple(train.features))
    if not angles or evaluation.constants is None:
        return 0
    constants = Constants.from_json(evaluation.constants)
    return sum(not _is_shown(angle, constants, train) for angle in angles)


@lru_cache(maxsize=2048)
def _angles(source: str, targets: tuple[str, ...], columns: tuple[str, ...]) -> tuple[Node, ...]:
    """What the law takes sines and cosines of, each once; not a feature itself, an angle, where nothing was fitted."""
    found = read(source, targets, columns)
    if isinstance(found, Unreadable):
        return ()
    waves = (part for tree in found.targets.values() for part in walk(tree) if isinstance(part, Function))
    angles = (part.arguments[0] for part in waves if part.name in ("sin", "cos"))
    return tuple(dict.fromkeys(angle for angle in angles if features(angle) and not isinstance(angle, Feature)))


def _is_shown(angle: Node, constants: Constants, train: Table) -> bool:
    every = evaluate(angle, train.features, constants.by_row(train))
    for code in np.unique(train.codes):
        values = every[train.codes == code]
        turns = float(np.ptp(values)) / math.tau
        if turns >= FEWEST_TURNS and len(np.unique(values.round(DIGITS))) >= PER_TURN * turns:
            return True
    return False
