"""Synthetic tasks whose truth is known: laws, noise, designs and group structures drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawsmith.tasks import Dataset, Provenance, Schema, Table, Task
from lawsmith.tasks.schema import Column

Array = NDArray[np.float64]
Truth = Callable[[dict[str, Array]], Array]


@dataclass(frozen=True)
class SyntheticLaw:
    """`draw(rng)` makes one truth with so many `constants`; 0 where the search's grammar cannot state it exactly."""

    name: str
    features: tuple[str, ...]
    draw: Callable[[np.random.Generator], Truth]
    constants: int

    @property
    def expressible(self) -> bool:
        return self.constants > 0


def _u(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _power(rng: np.random.Generator) -> Truth:
    level, a, alpha = _u(rng, 0.2, 2), _u(rng, 1, 5), _u(rng, 0.15, 0.7)
    return lambda x: level + a * x["n"] ** -alpha


def _shifted(rng: np.random.Generator) -> Truth:
    level, a, alpha, shift = _u(rng, 0.2, 2), _u(rng, 1, 5), _u(rng, 0.2, 0.8), _u(rng, 0.2, 3)
    return lambda x: level + a * (x["n"] + shift) ** -alpha


def _rectified(rng: np.random.Generator) -> Truth:
    level, a, alpha, shift = _u(rng, 0.2, 2), _u(rng, 2, 8), _u(rng, 0.3, 0.9), _u(rng, 0.3, 3)
    return lambda x: level + a / (x["n"] ** alpha + shift)


def _chinchilla(rng: np.random.Generator) -> Truth:
    level, a, b = _u(rng, 1, 2), _u(rng, 0.5, 2), _u(rng, 0.5, 2)
    alpha, beta = _u(rng, 0.2, 0.5), _u(rng, 0.2, 0.5)
    return lambda x: level + a * x["n"] ** -alpha + b * x["d"] ** -beta


def _product(rng: np.random.Generator) -> Truth:
    level, a, alpha, beta = _u(rng, 0.5, 2), _u(rng, 1, 3), _u(rng, 0.1, 0.4), _u(rng, 0.05, 0.3)
    return lambda x: level + a * x["n"] ** -alpha * x["d"] ** -beta


def _kaplan(rng: np.random.Generator) -> Truth:
    a, b, alpha, g = _u(rng, 1, 4), _u(rng, 1, 4), _u(rng, 0.3, 0.8), _u(rng, 0.3, 0.9)
    return lambda x: (a * x["n"] ** -alpha + b * x["d"] ** -(1.3 * alpha)) ** g + 0.5


def _gain(rng: np.random.Generator) -> Truth:
    level, a, alpha, k = _u(rng, 0.5, 1.5), _u(rng, 0.5, 2), _u(rng, 0.15, 0.4), _u(rng, 0.1, 0.8)
    return lambda x: level + a * (x["n"] * (1 + k * np.log(x["p"]))) ** -alpha


def _bowl(rng: np.random.Generator) -> Truth:
    level, a, alpha, c = _u(rng, 1, 2), _u(rng, 0.5, 2), _u(rng, 0.2, 0.5), _u(rng, 0.01, 0.06)
    centre, drift = _u(rng, -0.5, 0.5), _u(rng, -0.3, 0.3)
    return lambda x: level + a * x["n"] ** -alpha + c * (np.log(x["lr"]) - centre - drift * np.log(x["n"])) ** 2


def _exponential_mix(rng: np.random.Generator) -> Truth:
    level, k, t = _u(rng, 1, 2), _u(rng, 0.5, 1.5), rng.uniform(-3, 0.5, 3)
    return lambda x: level + k * np.exp(t[0] * x["s1"] + t[1] * x["s2"] + t[2] * x["s3"])


def _stretched(rng: np.random.Generator) -> Truth:
    level, a, k, c = _u(rng, 0.3, 1), _u(rng, 1, 3), _u(rng, 0.05, 0.3), _u(rng, 0.4, 0.9)
    return lambda x: level + a * np.exp(-((k * x["n"]) ** c))


def _sharp_break(rng: np.random.Generator) -> Truth:
    level, a, one, two, at = (_u(rng, 0.2, 1), _u(rng, 2, 4), _u(rng, 0.05, 0.2), _u(rng, 0.3, 0.7), _u(rng, 1, 10))
    return lambda x: level + a * (x["n"] / at) ** -one * (1 + (x["n"] / at) ** 4) ** (-(two - one) / 4)


def _harmonic(rng: np.random.Generator) -> Truth:
    level, a, k, alpha = _u(rng, 0.5, 1.5), _u(rng, 1, 3), _u(rng, 0.3, 3), _u(rng, 0.2, 0.5)
    return lambda x: level + a * (x["n"] * x["d"] / (x["n"] + k * x["d"])) ** -alpha


def _repeated(rng: np.random.Generator) -> Truth:
    level, a, alpha, r = _u(rng, 1, 2), _u(rng, 1, 3), _u(rng, 0.2, 0.5), _u(rng, 3, 20)
    return lambda x: level + a * (x["u"] * (1 + r * (1 - np.exp(-(x["e"] - 1) / r)))) ** -alpha


def _logistic(rng: np.random.Generator) -> Truth:
    low, high, s, m = _u(rng, 0.1, 0.3), _u(rng, 0.7, 0.95), _u(rng, 1, 3), _u(rng, 0.2, 1.2)
    return lambda x: low + (high - low) / (1 + np.exp(-s * (x["z"] - m)))


def _oscillating(rng: np.random.Generator) -> Truth:
    level, a, alpha, w = _u(rng, 0.5, 1.5), _u(rng, 1, 3), _u(rng, 0.2, 0.5), _u(rng, 0.01, 0.03)
    return lambda x: level + a * x["n"] ** -alpha * (1 + w * np.sin(2 * np.log(x["n"])))


def _from_zero(rng: np.random.Generator) -> Truth:
    level, a, b, alpha, beta = (_u(rng, 1, 2), _u(rng, 0.5, 2), _u(rng, 0.5, 2), _u(rng, 0.2, 0.5), _u(rng, 0.2, 0.6))
    return lambda x: level + a * x["n"] ** -alpha + b * (1 + x["v"] / 300) ** -beta


def _mixed_scale(rng: np.random.Generator) -> Truth:
    level, a, alpha, t = _u(rng, 1, 2), _u(rng, 0.5, 2), _u(rng, 0.15, 0.5), rng.uniform(-1.5, 1.5, 3)
    return lambda x: level + a * x["n"] ** -alpha * np.exp(t[0] * x["s1"] + t[1] * x["s2"] + t[2] * x["s3"])


def _yearly(rng: np.random.Generator) -> Truth:
    low, height, s, m = _u(rng, 0, 0.2), _u(rng, 0.5, 1), _u(rng, 0.3, 1), _u(rng, 2016, 2019)
    return lambda x: low + height / (1 + np.exp(-s * (x["year"] - m)))


def _two_terms(rng: np.random.Generator) -> Truth:
    level, a, alpha, c = _u(rng, 1, 2), _u(rng, 0.5, 1.5), _u(rng, 0.2, 0.5), _u(rng, 0.05, 0.2)
    p, q, r = _u(rng, 0.5, 1.2), _u(rng, 0.3, 1), _u(rng, 0.1, 0.4)
    return lambda x: (
        level + a * x["n"] ** -alpha + c * x["lr"] ** p * x["n"] ** r + 0.5 * c * x["lr"] ** -q * x["n"] ** -r
    )


LAWS = (
    SyntheticLaw("power law", ("n",), _power, 3),
    SyntheticLaw("shifted power law", ("n",), _shifted, 4),
    SyntheticLaw("rectified power law", ("n",), _rectified, 4),
    SyntheticLaw("sum of power laws", ("n", "d"), _chinchilla, 5),
    SyntheticLaw("product of power laws", ("n", "d"), _product, 4),
    SyntheticLaw("power of a sum", ("n", "d"), _kaplan, 6),
    SyntheticLaw("gain from parallel size", ("n", "p"), _gain, 4),
    SyntheticLaw("moving optimum", ("n", "lr"), _bowl, 6),
    SyntheticLaw("exponential of shares", ("s1", "s2", "s3"), _exponential_mix, 4),
    SyntheticLaw("stretched exponential", ("n",), _stretched, 4),
    SyntheticLaw("sharp break", ("n",), _sharp_break, 6),
    SyntheticLaw("harmonic mean of two", ("n", "d"), _harmonic, 4),
    SyntheticLaw("repeated data", ("u", "e"), _repeated, 0),
    SyntheticLaw("logistic", ("z",), _logistic, 4),
    SyntheticLaw("wave on a power law", ("n",), _oscillating, 0),
    SyntheticLaw("feature with zeros", ("n", "v"), _from_zero, 6),
    SyntheticLaw("scale and shares", ("n", "s1", "s2", "s3"), _mixed_scale, 5),
    SyntheticLaw("logistic in years", ("year",), _yearly, 4),
    SyntheticLaw("optimum between two monomials", ("n", "lr"), _two_terms, 0),
)

GRIDS: dict[str, tuple[float, float]] = {
    "n": (0.05, 20.0), "d": (0.1, 50.0), "p": (1.0, 16.0), "lr": (0.1, 10.0), "u": (0.1, 20.0), "e": (1.0, 32.0),
    "v": (10.0, 1e5),
}  # fmt: skip
INSIDE = {"z": (-1.5, 1.0), "year": (2010.0, 2019.0)}  # features that are no scales
OUTSIDE = {"z": (1.05, 2.5), "year": (2019.5, 2024.0)}
BEYOND = 10.0  # the test part lies up to this factor beyond the largest value of the first feature


def synthetic(
    law: SyntheticLaw, seed: int, *, noise: float, groups: int = 1, design: str = "grid", rows: int | None = None
) -> Dataset:
    """A dataset with `noise` relative to the spread of the truth; each group has constants of its own, and `rows` rows.

    design: "grid" (all combinations of levels) or "random" (log-uniform). The test rows are noise-free and lie beyond
    the training range of the first feature (other mixtures for shares).
    """
    rng = np.random.default_rng(seed)
    train, test = [], []
    for group in range(groups):
        truth = law.draw(rng)
        inside, outside = _design(law, design, rows, rng), _beyond(law, rng)
        y = truth(inside)
        train.append((inside, y + noise * y.std() * rng.standard_normal(len(y)), group))
        test.append((outside, truth(outside), group))
    schema = Schema(
        name="synthetic", long_name=f"{law.name}, {groups} groups, {design}", title=law.name, features=law.features,
        targets=("y",), group="group", cap=7, columns={n: Column(name=n) for n in (*law.features, "y")},
    )  # fmt: skip
    task = Task(schema, _table(law, train, groups), Provenance(source="file", sha256="", path=None))
    return Dataset(task, _table(law, test, groups))


def _table(law: SyntheticLaw, parts: list[tuple[dict[str, Array], Array, int]], groups: int) -> Table:
    features = {name: np.concatenate([x[name] for x, _, _ in parts]) for name in law.features}
    codes = np.concatenate([np.full(len(y), group) for _, y, group in parts])
    names = tuple(f"g{group}" for group in range(groups))
    return Table(features, {"y": np.concatenate([y for _, y, _ in parts])}, names, codes)


def _design(law: SyntheticLaw, design: str, rows: int | None, rng: np.random.Generator) -> dict[str, Array]:
    names = law.features
    shares = [name for name in names if name.startswith("s")]
    if len(shares) == len(names):
        return _mixtures(names, rows or 30, np.ones(len(names)), rng)
    if len(names) == 1 and names[0] not in GRIDS:
        low, high = INSIDE[names[0]]
        return {names[0]: np.sort(rng.uniform(low, high, rows or 40))}
    if design == "grid" and not shares:
        many = rows or (12 if len(names) == 1 else 7 ** len(names))
        axes = [_axis(name, round(many ** (1 / len(names)))) for name in names]
        mesh = np.meshgrid(*axes, indexing="ij")
        return {name: mesh[k].ravel() for k, name in enumerate(names)}
    count = rows or (60 if len(names) == 1 else 35 * (len(names) - len(shares)))
    drawn = {name: _log_uniform(rng, *GRIDS[name], count) for name in names if name in GRIDS}
    if "v" in drawn:
        drawn["v"][rng.random(count) < 0.2] = 0.0
    return drawn | _mixtures(shares, count, np.ones(len(shares)), rng)


def _axis(name: str, many: int) -> Array:
    axis = np.geomspace(*GRIDS[name], many)
    if name == "v":
        axis[0] = 0.0
    return axis


def _mixtures(names: Sequence[str], count: int, alpha: Array, rng: np.random.Generator) -> dict[str, Array]:
    if not names:
        return {}
    shares = rng.dirichlet(alpha, count)
    return {name: shares[:, k] for k, name in enumerate(names)}


def _beyond(law: SyntheticLaw, rng: np.random.Generator) -> dict[str, Array]:
    names = law.features
    shares = [name for name in names if name.startswith("s")]
    if len(shares) == len(names):
        return _mixtures(names, 20, 0.6 * np.ones(len(names)), rng)
    first, *rest = [name for name in names if name not in shares]
    if first not in GRIDS:
        return {first: np.linspace(*OUTSIDE[first], 20)}
    high = GRIDS[first][1]
    inside = {name: _log_uniform(rng, *GRIDS[name], 25) for name in rest}
    beyond = {first: _log_uniform(rng, 1.2 * high, BEYOND * high, 25), **inside}
    return beyond | _mixtures(shares, 25, np.ones(len(shares)), rng)


def _log_uniform(rng: np.random.Generator, low: float, high: float, count: int) -> Array:
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), count)))
