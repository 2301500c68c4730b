"""A new folder that appears whole or not at all, and what a kill may leave behind while it is made."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from lawsmith.runs.files import sync_folder, write_atomic

STALE_SECONDS = 3600.0
"""A folder takes milliseconds to make; nobody is at work on one that was begun an hour ago."""

_HIDDEN = re.compile(r"\.new-[0-9a-f]{16}")


def create_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder with these files at `path`, in one step, and clear away what kills left beside it long ago.

    Raises:
        OSError: there is a folder, or the disk refuses.
    """
    hidden = path.parent / f".new-{secrets.token_hex(8)}"
    hidden.mkdir()
    try:
        _sweep(path.parent, hidden.stat().st_mtime, files.keys())
        for name, data in files.items():
            write_atomic(hidden / name, data)
        os.rename(hidden, path)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    sync_folder(path.parent)


def _sweep(folder: Path, now: float, names: Collection[str]) -> None:
    """Remove hidden folders that were left half made; `now` is by the clock of their disk. One that holds anything
    but the files of those names is not ours and stays."""
    ours = re.compile("|".join(rf"{re.escape(name)}|\.{re.escape(name)}\.\d+\.tmp" for name in names))
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if _HIDDEN.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
    for entry in found:
        with suppress(OSError):  # somebody else sweeps, or may and we may not
            if now - entry.stat().st_mtime > STALE_SECONDS and all(map(ours.fullmatch, os.listdir(entry))):
                for name in os.listdir(entry):
                    os.unlink(os.path.join(entry.path, name))
                os.rmdir(entry.path)
