"""A few laws, each written in many ways."""

from __future__ import annotations

from power_rewritings import FIVE, POWER_LAW, TWO, form

LAWS = {
    "power law": POWER_LAW,
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
    "logistic of the other sign": [
        form(law, '("a", "b", "c", "E")', extra="from scipy.special import expit\n")
        for law in (
            'p["a"] + p["b"] / (1 + np.exp(-p["c"] * (x["N"] - p["E"])))',
            'p["a"] + p["b"] * np.exp(z := p["c"] * (x["N"] - p["E"])) / (1 + np.exp(z))',
            'p["a"] + p["b"] * 0.5 * (1 + np.tanh(p["c"] * (x["N"] - p["E"]) / 2))',
            'p["a"] + p["b"] * (1 - expit(-p["c"] * (x["N"] - p["E"])))',
            'p["a"] + p["b"] * (1 - 1 / (1 + np.exp(p["c"] * (x["N"] - p["E"]))))',
        )
    ],
    "softplus that cannot overflow": [
        form(law, '("a", "b", "c")', before='    z = x["N"] - p["c"]\n', extra="from scipy import special\n")
        for law in (
            'p["a"] + p["b"] * np.logaddexp(0.0, z)',
            'p["a"] + p["b"] * (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))))',
            'p["a"] - p["b"] * special.log_expit(-z)',
        )
    ],
    "soft threshold": [
        form('p["a"] * np.log1p(np.exp(p["b"] * x["N"])) + p["c"]'),
        form('p["a"] * np.logaddexp(0, p["b"] * x["N"]) + p["c"]'),
        form('p["a"] * np.log(1 + np.exp(p["b"] * x["N"])) + p["c"]'),
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
            'np.matmul([p["a"], p["b"], p["c"]], np.stack([x["N"] ** k for k in range(3)]))',
            'p["a"] + x["N"] * (p["b"] + p["c"] * x["N"])',
        )
    ],
    "hinge": [
        form(law, TWO)
        for law in (
            'p["a"] * np.maximum(x["N"] - p["b"], 0)',
            'p["a"] * np.where(x["N"] > p["b"], x["N"] - p["b"], 0)',
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
    "ramp": [
        form(law)
        for law in (
            'p["a"] + p["b"] * np.maximum(x["N"] - p["c"], 0)',
            'np.where(x["N"] > p["c"], p["a"] + p["b"] * (x["N"] - p["c"]), p["a"])',
            'p["a"] - p["b"] * np.minimum(p["c"] - x["N"], 0)',
            'p["a"] + np.maximum(p["b"] * (x["N"] - p["c"]), 0)',
            'p["a"] + p["b"] * (np.maximum(x["N"], p["c"]) - p["c"])',
            'np.maximum(p["a"], p["a"] + p["b"] * (x["N"] - p["c"]))',
            'p["a"] + p["b"] * np.heaviside(x["N"] - p["c"], 0.5) * (x["N"] - p["c"])',
        )
    ],
    "plateau": [
        form(law, TWO)
        for law in (
            'p["a"] * np.minimum(x["N"], p["b"])',
            'np.where(x["N"] < p["b"], p["a"] * x["N"], p["a"] * p["b"])',
            'np.where(x["N"] >= p["b"], p["a"] * p["b"], p["a"] * x["N"])',
            'np.minimum(p["a"] * x["N"], p["a"] * p["b"])',
            'p["a"] * np.clip(x["N"], 0, p["b"])',
            'p["a"] * (x["N"] - np.maximum(x["N"] - p["b"], 0))',
        )
    ],
    "resistances": [
        form(law, TWO)
        for law in (
            '1 / (p["a"] / x["N"] + p["b"] / x["D"])',
            'x["N"] * x["D"] / (p["a"] * x["D"] + p["b"] * x["N"])',
            'x["N"] / (p["a"] + p["b"] * x["N"] / x["D"])',
            'np.reciprocal(np.sum([p["a"] / x["N"], p["b"] / x["D"]], axis=0))',
        )
    ],
    "rational": [
        form(law)
        for law in (
            '(p["a"] + p["b"] * x["N"]) / (1 + p["c"] * x["N"])',
            'p["a"] / (1 + p["c"] * x["N"]) + p["b"] * x["N"] / (1 + p["c"] * x["N"])',
            '(p["a"] / x["N"] + p["b"]) / (1 / x["N"] + p["c"])',
        )
    ],
    "two saturations": [
        form(law)
        for law in (
            'p["a"] * x["N"] * x["D"] / ((p["b"] + x["N"]) * (p["c"] + x["D"]))',
            'p["a"] / ((1 + p["b"] / x["N"]) * (1 + p["c"] / x["D"]))',
            'p["a"] / (1 + p["b"] / x["N"]) / (1 + p["c"] / x["D"])',
        )
    ],
    "wave": [
        form(law, '("a", "b", "c")')
        for law in (
            'p["a"] * np.sin(p["b"] * x["N"] + p["c"])',
            'p["a"] * np.cos(p["b"] * x["N"] + p["c"])',
            '-p["a"] * np.sin(-p["b"] * x["N"] - p["c"] + 1)',
        )
    ],
    "logarithms": [
        form(law)
        for law in (
            'p["a"] + p["b"] * np.log(x["N"]) + p["c"] * np.log(x["D"])',
            'p["a"] + np.dot([p["b"], p["c"]], np.log([x["N"], x["D"]]))',
            'p["a"] + (np.log(np.stack([x["N"], x["D"]], axis=1)) * [p["b"], p["c"]]).sum(axis=1)',
        )
    ],
}
