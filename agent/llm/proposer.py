"""What both LLM agents share: the symbolic floor, rounds of questions, candidates from the replies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agent.history import History, Proposal, Trial, candidate_id
from agent.llm.caller import Asker, Awaited, Outcome, Question
from agent.llm.canonical import canonical_key
from agent.llm.config import Config
from agent.llm.ensemble import Ensemble
from agent.llm.failures import Failure
from agent.llm.messages import Message, Request
from agent.llm.parsing import Parsed, parse_reply, parses
from agent.llm.prompts import Detail, Prompts
from agent.llm.report import report
from agent.llm.views import Residuals, Viewer, formula_line, score, shown_source
from agent.proposer import Proposer
from sandbox import Verdict
from tasks import Task

MAX_NOTES = 40
CLOSED_LAW = (
    "A law with its constants inside saw all training rows; it has no honest validation and is not selected."
)


@dataclass(frozen=True)
class Setup:
    """What an LLM agent works with.

    `floor` proposes first, at no cost; `floor_trials` bounds its candidates so that it cannot use up a
    search. `max_calls` ends the questions of a search that has no other limit.
    """

    task: Task
    seed: int
    caller: Asker
    config: Config
    predict: Residuals
    folds: tuple[str, ...] = ("its frontier",)
    floor: Proposer | None = None
    floor_trials: int = 64
    max_calls: int | None = None


@dataclass(frozen=True)
class Ask:
    """One question: where it stands in the search, which operation it asks for, and how to write it.

    `repairs` marks the second and last chance of a reply that failed. `context` is the agent's own.
    """

    slot: str
    operation: str
    model: str
    write: Callable[[], tuple[Message, ...]]
    parents: tuple[str, ...] = ()
    repairs: bool = False
    context: int = 0


@dataclass(frozen=True)
class Answer:
    """A reply that was read: either it became the proposal `candidate`, or `problem` says why not."""

    ask: Ask
    text: str
    parsed: Parsed | None
    candidate: str | None
    problem: str = ""
    known: str | None = None


@dataclass(frozen=True)
class _Round:
    """Questions that were sent, and what waits for their outcomes."""

    asks: Sequence[Ask]
    wait: Awaited


@dataclass
class Tally:
    """What became of the replies, for the report."""

    floor: list[str] = field(default_factory=list)
    asked: dict[str, Ask] = field(default_factory=dict)  # candidate -> question it answers
    lost: Counter[str] = field(default_factory=Counter)  # calls without a candidate, by reason
    improved: set[str] = field(default_factory=set)
    calls_at: dict[str, int] = field(default_factory=dict)  # candidate -> calls answered when it was proposed


class LLMProposer(ABC):
    """A proposer whose state is a function of seed, task, history and recorded calls.

    Handed a history that it did not make itself (a resumed run), it goes through the rounds that led
    there: its questions find their answers in the recording, and no candidate is asked, paid or evaluated
    again.
    """

    name: str
    looks_ahead: bool
    """Whether a round is asked while the candidates of the round before it are evaluated, thus without their
    scores."""
    barren_rounds = 5
    """Rounds in a row without a new candidate (no answer, no code, repetitions) that end a search."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.prompts = Prompts(
            setup.task,
            setup.folds,
            setup.config.transport.prompt_tokens,
            structured=setup.config.sampling.structured,
        )
        self.viewer = Viewer(setup.task, setup.predict)
        self.ensemble = Ensemble(setup.config.models)
        self.notes: list[str] = []
        self.failures: list[str] = []
        self.tally = Tally()
        self.round = 0
        self.ended: str | None = None
        self._known: dict[str, str] = {}  # canonical key -> candidate
        self._learned = 0
        self._issued = 0
        self._floor_done = setup.floor is None
        self._barren = 0
        self._trouble = ""
        self._under_way: _Round | None = None

    @abstractmethod
    def plan(self, history: History) -> list[Ask]:
        """The next round of questions; a function of what was learned so far."""

    @abstractmethod
    def learn(self, trial: Trial, ask: Ask | None) -> None:
        """Take note of an evaluated candidate; `ask` is None for one of the floor."""

    @abstractmethod
    def heard(self, answer: Answer) -> None:
        """Take note of a reply, in the order of the questions."""

    def propose(self, history: History) -> Sequence[Proposal]:
        """The next batch; empty when the floor is done and budget, endpoint or ideas are at an end."""
        trials = history.trials
        while True:
            seen = History()
            for trial in trials[: self._issued]:
                seen.append(trial)
            batch = self._round(seen)
            self._issued += len(batch)
            if not batch or self._issued > len(trials):
                return batch[len(batch) - (self._issued - len(trials)) :] if batch else ()

    def report(self, history: History) -> dict[str, Any]:
        """What the LLM gained over the floor and at what price, as JSON data; see `agent.llm.report`.

        Replies that are still under way are waited for, so that the books hold every call.
        """
        if self._under_way is not None:
            self._under_way.wait()
            self._under_way = None
        self._catch_up(history)
        return report(self, history)

    def rng(self, place: int) -> np.random.Generator:
        """Randomness of one place in the current round."""
        return np.random.default_rng([self.setup.seed, self.round, place])

    def tried(self, history: History, count: int) -> list[str]:
        """The best formulas so far, one line each."""
        return [formula_line(trial) for trial in history.best(count)]

    def failure_of(self, trial: Trial, detail: Detail) -> dict[str, str]:
        """What a model is told about a candidate that failed."""
        evaluation = trial.evaluation
        closed = evaluation.verdict is Verdict.OK
        return {
            "source": shown_source(trial.proposal.source, detail.source),
            "verdict": "not selectable" if closed else evaluation.verdict.value,
            "stage": evaluation.stage,
            "message": CLOSED_LAW if closed else evaluation.message[:1200],
            "advice": evaluation.verdict.advice,
        }

    def reminder(self, said: str, problem: str) -> tuple[Message, Message]:
        """A reply without code, and how to answer instead."""
        asked = self.prompts.fit("no_code.j2", lambda detail: {"problem": problem}, share=0.1)
        said = self.recalled(said, 0.05)
        return Message(role="assistant", content=said), Message(role="user", content=asked)

    def recalled(self, said: str, share: float) -> str:
        """An earlier reply as it is shown again: without what a model thought aloud, at a bounded length."""
        parsed = parse_reply(said)
        code = "" if parsed.source is None else f"\n\n```python\n{parsed.source}```\n"
        return self.prompts.clip(f"{parsed.hypothesis}{code}" or "(nothing)", share=share)

    def _round(self, history: History) -> list[Proposal]:
        self._catch_up(history)
        batch = self._floor(history)
        while not batch and self.ended is None:
            batch = self._ask_round(history)
            self._barren = 0 if batch else self._barren + 1
            if self._barren == self.barren_rounds and self.ended is None:
                self.ended = (
                    f"no new candidate in {self._barren} rounds of questions; the last: {self._trouble}"
                )
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
        self._known.setdefault(canonical_key(trial.proposal.source), trial.id)
        self.viewer.learn(trial)
        if ask is not None:
            improved = self.improves(trial, ask)
            self.ensemble.learn(ask.model, improved)
            if improved:
                self.tally.improved.add(trial.id)
            if trial.evaluation.verdict is not Verdict.OK:
                self.failures.append(f"{trial.evaluation.verdict.value}: {trial.evaluation.message}"[:240])
        self.learn(trial, ask)

    @abstractmethod
    def improves(self, trial: Trial, ask: Ask) -> bool:
        """Whether a candidate is better than what it was made from."""

    def _ask_round(self, history: History) -> list[Proposal]:
        """The candidates of one round; where the agent looks ahead, the next round is asked before they are known."""
        asked = self._under_way or self._send(history)
        self._under_way = None
        batch = [] if asked is None else self._hear(asked, history)
        if batch and self.looks_ahead and self.ended is None:
            self._under_way = self._send(history)
        return batch

    def _send(self, history: History) -> _Round | None:
        asks = self.plan(history)
        if self.setup.max_calls is not None and self._calls + len(asks) > self.setup.max_calls:
            self.ended = f"default limit of {self.setup.max_calls} model calls"
            return None
        questions = [Question(ask.slot, self._writer(ask)) for ask in asks]
        return _Round(asks, self.setup.caller.send(questions))

    def _hear(self, asked: _Round, history: History) -> list[Proposal]:
        outcomes = asked.wait()
        self.round += 1
        batch: list[Proposal] = []
        for outcome in outcomes:
            if outcome.failure is Failure.TOO_LONG:
                self.shrink_prompts(outcome.slot)
        for ask, outcome in zip(asked.asks, outcomes, strict=True):
            if outcome.failure is Failure.OUT_OF_BUDGET:
                self.ended = outcome.message or "the budget is spent"
                continue
            answer, proposal = self._read(ask, outcome, history)
            if proposal is not None:
                batch.append(proposal)
                self._known.setdefault(canonical_key(proposal.source), proposal.id)
                self.tally.asked[proposal.id] = ask
            else:
                self._trouble = outcome.message or _reason(outcome, answer)
                self.tally.lost[_reason(outcome, answer)] += 1
            self.heard(answer)
        self.tally.calls_at |= {proposal.id: self._calls for proposal in batch}
        return batch

    def shrink_prompts(self, slot: str) -> None:
        """Ask in fewer words from now on: the prompt of `slot` did not fit into the model's context."""
        if (asked := self.setup.caller.recording.request(slot)) is not None:
            self.prompts.shrink(asked.messages)

    @property
    def _calls(self) -> int:
        """Calls that were answered or given up so far."""
        return len(self.tally.asked) + self.tally.lost.total()

    def _writer(self, ask: Ask) -> Callable[[], Request]:
        sampling = self.setup.config.sampling
        seed = int(np.random.default_rng([self.setup.seed, *ask.slot.encode()]).integers(2**31))

        def write() -> Request:
            return Request(
                slot=ask.slot,
                model=ask.model,
                messages=ask.write(),
                max_tokens=sampling.max_reply_tokens,
                temperature=sampling.temperature,
                seed=seed,
                structured=sampling.structured,
            )

        return write

    def _read(self, ask: Ask, outcome: Outcome, history: History) -> tuple[Answer, Proposal | None]:
        text = outcome.text
        parsed = parse_reply(text)
        if outcome.reply is None and not _whole(outcome, parsed):
            return Answer(ask, "", None, None, outcome.message), None
        self._remember(parsed.note)
        if parsed.source is None:
            return Answer(ask, text, parsed, None, _without_code(parsed)), None
        twin = self._twin(parsed.source, ask, history)
        if twin is not None:
            known = history[twin].evaluation.validation_r2 if twin in history else None
            return Answer(ask, text, parsed, None, "repeated", score(known)), None
        origin = f"{ask.operation} {ask.slot} {ask.model}"
        proposal = Proposal(parsed.source, ask.parents, origin, parsed.hypothesis)
        return Answer(ask, text, parsed, proposal.id), proposal

    def _twin(self, source: str, ask: Ask, history: History) -> str | None:
        """A known candidate that states the same. A repair may restate its parent, but not word for word."""
        if (same := candidate_id(source)) in history:
            return same
        twin = self._known.get(canonical_key(source))
        if twin is None or (ask.repairs and twin in ask.parents):
            return None
        return twin

    def _remember(self, note: str) -> None:
        if note and note not in self.notes:
            self.notes.append(note[:200])
            del self.notes[:-MAX_NOTES]


def _whole(outcome: Outcome, parsed: Parsed) -> bool:
    """Whether a reply that was cut off had already stated a complete candidate."""
    cut_off = outcome.failure in (Failure.CUT_OFF, Failure.TOO_LONG)
    return cut_off and parsed.source is not None and parses(parsed.source)


def _without_code(parsed: Parsed) -> str:
    if not parsed.instead:
        return "Your reply holds no code."
    return f"Your reply has {parsed.instead!r} where the source of a candidate is expected."


def _reason(outcome: Outcome, answer: Answer) -> str:
    if outcome.failure is not None:
        return outcome.failure.value
    return "repetition" if answer.problem == "repeated" else "no code in the reply"
