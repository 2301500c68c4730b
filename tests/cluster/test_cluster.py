"""Candidates on real workers give what they give here, whoever is lost on the way."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason="needs Dask: the extra 'cluster'")

import dask

sys.path.append(str(Path(__file__).parents[1] / "agent"))

from agent_doubles import ARCHIVES, ScriptedProposer, form_source, power_law_csv, small_dataset
from engine import PATIENCE, ROOT, Engine, until
from scripted_discover import FORMS, PAUSE, script

from lawsmith.agent.cli import main
from lawsmith.agent.cluster import client
from lawsmith.agent.cluster.client import LOCAL, Cluster, ClusterLost, check_address, joined
from lawsmith.runs import Archive
from lawsmith.sandbox import DEFAULT_LIMITS, Evaluation, Sandbox, SearchOver, Tier, Verdict
from lawsmith.sandbox.pool.warm_process import Outcome
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import InputError

HERE = Path(__file__).parent
SOURCES = [form_source(names, body) for *names, body in FORMS]
SLOW = """
PARAMETERS = ("L",)
def fit(x, y):
    for _ in range({loops}):
        pass
    return {{"L": sum(y) / len(y)}}
def form(x, p):
    return p["L"] + 0 * x["N"]
"""
BRIEF = 200_000
SLEEPER = """
import collections
PARAMETERS = ("a",)
def form(x, p):
    collections._sys.modules["time"].sleep(60)
    return p["a"] * x["N"]
"""
SEARCH = ("--data", "train.csv", "--target", "loss", "--runs", "2", "--json")


@pytest.fixture(scope="module")
def search_task() -> SearchTask:
    return SearchTask.of(small_dataset().task)


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    """A scheduler that hands out twice more what a killed worker had."""
    engine = Engine(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="2")
    try:
        yield engine
    finally:
        engine.stop()


@pytest.fixture
def engine(shared: Engine) -> Engine:
    """With two workers, whatever tests before this one have killed."""
    shared.add(2 - len(shared.workers))
    return shared


Here = Callable[[Sequence[str]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def here(search_task: SearchTask) -> Iterator[Here]:
    """What this machine finds; each candidate is evaluated once for all tests."""
    found: dict[str, dict[str, Any]] = {}
    with Sandbox(workers=1) as sandbox:

        def evaluated(sources: Sequence[str]) -> list[dict[str, Any]]:
            for source in sources:
                if source not in found:
                    found[source] = facts(search_task.evaluate(sandbox, source))
            return [found[source] for source in sources]

        yield evaluated


def facts(found: Evaluation) -> dict[str, Any]:
    """All but what the clock says."""
    return found.model_dump(exclude={"seconds", "cpu_seconds", "peak_bytes", "tier"})


@contextmanager
def handed_out(search_task: SearchTask, sandbox: Sandbox, sources: Sequence[str]) -> Iterator[list[Future[Evaluation]]]:
    with ThreadPoolExecutor(len(sources)) as threads:
        yield [threads.submit(search_task.evaluate, sandbox, source) for source in sources]


def sandbox_at(address: str, say: Callable[[str], None] = lambda _: None) -> AbstractContextManager[Sandbox]:
    return joined(address, None, DEFAULT_LIMITS, False, say)


def slow(count: int, loops: int = 1_500_000) -> list[str]:
    return [SLOW.format(loops=loops) + f"# {index}" for index in range(count)]


@pytest.mark.slow
def test_workers_find_what_this_machine_finds(engine: Engine, search_task: SearchTask, here: Here) -> None:
    said: list[str] = []
    with sandbox_at(engine.address, said.append) as sandbox, handed_out(search_task, sandbox, SOURCES) as found:
        results = [future.result() for future in found]
    assert [facts(result) for result in results] == here(SOURCES)
    assert [result.verdict for result in results].count(Verdict.OK) == len(FORMS) - 1
    assert sandbox.workers == 2
    assert said == [f"cluster {engine.address}: 2 workers, 2 threads"]


@pytest.mark.slow
def test_a_killed_worker_changes_nothing_and_a_new_one_is_taught(
    engine: Engine, search_task: SearchTask, here: Here
) -> None:
    with sandbox_at(engine.address) as sandbox, ThreadPoolExecutor(2) as threads:
        with engine.stopped():
            found = [threads.submit(search_task.evaluate, sandbox, source) for source in slow(2)]
            until(lambda: len(engine.busy()) == 2)
            engine.kill(engine.busy()[0])
        engine.add(1)
        assert [facts(future.result()) for future in found] == 2 * here(slow(1))


def test_the_end_of_a_search_stops_what_hangs_on_a_worker(engine: Engine, search_task: SearchTask) -> None:
    with sandbox_at(engine.address) as sandbox:
        began = time.monotonic()
        sandbox.deadline = began + 0.5
        with handed_out(search_task, sandbox, [SLEEPER + f"# {index}" for index in range(5)]) as found:
            for future in found:
                with pytest.raises(SearchOver):
                    future.result()
        assert time.monotonic() - began < PATIENCE / 2  # each by itself may sleep for that long
        assert search_task.evaluate(sandbox, SOURCES[1]).verdict is Verdict.OK  # arithmetic cannot hang
        sandbox.deadline = math.inf
        assert search_task.evaluate(sandbox, slow(1, BRIEF)[0]).verdict is Verdict.OK  # another search has its own time


def test_nobody_answers_in_time_is_a_lost_cluster(
    engine: Engine, search_task: SearchTask, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(client, "PATIENCE_SECONDS", 0.1 - 2 * DEFAULT_LIMITS.wall_seconds)
        with (
            sandbox_at(engine.address) as sandbox,
            pytest.raises(ClusterLost, match=r"No worker of tcp://.* answered in"),
        ):
            search_task.evaluate(sandbox, slow(1, 10_000_000)[0])
    with sandbox_at(engine.address) as sandbox:
        assert facts(search_task.evaluate(sandbox, SOURCES[0])) == here(SOURCES[:1])[0]


def test_a_candidate_whose_workers_all_die_is_given_up(engine: Engine, search_task: SearchTask) -> None:
    with sandbox_at(engine.address) as sandbox, handed_out(search_task, sandbox, slow(1, 2_000_000_000)) as found:
        engine.add(1)
        for _ in range(3):
            until(lambda: bool(engine.busy()))
            engine.kill(engine.busy()[0])
        result = found[0].result()
    assert result.verdict is Verdict.SANDBOX_BROKEN
    assert result.message == "The workers that ran it were killed, one after the other."


def test_a_worker_that_cannot_isolate_is_refused(engine: Engine, search_task: SearchTask) -> None:
    before = set(engine.workers)
    engine.add(1, "--preload", str(HERE / "without_isolation.py"))
    with pytest.raises(InputError, match=r"A worker of the cluster cannot be used: .*unsafe_local"):
        sandbox_at(engine.address).__enter__()
    engine.kill((set(engine.workers) - before).pop())


def test_a_worker_with_other_versions_is_refused(
    engine: Engine, search_task: SearchTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lawsmith.agent.cluster.worker.versions", lambda: {"python": "3.99", "numpy": "1.0"})
    with pytest.raises(InputError, match=r"it runs python 3\.\d+\.\d+ instead of 3\.99, numpy"):
        sandbox_at(engine.address).__enter__()


def scripted(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A table, and a symbolic agent that proposes a written script."""
    (folder / "train.csv").write_text(power_law_csv())
    patch.chdir(folder)
    patch.setattr(
        "lawsmith.agent.symbolic.SymbolicProposer", lambda task, seed, **_: ScriptedProposer(script(f"# {seed}"))
    )
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return scripted(tmp_path, monkeypatch)


