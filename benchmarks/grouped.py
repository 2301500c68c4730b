"""Laws of signed and of saturating features in tables of several groups or several targets, whose truth is known.

Test rows are free of noise and lie beyond the training rows, up to twice their range (five times, where features are
positive). Printed: R² of the chosen law there, at least -1, its constants, laws tried, seconds, and its formula.

    python -m benchmarks.grouped [NAME ...] [--noise 0.01] [--seconds S]
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.case import Case
from benchmarks.extrapolation import explore, score
from lawsmith.agent.search.selection import choose
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, Dataset, Provenance, Schema, Table, Task
from lawsmith.tasks.schema import Column

Truth = Callable[[Mapping[str, Array], Array], Sequence[Array]]
"""Features by name (n,) and a number near 1 of each row's group (n,) -> the targets (n,)."""


_Part = tuple[Mapping[str, Array], Sequence[Array], int]  # features, targets and code of a group


@dataclass(frozen=True)
class GroupedLaw:
    """`ends`: of each feature in the training rows. rows: of one group."""

    name: str
    ends: Mapping[str, tuple[float, float]]
    truth: Truth
    groups: int
    rows: int
    targets: int = 1


LAWS = (
    GroupedLaw("hyperbola", {"s": (0.02, 1.1)}, lambda x, g: [200 * g * x["s"] / (0.06 + x["s"])], 2, 12),
    GroupedLaw("hill", {"s": (0.1, 8)}, lambda x, g: [3 * g * x["s"] ** 2.3 / (4 + x["s"] ** 2.3)], 4, 14),
    GroupedLaw("decays", {"t": (0, 6)}, lambda x, g: [g * (0.5 + 2 * np.exp(-0.8 * x["t"]))], 6, 15),
    GroupedLaw("own decays", {"t": (0, 6)}, lambda x, g: [2 * g * np.exp(-0.7 * g * x["t"])], 8, 12),
    GroupedLaw("spring", {"x": (-2, 2), "v": (-2, 2)}, lambda x, g: [-2 * g * x["x"] - 0.3 * x["v"]], 3, 30),
    GroupedLaw(
        "duffing",
        {"x": (-2, 2), "v": (-2, 2)},
        lambda x, g: [-g * x["x"] - 0.5 * x["x"] ** 3 - 0.2 * g**2 * x["v"]],
        3,
        40,
    ),
    GroupedLaw("driven", {"t": (0, 12), "v": (-2, 2)}, lambda x, g: [g * np.sin(1.7 * x["t"]) - 0.4 * x["v"]], 4, 40),
    GroupedLaw("drag", {"v": (-5, 5)}, lambda x, g: [-0.6 * g * x["v"] * np.abs(x["v"]) - 0.3 * x["v"]], 5, 20),
    GroupedLaw("offsets", {"x": (-3, 3)}, lambda x, g: [g + 0.8 * x["x"] - 0.3 * x["x"] ** 2], 12, 8),
    GroupedLaw(
        "scaled product",
        {"x": (-2, 2), "z": (-2, 2)},
        lambda x, g: [g * (1 + 0.4 * x["x"] ** 2) * (2 + np.sin(1.5 * x["z"]))],
        2,
        60,
    ),
    GroupedLaw("arrhenius", {"T": (280, 360)}, lambda x, g: [1e3 * g * np.exp(-2500 / x["T"])], 3, 15),
    GroupedLaw(
        "projectile",
        {"v": (1, 10), "angle": (-1.2, 1.2), "t": (0, 2)},
        lambda x, g: [x["v"] * np.cos(x["angle"]) * x["t"], x["v"] * np.sin(x["angle"]) * x["t"] - 4.905 * x["t"] ** 2],
        1,
        150,
        2,
    ),
    GroupedLaw(
        "predators",
        {"x": (0.2, 4), "y": (0.2, 4)},
        lambda x, g: [1.1 * g * x["x"] - 0.4 * x["x"] * x["y"], 0.2 * x["x"] * x["y"] - 0.6 * g * x["y"]],
        2,
        40,
        2,
    ),
    GroupedLaw(
        "fading swing",
        {"t": (0, 10)},
        lambda x, g: [
            np.exp(-0.1 * x["t"]) * np.cos(2 * x["t"]),
            np.exp(-0.1 * x["t"]) * (-0.1 * np.cos(2 * x["t"]) - 2 * np.sin(2 * x["t"])),
        ],
        1,
        80,
        2,
    ),
    GroupedLaw(
        "van der Pol",
        {"x": (-2, 2), "v": (-2, 2)},
        lambda x, g: [x["v"], g * (1 - x["x"] ** 2) * x["v"] - x["x"]],
        3,
        40,
        2,
    ),
)


