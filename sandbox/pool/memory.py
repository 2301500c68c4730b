"""The memory of the warm process: its size, and loading all pages of its library files before any candidate runs.

A page that is read from the disk only when a candidate first touches it would be a mark that the next one can find.
"""

import contextlib
import ctypes
import os
import resource

from lawsmith.sandbox.isolation import kernel

_POPULATE_READ = 22  # madvise, from Linux 5.14
_CHUNK = 1 << 20  # bytes read at once


class Memory:
    """Reads this process's own entries of /proc through descriptors, which still work in a private root."""

    def __init__(self) -> None:
        self._size = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._maps = os.open("/proc/self/maps", os.O_RDONLY | os.O_CLOEXEC)
        self._touched: set[tuple[int, int]] = set()

    def address_space(self) -> int:
        """Bytes of address space in use."""
        return int(os.pread(self._size, 64, 0).split()[0]) * resource.getpagesize()

    def touch(self) -> None:
        """Brings every page of each mapped file to memory and maps it here, which also keeps it there."""
        for begin, end, path in self._files():
            if (begin, end) not in self._touched:
                self._touched.add((begin, end))
                _populate(begin, end, path)

    def _files(self) -> list[tuple[int, int, str]]:
        os.lseek(self._maps, 0, os.SEEK_SET)
        text = b"".join(iter(lambda: os.read(self._maps, _CHUNK), b"")).decode(errors="surrogateescape")
        found = []
        for line in text.splitlines():
            span, access, _, _, _, *path = line.split(maxsplit=5)
            if access.startswith("r") and path and path[0].startswith("/"):
                begin, end = (int(number, 16) for number in span.split("-"))
                found.append((begin, end, path[0]))
        return found


def _populate(begin: int, end: int, path: str) -> None:
    if kernel.madvise(ctypes.c_void_p(begin), end - begin, _POPULATE_READ):
        return
    with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:  # older kernels: in memory at least
        while file.read(_CHUNK):
            pass
