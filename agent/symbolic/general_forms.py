"""Sums of terms for a task, found by a search over a few hundred of its rows and written as forms."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from lawsmith.agent.symbolic.factors import KINDS, Ends, Factor
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.profile import Kind, Profile
from lawsmith.agent.symbolic.term_law import Rows, TermLaw
from lawsmith.agent.symbolic.term_search import TermSearch
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import Feature, Node, Number, Parameter, add, mul
from lawsmith.sandbox.law.roles import Role
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


class GeneralForms:
    """The search over sums of terms on one task; `batch` gives forms as they are found.

    Made for tables of one target and one group, whatever their features are: signed, periodic, saturating. The search
    does not see the rows that the shallowest folds hold out, so that those folds test terms as well as constants.
    """

    def __init__(self, task: Task, profile: Profile, loss: Loss) -> None:
        self.task, self.profile, self.loss = task, profile, loss
        self.tried, self.least = 0, 1.0
        """Sums of terms that were fitted so far, by their coefficients alone or with their inner constants; and the
        smallest share of the variance that one of them leaves."""
        names = list(task.train.features)
        few = len(task.train) < FEWEST_ROWS or len(names) > MOST_FEATURES
        self.applies = not few and len(task.schema.targets) == 1 and len(np.unique(task.train.codes)) == 1
        self.units = {name: self._unit(name) for name in names}
        self._lock = threading.Lock()  # runs side by side wait for one search
        self._stop: Callable[[], bool] = lambda: False
        self._stages = self._searched()
        self._known: list[list[SymbolicForm]] = []

    def batch(self, k: int, stop: Callable[[], bool]) -> list[SymbolicForm] | None:
        """The forms of the stage `k`, found now unless they are known; None after the last. Once `stop` says that time
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

    def _searched(self) -> Iterator[list[SymbolicForm]]:
        if not self.applies:
            return
        inside, outside = _divided(self.task)
        arguments = self._arguments()
        ends = {name: (float(values.min()), float(values.max())) for name, values in arguments.items()}
        target = self.task.train.target_matrix()[:, 0]
        given = self.task.train.weight
        weight = np.ones(len(target)) if given is None else np.sqrt(given / given.mean())
        spread = float(target.std()) or 1.0

        def rows(index: IntArray) -> Rows:
            own = {name: values[index] for name, values in arguments.items()}
            return Rows(own, ends, weight[index] * target[index] / spread, weight[index])

        steady = frozenset(
            n for n in self.units if self.profile.kinds[n] is Kind.SCALE and n not in self.profile.even
        )
        search = TermSearch(rows(inside), list(self.units), steady, lambda: self._stop())
        beyond = rows(outside)
        for laws in search.stages():
            self.tried, self.least = search.tried, search.least
            usable = {law.terms: law for law in laws if math.isfinite(law.error)}
            best = sorted(usable.values(), key=lambda law: _miss(law, beyond))
            yield [self._form(law, ends) for law in best[:OF_A_STAGE]]

    def _arguments(self) -> dict[str, Array]:
        """Features in their units, and the products of two."""
        features = {name: self.task.train.features[name] / unit for name, unit in self.units.items()}
        products = {f"{one}*{two}": features[one] * features[two] for one, two in combinations(features, 2)}
        return {**features, **products}

    def _form(self, law: TermLaw, ends: dict[str, Ends]) -> SymbolicForm:
        letters: Counter[str] = Counter()

        def fresh(role: Role, lower: float = -math.inf, upper: float = math.inf) -> Parameter:
            letter = LETTERS[role]
            letters[letter] += 1
            count = letters[letter]
            return Parameter(letter if count == 1 else f"{letter}{count}", lower, upper, role)

        terms: list[Node] = []
        for term in law.terms:
            factors = [self._node(factor, ends[factor.argument], fresh) for factor in term]
            bent = any(factor.free for factor in term)
            role = Role.LEVEL if not term else Role.AMPLITUDE if bent else Role.COEFFICIENT
            terms.append(mul(fresh(role), *factors))
        return SymbolicForm((add(*terms),), "sum of terms", loss=self.loss, by_chance=True)

    def _node(self, factor: Factor, ends: Ends, fresh: Callable[..., Parameter]) -> Node:
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


def _divided(task: Task) -> tuple[IntArray, IntArray]:
    """A sample of the rows that no shallow fold holds out, to be searched, and of all others."""
    rng = np.random.default_rng(0)
    everything = np.arange(len(task.train))
    held = [fold.held_out for fold in frontier_folds(task.train) if fold.name.endswith(">1")]
    inside = np.setdiff1d(everything, np.concatenate(held)) if held else everything
    if len(inside) < max(INNER_SHARE * len(everything), FEWEST_ROWS):
        inside = everything
    chosen = np.sort(rng.permutation(inside)[:ROWS])
    others = np.setdiff1d(everything, chosen)
    return chosen, np.sort(rng.permutation(others if len(others) else everything)[: 4 * ROWS])


def _miss(law: TermLaw, rows: Rows) -> float:
    """Logarithm of the error of a law as it is on other rows, with a price of length."""
    predicted = rows.design(law.terms) @ np.array(law.coefficients)
    error = float(np.mean((predicted - rows.target) ** 2))
    return float(np.log(error + 1e-14)) + 0.02 * law.cost if math.isfinite(error) else math.inf
