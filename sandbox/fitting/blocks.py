"""Turns a form and a table into dense, padded blocks that can be evaluated for many parameter sets at once.

Array layout throughout the engine: (B, M, n): B parameter sets, M coupled groups, n rows (padded; weight 0).
Without shared constants every group is its own problem and M is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lawsmith.sandbox.fitting.fit_problem import Form, Loss
from lawsmith.sandbox.law.printed import PrintedGradient, SplitGradient
from lawsmith.tasks.arrays import Array, IntArray, Mask
from lawsmith.tasks.frontier.folds import nearness
from lawsmith.tasks.table import Table

BOUNDLESS = 1e9  # factor between positive bounds from which they say nothing of a constant's size
TINY = 1e-300  # added to a size that is divided by and may be zero
IDLE = np.ones((1, 1, 1))  # a value for constants of other parts, which do not matter


@dataclass(frozen=True, eq=False)
class PaddedRows:
    """Padded rows by group: features name -> (G, n), measured and weight (T, G, n)."""

    features: dict[str, Array]
    measured: Array
    weight: Array

    def of_groups(self, index: IntArray) -> PaddedRows:
        """The rows of the groups at the positions `index` (k,)."""
        features = {name: column[index] for name, column in self.features.items()}
        return PaddedRows(features, self.measured[:, index], self.weight[:, index])

    @property
    def groups(self) -> int:
        """How many groups stand side by side."""
        return int(self.measured.shape[1])

    def thinned(self, most: int, rng: np.random.Generator) -> PaddedRows:
        """At most `most` rows of every group, drawn without replacement."""
        n = self.measured.shape[-1]
        if n <= most:
            return self
        keys = np.where(self.weight[0] > 0, rng.random(self.weight.shape[1:]), 2.0)
        return self._picked(np.argpartition(keys, most - 1, axis=1)[:, :most])

    def spread(self, most: int) -> PaddedRows:
        """At most `most` rows of every group, evenly spaced from the first to the last real one."""
        n = self.measured.shape[-1]
        if n <= most:
            return self
        last = (self.weight[0] > 0).sum(axis=1) - 1
        return self._picked(np.linspace(0, last, most).round().astype(np.intp).T)

    def _picked(self, pick: IntArray) -> PaddedRows:
        features = {name: np.take_along_axis(column, pick, 1) for name, column in self.features.items()}
        chosen = np.broadcast_to(pick, (len(self.measured), *pick.shape))
        return PaddedRows(
            features, np.take_along_axis(self.measured, chosen, 2), np.take_along_axis(self.weight, chosen, 2)
        )


def gather(table: Table, codes: IntArray, targets: Sequence[str], groups: IntArray, loss: Loss) -> PaddedRows:
    """The rows of `groups` by their `codes` side by side, padded by repeating each group's first row at weight 0."""
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.stack([groups, groups + 1]))
    begin, counts = bounds[0], bounds[1] - bounds[0]
    place = np.arange(counts.max())
    real = place < counts[:, None]
    pick = order[begin[:, None] + np.where(real, place, 0)]
    measured = np.stack([table.targets[name] for name in targets])[:, pick]
    weight = np.broadcast_to(real, measured.shape).astype(np.float64)
    weight = weight * np.sqrt(table.weights)[pick]
    if loss is Loss.RELATIVE:
        weight = weight / np.maximum(np.abs(measured), 1e-3 * np.abs(measured).mean() + TINY)
    if loss.looks_ahead:
        weight = weight * np.sqrt(nearness(table))[pick]
    return PaddedRows({name: column[pick] for name, column in table.features.items()}, measured, weight)


