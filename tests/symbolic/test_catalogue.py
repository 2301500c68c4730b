"""Known laws as data: the package's own, and those of a user's file that suit a table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from in_process import to_fit

from lawsmith.agent.command.job import Job
from lawsmith.agent.command.own_forms import brought
from lawsmith.agent.symbolic.catalogue import (
    Condition,
    candidates,
    catalogue_text,
    laws_of,
    laws_of_angles,
    laws_of_pairs,
    laws_of_repeats,
    own_catalogue,
    read_catalogue,
)
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.start_forms import start_forms
from lawsmith.sandbox.fitting import fit_form
from lawsmith.sandbox.law.expression import parameters
from lawsmith.sandbox.law.nodes import Role
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import Array, InputError, IntArray, Schema, Table, Task
from lawsmith.tasks.known_units import kelvins, turns
from lawsmith.tasks.schema import Column
from tests.made import made_task

LAWS: dict[str, Callable[[Array, Array], Array]] = {
    "power hardening (Ludwik 1909) of x, softening (Johnson and Cook 1983) of y": lambda x, y: (
        (0.4 + 0.7 * x**0.3) * (1 - 0.5 * y**1.6)
    ),
    "hyperbola (Michaelis and Menten 1913) of x, inhibition of y": lambda x, y: 2 * x / (0.3 + x) / (1 + 4 * y),
    "power law (Hollomon 1945) of x, activation (Arrhenius 1889) of y": lambda x, y: 2 * x**0.3 * np.exp(0.2 / y),
    "saturation and slope of x, line of y": lambda x, y: (1 - 0.8 * np.exp(-9 * x) + 0.2 * x) * (1 - 0.4 * y),
}


def task_of(x: Array, y: Array, target: Array) -> Task:
    return made_task({"x": x, "y": y}, {"z": target})


@pytest.mark.parametrize("origin", LAWS)
def test_a_curve_times_a_factor_fits(origin: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.02, 1.0, 200), rng.uniform(0.1, 1.0, 200)
    task = task_of(x, y, LAWS[origin](x, y))
    template = next(one for one in laws_of_pairs(profile(task.train), ["x", "y"]) if one.origin == origin)
    form = SymbolicForm((template.node,), template.origin)
    found = fit_form(to_fit(form, task.schema), task.train, ("z",))
    assert 2 * found.cost.sum() / len(x) < 1e-8 * task.train.targets["z"].var()


def test_signed_features_get_no_powers_and_many_features_get_no_pairs() -> None:
    rng = np.random.default_rng(0)
    task = task_of(rng.uniform(-1, 1, 50), rng.uniform(-1, 1, 50), rng.uniform(0, 1, 50))
    known = profile(task.train)
    assert not any("power" in one.origin or "activation" in one.origin for one in laws_of_pairs(known, ["x", "y"]))
    assert laws_of_pairs(known, ["x"]) == [] and laws_of_pairs(known, ["x", "y", "x", "y"]) == []


def repeated(rng: np.random.Generator) -> Table:
    """Rows of models of sizes `N` that see `U` distinct items up to fifty times; larger models gain less from it."""
    distinct, size, epochs = (10.0 ** v.ravel() for v in np.meshgrid([8, 9, 10], [7, 8, 9], [0, 0.5, 1, 1.7]))
    seen = distinct * epochs
    loss = 1.8 + 90 * size**-0.3 + 400 * (1 / seen + (size / 1e8) ** 0.5 / (9 * distinct)) ** 0.32
    features = {"distinct": distinct, "size": size, "seen": seen}
    return Table(
        features, {"z": loss + rng.normal(0, 1e-4, len(loss))}, ("all_data",), np.zeros(len(loss), dtype=np.intp)
    )


def test_repeated_data_get_laws_of_repeats_and_other_data_do_not() -> None:
    table = repeated(np.random.default_rng(0))
    known = profile(table)
    found = {one.origin: one for one in laws_of_repeats(known)}
    assert len(found) == len(own_catalogue("repeated").law)
    template = found["repeats of distinct to seen limited by the root of size"]
    schema = Schema(
        name="t", long_name="t", title="t", features=tuple(table.features), targets=("z",), group="group", cap=None,
        columns={name: Column(name=name) for name in (*table.features, "z")},
    )  # fmt: skip
    form = SymbolicForm((template.node,), template.origin)
    assert 2 * fit_form(to_fit(form, schema), table, ("z",)).cost.sum() / len(table) < 4e-8
    features = dict(table.features) | {"seen": table.features["seen"] * table.features["size"] ** -0.1}
    assert not laws_of_repeats(profile(Table(features, table.targets, table.groups, table.codes)))


@pytest.mark.parametrize(
    ("name", "least"), [("curves", 12), ("limits", 12), ("pairs", 12), ("repeated", 6), ("angles", 12)]
)
def test_every_law_of_the_package_states_its_source_and_its_domain(name: str, least: int) -> None:
    known = own_catalogue(name)
    laws = (*known.law, *known.curve, *known.factor)
    assert len(laws) >= least
    for law in laws:
        assert law.domain and any(letter.isdigit() for letter in law.source), law.name


def test_laws_of_one_feature_follow_its_sign() -> None:
    table = task_of(np.linspace(-1, 1, 30), np.linspace(1, 2, 30), np.linspace(3, 4, 30)).train
    known = profile(table)
    assert not any("1/x" in one.origin for one in laws_of(known, "x"))
    assert any("1/y" in one.origin for one in laws_of(known, "y"))


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("angle_deg", np.linspace(5.0, 60.0, 30), np.pi / 180),
        ("Tilt (°)", np.linspace(-20.0, 40.0, 30), np.pi / 180),
        ("theta", np.linspace(0.0, 1.3, 30), 1.0),
        ("angle of attack", np.linspace(-4.0, 12.5, 30), np.pi / 180),
        ("zenith", np.arange(0.0, 90.0, 3.0), np.pi / 180),
        ("angle", np.arange(30.0) % 6, np.pi / 180),  # whole numbers are hardly radians
        ("temp_deg", np.linspace(5.0, 60.0, 30), None),
        ("rope_theta", np.geomspace(1e4, 1e6, 30), None),
        ("degree", np.arange(30.0) % 7, None),  # of a polynomial, or of a node
        ("incidence", np.linspace(5.0, 60.0, 30), None),  # of a disease
        ("deg_per_s", np.linspace(5.0, 60.0, 30), None),
        ("x", np.linspace(0.0, 1.3, 30), None),
    ],
)
def test_angles_are_told_by_their_names(name: str, values: Array, unit: float | None) -> None:
    found = profile(made_task({name: values, "n": np.geomspace(1, 9, 30)}, np.geomspace(3, 4, 30)).train)
    assert found.angles == ({} if unit is None else {name: unit})
    assert bool(laws_of_angles(found, [name, "n"])) == (unit is not None)


@pytest.mark.parametrize(
    ("name", "values", "period"),
    [
        ("month", np.arange(36) % 12 + 1.0, 12),
        ("hour_of_day", np.arange(48) % 24 * 1.0, 24),
        ("Hour of day", np.arange(48) % 24 + 0.5, 24),
        ("week", np.arange(106) % 53 + 1.0, 52),
        ("day of year", np.arange(0, 730, 5) % 365 + 1.0, 365),
        ("hour_of_day", np.arange(48) % 16 + 6.0, 24),
        ("time of day", np.arange(48) % 16 * 3600.0 + 6 * 3600, 86400),
        ("month", np.arange(1.0, 13), None),  # no month comes again
        ("hours", np.arange(48) % 24 * 1.0, None),  # elapsed
        ("hour", np.arange(48) % 16 + 6.0, None),  # part of a day
        ("months_since", np.arange(36) % 12 + 1.0, None),
        ("month", np.arange(36) % 18 + 1.0, None),
        ("day", np.arange(60) % 30 + 1.0, None),
    ],
)
def test_parts_of_a_day_or_a_year_are_told_by_their_names(name: str, values: Array, period: int | None) -> None:
    assert turns(name, values) == (None if period is None else 2 * np.pi / period)


@pytest.mark.parametrize(("once", "twice", "found"), [(0.0, 0.0, {}), (1.0, 0.0, 1), (0.3, 0.3, 2), (0.0, 1.0, 2)])
def test_rows_say_how_often_waves_come_in_a_round(once: float, twice: float, found: int | dict[str, int]) -> None:
    month, n = np.arange(60.0) % 12 + 1, np.geomspace(1, 9, 60)
    angle, noise = np.pi / 6 * month, 0.1 * np.random.default_rng(0).standard_normal(60)
    made = made_task({"month": month, "n": n}, 5 + n / 3 + once * np.cos(angle) + twice * np.sin(2 * angle) + noise)
    assert profile(made.train).rounds == ({} if found == {} else {"month": (np.pi / 6, found)})


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("temp_C", (1.0, -273.15)),
        ("Temperature (°C)", (1.0, -273.15)),
        ("degC", (1.0, -273.15)),
        ("T_F", (5 / 9, -459.67)),
        ("C", None),
        ("temperature", None),
        ("temp_K", None),
    ],
)
def test_degrees_are_also_looked_at_in_kelvins(name: str, known: tuple[float, float] | None) -> None:
    """Arrhenius' law in degrees Celsius or Fahrenheit has no constant more."""
    degrees = np.arange(10.0, 90, 5)
    assert kelvins(name, degrees) == (known if known is None else pytest.approx(known))
    size, zero = known or (1.0, -273.15)
    task = made_task({name: degrees}, 3e9 * np.exp(-6500 / (size * (degrees - zero))))
    (form,) = [one for one in start_forms(task).forms if one.origin.startswith("pure exponential of 1/")][-1:]
    assert ("kelvins" in form.origin) == (known is not None)
    found = fit_form(to_fit(form, task.schema), task.train, task.schema.targets)
    assert (float(found.cost.sum()) < 1e-9 * float((task.train.target_matrix() ** 2).sum())) == (known is not None)


