"""Array types used throughout."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
IntArray = NDArray[np.intp]
Mask = NDArray[np.bool_]


def ranks(values: Array) -> Array:
    """The place (n,) of each value among the distinct ones in order, from 0."""
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.float64)
