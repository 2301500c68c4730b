"""Tables of few rows as people have them, made from known laws; every one with rows beyond it and the law behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lawsmith.tasks.arrays import Array

Columns = Mapping[str, Any]
Formula = Callable[..., Any]


@dataclass(frozen=True)
class SmallTable:
    """`train` holds the target with noise, `test` without. formula(columns, *constants) is the law behind it, and
    `constants` its true ones. options: what a user says of the table. group: the column with constants of its own.
    relative: errors are shares of the value, and so is what is measured beyond.
    """

    kind: str
    target: str
    train: dict[str, Any]
    test: dict[str, Any]
    formula: Formula
    constants: tuple[float, ...]
    relative: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    outliers: tuple[int, ...] = ()


def made_table(
    rng: np.random.Generator,
    kind: str,
    target: str,
    inside: dict[str, Any],
    beyond: dict[str, Any],
    formula: Formula,
    constants: tuple[float, ...],
    noise: float,
    *,
    relative: bool = False,
    digits: int = 6,
    **more: Any,
) -> SmallTable:
    """Noise is a share of the spread of the truth, or of each value; values are written with so many digits."""
    truth = np.asarray(formula(inside, *constants), dtype=float)
    size = np.abs(truth) if relative else truth.std()
    measured = written(truth + noise * size * rng.standard_normal(len(truth)), digits)
    train, test = inside | {target: measured}, beyond | {target: formula(beyond, *constants)}
    return SmallTable(kind, target, train, test, formula, constants, relative, **more)


def written(values: Array, digits: int) -> Array:
    return np.array([float(f"{value:.{digits - 1}e}") for value in values])


def _logistic(x: Columns, top: float, middle: float, rate: float) -> Any:
    return top / (1 + np.exp(-rate * (x["t"] - middle)))


def logistic_growth(rng: np.random.Generator) -> SmallTable:
    """Counts that grow and begin to level off, as yeast in a broth; the upper level lies beyond the rows."""
    rows, seen = int(rng.integers(8, 15)), rng.uniform(0.75, 0.95)  # share of the upper level that is reached
    top, rate = 10 ** rng.uniform(1, 3.5), rng.uniform(0.4, 0.8)
    begun = np.log(1 / rng.uniform(0.01, 0.06) - 1)
    middle = begun / rate
    last = middle + np.log(seen / (1 - seen)) / rate
    inside = {"t": np.round(np.linspace(0, last, rows), 2)}
    beyond = {"t": np.linspace(1.1 * last, 1.6 * last, 8)}
    noise = float(rng.choice([0.003, 0.01, 0.02]))
    return made_table(rng, "logistic growth", "count", inside, beyond, _logistic, (top, middle, rate), noise, digits=4)


def _exponential(x: Columns, start: float, rate: float) -> Any:
    return start * np.exp(rate * (x["year"] - 2010.0))


def exponential_years(rng: np.random.Generator) -> SmallTable:
    """What grows by a factor each year, with errors in per cent, over one to four decades."""
    rows, span = int(rng.integers(10, 30)), rng.uniform(5, 12)
    first = rng.uniform(1990, 2014)
    years = np.sort(np.round(first + rng.uniform(0, span, rows), 2))
    rate = np.log(10) * rng.uniform(1, 3.5) / span
    beyond = {"year": np.round(years[-1] + np.array([0.1, 0.25]) * span, 3)}
    noise = float(rng.choice([0.05, 0.12, 0.2]))
    start = 10 ** rng.uniform(0, 18) * np.exp(rate * (2010 - first))
    made = (start, rate)
    return made_table(
        rng, "exponential years", "flops", {"year": years}, beyond, _exponential, made, noise, relative=True, digits=4
    )  # fmt: skip


def _rising(x: Columns, low: float, high: float, middle: float, slope: float) -> Any:
    return low + (high - low) / (1 + np.exp(-slope * (np.log10(x["compute"]) - middle)))


def accuracy_compute(rng: np.random.Generator, *, plateau: bool) -> SmallTable:
    """Accuracy that rises with compute between chance and a ceiling; with `plateau` the rows come near the ceiling."""
    rows, decades = int(rng.integers(10, 24)), rng.uniform(3, 5)
    first = rng.uniform(17, 20)
    compute = 10 ** np.linspace(first, first + decades, rows)
    low, high = float(rng.choice([0.0, 0.25])), rng.uniform(0.85, 1.0)
    slope = rng.uniform(1.5, 2.5)
    middle = first + decades * (0.5 if plateau else 0.85)
    beyond = {"compute": 10 ** np.linspace(first + 1.05 * decades, first + decades + 1.5, 8)}
    inside, made = {"compute": written(compute, 4)}, (low, high, middle, slope)
    kind = "accuracy, plateau" if plateau else "accuracy, no plateau"
    return made_table(rng, kind, "acc", inside, beyond, _rising, made, float(rng.choice([0.01, 0.03])), digits=4)


def _power(x: Columns, level: float, size: float, exponent: float) -> Any:
    return level + size * (x["N"] / 1e7) ** -exponent


def power_law(rng: np.random.Generator) -> SmallTable:
    """A level and a power law over six to twelve budgets."""
    rows, decades = int(rng.integers(6, 13)), rng.uniform(1.5, 3.5)
    budgets = 10 ** np.linspace(7, 7 + decades, rows)
    made = (rng.uniform(0.5, 2.5), rng.uniform(0.5, 3.0), rng.uniform(0.15, 0.6))
    beyond = {"N": 10 ** np.linspace(7 + decades + 0.2, 8 + decades, 8)}
    noise = float(rng.choice([0.001, 0.005, 0.01, 0.05]))
    return made_table(rng, "power law + level", "loss", {"N": written(budgets, 3)}, beyond, _power, made, noise)


def exact_power_law(rng: np.random.Generator) -> SmallTable:
    """The same without noise, written with four decimals."""
    rows, decades = int(rng.integers(8, 25)), rng.uniform(2, 3.5)
    budgets = 10 ** np.linspace(6, 6 + decades, rows)
    made = (rng.uniform(0.5, 2.5), rng.uniform(0.5, 3.0), rng.uniform(0.2, 0.5))
    beyond = {"N": 10 ** np.linspace(6 + decades + 0.2, 7 + decades, 8)}
    return made_table(
        rng, "power law, rounded", "loss", {"N": written(budgets, 2)}, beyond, _power, made, 0.0, digits=5
    )


def _pure(x: Columns, size: float, one: float, two: float) -> Any:
    return size * x["mass"] ** one * x["length"] ** two


def relative_errors(rng: np.random.Generator) -> SmallTable:
    """A product of powers over three decades or more, with errors in per cent of the value."""
    rows = int(rng.integers(16, 40))
    draw = {"mass": 10 ** rng.uniform(-1, 2, rows), "length": 10 ** rng.uniform(0, 1.5, rows)}
    made = (10 ** rng.uniform(-1, 1), rng.uniform(0.6, 1.5), -rng.uniform(0.5, 2.0))
    inside = {name: written(column, 4) for name, column in draw.items()}
    beyond = {"mass": 10 ** rng.uniform(2.1, 3, 12), "length": 10 ** rng.uniform(0, 1.5, 12)}
    noise = float(rng.choice([0.05, 0.1, 0.2]))
    return made_table(rng, "relative errors", "rate", inside, beyond, _pure, made, noise, relative=True, digits=4)


def _two(x: Columns, level: float, a: float, alpha: float, b: float, beta: float) -> Any:
    return level + a * (x["N"] / 1e8) ** -alpha + b * (x["D"] / 1e9) ** -beta


def _chinchilla_rows(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    return {"N": written(10 ** rng.uniform(7.6, 9.5, rows), 3), "D": written(10 ** rng.uniform(9, 11.2, rows), 3)}


def chinchilla(rng: np.random.Generator) -> SmallTable:
    """Loss of parameters and tokens, 0.1 to 0.5 % noise."""
    made = (
        rng.uniform(1.4, 2.0), rng.uniform(0.5, 1.2), rng.uniform(0.25, 0.4),
        rng.uniform(0.5, 1.2), rng.uniform(0.25, 0.4),
    )  # fmt: skip
    inside = _chinchilla_rows(rng, int(rng.integers(24, 60)))
    beyond = {"N": 10 ** rng.uniform(9.6, 10.6, 12), "D": 10 ** rng.uniform(10.5, 12, 12)}
    noise = float(rng.choice([0.001, 0.003, 0.005]))
    return made_table(rng, "two power laws", "loss", inside, beyond, _two, made, noise, relative=True)


def _labelled(x: Columns, level: float, size: float, exponent: float, tied: float, *kinds: float) -> Any:
    names = np.asarray(x["act"])
    offset = sum(value * (names == name) for name, value in zip(("gelu", "silu"), kinds, strict=True))
    return np.asarray(level + size * (x["width"] / 100) ** -exponent + tied * (np.asarray(x["tied"]) == "yes") + offset)


def categories(rng: np.random.Generator) -> SmallTable:
    """A power law with an offset for each label of two categories."""
    widths = np.array([64, 128, 256, 512, 1024, 2048], dtype=float)
    design = [(w, tied, act) for w in widths for tied in ("no", "yes") for act in ("gelu", "relu", "silu")]
    inside = {
        "width": np.array([w for w, _, _ in design]),
        "tied": [t for _, t, _ in design],
        "act": [a for *_, a in design],
    }
    far = [(w, tied, act) for w in (4096.0, 8192.0) for tied in ("no", "yes") for act in ("gelu", "silu")]
    beyond = {"width": np.array([w for w, _, _ in far]), "tied": [t for _, t, _ in far], "act": [a for *_, a in far]}
    made = (
        rng.uniform(0.05, 0.5), rng.uniform(0.3, 1.0), rng.uniform(0.4, 0.8),
        rng.uniform(0.02, 0.1), rng.uniform(0.03, 0.1), -rng.uniform(0.02, 0.1),
    )  # fmt: skip
    return made_table(rng, "categories", "loss", inside, beyond, _labelled, made, float(rng.choice([0.01, 0.03])))


def _dose(x: Columns, level: float, size: float, exponent: float) -> Any:
    return level + size * x["dose"] ** -exponent


def replicates(rng: np.random.Generator) -> SmallTable:
    """Seven doses, measured three to five times, rounded to two digits."""
    doses = np.repeat(2.0 ** np.arange(7), int(rng.integers(3, 6)))
    made = (rng.uniform(1, 4), rng.uniform(6, 12), rng.uniform(0.5, 1.0))
    beyond = {"dose": np.array([96.0, 128.0, 256.0, 512.0])}
    return made_table(rng, "replicates, rounded", "signal", {"dose": doses}, beyond, _dose, made, 0.02, digits=3)


def sigmas(rng: np.random.Generator) -> SmallTable:
    """A power law whose rows have errors of their own, which a column states; two are spoiled and say so."""
    rows = int(rng.integers(25, 45))
    dose = np.sort(10 ** rng.uniform(0, 2, rows))
    made = (rng.uniform(1, 4), rng.uniform(6, 12), rng.uniform(0.4, 0.8))
    error = rng.choice([0.01, 0.02, 0.05], rows)
    measured = _dose({"dose": dose}, *made) + error * rng.standard_normal(rows)
    spoiled = rng.choice(np.arange(4, rows - 4), 2, replace=False)
    measured[spoiled] += np.array([3.0, -2.0])
    error[spoiled] = 3.0
    inside = {"dose": written(dose, 4), "y_err": error, "y": written(measured, 5)}
    beyond = {"dose": 10 ** np.linspace(2.1, 3, 8)}
    test = beyond | {"y_err": np.full(8, 0.01), "y": _dose(beyond, *made)}
    return SmallTable("sigmas", "y", inside, test, _dose, made)


def _decay(x: Columns, level: float, size: float, life: float) -> Any:
    return level + size * np.exp(-(x["MJD"] - 60000.0) / life)


def decay(rng: np.random.Generator) -> SmallTable:
    """What fades to a level, in days far from zero."""
    life = rng.uniform(3, 12)
    days = np.sort(60000 + np.round(rng.uniform(0, 3.0 * life, int(rng.integers(14, 40))), 3))
    made = (rng.uniform(0.02, 0.1), rng.uniform(0.3, 2.0), life)
    beyond = {"MJD": 60000 + np.linspace(3.2, 6, 8) * life}
    return made_table(
        rng, "decay to a level", "rate", {"MJD": days}, beyond, _decay, made, float(rng.choice([0.01, 0.03]))
    )


def _hill(x: Columns, base: float, steep: float, *own: float) -> Any:
    kinds = np.asarray(x["compound"])
    top, half = (np.zeros(len(kinds)) for _ in range(2))
    for k, name in enumerate(("a-1", "b, salt", "c")):
        top[kinds == name], half[kinds == name] = own[2 * k], own[2 * k + 1]
    dose = np.asarray(x["dose"]) ** steep
    return np.asarray(base + top * dose / (half**steep + dose))


def dose_response(rng: np.random.Generator) -> SmallTable:
    """Hill curves of three compounds, with doses of zero, measured twice; half of the upper level is passed."""
    doses = np.array([0, 0.1, 0.3, 1, 3, 10, 30])
    names = ("a-1", "b, salt", "c")
    inside = {"dose": np.tile(np.repeat(doses, 2), 3), "compound": np.repeat(names, 2 * len(doses))}
    beyond = {"dose": np.tile([60.0, 100, 300], 3), "compound": np.repeat(names, 3)}
    own = [value for _ in names for value in (rng.uniform(0.7, 1.2), 10 ** rng.uniform(-0.3, 1.0))]
    made = (rng.uniform(0.02, 0.1), rng.uniform(0.8, 1.6), *own)
    noise = float(rng.choice([0.01, 0.03]))
    return made_table(rng, "dose and response", "response", inside, beyond, _hill, made, noise, digits=4)


def _threshold(x: Columns, gain: float, start: float, power: float, slope: float) -> Any:
    return gain * np.maximum(np.asarray(x["vg"]) - start, 0) ** power * (1 + slope * np.asarray(x["vd"])) * 1e-4


def transistor(rng: np.random.Generator) -> SmallTable:
    """A current that begins at a threshold of one voltage and rises a little with another."""
    gates, drains = np.round(np.arange(0.4, 1.21, 0.08), 2), np.round(np.arange(0.2, 1.01, 0.2), 1)
    mesh = np.meshgrid(gates, drains, indexing="ij")
    inside = {"vg": mesh[0].ravel(), "vd": mesh[1].ravel()}
    beyond = {"vg": rng.uniform(1.3, 1.8, 12), "vd": rng.uniform(0.2, 1.4, 12)}
    made = (rng.uniform(1, 6), rng.uniform(0.25, 0.38), rng.uniform(1.3, 2.0), rng.uniform(0.03, 0.12))
    return made_table(rng, "threshold of a voltage", "ids", inside, beyond, _threshold, made, 0.005, relative=True)


def _charge(x: Columns, volts: float, ohms: float) -> Any:
    c, t = np.asarray(x["cap_F"]), np.asarray(x["t_s"])
    return volts * c * (1 - np.exp(-t / (ohms * c)))


def charging(rng: np.random.Generator) -> SmallTable:
    """A capacitor that is charged: microfarads and seconds."""
    farad, unit = np.array([1e-6, 2.2e-6, 4.7e-6, 1e-5]), 10 ** rng.uniform(-6, 3)
    made = (rng.uniform(1, 12), rng.uniform(1e5, 5e5) / unit)
    seconds = np.linspace(0.2, 3, 9)
    mesh = np.meshgrid(farad * unit, seconds, indexing="ij")
    inside = {"cap_F": mesh[0].ravel(), "t_s": mesh[1].ravel()}
    far = np.meshgrid(np.array([1.5e-5, 2.2e-5]) * unit, np.array([2.0, 4.0, 6.0]), indexing="ij")
    beyond = {"cap_F": far[0].ravel(), "t_s": far[1].ravel()}
    return made_table(
        rng, "charging", "Q_C", inside, beyond, _charge, made, float(rng.choice([0.003, 0.01])), relative=True
    )


def _root(x: Columns, level: float, size: float, one: float, two: float) -> Any:
    return level + size * np.asarray(x["A"]) ** one * np.asarray(x["a"]) ** two


def product_on_level(rng: np.random.Generator) -> SmallTable:
    """A level and a product of two powers, nearly exact."""
    inside = {"A": written(10 ** rng.uniform(0, 2, 40), 3), "a": written(10 ** rng.uniform(0, 2, 40), 3)}
    beyond = {"A": 10 ** rng.uniform(2.1, 3, 12), "a": 10 ** rng.uniform(1, 3, 12)}
    made = (rng.uniform(0.5, 3), rng.uniform(1, 4), rng.uniform(0.3, 0.7), -rng.uniform(0.2, 0.5))
    noise = float(rng.choice([1e-5, 0.001, 0.005]))
    return made_table(rng, "level and product", "L", inside, beyond, _root, made, noise)


def _families(x: Columns, *constants: float) -> Any:
    names, exponents = np.asarray(x["family"]), constants[6:]
    own = [constants[2 * k : 2 * k + 2] for k in range(3)]
    level, size = (sum(pair[k] * (names == name) for pair, name in zip(own, "ABC", strict=True)) for k in range(2))
    b, alpha, beta = exponents
    return np.asarray(
        level + size * (np.asarray(x["N"]) / 1e8) ** -alpha + b * size * (np.asarray(x["D"]) / 1e9) ** -beta
    )


def flagship(rng: np.random.Generator, *, derived: bool, spoiled: bool) -> SmallTable:
    """Losses of three families of models, 30 runs each; with a rate set from the size, and with two slipped rows."""
    rows = _chinchilla_rows(rng, 90) | {"family": np.repeat(list("ABC"), 30)}
    own = [value for _ in range(3) for value in (rng.uniform(1.5, 2.0), rng.uniform(0.5, 1.0))]
    made = (*own, rng.uniform(0.8, 1.4), rng.uniform(0.28, 0.38), rng.uniform(0.28, 0.38))
    far = {
        "N": 10 ** rng.uniform(9.6, 10.5, 24),
        "D": 10 ** rng.uniform(10.5, 12, 24),
        "family": np.repeat(list("ABC"), 8),
    }
    if derived:
        for part in (rows, far):
            n = part["N"] * (1 + 0.05 * rng.standard_normal(len(part["N"])))
            part["lr"] = written(3e-4 * (44e6 / n) ** 0.1, 4)
    kind = f"flagship{', derived rate' if derived else ''}{', two outliers' if spoiled else ''}"
    found = made_table(rng, kind, "loss", rows, far, _families, made, 0.005, relative=True, digits=5)
    if not spoiled:
        return found
    slipped = np.sort(rng.choice(90, 2, replace=False))
    found.train["loss"][slipped] += np.array([1.5, -1.0])
    return SmallTable(**(vars(found) | {"outliers": tuple(slipped.tolist())}))


KINDS: dict[str, Callable[[np.random.Generator], SmallTable]] = {
    "logistic growth": logistic_growth,
    "exponential years": exponential_years,
    "accuracy, plateau": lambda rng: accuracy_compute(rng, plateau=True),
    "accuracy, no plateau": lambda rng: accuracy_compute(rng, plateau=False),
    "power law + level": power_law,
    "power law, rounded": exact_power_law,
    "relative errors": relative_errors,
    "two power laws": chinchilla,
    "categories": categories,
    "replicates, rounded": replicates,
    "sigmas": sigmas,
    "decay to a level": decay,
    "dose and response": dose_response,
    "threshold of a voltage": transistor,
    "charging": charging,
    "level and product": product_on_level,
    "flagship": lambda rng: flagship(rng, derived=False, spoiled=False),
    "flagship, derived rate": lambda rng: flagship(rng, derived=True, spoiled=False),
    "flagship, two outliers": lambda rng: flagship(rng, derived=False, spoiled=True),
    "flagship, derived rate, two outliers": lambda rng: flagship(rng, derived=True, spoiled=True),
}
