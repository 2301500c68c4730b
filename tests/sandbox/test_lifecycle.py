"""Nothing outlives its owner, nothing leaks, nothing hangs."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from lawsmith.sandbox import DEFAULT_LIMITS, FitJob, Limits, PredictJob, Sandbox, Tier, Verdict
from lawsmith.sandbox.pool.start import SandboxUnavailable, attempt
from lawsmith.sandbox.pool.warm_process import WarmProcess, WarmProcessFailed
from lawsmith.tasks import InputError, Schema, Table

HONEST = "def law(input_data, group): return [{'y': r['n']} for r in input_data]"
SLEEPER = "import collections\ndef law(d, g): collections._sys.modules['builtins'].__import__('time').sleep(600)"
MISBEHAVIOUR = [
    HONEST,
    "def law(d, g): raise ValueError(d)",
    "import collections\ndef law(d, g): collections._sys.modules['os']._exit(3)",
]


def descendants(pid: int) -> set[int]:
    """Every living process below `pid`."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("tier", [Tier.FULL, Tier.NO_NAMESPACE])
def test_a_killed_parent_leaves_nothing_running(tier: Tier) -> None:
    script = f"""
        import numpy as np, sys
        from lawsmith.sandbox import *
        from lawsmith.tasks import Schema, Table
        schema = Schema(name="t", long_name="t", title="t", features=("n",), targets=("y",), group="g", cap=4)
        table = Table({{"n": np.ones(3)}}, {{}}, ("a",), np.zeros(3, dtype=int))
        sandbox = Sandbox(Limits(wall_seconds=600, cpu_seconds=600), workers=2, tier=Tier({tier.value!r}))
        try:
            sandbox.tier
        except SandboxUnavailable:
            print("unavailable", flush=True)
            sys.exit()
        jobs = [sandbox.submit(PredictJob({SLEEPER!r}, schema, None, (table,))) for _ in range(2)]
        print("ready", flush=True)
        jobs[0].result()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        if parent.stdout.readline() != "ready\n":
            pytest.skip(f"this machine forbids the tier {tier}")
        expected = 4 if tier is Tier.FULL else 3  # two candidates, the warm process, and its watcher in `full`
        deadline = time.monotonic() + 60
        while len(running := descendants(parent.pid)) < expected and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(running) == expected
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 120  # a second, and time for a busy machine, instead of 600 s
        while alive := {pid for pid in running if _alive(pid)}:
            assert time.monotonic() < deadline, f"{len(alive)} of {len(running)} still run"
            time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_warm_process_is_replaced_when_it_dies(schema: Schema, table: Table) -> None:
    job = PredictJob(HONEST, schema, None, (table.hide(),))
    with Sandbox(workers=2) as sandbox:
        assert sandbox.run(job).ok
        first = descendants(os.getpid())
        waiting = sandbox.submit(PredictJob(SLEEPER.replace("600", "1"), schema, None, (table.hide(),)))
        time.sleep(0.3)
        for pid in descendants(os.getpid()):
            with suppress(ProcessLookupError):  # it ends with one that was killed before it
                os.kill(pid, signal.SIGKILL)
        assert sandbox.run(job).ok
        # what was running is run again: the death of our machinery is not the candidate's fault
        assert waiting.result().verdict is Verdict.WRONG_SHAPE
        assert not descendants(os.getpid()) & first


def test_a_kill_from_outside_is_not_the_candidates_fault(schema: Schema, table: Table) -> None:
    with Sandbox(workers=1) as sandbox:
        assert sandbox.tier in Tier
        machinery = descendants(os.getpid())
        waiting = sandbox.submit(PredictJob(SLEEPER.replace("600", "1"), schema, None, (table.hide(),)))
        while not (candidates := descendants(os.getpid()) - machinery):
            time.sleep(0.01)
        for pid in candidates:
            os.kill(pid, signal.SIGKILL)
        assert waiting.result().verdict is Verdict.WRONG_SHAPE
        assert machinery <= descendants(os.getpid())


def test_a_kill_at_the_start_does_not_weaken_the_tier(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Tier] = []

    def killed_once(self: WarmProcess) -> None:
        tried.append(self.tier)
        if len(tried) == 1:
            self._process.kill()
        ready(self)

    ready = WarmProcess.wait_ready
    monkeypatch.setattr(WarmProcess, "wait_ready", killed_once)
    with Sandbox(workers=1) as made:
        assert made.tier is sandbox.tier
    assert tried[0] is tried[1]


def test_a_replacement_is_never_of_a_weaker_tier(schema: Schema, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """What evaluations have on record is the tier that was proved at the start."""
    job = PredictJob(HONEST, schema, None, (table.hide(),))
    with Sandbox(workers=1) as sandbox:
        proved = sandbox.tier
        ready = WarmProcess.wait_ready

        def forbidden(self: WarmProcess) -> None:
            if self.tier is proved:
                raise WarmProcessFailed("forbidden from now on")
            ready(self)

        monkeypatch.setattr(WarmProcess, "wait_ready", forbidden)
        for pid in descendants(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(SandboxUnavailable, match="forbidden from now on"):
            sandbox.run(job)


def test_many_candidates_leak_nothing(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    """A short form of `python -m benchmarks.sandbox --leak`, which runs ten thousand."""
    jobs = [PredictJob(source, schema, None, (table.hide(),)) for source in MISBEHAVIOUR]
    for job in jobs:
        sandbox.run(job)
    gc.collect()
    before = open_descriptors(), len(descendants(os.getpid()))
    verdicts = [future.result().verdict for future in [sandbox.submit(job) for _ in range(40) for job in jobs]]
    gc.collect()
    assert verdicts == [Verdict.OK, Verdict.CRASH, Verdict.CRASH] * 40
    assert (open_descriptors(), len(descendants(os.getpid()))) == before


def test_closing_ends_everything_at_once(schema: Schema, table: Table) -> None:
    before = descendants(os.getpid()), open_descriptors()
    sandbox = Sandbox(Limits(wall_seconds=600), workers=1)
    running = [sandbox.submit(PredictJob(SLEEPER, schema, None, (table.hide(),))) for _ in range(3)]
    assert sandbox.tier in Tier
    time.sleep(0.2)
    began = time.monotonic()
    sandbox.close()
    sandbox.close()
    assert time.monotonic() - began < 120  # instead of the 600 s of its jobs
    assert all(future.cancelled() or future.result().verdict is Verdict.SANDBOX_BROKEN for future in running)
    assert (descendants(os.getpid()), open_descriptors()) == before
    with pytest.raises(RuntimeError, match="shutdown"):
        sandbox.submit(PredictJob(HONEST, schema, None, (table.hide(),)))


def test_many_threads_may_share_a_sandbox(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    results = []

    def work(offset: float) -> None:
        source = HONEST.replace("r['n']", f"r['n'] + {offset}")
        results.append((offset, sandbox.run(PredictJob(source, schema, None, (table.hide(),)))))

    threads = [threading.Thread(target=work, args=(float(i),)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    for offset, found in results:
        assert np.array_equal(found.predictions[0][:, 0], table.features["n"] + offset)


def test_the_same_job_gives_the_same_digits_in_another_sandbox(
    sandbox: Sandbox, sandbox_of: Callable[[Tier], Sandbox], schema: Schema, table: Table
) -> None:
    """Sets are iterated in the order of hashes, which differ between interpreters unless they are fixed."""
    source = """
