"""Finding archives: all of them below a folder, and the one that a user means."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lawsmith.runs.quoting import visible
from lawsmith.runs.records.archive import MANIFEST, RESULT, Archive, State
from lawsmith.runs.records.record import PUBLISHED
from lawsmith.tasks.errors import InputError, alike, listing

PUBLISHED_DIR = Path(__file__).parents[1] / PUBLISHED
"""The documented results that come with the package."""
LATEST = "latest"
_SHOWN = 5  # runs that an ambiguous name lists


@dataclass(frozen=True)
class Listing:
    """All archives of a folder, sorted by address, and those whose manifest cannot be read, with the reason."""

    archives: tuple[Archive, ...]
    unreadable: tuple[tuple[str, str], ...]


def addresses(runs_dir: Path, published: bool = True) -> dict[str, Path]:
    """Address -> folder of every archive ``<runs_dir>/<task>/<agent>/<run>``, sorted; published ones at the end.

    Only folders that hold a manifest count; links to folders are not followed. A missing folder holds
    nothing.
    """
    found = {
        f"{task.name}/{agent.name}/{run.name}": Path(run.path)
        for task in _folders(runs_dir)
        for agent in _folders(task.path)
        for run in _folders(agent.path)
        if os.path.lexists(os.path.join(run.path, MANIFEST))
    }
    known = (
        {
            f"{PUBLISHED}/{task.name}/{run.name}": Path(run.path)
            for task in _folders(PUBLISHED_DIR)
            for run in _folders(task.path)
        }
        if published
        else {}
    )
    own = {address: path for address, path in sorted(found.items()) if not address.startswith(f"{PUBLISHED}/")}
    return own | dict(sorted(known.items()))


def _folders(path: str | Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            found = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return iter(())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    return (entry for entry in found if not entry.name.startswith((".", "__")))


def list_archives(runs_dir: Path) -> Listing:
    """Every archive below `runs_dir`, and the published ones; raises InputError if the folder cannot be read."""
    archives, unreadable = [], []
    for address, path in addresses(runs_dir).items():
        try:
            archives.append(Archive.open(path))
        except InputError as error:
            unreadable.append((address, error.args[0]))
    return Listing(tuple(archives), tuple(unreadable))


def find_archive(text: str, runs_dir: Path) -> Archive:
    """The archive that a user names.

    `text` is the path of an archive's folder, its address ``task/agent/run`` (or ``published/task/run``), a run id, the
    beginning of an address or a run id that only one archive has; or ``latest`` or the name of a task, which mean the
    run that began last (of that task). Raises InputError: none or several fit (some are named), or the manifest is
    damaged.
    """
    if (Path(text) / MANIFEST).is_file():
        return Archive.open(Path(text))
    known = addresses(runs_dir)
    wanted = text.strip("/")
    own = [address for address in known if not address.startswith(f"{PUBLISHED}/")]
    if begun := own if wanted == LATEST else [address for address in own if address.partition("/")[0] == wanted]:
        return Archive.open(known[max(begun, key=lambda address: address.rpartition("/")[2])])
    if wanted == LATEST:
        raise InputError(f"There is no run below {runs_dir} yet; 'discover runs.csv --target COLUMN' makes one.")
    fitting = [address for address in known if wanted in (address, address.rpartition("/")[2])] or [
        address for address in known if address.startswith(wanted) or address.rpartition("/")[2].startswith(wanted)
    ]
    if len(fitting) == 1 and wanted:
        return Archive.open(known[fitting[0]])
    if fitting:
        newest = sorted(map(visible, fitting), key=lambda address: address.rpartition("/")[2], reverse=True)
        raise InputError(f"{text!r} could mean {len(fitting)} runs: {listing(newest, _SHOWN)}; write more of the name.")
    if Path(text).is_file():
        raise InputError(
            f"{text} is a file, and a run is a folder: unpack it, and give the folder that holds {MANIFEST}."
        )
    raise InputError(f"There is no run {text!r} below {runs_dir}; {_nearest(wanted, list(known))}.")


def unfinished(archive: Archive) -> str:
    """What an unfinished run is, and what to do: ``running; the newest finished run is …``."""
    if archive.state is State.INTERRUPTED:
        return f"interrupted; `discover resume {archive.run}` continues it"
    others = addresses(archive.path.absolute().parents[2], published=False).values()
    done = max((path.name for path in others if (path / RESULT).exists()), default="")
    return f"{archive.state}; the newest finished run is {done}" if done else f"{archive.state}"


def _nearest(wanted: str, known: list[str]) -> str:
    ends = {address.rpartition("/")[2]: address for address in known}
    names = list(dict.fromkeys(visible(ends.get(name, name)) for name in alike(wanted, [*known, *ends])))
    return f"the nearest are {listing(names, _SHOWN)}" if names else "`discover inspect` lists the runs"
