"""Laws whose constants went to an extreme, and the simpler forms that they have nearly become."""

from dataclasses import replace

import numpy as np
import pytest

from lawsmith.agent.symbolic.limiting_forms import limiting_forms, without_a_term
from lawsmith.sandbox.law.expression import add, exp, log, mul, neg, parameters, power
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.merged import cancelled
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Parameter, Role
from lawsmith.sandbox.law.own_form import formula_tree

X = Feature("x", 1.0)
L, A, H = Parameter("L", role=Role.LEVEL), Parameter("A", role=Role.AMPLITUDE), Parameter("h", 0.0, role=Role.SHIFT)
EXPONENT, RATE = Parameter("a", role=Role.EXPONENT), Parameter("k", role=Role.RATE)
ROWS = {"x": np.linspace(2.0, 40.0, 30), "z": np.cos(np.arange(30.0)), "w": np.geomspace(1.0, 40.0, 30)[::-1]}

POWER = add(L, mul(A, power(X, neg(EXPONENT))))
FADING = add(L, mul(A, exp(neg(mul(RATE, X)))))
SHIFTED = add(L, mul(A, power(add(X, H), neg(EXPONENT))))
LOGS = add(L, mul(A, power(add(log(X), H), neg(EXPONENT))))
HILL = add(L, mul(A, power(add(X, H), Number(-1.0))))
SCALED = mul(Number(1e-10), X)
RISE = add(mul(A, SCALED, power(add(SCALED, H), Number(-1.0))), mul(Parameter("b"), power(Feature("z"), Number(2.0))))

TWO, C, OPTIMUM = Number(2.0), Parameter("C", role=Role.AMPLITUDE), Parameter("m")
W, M2, M3 = Feature("w", 1.0), Parameter("m2"), Parameter("m3")
MOVING = mul(C, power(add(log(X), OPTIMUM, neg(mul(M2, log(W))), mul(M3, Feature("z"))), TWO))


@pytest.mark.parametrize(
    ("form", "constants", "limit"),
    [
        (POWER, {"L": -4293.0, "A": 4294.0, "a": 1e-5}, add(L, mul(A, log(X)))),
        (FADING, {"L": -99.0, "A": 100.0, "k": 1e-3}, add(L, mul(A, X))),
        (SHIFTED, {"L": 1.0, "A": 2e6, "a": 3.0, "h": 500.0}, add(L, mul(A, exp(mul(RATE, X))))),
        (SHIFTED, {"L": 1.0, "A": 2.0, "a": 0.4, "h": 1e-4}, POWER),
        (LOGS, {"L": 1.0, "A": 2e6, "a": 3.0, "h": 500.0}, add(L, mul(A, power(X, RATE)))),
        (HILL, {"L": 1.0, "A": 2e3, "h": 900.0}, add(L, mul(A, X))),
        (HILL, {"L": 1.0, "A": 2e3, "h": 400.0}, add(L, mul(A, X))),
        (POWER, {"L": 0.0, "A": 2.0, "a": 0.4}, mul(A, power(X, neg(EXPONENT)))),
        (POWER, {"L": 1.0, "A": 2.0, "a": 1.05}, add(L, mul(A, power(X, Number(-1.0))))),
        (POWER, {"L": 1.0, "A": 2.0, "a": -0.9}, add(L, mul(A, X))),
        (POWER, {"L": 1.0, "A": 2.0, "a": 0.495}, add(L, mul(A, power(X, Number(-0.5))))),
        (
            MOVING,
            {"C": 0.04, "m": -0.7, "m2": -0.4, "m3": -0.002},
            mul(C, power(add(log(X), OPTIMUM, neg(mul(M2, log(W)))), TWO)),
        ),
        (RISE, {"A": 2.0, "h": 1e-14, "b": 0.5}, add(A, mul(Parameter("b"), power(Feature("z"), Number(2.0))))),
    ],
)
def test_a_constant_at_an_extreme_gives_the_simpler_form(form: Node, constants: dict[str, float], limit: Node) -> None:
    assert [canonical(one) for one in limiting_forms(form, [(ROWS, constants)])] == [canonical(limit)]


