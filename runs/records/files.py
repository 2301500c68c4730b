"""Reading and writing an archive's files and folders: atomic, durable, bounded, and never through a link.

A stranger's archive may hold links, pipes, huge files or files that change while they are read. Every file is
opened without following a link in its last part, must be a regular file, and is read up to a stated bound.
"""

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lawsmith.tasks.errors import InputError
from lawsmith.tasks.user_files import sync_folder, write_whole

MAX_FILE_BYTES = 64 * 2**20  # manifest, law, result, report; the two logs are bounded by the line
MAX_LINE_BYTES = 16 * 2**20  # of a log: a trial takes some kB

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def safe_name(text: str) -> str:
    """A file name for a stranger's text (a task or model name): ASCII letters, digits, dots, dashes,
    underscores."""
    cleaned = re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-._")[:80]
    return cleaned or "unnamed"


def is_safe_name(text: str) -> bool:
    """Whether the text may name a file as it is."""
    return _NAME.fullmatch(text) is not None


@contextmanager
def open_regular(path: Path, flags: int = os.O_RDONLY) -> Iterator[int]:
    """A descriptor of a regular file, no link followed, no pipe waited for.

    Raises:
        FileNotFoundError: there is none.
        InputError: it is a link or something else than a regular file.
    """
    descriptor = open_regular_descriptor(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_regular_descriptor(path: Path, flags: int) -> int:
    """As `open_regular`; the caller closes it. Raises InputError for a link, a pipe or a folder."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise InputError(f"{path} must be a regular file; archives hold no links, pipes or folders.") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{path} must be a regular file; archives hold no links, pipes or folders.")
    return descriptor


def read_bounded(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """The whole file.

    Raises:
        FileNotFoundError: there is none.
        InputError: not a regular file, unreadable, or larger than `limit` bytes.
    """
    try:
        with open_regular(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > limit:
        raise InputError(f"{path} is larger than {limit} bytes, which no archive's file of that name is.")
    return data


def write_atomic(path: Path, data: bytes) -> None:
    """Put `data` under `path` so that a reader sees the old file or the new one, also after a power cut. Raises
    InputError: the folder cannot be written or the disk is full; the old file is untouched."""
    with writing(path):
        write_whole(path, data)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write into one sentence for the user. Raises InputError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "the disk is full; all recorded candidates are safe. Free some space and run the command again"
        else:
            remedy = f"{(error.strerror or 'input/output error').lower()}; choose a folder that can be written"
        raise InputError(f"{path} cannot be written: {remedy}.") from error


def create_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder with these files at `path`, in one step; a kill in these milliseconds leaves a hidden folder. Raises
    OSError: there is a folder, or the disk refuses."""
    hidden = path.parent / f".new-{secrets.token_hex(8)}"
    hidden.mkdir()
    try:
        for name, data in files.items():
            write_atomic(hidden / name, data)
        os.rename(hidden, path)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    sync_folder(path.parent)
