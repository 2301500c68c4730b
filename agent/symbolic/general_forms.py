"""Sums of terms for a task, found by a search over a few hundred of its rows and written as forms."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lawsmith.agent.symbolic.factors import KINDS, Ends, Factor, of_levels, starting
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.product_search import ProductLaw, products
from lawsmith.agent.symbolic.profile import ColumnKind, Profile
from lawsmith.agent.symbolic.term_law import ScaledRows, TermLaw
from lawsmith.agent.symbolic.term_search import SOLVED, TermSearch
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import ONE, Feature, Node, Number, Parameter, add, exp, mul, power
from lawsmith.sandbox.law.parameter_roles import Role
from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.folds import frontier_folds
from lawsmith.tasks.task import Task

ROWS = 400  # that a search fits
FEWEST_ROWS = 20
MOST_FEATURES = 8
INNER_SHARE = 0.6  # of the rows that must lie inside, for the search to keep to them
OF_A_STAGE = 5  # laws that go on from a stage
READABLE = (1e-3, 1e3)  # sizes of features that need no unit
AROUND = 0.5  # relative distance from a found constant within which the folds look for theirs
LETTERS = {
    Role.AMPLITUDE: "A",
    Role.COEFFICIENT: "b",
    Role.LEVEL: "L",
    Role.EXPONENT: "a",
    Role.RATE: "k",
    Role.SCALE: "q",
    Role.SHAPE: "s",
    Role.CENTRE: "m",
}


@dataclass(frozen=True)
class View:
    """A function of the target that a sum of terms may state, its slope dy / dview, and the way back from the sum."""

    title: str
    seen: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    back: Callable[[Node], Node]


PLAIN = View("value", lambda y: y, np.ones_like, lambda node: node)
LOGARITHM = View("exponential", np.log, lambda y: y, exp)
RECIPROCAL = View("reciprocal", lambda y: 1 / y, lambda y: y**2, lambda node: power(node, Number(-1.0)))
VIEW_PRICE, VIEW_TERMS = 0.1, 5
MORE_PRICES = (0.03, 0.05, 0.1, 0.2, 0.3)  # of length, that later searches draw from
DEEP_SHARE = 0.3  # of later searches that look at all columns

Fresh = Callable[..., Parameter]


class Letters:
    """Names constants after their roles, each once."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def fresh(self, role: Role, lower: float = -math.inf, upper: float = math.inf) -> Parameter:
        """A new parameter with the letter of its role."""
        letter = LETTERS[role]
        self._taken[letter] += 1
        count = self._taken[letter]
        return Parameter(letter if count == 1 else f"{letter}{count}", lower, upper, role)


def _around(value: float, size: float = 1.0) -> tuple[float, float]:
    """Bounds with the value in their middle, so that a fit starts there; `size`: of values of its kind."""
    reach = 2 * abs(value) + 0.1 * size
    return value - reach, value + reach


@dataclass(frozen=True)
class Stage:
    """What a part of the search found. tried: sums of terms that were fitted for it, by their coefficients alone or
    with their inner constants. least: the smallest share of the variance that one of them leaves."""

    forms: Sequence[SymbolicForm] = ()
    tried: int = 0
    least: float = 1.0


