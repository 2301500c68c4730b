"""Stand-in rows for two tasks, so that the main job runs where their data cannot be had.

They are computed from the constants that OpenHands / GPT-5 published for SLDBench, on a grid like
those of such studies, with seeded relative noise. They are no measurements: a score on them says
that the machinery works, and nothing about the field.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

NOTICE = (
    "REPLICA: lawsmith could not get the measurements of {name} ({reason}). These rows are computed from published "
    "constants with seeded noise. Scores on them are not results. For the real data, {advice}."
)
_SEED = 0  # the same rows for everybody


class PublishedLaw(Frozen):
    """A published law as data: `constants` maps group -> name -> value, `law` is its formula as text."""

    source: str
    law: str
    relative_noise: float
    constants: dict[str, dict[str, float]]


def available() -> tuple[str, ...]:
    """Names of the tasks that have a replica."""
    return tuple(_REPLICAS)


@cache
def published(name: str) -> PublishedLaw:
    """The published constants that the replica of a task is computed from; KeyError for other tasks."""
    if name not in _REPLICAS:
        raise KeyError(name)
    text = resources.files(__name__).joinpath(f"{name}.json").read_text("utf-8")
    return PublishedLaw.model_validate(json.loads(text))


def rows(schema: Schema) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Training and test rows of the replica; the same at every call."""
    law, (grid, evaluate) = published(schema.name), _REPLICAS[schema.name]
    rng = np.random.default_rng(_SEED)
    return _measure(schema, law, grid(False), evaluate, rng), _measure(schema, law, grid(True), evaluate, rng)


def _measure(
    schema: Schema, law: PublishedLaw, grid: Array, evaluate: "_Law", rng: np.random.Generator
) -> "pd.DataFrame":
    import pandas as pd

    columns = dict(zip(schema.features, grid.T, strict=True))
    parts = []
    for group, constants in law.constants.items():
        noise = 1 + law.relative_noise * rng.standard_normal(len(grid))
        # Rounding keeps the rows, and so their digest, equal where libraries differ in the last bit.
        target = np.round(evaluate(columns, constants) * noise, 6)
        parts.append(pd.DataFrame({**columns, schema.targets[0]: target, str(schema.group): group}))
    return pd.concat(parts, ignore_index=True)


def _sft_grid(test: bool) -> Array:
    sizes = 200.0 * 2.0 ** np.arange(13)
    return np.asarray((sizes[-1:] if test else sizes[:-1])[:, None], dtype=np.float64)


def _sft(x: Mapping[str, Array], p: Mapping[str, float]) -> Array:
    return p["L_inf"] + p["A"] * (x["sft_data_size"] + p["N0"]) ** -p["alpha"]


def _lr_bsz_grid(test: bool) -> Array:
    rates = np.round(2.0 ** np.arange(-12, -5), 6)
    batches = 16.0 * 4.0 ** np.arange(4)
    runs = [(1.6e11, 1.6e9)] if test else list(product((2e9, 5e9, 1.2e10, 3e10, 8e10), (6e7, 1.2e8, 2.5e8, 5e8, 1e9)))
    return np.array([(lr, bsz, *run) for lr, bsz, run in product(rates, batches, runs)])


def _lr_bsz(x: Mapping[str, Array], p: Mapping[str, float]) -> Array:
    logs = np.log(np.stack(list(x.values())))
    return np.asarray(np.exp(p["intercept"] + np.array([p["a"], p["b"], p["c"], p["d"]]) @ logs))


_Law = Callable[[Mapping[str, Array], Mapping[str, float]], Array]
_REPLICAS: dict[str, tuple[Callable[[bool], Array], _Law]] = {
    "sft": (_sft_grid, _sft),
    "lr_bsz": (_lr_bsz_grid, _lr_bsz),
}
