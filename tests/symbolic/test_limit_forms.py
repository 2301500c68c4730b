"""Curves of one feature, limits that another feature sets, and regimes that a threshold parts, are among the forms."""

from collections.abc import Callable

import numpy as np
import pytest
from in_process import to_fit

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Effort, fit_form
from lawsmith.tasks import Array, Task
from tests.made import made_task

DOSES = np.repeat(np.r_[0, np.geomspace(0.01, 30, 8)], 2)
TIMES = np.linspace(0, 24, 13)
ONE: dict[str, tuple[Array, Callable[[Array], Array]]] = {
    "hyperbola (Michaelis and Menten 1913) of x": (DOSES, lambda x: 7 * x / (2.5 + x)),
    "level and hyperbola of x": (DOSES, lambda x: 0.4 + 7 * x / (2.5 + x)),
    "Hill curve (1910) of x": (DOSES, lambda x: 7 * x**2.2 / (3**2.2 + x**2.2)),
    "level and Hill curve of x": (DOSES, lambda x: 0.1 + 7 * x**0.8 / (3**0.8 + x**0.8)),
    "falling hyperbola of x": (TIMES, lambda x: 2 / (1 + 0.05 * x)),
    "Sutherland's law (1893) of x": (DOSES[2:], lambda x: 1.4 * x**1.5 / (2 + x)),
    "power and exponential of x": (DOSES, lambda x: 4 * x**1.3 * np.exp(-x / 18)),
    "logarithm of 1 + x (Shannon 1948)": (DOSES, lambda x: 3 * np.log(1 + x / 2.5)),
    "level and logarithm of 1 + x (Fitts 1954)": (DOSES, lambda x: 0.4 + 3 * np.log(1 + x / 2.5)),
    "hyperbola of x to a pole": (TIMES, lambda x: 4 / (1 - x / 27)),
    "pure shifted growing power law of x": (DOSES[2:], lambda x: 1.4 * np.sqrt(x + 0.3)),
    "Langevin function (1905) of x": (DOSES[2:], lambda x: 60 * (1 / np.tanh(x / 1.8) - 1.8 / x)),
    "falling Hill curve of x": (DOSES, lambda x: 100 / (1 + (x / 0.4) ** 1.3)),
    "level and falling Hill curve of x": (DOSES, lambda x: 5 + 90 / (1 + (x / 0.4) ** 1.3)),
    "inhibited hyperbola (Haldane 1930) of x": (DOSES, lambda x: 7 * x / (2.5 + x + 0.1 * x**2)),
    "rise of x to a limit": (TIMES, lambda x: 3e4 * (1 - np.exp(-x / 9))),
    "stretched rise of x to a limit": (TIMES, lambda x: 3e-4 * (1 - np.exp(-((x / 9) ** 1.7)))),
    "root and slope of x": (DOSES, lambda x: 0.1 + 0.5 * np.sqrt(x) - 0.03 * x),
    "root and logarithm of x": (DOSES[2:], lambda x: np.sqrt(x) * (0.5 - 0.1 * np.log(x))),
    "best learning rate (Li et al. 2024) of batch size x": (DOSES[2:], lambda x: 2 / (np.sqrt(x / 3) + np.sqrt(3 / x))),
    "two decays of x": (TIMES, lambda x: 12 * np.exp(-1.6 * x) + 4 * np.exp(-0.14 * x)),
    "stretched decay of x (Kohlrausch 1854)": (TIMES, lambda x: 40 * np.exp(-((x / 13) ** 1.3))),
    "rise and decay of x (Bateman 1910)": (TIMES, lambda x: 5 * (np.exp(-0.14 * x) - np.exp(-1.1 * x))),
    "exponential of 1/(x - m) in x": (TIMES, lambda x: 0.03 * np.exp(36 / (x + 30))),
    "level and power law from a threshold of x": (DOSES[2:], lambda x: 0.1 + 0.8 * (np.maximum(x, 0.7) / 0.7) ** -0.6),
    "power beyond a threshold of x": (0.9 + TIMES / 14, lambda x: 6.3 * (x - 0.71) ** 2.1),  # discharge by stage
    "Richards curve (1959) in x": (TIMES, lambda x: 660 * (1 + np.exp(-0.5 * (x - 4))) ** -3.0),
}


def _square(x: Array, y: Array) -> Array:
    above = np.maximum(x - 0.32, 0)
    open_ = np.minimum(y, above)
    return 2e-4 * (above * open_ - open_**2 / 2) * (1 + 0.07 * y)


def _alpha(x: Array, y: Array) -> Array:
    above = 0.8 * np.maximum(x - 0.32, 0) ** 0.7
    open_ = np.minimum(y, above)
    return 2e-4 * open_ * (2 * above - open_) * (1 + 0.07 * y)


