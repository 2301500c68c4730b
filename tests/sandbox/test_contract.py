"""The three kinds of candidate, and what each slip in them is told."""

from collections.abc import Callable

import numpy as np
import pytest

from lawsmith.sandbox import Constants, FitJob, JobResult, PredictJob, Sandbox, Verdict
from lawsmith.tasks import Schema, Table
from tests.sandbox.conftest import proved

FORM = """
PARAMETERS = {"c": (0, None), "a": (0, 100), "k": (0, 2)}
def form(x, p):
    return p["c"] + p["a"] * x["n"] ** -p["k"]
"""
TWO = Schema(name="t", long_name="t", title="t", features=("n",), targets=("y", "z"), group="g", cap=1)


@pytest.fixture
def fit(sandbox: Sandbox, schema: Schema, table: Table) -> Callable[..., JobResult]:
    def run(source: str, check: bool = True) -> JobResult:
        job = FitJob(source, schema, table, (table.hide(), table.take(np.arange(5)).hide()))
        return proved(sandbox, job) if check else sandbox.run(job)

    return run


def test_a_form_is_fitted_by_the_engine(fit: Callable[..., JobResult], table: Table) -> None:
    found = fit(FORM)
    assert found.ok, found.message
    assert found.constants is not None
    assert found.constants.names == ("c", "a", "k")
    assert found.constants.of("b")["a"] == pytest.approx(11, rel=1e-6)
    assert [p.shape for p in found.predictions] == [(36, 1), (5, 1)]
    assert np.allclose(found.predictions[0], table.target_matrix(), rtol=1e-9)
    assert len(found.status) == 3
    assert found.usage.cpu > 0


def test_constants_predict_the_same_in_another_process(
    fit: Callable[..., JobResult], sandbox: Sandbox, schema: Schema, table: Table
) -> None:
    fitted = fit(FORM)
    assert fitted.constants is not None
    restored = Constants.from_json(fitted.constants.to_json())
    again = proved(sandbox, PredictJob(FORM, schema, restored, (table.hide(),)))
    assert np.array_equal(again.predictions[0], fitted.predictions[0])


def test_a_form_may_bring_its_own_fit(fit: Callable[..., JobResult]) -> None:
    source = """
import numpy as np
from scipy.optimize import curve_fit
PARAMETERS = ("c", "a")
def form(x, p):
    return p["c"] + p["a"] * x["n"] ** -0.2
def fit(x, y):
    (c, a), _ = curve_fit(lambda n, c, a: c + a * n ** -0.2, x["n"], y, p0=[1.0, 1.0])
    return {"a": a, "c": np.array([c])}
"""
    found = fit(source)
    assert found.ok, found.message
    assert found.constants is not None
    assert found.constants.values[:, 1] == pytest.approx([10, 11, 12], rel=1e-6)


def test_a_pair_is_fitted_group_by_group(fit: Callable[..., JobResult], table: Table) -> None:
    source = """
import numpy as np
def scaling_law_func(data_points, params):
    return params[0] + params[1] * np.asarray(data_points)[:, 0] ** -0.2
def fit_scaling_law(data_points, loss_values):
    X = np.asarray(data_points)
    A = np.column_stack([np.ones(len(X)), X[:, 0] ** -0.2])
    return np.linalg.lstsq(A, loss_values, rcond=None)[0]
"""
    found = fit(source)
    assert found.ok, found.message
    assert found.constants is not None
    assert found.constants.names == ("p0", "p1")
    assert np.allclose(found.predictions[0], table.target_matrix(), rtol=1e-9)


