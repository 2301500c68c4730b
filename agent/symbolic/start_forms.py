"""The library's forms for one task: those within its cap, plain ones first, and ranked by a cheap fit to training rows,
so that the costly folds are spent on plausible forms."""

import math
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lawsmith.agent.symbolic.ahead import Stop
from lawsmith.agent.symbolic.form import SymbolicForm, has_shape
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.library import library, of_knowledge
from lawsmith.agent.symbolic.profile import profiles
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.fitting import Effort, Loss
from lawsmith.sandbox.jobs import ScreenJob
from lawsmith.sandbox.law.expression import features, parameters
from lawsmith.sandbox.law.nodes import Node, Role
from lawsmith.sandbox.search_task import counting
from lawsmith.tasks.frontier.folds import frontier_features, has_frontier
from lawsmith.tasks.frontier.leading import idle_categories, leading
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Task

TINY = 0.1  # share of the groups that may have fewer rows than a form has constants
USUAL, ROWS_EACH = 12, 3  # constants that a form may have in any table; more of them need so many rows for each
FIRST = 4  # forms proposed before anything is screened: a usable law at once
EARLY = 4  # the best of the plainest, proposed before the others are screened: a good one within seconds
PLAINEST = 48  # forms that are screened first, within a second or two
ROWS, GROUPS = 400, 8  # the sample that screening looks at
EFFORT = Effort(starts=10, finalists=1)  # enough to rank forms: the best of them are fitted with care afterwards
MANY = 120  # forms that are screened with care; a coarse pass on fewer rows picks them out of more
COARSE_ROWS = 100  # of the coarse pass: a form of ten constants has ten rows for each
COARSE = Effort(starts=4, finalists=0)  # of the coarse pass: a rank needs no more
TOGETHER = 6  # forms that one process fits in the end: a few, so that all workers end at about the same time …
MOST_TOGETHER = 24  # … and more at the beginning: a process costs as much as one of the quick fits


Costs = Callable[[Sequence[SymbolicForm], Table, Schema, Effort], Generator[float]]
"""The cost of each form, fitted to the rows of a table; NaN for one that cannot be fitted."""


@dataclass(frozen=True)
class Screened:
    """`ranked`: all forms, the most promising first; what could not be fitted, or not in time, comes last. `fitted`
    counts those that were; `complete` says that there was time for all."""

    ranked: tuple[SymbolicForm, ...]
    fitted: tuple[SymbolicForm, ...]
    complete: bool


