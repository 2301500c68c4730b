"""What an LLM agent costs beside its model and its fits, and how busy it keeps the processors.

python -m benchmarks.llm                     # an endpoint on loopback that answers after half a second
python -m benchmarks.llm --latency 2 --calls 64
"""

import argparse
import json
import os
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from agent.budget import Allowance, Budget, Spending
from agent.evaluator import Evaluator
from agent.journal import Journal
from agent.llm.config import Config, ModelChoice, Transport
from agent.llm.session import Session, Settings
from agent.loop import search
from agent.observer import Observer
from benchmarks.sandbox import SCHEMA, table_like_sft
from runs import Archive, Manifest
from sandbox import Sandbox
from tasks import Provenance, Task
from tasks.folds import frontier_folds
from tasks.probes import probe_rows

CANDIDATE = """PARAMETERS = {{"c": (0, None), "a": (0, None), "k": (0, 2)}}
def form(x, p):
    return p["c"] + p["a"] * (x["n"] + {shift}) ** -p["k"]
"""


class _Answers(BaseHTTPRequestHandler):
    """A new candidate for every request, after the latency; a process of its own, so that it costs us nothing."""

    protocol_version = "HTTP/1.1"
    latency = 0.0

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._send({"object": "list", "data": []})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        time.sleep(self.latency)
        code = CANDIDATE.format(shift=asked["seed"] % 100_000 / 100)
        message = {
            "role": "assistant",
            "content": json.dumps({"hypothesis": "Shifted.", "code": code, "note": ""}),
        }
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self._send({"model": "m", "choices": [{"finish_reason": "stop", "message": message}], "usage": usage})

    def _send(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serve(latency: float, port: Connection) -> None:
    _Answers.latency = latency
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    port.send(server.server_address[1])
    server.serve_forever()


def searched(agent: str, url: str, calls: int, in_flight: int) -> dict[str, float]:
    """One search without a floor; seconds elapsed, our own CPU seconds, and those of the candidates."""
    task = Task(SCHEMA, table_like_sft(), Provenance("file", "0" * 64, None))
    config = Config(
        models=(ModelChoice(name="m", base_url=url),), transport=Transport(in_flight=in_flight, cache=False)
    )
    manifest = Manifest(run="r0", task=SCHEMA, agent=agent, model="m", seed=0, data=None)
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox() as sandbox,
        Archive.create(Path(folder), manifest) as archive,
        Session(agent, Settings(config=config), environment={}) as session,
        Evaluator(sandbox, task, frontier_folds(task.train), probes=probe_rows(task.train)) as evaluator,
    ):
        assert sandbox.tier
        journal, budget = Journal(archive), Budget(Allowance(calls=calls), Spending())
        proposer = session.proposer(task, 0, budget, archive, sandbox, None)
        began, own = time.perf_counter(), time.process_time()
        search(proposer, evaluator, journal, budget, Observer())
        elapsed, own = time.perf_counter() - began, time.process_time() - own
        trials = journal.history.trials
        return {
            "candidates": len(trials),
            "elapsed": elapsed,
            "own": own,
            "evaluation": sum(trial.evaluation.seconds for trial in trials),
            "candidates_cpu": sum(trial.evaluation.cpu_seconds for trial in trials),
        }


def overhead(url: str, calls: int, latency: float) -> None:
    """One request at a time: what is left of the elapsed time beside waiting for replies and evaluations."""
    found = searched("refine", url, calls, 1)
    each = 1e3 / found["candidates"]
    left = found["elapsed"] - calls * latency - found["evaluation"]
    print(f"refine, one at a time: {found['candidates']} candidates in {found['elapsed']:.1f} s")
    print(f"{'evaluation, elapsed':44s}{found['evaluation'] * each:8.1f} ms per candidate")
    print(f"{'own CPU time, scoring included':44s}{found['own'] * each:8.1f} ms per candidate")
    print(f"{'elapsed beside latency and evaluation':44s}{left * each:8.1f} ms per candidate")


def utilisation(url: str, calls: int) -> None:
    """Eight requests in flight: CPU time over elapsed time times processors."""
    found = searched("evolve", url, calls, 8)
    busy = (found["own"] + found["candidates_cpu"]) / found["elapsed"] / len(os.sched_getaffinity(0))
    print(f"\nevolve, eight in flight: {found['candidates']} candidates in {found['elapsed']:.1f} s")
    print(f"{'own CPU time':44s}{1e3 * found['own'] / found['candidates']:8.1f} ms per candidate")
    print(f"{'processors busy':44s}{100 * busy:8.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latency", type=float, default=0.5, metavar="SECONDS")
    parser.add_argument("--calls", type=int, default=32)
    arguments = parser.parse_args()
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=serve, args=(arguments.latency, theirs), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}/v1"
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, latency {arguments.latency:g} s")
    overhead(url, arguments.calls, arguments.latency)
    utilisation(url, 2 * arguments.calls)
    server.terminate()


if __name__ == "__main__":
    main()
