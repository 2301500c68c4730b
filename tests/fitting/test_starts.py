"""Where fits begin when nobody says where."""

from typing import Any

import numpy as np
import pytest
from test_engine import RNG, X, form, power, table

from lawsmith.sandbox.contract import own_form
from lawsmith.sandbox.fitting import fit_form
from lawsmith.sandbox.law.own_form import own_candidate
from lawsmith.sandbox.returned import Spec
from lawsmith.tasks import Schema, Table


@pytest.mark.parametrize("size", [1e-4, 1e9, 1e13])
def test_features_of_any_magnitude_without_bounds(size: float) -> None:
    x = size * X
    fitted = fit_form(form("L A a", power), table(x, 1 + 2 * X**-0.4), ["y"])
    predicted = power({"x": x}, dict(zip("LAa", fitted.values[0], strict=True)))
    np.testing.assert_allclose(predicted, 1 + 2 * X**-0.4, rtol=1e-6)


def test_constants_without_bounds_are_found_where_features_are_of_other_sizes() -> None:
    """Two optima that move with sizes: starts as large as 1e9 are no place to begin for exponents of 0.5."""

    def optima(x: Any, p: Any) -> Any:
        u, v, n, d = (np.log(x[name] / unit) for name, unit in zip("uvND", (1e-3, 100, 1e8, 1e9), strict=True))
        away = u - p["m"] - p["a"] * n - p["b"] * d, v - p["k"] - p["c"] * n - p["d"] * d
        return p["L"] + p["A"] * n + p["C"] * away[0] ** 2 + p["D"] * away[1] ** 2

    lows = zip("uvND", (-4, 1.5, 8, 9), strict=True)
    x = {name: 10 ** RNG(k).uniform(low, low + 1.5, 300) for k, (name, low) in enumerate(lows)}
    truth = dict(zip("LACDmabkcd", (2.0, -0.2, 0.03, 0.02, 0.3, -0.6, 0.3, 1.0, 0.1, 0.5), strict=True))
    data = Table(x, {"y": optima(x, truth)}, ("g",), np.zeros(300, dtype=np.intp))
    fitted = fit_form(form(" ".join(truth), optima), data, ["y"], seed=2)
    np.testing.assert_allclose(fitted.values[0], list(truth.values()), rtol=1e-4)


def test_starts_where_the_form_is_not_finite_are_passed_over() -> None:
    logarithm = form("A c", lambda x, p: p["A"] * np.log(x["x"] - p["c"]), {"c": (-5.0, 60.0)})
    x = X + 10
    fitted = fit_form(logarithm, table(x, 2 * np.log(x - 3)), ["y"])
    np.testing.assert_allclose(fitted.values, [[2, 3]], rtol=1e-5)


KAPLAN = "((Nc/N)^(aN/aD) + Dc/D)^aD"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("written", "truth"),
    [
        ("(Nc/N)^a", {"Nc": 8.8e13, "a": 0.076}),
        (KAPLAN, {"Nc": 8.8e13, "aN": 0.076, "Dc": 5.4e13, "aD": 0.095}),
        (f"E + {KAPLAN}", {"E": 1.5, "Nc": 2e9, "aN": 0.3, "Dc": 5e10, "aD": 0.5}),
        ("E + (A/N^a + B/D^b)^g", {"E": 1.2, "A": 300.0, "a": 0.4, "B": 900.0, "b": 0.4, "g": 0.8}),
        ("(Nc/N)^a + (Dc/D)^b", {"Nc": 8.8e13, "a": 0.076, "Dc": 2.1e8, "b": 0.76}),
    ],
)
def test_constants_of_any_size_are_found_within_wide_bounds(written: str, truth: dict[str, float], seed: int) -> None:
    """Scaling laws as Kaplan et al. (2020) write them, with critical sizes far beyond the rows."""
    sizes = np.meshgrid(np.geomspace(1e7, 3e9, 6), np.geomspace(2e9, 1e11, 5))
    x = dict(zip("ND", (size.ravel() for size in sizes), strict=True))
    x = {name: x[name] for name in "ND" if f"/{name}" in written}
    schema = Schema(name="t", long_name="t", title="t", features=tuple(x), targets=("loss",), group=None)
    law = eval(f"lambda {', '.join([*truth, *x])}: {written.replace('^', '**')}")
    y = law(**truth, **x)
    data = Table(x, {"loss": y}, ("all",), np.zeros(len(y), dtype=np.intp))
    found = fit_form(
        own_form(own_candidate(written, schema, data), Spec(tuple(x), ("loss",), ("all",), None, 9, 0)),
        data,
        ["loss"],
        seed=seed,
    )
    np.testing.assert_allclose(law(**dict(zip(found.names, found.values[0], strict=True)), **x), y, rtol=1e-6)


@pytest.mark.parametrize(("written", "free"), [("(A/N^a + B/D^b)^g", False), ("sqrt(A*N^2 + B*D^2)", True)])
def test_a_sign_is_taken_as_written_only_where_all_exponents_are_open(written: str, free: bool) -> None:
    x = {"N": np.linspace(3, 9, 20), "D": np.linspace(1, 3, 20)}
    schema = Schema(name="t", long_name="t", title="t", features=("N", "D"), targets=("loss",), group=None)
    data = Table(x, {"loss": x["N"]}, ("all",), np.zeros(20, dtype=np.intp))
    assert ("'B': (-np.inf, np.inf)" in own_candidate(written, schema, data)) == free


def test_a_prefactor_beside_a_temperature_keeps_its_name_and_is_found() -> None:
    """Of exp(c - k/T) with T within a factor of two, exp(c) spans more powers of ten than starts do."""
    celsius, t = np.meshgrid([25.0, 37, 47, 57, 67], np.geomspace(3, 1200, 8))
    x = {"T": celsius.ravel() + 273.15, "t": t.ravel()}
    schema = Schema(name="t", long_name="t", title="t", features=("T", "t"), targets=("left",), group=None)
    y = np.exp(-np.exp(62 - 20_000 / x["T"]) * x["t"])
    data = Table(x, {"left": y}, ("all",), np.zeros(len(y), dtype=np.intp))
    source = own_candidate("exp(-exp(c - k/T)*t)", schema, data)
    found = fit_form(own_form(source, Spec(("T", "t"), ("left",), ("all",), None, 9, 0)), data, ["left"])
    assert dict(zip(found.names, found.values[0], strict=True)) == pytest.approx({"c": 62, "k": 20_000}, rel=1e-6)
