"""The search over sums of terms: beams over a dictionary of products, refined, exchanged and simplified as it goes."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from lawsmith.agent.symbolic.ahead import Stop
from lawsmith.agent.symbolic.term_dictionary import dictionary
from lawsmith.agent.symbolic.term_law import (
    ROUNDING,
    ScaledRows,
    Term,
    TermLaw,
    basis,
    cost,
    fitted,
    refine,
    rounded,
    shape,
    simpler,
)
from lawsmith.tasks.arrays import Array, IntArray

INDEPENDENT = 1e-6  # share of a column that must lie outside the columns beside it
PLAIN_COLUMNS = 3000  # that the wide beam sees
BEAM = 200  # sums that go on to one more term, of wide beams
NATURAL_BEAM = 1500  # the same where only constants that laws have are tried
NARROW_BEAM, NARROW_WIDTH, NARROW_REFINED = 10, 12, 40  # of narrow ones; terms that are tried with each; sums refined
EXCHANGES = 3  # terms that are tried in the place of one
MOST_FACTORS = 3  # of a term that gets one more in an exchange
DEEPENING = 16  # terms that are tried to take a law further
MOST_TERMS = 8  # laws of more are no laws that anybody reads
PRICES = (0.1, 0.3)  # of length, in logarithms of the error
DEEP_PRICE = 0.02  # of length where there is little noise, and length is no sign of chance
MANY_REFINED, FEW_TERMS = 250, 4  # of sums of short terms
FIRST_WIDTH, FIRST_REFINED = 1000, 200  # single terms, which cost little to look at, and their shapes
ROWS_OF_A_TERM = 3  # of each block, where there are several
ROWS_FOR_DEPTH = 40  # of each block, for a search in all columns
PROMISING = 1e-3  # share of the variance below which the table has little noise, and all columns are worth a search
BY_CHANCE = 1.0  # twice the logarithm of the likelihood that a number in a constant's place may cost
DEEPENINGS = 5  # at most, of a law
LEAST_GAIN = 0.02  # of the score, for which a law is taken further


Pool = tuple[Sequence[Term], Array, Array]  # terms, their columns by block (B, M, m), and their costs


class TermSearch:
    """Finds sums of terms for one target; `stop` says that time is up. `tried` counts forms that were fitted."""

    def __init__(
        self,
        rows: ScaledRows,
        names: Sequence[str],
        steady: frozenset[str] = frozenset(),
        stop: Stop = lambda: False,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.rows, self.stop = rows, stop
        self.tried = 0
        self.best: dict[int, TermLaw] = {}  # by the number of constants
        self.terms, self.columns = dictionary(rows, names, steady, rng)
        self.costs = np.array([cost(term) for term in self.terms])
        self.factors = [term[0] for term in self.terms if len(term) == 1]
        self.values = np.array([factor.values(rows.arguments) for factor in self.factors])
        own = rows.blocks - 1  # more coefficients of a term than a table of one block has
        self.surcharge = own * float(np.log(rows.measured)) / rows.measured
        each = rows.measured // rows.blocks
        self.most = MOST_TERMS if rows.blocks == 1 else max(1, min(MOST_TERMS, each // ROWS_OF_A_TERM))
        self.looks_deep = rows.blocks == 1 or each >= ROWS_FOR_DEPTH

    def score(self, law: TermLaw, price: float) -> float:
        """A law's score, with what its coefficients in each block cost by the Bayesian criterion; lower is better."""
        return law.score(price) + self.surcharge * len(law.terms)

    def stages(self) -> Iterator[list[TermLaw]]:
        """Laws as they are found, the quick searches first."""
        front = [*self._alone(PRICES[0]), *self._short(PRICES[0])]
        best = sorted(front, key=lambda law: self.score(law, PRICES[0]))[:2]
        yield [*front, *(self._simplified(law, PRICES[0]) for law in best)]
        if PROMISING > self.least > self.rows.solved and self.looks_deep:
            yield self._natural(PRICES[0])
        if self.least < self.rows.solved:
            return
        for price in PRICES:
            yield self._finished(self._wide(price), price)
            if self.least < self.rows.solved:
                return
        if self.least < PROMISING and self.looks_deep:
            yield self._finished(self._deep(DEEP_PRICE), DEEP_PRICE)

    @property
    def least(self) -> float:
        """The smallest error of all laws."""
        return min((law.error for law in self.best.values()), default=1.0)

    @property
    def plainest(self) -> IntArray:
        """The plainest terms (k,), the level first. Strange constants are unlike those of laws in their own units."""
        strange = [0.5 * sum(not f.is_natural for f in term) + 0.25 * max(0, len(term) - 1) for term in self.terms]
        order = np.argsort(self.costs + np.array(strange), kind="stable")
        return order[: round(PLAIN_COLUMNS / self.rows.blocks**0.5)]

    def varied(self, price: float, *, deep: bool) -> list[TermLaw]:
        """One search at a price, over the plainest columns or over all of them."""
        return self._finished(self._deep(price) if deep else self._wide(price), price)

    def shortest(self, price: float, most: int) -> TermLaw | None:
        """The best sum of at most so many of the plainest terms, simplified; None where there is none."""
        front = self._wide(price, most=most, begin=self.level)
        usable = [law for law in front if np.isfinite(law.error)]
        return self._simplified(min(usable, key=lambda law: self.score(law, price)), price) if usable else None

    def _finished(self, front: Sequence[TermLaw], price: float) -> list[TermLaw]:
        """The two best laws of a beam simplified, and the better of them taken further."""
        ranked = sorted(front, key=lambda law: self.score(law, price))[:2]
        plain = sorted((self._simplified(law, price) for law in ranked), key=lambda law: self.score(law, price))
        return [*front, *plain, *(self.deepened(law, price) for law in plain[:1])]

    @property
    def level(self) -> list[Term]:
        """The level, where the rows do not have one anyway."""
        return [()] if () in self.terms else []

    def _wide(self, price: float, most: int = MOST_TERMS, begin: Sequence[Term] = ()) -> list[TermLaw]:
        """A wide beam over the plainest columns."""
        return self._beam(self.plainest, price, refined=16, most=most, begin=begin)

    def _alone(self, price: float) -> list[TermLaw]:
        """The best single term of all, alone or beside a level. Its inner constants decide how good it is, and so many
        of them are refined."""
        shapes: dict[object, Sequence[Term]] = {}
        most = round(FIRST_REFINED / self.rows.blocks**0.5)
        for beside in ((), ((),)) if len(self.terms) > 1 and not self.stop() else ():
            own: dict[object, Sequence[Term]] = {}
            for _, terms in self._grown(beside, FIRST_WIDTH, price):
                own.setdefault(shape(terms), terms)
            shapes |= dict(list(own.items())[:most])
        return sorted(self._each_refined(shapes.values(), 6), key=lambda law: self.score(law, price))[:1]

    def _short(self, price: float) -> list[TermLaw]:
        """Few terms of one function each. Their inner constants decide which of them fit together, and so many more of
        them are refined."""
        short = np.flatnonzero([_is_short(term) for term in self.terms])
        many = round(MANY_REFINED / self.rows.blocks**0.5)
        front = self._beam(short, price, refined=many, most=FEW_TERMS)
        if self.least < self.rows.solved:
            return front
        return front + self._beam(short, price, refined=many, most=FEW_TERMS, begin=self.level)

    def _natural(self, price: float) -> list[TermLaw]:
        """A beam over terms with the constants that laws have in their own units. Where there is little noise, sums of
        others come so near the law that a narrower beam loses it."""
        natural = np.flatnonzero([len(term) < 3 and all(f.is_natural for f in term) for term in self.terms])
        return self._beam(natural, price, refined=16, most=FEW_TERMS + 1, width=NATURAL_BEAM)

    def _beam(
        self, order: IntArray, price: float, *, refined: int, most: int, begin: Sequence[Term] = (), width: int = BEAM
    ) -> list[TermLaw]:
        """A beam over some columns, by their inner products alone; the best sums of each shape are refined as it goes,
        and their terms become columns too."""
        terms, costs = [self.terms[k] for k in order], self.costs[order]
        columns, target = self.columns[:, order], self.rows.targets[..., None]
        products, total = (columns @ target)[..., 0], (target**2).sum(axis=(1, 2))
        states = np.array([[terms.index(term) for term in begin]], dtype=np.intp)
        front: list[TermLaw] = []
        for depth in range(1 + len(begin), min(most, self.most) + 1):
            if self.stop():
                break
            scores = self._joined(columns, products, states, total, costs, price)
            ranked = sorted(scores, key=lambda one: scores[one])
            laws = self._each_refined(_of_each_shape(ranked, terms, refined), 6)
            laws.sort(key=lambda law: self.score(law, price))
            front += laws[:1]
            known = {term: k for k, term in enumerate(terms)}
            new = list(dict.fromkeys(term for law in laws for term in law.terms if term not in known))
            if new:
                added = _normalised(np.swapaxes(self.rows.design(new), 1, 2))
                columns = np.concatenate([columns, added], axis=1)
                products = (columns @ target)[..., 0]
                costs = np.concatenate([costs, [cost(term) for term in new]])
                known |= {term: len(terms) + k for k, term in enumerate(new)}
                terms = terms + new
            again = [tuple(sorted(known[term] for term in law.terms)) for law in laws]
            unique = dict.fromkeys(one for one in [*again, *ranked[:width]] if len(set(one)) == depth)
            states = np.array(list(unique), dtype=np.intp)[:width]
            if not len(states) or (front and front[-1].error < self.rows.solved):
                break
        return front

    def _joined(
        self, columns: Array, products: Array, states: IntArray, total: Array, costs: Array, price: float
    ) -> dict[tuple[int, ...], float]:
        """The best sums of one more column than the states (b, k), with their scores."""
        found: dict[tuple[int, ...], float] = {}
        members, places = np.unique(states, return_inverse=True)
        gram = columns[:, members] @ np.swapaxes(columns, 1, 2)
        places = places.reshape(states.shape)
        width = min(30 if states.shape[1] else FIRST_WIDTH, len(costs) - 1)
        for begin in range(0, len(states), 25):
            if begin and self.stop():
                break
            some = states[begin : begin + 25]
            left = left_with(gram[:, places[begin : begin + 25]], products, some, total)
            scores = np.log(left / total.sum() + 1e-13) + price * (costs + costs[some].sum(axis=1)[:, None])
            top = np.argpartition(scores, width, axis=1)[:, :width]
            self.tried += scores.size
            picked = np.take_along_axis(scores, top, axis=1)
            before = np.broadcast_to(some[:, None, :], (*top.shape, some.shape[1]))
            sums = np.sort(np.concatenate([before, top[..., None]], axis=2), axis=2)
            usable = np.isfinite(picked)
            found.update(zip(map(tuple, sums[usable].tolist()), picked[usable].tolist(), strict=True))
        return found

    def _deep(self, price: float) -> list[TermLaw]:
        """A narrow beam over all columns, in which every sum is refined."""
        states = [TermLaw((), (), 1.0)]
        front: list[TermLaw] = []
        for _ in range(self.most):
            if self.stop():
                break
            grown: dict[frozenset[Term], tuple[float, tuple[Term, ...]]] = {}
            for state in states:
                for score, terms in self._grown(state.terms, NARROW_WIDTH, price):
                    whole = score + price * state.cost
                    if whole < grown.get(frozenset(terms), (np.inf,))[0]:
                        grown[frozenset(terms)] = (whole, terms)
            chosen = sorted(grown.values(), key=lambda pair: pair[0])[:NARROW_REFINED]
            laws = self._each_refined([terms for _, terms in chosen])
            best: dict[object, TermLaw] = {}
            for law in sorted(laws, key=lambda law: self.score(law, price)):
                best.setdefault(law.shape, law)
            states = list(best.values())[:NARROW_BEAM]
            if not states:
                break
            states.insert(0, self._exchanged(states[0], price))
            front.append(states[0])
            if states[0].error < self.rows.solved:
                break
        return front

    def _grown(
        self, terms: Sequence[Term], width: int, price: float, pool: Pool | None = None
    ) -> list[tuple[float, tuple[Term, ...]]]:
        """The best sums of one term more, out of a `pool` or the dictionary, with their scores but for the price of
        what was there."""
        added, columns, costs = pool or (self.terms, self.columns, self.costs)
        target = self.rows.targets[..., None]
        q = basis(self.rows.design(terms))[0] if terms else np.empty((*target.shape[:2], 0))
        target = target - q @ (np.swapaxes(q, 1, 2) @ target)
        target = target - q @ (np.swapaxes(q, 1, 2) @ target)  # for the digits that the first time left
        along = columns @ np.concatenate([target, q], axis=2)
        along *= along
        total, outside = float((target**2).sum()), 1 - along[..., 1:].sum(axis=2)
        gain = along[..., 0] / np.maximum(outside, INDEPENDENT)
        left = total - np.where(outside > INDEPENDENT, gain, 0.0).sum(axis=0)
        left = np.where((outside > INDEPENDENT).any(axis=0), np.maximum(left, 1e-4 * total), np.inf)
        self.tried += len(added)
        scores = np.log(left / self.rows.measured + 1e-300) + price * costs
        best = np.argpartition(scores, min(width, len(scores) - 1))[:width]
        best = best[np.argsort(scores[best], kind="stable")]
        return [(float(scores[k]), (*terms, added[k])) for k in best if np.isfinite(scores[k])]

    def _neighbours(self, term: Term) -> Pool:
        """The products of a term, whole or without one of its factors, and any one factor: more than a dictionary
        holds."""
        bases = [term, *(term[:k] + term[k + 1 :] for k in range(len(term)))]
        found: list[Term] = []
        columns = []
        for base in bases:
            if len(base) == MOST_FACTORS:
                continue
            column = self.rows.column(base)
            found += [tuple(sorted((*base, f))) for f in self.factors]
            columns.append(column * self.values)
        design = np.concatenate(columns).T.reshape(self.rows.blocks, -1, len(found))
        whole = _normalised(np.swapaxes(self.rows.beside(design), 1, 2))
        return found, np.where(np.isfinite(whole), whole, 0.0), np.array([cost(one) for one in found])

    def _each_refined(self, sums: Iterable[Sequence[Term]], iterations: int = 8) -> list[TermLaw]:
        """The laws of several sums, as far as there is time."""
        return [self._refined(terms, iterations) for terms in sums if not self.stop()]

    def _refined(self, terms: Sequence[Term], iterations: int = 8) -> TermLaw:
        self.tried += 1
        law = fitted(terms, self.rows)
        if law is None:
            return TermLaw(tuple(terms), (0.0,) * len(terms), np.inf)
        law = refine(law, self.rows, iterations)
        if law.error < self.best.get(law.constants, law).error or law.constants not in self.best:
            self.best[law.constants] = law
        return law

    def _exchanged(self, law: TermLaw, price: float, rounds: int = 3, *, nearby: bool = False) -> TermLaw:
        """Each term in turn taken out, and the best ones tried in its place: of the dictionary, and of its
        neighbours where `nearby` says so."""
        for _ in range(rounds):
            before = law
            for k in range(len(law.terms)):
                if self.stop():
                    return law
                rest = law.terms[:k] + law.terms[k + 1 :]
                pools = [None, self._neighbours(law.terms[k])] if nearby and self.factors else [None]
                for terms in [terms for pool in pools for _, terms in self._grown(rest, EXCHANGES, price, pool)]:
                    trial = self._refined(terms)
                    if self.score(trial, price) < self.score(law, price) - 1e-3:
                        law = trial
            if law is before:
                break
        return law

    def _simplified(self, law: TermLaw, price: float) -> TermLaw:
        """Without the terms and factors that earn nothing, with simple numbers for constants that the rows cannot tell
        from them."""
        law = refine(law, self.rows, 30)
        while not self.stop():
            trials = self._each_refined(simpler(law.terms), 15)
            most = (law.error + ROUNDING) * np.exp(BY_CHANCE / self.rows.measured)
            trials += [one for one in self._each_refined(rounded(law.terms), 15) if one.error < most]
            best = min(trials, key=lambda one: self.score(one, price), default=law)
            if self.score(best, price) >= self.score(law, price):
                break
            law = best
        return law

    def deepened(self, law: TermLaw, price: float, most: int = MOST_TERMS) -> TermLaw:
        """Grown by a term of all, up to `most`, exchanged and simplified in turns for as long as that helps."""
        for _ in range(DEEPENINGS):
            if law.error < self.rows.solved or len(law.terms) >= min(most, self.most) or self.stop():
                break
            grown_terms = [terms for _, terms in self._grown(law.terms, DEEPENING, price)]
            trials = self._each_refined(grown_terms, 10)
            grown = min(trials, key=lambda one: self.score(one, price), default=law)
            grown = self._exchanged(self._simplified(grown, price), price, 1, nearby=True)
            if self.score(grown, price) > self.score(law, price) - LEAST_GAIN:
                break
            law = grown
        return self._simplified(law, price)