PAIR_OF_TWO = """
import numpy as np
def scaling_law_func(data_points, params):
    assert params.shape == (2, 1)
    return np.asarray(data_points) @ params.T
def fit_scaling_law(data_points, loss_values):
    return np.linalg.lstsq(data_points, loss_values, rcond=None)[0].T
"""
FORM_OF_TWO = """
import numpy as np
PARAMETERS = ("a", "b")
def fit(x, y):
    return {"a": y["y"][0] / x["n"][0], "b": y["z"][0] / x["n"][0]}
def form(x, p):
    return """


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (PAIR_OF_TWO, ("p0_0", "p1_0")),
        (FORM_OF_TWO + "{'y': p['a'] * x['n'], 'z': p['b'] * x['n']}", ("a", "b")),
        (FORM_OF_TWO + "np.outer(x['n'], [p['a'], p['b']])", ("a", "b")),
    ],
)
def test_a_pair_and_a_form_may_have_several_targets(source: str, names: tuple[str, ...], sandbox: Sandbox) -> None:
    n = np.arange(1.0, 7)
    table = Table({"n": n}, {"y": 2 * n, "z": 3 * n}, ("a",), np.zeros(6, dtype=int))
    found = proved(sandbox, FitJob(source, TWO, table, (table.hide(),)))
    assert found.ok, found.message
    assert found.constants is not None and found.constants.names == names
    assert found.predictions[0] == pytest.approx(table.target_matrix())


def test_a_shared_parameter_has_one_value(fit: Callable[..., JobResult]) -> None:
    found = fit(FORM + "SHARED = ('c', 'k')\n")
    assert found.ok, found.message
    assert found.constants is not None
    assert len(set(found.constants.values[:, 0])) == len(set(found.constants.values[:, 2])) == 1


