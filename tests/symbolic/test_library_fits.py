"""Forms of the library meet rows of their own laws, wherever the fit begins."""

from collections.abc import Callable

import numpy as np
import pytest
from in_process import to_fit

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Loss, fit_form
from lawsmith.tasks.arrays import Array
from tests.made import made_task

Columns = dict[str, Array]
LAWS: dict[str, tuple[dict[str, Array], Callable[[Columns], Array]]] = {
    "sum with moving optimum of lr, added": (
        {"lr": np.geomspace(2e-4, 1.3e-2, 7), "n": np.geomspace(2e7, 4e8, 5)},
        lambda x: (
            1.95
            + 0.61 * (x["n"] / 1e8) ** -0.353
            + 0.03 * (np.log(x["lr"] / 1e-3) - 1.43 + 0.366 * np.log(x["n"] / 1e8)) ** 2
        ),
    ),
    "steps limited by batch": (
        {"steps": np.geomspace(500, 2e4, 5), "batch": 2.0 ** np.arange(4, 11)},
        lambda x: 2.2 + 60 * (x["steps"] / (1 + 180 / x["batch"])) ** -0.52,
    ),
    "n exponentially limited by bits": (
        {"bits": np.array([3.0, 4, 6, 8, 16]), "n": np.geomspace(3e7, 4e8, 4), "d": np.geomspace(2e9, 3e10, 3)},
        lambda x: 1.9 + 4300 * (x["n"] * (1 - np.exp(-x["bits"] / 2.7))) ** -0.43 + 2e4 * x["d"] ** -0.48,
    ),
    "pure product of length, width": (  # of a beam that buckles
        {"length": np.geomspace(100, 500, 5), "width": np.array([4.0, 6, 9])},
        lambda x: 0.06 * x["width"] ** 4 * (x["length"] / 100) ** -2,
    ),
    "parabola of length": (
        {"length": np.geomspace(128, 4096, 9)},
        lambda x: 1.1 + 4e-3 * x["length"] + 1.5e-6 * x["length"] ** 2,
    ),
    "growing power law and slope of hours": (
        {"hours": np.geomspace(0.5, 200, 12)},
        lambda x: 0.12 + 0.09 * x["hours"] ** 0.34 + 0.0019 * x["hours"],
    ),
    "logarithm and slope of current": (  # a diode in series with a resistance
        {"current": np.geomspace(1e-6, 1, 12)},
        lambda x: 1.03 + 0.0459 * np.log(x["current"]) + 0.35 * x["current"],
    ),
    "power law and slope of epochs": (
        {"epochs": np.array([1.0, 2, 3, 4, 6, 8, 12, 16, 24, 32])},
        lambda x: 2.2 + 0.6 * x["epochs"] ** -0.7 + 0.006 * x["epochs"],
    ),
    "pure exponential of bits times n, d": (
        {"bits": np.array([3.0, 4, 5, 6, 10]), "n": np.geomspace(3e7, 4e8, 4), "d": np.geomspace(2e9, 3e10, 3)},
        lambda x: 0.002 * x["d"] ** 0.5 * x["n"] ** -0.4 * np.exp(-x["bits"] / 0.6),
    ),
    "sine of twice angle, times power of speed": (
        {"speed": np.array([5.0, 8, 14, 20]), "angle": np.arange(15.0, 80, 10)},
        lambda x: x["speed"] ** 2 * np.sin(2 * np.radians(x["angle"])) / 9.81,
    ),
    "sine and cosine of tilt_deg, times power of mass": (
        {"mass": np.array([0.2, 0.5, 1.0]), "tilt_deg": np.arange(5.0, 40, 5)},
        lambda x: 9.81 * x["mass"] * (np.sin(np.radians(x["tilt_deg"])) + 0.2 * np.cos(np.radians(x["tilt_deg"]))),
    ),
    "line and signed square of v": (
        {"v": np.linspace(-12, 12, 11)},
        lambda x: -0.8 * x["v"] - 0.3 * x["v"] * np.abs(x["v"]),
    ),
    "odd power law of dp": (
        {"dp": np.array([-80.0, -30, -5, 5, 30, 80])},
        lambda x: 2.4 * np.sign(x["dp"]) * np.sqrt(np.abs(x["dp"])),
    ),
    "exponential through zero of volt": (
        {"volt": np.linspace(-0.4, 0.6, 16)},
        lambda x: 2e-6 * (np.exp(x["volt"] / 0.052) - 1),
    ),
    "line to a ceiling of intensity": (
        {"intensity": np.geomspace(0.1, 60, 14)},
        lambda x: 52 * np.minimum(x["intensity"], 17.3),
    ),
    "broken line of load": (
        {"load": np.linspace(0, 20, 15)},
        lambda x: 3 + 0.4 * x["load"] + 2.1 * np.maximum(x["load"] - 11.7, 0),
    ),
    "broken line of year": (
        {"year": np.linspace(1990, 2024, 18)},
        lambda x: 3 + 0.04 * (x["year"] - 1990) + 0.21 * np.maximum(x["year"] - 2011.4, 0),
    ),
    "level and lines on either side of outdoor_c": (
        {"outdoor_c": np.linspace(-18, 41, 24)},
        lambda x: 40 + 2.1 * np.maximum(15.3 - x["outdoor_c"], 0) + 3.4 * np.maximum(x["outdoor_c"] - 21.8, 0),
    ),
    "pure power law of people, plus lines on either side of outdoor_c": (
        {"people": np.geomspace(5, 900, 6), "outdoor_c": np.linspace(-18, 41, 24)},
        lambda x: (
            2 * x["people"] ** 0.6
            + 2.1 * np.maximum(15.3 - x["outdoor_c"], 0)
            + 3.4 * np.maximum(x["outdoor_c"] - 21.8, 0)
        ),
    ),
    "power laws on either side of a break of mass": (
        {"mass": np.geomspace(0.05, 40, 16)},
        lambda x: 3 * np.minimum(x["mass"], 0.7) ** -1.3 * np.maximum(x["mass"], 0.7) ** -2.3,
    ),
    "level, line and linearithmic growth of n": (
        {"n": 2.0 ** np.arange(10, 21)},
        lambda x: 1e-5 + 2e-9 * x["n"] * np.log(x["n"]),
    ),
    "decay of hours at a rate activated by kelvin": (
        {"hours": np.arange(0, 60, 10.0), "kelvin": np.array([298.15, 313.15, 333.15])},
        lambda x: 100 * np.exp(-2e9 * np.exp(-8200 / x["kelvin"]) * x["hours"]),
    ),
    "rise of minutes to a limit at a rate activated by kelvin": (
        {"minutes": np.arange(0, 60, 10.0), "kelvin": np.array([340.0, 360, 380, 400])},
        lambda x: 0.9 * (1 - np.exp(-6e5 * np.exp(-6100 / x["kelvin"]) * x["minutes"])),
    ),
    "constant, plus waves of month": (
        {"month": np.arange(24) % 12 + 1.0},
        lambda x: 30 + 8 * np.cos(2 * np.pi * (x["month"] - 7) / 12) - 2 * np.sin(np.pi * x["month"] / 3),
    ),
    "pure power law of price, times exponential of waves of week": (
        {"price": np.array([2.0, 3, 5]), "week": np.arange(1.0, 53, 3)},
        lambda x: 900 * x["price"] ** -1.2 * np.exp(0.4 * np.cos(2 * np.pi * (x["week"] - 48) / 52)),
    ),
    "hyperbolic sine of eta": ({"eta": np.linspace(-0.15, 0.15, 11)}, lambda x: 0.8 * np.sinh(19 * x["eta"])),
}


@pytest.mark.parametrize("origin", LAWS)
def test_a_law_is_met_from_any_start(origin: str) -> None:
    axes, law = LAWS[origin]
    columns = {name: axis.ravel() for name, axis in zip(axes, np.meshgrid(*axes.values()), strict=True)}
    task = made_task(columns, law(columns))
    node = next(form.node for form in library(profile(task.train)) if form.origin == origin)
    form = to_fit(SymbolicForm((node,), origin, False, Loss.SQUARED), task.schema)
    for seed in range(3):
        cost = float(fit_form(form, task.train, task.schema.targets, seed=seed).cost.sum())
        assert cost < 1e-9 * float((task.train.target_matrix() ** 2).sum())
