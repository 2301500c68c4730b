"""The agents that `--agent` names, which one `auto` means, and what makes the proposers of a command."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lawsmith.agent.client.scrub import public_url
from lawsmith.agent.command.job import Job
from lawsmith.agent.command.own_forms import OwnForms, brought
from lawsmith.agent.search.budget import Budget
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.proposer import Proposer
from lawsmith.runs import Archive
from lawsmith.runs.records.find import find_archive
from lawsmith.tasks import InputError, Task

if TYPE_CHECKING:
    from lawsmith.agent.client.config import Config, Options
    from lawsmith.agent.client.streaming import Listener
    from lawsmith.agent.llm.model_session import Settings

AGENTS = ("symbolic", "analyst", "refine", "evolve")
CLIENT = "mcp"
"""The agent of a run that a client of `discover mcp` leads. Taken up by `discover resume`, the floor ends it."""
REPLAY = "replay:"
"""Before the name of an archived run whose recorded replies stand in for a model."""

MakeProposer = Callable[[int, Budget, Archive, Evaluator], Proposer]
"""From a run's seed, budget, archive (for the record of calls) and evaluator to its proposer."""


@dataclass(frozen=True)
class Chosen:
    """An agent, its model (None for an agent that needs none), and in words why it was taken."""

    agent: str
    model: str | None
    why: str


def equip(
    job: Job, runs_dir: Path, options: "Options | None" = None, environment: Mapping[str, str] = os.environ
) -> tuple[Job, Chosen]:
    """Resolve the agent and its model; the job returned holds the settings that a resume needs.

    Raises InputError for an unknown agent, a model given to the agent that has no use for one, or none
    given to an agent that needs one.
    """
    if job.agent not in (*AGENTS, "auto"):
        raise InputError(f"There is no agent {job.agent!r}; the agents are auto, {', '.join(AGENTS)}.")
    if job.agent == "symbolic" and job.model:
        raise InputError(f"--agent symbolic asks no model; leave --model {job.model} out, or take evolve or refine.")
    if job.model is not None and job.model.startswith(REPLAY):
        return _recorded(job, find_archive(job.model.removeprefix(REPLAY), runs_dir))
    from lawsmith.agent.client.config import AS_CONFIGURED

    options = options or AS_CONFIGURED
    agent, why = (job.agent, "as asked")
    if job.agent == "auto":
        agent, why = _automatic(job.model, options, environment)
    if agent == "symbolic":
        return job, Chosen(agent, None, why)
    from lawsmith.agent.llm.model_session import Settings

    settings = Settings.resolve(job.model, allowance=job.allowance(0), options=options, environment=environment)
    if job.agent == "auto":
        agent, why = _by_tools(settings.config, environment)
    return job.model_copy(update={"settings": settings.to_json()}), Chosen(
        agent, settings.models, f"{why}; {_told(settings, options, environment)}"
    )


def _told(settings: "Settings", options: "Options", environment: Mapping[str, str]) -> str:
    """Who is asked, and which files say so."""
    from lawsmith.agent.client.config import files
    from lawsmith.agent.client.profiles import OFFICIAL

    config = settings.config
    places = dict.fromkeys(public_url(one.base_url or config.base_url or OFFICIAL) for one in config.models)
    read = [str(source) for source in files(options.config, environment)]
    return f"asks {', '.join(places)}" + (f", with settings of {', '.join(read)}" if read else "")


def _automatic(model: str | None, options: "Options", environment: Mapping[str, str]) -> tuple[str, str]:
    from lawsmith.agent.client.config import configured

    named = model or environment.get("LAWSMITH_MODEL")
    reachable = configured(environment) or options.base_url is not None
    if reachable and named:
        return "analyst", "a model endpoint is configured"
    if reachable:
        return "symbolic", "an endpoint is configured but no model; give --model or set LAWSMITH_MODEL"
    unused = f" (--base-url, OPENAI_API_KEY), so the model {named} is not used" if named else ""
    return "symbolic", f"no model endpoint is configured{unused}"


