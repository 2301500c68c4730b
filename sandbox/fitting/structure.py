"""Finds out, by evaluating a form, what the engine can exploit: broadcasting, independent targets, linear constants."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawsmith.sandbox.fitting.blocks import Block, PaddedRows
from lawsmith.sandbox.fitting.fit_problem import Form
from lawsmith.sandbox.law.printed import PrintedGradient
from lawsmith.tasks.arrays import Array

PROBE_ROWS = 7  # at most, of two groups: whether a constant is linear shows on few rows
USABLE_SETS = 32  # a law that switches regime looks linear while all sets lie in one; four sets were too few
USABLE_SETS_ONE_BY_ONE = 8  # of a form that is evaluated one set at a time; the fit is checked afterwards anyway
HUGE = 1e12  # of values beside moderate ones, where a change of a small one is hard to tell from rounding
LINEAR_TOLERANCE = 1e-7  # of a second difference, as a share of the change: what rounding leaves of an exact zero
ROUNDING = 1e-14  # share of the values by which a sum of a few dozen doubles may be off
ONLY = np.zeros(1, dtype=np.intp)  # the only problem there is
DROWNED = 1e-8  # share of the values below which a change is hard to tell from rounding


@dataclass(frozen=True)
class Structure:
    """`parts`: (targets, parameters) that can be fitted on their own; `linear`: parameters the form is affine in.

    `offset`: whether anything is left when all linear parameters are 0. `kinked`: whether slopes by linear parameters
    are others there, as those of a guard max(law, 0) are.
    """

    vectorised: bool
    parts: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    linear: frozenset[int]
    offset: bool = True
    kinked: bool = False


def analyse(form: Form, targets: Sequence[str], rows: PaddedRows, sets: Array) -> Structure:
    """Evaluates `form` on a few rows, at the first of the parameter `sets` (S, K) that are usable."""
    few = rows.of_groups(np.arange(min(2, rows.groups))).spread(PROBE_ROWS)
    probe = _Probe(form, tuple(targets), few)
    sets = probe.usable_sets(sets)
    if not len(sets):
        whole = (tuple(range(len(targets))), tuple(range(len(form.names))))
        return Structure(probe.vectorised, (whole,), frozenset())
    steps = np.where(sets != 0, 0.37 * np.abs(sets), 0.37)
    base = probe(sets)
    single = [probe.changed(base, sets, steps, k) for k in range(len(form.names))]
    parts = _parts(np.stack([(one != base).any(axis=(0, 1, 3)) for one in single], axis=1))
    linear = _linear(probe, form, sets, steps, base, single)
    emptied = sets.copy()
    emptied[:, linear] = 0.0
    offset = bool((probe(emptied) != 0).any())
    return Structure(probe.vectorised, parts, frozenset(linear), offset, probe.kinked(sets, emptied, linear))


class _Probe:
    def __init__(self, form: Form, targets: tuple[str, ...], rows: PaddedRows) -> None:
        self.form, self.targets, self.rows = form, targets, rows
        self.vectorised = self._broadcasts()
        self._own = [self._targets_of(name) for name in form.names]

    def changed(self, base: Array, sets: Array, steps: Array, k: int) -> Array:
        """(S, M, T, n) after a step of the parameter k from `sets`, where the form has the values `base`."""
        moved, own = _moved(sets, steps, k), self._own[k]
        if len(own) == len(self.targets):
            return self(moved)
        out = base.copy()
        for t in own:
            name = self.targets[t]
            block = Block(self.form.alone(name), (t,), (name,), (), (), self.rows, self.rows.groups, self.vectorised)
            out[:, :, t] = self._evaluate(block, moved)[:, :, 0]
        return out

    def joined(self, single: Sequence[Array], sets: Array, steps: Array, j: int, k: int) -> Array:
        """The values after steps of two parameters, given those after each."""
        if not set(self._own[j]).isdisjoint(self._own[k]):
            return self.changed(single[j], _moved(sets, steps, j), steps, k)
        out = single[j].copy()
        out[:, :, self._own[k]] = single[k][:, :, self._own[k]]
        return out

    def kinked(self, sets: Array, emptied: Array, linear: Sequence[int]) -> bool:
        """Whether the slopes by these parameters are others at `emptied` than at `sets`, where there are slopes."""
        if self.form.gradient is None or not self.vectorised or not linear:
            return False
        block, names = self._block(True), [self.form.names[k] for k in linear]
        shape = (len(sets), self.rows.groups)
        one, two = (block.partials(block.features(ONLY), self._named(at), names, shape) for at in (sets, emptied))
        return not np.allclose(one, two, rtol=1e-6, atol=0.0, equal_nan=True)

    def _named(self, sets: Array) -> dict[str, Array]:
        return {name: sets[:, k, None, None] for k, name in enumerate(self.form.names)}

    def _targets_of(self, parameter: str) -> list[int]:
        """The targets that depend on a parameter, all where that is not known from our own print."""
        gradients = [self.form.per_target.get(target, (None, None))[1] for target in self.targets]
        return [
            t for t, one in enumerate(gradients) if not isinstance(one, PrintedGradient) or parameter in one.parameters
        ]

    def __call__(self, sets: Array) -> Array:
        """(S, K) -> (S, M, T, n)."""
        return self._evaluate(self._block(self.vectorised), sets)

    def _block(self, vectorised: bool) -> Block:
        everything = tuple(range(len(self.targets)))
        return Block(self.form, everything, self.targets, (), (), self.rows, self.rows.groups, vectorised)

    def _evaluate(self, block: Block, sets: Array) -> Array:
        groups, n = self.rows.measured.shape[1:]
        flat = block.values(block.features(ONLY), self._named(sets), (len(sets), groups))
        return flat.reshape(len(sets), groups, len(block.targets), n)

    def _broadcasts(self) -> bool:
        sets = np.tile(np.linspace(0.3, 0.9, len(self.form.names)), (2, 1)) * np.array([[1.0], [1.1]])
        try:
            fast = self._evaluate(self._block(True), sets)
            slow = self._evaluate(self._block(False), sets)
        except (TypeError, ValueError, IndexError, AttributeError):
            return False  # written for scalars and one axis of rows: evaluated one set at a time
        return bool(np.allclose(fast, slow, rtol=1e-9, equal_nan=True))

    def usable_sets(self, sets: Array) -> Array:
        """The first few sets (S, K) at which every value is finite and of moderate size beside those of the others."""
        size = _largest(self(sets))
        finite = size[np.isfinite(size)]
        most = HUGE * float(np.quantile(finite, 0.25)) if len(finite) else 0.0
        return sets[size <= most][: USABLE_SETS if self.vectorised else USABLE_SETS_ONE_BY_ONE]


def _moved(sets: Array, steps: Array, column: int) -> Array:
    out = sets.copy()
    out[:, column] += steps[:, column]
    return out


def _parts(effects: NDArray[np.bool_]) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Connected components of the graph that joins targets (T, K) and the parameters that move them.

    Idle parameters go with the first part.
    """
    targets = len(effects)
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


