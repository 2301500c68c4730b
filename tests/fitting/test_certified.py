"""Certified answers: the 27 nonlinear regression problems of NIST, from both of their starting points."""

from __future__ import annotations

import numpy as np
import pytest
from nist_problems import NAMES, read

from lawsmith.sandbox.fitting import Effort, fit_form
from lawsmith.tasks.arrays import Array

DIGITS = 6
EXPONENTIALS = dict.fromkeys(("Lanczos1", "Lanczos2", "Lanczos3"), ([0, 2, 4], [1, 3, 5])) | {"MGH17": ([1, 2], [3, 4])}
"""Amplitudes and rates of terms b1 exp(-b2 x) that may change places."""
SIGNED = {"Eckerle4": (0, 1)}  # (b1/b2) exp(-(x - b3)^2 / 2 b2^2): the signs of b1 and b2 may change together


def in_certified_order(name: str, values: Array) -> Array:
    """The same law with its interchangeable constants named as the certificate names them."""
    values = values.copy()
    if name in SIGNED and values[SIGNED[name][0]] < 0:
        values[list(SIGNED[name])] *= -1
    if name in EXPONENTIALS:
        order = np.argsort(values[EXPONENTIALS[name][1]])
        for places in EXPONENTIALS[name]:
            values[places] = values[places][order]
    return values


def test_all_problems_are_here() -> None:
    assert len(NAMES) == 27


@pytest.mark.parametrize("start", [0, 1], ids=["start1", "start2"])
@pytest.mark.parametrize("name", NAMES)
def test_certified_digits(name: str, start: int) -> None:
    problem = read(name)
    fitted = fit_form(problem.form, problem.table, ["y"], effort=Effort(start=problem.starts[[start]]))
    values = in_certified_order(name, fitted.values[0])
    assert np.abs(values / problem.certified - 1).max() < 10.0**-DIGITS, values
    assert 2 * fitted.cost[0] == pytest.approx(problem.squares, rel=1e-6, abs=1e-20)