class StartForms:
    """The forms that every run on `task` begins with, whatever its seed, plain forms first."""

    def __init__(self, task: Task) -> None:
        task = counting(task)  # no outlier decides which forms are tried
        self.task, self._rows = narrowed(task), task.train
        self._lock = threading.Lock()  # runs side by side wait for one screening
        self._known: dict[object, Screened] = {}  # by forms and the state of chance
        self.profile, *self._others = profiles(self.task.train)
        self.loss = Loss.FRONTIER if has_frontier(task.train) else Loss.SQUARED
        counts = np.bincount(task.train.codes)
        self.few = int(np.quantile(counts[counts > 0], TINY, method="lower"))
        self._backbones, self._surfaces = set[str](), set[str]()
        self.general = GeneralForms(self.task, self.profile, self.loss)
        forms: dict[str, SymbolicForm] = {}
        for form in self._made():
            if self.admits(form) and form.constants <= max(USUAL, self.few / ROWS_EACH):
                forms.setdefault(form.key, form)
        self.forms = tuple(sorted(forms.values(), key=self._plainness))

    def _made(self) -> list[SymbolicForm]:
        found = []
        groups = len(np.unique(self.task.train.codes))
        for template in [form for one in (self.profile, *self._others) for form in library(one)]:
            nodes = (template.node,) * len(self.task.schema.targets)
            found.append(SymbolicForm(nodes, template.origin, loss=self.loss))
            if template.backbone:
                self._backbones.add(found[-1].key)
            if template.surface:
                self._surfaces.add(found[-1].key)
            if groups > 1 and has_shape(template.node):
                origin = f"{template.origin}, one shape for all groups"
                found.append(SymbolicForm(nodes, origin, shared=True, loss=self.loss))
            elif groups > 1 and (slopes := _slopes(template.node)):
                pooled = frozenset((k, name) for k in range(len(nodes)) for name in slopes)
                origin = f"{template.origin}, a level for each group"
                found.append(SymbolicForm(nodes, origin, loss=self.loss, pooled=pooled))
        return found

    @property
    def respectful(self) -> tuple[SymbolicForm, ...]:
        """Forms that keep to what is known of the target wherever they are asked; none where nothing is known."""
        task, forms = self.task, list[SymbolicForm]()
        several = len(np.unique(task.train.codes)) > 1
        for template in of_knowledge(self.profile, task.knowledge, task.schema.targets):
            forms.append(SymbolicForm((template.node,), template.origin, loss=self.loss))
            if several:
                origin = f"{template.origin}, one shape for all groups"
                forms.append(replace(forms[-1], origin=origin, shared=True))
        return tuple(form for form in forms if self.admits(form))

    def admits(self, form: SymbolicForm) -> bool:
        """Within the cap, with a constant to fit, and with fewer of a group's own than small groups have rows."""
        return form.fits(self.task.schema, self.few)

    def _plainness(self, form: SymbolicForm) -> tuple[bool, bool, int, int]:
        """Sorts the constant first, which takes no time, then the backbones, then forms of all features, of few
        constants before others."""
        used = len(features(form.nodes[0]))
        return used > 0, form.key not in self._backbones, -used, form.constants

    @property
    def surfaces(self) -> tuple[SymbolicForm, ...]:
        """Forms that bend wherever the rows do, whatever they mean."""
        return tuple(form for form in self.forms if form.key in self._surfaces)

    @property
    def first(self) -> tuple[SymbolicForm, ...]:
        """The `FIRST` forms, which are evaluated without a screening."""
        return self.forms[:FIRST]

    def plainest(self, stop: Stop, costs: Costs) -> Screened:
        """The plain forms, the most promising first; the best `EARLY` of them are worth a try at once."""
        forms = self.forms[FIRST:PLAINEST]
        return self.screened(forms, self._rows, np.random.default_rng(0), stop, costs)

    def others(self, stop: Stop, costs: Costs) -> Screened:
        """All but the first and the early ones, the most promising first; may take a while."""
        early = self.plainest(stop, costs).ranked[:EARLY]
        forms = [form for form in self.forms[FIRST:] if form not in early]
        return self.screened(forms, self._rows, np.random.default_rng(0), stop, costs)

    def screened(
        self, forms: Sequence[SymbolicForm], table: Table, rng: np.random.Generator, stop: Stop, costs: Costs
    ) -> Screened:
        """The forms by their rank on rows of `table`, which has all features of the task, the most promising first.

        Runs that come to the same forms by the same chance share this, unless time was up before all were fitted.
        """
        key = tuple(forms), repr(rng.bit_generator.state)
        with self._lock:
            found = self._known.get(key)
            if found is None:
                found = screen(forms, table, self.task.schema, rng, stop, costs)
                if found.complete:
                    self._known[key] = found
            return found


def _slopes(node: Node) -> list[str]:
    """The constants beside the level of a sum with one term for each feature; none of any other form."""
    known = parameters(node)
    slopes = [p.name for p in known if p.role is not Role.LEVEL]
    return slopes if len(slopes) == len(known) - 1 == len(features(node)) else []


def narrowed(task: Task) -> Task:
    """The task with the features alone that forms are made of: in a wide table those that explain its targets best,
    with all shares of a whole, and the categories that say anything of them. The schema stays."""
    table = task.train
    free = frontier_features(table)
    lead = leading(table, free)
    asked = () if task.schema.decided is None else task.schema.decided.asked_categories
    out = {*free, *idle_categories(table, lead, asked)} - set(lead)
    if not out:
        return task
    kept = {name: column for name, column in table.features.items() if name not in out}
    categories = tuple(name for name in table.categories if name not in out)
    return replace(task, train=replace(table, features=kept, categories=categories))


