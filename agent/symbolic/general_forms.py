"""Sums of terms for a task, found by a search over a few hundred of its rows and written as forms."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations, zip_longest
from typing import Generic, TypeVar

import numpy as np

from lawsmith.agent.symbolic.ahead import SearchedAhead, Stop
from lawsmith.agent.symbolic.factors import OWN_UNIT, PRODUCT, QUOTIENT, of_levels, of_rounds, parts, starting
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.joint_features import in_features, in_joint_features, joint_features
from lawsmith.agent.symbolic.looks import (
    FEWEST_ROWS,
    LOGARITHM,
    PLAIN,
    RECIPROCAL,
    ROWS_OF_A_FEATURE,
    Look,
    RowMaker,
    Sharing,
    View,
    beside,
    divided,
    looks,
)
from lawsmith.agent.symbolic.power_views import power_view
from lawsmith.agent.symbolic.product_search import products
from lawsmith.agent.symbolic.profile import ColumnKind, Profile, profile
from lawsmith.agent.symbolic.pure_powers import is_plain, monomial, pure_powers
from lawsmith.agent.symbolic.ratio_search import ratio
from lawsmith.agent.symbolic.ridge_search import ridge
from lawsmith.agent.symbolic.target_views import SQUARE, favoured
from lawsmith.agent.symbolic.term_forms import PartForm, TermWriter
from lawsmith.agent.symbolic.term_law import ScaledRows, TermLaw
from lawsmith.agent.symbolic.term_search import PRICES, TermSearch
from lawsmith.runs.records.trials import OF_MILLIONS
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import mul
from lawsmith.sandbox.law.nodes import Node, Parameter
from lawsmith.tasks.arrays import Array, IntArray, decade
from lawsmith.tasks.noise import rounding_share
from lawsmith.tasks.task import Task

T = TypeVar("T")
MOST_FEATURES = 8  # with more, pairs and triples of factors are too many to look at
FEW_LEFT = 2  # features beside a factor, up to which sums are searched as widely as in a whole table
FEW_FEATURES = 3  # up to which quotients are looked at too
MOST_TARGETS = 3  # that are searched one by one
OF_A_STAGE = 5  # laws that go on from a stage
OF_GROUPS = 3  # the same where each is tried with several ways of sharing constants
ROUND = 0.25  # logarithm (base 10): columns end between 0.56 and 5.6 of their unit, so that 1 and 5 are no borders
VIEW_PRICE, VIEW_TERMS = 0.1, 5  # of sums that state a logarithm or reciprocal: short
MORE_PRICES = (0.03, 0.05, 0.1, 0.2, 0.3)  # of length, that later searches draw from
PROMISING_SHARE = 0.05  # of the variance that a ratio may leave, and a quadratic of a power, for either to be tried
LITTLE = 1e-3  # share of the variance that a product may leave whose sides are looked at, whatever sums leave
DEEP_SHARE = 0.3  # of later searches that look at all columns


@dataclass(frozen=True)
class Stage(Generic[T]):
    """What a part of the search found: forms, or those of one target. tried: sums of terms that were fitted for it, by
    their coefficients alone or with their inner constants. least: the smallest share of the variance that one leaves.
    """

    forms: Sequence[T] = ()
    tried: int = 0
    least: float = 1.0

    def beside(self, other: Stage[T]) -> Stage[T]:
        """Both stages as one, the other's forms last."""
        return Stage([*self.forms, *other.forms], self.tried + other.tried, min(self.least, other.least))


_Step = Stage[PartForm]


