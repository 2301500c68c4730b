"""Sums of terms, products and ratios of them, as a search found them, written as trees of one target."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lawsmith.agent.symbolic.factors import KINDS, QUOTIENT, Ends, Factor, parts
from lawsmith.agent.symbolic.form import has_shape
from lawsmith.agent.symbolic.looks import CARRIED, Sharing, View, is_scaled, pooled
from lawsmith.agent.symbolic.product_search import ProductLaw, unweighted
from lawsmith.agent.symbolic.ratio_search import RatioLaw
from lawsmith.agent.symbolic.ridge_search import RidgeLaw
from lawsmith.agent.symbolic.term_law import ScaledRows, TermLaw
from lawsmith.agent.symbolic.terms import Letters
from lawsmith.sandbox.law.expression import add, divide, exp, features, mul, parameters, power, rename, transform
from lawsmith.sandbox.law.merged import cancelled
from lawsmith.sandbox.law.nodes import ONE, Feature, Function, Node, Number, Parameter, Power, Product, Role, Sum
from lawsmith.tasks.arrays import Array

AROUND = 0.5  # relative distance from a found constant within which the folds look for theirs
FAR = 3.0  # the same, where each group has a constant of its own

Fresh = Callable[..., Parameter]


@dataclass(frozen=True)
class PartForm:
    """A form of one target. shared: shape constants are common to all groups; so are those that `pooled` names."""

    node: Node
    origin: str
    shared: bool = False
    pooled: frozenset[str] = frozenset()


@dataclass
class _Names:
    """Makes constants, and remembers the linear ones by the term that they belong to."""

    letters: Letters = field(default_factory=Letters)
    linear: list[str] = field(default_factory=list)

    def coefficient(self, role: Role, bounds: tuple[float, float] = (-math.inf, math.inf)) -> Parameter:
        made = self.letters.of_role(role, *bounds)
        self.linear.append(made.name)
        return made


@dataclass(frozen=True)
class TermWriter:
    """units: of the features. ends: of the arguments in these units. trees: of arguments with constants."""

    units: Mapping[str, float]
    ends: Mapping[str, Ends]
    trees: Mapping[str, Node] = field(default_factory=dict)

    def sums(self, law: TermLaw, sharing: Sharing, groups: int, rows: ScaledRows | None = None) -> Iterator[PartForm]:
        """A sum as forms of one target: for several groups with coefficients of each, with all constants of a group's
        own, and with those shared that may be by the `rows` of one target."""
        origin, names = "sum of terms", _Names()
        node = self.sum(law, names)
        bent = has_shape(node)
        if groups == 1:
            yield PartForm(node, origin)
            return
        if sharing is Sharing.LEVELS:
            level = names.letters.of_role(Role.LEVEL)
            title = f"{origin}, a level for each group"
            yield PartForm(add(level, node), title, bent, frozenset(names.linear))
            return
        if bent:
            yield PartForm(node, f"{origin}, one shape for all groups", True)
        yield PartForm(self.sum(law, _Names(), around=FAR), origin)
        if rows is not None and rows.blocks > 1:
            yield from self._shared(law, rows, PartForm(node, origin, bent), names.linear)

    def _shared(self, law: TermLaw, rows: ScaledRows, own: PartForm, linear: Sequence[str]) -> Iterator[PartForm]:
        """The form with one curve that each group scales, or with the coefficients pooled that may be, if any."""
        design, target = rows.design(law.terms), rows.targets
        shares = pooled(design, target, rows.measured)
        if len(law.terms) > 1 and is_scaled(design, target, rows.measured, shares):
            names = _Names()
            curve = self.second(law, names)
            node = mul(names.letters.of_role(Role.AMPLITUDE), curve)
            title = f"{own.origin}, one curve for all groups"
            yield PartForm(node, title, own.shared, frozenset(names.linear))
        elif shares:
            title = f"{own.origin}, coefficients shared by groups"
            yield replace(own, origin=title, pooled=frozenset(linear[t] for t in shares))

    def seen_through(self, view: View, law: TermLaw, seen: Array, groups: int) -> PartForm:
        """The target of a sum that states a view of it; `seen` (n,): the view of the measured values."""
        names = _Names()
        node = self.sum(law, names, inner=float(seen.std()))
        origin = f"{view.title} of sum of terms"
        if groups == 1:
            return PartForm(cancelled(transform(view.back(node), _in_factors)), origin)
        middle, width = float(seen.mean()), float(np.ptp(seen))
        level = names.letters.of_role(Role.LEVEL, middle - 3 * width, middle + 3 * width)
        title = f"{origin}, a level for each group"
        return PartForm(view.back(add(level, node)), title, has_shape(node), frozenset(names.linear))

    def product(self, law: ProductLaw, groups: int) -> PartForm:
        """A product of two sums; groups share the second one."""
        names = _Names()
        first = self.sum(law.first, names)
        own = len(names.linear)
        node = mul(first, self.second(law.second, names))
        if groups == 1:
            return PartForm(node, "product of two sums")
        title = "product of two sums, the second one of all groups"
        return PartForm(node, title, has_shape(node), frozenset(names.linear[own:]))

    def carrier(self, law: TermLaw, rows: ScaledRows) -> tuple[Array, Node, Sequence[str]]:
        """A sum with a leading coefficient of 1 as the factor of another one: its values (n,), its tree, its
        features."""
        lead = law.terms.index(()) if () in law.terms else 0
        factor = unweighted(law, rows) / law.coefficients[lead]
        tree = self.second(law, _Names())
        node = rename(tree, {p.name: f"{CARRIED}{k}" for k, p in enumerate(parameters(tree))})
        return factor, node, features(node)

    def ratio(self, law: RatioLaw, groups: int) -> list[PartForm]:
        """A ratio of two sums; for several groups with one denominator, and with all constants of their own."""
        names = _Names()
        upper = self.sum(law.upper, names)
        own, title = len(names.linear), "ratio of two sums"
        part = PartForm(divide(upper, self.second(law.lower, names)), title)
        if groups == 1:
            return [part]
        common = f"{title}, the denominator of all groups"
        return [replace(part, origin=common, pooled=frozenset(names.linear[own:])), part]

    def sum(self, law: TermLaw, names: _Names, *, inner: float | None = None, around: float = AROUND) -> Node:
        """The law's tree; coefficients have bounds around their values where they stand in an inner part, whose values
        have a spread of `inner`."""
        terms: list[Node] = []
        for term, values in zip(law.terms, law.by_block.T, strict=True):
            factors = [self.factor(f, self.ends[f.argument], names.letters.of_role, around) for f in term]
            bent = any(factor.free for factor in term)
            role = Role.LEVEL if not term else Role.AMPLITUDE if bent else Role.COEFFICIENT
            bounds = (-math.inf, math.inf) if inner is None else _around(float(values.mean()), inner)
            terms.append(mul(names.coefficient(role, bounds), *factors))
        return add(*terms)

    def second(self, law: TermLaw, names: _Names) -> Node:
        """The second sum of a product: its level, or else its first term, has the coefficient 1."""
        lead = law.terms.index(()) if () in law.terms else 0
        curve = law.by_block[0] if len(law.by_block) == 1 else np.linalg.svd(law.by_block, full_matrices=False)[2][0]
        ratios = [float(c) for c in curve / (curve[lead] or 1.0)]
        terms: list[Node] = []
        for k, (term, ratio) in enumerate(zip(law.terms, ratios, strict=True)):
            factors = [self.factor(f, self.ends[f.argument], names.letters.of_role) for f in term]
            own = () if k == lead else (names.coefficient(Role.COEFFICIENT, _around(ratio)),)
            terms.append(mul(*own, *factors) if own or factors else ONE)
        return add(*terms)

    def factor(self, factor: Factor, ends: Ends, fresh: Fresh, around: float = AROUND) -> Node:
        """A factor's tree, its constants free within `around` of where they were found."""
        u = self.trees.get(factor.argument) or self._argument(factor.argument)
        constants: list[Node] = [Number(value) for value in factor.constants]
        if factor.free:
            for k, (role, (low, high)) in enumerate(zip(KINDS[factor.kind].roles, factor.bounds(ends), strict=True)):
                value = factor.constants[k]
                reach = around * abs(value) if role is not Role.CENTRE else around * (ends[1] - ends[0])
                reach = min(reach, value - low, high - value) or AROUND * abs(value)
                constants[k] = fresh(role, value - reach, value + reach)
        return factor.node(u, ends[0] < 0, constants)

    def _argument(self, name: str) -> Node:
        first, *second = (Feature(one, self.units[one]) for one in (parts(name) if name not in self.units else [name]))
        return divide(first, *second) if QUOTIENT in name and second else mul(first, *second)

    def ridge(self, found: RidgeLaw) -> PartForm:
        """A sum with terms in a weighted sum of two features, for one group."""
        one, two = (Feature(name, self.units[name]) for name in parts(found.argument))
        reach = AROUND * abs(found.weight)
        weight = Parameter("w", found.weight - reach, found.weight + reach, Role.SCALE)
        ends, trees = {**self.ends, found.argument: found.ends}, {found.argument: add(one, mul(weight, two))}
        return PartForm(replace(self, ends=ends, trees=trees).sum(found.law, _Names()), "function of a weighted sum")


