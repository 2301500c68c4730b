"""A ceiling, or a turn, that no row shows is charged: what only steepens within the rows may go on."""

from dataclasses import replace

import numpy as np
import pytest
from made_trials import trial, winner

from lawsmith.agent.search.claims import claims_a_ceiling
from lawsmith.sandbox import Evaluation, Tier, Verdict
from lawsmith.tasks import Array, Table

LAW = """
import numpy as np
PARAMETERS = ("A", "k", "m")
def form(x, p):
    return {law}
"""
SIGMOID = "p['A'] / (1 + np.exp(-p['k'] * (x['t'] - p['m'])))"
TIMES, SIZES = np.linspace(0, 10, 12), np.geomspace(0.1, 100, 12)


@pytest.mark.parametrize(
    ("law", "constants", "places", "claims"),
    [
        (SIGMOID, (9.0, 1.0, 5.0), TIMES, False),  # the rows bend
        (SIGMOID, (9.0, 0.5, 12.0), TIMES, True),  # they would bend later
        (SIGMOID, (9.0, 0.5, 60.0), TIMES, False),  # an exponential as far as anybody looks
        ("p['A'] * np.exp(p['k'] * x['t']) + p['m']", (1.0, 0.4, 0.0), TIMES, False),
        ("p['A'] + p['m'] * np.exp(-p['k'] * x['t'])", (1.0, 0.4, 3.0), TIMES, False),
        ("p['A'] * np.exp(-((x['t'] - p['m']) / p['k']) ** 2)", (1.0, 5.0, 14.0), TIMES, True),  # a turn
        ("p['A'] * x['t'] / (p['k'] + x['t']) + p['m']", (1.0, 10.0, 0.0), SIZES, False),
        ("p['A'] * x['t'] / (p['k'] + x['t']) + p['m']", (1.0, 300.0, 0.0), SIZES, True),
        ("p['A'] * x['t'] ** p['k'] + p['m']", (1.0, 0.6, 0.0), SIZES, False),
        ("p['A'] * x['t'] ** -p['k'] + p['m']", (1.0, 0.6, 0.0), SIZES, False),
        ("p['A'] * np.exp(p['k'] * np.log(x['t']) - p['m'] * np.log(x['t']) ** 2)", (1.0, 1.0, 0.1), SIZES, True),
    ],
)
def test_only_what_bends_within_the_rows_is_shown(
    law: str, constants: tuple[float, ...], places: Array, claims: bool
) -> None:
    train = Table({"t": places}, {"y": places}, ("g",), np.zeros(len(places), dtype=np.intp))
    fitted = {"names": ["A", "k", "m"], "values": {"g": list(constants)}}
    found = Evaluation(verdict=Verdict.OK, kind="form", constants=fitted, tier=Tier.FULL)
    assert claims_a_ceiling(LAW.format(law=law), found, train) == claims


OPTIMUM = "p['A'] * x['a'] ** -0.3 + p['k'] * (np.log(x['b']) - p['m']) ** 2"


@pytest.mark.parametrize(
    ("law", "constants", "claims"),
    [
        (OPTIMUM, (3.0, 0.1, 6.0), True),  # the rows end at log 100, 4.6: all of them fall
        (OPTIMUM, (3.0, 0.1, 3.0), False),  # the rows show the turn
        (OPTIMUM, (3.0, 0.1, 30.0), False),  # nobody looks so far
        ("p['A'] * x['a'] ** -0.3 + p['k'] * x['b'] ** -0.4 + p['m']", (3.0, 2.0, 1.0), False),
        ("p['A'] * x['a'] ** -0.3 + p['k'] * x['b'] * np.exp(-x['b'] / p['m'])", (3.0, 2.0, 150.0), True),
        ("p['A'] + p['k'] * np.sin(x['b'] / p['m'])", (3.0, 2.0, 5.0), False),  # up and down within the rows
    ],
)
@pytest.mark.parametrize("groups", [1, 2])
def test_a_turn_along_one_of_several_features_has_to_be_shown(
    law: str, constants: tuple[float, ...], claims: bool, groups: int
) -> None:
    a, b = (grid.ravel() for grid in np.meshgrid(np.geomspace(1, 100, 5), np.geomspace(1, 100, 8)))
    names = ("g", "h")[:groups]
    train = Table({"a": a, "b": b}, {"y": a}, names, np.arange(len(a)) % groups)
    fitted = {"names": ["A", "k", "m"], "values": {name: list(constants) for name in names[::-1]}}
    found = Evaluation(verdict=Verdict.OK, kind="form", constants=fitted, tier=Tier.FULL)
    assert claims_a_ceiling(LAW.format(law=law), found, train) == claims


@pytest.mark.parametrize(("error", "wins"), [(0.12, "steady"), (0.9, "turning")])
def test_a_law_that_turns_just_beyond_the_rows_wins_only_where_no_other_is_near(error: float, wins: str) -> None:
    laws = {
        "turning": ("p['A'] * np.exp(-((x['x'] - p['m']) / p['k']) ** 2)", (9.0, 5.0, 12.0), 0.1),
        "steady": ("p['A'] * np.exp(p['k'] * x['x']) + p['m']", (1.0, 0.4, 0.0), error),
    }
    trials = {}
    for name, (law, constants, missed) in laws.items():
        one = trial(LAW.format(law=law).replace("'x'", '"x"'), [missed, missed])
        fitted = {"names": ["A", "k", "m"], "values": {"g": list(constants)}}
        trials[name] = replace(one, evaluation=one.evaluation.model_copy(update={"constants": fitted}))
    assert winner(*trials.values()) == trials[wins].id