@dataclass(frozen=True, eq=False)
class Block:
    """One least-squares problem family: some targets, some parameters, all B x M x n at once.

    `nonlinear` and `linear` index `form.names`; `together` is M, the groups in a row that share constants, or 1.
    `offset`: whether anything is left of the form when all linear constants are 0; `kinked`: whether its slopes are
    others there.
    `values` and `partials` return rows of all the block's targets one after the other: n * T columns.
    """

    form: Form
    targets: tuple[int, ...]
    target_names: tuple[str, ...]
    nonlinear: tuple[int, ...]
    linear: tuple[int, ...]
    rows: PaddedRows
    together: int
    vectorised: bool
    offset: bool = True
    kinked: bool = False

    @property
    def measured(self) -> Array:
        """Targets (G, n*T), those of one target after the other's."""
        return np.concatenate([self.rows.measured[t] for t in self.targets], axis=-1)

    @property
    def weight(self) -> Array:
        """Weights (G, n*T) in the same layout; 0 where a row is padding."""
        return np.concatenate([self.rows.weight[t] for t in self.targets], axis=-1)

    @property
    def wide(self) -> Mask:
        """The nonlinear constants (q,) whose bounds say nothing of their sizes."""
        lower, upper = self.form.lower[list(self.nonlinear)], self.form.upper[list(self.nonlinear)]
        return np.asarray(~np.isfinite(upper - lower) | ((lower > 0) & (upper > BOUNDLESS * lower)))

    @property
    def names(self) -> list[str]:
        """The constants of the block, those that the form is not linear in first."""
        return [self.form.names[k] for k in (*self.nonlinear, *self.linear)]

    def constants(self, *values: Array) -> dict[str, Array]:
        """What the form takes as its constants: values (B, M, k), whose last axes together follow `names`."""
        columns = (column[..., None] for part in values for column in part.transpose(2, 0, 1))
        return dict.fromkeys(self.form.names, IDLE) | dict(zip(self.names, columns, strict=True))

    @property
    def problems(self) -> int:
        """How many there are that share no constants."""
        return self.rows.groups // self.together

    def of(self, problem: IntArray, by_group: Array) -> Array:
        """An array (G, n) by problems, broadcasting against (B, M, n)."""
        each = by_group.reshape(self.problems, self.together, -1)
        return each if len(each) == 1 else each[problem]

    def features(self, problem: IntArray) -> dict[str, Array]:
        """Feature arrays that broadcast against (B, M, n)."""
        return {name: self.of(problem, column) for name, column in self.rows.features.items()}

    def values(self, x: dict[str, Array], p: dict[str, Array], shape: tuple[int, int]) -> Array:
        """Predictions (B, M, n*T)."""
        if self.vectorised:
            return self.filled(self.form.call(x, p), shape)
        return self._looped(x, p, shape)

    def partials(self, x: dict[str, Array], p: dict[str, Array], names: Sequence[str], shape: tuple[int, int]) -> Array:
        """Analytic derivatives (B, M, len(names), n*T)."""
        assert self.form.gradient is not None
        found = self.form.gradient(x, p)
        n = self.rows.measured.shape[-1]
        out = np.empty((*shape, len(names), self.columns))
        for position, name in enumerate(names):
            slope = found.get(name, 0.0)
            if not isinstance(slope, dict):
                out[:, :, position] = slope
                continue
            for t, target in enumerate(self.target_names):
                out[:, :, position, t * n : (t + 1) * n] = slope.get(target, 0.0)
        return out

    def split(self, linear: Sequence[str], nonlinear: Sequence[str], *, value: bool) -> SplitGradient | None:
        """See `PrintedGradient.split`; None for forms that are not our own print."""
        gradient = self.form.gradient
        if not self.vectorised or not isinstance(gradient, PrintedGradient):
            return None
        return gradient.split(tuple(linear), tuple(nonlinear), value=value)

    @property
    def columns(self) -> int:
        """n * T."""
        return int(self.rows.measured.shape[-1]) * len(self.targets)

    def filled(self, out: object, shape: tuple[int, int]) -> Array:
        """What the form returned as (B, M, n*T)."""
        n = self.rows.measured.shape[-1]
        if not isinstance(out, dict):
            return _filled(out, (*shape, n))
        parts = [_filled(out.get(name, 0.0), (*shape, n)) for name in self.target_names]
        return np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]

    def _looped(self, x: dict[str, Array], p: dict[str, Array], shape: tuple[int, int]) -> Array:
        out = np.empty((*shape, self.columns))
        for b in range(shape[0]):
            for m in range(shape[1]):
                row = {name: value[min(b, len(value) - 1), m] for name, value in x.items()}
                one = {name: float(np.broadcast_to(value, (*shape, 1))[b, m, 0]) for name, value in p.items()}
                out[b, m] = self.filled(self.form.call(row, one), (1, 1))[0, 0]
        return out


def _filled(value: object, shape: tuple[int, int, int]) -> Array:
    array = np.asarray(value, dtype=np.float64)
    return array if array.shape == shape else np.broadcast_to(array, shape)
