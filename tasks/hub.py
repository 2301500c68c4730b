"""Fetch the benchmark's files from the Hugging Face hub, checked against their published digests."""

import hashlib
import os
import tempfile
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from lawsmith.tasks.errors import InputError
from lawsmith.tasks.folders import user_folder

REPOSITORY = "pkuHaowei/sldbench"
PROBE_SECONDS = 4.0
"""How long the hub may take to answer at all. The bound includes name resolution, which ignores timeouts."""
FETCH_SECONDS = 30.0  # for one file


class HubUnavailable(Exception):
    """The hub could not be asked; the message says why in a few words."""


@cache
def digests() -> dict[str, str]:
    """``<long name>/<file>`` -> SHA-256 of each file as published."""
    lines = resources.files("lawsmith.tasks.catalog").joinpath("sldbench.sha256").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def split_file(long_name: str, split: str) -> str:
    """Path within the hub's data set (and the cache) of one split of a task."""
    return f"{long_name}/{split}-00000-of-00001.parquet"


def cache_folder() -> Path:
    """Where fetched files are kept: ``$XDG_CACHE_HOME`` or ``~/.cache``, below ``lawsmith/sldbench``."""
    return user_folder("XDG_CACHE_HOME", "~/.cache") / "sldbench"


def cached(name: str) -> bytes | None:
    """A file from the user cache; None when it is absent, unreadable, or not the published content."""
    try:
        content = (cache_folder() / name).read_bytes()
    except OSError:
        return None
    return content if _sha256(content) == digests()[name] else None


def store(name: str, content: bytes) -> None:
    """Put a file into the user cache, atomically; a cache that cannot be written is done without."""
    target = cache_folder() / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, target)
    except OSError:
        return


def fetch(name: str, endpoint: str | None = None) -> bytes:
    """Download one file. The first failure to reach the hub is remembered for the life of the process.

    Raises HubUnavailable, or InputError when the content is not the published one.
    """
    if find_spec("huggingface_hub") is None or find_spec("pyarrow") is None:
        raise HubUnavailable("the hub's client is not installed: pip install 'lawsmith[hub]'")
    reason = _unreachable(endpoint)
    if reason:
        raise HubUnavailable(reason)
    content = _get(name, endpoint, FETCH_SECONDS)
    if _sha256(content) != digests()[name]:
        raise InputError(
            f"The hub's {REPOSITORY}/{name} is not the published file (SHA-256 {_sha256(content)[:12]}…, expected "
            f"{digests()[name][:12]}…); give a folder with the published data with --data-dir."
        )
    return content


@cache
def _unreachable(endpoint: str | None) -> str:
    """Why the hub cannot be reached, or an empty string; asked once a process."""
    failures = [f"the hub did not answer within {PROBE_SECONDS:g} s"]

    def probe() -> None:
        try:
            _get("README.md", endpoint, PROBE_SECONDS)
            failures[0] = ""
        except HubUnavailable as error:
            failures[0] = str(error)

    thread = Thread(target=probe, daemon=True, name="hub-probe")
    thread.start()
    thread.join(PROBE_SECONDS)
    return failures[0]


def _get(name: str, endpoint: str | None, seconds: float) -> bytes:
    # hf_hub_download retries for 23 s without a network; the session behind it honours the same settings.
    import httpx2
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.errors import OfflineModeIsEnabled

    url = hf_hub_url(REPOSITORY, name, repo_type="dataset", endpoint=endpoint)
    try:
        response = get_session().get(url, timeout=seconds, follow_redirects=True)
    except OfflineModeIsEnabled:
        raise HubUnavailable("HF_HUB_OFFLINE is set") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise HubUnavailable(f"the hub cannot be reached: {error}") from None
    if response.status_code != 200:
        raise HubUnavailable(f"the hub answered {response.status_code}")
    content: bytes = response.content
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