class GeneralForms:
    """The search over sums of terms on one task; `stages` holds forms as they are found.

    Made for whatever features a table has: signed, periodic, saturating. Groups share the terms and their inner
    constants, and may have coefficients of their own; several targets are searched together, and one by one. The search
    does not see the rows that the shallowest folds hold out, so that those folds test terms as well as constants.
    """

    def __init__(self, task: Task, profile: Profile, loss: Loss) -> None:
        self.task, self.profile, self.loss = task, profile, loss
        names = list(task.train.features)
        few = len(task.train) < max(FEWEST_ROWS, ROWS_OF_A_FEATURE * len(names)) or len(names) > MOST_FEATURES
        self.count = len(task.schema.targets)
        self.plain = [name for name in names if name not in profile.categories]
        kinds = profile.kinds
        self.steady = frozenset(n for n in self.plain if kinds[n] is ColumnKind.SCALE and n not in profile.even)
        self.units = {name: self._unit(name) for name in names}
        arguments = self._arguments() if not few else {}
        ends = {name: (float(u.min()), float(u.max())) for name, u in arguments.items()}
        rounds = {name: size * self.units[name] for name, (size, _) in profile.rounds.items()} if arguments else {}
        self.known = {name: of_levels(name, codes) for name, codes in profile.categories.items()}
        self.known |= {name: [*of_rounds(name, size), *starting(name, ends[name])] for name, size in rounds.items()}
        self.maker = RowMaker(task, arguments, ends, self.known)
        self.writer = TermWriter(self.units, ends)
        self.together = looks(task, tuple(range(self.count))) if not few else []
        self.applies = bool(self.together)
        self.stages = SearchedAhead(self._searched)  # runs side by side wait for one search
        self._one_more = threading.Lock()  # each needs much memory

    def _unit(self, name: str) -> float:
        """1 where constants near 1 are likely, else a power of ten that goes with the column from unit to unit."""
        if name in self.profile.rounds:
            return 1.0
        size = float(np.abs(self.task.train.features[name]).max())
        unit = 1.0 if not size else decade(np.round(np.log10(size) - ROUND))
        own = OWN_UNIT[0] < size < OWN_UNIT[1]
        if name in self.steady:
            return 1.0 if own else self.profile.unit[name]
        return 1.0 if own and unit > 1 else unit

    def more(self, rng: np.random.Generator, stop: Stop) -> Stage[SymbolicForm]:
        """Forms of one more search, on other rows, with other starting constants and another price of length."""
        if not self.applies:
            return Stage()
        with self._one_more, np.errstate(all="ignore"):
            return self._joined([self._varied(target, rng, stop) for target in range(self.count)])

    def _varied(self, target: int, rng: np.random.Generator, stop: Stop) -> _Step:
        ways = looks(self.task, (target,))
        look = ways[int(rng.integers(len(ways)))] if len(ways) > 1 else ways[0]
        inside, outside = divided(self.task, look, rng)
        rows = self.maker.rows(look, inside)
        search = TermSearch(rows, list(self.units), self.steady, stop, rng)
        laws = search.varied(float(rng.choice(MORE_PRICES)), deep=bool(rng.random() < DEEP_SHARE))
        return _Step(self._parts(laws, look, rows, self.maker.rows(look, outside)), search.tried, search.least)

    def factors(self, rng: np.random.Generator, fresh: Callable[..., Parameter]) -> Node | None:
        """A product of one or two factors drawn at random, with constants made by `fresh(role, lower, upper)`."""
        if not self.applies:
            return None
        nodes = []
        for _ in range(int(rng.integers(1, 3))):
            name = str(rng.choice(list(self.units)))
            ends = self.writer.ends[name]
            options = self.known.get(name) or starting(name, ends, steady=name in self.steady)
            options = [one for one in options if one.kind != "excess"]  # a threshold by chance is none of the rows
            nodes.append(self.writer.factor(options[int(rng.integers(len(options)))], ends, fresh))
        return mul(*nodes)

    def _searched(self, stop: Stop) -> Iterator[Stage[SymbolicForm]]:
        """The stages that every run has."""
        if not self.applies:
            return
        last = [_Step()] * self.count
        one_by_one = range(self.count if self.count <= MOST_TARGETS else 0)
        for steps in zip_longest(*(self._of_target(target, stop) for target in one_by_one)):
            pairs = zip(steps, last, strict=True)
            last = [before if step is None or not step.forms else step for step, before in pairs]
            found = self._joined(last)
            yield replace(found, tried=sum(step.tried for step in steps if step is not None))
        for step in self._sums(self.together[0], stop) if self.count > 1 else ():
            yield self._joined([step] * self.count)

    def _joined(self, steps: Sequence[_Step]) -> Stage[SymbolicForm]:
        """The forms of a step of each target: the first of each, the second of each, …"""
        forms = []
        for k in range(max(len(step.forms) for step in steps) if all(step.forms for step in steps) else 0):
            parts = [step.forms[min(k, len(step.forms) - 1)] for step in steps]
            pooled = frozenset((t, name) for t, part in enumerate(parts) for name in part.pooled)
            forms.append(
                SymbolicForm(
                    tuple(part.node for part in parts),
                    parts[0].origin,
                    shared=any(part.shared for part in parts),
                    loss=self.loss,
                    by_chance=0 if all(map(is_plain, (part.node for part in parts))) else OF_MILLIONS,
                    pooled=pooled,
                )
            )
        return Stage(forms, sum({id(step): step.tried for step in steps}.values()), max(s.least for s in steps))

    def _of_target(self, target: int, stop: Stop) -> Iterator[_Step]:
        """The search of one target, step by step."""
        ways = looks(self.task, (target,))
        least, ratio = 1.0, self._ratio(ways[-1]) if not stop() else _Step()
        solved = rounding_share(self.task.train)
        if ratio.least < solved:
            yield ratio
        view, left = self._power_view(ways[0]) or (PLAIN, 1.0)
        if left < solved:
            yield self._through(view, ways[0], stop)
        yield from self._of_joint_features(ways[0], stop)
        for look in ways:
            for step in self._sums(look, stop):
                least = min(least, step.least)
                yield step if not ratio.forms else step.beside(ratio)
                ratio = _Step()
        yield from self._beside_powers(ways[0], stop)
        yield from self._ridge(ways[0], stop)
        yield from self._products(ways[0], least, stop)
        yield from self._views(next((look for look in ways if look.sharing is Sharing.LEVELS), ways[0]), stop)
        if solved <= left < min(least, PROMISING_SHARE):
            yield self._through(view, ways[0], stop)

    def _inside(self, look: Look) -> IntArray:
        """The rows of a look that its searches see; the others tell which of the laws to trust."""
        return divided(self.task, look, np.random.default_rng(0))[0]

    def _values(self, look: Look) -> Array:
        """The one target of a look at all rows (N,)."""
        (target,) = look.targets
        return self.task.train.target_matrix()[:, target]

    def _sums(self, look: Look, stop: Stop) -> Iterator[_Step]:
        seen, beyond = (self.maker.rows(look, rows) for rows in divided(self.task, look, np.random.default_rng(0)))
        search = TermSearch(seen, list(self.units), self.steady, stop)
        before = 0
        alone = len(look.groups) == 1 < len(self.task.train.groups)
        for laws in (search.varied(price, deep=False) for price in PRICES[:1]) if alone else search.stages():
            yield _Step(self._parts(laws, look, seen, beyond), search.tried - before, search.least)
            before = search.tried

    def _parts(self, laws: Sequence[TermLaw], look: Look, seen: ScaledRows, beyond: ScaledRows) -> list[PartForm]:
        """The laws that miss other rows least, as forms of one target."""
        usable = {law.terms: law for law in laws if math.isfinite(law.error)}
        groups = len(self.task.train.groups)
        many = OF_A_STAGE if groups == 1 else OF_GROUPS
        best = sorted(usable.values(), key=lambda law: _miss(law, beyond))[:many]
        rows = seen if len(look.targets) == 1 else None
        return [part for law in best for part in self.writer.sums(law, look.sharing, groups, rows)]

    def _ratio(self, look: Look, view: View = PLAIN, maker: RowMaker | None = None) -> _Step:
        """The best ratio that states a view of the look's group, the only one or the largest, as forms for all groups;
        in the features of the `maker`."""
        if len(look.groups) > 1 or self.profile.categories:
            return _Step()
        maker = maker or self.maker
        names = [name for name in self.plain if name in maker.arguments]
        law, tried = ratio(maker.rows(look, self._inside(look), view), names)
        if law is None or law.error >= PROMISING_SHARE:
            return _Step()
        found = self.writer.ratio(law, len(self.task.train.groups))
        return _Step([replace(part, node=view.back(part.node)) for part in found], tried, law.error)

    def _products(self, look: Look, least: float, stop: Stop) -> Iterator[_Step]:
        if self.steady.issuperset(self.plain) or look.sharing is Sharing.LEVELS:
            return  # the library multiplies power laws of scales
        rows = self.maker.rows(look, self._inside(look))
        pairs = list(products(rows, self.plain, self.steady, stop))
        found = sorted((law for law, _ in pairs if law is not None), key=lambda law: law.error)
        parts = [self.writer.product(law, len(self.task.train.groups)) for law in found]
        yield _Step(parts, sum(tried for _, tried in pairs), min((law.error for law in found), default=1.0))
        if self._is_plain and found and found[0].error < max(least, LITTLE):
            rows = self.maker.rows(look, np.arange(len(self.task.train)))
            for held in (found[0].first, found[0].second):
                factor, node, names = self.writer.carrier(held, rows)
                if factor.min() > 0:
                    yield self._beside(factor, node, names, look, stop)

    def _ridge(self, look: Look, stop: Stop) -> Iterator[_Step]:
        if not self._is_plain:
            return
        found, tried = ridge(self.maker.rows(look, self._inside(look)), self.plain, stop)
        if found is not None:
            yield _Step([self.writer.ridge(found)], tried, found.law.error)

    def _views(self, look: Look, stop: Stop) -> Iterator[_Step]:
        values = self._values(look)
        for view in (LOGARITHM, RECIPROCAL):
            if view.suits(values):
                yield self._through(view, look, stop)
        if self._is_plain:
            found = self._favoured(values, look, self.maker, stop)
            if found is not None:
                yield self._through(found, look, stop)

    def _favoured(self, values: Array, look: Look, maker: RowMaker, stop: Stop) -> View | None:
        """The view that a glance at plain terms in the arguments of the `maker` favours for values (N,), however the
        rows weigh."""
        inside = self._inside(look)
        rows = replace(maker.rows(look, inside), weight=np.ones(len(inside)))
        glance = TermSearch(rows, [name for name in self.units if name in maker.arguments], self.steady, stop)
        return favoured(values[inside], glance.columns[0][glance.plainest])

    def _through(
        self, view: View, look: Look, stop: Stop, maker: RowMaker | None = None, *, widely: bool = False
    ) -> _Step:
        """The short sum that states a view of the target's values (N,), in the arguments of the `maker`; found as the
        first sums of a table are, where it is searched `widely`."""
        maker, seen = maker or self.maker, view.seen(self._values(look))
        if not np.isfinite(seen).all():
            return _Step()  # rows that were held out lie beyond its bounds
        names = [name for name in self.units if name in maker.arguments]
        search = TermSearch(maker.rows(look, self._inside(look), view), names, self.steady, stop)
        if widely:
            laws = next(search.stages(), [])
        else:
            short = search.shortest(VIEW_PRICE, VIEW_TERMS)
            laws = [search.deepened(short, VIEW_PRICE, VIEW_TERMS + 1)] if short else []
        best = min(laws, key=lambda law: search.score(law, VIEW_PRICE), default=None)
        groups = len(self.task.train.groups)
        if best is None:
            return _Step(tried=search.tried)
        return _Step([self.writer.seen_through(view, best, seen, groups)], search.tried, best.error)

    def _power_view(self, look: Look) -> tuple[View, float] | None:
        """The power of a sum, alone or times features, that a quadratic in the features states best, and what it
        leaves of the variance."""
        if not self._is_plain:
            return None
        features = {name: self.maker.arguments[name] for name in self.plain}
        return power_view(features, self._values(look), self.units, self._inside(look), rounding_share(self.task.train))

    def _of_joint_features(self, look: Look, stop: Stop) -> Iterator[_Step]:
        """The search in fewer features, where some act together alone."""
        table, (target,) = self.task.train, (self.task.schema.targets[k] for k in look.targets)
        if not self._is_of_one_kind or stop():
            return
        inside = self._inside(look)
        features = {name: table.features[name][inside] for name in self.plain}
        found = joint_features(features, table.targets[target][inside], self.units)
        if found is None:
            return
        joint, factor = found
        for way in (joint, *joint.turned):  # exp(q / x) is no factor of x, but one of 1 / x
            task, least = in_joint_features(self.task, target, way, factor), 1.0
            seen = replace(profile(task.train), even=frozenset(task.train.features))  # numbers without a unit turn
            search = GeneralForms(task, seen, self.loss)
            for step in search._of_target(0, stop) if search.applies else ():
                least = min(least, step.least)
                yield replace(step, forms=[replace(p, node=in_features(mul(factor, p.node), way)) for p in step.forms])
            if not rounding_share(table) <= least < LITTLE:
                break

    def _beside_powers(self, look: Look, stop: Stop) -> Iterator[_Step]:
        """Sums in the features that are left beside those that act as pure powers."""
        if not self._is_of_one_kind or stop():
            return
        inside = self._inside(look)
        known = {name: self.maker.arguments[name] for name in self.plain}
        exponents = pure_powers({name: column[inside] for name, column in known.items()}, self._values(look)[inside])
        if exponents:
            factor = np.prod([known[name] ** a for name, a in exponents.items()], axis=0)
            yield self._beside(factor, monomial(exponents, self.units), list(exponents), look, stop)

    def _beside(self, factor: Array, node: Node, names: Sequence[str], look: Look, stop: Stop) -> _Step:
        """Ratios, and sums that state a view, of what a factor (N,) of the features `names`, with the tree `node`,
        leaves of the target, in the other features."""
        rest = [name for name in self.plain if name not in names]
        own = {k: v for k, v in self.maker.arguments.items() if k in rest or set(parts(k)) <= set(rest)}
        maker, title = replace(self.maker, arguments=own), f"factor of {', '.join(names)}"
        left = self._values(look) / factor
        found = self._favoured(left, look, maker, stop)
        step, positive = _Step(), left.min() > 0
        for view in (PLAIN, SQUARE) if positive else (PLAIN,):
            step = step.beside(self._ratio(look, beside(factor, node, title, view), maker))
        views = [*((found,) if found else ()), PLAIN, *((RECIPROCAL,) if positive else ())]
        ways = [(view, False) for view in views] + [(PLAIN, True)] * (len(rest) <= FEW_LEFT)
        for view, widely in ways:  # the costly one last
            if step.least < rounding_share(self.task.train):
                break
            through = beside(factor, node, title, view)
            step = step.beside(self._through(through, look, stop, maker, widely=widely))
        return step

    @property
    def _is_of_one_kind(self) -> bool:
        """Whether all rows have one law: there is one group, and no category."""
        return len(self.task.train.groups) == 1 and not self.profile.categories

    @property
    def _is_plain(self) -> bool:
        """The same, with a feature that is no scale: the library has powers of sums of scales."""
        return self._is_of_one_kind and not self.steady.issuperset(self.plain)

    def _arguments(self) -> dict[str, Array]:
        """Features in their units, the products of two, and the quotients of those that are no scales, whose powers
        alone the library takes."""
        features = {name: self.task.train.features[name] / unit for name, unit in self.units.items()}
        pairs = combinations(self.plain, 2)
        products = {f"{one}{PRODUCT}{two}": features[one] * features[two] for one, two in pairs}
        quotients = {
            f"{one}{QUOTIENT}{two}": features[one] / features[two]
            for one, two in permutations(self.plain if len(self.plain) <= FEW_FEATURES else (), 2)
            if features[two].min() > 0 and not self.steady.issuperset((one, two))
        }
        return {**features, **products, **quotients}


def _miss(law: TermLaw, rows: ScaledRows) -> float:
    """Logarithm of the error of a law as it is on other rows, with a price of length."""
    error = float(np.sum((rows.values(law) - rows.target) ** 2)) / max(rows.measured, 1)
    return float(np.log(error + 1e-14)) + 0.02 * law.cost if math.isfinite(error) else math.inf
