"""Which models to ask, where and how: flags before environment before configuration file."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError

from lawsmith.agent.client.prices import Price
from lawsmith.agent.client.profiles import OFFICIAL, Api, profile_of
from lawsmith.agent.client.scrub import is_loopback, public_url
from lawsmith.runs.quoting import visible
from lawsmith.tasks import InputError
from lawsmith.tasks.frozen import Frozen, first_fault
from lawsmith.tasks.user_files import read_toml, user_folder

CONFIG_NAME = "lawsmith.toml"
KEY_ENV = "OPENAI_API_KEY"
MOST_TOKENS, MOST_SECONDS, MOST_MODELS = 10_000_000, 86_400, 64  # beyond any context, a day, any ensemble: slips
SHORTEST_PROMPT = 2_000  # tokens: the rules, the task, one law and a few rows


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a character that cannot be printed")
    return text


class ModelChoice(Frozen):
    """One member of the ensemble. `key_env` names the environment variable that holds its key."""

    name: Annotated[str, AfterValidator(_printable)] = Field(min_length=1, max_length=200)
    weight: float = Field(default=1.0, gt=0, le=1e6)
    base_url: str | None = None
    key_env: str = KEY_ENV
    api: Api | None = None
    """"chat" or "responses"; None is the usual one of the model's family (profiles.toml)."""


class Sampling(Frozen):
    """How replies are drawn. None leaves a value to the endpoint."""

    temperature: float | None = Field(default=0.8, ge=0, le=2)
    max_reply_tokens: int = Field(default=4096, ge=64, le=MOST_TOKENS)
    structured: bool = True
    effort: Literal["minimal", "low", "medium", "high"] | None = None
    """Of reasoning, for models that can be told; None leaves it to the endpoint."""


class Transport(Frozen):
    """How the endpoint is called."""

    in_flight: int = Field(default=8, ge=1, le=64)
    timeout_seconds: float = Field(default=180.0, gt=0, le=MOST_SECONDS)
    prompt_tokens: int = Field(default=12_000, ge=SHORTEST_PROMPT, le=MOST_TOKENS)
    cache: bool = True


class Options(Frozen):
    """Options of the command line about models; None leaves a value to the environment or a file.

    `context_tokens` is what a model reads and writes in one call: prompts take what a reply leaves of it.
    """

    config: Path | None = None
    base_url: str | None = None
    temperature: float | None = None
    max_reply_tokens: int | None = None
    context_tokens: int | None = None
    in_flight: int | None = None
    request_timeout: float | None = None
    effort: Literal["minimal", "low", "medium", "high"] | None = None

    def or_from(self, environment: Mapping[str, str]) -> Self:
        """These, and what they leave open from `LAWSMITH_TEMPERATURE`, `LAWSMITH_IN_FLIGHT` and so on. Raises
        InputError for what is not a number."""
        open_names = [name for name in _FLAGS if getattr(self, name) is None]
        found = {name: environment[_variable(name)] for name in open_names if environment.get(_variable(name))}
        try:
            return self.model_validate(self.model_dump() | found)
        except ValidationError as error:
            raise InputError(_complaint(error, self)) from None


AS_CONFIGURED = Options()


