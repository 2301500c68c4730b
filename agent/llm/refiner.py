"""The refining agent: one conversation that improves a law by what the sandbox says about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.client.messages import Message, told
from lawsmith.agent.feedback.formulas import Standing
from lawsmith.agent.feedback.prompts import Detail
from lawsmith.agent.llm.model_proposer import LLMProposer
from lawsmith.agent.llm.questions import AgentSetup, Ask, CandidateReply
from lawsmith.runs.records.trials import History, Trial

KEPT_TURNS = 2  # exchanges that stay in the conversation besides its start
OPENING_SHARE, REPLY_SHARE, FEEDBACK_SHARE = 0.55, 0.06, 0.14  # of a prompt's size, with KEPT_TURNS turns
PATIENCE = 6  # turns without a better law, after which the conversation starts anew from the best


@dataclass(frozen=True)
class RefiningTurn:
    """What the model said and what it is told about it; written only when it is needed.

    `said` is "" for a reply without code, which is not shown again, lest the model imitates it.
    """

    said: str
    worked: bool
    feedback: Callable[[], str]


class Refine(LLMProposer):
    """One question at a time; a failed candidate comes back with its error message."""

    looks_ahead = False

    def __init__(self, setup: AgentSetup) -> None:
        super().__init__(setup)
        self._best: Trial | None = None
        self._turns: list[RefiningTurn] = []
        self._opening: Callable[[], tuple[Message, ...]] | None = None
        self._since_better = 0
        self._failures_in_row = 0
        self._failed: Trial | None = None
        self._answer: CandidateReply | None = None

    def improves(self, trial: Trial, ask: Ask | None) -> bool:
        """Whether the candidate has a smaller error than the best so far."""
        merit = self.viewer.standing.merit
        return trial.usable and (self._best is None or merit(trial) < merit(self._best))

    def learn(self, trial: Trial, ask: Ask | None) -> None:
        """Keep the best candidate, and answer the model with the evaluation of its own."""
        improved = self.improves(trial, ask)
        if improved:
            self._best = trial
        if ask is None or self._answer is None:
            return
        self._since_better = 0 if improved else self._since_better + 1
        self._failures_in_row = 0 if trial.usable else self._failures_in_row + 1
        self._failed = None if trial.usable else trial
        best, standing = self._best, self.viewer.standing.frozen()
        self._add(self._answer.text, trial.usable, lambda: self._result(trial, improved, best, standing))

    def heard(self, answer: CandidateReply) -> None:
        """Remember the reply; tell the model what was wrong with one that holds no candidate."""
        self._answer = answer
        if answer.proposal is not None:
            return  # its feedback is the evaluation, which comes next
        self._since_better += 1
        self._failures_in_row += 1
        if answer.failure is Failure.CUT_OFF:
            self._add("", False, lambda: self.reminder(f"{answer.problem} Answer in fewer words."))
        elif answer.parsed is not None:
            said = "" if answer.parsed.source is None else answer.text
            self._add(said, False, lambda: self._refusal(answer))

    def shrink_prompts(self, slot: str) -> None:
        """Write shorter prompts from now on, the opening of the conversation included."""
        super().shrink_prompts(slot)
        self._opening = None  # written anew, shorter

    def _add(self, said: str, worked: bool, feedback: Callable[[], str]) -> None:
        """Continue the conversation; of failures in a row only the last stays, lest the model imitates them."""
        kept = [turn for turn in self._turns if turn.worked]
        turn = RefiningTurn(said and self.recalled(said, REPLY_SHARE), worked, cache(feedback))
        self._turns = [*kept, turn][-KEPT_TURNS:]

    def plan(self, history: History) -> list[Ask]:
        """The one question of a round; the conversation begins anew after three failures, or `PATIENCE` in vain."""
        if self._opening is None or self._since_better >= PATIENCE or self._failures_in_row >= 3:
            self._turns, self._since_better, self._failures_in_row, self._failed = [], 0, 0, None
            self._opening = self._open(history)
        opening, turns = self._opening, tuple(self._turns)

        def write() -> tuple[Message, ...]:
            messages = opening()
            for turn in turns:
                messages = told(messages, turn.feedback(), said=turn.said)
            return messages

        origin, again = self._failed or self._best, self._failed is not None
        parents, model = () if origin is None else (origin.id,), self.ensemble.pick(self.rng(0))
        return [Ask(str(self.round), operation="refine", model=model, write=write, parents=parents, repairs=again)]

    def _open(self, history: History) -> Callable[[], tuple[Message, ...]]:
        bests, standing, memory = self.viewer.standing.ranking[:3], self.viewer.standing.frozen(), self.memory(history)

        def content(detail: Detail) -> Mapping[str, Any]:
            return {
                "parents": [
                    self.viewer.view(
                        trial,
                        source=detail.source,
                        findings=0 if index else detail.findings,
                        lineage=detail.lineage,
                        standing=standing,
                    )
                    for index, trial in enumerate(bests[: 1 + detail.others])
                ],
                **memory(detail),
            }

        return cache(lambda: self.prompts.first("refine_start.j2", content, share=OPENING_SHARE))

    def _result(self, trial: Trial, improved: bool, best: Trial | None, standing: Standing) -> str:
        if not trial.usable:
            return self.feedback({"outcome": "failed"}, lambda detail: self.failure_of(trial, detail))

        def content(detail: Detail) -> Mapping[str, Any]:
            return {
                "view": self.viewer.view(trial, source=0, findings=detail.findings, standing=standing),
                "best": None if best is None else self.viewer.view(best, source=detail.source, standing=standing),
            }

        return self.feedback({"outcome": "scored", "improved": improved}, content)

    def _refusal(self, answer: CandidateReply) -> str:
        if answer.twin is None:
            return self.reminder(answer.problem)
        known = {"problem": answer.problem, "known": self.viewer.named(answer.twin)}
        return self.feedback({"outcome": "repeated", **known}, lambda detail: {})

    def feedback(self, fixed: Mapping[str, Any], content: Callable[[Detail], Mapping[str, Any]]) -> str:
        """The prompt after a candidate, fitted to its share of the tokens."""
        return self.prompts.fit("refine_next.j2", lambda detail: {**fixed, **content(detail)}, share=FEEDBACK_SHARE)
