"""What both LLM agents share: the symbolic floor, rounds of questions, candidates from the replies."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import numpy as np

from lawsmith.agent.client.asker import Question
from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.client.messages import Request
from lawsmith.agent.client.text import number
from lawsmith.agent.feedback.formulas import formula_of, law_lines
from lawsmith.agent.feedback.prompts import Detail, Prompts
from lawsmith.agent.feedback.views import Viewer, failure, shown_source
from lawsmith.agent.llm.gain import report
from lawsmith.agent.llm.pace import Ensemble, Pace
from lawsmith.agent.llm.parsing import parse_reply
from lawsmith.agent.llm.questions import AgentSetup, Ask, CandidateReply, Tally
from lawsmith.agent.llm.replies import Reader, is_renewable
from lawsmith.agent.search.proposer import Screens
from lawsmith.agent.threads import in_background
from lawsmith.runs.records.trials import History, Proposal, Screening, Trial
from lawsmith.sandbox import Evaluation, Refused, Verdict, read_candidate

MAX_NOTES = 40  # the latest; older ones have led to laws that are shown
GUESS = "Columns:"
"""Begins the sentence in which a model says what it takes the columns to be."""
MAX_WORDS_AGAIN = 240  # characters of hypothesis in a reply that is shown again
REMINDER_SHARE = 0.15  # of a prompt's size


class LLMProposer(ABC):
    """A proposer whose state is a function of seed, task, history and recorded calls.

    Handed a history that it did not make itself (a resumed run), it goes through the rounds that led
    there: its questions find their answers in the recording, and no candidate is asked, paid or evaluated
    again.
    """

    looks_ahead: bool
    """Whether a round is asked while the candidates of the round before it are evaluated, thus without their
    scores."""
    most_in_vain = 12
    """Questions in a row without a new candidate (no answer, no code, repetitions) that end a search."""

    def __init__(self, setup: AgentSetup) -> None:
        self.setup = setup
        self.prompts = Prompts(
            setup.task, setup.config.transport.prompt_tokens, structured=setup.config.sampling.structured
        )
        self.viewer = Viewer(setup.task, setup.evaluator.sandbox)
        self.reader = Reader(setup.evaluator, self.viewer)
        self.ensemble = Ensemble(setup.config.models)
        self.notes: list[str] = [*setup.inherited]
        self.failures: list[str] = []
        self.attempts: list[str] = []  # of the model, with what became of them, oldest first
        self.tally = Tally()
        self.pace = Pace(setup.allowance, setup.max_calls, setup.config.transport.in_flight)
        self.round = 0
        self.ended: str | None = None
        self._learned = 0
        self._renewable: set[str] = set()
        self._issued = 0
        self._floor_done = setup.floor is None
        self._in_vain = 0
        self._trouble = ""
        self._under_way: Future[list[CandidateReply]] | None = None

    @abstractmethod
    def plan(self, history: History) -> list[Ask]:
        """The next round of questions; a function of what was learned so far."""

    @abstractmethod
    def learn(self, trial: Trial, ask: Ask | None) -> None:
        """Take note of an evaluated candidate; `ask` is None for one of the floor."""

    @abstractmethod
    def heard(self, answer: CandidateReply) -> None:
        """Take note of a reply, in the order of the questions."""

    def propose(self, history: History) -> Sequence[Proposal]:
        """The next batch; empty when the floor is done and budget, endpoint or ideas are at an end."""
        trials = history.trials
        self.reader.recorded(trials)
        while True:
            seen = History()
            for trial in trials[: self._issued]:
                seen.append(trial)
            batch = self._round(seen)
            self._issued += len(batch)
            if not batch or self._issued > len(trials):
                return batch[len(batch) - (self._issued - len(trials)) :] if batch else ()

    def report(self, history: History) -> dict[str, Any]:
        """What the LLM gained over the floor and at what price, as JSON data; see `lawsmith.agent.llm.gain`.

        Replies that are still under way are waited for, so that the books hold every call.
        """
        self.reader.close()
        if self._under_way is not None:
            self._under_way.result()
            self._under_way = None
        self._catch_up(history)
        told = {"models": self.ensemble.record(), "ended": self.ended, "notes": tuple(self.notes)}
        return report(self.setup, self.tally, self.viewer, history, **told)

    def screening(self, history: History) -> Screening:
        """What the symbolic floor fitted to a sample."""
        floor = self.setup.floor
        return floor.screening(history) if isinstance(floor, Screens) else Screening()

    def rng(self, place: int) -> np.random.Generator:
        """Randomness of one place in the current round."""
        return np.random.default_rng([self.setup.seed, self.round, place])

    def tried(self, history: History, count: int) -> list[str]:
        """The best formulas so far, one line each, best first."""
        return law_lines(history.trials, self.viewer.standing, count)

    def memory(self, history: History) -> Callable[[Detail], dict[str, list[str]]]:
        """What is known now: formulas, last attempts, failures and notes, as many as the detail of a prompt shows."""
        tried, attempts = self.tried(history, 20), self.attempts[-10:]
        failures, notes = list(self.failures), list(self.notes)

        def shown(detail: Detail) -> dict[str, list[str]]:
            last = {"attempts": (attempts, detail.failures), "failures": (failures, detail.failures)}
            last["notes"] = notes, detail.notes
            return {"tried": tried[: detail.tried]} | {n: lines[-k:] if k else [] for n, (lines, k) in last.items()}

        return shown

    def failure_of(self, trial: Trial, detail: Detail) -> dict[str, str]:
        """What a model is told about a candidate that failed."""
        return {"source": shown_source(trial.proposal.source, detail.source), **failure(trial)}

    def refusal(self, proposal: Proposal) -> Trial | None:
        """The trial of a candidate that is refused without an evaluation; None for one that has to be evaluated."""
        sandbox = self.setup.evaluator.sandbox
        try:
            read_candidate(proposal.source, sandbox.limits)
        except Refused as why:
            found = Evaluation(verdict=why.verdict, message=why.message, stage="check", tier=sandbox.tier)
            return Trial(proposal.id, proposal, found)
        return None

    def reminder(self, problem: str) -> str:
        """How to answer, for a model that sent no code. What it said is not shown again, lest it imitates it."""
        return self.prompts.fit("no_code.j2", lambda detail: {"problem": problem}, share=REMINDER_SHARE)

    def recalled(self, said: str, share: float) -> str:
        """An earlier reply with code as it is shown again: in the shape that is asked for, at a bounded length."""
        parsed = parse_reply(said)
        words, source = parsed.hypothesis[:MAX_WORDS_AGAIN], parsed.source or ""
        if self.setup.config.sampling.structured:
            code = self.prompts.clip(source, share=share)
            return json.dumps({"hypothesis": words, "code": code, "note": ""}, ensure_ascii=False)
        return f"{words}\n\n```python\n{self.prompts.clip(source, share=share)}```\n"

    def _round(self, history: History) -> list[Proposal]:
        self._catch_up(history)
        batch = self._floor(history)
        while not batch and self.ended is None:
            batch = self._ask_round(history)
            if self._in_vain >= self.most_in_vain and self.ended is None:
                self.ended = f"no new candidate in {self._in_vain} questions; the last: {self._trouble}"
        return batch

    def _catch_up(self, history: History) -> None:
        for trial in history.trials[self._learned :]:
            self._take_in(trial)
        self._learned = len(history)

    def _floor(self, history: History) -> list[Proposal]:
        room = self.setup.floor_trials - len(self.tally.floor)
        if self._floor_done or self.setup.floor is None or room <= 0:
            return []
        proposed = {proposal.id: proposal for proposal in self.setup.floor.propose(history)}
        batch = [proposal for proposal in proposed.values() if proposal.id not in history][:room]
        self._floor_done = not batch
        self.tally.floor += [proposal.id for proposal in batch]
        return batch

    def _take_in(self, trial: Trial) -> None:
        ask = self.tally.asked.get(trial.id)
        self.viewer.learn(trial)
        if is_renewable(trial):
            self._renewable.add(trial.id)
        if ask is None:
            self.reader.know(trial)
        else:
            improved = self.improves(trial, ask)
            self.ensemble.learn(ask.model, improved)
            if improved:
                self.tally.improved.add(trial.id)
            if trial.evaluation.verdict is not Verdict.OK:
                self.failures.append(
                    f"{trial.evaluation.verdict.value}: {trial.evaluation.message}"[:240] + f" | {formula_of(trial)}"
                )
            self.attempts.append(self._outcome_of(trial))
        self.learn(trial, ask)

    def _outcome_of(self, trial: Trial) -> str:
        """One line: what the model proposed, and what came of it."""
        if not trial.usable:
            return f"{trial.evaluation.verdict.value} | {formula_of(trial)}"
        place, count = self.viewer.standing.place(trial)
        error = number(self.viewer.standing.error(trial), 3)
        return f"held-out error {error}, then rank {place} of {count} | {formula_of(trial)}"

    @abstractmethod
    def improves(self, trial: Trial, ask: Ask) -> bool:
        """Whether a candidate is better than what it was made from."""

    def _ask_round(self, history: History) -> list[Proposal]:
        """The candidates of one round; where the agent looks ahead, the next round is asked before they are known."""
        under_way = self._under_way or self._send(history)
        self._under_way = None
        batch = [] if under_way is None else self._hear(under_way.result())
        if batch and self.looks_ahead and self.ended is None and self.pace.may_look_ahead:
            self._under_way = self._send(history)
        return batch

    def _send(self, history: History) -> Future[list[CandidateReply]] | None:
        """Ask the next round; its replies are read as soon as all are there."""
        asks = self.plan(history)
        if self.over_default_limit():
            return None
        if self.setup.max_calls is not None:
            asks = asks[: self.setup.max_calls - self.pace.calls]
        recording = self.setup.caller.recording
        for trial in (trial for ask in asks if recording.closed(ask.slot) is None for trial in ask.diagnosed):
            self.viewer.prepare(trial)  # the sandbox is about to be busy with candidates
        wait = self.setup.caller.send([Question(ask.slot, partial(self.request_of, ask)) for ask in asks])
        renewable = frozenset(self._renewable)
        return in_background(lambda: self.reader.read(asks, wait(), renewable))

    def over_default_limit(self) -> bool:
        """Whether a search without any limit of its own has asked enough; it then has ended."""
        if self.setup.max_calls is not None and self.pace.calls >= self.setup.max_calls:
            self.ended = f"default limit of {self.setup.max_calls} model calls"
        return self.ended is not None

    def _hear(self, answers: Sequence[CandidateReply]) -> list[Proposal]:
        self.round += 1
        batch: list[Proposal] = []
        for answer in answers:
            if answer.failure is Failure.TOO_LONG:
                self.shrink_prompts(answer.ask.slot)
        for answer in answers:
            self.pace.heard(self.setup.caller.recording.attempts(answer.ask.slot))
            if answer.failure is Failure.OUT_OF_BUDGET:
                self.ended = answer.problem or "the budget is spent"
                continue
            self._remember(answer.parsed.note if answer.parsed else "")
            self._remember_guess(answer.parsed.hypothesis if answer.parsed else "")
            if answer.proposal is not None:
                batch.append(answer.proposal)
                self.tally.asked[answer.proposal.id] = answer.ask
            else:
                self._trouble = answer.problem
                if answer.twin is not None:
                    known = self.viewer.named(answer.twin) or "a candidate that is being judged"
                    self.attempts.append(f"{answer.reason}: known as {known}")
                self.tally.lost[answer.reason] += 1
            self.heard(answer)
        self._in_vain = 0 if batch else self._in_vain + len(answers)
        self.tally.calls_at |= {proposal.id: self.pace.calls for proposal in batch}
        return batch

    def shrink_prompts(self, slot: str) -> None:
        """Ask in fewer words from now on: the prompt of `slot` did not fit into the model's context."""
        if (asked := self.setup.caller.recording.request(slot)) is not None:
            self.prompts.shrink(asked.messages)

    def request_of(self, ask: Ask) -> Request:
        """The request of a question, with its prompt."""
        sampling = self.setup.config.sampling
        return Request(
            slot=ask.slot,
            model=ask.model,
            messages=ask.write(),
            max_tokens=sampling.max_reply_tokens,
            temperature=sampling.temperature,
            seed=int(np.random.default_rng([self.setup.seed, *ask.slot.encode()]).integers(2**31)),
            structured=sampling.structured,
        )

    def _remember_guess(self, hypothesis: str) -> None:
        """Keep what the model takes the columns to be, where nobody has stated it."""
        _, found, guess = hypothesis.partition(GUESS)
        if found and not any(note.startswith(GUESS) for note in self.notes):
            self.notes.insert(0, f"{GUESS} {guess.strip().partition('. ')[0]}"[:200])

    def _remember(self, note: str) -> None:
        if note and note not in self.notes:
            self.notes.append(note[:400])
            kept = self.notes[:1] if self.notes[0].startswith(GUESS) else []
            self.notes = [*kept, *self.notes[len(kept) :][-MAX_NOTES:]]
