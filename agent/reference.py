"""From what a user types to an archive: a path, or a run id."""

from collections.abc import Iterator
from pathlib import Path

from runs.archive import MANIFEST
from tasks import InputError


def archives(runs_dir: Path) -> Iterator[Path]:
    """Every archive below a runs folder, in order of path; none where there is no such folder."""
    yield from sorted(manifest.parent for manifest in runs_dir.glob(f"*/*/*/{MANIFEST}"))


def find(reference: str, runs_dir: Path) -> Path:
    """The archive that `reference` names: a path, or a run id below `runs_dir`, or its beginning.

    Raises InputError when there is none, or more than one.
    """
    if (Path(reference) / MANIFEST).is_file():
        return Path(reference)
    matching = [path for path in archives(runs_dir) if path.name.startswith(reference)] if reference else []
    exact = [path for path in matching if path.name == reference]
    if len(exact or matching) == 1:
        return (exact or matching)[0]
    if matching:
        named = ", ".join(path.name for path in matching[:5])
        raise InputError(
            f"{reference!r} fits several runs below {runs_dir}: {named}; write more of the run id."
        )
    raise InputError(
        f"There is no archive {reference!r}: give the path of a run's folder, or the id of a run below "
        f"{runs_dir} (see 'discover inspect')."
    )
