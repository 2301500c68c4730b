"""Makes the tables of the pages in docs/how-to: made-up training runs, each with one thing that needs care.

Run `python examples/how-to/make.py` to make all of them again.
"""

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SIZES = np.geomspace(1e7, 2e9, 12)


def loss(parameters: float, factor: float = 0.9) -> float:
    return 1.7 + factor * (parameters / 1e8) ** -0.34


def accuracy(compute: float) -> float:
    return 0.25 + 0.67 / (1 + np.exp(-1.6 * (np.log10(compute) - 21)))


def main() -> None:
    noise = np.random.default_rng(3)

    def noisy(value: float, share: float) -> str:
        return f"{value * (1 + share * noise.standard_normal()):.4f}"

    write("spoilt.csv", spoilt())
    write(
        "seeds.csv",
        [{"N": f"{n:.3g}", "seed": str(seed), "loss": noisy(loss(n), 0.004)} for n in SIZES for seed in (1, 2, 3)],
    )
    write(
        "acc.csv",
        [
            {"compute": f"{c:.3g}", "accuracy": f"{accuracy(c) + 0.004 * noise.standard_normal():.4f}"}
            for c in np.geomspace(1e18, 3e22, 24)
        ],
    )
    write(
        "families.csv",
        [
            {"family": family, "N": f"{n:.3g}", "loss": noisy(loss(n, factor), 0.002)}
            for family, factor in (("dense", 0.9), ("experts", 0.7))
            for n in SIZES
        ],
    )
    write(
        "wandb.csv",
        [
            {
                "Name": f"run-{number}",
                "State": "crashed" if number == 5 else "finished",
                "config.n_params": f"{n:.3g}",
                "summary.loss": noisy(loss(n), 0.002),
                "summary._step": "1000",
                "summary.perplexity": f"{np.exp(loss(n)):.4f}",
            }
            for number, n in enumerate(np.geomspace(1e7, 2e9, 16))
        ],
    )


def spoilt() -> list[dict[str, str]]:
    """The table of examples/scaling with the loss of row 21 raised by a fifth."""
    with (Path(__file__).parents[1] / "scaling" / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[20]["loss"] = f"{1.2 * float(rows[20]['loss']):.4f}"
    return rows


def write(name: str, rows: list[dict[str, str]]) -> None:
    with (HERE / name).open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
