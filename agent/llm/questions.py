"""What an LLM agent works with, asks and hears, and its tally of what became of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from lawsmith.agent.client.asker import Asker
from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.client.config import Config
from lawsmith.agent.client.messages import Message
from lawsmith.agent.llm.parsing import Parsed
from lawsmith.agent.search.budget import Allowance
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.proposer import Proposer
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.tasks import Task


@dataclass(frozen=True)
class AgentSetup:
    """The parts that an LLM agent works with.

    `floor` proposes first, at no cost; `floor_trials` bounds its candidates so that it cannot use up a
    search. `max_calls` ends the questions of a search that has no other limit; `allowance` is what the run may spend,
    `inherited` are notes of earlier runs of the command.
    """

    task: Task
    seed: int
    caller: Asker
    config: Config
    evaluator: Evaluator
    floor_trials: int
    floor: Proposer | None = None
    max_calls: int | None = None
    allowance: Allowance = field(default_factory=Allowance)
    inherited: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """One question: where it stands in the search, which operation it asks for, and how to write it.

    `repairs` marks the second and last chance of a reply that failed. `diagnosed` are the laws whose residuals it
    shows. `context` is the agent's own.
    """

    slot: str
    operation: str
    model: str
    write: Callable[[], tuple[Message, ...]]
    parents: tuple[str, ...] = ()
    repairs: bool = False
    diagnosed: tuple[Trial, ...] = ()
    context: int = 0


@dataclass(frozen=True)
class CandidateReply:
    """A reply that was read: either it states a new candidate, `proposal`, or `problem` says why not.

    `text` is "" where nobody answered. `twin` is the known candidate that it repeats, `failure` what became
    of a call that was not answered; `reason` tells such a call in one of few words, for the report.
    """

    ask: Ask
    text: str = ""
    parsed: Parsed | None = None
    proposal: Proposal | None = None
    problem: str = ""
    twin: str | None = None
    failure: Failure | None = None
    reason: str = ""


@dataclass
class Tally:
    """What became of the replies, for the report."""

    floor: list[str] = field(default_factory=list)
    asked: dict[str, Ask] = field(default_factory=dict)  # candidate -> question it answers
    lost: Counter[str] = field(default_factory=Counter)  # calls without a candidate, by reason
    improved: set[str] = field(default_factory=set)
    calls_at: dict[str, int] = field(default_factory=dict)  # candidate -> calls answered when it was proposed