def left_with(across: Array, products: Array, states: IntArray, total: Array) -> Array:
    """Sums of squares (b, M) that are left when each column joins each state (b, k); infinite for dependent ones.

    across (B, b, k, M): inner products of the states' columns and all; products (B, M) and total (B,): of the columns
    and the target of each block.
    """
    b, k = states.shape
    if not k:
        return np.asarray(np.maximum(total.sum() - (products**2).sum(axis=0)[None], 1e-16 * total.sum()))
    places = np.broadcast_to(states[:, None, :], (len(across), b, k, k))
    inner = np.take_along_axis(across, places, 3) + 1e-13 * np.eye(k)
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(inner))
    except np.linalg.LinAlgError:
        if b == 1:
            return np.full((1, products.shape[1]), np.inf)
        each = [left_with(across[:, k : k + 1], products, states[k : k + 1], total) for k in range(b)]
        return np.concatenate(each)
    parts, own = inverse @ across, (inverse @ products[:, states][..., None])[..., 0]
    outside = 1 - (parts * parts).sum(axis=2)
    now = (total[:, None] - (own * own).sum(axis=2)).sum(axis=0)
    gain = (products[:, None] - (own[:, :, None, :] @ parts)[:, :, 0]) ** 2 / np.maximum(outside, INDEPENDENT)
    gains = np.where(outside > INDEPENDENT, gain, 0.0).sum(axis=0)
    left = np.maximum(now[:, None] - gains, 1e-16 * total.sum())
    return np.asarray(np.where((outside > INDEPENDENT).any(axis=0), left, np.inf))


def _normalised(columns: Array) -> Array:
    """Columns (B, M, m) of length 1 each, or 0."""
    return np.asarray(columns / np.maximum(np.sqrt((columns**2).sum(axis=2)), 1e-300)[..., None])


def _of_each_shape(ranked: Iterable[tuple[int, ...]], terms: Sequence[Term], most: int) -> Iterable[list[Term]]:
    """The terms of the first sum of each shape, of `most` shapes."""
    found: dict[object, list[Term]] = {}
    for places in ranked:
        some = [terms[k] for k in places]
        found.setdefault(shape(some), some)
        if len(found) == most:
            break
    return found.values()


def _is_short(term: Term) -> bool:
    """Whether it is one function of one argument, or that times another feature."""
    return len(term) < 2 or (len(term) == 2 and any(f.kind == "power" and f.constants == (1.0,) for f in term))