class GeneralForms:
    """The search over sums of terms on one task; `stage` gives forms as they are found.

    Made for tables of one target and one group, whatever their features are: signed, periodic, saturating. The search
    does not see the rows that the shallowest folds hold out, so that those folds test terms as well as constants.
    """

    def __init__(self, task: Task, profile: Profile, loss: Loss) -> None:
        self.task, self.profile, self.loss = task, profile, loss
        names = list(task.train.features)
        few = len(task.train) < FEWEST_ROWS or len(names) > MOST_FEATURES
        self.applies = not few and len(task.schema.targets) == 1 and len(np.unique(task.train.codes)) == 1
        self.plain = [name for name in names if name not in profile.categories]
        self.units = {name: self._unit(name) for name in names}
        self.arguments = self._arguments() if self.applies else {}
        self.ends = {name: (float(u.min()), float(u.max())) for name, u in self.arguments.items()}
        self.target = task.train.target_matrix()[:, 0]
        kinds = profile.kinds
        self.steady = frozenset(
            n for n in self.plain if kinds[n] is ColumnKind.SCALE and n not in profile.even
        )
        self._lock = threading.Lock()  # runs side by side wait for one search
        self._stop: Callable[[], bool] = lambda: False
        self._stages = self._searched()
        self._known: list[Stage] = []

    def stage(self, k: int, stop: Callable[[], bool]) -> Stage | None:
        """What the stage `k` finds, found now unless they are known; None after the last. Once `stop` says that time
        is up, a stage ends with what it has."""
        with self._lock:
            self._stop = stop
            while len(self._known) <= k:
                with np.errstate(all="ignore"):  # columns that overflow are left out
                    found = next(self._stages, None)
                if found is None:
                    return None
                self._known.append(found)
            return self._known[k]

    def _unit(self, name: str) -> float:
        size = float(np.abs(self.task.train.features[name]).max())
        return 1.0 if READABLE[0] <= size <= READABLE[1] else self.profile.unit[name]

    def more(self, rng: np.random.Generator, stop: Callable[[], bool]) -> Stage:
        """Forms of one more search, on other rows, with other starting constants and another price of length."""
        if not self.applies:
            return Stage()
        with self._lock, np.errstate(all="ignore"):
            self._stop = stop
            inside, outside = _divided(self.task, rng)
            rows = self._rows(inside, PLAIN)
            search = TermSearch(rows, list(self.units), self.steady, self._stopped, rng)
            laws = search.varied(float(rng.choice(MORE_PRICES)), deep=bool(rng.random() < DEEP_SHARE))
            return Stage(self._sums(laws, self._rows(outside, PLAIN)), search.tried, search.least)

    def factors(self, rng: np.random.Generator, fresh: Callable[..., Parameter]) -> Node | None:
        """A product of one or two factors drawn at random, with constants made by `fresh(role, lower, upper)`."""
        if not self.applies:
            return None
        nodes = []
        for _ in range(int(rng.integers(1, 3))):
            name, codes = str(rng.choice(list(self.units))), self.profile.categories
            options = (
                of_levels(name, codes[name])
                if name in codes
                else starting(name, self.ends[name], steady=name in self.steady)
            )
            nodes.append(self._node(options[int(rng.integers(len(options)))], self.ends[name], fresh))
        return mul(*nodes)

    def _stopped(self) -> bool:
        return self._stop()

    def _searched(self) -> Iterator[Stage]:
        """The stages that every run has."""
        if not self.applies:
            return
        inside, outside = _divided(self.task, np.random.default_rng(0))
        names = list(self.units)
        seen, beyond = self._rows(inside, PLAIN), self._rows(outside, PLAIN)
        search = TermSearch(seen, names, self.steady, self._stopped)
        before = 0
        for laws in search.stages():
            yield Stage(self._sums(laws, beyond), search.tried - before, search.least)
            before = search.tried
        if search.least < SOLVED:
            return
        plain = self.steady.issuperset(self.plain)  # the library multiplies power laws of scales
        pairs = [] if plain else list(products(seen, self.plain, self.steady, self._stopped))
        found = [law for law, _ in pairs if law is not None]
        yield Stage(
            [self._product(law) for law in found],
            sum(tried for _, tried in pairs),
            min((law.error for law in found), default=1.0),
        )
        for view in (LOGARITHM, RECIPROCAL) if self.target.min() > 0 else ():
            other = TermSearch(self._rows(inside, view), names, self.steady, self._stopped)
            best = other.shortest(VIEW_PRICE, VIEW_TERMS)
            forms = []
            if best is not None:
                node = self._sum(best, Letters().fresh, inner=float(view.seen(self.target).std()))
                forms = [self._form(view.back(node), f"{view.title} of sum of terms")]
            yield Stage(forms, other.tried)

    def _product(self, law: ProductLaw) -> SymbolicForm:
        fresh = Letters().fresh
        pair = (self._sum(law.first, fresh), self._second(law.second, fresh))
        return self._form(mul(*pair), "product of two sums")

    def _sums(self, laws: Sequence[TermLaw], beyond: ScaledRows) -> list[SymbolicForm]:
        """The laws that miss other rows least, as forms."""
        usable = {law.terms: law for law in laws if math.isfinite(law.error)}
        best = sorted(usable.values(), key=lambda law: _miss(law, beyond))[:OF_A_STAGE]
        return [self._form(self._sum(law, Letters().fresh), "sum of terms") for law in best]

    def _arguments(self) -> dict[str, Array]:
        """Features in their units, and the products of two."""
        features = {name: self.task.train.features[name] / unit for name, unit in self.units.items()}
        products = {f"{one}*{two}": features[one] * features[two] for one, two in combinations(self.plain, 2)}
        return {**features, **products}

    def _rows(self, index: IntArray, view: View) -> ScaledRows:
        given, target = self.task.train.weight, self.target[index]
        weight = np.ones(len(index)) if given is None else np.sqrt(given / given.mean())[index]
        scale = weight * view.slope(target) / (float(self.target.std()) or 1.0)
        own = {name: values[index] for name, values in self.arguments.items()}
        return ScaledRows(own, self.ends, scale * view.seen(target), scale, self.profile.categories)

    def _form(self, node: Node, origin: str) -> SymbolicForm:
        return SymbolicForm((node,), origin, loss=self.loss, by_chance=2)

    def _sum(self, law: TermLaw, fresh: Fresh, *, inner: float | None = None) -> Node:
        """The law's tree; coefficients have bounds around their values where they stand in an inner part, whose values
        have a spread of `inner`."""
        terms: list[Node] = []
        for term, value in zip(law.terms, law.coefficients, strict=True):
            factors = [self._node(factor, self.ends[factor.argument], fresh) for factor in term]
            bent = any(factor.free for factor in term)
            role = Role.LEVEL if not term else Role.AMPLITUDE if bent else Role.COEFFICIENT
            bounds = (-math.inf, math.inf) if inner is None else _around(value, inner)
            terms.append(mul(fresh(role, *bounds), *factors))
        return add(*terms)

    def _second(self, law: TermLaw, fresh: Fresh) -> Node:
        """The second sum of a product: its level, or else its first term, has the coefficient 1."""
        lead = law.terms.index(()) if () in law.terms else 0
        scale = law.coefficients[lead] or 1.0
        terms: list[Node] = []
        for k, (term, value) in enumerate(zip(law.terms, law.coefficients, strict=True)):
            factors = [self._node(factor, self.ends[factor.argument], fresh) for factor in term]
            own = () if k == lead else (fresh(Role.COEFFICIENT, *_around(value / scale)),)
            terms.append(mul(*own, *factors) if own or factors else ONE)
        return add(*terms)

    def _node(self, factor: Factor, ends: Ends, fresh: Fresh) -> Node:
        names = factor.argument.split("*") if factor.argument not in self.units else [factor.argument]
        u = mul(*(Feature(name, self.units[name]) for name in names))
        constants: list[Node] = [Number(value) for value in factor.constants]
        if factor.free:
            for k, (role, (low, high)) in enumerate(
                zip(KINDS[factor.kind].roles, factor.bounds(ends), strict=True)
            ):
                value = factor.constants[k]
                reach = AROUND * abs(value) if role is not Role.CENTRE else AROUND * (ends[1] - ends[0])
                reach = min(reach, value - low, high - value) or AROUND * abs(value)
                constants[k] = fresh(role, value - reach, value + reach)
        return factor.node(u, ends[0] < 0, constants)


def _divided(task: Task, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """A sample of the rows that no shallow fold holds out, to be searched, and of all others."""
    everything = np.arange(len(task.train))
    held = [fold.held_out for fold in frontier_folds(task.train) if fold.name.endswith(">1")]
    inside = np.setdiff1d(everything, np.concatenate(held)) if held else everything
    if len(inside) < max(INNER_SHARE * len(everything), FEWEST_ROWS):
        inside = everything
    chosen = np.sort(rng.permutation(inside)[:ROWS])
    others = np.setdiff1d(everything, chosen)
    return chosen, np.sort(rng.permutation(others if len(others) else everything)[: 4 * ROWS])


def _miss(law: TermLaw, rows: ScaledRows) -> float:
    """Logarithm of the error of a law as it is on other rows, with a price of length."""
    predicted = rows.design(law.terms) @ np.array(law.coefficients)
    error = float(np.mean((predicted - rows.target) ** 2))
    return float(np.log(error + 1e-14)) + 0.02 * law.cost if math.isfinite(error) else math.inf
