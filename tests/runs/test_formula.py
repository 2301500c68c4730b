"""Formulas read from source: right values, safe names, and a reason where there is none."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from runs_forms import ARRAYS, PLAIN

from lawsmith.sandbox.law.expression import features, parameters
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.read import read, statement_of
from lawsmith.sandbox.law.write_plain import plain_form
from lawsmith.sandbox.law.write_sympy import to_sympy
from lawsmith.sandbox.law.write_text import formula, latex, latex_name, source_formula

POINTS = {"n": np.geomspace(3.0, 3e4, 40), "d": np.geomspace(7e3, 2.0, 40)}


def form_of(source: str) -> tuple[Any, dict[str, float]]:
    """The function `form` of the source itself, and constants for it."""
    space: dict[str, Any] = {}
    exec(source, space)
    return space["form"], {key: 0.3 + 0.2 * place for place, key in enumerate(space["PARAMETERS"])}


@pytest.mark.parametrize("name", list(PLAIN))
def test_plain_python_has_the_values_of_the_form(name: str) -> None:
    stated = read(PLAIN[name], ("loss",))
    assert isinstance(stated, Statement), stated
    form, p = form_of(PLAIN[name])
    space: dict[str, Any] = {"math": math}
    exec(plain_form(stated), space)
    rows = [dict(zip(POINTS, row, strict=True)) for row in np.transpose(list(POINTS.values())).tolist()]
    with np.errstate(all="ignore"):
        expected = form({key: column.copy() for key, column in POINTS.items()}, p)
    np.testing.assert_allclose([space["form"](row, p) for row in rows], expected, rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "overflow inside"])
def test_sympy_has_the_values_of_the_form(name: str) -> None:
    import sympy

    stated = statement_of(PLAIN[name], ("loss",))
    form, p = form_of(PLAIN[name])
    expression = to_sympy(stated)["loss"]
    symbols = sorted(expression.free_symbols, key=str)
    tree = stated.targets["loss"]
    assert {str(symbol) for symbol in symbols} <= {*features(tree), *(one.name for one in parameters(tree))}
    evaluate = sympy.lambdify(symbols, expression, ["scipy", "numpy"])
    with np.errstate(all="ignore"):
        values = evaluate(*({**POINTS, **p}[str(symbol)] for symbol in symbols))
        expected = form({key: column.copy() for key, column in POINTS.items()}, p)
    np.testing.assert_allclose(values, expected, rtol=1e-9)


def test_text_is_what_people_write() -> None:
    source = """
import numpy as np
PARAMETERS = {"L_inf": (0, 1), "A": (0, 9), "N0": (0, 9), "alpha": (0, 1), "B": (0, 1)}
def form(x, p):
    x_N = x["N"] / 1e9
    left = p["L_inf"] + p["A"] * (x_N + p["N0"]) ** -p["alpha"]
    return left - p["B"] * np.log(x["tokens seen"]) ** 2 * 0.001
"""
    stated = statement_of(source, ("loss",))
    assert formula(stated) == ("loss = L_inf + A * (N/1e9 + N0)^-alpha - 0.001 * B * log(tokens seen)^2")
    numbers = {"L_inf": 1.2345678, "A": -2.0, "N0": 12345678.0, "alpha": -0.25, "B": 0.0}
    assert formula(stated, numbers) == ("loss = 1.235 - 2 * (12350000 + N/1e9)^0.25")
    assert features(stated.targets["loss"]) == ("N", "tokens seen")
    assert [one.name for one in parameters(stated.targets["loss"])] == ["L_inf", "A", "N0", "alpha", "B"]
    shown = latex(stated)["loss"]
    assert r"L_{\infty}" in shown
    assert r"\alpha" in shown
    assert r"N / 10^{9}" in shown
    assert r"\mathrm{tokens" in shown


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("p['L'] + p['A'] * (x['N'] / 1e9) ** -p['a']", r"L + \frac{A}{\left( N / 10^{9} \right)^{a}}"),
        ("-p['A'] * x['N'] - -p['L']", r"L - A \cdot N"),
        ("p['A'] - (p['L'] - p['a'])", r"A - \left( L - a \right)"),
        ("x['N'] * -3", r"-3 \cdot N"),
        ("x['N'] ** (1 / 3) + 88000000000000.33", r"88000000000000.33 + N^{1 / 3}"),
        ("x['N'] / 2.5e-7", r"\frac{N}{2.5 \cdot 10^{-7}}"),
        ("(p['A'] * x['N']) ** 2 ** p['a']", r"\left( A \cdot N \right)^{2^{a}}"),
        ("np.log1p(x['N']) ** 2", r"\left( \log \left( 1 + N \right) \right)^{2}"),
        ("np.sqrt(np.abs(x['N']))", r"\sqrt{\left| N \right|}"),
        ("np.where(x['N'] > 3, 1, p['L'])", r"\begin{cases} 1 & \text{if } N > 3 \\ L & \text{otherwise} \end{cases}"),
    ],
)
def test_latex_states_a_formula_as_it_was_written(body: str, expected: str) -> None:
    source = f'import numpy as np\nPARAMETERS = ("L", "A", "a")\ndef form(x, p):\n    return {body}\n'
    assert latex(statement_of(source, ("t",))) == {"t": expected}


def test_several_targets_from_a_loop() -> None:
    source = """
PARAMETERS = tuple(f"{k}{i}" for i in (1, 2) for k in "ab")
def one(x, p, i, power=2):
    return p[f"a{i}"] * x["n"] ** power + p.get(f"b{i}", 0.0) + p.get("absent", 0.5)
