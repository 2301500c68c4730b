"""Well-known laws of other fields: how well the chosen law holds beyond the data.

    python -m benchmarks.classics [--noise 0.005] [--set settled|later] [NAME ...]

A law says over which ranges its features are measured and over which it is asked for; features are drawn at random,
60 rows for each. Scores are test R² of the chosen law and of the best law tried. Those in `LATER` were written down
after the forms of the search had been settled, and nothing was changed for them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agent.selection import choose
from benchmarks.extrapolation import Case, explore, score
from sandbox import Sandbox
from tasks import Array, Dataset, Provenance, Schema, Table, Task
from tasks.schema import Column

ROWS = 60  # per feature


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


def even(low: float, high: float) -> Range:
    return Range(low, high)


def log(low: float, high: float) -> Range:
    return Range(low, high, logarithmic=True)


@dataclass(frozen=True)
class Classic:
    """`features`: name -> where it is measured, where it is asked for."""

    features: dict[str, tuple[Range, Range]]
    law: Callable[..., Array]

    def table(self, part: int, rows: int, rng: np.random.Generator) -> tuple[dict[str, Array], Array]:
        x = {name: ranges[part].draw(rows, rng) for name, ranges in self.features.items()}
        return x, np.asarray(self.law(**x))


def _langmuir(p: Array, T: Array) -> Array:
    k = np.exp(2000 / T - 6)
    return np.asarray(k * p / (1 + k * p))


SETTLED = {
    "Hooke": Classic({"x": (even(-1, 1), even(1, 2))}, lambda x: -3.2 * x),
    "Kepler": Classic({"a": (log(0.3, 5), log(5, 40))}, lambda a: a**1.5),
    "Michaelis-Menten": Classic({"s": (log(0.1, 5), log(5, 30))}, lambda s: 3 * s / (1.5 + s)),
    "Hill": Classic({"s": (log(0.05, 3), log(3, 20))}, lambda s: 2 * s**2.3 / (1.1**2.3 + s**2.3)),
    "Arrhenius": Classic({"T": (even(280, 340), even(340, 380))}, lambda T: 1e9 * np.exp(-6000 / T)),
    "Stefan-Boltzmann": Classic({"T": (log(200, 1000), log(1000, 2000))}, lambda T: 5.67e-8 * T**4),
    "Planck": Classic({"x": (even(0.5, 6), even(6, 9))}, lambda x: x**3 / (np.exp(x) - 1)),
    "radioactive decay": Classic({"t": (even(0, 5), even(5, 10))}, lambda t: 0.3 + 4 * np.exp(-0.5 * t)),
    "logistic growth": Classic({"t": (even(0, 12), even(12, 20))}, lambda t: 100 / (1 + np.exp(5.6 - 0.7 * t))),
    "Gompertz": Classic({"t": (even(0, 12), even(12, 20))}, lambda t: 50 * np.exp(-5 * np.exp(-0.4 * t))),
    "sine": Classic({"t": (even(0, 10), even(10, 16))}, lambda t: 1 + 0.7 * np.sin(1.3 * t)),
    "damped oscillation": Classic(
        {"t": (even(0, 10), even(10, 14))}, lambda t: 2 * np.exp(-0.1 * t) * np.cos(2 * t + 0.3)
    ),
    "normal density": Classic({"x": (even(-1, 3), even(3, 5))}, lambda x: 0.4 * np.exp(-((x - 1) ** 2) / 2)),
    "Compton": Classic({"theta": (even(0, 2), even(2, 3.1))}, lambda theta: 1.24 - 0.24 * np.cos(theta)),
    "ideal gas": Classic(
        {"n": (even(1, 5), even(5, 8)), "T": (even(250, 350), even(350, 450)), "V": (log(1, 10), log(0.5, 1))},
        lambda n, T, V: 8.314 * n * T / V,
    ),
    "pendulum": Classic(
        {"l": (log(0.1, 2), log(2, 5)), "g": (even(2, 12), even(12, 25))},
        lambda l, g: 2 * np.pi * np.sqrt(l / g),  # noqa: E741 - the length's own symbol
    ),
    "thin lens": Classic(
        {"u": (even(1, 5), even(5, 9)), "v": (even(1, 5), even(5, 9))}, lambda u, v: 1 / (1 / u + 1 / v)
    ),
    "Reynolds number": Classic(
        {
            "rho": (even(0.8, 1.5), even(1.5, 2)),
            "v": (log(0.1, 10), log(10, 20)),
            "d": (log(0.01, 1), log(1, 2)),
            "mu": (log(1e-5, 1e-3), log(1e-5, 1e-3)),
        },
        lambda rho, v, d, mu: rho * v * d / mu,
    ),
    "Coulomb": Classic(
        {"q": (even(1, 5), even(5, 7)), "Q": (even(1, 5), even(5, 7)), "r": (even(0.5, 3), even(3, 5))},
        lambda q, Q, r: 9 * q * Q / r**2,
    ),
    "relativistic mass": Classic(
        {"m": (even(1, 3), even(3, 5)), "v": (even(0, 0.7), even(0.7, 0.85))},
        lambda m, v: m / np.sqrt(1 - v**2),
    ),
    "Langmuir": Classic({"p": (log(0.05, 5), log(5, 15)), "T": (even(280, 340), even(340, 370))}, _langmuir),
    "drag": Classic(
        {"v": (even(1, 10), even(10, 15)), "A": (even(0.5, 2), even(2, 3))},
        lambda v, A: 0.282 * A * v**2 + 0.1 * v,
    ),
    "throw": Classic(
        {"t": (even(0, 3), even(3, 5)), "v": (even(-5, 5), even(5, 8))}, lambda t, v: 10 + v * t - 4.905 * t**2
    ),
    "energy": Classic(
        {"m": (even(1, 5), even(5, 8)), "v": (even(1, 5), even(5, 8)), "h": (even(0, 10), even(10, 15))},
        lambda m, v, h: 0.5 * m * v**2 + 9.81 * m * h,
    ),
    "resistors": Classic(
        {"R1": (log(1, 100), log(100, 300)), "R2": (log(1, 100), log(100, 300)), "R3": (log(1, 100), log(100, 300))},
        lambda R1, R2, R3: R1 + R2 * R3 / (R2 + R3),
    ),
    "Cobb-Douglas": Classic(
        {"K": (log(1, 100), log(100, 500)), "L": (log(1, 100), log(100, 500))},
        lambda K, L: 1.3 * K**0.3 * L**0.7,
    ),
    "Amdahl": Classic(
        {"p": (log(1, 32), log(32, 256)), "n": (log(1e2, 1e4), log(1e4, 1e5))},
        lambda p, n: 0.5 + 2e-3 * n * (0.05 + 0.95 / p),
    ),
    "product": Classic({"a": (even(-2, 2), even(2, 3)), "b": (even(-2, 2), even(2, 3))}, lambda a, b: 1.5 + 2 * a * b),
    "linear": Classic(
        {"a": (even(-2, 2), even(2, 3)), "b": (even(-2, 2), even(2, 3)), "d": (log(1, 100), log(100, 200))},
        lambda a, b, d: 1 + 2 * a - b + 0.01 * d,
    ),
    "spring energy": Classic(
        {"k": (even(1, 5), even(5, 8)), "x": (even(-2, 2), even(2, 3))}, lambda k, x: 0.5 * k * x**2
    ),
    "attention's time": Classic(
        {"b": (log(1, 64), log(64, 256)), "s": (log(128, 4096), log(4096, 16384))},
        lambda b, s: 3 + 1.6e-4 * b * s + 1.6e-8 * b * s**2,
    ),
}  # fmt: skip
LATER = {
    "cooling": Classic({"t": (even(0, 30), even(30, 60))}, lambda t: 20 + 70 * np.exp(-t / 15)),
    "terminal velocity": Classic({"t": (even(0, 8), even(8, 16))}, lambda t: 40 * np.tanh(t / 4)),
    "Beer-Lambert": Classic(
        {"c": (log(0.1, 3), log(3, 6)), "l": (even(0.5, 3), even(3, 5))}, lambda c, l: np.exp(-0.3 * c * l)  # noqa: E741
    ),
    "Freundlich": Classic({"p": (log(0.1, 10), log(10, 100))}, lambda p: 2 * p**0.4),
    "Haldane": Classic({"s": (log(0.1, 10), log(10, 40))}, lambda s: 2 * s / (0.5 + s + s**2 / 8)),
    "Nernst": Classic(
        {"out": (log(0.1, 10), log(10, 50)), "inside": (log(0.1, 10), log(10, 50))},
        lambda out, inside: 25.7 * np.log(out / inside),
    ),
    "rocket": Classic(
        {"v": (even(2, 4), even(4, 5)), "full": (log(10, 100), log(100, 300)), "dry": (log(1, 8), log(1, 8))},
        lambda v, full, dry: v * np.log(full / dry),
    ),
    "gravitation": Classic(
        {"m": (log(1, 50), log(50, 90)), "M": (log(1, 50), log(50, 90)), "r": (even(1, 5), even(5, 9))},
        lambda m, M, r: 6.67 * m * M / r**2,
    ),
    "sine and trend": Classic({"t": (even(0, 12), even(12, 18))}, lambda t: 2 + 0.3 * t + np.sin(2 * t)),
    "Zipf-Mandelbrot": Classic({"r": (log(1, 100), log(100, 1000))}, lambda r: (r + 2.7) ** -1.1),
    "Weibull": Classic({"t": (even(0, 3), even(3, 6))}, lambda t: 1 - np.exp(-((t / 3) ** 1.8))),
    "Antoine": Classic({"T": (even(20, 80), even(80, 110))}, lambda T: 10 ** (8.07 - 1730.6 / (T + 233.4))),
    "queue": Classic(
        {"arrivals": (even(0, 0.7), even(0.7, 0.9)), "served": (even(1, 2), even(1, 2))},
        lambda arrivals, served: 1 / (served - arrivals),
    ),
    "Stokes": Classic(
        {"rho": (even(1.5, 8), even(8, 12)), "r": (log(0.1, 1), log(1, 2)), "mu": (log(0.5, 5), log(0.5, 5))},
        lambda rho, r, mu: 2.18 * (rho - 1) * r**2 / mu,
    ),
    "ring all-reduce": Classic(
        {"p": (log(2, 64), log(64, 512)), "n": (log(1e3, 1e8), log(1e8, 1e9))},
        lambda p, n: 5e-6 * p + 2e-9 * n * (p - 1) / p,
    ),
    "Hall-Petch": Classic({"d": (log(0.1, 10), log(10, 100))}, lambda d: 70 + 20 * d**-0.5),
    "law of the wall": Classic(
        {"height": (log(10, 1000), log(1000, 10000))}, lambda height: 5 + 2.5 * np.log(height)
    ),
    "van der Waals": Classic(
        {"V": (log(1, 10), log(10, 30)), "T": (even(250, 350), even(350, 400))},
        lambda V, T: 8.314 * T / (V - 0.04) - 1.4e2 / V**2,
    ),
}  # fmt: skip


SETS = {"settled": SETTLED, "later": LATER}


def case(name: str, classic: Classic, noise: float, seed: int = 0) -> Case:
    """Training rows with `noise` relative to the spread of the truth; test rows have none."""
    rng = np.random.default_rng(seed)
    names = tuple(classic.features)
    x, y = classic.table(0, ROWS * len(names), rng)
    beyond = classic.table(1, 40, rng)
    y = y + noise * y.std() * rng.standard_normal(len(y))
    schema = Schema(
        name="classic", long_name=name, title=name, features=names, targets=("y",), group="group", cap=None,
        columns={n: Column(name=n) for n in (*names, "y")},
    )  # fmt: skip
    task = Task(schema, _one_group(x, y), Provenance(source="file", sha256="", path=None))
    return Case(name, Dataset(task, _one_group(*beyond)))


def _one_group(x: dict[str, Array], y: Array) -> Table:
    return Table(x, {"y": y}, ("all",), np.zeros(len(y), dtype=np.intp))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--noise", type=float, default=0.005)
    parser.add_argument("--set", choices=SETS)
    options = parser.parse_args()
    print(f"{'law':20s}{'chosen':>9s}{'hindsight':>11s}{'seconds':>9s}")
    with Sandbox() as sandbox:
        for title, laws in {options.set: SETS[options.set]}.items() if options.set else SETS.items():
            chosen = []
            for name in [name for name in laws if not options.names or name in options.names]:
                one, began = case(name, laws[name], options.noise), time.monotonic()
                trials = explore(one, sandbox)
                seconds = time.monotonic() - began
                winner = choose(trials, one.dataset.task).winner
                chosen.append(score(winner, one.dataset, sandbox))
                best = max(score(trial, one.dataset, sandbox) for trial in trials)
                print(f"{name:20s}{chosen[-1]:9.3f}{best:11.3f}{seconds:9.1f}", flush=True)
            if chosen:
                good = sum(value >= 0.95 for value in chosen)
                print(f"{title}: mean {np.mean(chosen):.3f}, at least 0.95 in {good} of {len(chosen)}")


if __name__ == "__main__":
    main()
