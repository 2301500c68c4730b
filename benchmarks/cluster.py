"""What a cluster gains: one machine against workers on it.

    python -m benchmarks.cluster --data-dir DIR [--tasks sft,parallel] [--runs 2] [--workers 1,2]

It makes each task's runs here and on workers of this machine, checks that the laws are the same, and prints seconds
side by side; the machine should do nothing else.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lawsmith.agent.api import Observer, Run, discover
from lawsmith.agent.search.budget import Budget
from lawsmith.runs import Archive
from lawsmith.runs.records.trials import History


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--tasks", default="sft,parallel")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--workers", default="1,2")
    options = parser.parse_args()
    workers = [int(count) for count in options.workers.split(",")]
    measurement(options.tasks.split(","), options.runs, options.data_dir, workers)


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


def laws(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(run["expression"], run["constants"], run["validation_r2"], run["r2"]) for run in found["runs"]]


if __name__ == "__main__":
    main()