def form(x, p):
    out = {}
    for i in range(1, 3):
        out[f"t{i}"] = one(x, p, i, power=i)
    return out
"""
    assert source_formula(source, ("t1", "t2")) == "t1 = 0.5 + a1 * n + b1; t2 = 0.5 + a2 * n^2 + b2"


def test_feature_and_parameter_of_one_name_stay_apart() -> None:
    source = 'PARAMETERS = ("n",)\ndef form(x, p):\n    return p["n"] * x["n"]\n'
    stated = statement_of(source, ("t",))
    assert formula(stated) == "t = p.n * n"
    assert len(to_sympy(stated)["t"].free_symbols) == 2


@pytest.mark.parametrize("name", list(ARRAYS))
def test_what_cannot_be_read_has_a_reason(name: str) -> None:
    assert source_formula(ARRAYS[name], ("loss",)) == ""
    with pytest.raises(ValueError, match=r".+"):
        statement_of(ARRAYS[name], ("loss",))


@pytest.mark.parametrize(
    "body",
    [
        "y = x['n']\n    for i in range(60):\n        y = y + y\n    return y",
        "return 9.0 ** 9.0 ** 9.0 ** x['n']",
        "return x['n'] * 9 ** 9 ** 9",
        "for i in range(10 ** 9):\n        pass\n    return x['n']",
        "for i in range(10000):\n        for j in range(10000):\n            pass\n    return x['n']",
        "return form(x, p)",
        "a = 'x' * 10 ** 9\n    return x['n']",
        "s = 'x'\n    for i in range(100):\n        s = s + s\n    return x[s]",
        "return " + "-" * 3000 + "x['n']",
        "return " + "(" * 150 + "x['n']" + ")" * 150,
        "return x['n'] if x['n'] else p['A']",
        "while True:\n        pass",
        "return __import__('os').getcwd()",
        "return x",
        "return",
        "return 'text'",
    ],
)
def test_hostile_source_ends_quickly_with_a_reason_or_a_formula(body: str) -> None:
    started = time.process_time()
    found = read(f'PARAMETERS = ("A",)\ndef form(x, p):\n    {body}\n', ("t",))
    assert found.reason if isinstance(found, Unreadable) else formula(found) and latex(found)
    assert time.process_time() - started < 5


def test_constants_that_sympy_would_never_finish_are_computed_as_floats() -> None:
    body = 'return x["n"] * np.exp(700.0) ** 0.5 + np.exp(1e300)'
    source = f"import numpy as np\nPARAMETERS = ()\ndef form(x, p):\n    {body}\n"
    assert latex(statement_of(source, ("t",)))["t"]


def test_the_deepest_formula_can_be_printed() -> None:
    terms = " + ".join(f'np.exp(p["A"] * x["n"] ** {k})' for k in range(94))
    stated = statement_of(f'import numpy as np\nPARAMETERS = ("A",)\ndef form(x, p):\n    return {terms}\n', ("t",))
    assert formula(stated).count("exp") == 94
    assert latex(stated)["t"]
    longer = " + ".join(["x['n']"] * 10_000)
    assert isinstance(read(f'PARAMETERS = ("A",)\ndef form(x, p):\n    return {longer}\n', ("t",)), Unreadable)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alpha", r"\alpha"),
        ("N0", "N_{0}"),
        ("beta_1", r"\beta_{1}"),
        ("E_inf", r"E_{\infty}"),
        ("sft_data_size", r"\mathrm{sft\_data\_size}"),
        ("N kg/ha", r"\mathrm{N\ kg/ha}"),
        ("v (µM)", r"\text{v\ (µM)}"),
        (r"\input{/etc/passwd}$", r"\mathrm{\backslash{}input\{/etc/passwd\}\$}"),
        ("a\nb\u202e", r"\mathrm{a\backslash{}nb\backslash{}u202e}"),
    ],
)
def test_names_in_latex(name: str, expected: str) -> None:
    assert latex_name(name) == expected


@pytest.mark.parametrize("function", ["maximum", "minimum", "where"])
def test_sympy_meets_only_as_many_cases_as_it_works_out_in_time(function: str) -> None:
    nested = 'p["a"] * x["n"]'
    for place in range(25):
        other = f'x["n"] - {place}'
        nested = f"np.{function}({nested} > {place}, {other}, 1.0)" if function == "where" else nested
        nested = nested if function == "where" else f"np.{function}({nested}, {other})"
    source = f'import numpy as np\nPARAMETERS = ("a",)\ndef form(x, p):\n    return {nested}\n'
    began = time.monotonic()
    with pytest.raises(ValueError, match="too large for sympy"):
        to_sympy(statement_of(source, ("y",)))
    assert time.monotonic() - began < 60  # sympy would take hours


def test_what_is_true_counts_as_one_in_sympy():
    body = 'return p["L"] + p["d"] * (x["k"] == 1) + (x["k"] > 5)'
    source = f'PARAMETERS = {{"L": None, "d": None}}\n\ndef form(x, p):\n    {body}\n'
    (stated,) = to_sympy(statement_of(source, ("y",))).values()
    values = {symbol: {"L": 2, "d": 3}.get(str(symbol)) for symbol in stated.free_symbols if str(symbol) != "k"}
    (k,) = stated.free_symbols - set(values)
    assert [stated.subs({**values, k: value}) for value in (0, 1, 6)] == [2, 5, 3]
