"""A ceiling, or a turn, that no row shows is charged: what only steepens within the rows may go on."""

import numpy as np
import pytest

from lawsmith.agent.search.ceilings import claims_a_ceiling
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
    ],
)
def test_only_what_bends_within_the_rows_is_shown(
    law: str, constants: tuple[float, ...], places: Array, claims: bool
) -> None:
    train = Table({"t": places}, {"y": places}, ("g",), np.zeros(len(places), dtype=np.intp))
    fitted = {"names": ["A", "k", "m"], "values": {"g": list(constants)}}
    found = Evaluation(verdict=Verdict.OK, kind="form", constants=fitted, tier=Tier.FULL)
    assert claims_a_ceiling(LAW.format(law=law), found, train) == claims
