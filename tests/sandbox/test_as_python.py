"""What is read of a form means what Python would do with it, or it is not read."""

from __future__ import annotations

import numpy as np
import pytest

from lawsmith.sandbox import read_candidate
from lawsmith.tasks import Schema

SCHEMA = Schema(name="t", long_name="t", title="", features=("N", "D"), targets=("y",), group=None)
HEAD = 'import functools\nimport numpy as np\nPARAMETERS = ("a", "b", "c")\ndef form(x, p):\n'

AS_PYTHON = {
    "late binding": (
        "    fs = []\n"
        "    for k in range(3):\n"
        '        fs.append(lambda: k * p["a"])\n'
        '    return sum(f() for f in fs) + x["N"]\n'
    ),
    "default binding": (
        "    fs = []\n"
        "    for k in range(3):\n"
        '        fs.append(lambda k=k: k * p["a"])\n'
        '    return sum(f() for f in fs) + x["N"]\n'
    ),
    "default late": ('    k = 1\n    def f(n, s=k):\n        return n * s\n    k = 5\n    return f(x["N"]) * p["a"]\n'),
    "closure late": ('    k = 1\n    def f(n):\n        return n * k\n    k = 5\n    return f(x["N"]) * p["a"]\n'),
    "alias list": ('    q = [p["a"], p["b"]]\n    r = q\n    r[0] = p["c"]\n    return q[0] + x["N"]\n'),
    "copy list": ('    q = [p["a"], p["b"]]\n    r = q[:]\n    r[0] = p["c"]\n    return q[0] + x["N"]\n'),
    "walrus comp": ('    q = [z := k * p["a"] for k in range(3)]\n    return z + x["N"] + q[1]\n'),
    "comp scope": ('    k = 5\n    q = [k for k in range(3)]\n    return k * p["a"] + x["N"]\n'),
    "inner assign": (
        '    k = 1\n    def g():\n        k = 2\n        return k\n    return g() * p["a"] + k * x["N"]\n'
    ),
    "nested break": (
        "    y = 0.0\n"
        "    for i in range(3):\n"
        "        for j in range(3):\n"
        "            if j > i:\n"
        "                break\n"
        '            y = y + p["a"]\n'
        '    return y + x["N"]\n'
    ),
    "star mid": ('    a, *m, c = [p["a"], p["b"], p["b"], p["c"]]\n    return a + len(m) * x["N"] + c * m[0]\n'),
    "kw only": ('    def f(n, *, k=2, **o):\n        return n * k + len(o)\n    return f(x["N"], k=3, z=1) * p["a"]\n'),
    "args": ('    def f(*a, **k):\n        return a[0] * len(a) + k["s"]\n    return f(x["N"], 1, 2, s=p["a"])\n'),
    "reduce order": ('    return functools.reduce(lambda u, v: u - v, [x["N"], p["a"], p["b"]])\n'),
    "partial kw": ('    f = functools.partial(lambda u, v: u - v, v=p["a"])\n    return f(x["N"])\n'),
    "dict order": ('    q = {"z": p["a"], **{"w": p["b"], "z": p["c"]}}\n    return q["z"] * x["N"]\n'),
    "dict merge kw": ('    q = dict({"z": p["a"]}, z=p["b"])\n    return q["z"] * x["N"]\n'),
    "neg floordiv": ('    return p["a"] * (-7 // 2) + x["N"]\n'),
    "power assoc": ('    return x["N"] ** p["a"] ** 0.5\n'),
    "unary power": ('    return -x["N"] ** 2 * p["a"]\n'),
    "cbrt neg": ('    return np.cbrt(x["N"] - 5) * p["a"]\n'),
}
NOT_READ = {
    "gen exhaust": ('    g = (p[k] for k in "ab")\n    u = sum(g)\n    v = sum(g)\n    return (u + v) * x["N"]\n'),
    "list aug": ('    q = [p["a"]]\n    r = q\n    r += [p["b"]]\n    return len(q) * x["N"] + q[-1]\n'),
    "list mult alias": ('    q = [[0.0]] * 2\n    q[0][0] = p["c"]\n    return q[1][0] + x["N"]\n'),
    "map exhaust": ('    g = map(lambda k: p[k], "ab")\n    u = sum(g)\n    v = sum(g)\n    return (u + v) * x["N"]\n'),
    "method kept": ('    q = []\n    f = q.append\n    f(p["a"])\n    return q[0] * x["N"]\n'),
    "mutable default": (
        "    def f(v, acc=[]):\n"
        "        acc.append(v)\n"
        "        return sum(acc)\n"
        '    f(p["a"])\n'
        '    return f(p["b"]) + x["N"]\n'
    ),
    "nonlocal": (
        '    k = 1\n    def g():\n        nonlocal k\n        k = 2\n    g()\n    return k * p["a"] + x["N"]\n'
    ),
    "np.sum rows": ('    return p["a"] * np.sum(x["N"]) + x["N"]\n'),
    "while else": (
        '    k = 0\n    while k < 2:\n        k += 1\n    else:\n        k = 10\n    return k * p["a"] + x["N"]\n'
    ),
    "zip exhaust": (
        '    g = zip("ab", (1, 2))\n'
        "    u = sum(p[k] * v for k, v in g)\n"
        "    w = sum(p[k] * v for k, v in g)\n"
        '    return (u + w) * x["N"]\n'
    ),
}


@pytest.mark.parametrize("name", AS_PYTHON)
def test_what_is_read_means_what_python_means(name: str) -> None:
    rng = np.random.default_rng(0)
    x, p = {"N": rng.uniform(1, 9, 20), "D": rng.uniform(1, 9, 20)}, {"a": 0.7, "b": 1.3, "c": 2.1}
    candidate = read_candidate(HEAD + AS_PYTHON[name], schema=SCHEMA)
    assert candidate.statement is not None, candidate.unread
    own: dict[str, object] = {}
    ours: dict[str, object] = {}
    exec(candidate.source, own)
    exec(candidate.law, ours)
    np.testing.assert_allclose(ours["form"](x, p), own["form"](x, p), rtol=1e-12)  # type: ignore[operator]


@pytest.mark.parametrize("name", NOT_READ)
def test_what_python_would_do_otherwise_is_not_read(name: str) -> None:
    """Lists that change under another name, generators that are spent, rows that are brought together."""
    assert read_candidate(HEAD + NOT_READ[name], schema=SCHEMA).opaque
