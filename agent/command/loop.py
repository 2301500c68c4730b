"""The search of one run: propose, evaluate, record, until the budget is spent; then choose, and test once."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lawsmith.agent.command.observer import Observer
from lawsmith.agent.search.budget import Budget
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.journal import Journal
from lawsmith.agent.search.proposer import Proposer, Reporting, Rewrites, Screens
from lawsmith.runs.records.trials import History, Proposal, Screening, Trial
from lawsmith.sandbox import SearchOver
from lawsmith.tasks import InputError

STALE_ROUNDS = 3
"""A proposer that repeats known candidates this many times in a row has nothing more to say."""
FAULT = "fault of lawsmith"
"""Begins the reason for which a search ended on an error of our own."""


@dataclass(frozen=True)
class OutOfTime:
    """Where a recorded search ran out of time: after how many rounds and candidates, and what it had screened.

    `limit` is in words.
    """

    rounds: int
    candidates: int
    limit: str
    screening: Screening

    def reached(self, journal: Journal) -> str | None:
        """The limit, once the search has come that far."""
        there = journal.rounds >= self.rounds and len(journal.history) >= self.candidates
        return self.limit if there else None


def search(
    proposer: Proposer,
    evaluator: Evaluator,
    journal: Journal,
    budget: Budget,
    observer: Observer,
    until: OutOfTime | None = None,
) -> str:
    """Fill the journal's history until the proposer ends or time runs out; returns which, in words.

    A journal that already holds trials is continued: they are neither proposed nor evaluated again. However
    little the time, one batch is tried, as far as its candidates cannot hang. Calls, tokens and USD are the
    proposer's to spend, and all that it made of them is evaluated. A replay is given `until` instead of a time limit.
    An error of the proposer's own code ends the search, is logged with its traceback, and loses no law.
    """

    def out_of_time() -> str | None:
        return budget.out_of_time() if until is None else until.reached(journal)

    stale = 0
    batch: Sequence[Proposal] = journal.unfinished
    while True:
        for trial in _evaluated(batch, evaluator, journal.history, out_of_time):
            journal.record(trial, budget.spent)
            observer.tried(trial, journal.history)
        if (batch or len(journal.history)) and (limit := out_of_time()) is not None:
            return limit
        try:
            proposals = proposer.propose(journal.history)
        except InputError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if not journal.history.has_law:
                raise
            logging.getLogger(__name__).exception("The search ends early: its own code failed.")
            return f"{FAULT} ({type(error).__name__}: {error})"
        note_screening(proposer, journal, until)
        if not proposals:
            ended = proposer.ended if isinstance(proposer, Reporting) else None
            return ended or "the proposer has finished"
        first = {proposal.id: proposal for proposal in reversed(proposals)}
        batch = tuple(p for p in proposals if p.id not in journal.history and first[p.id] is p)
        stale = 0 if batch else stale + 1
        if stale == STALE_ROUNDS:
            return "the proposer only repeats itself"
        if batch:
            journal.begin_round(batch)


def rewrite(proposer: Proposer, evaluator: Evaluator, journal: Journal, budget: Budget, observer: Observer) -> None:
    """Where time ended the search, evaluate the law that would be chosen in the writing that a search ends with."""
    if budget.out_of_time() is None or not isinstance(proposer, Rewrites):
        return
    for proposal in proposer.rewritten(journal.history):
        if proposal.id not in journal.history:
            trial = Trial(proposal.id, proposal, evaluator.submit(proposal.source).result())
            journal.record(trial, budget.spent)
            observer.tried(trial, journal.history)


def note_screening(proposer: Proposer, journal: Journal, until: OutOfTime | None) -> None:
    """Record how many forms the proposer fitted by itself: in a replay, no more than there was time for."""
    if isinstance(proposer, Screens):
        found = proposer.screening(journal.history)
        more = until is not None and (found.forms, found.sums) > (until.screening.forms, until.screening.sums)
        journal.screened(until.screening if until is not None and more else found)


def _evaluated(
    batch: Sequence[Proposal], evaluator: Evaluator, history: History, out_of_time: Callable[[], str | None]
) -> Iterator[Trial]:
    """Trials of a batch in the order of its proposals, evaluated at the same time. When time runs out the rest of the
    batch is given up, unless there is no law yet; what the sandbox then stops has no trial."""
    futures = [evaluator.submit(proposal.source) for proposal in batch]
    for place, (proposal, future) in enumerate(zip(batch, futures, strict=True)):
        if out_of_time() is not None and history.has_law:
            evaluator.give_up(proposal.source for proposal in batch[place:])
            return
        try:
            evaluation = future.result()
        except SearchOver:
            continue
        yield Trial(proposal.id, proposal, evaluation)
