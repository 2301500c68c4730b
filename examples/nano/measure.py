"""Train a few hundred small networks and write down how their loss depends on parameters and examples.

Every row is a real measurement: a network with one hidden layer learns a noisy function of six variables from a
stream of fresh examples, each seen once, with Adam and a learning rate that falls to zero along a cosine. Four
networks are trained per setting, from four seeds; a row is their mean loss on one held-out sample. The largest
networks and the longest trainings go to the test split: laws are judged by how they extrapolate.

    python examples/nano/measure.py [--out DIR]      # under three minutes on one core

Needs numpy only. Columns: activation (the group), parameters, examples, loss (mean squared error).
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

INPUTS = 6
WIDTHS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
STEPS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
SEEDS = 4
BATCH = 16
HELD_OUT = 4096
NOISE = 0.1
RATE = 0.02
TEST_WIDTHS, TEST_STEPS = 2, 1
"""How many of the largest widths, and of the longest trainings, are kept for the test split."""


@dataclass(frozen=True)
class Activation:
    """A nonlinearity and its derivative as a function of its value."""

    apply: Callable[[Array], Array]
    slope: Callable[[Array], Array]


ACTIVATIONS = {
    "relu": Activation(lambda z: np.maximum(z, 0.0), lambda h: (h > 0).astype(float)),
    "tanh": Activation(np.tanh, lambda h: 1.0 - h * h),
}


def truth(x: Array) -> Array:
    """What the networks are to learn: x is (…, INPUTS), the result (…)."""
    waves = np.sin(2.0 * x[..., 0] + x[..., 1]) + np.cos(1.5 * x[..., 2] - x[..., 3])
    return waves + 0.5 * x[..., 4] * x[..., 5] + 0.3 * np.abs(x[..., 0] - x[..., 5])


def parameters(width: int) -> int:
    """Weights and biases of a network with `width` hidden units and one output."""
    return width * (INPUTS + 2) + 1


def train(activation: Activation, width: int, steps: int, seed: int) -> list[Array]:
    """Train SEEDS networks side by side; returns W1 (S, I, H), b1 (S, 1, H), W2 (S, H, 1), b2 (S, 1, 1)."""
    rng = np.random.default_rng(seed)
    weights = [
        rng.normal(0, INPUTS**-0.5, (SEEDS, INPUTS, width)),
        np.zeros((SEEDS, 1, width)),
        rng.normal(0, width**-0.5, (SEEDS, width, 1)),
        np.zeros((SEEDS, 1, 1)),
    ]
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    for step in range(1, steps + 1):
        x = rng.normal(size=(SEEDS, BATCH, INPUTS))
        y = truth(x)[..., None] + NOISE * rng.normal(size=(SEEDS, BATCH, 1))
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        for w, m, v, g in zip(weights, first, second, gradient(activation, weights, x, y), strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
    return weights


def gradient(activation: Activation, weights: list[Array], x: Array, y: Array) -> list[Array]:
    """Of the mean squared error, in the order of the weights."""
    w1, b1, w2, b2 = weights
    hidden = activation.apply(x @ w1 + b1)
    error = 2.0 * (hidden @ w2 + b2 - y) / BATCH
    back = (error @ w2.swapaxes(1, 2)) * activation.slope(hidden)
    return [
        x.swapaxes(1, 2) @ back,
        back.sum(axis=1, keepdims=True),
        hidden.swapaxes(1, 2) @ error,
        error.sum(axis=1, keepdims=True),
    ]


def held_out_loss(activation: Activation, weights: list[Array]) -> float:
    """Mean squared error on one fixed sample, averaged over the networks; the noise of the labels is in it."""
    rng = np.random.default_rng(12345)
    x = rng.normal(size=(HELD_OUT, INPUTS))
    y = truth(x)[:, None] + NOISE * rng.normal(size=(HELD_OUT, 1))
    w1, b1, w2, b2 = weights
    return float(np.mean((activation.apply(x @ w1 + b1) @ w2 + b2 - y) ** 2))


def measurements() -> Iterator[tuple[str, int, int, float]]:
    """Activation, width, steps and loss of every setting."""
    seed = 0
    for name, activation in ACTIVATIONS.items():
        for width in WIDTHS:
            for steps in STEPS:
                seed += 1
                yield name, width, steps, held_out_loss(activation, train(activation, width, steps, seed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "tasks" / "measured" / "nano")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[list[object]]] = {"train": [], "test": []}
    for activation, width, steps, loss in measurements():
        held_out = width in WIDTHS[-TEST_WIDTHS:] or steps in STEPS[-TEST_STEPS:]
        row = [activation, parameters(width), steps * BATCH, f"{loss:.6g}"]
        rows["test" if held_out else "train"].append(row)
    for split, content in rows.items():
        with (folder / f"{split}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(
                [["activation", "parameters", "examples", "loss"], *content]
            )
    trained = SEEDS * sum(map(len, rows.values()))
    print(f"{trained} trainings, {len(rows['train'])} training and {len(rows['test'])} test rows in {folder}")


if __name__ == "__main__":
    main()
