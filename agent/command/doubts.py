"""Which rows of the training table are outliers to a search, and what they would change."""

import math
import time
from collections.abc import Collection, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np

from lawsmith.agent.search.growing_errors import GrowingErrors, by_value, growing_errors, may_grow
from lawsmith.agent.search.outliers import Disbelieved, at_edge, disbelieved, factor_of_unit, with_those_met
from lawsmith.agent.search.score import is_exact
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.start_forms import start_forms
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants, FitJob, PredictJob, Sandbox
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import factors_of, features, parameters, walk
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Power, Product, Sum
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.search_task import SearchTask, with_little_weight
from lawsmith.tasks import Dataset, Table, Task
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.errors import listing
from lawsmith.tasks.metrics import r2

LAWS = 24  # plain laws of the library that are asked beside its surfaces, and as many of the user's own …
PRODUCTS = 24  # … and products of powers, sums and exponentials of a feature each, in a small table …
WAYS = 2  # … times the ways in which categories may act: offsets, factors, …
SHARED = 2  # … and those in which groups may
OF_ONE = 4  # constants of further laws of one feature, peaks and waves among them …
CHANCE = 1.5  # … asked where errors change sign so many standard deviations less often than by chance
SMALL = 200  # rows up to which more laws are asked: in all these ways, and laws of one of two features
LEAST_ROWS = 12  # fewer rows cannot outvote one, but may tell that errors grow


@dataclass(frozen=True, eq=False)
class Doubts:
    """How the search counts rows, where it does not count all alike.

    rows: those that it does not believe. growing: what their errors grow with, if they do. trusting: what a search
    would see in which every row counts in full. unasked: forms of the user's own that were not fitted for this.
    late: seconds after which the plain laws were not fitted, so that all rows count in full.
    """

    rows: tuple[Disbelieved, ...]
    trusting: SearchTask
    growing: GrowingErrors | None = None
    unasked: int = 0
    late: float | None = None

    @classmethod
    def late_after(cls, seconds: float | None, task: Task) -> Self:
        """Where the plain laws were not fitted within that time."""
        return cls((), SearchTask.of(task), late=seconds)

    @property
    def notices(self) -> tuple[str, ...]:
        """What is known before the search: whether errors grow with the value, and each row."""
        if self.late is not None:
            return (
                f"lawsmith could not look for outliers within {self.late:.0f} s (--time-limit), so all rows count "
                "in full.",
            )
        grows = () if self.growing is None else (self.growing.sentence,)
        unasked = f"Only the first {LAWS} of your forms were used to find outliers, not the other {self.unasked}."
        rows = (*(row.sentence for row in self.rows if not row.met), *_another_unit(self.rows))
        if met := [str(row.row) for row in self.rows if row.met]:
            looked = "Row {} looked like an outlier" if len(met) == 1 else "Rows {} looked like outliers"
            rows = (*rows, f"{looked.format(listing(met, 9))} and counted next to nothing, but the law fits there.")
        return (*grows, *rows, *([unasked] if self.unasked and self.rows else []))

    def judged_by(self, winner: Trial, sandbox: Sandbox) -> Self:
        """The doubts with the rows marked that the winner meets all the same, and the errors where it has none."""
        growing = self.growing
        if growing is not None and is_exact(winner.evaluation, self.trusting.task):
            growing = replace(growing, met=True)
        now = self._predicted(winner, sandbox) if self.rows else None
        rows = self.rows
        if now is not None:
            rows = with_those_met(self.rows, self.trusting.task.train, now, self.growing is not None)
        return replace(self, rows=rows, growing=growing)

    def sentences(self, winner: Trial, sandbox: Sandbox) -> tuple[str, ...]:
        """What a user has to know of the result: the same, and what changes with rows counted in full."""
        return (*self.notices, *(() if all(row.met for row in self.rows) else self._effects(winner, sandbox)))

    def to_json(self) -> dict[str, Any]:
        """The same as details of a record."""
        found: dict[str, Any] = {"disbelieved": [row.to_json() for row in self.rows]} if self.rows else {}
        return found if self.growing is None else found | {"growing": self.growing.to_json()}

    def _predicted(self, winner: Trial, sandbox: Sandbox) -> Array | None:
        """What the winner says (n, T) of the training rows; None where it fails."""
        if winner.evaluation.constants is None:
            return None
        task, constants = self.trusting.task, Constants.from_json(winner.evaluation.constants)
        found = sandbox.run(PredictJob(winner.proposal.source, task.schema, constants, (task.train.hide(),)))
        return found.predictions[0] if found.ok else None

    def _effects(self, winner: Trial, sandbox: Sandbox) -> tuple[str, ...]:
        """R² of the training rows without those, and how far the law moves, at the training rows and beyond them, when
        it is fitted to all rows in full."""
        task, probes, now = self.trusting.task, self.trusting.probes, self._predicted(winner, sandbox)
        if now is None or probes is None:
            return ()
        tables = (task.train.hide(), probes.hide())
        full = sandbox.run(FitJob(winner.proposal.source, task.schema, task.train, tables, optional=1))
        if not full.ok:
            return ()
        away = [np.abs(full.predictions[0] - now)]
        beyond = np.array(winner.evaluation.probe)
        if beyond.shape == full.predictions[1].shape:
            away.append(np.abs(full.predictions[1] - beyond))
        moved = np.concatenate(away) / task.train.spread
        which = "it" if len(self.rows) == 1 else "them"
        size = f"{np.nanmax(moved):.2g} times the spread of the measurements"
        kept = ~np.isin(np.arange(len(task.train)), [one.place for one in self.rows])
        without = r2(task.train.target_matrix()[kept], now[kept])
        return (
            f"Training and held-out R² include {which}; without {which}, training R² is {without:.4f}.",
            f"With {which} counted in full, the law's predictions would move by up to {size}.",
        )


