"""The agents that `--agent` names, and which one `auto` means."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from agent.budget import Budget
from agent.proposer import Proposer
from runs import Archive
from tasks import InputError, Task

AGENTS = ("symbolic", "refine", "evolve")


@dataclass(frozen=True)
class Chosen:
    """An agent, its model (None for an agent that needs none), and in words why it was taken."""

    agent: str
    model: str | None
    why: str


def choose_agent(agent: str, model: str | None, environment: Mapping[str, str] = os.environ) -> Chosen:
    """Resolve `auto` and the model.

    Raises InputError for an unknown agent, and for a model given to the agent that has no use for one.
    """
    if agent not in (*AGENTS, "auto"):
        raise InputError(f"There is no agent {agent!r}; the agents are auto, {', '.join(AGENTS)}.")
    if agent == "symbolic" and model:
        raise InputError(
            f"--agent symbolic asks no model; leave --model {model} out, or take refine or evolve."
        )
    named = model or environment.get("LAWSMITH_MODEL") or None
    if agent != "auto":
        return Chosen(agent, None if agent == "symbolic" else named, "as asked")
    return _automatic(named, environment)


def _automatic(model: str | None, environment: Mapping[str, str]) -> Chosen:
    from agent.llm.config import configured

    if not configured(environment):
        unused = f", so the model {model} is not used" if model else ""
        return Chosen("symbolic", None, f"no model endpoint is configured{unused}")
    if not model:
        return Chosen(
            "symbolic", None, "an endpoint is configured but no model: give --model or set LAWSMITH_MODEL"
        )
    return Chosen("evolve", model, "a model endpoint is configured")


def make_proposer(chosen: Chosen, task: Task, seed: int, budget: Budget, archive: Archive) -> Proposer:
    """The proposer of one run. It sees the task, never a test row; a model's calls go to `archive`."""
    from agent.symbolic import SymbolicProposer

    return SymbolicProposer(task, seed)
