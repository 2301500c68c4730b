"""A private view of the machine: read-only library folders, no network, no other process, no capability.

Where a machine grants no namespaces, Landlock (Linux 5.13 and later) at least closes off files, TCP and signals.
"""

import contextlib
import os
import platform
import struct
from collections.abc import Sequence

from lawsmith.sandbox.isolation.kernel import (
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_SET_NO_NEW_PRIVS,
    mount,
    pointer,
    prctl,
    syscall,
    umount,
    unshare,
)

# linux/sched.h, mount.h and capability.h
_NEW_MOUNTS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
_ALL = _NEW_MOUNTS | _NEW_CGROUP | _NEW_UTS | _NEW_IPC | _NEW_PID | _NEW_NETWORK

_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_AT_RECURSIVE, _ATTR_LOCKED_DOWN = 0x8000, 1 | 2 | 4  # read-only, no set-uid, no devices
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION = 0x20080522
_NOBODY, _UNUSED = 65534, 2_000_000_000


def enter() -> None:
    """Leaves the machine's namespaces for all that is forked from now on. Raises OSError where forbidden."""
    uid, gid = os.geteuid(), os.getegid()
    if spare_uid() is not None:
        unshare(_ALL)
        return
    unshare(_NEW_USER | _ALL)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{_NOBODY} {uid} 1")
    _write("/proc/self/gid_map", f"{_NOBODY} {gid} 1")


def private_root(readable: Sequence[str]) -> None:
    """Makes a tmpfs the root that holds only `readable`, at their own paths, all of it read-only."""
    mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    root = "/tmp"  # exists everywhere, and the new tmpfs hides whatever it held
    sources = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in readable if os.path.exists(path)}
    mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for path, source in sorted(sources.items()):
        target = root + path
        if not os.path.exists(target):
            _make(target, os.path.isdir(f"/proc/self/fd/{source}"))
        mount(f"/proc/self/fd/{source}", target, None, _MS_BIND | _MS_REC)
        os.close(source)
    attributes = struct.pack("=QQQQ", _ATTR_LOCKED_DOWN, 0, 0, 0)
    syscall(_MOUNT_SETATTR, -100, os.fsencode(root), _AT_RECURSIVE, pointer(attributes), len(attributes))
    os.chdir(root)
    syscall(_PIVOT_ROOT[platform.machine()], b".", b".")
    umount(".", _MNT_DETACH)
    os.chdir("/")


def spare_uid() -> int | None:
    """A user id that nobody has, if this process is root and may become it; None otherwise."""
    if os.geteuid() != 0:
        return None
    with open("/proc/self/uid_map") as mapping:
        ranges = [tuple(map(int, line.split())) for line in mapping]
    for uid in (_UNUSED + os.getpid(), _NOBODY):
        if any(start <= uid < start + count for start, _, count in ranges):
            return uid
    return None


def drop_privileges(uid: int | None) -> None:
    """Becomes `uid` (None: stays) without groups, without any capability, and unable to gain one."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    syscall(_CAPSET[platform.machine()], pointer(header), pointer(bytes(24)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def forget_capabilities() -> None:
    """Makes sure that no program started from here can have a capability."""
    last = 0
    with contextlib.suppress(OSError):
        while prctl(PR_CAPBSET_READ, last) >= 0:
            with contextlib.suppress(PermissionError):
                prctl(PR_CAPBSET_DROP, last)
            last += 1


def _make(target: str, folder: bool) -> None:
    os.makedirs(target if folder else os.path.dirname(target), mode=0o755, exist_ok=True)
    if not folder:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
# linux/landlock.h
_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP = 0b11  # bind and connect, from version 4
_SCOPED = 0b11  # abstract unix sockets and signals, from version 6


def restrict_files(readable: Sequence[str]) -> None:
    """Binds this thread and its forks to reading `readable`; raises OSError where that is impossible.

    Needs NO_NEW_PRIVS. Paths that do not exist are skipped: they cannot be read either.
    """
    try:
        kernel = syscall(_CREATE, None, 0, _VERSION)
    except OSError:
        raise OSError("the kernel has no Landlock") from None
    files = _FILE_RIGHTS[max(key for key in _FILE_RIGHTS if key <= kernel)]
    attributes = struct.pack("=QQQ", files, _TCP if kernel >= 4 else 0, _SCOPED if kernel >= 6 else 0)
    size = 24 if kernel >= 6 else 16 if kernel >= 4 else 8
    ruleset = syscall(_CREATE, pointer(attributes), size, 0)
    try:
        for path in readable:
            if os.path.exists(path):
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                try:
                    rights = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
                    syscall(_ADD, ruleset, _PATH_BENEATH, pointer(struct.pack("=Qi", rights, descriptor)), 0)
                finally:
                    os.close(descriptor)
        syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
