"""Reads replies: finds the candidates in them and rejects those that state, or predict beyond the data, what is known
already, before they are evaluated on folds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np

from lawsmith.agent.client.asker import CallOutcome
from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.feedback.views import Viewer
from lawsmith.agent.llm.parsing import parse_reply
from lawsmith.agent.llm.questions import Ask, CandidateReply
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox import JobResult, SearchOver, Verdict, read_candidate
from lawsmith.sandbox.evaluate import constants_per_target, whole_fit
from lawsmith.sandbox.law.key import law_key
from lawsmith.tasks import Array

UNFITTED = ("check", "load", "fit")
"""Stages of an evaluation that failed before all training rows were fitted."""
SAME = 1e-6  # largest difference of predictions, in units of the largest


@dataclass(frozen=True, eq=False)
class Behaviour:
    """Predictions of a fitted candidate at the probe rows (n, T), and its constants per group and target."""

    probe: Array
    constants: int

    @classmethod
    def of(cls, trial: Trial) -> Behaviour | None:
        """Of a candidate that was evaluated; None where it has no finite predictions beyond the data."""
        found = trial.evaluation
        if not found.probe or found.constants_count is None:
            return None
        return cls(np.array(found.probe), found.constants_count)

    def covers(self, other: Behaviour) -> bool:
        """Whether `other` predicts the same with no fewer constants, so that nothing speaks for it."""
        if self.constants > other.constants or self.probe.shape != other.probe.shape:
            return False
        scale = float(np.abs(self.probe).max(initial=0.0)) or 1.0
        return bool((np.abs(self.probe - other.probe) <= SAME * scale).all())


class Screen:
    """Fits candidates to all training rows, as their evaluations begin. What it finds depends on the source alone."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._recorded: dict[str, Behaviour | None] = {}
        self._under_way: dict[str, Future[JobResult]] = {}

    def know(self, trial: Trial) -> None:
        """Need not fit a candidate whose record says what its fit would.

        An opaque one is recorded with the predictions of rounded constants, and one that failed on a fold without any.
        """
        found = trial.evaluation
        if found.stage in UNFITTED or (trial.usable and not found.opaque):
            self._recorded.setdefault(trial.proposal.source, Behaviour.of(trial))

    def begin(self, source: str) -> None:
        """Start looking at a candidate."""
        seen = self._evaluator.search_task
        if source not in self._recorded and seen.probes is not None:
            self._under_way[source] = self._evaluator.sandbox.submit(
                whole_fit(source, seen.task, seen.probes, seen.seed)
            )

    def look(self, source: str) -> tuple[Behaviour | None, JobResult | None]:
        """Waits for a candidate that was begun. No behaviour where it fails, or is not finite beyond the data.

        The fit itself is None where it was not needed.
        """
        if source not in self._under_way:
            return self._recorded.get(source), None
        try:
            fit = self._under_way.pop(source).result()
        except SearchOver:
            return None, None
        return self._seen(source, fit), fit

    def _seen(self, source: str, fit: JobResult) -> Behaviour | None:
        if fit.constants is None or len(fit.predictions) < 2 or not np.isfinite(fit.predictions[1]).all():
            return None
        task = self._evaluator.task
        candidate = read_candidate(source, self._evaluator.sandbox.limits, task.schema)
        if candidate.kind == "law":  # closed: nothing speaks against a form that states the same
            return None
        return Behaviour(fit.predictions[1], constants_per_target(candidate, fit.constants, task))


NO_CODE = "no code in the reply"
REPEATED = "repetition"
SAME_PREDICTIONS = "same predictions as a known law"
KNOWN = "This law is known already: names and spelling do not make it new."
ALIKE = "Once fitted, your law predicts the same as a known one that has no more constants."


