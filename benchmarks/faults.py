"""What goes wrong on purpose during a soak: processes, disk, clock, logs, and a model that fails now and then."""

from __future__ import annotations

import hashlib
import os
import resource
import select
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Self

import numpy as np

from benchmarks.speaking import Speaking, completion

JUMPING_CLOCK = """import time
true = time.time
def jumping():
    day = 86400 * (int(time.monotonic() * 4) * 7919 % 7301 - 3650)
    return true() + day
time.time = jumping
time.time_ns = lambda: int(jumping() * 1e9)
"""
"""A `sitecustomize` that moves the wall clock back and forth by up to ten years, four times a second."""

LAW = """Hypothesis: a power law.
```python
PARAMETERS = {{"L": (0, 100), "A": (0, 1e4)}}
def form(x, p):
    return p["L"] + p["A"] * x["N"] ** -{power}{flaw}
```"""
TROUBLE = ("429", "500", "stalled", "truncated", "dropped")


# -- processes ---------------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    """Living children of a process; none of one that is gone."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, listed.read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def warm(pid: int) -> list[int]:
    """The warm processes of every sandbox below `pid`, and what watches over them."""
    return [one for one in descendants(pid) if _is_warm_process(one) and not _is_candidate(one)]


def _is_warm_process(pid: int) -> bool:
    return _says(pid, b"warm_process.py")


def _says(pid: int, part: bytes) -> bool:
    """Whether a process was started with that in its command line."""
    try:
        return part in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _is_candidate(pid: int) -> bool:
    """A fork of a warm process, which leads a session of its own; its watcher's parent is no sandbox process."""
    with suppress(OSError, IndexError):
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return os.getsid(pid) == pid and _is_warm_process(parent)
    return False


def kill_candidate(pid: int, seconds: float = 3.0) -> bool:
    """SIGKILL to the first candidate that runs below `pid`; False where none did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for warm_process in warm(pid):
            until = time.monotonic() + 0.2
            while time.monotonic() < until:
                if any(_is_candidate(one) and _kill_child(one, warm_process) for one in children(warm_process)):
                    return True
                time.sleep(0.003)
        time.sleep(0.05)
    return False


def _kill_child(pid: int, parent: int) -> bool:
    """By a descriptor that cannot mean another process."""
    with suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            if pid in children(parent):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        finally:
            os.close(descriptor)
    return False


def kill_warm_process(pid: int, rng: np.random.Generator) -> bool:
    """SIGKILL to one warm process below `pid`, or its watcher, wherever in its life it is."""
    found = warm(pid)
    if not found:
        return False
    chosen = int(rng.choice(found))
    return any(_kill_child(chosen, parent) for parent in (pid, *descendants(pid)) if chosen in children(parent))


# -- disk and logs -----------------------------------------------------------------------------------------


class Disk:
    """A folder whose disk can be filled: a file system of its own for root, else a limit of file sizes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
        may = os.geteuid() == 0
        self.mounted = may and subprocess.run(mount, capture_output=True, check=False).returncode == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def fill(self, pid: int, runs_dir: Path) -> None:
        """From now on the command `pid`, which archives in `runs_dir`, cannot write."""
        if self.mounted:
            with suppress(OSError), open(self.folder / "ballast", "wb", buffering=0) as ballast:
                while ballast.write(b"x" * 4096):
                    pass
            return
        sizes = [log.stat().st_size for log in runs_dir.glob("*/*/*/events.jsonl")]
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(sizes, default=0), resource.RLIM_INFINITY))

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


def tear(archive: Path, rng: np.random.Generator) -> str:
    """Leave the end of a log as a kill or a power cut may: a last line cut short, or followed by garbage."""
    events = archive / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    if lines and rng.random() < 0.5:
        os.truncate(events, events.stat().st_size - int(rng.integers(1, len(lines[-1]) + 1)))
        return "log cut short"
    log = events if rng.random() < 0.5 else archive / "calls.jsonl"
    with open(log, "ab") as file:
        file.write(rng.bytes(int(rng.integers(1, 200))) + (b"\n" if rng.random() < 0.5 else b""))
    return "garbage in a log"


# -- model -------------------------------------------------------------------------------------------------


class FaultyModel:
    """A model on loopback whose reply follows from the seed of the question alone, and the books of its owner.

    A question is known by the digest of its request and its slot; an idempotency key adds the attempt. With
    `trouble` (a probability) its first attempt fails.
    """

    def __init__(self) -> None:
        self.trouble, self.seed = 0.0, 0
        self.asked: list[str] = []
        self.billed: Counter[str] = Counter()
        self.troubled: Counter[str] = Counter()
        self.lock = Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        Thread(target=self._server.serve_forever, args=(0.2,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def begin(self, seed: int, trouble: float) -> None:
        """Forget the books; another round begins."""
        self.seed, self.trouble = seed, trouble
        for book in (self.asked, self.billed, self.troubled):
            book.clear()

    def questions(self) -> Counter[str]:
        """How many keys were billed for each question."""
        return Counter(key.rpartition("-")[0] for key in self.billed)

    def asked_for(self, key: str) -> str | None:
        """Take note of a request; which trouble it meets, if any."""
        draw = hashlib.sha256(f"{self.seed}:{key}".encode()).digest()
        meets = key.endswith("-1") and draw[0] < 256 * self.trouble
        trouble = TROUBLE[draw[1] % len(TROUBLE)] if meets else None
        with self.lock:
            self.asked.append(key)
            if trouble is None:
                self.billed[key] += 1
            else:
                self.troubled[f"model: {trouble}"] += 1
        return trouble


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    model: FaultyModel


class _Handler(Speaking):
    server: _Server

    def do_POST(self) -> None:
        asked = self.asked()
        trouble = self.server.model.asked_for(self.headers["Idempotency-Key"])
        with suppress(ConnectionError):
            self._meet(trouble, completion(_law(asked["seed"])))

    def _meet(self, trouble: str | None, reply: bytes) -> None:
        if trouble in ("429", "500"):
            self.send(int(trouble), b'{"error": {"message": "no", "type": "x", "code": null}}')
        elif trouble == "dropped":
            self.close_connection = True
        elif trouble == "stalled":
            self.close_connection = True
            self.send(200, reply, sent=len(reply) // 2)
            select.select([self.connection], [], [], 120)  # until the client gives up
        else:
            self.send(200, reply[: len(reply) // 2] if trouble == "truncated" else reply)


def _law(seed: int) -> str:
    """A law, one with an error, or words without code."""
    flaw = "" if seed % 5 else " + p['none']"
    return LAW.format(power=(seed % 37 + 1) / 40, flaw=flaw) if seed % 7 else "I have no idea."
