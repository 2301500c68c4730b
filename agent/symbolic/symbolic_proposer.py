"""The symbolic proposer: the field's forms first, then generations of changes to those that extrapolate best."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lawsmith.agent.search.score import information, ranking
from lawsmith.agent.search.selection import choose
from lawsmith.agent.symbolic.ahead import Stop
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import Stage
from lawsmith.agent.symbolic.limiting_forms import limiting_forms, without_a_term
from lawsmith.agent.symbolic.mutation import Mutator
from lawsmith.agent.symbolic.profile import ColumnKind
from lawsmith.agent.symbolic.start_forms import EARLY, Costs, Screened, screen, start_forms
from lawsmith.runs.records.trials import SIGNED, History, Proposal, Screening, Trial, candidate_id
from lawsmith.sandbox import Constants
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.nodes import Node
from lawsmith.sandbox.law.positions import bare_exponents, turned
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.noise import rounding_share
from lawsmith.tasks.task import Task

KEEP = 28  # forms of the library that get folds besides the first and the early ones
RESPECTFUL = 24  # forms that keep to what is known of the target, proposed whatever their rank
QUICK = 3  # stages of the search over sums that come before the library, for they may solve a table
GENERATIONS = 3  # the same for every seed, and so evaluated once in a command; a fourth found nothing better
PARENTS = 6  # the best laws that a generation changes
CHILDREN = 10  # per generation
LIKELY = 3  # forms that are fitted by plain squares as well, because the rows favour them
NEAR_LIMITS = 15  # leading laws that may have become simpler ones, or one law for all groups
SIMPLER = 10  # of these simpler ones at a time; a law of thirty constants has nearly become as many others
WHOLE_STAGE = 8  # forms of one screening: where none of so many can be fitted, it is no chance
SOLVED_BEYOND = 1e-4  # error in a fold, in spreads of the target, of a law that leaves next to nothing
TIDYINGS = 3  # times in a row that the leading laws are made simpler: one step may show the next
EMPTY_ROUNDS = 5  # generations in a row without a new form, after which there are none


class SymbolicProposer:
    """Needs no LLM. Every seed begins with the library and the same generations of changes to it, which runs of one
    command evaluate once and end alike with; `seed` decides the generations after those, which only an `endless`
    search has: as many as there is time for."""

    def __init__(
        self, task: Task, seed: int, costs: Costs, *, endless: bool = False, out_of_time: Stop = lambda: False
    ) -> None:
        self.task, self.schema, self.seed, self.out_of_time = task, task.schema, seed, out_of_time
        self.costs = costs
        self.generations: Iterable[int] = itertools.count() if endless else range(GENERATIONS)
        self.start_forms = start_forms(task)
        self.scales = self.start_forms.profile.of(ColumnKind.SCALE)
        self.forms: dict[str, SymbolicForm] = {}
        self.seen = {form.key for form in self.start_forms.forms}
        self._batches = self._schedule()
        self._history = History()
        self._screened: set[str] = set()
        self._unfit: set[str] = set()
        self._sums, self._least = 0, 1.0

    def propose(self, history: History) -> Sequence[Proposal]:
        """The next candidates, made from what the history holds; none when the search is over."""
        if not len(self._history) and len(history):
            return self._catch_up(history)
        self._history = history
        return next(filter(None, self._batches), ())  # an empty batch would end the search

    def _catch_up(self, history: History) -> Sequence[Proposal]:
        """Goes through the batches that a recorded history answers, seeing at each what was known then."""
        known = History()
        self._history = known
        for batch in self._batches:
            if not all(proposal.id in history for proposal in batch):
                self._history = history
                return batch
            for proposal in batch:
                if proposal.id not in known:
                    known.append(history[proposal.id])
        return ()

    def _schedule(self) -> Iterator[list[Proposal]]:
        yield self._proposals(self.start_forms.first)
        if self._solved():
            yield from self._tidied({form.key: form for form in self.start_forms.forms})
        with self.start_forms.general.stages.ahead(self.out_of_time):
            yield from self._after_the_first()
        yield from self._tidied({})
        yield self._proposals(self._signed())

    def _tidied(self, waiting: Mapping[str, SymbolicForm]) -> Iterator[list[Proposal]]:
        """Simpler forms of the leading laws, and of what these become; among them those of the library, by key, that
        are `waiting` for their turn."""
        for _ in range(TIDYINGS):
            limits, shorter = self._limits(), self._shorter()
            early = {form.key: waiting[form.key] for form in (*limits, *shorter) if form.key in waiting}
            simpler = [*early.values(), *self._admit(limits, SIMPLER), *self._admit(shorter)]
            if not simpler:
                return
            yield self._proposals(simpler)

    def _after_the_first(self) -> Iterator[list[Proposal]]:
        yield self._proposals(self._ranked(self.start_forms.plainest(self.out_of_time, self.costs))[:EARLY])
        yield from self._general(range(1))
        yield self._proposals(self._admit(self.start_forms.respectful[:RESPECTFUL]))
        if self._solved():
            return
        yield from self._general(range(1, QUICK))
        if self._solved():
            return
        ranked = self._ranked(self.start_forms.others(self.out_of_time, self.costs))[:KEEP]
        yield self._proposals(ranked)  # by workers, while longer sums are searched ahead
        yield from self._general(itertools.count(QUICK))
        if self._solved():
            return
        if len(self.schema.targets) > 1:
            yield self._proposals(self._admit(self._assembled()))
        for made, most in ((self._as_one, None), (self._limits, SIMPLER), (self._variants, None)):
            yield self._proposals(self._admit(made(), most))
        empty_rounds = 0
        for generation in self.generations:
            rng = np.random.default_rng((0 if generation < GENERATIONS else 1 + self.seed, generation))
            own = generation >= GENERATIONS  # of this seed alone
            if own:
                yield self._found(self.start_forms.general.more(rng, self.out_of_time))
                if self._solved():
                    return
            children = self._admit(self._children(rng, widely=own or not self.scales))
            empty_rounds = 0 if children else empty_rounds + 1
            if empty_rounds == EMPTY_ROUNDS:
                return
            how = rng, self.out_of_time, self.costs
            if own:
                screened = screen(children, self.task.train, self.schema, *how)
            else:
                screened = self.start_forms.screened(children, self.task.train, *how)
            yield self._proposals(self._ranked(screened)[:CHILDREN])
            if generation >= GENERATIONS - 1:
                simpler = self._admit(self._limits(), SIMPLER)
                yield self._proposals([*simpler, *(self._signed() if own else ())])

    def _general(self, stages: Iterable[int]) -> Iterator[list[Proposal]]:
        """What these stages of the search over sums find, as far as there are such stages and no law solves the
        table."""
        for k in stages:
            found = self.start_forms.general.stages.get(k, self.out_of_time)
            if found is None:
                return
            yield self._found(found)
            if self._solved():
                return

    def _found(self, found: Stage[SymbolicForm]) -> list[Proposal]:
        """The new forms of a search over sums, which is counted."""
        self._sums, self._least = self._sums + found.tried, min(self._least, found.least)
        return self._proposals(self._admit(found.forms))

    def _ranked(self, screened: Screened) -> tuple[SymbolicForm, ...]:
        """The forms of a screening, which is counted."""
        self._screened |= {form.key for form in screened.fitted}
        if screened.complete and not screened.fitted and len(screened.ranked) >= WHOLE_STAGE:
            self._unfit |= {form.key for form in screened.ranked}
        return screened.ranked

    def rewritten(self, history: History) -> Sequence[Proposal]:
        """The law that would be chosen now, with the signs that its exponents came out with; none where it has them."""
        self._history = history
        return self._proposals(self._signed())

    def screening(self, history: History) -> Screening:
        """The forms and sums that were fitted to a sample so far, whoever of the runs did it."""
        whole = {self.forms[trial.id].key for trial in history if trial.id in self.forms}
        rest = len(self._screened - whole)
        least = self._least if self._sums else None
        return Screening(len(self._screened), rest, self._sums, least, len(self._unfit))

    def _solved(self) -> list[Trial]:
        """The laws that leave nothing but rounding of the training rows, and next to nothing of any fold: no other law
        can be told from them."""
        spread = np.maximum(self.task.train.target_matrix().std(axis=0), 1e-300)
        least = rounding_share(self.task.train)
        return [
            trial
            for trial in self._history.usable()
            if trial.evaluation.train is not None
            and trial.evaluation.train.nmse < least
            and all((np.array(fold.rmse) < SOLVED_BEYOND * spread).all() for fold in trial.evaluation.folds)
        ]

    def _admit(self, forms: Sequence[SymbolicForm], most: int | None = None) -> list[SymbolicForm]:
        """Those within the cap that state a form not yet seen; the first `most` of them."""
        fresh = {form.key: form for form in forms if self.start_forms.admits(form)}
        admitted = {key: form for key, form in fresh.items() if key not in self.seen}
        chosen = dict(itertools.islice(admitted.items(), most))
        self.seen |= chosen.keys()
        return list(chosen.values())

    def _proposals(self, forms: Sequence[SymbolicForm]) -> list[Proposal]:
        proposals = []
        for form in forms:
            source = form.source(self.schema)
            self.forms[candidate_id(source)] = form
            proposals.append(Proposal(source, form.parents, form.origin, by_chance=form.by_chance))
        return proposals

    def _best(self, count: int) -> list[tuple[Trial, SymbolicForm]]:
        return [(trial, self.forms[trial.id]) for trial in ranking(self._own(), self.task)[:count]]

    def _own(self) -> list[Trial]:
        """The usable laws that this search proposed, each in one writing."""
        usable = self._history.usable()
        return [trial for trial in usable if trial.id in self.forms and trial.proposal.origin != SIGNED]

    def _assembled(self) -> list[SymbolicForm]:
        """Each target with the form that extrapolates best for that target."""
        if not (trials := self._own()):
            return []
        chosen = [ranking(trials, self.task, target=k)[0] for k in range(len(self.schema.targets))]
        forms = [self.forms[trial.id] for trial in chosen]
        nodes = tuple(form.nodes[k] for k, form in enumerate(forms))
        parents = tuple(dict.fromkeys(trial.id for trial in chosen))
        pooled = frozenset(one for k, form in enumerate(forms) for one in form.pooled if one[0] == k)
        shared = all(form.shared for form in forms)
        origin = "best form for each target"
        return [SymbolicForm(nodes, origin, shared=shared, parents=parents, by_chance=1, pooled=pooled)]

    def _as_one(self) -> list[SymbolicForm]:
        """The leading forms with all constants common to all groups, which may not differ at all."""
        if len(np.unique(self.task.train.codes)) < 2:
            return []
        return [form.as_one((trial.id,)) for trial, form in self._best(NEAR_LIMITS)]

    def _limits(self) -> list[SymbolicForm]:
        """The simpler forms that the leading ones have nearly become."""
        found = []
        for trial, form in self._best(NEAR_LIMITS):
            if trial.evaluation.constants is None:
                continue
            each = [list(limiting_forms(node, self._fitted(trial, form, k))) for k, node in enumerate(form.nodes)]
            if len(each) == 1:
                changed: list[tuple[Node, ...]] = [(node,) for node in each[0]]
            else:
                nodes = tuple((new or [old])[0] for new, old in zip(each, form.nodes, strict=True))
                changed = [nodes] if nodes != form.nodes else []
            found += [form.with_nodes(nodes, "limit", (trial.id,), form.by_chance) for nodes in changed]
        return found

    def _shorter(self) -> list[SymbolicForm]:
        """The laws that solve the table without one term of a sum, which may be there for its rounding alone."""
        found = []
        for trial in ranking([trial for trial in self._solved() if trial.id in self.forms], self.task)[:NEAR_LIMITS]:
            form = self.forms[trial.id]
            for k, node in enumerate(form.nodes):
                for changed in without_a_term(node, self.task.train.features):
                    nodes = (*form.nodes[:k], changed, *form.nodes[k + 1 :])
                    found.append(form.with_nodes(nodes, "drop term", (trial.id,), form.by_chance))
        return found

    def _signed(self) -> list[SymbolicForm]:
        """The law that would be chosen now, written anew where an exponent came out negative: x^a for x^-a, and x^-a
        for x^a."""
        if not (usable := self._history.usable()):
            return []
        chosen = choose(usable, self.task).winner
        if chosen.id not in self.forms or chosen.proposal.origin == SIGNED or chosen.evaluation.constants is None:
            return []
        form, names = self.forms[chosen.id], []
        for k, node in enumerate(form.nodes):
            groups = [constants for _, constants in self._fitted(chosen, form, k)]
            bare = [p.name for p in bare_exponents(node)]
            names.append({name for name in bare if all(constants[name] < 0 for constants in groups)})
        nodes = tuple(map(turned, form.nodes, names))
        return [form.with_nodes(nodes, SIGNED, (chosen.id,), form.by_chance)] if any(names) else []

    def _fitted(self, trial: Trial, form: SymbolicForm, target: int) -> list[tuple[dict[str, Array], dict[str, float]]]:
        """The features and the fitted constants of each group of training rows, for `limiting_forms`."""
        assert trial.evaluation.constants is not None
        table, groups = self.task.train, []
        constants = Constants.from_json(trial.evaluation.constants)
        for code in np.unique(table.codes):
            own = constants.of(table.groups[code])
            names = form.names(target, self.task.schema)
            rows = table.codes == code
            x = {name: column[rows] for name, column in table.features.items()}
            groups.append((x, {name: own[written] for name, written in names.items()}))
        return groups

    def _variants(self) -> list[SymbolicForm]:
        """The leading forms with other losses; where there is a frontier, the robust one looks ahead as well. And with
        plain squares, which lose least of what the rows tell, those that the rows favour by the Bayesian criterion.
        Where rows have weights, these say how errors grow."""
        plain = self.start_forms.loss is Loss.SQUARED
        skipped = {Loss.FRONTIER, Loss.ROBUST_FRONTIER} if plain else {Loss.ROBUST}
        if self.task.train.weight is not None:
            skipped.add(Loss.RELATIVE)
        likely = sorted(self._own(), key=lambda trial: information(trial, self.task))[:LIKELY]
        varied = [(trial, form, loss) for trial, form in self._best(3) for loss in Loss if loss not in skipped]
        varied += [(trial, self.forms[trial.id], Loss.SQUARED) for trial in likely]
        return [
            replace(
                form,
                loss=loss,
                origin=f"{form.origin}, {loss} loss",
                parents=(trial.id,),
                by_chance=max(1, form.by_chance),
            )
            for trial, form, loss in varied
            if loss is not form.loss
        ]

    def _children(self, rng: np.random.Generator, *, widely: bool) -> list[SymbolicForm]:
        parents = self._best(PARENTS)
        factors = self.start_forms.general.factors if widely else None
        mutator = Mutator(self.start_forms.profile, self.task.train, rng, factors)
        children = []
        for _ in range(2 * CHILDREN if parents else 0):
            trial, form = parents[int(rng.integers(len(parents)))]
            mate_trial, mate = parents[int(rng.integers(len(parents)))]
            k = int(rng.integers(len(form.nodes)))
            step = mutator.neighbour(form.nodes[k], mate.nodes[k])
            if step is None:
                continue
            node, name = step
            same = all(other == form.nodes[0] for other in form.nodes)
            nodes = (node,) * len(form.nodes) if same else (*form.nodes[:k], node, *form.nodes[k + 1 :])
            lineage = (trial.id, mate_trial.id) if name == "cross" else (trial.id,)
            children.append(form.with_nodes(nodes, name, lineage, max(1, form.by_chance)))
        return children
