"""Columns whose names say that they are angles, parts of a day or a year, or temperatures in degrees: laws take radians
and kelvins."""

import math

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.words import WORDS, has, is_outcome, tokens

TURN = 1.01 * math.tau  # radians of a turn, and a little for rounding
ABSOLUTE_ZERO = -273.15  # in degrees Celsius
PERIODS = {"hours": 24, "months": 12, "weeks": 52, "days_of_year": 365, "clocks": 24 * 60 * 60}
WHOLE_ROUND = 0.9  # share of its period that a part of a day or a year shows at least …
HALF_ROUND = 0.5  # … and one whose name says of what it is a part


def radians(name: str, column: Array) -> float | None:
    """How many radians one of a column (n,) is, if its name says that it is an angle (``theta``, ``tilt_deg``): of a
    name without a unit the values decide, which are degrees where they are whole or pass one turn in radians."""
    words = tokens(name)
    if not words or has(name, "no_angles"):
        return None
    unit = words[-1] if len(words) > 1 else ""
    degrees = unit in WORDS["degrees"] or name.rstrip(" )]").endswith("°")
    if degrees or unit in WORDS["radians"]:
        return math.pi / 180 if degrees else 1.0
    size = float(np.abs(column).max())
    named = words[-1] in WORDS["angles"] or words[:2] == ["angle", "of"]
    if not named or size > 360:
        return None
    return math.pi / 180 if size > TURN or bool((column == np.round(column)).all()) else 1.0


def turns(name: str, column: Array) -> float | None:
    """How many radians of its round one of a column (n,) is, if its name says that it is a part of a day or a year
    (``month``, ``hour_of_day``; a time of day in seconds) and its values come again; elapsed time may look alike."""
    words, least = tokens(name), WHOLE_ROUND
    if words[-2:] in (["of", "day"], ["of", "year"]):
        words, least = words[:-2], HALF_ROUND
        words = {"day": ["doy"], "time": ["clock"]}.get(words[-1] if words else "", words)
    period = next((period for kind, period in PERIODS.items() if words and words[-1] in WORDS[kind]), None)
    if period is None or column.min() < 0 or column.max() > period + 1:
        return None
    comes_again = np.ptp(column) >= least * (period - 1) and len(np.unique(column)) < len(column)
    return math.tau / period if comes_again else None


def kelvins(name: str, column: Array) -> tuple[float, float] | None:
    """The size of one degree of a column (n,) in kelvins, and absolute zero in its degrees, if its name says that it is
    a temperature in degrees Celsius or Fahrenheit (``temp_C``, ``T (°F)``)."""
    words = tokens(name)
    unit = words[-1] if words else ""
    told = has(name, "temperatures") or "°" in name or "deg" in words
    if unit not in ("celsius", "fahrenheit", "degc", "degf") and not (told and unit in ("c", "f")):
        return None
    size, zero = (1.0, ABSOLUTE_ZERO) if unit in ("celsius", "degc", "c") else (5 / 9, ABSOLUTE_ZERO * 9 / 5 + 32)
    return (size, zero) if column.min() > zero else None


def keeps_sign(name: str, column: Array) -> bool:
    """Whether a measure (n,) of one sign has it everywhere, by its name: a gain, a potential, a logarithm or degrees
    Celsius may pass zero where nobody measured."""
    free = has(name, "of_either_sign") or (has(name, "logarithms") and not is_outcome(name))
    return bool((column > 0).all() or (column < 0).all()) and not free and kelvins(name, column) is None


def in_words(name: str, column: Array) -> str:
    """What is known of a column of numbers (n,), for the table of roles."""
    if (size := radians(name, column)) is not None:
        return f"an angle in {'radians' if size == 1 else 'degrees'}"
    if (found := kelvins(name, column)) is not None:
        return f"a temperature in degrees {'Celsius' if found[0] == 1 else 'Fahrenheit'}"
    if (size := turns(name, column)) is not None:
        return f"a number that comes round after {math.tau / size:.0f}, if a target does"
    return "a number that varies"
