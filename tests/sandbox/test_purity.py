"""What is proved to be arithmetic on each row is; whatever could be more is not proved."""

import ast

import numpy as np
import pytest

from lawsmith.sandbox.law.pure import ELEMENTWISE, is_pure

FORM = """\"\"\"A law.\"\"\"
import numpy as np
import math

EXPRESSION = "c + a n^-k"
UNIT = 1e4
PARAMETERS = {"c": (0, None), "a": (-np.inf, math.inf), "k": (0.0, 2 * UNIT)}
SHARED = ("k",)
LOSS = "relative"


def decay(n, k):
    return n ** -k


def form(x, p):
    "In words."
    n = np.maximum(x["n"] / UNIT, 1e-9)
    n = np.where(n > 1, n, np.clip(n, 0.5, 1))
    return p["c"] + p["a"] * decay(n, p["k"]) * np.pi


def gradient(x, p):
    return {"c": 1.0, "a": decay(x["n"], p["k"]), "k": {"loss": -x["n"], "other": 0}}


PER_TARGET = {"loss": (form, gradient)}
"""


def form(body: str, before: str = "", signature: str = "x, p") -> str:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return f"import numpy as np\n{before}\nPARAMETERS = ('a',)\ndef form({signature}):\n{lines}\n"


def test_ordinary_forms_are_proved() -> None:
    assert is_pure(ast.parse(FORM))
    assert is_pure(ast.parse(form('return p["a"] * x["n"]')))


@pytest.mark.parametrize(
    "body",
    [
        # changes its arguments, or a view of them
        "x['n'] = 0\nreturn p['a']",
        "x['n'][:] = 0\nreturn p['a']",
        "x *= 2\nreturn p['a']",
        "n = x['n']\nn *= 2\nreturn n",
        "n = x['n'] = p['a']\nreturn n",
        "np.add(x['n'], 1, out=x['n'])\nreturn p['a']",
        "return np.add(x['n'], 1, x['n'])",
        "return np.exp(x['n'], x['n'])",
        "return np.clip(x['n'], 0, 1, x['n'])",
        "return np.add(x['n'], 1, where=x['n'] > 0)",
        "return np.add.at(x['n'], 0, 1)",
        "return np.add.reduce(x['n'])",
        "return np.add.outer(x['n'], x['n'])",
        "return x['n'].sort()",
        "return x['n'].T",
        "return x.pop('n')",
        "return x.update(p)",
        "return np.copyto(x['n'], 1)",
        "return np.put(x['n'], 0, 1)",
        "return np.nan_to_num(x['n'], False)",
        "del x['n']\nreturn p['a']",
        "for x['n'] in (1, 2): pass\nreturn p['a']",
        # brings rows together
        "return np.mean(x['n'])",
        "return np.sum(x['n']) * x['n']",
        "return np.cumsum(x['n'])",
        "return np.sort(x['n'])",
        "return x['n'] @ x['n']",
        "return x['n'][0]",
        "return x['n'][::-1]",
        "return x['n'][-1:]",
        "return x['n'][x['n'] > 1]",
        "return x['n'][None]",
        "return x['n'][...]",
        "return x[0]",
        "n = x['n']\nreturn n['a']",
        "return np.where(x['n'] > 1)",
        "return 0 < x['n'] < 1",
        "return x['n'] is x['n']",
        "return 'n' in x",
        "return x['n'] and 1",
        "return not x['n']",
        "return 1 if x['n'] else 0",
        "return len(x['n'])",
        "return sum(x['n'])",
        "return max(x['n'])",
        "return abs(x['n'])",
        # remembers, or looks around
        "global seen\nseen = x\nreturn p['a']",
        "nonlocal_ = form\nreturn nonlocal_.calls",
        "form.calls = 1\nreturn p['a']",
        "return form.__globals__",
        "return form(x, p)",
        "return (seen := x)['n']",
        "return [n for n in x['n']]",
        "return {k: v for k, v in x.items()}",
        "return (n for n in x)",
        "return {**x}",
        "return {x['n'] for _ in x}",
        "return [x['n']]",
        "return (x['n'], 1)",
        "return {p['a']: 1}",
        "return lambda: x",
        "f = lambda: x\nreturn f()",
        "def inner(): return x\nreturn inner()",
        "class A: pass\nreturn A",
        "yield x['n']",
        "return (yield)",
        "import os\nreturn os",
        "from os import system\nreturn system",
        "try:\n    n = 1\nexcept Exception:\n    n = 2\nreturn n",
        "with np.errstate(): return 1",
        "while True: pass",
        "if x: return 1\nreturn 2",
        "match x:\n    case _: return 1",
        "assert x['n'].all()\nreturn 1",
        "raise ValueError",
        "print(x)\nreturn 1",
        "return print",
        "return open",
        "return unknown",
        "return later\nlater = 1",
        "return np",
        "return np.exp",
        "return np.ctypeslib",
        "return np.random.normal()",
        "return np.linalg.norm(x['n'])",
        "return np.fromfile('x')",
        "return np.load('x')",
        "return np.seterrcall(form)",
        "return np.vectorize(form)(x['n'])",
        "return np.frompyfunc(form, 1, 1)(x['n'])",
        "return np.ufunc(x['n'])",
        "return np.nan",
        "return np.__builtins__",
        "return getattr(np, 'load')",
        "return __import__('os')",
        "return f'{x}'",
        "return 'text'",
        "return b'bytes'",
        "return 1j * x['n']",
        "return True * x['n']",
        "return None",
        "return ...",
        "return",
        "pass",
        "'only words'",
        "return np.exp(*x)",
        "return np.exp(**x)",
        "return np.exp()",
        "return np.power(x['n'])",
        "return np.where(x['n'] > 1, 1)",
        "return ~x['n']",
        "return x['n'] << 1",
        "return x['n'] | 1",
        "return x[f'n']",
        "return x['n', 'm']",
        "np = x\nreturn np['n']",
        "form = 1\nreturn form",
        "PARAMETERS = 1\nreturn 1",
        "__builtins__ = 1\nreturn 1",
        "n: float = x['n']\nreturn n",
        "n, m = x\nreturn n",
        "[n] = x\nreturn n",
        "*n, = x\nreturn n",
        "x.n = 1\nreturn 1",
        "async def f(): pass\nreturn 1",
        "return await_",
        "return np . ｌｏａｄ ('x')",
    ],
)
def test_anything_else_in_a_function_is_not_proved(body: str) -> None:
    assert not is_pure(ast.parse(form(body)))