def test_exponents_and_rates_may_be_as_steep_as_the_rows() -> None:
    """Cycles to failure fall with the seventh power of a stress, and losses fade within a bit."""
    stress, bits = np.linspace(400, 560, 12), np.array([2, 2.5, 3, 3.5, 4, 5, 6, 8.0])
    for x, y, origin, steepest in (
        (stress, (stress / 400) ** -7, "pure power law in x", 7),
        (stress / 100 - 3, (stress - 300) ** -6.0, "pure power law of x", 6),
        (bits, 2 + 10 * np.exp(-1.2 * bits), "exponential in x", 12),  # for ten bits, the unit
    ):
        table = Table({"x": x}, {"f": y}, ("g",), np.zeros(len(x), dtype=np.intp))
        form = next(one for one in library(profile(table)) if one.origin == origin)
        bounds = [p.upper for p in parameters(form.node) if p.role in (Role.EXPONENT, Role.RATE)]
        assert min(bounds) >= steepest, origin


FILE = """
[[law]]
name = "competitive inhibition"
formula = "V * s / (K * (1 + i/Ki) + s)"
source = "Cornish-Bowden 2012"
domain = "enzymes"
features = { s = "not negative", i = "positive" }
constants = { V = [0, inf], K = [0, inf], Ki = [0, inf] }

[[law]]
name = "approach"
formula = "L - A * exp(-k*t)"
source = "Newton 1701"
domain = "cooling"
features = { t = { sign = "positive", spans = 50 } }
constants = { k = "rate of t", L = "level" }
"""