TWO: dict[str, Callable[[Array, Array], Array]] = {
    "rise of x to a limit of y": lambda x, y: 1.2 * y * (1 - np.exp(-0.7 * x / y)),
    "rise of x to a limit of powers of y": lambda x, y: y**0.4 * (1 - np.exp(-1.7 * x * y**1.1)),
    "hyperbola of x to a limit of y": lambda x, y: 3 * y * x / (0.4 * y + x),
    "hyperbola of x to a limit of powers of y": lambda x, y: 3 * y**0.5 * x / (0.4 * y**-0.7 + x),
    "hyperbola of x whose half-way point moves with y": lambda x, y: 3 * x / (0.3 * np.exp(1.4 * y) + x),
    "hyperbola of x whose half-way point is activated by y": lambda x, y: 3 * x / (4 * np.exp(-0.5 / y) + x),
    "two hyperbolas (Monod 1949) of y and x": lambda x, y: 3 * x / (0.3 + x) * y / (0.8 + y),
    "linear with interactions": lambda x, y: 0.4 + 2 * x - 0.7 * y + 1.3 * x * y,
    "hyperbola of x with competition of y": lambda x, y: 10 * x / (3 * (1 + y / 2) + x),
    "power beyond a threshold of x, line of y": lambda x, y: 5 * np.maximum(x - 0.4, 0) ** 1.6 * (1 + 0.3 * y),
    "square law (Shichman and Hodges 1968) of x and y": _square,
    "alpha-power law (Sakurai and Newton 1990) of x and y": _alpha,
    "level and the lesser of x and y (Liebig 1840)": lambda x, y: 0.3 + 2 * np.minimum(x, 0.6 * y),
    "level and the greater of x and y (Kelley and Walker 1959)": lambda x, y: 0.3 + 2 * np.maximum(x, 1.7 * y),
    "rise and decay of x (Bateman 1910), times power of y": lambda x, y: y**0.9 * (np.exp(-2 * x) - np.exp(-9 * x)),
    "Hill curve (1910) of x, times power of y": lambda x, y: 3 * y**-0.4 * x**1.7 / (0.3**1.7 + x**1.7),
    "pure sigmoid in x, times power of y": lambda x, y: 3 * y**2 / (1 + np.exp(-7 * (x - 0.4))),
    "level and Hill curve of x, both scales powers of y": lambda x, y: (
        0.2 + 3 * y**0.4 * (x / y**0.5) ** 1.7 / (0.3**1.7 + (x / y**0.5) ** 1.7)
    ),
    "level and falling Hill curve of x, both scales powers of y": lambda x, y: (
        0.2 + 3 * y**0.4 / (1 + (x / (0.3 * y**0.5)) ** 1.7)
    ),
    "level and stretched rise of x, both scales powers of y": lambda x, y: (
        0.2 + 3 * y**0.4 * (1 - np.exp(-((4 * x / y**0.5) ** 0.7)))
    ),
    "level and logarithm of 1 + x, both scales powers of y": lambda x, y: (
        0.2 + 3 * y**0.4 * np.log(1 + x / (0.2 * y**0.5))
    ),
    "level and stretched decay of x, both scales powers of y": lambda x, y: (
        0.2 + 3 * y**0.4 * np.exp(-((4 * x / y**0.5) ** 0.7))
    ),
    "level and shifted power law of x, both scales powers of y": lambda x, y: (
        0.2 + 3 * y**0.4 * (1 + x / (0.2 * y**0.5)) ** -1.3
    ),
    "distance of x and y": lambda x, y: 0.3 + 2 * np.abs(x - 1.3 * y),
}


def _left(task: Task, origin: str) -> float:
    """The share of the variance that the form leaves."""
    template = next(one for one in library(profile(task.train)) if one.origin == origin)
    form = SymbolicForm((template.node,), template.origin)
    found = fit_form(to_fit(form, task.schema), task.train, ("z",), effort=Effort(starts=24, finalists=4))
    return float(2 * found.cost.sum() / len(task.train) / task.train.targets["z"].var())


@pytest.mark.parametrize("origin", ONE)
@pytest.mark.parametrize("unit", [1.0, 1e-9])
def test_a_curve_that_levels_off_fits_in_any_unit(origin: str, unit: float) -> None:
    values, law = ONE[origin]
    assert _left(made_task({"x": values * unit}, {"z": law(values)}), origin) < 1e-8


@pytest.mark.parametrize("origin", TWO)
def test_a_limit_that_another_feature_sets_and_a_threshold_fit(origin: str) -> None:
    x, y = (mesh.ravel() for mesh in np.meshgrid(np.linspace(0, 1, 11), np.linspace(0.05, 0.95, 8)))
    assert _left(made_task({"x": x, "y": y}, {"z": TWO[origin](x, y)}), origin) < 1e-5


def test_light_of_a_hot_body_is_planck_s_by_wavelength_and_by_frequency() -> None:
    x, y = (mesh.ravel() for mesh in np.meshgrid(np.linspace(0.4, 3, 12), np.linspace(2500, 4500, 5)))
    by_wavelength = made_task({"x": x, "y": y}, {"z": 119 / x**5 / (np.exp(14388 / x / y) - 1)})
    assert _left(by_wavelength, "Planck's law (1900) of wavelength x and temperature y") < 1e-8
    by_frequency = made_task({"x": 100 * x, "y": y}, {"z": x**3 / (np.exp(4799 * x / y) - 1)})
    assert _left(by_frequency, "Planck's law (1900) of frequency x and temperature y") < 1e-8


