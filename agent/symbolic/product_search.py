"""Products of two sums: one of a feature's own terms, one of the other features', found by turns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawsmith.agent.symbolic.factors import Factor, parts
from lawsmith.agent.symbolic.term_law import ScaledRows, Term, TermLaw
from lawsmith.agent.symbolic.term_search import TermSearch
from lawsmith.tasks.arrays import Array

ROUNDS = 3  # in which each sum is fitted once
PRICE = 0.1  # of length, as in the first search over sums
TERMS = 4  # of each sum
MOST_SPLITS = 4  # features that are taken apart: each costs two searches a round
LEAST = 1e-6  # share of the largest value of a sum, below which a row says nothing of the other


@dataclass(frozen=True)
class ProductLaw:
    """`first` times `second`; `error` is the share of the target's variance that they leave."""

    first: TermLaw
    second: TermLaw
    error: float

    @property
    def cost(self) -> float:
        """Length of both sums; shorter is simpler."""
        return self.first.cost + self.second.cost


def products(
    rows: ScaledRows, names: Sequence[str], steady: frozenset[str], stop: Callable[[], bool]
) -> Iterator[tuple[ProductLaw | None, int]]:
    """For each feature the best product of its own sum and of one in the others, if any, and how many sums were
    tried."""
    for own in names[:MOST_SPLITS] if len(names) > 1 else ():
        others = [name for name in names if name != own]
        if len(names) == 2 and own == names[1] and rows.blocks == 1:
            return  # the same split again
        yield _by_turns(rows, ([own], others), steady, stop)


def _by_turns(
    rows: ScaledRows, sides: tuple[list[str], list[str]], steady: frozenset[str], stop: Callable[[], bool]
) -> tuple[ProductLaw | None, int]:
    """Each sum in turn while the other one is held; blocks share the second one."""
    looks = (rows, replace(rows, blocks=1))
    sums = [TermLaw(((),), (1.0,) * rows.blocks, 1.0), TermLaw((_monomial(rows, sides[1]),), (1.0,), 1.0)]
    best, tried = None, 0
    for turn in range(2 * ROUNDS):
        side = turn % 2
        held = _values(sums[1 - side], looks[1 - side])
        if stop() or not np.isfinite(held).all():
            break
        held = held / (np.abs(held).max() or 1.0)
        weight = rows.weight * np.where(np.abs(held) < LEAST, LEAST, held)
        own = _on_side(replace(looks[side], weight=weight), sides[side])
        search = TermSearch(own, sides[side], steady, stop)
        found = search.shortest(PRICE, TERMS)
        tried += search.tried
        if found is None:
            break
        sums[side] = found
        if turn and (best is None or found.error < best.error):
            first, second = sums[0], sums[1]
            best = ProductLaw(first, second, found.error)
    return best, tried


def _monomial(rows: ScaledRows, names: Sequence[str]) -> Term:
    """The product of powers of the positive ones among these features that goes with the size of the target."""
    positive = [name for name in rows.arguments if parts(name) == [name] and rows.ends[name][0] > 0]
    size = np.abs(rows.target)
    design = [np.ones(rows.count), *(np.log(rows.arguments[name]) for name in positive)]
    seen = np.log(np.maximum(size, LEAST * size.max()) / np.where(rows.weight > 0, rows.weight, 1.0))
    exponents = np.linalg.lstsq(np.stack(design, axis=1) * size[:, None], seen * size, rcond=1e-12)[0][1:].tolist()
    return tuple(Factor("real", name, (a,)) for name, a in zip(positive, exponents, strict=True) if name in names)


def _on_side(rows: ScaledRows, names: Sequence[str]) -> ScaledRows:
    """Rows with the arguments that are made of these features alone."""
    known = {k: v for k, v in rows.arguments.items() if set(parts(k)) <= set(names) or k in names}
    return replace(rows, arguments=known)


def _values(law: TermLaw, rows: ScaledRows) -> Array:
    """The sum itself (n,), without the weights of the rows."""
    return replace(rows, weight=np.ones(rows.count)).values(law)
