"""Fits per second against scipy, on one thread: 42 groups x 32 starts of `L + A (x + x0)^-a` on the sft training rows.

Everybody gets the same starts: scipy the best L and A of each start besides, which our engine finds for itself. `trf`
is slow and gets every fourth start. Times are of the processor, which neighbours on the same machine disturb least.
`--jobs` times whole fits of forms of the library instead, as a search makes them.

    python -m benchmarks.fit --data-dir DIR [--jobs]
"""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # one thread for everybody; read when numpy is loaded

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Effort, Form, fit_form
from lawsmith.tasks import Table, load, names

Array = NDArray[np.float64]
Arguments = Mapping[str, Any]
STARTS = 32
SAME = 1.01  # costs within 1 % are the same optimum
UNIT = 1000.0  # rows of fine-tuning data are counted in thousands


def law(x: Arguments, p: Arguments) -> Any:
    return p["L"] + p["A"] * (x["sft_data_size"] / UNIT + p["x0"]) ** -p["a"]


def slopes(x: Arguments, p: Arguments) -> Any:
    base = x["sft_data_size"] / UNIT + p["x0"]
    term = base ** -p["a"]
    scaled = p["A"] * term
    return {"L": 1.0, "A": term, "x0": -p["a"] * scaled / base, "a": -scaled * np.log(base)}


FORM = Form(("L", "A", "x0", "a"), np.full(4, -np.inf), np.full(4, np.inf), law, gradient=slopes)


@dataclass(frozen=True)
class FitResult:
    """`best` (groups,): half the smallest sum of squares; `reached` (groups,): share of starts within 1 % of it."""

    name: str
    best: Array
    reached: Array
    fits: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.fits / self.seconds


def draw(table: Table, rng: np.random.Generator) -> Array:
    """Starting values (STARTS, 4) for every group: x0 over the range of the data, the exponent over (0.05, 1.5)."""
    x = table.features["sft_data_size"] / UNIT
    given = np.ones((STARTS, 4))
    given[:, 2] = np.exp(rng.uniform(np.log(x.min() / 10), np.log(x.max() / 10), STARTS))
    given[:, 3] = rng.uniform(0.05, 1.5, STARTS)
    return given


def timed(name: str, table: Table, effort: Effort) -> FitResult:
    began = time.process_time()
    fitted = fit_form(FORM, table, ["sft_loss"], effort=effort)
    seconds = time.process_time() - began
    count = STARTS if effort.starts is None else effort.starts
    return FitResult(name, fitted.cost, fitted.agreement, len(table.groups) * count, seconds)


def scipy_fits(table: Table, start: Array, method: str) -> FitResult:
    cost = np.empty((len(table.groups), len(start)))
    began = time.process_time()
    for group in range(len(table.groups)):
        rows = np.flatnonzero(table.codes == group)
        x, y = table.features["sft_data_size"][rows] / UNIT, table.targets["sft_loss"][rows]
        for k, one in enumerate(start):
            cost[group, k] = _one_fit(x, y, one[2:], method)
    seconds = time.process_time() - began
    best = cost.min(axis=1)
    reached = (cost <= SAME * best[:, None]).mean(axis=1)
    return FitResult(f"scipy least_squares, {method}, {len(start)} starts", best, reached, cost.size, seconds)


def _one_fit(x: Array, y: Array, start: Array, method: str) -> float:
    def residual(p: Array) -> Array:
        return np.asarray(p[0] + p[1] * (x + p[2]) ** -p[3] - y)

    def jacobian(p: Array) -> Array:
        base = x + p[2]
        term = base ** -p[3]
        return np.stack([np.ones_like(x), term, -p[1] * p[3] * term / base, -p[1] * term * np.log(base)], axis=1)

    design = np.stack([np.ones_like(x), (x + start[0]) ** -start[1]], axis=1)
    linear = np.linalg.lstsq(design, y, rcond=None)[0]
    try:
        found = least_squares(residual, [*linear, *start], jac=jacobian, method=method, x_scale="jac")
    except (ValueError, np.linalg.LinAlgError):
        return float("inf")  # the solver walked off to where the form is not finite
    return float(found.cost)


def report(results: Sequence[FitResult]) -> str:
    least = np.min([one.best for one in results], axis=0)
    lm = next(one for one in results if ", lm," in one.name)
    head = f"{'':46s}{'CPU s':>9s}{'fits/s':>9s}{'x lm':>8s}{'starts at best':>16s}{'groups at best':>16s}"
    lines = [head]
    for one in results:
        share = (one.reached * (one.best <= SAME * least)).mean()
        groups = int((one.best <= least * (1 + 1e-6)).sum())
        speed = f"{one.seconds:9.2f}{one.rate:9.0f}{one.rate / lm.rate:8.1f}"
        lines.append(f"{one.name:46s}{speed}{share:16.3f}{groups:13d}/{len(least)}")
    return "\n".join(lines)


def compare(data_dir: Path | None) -> str:
    table = load("sft", data_dir).task.train
    start = draw(table, np.random.default_rng(0))
    every = Effort(start=start, finalists=STARTS)
    timed("warm-up", table, every)
    results = [
        timed("lawsmith, every start carried to its end twice", table, every),
        timed("lawsmith, as a search fits (16 starts)", table, Effort(starts=16)),
        scipy_fits(table, start, "lm"),
        scipy_fits(table, start[::4], "trf"),
    ]
    return report(results)


def jobs(data_dir: Path | None, per_task: int = 6) -> str:
    """Milliseconds of whole fits: forms drawn from each task's library, fitted to all training rows."""
    lines = [f"{'task':18s}{'groups':>7s}{'rows':>6s}{'constants':>10s}{'linear':>7s}{'ms':>9s}  form"]
    rng = np.random.default_rng(1)
    for name in names():
        task = load(name, data_dir).task
        forms = library(profile(task.train))
        for k in sorted(rng.choice(len(forms), min(per_task, len(forms)), replace=False)):
            draft = SymbolicForm((forms[k].node,) * len(task.schema.targets), forms[k].origin)
            form = draft.to_fit(task.schema)
            began = time.process_time()
            fitted = fit_form(form, task.train, task.schema.targets)
            spent = 1000 * (time.process_time() - began)
            lines.append(
                f"{name:18s}{len(task.train.groups):7d}{len(task.train):6d}{len(form.names):10d}"
                f"{len(fitted.linear):7d}{spent:9.1f}  {draft.origin}"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--jobs", action="store_true")
    options = parser.parse_args()
    print(jobs(options.data_dir) if options.jobs else compare(options.data_dir))


if __name__ == "__main__":
    main()
