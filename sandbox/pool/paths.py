"""Where the interpreter, numpy and scipy live: the only files that a candidate may ever read."""

import functools
import importlib.util
import os
import re
import sys
import sysconfig
from pathlib import Path

_SHARED_LIBRARY = re.compile(r"\S+ \S+ \S+ \S+ \d+\s+(/\S*/(?:lib|ld-)[^/]*\.so[.\d]*)$", re.MULTILINE)
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/gnu/store")


def readable() -> list[str]:
    """Resolved folders and files of the standard library, numpy, scipy and the system's shared libraries."""
    folders = {Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("platstdlib"))}
    for folder in _numeric():
        folders |= {folder, folder.with_name(f"{folder.name}.libs")}
    folders |= _system_libraries() | {Path("/etc/ld.so.cache")}
    return sorted({_place(folder) for folder in folders if folder.exists()})


def _place(path: Path) -> str:
    """A folder by its real name; a library's file by the name under which it is looked for."""
    return os.path.realpath(path) if path.is_dir() else os.path.join(os.path.realpath(path.parent), path.name)


def packages() -> dict[str, str]:
    """Our own packages that the warm process imports; candidates cannot read them."""
    sandbox = Path(__file__).resolve().parents[1]
    return {f"lawsmith.{name}": str(sandbox.parent / name) for name in ("sandbox", "tasks")}


def import_path() -> list[str]:
    """What the warm process adds to its module search path: where numpy and scipy are."""
    return sorted({os.path.realpath(folder.parent) for folder in _numeric()})


_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
"""For the allocator of glibc: a fork keeps the memory of its temporary arrays instead of asking the kernel anew."""


def environment() -> dict[str, str]:
    """The whole environment of the warm process: one thread, fixed hashes, nothing of the user's."""
    kept = {
        name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_") or name == "LD_LIBRARY_PATH"
    }
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    return {**kept, **threads, **_MEMORY, "PYTHONHASHSEED": "0"}


def command(descriptor: int) -> list[str]:
    """Starts the warm process without site packages, user folder or current folder in its path."""
    script = str(Path(__file__).with_name("warm_main.py"))
    return [sys.executable, "-P", "-s", "-S", "-B", script, str(descriptor)]


def _numeric() -> list[Path]:
    found = [importlib.util.find_spec(name) for name in ("numpy", "scipy")]
    return [Path(spec.origin).parent for spec in found if spec is not None and spec.origin is not None]


def _system_libraries() -> set[Path]:
    """Folders of the system or the interpreter that hold libraries in use; of any other folder, those files alone.

    Which files are mapped depends on variables such as LD_PRELOAD: they must not open a folder.
    """
    packaged = [os.path.realpath(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    found: set[Path] = set()
    for name in _SHARED_LIBRARY.findall(Path("/proc/self/maps").read_text()):
        folder = Path(name).parent
        if any(name.startswith(place) for place in packaged):
            continue
        if any(folder == place or place in folder.parents for place in _library_folders()):
            found.add(folder)
        else:
            found |= {alias for alias in folder.glob("lib*.so*") if os.path.realpath(alias) == name}
    return found


@functools.cache
def _library_folders() -> tuple[Path, ...]:
    prefixes = {os.path.realpath(prefix) for prefix in (sys.base_prefix, sys.base_exec_prefix)}
    own = [Path(prefix) / name for prefix in prefixes for name in ("lib", "lib64")]
    return (*map(Path, _SYSTEM), *own)
