"""Slopes of our own print, taken apart: the digits of the source, with none of its operations done twice."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lawsmith.sandbox.contract import FormLaw, load
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.fitting.blocks import gather
from lawsmith.sandbox.fitting.structure import analyse
from lawsmith.sandbox.law.nodes import Statement
from lawsmith.sandbox.law.printed import PrintedGradient, printed_gradients
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.returned import Spec
from lawsmith.tasks import Array, Table

LAWS = {
    "power": "p['L'] + p['A'] * x['n'] ** -p['a'] + p['B'] * x['d'] ** -p['b']",
    "bowl": "p['L'] + p['A'] * (np.log(x['n']) - (p['m'] + p['k'] * np.log(x['d']))) ** 2",
    "nested": "p['L'] + (p['A'] * x['n'] ** -p['a'] + p['B'] * x['d'] ** -p['b']) ** p['g']",
    "wave": "(p['A'] * np.exp(-p['k'] * x['d']) + p['c']) * np.sin(p['w'] * x['n'] + p['f'])",
}
SETS, ROWS = 5, 7
RNG = np.random.default_rng(3)
X = {name: RNG.uniform(0.5, 3.0, (1, 1, ROWS)) for name in "nd"}


def gradient_of(law: str, numpy: Any = np) -> tuple[PrintedGradient, dict[str, Array]]:
    """Our print of a law, and constants (B, 1, 1) for it."""
    names = sorted({part.split("'")[0] for part in law.split("p['")[1:]})
    source = f"import numpy as np\nPARAMETERS = {tuple(names)!r}\ndef form(x, p):\n    return {law}\n"
    stated = read(source, ("y",))
    assert isinstance(stated, Statement)
    printed, home = write(stated, ("n", "d")), dict[str, Any]()
    exec(printed, home)
    home["np"] = numpy
    return printed_gradients(printed, home, defined)["gradient"], {
        name: RNG.uniform(0.3, 1.2, (SETS, 1, 1)) for name in names
    }


def defined(source: str, names: dict[str, Any]) -> dict[str, Any]:
    exec(source, names)
    return names


def rows(slopes: dict[str, Any], names: list[str]) -> Array:
    """Slopes (B, 1, names, n)."""
    return np.stack([np.broadcast_to(slopes[name], (SETS, 1, ROWS)) for name in names], axis=2)


@pytest.mark.parametrize("law", LAWS)
def test_both_parts_give_the_digits_of_the_source(law: str) -> None:
    gradient, p = gradient_of(LAWS[law])
    linear = [name for name in p if name in "LABc" and law != "nested"] or ["L"]
    others = [name for name in p if name not in linear]
    split = gradient.split(tuple(linear), tuple(others), value=True)
    zero = p | dict.fromkeys(linear, np.zeros((1, 1, 1)))
    one, two = (np.empty((SETS, 1, len(names), ROWS)) for names in (linear, others))
    value, *kept = split.first(X, zero, one)
    split.second(X, p, two, *kept)
    np.testing.assert_array_equal(one, rows(dict(gradient(X, zero)), linear))
    np.testing.assert_array_equal(two, rows(dict(gradient(X, p)), others))
    home: dict[str, Any] = {"np": np, "x": X, "p": zero}
    np.testing.assert_allclose(np.broadcast_to(value, (SETS, 1, ROWS)), eval(LAWS[law], home), rtol=1e-12)


def test_no_sine_is_computed_twice() -> None:
    calls: list[str] = []

    def counted(name: str) -> Any:
        return lambda *some: (calls.append(name), getattr(np, name)(*some))[1]

    gradient, p = gradient_of(LAWS["wave"], SimpleNamespace(**{name: counted(name) for name in ("sin", "cos", "exp")}))
    split = gradient.split(("A", "c"), ("w", "f", "k"), value=False)
    kept = split.first(X, p, np.empty((SETS, 1, 2, ROWS)))
    assert sorted(calls) == ["exp", "sin"]
    split.second(X, p, np.empty((SETS, 1, 3, ROWS)), *kept)
    assert sorted(calls) == ["cos", "exp", "sin"]


def test_a_constant_that_is_not_in_the_law_has_no_slope() -> None:
    gradient, p = gradient_of(LAWS["power"])
    out = np.full((SETS, 1, 2, ROWS), np.nan)
    gradient.split(("L", "idle"), (), value=False).first(X, p, out)
    np.testing.assert_array_equal(out[0, 0], [[1.0] * ROWS, [0.0] * ROWS])


def test_what_is_separate_is_found_without_evaluating_the_whole_law(monkeypatch: pytest.MonkeyPatch) -> None:
    laws = {
        "y": "p['L'] + p['A'] * x['n'] ** -p['a']",
        "z": "p['M'] + p['B'] * x['n'] ** -p['b'] + p['C'] * x['d'] ** 2.0",
        "w": "p['A'] * x['d'] + p['c']",
    }
    parts = ", ".join(f"{name!r}: {law}" for name, law in laws.items())
    stated = read(f"PARAMETERS = {tuple('LAaMBbCc')!r}\ndef form(x, p):\n    return {{{parts}}}\n", tuple(laws))
    assert isinstance(stated, Statement)
    spec = Spec(("n", "d"), tuple(laws), ("all",), None, 99, 0, ours=True)
    source = write(stated, spec.features)
    rows = gather(
        Table({k: v[0, 0] for k, v in X.items()}, dict.fromkeys(laws, X["n"][0, 0]), spec.groups, np.zeros(ROWS, int)),
        np.zeros(ROWS, int),
        spec.targets,
        np.array([0]),
        Loss.SQUARED,
    )
    sets = RNG.uniform(0.3, 1.2, (9, 8))
    found, calls = [], list[int]()
    for ours in (True, False):
        law = load(source, "form", ("numpy",), replace(spec, ours=ours))
        assert isinstance(law, FormLaw)
        form = law.to_fit
        count: list[int] = []
        counted = replace(form, call=lambda x, p, form=form, count=count: (count.append(1), form.call(x, p))[1])
        found.append(analyse(counted, spec.targets, rows, sets))
        calls.append(len(count))
    assert found[0] == found[1]
    assert len(found[0].parts) == 2 and len(found[0].linear) == 6
    assert calls[0] < calls[1] / 3


def test_a_law_of_very_many_terms_is_left_whole() -> None:
    long = " + ".join(["1.0"] * 2000)
    source = f"def form(x, p):\n    return p['a']\n\ndef gradient(x, p):\n    return {{'a': {long}}}\n"
    home: dict[str, Any] = {}
    exec(source, home)
    assert printed_gradients(source, home, defined) == {}


def test_what_our_print_never_holds_is_refused() -> None:
    source = "def form(x, p):\n    return p['a']\n\ndef gradient(x, p):\n    return {'a': [1.0 for _ in x]}\n"
    home: dict[str, Any] = {}
    exec(source, home)
    with pytest.raises(NotImplementedError):
        printed_gradients(source, home, defined)
