"""Find the data of a benchmark task: a folder, the user cache, the hub (checked by pinned digests), or a replica."""

import hashlib
import os
from contextlib import suppress
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from lawsmith.tasks import replica
from lawsmith.tasks.catalog import schema as find_schema
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.reading.formats import SUFFIXES, parse_table, read_table
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.task import Dataset, Source
from lawsmith.tasks.user_files import keep, user_folder
from lawsmith.tasks.validation import Split, dataset

DATA_VARIABLE = "LAWSMITH_DATA"
MEASURED = Path(__file__).parent / "measured"
"""Tables that come with the package, measured by the scripts in `examples`."""


def load(name: str, data_dir: Path | None = None) -> Dataset:
    """The benchmark task of that name (short or long) with its rows.

    With `data_dir`, from there and nowhere else. Otherwise from the folder in ``LAWSMITH_DATA``, the
    package itself (`nano`), the user cache, the hub, and for `sft` and `lr_bsz` at last from a replica,
    whose notice is the first of the data set's notices. Raises InputError when nothing is found or what is
    found is not valid.
    """
    schema = find_schema(str(name))
    folder, must = _folder(data_dir)
    for place in _places(folder, must, schema):
        if (train := find_split(schema, place, "train")) is not None:
            test = find_split(schema, place, "test")
            return dataset(schema, "file", _file(train), None if test is None else _file(test))
    if must:
        raise InputError(
            f"{folder} has no rows of {schema.name}: neither {split_file(schema.long_name, 'train')} nor train.csv."
        )
    try:
        return _published(schema)
    except HubUnavailable as error:
        tried = "" if folder is None else f"{DATA_VARIABLE}={folder} has none, "
        return _replica(schema, f"{tried}{error}")


def whereabouts(name: str, data_dir: Path | None = None) -> tuple[Source, Path | None]:
    """Where `load` would take a task from, without asking the hub.

    ("hub", None) when it would have to be asked; ("file", None) when `data_dir` lacks the task.
    """
    schema = find_schema(str(name))
    folder, must = _folder(data_dir)
    train = next(filter(None, (find_split(schema, place, "train") for place in _places(folder, must, schema))), None)
    if train is not None or must:
        return "file", train
    kept = cache_folder() / split_file(schema.long_name, "train")
    return ("cache", kept) if kept.is_file() else ("hub", None)


def _places(folder: Path | None, must: bool, schema: Schema) -> list[Path]:
    """Where the files of a task are looked for before the cache and the hub are asked."""
    return [*([] if folder is None else [folder]), *([] if must else [MEASURED / schema.name])]


def find_split(schema: Schema, folder: Path, split: str) -> Path | None:
    """The file of a split below `folder`: in the task's own folder first, then in `folder` itself."""
    for place in (folder / schema.long_name, folder / schema.name, folder):
        for suffix in SUFFIXES:
            for candidate in (place / f"{split}{suffix}", *sorted(place.glob(f"{split}-*{suffix}"))):
                if candidate.is_file():
                    return candidate
    return None


def _folder(data_dir: Path | None) -> tuple[Path | None, bool]:
    """The folder to look in first, and whether it is the only place to look in."""
    named = os.environ.get(DATA_VARIABLE)
    folder = data_dir if data_dir is not None else Path(named) if named else None
    if folder is not None and not folder.is_dir():
        said = "--data-dir" if data_dir is not None else DATA_VARIABLE
        raise InputError(f"{said} names {folder}, which is not a folder; name a folder with the task's tables.")
    return folder, data_dir is not None


def _file(path: Path) -> Split:
    return Split(read_table(path).frame, str(path), path)


def _published(schema: Schema) -> Dataset:
    """From the user cache, else from the hub; raises HubUnavailable."""
    names = [split_file(schema.long_name, split) for split in ("train", "test")]
    contents = [cached(name) for name in names]
    source: Source = "cache"
    if None in contents:
        source, contents = "hub", [fetch(name) for name in names]
        for name, content in zip(names, contents, strict=True):
            store(name, content or b"")
    train, test = (
        Split(parse_table(content or b"", name, name).frame, name, cache_folder() / name)
        for name, content in zip(names, contents, strict=True)
    )
    return dataset(schema, source, train, test)


def _replica(schema: Schema, reason: str) -> Dataset:
    page = f"https://huggingface.co/datasets/{REPOSITORY}"
    advice = f"download {page} and name the folder with --data-dir or {DATA_VARIABLE}"
    if schema.name not in replica.available():
        raise InputError(f"lawsmith could not get the rows of {schema.name} ({reason}); {advice}.")
    train, test = (Split(frame, f"the replica of {schema.name}", None) for frame in replica.rows(schema))
    notice = replica.NOTICE.format(name=schema.name, reason=reason, advice=advice)
    return dataset(schema, "replica", train, test, notices=(notice,))


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
    with suppress(OSError):
        keep(cache_folder() / name, content)


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
