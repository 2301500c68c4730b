"""A small search with a real sandbox, a real archive and any model: called by tests, and run in processes
that tests kill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from lawsmith.agent.client.config import Config, ModelChoice, Sampling, Transport
from lawsmith.agent.client.messages import Model
from lawsmith.agent.command.loop import search
from lawsmith.agent.llm.model_session import ModelSession, Settings
from lawsmith.agent.search.budget import Allowance, Budget, Spending
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.journal import Journal
from lawsmith.agent.search.selection import choose
from lawsmith.runs import Archive, Manifest
from lawsmith.runs.records.trials import History, Proposal, Trial
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Task
from lawsmith.tasks.frontier.folds import frontier_folds
from tests.made import made_task

POWER = """```python
PARAMETERS = ("L", "A")
def form(x, p):
    return p["L"] + p["A"] * x["N"] ** -{power}
```"""
HINGE = """Hypothesis: flat, then linear in log N beyond a threshold.
```python
import numpy as np
PARAMETERS = {"a": (-10, 10), "b": (-10, 10), "c": (0, 4)}
def form(x, p):
    return p["a"] + p["b"] * np.maximum(0.0, np.log10(x["N"]) - p["c"])
```
Note: the data has a kink."""


CALLS = 8


def fair(number: int) -> str:
    """A usable law that is not the right one; each number another form."""
    return POWER.format(power=(number + 1) / 10)


def hinge_task() -> Task:
    """`y = a + b max(0, log10 N - c)`: a kink, which no sum, product or power of smooth terms can express."""
    n = np.tile(np.logspace(0.0, 3.0, 13), 2)
    codes = np.repeat([0, 1], 13)
    y = 1.0 + codes + (0.5 + 0.25 * codes) * np.maximum(0.0, np.log10(n) - 1.6)
    return made_task({"N": n}, y, codes, "ab", title="A level that turns into a slope", group="g", cap=4)


class MemorySink:
    """A sink of calls that keeps them."""

    def __init__(self, lines: Iterable[dict[str, Any]] = ()) -> None:
        self.lines = list(lines)

    def append_call(self, record: dict[str, Any]) -> None:
        self.lines.append(record)

    def calls(self) -> list[dict[str, Any]]:
        return list(self.lines)


class Lines:
    """A stand-in for the symbolic floor: two forms, in one batch."""

    def propose(self, history: History) -> Sequence[Proposal]:
        source = 'PARAMETERS = ("a", "b")\ndef form(x, p):\n    return p["a"] + p["b"] * x["N"] ** {power}\n'
        return () if len(history) else [Proposal(source.format(power=power), origin="line") for power in (0.5, 0.1)]


class Quiet:
    """An observer that looks at nothing."""

    def tried(self, trial: Trial, history: History) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """How a search ended."""

    stopped: str
    history: History
    winner: Trial
    report: dict[str, Any]
    archive: Path


def config(url: str | None = None, in_flight: int = 4, **transport: Any) -> Config:
    return Config(
        models=(ModelChoice(name="m", base_url=url),),
        sampling=Sampling(max_reply_tokens=400),
        transport=Transport(in_flight=in_flight, cache=False, **transport),
    )


def run(
    sandbox: Sandbox,
    folder: Path,
    agent: str,
    settings: Config,
    *,
    models: Mapping[str, Model] | None = None,
    replayed: Archive | None = None,
    calls: int = 8,
    seed: int = 0,
    limited: bool = True,
) -> Outcome:
    """Search the hinge task, continuing the archive in `folder` if there is one.

    `calls` are the user's limit, which lost calls count against, or else (`limited` False) the number of questions.
    """
    task = hinge_task()
    manifest = Manifest(run=f"r{seed}", task=task.schema, agent=agent, model="m", seed=seed, data=None)
    path = folder / manifest.address
    with (
        Archive.resume(path) if path.exists() else Archive.create(folder, manifest) as archive,
        ModelSession(
            agent,
            Settings(config=settings, max_calls=None if limited else calls),
            environment={},
            models=models,
            replayed=replayed,
        ) as session,
        Evaluator(sandbox, SearchTask(task, frontier_folds(task.train)[:1], task.train)) as evaluator,
    ):
        journal = Journal(archive)
        budget = Budget(Allowance(calls=calls if limited else None), Spending(seconds=journal.spent.seconds))
        proposer = session.proposer(task, seed, budget, archive, evaluator, Lines())
        stopped = search(proposer, evaluator, journal, budget, Quiet())  # type: ignore[arg-type]
        winner = choose(journal.history.trials, task).winner
        return Outcome(stopped, journal.history, winner, proposer.report(journal.history), archive.path)


def run_within(
    sandbox: Sandbox, folder: Path, agent: str, settings: Config, allowance: Allowance
) -> tuple[Outcome, Spending]:
    """Search the hinge task within `allowance`; returns what was spent as well."""
    task = hinge_task()
    manifest = Manifest(run="r0", task=task.schema, agent=agent, model="m", seed=0, data=None)
    with (
        Archive.create(folder, manifest) as archive,
        ModelSession(agent, Settings(config=settings), environment={}) as session,
        Evaluator(sandbox, SearchTask(task, frontier_folds(task.train)[:1], task.train)) as evaluator,
    ):
        journal, budget = Journal(archive), Budget(allowance)
        proposer = session.proposer(task, 0, budget, archive, evaluator, Lines())
        stopped = search(proposer, evaluator, journal, budget, Quiet())  # type: ignore[arg-type]
        spent = budget.spent
        winner = choose(journal.history.trials, task).winner
        report = proposer.report(journal.history)
        return Outcome(stopped, journal.history, winner, report, archive.path), spent


def killable(folder: str, url: str, agent: str, calls: int, answers: Connection) -> None:
    """One process of the search, made to be killed; sends the winner and the number of candidates."""
    with Sandbox(workers=2) as sandbox:
        found = run(sandbox, Path(folder), agent, config(url), calls=calls, limited=False)
    answers.send((found.winner.id, len(found.history)))
