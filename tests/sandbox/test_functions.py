"""The one table of functions: numpy, plain Python, sympy, derivatives and ranges say the same of each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special

from lawsmith.sandbox.law.expression import add, function, mul
from lawsmith.sandbox.law.functions import FUNCTIONS, evaluate
from lawsmith.sandbox.law.identified import NoDerivative, derivative
from lawsmith.sandbox.law.nodes import Feature, Number, Parameter, Statement
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.law.write_plain import plain_form
from lawsmith.sandbox.law.write_sympy import to_sympy

INSIDE = {"arcsin": 0.9, "arccos": 0.9, "arctanh": 0.9}  # the largest argument, where it has a bound
LEAST = {"arccosh": 1.1}
STEP = 1e-6


def points(name: str) -> list[list[float]]:
    rng = np.random.default_rng(0)
    low, high = LEAST.get(name, 0.1), INSIDE.get(name, 3.0)
    return rng.uniform(low, high, (12, FUNCTIONS[name].arity)).tolist()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpy_and_plain_python_agree_also_at_the_edge(name: str) -> None:
    entry = FUNCTIONS[name]
    home: Any = scipy.special if entry.special else np
    edges = [[value] * entry.arity for value in (0.0, -0.0, -1.0, 1.0, 800.0, -800.0, math.inf, -math.inf)]
    with np.errstate(all="ignore"):
        for values in [*points(name), *edges]:
            expected = float(getattr(home, entry.numpy)(*values))
            found = evaluate(name, values)
            assert found == pytest.approx(expected, rel=1e-12, nan_ok=True), values
            assert math.isnan(found) or entry.low - 1e-12 <= found <= entry.high + 1e-12


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_are_those_of_the_values(name: str) -> None:
    for values in points(name):
        shifts = [Parameter(f"p{k}") for k in range(len(values))]
        node = function(name, *(add(Number(v), p) for v, p in zip(values, shifts, strict=True)))
        for k, parameter in enumerate(shifts):
            try:
                slope = derivative(node, parameter.name)
            except NoDerivative:
                assert FUNCTIONS[name].slopes is None
                return
            space: dict[str, Any] = {"math": math}
            exec(plain_form(Statement({"y": slope}, tuple(shifts))), space)
            exact = space["form"]({}, dict.fromkeys((p.name for p in shifts), 0.0))
            up, down = (evaluate(name, [v + sign * STEP * (j == k) for j, v in enumerate(values)]) for sign in (1, -1))
            assert exact == pytest.approx((up - down) / (2 * STEP), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_sources_and_sympy_state_the_function(name: str) -> None:
    columns = ("a", "b", "c")[: FUNCTIONS[name].arity]
    node = mul(Number(2.0), function(name, *map(Feature, columns)))
    space: dict[str, Any] = {}
    exec(write(Statement({"y": node}), columns), space)
    values = np.array(points(name)).T
    with np.errstate(all="ignore"):
        found = space["form"](dict(zip(columns, values, strict=True)), {})
    expected = [2 * evaluate(name, row) for row in values.T.tolist()]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    if FUNCTIONS[name].truth or name == "where":
        return  # sympy keeps truth apart from numbers
    import sympy

    stated = to_sympy(Statement({"y": node}, ()))["y"]
    symbols = [sympy.Symbol(column, real=True) for column in columns]
    exact = [float(stated.subs(dict(zip(symbols, row, strict=True)))) for row in values.T.tolist()]
    np.testing.assert_allclose(exact, expected, rtol=1e-9)