class _Law(NamedTuple):
    """What a plain law says (n, T) of the rows that it was fitted to, and with how many constants."""

    predicted: Array
    constants: int


def _predictions(laws: Sequence[_Law]) -> list[Array]:
    return [one.predicted for one in laws]


def _another_unit(rows: Sequence[Disbelieved]) -> tuple[str, ...]:
    """A sentence where all of the rows are off by the factor between two units."""
    rows = [row for row in rows if not row.met]
    measured = np.array([row.measured for row in rows])
    expected = np.array([row.expected for row in rows])
    factor = factor_of_unit(measured, expected)
    if factor is None:
        return ()
    told = f"about {factor:g} times" if factor > 1 else f"about 1/{1 / factor:g} of"
    whose = "That is" if len(rows) == 1 else f"Each of the {len(rows)} is"
    return (f"{whose} {told} the predicted value: perhaps in another unit, or with a slipped decimal point.",)


def doubted(
    dataset: Dataset, sandbox: Sandbox, seconds: float | None = None, own: Sequence[str] = ()
) -> tuple[Dataset, Doubts | None]:
    """The data set with rows that count as their errors deserve: less where errors grow with the value, and next to
    nothing where the best of the library's plain laws, and of the forms `own` that the user gave, do not believe a row.

    None, and the data set itself, where all rows count alike. A table that is searched by a sample of its rows is
    trusted: no single row decides there. All rows count where the plain laws are not fitted after `seconds`.
    """
    end = math.inf if seconds is None else time.monotonic() + seconds
    task = dataset.task
    trusting = SearchTask.of(task)
    few = len(task.train) < LEAST_ROWS
    if trusting.task is not task or (few and not may_grow(task.train)):
        return dataset, None
    tables = [task.train, *([by_value(task.train)] if may_grow(task.train) else [])]
    try:
        laws, *others = _robust(task, tables, own, sandbox, end)
    except TimeoutError:
        return dataset, Doubts.late_after(seconds, task)
    growing = None
    for relative in others:
        every = [*laws, *relative]
        growing = growing_errors(task.train, _predictions(every), [one.constants for one in every])
        if growing is not None:
            laws = every  # tiny values of another unit outweigh all others in the second
            task = replace(task, train=replace(task.train, weight=growing.weights))
    rows = () if few else disbelieved(task.train, _predictions(laws), growing is not None)
    if not rows and growing is None:
        return dataset, None
    weighed = with_little_weight(task, [row.place for row in rows])
    return replace(dataset, task=weighed), Doubts(rows, trusting, growing, max(len(own) - LAWS, 0))


