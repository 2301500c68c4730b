"""How many digits of a fitted constant the rows can tell: all others are taken off before anything is scored.

The standard error of a constant that nothing else resembles is about the law's own error over the root of the number of
rows, as a share of the constant. Constants keep GUARD digits beyond that one, for those that the law multiplies up or
takes off each other. A constant then holds little more than what was measured, whoever fitted it: the bits of a float
have no room for a table of targets. What fits without an error keeps all digits.
"""

import math

import numpy as np

from lawsmith.sandbox.constants import Constants
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.table import Table

GUARD = 5  # digits beyond what the rows tell, so that predictions do not notice
MOST = 16  # digits that tell two floats apart, nearly always; with as many nothing is rounded


def significant_digits(table: Table, predicted: Array) -> int:
    """How many digits the constants keep that give `predicted` (n, T) for the rows of `table`; MOST means all."""
    measured, weight = table.target_matrix(), table.weights[:, None]
    with np.errstate(all="ignore"):
        left = np.sum(weight * (measured - predicted) ** 2, axis=0)
        size = np.sum(weight * measured**2, axis=0)
        share = math.sqrt(float(np.min(left / size))) if len(table) else math.nan
    if not 0 < share < math.inf:
        return MOST
    return min(MOST, math.ceil(math.log10(math.sqrt(len(table)) / min(share, 1.0))) + GUARD)


def rounded(values: Array, digits: int) -> Array:
    """The values, of any shape, to so many significant digits; not a number stays what it is."""
    if digits >= MOST:
        return values
    flat = [float(f"{value:.{digits - 1}e}") for value in np.ravel(values).tolist()]
    return np.array(flat, dtype=np.float64).reshape(np.shape(values))


def told(constants: Constants, table: Table, predicted: Array) -> Constants:
    """The constants of a fit to `table`, of which `predicted` (n, T) are the predictions there."""
    return Constants(constants.names, constants.groups, rounded(constants.values, significant_digits(table, predicted)))