def grouped(x: Array, y: Array, target: Array, codes: IntArray) -> Task:
    task = task_of(x, y, target)
    names = tuple(f"g{k}" for k in range(int(codes.max()) + 1))
    table = Table(dict(task.train.features), dict(task.train.targets), names, codes)
    return Task(task.schema, table, task.provenance)


def test_columns_take_the_places_of_features_where_they_suit() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 5, 60), rng.uniform(0.1, 3, 60)
    x[0] = 0.0
    task = task_of(x, y, 9 * x / (0.5 * (1 + y / 2) + x))
    found, refused = candidates(read_catalogue(FILE), task)
    assert [law.name for law in found.values()] == ["competitive inhibition"]  # x has a zero, so that i is y
    assert [law.name for law in refused] == ["approach"]
    assert Condition(sign="positive", spans=50) == refused[0].condition("t")
    (source,) = found
    assert read(source, ("z",), ("x", "y")).parameters[0].lower == 0.0


def test_groups_share_what_bends_the_curve_and_names_of_columns_are_kept() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.1, 5, 60), rng.uniform(0.1, 3, 60)
    law = FILE.replace("s / (K", "y / (K").replace("+ s)", "+ y)").replace("{ s =", "{ y =")
    found, _ = candidates(read_catalogue(law), grouped(x, y, x + y, np.arange(60) % 2))
    inhibition = [source for source, one in found.items() if one.name.startswith("competitive")]
    assert len(inhibition) == 2  # y is y, and i is x; with shared constants, and with each group's own
    assert sum("SHARED" in source for source in inhibition) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("V * s /", "V * s //"), r"law 1 \(competitive inhibition\): only \+ - \* / and \^"),
        (("(1 + i/Ki)", "(1 + i/Ki"), "is not a formula"),
        (('i = "positive"', 'j = "positive"'), "features.j is not in its formula"),
        (("Ki = [0, inf]", "Ki = [2, 1]"), "constants.Ki has no room"),
        (("rate of t", "speed of t"), "constants.k is 'speed of t'; write two bounds, or rate"),
        (('domain = "enzymes"\n', ""), "domain is missing; an entry holds name, formula"),
        (('domain = "enzymes"', 'domian = "enzymes"'), "domian is not known|domain is missing"),
        (("[[law]]", "[[lw]]"), "may hold entries \\[\\[law\\]\\] alone"),
        (("name =", "name"), "is not valid TOML"),
    ],
)
def test_a_flaw_of_a_users_file_is_named_in_one_sentence(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(FILE.replace(*change))
    with pytest.raises(InputError, match=said) as caught:
        catalogue_text(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_law_that_columns_can_stand_in_many_ways_is_cut_short_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[[law]]\nname = "lens"\nformula = "a + b * x / y"\nsource = "s"\ndomain = "d"\n'
    (law,) = read_catalogue(text + 'features = { x = "any", y = "any" }\n')
    rng = np.random.default_rng(0)
    names = tuple("uvw")
    own = made_task({n: rng.uniform(1, 9, 30) for n in names}, {"t": rng.uniform(1, 2, 30)})
    job = Job(agent="symbolic", catalogue=text + 'features = { x = "any", y = "any" }\n')
    assert len(list(law.places(profile(own.train)))) == 6 and brought(job, own)[1] == ()
    monkeypatch.setattr("lawsmith.agent.symbolic.catalogue.MOST_PLACES", 5)
    assert brought(job, own)[1] == ("The columns of the table fit 'lens' in many ways; lawsmith fits 5 of them.",)


def test_a_law_of_positive_targets_has_no_place_in_a_wide_table_of_others() -> None:
    stated = ", ".join(f'{name} = "any"' for name in "abcdef")
    text = (
        '[[law]]\nname = "n"\nformula = "k + a * b * c * d * e * f"\nsource = "s"\ndomain = "d"\ntarget = "positive"\n'
    )
    (law,) = read_catalogue(f"{text}features = {{ {stated} }}\n")
    columns = {f"x{k}": np.linspace(1, 2 + k, 30) for k in range(40)}  # 2.8 billion ways, of which none is tried
    assert not list(law.places(profile(made_task(columns, {"t": np.linspace(-1, 1, 30)}).train)))
