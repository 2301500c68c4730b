"""The one reader of laws: what models write is read with its values, and what cannot be read has a reason."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from lawsmith.sandbox.law.key import statement_key
from lawsmith.sandbox.law.nodes import Role, Statement, Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.traits import traits_of
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.law.write_text import formula

X = {"N": np.geomspace(3.0, 3e4, 40), "D": np.geomspace(7e3, 2.0, 40), "tokens seen": np.linspace(1, 2, 40)}
P = {"L": 0.7, "A": 1.3, "a": 0.4, "b": 0.2}
HEAD = "import itertools\nimport math\nimport numpy as np\nPARAMETERS = ('L', 'A', 'a', 'b')\n"

BODIES = {
    "one expression": "return p['L'] + p['A'] * x['N'] ** -p['a']",
    "statements": "y = p['A'] * x['N'] ** -p['a']\n    y *= 2\n    y += p['L']\n    y -= x['D'] / 1e3\n    return y",
    "get and asarray": "n = np.asarray(x.get('N'), dtype=float)\n    return p.get('L', 0.0) + float(p['A']) / n",
    "errstate and guards": (
        "with np.errstate(all='ignore'):\n        y = np.maximum(np.clip(x['N'], 1e-9, None), 5.0)\n"
        "    return np.where(x['D'] > 100, y, np.minimum(y, p['A'])) + np.nan_to_num(np.log(x['D']))"
    ),
    "loops": (
        "y = p['L']\n    for k, name in enumerate(('N', 'D')):\n        y = y + p['Aa'[k]] * np.log(x[name])\n"
        "    for power in range(1, 3):\n        y += p['b'] * x['N'] ** (-power)\n    return y"
    ),
    "helpers": (
        "def soft(u, width=1.0):\n        return width * np.log1p(np.exp(u / width))\n"
        "    decay = lambda u: u ** -p['a']\n    return soft(decay(x['N']), width=p['A']) + p['L']"
    ),
    "branch on a parameter": "if p['a'] > 0.3:\n        return x['N'] * p['A']\n    return x['D']",
    "branch that goes on": "y = x['N']\n"
    "    if p['a'] < 0.3:\n        y = x['D']\n    else:\n        y = y / 2\n    return y",
    "masks": "y = np.zeros_like(x['N'])\n"
    "    far = x['N'] > 50\n    y[far] = p['A'] * x['N'][far]\n    return y + p['L']",
    "vectors": (
        "c = np.array([p['L'], p['A'], p['a']])\n    t = np.stack([np.ones(len(x['N'])), x['N'], x['D']])\n"
        "    return np.sum(c[:, None] * t, axis=0) if False else sum(u * v for u, v in zip(c, t))"
    ),
    "a matrix of columns": "return np.column_stack([np.log(x['N']), x['D']]) @ np.array([p['A'], p['b']])",
    "math and constants": "return math.pi * p['A'] * x['N'] ** math.log(2.0) + np.e + math.sqrt(p['L'])",
    "a fold of sums": "return sum([p['A'] * x['N'] / k for k in range(1, 6)], p['L'])"
    " + np.prod([x['N'], x['D']], axis=0)",
    "a name with a blank": "return p['A'] * x['tokens seen'] / (1 + p['a'] * x['tokens seen'])",
    "whole numbers": "return p['A'] * (x['N'] // 7 % 3) + abs(-x['D']) + (x['N'] > 9) * 2 + max(p['a'], 0.1)",
    "of all features": "return sum(p['A'] * np.log(x[name]) for name in sorted(x)) if 'N' in x else p['L']",
    "pairs": (
        "y = p['L']\n    for k, (a, b) in enumerate(itertools.combinations(['N', 'D'], 2), start=1):\n"
        "        y = y + p['A'] / k * np.log(x[a]) * np.log(x[b])\n    return y"
    ),
    "logarithms": "return np.log2(x['N']) + np.log10(x['D']) + np.log1p(x['N']) + np.logaddexp(0, np.log(x['N']))",
    "select": "return np.select([x['N'] < 9, x['N'] < 99], [p['A'], p['a'] * x['N']], default=p['L'])",
    "full": "y = np.full(x['N'].shape, p['L'])\n    return y + np.full_like(y, 2.0) * np.tanh(x['N']).copy()",
}


def value(source: str, x: dict[str, Any] | None = None) -> Any:
    space: dict[str, Any] = {}
    exec(source, space)
    with np.errstate(all="ignore"):
        return space["form"]({k: v.copy() for k, v in (x or X).items()}, dict(P))


def stated(source: str, targets: tuple[str, ...] = ("y",)) -> Statement:
    found = read(source, targets, tuple(X))
    assert isinstance(found, Statement), found
    return found


def printed(statement: Statement) -> str:
    return write(Statement(statement.targets, statement.parameters), tuple(X))


@pytest.mark.parametrize("name", BODIES)
def test_what_is_read_has_the_values_of_the_source(name: str) -> None:
    source = f"{HEAD}def form(x, p):\n    {BODIES[name]}\n"
    np.testing.assert_allclose(value(printed(stated(source))), value(source), rtol=1e-9)


def test_what_we_print_is_read_as_the_same_law() -> None:
    for body in BODIES.values():
        first = stated(f"{HEAD}def form(x, p):\n    {body}\n")
        again = stated(printed(first))
        assert again.targets == first.targets
        assert again.parameters == first.parameters


def test_several_targets_helpers_bounds_and_what_is_shared() -> None:
    source = """
