"""One round of a soak: a search, disturbed until it has ended after all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from benchmarks import faults
from lawsmith.agent.api import discover
from lawsmith.runs import Archive
from lawsmith.tasks import InputError

COMMAND = [sys.executable, "-c", "from agent.cli import main; main()"]
ROOT = Path(__file__).parents[1]

INTERRUPTED = {"command killed": -9, "disk full": 2}
"""Faults that end a command, and its exit status then."""

KINDS = ("candidate killed", "warm process killed", *INTERRUPTED)

LEAVING_SECONDS = 60.0
"""How long processes of a killed command may take to notice, on a busy machine."""


@dataclass(frozen=True)
class DisturbedJob:
    """What is searched: an agent and its seed; and the way it is run."""

    agent: str
    seed: int
    way: str = "command"

    def options(self, folder: Path, url: str) -> list[str]:
        """Of the command, but for the folder of archives."""
        options = ["--data", str(folder / "train.csv"), "--test", str(folder / "test.csv"), "--target", "loss"]
        options += ["--cap", "3", "--runs", "2", "--agent", self.agent]
        options += ["--workers", "2" if self.way == "cluster" else "1"]
        options += ["--seed", str(self.seed)]
        if self.agent != "symbolic":
            options += ["--model", "m", "--base-url", url, "--max-calls", "8", "--in-flight", "2"]
            options += ["--config", str(folder / "lawsmith.toml"), "--time-limit", "100000"]
        return [*options, "--cluster", "local"] if self.way == "cluster" else options


@dataclass
class ProviderBooks:
    """What happened, and all that was wrong."""

    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    samples: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class DisturbedSettings:
    """Where tables and temporary files are; mean seconds between faults, most faults of a round, and the seconds
    after which a command is said to hang."""

    folder: Path
    gap: float
    most: int
    patience: float

    def start(self, arguments: Sequence[str], job: DisturbedJob) -> subprocess.Popen[str]:
        """The command, in a process of its own."""
        path = [str(self.folder / "clock")] if job.way == "clock" else []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, str(ROOT)])}
        return subprocess.Popen(
            [*COMMAND, *arguments, "--json"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@dataclass
class DisturbedRound:
    """One disturbed search."""

    settings: DisturbedSettings
    books: ProviderBooks
    job: DisturbedJob
    rng: np.random.Generator
    disk: faults.Disk
    model: faults.FaultyModel
    injected: int = 0
    below: list[int] = field(default_factory=list)
    """Processes of a command that was killed."""

    def __post_init__(self) -> None:
        self.runs_dir = self.disk.folder / "runs"
        self.name = f"{self.job.agent} {self.job.way}"

    def run(self) -> dict[str, Any] | None:
        """What the command printed in the end; None where it failed."""
        return self._resident() if self.job.way == "resident" else self._commands()

    def _commands(self) -> dict[str, Any] | None:
        begin = [*self.job.options(self.settings.folder, self.model.url), "--runs-dir", str(self.runs_dir)]
        arguments = begin
        while True:
            process = self.settings.start(arguments, self.job)
            self.books.counts["resumed" if arguments is not begin else "started"] += 1
            ended_by = self._disturb(process)
            said, complained = self._end(process)
            self.disk.free()
            if process.returncode == 0:
                return dict(json.loads(said))
            # Dask's processes log connections that break, also after the command is gone.
            crashed = "Traceback" in complained and self.job.way != "cluster"
            if ended_by is None or process.returncode != INTERRUPTED[ended_by] or crashed:
                last = complained.strip().splitlines()[-1:]
                self.books.wrong.append(f"{self.name}: exit {process.returncode} after {ended_by}: {last}")
                return None
            arguments = self._after(ended_by) or begin

    def _disturb(self, process: subprocess.Popen[str]) -> str | None:
        """Faults at random instants until the command ends; which of them ended it, if any did."""
        if self.rng.random() < 0.75:
            self._search_goes_on(process)
        while self.injected < self.settings.most:
            try:
                process.wait(self.rng.exponential(self.settings.gap))
                return None
            except subprocess.TimeoutExpired:
                kind = str(self.rng.choice(KINDS))
            if not self._inject(kind, process.pid):
                continue
            self.injected += 1
            self.books.faults[kind] += 1
            if kind in INTERRUPTED:
                return kind
        return None

    def _search_goes_on(self, process: subprocess.Popen[str]) -> None:
        """Until something new is on record, lest a busy machine meets every fault while it starts."""

        def recorded() -> int:
            return sum(log.stat().st_size for log in self.runs_dir.glob("*/*/[!.]*/events.jsonl"))

        before = recorded()
        while process.poll() is None and recorded() <= before:
            time.sleep(0.05)

    def _inject(self, kind: str, pid: int) -> bool:
        match kind:
            case "candidate killed":
                return faults.kill_candidate(pid)
            case "warm process killed":
                return faults.kill_warm_process(pid, self.rng)
            case "disk full":
                self.disk.fill(pid, self.runs_dir)
                return True
        self.below = faults.descendants(pid)
        os.kill(pid, 9)  # not yet waited for, so the number still means the command
        return True

    def _end(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """Wait for the command; nothing that it started may outlive it for long."""
        below, self.below = self.below, []
        try:
            said = process.communicate(timeout=self.settings.patience)
        except subprocess.TimeoutExpired:
            below = faults.descendants(process.pid)
            process.kill()
            said = process.communicate()
            self.books.wrong.append(f"{self.name}: it hung")
        deadline = time.monotonic() + LEAVING_SECONDS
        while left := [pid for pid in below if faults.alive(pid)]:
            if time.monotonic() > deadline:
                self.books.wrong.append(f"{self.name}: {len(left)} processes outlive the command")
                break
            time.sleep(0.05)
        return said

    def _after(self, ended_by: str) -> list[str] | None:
        """What resumes an interrupted command; None where nothing had begun. Perhaps tears a log first."""
        archives = sorted(self.runs_dir.glob("*/*/[!.]*"), key=lambda path: path.name)
        if not archives:
            return None
        for path in archives:
            problems = Archive.open(path).verify()
            if lost := [problem for problem in problems if not problem.resumable]:
                self.books.wrong.append(f"{self.name}: {lost[0]} after {ended_by}")
        last = archives[-1]
        if ended_by == "command killed" and not (last / "result.json").exists() and self.rng.random() < 0.5:
            self.books.faults[faults.tear(last, self.rng)] += 1
        self.books.counts["interrupted and verified"] += len(archives)
        return ["resume", str(last)]

    def _resident(self) -> dict[str, Any] | None:
        """The same through the API, in this process, while its sandbox is disturbed."""
        over = Event()
        thread = Thread(target=self._disturb_here, args=(over,))
        thread.start()
        table = self.settings.folder
        try:
            found = discover(
                table / "train.csv",
                target="loss",
                test=table / "test.csv",
                cap=3,
                runs=2,
                agent="symbolic",
                seed=self.job.seed,
                workers=1,
                runs_dir=self.runs_dir,
            )
        except InputError as error:
            self.books.wrong.append(f"{self.name}: {error}")
            return None
        finally:
            over.set()
            thread.join()
        self.books.counts["started"] += 1
        return found.to_json()

    def _disturb_here(self, over: Event) -> None:
        while self.injected < self.settings.most and not over.wait(self.rng.exponential(self.settings.gap)):
            kind = str(self.rng.choice(["candidate killed", "warm process killed"]))
            if self._inject(kind, os.getpid()):
                self.injected += 1
                self.books.faults[kind] += 1