_known = lru_cache(maxsize=4)(StartForms)
_making = threading.Lock()


def start_forms(task: Task) -> StartForms:
    """One start_forms for all runs of a command."""
    with _making:
        return _known(task)


def within(sandbox: Sandbox) -> Costs:
    """Fits in processes of the sandbox, as many at a time as it has workers."""

    def costs(forms: Sequence[SymbolicForm], sample: Table, schema: Schema, effort: Effort) -> Generator[float]:
        futures = [
            sandbox.screen(ScreenJob(tuple(form.source(schema) for form in some), schema, sample, effort))
            for some in shared_out(forms, sandbox.workers)
        ]
        try:
            for future in futures:
                yield from map(float, future.result())
        finally:
            for future in futures:
                future.cancel()

    return costs


def shared_out(forms: Sequence[SymbolicForm], workers: int) -> Iterator[Sequence[SymbolicForm]]:
    """The forms in parts that get smaller, each a fair share of half of those left."""
    begin = 0
    while begin < len(forms):
        fair = (len(forms) - begin) // (2 * workers)
        end = begin + min(max(fair, TOGETHER), MOST_TOGETHER)
        yield forms[begin:end]
        begin = end


def screen(
    forms: Sequence[SymbolicForm], table: Table, schema: Schema, rng: np.random.Generator, stop: Stop, costs: Costs
) -> Screened:
    """`forms` by the Bayesian information criterion on a sample of the rows, until `stop` says that time is up. `costs`
    fits them; the coarse pass takes one of those that differ only in the constants that groups share."""
    ranked, fitted, complete = tuple(forms), tuple[SymbolicForm, ...](), True
    if len(forms) > MANY:
        alike: dict[object, list[SymbolicForm]] = {}
        for form in forms:
            alike.setdefault(form.nodes, []).append(form)
        firsts = [some[0] for some in alike.values()]
        order, fitted, complete = _ranked(firsts, _sample(table, COARSE_ROWS, rng), schema, COARSE, stop, costs)
        ranked = tuple(form for one in order for form in alike[one.nodes])
    careful, again, all_of_these = _ranked(ranked[:MANY], _sample(table, ROWS, rng), schema, EFFORT, stop, costs)
    fitted = tuple(dict.fromkeys((*fitted, *again)))
    return Screened((*careful, *ranked[MANY:]), fitted, complete and all_of_these)


def _ranked(
    forms: Sequence[SymbolicForm], sample: Table, schema: Schema, effort: Effort, stop: Stop, costs: Costs
) -> tuple[tuple[SymbolicForm, ...], tuple[SymbolicForm, ...], bool]:
    """The forms in their order, those that could be fitted before time was up, and whether there was time for all."""
    found: list[float] = []
    fitting = costs(forms, sample, schema, effort)
    for form in forms:
        if stop():
            break
        found.append(_criterion(form, next(fitting), sample, schema))
    fitting.close()
    order = sorted(range(len(found)), key=found.__getitem__)
    ranked = (*(forms[k] for k in order), *forms[len(found) :])
    return ranked, tuple(forms[k] for k in sorted(order) if found[k] < math.inf), len(found) == len(forms)


def _sample(table: Table, most: int, rng: np.random.Generator) -> Table:
    present = np.unique(table.codes)
    chosen = rng.choice(present, min(GROUPS, len(present)), replace=False)
    rows = np.flatnonzero(np.isin(table.codes, chosen))
    return table.take(np.sort(rng.choice(rows, min(most, len(rows)), replace=False)))


def _criterion(form: SymbolicForm, cost: float, sample: Table, schema: Schema) -> float:
    if not math.isfinite(cost):
        return math.inf
    values, groups = len(sample) * len(schema.targets), len(np.unique(sample.codes))
    variance = max(2 * cost / values, 1e-300)
    every = sum(len(parameters(node)) for node in form.nodes)
    common = sum(form.common(k) for k in range(len(form.nodes)))  # counted once for all groups
    constants = common + (every - common) * groups
    return values * math.log(variance) + constants * math.log(values)
