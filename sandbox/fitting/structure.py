"""Finds out, by evaluating a form, what the engine can exploit: broadcasting, independent targets, linear constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sandbox.fitting.blocks import Block, Rows
from sandbox.fitting.form import Array, Form
from sandbox.fitting.starts import Scale, draw

PROBE_ROWS = 7
PROBE_SETS = 3
LINEAR_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Structure:
    """`parts`: (targets, parameters) that can be fitted on their own; `linear`: parameters the form is affine in.

    `offset`: whether anything is left when all linear parameters are 0.
    """

    vectorised: bool
    parts: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    linear: frozenset[int]
    offset: bool = True


def analyse(
    form: Form, targets: Sequence[str], rows: Rows, scale: Scale, rng: np.random.Generator
) -> Structure:
    """Evaluates `form` at a few parameter sets on a few rows; costs a handful of calls."""
    few = rows.of_groups(np.arange(min(2, len(rows.measured[0])))).thinned(PROBE_ROWS, rng)
    probe = _Probe(form, tuple(targets), few)
    sets = probe.usable_sets(draw(form.lower, form.upper, 40, scale, rng))
    if not len(sets):
        whole = (tuple(range(len(targets))), tuple(range(len(form.names))))
        return Structure(probe.vectorised, (whole,), frozenset())
    steps = np.where(sets != 0, 0.37 * np.abs(sets), 0.37)
    effects = probe.effects(sets, steps)
    parts = _parts(effects, len(targets))
    linear = _linear(probe, form, sets, steps)
    emptied = sets.copy()
    emptied[:, linear] = 0.0
    return Structure(probe.vectorised, parts, frozenset(linear), bool((probe(emptied) != 0).any()))


class _Probe:
    def __init__(self, form: Form, targets: tuple[str, ...], rows: Rows) -> None:
        self.form, self.targets, self.rows = form, targets, rows
        self.vectorised = self._broadcasts()

    def __call__(self, sets: Array) -> Array:
        """(S, K) -> (S, M, T, n)."""
        block = self._block(self.vectorised)
        return self._evaluate(block, sets)

    def _block(self, vectorised: bool) -> Block:
        everything = tuple(range(len(self.targets)))
        return Block(self.form, everything, self.targets, (), (), self.rows, True, vectorised)

    def _evaluate(self, block: Block, sets: Array) -> Array:
        p = {name: sets[:, k, None, None] for k, name in enumerate(self.form.names)}
        groups, n = self.rows.measured.shape[1:]
        flat = block.values(block.features(None), p, (len(sets), groups))
        return flat.reshape(len(sets), groups, len(self.targets), n)

    def _broadcasts(self) -> bool:
        sets = np.tile(np.linspace(0.3, 0.9, len(self.form.names)), (2, 1)) * np.array([[1.0], [1.1]])
        try:
            fast = self._evaluate(self._block(True), sets)
            slow = self._evaluate(self._block(False), sets)
        except (TypeError, ValueError, IndexError, AttributeError):
            return False  # written for scalars and one axis of rows: evaluated one set at a time
        return bool(np.allclose(fast, slow, rtol=1e-9, equal_nan=True))

    def usable_sets(self, sets: Array) -> Array:
        out = self(sets)
        return sets[np.isfinite(out).all(axis=(1, 2, 3)) & (np.abs(out) < 1e12).all(axis=(1, 2, 3))][
            :PROBE_SETS
        ]

    def effects(self, sets: Array, steps: Array) -> Array:
        """(T, K): whether a parameter moves a target."""
        base = self(sets)
        moved = np.zeros((len(self.targets), sets.shape[1]), dtype=bool)
        for k in range(sets.shape[1]):
            shifted = self(_moved(sets, steps, k))
            moved[:, k] = (shifted != base).any(axis=(0, 1, 3))
        return moved


def _moved(sets: Array, steps: Array, *columns: int) -> Array:
    out = sets.copy()
    for k in columns:
        out[:, k] += steps[:, k]
    return out


def _parts(effects: Array, targets: int) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Connected components of the target-parameter graph; idle parameters go with the first part."""
    label = list(range(targets))
    for k in range(effects.shape[1]):
        touched = np.flatnonzero(effects[:, k])
        for t in touched[1:]:
            old, new = label[t], label[touched[0]]
            label = [new if one == old else one for one in label]
    parts = []
    for position, part in enumerate(dict.fromkeys(label)):
        members = tuple(t for t in range(targets) if label[t] == part)
        owned = effects[list(members)].any(axis=0)
        if position == 0:
            owned = owned | ~effects.any(axis=0)
        parts.append((members, tuple(int(k) for k in np.flatnonzero(owned))))
    return tuple(parts)


def _linear(probe: _Probe, form: Form, sets: Array, steps: Array) -> list[int]:
    """Greedy largest set of parameters in which the form is jointly affine (pairwise second differences vanish)."""
    base = probe(sets)
    single = {k: probe(_moved(sets, steps, k)) for k in range(len(form.names))}
    chosen: list[int] = []
    for k in range(len(form.names)):
        if form.names[k] in form.shared or not np.isfinite(single[k]).all():
            continue
        twice = probe(_moved(sets, 2 * steps, k))
        if not _vanishes(twice - 2 * single[k] + base, twice, single[k], base):
            continue
        pairs = (probe(_moved(sets, steps, k, j)) - single[k] - single[j] + base for j in chosen)
        if all(_vanishes(pair, single[k], single[j], base) for pair, j in zip(pairs, chosen, strict=True)):
            chosen.append(k)
    return chosen


def _vanishes(difference: Array, *terms: Array) -> bool:
    size = np.max([np.abs(term).max() for term in terms])
    return bool(np.isfinite(difference).all() and np.abs(difference).max() <= LINEAR_TOLERANCE * 1e-3 * size)
