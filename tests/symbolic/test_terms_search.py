"""The search over sums of terms: laws of signed, periodic and saturating features come back from noise-free rows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from in_process import here, to_fit

from lawsmith.agent.symbolic.factors import KINDS, PRODUCT, Factor, parts, starting
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.looks import LOGARITHM, PLAIN, RECIPROCAL, View, looks
from lawsmith.agent.symbolic.mutation import Mutator
from lawsmith.agent.symbolic.product_search import products
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.start_forms import start_forms
from lawsmith.agent.symbolic.symbolic_proposer import SymbolicProposer
from lawsmith.agent.symbolic.term_dictionary import dictionary
from lawsmith.agent.symbolic.term_law import ScaledRows, TermLaw, fitted, refine, simpler
from lawsmith.agent.symbolic.term_search import TermSearch
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.fitting import Loss, fit_form
from lawsmith.sandbox.law.expression import add, mul, parameters, power, walk
from lawsmith.sandbox.law.nodes import Feature, Function, Number, Parameter, Product, Role
from lawsmith.tasks import Array, Task
from tests.made import made_task, quick_first


def drawn(low: float, high: float, seed: int, rows: int = 300) -> Array:
    return np.random.default_rng(seed).uniform(low, high, rows)


def noisy(y: Array, noise: float) -> Array:
    """With errors that are a share of the spread."""
    return y + noise * y.std() * np.random.default_rng(2).standard_normal(len(y))


LAWS: dict[str, tuple[dict[str, tuple[float, float]], Callable[..., Array]]] = {
    "oscillator": (
        {"x": (-2, 2), "v": (-3, 3)},
        lambda x, v: -1.7 * x - 0.6 * v**3 + 0.9 * np.sin(x) * v,
    ),
    "driven": ({"v": (-2, 2), "t": (0, 20)}, lambda v, t: 0.4 * np.sin(1.3 * t) - 0.7 * np.abs(v) ** 1.5 * np.sign(v)),
    "ringing": ({"x": (-2, 2)}, lambda x: 1.5 * np.exp(-0.7 * np.abs(x)) * np.cos(5.3 * x)),
    "driven kinetics": (  # the wave times a root is in no dictionary
        {"t": (0, 20), "c": (0.1, 1.5)},
        lambda t, c: -0.2 * c**2 + 0.1 * np.sin(0.6 * t) * np.sqrt(c),
    ),
    "saturation": ({"s": (0.1, 9), "t": (0, 30)}, lambda s, t: 2.1 * s / (1 + 0.8 * s) + 0.3 * np.exp(-0.2 * t) * s),
}  # fmt: skip


@pytest.mark.parametrize("name", quick_first(LAWS, 3))
def test_a_noise_free_law_is_exact_after_the_first_stages(name: str) -> None:
    ranges, law = LAWS[name]
    features = {one: drawn(*ends, seed, 120) for seed, (one, ends) in enumerate(ranges.items())}
    task = made_task(features, law(**features))
    forms = GeneralForms(task, profile(task.train), Loss.SQUARED)
    tried, stages = 0, (forms.stages.get(k, lambda: False) for k in range(3))
    for stage in filter(None, stages):
        assert "PARAMETERS" in stage.forms[0].source(task.schema)
        tried += stage.tried
        if stage.least < 1e-12:
            break
    else:
        pytest.fail("no stage is exact")
    assert tried > 10_000


def test_waves_of_a_known_period_are_not_fitted() -> None:
    hour, load, wind = np.tile(np.arange(24.0), 6), drawn(1, 9, 0, 144), drawn(-2, 2, 1, 144)
    target = 0.3 * load**2 + wind * np.cos(2 * np.pi * hour / 24) - 0.4 * load * np.sin(4 * np.pi * hour / 24)
    task = made_task({"hour": hour, "load": load, "wind": wind}, target)
    forms = GeneralForms(task, profile(task.train), Loss.SQUARED)
    stages = [stage for k in range(3) if (stage := forms.stages.get(k, lambda: False)) is not None]
    least = min(stages, key=lambda stage: stage.least)
    assert least.least < 1e-12
    waves = [n for n in walk(least.forms[0].nodes[0]) if isinstance(n, Function) and n.name in ("sin", "cos")]
    assert waves
    assert not any(map(parameters, waves))


SHORT: dict[str, tuple[dict[str, tuple[float, float]], Callable[..., Array], int]] = {
    "friction": ({"v": (-2, 2)}, lambda v: -0.8 * np.tanh(2.5 * v) - 0.15 * v, 3),
    "dry friction": ({"v": (-2, 2), "N": (1, 5)}, lambda v, N: 0.3 * N * np.sign(v) + 0.5 * v, 2),
    "threshold": ({"x": (-2, 2), "z": (-2, 2)}, lambda x, z: 1.6 * np.maximum(x - 0.35, 0) - 0.5 * z, 3),
    "wave": ({"x": (-3, 3), "v": (-2, 2)}, lambda x, v: -2.1 * np.sin(1.7 * x) - 0.25 * v, 3),
    "tone": ({"f": (0.2, 1.5), "t": (0, 6)}, lambda f, t: 1.3 * np.cos(6.28 * f * t), 2),
    "spins": ({"H": (-3, 3), "T": (0.5, 3)}, lambda H, T: 1.8 * np.tanh(1.1 * H / T), 2),
    "activated enzyme": ({"S": (0.05, 10), "T": (2.85, 3.2)}, lambda S, T: 4e7 * np.exp(-52 / T) * S / (0.8 + S), 3),
    "ions": ({"c": (1e-3, 0.3), "z": (1, 3)}, lambda c, z: -0.5 * z**2 * np.sqrt(c) / (1 + 1.3 * np.sqrt(c)), 3),
    "two atoms": ({"r": (1, 2.5)}, lambda r: 4 * ((1.1 / r) ** 12 - (1.1 / r) ** 6), 2),
    "bond": ({"r": (0.6, 2.5)}, lambda r: 4.5 * (1 - np.exp(-1.9 * (r - 0.95))) ** 2, 5),
    "two peaks": ({"x": (0, 6)}, lambda x: 3 * np.exp(-0.8 * (x - 1.6) ** 2) + 2 * np.exp(-0.3 * (x - 4) ** 2), 6),
    "yield": ({"x": (0.5, 5), "z": (0.5, 5)}, lambda x, z: 0.4 * z + 2 * np.maximum(x - 2.2, 0) ** 1.7, 5),
    "radiation": ({"f": (0.3, 6), "T": (0.7, 1.5)}, lambda f, T: 1.3 * f**3 / (np.exp(1.6 * f / T) - 1), 2),
}


@pytest.mark.parametrize("name", quick_first(SHORT, 6))
def test_a_short_law_is_found_at_once_with_no_constant_too_many(name: str) -> None:
    ranges, law, constants = SHORT[name]
    features = {one: drawn(*ends, seed, 80) for seed, (one, ends) in enumerate(ranges.items())}
    task = made_task(features, law(**features))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    both = filter(None, (general.stages.get(k, lambda: False) for k in range(2)))
    stage = next(one for one in both if one.forms[0].origin == "sum of terms")  # a ratio may come first
    assert stage.least < 1e-12
    assert min(form.constants for form in stage.forms[:2]) <= constants


def test_every_kind_states_its_slopes() -> None:
    for name, kind in KINDS.items():
        u = np.linspace(0.3, 2.0, 7) if kind.positive or name not in ("odd", "fade") else np.linspace(-2.0, 2.1, 8)
        constants = {2: (1.3, 0.7), 1: (0.9,)}.get(len(kind.roles), ())
        constants = (*constants, 2.0) if name in ("hill", "rising hill") else (2.0,) if name == "power" else constants
        for k, slope in enumerate(kind.slopes(u, *constants)):
            step = 1e-6
            up = [c + step * (j == k) for j, c in enumerate(constants)]
            down = [c - step * (j == k) for j, c in enumerate(constants)]
            numeric = (kind.values(u, *up) - kind.values(u, *down)) / (2 * step)
            np.testing.assert_allclose(slope, numeric, rtol=1e-5, atol=1e-8, err_msg=name)


def test_inner_constants_are_refined() -> None:
    x = drawn(0.0, 10.0, 0)
    rows = ScaledRows({"x": x}, {"x": (0.0, 10.0)}, 3 * np.exp(-0.37 * x) + np.sin(1.234 * x), np.ones(len(x)))
    start = fitted([(Factor("exp", "x", (-0.5,)),), (Factor("sin", "x", (1.3,)),)], rows)
    assert start is not None and start.error > 1e-3
    law = refine(start, rows, 20)
    assert law.error < 1e-23  # where rounding alone is left
    assert law.terms[0][0].constants[0] == pytest.approx(-0.37, abs=1e-7)


def test_whole_powers_of_a_feature_become_one() -> None:
    square, drawn_close = Factor("power", "x", (2.0,)), Factor("real", "x", (-1.1,))
    trials = [term for (term,) in simpler([(square, drawn_close)])]
    assert (Factor("power", "x", (1.0,)),) in trials
    assert () in [term for (term,) in simpler([(Factor("power", "x", (1.0,)), drawn_close)])]  # x / x is a level


def test_a_refined_sum_is_the_least_squares_of_its_terms() -> None:
    x = drawn(0.5, 10.0, 1)
    rows = ScaledRows({"x": x}, {"x": (0.5, 10.0)}, 2 * x**0.7 + np.cos(x), np.linspace(0.5, 2, len(x)))
    start = fitted([(), (Factor("real", "x", (0.5,)), Factor("power", "x", (1.0,)))], rows)
    assert start is not None
    law = refine(start, rows, 20)
    again = fitted(law.terms, rows)
    assert again is not None and law.error < start.error
    assert law.error == pytest.approx(again.error, rel=1e-9)
    assert law.coefficients == pytest.approx(again.coefficients, rel=1e-9)


def test_a_damped_wave_whose_frequency_is_a_feature_is_found_at_once() -> None:
    t, w = drawn(0.0, 15.0, 0), drawn(0.5, 3.0, 1)
    task = made_task({"t": t, "w": w}, 0.5 + 2 * np.exp(-0.3 * t) * np.sin(w * t))
    laws = next(TermSearch(all_rows(task), ["t", "w"]).stages())
    assert min(law.error for law in laws) < 1e-20


def test_terms_are_exchanged_where_all_terms_of_the_dictionary_are_products() -> None:
    """Wind chill over 40 rows ended in an error: of the feature T v^-0.5 two products were left and no lone factor."""
    t = drawn(0.0, 15.0, 0)[:60]
    target = np.exp(-0.3 * t) * np.sin(t) + 0.1 * np.log1p(t) * np.cos(2.3 * t) + 0.05 * drawn(-1.0, 1.0, 1)[:60]
    search = TermSearch(all_rows(made_task({"t": t}, target)), ["t"])
    search.factors, search.values = [], np.array([])
    law = search.shortest(0.1, 2)
    assert law is not None and search.deepened(law, 0.1, 3).error <= law.error


def test_constants_of_their_own_units_are_found_where_many_sums_come_near() -> None:
    c = drawn(0.02, 1.5, 0)
    task = made_task({"c": c}, -0.3 * c - 0.2 * c**2 + 0.15 * np.sqrt(c) * np.log1p(c))
    search = TermSearch(all_rows(task), ["c"])
    assert min(law.error for law in search._natural(0.1)) < 1e-28


def test_waves_of_two_features_fall_with_the_square_of_one() -> None:
    x, d = drawn(-3, 3, 0), drawn(1, 3, 1)
    task = made_task({"x": x, "d": d}, np.cos(1.4 * d * x) ** 2 * np.exp(-0.2 * x**2))
    terms = TermSearch(all_rows(task), ["x", "d"]).terms
    kinds = {"cos": {"d", "x"}, "gauss": {"x"}}
    near = [term for term in terms if {f.kind: set(parts(f.argument)) for f in term} == kinds]
    starts = [fitted([term, tuple(f for f in term if f.kind == "gauss")], all_rows(task)) for term in near]
    assert min(refine(start, all_rows(task), 20).error for start in starts if start is not None) < 1e-20


def test_features_may_be_called_like_quotients() -> None:
    x, y = drawn(-2, 2, 0, 30), drawn(1, 3, 1, 30)  # "t / min" ended in a traceback
    task = made_task({"t / min": x, "a * b": y}, np.cos(1.4 * x * y) / y + 0.3 * x)
    forms = GeneralForms(task, profile(task.train), Loss.SQUARED)
    assert [form for k in range(2) for form in (forms.stages.get(k, lambda: False) or pytest.fail("no stage")).forms]


def test_a_feature_of_many_decades_gets_no_waves() -> None:
    assert not any(f.kind in ("sin", "cos", "tanh") for f in starting("n", (1.0, 1e4), steady=True))


def test_a_zero_in_a_feature_gets_no_pole() -> None:
    assert Factor("real", "x", (0.5,)).bounds((0.0, 3.0))[0][0] > 0
    assert not any(f.kind == "power" and f.constants[0] < 0 for f in starting("x", (0.0, 3.0)))


def test_a_geometric_mean_meets_functions_of_other_features() -> None:
    task = made_task({name: drawn(1, 5, seed)[:60] for seed, name in enumerate("abc")}, drawn(0, 1, 3)[:60])
    terms, _ = dictionary(all_rows(task), ["a", "b", "c"], frozenset(), None)
    assert (Factor("cos", "c", (1.0,)), Factor("real", f"a{PRODUCT}b", (0.5,))) in terms


def test_calendar_years_get_no_powers_nor_logarithms() -> None:
    assert {f.kind for f in starting("year", (2010.4, 2024.4))} == {"power", "sigmoid", "hinge"}
    assert "real" in {f.kind for f in starting("kelvin", (273.0, 350.0))}


def test_a_frequency_may_count_quanta() -> None:
    assert "quanta" in {f.kind for f in starting("frequency", (1.0, 8.0))}
    assert "quanta" not in {f.kind for f in starting("tokens", (1.0, 8.0), steady=True)}


def test_a_search_out_of_time_ends_with_what_it_has() -> None:
    x, v = drawn(-2, 2, 0), drawn(-2, 2, 1)
    task = made_task({"x": x, "v": v}, np.sin(3 * x) + v)
    stage = GeneralForms(task, profile(task.train), Loss.SQUARED).stages.get(0, lambda: True)
    assert stage is not None and len(stage.forms) <= 5


def test_rows_of_which_one_outweighs_all_others_end_the_search() -> None:
    x = np.arange(-50.0, 50.0)
    task = made_task({"x": x}, np.exp(2 * x))
    assert GeneralForms(task, profile(task.train), Loss.SQUARED).stages.get(0, lambda: False) is not None


def test_terms_are_marked_as_found_by_chance() -> None:
    x = drawn(-2, 2, 0)
    task = made_task({"x": x}, np.tanh(x) + 0.5 * x)
    proposer = SymbolicProposer(task, 0, here)
    found = proposer.start_forms.general.stages.get(0, lambda: False)
    assert found is not None and found.forms and all(form.by_chance == 3 for form in found.forms)


def all_rows(task: Task, view: View = PLAIN) -> ScaledRows:
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    return general.maker.rows(general.together[0], np.arange(len(task.train)), view)


def fitted_error(form: SymbolicForm, task: Task) -> float:
    """Share of the variance that is left after a fit of the form to all rows."""
    found = fit_form(to_fit(form, task.schema), task.train, ("y",))
    return float(2 * found.cost.sum() / len(task.train) / task.train.targets["y"].var())


def test_a_product_of_two_sums_is_found_by_turns() -> None:
    e, t = drawn(0.05, 1.0, 0), drawn(-1.0, 1.0, 1)
    task = made_task({"e": e, "t": t}, (0.3 + 1.2 * e**0.3 - 0.4 * e) * (1 - 0.6 * t**2 + 0.2 * t))
    rows, names = all_rows(task), ["e", "t"]
    (law, tried), *others = products(rows, names, frozenset(), lambda: False)
    assert law is not None and law.error < 1e-6 and tried > 1000 and not others


def test_a_product_of_waves_that_cancel_on_average_is_found_by_turns() -> None:
    x, t = drawn(0.0, 3.0, 0), drawn(0.0, 4.0, 1)
    task = made_task({"x": x, "t": t}, 1.5 * np.sin(2.2 * x) * np.cos(3.1 * t))
    ((law, _),) = products(all_rows(task), ["x", "t"], frozenset(), lambda: False)
    assert law is not None and law.error < 1e-12


def test_a_rate_with_a_large_activation_energy_is_a_product_of_two_sums() -> None:
    s, t = drawn(0.1, 15.0, 0), drawn(285.0, 315.0, 1)
    task = made_task({"s": s, "t": t}, 2 * s / (1.5 + s) * np.exp(-5200 * (1 / t - 1 / 300)))
    (law, _), *_ = products(all_rows(task), ["s", "t"], frozenset({"s"}), lambda: False)
    assert law is not None and law.error < 1e-9 and law.cost < 10


def test_a_sum_below_a_fraction_line_is_seen_through_the_reciprocal() -> None:
    x, t = drawn(0.0, 3.0, 0), drawn(-2.0, 2.0, 1)
    task = made_task({"x": x, "t": t}, 1 / (1 + 0.5 * x + 0.2 * t**2))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    law = TermSearch(all_rows(task, RECIPROCAL), ["x", "t"]).shortest(0.1, 4)
    assert law is not None and len(law.terms) == 3 and law.error < 1e-9
    part = general.writer.seen_through(RECIPROCAL, law, 1 / task.train.targets["y"], 1)
    form = SymbolicForm((part.node,), part.origin)
    assert fitted_error(form, task) < 1e-9


def test_an_exponential_of_a_sum_is_written_in_factors() -> None:
    """Compound interest was exp(L + ... + A P^9e-6), with L and A of a hundred thousand."""
    capital, years = drawn(100.0, 2000.0, 0), drawn(1.0, 15.0, 1)
    task = made_task({"capital": capital, "years": years}, capital * 1.05**years)
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    law = TermSearch(all_rows(task, LOGARITHM), ["capital", "years"], general.steady).shortest(0.1, 4)
    assert law is not None
    part = general.writer.seen_through(LOGARITHM, law, np.log(task.train.targets["y"]), 1)
    functions = [one.name for one in walk(part.node) if isinstance(one, Function)]
    assert isinstance(part.node, Product) and functions == ["exp"]
    assert fitted_error(SymbolicForm((part.node,), part.origin), task) < 1e-9


def test_the_reciprocal_of_one_term_is_a_term() -> None:
    radius = drawn(1.0, 9.0, 0)
    task = made_task({"radius": radius}, 4 * radius**3)
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    law = TermLaw(((Factor("power", "radius", (-3.0,)),),), (0.25,), 0.0)
    part = general.writer.seen_through(RECIPROCAL, law, 1 / task.train.targets["y"], 1)
    assert part.node == mul(
        Parameter("b", role=Role.COEFFICIENT), power(Feature("radius", general.units["radius"]), Number(3.0))
    )


def test_mutations_take_factors_of_any_kind_for_signed_features() -> None:
    x, v = drawn(-2, 2, 0), drawn(-2, 2, 1)
    task = made_task({"x": x, "v": v}, np.sin(3 * x) + v)
    known = profile(task.train)
    general = GeneralForms(task, known, Loss.SQUARED)
    mutator = Mutator(known, task.train, np.random.default_rng(0), general.factors)
    b = Terms(known)
    node = add(b.level(), mul(b.amplitude(), b.plain("x")), mul(b.amplitude(), b.plain("v")))
    steps = [mutator.neighbour(node, node) for _ in range(40)]
    grown = [step[0] for step in steps if step is not None and step[1] == "add factors"]
    assert len(grown) > 5
    assert any(isinstance(part, Function) for one in grown for part in walk(one))


def test_a_search_asks_for_the_time_before_each_sum_that_it_refines() -> None:
    x, v = drawn(-2, 2, 0), drawn(-2, 2, 1)
    task = made_task({"x": x, "v": v}, np.sin(3 * x) * v + 0.1 * np.cos(x))
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 5

    search = TermSearch(all_rows(task), ["x", "v"], stop=stop)
    columns = len(search.terms)
    search.varied(0.1, deep=True)
    assert search.tried <= columns + 5  # one look at all columns, and no sum refined after the time is up


def test_two_doses_that_act_together_are_in_the_library() -> None:
    a, b = drawn(0, 4, 0, 120), drawn(0, 4, 1, 120)
    task = made_task({"a": a, "b": b}, 100 / (1 + np.exp(2 - 0.7 * a - 0.5 * b - 0.3 * a * b)))
    forms = {form.origin: form for form in start_forms(task).forms}
    assert fitted_error(forms["pure sigmoid with interactions"], task) < 1e-9
    assert "sigmoid of linear" in forms


def test_powers_of_a_logarithm_are_terms() -> None:
    r = drawn(0.3, 30.0, 0)[:100]
    task = made_task({"r": r}, 1 / (1 + 0.3 * np.log(r) ** 2))
    law = TermSearch(all_rows(task, RECIPROCAL), ["r"]).shortest(0.1, 4)
    assert law is not None and law.error < 1e-12 and law.constants == 2


def test_a_constant_becomes_a_number_only_where_the_rows_cannot_tell() -> None:
    x = drawn(0.0, 10.0, 0)
    for rate, is_number in ((0.2, True), (0.1985, False)):
        noise = 0.02 * np.random.default_rng(3).standard_normal(len(x))
        rows = ScaledRows({"x": x}, {"x": (0.0, 10.0)}, 3 * np.exp(-rate * x) + noise, np.ones(len(x)))
        search = TermSearch(rows, ["x"])
        law = fitted([(Factor("exp", "x", (-0.2,)),)], rows)
        assert law is not None
        (term,) = search._simplified(refine(law, rows, 20), 0.3).terms
        assert term[0].fixed == is_number


def test_rows_of_relative_errors_weigh_alike_in_the_logarithm_over_thirty_decades() -> None:
    x = np.linspace(0.1, 8, 60)
    y = np.exp(-(x**2))
    task = made_task({"x": x}, y)
    task = replace(task, train=replace(task.train, weight=(y / y.min()) ** -2.0))
    forms = GeneralForms(task, profile(task.train), Loss.SQUARED)
    rows = forms.maker.rows(looks(task, (0,))[0], np.arange(60), LOGARITHM)
    assert rows.weight.min() == pytest.approx(rows.weight.max()) and 0.1 < rows.weight[0] < 10
