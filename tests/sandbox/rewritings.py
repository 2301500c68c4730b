"""A few laws, each written in many ways."""

from __future__ import annotations

THREE = '{"a": (0, 9), "b": (0, 9), "c": (0, 9)}'
FIVE = '{"E": (0, 9), "A": (0, 9), "B": (0, 9), "a": (0, 2), "b": (0, 2)}'
TWO = '{"a": (0, 9), "b": (0, 9)}'
POWER = '    y = p["a"] + p["b"] * x["N"] ** -p["c"]\n'
IMPORTS = "import functools\nimport math\n\nimport numpy as np\n"


def form(law: str, parameters: str = THREE, before: str = "", extra: str = "") -> str:
    return f"{IMPORTS}\nPARAMETERS = {parameters}\n{extra}\ndef form(x, p):\n{before}    return {law}\n"


LAWS = {
    "power law": [
        form('p["a"] + p["b"] * x["N"] ** -p["c"]'),
        form('(n := x["N"]) ** -p["c"] * p["b"] + p["a"]'),
        form('p["a"] + p["b"] * np.exp(-(k := p["c"]) * np.log(x["N"]))'),
        form(
            'p["a"] + decay(**{"n": x["N"], "s": p["b"], "r": p["c"]})',
            extra="def decay(n, s, r):\n    return s / n ** r",
        ),
        form(
            'p["a"] + decay(x["N"], s=p["b"], r=p["c"])', extra="def decay(n, **kw):\n    return kw['s'] / n ** kw['r']"
        ),
        form(
            'decay(x["N"], p["a"], p["b"], p["c"])',
            extra="def decay(n, *q):\n    a, b, c = q\n    return a + b * n ** -c",
        ),
        form(
            'decay(x["N"], p["b"], p["c"]) + p["a"]',
            extra="def decay(n, s, r, base=1.0):\n    return s * (n / base) ** -r",
        ),
        form(
            'inner(x["N"])',
            before=(
                '    def inner(n):\n        def deep(m): return p["b"] * m ** -p["c"]\n'
                '        return p["a"] + deep(n)\n'
            ),
        ),
        form('f(x["N"])', before='    f = lambda n: p["a"] + p["b"] * n ** -p["c"]\n'),
        form('a + b * x["N"] ** -c', before='    a, b, c = p["a"], p["b"], p["c"]\n'),
        form('a + rest[0] * x["N"] ** -rest[1]', before='    a, *rest = [p["a"], p["b"], p["c"]]\n'),
        form('a + b * x["N"] ** -c', before='    a, b, c = (p[k] for k in ("a", "b", "c"))\n'),
        form('a + b * x["N"] ** -c', before='    a, b, c = map(p.get, ["a", "b", "c"])\n'),
        form('a + b * x["N"] ** -c', before='    a, b, c = map(lambda k: p[k], "abc")\n'),
        form('a + b * x["N"] ** -c', before='    a, b, c = [p[k] for k in "abc"]\n'),
        form('a + b * x["N"] ** -c', before="    a, b, c = p.values()\n"),
        form('a + b * x["N"] ** -c', before="    a, b, c = list(p.values())\n"),
        form(
            "y",
            before='    y = 0\n    for s, e in zip((p["a"], p["b"]), (0, p["c"])):\n        y = y + s * x["N"] ** -e\n',
        ),
        form(
            "y",
            before=(
                '    y = 0.0\n    for k, s in enumerate([p["a"], p["b"]]):\n        y += s * x["N"] ** (-k * p["c"])\n'
            ),
        ),
        form(
            "y",
            before='    y = 0.0\n    for k in range(2):\n        y += [p["a"], p["b"]][k] * x["N"] ** (-k * p["c"])\n',
        ),
        form(
            "y",
            before=(
                '    y = p["a"]\n    k = 0\n    while k < 1:\n'
                '        y = y + p["b"] * x["N"] ** -p["c"]\n        k += 1\n'
            ),
        ),
        form('p["a"] + np.where(n > 0, p["b"] / n ** p["c"], np.inf)', before='    n = x["N"]\n'),
        form('p["a"] + p["b"] * np.where(x["N"] > 0, x["N"], 1.0) ** -p["c"]'),
        form('p["a"] + p["b"] * np.exp(np.clip(-p["c"] * np.log(x["N"]), -700, 700))'),
        form('p["a"] + p["b"] * np.clip(x["N"], 1e-300, np.inf) ** -p["c"]'),
        form('np.clip(p["a"] + p["b"] * x["N"] ** -p["c"], a_min=0.0, a_max=None)'),
        form('(p["a"] + p["b"] * np.asarray(x["N"], dtype=float).clip(1e-12) ** -p["c"])'),
        form('np.fmax(p["a"] + p["b"] * x["N"] ** -p["c"], 0.0)'),
        form('p["a"] + p["b"] * np.reciprocal(x["N"] ** p["c"])'),
        form('np.add(p["a"], np.divide(p["b"], np.float_power(x["N"], p["c"])))'),
        form('p["a"] + p["b"] * 10 ** (-p["c"] * np.log10(x["N"]))'),
        form('p["a"] + p["b"] * np.exp2(-p["c"] * np.log2(x["N"]))'),
        form('p["a"] + p["b"] * 2.0 ** (-p["c"] * np.log2(x["N"]))'),
        form('p["a"] + p["b"] * np.e ** (-p["c"] * np.log(x["N"]))'),
        form('p["a"] + p["b"] * math.e ** (-p["c"] * np.log(x["N"]))'),
        form('p["a"] + p["b"] * (np.expm1(-p["c"] * np.log(x["N"])) + 1)'),
        form('p["a"] + np.exp(np.log(p["b"]) - p["c"] * np.log(x["N"]))'),
        form('np.exp(np.logaddexp(np.log(p["a"]), np.log(p["b"]) - p["c"] * np.log(x["N"])))'),
        form('np.sum([p["a"] + 0 * x["N"], p["b"] * x["N"] ** -p["c"]], axis=0)'),
        form('p["a"] + math.prod([p["b"], x["N"] ** -p["c"]])'),
        form('functools.reduce(lambda u, v: u + v, [p["a"], p["b"] * x["N"] ** -p["c"]])'),
        form(
            'f(p["b"], p["c"]) + p["a"]',
            before='    f = functools.partial(decay, x["N"])\n',
            extra="def decay(n, s, r):\n    return s * n ** -r",
        ),
        form('p["a"] + sum(p["b"] * x[f] ** -p["c"] for f in ("N",))'),
        form('p["a"] + sum([p["b"] * x[f] ** -p["c"] for f in ["N", "D"] if f != "D"])'),
        form('p.get("a", 0.0) + p["b"] * x.get("N") ** -p["c"]'),
        form('p["a"] + p["b"] * (x["N"] ** 2) ** (-p["c"] / 2)'),
        form('p["a"] + p["b"] * np.square(np.sqrt(x["N"])) ** -p["c"]'),
        form('p["a"] + p["b"] * np.cbrt(x["N"]) ** (-3 * p["c"])'),
        form('0.5 * (2 * p["a"] + 2 * p["b"] * x["N"] ** -p["c"])'),
        form('p["a"] * (1 + p["b"] / p["a"] * x["N"] ** -p["c"])'),
        form('-(-p["a"] - p["b"] * x["N"] ** -p["c"])'),
        form(
            "y",
            before=(
                '    n = x["N"]\n    if True:\n        y = p["a"] + p["b"] * n ** -p["c"]\n    else:\n        y = n\n'
            ),
        ),
        form('p["a"] + y', before='    y = p["b"] * x["N"] ** -p["c"]\n    if p is None:\n        return y\n'),
        form("y", before='    with np.errstate(all="ignore"):\n        y = p["a"] + p["b"] * x["N"] ** -p["c"]\n'),
        form("y", before='    n: np.ndarray = x["N"]\n    y: np.ndarray = p["a"] + p["b"] * n ** -p["c"]\n'),
        form("y", before='    n = x["N"]\n    y = p["a"] + p["b"] * n ** -p["c"]\n    del n\n'),
        form("y", before='    assert "N" in x\n    y = p["a"] + p["b"] * x["N"] ** -p["c"]\n'),
        form('p["a"] + p["b"] * x["N"] ** (SIGN * p["c"])', extra="SIGN = -1"),
        form('p["a"] + p["b"] * x[COL] ** -p["c"]', extra='COL = "N"'),
        form('p["N"] + p["D"] * x["N"] ** -p["x"]', '{"x": (0, 9), "N": (0, 9), "D": (0, 9)}'),
        form('np.nan_to_num(p["a"] + p["b"] * x["N"] ** -p["c"], nan=0.0, posinf=1e9)'),
        form("np.where(np.isfinite(y), y, 0.0)", before='    y = p["a"] + p["b"] * x["N"] ** -p["c"]\n'),
        form('p["a"] + p["b"] * x["N"].astype(float) ** -p["c"]'),
        form('(p["a"] + p["b"] * np.asarray(x["N"]).ravel() ** -p["c"])'),
        form('p["a"] * np.ones_like(x["N"]) + p["b"] * x["N"] ** -p["c"]'),
        form("y", before='    y = np.zeros_like(x["N"])\n    y += p["a"]\n    y += p["b"] * x["N"] ** -p["c"]\n'),
        form('np.full_like(x["N"], p["a"]) + p["b"] * x["N"] ** -p["c"]'),
        form('np.select([x["N"] > 0], [p["a"] + p["b"] * x["N"] ** -p["c"]], 0.0)'),
        form('np.polyval([p["b"], p["a"]], x["N"] ** -p["c"])'),
        form('p["a"] + np.multiply.reduce([p["b"] + 0 * x["N"], x["N"] ** -p["c"]])'),
        form('np.dot([1.0, 1.0], [p["a"] + 0 * x["N"], p["b"] * x["N"] ** -p["c"]])'),
        form('max(0, 1) * (p["a"] + p["b"] * x["N"] ** -p["c"])'),
        form("f(**p)", before='    def f(a, b, c):\n        return a + b * x["N"] ** -c\n'),
        form("f(**x)", before='    def f(N, **others):\n        return p["a"] + p["b"] * N ** -p["c"]\n'),
        form('q["a"] + q["b"] * x["N"] ** -q["c"]', before="    q = {k: v for k, v in p.items()}\n"),
        form('q["s"] + q["t"] * x["N"] ** -q["u"]', before='    q = dict(s=p["a"], t=p["b"], u=p["c"])\n'),
        form('q["a"] + q["b"] * x["N"] ** -q["c"]', before='    q = {**p, "z": 1}\n'),
        form('p["a"] + (p["b"] * x["N"] ** -p["c"] if "N" in x else 0)'),
        form('p["a"] + y', before='    y = p["b"]\n    for f in ["N"]:\n        y = y * x[f] ** -p["c"]\n'),
        form('p["a"] + p["b"] * np.prod([x[f] ** -p["c"] for f in ("N",)], axis=0)'),
        form('p["a"] + abs(p["b"]) * np.abs(x["N"]) ** -abs(p["c"])'),
        form('1 / (1 / (p["a"] + p["b"] * x["N"] ** -p["c"]))'),
        form('np.log(np.exp(p["a"])) + p["b"] * x["N"] ** -p["c"]'),
        form('p["a"] + p["b"] / np.exp(p["c"] * np.log(x["N"]))'),
        form('np.subtract(p["a"], np.negative(p["b"]) * x["N"] ** np.negative(p["c"]))'),
        form('np.maximum.reduce([p["a"] + p["b"] * x["N"] ** -p["c"], 0 * x["N"]])'),
        form("y", before='    y = x["N"] * 1.0\n    y **= -p["c"]\n    y *= p["b"]\n    y += p["a"]\n'),
        form(
            'g(f(x["N"], p["c"]), p["b"], p["a"])',
            extra=(
                "def f(n, r):\n    return n ** -r\ndef g(u, s, l):\n    return h(u, s) + l\n"
                "def h(u, s):\n    return u * s"
            ),
        ),
        form('p["a"] + p["b"] * x["N"] ** -p["c"]', before='    a = p["b"]\n    b = p["a"]\n    c = b\n'),
        form('a + b * x["N"] ** -c', before='    b, a, c = p["b"], p["a"], p["c"]\n    a, b = b, a\n    a, b = b, a\n'),
        form('p["a"] + p["b"] * (x["N"] + 1e-12) ** -p["c"]'),
        form('p["a"] + p["b"] / (x["N"] ** p["c"] + 1e-12)'),
        form('p["a"] + p["b"] * x["N"] ** E', before='    E = -p["c"]\n'),
        form('a + b * x["N"] ** -c', before="    a, b, c = [p[k] for k in sorted(p)]\n"),
        form('np.where(x["N"] <= 0, 0.0, np.where(x["N"] > 0, p["a"] + p["b"] * x["N"] ** -p["c"], 1.0))'),
        form('p["a"] + p["b"] * x["N"] ** (+(-p["c"]))'),
        form('np.stack([p["a"] + 0 * x["N"], p["b"] * x["N"] ** -p["c"]]).sum(axis=0)'),
        form('np.column_stack([p["a"] + 0 * x["N"], p["b"] * x["N"] ** -p["c"]]).sum(axis=1)'),
        form('2 * np.mean([p["a"] + 0 * x["N"], p["b"] * x["N"] ** -p["c"]], axis=0)'),
        form('np.sqrt((p["a"] + p["b"] * x["N"] ** -p["c"]) ** 2)'),
        form('p["a"] + p["b"] * x["N"] ** -p["c"]', before='    if len(x["N"]) == 0:\n        return np.array([])\n'),
        form('p["a"] + p["b"] * x["N"] ** -p["c"]', before='    if "N" not in x:\n        raise KeyError("N")\n'),
        form('p["a"] + p["b"] * x["N"] ** -p["c"]', before='    print("hello")\n'),
        form(
            "y",
            before=(
                '    y = p["a"]\n    for i in range(3):\n        if i == 1:\n            continue\n'
                '        if i == 2:\n            break\n        y = y + p["b"] * x["N"] ** -p["c"]\n'
            ),
        ),
        form("np.where(y > 0, y, 0.0)", before=POWER),
        form("np.where(y < 0, 0.0, y)", before=POWER),
        form("np.where(y > 1e-9, y, 1e-9)", before=POWER),
        form("(y + np.abs(y)) / 2", before=POWER),
        form("np.abs(y)", before=POWER),
        form("np.maximum(np.maximum(y, 0), 1e-12)", before=POWER),
        form('np.maximum(p["a"], 0) + np.clip(p["b"], 0, None) * np.maximum(x["N"], 0) ** -np.clip(p["c"], 0, None)'),
        form("y if True else x", before=POWER),
        form("0.0 if False else np.nan_to_num(np.maximum(0.0, y), posinf=1e12)", before=POWER),
        form(
            "y",
            before=(
                '    match "power":\n        case "log" | "root":\n            y = x["D"]\n'
                '        case kind if kind != "power":\n            y = x["N"]\n'
                '        case _:\n            y = p["a"] + p["b"] * x["N"] ** -p["c"]\n'
            ),
        ),
        form(
            "x",
            before='    match "N" in x:\n        case True:\n            return p["a"] + p["b"] * x["N"] ** -p["c"]\n',
        ),
        form(
            "y",
            before=(
                '    y = p["a"]\n    for k in range(3):\n        match k:\n'
                "            case 0:\n                continue\n"
                '            case 1 as n:\n                y = y + n * p["b"] * x["N"] ** -p["c"]\n'
                "            case 2:\n                break\n"
            ),
        ),
        form('np.maximum(p["a"] + p["b"] * np.maximum(x["N"], np.finfo(float).eps) ** -p["c"], np.finfo(float).tiny)'),
        form('p["a"] + p["b"] * (x["N"] + np.finfo(np.float64).eps) ** -p["c"]'),
        form(
            'np.clip(p["a"] + p["b"] * np.clip(x["N"], 1e-9, np.finfo(float).max) ** -p["c"], 0, np.finfo(float).max)'
        ),
        form('np.piecewise(x["N"], [x["N"] > 0], [lambda n: p["a"] + p["b"] * n ** -p["c"], 0.0])'),
        form(
            'np.piecewise(n, [n <= 0, n > 0], [0.0, lambda v: p["a"] + p["b"] * v ** -p["c"]])',
            before='    n = x["N"]\n',
        ),
        form('np.array([p["a"], p["b"]]) @ np.array([np.ones_like(x["N"]), x["N"] ** -p["c"]])'),
        form('np.stack([np.ones_like(x["N"]), x["N"] ** -p["c"]], axis=-1) @ np.array([p["a"], p["b"]])'),
        form('np.polynomial.polynomial.polyval(x["N"] ** -p["c"], [p["a"], p["b"]])'),
        form('np.poly1d([p["b"], p["a"]])(x["N"] ** -p["c"])'),
        form('p["a"] + np.divide(p["b"], x["N"] ** p["c"], out=np.zeros_like(x["N"]), where=x["N"] > 0)'),
        form("np.where(np.isnan(y) | np.isinf(y), 1e6, y)", before=POWER),
        form('p["a"] + p["b"] * np.exp(-p["c"] * np.log1p(x["N"] - 1))'),
        form('p["a"] + (p["b"] ** (1 / p["c"]) / x["N"]) ** p["c"]'),
        form("y.item() if np.ndim(y) == 0 else y", before=POWER),
        form("np.clip(y, EPS, None)", before=POWER, extra="EPS = np.finfo(float).eps"),
        form(
            'np.where(mask, p["a"] + p["b"] * np.where(mask, n, 1.0) ** -p["c"], 0.0)',
            before='    n = x["N"]\n    mask = np.isfinite(n) & (n > 0)\n',
        ),
        form("out", before='    n = x["N"]\n    out = np.empty_like(n)\n    out[:] = p["a"] + p["b"] * n ** -p["c"]\n'),
    ],
    "two power laws": [
        form('p["E"] + p["A"] / x["N"] ** p["a"] + p["B"] / x["D"] ** p["b"]', FIVE),
        form('p["E"] + sum(p[s] * x[f] ** -p[e] for s, f, e in [("A", "N", "a"), ("B", "D", "b")])', FIVE),
        form(
            (
                'np.exp(np.logaddexp(np.logaddexp(np.log(p["E"]), '
                'np.log(p["A"]) - p["a"] * np.log(x["N"])), '
                'np.log(p["B"]) - p["b"] * np.log(x["D"])))'
            ),
            FIVE,
        ),
        form(
            (
                'np.exp(logsumexp([np.log(p["E"]) + 0 * x["N"], '
                'np.log(p["A"]) - p["a"] * np.log(x["N"]), '
                'np.log(p["B"]) - p["b"] * np.log(x["D"])], axis=0))'
            ),
            FIVE,
            extra="from scipy.special import logsumexp\n",
        ),
        form(
            "y",
            FIVE,
            before=(
                '    y = p["E"]\n'
                '    for (s, e), f in zip({"A": "a", "B": "b"}.items(), ("N", "D")):\n'
                "        y = y + p[s] * np.exp(-p[e] * np.log(np.maximum(x[f], 1e-12)))\n"
            ),
        ),
        form(
            'p["E"] + term("N", "A", "a") + term("D", "B", "b")',
            FIVE,
            before="    def term(f, s, e, sign=-1):\n        return p[s] * np.power(x[f], sign * p[e])\n",
        ),
        form('functools.reduce(lambda acc, k: acc + p[k[0]] * x[k[1]] ** -p[k[2]], ["ANa", "BDb"], p["E"])', FIVE),
        form('np.add.reduce([p["E"] + 0 * x["N"], p["A"] * x["N"] ** -p["a"], p["B"] * x["D"] ** -p["b"]])', FIVE),
        form(
            "f(**p)",
            FIVE,
            before='    def f(E, A, B, a, b):\n        return E + A * (n := x["N"]) ** -a + B * x["D"] ** -b\n',
        ),
        form(
            'p["q0"] + p["q1"] / x["D"] ** p["q2"] + p["q3"] / x["N"] ** p["q4"]',
            '{"q4": (0, 2), "q2": (0, 2), "q0": (0, 9), "q1": (0, 9), "q3": (0, 9)}',
        ),
        form('p["E"] + sum([p["AB"[k]] / x[f] ** p["ab"[k]] for k, f in enumerate(x)])', FIVE),
        form('p["E"] + sum([p["AB"[k]] / c ** p["ab"[k]] for k, (f, c) in enumerate(x.items())])', FIVE),
        form(
            (
                'np.clip(p["E"] + p["A"] / np.clip(x["N"], 1e-8, '
                'None) ** p["a"] + p["B"] * np.where(x["D"] > 0, x["D"], 1e-8) ** -p["b"], 0, None)'
            ),
            FIVE,
        ),
        form('p["E"] + p["A"] / (x["N"] ** p["a"] + 1e-12) + p["B"] * (x["D"] + 1e-9) ** -p["b"]', FIVE),
        form(
            "loss",
            FIVE,
            before=(
                '    X = np.column_stack((x["N"], x["D"]))\n'
                '    loss = p["E"] + p["A"] * X[:, 0] ** -p["a"] + p["B"] * X[:, 1] ** -p["b"]\n'
            ),
        ),
        form(
            "loss",
            FIVE,
            before=(
                '    X = np.array([x["N"], x["D"]])\n    e = np.array([p["a"], p["b"]])\n'
                '    loss = p["E"] + np.sum(np.array([p["A"], p["B"]])[:, None] * X ** -e[:, np.newaxis], axis=0)\n'
            ),
        ),
        form(
            'p["E"] + terms.sum(axis=1)',
            FIVE,
            before=(
                '    X = np.array([x["N"], x["D"]]).T\n'
                '    terms = np.array([p["A"], p["B"]]) * X ** -np.array([p["a"], p["b"]])[None, :]\n'
            ),
        ),
        form(
            "sum(t(x, p) for t in TERMS)",
            FIVE,
            extra=(
                'TERMS = [lambda x, p: p["E"], lambda x, p: p["A"] * x["N"] ** -p["a"], '
                'lambda x, p: p["B"] * x["D"] ** -p["b"]]'
            ),
        ),
        form(
            'y if y.shape == x["N"].shape else np.full(x["N"].shape, y)',
            FIVE,
            before='    y = p["E"] + p["A"] / x["N"] ** p["a"] + p["B"] / x["D"] ** p["b"]\n',
        ),
    ],
    "square of a logarithm": [
        form('p["a"] + p["b"] * np.log(x["N"]) + p["c"] * np.log(x["N"]) ** 2'),
        form('p["a"] + (l := np.log(x["N"])) * (p["b"] + p["c"] * l)'),
        form('np.polyval([p["c"], p["b"], p["a"]], np.log(x["N"]))'),
        form('np.dot([p["a"], p["b"], p["c"]], [1.0 + 0 * x["N"], np.log(x["N"]), np.log(x["N"]) ** 2])'),
        form('sum(p[k] * np.log(x["N"]) ** i for i, k in enumerate("abc"))'),
        form(
            "y",
            before=(
                '    l = np.log(x["N"] + 1e-10)\n    y = p["c"]\n    for k in ("b", "a"):\n        y = y * l + p[k]\n'
            ),
        ),
        form('p["a"] + p["b"] * np.log(x["N"]) + p["c"] * np.square(np.log(x["N"]))'),
        form('p["a"] + p["b"] * np.log10(x["N"]) * math.log(10) + p["c"] * np.power(np.log(x["N"]), 2)'),
    ],
    "logistic": [
        form('p["a"] / (1 + np.exp(-p["b"] * (x["N"] - p["c"])))'),
        form('p["a"] * expit(p["b"] * (x["N"] - p["c"]))', extra="from scipy.special import expit\n"),
        form(
            'p["a"] * sig(z=p["b"] * (x["N"] - p["c"]))',
            extra="def sig(z, **others):\n    return 1.0 / (1.0 + np.exp(-np.clip(z, -50, 50)))\n",
        ),
        form('p["a"] / (1 + np.exp(p["b"] * (p["c"] - x["N"])))'),
        form('np.divide(p["a"], 1 + np.exp(np.negative(p["b"]) * np.subtract(x["N"], p["c"])))'),
        form('p["a"] * np.exp(-np.logaddexp(0, -p["b"] * (x["N"] - p["c"])))'),
        form('p["a"] * np.exp(-np.log1p(np.exp(-p["b"] * (x["N"] - p["c"]))))'),
        form('p["a"] * np.exp(p["b"] * (x["N"] - p["c"])) / (1 + np.exp(p["b"] * (x["N"] - p["c"])))'),
        form('p["a"] * (1 - 1 / (1 + np.exp(p["b"] * (x["N"] - p["c"]))))'),
        form('p["a"] * np.reciprocal(1 + np.e ** (-p["b"] * (x["N"] - p["c"])))'),
    ],
    "soft threshold": [
        form('p["a"] * np.log1p(np.exp(p["b"] * x["N"])) + p["c"]'),
        form('p["a"] * np.logaddexp(0, p["b"] * x["N"]) + p["c"]'),
        form('p["a"] * np.log(1 + np.exp(p["b"] * x["N"])) + p["c"]'),
        form('p["c"] + p["a"] * np.logaddexp.reduce([0.0 * x["N"], p["b"] * x["N"]])'),
    ],
    "roots": [
        form('p["a"] * np.sqrt(x["N"] ** 2 + p["b"]) + p["c"] * np.cbrt(x["D"])'),
        form('p["a"] * (x["N"] * x["N"] + p["b"]) ** 0.5 + p["c"] * x["D"] ** (1 / 3)'),
        form('p["a"] * np.exp(0.5 * np.log(x["N"] ** 2 + p["b"])) + p["c"] * np.power(x["D"], 1.0 / 3.0)'),
        form('p["c"] * np.exp(np.log(x["D"]) / 3) + p["a"] * math.sqrt(1) * np.sqrt(np.square(x["N"]) + p["b"])'),
    ],
    "bump": [
        form('p["a"] * np.exp(-((x["N"] - p["b"]) / p["c"]) ** 2)'),
        form('p["a"] * np.exp(-(p["b"] - x["N"]) ** 2 / p["c"] ** 2)'),
        form('p["a"] / np.exp(((x["N"] - p["b"]) / p["c"]) ** 2)'),
        form(
            'p["a"] * bump(x["N"], m=p["b"], s=p["c"])',
            extra="def bump(n, *, m, s):\n    z = (n - m) / s\n    return np.exp(-z * z)\n",
        ),
    ],
    "saturation": [
        form(law, TWO)
        for law in (
            'p["a"] * x["N"] / (p["b"] + x["N"])',
            'p["a"] * 1 / (1 + p["b"] / x["N"])',
            'p["a"] * 1 / (p["b"] / x["N"] + 1)',
            'p["a"] * x["N"] * (p["b"] + x["N"]) ** -1',
            'p["a"] * (1 - p["b"] / (p["b"] + x["N"]))',
            'p["a"] * (x["N"] / p["b"]) / (1 + x["N"] / p["b"])',
            'p["a"] * 1 / (1 + (x["N"] / p["b"]) ** -1)',
            'p["a"] * np.exp(-np.log1p(p["b"] / x["N"]))',
        )
    ],
    "inverse hyperbolic sine": [
        form(law, TWO)
        for law in (
            'p["a"] * np.arcsinh(x["N"] / p["b"])',
            'p["a"] * np.log(x["N"] / p["b"] + np.sqrt((x["N"] / p["b"]) ** 2 + 1))',
            'p["a"] * np.log(x["N"] / p["b"] + np.sqrt(1 + (x["N"] / p["b"]) * (x["N"] / p["b"])))',
            'p["a"] * np.log(x["N"] / p["b"] + np.hypot(1, x["N"] / p["b"]))',
        )
    ],
    "Hill curve": [
        form(law)
        for law in (
            'p["a"] * x["N"] ** p["c"] / (p["b"] ** p["c"] + x["N"] ** p["c"])',
            'p["a"] * 1 / (1 + (p["b"] / x["N"]) ** p["c"])',
            'p["a"] * 1 / (1 + (x["N"] / p["b"]) ** -p["c"])',
            'p["a"] * (x["N"] / p["b"]) ** p["c"] / (1 + (x["N"] / p["b"]) ** p["c"])',
            'p["a"] * 1 / (1 + np.exp(-p["c"] * (np.log(x["N"]) - np.log(p["b"]))))',
            'p["a"] * 1 / (1 + np.exp(p["c"] * np.log(p["b"] / x["N"])))',
        )
    ],
    "parabola": [
        form(law)
        for law in (
            'p["a"] + p["b"] * x["N"] + p["c"] * x["N"] ** 2',
            'np.polyval([p["c"], p["b"], p["a"]], x["N"])',
            'np.polynomial.polynomial.polyval(x["N"], [p["a"], p["b"], p["c"]])',
            'np.poly1d([p["c"], p["b"], p["a"]])(x["N"])',
            'np.vander(x["N"], 3, increasing=True) @ np.array([p["a"], p["b"], p["c"]])',
            'np.einsum("i,i...->...", [p["a"], p["b"], p["c"]], np.stack([0 * x["N"] + 1, x["N"], x["N"] ** 2]))',
            'np.einsum("ij,j->i", np.column_stack([0 * x["N"] + 1, x["N"], x["N"] ** 2]), [p["a"], p["b"], p["c"]])',
            'np.tensordot([p["a"], p["b"], p["c"]], np.stack([np.ones_like(x["N"]), x["N"], x["N"] ** 2]), axes=1)',
            'np.matmul([p["a"], p["b"], p["c"]], np.stack([x["N"] ** k for k in range(3)]))',
            'p["a"] + x["N"] * (p["b"] + p["c"] * x["N"])',
        )
    ],
    "hinge": [
        form(law, TWO)
        for law in (
            'p["a"] * np.maximum(x["N"] - p["b"], 0)',
            'p["a"] * np.where(x["N"] > p["b"], x["N"] - p["b"], 0)',
            'p["a"] * np.piecewise(x["N"], [x["N"] <= p["b"], x["N"] > p["b"]], [0, lambda n: n - p["b"]])',
            'p["a"] * (x["N"] - p["b"]) * (x["N"] > p["b"])',
            'p["a"] * np.clip(x["N"] - p["b"], 0, np.inf)',
            'p["a"] * np.select([x["N"] > p["b"]], [x["N"] - p["b"]])',
        )
    ],
    "hyperbolic tangent": [
        form('p["a"] + p["b"] * np.tanh(x["N"] / p["c"])'),
        form('p["a"] - p["b"] * np.tanh(-x["N"] / p["c"])'),
        form('p["a"] + p["b"] * (2 / (1 + np.exp(-2 * x["N"] / p["c"])) - 1)'),
        form('p["a"] + p["b"] * (2 * expit(2 * x["N"] / p["c"]) - 1)', extra="from scipy.special import expit\n"),
        form('p["a"] + p["b"] * (1 - np.exp(-2 * x["N"] / p["c"])) / (1 + np.exp(-2 * x["N"] / p["c"]))'),
        form('p["a"] - p["b"] * np.expm1(-2 * x["N"] / p["c"]) / (1 + np.exp(-2 * x["N"] / p["c"]))'),
        form('p["a"] + p["b"] * (1 - 2 / (1 + np.exp(2 * x["N"] / p["c"])))'),
    ],
    "hyperbolic cosine": [
        form('p["a"] + p["b"] * np.cosh(p["c"] * x["D"])'),
        form('p["a"] + p["b"] * np.cosh(-p["c"] * x["D"])'),
        form('p["a"] + p["b"] * (np.exp(p["c"] * x["D"]) + np.exp(-p["c"] * x["D"])) / 2'),
        form('p["a"] + p["b"] * (np.exp(p["c"] * x["D"]) + 1 / np.exp(p["c"] * x["D"])) / 2'),
    ],
    "hyperbolic sine": [
        form('p["a"] + p["b"] * np.sinh(p["c"] * x["D"])'),
        form('p["a"] - p["b"] * np.sinh(p["c"] * -x["D"])'),
        form('p["a"] + p["b"] / 2 * (np.exp(p["c"] * x["D"]) - np.exp(-p["c"] * x["D"]))'),
    ],
}