@pytest.mark.parametrize(
    "before",
    [
        "import os",
        "import numpy.ctypeslib",
        "import scipy",
        "import numpy as form",
        "from numpy import exp",
        "from numpy import *",
        "from __future__ import annotations",
        "np = 1",
        "np.exp = print",
        "np.seterr(all='raise')",
        "PARAMETERS = ('b',)",
        "A = B = 1",
        "A, B = 1, 2",
        "A = 1\nA = 2",
        "A += 1",
        "A: int = 1",
        "A = [n for n in (1, 2)]",
        "A = print",
        "A = print('now')",
        "A = np",
        "A = np.exp",
        "A = np.load('x')",
        "A = lambda: 1",
        "A = {'k': np.load}",
        "A = {1: 2}",
        "A = {**{}}",
        "A = (*'ab',)",
        "A = f'{1}'",
        "A = (B := 1)",
        "__builtins__ = {}",
        "__name__ = 'x'",
        "__getattr__ = 1",
        "def __getattr__(name): return 1",
        "def g(n): return np.load(n)",
        "def g(n=print('now')): return n",
        "def g(n: print('now')): return n",
        "def g(n) -> print('now'): return n",
        "def g(*n): return n",
        "def g(**n): return n",
        "def g(*, n): return n",
        "def g(n, /): return n",
        "def g(np): return np",
        "def g(__n): return __n",
        "def g(n): return g(n)",
        "def g(n): return form(n, n)",
        "def g(n): return 1\ndef g(n): return 2",
        "def np(n): return n",
        "@np.vectorize\ndef g(n): return n",
        "async def g(n): return n",
        "class A: pass",
        "class A:\n    def __radd__(self, n): return n.sort()\nB = A()",
        "if True: A = 1",
        "for A in (1, 2): pass",
        "while False: pass",
        "try: A = 1\nfinally: pass",
        "with np.errstate(): pass",
        "assert True",
        "del np",
        "global A",
        "raise ValueError",
        "print('now')",
        "pass",
        "1",
        "type A = print('x')",
    ],
)
def test_anything_else_in_a_module_is_not_proved(before: str) -> None:
    source = form("return p['a'] * x['n']", before)
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return  # of a later Python: no candidate either
    assert not is_pure(tree)


@pytest.mark.parametrize(
    "signature", ["x, p, q=1", "x, *p", "x, p, **q", "x, p, *, q=1", "x: int, p", "x, p, /"]
)
def test_arguments_are_plain(signature: str) -> None:
    assert not is_pure(ast.parse(form("return p['a'] * x['n']", signature=signature)))


def test_a_list_is_no_number() -> None:
    """A global that could be changed is never in reach of a function."""
    assert is_pure(ast.parse(form("return x['n'] * A", "A = 2 * np.pi")))
    for value in ("[1]", "(1,)", "{'k': 1}", "'text'", "None", "True"):
        assert is_pure(ast.parse(form("return x['n']", f"A = {value}")))
        assert not is_pure(ast.parse(form("return x['n'] * A", f"A = {value}")))
        assert not is_pure(ast.parse(form("return A['k']", f"A = {value}")))


def test_what_is_nested_too_deeply_is_not_proved() -> None:
    tree = ast.parse("import numpy as np")
    value: ast.expr = ast.Constant(1)
    for _ in range(100_000):
        value = ast.UnaryOp(ast.USub(), value)
    tree.body.append(ast.Assign([ast.Name("A", ast.Store())], value))
    assert not is_pure(tree)
    while isinstance(value, ast.UnaryOp):  # taken apart here: its own deallocation would recurse
        value = value.operand


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_listed_functions_work_place_by_place_and_change_nothing(name: str) -> None:
    function, count = getattr(np, name), ELEMENTWISE[name]
    rng = np.random.default_rng(0)
    operands = [rng.uniform(0.1, 0.9, 9) for _ in range(count)]
    kept = [operand.copy() for operand in operands]
    order = rng.permutation(9)
    with np.errstate(all="ignore"):
        whole = function(*operands)
        shuffled = function(*(operand[order] for operand in operands))
        lone = [function(*(operand[i : i + 1] for operand in operands))[0] for i in range(9)]
    assert whole.shape == (9,)
    assert all(np.array_equal(before, after) for before, after in zip(kept, operands, strict=True))
    if isinstance(function, np.ufunc):
        assert function.nin == count  # one operand more would be `out`
    np.testing.assert_allclose(shuffled, whole[order], rtol=1e-14)
    np.testing.assert_allclose(lone, whole, rtol=1e-14)