def test_a_group_without_rows_has_no_constants(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    some = table.take(table.codes < 2)
    found = sandbox.run(FitJob(FORM, schema, some, (some.hide(),)))
    assert found.ok, found.message
    assert found.constants is not None
    assert np.isnan(found.constants.values[2]).all()
    assert found.constants.to_json()["values"]["c"] is None
    beyond = sandbox.run(FitJob(FORM, schema, some, (table.hide(),)))
    assert beyond.verdict is Verdict.NON_FINITE
    assert "in group 'c'" in beyond.message


def test_dataclasses_and_all_allowed_imports_work(fit: Callable[..., JobResult]) -> None:
    source = """
from __future__ import annotations
import math, itertools, functools, collections, typing, dataclasses
from dataclasses import dataclass
import scipy.special as special
@dataclass
class Power:
    k: float
    def __call__(self, n: typing.Any) -> typing.Any:
        return n ** -self.k
PARAMETERS = ("a",)
def form(x, p):
    return p["a"] * Power(0.2)(x["n"]) + 0.5 * special.expit(100.0)
"""
    found = fit(source)
    assert found.ok, found.message


FAILURES = {
    "not Python": ("def form(x, p:\n  return", Verdict.SYNTAX, "Line 1"),
    "nothing": ("", Verdict.CONTRACT, "Define at top level"),
    "half a form": ("def form(x, p): return x['n']", Verdict.CONTRACT, "PARAMETERS is missing"),
    "two kinds": (FORM + "def law(d, g): return []", Verdict.CONTRACT, "both a form and a law"),
    "arguments": ("PARAMETERS = ('a',)\ndef form(x): return x['n']", Verdict.CONTRACT, "2 positional arguments"),
    "import": ("import os\n" + FORM, Verdict.IMPORT_REFUSED, "imports 'os'; allowed: math"),
    "import from": ("from os import path\n" + FORM, Verdict.IMPORT_REFUSED, "'os'"),
    "relative import": ("from . import x\n" + FORM, Verdict.IMPORT_REFUSED, "'.'"),
    "late import": (
        "import numpy as np\nPARAMETERS = ('a',)\ndef form(x, p):\n"
        "    return getattr(form, '__builtins__')['__import__']('os')",
        Verdict.IMPORT_REFUSED,
        "'os'",
    ),
    "opens": ("PARAMETERS = ('a',)\ndef form(x, p): return open('x')", Verdict.CONTRACT, "uses open()"),
    "too long": ("#" * 70000 + FORM, Verdict.CONTRACT, "at most 65536"),
    "nested": ("x = " + "(" * 500 + ")" * 500, Verdict.SYNTAX, "nested"),
    "signs": ("x = " + "-" * 50000 + "1", Verdict.SYNTAX, "nested"),
    "powers": ("x = " + "2**" * 20000 + "1\n" + FORM, Verdict.SYNTAX, "nested"),
    "null": ("x = '\0'", Verdict.SYNTAX, "null"),
    "surrogate": ("x = '\ud800'", Verdict.SYNTAX, "Unicode"),
    "bounds": ("PARAMETERS = {'a': (2, 1)}\ndef form(x, p): return x['n']", Verdict.CONTRACT, "low < high"),
    "bound of text": ("PARAMETERS = {'a': ('l', 1)}\ndef form(x, p): return x['n']", Verdict.CONTRACT, "two numbers"),
    "names": ("PARAMETERS = ('a', 'a')\ndef form(x, p): return x['n']", Verdict.CONTRACT, "identifier"),
    "loss": (FORM + "LOSS = 'cubic'", Verdict.CONTRACT, "'squared', 'relative', 'robust'"),
    "shared": (FORM + "SHARED = ('q',)", Verdict.CONTRACT, "'q'"),
    "shared and fit": (FORM + "SHARED = ('c',)\ndef fit(x, y): return {}", Verdict.CONTRACT, "remove either"),
    "declared over cap": (
        "PARAMETERS = tuple('abcde')\ndef form(x, p): return x['n']",
        Verdict.OVER_CAP,
        "the task allows 4",
    ),
    "returned over cap": (
        FORM + "def fit(x, y): return {f'p{i}': 1.0 for i in range(9)}",
        Verdict.OVER_CAP,
        "9 constants",
    ),
    "an array as one constant": (
        "PARAMETERS = ('a',)\ndef form(x, p): return x['n']\ndef fit(x, y): return {'a': [1.0] * 9}",
        Verdict.CONTRACT,
        "one number for parameter a, not 9",
    ),
    "other names": (FORM + "def fit(x, y): return {'q': 1.0}", Verdict.CONTRACT, "'q' where PARAMETERS names 'c'"),
    "constants not finite": (
        FORM + "def fit(x, y): return {'c': 1.0, 'a': float('inf'), 'k': 1.0}",
        Verdict.NON_FINITE,
        "constant",
    ),
    "shape": ("PARAMETERS = ('a',)\ndef form(x, p):\n    global a\n    return p['a']", None, ""),
    "raises": ("PARAMETERS = ('a',)\ndef fit(x, y): return 1 / 0\ndef form(x, p): return 1", Verdict.CRASH, "line 2"),
    "never finite": ("PARAMETERS = ('a',)\ndef form(x, p): return x['n'] * float('nan')", Verdict.FIT_FAILED, "group"),
    "fit by chance": (
        "import numpy as np\nPARAMETERS = ('a',)\ndef form(x, p): return p['a'] + 0 * x['n']\n"
        "def fit(x, y): return {'a': np.random.default_rng().normal()}",
        Verdict.IMPURE,
        "seed",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_slip_gets_a_verdict_and_a_reason(name: str, fit: Callable[..., JobResult]) -> None:
    source, verdict, words = FAILURES[name]
    found = fit(source)
    assert not found.ok
    assert verdict is None or found.verdict is verdict, found
    assert words in found.message
    assert found.message.isprintable()
    assert found.predictions == ()


def test_a_job_cannot_hold_targets_to_predict(schema: Schema, table: Table) -> None:
    with pytest.raises(ValueError, match="hidden"):
        FitJob(FORM, schema, table, (table,))
    with pytest.raises(ValueError, match="hidden"):
        PredictJob(FORM, schema, None, (table,))


def test_a_pair_over_the_cap_is_refused(fit: Callable[..., JobResult]) -> None:
    source = (
        "import numpy as np\ndef scaling_law_func(d, p): return d[:, 0] * p[0]\n"
        "def fit_scaling_law(d, y): return np.ones(5)\n"
    )
    found = fit(source)
    assert found.verdict is Verdict.OVER_CAP


def test_the_cap_holds_for_each_target(sandbox: Sandbox) -> None:
    table = Table({"n": np.ones(3)}, {"y": np.ones(3), "z": np.ones(3)}, ("a",), np.zeros(3, dtype=int))
    source = "PARAMETERS = ('a', 'b', 'c')\ndef form(x, p): return {'y': x['n'], 'z': x['n']}"
    found = sandbox.run(FitJob(source, TWO, table, (table.hide(),)))
    assert found.verdict is Verdict.OVER_CAP
    assert "1 for each of 2 targets" in found.message
