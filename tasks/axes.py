"""Whether a column's values are told apart by their ratios or by their differences."""

import numpy as np

from lawsmith.tasks.arrays import Array

WIDE = 3.0  # positive values over at least this factor lie on a logarithmic axis


def is_logarithmic(values: Array) -> bool:
    """Whether values (n,) are positive and span at least a factor of `WIDE`; years, and dates of any kind, do not."""
    low, high = (float(np.min(values)), float(np.max(values))) if len(values) else (0.0, 0.0)
    return low > 0 and high / WIDE >= low
