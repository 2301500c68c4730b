"""What families of models and endpoints expect, as data: profiles.toml."""

import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from lawsmith.tasks.frozen import Frozen

OFFICIAL = "https://api.openai.com/v1"
FILE = Path(__file__).with_name("profiles.toml")
Api = Literal["chat", "responses"]


class ModelProfile(Frozen):
    """How one family is asked; profiles.toml explains the keys."""

    name: str
    models: tuple[str, ...]
    hosts: tuple[str, ...]
    api: Api = "chat"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    omit: tuple[str, ...] = ()
    effort: str = ""
    reply_tokens: int = 0
    extra: dict[str, Any] = Field(default_factory=dict)

    def matches(self, model: str, host: str) -> bool:
        """Whether the profile is meant for a model at a host."""
        return _any(self.models, model.lower()) and _any(self.hosts, host.lower())

    def effort_parameters(self, effort: str | None) -> dict[str, Any]:
        """What sets the effort of reasoning; nothing where none is asked for, or the family knows none."""
        if effort is None or not self.effort:
            return {}
        outer, dot, inner = self.effort.partition(".")
        return {outer: {inner: effort}} if dot else {outer: effort}


def _any(patterns: Sequence[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


@cache
def profiles() -> tuple[ModelProfile, ...]:
    """All profiles, in the order in which they are tried."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(ModelProfile.model_validate(entry) for entry in found["profile"])


def profile_of(model: str, base_url: str) -> ModelProfile:
    """The first profile that matches; the last one matches everything."""
    parts = urlsplit(base_url)
    host = parts.netloc.rpartition("@")[2]
    named = (parts.hostname or "", host)
    return next(p for p in profiles() if any(p.matches(model, name) for name in named))
