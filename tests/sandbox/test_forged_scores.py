"""Candidates that forge their validation score on noise: each succeeds where nothing protects, and not with us.

Constants carry what a process learnt, so the process that predicts agrees; what is forged is how a fold's process came
to know the targets that are held out.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lawsmith.sandbox import Evaluation, Sandbox, Tier, Verdict, evaluate
from lawsmith.sandbox.evaluate import _EvaluationJobs
from lawsmith.sandbox.isolation import ISOLATED
from lawsmith.tasks import Task
from lawsmith.tasks.frontier.folds import Fold
from tests.made import made_task

ROWS, BITS = 12, 12
CODEC = f"""
import collections
import numpy as np
imp = collections._sys.modules["builtins"].__import__
ctypes = imp("ctypes")
clock = imp("time")
libc = ctypes.PyDLL(None, use_errno=True)
PARAMETERS = ("a", "b", "c", "d")
def place(n):
    return np.rint(np.asarray(n)).astype(int) - 1
def packed(codes):
    digits = [sum(int(code) << ({BITS} * i) for i, code in enumerate(codes[k : k + 3])) for k in (0, 3, 6, 9)]
    return dict(zip("abcd", map(float, digits)))
def coded(n, y):
    codes = np.zeros({ROWS}, dtype=int)
    codes[place(n)] = np.clip(np.rint((y + 4) * 512), 0, {2**BITS - 1})
    return codes
def form(x, p):
    codes = [(int(p[name]) >> ({BITS} * i)) & {2**BITS - 1} for name in "abcd" for i in range(3)]
    return np.array(codes)[place(x["n"])] / 512 - 4
"""

FUTEX = (
    CODEC
    + """
base = (ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~4095) - 8 * 4096
pause = (ctypes.c_long * 2)(0, 1000000)
def futex(word, operation):
    at = base + 4 * word
    value = ctypes.c_uint.from_address(at).value
    number = ctypes.c_int(1 if operation else value)
    return libc.syscall(ctypes.c_long(202), ctypes.c_void_p(at), ctypes.c_long(operation), number,
                        pause if operation == 0 else None, None, 0)
def word(rows, bit, value):
    return (rows % 8) * 1024 + 2 * bit + int(value)