class Reader:
    """Reads the replies of one round after the other; what it makes of them depends on their order alone.

    It may work in a thread of its own while earlier candidates are evaluated, and has those that it finds
    evaluated at once.
    """

    def __init__(self, evaluator: Evaluator, viewer: Viewer) -> None:
        self._evaluator = evaluator
        self._viewer = viewer
        self._screen = Screen(evaluator)
        self._ids: set[str] = set()
        self._keys: dict[str, str] = {}  # canonical key -> candidate
        self._behaviours: dict[str, Behaviour] = {}
        self._recorded: set[str] = set()
        self._begun: dict[str, str] = {}  # candidate -> source
        self._closed = False

    def recorded(self, trials: Sequence[Trial]) -> None:
        """Nothing of these is fitted again."""
        for trial in trials[len(self._recorded) :]:
            self._recorded.add(trial.id)
            self._screen.know(trial)

    def know(self, trial: Trial) -> None:
        """Reject from now on what states or predicts the same as `trial`, which no reply proposed."""
        self._ids.add(trial.id)
        self._keys.setdefault(law_key(trial.proposal.source, self._evaluator.task), trial.id)
        if (seen := Behaviour.of(trial)) is not None:
            self._behaviours.setdefault(trial.id, seen)

    def read(
        self, asks: Sequence[Ask], outcomes: Sequence[CallOutcome], renewable: Collection[str] = ()
    ) -> list[CandidateReply]:
        """One answer for each question, in order. `renewable` are known candidates that may be stated again."""
        answers = [self._read(ask, outcome, renewable) for ask, outcome in zip(asks, outcomes, strict=True)]
        for answer in answers:
            if answer.proposal is not None and not self._closed:
                self._screen.begin(answer.proposal.source)
        return [self._screened(answer, answer.proposal) if answer.proposal else answer for answer in answers]

    def close(self) -> None:
        """Begin nothing more, and give up what nobody will ask for."""
        self._closed = True
        waiting = [source for name, source in self._begun.items() if name not in self._recorded]
        self._evaluator.give_up(waiting)

    def _read(self, ask: Ask, outcome: CallOutcome, renewable: Collection[str]) -> CandidateReply:
        parsed = parse_reply(outcome.text)
        cut_off = outcome.failure in (Failure.CUT_OFF, Failure.TOO_LONG)
        if outcome.failure is not None and not (cut_off and parsed.is_whole):
            return CandidateReply(ask, problem=outcome.message, failure=outcome.failure, reason=outcome.failure.value)
        if parsed.source is None:
            instead = f"has {parsed.instead!r} where the source of a candidate is expected"
            problem = f"Your reply {instead if parsed.instead else 'holds no code'}."
            return CandidateReply(ask, outcome.text, parsed, problem=problem, reason=NO_CODE)
        proposal = Proposal(parsed.source, ask.parents, f"{ask.operation} {ask.slot} {ask.model}", parsed.hypothesis)
        twin = self._stated(proposal, ask, renewable)
        if twin is not None:
            return CandidateReply(ask, outcome.text, parsed, problem=KNOWN, twin=twin, reason=REPEATED)
        return CandidateReply(ask, outcome.text, parsed, proposal)

    def _stated(self, proposal: Proposal, ask: Ask, renewable: Collection[str]) -> str | None:
        """A known candidate that states the same. A repair may restate its parent, but not word for word, and one
        whose fit failed or met a bound may be stated again in other words."""
        if proposal.id in self._ids:
            return proposal.id
        key = law_key(proposal.source, self._evaluator.task)
        twin = self._keys.get(key)
        if twin is not None and twin not in renewable and not (ask.repairs and twin in ask.parents):
            return twin
        self._keys[key] = proposal.id
        self._ids.add(proposal.id)
        return None

    def _screened(self, answer: CandidateReply, proposal: Proposal) -> CandidateReply:
        """Reject what predicts the same as a known law without being simpler; begin the evaluation of the rest."""
        if self._closed:
            return answer
        seen, fit = self._screen.look(proposal.source)
        if seen is not None:
            covers = (name for name, known in self._behaviours.items() if known.covers(seen))
            if (twin := next(covers, None)) is not None:
                return replace(answer, proposal=None, problem=ALIKE, twin=twin, reason=SAME_PREDICTIONS)
            self._behaviours[proposal.id] = seen
        if proposal.id not in self._recorded:
            self._begun[proposal.id] = proposal.source
            self._evaluator.submit(proposal.source, fit)
            if fit is not None and fit.ok:
                self._viewer.remember(proposal.id, fit)
        return answer


def is_renewable(trial: Trial) -> bool:
    """Whether other bounds or other words may turn a candidate into another law: its fit failed, or met a bound."""
    found = trial.evaluation
    failed = found.verdict in (Verdict.FIT_FAILED, Verdict.NON_FINITE, Verdict.TIMEOUT)
    return failed or any("bound" in text for text in found.status.values())
