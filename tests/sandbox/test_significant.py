"""Constants hold what the rows can tell, and no table of targets in the bits of a float."""

from typing import Any

import numpy as np
import pytest

from lawsmith.sandbox import Evaluation, Sandbox, constants, evaluate
from lawsmith.sandbox.constants import MOST, Constants, rounded, significant_digits
from lawsmith.sandbox.pool import verify
from lawsmith.tasks import Array, Provenance, Schema, Table, Task
from lawsmith.tasks.frontier.folds import frontier_folds

SCHEMA = Schema(name="t", long_name="t", title="", features=("n",), targets=("y",), group=None)
LEVELS = """
import numpy as np
PARAMETERS = {"a": None}
def fit(x, y):
    a = sum(round(float(v) * 15) * 16.0 ** -(k + 1) for k, v in zip(x["n"], y))
    return {"a": a}
"""
READABLE = (
    LEVELS
    + """
def form(x, p):
    return np.floor(p["a"] * 16.0 ** (x["n"] + 1)) % 16 / 15
"""
)
OPAQUE = (
    LEVELS
    + """
def form(x, p):
    return np.array([int(p["a"] * 16 ** (int(k) + 1)) % 16 / 15 for k in x["n"]])
"""
)
POWER = """
PARAMETERS = {"L": (0, None), "A": None, "a": (0, 3)}
def form(x, p):
    return p["L"] + p["A"] * x["n"] ** -p["a"]
"""
RAW = """
PARAMETERS = ("c", "b", "b2")
def form(x, p):
    return p["c"] + p["b"] * (x["n"] + 1e5) + p["b2"] * (x["n"] + 1e5) ** 2
"""


def task(n: Array, y: Array) -> Task:
    table = Table({"n": n}, {"y": y}, ("all",), np.zeros(len(n), dtype=np.intp))
    return Task(SCHEMA, table, Provenance("file", "", None))


def evaluated(source: str, given: Task, sandbox: Sandbox) -> Evaluation:
    found = evaluate(sandbox, source, given, frontier_folds(given.train))
    assert found.verdict == "ok" and found.train is not None and found.constants is not None, found.message
    return found


def smuggled() -> Task:
    return task(np.arange(12.0), np.random.default_rng(4).random(12))


@pytest.mark.parametrize("source", [READABLE, OPAQUE], ids=["readable", "opaque"])
def test_targets_in_the_bits_of_a_constant_are_lost(
    source: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evaluated(source, smuggled(), sandbox)
    assert found.opaque == (source is OPAQUE)
    assert found.train is not None and found.train.r2 < 0.6
    for module in (verify, constants):
        monkeypatch.setattr(module, "told", lambda constants, table, predicted: constants)
    unprotected = evaluated(source, smuggled(), sandbox)
    assert unprotected.train is not None and unprotected.train.r2 > 0.98


def test_an_exact_law_stays_exact(sandbox: Sandbox) -> None:
    n = np.geomspace(1, 1e4, 30)
    found = evaluated(POWER, task(n, 0.5 + 3 * n**-0.2), sandbox)
    assert found.train is not None and found.train.nmse < 1e-20
    assert found.validation_r2 == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("source", [POWER, RAW])
def test_honest_laws_keep_their_predictions(source: str, sandbox: Sandbox) -> None:
    """Also where large terms cancel: there the constants keep more digits."""
    rng, n = np.random.default_rng(2), np.geomspace(1, 1e4, 40)
    given = task(n, (0.5 + 3 * n**-0.2) * (1 + 0.02 * rng.standard_normal(40)))
    found = evaluated(source, given, sandbox)
    values = found.constants["values"]["all"]
    if source is POWER:
        assert all(value == float(f"{value:.8e}") for value in values)
    x = {"n": n}
    space: dict[str, Any] = {}
    exec(source, space)
    p = dict(zip(found.constants["names"], values, strict=True))
    left = given.train.targets["y"] - space["form"](x, p)
    design = np.stack([np.ones(40), n ** -p["a"]] if source is POWER else [np.ones(40), n / 1e4, (n / 1e4) ** 2])
    best = np.linalg.lstsq(design.T, given.train.targets["y"], rcond=None)[1][0]
    assert (left**2).sum() <= best * (1 + 1e-3)


def test_digits_follow_the_error_and_the_number_of_rows() -> None:
    n = np.arange(100.0)
    table = task(n, n).train  # 57.3 in the root of the mean square
    predicted = lambda error: (n + error * 57.3 * (-1) ** n)[:, None]  # noqa: E731
    assert significant_digits(table, predicted(0.02)) == 3 + 5
    assert significant_digits(table, predicted(0.0002)) == 5 + 5
    assert significant_digits(table, predicted(0)) == MOST
    assert significant_digits(table, predicted(np.nan)) == MOST
    assert rounded(np.array([[1.23456789, np.nan], [-9.8765e-7, 0.0]]), 4)[:, 0].tolist() == [1.235, -9.876e-7]
    constants = Constants(("a",), ("all",), np.array([[1 / 3]]))
    assert verify.told(constants, table, predicted(0.02)).values[0, 0] == 0.33333333