def case(law: GroupedLaw, noise: float, seed: int = 0) -> Case:
    """One dataset of a law; `noise` is relative to the spread of each target."""
    rng = np.random.default_rng(seed)
    train: list[_Part] = []
    test: list[_Part] = []
    for code, number in enumerate(np.geomspace(0.6, 1.8, law.groups) if law.groups > 1 else [1.0]):
        inside = {name: rng.uniform(*ends, law.rows) for name, ends in law.ends.items()}
        beyond = {name: _beyond(rng, *ends) for name, ends in law.ends.items()}
        for part, rows, share in ((train, inside, noise), (test, beyond, 0.0)):
            ys = law.truth(rows, np.full(len(next(iter(rows.values()))), number))
            part.append((rows, [y + share * y.std() * rng.standard_normal(len(y)) for y in ys], code))
    schema = Schema(
        name="grouped", long_name=law.name, title=law.name, features=tuple(law.ends),
        targets=tuple(f"y{k}" for k in range(law.targets)), group="group", cap=None,
        columns={n: Column(name=n) for n in (*law.ends, *(f"y{k}" for k in range(law.targets)))},
    )  # fmt: skip
    task = Task(schema, _table(law, train), Provenance(source="file", sha256="", path=None))
    return Case(f"{law.name}, noise {noise:g}", Dataset(task, _table(law, test)))


def _beyond(rng: np.random.Generator, low: float, high: float, count: int = 25) -> Array:
    if low > 0:
        return rng.uniform(low, (5 if high / low > 2 else 1.3) * high, count)
    return rng.uniform(2 * low, 2 * high, count)


def _table(law: GroupedLaw, parts: Sequence[_Part]) -> Table:
    features = {name: np.concatenate([rows[name] for rows, _, _ in parts]) for name in law.ends}
    targets = {f"y{k}": np.concatenate([ys[k] for _, ys, _ in parts]) for k in range(law.targets)}
    codes = np.concatenate([np.full(len(ys[0]), code) for _, ys, code in parts])
    return Table(features, targets, tuple(f"g{k}" for k in range(law.groups)), codes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.01])
    parser.add_argument("--seconds", type=float, default=math.inf, help="of one search")
    options = parser.parse_args()
    scores: list[float] = []
    with Sandbox() as sandbox:
        for law in LAWS:
            for noise in options.noise if not options.names or law.name in options.names else ():
                one, began = case(law, noise), time.monotonic()
                trials = explore(one, sandbox, options.seconds)
                seconds = time.monotonic() - began
                winner = choose(trials, one.dataset.task).winner
                scores.append(score(winner, one.dataset, sandbox))
                line = f"{one.name:28s}{scores[-1]:10.5f}{winner.evaluation.constants_count or 0:4d}"
                line += f"{len(trials):5d}{seconds:7.1f}  {winner.proposal.origin}: {winner.evaluation.formula}"
                print(line, flush=True)
    print(f"mean {np.mean(scores):.4f}, at least 0.999 in {sum(s >= 0.999 for s in scores)} of {len(scores)}")


if __name__ == "__main__":
    main()
