"""One search that a client leads. What it submits becomes candidates of an archived run, as any proposer's do."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from lawsmith.agent.command.conclude import conclude
from lawsmith.agent.command.loop import search
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.command.own_forms import OwnForms
from lawsmith.agent.feedback.prompts import Prompts
from lawsmith.agent.feedback.toolbox import Arguments, Toolbox
from lawsmith.agent.feedback.views import Viewer
from lawsmith.agent.search.budget import Allowance, Budget, Spending
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.journal import Journal
from lawsmith.agent.search.proposer import Proposer
from lawsmith.agent.symbolic import SymbolicProposer
from lawsmith.agent.symbolic.start_forms import within
from lawsmith.runs import Archive
from lawsmith.runs.records.trials import History, Proposal, Screening, Trial
from lawsmith.tasks import Dataset, InputError

SUBMITTED = "submitted"
"""The origin of a client's candidates."""
MAX_NOTE = 2000  # characters
MAX_NOTES = 200  # of one session; older ones go
NOTE = "note"
"""The event of a note in the archive."""
PROMPT_TOKENS = 9000  # of what an agent is shown at once
MAX_PARENTS = 8  # that a candidate may name

Progress = Callable[[int], None]
"""Told how many candidates are on record, after each one."""


@dataclass(frozen=True)
class McpTask:
    """A data set and what evaluates candidates on it, for all sessions of a server."""

    dataset: Dataset
    evaluator: Evaluator


class Session:
    """A run that a client leads, until `finish`. One call at a time: hold `lock`."""

    def __init__(self, mcp_task: McpTask, archive: Archive, candidates: int) -> None:
        self.mcp_task, self.archive, self.lock = mcp_task, archive, threading.Lock()
        self.used = monotonic()
        self.journal = Journal(archive, mcp_task.evaluator.task)
        searched = mcp_task.evaluator.task
        sandbox = mcp_task.evaluator.sandbox
        self.viewer = Viewer(searched, sandbox)
        prompts = Prompts(searched, PROMPT_TOKENS, structured=False)
        self._toolbox = Toolbox(searched, sandbox, self.viewer, prompts)
        self.notes = [event["text"] for event in archive.events() if event["event"] == NOTE]
        self._candidates = candidates
        self._learnt = 0
        self._budget = Budget(Allowance(), Spending(seconds=self.journal.spent.seconds))
        self._floor = _Floor(SymbolicProposer(searched, archive.manifest.seed or 0, costs=within(sandbox)))
        for trial in self.history:
            mcp_task.evaluator.remember(trial.proposal.source, trial.evaluation)

    @property
    def history(self) -> History:
        """All trials of the session."""
        return self.journal.history

    @property
    def leader(self) -> Trial | None:
        """The law with the smallest typical error."""
        self._learn()
        return next(iter(self.viewer.standing.ranking), None)

    def look(self, asked: Arguments) -> str:
        """What a tool that only looks answers."""
        self._learn()
        return self._toolbox.answer(asked, self.history)

    def told(self, trial: Trial) -> str:
        """What a candidate misses, in words."""
        self._learn()
        return self._toolbox.outcome(trial, self.history)

    def note(self, text: str) -> None:
        """Keep a fact in the archive. Raises InputError where there are `MAX_NOTES` already."""
        if len(self.notes) >= MAX_NOTES:
            raise InputError(f"There are {MAX_NOTES} notes already.")
        self.archive.append_event({"event": NOTE, "text": text[:MAX_NOTE]})
        self.notes.append(text[:MAX_NOTE])

    def _learn(self) -> None:
        for trial in self.history.trials[self._learnt :]:
            self.viewer.learn(trial)
        self._learnt = len(self.history)

    @property
    def submitted(self) -> int:
        """Candidates of the client."""
        return sum(trial.proposal.origin == SUBMITTED for trial in self.history)

    @property
    def left(self) -> int:
        """Candidates that the client may still submit."""
        return max(0, self._candidates - self.submitted)

    @property
    def floor_ended(self) -> bool:
        """Whether the built-in search has nothing more to propose."""
        return self._floor.exhausted

    def submit(self, source: str, parents: Sequence[str] = (), note: str = "") -> Trial:
        """Evaluate and record a candidate, made from `parents` on record; one that is on record already costs nothing.

        Raises InputError for a source, note or list of parents beyond its bound, and when the budget of candidates is
        spent.
        """
        check_text("source", source, self.mcp_task.evaluator.sandbox.limits.source_bytes)
        check_text("hypothesis", note, MAX_NOTE)
        if len(parents) > MAX_PARENTS:
            raise InputError(f"{len(parents)} parents are named; name at most {MAX_PARENTS}.")
        proposal = Proposal(source, tuple(parents), SUBMITTED, note)
        if proposal.id not in self.history:
            if not self.left:
                raise InputError(f"The budget of {self._candidates} candidates is spent; call `finish`.")
            self._search(OwnForms((proposal,), None))
        return self.history[proposal.id]

    def search_floor(self, seconds: float, progress: Progress | None = None) -> None:
        """Continue the built-in search for about `seconds`: batches are not cut, and there is a law at the end
        if it knows one."""
        self._floor.grant(seconds)
        self._search(self._floor, progress)

    def finish(self, floor_seconds: float, progress: Progress | None = None) -> None:
        """Choose by validation among all candidates, write the law down, score it once, seal the archive.

        The built-in search comes first, for `floor_seconds`, if it was never asked or nothing is usable yet.
        """
        if not self.history.has_law or self.submitted == len(self.history):
            self.search_floor(floor_seconds, progress)
        account = {"submitted": self.submitted, "floor": len(self.history) - self.submitted}
        on, spent = self.mcp_task.evaluator, self._budget.spent
        told = "the client finished"
        conclude(self.journal, self.mcp_task.dataset, on.search_task, on.sandbox, spent, told, account)

    def _search(self, proposer: Proposer, progress: Progress | None = None) -> None:
        search(proposer, self.mcp_task.evaluator, self.journal, self._budget, _Told(progress))


def check_text(name: str, text: str, limit: int) -> None:
    """Raises InputError for text of more than `limit` bytes."""
    if (size := len(text.encode())) > limit:
        raise InputError(f"The {name} has {size} bytes; at most {limit} are allowed.")


class _Floor:
    """The built-in search in pieces: proposes until its time is up and there is a law."""

    def __init__(self, floor: SymbolicProposer) -> None:
        self.exhausted = False
        self._floor = floor
        self._deadline = 0.0
        self._begun = False

    def grant(self, seconds: float) -> None:
        """Time for the next piece, one batch at least."""
        self._deadline, self._begun = monotonic() + seconds, False

    def propose(self, history: History) -> Sequence[Proposal]:
        if self._begun and monotonic() >= self._deadline and history.has_law:
            return ()
        self._begun = True
        batch = () if self.exhausted else self._floor.propose(history)
        self.exhausted = not batch
        return batch

    def screening(self, history: History) -> Screening:
        """What was fitted to a sample."""
        return self._floor.screening(history)


class _Told(Observer):
    """Passes on how far a search is."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress

    def tried(self, trial: Trial, history: History) -> None:
        if self._progress is not None:
            self._progress(len(history))
