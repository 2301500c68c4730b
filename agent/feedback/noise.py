"""How much of a target no law can explain: rows with equal features in one group that were measured differently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lawsmith.tasks import Array, Table

FEWEST = 5  # repeated measurements that tell a spread
AT_THE_NOISE = 1.15  # a law whose residuals exceed the noise by less has nothing left to explain


@dataclass(frozen=True)
class Noise:
    """Standard deviation (T,) of repeated measurements, in the targets' units, from so many degrees of freedom."""

    deviation: Array
    freedom: int


def replicate_noise(table: Table) -> Noise | None:
    """From rows that share group and all features; None where too few are repeated."""
    if not len(table):
        return None
    design = np.column_stack([table.codes, table.matrix()])
    _, place, counts = np.unique(design, axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    freedom = len(table) - len(counts)
    if freedom < FEWEST:
        return None
    targets = table.target_matrix()
    means = np.stack([np.bincount(place, column) / counts for column in targets.T], axis=1)
    squares = ((targets - means[place]) ** 2).sum(axis=0)
    return Noise(np.sqrt(squares / freedom), freedom)


def spread(table: Table) -> Array:
    """Standard deviation (T,) of the targets; 1 for one that does not vary. The unit σ of all residuals."""
    deviation = table.target_matrix().std(axis=0)
    return np.asarray(np.where(deviation > 0, deviation, 1.0))


def noise_line(table: Table) -> str | None:
    """The noise of each target in one sentence; None where it is not known."""
    found = replicate_noise(table)
    if found is None:
        return None
    shares = found.deviation / spread(table)
    each = ", ".join(
        f"{name} {share:.3g}σ" for name, share in list(zip(table.targets, shares, strict=True))[:8]
    )
    return (
        f"Noise: rows with equal features and group differ by {each} ({found.freedom} repetitions). No law can leave "
        "smaller residuals, and one that does has learnt the noise."
    )


def at_the_noise(table: Table, residuals: Array) -> bool:
    """Whether residuals (n, T) of a law are as small as repeated measurements allow, for every target."""
    found = replicate_noise(table)
    if found is None:
        return False
    rms = np.sqrt((residuals**2).mean(axis=0))
    return bool((rms <= AT_THE_NOISE * np.maximum(found.deviation, 1e-300)).all())
