"""Categories: an offset or a factor for each level, never a place on an axis."""

from dataclasses import replace

import numpy as np
import pytest
from in_process import to_fit

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profiles
from lawsmith.sandbox.fitting import Loss, fit_form
from lawsmith.sandbox.law.expression import features, walk
from lawsmith.sandbox.law.nodes import Feature, Function, Parameter, Product, Sum
from lawsmith.tasks import Table
from tests.made import made_task

WIDTHS = np.array([64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0])
ACTS = np.array([0.05, 0.0, -0.01])


def table(names: tuple[str, ...] = ("width", "tied", "act")) -> Table:
    """y = 0.08 + 3 width^-0.6 + 0.02 [tied = 1] + one offset for each act, of the columns named."""
    width, tied, act = (column.ravel() for column in np.meshgrid(WIDTHS, [0.0, 1.0], [0.0, 1.0, 2.0]))
    y = 0.08 + 3 * width**-0.6 + 0.02 * tied + ACTS[act.astype(int)]
    columns = {"width": width, "tied": tied, "act": act}
    categories = tuple(name for name in names if name != "width")
    features = {name: columns[name] for name in names}
    return Table(features, {"y": y}, ("all",), np.zeros(len(y), dtype=np.intp), None, categories)


def compared(node: object) -> set[tuple[str, float]]:
    """The features and codes that a tree compares."""
    return {
        (n.arguments[0].name, n.arguments[1].value) for n in walk(node) if isinstance(n, Function) and n.name == "equal"
    }


@pytest.mark.parametrize("names", [("width", "tied", "act"), ("tied", "act")])
def test_every_level_but_the_first_has_an_offset_or_a_factor(names):
    forms = library(profiles(table(names))[0])
    with_all = [one for one in forms if set(names) <= set(features(one.node))]
    assert with_all
    for one in with_all:
        assert compared(one.node) == {("tied", 1.0), ("act", 1.0), ("act", 2.0)}


def test_a_category_multiplies_what_stands_on_the_level_or_all_of_it():
    found = {one.origin: one.node for one in library(profiles(table(("width", "act")))[0])}
    assert isinstance(found["power law of width, factors of act"], Sum)
    assert isinstance(found["power law of width, factors of act on all of it"], Product)
    assert "pure power law of width, factors of act on all of it" not in found, "a form without a level is the same"


def test_each_label_of_one_category_may_have_a_rate_of_its_own():
    years, region = np.tile(np.arange(12.0), 3), np.repeat(np.arange(3.0), 12)
    sales = np.array([12, 30, 44])[region.astype(int)] * np.exp(
        np.array([0.13, 0.06, 0.05])[region.astype(int)] * years
    )
    made = made_task({"years": years, "region": region}, sales)
    data = replace(made.train, categories=("region",))
    found = {one.origin: one.node for one in library(profiles(data)[0])}
    [node] = [n for origin, n in found.items() if origin.startswith("pure exponential in years, factors and own ")]
    form = SymbolicForm((node,), "own rates", False, Loss.SQUARED)
    assert float(fit_form(to_fit(form, made.schema), data, ("y",)).cost.sum()) < 1e-9 * float((sales**2).sum())
    assert not any("factors and own" in origin for origin in found if origin.startswith("sigmoid"))


def test_a_constant_of_a_level_is_no_other_term_too():
    grown = table(("width", "act"))
    dated = replace(grown, features=grown.features | {"year": np.tile([-1.0, 0.0, 1.0, 2.0], 9)})
    for one in library(profiles(dated)[0]):
        levels = [n for n in walk(one.node) if isinstance(n, Product) and any(map(compared, n.factors))]
        own = {p.name for n in levels for p in n.factors if isinstance(p, Parameter)}
        assert sum(isinstance(n, Parameter) and n.name in own for n in walk(one.node)) == len(own), one.origin


def test_a_category_is_nowhere_but_in_comparisons():
    for one in library(profiles(table())[0]):
        inside = [n.arguments[0] for n in walk(one.node) if isinstance(n, Function) and n.name == "equal"]
        bare = [n for n in walk(one.node) if isinstance(n, Feature) and n.name != "width"]
        assert set(bare) == set(inside)


def test_the_search_over_sums_of_terms_finds_the_offsets():
    data = table()
    task = replace(made_task(data.features, data.targets), train=data)
    forms = GeneralForms(task, profiles(data)[0], Loss.SQUARED)
    stages = [stage for k in range(2) if (stage := forms.stages.get(k, lambda: False)) is not None]
    assert min(stage.least for stage in stages) < 1e-8
    assert any(len(compared(form.nodes[0])) == 3 for stage in stages for form in stage.forms)
