"""What the LLM agents of one command share: settings, endpoints, cache; and each run's proposer."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Self

from pydantic import ValidationError

from lawsmith.agent.client.asker import Asker, Replayer
from lawsmith.agent.client.call_failures import EndpointError
from lawsmith.agent.client.caller import Caller, Line
from lawsmith.agent.client.config import AS_CONFIGURED, Config, ModelChoice, Options, check_url
from lawsmith.agent.client.endpoint import Endpoint, Support, probe
from lawsmith.agent.client.messages import Model
from lawsmith.agent.client.prices import Prices
from lawsmith.agent.client.recording import CallSink, Recording, ReplyCache, default_directory
from lawsmith.agent.client.scrub import public_url
from lawsmith.agent.client.streaming import Listener
from lawsmith.agent.llm.analyst import Analyst
from lawsmith.agent.llm.evolve import Evolve
from lawsmith.agent.llm.model_proposer import LLMProposer
from lawsmith.agent.llm.questions import AgentSetup
from lawsmith.agent.llm.refiner import Refine
from lawsmith.agent.search.budget import Allowance, Budget
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.proposer import Proposer
from lawsmith.tasks import InputError, Task
from lawsmith.tasks.frozen import Frozen

AGENTS: Mapping[str, type[LLMProposer]] = {"analyst": Analyst, "refine": Refine, "evolve": Evolve}
MOST_HANDED_ON = 12
"""Notes of earlier runs of a command that a later one begins with."""
DEFAULT_CALLS = 200
"""Calls of a run that was given no limit at all, neither of time nor of calls, tokens or USD."""
MOST_OF_FLOOR, LEAST_OF_FLOOR = 64, 8  # candidates; the first batches of a search are its plainest forms


class Settings(Frozen):
    """What an archive keeps of the settings, so that a run can be resumed and replayed. Holds no key.

    `max_calls` ends a search that was given no other limit. `floor_trials` are the candidates of the built-in search
    that go before the first question: one for each second of a time limit, so that time is left for a model.
    """

    config: Config
    max_calls: int | None = None
    floor_trials: int = MOST_OF_FLOOR

    @classmethod
    def resolve(
        cls,
        model: str | None,
        *,
        allowance: Allowance,
        options: Options = AS_CONFIGURED,
        environment: Mapping[str, str] = os.environ,
    ) -> Self:
        """From the command line, environment and configuration file, for runs that may each spend `allowance`.

        Raises InputError for an invalid file or where no model is named.
        """
        found = Config.read(options.config, environment).resolve(model, environment, options)
        seconds = MOST_OF_FLOOR if allowance.seconds is None else int(allowance.seconds)
        return cls(
            config=found,
            max_calls=DEFAULT_CALLS if allowance == Allowance() else None,
            floor_trials=min(MOST_OF_FLOOR, max(LEAST_OF_FLOOR, seconds)),
        )

    @classmethod
    def recorded(cls, data: Any) -> Self:
        """Settings from an archive's manifest; raises InputError if they are damaged or missing."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise InputError("The archive does not record the settings of an LLM agent; it cannot be used.") from error

    def to_json(self) -> dict[str, Any]:
        """As JSON data, user names and passwords in addresses removed."""
        data = self.model_dump(mode="json")
        for holder in (data["config"], *data["config"]["models"]):
            holder["base_url"] = holder["base_url"] and public_url(holder["base_url"])
        return data

    @property
    def models(self) -> str:
        """The models' names, for people."""
        return ", ".join(choice.name for choice in self.config.models)


def connect(
    choice: ModelChoice, config: Config, environment: Mapping[str, str], listener: Listener | None = None
) -> Endpoint:
    """The endpoint of a model; raises EndpointError where neither a key nor an address is known."""
    key = environment.get(choice.key_env)
    base_url = choice.base_url and check_url(choice.base_url)
    if base_url == config.base_url:  # on resume, a server may have moved
        moved = environment.get("OPENAI_BASE_URL")
        base_url = check_url(moved) if moved else base_url
    if not key and base_url is None:
        raise EndpointError(
            f"No endpoint for the model {choice.name!r}: set {choice.key_env} for api.openai.com, or "
            "OPENAI_BASE_URL for a server of your own."
        )
    sampling = config.sampling
    return Endpoint(
        base_url,
        key,
        model=choice.name,
        structured=sampling.structured,
        effort=sampling.effort,
        api=choice.api,
        listener=listener,
    )


