"""A system-call allow-list: what numpy needs to compute, nothing that reaches another process or the machine.

No call opens or maps a file, in any tier: all that a candidate may import is in memory before its code starts. Calls
that could carry a message to another process, or tell what others do (free memory, faults, other processes' clocks,
shared futexes), are left out, or bound to arguments that concern the caller alone.

Numbers are of x86_64 (measured) and of the kernel's generic table that aarch64 uses (proved only by the
canaries).
"""

import ctypes
import platform
import struct
from dataclasses import dataclass

from lawsmith.sandbox.isolation.kernel import PR_SET_NO_NEW_PRIVS, prctl, syscall

# name -> (x86_64, aarch64); None where the architecture has no such call
_COMPUTE: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "poll": (7, None),
    "lseek": (8, 62),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "readv": (19, 65),
    "writev": (20, 66),
    "select": (23, None),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "uname": (63, 160),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "getrandom": (318, 278),
}


@dataclass(frozen=True)
class _Bound:
    """A call that is allowed for some values of one argument: what is left of it without the bits of `ignoring` must
    be one of `values`. With `any_of` nothing may be left of it, and one of these bits must be there."""

    numbers: tuple[int, int]
    argument: int
    values: tuple[int, ...] = ()
    ignoring: int = 0
    any_of: int = 0


# linux/futex.h and asm-generic/mman.h
_PRIVATE, _CLOCK_REALTIME = 128, 256
_ANONYMOUS = 0x20
_MAP_FLAGS = 0x1 | 0x2 | 0x10 | _ANONYMOUS | 0x100 | 0x800 | 0x4000 | 0x8000 | 0x20000 | 0x100000
_OWN_CLOCKS = tuple(range(8))  # a negative number is the CPU clock of any other process
_BOUND: dict[str, _Bound] = {
    # Without the private flag a futex is found by its page, which a library's file shares with everybody. The
    # priority-inheriting ones tell whether a process exists.
    "futex": _Bound((202, 98), 1, tuple(_PRIVATE | op for op in (0, 1, 3, 4, 5, 9, 10)), _CLOCK_REALTIME),
    "sched_getaffinity": _Bound((204, 123), 0, (0,)),
    "clock_gettime": _Bound((228, 113), 0, _OWN_CLOCKS),
    "clock_getres": _Bound((229, 114), 0, _OWN_CLOCKS),
    "clock_nanosleep": _Bound((230, 115), 0, _OWN_CLOCKS),
    # Not those that drop or fetch a file's pages, which others can see: DONTNEED, FREE, huge pages or not.
    "madvise": _Bound((28, 233), 2, (0, 4, 8, 14, 15)),
    "mmap": _Bound((9, 222), 3, ignoring=_MAP_FLAGS, any_of=_ANONYMOUS),
    "fcntl": _Bound((72, 25), 1, (0, 1, 2, 3)),  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL; F_SETOWN sends signals
}
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_SECCOMP = {"x86_64": 317, "aarch64": 277}
# linux/seccomp.h and filter.h
_SET_MODE_FILTER = 1
_ALLOW, _KILL, _EPERM = 0x7FFF0000, 0x80000000, 0x00050000 | 1
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT = 0x15, 0x35, 0x45
_X32 = 0x40000000


def supported() -> bool:
    """Whether the call numbers of this architecture are known."""
    return platform.machine() in _ARCHITECTURES


def program() -> bytes:
    """The filter as BPF. Other calls fail with EPERM; one of a foreign architecture or x32 kills the process."""
    column, architecture = _ARCHITECTURES[platform.machine()]
    code = [
        _op(_LOAD, 0, 0, 4),
        _op(_JUMP_EQUAL, 1, 0, architecture),
        _op(_RETURN, 0, 0, _KILL),
        _op(_LOAD, 0, 0, 0),
        _op(_JUMP_AT_LEAST, 0, 1, _X32),
        _op(_RETURN, 0, 0, _KILL),
    ]
    for numbers in _COMPUTE.values():
        if (number := numbers[column]) is not None:
            code += [_op(_JUMP_EQUAL, 0, 1, number), _op(_RETURN, 0, 0, _ALLOW)]
    for bound in _BOUND.values():
        block = _block(bound)
        code += [_op(_JUMP_EQUAL, 0, len(block), bound.numbers[column]), *block]
    return b"".join([*code, _op(_RETURN, 0, 0, _EPERM)])


def _block(bound: _Bound) -> list[bytes]:
    """Allows or refuses one call by its argument; the kernel reads no more than its lower half."""
    place = 16 + 8 * bound.argument
    if bound.any_of:
        return [
            _op(_LOAD, 0, 0, place),
            _op(_JUMP_ANY_BIT, 2, 0, ~bound.ignoring & 0xFFFFFFFF),
            _op(_JUMP_ANY_BIT, 0, 1, bound.any_of),
            _op(_RETURN, 0, 0, _ALLOW),
            _op(_RETURN, 0, 0, _EPERM),
        ]
    checks = [_op(_LOAD, 0, 0, place), _op(_AND, 0, 0, ~bound.ignoring & 0xFFFFFFFF)]
    for value in bound.values:
        checks += [_op(_JUMP_EQUAL, 0, 1, value), _op(_RETURN, 0, 0, _ALLOW)]
    return [*checks, _op(_RETURN, 0, 0, _EPERM)]


def install(filter_program: bytes) -> None:
    """Binds this process to the filter for good; raises OSError where that is denied."""
    buffer = ctypes.create_string_buffer(filter_program, len(filter_program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(filter_program) // 8, ctypes.addressof(buffer)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    syscall(_SECCOMP[platform.machine()], _SET_MODE_FILTER, 0, ctypes.cast(head, ctypes.c_void_p))


def _op(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