import numpy as np
PARAMETERS = ("a",)
def form(x, p):
    total = 0.0
    for name in {"alpha", "beta", "gamma", "delta", "epsilon"}:
        total = total / 3 + len(name) * 0.1
    return p["a"] * total * x["n"] ** -0.2 + 1e-3 * np.random.normal()
"""
    job = FitJob(source, schema, table, (table.hide(),), seed=5)
    first, second = sandbox.run(job), sandbox_of(Tier.SECCOMP).run(job)
    assert first.ok, first.message
    assert np.array_equal(first.predictions[0], second.predictions[0])


def test_refusal_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with Sandbox(workers=1) as sandbox, pytest.raises(SandboxUnavailable, match="Linux") as refusal:
        assert sandbox.tier
    assert isinstance(refusal.value, InputError)


def test_a_tier_whose_canaries_sing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With isolation switched off behind its back, the start must notice."""
    from lawsmith.sandbox.pool import warm_process as process

    honest = process.WarmProcess._setup
    monkeypatch.setattr(process.WarmProcess, "_setup", lambda self: {**honest(self), "tier": "none"})
    refused = pytest.raises(SandboxUnavailable, match="a candidate could read a file")
    with Sandbox(workers=1, tier=Tier.FULL) as sandbox, refused:
        assert sandbox.tier


def test_without_isolation_canaries_sing() -> None:
    warm_process, found = attempt(Tier.NONE, DEFAULT_LIMITS)
    assert warm_process is not None
    warm_process.close()
    assert found.canaries["read a file"] == "passed"


def test_unsafe_is_never_silent(schema: Schema, table: Table) -> None:
    with Sandbox(workers=1, tier=Tier.NONE) as sandbox:
        assert sandbox.tier is Tier.NONE
        assert sandbox.run(PredictJob(HONEST, schema, None, (table.hide(),))).ok


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="wall_seconds"):
        Limits(wall_seconds=0)
    with pytest.raises(ValueError, match="worker"):
        Sandbox(workers=0)
