"""What a cluster gains: one machine against workers on it, and a simulation of more workers than there are here.

    python -m benchmarks.cluster --data-dir DIR [--tasks sft,parallel] [--runs 2] [--workers 1,2]
    python -m benchmarks.cluster --simulate [--archive RUN] [--candidates 100000] [--batches 10,100,1000]

The first evaluates each task's runs here and on workers of this machine, checks that the laws are the same, and prints
seconds side by side; the machine should do nothing else. The second measures what candidates and the hand-over of one
cost, in CPU seconds, which hardly depend on what else the machine does, and draws candidates with replacement in a
discrete-event simulation: the scheduler hands out one candidate after another, and a batch ends with its slowest
candidate, as in the search. What the simulation does not have: proposing, slower networks, losses.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lawsmith.agent.command.api import Observer, Run, discover
from lawsmith.agent.search.budget import Budget
from lawsmith.runs import Archive
from lawsmith.runs.trials import History, recorded_trials
from lawsmith.tasks import Array

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
HANDED_OVER = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--tasks", default="sft,parallel")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--archive", help="simulate with the candidates of this run")
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--batches", default="10,100,1000")
    options = parser.parse_args()
    tasks = options.tasks.split(",")
    if options.simulate:
        archive = options.archive or search(tasks[0], 1, options.data_dir, None, None)["runs"][0]["archive"]
        simulation(cpu_seconds(archive), options.candidates, _numbers(options.batches))
    else:
        measurement(tasks, options.runs, options.data_dir, _numbers(options.workers))


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def measurement(tasks: Sequence[str], runs: int, data_dir: Path | None, workers: Sequence[int]) -> None:
    """A line per task and number of workers; `here` has as many as the most of them."""
    print(f"{'task':18s}{'workers':>12s}{'seconds':>10s}{'speed-up':>10s}  laws")
    for task in tasks:
        alone = search(task, runs, data_dir, max(workers), None)
        print(f"{task:18s}{f'{max(workers)} here':>12s}{alone['seconds']:10.1f}{'':10s}", flush=True)
        first = None
        for count in workers:
            found = search(task, runs, data_dir, count, "local")
            first = first or found["seconds"]
            same = "the same" if laws(found) == laws(alone) else "DIFFERENT"
            print(f"{'':18s}{count:12d}{found['seconds']:10.1f}{first / found['seconds']:10.2f}  {same}", flush=True)


class Watch(Observer):
    """Seconds from the beginning of the first run to the end of the last: the start of workers does not count."""

    began: float | None = None
    ended = 0.0

    def started(self, index: int, archive: Archive, budget: Budget, history: History) -> None:
        self.began = self.began or time.monotonic()

    def finished(self, index: int, run: Run) -> None:
        self.ended = time.monotonic()

    @property
    def seconds(self) -> float:
        assert self.began is not None
        return self.ended - self.began


def search(task: str, runs: int, data_dir: Path | None, workers: int | None, cluster: str | None) -> dict[str, Any]:
    """What `discover --json` prints, with the seconds of searching only."""
    folder, watch = Path(tempfile.mkdtemp(prefix="cluster-")), Watch()
    result = discover(
        task,
        runs=runs,
        agent="symbolic",
        workers=workers,
        cluster=cluster,
        data_dir=data_dir,
        runs_dir=folder,
        observer=watch,
    )
    return {**result.to_json(), "seconds": watch.seconds}


def cpu_seconds(archive: str) -> list[float]:
    """What each candidate of a run took."""
    return [trial.evaluation.cpu_seconds for trial in recorded_trials(Archive.open(Path(archive)))]


def laws(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(run["expression"], run["constants"], run["validation_r2"], run["r2"]) for run in found["runs"]]


def hand_over() -> tuple[float, float]:
    """Seconds of the fastest round trip to a worker; CPU seconds of scheduler and client for each of many tasks."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as here,
        Client(here) as client,
    ):
        source = "x" * 2000
        trips = []
        for _ in range(50):
            began = time.perf_counter()
            client.submit(len, source, pure=False).result()
            trips.append(time.perf_counter() - began)
        began = time.process_time()
        client.gather([client.submit(len, source, pure=False) for _ in range(HANDED_OVER)])
        return min(trips), (time.process_time() - began) / HANDED_OVER


def simulation(seconds: Sequence[float], candidates: int, batches: Sequence[int]) -> None:
    """Wall time of that many candidates by number of workers and size of batch; the last column has one batch."""
    spent = np.array(seconds)
    trip, share = hand_over()
    low, middle, high = np.quantile(spent, (0.05, 0.5, 0.95))
    print(f"{len(spent)} candidates took {low:.2f} to {high:.2f} CPU s (5 to 95 %), median {middle:.2f}", end=", ")
    print(f"mean {spent.mean():.2f}; a round trip {1e3 * trip:.1f} ms, {1e3 * share:.2f} ms of CPU there,")
    print(f"in scheduler and client, which serve one at a time and are busy at {spent.mean() / share:.0f} workers")
    print(f"{'hours in batches of':>20s}" + "".join(f"{batch:>16d}" for batch in (*batches, candidates)))
    times = np.random.default_rng(0).choice(spent, candidates)
    for workers in WORKERS:
        cells = []
        for batch in (*batches, candidates):
            wall = sum(makespan(times[k : k + batch], workers, trip, share) for k in range(0, candidates, batch))
            cells.append(f"{wall / 3600:9.2f} ({times.sum() / wall / workers:3.0%})")
        print(f"{workers:12d} workers" + "".join(f"{cell:>16s}" for cell in cells), flush=True)


def makespan(times: Array, workers: int, trip: float, share: float) -> float:
    """Seconds until the last of a batch is answered; who is free first gets the next, after the scheduler's turn."""
    free = [0.0] * min(workers, len(times))
    scheduler = end = 0.0
    for duration in times:
        scheduler = max(scheduler, heapq.heappop(free)) + share
        done = scheduler + max(trip - share, 0.0) + duration
        heapq.heappush(free, done)
        end = max(end, done)
    return end


if __name__ == "__main__":
    main()
