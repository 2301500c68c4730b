"""What a constant of a law does there: the words for it."""

from enum import StrEnum


class Role(StrEnum):
    """The part that a parameter plays in a law, whatever its name is."""

    LEVEL = "level"  # added to the whole: the irreducible loss, an intercept
    AMPLITUDE = "amplitude"  # multiplies a term that bends
    COEFFICIENT = "coefficient"  # multiplies a term without parameters of its own: a slope
    EXPONENT = "exponent"  # of a power, or of a logarithm's coefficient inside an exponential
    RATE = "rate"  # multiplies a feature inside an exponential, a logarithm or a wave
    SCALE = "scale"  # multiplies a feature, or a term, before a power is taken
    SHIFT = "shift"  # added to a feature before a power or a logarithm is taken
    CENTRE = "centre"  # of an optimum, a step or a bump
    WIDTH = "width"  # of a step or a bump
    SHAPE = "shape"  # sharpness of a break, softness of a minimum, anything else that bends a curve


LINEAR = frozenset({Role.LEVEL, Role.AMPLITUDE, Role.COEFFICIENT})
"""Roles that scale or move a curve; all others bend it, and may be common to groups of like curves."""
