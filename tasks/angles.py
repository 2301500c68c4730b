"""Angles among the columns, told by their names."""

import math

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.words import WORDS, has, tokens

TURN = 1.01 * math.tau  # radians of a turn, and a little for rounding


def radians(name: str, column: Array) -> float | None:
    """How many radians one of a column (n,) is, if its name says that it is an angle (``theta``, ``tilt_deg``): of a
    name without a unit the values decide, which are degrees where they are whole or pass one turn in radians."""
    words = tokens(name)
    if not words or has(name, "no_angles"):
        return None
    degrees = words[-1] in WORDS["degrees"] or name.rstrip(" )]").endswith("°")
    if degrees or words[-1] in WORDS["radians"]:
        return math.pi / 180 if degrees else 1.0
    size = float(np.abs(column).max())
    if words[-1] not in WORDS["angles"] or size > 360:
        return None
    return math.pi / 180 if size > TURN or bool((column == np.round(column)).all()) else 1.0
