"""The forms of the library and changes to them: within the grammar, finite, and no constant that says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from designs import DESIGNS, PROFILES, constants, schema, value
from in_process import to_fit

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.mutation import Mutator, is_redundant
from lawsmith.agent.symbolic.profile import ColumnKind
from lawsmith.sandbox.law.expression import add, exp, log, mul, parameters, power, walk
from lawsmith.sandbox.law.identified import tangled, unit_bound
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power
from lawsmith.sandbox.law.write_text import text

X = Feature("x")
N = Feature("n")
L, A, B, C = (Parameter(name) for name in "LABC")


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
        stated, p = SymbolicForm((changed,), "neighbour"), constants(changed, 3)
        form = to_fit(stated, schema(data))
        own = {written: p[name] for name, written in stated.names(0, schema(data)).items()}
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(
                form.call(dict(data.features), own),
                np.broadcast_to(value(changed, dict(data.features), p), (len(data),)),
                rtol=1e-9,
            )
            finite += bool(np.isfinite(form.call(dict(data.features), own)).all())
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


@pytest.mark.slow
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
    vain = {t.origin: text(t.node) for t in library(PROFILES[name]) if tangled(t.node, rows)}
    assert not vain


@pytest.mark.slow
def test_each_constant_of_a_neighbour_says_something_of_its_own_in_any_unit() -> None:
    bound = exp(N)  # a mate in units of its own lends its terms, but excuses no other step
    for name in ("one", "two", "zeros"):
        rows, known = DESIGNS[name].features, PROFILES[name]
        scales = known.of(ColumnKind.SCALE)
        forms = [template.node for template in library(known)][::3]
        mutator = Mutator(known, DESIGNS[name], np.random.default_rng(2))
        steps = [mutator.neighbour(node, forms[0]) for node in forms for _ in range(2)]
        steps += [step for node in forms for step in [mutator.neighbour(node, bound)] if step and step[1] != "cross"]
        for changed, origin in filter(None, steps):
            assert not tangled(changed, rows), (name, origin, text(changed))
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
    assert bool(tangled(node, rows)) is not apart
    assert unit_bound(node, rows, ["n"]) == set(bound)
    assert tangled(node, {"n": np.array([2.0])})  # one row tells no more than one constant


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
        form = to_fit(SymbolicForm((node,), origin, shared=True), schema(DESIGNS["one"]))
        assert form.shared == set(shared), origin


def test_a_form_without_a_term_has_one_power_of_a_feature() -> None:
    """Sutherland's A n^1.5 / (h + n) without h is a root."""
    law = mul(A, power(N, Number(1.5)), power(add(Parameter("h", 0.0), N), Number(-1.0)))
    mutator = Mutator(PROFILES["one"], DESIGNS["one"], np.random.default_rng(0))
    steps = [step for step in (mutator.neighbour(law, law) for _ in range(80)) if step is not None]
    assert "A * sqrt(n)" in {text(changed) for changed, name in steps if name == "drop term"}
    assert not any("n^1.5 / n" in text(changed) for changed, _ in steps)