@pytest.fixture
def discover(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command; returns its status and what it printed on stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        said = capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, said.out, said.err

    return run


def outcome(printed: str) -> list[tuple[dict[str, Any], str]]:
    """Of each run what does not depend on the clock, and its law without the docstring that names the run."""
    runs = json.loads(printed)["runs"]
    return [
        (
            {k: v for k, v in run.items() if k not in ("run", "archive", "seconds")},
            (Path(run["archive"]) / "law.py").read_text().split('"""', 2)[2],
        )
        for run in runs
    ]


@pytest.mark.slow
def test_a_command_that_loses_its_cluster_resumes_with_the_same_laws(
    folder: Path, engine: Engine, discover: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, alone, _ = discover(*SEARCH, "--runs-dir", "alone")
    assert status == 0
    run, asked = Cluster.run, list[bytes]()

    def run_and_die(self: Cluster, job: bytes, *arguments: Any) -> Outcome:
        asked.extend([job] * bool(begun(folder / "lost")))
        if len(asked) == 4:
            engine.kill_scheduler()
        return run(self, job, *arguments)

    with monkeypatch.context() as patch, dask.config.set({"distributed.comm.timeouts.connect": "2s"}):
        patch.setattr(Cluster, "run", run_and_die)
        patch.setattr(client, "CONNECT_SECONDS", 10.0)
        status, printed, said = discover(*SEARCH, "--runs-dir", "lost", "--workers", "1", "--cluster", engine.address)
    assert (status, printed) == (2, "")
    assert said.splitlines()[-1].startswith(f"discover: The cluster at {engine.address} is lost (")
    resume = next(line.split() for line in said.splitlines() if "discover resume" in line)

    engine.start()
    engine.add(1)
    status, printed, said = discover(*resume[1:], "--json")
    assert status == 0, said
    assert outcome(printed) == outcome(alone)


SIDE_BY_SIDE = ("--data", "train.csv", "--target", "loss", "--runs", "4", "--json", "--workers", "32")


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the command prints without a cluster."""
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        folder = scripted(tmp_path_factory.mktemp("one_by_one"), patch)
        with pytest.raises(SystemExit) as exit_:
            main([*SIDE_BY_SIDE, "--runs-dir", str(folder / "runs")])
    assert exit_.value.code == 0
    return said.getvalue()


def begun(runs_dir: Path) -> list[Path]:
    return [path.parent for path in runs_dir.glob(f"{ARCHIVES}/manifest.json")]


def unfinished(runs_dir: Path) -> list[Path]:
    return [path for path in begun(runs_dir) if not (path / "result.json").exists()]


@pytest.mark.slow
def test_runs_go_side_by_side_and_are_what_they_are_one_by_one(
    folder: Path,
    engine: Engine,
    one_by_one: str,
    discover: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Cluster.run

    def run_later(self: Cluster, *arguments: Any) -> Outcome:
        if begun(folder / "beside"):
            until(lambda: len(begun(folder / "beside")) == 4)
        return run(self, *arguments)

    monkeypatch.setattr(Cluster, "run", run_later)
    status, beside, _ = discover(*SIDE_BY_SIDE, "--runs-dir", "beside", "--cluster", engine.address)
    assert status == 0
    assert outcome(beside) == outcome(one_by_one)
    assert [run["seed"] for run in json.loads(beside)["runs"]] == [0, 1, 2, 3]
    one, other = (json.loads(printed)["runs"] for printed in (one_by_one, beside))
    assert [tried(run["archive"]) for run in other] == [tried(run["archive"]) for run in one]


def tried(archive: str) -> list[tuple[str, dict[str, Any]]]:
    """The candidates of a run in their order, with all but what the clock says."""
    return [(trial.id, facts(trial.evaluation)) for trial in Archive.open(Path(archive)).trials()]


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_runs_that_were_interrupted_side_by_side_all_resume(
    folder: Path,
    engine: Engine,
    one_by_one: str,
    discover: Callable[..., tuple[int, str, str]],
    sent: signal.Signals,
    status: int,
) -> None:
    command = [sys.executable, str(ROOT / "tests/agent/scripted_discover.py"), *SIDE_BY_SIDE]
    process = subprocess.Popen(
        [*command, "--runs-dir", "ended", "--cluster", engine.address],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests/agent'}", PAUSE: str(len(FORMS) + 1)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(
        lambda: sum('"event":"candidate"' in p.read_text() for p in folder.glob(f"ended/{ARCHIVES}/events.jsonl")) > 1
    )
    process.send_signal(sent)
    said = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == status, said
    assert "Traceback" not in said
    left = unfinished(folder / "ended")
    assert len(left) > 1
    assert not [problem for path in left for problem in Archive.open(path).verify() if not problem.resumable]
    code, printed, said = discover("resume", str(left[0]), "--json")
    assert code == 0, said
    assert sorted(law for _, law in outcome(printed)) == sorted(law for _, law in outcome(one_by_one))
    assert [run["candidates"] for run in json.loads(printed)["runs"]] == 4 * [len(FORMS)]


def test_nobody_at_the_address_is_one_sentence(
    folder: Path, discover: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.5)
    status, printed, said = discover(*SEARCH, "--cluster", "tcp://127.0.0.1:1")
    assert (status, printed) == (2, "")
    assert "No scheduler answers at tcp://127.0.0.1" in said.splitlines()[-1]
    assert not list(folder.glob("runs/*/*/*"))


def test_a_local_cluster_takes_jobs_from_nobody_else(
    search_task: SearchTask, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("comm.inproc", "utils", "scheduler", "worker", "deploy.spec"):  # which asks for a way to the network
        monkeypatch.setattr(f"distributed.{module}.get_ip", lambda *_: "127.0.0.1", raising=False)
    said: list[str] = []
    with joined(LOCAL, 2, DEFAULT_LIMITS, False, said.append) as sandbox:
        assert sandbox.workers == 2
        assert sandbox.tier is not Tier.NONE
        assert facts(search_task.evaluate(sandbox, SOURCES[0])) == here(SOURCES[:1])[0]
    assert re.fullmatch(r"cluster inproc://\S+: 2 workers, 2 threads", said[0])


@pytest.mark.parametrize("address", ["tcp://example.org:8786", "tcp://10.0.0.1:8786", "ws://host:8786"])
def test_a_scheduler_on_another_machine_needs_tls(address: str) -> None:
    with pytest.raises(InputError, match="by TLS"):
        check_address(address)


@pytest.mark.parametrize("address", ["local", "tcp://127.0.0.1:8786", "tcp://[::1]:8786", "tls://example.org:8786"])
def test_loopback_and_tls_are_allowed(address: str) -> None:
    check_address(address)