import numpy as np
LETTERS = "ab"
SCALE = 10 ** 3
PARAMETERS = {f"{k}{i}": (0, None) for i in (1, 2) for k in LETTERS}
SHARED = ["b2", "b1"]
LOSS = "relative"
EXPRESSION = "a lie"
def one(x, p, i, power=2):
    return p[f"a{i}"] * (x["N"] / SCALE) ** power + p.get(f"b{i}", 0.0) + p.get("absent", 0.5)
def form(x, p):
    return {f"t{i}": one(x, p, i, power=i) for i in range(1, 3)}
def gradient(x, p):
    raise RuntimeError
"""
    found = stated(source, ("t1", "t2"))
    assert [(p.name, p.lower, p.upper) for p in found.parameters][:2] == [("a1", 0, np.inf), ("b1", 0, np.inf)]
    assert (found.shared, found.loss, list(found.targets)) == (("b1", "b2"), "relative", ["t1", "t2"])
    assert [p.role for p in found.parameters[:2]] == [Role.COEFFICIENT, Role.LEVEL]


def test_people_read_a_law_without_what_keeps_arithmetic_from_the_edge() -> None:
    body = "y = p['L'] + p['A'] * np.exp(np.clip(-p['a'] * np.log(np.maximum(x['N'], 1e-12)), -60, 60))"
    found = stated(f"{HEAD}def form(x, p):\n    {body}\n    return np.where(np.isfinite(y), y, 1e6)\n")
    assert formula(found) == "y = L + A * exp(-a * log(N))"
    hinge = "np.maximum(p['A'] * np.maximum(x['N'], 0) - abs(x['D']), 0)"  # these may be the law
    assert formula(stated(f"{HEAD}def form(x, p):\n    return {hinge}\n")) == "y = max(A * max(N, 0) - abs(D), 0)"


def test_roles_follow_from_places_not_from_names() -> None:
    body = "return p['q'] + p['L'] * (x['N'] + p['A']) ** -p['u'] + p['v'] * np.exp(-p['w'] * (x['D'] - p['m']))"
    source = f"import numpy as np\nPARAMETERS = tuple('qLAuvwm')\ndef form(x, p):\n    {body}\n"
    assert {p.name: p.role for p in stated(source).parameters} == {
        "q": Role.LEVEL,
        "L": Role.AMPLITUDE,
        "A": Role.SHIFT,
        "u": Role.EXPONENT,
        "v": Role.AMPLITUDE,
        "w": Role.RATE,
        "m": Role.CENTRE,
    }


@pytest.mark.parametrize(
    "body",
    [
        "return x['N'].mean() * p['A']",
        "return x['N'] - np.mean(x['N'])",
        "return np.max(x['N']) + x['D']",
        "return np.sort(x['N'])",
        "return x['N'].astype(complex)",
        "return x['N'].astype(int)",
        "return np.asarray(x['N'], dtype=int)",
        "return np.array(x['N'], complex)",
        "return int(p['a']) * x['N']",
        "return x['N'] + 0j",
        "return np.cumsum(x['N'])",
        "return x['N'][::-1]",
        "return np.exp(x['N'], out=x['N'])",
        "return np.random.rand(len(x['N']))",
        "return globals()['p']",
        "return x['nowhere']",
        "global A\n    return x['N']",
        "while p['a'] > 0:\n        pass\n    return x['N']",
        "try:\n        assert p['a']\n        return x['N']\n    except AssertionError:\n        return x['D']",
        "return x['N'] if np.any(x['N'] > 3) else x['D']",
        "return np.vectorize(lambda n: n, signature='(n)->()')(x['N'])",
        "return form(x, p)",
        "return p['L'] * float('nan') + x['N']",
        "return x",
        "return",
        "return 'text'",
        "pass",
    ],
)
def test_what_cannot_be_read_has_a_reason(body: str) -> None:
    found = read(f"{HEAD}def form(x, p):\n    {body}\n", ("y",), tuple(X))
    assert isinstance(found, Unreadable)
    assert found.reason


@pytest.mark.parametrize(
    "top",
    [
        "def form(x, p):\n    return x['N']\nform = lambda x, p: x['D']",
        "def form(x, p):\n    return x['N']\ndef form(x, p):\n    return x['D']",
        "def form(x, p):\n    return x['N']\nglobals()['form'] = abs",
        "import functools\n@functools.cache\ndef form(x, p):\n    return x['N']",
        "def form(x, p):\n    return x['N']\nPARAMETERS += ('c',)",
        "def form(x, p):\n    return x['N']\nfor k in 'ab':\n    pass",
        "from numpy import *\ndef form(x, p):\n    return exp(x['N'])",
        "class Law:\n    pass\ndef form(x, p):\n    return x['N']",
    ],
)
def test_a_module_that_works_on_its_own_names_is_not_read(top: str) -> None:
    assert isinstance(read(f"{HEAD}{top}\n", ("y",)), Unreadable)


@pytest.mark.parametrize(
    "value",
    [
        *("max([])", "np.max([])", "np.where(1)", "np.where(x['N'] > 1)", "np.arccos((1, 2), p)", "x['N'] in 'a'"),
        *("{}.get(x)", "{'a': 1}.get([1])", "f'{np:x}'", "enumerate([1], {})", "np.power(x['N'])"),
    ],
)
def test_what_fails_in_python_is_not_read(value: str) -> None:
    source = (
        f"import numpy as np\nPARAMETERS = ('a',)\ndef form(x, p):\n    v = {value}\n    return p['a'] * x['N'] + v\n"
    )
    assert isinstance(read(source, ("y",), ("N",)), Unreadable)


@pytest.mark.parametrize(
    "names", ["('a b',)", "('%s',)" % ("k" * 33), "('a', 'a')", "{'a': (1, 0)}", "{'a': (0, float('nan'))}", "(1,)"]
)
def test_names_and_bounds_are_held_to_the_contract(names: str) -> None:
    assert isinstance(read(f"PARAMETERS = {names}\ndef form(x, p):\n    return x['N']\n", ("y",)), Unreadable)


@pytest.mark.parametrize("exponent", ["np.inf", "-np.inf"])
def test_a_law_with_an_endless_exponent_has_a_key_and_traits(exponent: str) -> None:
    found = read(f"{HEAD}def form(x, p):\n    return p['L'] + (x['N'] + p['a']) ** {exponent}\n", ("y",), ("N",))
    assert isinstance(found, Statement) and statement_key(found) and traits_of(found).features == {"N"}


COPY = "    if p['a'] > 0:\n        a = [a, a]\n    return np.sum(a)"


@pytest.mark.parametrize(
    "body",
    [
        "y = x['N']\n    for i in range(60):\n        y = y + y\n    return y",
        "y = x['N'] + p['A']\n    for i in range(60):\n        y = y * y\n    return y",
        "y = x['N']\n    for i in range(3000):\n        y = np.sin(y)\n    return y",
        "return 9.0 ** 9.0 ** 9.0 ** x['N']",
        "return x['N'] * 9 ** 9 ** 9",
        "for i in range(10 ** 9):\n        pass\n    return x['N']",
        "for i in range(5000):\n        for j in range(5000):\n            pass\n    return x['N']",
        "s = 'x'\n    for i in range(100):\n        s = s + s\n    return x[s]",
        "s = [1]\n    for i in range(100):\n        s = s * 9\n    return x[s]",
        "return " + "-" * 3000 + "x['N']",
        "return " + "(" * 150 + "x['N']" + ")" * 150,
        "return " + " + ".join(["x['N']"] * 10_000),
        "return " + " ** ".join(["x['N']"] * 1_000),
        "return " + "x['N'] if p['a'] > 0 else " * 500 + "x['D']",
        "return x" + ".a" * 900,
        "f = lambda g: g(g)\n    return f(f)",
        "s = 'N'\n    for i in range(60):\n        s = f'{s}{s}'\n    return x[s]",
        "a = [x['N']]\n    for i in range(60):\n        a = [a, a]\n" + COPY,
        "a = []\n    a.append(a)\n" + COPY,
        "a = [0]\n    for i in range(60):\n        b = []\n        b.append(a)\n        b.append(a)\n        a = b\n"
        + COPY,
        "a = list(itertools.permutations(range(4000), 4000))\n" + COPY,
        "a = list(itertools.product(*[range(99)] * 9))\n" + COPY,
        "a = {}\n    for i in range(60):\n        a = {'a': a, 'b': a}\n" + COPY,
        "y = x['N']\n" + "    if p['a'] > 0:\n        y = y + 1\n" * 200 + "    return y",
    ],
)
def test_hostile_source_ends_quickly(body: str) -> None:
    started = time.process_time()
    found = read(f"{HEAD}def form(x, p):\n    {body}\n", ("y",), tuple(X))
    if isinstance(found, Statement):
        printed(found)
    assert time.process_time() - started < 20  # unbounded, it takes longer than anybody waits


def test_a_form_of_a_thousand_terms_is_read_and_printed() -> None:
    terms = " + ".join(f"p['A'] * x['N'] ** {k}" for k in range(2, 700))
    found = stated(f"{HEAD}def form(x, p):\n    return {terms}\n")
    near = {name: np.linspace(0.5, 0.9, 5) for name in X}
    np.testing.assert_allclose(value(printed(found), near), P["A"] * sum(near["N"] ** k for k in range(2, 700)))


def test_a_source_is_read_once_and_a_refusal_keeps_no_frames() -> None:
    stated = "PARAMETERS = ('a',)\ndef form(x, p):\n    return p['a'] * x['N']\n"
    assert read(stated, ["y"], ["N"]) is read(stated, ("y",), ("N",))
    assert read(stated, ["y"], ["M"]) is not read(stated, ["y"], ["N"])
    refused = read("form = 3")
    assert isinstance(refused, Unreadable)
    assert refused.__traceback__ is None
