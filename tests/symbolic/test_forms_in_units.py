"""A search does not depend on units: the same forms, in the same order, with the same errors, in any unit."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from in_process import here, to_fit

from lawsmith.agent.symbolic.factors import Factor, starting
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.start_forms import EARLY, StartForms
from lawsmith.agent.symbolic.term_law import rounded
from lawsmith.sandbox.fitting import Effort, Loss, fit_form
from lawsmith.sandbox.law.expression import transform
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.nodes import Feature, Node
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.frontier.reach import reach_rows, unsafe
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Task
from tests.made import made_task

Columns = dict[str, Array]
RNG = np.random.default_rng(5)
ROWS = 60
QUICK = Effort(starts=8, finalists=2)
PLAIN = {f"{title} in {name}" for name in "tz" for title in ("sigmoid", "bump", "bump and sigmoid", "bump and slope")}
NOISE = RNG.standard_normal(ROWS)
KINDS: dict[str, tuple[Columns, Callable[[Columns], Array]]] = {
    "power law and constant": (
        {"n": 10 ** RNG.uniform(0.2, 3.3, ROWS), "d": 10 ** RNG.uniform(1.2, 4.3, ROWS)},
        lambda x: 1.7 + 4 * x["n"] ** -0.34 + 9 * x["d"] ** -0.28,
    ),
    "exponential": ({"t": RNG.uniform(0, 45, ROWS)}, lambda x: 3 + 20 * np.exp(-0.1 * x["t"])),
    "signed features": (
        {name: RNG.uniform(-2, 2, ROWS) for name in "abc"},
        lambda x: 2 * x["a"] - x["b"] ** 2 + x["a"] * x["c"],
    ),
    "sigmoid": ({"z": RNG.uniform(-4, 7, ROWS)}, lambda x: 1 + 5 / (1 + np.exp(-1.3 * (x["z"] - 1)))),
    "shares": (
        dict(zip("uvw", RNG.dirichlet((2, 2, 2), ROWS).T, strict=True)),
        lambda x: 2 + 3 * x["u"] + 0.5 * np.exp(x["v"]),
    ),
}


def scaled(kind: str, factors: dict[str, float], size: float = 1.0) -> Task:
    """The table of a kind with each feature in another unit, and the target too."""
    columns, law = KINDS[kind]
    target = law(columns)
    target = (target + 0.01 * target.std() * NOISE) * size
    return made_task({name: column * factors.get(name, 1.0) for name, column in columns.items()}, target)


def key(form: SymbolicForm, factors: dict[str, float]) -> str:
    """What a form says, with its features in their first units again."""

    def back(node: Node) -> Node:
        if not isinstance(node, Feature):
            return node
        return Feature(node.name, float(f"{node.unit / factors.get(node.name, 1.0):.9g}"))

    return f"{form.shared} {canonical(transform(form.nodes[0], back))}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("one", "two", "size"), [(1e15, 1e-15, 1.0), (1e-6, 1e9, 1e15), (1.0, 1.0, 1e-15)])
def test_the_library_offers_the_same_forms_in_any_unit(kind: str, one: float, two: float, size: float) -> None:
    names = list(KINDS[kind][0])
    factors = dict(zip(names, (one, two, one), strict=False))
    plain, other = StartForms(scaled(kind, {})), StartForms(scaled(kind, factors, size))
    assert {key(form, {}) for form in plain.forms} == {key(form, factors) for form in other.forms}


@pytest.mark.parametrize("kind", KINDS)
def test_forms_rank_alike_in_any_unit(kind: str) -> None:
    factors = dict(zip(KINDS[kind][0], (1e15, 1e-15, 1e6), strict=False))
    plain, other = StartForms(scaled(kind, {})), StartForms(scaled(kind, factors, 1e-9))
    ranked = [key(form, {}) for form in plain.plainest(lambda: False, here).ranked]
    again = [key(form, factors) for form in other.plainest(lambda: False, here).ranked]
    assert set(ranked[:4]) == set(again[:4])


@pytest.mark.parametrize("kind", ["sigmoid", "exponential"])
@pytest.mark.parametrize("unit", [3.7, 60.0, 1e-15 / 3])
def test_forms_on_a_plain_axis_fit_alike_in_any_unit(kind: str, unit: float) -> None:
    """Hours or minutes: not only powers of ten."""
    (name,) = KINDS[kind][0]
    costs = []
    for factor in (1.0, unit):
        task = scaled(kind, {name: factor})
        forms = {form.origin: form for form in StartForms(task).forms if form.origin in PLAIN}
        fits = {
            origin: fit_form(to_fit(forms[origin], task.schema), task.train, ("y",), effort=QUICK) for origin in forms
        }
        costs.append({origin: float(fitted.cost.sum()) for origin, fitted in fits.items()})
    assert len(costs[0]) == 4
    assert costs[1] == pytest.approx(costs[0], rel=1e-3)


AXES = {
    "kelvin": np.linspace(273.15, 373.15, ROWS),
    "minutes": np.linspace(0.0, 45.0, ROWS),
    "signed": np.linspace(-4.0, 4.0, ROWS),
    "many decades": np.geomspace(2.0, 5e5, ROWS),
}


@pytest.mark.parametrize("unit", [1e-15, 1e-9, 1e-3, 1e12])
@pytest.mark.parametrize("axis", AXES)
def test_the_search_over_terms_begins_with_the_same_factors_in_any_unit(axis: str, unit: float) -> None:
    found = []
    for factor in (1.0, unit):
        task = made_task({"x": AXES[axis] * factor}, NOISE)
        general = GeneralForms(task, profile(task.train), Loss.SQUARED)
        factors = starting("x", general.writer.ends["x"], steady="x" in general.steady)
        found.append([(one.kind, one.constants) for one in factors])
    assert len(found[0]) > 10
    assert [kind for kind, _ in found[0]] == [kind for kind, _ in found[1]]
    for (_, first), (_, second) in zip(*found, strict=True):
        assert first == pytest.approx(second, rel=1e-9)


@pytest.mark.parametrize(("constant", "simple"), [(0.298, 0.3), (-1.49, -1.5), (6.61, 20 / 3), (0.992, 1.0)])
def test_constants_with_a_unit_become_the_same_simple_numbers_in_any_unit(constant: float, simple: float) -> None:
    for decade in range(-12, 13):
        terms = [(Factor("exp", "x", (constant * 10.0**decade,)),)]
        tried = [term[0].constants[0] for (term,) in rounded(terms)]
        assert tried == [pytest.approx(simple * 10.0**decade, rel=1e-12)]


def test_an_exponent_becomes_no_simple_number_of_another_decade() -> None:
    assert not list(rounded([(Factor("real", "x", (0.0298,)),)]))


def test_laws_are_looked_at_equally_far_beyond_the_data_in_any_unit() -> None:
    counts = np.tile([1.0, 2.0, 4.0, 8.0], 10)
    for unit in (1e-15, 1.0, 3.0, 1e15):
        table = Table({"n": counts * unit}, {"y": 1 + 1 / counts}, ("all",), np.zeros(40, np.intp))
        assert reach_rows(table).features["n"].min() / unit == pytest.approx(1)
        assert reach_rows(table).features["n"].max() / unit == pytest.approx(800)
        far = reach_rows(table)
        law = 1 + np.log(far.features["n"] / unit)
        assert unsafe(table, far, law[:, None]) is None


def test_folds_are_the_same_in_any_unit() -> None:
    for kind, (columns, _) in KINDS.items():
        plain = frontier_folds(scaled(kind, {}).train)
        other = frontier_folds(scaled(kind, dict.fromkeys(columns, 1e-15), 1e15).train)
        assert [(f.name, f.held_out.tolist()) for f in plain] == [(f.name, f.held_out.tolist()) for f in other]


@pytest.mark.parametrize("begin", [0.0, 2010.0, 60_000.0, 2_460_000.5])
def test_a_decay_is_found_wherever_time_begins(begin: float) -> None:
    """A decay over thirty days, counted from zero, in years or in Julian days: the same law, and no warning."""
    t = np.linspace(0, 30, ROWS)
    y = 2 + 5 * np.exp(-0.2 * t) + 0.01 * NOISE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        task = made_task({"time": begin + t}, y)
        best = StartForms(task).plainest(lambda: False, here).ranked[: 2 * EARLY]
        # Sigmoids far from their middle decay too.
        exponential = next(form for form in best if form.origin == "exponential in time")
        fitted = fit_form(to_fit(exponential, task.schema), task.train, ("y",))
    assert 2 * fitted.cost.sum() / ROWS < 3 * 0.01**2
