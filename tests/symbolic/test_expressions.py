"""Expressions: derivatives, printing, canonical forms and neighbours, over every form of the library."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pytest

from lawsmith.agent.symbolic.combined import profiles
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.mutation import Mutator, is_redundant
from lawsmith.agent.symbolic.profile import ColumnKind, Profile, profile
from lawsmith.sandbox.law.expression import (
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Sum,
    add,
    canonical,
    children,
    complexity,
    exp,
    log,
    mul,
    parameters,
    power,
    rename,
    walk,
)
from lawsmith.sandbox.law.identified import tells_apart, unit_bound
from lawsmith.sandbox.law.numeric import Program
from lawsmith.sandbox.law.printed import printed_gradients
from lawsmith.sandbox.law.write_candidate import candidate
from lawsmith.sandbox.law.write_text import text
from lawsmith.tasks import Array, Table
from lawsmith.tasks.schema import Column, Schema

STEP = 1e-6
X = Feature("x")
N = Feature("n")
L, A, B, C = (Parameter(name) for name in "LABC")


def table(columns: dict[str, Any]) -> Table:
    rows = len(next(iter(columns.values())))
    features = {name: np.asarray(column, dtype=float) for name, column in columns.items()}
    target = sum(np.log1p(np.abs(column)) for column in features.values()) + 1.0
    return Table(features, {"y": target}, ("all",), np.zeros(rows, dtype=np.intp))


def designs() -> dict[str, Table]:
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.ones(3), 20)
    n, d = (np.geomspace(low, 1e4 * low, 6) for low in (1e6, 1e-3))
    return {
        "one": table({"n": np.geomspace(1e6, 1e9, 12)}),
        "two": table({"n": np.repeat(n, 6), "d": np.tile(d, 6)}),
        "shares": table({f"s{k}": shares[:, k] for k in range(3)}),
        "signed": table({"z": np.linspace(-2, 2, 15)}),
        "time": table({"t": np.linspace(0.5, 12, 24)}),
        "alike": table({"tokens en": np.repeat(n, 6), "tokens/en": np.tile(d, 6)}),
        "zeros": table({"n": np.repeat(n, 6), "v": np.tile([0.0, *d[:5]], 6)}),
        "sparse": table({"n": np.repeat(n, 5), "s": np.tile([0.0, 0.5, 0.75, 0.9, 0.95], 6)}),
    }


DESIGNS = designs()
PROFILES: dict[str, Profile] = {name: profiles(one)[-1] for name, one in DESIGNS.items()}


def schema(data: Table) -> Schema:
    names = tuple(data.features)
    columns = {name: Column(name=name) for name in (*names, "y")}
    return Schema(
        name="t",
        long_name="t",
        title="t",
        features=names,
        targets=("y",),
        group=None,
        cap=None,
        columns=columns,
    )


def value(node: Node, x: dict[str, Any], p: dict[str, float]) -> Any:
    """The tree itself, evaluated without the printer."""
    parts = [value(child, x, p) for child in children(node)]
    match node:
        case Number(number):
            return number
        case Parameter(name):
            return p[name]
        case Feature(name, unit):
            return x[name] / unit
        case Sum():
            return sum(parts)
        case Product():
            return np.prod(np.broadcast_arrays(*parts), axis=0)
        case Power():
            return parts[0] ** parts[1]
        case Function(name):
            return getattr(np, name)(*parts)


def constants(node: Node, seed: int) -> dict[str, float]:
    """Within the bounds, near 1 where there are none."""
    rng = np.random.default_rng(seed)
    found = {}
    for one in parameters(node):
        low, high = max(one.lower, 0.2), min(one.upper, 1.3)
        found[one.name] = float(rng.uniform(low, high)) if low < high else float(rng.uniform(one.lower, one.upper))
    return found


def defined(module: ast.Module, names: dict[str, Any]) -> dict[str, Any]:
    exec(compile(module, "<test>", "exec"), names)
    return names


def executed(source: str) -> dict[str, Any]:
    """What the workers run."""
    space: dict[str, Any] = {}
    exec(source, space)
    return space


def all_forms() -> list[Any]:
    return [pytest.param(name, id=name) for name in DESIGNS]


@pytest.mark.parametrize("design", all_forms())
def test_the_engine_and_printed_source_compute_the_tree_and_its_derivatives(design: str) -> None:
    data = DESIGNS[design]
    x = dict(data.features)
    with np.errstate(all="ignore"):
        for template in library(PROFILES[design]):
            stated = SymbolicForm((template.node,), template.origin)
            form, printed = stated.to_fit(schema(data)), executed(stated.source(schema(data)))
            p = constants(template.node, 1)
            expected = np.broadcast_to(value(template.node, x, p), (len(data),))
            np.testing.assert_allclose(form.call(x, p), expected, rtol=1e-9, err_msg=template.origin)
            assert form.gradient is not None
            slopes = form.gradient(x, p)
            assert set(slopes) == set(p)
            wide = {name: np.full((3, 1), value) for name, value in p.items()}  # as the engine asks
            ours = np.broadcast_to(form.call(x, wide), (3, len(data)))
            np.testing.assert_array_equal(ours, printed["form"](x, wide), template.origin)
            whole = printed["gradient"](x, wide)
            for name, slope in whole.items():
                np.testing.assert_array_equal(form.gradient(x, wide)[name], slope, template.origin)
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
    printed = executed(candidate({"y": add(*terms, in_another_unit)}, columns=names))
    np.testing.assert_allclose(printed["form"](x, {}), 60654321)


def test_a_slope_that_nobody_asks_for_is_not_computed() -> None:
    x, k = Feature("x"), Parameter("k")
    program = Program([mul(k, x), exp(mul(k, x)), log(x)])
    values = program.begun({"x": np.array([1.0, 2.0])}, {"k": 0.5})
    np.testing.assert_array_equal(program.one(1, values), np.exp([0.5, 1.0]))
    assert sum(value is None for value in values) == 1  # the logarithm
    every = program({"x": np.array([1.0, 2.0])}, {"k": 0.5})
    for tree, value in enumerate(every):
        np.testing.assert_array_equal(program.one(tree, values), value)


def test_a_square_has_a_finite_slope_at_its_minimum() -> None:
    data = DESIGNS["signed"]
    node = power(add(Feature("z"), mul(Number(-1.0), Parameter("m"))), Number(2.0))
    form = SymbolicForm((node,), "square").to_fit(schema(data))
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


def test_the_library_states_no_form_twice_and_has_finite_complexity() -> None:
    for name, one in PROFILES.items():
        forms = library(one)
        keys = [canonical(template.node) for template in forms]
        assert len({template.origin for template in forms}) == len(forms), name
        assert len(set(keys)) == len(keys), name
        assert all(0 < complexity(template.node) < 200 for template in forms)


def test_renaming_keeps_the_value() -> None:
    node = library(PROFILES["two"])[8].node
    names = {one.name: f"{one.name}_9" for one in parameters(node)}
    p = constants(node, 2)
    renamed = rename(node, names)
    x = dict(DESIGNS["two"].features)
    again = value(renamed, x, {names[name]: number for name, number in p.items()})
    np.testing.assert_array_equal(value(node, x, p), again)


@pytest.mark.parametrize("design", ["one", "two"])
def test_neighbours_stay_within_the_grammar_and_finite(design: str) -> None:
    data = DESIGNS[design]
    forms = [template.node for template in library(PROFILES[design])]
    rng = np.random.default_rng(0)
    mutator = Mutator(PROFILES[design], data, rng)
    finite = made = 0
    for _ in range(60):
        node = forms[int(rng.integers(len(forms)))]
        step = mutator.neighbour(node, forms[int(rng.integers(len(forms)))])
        if step is None:
            continue
        changed, _name = step
        made += 1
        assert {n.name for n in walk(changed) if isinstance(n, Feature)} <= set(data.features)
        names = [one.name for one in parameters(changed)]
        assert len(set(names)) == len(names), "one name, two bounds"
        assert all(one.lower < one.upper for one in parameters(changed))
        form = SymbolicForm((changed,), "neighbour").to_fit(schema(data))
        with np.errstate(all="ignore"):
            p = constants(changed, 3)
            np.testing.assert_allclose(
                form.call(dict(data.features), p),
                np.broadcast_to(value(changed, dict(data.features), p), (len(data),)),
                rtol=1e-9,
            )
            finite += bool(np.isfinite(form.call(dict(data.features), p)).all())
    assert made >= 50
    assert finite >= 0.9 * made


@pytest.mark.parametrize(
    ("node", "redundant"),
    [
        (add(L, mul(A, power(X, B))), False),
        (add(L, mul(A, power(X, B)), mul(C, power(X, Parameter("d")))), False),
        (add(L, mul(A, exp(B))), True),  # a constant of a constant
        (add(L, mul(A, power(add(Number(1.0), B), C))), True),
        (add(L, mul(A, B, X)), True),  # a product of two
        (add(L, mul(A, X), mul(B, X)), True),  # two slopes in one feature
        (add(L, A, X), True),  # two levels
        (add(Number(1.0), X, A), True),  # a number that A could take in
        (add(Number(1.0), X, Parameter("h", 0.0, 5.0)), False),
    ],
    ids=str,
)
def test_constants_that_fewer_could_replace_are_seen(node: Node, redundant: bool) -> None:
    assert is_redundant(node) is redundant


def test_what_rises_and_what_is_spread_evenly_is_seen() -> None:
    n, t = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e6, 1e9, 6), np.linspace(1, 9, 6)))
    seen = profile(Table({"n": n, "t": t}, {"y": t**2 / np.log(n)}, ("all",), np.zeros(36, dtype=np.intp)))
    assert (seen.rising, seen.even) == ({"t"}, {"t"})
    origins = {template.origin for template in library(seen)}
    assert "growing power law of t" in origins and "growing power law of n" not in origins
    assert not any("wave" in origin for origin in origins)  # n lies on a logarithmic axis


def test_an_optimum_is_seen_and_a_plateau_is_none() -> None:
    rng = np.random.default_rng(2)
    n, bits = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e6, 1e9, 6), [2.0, 3, 4, 5, 6, 8, 16]))

    def bowls(y: Array) -> tuple[str, ...]:
        y = y + 0.01 * y.std() * rng.standard_normal(len(n))
        return profile(Table({"n": n, "bits": bits}, {"y": y}, ("all",), np.zeros(len(n), dtype=np.intp))).bowls

    assert bowls(2 + n**-0.1 + np.log(bits / 5) ** 2) == ("bits",)
    assert bowls(1.8 + 300 * (n * (1 - np.exp(-bits / 2.5))) ** -0.28) == ()


def test_a_plain_feature_beside_a_scale_may_have_an_optimum() -> None:
    n, z = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e6, 1e9, 6), np.linspace(0, 0.6, 6)))
    y = 2 + n**-0.1 + (z - 0.2) ** 2
    forms = library(profile(Table({"n": n, "z": z}, {"y": y}, ("all",), np.zeros(len(n), dtype=np.intp))))
    assert "power law of n, plus parabola of z" in {form.origin for form in forms}


def test_a_gain_is_finite_below_the_smallest_value() -> None:
    n, p = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e6, 1e9, 6), [4.0, 8, 16, 32]))
    table = Table({"n": n, "p": p}, {"loss": 2 + n**-0.1}, ("all",), np.zeros(24, dtype=np.intp))
    form = {form.origin: form.node for form in library(profile(table))}["n with gain from p"]
    fitted = {parameter.name: 2.0 for parameter in parameters(form)}
    found = value(form, {"n": np.full(3, 1e7), "p": np.array([0.04, 4.0, 400.0])}, fitted)
    assert np.isfinite(found).all()
    assert found[0] == found[1] > found[2]


def test_a_column_of_one_value_gets_no_form_of_its_own() -> None:
    z, same = np.linspace(-2, 2, 12), np.full(12, 7.0)
    seen = profile(Table({"z": z, "same": same}, {"y": z**2}, ("all",), np.zeros(12, dtype=np.intp)))
    assert not any("same" in template.origin for template in library(seen))


def test_a_fraction_near_one_is_also_looked_at_as_its_rest() -> None:
    plain, turned = profiles(DESIGNS["sparse"])
    assert (plain.kinds["s"], turned.kinds["s"], set(turned.stands_for)) == (
        ColumnKind.SIGNED,
        ColumnKind.SCALE,
        {"s"},
    )
    law = next(t.node for t in library(turned) if t.origin == "pure product of n, s, with 1 - s")
    x = {"n": np.array([1e6, 1e6]), "s": np.array([0.5, 0.75])}
    half, quarter = value(law, x, {"A": 1.0, "a": 0.0, "a2": 1.0})
    assert quarter / half == pytest.approx(2)
    assert [len(profiles(DESIGNS[name])) for name in ("two", "shares", "time")] == [1, 1, 1]


@pytest.mark.parametrize(("sign", "combination"), [(1, "n * d"), (-1, "n / d")])
def test_features_that_act_together_alone_are_also_looked_at_as_one(sign: int, combination: str) -> None:
    rng = np.random.default_rng(3)
    n, d, z = 1e6 * np.exp(rng.uniform(-2, 2, 80)), np.exp(rng.uniform(-2, 2, 80)), rng.uniform(-1, 1, 80)
    together = n / 1e6 * d**sign
    y = 0.5 + (together + 3) ** -0.4 + 0.001 * rng.standard_normal(80)
    data = Table({"n": n, "d": d, "z": z}, {"y": y}, ("all",), np.zeros(80, dtype=np.intp))
    assert profiles(data)[0] == profile(data)
    (turned,) = profiles(data)[1:]
    name = f"shifted power law of n, plus z, with {combination}"
    law = next(template.node for template in library(turned) if template.origin == name)
    p = {"L": 0.5, "A": 1.0, "h": 3.0, "a": 0.4, "d": 0.0}
    np.testing.assert_allclose(value(law, dict(data.features), p), 0.5 + (together + 3) ** -0.4)
    exact = Table(data.features, {"y": 1 + np.log(together)}, ("all",), data.codes)  # rounding is no difference
    assert [one.title for one in profiles(exact)[1].stands_for.values()] == [combination]
    apart = Table(data.features, {"y": y + 0.1 * np.log(n)}, ("all",), data.codes)
    assert len(profiles(apart)) == 1


def test_no_form_of_the_library_and_no_neighbour_is_redundant() -> None:
    for name, one in PROFILES.items():
        forms = [template.node for template in library(one)]
        mutator = Mutator(one, DESIGNS[name], np.random.default_rng(1))
        steps = [mutator.neighbour(node, forms[-1]) for node in forms]
        neighbours = [step[0] for step in steps if step is not None]
        assert len(neighbours) > len(forms) / 2
        assert not any(is_redundant(node) for node in (*forms, *neighbours)), name


@pytest.mark.parametrize("name", ["one", "two", "shares", "signed", "time"])
def test_each_constant_of_the_library_says_something_of_its_own(name: str) -> None:
    rows = DESIGNS[name].features
    vain = {t.origin: text(t.node) for t in library(PROFILES[name]) if not tells_apart(t.node, rows)}
    assert not vain


def test_each_constant_of_a_neighbour_says_something_of_its_own_in_any_unit() -> None:
    for name in ("one", "two", "zeros"):
        rows, known = DESIGNS[name].features, PROFILES[name]
        scales = known.of(ColumnKind.SCALE)
        forms = [template.node for template in library(known)][::3]
        mutator = Mutator(known, DESIGNS[name], np.random.default_rng(2))
        steps = [mutator.neighbour(node, forms[0]) for node in forms for _ in range(2)]
        for changed, origin in filter(None, steps):
            assert tells_apart(changed, rows), (name, origin, text(changed))
            assert not unit_bound(changed, rows, scales), (name, origin, text(changed))


@pytest.mark.parametrize(
    ("node", "apart", "bound"),
    [
        (add(L, mul(A, power(N, B))), True, ()),
        (add(L, mul(A, power(add(N, C), B))), True, ()),
        (add(L, mul(A, power(add(Number(1.0), N), B))), True, ("n",)),
        (add(L, power(N, B)), True, ("n",)),  # an amplitude is missing
        (add(L, mul(A, exp(mul(B, N)), exp(mul(C, N)))), False, ()),
        (add(L, mul(A, power(power(N, B), C))), False, ()),
        (add(L, mul(A, log(mul(B, N)))), False, ()),  # L takes in the logarithm of B
        (add(L, mul(A, N), mul(B, power(N, Number(2.0))), mul(C, exp(N))), True, ("n",)),
    ],
    ids=str,
)
def test_slopes_tell_constants_apart_and_units(node: Node, apart: bool, bound: tuple[str, ...]) -> None:
    rows = {"n": np.geomspace(0.1, 10, 12)}
    assert tells_apart(node, rows) is apart
    assert unit_bound(node, rows, ["n"]) == set(bound)
    assert not tells_apart(node, {"n": np.array([2.0])})  # one row tells no more than one constant


def test_no_neighbour_multiplies_the_terms_of_an_exponent() -> None:
    logarithms = [log(Feature("n", 1e8)), log(Feature("d", 0.1))]
    node = add(L, mul(A, exp(add(mul(B, power(logarithms[0], Number(2.0))), mul(C, *logarithms)))))
    mutator = Mutator(PROFILES["two"], DESIGNS["two"], np.random.default_rng(4))
    steps = [step for step in (mutator.neighbour(node, node) for _ in range(200)) if step is not None]
    grown = [changed for changed, origin in steps if origin == "add factor"]
    inside = [n.arguments[0] for changed in grown for n in walk(changed) if isinstance(n, Function) and n.name == "exp"]
    assert len(grown) > 5
    assert not any(isinstance(n, Power) and n.exponent != Number(2.0) for one in inside for n in walk(one))


def test_neighbours_are_a_function_of_the_seed() -> None:
    forms = [template.node for template in library(PROFILES["two"])]

    def walked(seed: int) -> list[str]:
        mutator = Mutator(PROFILES["two"], DESIGNS["two"], np.random.default_rng(seed))
        steps = [mutator.neighbour(node, forms[0]) for node in forms[:20]]
        return [canonical(step[0]) for step in steps if step is not None]

    assert walked(1) == walked(1)
    assert walked(1) != walked(2)


def test_constants_that_bend_a_curve_are_shared_whatever_their_names() -> None:
    for origin, shared in {
        "stretched exponential of n": ("k", "c"),
        "broken power law of n": ("a", "h", "b"),
        "exponential of log polynomial of n": ("b", "b2"),
        "cubic in log n": (),
    }.items():
        node = next(template.node for template in library(PROFILES["one"]) if template.origin == origin)
        form = SymbolicForm((node,), origin, shared=True).to_fit(schema(DESIGNS["one"]))
        assert form.shared == set(shared), origin


def test_source_is_plain_ascii_but_for_names_of_columns():
    """Python needs a module that candidates cannot load to read other letters in names of its own."""
    node = add(Feature("dose (µM)"), Feature("dose (πM)"), Parameter("L"))
    source = candidate({"y": node}, columns=("dose (µM)", "dose (πM)"))
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
    assert tells_apart(add(L, mul(A, exp(mul(k, X)))), rows)
    assert not tells_apart(add(L, mul(A, exp(add(mul(k, X), B)))), rows)
