"""Which archives this user began: a mark that nobody makes without a secret of the user's.

A resume does what an archive says: it asks models, reads files, starts processes; a page opens the table that it
names. That is right for an archive of one's own, and a stranger could write any. The mark is an HMAC of what the
archive asks for and of its data, under a key in the user's state folder; an archive from elsewhere, also of one's own
from another machine, has none that fits.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from lawsmith.runs.records.canonical_json import encode
from lawsmith.runs.records.record import Manifest
from lawsmith.tasks.user_files import keep, user_folder

_KEY_BYTES = 32  # of an HMAC with SHA-256


def marked(manifest: Manifest) -> Manifest:
    """The manifest as this user's own; unmarked where the user has no state folder that can be written."""
    key = _key(make=True)
    return manifest if key is None else manifest.model_copy(update={"owner": _mark(key, manifest)})


def is_own(manifest: Manifest) -> bool:
    """Whether this user began the run, and what it asks for is as it was."""
    key = _key(make=False)
    if key is None or manifest.owner is None:
        return False
    return hmac.compare_digest(manifest.owner.encode(), _mark(key, manifest).encode())


def key_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the secret is kept: ``$XDG_STATE_HOME/lawsmith/owner.key``, by default below ``~/.local/state``."""
    return user_folder("XDG_STATE_HOME", "~/.local/state", environment) / "owner.key"


def _mark(key: bytes, manifest: Manifest) -> str:
    data = None if manifest.data is None else manifest.data.model_dump()
    asked = encode([manifest.run, manifest.batch, manifest.agent, manifest.model, data, manifest.config])
    return hmac.new(key, asked, hashlib.sha256).hexdigest()


def _key(make: bool) -> bytes | None:
    try:
        path = key_path()
    except RuntimeError:  # no home
        return None
    if make and not path.exists():
        with contextlib.suppress(OSError):
            _write(path)
    try:
        key = path.read_bytes()
    except OSError:
        return None
    return key if len(key) == _KEY_BYTES else None


def _write(path: Path) -> None:
    """Puts a new secret there, whole from the start, unless another process was first."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    keep(temporary, secrets.token_bytes(_KEY_BYTES))
    with contextlib.suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()