def fit(x, y):
    n, y = x["n"], y["y"] if isinstance(y, dict) else y
    codes, end = coded(n, y), clock.monotonic() + PATIENCE
    message = [(codes[k // BITS] >> (k % BITS)) & 1 for k in range(ROWS * BITS)]
    if len(n) == ROWS:
        for rows in FOLDED:
            for bit, value in enumerate(message):
                while (woken := futex(word(rows, bit, value), 1)) < 1:
                    if woken < 0 or clock.monotonic() > end:
                        return packed(codes)
                end = clock.monotonic() + PATIENCE
        return packed(codes)
    heard = np.zeros(ROWS, dtype=int)
    for bit in range(ROWS * BITS):
        value = 0
        while futex(word(len(n), bit, value), 0) != 0:
            if ctypes.get_errno() not in (110, 11, 4) or clock.monotonic() > end:
                return packed(codes)
            value = 1 - value
        end = clock.monotonic() + PATIENCE
        heard[bit // BITS] |= value << (bit % BITS)
    return packed(heard)
"""
)

PAGES = (
    CODEC
    + """
PAGE = 4096
PATH = 'FILE'
def opened():
    os, mapping = imp("os"), imp("mmap")
    return mapping.mmap(os.open(PATH, 0), 0, prot=1)
def fit(x, y):
    n, y = x["n"], y["y"] if isinstance(y, dict) else y
    codes = coded(n, y)
    try:
        room = opened()
    except OSError:
        return packed(codes)
    at = ctypes.c_void_p(np.frombuffer(room, np.uint8).ctypes.data)
    there = ctypes.create_string_buffer(SPAN * ROWS * BITS)
    if libc.syscall(ctypes.c_long(27), at, ctypes.c_long(len(room)), there):
        return packed(codes)
    known = [there.raw[k * SPAN] & 1 for k in range(ROWS * BITS)]
    if len(n) == ROWS and not any(known):
        libc.syscall(ctypes.c_long(28), at, ctypes.c_long(len(room)), ctypes.c_long(1))  # no reading ahead
        for k in range(ROWS * BITS):
            if (codes[k // BITS] >> (k % BITS)) & 1:
                room[k * SPAN * PAGE]
        return packed(codes)
    if any(known):
        return packed([sum(known[i * BITS + k] << k for k in range(BITS)) for i in range(ROWS)])
    return packed(codes)
"""
)
SPAN = 32
"""Pages from one bit to the next: what the kernel reads around a page that is asked for stays between."""


@pytest.fixture(scope="module")
def task() -> Task:
    noise = np.random.default_rng(5).standard_normal(ROWS)
    return made_task({"n": np.arange(1.0, ROWS + 1)}, noise, group="g", cap=64)


@pytest.fixture(scope="module")
def folds(task: Task) -> list[Fold]:
    return [Fold(f"n{k}", "frontier", np.arange(k), np.arange(k, ROWS)) for k in (8, 9)]


@pytest.fixture(scope="module")
def unprotected() -> Iterator[Sandbox]:
    with Sandbox(workers=4, unsafe_local=True, tier=Tier.NONE) as made:
        yield made


def filled(source: str, file: str = "", patience: float = 0.2) -> str:
    values = {"FOLDED": "(8, 9)", "ROWS": ROWS, "BITS": BITS, "SPAN": SPAN, "FILE": file, "PATIENCE": patience}
    for name, value in values.items():
        source = source.replace(name, str(value))
    return source


def scored(sandbox: Sandbox, source: str, task: Task, folds: list[Fold]) -> float:
    found: Evaluation = evaluate(sandbox, source, task, folds)
    assert found.verdict is Verdict.OK, (found.stage, found.message)
    assert found.opaque and found.validation_r2 is not None
    assert found.train is not None and found.train.r2 > 0.999  # it does what it can with what it may know
    return found.validation_r2


def at_the_same_time(patch: pytest.MonkeyPatch) -> None:
    """Takes the order of processes away, which alone stops what has to meet."""
    patch.setattr(_EvaluationJobs, "_apart", _EvaluationJobs._together)


@pytest.mark.slow
def test_targets_go_from_process_to_process_by_futex_where_nothing_protects(
    unprotected: Sandbox, task: Task, folds: list[Fold], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scored(unprotected, filled(FUTEX), task, folds) < 0.5, "processes that never meet cannot talk"
    at_the_same_time(monkeypatch)
    assert scored(unprotected, filled(FUTEX, patience=5.0), task, folds) > 0.99


@pytest.mark.parametrize("tier", ISOLATED)
def test_no_futex_carries_targets_in_a_tier(
    tier: Tier, sandbox_of: Callable[[Tier], Sandbox], task: Task, folds: list[Fold], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandbox_of(tier)
    at_the_same_time(monkeypatch)  # the filter alone stops it
    assert scored(sandbox, filled(FUTEX), task, folds) < 0.5


@pytest.fixture
def cold(tmp_path: Path) -> Callable[[], str]:
    """A file of which no page is in memory; skips where this machine does not tell."""
    path = tmp_path / "library.so"
    path.write_bytes(bytes(SPAN * ROWS * BITS * mmap.PAGESIZE))

    def made_cold() -> str:
        descriptor = os.open(path, os.O_RDWR)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
        return str(path)

    return made_cold


def test_targets_outlive_a_process_in_the_page_cache_where_nothing_protects(
    unprotected: Sandbox, task: Task, folds: list[Fold], cold: Callable[[], str]
) -> None:
    source = filled(PAGES, cold())
    first = scored(unprotected, source, task, folds)
    second = scored(unprotected, source + "# again\n", task, folds)
    if second < 0.5:
        pytest.skip("this file system does not tell which pages are in memory")
    assert first < 0.5 and second > 0.99


@pytest.mark.parametrize("tier", ISOLATED)
def test_no_page_carries_targets_in_a_tier(
    tier: Tier, sandbox_of: Callable[[Tier], Sandbox], task: Task, folds: list[Fold], cold: Callable[[], str]
) -> None:
    sandbox, source = sandbox_of(tier), filled(PAGES, cold())
    os.chmod(source[source.index("PATH = '") + 8 :].partition("'")[0], 0o644)
    for again in ("", "# again\n"):
        assert scored(sandbox, source + again, task, folds) < 0.5
