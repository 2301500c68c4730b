"""Small random steps from one form to a neighbouring one, and crossings of two."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from lawsmith.agent.symbolic.profile import ColumnKind, Profile
from lawsmith.agent.symbolic.terms import STEEPEST, Terms
from lawsmith.sandbox.law.expression import (
    add,
    children,
    factors_of,
    features,
    is_log,
    log,
    mul,
    parameters,
    power,
    rebuild,
    rename,
    transform,
    walk,
)
from lawsmith.sandbox.law.identified import tangled, unit_bound
from lawsmith.sandbox.law.merged import cancelled, merged
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power, Product, Role, Sum
from lawsmith.tasks.table import Table

TRIES = 20  # at a change that makes another form, before a parent is given up


class Mutator:
    """Draws neighbours whose constants the rows of a table can tell apart; every choice comes from `rng`."""

    def __init__(
        self,
        profile: Profile,
        table: Table,
        rng: np.random.Generator,
        factors: Callable[[np.random.Generator, Callable[..., Parameter]], Node | None] | None = None,
    ) -> None:
        self.profile, self.rows, self.rng, self.factors = profile, table.features, rng, factors
        self.scales = profile.of(ColumnKind.SCALE)
        self._steps: tuple[Callable[[Node, Node, Terms], Node | None], ...] = (
            self._shift,
            self._add_term,
            self._drop_term,
            self._add_factor,
            self._drop_factor,
            self._share_exponent,
            self._bend,
            self._cross,
            self._raise_to_power,
            *([self._add_factors] * 3 if factors else []),
        )

    def neighbour(self, node: Node, mate: Node) -> tuple[Node, str] | None:
        """One changed form and the name of the step, or None when no step applies; `mate` lends terms."""
        for _ in range(TRIES):
            step = self._steps[int(self.rng.integers(len(self._steps)))]
            found = step(node, mate, Terms(self.profile).beside(node))
            changed = None if found is None else merged(cancelled(found))
            parents = (node, mate) if step == self._cross else (node,)
            if changed is not None and changed != node and self._is_sound(changed, parents):
                return changed, step.__name__.strip("_").replace("_", " ")
        return None

    def _is_sound(self, changed: Node, parents: Sequence[Node]) -> bool:
        """Whether each constant says something of its own, and a change of units matters no more than before."""
        if is_redundant(changed) or tangled(changed, self.rows):
            return False
        bound = unit_bound(changed, self.rows, self.scales)
        return not bound or bound <= frozenset().union(*(unit_bound(one, self.rows, self.scales) for one in parents))

    def _pick(self, options: Sequence[Node]) -> Node | None:
        return options[int(self.rng.integers(len(options)))] if options else None

    def _feature(self) -> str | None:
        return str(self.rng.choice(self.scales)) if self.scales else None

    def _shift(self, node: Node, mate: Node, b: Terms) -> Node | None:
        """x becomes x + x0 in one place."""
        bent = (n for n in walk(node) if isinstance(n, Power) or is_log(n))
        bare = [n for n in bent if isinstance(children(n)[0], Feature)]
        chosen = self._pick(bare)
        if chosen is None:
            return None
        inner = children(chosen)[0]
        assert isinstance(inner, Feature)
        shifted = add(inner, b.shift(inner.name))
        new = Power(shifted, chosen.exponent) if isinstance(chosen, Power) else log(shifted)
        return swap(node, chosen, new)

    def _add_term(self, node: Node, mate: Node, b: Terms) -> Node | None:
        one = self._feature()
        if one is None:
            return None
        names = [n for n in self.scales if n == one or self.rng.random() < 0.5]
        return add(node, b.term(b.monomial(names)))

    def _add_factors(self, node: Node, mate: Node, b: Terms) -> Node | None:
        """Factors of any kind as a term of their own, or at a term that is there."""
        if self.factors is None:
            return None
        made = self.factors(self.rng, b.of_role)
        if made is None:
            return None
        terms = [t for t in children(node) if features(t)] if isinstance(node, Sum) else []
        chosen = self._pick(terms)
        if chosen is None or self.rng.random() < 0.5:
            return add(node, b.term(made))
        return swap(node, chosen, mul(chosen, made))

    def _drop_term(self, node: Node, mate: Node, b: Terms) -> Node | None:
        return self._without_a_part(node, [n for n in walk(node) if isinstance(n, Sum)])

    def _add_factor(self, node: Node, mate: Node, b: Terms) -> Node | None:
        name, chosen = self._feature(), self._pick([n for n in _outside(node) if isinstance(n, Product)])
        if name is None or chosen is None or Number(-1.0) in children(chosen):
            return None
        if any(isinstance(f, Power) and isinstance(f.base, Feature) and f.base.name == name for f in children(chosen)):
            return None
        return swap(node, chosen, mul(chosen, b.decay(name, -STEEPEST)))

    def _drop_factor(self, node: Node, mate: Node, b: Terms) -> Node | None:
        return self._without_a_part(node, [n for n in walk(node) if isinstance(n, Product) and len(n.factors) > 2])

    def _without_a_part(self, node: Node, sums: Sequence[Node]) -> Node | None:
        """The tree without a term or factor of one of these sums or products."""
        if (chosen := self._pick(sums)) is None:
            return None
        parts = children(chosen)
        k = int(self.rng.integers(len(parts)))
        return swap(node, chosen, rebuild(chosen, parts[:k] + parts[k + 1 :]))

    def _share_exponent(self, node: Node, mate: Node, b: Terms) -> Node | None:
        decays = [n.exponent for n in walk(node) if isinstance(n, Power) and _decays(n.exponent)]
        exponents = list(dict.fromkeys(p for exponent in decays for p in parameters(exponent)))
        if len(exponents) < 2:
            return None
        one, two = (exponents[k] for k in self.rng.choice(len(exponents), 2, replace=False))
        low, high = max(one.lower, two.lower), min(one.upper, two.upper)
        if low >= high:
            return None
        both = replace(one, lower=low, upper=high)
        return transform(node, lambda n: both if n in (one, two) else n)

    def _bend(self, node: Node, mate: Node, b: Terms) -> Node | None:
        """x^-a becomes x^-(a + b log y): an exponent that drifts with a feature."""
        name = self._feature()
        powers = [n for n in walk(node) if isinstance(n, Power) and isinstance(n.base, Feature) and _decays(n.exponent)]
        chosen = self._pick(powers)
        if name is None or not isinstance(chosen, Power):
            return None
        drift = mul(b.fresh("d", Role.EXPONENT, -1.0, 1.0), log(b.x(name)))
        return swap(node, chosen, Power(chosen.base, add(chosen.exponent, drift)))

    def _cross(self, node: Node, mate: Node, b: Terms) -> Node | None:
        """A term of the mate joins the sum, with constants of its own."""
        if not isinstance(mate, Sum):
            return None
        term = self._pick([t for t in mate.terms if not isinstance(t, Parameter)])
        if term is None:
            return None
        fresh = {p.name: b.renamed(p).name for p in parameters(term)}
        return add(node, rename(term, fresh))

    def _raise_to_power(self, node: Node, mate: Node, b: Terms) -> Node | None:
        """The part beside the level becomes a power of itself (Kaplan et al., arXiv 2001.08361)."""
        if not isinstance(node, Sum) or len(node.terms) < 3 or not isinstance(node.terms[0], Parameter):
            return None

        def positive(n: Node) -> Node:
            return replace(n, lower=0.0) if isinstance(n, Parameter) and n.role is Role.AMPLITUDE else n

        return add(node.terms[0], power(transform(add(*node.terms[1:]), positive), b.bend()))


def is_redundant(node: Node) -> bool:
    """Whether some constants together do what fewer could: a constant wrapped in a function or a power, two of them
    multiplied, or two terms in the same expression of features; a number beside a constant counts where that constant
    has no upper bound, and so could take it in."""
    for n in walk(node):
        match n:
            case Function() if not features(n):
                return True
            case Power(base, exponent) if not features(n):
                if not isinstance(base, Parameter) or not isinstance(exponent, Number):
                    return True
            case Product(factors) if sum(isinstance(f, Parameter) for f in factors) > 1:
                return True
            case Sum(terms):
                bounded = not any(isinstance(t, Parameter) and t.upper == math.inf for t in terms)
                bare = [
                    mul(*(f for f in factors_of(t) if not isinstance(f, Parameter | Number)))
                    for t in terms
                    if not (bounded and isinstance(t, Number))
                ]
                linear = [b for b in bare if not parameters(b)]
                if len(set(linear)) < len(linear):
                    return True
    return False


def _outside(node: Node) -> Iterator[Node]:
    """The parts of a node that no function is taken of."""
    yield node
    if not isinstance(node, Function):
        for child in children(node):
            yield from _outside(child)


def _decays(exponent: Node) -> bool:
    """Whether an exponent is -a with a free constant a."""
    match exponent:
        case Product((Number(-1.0), Parameter(role=role))):
            return role is Role.EXPONENT
        case _:
            return False


def swap(node: Node, old: Node, new: Node) -> Node:
    """`node` with every occurrence of `old` replaced."""
    return transform(node, lambda n: new if n == old else n)
