"""What is seen of a table's columns before any law is fitted."""

from __future__ import annotations

import numpy as np
import pytest
from designs import DESIGNS, value

from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import ColumnKind, profile, profiles
from lawsmith.sandbox.law.expression import parameters
from lawsmith.sandbox.law.nodes import Feature, Parameter
from lawsmith.tasks import Array, Table

X = Feature("x")
N = Feature("n")
L, A, B, C = (Parameter(name) for name in "LABC")


def test_what_rises_and_what_is_spread_evenly_is_seen() -> None:
    n, t = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e6, 1e9, 6), np.linspace(1, 9, 6)))
    seen = profile(Table({"n": n, "t": t}, {"y": t**2 / np.log(n)}, ("all",), np.zeros(36, dtype=np.intp)))
    assert (seen.rising, seen.even) == ({"t"}, {"t"})
    origins = {template.origin for template in library(seen)}
    assert "growing power law of t" in origins and "growing power law of n" not in origins
    assert not any("wave in" in origin for origin in origins)  # n lies on a logarithmic axis


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
    assert (plain.kinds["s"], turned.kinds["s"], set(turned.stands_for)) == (ColumnKind.SIGNED, ColumnKind.SCALE, {"s"})
    law = next(t.node for t in library(turned) if t.origin == "pure product of n, s, with 1 - s")
    x = {"n": np.array([1e6, 1e6]), "s": np.array([0.5, 0.75])}
    half, quarter = value(law, x, {"A": 1.0, "a": 0.0, "a2": 1.0})
    assert quarter / half == pytest.approx(2)
    assert [len(profiles(DESIGNS[name])) for name in ("two", "shares", "time")] == [1, 1, 1]


def test_an_amount_that_begins_at_zero_is_also_looked_at_as_a_scale() -> None:
    def table(levels: list[float]) -> Table:
        n, shots = (axis.ravel() for axis in np.meshgrid([1e8, 1e9, 1e10], levels))
        return Table({"n": n, "shots": shots}, {"y": n**-0.1}, ("all",), np.zeros(len(n), dtype=np.intp))

    plain, turned = profiles(table([0, 1, 2, 4, 8]))
    assert (plain.kinds["shots"], turned.kinds["shots"]) == (ColumnKind.SIGNED, ColumnKind.SCALE)
    law = next(template.node for template in library(turned) if template.origin == "pure product of n, shots")
    assert np.isfinite(value(law, {"n": np.ones(1), "shots": np.zeros(1)}, {"A": 1.0, "a": 0.1, "a2": 0.2, "h": 1.0}))
    for levels in ([0, 1, 2, 3, 4], [0, 1, 2, 3], [1, 2, 3], [0, 4, 8], [-1, 1, 2, 4, 8]):  # even, narrow, few, signed
        assert len(profiles(table([float(level) for level in levels]))) == 1


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
