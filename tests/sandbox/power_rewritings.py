"""A power law, written in many ways."""

from __future__ import annotations

THREE = '{"a": (0, 9), "b": (0, 9), "c": (0, 9)}'
FIVE = '{"E": (0, 9), "A": (0, 9), "B": (0, 9), "a": (0, 2), "b": (0, 2)}'
TWO = '{"a": (0, 9), "b": (0, 9)}'
POWER = '    y = p["a"] + p["b"] * x["N"] ** -p["c"]\n'
IMPORTS = "import functools\nimport math\n\nimport numpy as np\n"


def form(law: str, parameters: str = THREE, before: str = "", extra: str = "") -> str:
    return f"{IMPORTS}\nPARAMETERS = {parameters}\n{extra}\ndef form(x, p):\n{before}    return {law}\n"


POWER_LAW = [
    form('p["a"] + p["b"] * x["N"] ** -p["c"]'),
    form('(n := x["N"]) ** -p["c"] * p["b"] + p["a"]'),
    form('p["a"] + p["b"] * np.exp(-(k := p["c"]) * np.log(x["N"]))'),
    form(
        'p["a"] + decay(**{"n": x["N"], "s": p["b"], "r": p["c"]})', extra="def decay(n, s, r):\n    return s / n ** r"
    ),
    form('p["a"] + decay(x["N"], s=p["b"], r=p["c"])', extra="def decay(n, **kw):\n    return kw['s'] / n ** kw['r']"),
    form(
        'decay(x["N"], p["a"], p["b"], p["c"])', extra="def decay(n, *q):\n    a, b, c = q\n    return a + b * n ** -c"
    ),
    form(
        'decay(x["N"], p["b"], p["c"]) + p["a"]', extra="def decay(n, s, r, base=1.0):\n    return s * (n / base) ** -r"
    ),
    form(
        'inner(x["N"])',
        before=(
            '    def inner(n):\n        def deep(m): return p["b"] * m ** -p["c"]\n        return p["a"] + deep(n)\n'
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
        "y", before='    y = 0\n    for s, e in zip((p["a"], p["b"]), (0, p["c"])):\n        y = y + s * x["N"] ** -e\n'
    ),
    form(
        "y",
        before=(
            '    y = 0.0\n    for k, s in enumerate([p["a"], p["b"]]):\n        y += s * x["N"] ** (-k * p["c"])\n'
        ),
    ),
    form(
        "y", before='    y = 0.0\n    for k in range(2):\n        y += [p["a"], p["b"]][k] * x["N"] ** (-k * p["c"])\n'
    ),
    form(
        "y",
        before=(
            '    y = p["a"]\n    k = 0\n    while k < 1:\n        y = y + p["b"] * x["N"] ** -p["c"]\n        k += 1\n'
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
        before=('    n = x["N"]\n    if True:\n        y = p["a"] + p["b"] * n ** -p["c"]\n    else:\n        y = n\n'),
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
    form("y", before='    y = x["N"] * 1.0\n    y **= -p["c"]\n    y *= p["b"]\n    y += p["a"]\n'),
    form(
        'g(f(x["N"], p["c"]), p["b"], p["a"])',
        extra=(
            "def f(n, r):\n    return n ** -r\ndef g(u, s, l):\n    return h(u, s) + l\ndef h(u, s):\n    return u * s"
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
    form('np.maximum(p["a"] + p["b"] * np.maximum(x["N"], np.finfo(float).eps) ** -p["c"], np.finfo(float).tiny)'),
    form('p["a"] + p["b"] * (x["N"] + np.finfo(np.float64).eps) ** -p["c"]'),
    form('np.clip(p["a"] + p["b"] * np.clip(x["N"], 1e-9, np.finfo(float).max) ** -p["c"], 0, np.finfo(float).max)'),
    form('np.array([p["a"], p["b"]]) @ np.array([np.ones_like(x["N"]), x["N"] ** -p["c"]])'),
    form('np.stack([np.ones_like(x["N"]), x["N"] ** -p["c"]], axis=-1) @ np.array([p["a"], p["b"]])'),
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
    form("y", before=f"    try:\n    {POWER}    except Exception:\n        y = 0 * x['N']\n"),
    form("y", before=f"{POWER}    if np.any(np.isnan(y)) or not np.isfinite(y).all():\n        return 0 * y\n"),
    form('p["a"] + np.exp(np.log(p["b"]) - xlogy(p["c"], x["N"]))', extra="from scipy.special import xlogy\n"),
    form('math.fsum([p["a"], 0]) + p["b"] * x["N"] ** -p["c"]'),
    form('p["a"] + np.sign(x["N"]) * p["b"] * np.abs(x["N"]) ** -p["c"]'),
    form('(p["a"] * x["N"] ** p["c"] + p["b"]) / x["N"] ** p["c"]'),
    form('10 ** np.log10(p["b"] * x["N"] ** -p["c"]) + p["a"]'),
    form('np.where(x["N"] > 0, y, np.nan)', before=POWER),
    form('np.minimum(np.where(x["N"] == 0, float("nan"), y), 1e9)', before=POWER),
    form("y", before=f'{POWER}    np.maximum(y, 0, out=y)\n    np.seterr(all="ignore")\n'),
    form('q["a"] + q["b"] * x["N"] ** -q["c"]', before="    q = p.copy()\n"),
    form("y if isinstance(x['N'], np.ndarray) else 0.0", before=POWER),
    form("y[...]", before=POWER),
    form('np.array([p["a"] + p["b"] * n ** -p["c"] if n > 0 else p["a"] for n in x["N"]])'),
    form('np.array([p["a"] + p["b"] * n ** -p["c"] for n, _ in zip(x["N"], x["D"])])'),
    form('np.array(list(map(lambda n: p["a"] + p["b"] * math.pow(n, -p["c"]), x["N"])))'),
    form('np.array([p["a"] + p["b"] * x["N"][i] ** -p["c"] for i in range(len(x["N"]))])'),
    form(
        "np.array(y)",
        before=(
            '    y = []\n    for n, _ in zip(x["N"], x["D"]):\n        if n <= 0:\n            y.append(p["a"])\n'
            '        else:\n            rest = n ** -p["c"]\n            y.append(p["a"] + p["b"] * rest)\n'
        ),
    ),
    form(
        "y",
        before=(
            '    y = np.full(x["N"].shape, np.nan)\n    for i, n in enumerate(x["N"]):\n'
            '        y[i] = p["a"] + p["b"] * n ** -p["c"]\n'
        ),
    ),
]
