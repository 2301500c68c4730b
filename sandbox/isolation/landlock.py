"""Landlock (Linux 5.13 and later): a few folders to read, no TCP, no signals out of the domain."""

import os
import struct
from collections.abc import Sequence

from lawsmith.sandbox.isolation.kernel import pointer, syscall

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
# linux/landlock.h
_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP = 0b11  # bind and connect, from version 4
_SCOPED = 0b11  # abstract unix sockets and signals, from version 6


def version() -> int:
    """The kernel's Landlock version; 0 where it has none."""
    try:
        return syscall(_CREATE, None, 0, _VERSION)
    except OSError:
        return 0


def restrict(readable: Sequence[str]) -> None:
    """Binds this thread and its forks to reading `readable`; raises OSError where that is impossible.

    Needs NO_NEW_PRIVS. Paths that do not exist are skipped: they cannot be read either.
    """
    kernel = version()
    if not kernel:
        raise OSError("the kernel has no Landlock")
    files = _FILE_RIGHTS[max(key for key in _FILE_RIGHTS if key <= kernel)]
    attributes = struct.pack("=QQQ", files, _TCP if kernel >= 4 else 0, _SCOPED if kernel >= 6 else 0)
    size = 24 if kernel >= 6 else 16 if kernel >= 4 else 8
    ruleset = syscall(_CREATE, pointer(attributes), size, 0)
    try:
        for path in readable:
            if os.path.exists(path):
                _allow(ruleset, path)
        syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
        syscall(_ADD, ruleset, _PATH_BENEATH, pointer(struct.pack("=Qi", rights, descriptor)), 0)
    finally:
        os.close(descriptor)
