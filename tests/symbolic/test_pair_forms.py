"""Curves of one plain feature times factors of another: laws of plasticity and kinetics are among the forms and fit."""

from collections.abc import Callable

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.pair_forms import of_pairs
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import fit_form
from lawsmith.tasks import Array, Provenance, Schema, Table, Task
from lawsmith.tasks.schema import Column

LAWS: dict[str, Callable[[Array, Array], Array]] = {
    "power hardening (Ludwik 1909) of x, softening (Johnson and Cook 1983) of y": lambda x, y: (
        (0.4 + 0.7 * x**0.3) * (1 - 0.5 * y**1.6)
    ),
    "hyperbola (Michaelis and Menten 1913) of x, inhibition of y": lambda x, y: (
        2 * x / (0.3 + x) / (1 + 4 * y)
    ),
    "saturation and slope of x, line of y": lambda x, y: (1 - 0.8 * np.exp(-9 * x) + 0.2 * x) * (1 - 0.4 * y),
}


def task_of(x: Array, y: Array, target: Array) -> Task:
    schema = Schema(
        name="pair", long_name="pair", title="pair", features=("x", "y"), targets=("z",), group="group", cap=None,
        columns={n: Column(name=n) for n in ("x", "y", "z")},
    )  # fmt: skip
    table = Table({"x": x, "y": y}, {"z": target}, ("all",), np.zeros(len(x), dtype=np.intp))
    return Task(schema, table, Provenance(source="file", sha256="", path=None))


@pytest.mark.parametrize("origin", LAWS)
def test_a_curve_times_a_factor_fits(origin: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.02, 1.0, 200), rng.uniform(0.1, 1.0, 200)
    task = task_of(x, y, LAWS[origin](x, y))
    template = next(one for one in of_pairs(profile(task.train), ["x", "y"]) if one.origin == origin)
    form = SymbolicForm((template.node,), template.origin)
    found = fit_form(form.to_fit(task.schema), task.train, ("z",))
    assert 2 * found.cost.sum() / len(x) < 1e-8 * task.train.targets["z"].var()


def test_signed_features_get_no_powers_and_many_features_get_no_pairs() -> None:
    rng = np.random.default_rng(0)
    task = task_of(rng.uniform(-1, 1, 50), rng.uniform(-1, 1, 50), rng.uniform(0, 1, 50))
    known = profile(task.train)
    assert not any("power" in one.origin or "activation" in one.origin for one in of_pairs(known, ["x", "y"]))
    assert of_pairs(known, ["x"]) == [] and of_pairs(known, ["x", "y", "x", "y"]) == []
