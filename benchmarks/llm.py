"""What an LLM agent costs beside its model and its fits, and how busy it keeps the processors.

python -m benchmarks.llm                     # an endpoint on loopback that answers after half a second
python -m benchmarks.llm --latency 2 --calls 64
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.sandbox import SCHEMA, table_like_sft
from benchmarks.speaking import Speaking
from lawsmith.agent.client.config import Config, ModelChoice, Transport
from lawsmith.agent.command.loop import search
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.llm.model_session import ModelSession, Settings
from lawsmith.agent.search.budget import Allowance, Budget, Spending
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.journal import Journal
from lawsmith.runs import Archive, Manifest
from lawsmith.runs.trials import Trial
from lawsmith.sandbox import Sandbox, whole_fit
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Provenance, Task

CANDIDATE = """PARAMETERS = {{"c": (0, None), "a": (0, None), "k": (0, 2)}}
def form(x, p):
    return p["c"] + p["a"] * (x["n"] + {shift}) ** -p["k"]
"""


class _Answers(Speaking):
    """A new candidate for every request, after the latency; a process of its own, so that it costs us nothing."""

    latency = 0.0

    def say(self, asked: dict[str, Any]) -> str:
        time.sleep(self.latency)
        code = CANDIDATE.format(shift=asked["seed"] % 100_000 / 100)
        return json.dumps({"hypothesis": "Shifted.", "code": code, "note": ""})


def serve(latency: float, port: Connection) -> None:
    _Answers.latency = latency
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    port.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def bench() -> Iterator[Evaluator]:
    """An evaluator with a memory of nothing, its sandbox warm."""
    task = Task(SCHEMA, table_like_sft(), Provenance("file", "0" * 64, None))
    with Sandbox() as sandbox, Evaluator(sandbox, SearchTask.of(task)) as evaluator:
        assert sandbox.tier
        yield evaluator


def idle_seconds() -> float:
    """Seconds that processors of this machine spent idle since it started, all together (proc_stat(5))."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Clock:
    """Elapsed and own CPU seconds, and the share of the machine's processors that was not idle."""

    elapsed: float = 0.0
    own: float = 0.0
    busy: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began, own, idle = time.perf_counter(), time.process_time(), idle_seconds()
        yield
        self.elapsed, self.own = time.perf_counter() - began, time.process_time() - own
        self.busy = 1.0 - (idle_seconds() - idle) / self.elapsed / (os.cpu_count() or 1)


def searched(agent: str, url: str, calls: int, in_flight: int) -> tuple[Clock, tuple[Trial, ...]]:
    """One search without a floor."""
    config = Config(
        models=(ModelChoice(name="m", base_url=url),), transport=Transport(in_flight=in_flight, cache=False)
    )
    manifest = Manifest(run="r0", task=SCHEMA, agent=agent, model="m", seed=0, data=None)
    clock = Clock()
    with (
        tempfile.TemporaryDirectory() as folder,
        Archive.create(Path(folder), manifest) as archive,
        ModelSession(agent, Settings(config=config), environment={}) as session,
        bench() as evaluator,
    ):
        journal, budget = Journal(archive), Budget(Allowance(calls=calls), Spending())
        proposer = session.proposer(evaluator.task, 0, budget, archive, evaluator, None)
        with clock.running():
            search(proposer, evaluator, journal, budget, Observer())
        return clock, journal.history.trials


def evaluated(trials: Sequence[Trial]) -> tuple[Clock, float]:
    """The same candidates again, all at once and with nothing else to do; also their CPU seconds."""
    clock = Clock()
    with bench() as on, clock.running():
        seen = on.search_task
        assert seen.probes is not None
        sources = [trial.proposal.source for trial in trials]
        fits = [on.sandbox.submit(whole_fit(source, seen.task, seen.probes, seen.seed)) for source in sources]
        futures = [on.submit(source, fit.result()) for source, fit in zip(sources, fits, strict=True)]
        cpu = sum(future.result().cpu_seconds for future in futures)
    return clock, cpu


def overhead(url: str, calls: int, latency: float) -> None:
    """One request at a time: our own CPU time, and what is left of the elapsed time beside waiting for replies."""
    clock, trials = searched("refine", url, calls, 1)
    each, evaluation = 1e3 / len(trials), sum(trial.evaluation.seconds for trial in trials)
    left = clock.elapsed - calls * latency - evaluation
    print(f"refine, one at a time: {len(trials)} candidates in {clock.elapsed:.1f} s")
    print(f"{'evaluation after the first fit, elapsed':44s}{evaluation * each:8.1f} ms per candidate")
    print(f"{'own CPU time, scoring included':44s}{clock.own * each:8.1f} ms per candidate")
    print(f"{'first fit and all else, elapsed':44s}{left * each:8.1f} ms per candidate")


def utilisation(url: str, calls: int, latency: float) -> None:
    """Eight requests in flight, against the evaluations of the same candidates alone.

    On a machine with other work, processors are never idle; CPU time per second then compares the two all the same.
    """
    clock, trials = searched("evolve", url, calls, 8)
    alone, alone_cpu = evaluated(trials)
    cpu = clock.own + sum(trial.evaluation.cpu_seconds for trial in trials)
    first = clock.elapsed - latency  # before the first replies there is nothing to evaluate
    print(f"\nevolve, eight in flight: {len(trials)} candidates in {clock.elapsed:.1f} s")
    print(f"{'own CPU time':44s}{1e3 * clock.own / len(trials):8.1f} ms per candidate")
    print(f"{'':44s}{'elapsed':>9s}{'CPU time/s':>12s}{'not idle':>10s}")
    for name, each, rate in (
        ("evolve, after the first replies", first, cpu / first),
        ("evaluations alone", alone.elapsed, (alone.own + alone_cpu) / alone.elapsed),
    ):
        busy = clock.busy if each is first else alone.busy
        print(f"{name:44s}{each:7.1f} s{rate:12.2f}{100 * busy:9.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.5, metavar="SECONDS")
    parser.add_argument("--calls", type=int, default=32)
    arguments = parser.parse_args()
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=serve, args=(arguments.latency, theirs), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}/v1"
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, latency {arguments.latency:g} s")
    overhead(url, arguments.calls, arguments.latency)
    utilisation(url, 2 * arguments.calls, arguments.latency)
    server.terminate()


if __name__ == "__main__":
    main()