def test_a_constant_that_cancelled_a_term_may_have_the_other_sign_beside_its_limit() -> None:
    """The irreducible loss is not negative; the intercept of a line may be."""
    level = replace(L, lower=0.0)
    form = add(level, mul(A, exp(mul(RATE, X))), mul(Parameter("b"), W))
    found = list(limiting_forms(form, [(ROWS, {"L": 32219.0, "A": -32220.0, "k": -1e-4, "b": 2.0})]))
    lines = [add(one, mul(A, X), mul(Parameter("b"), W)) for one in (level, L)]
    assert [canonical(one) for one in found] == [canonical(one) for one in lines]
    assert {one.lower for one in parameters(found[1]) if one.name == "L"} == {-np.inf}


@pytest.mark.parametrize(
    ("form", "constants"),
    [
        (POWER, {"L": 1.0, "A": 2.0, "a": 0.3}),
        (FADING, {"L": 1.0, "A": 2.0, "k": 0.3}),
        (SHIFTED, {"L": 1.0, "A": 2.0, "a": 0.4, "h": 3.0}),
        (HILL, {"L": 1.0, "A": 2.0, "h": 9.0}),
        (mul(A, power(X, neg(EXPONENT))), {"A": 2.0, "a": 1e-5}),  # no constant beside it takes the rest of a logarithm
        (mul(A, exp(neg(mul(RATE, X)))), {"A": 2.0, "k": 1e-5}),
    ],
)
def test_a_law_that_bends_within_the_rows_has_no_limit(form: Node, constants: dict[str, float]) -> None:
    assert not list(limiting_forms(form, [(ROWS, constants)]))


def test_two_levels_tell_no_whole_exponent_beside_a_level() -> None:
    two = {"x": np.repeat([1.0, 4.0], 15)}
    assert not list(limiting_forms(POWER, [(two, {"L": 1.0, "A": 2.0, "a": 2.0})]))
    pure = list(limiting_forms(mul(A, power(X, neg(EXPONENT))), [(two, {"A": 2.0, "a": 1.0})]))
    assert [canonical(one) for one in pure] == [canonical(mul(A, power(X, Number(-1.0))))]


def test_what_bends_in_one_group_stays_in_all() -> None:
    flat, bent = {"L": -4293.0, "A": 4294.0, "a": 1e-5}, {"L": 1.0, "A": 2.0, "a": 0.3}
    assert list(limiting_forms(POWER, [(ROWS, flat), (ROWS, flat)]))
    assert not list(limiting_forms(POWER, [(ROWS, flat), (ROWS, bent)]))


def test_each_term_of_a_sum_is_left_out_once() -> None:
    """b v^2 stayed in a law of motion, for the sake of its rounding alone."""
    inner = mul(A, power(add(X, H), Number(-1.0)))
    found = {canonical(one) for one in without_a_term(add(L, inner), ROWS)}
    assert found == {canonical(one) for one in (L, inner, add(L, mul(A, power(X, Number(-1.0)))))}


def test_a_law_without_a_term_has_one_power_of_a_feature():
    """Sutherland's A x^1.5 / (h + x) without h is a root."""
    law = mul(Parameter("A"), power(X, Number(1.5)), power(add(Parameter("h"), X), Number(-1.0)))
    assert mul(Parameter("A"), power(X, Number(0.5))) in set(without_a_term(law, ROWS))


@pytest.mark.parametrize(
    ("ratio", "plain"),
    [
        ("A * x / h / (1 + x / h)", "A * x / (h + x)"),
        ("A * (x / h)^2 / (1 + (x / h)^2)", "A * x^2 / (h^2 + x^2)"),
        ("A * (3 + x / y)^2 / y", "A * (3 + x / y)^2 / y"),
        ("A * x^2 / (h * x + x^3)", "A * x / (h + x^2)"),
        ("x^2 * (b * y / x^2 + A * exp(-y))", "b * y + x^2 * A * exp(-y)"),
        ("A / (1 + x / h)", "A / (1 + x / h)"),  # h would stand twice
    ],
)
def test_a_ratio_is_written_shortest(ratio: str, plain: str) -> None:
    assert cancelled(formula_tree(ratio, ["x", "y"])) == formula_tree(plain, ["x", "y"])


def test_roots_of_positive_features_are_taken_apart() -> None:
    law = formula_tree("x^2 * A * sqrt(y * x^-2)", ["x", "y"])
    assert (
        canonical(cancelled(law, ["y"])) == canonical(cancelled(law)) == canonical(law)
    )  # it is A |x| sqrt(y) where x may be negative
    assert cancelled(law, ["x", "y"]) == formula_tree("x * A * sqrt(y)", ["x", "y"])
