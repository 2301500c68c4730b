"""The terms that a search over sums begins with: products of factors, each as a column over the rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np

from lawsmith.agent.symbolic.factors import PRODUCT, SUM, TURNS, Ends, Factor, parts, starting
from lawsmith.agent.symbolic.term_law import ScaledRows, Term, cost
from lawsmith.tasks.arrays import Array, IntArray

FIXED = 1e-9  # share of a column outside the columns that every law has, below which it is one of them
MOST_FACTORS = 170  # of one argument each that pairs are made of
MOST_COLUMNS = 24_000  # of the dictionary: with 400 rows some 80 MB
FEW_FEATURES = 3  # up to which the product of two gets waves of any frequency
SLOW = 12.0  # turns over the range, up to which waves meet other factors than the features themselves
AT_ONCE = 1000  # terms whose columns are multiplied together
JITTER = 0.5  # standard deviation of the logarithm of starting constants in later searches
ALGEBRAIC = frozenset({"power", "real", "odd"})
RISING = ("rising hill", "steep rising hill")  # times anything of the same argument, they say what a Hill curve does
FALLING = ("hill", "exp")  # kinds that a product of two features may fall by
DAMPING = ("exp", "fade", "gauss")  # kinds that a wave of two features may fall by
ENDING = frozenset({"exp", "fade", "gauss", "bell", "sigmoid", "tanh", "arrhenius"})


def dictionary(
    rows: ScaledRows, names: Sequence[str], steady: frozenset[str], rng: np.random.Generator | None
) -> tuple[Sequence[Term], Array]:
    """Terms and their columns by block (B, M, m), of length 1 each; of columns that are equal, the plainest term."""
    ends = tuple((name, rows.ends[name]) for name in rows.arguments)
    known = tuple((name, tuple(factors)) for name, factors in rows.known.items())
    chosen = (tuple(names), ends, known, steady, rows.blocks == 1)
    made = _known(*chosen) if rng is None else _made(*chosen, rng)
    terms, columns = made.terms, made.columns(rows)
    size = np.sqrt((columns**2).sum(axis=1))
    usable = np.isfinite(size) & (size > 1e-12) & (np.abs(columns).max(axis=1) < 0.9 * size)
    places = np.flatnonzero(usable)
    if not len(places):  # each term stands out in one row
        return [], np.empty((rows.blocks, 0, rows.count // rows.blocks))
    blocks = (columns[places] / size[places, None]).reshape(len(places), rows.blocks, -1)
    if rows.fixed is not None:
        blocks = np.swapaxes(rows.beside(blocks.transpose(1, 2, 0)), 1, 2).swapaxes(0, 1)
    beside = np.sqrt((blocks**2).sum(axis=2))
    told = (beside > FIXED).any(axis=1)  # apart from the columns that every law has
    places = places[told]
    columns = np.where(beside > FIXED, 1 / np.maximum(beside, FIXED), 0.0)[told, :, None] * blocks[told]
    keys = np.round(columns @ np.random.default_rng(0).normal(size=(columns.shape[2], 2)), 9)
    keys *= np.where(keys[..., :1] < 0, -1, 1)
    _, first = np.unique(keys.reshape(len(keys), -1), axis=0, return_index=True)
    kept = np.sort(first)
    return [terms[places[k]] for k in kept], np.ascontiguousarray(columns[kept].swapaxes(0, 1))


@dataclass(frozen=True, eq=False)
class _Products:
    """Terms, the plainest first; places (M, most factors): of their factors among all, whose number stands for none."""

    terms: Sequence[Term]
    factors: Sequence[Factor]
    places: IntArray

    def columns(self, rows: ScaledRows) -> Array:
        """The columns (M, n) of the terms, times the weights."""
        values = np.ones((len(self.factors) + 1, rows.count))
        for k, factor in enumerate(self.factors):
            values[k] = factor.values(rows.arguments)
        columns = np.tile(rows.weight, (len(self.terms), 1))
        for begin in range(0, len(columns), AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            for place in self.places[some].T:
                columns[some] *= values[place]
        return columns


def _made(
    names: Sequence[str],
    arguments: Sequence[tuple[str, Ends]],
    known: Sequence[tuple[str, Sequence[Factor]]],
    steady: frozenset[str],
    alone: bool,
    rng: np.random.Generator | None = None,
) -> _Products:
    """The products that arguments between these ends are worth, those of the features `names` among them."""
    terms = sorted(_products(names, dict(arguments), dict(known), steady, alone, rng), key=cost)[:MOST_COLUMNS]
    factors = {factor: k for k, factor in enumerate(dict.fromkeys(f for term in terms for f in term))}
    most = max(map(len, terms))
    places = [[factors[f] for f in term] + [len(factors)] * (most - len(term)) for term in terms]
    return _Products(terms, list(factors), np.array(places, dtype=np.intp))


_known = lru_cache(maxsize=10)(_made)  # those of all features, and of both sides of each split into two sums


def _products(
    names: Sequence[str],
    ends: Mapping[str, Ends],
    known: Mapping[str, Sequence[Factor]],
    steady: frozenset[str],
    alone: bool,
    rng: np.random.Generator | None,
) -> list[Term]:
    """The level, factors, products of two, and of three where two are features. Rows that are all `alone` in one block
    have more: groups that share a threshold and its exponent take them for any bend."""
    single, longer = _single(names, ends, known, steady, alone, rng)
    turning = [w for name in names if name not in (*steady, *known) for w in _waves(name, ends[name])]
    pairs = _of_pairs(names, ends, steady, alone)
    plain = [f for f in single if f.kind == "power" and f.constants[0] in (1.0, 2.0, 3.0)]
    bases = [f for f in single if f in plain or f.kind in ("exp", "fade")]
    terms: list[tuple[Factor, ...]] = [(), *((f,) for f in [*single, *longer, *turning, *pairs])]
    terms += [two for two in combinations(single, 2) if _goes(*two)]
    terms += [(f, p) for f in longer for p in plain if p.constants == (1.0,) and _goes(f, p)]
    terms += [(f,) * n for f in single if f.kind == "log" for n in (2, 3)]
    for wave in turning:
        slow = _is_slow(wave, ends[wave.argument])
        terms += [(wave, f) for f in bases if (slow or f.constants == (1.0,)) and _goes(wave, f)]
    terms += [(p, f) for p in pairs for f in plain if p.kind != "power"]
    waves = [p for p in pairs if p.kind in ("sin", "cos")]
    terms += [(w, f) for w in waves for f in single if f.kind in DAMPING and f.argument in parts(w.argument)]
    means = [p for p in pairs if p.kind == "real"]
    terms += [(p, f) for p in means for f in single if f.argument not in parts(p.argument)]
    for one, two in combinations(plain, 2):
        if one.argument != two.argument:
            own = (one.argument, two.argument)
            first = one.constants == two.constants == (1.0,)
            terms += [(one, two, f) for f in single if f.argument not in own or (first and f.kind in FALLING)]
    return list(dict.fromkeys(tuple(sorted(term)) for term in terms))


def _single(
    names: Sequence[str],
    ends: Mapping[str, Ends],
    known: Mapping[str, Sequence[Factor]],
    steady: frozenset[str],
    alone: bool,
    rng: np.random.Generator | None,
) -> tuple[list[Factor], list[Factor]]:
    """Factors of one feature: the plainest, of which products are made, and the others."""
    each = [known[name] if name in known else starting(name, ends[name], steady=name in steady) for name in names]
    if not alone:
        each = [[f for f in these if f.kind != "excess"] for these in each]
    if rng is not None:
        each = [[_jittered(f, rng, ends[f.argument]) for f in these] for these in each]
    most = max(MOST_FACTORS // len(each), 12)
    ranked = [sorted(these, key=lambda f: f.cost) for these in each]
    longer = [f for these in ranked for f in these[most:]] if alone else []
    return [f for these in ranked for f in these[:most]], longer


def _of_pairs(names: Sequence[str], ends: Mapping[str, Ends], steady: frozenset[str], alone: bool) -> list[Factor]:
    """Factors of the product, the quotient or the sum of two features."""
    products, pairs = [name for name in ends if name not in names], list[Factor]()
    for name in products:
        own = starting(name, ends[name], pair=SUM not in name, steady=not steady.isdisjoint(parts(name)))
        pairs += [f for f in own if alone or f.kind != "real"]
    for name in products if len(names) <= FEW_FEATURES else ():
        if PRODUCT in name and steady.isdisjoint(parts(name)):
            pairs += [wave for wave in _waves(name, ends[name]) if _is_slow(wave, ends[name])]
    return pairs


def _jittered(factor: Factor, rng: np.random.Generator, ends: Ends) -> Factor:
    """Other starting constants, unless they are natural or there are none."""
    if not factor.free or factor.is_natural:
        return factor
    bounds = factor.bounds(ends)
    moved = [c * float(np.exp(JITTER * rng.standard_normal())) for c in factor.constants[: factor.free]]
    inside = tuple(min(max(c, low), high) for c, (low, high) in zip(moved, bounds, strict=True))
    return replace(factor, constants=(*inside, *factor.constants[factor.free :]))


def _goes(one: Factor, two: Factor) -> bool:
    """Whether a product says more than one factor of a dictionary does."""
    kinds = {one.kind, two.kind}
    if one.argument == two.argument and not kinds.isdisjoint(RISING):
        return False
    return one.argument != two.argument or not (len(kinds) == 1 or kinds <= ALGEBRAIC or kinds <= ENDING)


def _is_slow(wave: Factor, ends: Ends) -> bool:
    return wave.constants[0] * (ends[1] - ends[0]) < 2 * np.pi * SLOW


def _waves(name: str, ends: Ends) -> Iterator[Factor]:
    """Sines and cosines in steps of half a turn over the range of the argument, and of one radian a unit."""
    width = (ends[1] - ends[0]) or 1.0
    for w in [*np.arange(1, 2 * TURNS) * np.pi / width, 1.0]:
        yield Factor("sin", name, (float(w),))
        yield Factor("cos", name, (float(w),))