class Config(Frozen):
    """The configuration file `lawsmith.toml`; every key is optional."""

    base_url: str | None = None
    models: tuple[ModelChoice, ...] = Field(default=(), max_length=MOST_MODELS)
    sampling: Sampling = Sampling()
    transport: Transport = Transport()
    prices: dict[str, Price] = Field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | None, environment: Mapping[str, str] = os.environ) -> Self:
        """The configuration in `files`: the one that is named, or the user's own under what the current folder says.

        The folder may be a stranger's, so its file names no address, no key and no price. Raises InputError where it
        does, and for a missing, unreadable or invalid file, naming the key at fault.
        """
        if (named := _named(path, environment)) is not None:
            return cls._of_file(named)
        own, here = own_file(environment), Path(CONFIG_NAME)
        found = cls._of_file(own) if own.is_file() else cls()
        return found._with_folder(cls._of_file(here)._without_places()) if here.is_file() else found

    @classmethod
    def _of_file(cls, source: Path) -> Self:
        try:
            return cls.model_validate(read_toml(source, f"The configuration file {source}"))
        except ValidationError as error:
            raise InputError(f"The configuration file {source}: {first_fault(error)}.") from error

    def _without_places(self) -> Self:
        """The same; raises InputError where it says who is sent keys and rows, which variable is a key, or a price."""
        asked = [self.base_url, *(choice.base_url for choice in self.models)]
        asked += [choice.key_env for choice in self.models if choice.key_env != KEY_ENV]
        asked += [f"the price of {model}" for model in self.prices]
        if (first := next((text for text in asked if text is not None), None)) is not None:
            raise InputError(
                f"./{CONFIG_NAME} names {visible(first)[:200]}: a file in the current folder may not say where keys "
                f"and rows go, nor what they cost. Put that into {own_file()}, or pass --config {CONFIG_NAME} if you "
                "trust it."
            )
        return self

    def _with_folder(self, folder: Self) -> Self:
        """This configuration of the user's own under what a folder says of models and sampling."""
        models = self._with_known_places(folder.models) or self.models
        stated = {name: getattr(folder, name) for name in folder.model_fields_set}
        return self.model_copy(update={**stated, "models": models, "prices": self.prices})

    def cautions(self, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
        """A sentence for each key that would cross a network in plain text."""
        found: list[str] = []
        for choice in self.models:
            place = choice.base_url or self.base_url or ""
            if place.lower().startswith("http://") and not is_loopback(place) and environment.get(choice.key_env):
                found.append(
                    f"The key in {choice.key_env} goes to {public_url(place)} in plain text, where others can read "
                    "it on the way; use an https:// address."
                )
        return tuple(dict.fromkeys(found))

    def resolve(
        self, model: str | None, environment: Mapping[str, str] = os.environ, options: Options = AS_CONFIGURED
    ) -> Self:
        """This configuration with `--model` (or `LAWSMITH_MODEL`), `OPENAI_BASE_URL` and `options` (or their
        variables) applied.

        An address from the command line belongs to each model, so that the environment of a later resume
        does not replace it. Raises InputError if no model is named anywhere, or for a value out of bounds.
        """
        base_url = None if options.base_url else environment.get("OPENAI_BASE_URL") or self.base_url
        named = model or environment.get("LAWSMITH_MODEL")
        models = self.models if named is None else parse_models(named)
        if not models:
            raise InputError("No model is named: give --model, or set LAWSMITH_MODEL.")
        here = options.base_url or base_url
        placed = tuple(
            choice.model_copy(update={"base_url": here}) if options.base_url or not choice.base_url else choice
            for choice in self._with_known_places(models)
        )
        for place in (base_url, *(choice.base_url for choice in placed)):
            if place is not None:
                check_url(place)
        resolved = self.model_copy(update={"base_url": base_url, "models": placed})
        return resolved._with(options.or_from(environment))

    def _with(self, options: Options) -> Self:
        """The sampling and transport that the command line asks for."""
        reply, context = options.max_reply_tokens, options.context_tokens
        if reply is None and context is None:
            hosts = [(choice.name, choice.base_url or OFFICIAL) for choice in self.models]
            needed = max((profile_of(name, url).reply_tokens for name, url in hosts), default=0)
            reply = needed if needed > self.sampling.max_reply_tokens else None  # hidden reasoning counts as reply
        if context is not None and reply is None:
            reply = min(self.sampling.max_reply_tokens, context // 4)
        prompt = None if context is None or reply is None else context - reply
        changed: dict[str, dict[str, float | str | None]] = {
            "sampling": {"temperature": options.temperature, "max_reply_tokens": reply, "effort": options.effort},
            "transport": {
                "prompt_tokens": prompt,
                "in_flight": options.in_flight,
                "timeout_seconds": options.request_timeout,
            },
        }
        data = self.model_dump()
        for part, values in changed.items():
            data[part] |= {name: value for name, value in values.items() if value is not None}
        try:
            return self.model_validate(data)
        except ValidationError as error:
            raise InputError(_complaint(error, options)) from None

    def _with_known_places(self, models: tuple[ModelChoice, ...]) -> tuple[ModelChoice, ...]:
        """`models` named on the command line keep the address and key that the file states for them."""
        known = {choice.name: choice for choice in self.models}
        return tuple(
            known[choice.name].model_copy(update={"weight": choice.weight}) if choice.name in known else choice
            for choice in models
        )


def files(path: Path | None, environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The file at `path`, else at `LAWSMITH_CONFIG`; else the user's own, then `./lawsmith.toml`, where they are."""
    if (named := _named(path, environment)) is not None:
        return (named,)
    return tuple(source for source in (own_file(environment), Path(CONFIG_NAME)) if source.is_file())


def _named(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    return path or (Path(given) if (given := environment.get("LAWSMITH_CONFIG")) else None)


def own_file(environment: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CONFIG_HOME/lawsmith/lawsmith.toml``, by default below ``~/.config``."""
    return user_folder("XDG_CONFIG_HOME", "~/.config", environment) / CONFIG_NAME


def check_url(text: str) -> str:
    """The address; raises InputError unless it is one of a server, by http or https."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not text.isprintable():
        raise InputError(
            f"{visible(text)[:200]!r} is not an address of a server; write one such as http://127.0.0.1:8080/v1 "
            "(--base-url, OPENAI_BASE_URL or the configuration file)."
        )
    return text


_FLAGS = ("temperature", "max_reply_tokens", "context_tokens", "in_flight", "request_timeout", "effort")
"""Options that the environment may state as well."""


def _variable(option: str) -> str:
    return f"LAWSMITH_{option.upper()}"


def _complaint(error: ValidationError, options: Options) -> str:
    first = error.errors()[0]
    name = str(first["loc"][-1])
    if name == "prompt_tokens":
        return (
            f"--context-tokens {options.context_tokens} leaves {first['input']} tokens for a prompt; "
            f"at least {SHORTEST_PROMPT} are needed."
        )
    option = "request_timeout" if name == "timeout_seconds" else name
    return f"--{option.replace('_', '-')} (or {_variable(option)}) {first['input']}: {first['msg']}."


def configured(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a model endpoint is configured, so that `--agent auto` asks a model."""
    return bool(environment.get("OPENAI_API_KEY") or environment.get("OPENAI_BASE_URL"))


def parse_models(text: str) -> tuple[ModelChoice, ...]:
    """`gpt-5` or, as a weighted ensemble, `gpt-5=3,gpt-5-mini=1`. Raises InputError for an empty name, a weight that is
    no positive number, or a name given twice."""
    choices = tuple(_parse_model(part.strip()) for part in text.split(","))
    names = [choice.name for choice in choices]
    if len(set(names)) < len(names):
        raise InputError(f"--model {text}: a model is named twice.")
    return choices


def _parse_model(part: str) -> ModelChoice:
    name, equals, weight = part.rpartition("=")
    if not equals:
        name, weight = part, "1"
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not name or not (0 < value < math.inf):
        raise InputError(f"--model {part!r}: write NAME or NAME=WEIGHT with a positive weight, separated by commas.")
    return ModelChoice(name=name, weight=value)
