"""Replies already paid for, kept on disk by the digest of their request and the endpoint that gave them."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from lawsmith.agent.client.messages import ModelReply, Request
from lawsmith.tasks.folders import user_folder


def default_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CACHE_HOME/lawsmith/replies`, by default under `~/.cache`."""
    return user_folder("XDG_CACHE_HOME", "~/.cache", environment) / "replies"


class ReplyCache:
    """A directory of replies. A damaged entry counts as absent."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _path(self, url: str, request: Request) -> Path:
        name = hashlib.sha256(f"{url}\n{request.digest()}".encode()).hexdigest()
        return self._directory / name[:2] / f"{name}.json"

    def get(self, url: str, request: Request) -> ModelReply | None:
        """The reply that is kept for a request, or None."""
        try:
            return ModelReply.model_validate_json(self._path(url, request).read_bytes())
        except (OSError, ValidationError):
            return None

    def put(self, url: str, request: Request, reply: ModelReply) -> None:
        """Keep `reply`, readable by its owner only, atomically; raises OSError if the disk refuses."""
        path = self._path(url, request)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(reply.model_dump_json())
        os.replace(file.name, path)
