"""Direct system calls, for what the standard library does not wrap."""

import ctypes
import functools
import os
import platform

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
_SET_ROBUST_LIST = {"x86_64": 273, "aarch64": 99}


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: int | ctypes.c_void_p | bytes | None) -> int:
    """The result of a raw system call; raises OSError with the kernel's errno."""
    result = _libc().syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    return _checked(int(result), f"system call {number}")


def pointer(data: bytes) -> ctypes.c_void_p:
    """The address of a copy of `data`, for a system call; the pointer keeps the copy alive."""
    return ctypes.cast(ctypes.create_string_buffer(data, len(data)), ctypes.c_void_p)


def prctl(option: int, *arguments: int) -> int:
    """prctl(2); raises OSError where the kernel refuses."""
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(int(_libc().prctl(option, *padded)), f"prctl {option}")


def madvise(address: ctypes.c_void_p, length: int, advice: int) -> bool:
    """Whether the kernel took the advice."""
    return int(_libc().madvise(address, ctypes.c_size_t(length), advice)) == 0


def forget_robust_list() -> None:
    """Lets the kernel wake nobody when this process ends: the list is in the candidate's own memory."""
    syscall(_SET_ROBUST_LIST[platform.machine()], None, 24)


def unshare(flags: int) -> None:
    """unshare(2): leave the namespaces in `flags`; raises OSError."""
    _checked(int(_libc().unshare(flags)), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2); raises OSError that names the target."""
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    options = None if data is None else data.encode()
    _checked(int(_libc().mount(*encoded, ctypes.c_ulong(flags), options)), f"mount {target}")


def umount(target: str, flags: int) -> None:
    """umount2(2); raises OSError that names the target."""
    _checked(int(_libc().umount2(os.fsencode(target), flags)), f"umount {target}")


def _checked(result: int, what: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
