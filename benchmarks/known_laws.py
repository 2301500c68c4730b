"""Well-known laws, the ranges that they are measured over and the ranges that they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawsmith.tasks import Array


@dataclass(frozen=True)
class Range:
    """Values of a feature: evenly over (low, high), or evenly over their logarithms."""

    low: float
    high: float
    logarithmic: bool = False

    def draw(self, rows: int, rng: np.random.Generator) -> Array:
        if self.logarithmic:
            return np.exp(rng.uniform(np.log(self.low), np.log(self.high), rows))
        return rng.uniform(self.low, self.high, rows)


@dataclass(frozen=True)
class Levels:
    """Values of a feature that takes only these."""

    values: tuple[float, ...]

    def draw(self, rows: int, rng: np.random.Generator) -> Array:
        return rng.choice(np.array(self.values), rows)


def even(low: float, high: float) -> Range:
    return Range(low, high)


def levels(*values: float) -> Levels:
    return Levels(tuple(map(float, values)))


def log(low: float, high: float) -> Range:
    return Range(low, high, logarithmic=True)


@dataclass(frozen=True)
class Known:
    """`features`: name -> where it is measured, where it is asked for. `constants`: how many the law has; 0 where
    nobody asks."""

    features: dict[str, tuple[Range | Levels, Range | Levels]]
    law: Callable[..., Array]
    constants: int = 0

    def table(self, part: int, rows: int, rng: np.random.Generator) -> tuple[dict[str, Array], Array]:
        x = {name: ranges[part].draw(rows, rng) for name, ranges in self.features.items()}
        return x, np.asarray(self.law(**x))


def _langmuir(p: Array, T: Array) -> Array:
    k = np.exp(2000 / T - 6)
    return np.asarray(k * p / (1 + k * p))


SETTLED = {
    "Hooke": Known({"x": (even(-1, 1), even(1, 2))}, lambda x: -3.2 * x),
    "Kepler": Known({"a": (log(0.3, 5), log(5, 40))}, lambda a: a**1.5),
    "Michaelis-Menten": Known({"s": (log(0.1, 5), log(5, 30))}, lambda s: 3 * s / (1.5 + s)),
    "Hill": Known({"s": (log(0.05, 3), log(3, 20))}, lambda s: 2 * s**2.3 / (1.1**2.3 + s**2.3)),
    "Arrhenius": Known({"T": (even(280, 340), even(340, 380))}, lambda T: 1e9 * np.exp(-6000 / T)),
    "Stefan-Boltzmann": Known({"T": (log(200, 1000), log(1000, 2000))}, lambda T: 5.67e-8 * T**4),
    "Planck": Known({"x": (even(0.5, 6), even(6, 9))}, lambda x: x**3 / (np.exp(x) - 1)),
    "radioactive decay": Known({"t": (even(0, 5), even(5, 10))}, lambda t: 0.3 + 4 * np.exp(-0.5 * t)),
    "logistic growth": Known({"t": (even(0, 12), even(12, 20))}, lambda t: 100 / (1 + np.exp(5.6 - 0.7 * t))),
    "Gompertz": Known({"t": (even(0, 12), even(12, 20))}, lambda t: 50 * np.exp(-5 * np.exp(-0.4 * t))),
    "sine": Known({"t": (even(0, 10), even(10, 16))}, lambda t: 1 + 0.7 * np.sin(1.3 * t)),
    "damped oscillation": Known(
        {"t": (even(0, 10), even(10, 14))}, lambda t: 2 * np.exp(-0.1 * t) * np.cos(2 * t + 0.3)
    ),
    "normal density": Known({"x": (even(-1, 3), even(3, 5))}, lambda x: 0.4 * np.exp(-((x - 1) ** 2) / 2)),
    "Compton": Known({"theta": (even(0, 2), even(2, 3.1))}, lambda theta: 1.24 - 0.24 * np.cos(theta)),
    "ideal gas": Known(
        {"n": (even(1, 5), even(5, 8)), "T": (even(250, 350), even(350, 450)), "V": (log(1, 10), log(0.5, 1))},
        lambda n, T, V: 8.314 * n * T / V,
    ),
    "pendulum": Known(
        {"l": (log(0.1, 2), log(2, 5)), "g": (even(2, 12), even(12, 25))},
        lambda l, g: 2 * np.pi * np.sqrt(l / g),  # noqa: E741 - the length's own symbol
    ),
    "thin lens": Known(
        {"u": (even(1, 5), even(5, 9)), "v": (even(1, 5), even(5, 9))}, lambda u, v: 1 / (1 / u + 1 / v)
    ),
    "Reynolds number": Known(
        {
            "rho": (even(0.8, 1.5), even(1.5, 2)),
            "v": (log(0.1, 10), log(10, 20)),
            "d": (log(0.01, 1), log(1, 2)),
            "mu": (log(1e-5, 1e-3), log(1e-5, 1e-3)),
        },
        lambda rho, v, d, mu: rho * v * d / mu,
    ),
    "Coulomb": Known(
        {"q": (even(1, 5), even(5, 7)), "Q": (even(1, 5), even(5, 7)), "r": (even(0.5, 3), even(3, 5))},
        lambda q, Q, r: 9 * q * Q / r**2,
    ),
    "relativistic mass": Known(
        {"m": (even(1, 3), even(3, 5)), "v": (even(0, 0.7), even(0.7, 0.85))},
        lambda m, v: m / np.sqrt(1 - v**2),
    ),
    "Langmuir": Known({"p": (log(0.05, 5), log(5, 15)), "T": (even(280, 340), even(340, 370))}, _langmuir),
    "drag": Known(
        {"v": (even(1, 10), even(10, 15)), "A": (even(0.5, 2), even(2, 3))},
        lambda v, A: 0.282 * A * v**2 + 0.1 * v,
    ),
    "throw": Known(
        {"t": (even(0, 3), even(3, 5)), "v": (even(-5, 5), even(5, 8))}, lambda t, v: 10 + v * t - 4.905 * t**2
    ),
    "energy": Known(
        {"m": (even(1, 5), even(5, 8)), "v": (even(1, 5), even(5, 8)), "h": (even(0, 10), even(10, 15))},
        lambda m, v, h: 0.5 * m * v**2 + 9.81 * m * h,
    ),
    "resistors": Known(
        {"R1": (log(1, 100), log(100, 300)), "R2": (log(1, 100), log(100, 300)), "R3": (log(1, 100), log(100, 300))},
        lambda R1, R2, R3: R1 + R2 * R3 / (R2 + R3),
    ),
    "Cobb-Douglas": Known(
        {"K": (log(1, 100), log(100, 500)), "L": (log(1, 100), log(100, 500))},
        lambda K, L: 1.3 * K**0.3 * L**0.7,
    ),
    "Amdahl": Known(
        {"p": (log(1, 32), log(32, 256)), "n": (log(1e2, 1e4), log(1e4, 1e5))},
        lambda p, n: 0.5 + 2e-3 * n * (0.05 + 0.95 / p),
    ),
    "product": Known({"a": (even(-2, 2), even(2, 3)), "b": (even(-2, 2), even(2, 3))}, lambda a, b: 1.5 + 2 * a * b),
    "linear": Known(
        {"a": (even(-2, 2), even(2, 3)), "b": (even(-2, 2), even(2, 3)), "d": (log(1, 100), log(100, 200))},
        lambda a, b, d: 1 + 2 * a - b + 0.01 * d,
    ),
    "spring energy": Known(
        {"k": (even(1, 5), even(5, 8)), "x": (even(-2, 2), even(2, 3))}, lambda k, x: 0.5 * k * x**2
    ),
    "attention's time": Known(
        {"b": (log(1, 64), log(64, 256)), "s": (log(128, 4096), log(4096, 16384))},
        lambda b, s: 3 + 1.6e-4 * b * s + 1.6e-8 * b * s**2,
    ),
}  # fmt: skip
LATER = {
    "cooling": Known({"t": (even(0, 30), even(30, 60))}, lambda t: 20 + 70 * np.exp(-t / 15)),
    "terminal velocity": Known({"t": (even(0, 8), even(8, 16))}, lambda t: 40 * np.tanh(t / 4)),
    "Beer-Lambert": Known(
        {"c": (log(0.1, 3), log(3, 6)), "l": (even(0.5, 3), even(3, 5))}, lambda c, l: np.exp(-0.3 * c * l)  # noqa: E741
    ),
    "Freundlich": Known({"p": (log(0.1, 10), log(10, 100))}, lambda p: 2 * p**0.4),
    "Haldane": Known({"s": (log(0.1, 10), log(10, 40))}, lambda s: 2 * s / (0.5 + s + s**2 / 8)),
    "Nernst": Known(
        {"out": (log(0.1, 10), log(10, 50)), "inside": (log(0.1, 10), log(10, 50))},
        lambda out, inside: 25.7 * np.log(out / inside),
    ),
    "rocket": Known(
        {"v": (even(2, 4), even(4, 5)), "full": (log(10, 100), log(100, 300)), "dry": (log(1, 8), log(1, 8))},
        lambda v, full, dry: v * np.log(full / dry),
    ),
    "gravitation": Known(
        {"m": (log(1, 50), log(50, 90)), "M": (log(1, 50), log(50, 90)), "r": (even(1, 5), even(5, 9))},
        lambda m, M, r: 6.67 * m * M / r**2,
    ),
    "sine and trend": Known({"t": (even(0, 12), even(12, 18))}, lambda t: 2 + 0.3 * t + np.sin(2 * t)),
    "Zipf-Mandelbrot": Known({"r": (log(1, 100), log(100, 1000))}, lambda r: (r + 2.7) ** -1.1),
    "Weibull": Known({"t": (even(0, 3), even(3, 6))}, lambda t: 1 - np.exp(-((t / 3) ** 1.8))),
    "Antoine": Known({"T": (even(20, 80), even(80, 110))}, lambda T: 10 ** (8.07 - 1730.6 / (T + 233.4))),
    "queue": Known(
        {"arrivals": (even(0, 0.7), even(0.7, 0.9)), "served": (even(1, 2), even(1, 2))},
        lambda arrivals, served: 1 / (served - arrivals),
    ),
    "Stokes": Known(
        {"rho": (even(1.5, 8), even(8, 12)), "r": (log(0.1, 1), log(1, 2)), "mu": (log(0.5, 5), log(0.5, 5))},
        lambda rho, r, mu: 2.18 * (rho - 1) * r**2 / mu,
    ),
    "ring all-reduce": Known(
        {"p": (log(2, 64), log(64, 512)), "n": (log(1e3, 1e8), log(1e8, 1e9))},
        lambda p, n: 5e-6 * p + 2e-9 * n * (p - 1) / p,
    ),
    "Hall-Petch": Known({"d": (log(0.1, 10), log(10, 100))}, lambda d: 70 + 20 * d**-0.5),
    "law of the wall": Known(
        {"height": (log(10, 1000), log(1000, 10000))}, lambda height: 5 + 2.5 * np.log(height)
    ),
    "van der Waals": Known(
        {"V": (log(1, 10), log(10, 30)), "T": (even(250, 350), even(350, 400))},
        lambda V, T: 8.314 * T / (V - 0.04) - 1.4e2 / V**2,
    ),
}  # fmt: skip


def _precision(N: Array, D: Array, P: Array) -> Array:
    return np.asarray(2.76 + 4299 * (N * (1 - np.exp(-P / 2.67))) ** -0.4965 + 18060 * D**-0.5)


def _annealed(area: Array, fallen: Array) -> Array:
    return np.asarray(2.63 + 0.43 * area**-0.55 - 0.41 * fallen)


def _routed(N: Array, E: Array) -> Array:
    experts = 1 / (1 / (E - 1 + 1 / (1 / 1.847 - 1 / 314)) + 1 / 314)
    log_n, log_e = np.log10(N), np.log10(experts)
    return np.asarray(10 ** (-0.082 * log_n - 0.108 * log_e + 0.009 * log_n * log_e + 1.104))


def _sparse_experts(N: Array, D: Array, S: Array) -> Array:
    dense = 1 - S
    return np.asarray(
        0.94 + 16612 * N**-0.5962 + 5455 * D**-0.3954 + 0.4598 * dense**-0.1666 + 17.26 * dense**0.16 * N**-0.1595
    )


def _repeated(U: Array, D: Array, N: Array) -> Array:
    """`D` tokens seen, of which `U` at most are distinct."""
    distinct = np.minimum(U, D)
    worth = distinct * (1 + 15.4 * (1 - np.exp(-(D / distinct - 1) / 15.4)))
    return np.asarray(1.87 + 521 * N**-0.353 + 1488 * worth**-0.353)


SCALING = {
    # Kaplan et al., arXiv 2001.08361
    "Kaplan": Known(
        {"N": (log(1e6, 3e8), log(3e8, 1.5e9)), "D": (log(1e8, 1e10), log(1e10, 3e10))},
        lambda N, D: ((8.8e13 / N) ** 0.8 + 5.4e13 / D) ** 0.095,
    ),
    # Hoffmann et al., arXiv 2203.15556
    "Chinchilla": Known(
        {"N": (log(5e7, 3e9), log(3e9, 7e10)), "D": (log(1e9, 5e10), log(5e10, 1.4e12))},
        lambda N, D: 1.69 + 406.4 * N**-0.34 + 410.7 * D**-0.28,
    ),
    # Kumar et al., arXiv 2411.04330
    "precision": Known(
        {
            "N": (log(3e7, 2.2e8), log(2.2e8, 1.7e9)),
            "D": (log(1.5e9, 2.6e10), log(2.6e10, 5e10)),
            "P": (levels(3, 4, 5, 6, 8, 12), levels(3, 4, 6, 8, 16)),
        },
        _precision,
    ),
    # Krajewski et al., arXiv 2402.07871
    "granularity": Known(
        {
            "N": (log(1e8, 4e9), log(4e9, 2e10)),
            "D": (log(1e10, 1.3e11), log(1.3e11, 5e11)),
            "G": (levels(1, 2, 4, 8, 16), levels(16, 32, 64)),
        },
        lambda N, D, G: 0.47 + (2.1 * G**-0.58 + 18.1) * N**-0.115 + 30.8 * D**-0.147,
    ),
    # Gadre et al., arXiv 2403.08540
    "overtraining": Known(
        {"C": (log(1e17, 1e20), log(1e20, 5e21)), "M": (levels(5, 10, 20, 40, 80, 160, 320), levels(320, 640))},
        lambda C, M: 1.51 + (141 * M**0.121 + 190 * M**-0.121) * C**-0.121,
    ),
    "error of loss": Known({"loss": (even(2.5, 5), even(2, 2.5))}, lambda loss: 0.857 - 2.2 * np.exp(-0.756 * loss)),
    # Khatri et al., arXiv 2510.13786
    "reinforcement": Known(
        {"C": (log(1e2, 1e4), log(1e4, 1e5))}, lambda C: 0.2 + 0.41 / (1 + (3000 / C) ** 1.9)
    ),
    # Brown et al., arXiv 2407.21787
    "coverage": Known({"k": (log(1, 100), log(100, 10000))}, lambda k: np.exp(-1.5 * k**-0.35)),
    # Tissue et al., arXiv 2408.11029
    "annealing": Known(
        {"area": (log(0.5, 20), log(20, 60)), "fallen": (even(0, 0.3), even(0.3, 0.5))}, _annealed
    ),
    # Gao et al., arXiv 2210.10760
    "overoptimization": Known({"d": (log(0.1, 10), log(10, 20))}, lambda d: d * (1 - 0.25 * np.log(d))),
    # Hernandez et al., arXiv 2102.01293, and multilingual successors: data of another kind count in part
    "two languages": Known(
        {"own": (log(1e8, 1e10), log(1e10, 1e11)), "other": (log(1e8, 1e10), log(1e10, 1e11))},
        lambda own, other: 1.6 + 500 * (own + 0.35 * other) ** -0.28,
    ),
    # Schaeffer et al., arXiv 2304.15004: every token of an answer must be right
    "exact match": Known(
        {"N": (log(1e7, 3e9), log(3e9, 5e10)), "length": (levels(1, 2, 4, 8, 16), levels(8, 16, 32))},
        lambda N, length: np.exp(-length * 40 * N**-0.35),
    ),
    # McCandlish et al., arXiv 1812.06162
    "critical batch": Known(
        {"steps": (log(1e3, 1e5), log(1e5, 1e6)), "batch": (log(1e5, 1e7), log(1e7, 4e7))},
        lambda steps, batch: 1.5 + 60 * (steps / (1 + 1.5e6 / batch)) ** -0.45,
    ),
}  # fmt: skip
SCALING_LATER = {
    # Kumar et al., arXiv 2411.04330
    "quantized later": Known(
        {
            "N": (log(3e7, 2.2e8), log(2.2e8, 1.7e9)),
            "D": (log(1.5e9, 2.6e10), log(2.6e10, 5e10)),
            "P": (levels(3, 4, 5, 6), levels(3, 4, 5)),
        },
        lambda N, D, P: 0.06 * D**0.507 * N**-0.344 * np.exp(-P / 0.59),
    ),
    # Frantar et al., arXiv 2309.08520
    "pruning": Known(
        {
            "N": (log(1e6, 8e7), log(8e7, 8e8)),
            "D": (log(1e9, 3e10), log(3e10, 1e11)),
            "S": (levels(0, 0.5, 0.75, 0.875), levels(0, 0.5, 0.75, 0.875)),
        },
        lambda N, D, S: 0.651 + (16.8 * (1 - S) ** 0.722 + 45) * N**-0.245 + (6.9e8 / D) ** 0.203,
    ),
    # Clark et al., arXiv 2202.01169
    "routing": Known(
        {"N": (log(1.5e7, 1.3e9), log(1.3e9, 7e9)), "E": (levels(1, 2, 4, 8, 16, 32, 64, 128), levels(128, 256, 512))},
        _routed,
    ),
    # Hernandez et al., arXiv 2102.01293
    "transfer": Known(
        {"D": (log(1e5, 1e8), log(1e8, 1e9)), "N": (log(1e6, 1e9), log(1e9, 1e10))},
        lambda D, N: 1.2 + 40 * (D + 1.9e4 * D**0.18 * N**0.38) ** -0.2,
    ),
    # Abnar et al., arXiv 2501.12370
    "sparse experts": Known(
        {
            "N": (log(1e8, 4e9), log(4e9, 2e10)),
            "D": (log(2e9, 1e11), log(1e11, 5e11)),
            "S": (levels(0, 0.25, 0.5, 0.75, 0.9, 0.95), levels(0.5, 0.9, 0.95, 0.98)),
        },
        _sparse_experts,
    ),
    # Muennighoff et al., arXiv 2305.16264
    "repeated data": Known(
        {
            "U": (log(1e8, 1e10), log(3e9, 3e10)),
            "D": (log(3e8, 3e10), log(3e10, 3e11)),
            "N": (log(1e7, 1e9), log(1e9, 9e9)),
        },
        _repeated,
    ),
    # Huang et al., arXiv 1811.06965: the time of a step with `p` stages and `m` micro-batches
    "pipeline": Known(
        {"p": (levels(1, 2, 4, 8), levels(8, 16, 32)), "m": (levels(1, 2, 4, 8, 16, 32), levels(32, 64))},
        lambda p, m: 0.8 * (1 + (p - 1) / m) / p,
    ),
    # Leviathan et al., arXiv 2211.17192: tokens a step where a share `a` of `g` guesses is accepted
    "speculation": Known(
        {"a": (even(0.3, 0.8), even(0.8, 0.9)), "g": (levels(1, 2, 3, 4, 5, 6), levels(6, 8, 10))},
        lambda a, g: (1 - a ** (g + 1)) / ((1 - a) * (0.05 * g + 1)),
    ),
    # Brandfonbrener et al., arXiv 2411.12925
    "loss to loss": Known({"loss": (even(2.7, 4), even(2.3, 2.7))}, lambda loss: 1.1 + 0.9 * (loss - 1.8) ** 1.15),
    # Xiong et al., arXiv 2309.16039
    "context": Known(
        {"N": (log(1e8, 7e9), log(7e9, 7e10)), "length": (levels(256, 512, 1024, 2048, 4096), levels(8192, 32768))},
        lambda N, length: 1.5 + 150 * N**-0.3 + 9 * length**-0.5,
    ),
    # Liew et al., arXiv 2502.03009
    "upcycling": Known(
        {"D": (log(1e9, 1e11), log(1e11, 1e12)), "more": (log(1e8, 1e10), log(1e10, 1e11))},
        lambda D, more: 1.4 + 90 * D**-0.15 * more ** (-0.16 + 0.0045 * np.log(D)),
    ),
}  # fmt: skip
SPAN, BEYOND = even(-2, 2), even(-3, 3)
SIGNED = {  # laws of features that take both signs; picked before any search ran on them
    "Duffing": Known(
        {"x": (SPAN, BEYOND), "v": (SPAN, BEYOND)}, lambda x, v: -1.4 * x - 0.3 * v - 0.7 * x**3, constants=3
    ),
    "friction": Known(
        {"v": (SPAN, BEYOND)}, lambda v: -0.8 * np.tanh(2.5 * v) - 0.15 * v, constants=3
    ),
    "products": Known(
        {"x": (SPAN, BEYOND), "z": (SPAN, BEYOND)}, lambda x, z: 0.6 + 1.3 * x * z - 0.4 * x**2, constants=3
    ),
    "turbulent drag": Known(
        {"v": (SPAN, BEYOND)}, lambda v: -0.9 * np.sign(v) * np.abs(v) ** 1.7, constants=2
    ),
    "wave and slope": Known(
        {"x": (SPAN, BEYOND), "z": (SPAN, BEYOND)}, lambda x, z: 1.2 * np.sin(2.3 * x) + 0.5 * z, constants=3
    ),
    "beam": Known(
        {"x": (SPAN, BEYOND), "z": (SPAN, BEYOND)}, lambda x, z: 2.1 * np.exp(-0.8 * x**2) * z + 0.4, constants=3
    ),
    "dispersion": Known({"x": (SPAN, BEYOND)}, lambda x: 1.7 * x / (1 + 0.6 * x**2), constants=2),
    "switch": Known({"x": (SPAN, BEYOND)}, lambda x: 0.3 + 1.9 / (1 + np.exp(-2.2 * (x - 0.4))), constants=4),
    "ringing": Known({"x": (SPAN, BEYOND)}, lambda x: 1.5 * np.exp(-0.7 * np.abs(x)) * np.cos(5.3 * x), constants=3),
    "threshold": Known(
        {"x": (SPAN, BEYOND), "z": (SPAN, BEYOND)},
        lambda x, z: 1.6 * np.maximum(x - 0.35, 0) - 0.5 * z,
        constants=3,
    ),
    "softened attraction": Known(
        {"x": (SPAN, BEYOND), "z": (SPAN, BEYOND)}, lambda x, z: -2.4 * x / (x**2 + z**2 + 0.5) ** 1.5, constants=2
    ),
    "driven pendulum": Known(
        {"angle": (even(-3, 3), even(-4, 4)), "v": (SPAN, BEYOND), "t": (even(0, 10), even(10, 14))},
        lambda angle, v, t: -2.1 * np.sin(angle) - 0.25 * v + 0.7 * np.cos(1.3 * t),
        constants=4,
    ),
}  # fmt: skip
SETS = {"settled": SETTLED, "later": LATER, "scaling": SCALING, "scaling-later": SCALING_LATER, "signed": SIGNED}
