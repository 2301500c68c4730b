"""Products of two sums: one of a feature's own terms, one of the other features', found by turns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawsmith.agent.symbolic.ahead import Stop
from lawsmith.agent.symbolic.factors import parts
from lawsmith.agent.symbolic.joint_features import polynomials
from lawsmith.agent.symbolic.pure_powers import widened
from lawsmith.agent.symbolic.term_law import ScaledRows, TermLaw
from lawsmith.agent.symbolic.term_search import TermSearch
from lawsmith.tasks.arrays import Array

ROUNDS = 3  # in which each sum is fitted once
PRICE = 0.1  # of length, as in the first search over sums
TERMS = 4  # of each sum
SHARES = (8, 6)  # rows of a column of each polynomial that a product begins with
STARTS, TURNS = 6, 20  # polynomials that one begins with, and turns
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
    rows: ScaledRows, names: Sequence[str], steady: frozenset[str], stop: Stop
) -> Iterator[tuple[ProductLaw | None, int]]:
    """For each feature the best product of its own sum and of one in the others, if any, and how many sums were
    tried."""
    for own in names[:MOST_SPLITS] if len(names) > 1 else ():
        others = [name for name in names if name != own]
        if len(names) == 2 and own == names[1] and rows.blocks == 1:
            return  # the same split again
        yield _by_turns(rows, ([own], others), steady, stop)


def _by_turns(
    rows: ScaledRows, sides: tuple[list[str], list[str]], steady: frozenset[str], stop: Stop
) -> tuple[ProductLaw | None, int]:
    """Each sum in turn while the other one is held; blocks share the second one."""
    looks = (rows, replace(rows, blocks=1))
    sums = [TermLaw(((),), (1.0,) * rows.blocks, 1.0), TermLaw(((),), (1.0,), 1.0)]
    best, tried = None, 0
    for turn in range(2 * ROUNDS):
        side = turn % 2
        held = unweighted(sums[1 - side], looks[1 - side]) if turn else _second(rows, sides)
        if stop() or not np.isfinite(held).all():
            break
        held = held / (np.abs(held).max() or 1.0)
        weight = rows.weight * np.where(np.abs(held) < LEAST, LEAST, held)
        names, known = set(sides[side]), looks[side].arguments
        own = {k: v for k, v in known.items() if set(parts(k)) <= names or k in names}
        search = TermSearch(replace(looks[side], weight=weight, arguments=own), sides[side], steady, stop)
        found = search.shortest(PRICE, TERMS)
        tried += search.tried
        if found is None:
            break
        sums[side] = found
        if turn and (best is None or found.error < best.error):
            first, second = sums[0], sums[1]
            best = ProductLaw(first, second, found.error)
    return best, tried


def _second(rows: ScaledRows, sides: tuple[list[str], list[str]]) -> Array:
    """The values (n,) of the second function of the product of two polynomials that leaves least, found by turns."""
    axes = [[widened(rows.arguments[name]) for name in names] for names in sides]
    first, second = (polynomials(one, rows.measured // share)[0] for one, share in zip(axes, SHARES, strict=True))
    found: list[tuple[float, Array]] = []
    for start in second.T[:STARTS]:
        values, left = start, 1.0
        for _ in range(TURNS):
            one, _ = _times(first, values, rows)
            values, left = _times(second, one, replace(rows, blocks=1))
        found.append((left, values))
    return min(found, key=lambda one: one[0])[1]


def _times(columns: Array, held: Array, rows: ScaledRows) -> tuple[Array, float]:
    """The sum (n,) of columns (n, k) for each block that is best where it multiplies `held` (n,), and what is left."""
    parts = zip(*(np.split(one, rows.blocks) for one in (columns, rows.weight * held, rows.target)), strict=True)
    found, left = [], 0.0
    for own, factor, target in parts:
        solution = np.linalg.lstsq(own * factor[:, None], target, rcond=1e-12)[0]
        found.append(own @ solution)
        left += float(((target - factor * found[-1]) ** 2).sum())
    values = np.concatenate(found)
    return values / (np.abs(values).max() or 1.0), left


def unweighted(law: TermLaw, rows: ScaledRows) -> Array:
    """The sum itself (n,), without the weights of the rows."""
    return replace(rows, weight=np.ones(rows.count)).values(law)
