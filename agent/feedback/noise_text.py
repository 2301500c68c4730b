"""How much of a target no law can explain, in words: rows with equal features that were measured differently."""

from __future__ import annotations

import numpy as np

from lawsmith.tasks import Array, Table
from lawsmith.tasks.noise import AT_NOISE, replicates


def noise_line(table: Table) -> str | None:
    """The noise of each target in one sentence; None where it is not known."""
    found = replicates(table)
    if found is None:
        return None
    shares = found.noise / table.spread
    each = ", ".join(f"{name} {share:.3g}σ" for name, share in list(zip(table.targets, shares, strict=True))[:8])
    return (
        f"Noise: rows with equal features and group differ by {each} ({found.freedom} repetitions). No law can leave "
        "smaller residuals, and one that does has learnt the noise."
    )


def at_the_noise(table: Table, residuals: Array) -> bool:
    """Whether residuals (n, T) of a law are as small as repeated measurements allow, for every target."""
    found = replicates(table)
    if found is None:
        return False
    rms = np.sqrt((residuals**2).mean(axis=0))
    return bool((rms <= AT_NOISE * np.maximum(found.noise, 1e-300)).all())
