"""Exponents are written with the sign that readers expect: x^-a where a law falls with x, x^a where it grows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_trials import trial, winner

from lawsmith import discover
from lawsmith.runs.records.trials import SIGNED, Proposal, Trial
from lawsmith.sandbox.law.expression import add, mul, neg, power
from lawsmith.sandbox.law.key import source_key
from lawsmith.sandbox.law.nodes import Feature, Parameter, Role
from lawsmith.sandbox.law.numeric import values_of
from lawsmith.sandbox.law.positions import bare_exponents, turned
from tests.made import narrow_beams

X = Feature("x")
A, B = Parameter("a", -3.0, 2.0, Role.EXPONENT), Parameter("b", -0.4, -0.1, Role.EXPONENT)
FORM = """
PARAMETERS = {{"A": (-10, 10), "a": {bounds}}}
def form(x, p):
    return p["A"] * x["x"] ** {exponent}
"""


def test_a_law_with_turned_exponents_predicts_the_same_where_they_have_the_other_sign() -> None:
    node = add(power(X, neg(A)), power(X, B))
    assert bare_exponents(node) == {A: -1, B: 1}
    other = turned(node, {"a", "b"})
    assert other == add(power(X, Parameter("a", -2.0, 3.0)), power(X, neg(Parameter("b", 0.1, 0.4))))
    rows = {"x": np.arange(1.0, 9)}
    (before,) = values_of([node], rows, {"a": 0.7, "b": -0.2})
    (after,) = values_of([other], rows, {"a": -0.7, "b": 0.2})
    np.testing.assert_array_equal(before, after)


def test_a_constant_that_is_an_exponent_in_one_place_only_is_left_alone() -> None:
    assert bare_exponents(add(power(X, neg(A)), mul(A, X))) == {}
    assert bare_exponents(add(power(X, neg(A)), power(Feature("y"), A))) == {}
    assert bare_exponents(power(X, mul(Parameter("c"), A))) == {}


@pytest.mark.parametrize(("bounds", "same"), [("(-3, 3)", True), ("(0, 3)", False)])
def test_the_sign_of_an_exponent_is_spelling_only_where_it_may_have_either(bounds: str, same: bool) -> None:
    keys = {source_key(FORM.format(bounds=bounds, exponent=one)) for one in ('p["a"]', '-p["a"]')}
    assert (len(keys) == 1) == same


@pytest.mark.parametrize(("apart", "wins"), [(1e-9, "signed"), (0.1, "raw")])
def test_the_winner_is_written_with_the_signs_that_came_out_unless_that_fit_ended_elsewhere(apart: float, wins: str):
    raw = trial("raw", [0.1, 0.1], beyond=0.5)
    signed = trial("signed", [0.1, 0.1], train=0.011, beyond=0.5 + apart)
    signed = Trial("signed", Proposal("signed", parents=("raw",), origin=SIGNED), signed.evaluation)
    assert winner(raw, signed) == wins


def test_a_law_in_other_writing_has_no_vote() -> None:
    laws = [trial(f"{at}", [0.1, 0.1], beyond=at) for at in (0.0, 0.4, 0.9)]
    copies = [Trial("copy", Proposal("copy", parents=("0.9",), origin=SIGNED), laws[-1].evaluation)]
    assert winner(*laws) == winner(*laws, *copies) == "0.4"


def test_a_search_ends_with_the_signs_that_exponents_came_out_with(tmp_path: Path) -> None:
    d, n = (np.ravel(one) for one in np.meshgrid([1.0, 2, 4, 9], [1.0, 3, 5, 8, 20]))
    frame = pd.DataFrame({"d": d, "n": n, "y": 0.3 * d**2.37 * n**-1.41})
    with narrow_beams():
        selected = discover(frame, target="y", runs_dir=tmp_path).selected
    assert selected is not None and selected.result.expression is not None
    (constants,) = (selected.result.constants or {}).values()
    assert selected.result.expression.count("^-") == 1
    assert sorted(np.round([value for name, value in constants.items() if name != "A"], 3)) == [1.41, 2.37]
