"""Makes runs.csv and future.csv: 48 training runs after a law like Chinchilla's, and five runs to come.

The law is loss = 1.7 + 0.45 (N / 1e9)^-0.34 + 0.9 (D / 1e9)^-0.28, with 0.1 % noise.
Run `python examples/scaling/make.py` to make both files again.
"""

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PLANNED = [(7e9, 2e11), (7e9, 1e12), (2e10, 5e11), (2e10, 2e12), (7e10, 2e12)]


def loss(parameters: float, tokens: float) -> float:
    return 1.7 + 0.45 * (parameters / 1e9) ** -0.34 + 0.9 * (tokens / 1e9) ** -0.28


def main() -> None:
    noise = np.random.default_rng(7)
    sizes = [(n, d) for n in np.geomspace(5e7, 2e9, 8) for d in np.geomspace(1e9, 1e11, 6)]
    rows = [
        (f"run-{number:02}", f"{n:.3g}", f"{d:.3g}", f"{loss(n, d) * (1 + 0.001 * noise.standard_normal()):.4f}")
        for number, (n, d) in enumerate(sizes, 1)
    ]
    write("runs.csv", ["run_id", "N", "D", "loss"], rows)
    write("future.csv", ["N", "D"], [(f"{n:.3g}", f"{d:.3g}") for n, d in PLANNED])


def write(name: str, header: list[str], rows: list[tuple[str, ...]]) -> None:
    with (HERE / name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()