def supported(config: Config, environment: Mapping[str, str] = os.environ) -> list[tuple[str, str, Support]]:
    """For each model its name, its address, and what one cheap call shows; raises EndpointError as `connect`."""
    found = []
    for choice in config.models:
        endpoint = connect(choice, config, environment)
        try:
            found.append((choice.name, endpoint.url, probe(endpoint, choice.name)))
        finally:
            endpoint.close()
    return found


class ModelSession:
    """Endpoints of one command, closed at its end. One session serves all runs.

    Args:
        models: model name -> what answers, instead of endpoints: a scripted model, for instance.
        replayed: an earlier run whose recording answers instead of any model.
        listener: is told while replies arrive from endpoints.
    """

    def __init__(
        self,
        agent: str,
        settings: Settings,
        *,
        environment: Mapping[str, str] = os.environ,
        models: Mapping[str, Model] | None = None,
        replayed: CallSink | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._listener = listener
        self._agent = AGENTS[agent]
        self._settings = settings
        self._environment = environment
        self._source = None if replayed is None else Recording(replayed)
        self._made: list[LLMProposer] = []
        self._close = ExitStack()
        self._lines: dict[str, Line] = {}
        if models is not None:
            self._lines = {name: Line(model) for name, model in models.items()}
        elif replayed is None:
            self._lines = {choice.name: self._connect(choice) for choice in settings.config.models}
        directory = default_directory(environment)
        cached = settings.config.transport.cache and models is None and replayed is None
        self._cache = ReplyCache(directory) if cached else None

    def _connect(self, choice: ModelChoice) -> Line:
        endpoint = connect(choice, self._settings.config, self._environment, self._listener)
        self._close.callback(endpoint.close)
        return Line(endpoint, endpoint.url)

    def check(self, *, usd_limited: bool) -> None:
        """Find wrong settings before costly work.

        Raises InputError if an endpoint refuses the key or cannot be reached, or if USD are limited and a
        price is not known.
        """
        if self._source is not None:
            return
        if usd_limited:
            Prices(self._settings.config.prices).require(list(self._lines))
        for line in self._lines.values():
            if isinstance(line.model, Endpoint):
                line.model.preflight()

    def proposer(
        self, task: Task, seed: int, budget: Budget, sink: CallSink, evaluator: Evaluator, floor: Proposer | None
    ) -> LLMProposer:
        """The proposer of one run; its calls are recorded in `sink`, the run's archive."""
        recording = Recording(sink)
        if recording.inherited is None:
            recording.inherits(self._handed_on())
        setup = AgentSetup(
            task=task,
            seed=seed,
            caller=self._asker(budget, recording),
            inherited=recording.inherited or (),
            config=self._settings.config,
            evaluator=evaluator,
            floor=floor,
            floor_trials=self._settings.floor_trials,
            max_calls=self._settings.max_calls,
            allowance=budget.allowance,
        )
        made = self._agent(setup)
        self._made.append(made)
        return made

    def _handed_on(self) -> tuple[str, ...]:
        """Notes for a run that begins: those that the replayed run began with, else the last of the earlier runs'."""
        if self._source is not None:
            return self._source.inherited or ()
        notes = dict.fromkeys(note for run in self._made for note in run.notes)
        return tuple(notes)[-MOST_HANDED_ON:]

    def _asker(self, budget: Budget, recording: Recording) -> Asker:
        if self._source is not None:
            return Replayer(self._source, recording, budget)
        config = self._settings.config
        return Caller(
            self._lines,
            recording,
            budget,
            Prices(config.prices),
            in_flight=config.transport.in_flight,
            timeout_seconds=config.transport.timeout_seconds,
            cache=self._cache,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close.close()