def _by_tools(config: "Config", environment: Mapping[str, str]) -> tuple[str, str]:
    """The analyst where every model calls tools, which one cheap call to each shows; else the agent that needs none."""
    from lawsmith.agent.llm.model_session import supported

    for name, _, found in supported(config, environment):
        if not found.tools:
            if found.unreachable:
                raise InputError(found.error)
            reason = f": {found.error.removesuffix('.')}" if found.error else ""
            return ("evolve", f"a model endpoint is configured, and {name} called no tool when asked to{reason}")
    return "analyst", "a model endpoint is configured, and it calls tools"


def _recorded(job: Job, archive: Archive) -> tuple[Job, Chosen]:
    """The job that asks an archived run instead of a model, with that run's settings, seed and limits."""
    manifest, path = archive.manifest, archive.path
    if job.runs != 1:
        raise InputError(f"--model {job.model} repeats one run; leave --runs out.")
    if manifest.agent not in AGENTS[1:] or job.agent not in (manifest.agent, "auto"):
        remedy = f"give --agent {manifest.agent}" if manifest.agent in AGENTS[1:] else "it asked no model"
        raise InputError(f"{path} was made by the agent {manifest.agent}; {remedy}.")
    original = Job.model_validate(manifest.config)
    share = original.allowance((manifest.seed or 0) - original.seed)
    update = {
        "replay": str(path.resolve()),
        "settings": original.settings,
        "seed": manifest.seed,
        "seconds": None,  # the recording ends where the original did, however long that takes here
        "calls": share.calls,
        "tokens": share.tokens,
        "usd": share.usd,
    }
    return job.model_copy(update=update), Chosen(manifest.agent, manifest.model, f"it repeats the replies of {path}")


@contextmanager
def proposers(chosen: Chosen, job: Job, task: Task, listener: "Listener | None" = None) -> Iterator[MakeProposer]:
    """What makes the proposers of a command's runs. They see the task, never a test row. `listener` is told while
    replies of models arrive.

    Raises InputError where a model is needed and its settings are wrong or its endpoint refuses.
    """
    from lawsmith.agent.symbolic import SymbolicProposer
    from lawsmith.agent.symbolic.start_forms import within

    own, _ = brought(job, task)
    if job.only:
        yield lambda seed, budget, archive, evaluator: OwnForms(own, None)
        return

    def after_own(proposer: Proposer) -> Proposer:
        return OwnForms(own, proposer) if own else proposer

    def symbolic(seed: int, budget: Budget, evaluator: Evaluator, endless: bool = False) -> SymbolicProposer:
        return SymbolicProposer(
            task,
            seed,
            costs=within(evaluator.sandbox),
            endless=endless,
            out_of_time=lambda: budget.out_of_time() is not None,
        )

    if chosen.agent in ("symbolic", CLIENT):
        yield lambda seed, budget, archive, evaluator: after_own(
            symbolic(seed, budget, evaluator, endless=job.seconds is not None)
        )
        return
    from lawsmith.agent.llm.model_session import ModelSession, Settings

    replayed = None if job.replay is None else Archive.open(Path(job.replay))
    with ModelSession(chosen.agent, Settings.recorded(job.settings), replayed=replayed, listener=listener) as session:
        session.check(usd_limited=job.usd is not None)
        yield lambda seed, budget, archive, evaluator: after_own(
            session.proposer(task, seed, budget, archive, evaluator, symbolic(seed, budget, evaluator))
        )


def cautions(chosen: Chosen, job: Job) -> tuple[str, ...]:
    """What a user should know before a model is asked."""
    if chosen.model is None or job.replay is not None:
        return ()
    from lawsmith.agent.llm.model_session import Settings

    return Settings.recorded(job.settings).config.cautions()
