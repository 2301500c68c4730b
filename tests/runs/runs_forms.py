"""Forms as proposers write them, for the tests of translation: name -> source."""

PLAIN = {
    "power": """
import numpy as np
PARAMETERS = ("L", "A", "a", "N0")
def form(x, p):
    return p["L"] + p["A"] * (x["n"] + p["N0"]) ** (-p["a"])
""",
    "scaled sum": """
import numpy as np
PARAMETERS = {"L": (0.0, np.inf), "A": (-np.inf, np.inf), "a": (0, 3), "B": (0, 9), "b": (0, 3)}
def form(x, p):
    x_n = x["n"] / 1000.0
    x_d = x["d"] / 1e3
    return p["L"] + p["A"] * x_n ** -p["a"] + p["B"] / x_d ** p["b"] - 1.0 / (1.0 + np.exp(-x_n))
""",
    "helpers and constants": """
from math import pi
import numpy as np
from numpy import log1p, exp
PARAMETERS = ["A", "a"]
EPS = 1e-9
SCALE: float = 10 ** -3
UNUSED = np.zeros(3)
def softplus(z):
    \"\"\"ln(1 + e^z)\"\"\"
    return log1p(exp(z))
def form(x, p):
    \"\"\"A docstring.\"\"\"
    t = np.clip(np.asarray(x["n"], dtype=float), EPS, None) * SCALE
    t += 1
    t /= 2 * pi
    return p["A"] * softplus(t) - abs(p["a"]) * np.sqrt(t)
""",
    "masks": """
import numpy as np
PARAMETERS = ("A", "a", "b")
def form(x, p):
    small = (x["n"] < 40) & ~(x["d"] > 500) | (x["n"] > 5000)
    left = p["A"] * np.where(small, np.log(x["n"]), np.maximum(x["n"], x["d"]) ** 0.5)
    with np.errstate(all="ignore"):
        right = np.where(x["n"] > 1e9, np.exp(x["n"]), np.minimum(p["a"], np.log10(x["d"])))
    return left + right if p["b"] > -100 else left
""",
    "overflow inside": """
import numpy as np
PARAMETERS = ("A", "a")
def form(x, p):
    steep = np.exp(x["n"])
    small = np.power(0.0 * x["n"], p["a"]) * 0.5 + 1 / (x["d"] * 1e308 * 10)
    return p["A"] / (1.0 + steep) + np.tanh(x["d"] ** 400.0) + small
""",
    "loops": """
import numpy as np
PARAMETERS = {f"{letter}{i}": (-9, 9) for letter in "ab" for i in (1, 2)}
NAMES = ("n", "d")
def form(x, p):
    total = 0.0
    for i, name in enumerate(NAMES, ) :
        total = total + p[f"a{i + 1}"] * np.log(x[name]) ** 2
    terms = [p["b%d" % 1] * x["n"] ** 0.1 if False else p["b1"] * x["n"] ** 0.1, p["b2"]]
    return total + sum(terms) + np.sum([np.log1p(x[k]) for k in NAMES], axis=0)
""",
    "one name in two comprehensions": """
import numpy as np
PARAMETERS = tuple(f"a{i}" for i in (1, 2)) + ("b",)
WEIGHTS = [0.5 * i for i in (1, 2)]
def form(x, p):
    return WEIGHTS[0] * p["a1"] * np.log(x["n"]) + WEIGHTS[1] * p["a2"] + p["b"] / x["d"]
""",
    "many functions": """
import numpy as np
import scipy.special as sp
from scipy.special import erf
PARAMETERS = ("A",)
def form(x, p):
    u = x["n"] / 1e4
    v = np.log2(x["d"])
    parts = (np.expm1(u), np.square(v), np.cbrt(v), np.arctan(u), np.sign(u - 0.3), np.hypot(u, v),
             sp.expit(u), erf(u), np.logaddexp(u, v), np.exp2(-u), np.reciprocal(v), np.floor(v),
             np.ones_like(u), np.full_like(u, 2.0), np.nan_to_num(u), np.sin(u), np.cosh(u), np.negative(v),
             sp.xlogy(u, v), np.float_power(v, 1.5), np.clip(u, a_min=0.1, a_max=0.2), np.abs(u - v),
             u.copy(), v.astype(float))
    y = p["A"]
    for part in parts:
        y = y + part
    return y
""",
    "slices and masks": """
import numpy as np
PARAMETERS = ("A", "a")
law = 3
def form(x, p):
    y = np.zeros(len(x["n"]))
    mask = x["n"] > 100
    y[mask] = p["A"] * x["n"][mask] ** p["a"]
    return y
""",
    "matrix product": """
import numpy as np
PARAMETERS = ("A", "a")
WEIGHTS = np.array([0.25, 0.75])
def form(x, p):
    return p["A"] * (np.column_stack([np.log(x["n"]), np.log(x["d"])]) @ WEIGHTS) + p["a"]
""",
}

ARRAYS = {
    "everything of a module": """
from numpy import *
from math import *
PARAMETERS = ("A", "a")
def form(x, p):
    return p["A"] * minimum(x["n"], 9.0)[:] ** p["a"] + log(p["A"] + pi)
""",
    "names that are worked on": """
import numpy as np
PARAMETERS = {}
for letter in "Aa":
    PARAMETERS[letter] = (0.0, 5.0)
SCALE = [1.0]
SCALE[0] = 100.0
offset = 1.0
offset = offset + 1.0
def form(x, p):
    return p["A"] * (x["n"] / SCALE[0] + offset) ** -p["a"]
""",
    "rows together": """
import numpy as np
PARAMETERS = ("A", "a")
def form(x, p):
    order = np.argsort(np.argsort(x["n"]))
    return p["A"] * np.sort(x["n"])[order] ** p["a"]
""",
}
