"""Removes keys from any text before it is stored or shown."""

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from typing import Self
from urllib.parse import urlsplit, urlunsplit

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)", re.IGNORECASE)
_KEY_SHAPE = re.compile(r"\b(?:sk|hf|gsk|ghp|xai|pk)[-_][A-Za-z0-9_\-]{16,}")
_SHORTEST = 8  # shorter values are ordinary words ("local", "none") that would tear holes into texts
REMOVED = "[removed]"


class Scrubber:
    """Replaces known secret values, and anything shaped like an API key, by `[removed]`."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {value for value in values if len(value) >= _SHORTEST}
        self._values = sorted(known, key=len, reverse=True)

    @classmethod
    def of(cls, keys: Iterable[str], environment: Mapping[str, str] = os.environ) -> Self:
        """Knows `keys` and the value of every environment variable named like a secret."""
        named = (value for name, value in environment.items() if _SECRET_NAME.search(name))
        return cls([*keys, *named])

    def __call__(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, REMOVED)
        return _KEY_SHAPE.sub(REMOVED, text)


def public_url(url: str) -> str:
    """`url` without user, password, query and fragment; empty for what is not an address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if ":" in host:
        host = f"[{host}]"
    if port is not None:
        host = f"{host}:{port}"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def is_loopback(url: str) -> bool:
    """Whether an address is one of this machine's own."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