def _linear(probe: _Probe, form: Form, sets: Array, steps: Array, base: Array, single: Sequence[Array]) -> list[int]:
    """Greedy largest set of parameters in which the form is jointly affine (pairwise second differences vanish)."""
    change = np.stack([_largest(one - base) for one in single], axis=1)
    chosen: list[int] = []
    for k, name in enumerate(form.names):
        if name in form.shared:
            continue
        twice = probe.changed(base, sets, 2 * steps, k)
        if not _vanishes(twice - 2 * single[k] + base, change[:, k], twice):
            continue
        for j in chosen:
            both = probe.joined(single, sets, steps, j, k)
            rest = both - single[k] - single[j] + base
            if not _vanishes(rest, np.minimum(change[:, k], change[:, j]), both):
                break
        else:
            chosen.append(k)
    return chosen


def _vanishes(difference: Array, change: Array, values: Array) -> bool:
    """Whether second differences (S, M, T, n) are zero, up to rounding, beside the first ones, `change` (S,).

    Sets at which the first differences drown in the values say nothing; one at least has to say something.
    """
    size = _largest(values)
    telling = change > DROWNED * size
    zero = _largest(difference) <= LINEAR_TOLERANCE * change + ROUNDING * size
    return bool(telling.any() and zero[telling].all())


def _largest(values: Array) -> Array:
    """(S,): infinite where a value is not finite."""
    size = np.abs(values).max(axis=(1, 2, 3))
    return np.where(np.isfinite(size), size, np.inf)
