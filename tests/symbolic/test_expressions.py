"""Expressions: derivatives, printing and canonical forms, over every form of the library."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from designs import DESIGNS, PROFILES, constants, schema, value
from in_process import to_fit

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.sandbox.law.expression import add, exp, log, mul, parameters, power, rename, size
from lawsmith.sandbox.law.identified import tangled
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.nodes import Feature, Number, Parameter, Product, Statement, Sum
from lawsmith.sandbox.law.numeric import values_of
from lawsmith.sandbox.law.printed import printed_gradients
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.law.write_text import text
from lawsmith.tasks.table import Table
from tests.made import quick_first

STEP = 1e-6
X = Feature("x")
N = Feature("n")
L, A, B, C = (Parameter(name) for name in "LABC")


def defined(source: str, names: dict[str, Any]) -> dict[str, Any]:
    exec(source, names)
    return names


def executed(source: str) -> dict[str, Any]:
    """What the workers run."""
    space: dict[str, Any] = {}
    exec(source, space)
    return space


@pytest.mark.parametrize("design", quick_first(DESIGNS, 4))
def test_the_engine_and_printed_source_compute_the_tree_and_its_derivatives(design: str) -> None:
    data = DESIGNS[design]
    x = dict(data.features)
    with np.errstate(all="ignore"):
        for template in library(PROFILES[design]):
            names = SymbolicForm((template.node,), "").names(0, schema(data))
            node = rename(template.node, names)
            stated = SymbolicForm((node,), template.origin)
            form, printed = to_fit(stated, schema(data)), executed(stated.source(schema(data)))
            p = constants(node, 1)
            expected = np.broadcast_to(value(node, x, p), (len(data),))
            np.testing.assert_allclose(form.call(x, p), expected, rtol=1e-9, err_msg=template.origin)
            assert form.gradient is not None
            slopes = form.gradient(x, p)
            assert set(slopes) == set(p)
            wide = {name: np.full((3, 1), value) for name, value in p.items()}  # as the engine asks
            ours = np.broadcast_to(values_of([node], x, wide)[0], (3, len(data)))
            np.testing.assert_array_equal(ours, printed["form"](x, wide), template.origin)
            whole = printed["gradient"](x, wide)
            apart = printed_gradients(stated.source(schema(data)), printed, defined)["gradient"]
            out = np.empty((3, 1, len(p), len(data)))
            apart.split(tuple(p), (), value=False).first(
                x, {name: column[..., None] for name, column in wide.items()}, out
            )
            for k, name in enumerate(p):
                np.testing.assert_array_equal(
                    out[:, 0, k], np.broadcast_to(whole[name], (3, len(data))), template.origin
                )
            for name, slope in slopes.items():
                size = STEP * max(abs(p[name]), 1e-3)
                up, down = (
                    np.broadcast_to(form.call(x, p | {name: p[name] + sign * size}), (len(data),)) for sign in (1, -1)
                )
                usable = np.isfinite(up) & np.isfinite(down) & (np.abs(up) < 1e8)
                numeric = ((up - down) / (2 * size))[usable]
                exact = np.broadcast_to(slope, (len(data),))[usable]
                noise = 1e-9 * np.abs(up[usable]).max(initial=0) / size * 1e-4
                np.testing.assert_allclose(exact, numeric, rtol=2e-4, atol=noise + 1e-9, err_msg=template.origin)


def test_people_read_the_names_of_the_columns() -> None:
    node = add(mul(A, power(Feature("N", 1e8), B)), mul(C, Feature("max_N"), log(Feature("np.x"))))
    assert text(node) == "A * (N/1e8)^B + C * max_N * log(np.x)"


def test_columns_that_python_would_name_alike_are_told_apart() -> None:
    names = ("参数", "数据", "a b", "a/b", "ﬁ", "fi")
    x = {name: np.array([float(k)]) for k, name in enumerate(names, start=1)}
    terms = [mul(Number(10.0**k), Feature(name)) for k, name in enumerate(names)]
    in_another_unit = mul(Number(1e7), Feature("a b", 0.5))
    printed = executed(write(Statement({"y": add(*terms, in_another_unit)}), names))
    np.testing.assert_allclose(printed["form"](x, {}), 60654321)


def test_a_square_has_a_finite_slope_at_its_minimum() -> None:
    data = DESIGNS["signed"]
    node = power(add(Feature("z"), mul(Number(-1.0), Parameter("m"))), Number(2.0))
    form = to_fit(SymbolicForm((node,), "square"), schema(data))
    assert form.gradient is not None
    np.testing.assert_allclose(form.gradient(dict(data.features), {"m": 0.0})["m"], -2 * data.features["z"])


def test_canonical_form_ignores_names_and_order_only() -> None:
    x, y = Feature("x"), Feature("y")
    a, b, c = (Parameter(name) for name in "abc")
    law = add(c, mul(a, power(x, b)))
    assert canonical(law) == canonical(add(mul(power(x, a), b), c))
    assert canonical(law) != canonical(add(c, mul(a, power(y, b))))
    assert canonical(law) != canonical(add(c, mul(a, power(x, a))))
    assert canonical(law) != canonical(mul(c, add(a, power(x, b))))


def test_the_canonical_text_of_a_deep_law_takes_no_longer_than_its_size() -> None:
    """Each level once: a text made anew for each order of each level took 2^39 steps here."""
    law, other = Feature("x"), Feature("x")
    for _ in range(39):
        law = Sum((Parameter("b"), Product((Feature("y"), law))))
        other = Sum((Product((other, Feature("y"))), Parameter("a")))
    assert canonical(law) == canonical(other)
    assert canonical(law).count("#0") == 39


def test_the_library_states_no_form_twice_and_none_is_long() -> None:
    for name, one in PROFILES.items():
        forms = library(one)
        keys = [canonical(template.node) for template in forms]
        assert len({template.origin for template in forms}) == len(forms), name
        assert len(set(keys)) == len(keys), name
        assert all(0 < size(template.node) < 200 for template in forms)


def test_renaming_keeps_the_value() -> None:
    node = library(PROFILES["two"])[8].node
    names = {one.name: f"{one.name}_9" for one in parameters(node)}
    p = constants(node, 2)
    renamed = rename(node, names)
    x = dict(DESIGNS["two"].features)
    again = value(renamed, x, {names[name]: number for name, number in p.items()})
    np.testing.assert_array_equal(value(node, x, p), again)


def test_source_is_plain_ascii_but_for_names_of_columns():
    """Python needs a module that candidates cannot load to read other letters in names of its own."""
    node = add(Feature("dose (µM)"), Feature("dose (πM)"), Parameter("L"))
    source = write(Statement({"y": node}), ("dose (µM)", "dose (πM)"))
    assert all(line.isascii() or "x['dose" in line for line in source.splitlines())
    assert "x_dose___M_ = x['dose (µM)']" in source
    assert "x_dose___M__2 = x['dose (πM)']" in source
    assert all(name.isascii() for name in re.findall(r"^\s+(\S+) =", source, re.MULTILINE))


def test_a_form_without_a_constant_is_no_candidate():
    """Dropping the only factor of a term leaves one: there is nothing to fit in it."""
    x = Feature("n")
    assert not SymbolicForm((x,), "drop factor").fits(schema(DESIGNS["one"]), 30)
    assert SymbolicForm((mul(Parameter("A", 0.0, 10.0), x),), "scaled").fits(schema(DESIGNS["one"]), 30)


def test_bounds_the_other_way_round_tell_constants_apart_too() -> None:
    """A bound that is a share of a scale below 0, as that of a decay over dates, may come above its other end."""
    k = Parameter("k", lower=-20.0, upper=-60.0)
    rows = {"x": np.linspace(1.0, 9.0, 12)}
    assert not tangled(add(L, mul(A, exp(mul(k, X)))), rows)
    assert tangled(add(L, mul(A, exp(add(mul(k, X), B)))), rows)
    slow = mul(Parameter("k"), X)
    assert tangled(add(L, mul(A, exp(add(slow, B)))), rows) == ("A", "B")
    assert tangled(add(L, mul(A, exp(slow))), rows) == ()


def test_no_constant_is_called_as_a_column_is() -> None:
    for name in ("A", "A (m)"):
        data = Table({name: np.arange(3.0)}, {"y": np.arange(3.0)}, ("all_data",), np.zeros(3, dtype=int))
        source = SymbolicForm((add(L, mul(A, Feature(name))),), "line").source(schema(data))
        assert list(executed(source)["PARAMETERS"]) == ["L", "c_A"]