def _in_factors(part: Node) -> Node:
    """exp(L + b log u + ...) as A u^b exp(...), and a power of b u as b times the power of u, whose constants say what
    they are."""
    match part:
        case Power(Product((Parameter(lower=low, upper=high) as lead, *rest)), Number(a)) if not any(
            map(parameters, rest)
        ) and (a.is_integer() or low + high > 0):
            return mul(replace(lead, lower=-math.inf, upper=math.inf), power(mul(*rest), part.exponent))
        case Function("exp", (Sum(terms),)):
            factors, left = list[Node](), list[Node]()
            name = next(name for name in ("A", "A0") if name not in {one.name for one in parameters(part)})
            for term in terms:
                match term:
                    case Parameter():
                        factors.insert(0, Parameter(name, 0.0, math.inf, Role.AMPLITUDE))
                    case Product((Parameter() as b, Function("log", (base,)))):
                        factors.append(power(base, replace(b, role=Role.EXPONENT)))
                    case _:
                        left.append(term)
            return mul(*factors, *([exp(add(*left))] if left else []))
    return part


def _around(value: float, size: float = 1.0) -> tuple[float, float]:
    """Bounds with the value in their middle, so that a fit starts there; `size`: of values of its kind."""
    reach = 2 * abs(value) + 0.1 * size
    return value - reach, value + reach
