"""A system-call allow-list: what numpy needs to compute, nothing that reaches another process or the machine.

Numbers are of x86_64 (measured) and of the kernel's generic table that aarch64 uses (proved only by the
canaries).
"""

import ctypes
import os
import platform
import struct

from lawsmith.sandbox.isolation.kernel import PR_SET_NO_NEW_PRIVS, prctl, syscall

# name -> (x86_64, aarch64); None where the architecture has no such call
_COMPUTE: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, None),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "select": (23, None),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "uname": (63, 160),
    "gettimeofday": (96, 169),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "time": (201, None),
    "getrusage": (98, 165),
    "times": (100, 153),
    "sysinfo": (99, 179),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "sigaltstack": (131, 132),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "sched_getaffinity": (204, 123),
    "getrandom": (318, 278),
    "getcpu": (309, 168),
    "rseq": (334, 293),
}
_READ_PATHS: dict[str, tuple[int | None, int | None]] = {
    "stat": (4, None),
    "lstat": (6, None),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "newfstatat": (262, 79),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "statx": (332, 291),
}
_OPEN: dict[str, tuple[tuple[int, int] | None, tuple[int, int] | None]] = {  # number and place of the flags
    "open": ((2, 1), None),
    "openat": ((257, 2), (56, 2)),
}
_FCNTL = (72, 25)
_FCNTL_LAST = 3  # F_DUPFD, F_GETFD, F_SETFD and F_GETFL, but not F_SETOWN, which sends signals
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1
_ALLOW, _KILL, _EPERM = 0x7FFF0000, 0x80000000, 0x00050000 | 1
_LOAD, _RETURN = 0x20, 0x06
_JUMP_EQUAL, _JUMP_ABOVE, _JUMP_AT_LEAST, _JUMP_ANY_BIT = 0x15, 0x25, 0x35, 0x45
_X32 = 0x40000000


def supported() -> bool:
    """Whether the call numbers of this architecture are known."""
    return platform.machine() in _ARCHITECTURES


def program(read_paths: bool) -> bytes:
    """The filter as BPF. Other calls fail with EPERM; one of a foreign architecture or x32 kills the process.

    `read_paths` adds opening files for reading, which is safe only in a private root: Landlock alone would
    still tell which files exist, how large and how old they are.
    """
    column, architecture = _ARCHITECTURES[platform.machine()]
    calls = {**_COMPUTE, **(_READ_PATHS if read_paths else {})}
    code = [
        _op(_LOAD, 0, 0, 4),
        _op(_JUMP_EQUAL, 1, 0, architecture),
        _op(_RETURN, 0, 0, _KILL),
        _op(_LOAD, 0, 0, 0),
        _op(_JUMP_AT_LEAST, 0, 1, _X32),
        _op(_RETURN, 0, 0, _KILL),
    ]
    for numbers in calls.values():
        if (number := numbers[column]) is not None:
            code += [_op(_JUMP_EQUAL, 0, 1, number), _op(_RETURN, 0, 0, _ALLOW)]
    for places in _OPEN.values():
        place = places[column]
        if read_paths and place is not None:
            number, argument = place
            code += [
                _op(_JUMP_EQUAL, 0, 4, number),
                _op(_LOAD, 0, 0, 16 + 8 * argument),
                _op(_JUMP_ANY_BIT, 0, 1, _WRITING),
                _op(_RETURN, 0, 0, _EPERM),
                _op(_RETURN, 0, 0, _ALLOW),
            ]
    code += [
        _op(_JUMP_EQUAL, 0, 4, _FCNTL[column]),
        _op(_LOAD, 0, 0, 16 + 8),
        _op(_JUMP_ABOVE, 0, 1, _FCNTL_LAST),
        _op(_RETURN, 0, 0, _EPERM),
        _op(_RETURN, 0, 0, _ALLOW),
        _op(_RETURN, 0, 0, _EPERM),
    ]
    return b"".join(code)


def install(filter_program: bytes) -> None:
    """Binds this process to the filter for good; raises OSError where that is denied."""
    buffer = ctypes.create_string_buffer(filter_program, len(filter_program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(filter_program) // 8, ctypes.addressof(buffer)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    syscall(_SECCOMP[platform.machine()], _SET_MODE_FILTER, 0, ctypes.cast(head, ctypes.c_void_p))


def _op(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
