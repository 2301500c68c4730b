"""What the symbolic search proposes, and in which order."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from math import inf

import numpy as np
import pytest

from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.selection import choose
from lawsmith.agent.symbolic import SymbolicProposer
from lawsmith.agent.symbolic.start_forms import FIRST, MOST_TOGETHER, PLAINEST, TOGETHER, StartForms, shared_out
from lawsmith.agent.symbolic.symbolic_proposer import CHILDREN
from lawsmith.runs.records.trials import History, Proposal, Screening, Trial
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Task
from lawsmith.tasks.metrics import Scores
from tests.made import made_evaluation, made_fold, made_task, narrow_beams


@cache
def task(features: tuple[str, ...]) -> Task:
    """A small product of power laws with noise; searches of one task screen the library once."""
    rng = np.random.default_rng(5)
    x = {name: 10 ** rng.uniform(0, 2, 40) for name in features}
    y = 1 + 3 * np.prod([column**-0.4 for column in x.values()], axis=0) + 0.01 * rng.standard_normal(40)
    return made_task(x, y, cap=5)


@pytest.fixture(autouse=True, scope="module")
def narrow() -> Iterator[None]:
    with narrow_beams():
        yield


def by_chance(forms, sample, schema, effort):
    """A screening whose costs are a function of the form, so that nothing is fitted."""
    yield from (np.random.default_rng(list(form.key.encode())).uniform(0.01, 0.5) for form in forms)


def scored(proposal: Proposal) -> Trial:
    """A trial whose errors are a function of the source, so that nothing has to run."""
    errors = np.random.default_rng(int(proposal.id[:8], 16)).uniform(0.01, 0.5, 2)
    folds = [made_fold(error=error, name=f"n>{k}", rows=5) for k, error in enumerate(errors, 1)]
    found = made_evaluation(*folds, train=Scores(r2=0.9, nmse=0.1, nmae=0.1), constants_count=3)
    return Trial(proposal.id, proposal, found)


def batches(proposer: SymbolicProposer, most: float = inf) -> list[list[Proposal]]:
    """All that a search proposes, or its first batches."""
    history, found = History(), []
    while len(found) < most and (proposals := proposer.propose(history)):
        found.append(list(proposals))
        for proposal in proposals:
            if proposal.id not in history:
                history.append(scored(proposal))
    return found


@pytest.fixture(scope="module")
def searches() -> list[list[list[Proposal]]]:
    own = task(("n", "d"))
    return [batches(SymbolicProposer(own, seed, by_chance)) for seed in (0, 1)]


def ids(search: list[list[Proposal]]) -> list[str]:
    return [proposal.id for batch in search for proposal in batch]


def test_the_first_batch_is_the_constant_and_forms_of_every_feature(searches):
    constant, *others = (p.source.split("def gradient")[0] for p in searches[0][0])
    assert "x['n']" in constant and "x['d']" not in constant and "p['L'] + 0.0 *" in constant
    assert all("x['n']" in source and "x['d']" in source for source in others)


def test_the_plainest_forms_come_before_the_sums_which_take_longer(searches):
    sums = [any("sum" in p.origin for p in batch) for batch in searches[0]]
    plain = {f.origin for f in StartForms(task(("n", "d"))).forms[FIRST:PLAINEST]}
    assert {p.origin for p in searches[0][1]} <= plain and not sums[1] and any(sums[2:])


def test_seeds_share_what_every_search_has_and_differ_beyond_it(searches):
    assert ids(searches[0]) == ids(searches[1])
    plan, own = len(searches[0]), task(("n", "d"))
    zero, one, again = (batches(SymbolicProposer(own, seed, by_chance, endless=True), plan + 3) for seed in (0, 1, 0))
    assert ids(zero[:plan]) == ids(one[:plan]) == ids(searches[0])
    assert ids(zero[plan:]) != ids(one[plan:])
    assert ids(zero) == ids(again) and any(p.origin == "sum of terms" for batch in zero[plan:] for p in batch)


def test_a_run_that_comes_to_the_same_forms_fits_none_of_them_again(searches):
    fitted: list[int] = []

    def costs(forms, sample, schema, effort):
        fitted.append(len(forms))
        yield from by_chance(forms, sample, schema, effort)

    again = batches(SymbolicProposer(task(("n", "d")), 2, costs))
    assert ids(again) == ids(searches[0]) and fitted == []
    another = task.__wrapped__(("n", "d"))
    batches(SymbolicProposer(another, 2, costs), 3)
    assert fitted


def test_stages_of_which_no_form_can_be_fitted_are_counted():
    def failing(forms, sample, schema, effort):
        yield from [np.nan] * len(forms)

    own = task.__wrapped__(("n", "d"))
    for costs, whole in ((failing, True), (by_chance, False)):
        proposer = SymbolicProposer(own, 0, costs)
        batches(proposer, 2)
        assert (proposer.screening(History()).unfit == PLAINEST - FIRST) is whole
        own = task.__wrapped__(("n", "d"))


def test_rows_near_the_frontier_weigh_more_unless_another_loss_is_tried(searches):
    first = searches[0][0]
    assert all("LOSS = 'frontier'" in p.source for p in first)
    losses = {line for batch in searches[0] for p in batch for line in p.source.splitlines() if "LOSS" in line}
    assert losses == {"LOSS = 'frontier'", "LOSS = 'relative'", "LOSS = 'robust frontier'"}
    assert any("LOSS" not in p.source for batch in searches[0] for p in batch)


def test_every_form_that_a_search_fits_is_counted_once():
    own, history = task(("n", "d")), History()
    proposer, counts = SymbolicProposer(own, 0, by_chance), []
    while proposals := proposer.propose(history):
        for proposal in proposals:
            history.append(scored(proposal))
        counts.append(proposer.screening(history))
    assert [one.forms for one in counts] == sorted(one.forms for one in counts)
    known, last = StartForms(own), counts[-1]
    library = {form.key for form in known.forms[FIRST:]}
    assert len(library) <= last.forms <= len(library) + 6 * CHILDREN  # and the children of each generation
    assert 0 < last.rest < last.forms
    assert last.sums == 0 or last.least is not None
    again = SymbolicProposer(own, 1, by_chance)
    again.propose(history)  # a run that finds everything on record fitted the same
    assert again.screening(history).forms == last.forms


def test_screening_looks_at_the_clock_and_what_it_did_not_finish_is_not_kept():
    own, calls = task(("n", "d")), []

    def stop() -> bool:
        calls.append(1)
        return len(calls) > 10

    forms = StartForms(own)
    cut = forms.plainest(stop, by_chance)
    assert not cut.complete and len(cut.fitted) == 10
    whole = forms.plainest(lambda: False, by_chance)
    assert whole.complete and set(whole.fitted) == set(whole.ranked) == set(forms.forms[FIRST:PLAINEST])
    assert forms.plainest(lambda: True, by_chance) is whole  # known by now


def test_a_search_without_time_screens_nothing():
    proposer, history = SymbolicProposer(task(("n", "k")), 0, by_chance, out_of_time=lambda: True), History()
    for _ in range(4):
        for proposal in proposer.propose(history):
            history.append(scored(proposal))
    assert proposer.screening(history) == Screening(0, 0, 0, None)


def test_parts_of_a_screening_hold_each_form_once_the_larger_ones_first():
    forms = StartForms(task(("a", "b"))).forms
    for workers in (1, 3):
        parts = list(shared_out(forms, workers))
        assert [form for part in parts for form in part] == list(forms)
        sizes = [len(part) for part in parts]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] == min(len(forms) // (2 * workers), MOST_TOGETHER) > TOGETHER
        assert sizes[-2] == TOGETHER


@pytest.mark.parametrize(("left", "solved"), [(1e-12, False), (1e-25, True)])
def test_a_law_that_leaves_more_than_rounding_solves_no_table(left: float, solved: bool) -> None:
    proposer, history = SymbolicProposer(task(("n", "d")), 0, by_chance), History()
    for proposal in proposer.propose(history):
        before = scored(proposal).evaluation
        folds = tuple(fold.model_copy(update={"rmse": (1e-9,)}) for fold in before.folds)
        changes = {"train": Scores(r2=1, nmse=left, nmae=0), "folds": folds}
        history.append(Trial(proposal.id, proposal, before.model_copy(update=changes)))
    proposer.propose(history)
    assert bool(proposer._solved()) == solved


def test_a_table_that_is_solved_at_once_is_first_solved_without_what_does_nothing() -> None:
    """In six seconds a search of losses without noise had a term of -7.5e-19 for the learning rate."""
    rng = np.random.default_rng(0)
    n, d, lr = (10 ** rng.uniform(low, low + 3, 40) for low in (7, 9, -5))
    task, history = made_task({"n": n, "d": d, "lr": lr}, 1.7 + 400 * n**-0.34 + 410 * d**-0.28), History()
    with Sandbox() as sandbox, Evaluator(sandbox, SearchTask.of(task)) as evaluator:
        proposer = SymbolicProposer(task, 0, by_chance)
        for _ in range(2):
            for proposal in proposer.propose(history):
                history.append(Trial(proposal.id, proposal, evaluator.submit(proposal.source).result()))
        again = [proposal for proposal in history.usable() if "x['lr']" not in proposal.proposal.source]
    best = choose(history.usable(), task).winner
    assert best in again and best.proposal.by_chance == 0 and best.evaluation.constants_count == 5


def test_forms_that_the_rows_favour_are_fitted_by_plain_squares_wherever_they_rank() -> None:
    proposer, history = SymbolicProposer(task(("n", "d")), 0, by_chance), History()
    first = proposer.propose(history)
    for k, proposal in enumerate(first):
        before = scored(proposal).evaluation
        folds = tuple(fold.model_copy(update={"rmse": (0.9 if k == 0 else 0.1,)}) for fold in before.folds)
        changes = {"train": Scores(r2=1, nmse=1e-4 if k == 0 else 0.1, nmae=0), "folds": folds}
        history.append(Trial(proposal.id, proposal, before.model_copy(update=changes)))
    proposer.propose(history)
    form = proposer.forms[first[0].id]
    assert form not in [best for _, best in proposer._best(3)]
    assert replace(form, loss=Loss.SQUARED).key in {variant.key for variant in proposer._variants()}