def _robust(task: Task, tables: Sequence[Table], own: Sequence[str], sandbox: Sandbox, end: float) -> list[list[_Law]]:
    """For each table plain laws of the library, and `own` ones, fitted so that no single row pulls them.

    Raises TimeoutError where they are not fitted at `end`, by the monotonic clock; those under way are finished.
    """
    start, rows = start_forms(task), len(task.train)
    plain = [form for form in start.forms if not _breaks(form)]  # a break meets an outlier
    numbers = set(task.train.features) - set(task.train.categories)
    most = OF_ONE + sum(len(codes) - 1 for codes in start.profile.categories.values())
    ways = (WAYS if task.train.categories else 1) * (SHARED if len(np.unique(task.train.codes)) > 1 else 1)
    count = LAWS * (ways if rows <= SMALL else 1)
    products = [form for form in plain[count:] if _is_product(form.nodes[0], numbers)]
    products += [form for form in start.forms if form.constants <= most and _begins(form.nodes[0])]
    half = start.few // 2  # with so many constants of its own, a law meets half of a group's rows, whatever they are
    first, further = (
        [
            replace(form, loss=Loss.ROBUST).source(task.schema)
            for form in forms
            if 3 * form.constants <= rows and form.fits(task.schema, half)
        ]
        for forms in (
            dict.fromkeys((*plain[:count], *start.surfaces, *products[: PRODUCTS if rows <= SMALL else 0])),
            [
                form
                for form in plain[count:]
                if form.constants <= most and len(numbers.intersection(features(form.nodes[0]))) == 1
            ],
        )
    )
    for statement in (read_candidate(source, schema=task.schema).statement for source in own[:LAWS]):
        if statement is not None and 3 * len(statement.parameters) <= rows:
            first.append(write(replace(statement, loss=Loss.ROBUST), task.schema.features))
    found = _fitted(first, task, tables, sandbox, end)
    asked = len(numbers) == 1 or (len(numbers) == 2 and rows <= SMALL)
    edge = at_edge(task.train)  # there all laws may bend otherwise than the rows
    accused = asked and any(edge[one.place] for one in disbelieved(task.train, _predictions(found[0])))
    if asked and (_leaves_a_pattern(task.train, _predictions(found[0])) or accused):
        with suppress(TimeoutError):
            more = _fitted(further, task, tables, sandbox, end)
            found = [[*one, *two] for one, two in zip(found, more, strict=True)]
    return found


def _is_product(node: Node, numbers: Collection[str]) -> bool:
    """Whether a law is a product of powers, sums and exponentials of one feature each, with a constant for each of
    several features, as creep is of stress and temperature, and run time of cores and cells; in the library, laws of
    fewer constants stand before it."""
    factors = [factor for factor in factors_of(node) if features(factor)]
    plain = all(isinstance(one, Power | Sum | Feature) or getattr(one, "name", "") == "exp" for one in factors)
    apart = all(len(features(factor)) == 1 for factor in factors) and set(features(node)) == set(numbers)
    return plain and apart and len(parameters(node)) == 1 + len(numbers) > 2


def _begins(node: Node) -> bool:
    """Whether a law is nothing up to a threshold, as a river's discharge is: no break within rows that are not zero."""
    return isinstance(node, Product) and any(
        isinstance(part, Function) and part.name == "maximum" and Number(0.0) in part.arguments for part in walk(node)
    )


def _breaks(form: SymbolicForm) -> bool:
    """Whether a form has a sharp break."""
    parts = (part for node in form.nodes for part in walk(node))
    return any(isinstance(part, Function) and part.name in ("maximum", "minimum") for part in parts)


def _fitted(
    sources: Sequence[str], task: Task, tables: Sequence[Table], sandbox: Sandbox, end: float
) -> list[list[_Law]]:
    """For each table the laws, fitted to it; raises TimeoutError as `_robust`."""
    if time.monotonic() > end:  # making the forms of a table with many rows and features takes its time too
        raise TimeoutError
    futures = [
        sandbox.submit(FitJob(source, task.schema, table, (table.hide(),))) for table in tables for source in sources
    ]
    late = wait(futures, timeout=None if end == math.inf else max(0.0, end - time.monotonic())).not_done
    if late:
        for future in late:
            future.cancel()
        raise TimeoutError
    results = [future.result() for future in futures]
    count = len(sources)
    fitted = [_Law(one.predictions[0], one.constants.free) if one.ok and one.constants else None for one in results]
    return [[one for one in fitted[k * count : (k + 1) * count] if one is not None] for k in range(len(tables))]


def _leaves_a_pattern(train: Table, predictions: Sequence[Array]) -> bool:
    """Whether the best law misses rows beside one another along a feature to the same side, more than by chance; where
    no law was fitted, as where labels are many and rows of each few, none does."""
    residuals = [train.target_matrix()[:, 0] - one[:, 0] for one in predictions]
    if not residuals:
        return False
    best = min(residuals, key=lambda one: float(np.median(np.abs(one))))
    for column in train.features.values():
        signs = np.sign(best[np.lexsort((column, train.codes))])
        changes, pairs = np.sum(signs[1:] != signs[:-1]), len(signs) - 1
        if changes < pairs / 2 - CHANCE * math.sqrt(max(pairs, 0)) / 2:
            return True
    return False