def test_a_line_of_each_amount_and_their_product_is_among_the_forms() -> None:
    x, y = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(64, 16384, 5), np.geomspace(16, 1024, 4)))
    task = made_task({"x": x, "y": y}, {"z": 0.05 + 6e-5 * x + 0.018 * y + 3.1e-7 * x * y})
    assert _left(task, "linear with interactions in x, y") < 1e-12


def test_a_curve_is_scaled_by_powers_of_two_features_and_by_none_that_is_zero() -> None:
    x, y, w = (mesh.ravel() for mesh in np.meshgrid(np.linspace(1, 5, 7), np.geomspace(1, 9, 4), np.geomspace(1, 7, 4)))
    task = made_task({"x": x, "y": y, "w": w}, {"z": 3 * np.exp(-2 / x) * y**1.5 * w**-0.5})
    assert _left(task, "pure exponential of 1/x, times power of y, w") < 1e-8
    zero = made_task({"x": x, "y": y - 1}, {"z": x * y})
    assert not any(one.origin.endswith("times power of y") for one in library(profile(zero.train)))


def test_a_curve_is_scaled_by_a_steep_power_of_a_feature_that_hardly_varies() -> None:
    x, kelvin = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(0.1, 3, 7), np.linspace(280, 360, 6)))
    task = made_task({"x": x, "T": kelvin}, {"z": 2e6 * np.exp(-5200 / kelvin) * x / (1.2 + x)})
    assert _left(task, "hyperbola (Michaelis and Menten 1913) of x, times power of T") < 1e-3


def test_a_power_of_a_sum_that_rises_with_one_feature_and_falls_with_another_fits() -> None:
    re, rough = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(5e3, 3e5, 6), np.geomspace(1e-5, 2e-2, 6)))
    friction = 0.02 + 0.11 * (rough + 68 / re) ** 0.25  # Altshul's law
    task = made_task({"re": re, "rough": rough}, {"z": friction})
    assert _left(task, "power of sum of growing and decaying re, rough") < 1e-5


def test_the_best_of_many_samples_gains_by_their_divergence() -> None:
    n, size = (mesh.ravel() for mesh in np.meshgrid(2.0 ** np.arange(9), np.geomspace(3e6, 3e9, 4)))
    root = np.sqrt(np.log(n) - (n - 1) / n)
    gold = 0.3 + root * (0.7 - 0.1 * root)
    assert _left(made_task({"n": n}, {"z": gold}), "level, gain and loss of the best of n") < 1e-12
    grown = gold + 0.03 * np.log(size / 3e6) * root
    task = made_task({"n": n, "size": size}, {"z": grown})
    assert _left(task, "level, gain and loss of the best of n, size") < 1e-12
    assert not any("best of" in one.origin for one in library(profile(made_task({"n": n}, {"z": 1 - gold}).train)))


def test_model_and_data_are_told_from_compute_and_their_ratio() -> None:
    compute, ratio = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(1e18, 1e20, 5), np.geomspace(5, 320, 5)))
    model, data = np.sqrt(compute / ratio / 6), np.sqrt(compute * ratio / 6)
    features = {"C": compute, "M": ratio, "N": model, "D": data}
    loss = 1.7 + 400 * model**-0.34 + 400 * data**-0.28
    for one, two, shape in (
        ("C", "M", "C^1 M^-1 + C^1 M^1"),
        ("C", "N", "N^1 + N^-1 C^1"),
        ("D", "M", "D^1 + D^1 M^-1"),
        ("N", "M", "N^1 + N^1 M^1"),
    ):
        task = made_task({one: features[one], two: features[two]}, {"z": loss})
        assert _left(task, f"power laws {shape}") < 1e-8
    tied = made_task({"C": compute, "M": ratio}, {"z": 1.7 + 300 * model**-0.3 + 400 * data**-0.3})
    assert _left(tied, "power laws C^1 M^-1 + C^1 M^1, one exponent") < 1e-8


@pytest.mark.parametrize("way", ["plus", "times"])
def test_a_power_law_of_one_feature_may_break_beside_another_one(way: str) -> None:
    x, y = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(1e8, 1e12, 16), np.geomspace(1e7, 1e9, 4)))
    broken, other = (x / 1e8) ** -0.1 * (1 + (x / 6e9) ** 4) ** -0.08, 0.4 * (y / 1e7) ** -0.3
    loss = 1.8 + (broken + other if way == "plus" else broken * other)
    assert _left(made_task({"x": x, "y": y}, {"z": loss}), f"broken x {way} y") < 1e-7


def test_features_below_zero_get_no_limits() -> None:
    rng = np.random.default_rng(0)
    task = made_task({"x": rng.uniform(-1, 1, 40)}, rng.uniform(0, 1, 40))
    origins = [one.origin for one in library(profile(task.train))]
    assert not any("limit" in origin or "hyperbola" in origin or "Hill" in origin for origin in origins)
