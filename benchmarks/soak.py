"""Faults at random, for as long as one likes; afterwards nothing may be lost, different, paid twice or left behind.

    python -m benchmarks.soak --minutes 120 [--seed 0] [--dir DIR] [--rounds N] [--ways command,clock,cluster,resident]

Each round searches one small table with one agent and is disturbed: candidates, warm processes and the workers of a
local cluster are killed, the command is killed and resumed, its disk is full, the ends of
its logs are torn, its model fails, its wall clock jumps.
Then every archive must verify, and law, scores and questions must be those of the same job left in peace. The way
`resident` searches in this very process, whose memory, descriptors and threads must stay as they are. Prints a table,
and exits with 1 if anything was wrong. Linux only; root gets a real full disk, others a limit of file sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import theilslopes

from benchmarks import faults
from benchmarks.disturbed import DisturbedJob, DisturbedRound, DisturbedSettings, ProviderBooks
from lawsmith.runs import Archive

AGENTS = ("symbolic", "refine", "evolve")
WAYS = ("command", "clock", "cluster", "resident")
TOLERATED_SLOPES = {"MB": 2.0, "descriptors": 0.0, "threads": 0.0, "processes": 0.0, "temporary files": 0.0}
"""Growth per round that is no leak; judged from the sixth sample on."""


@dataclass(frozen=True)
class Found:
    """What a job must find however it is disturbed: facts and law of each run, questions asked of the model."""

    runs: list[dict[str, Any]]
    laws: list[str]
    questions: frozenset[str]

    @classmethod
    def of(cls, result: dict[str, Any], model: faults.FaultyModel) -> Found:
        facts = [_facts(run) for run in result["runs"]]
        laws = [(Path(run["archive"]) / "law.py").read_text().replace(run["run"], "") for run in result["runs"]]
        return cls(facts, laws, frozenset(model.questions()))


def _facts(run: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on the clock, nor on the attempts that its calls took."""
    varies = ("run", "archive", "seconds", "cost_usd")
    facts = {key: value for key, value in run.items() if key not in varies}
    if account := facts.get("account"):
        facts["account"] = {key: value for key, value in account.items() if key != "calls"}
    return facts


class Soak:
    """One folder, one model, and the rounds that are made with them."""

    def __init__(self, settings: DisturbedSettings, seed: int) -> None:
        self.settings, self.folder, self.seed = settings, settings.folder, seed
        folder = settings.folder
        self.books = ProviderBooks()
        self.references: dict[tuple[str, int], Found] = {}
        (folder / "tmp").mkdir()
        (folder / "clock").mkdir()
        (folder / "clock" / "sitecustomize.py").write_text(faults.JUMPING_CLOCK)
        asked = subprocess.run(
            [sys.executable, "-c", "import time; print(time.time.__name__)"],
            env={**os.environ, "PYTHONPATH": str(folder / "clock")},
            capture_output=True,
            text=True,
            check=True,
        )
        if asked.stdout != "jumping\n":
            raise SystemExit("the clock of commands cannot be made to jump: another sitecustomize comes first")
        (folder / "lawsmith.toml").write_text("[transport]\ntimeout_seconds = 15\ncache = false\n")
        rng = np.random.default_rng(0)
        for name, n in (("train", np.geomspace(1e6, 1e8, 10)), ("test", np.geomspace(2e8, 1e9, 4))):
            loss = (1.5 + 40 * n**-0.3) * (1 + 0.002 * rng.standard_normal(n.size))
            rows = "".join(f"{a:.6g},{b:.8f}\n" for a, b in zip(n, loss, strict=True))
            (folder / f"{name}.csv").write_text(f"N,loss\n{rows}")

    def round(self, number: int, agents: Sequence[str], ways: Sequence[str], seeds: int) -> None:
        """One disturbed search, and everything that must hold after it."""
        rng = np.random.default_rng([self.seed, number])
        job = DisturbedJob(str(rng.choice(agents)), int(rng.integers(seeds)), str(rng.choice(ways)))
        if job.way == "resident":
            job = replace(job, agent="symbolic")
        began, wrong = time.monotonic(), len(self.books.wrong)
        with faults.Disk(self.folder / "disk") as disk, faults.FaultyModel() as model:
            expected = self.reference(job, model, disk.folder / "reference")
            model.begin(number, trouble=0.3)
            result = DisturbedRound(self.settings, self.books, job, rng, disk, model).run()
            self.judge(number, expected, result, model)
            if len(self.books.wrong) > wrong:
                shutil.copytree(disk.folder / "runs", self.folder / f"round-{number}", dirs_exist_ok=True)
        shutil.rmtree(self.folder / "disk")
        self.sample()
        said = "; ".join(self.books.wrong[wrong:]) or "as in peace"
        print(
            f"{number:4d}  {job.agent:9s} seed {job.seed}  {job.way:9s}{time.monotonic() - began:7.1f} s  {said}",
            flush=True,
        )

    def reference(self, job: DisturbedJob, model: faults.FaultyModel, runs_dir: Path) -> Found:
        """What the job finds when nothing goes wrong; searched once."""
        key = job.agent, job.seed
        if key not in self.references:
            model.begin(0, trouble=0.0)
            options = replace(job, way="command").options(self.folder, model.url)
            process = self.settings.start([*options, "--runs-dir", str(runs_dir)], job)
            said, complained = process.communicate(timeout=self.settings.patience)
            if process.returncode:
                raise SystemExit(f"the undisturbed job {key} failed: {complained}")
            self.references[key] = Found.of(json.loads(said), model)
        return self.references[key]

    def judge(self, number: int, expected: Found, result: dict[str, Any] | None, model: faults.FaultyModel) -> None:
        """Compare what was found with what must be, and check every archive."""
        books, name = self.books, f"round {number}"
        books.faults += model.troubled
        if result is None:
            return
        found = Found.of(result, model)
        books.counts["runs"] += len(result["runs"])
        for ours, theirs in zip(found.runs, expected.runs, strict=True):
            differ = [key for key in theirs if ours[key] != theirs[key]]
            if differ:
                books.counts["differing winners"] += 1
                books.wrong.append(f"{name}: seed {theirs['seed']} differs in {', '.join(differ)}")
        if found.laws != expected.laws:
            books.wrong.append(f"{name}: law.py differs")
        if found.questions != expected.questions:
            books.wrong.append(f"{name}: the model was asked other questions")
        if twice := [question for question, keys in model.questions().items() if keys > 1]:
            books.counts["calls paid twice"] += len(twice)
            books.wrong.append(f"{name}: {len(twice)} calls were paid twice")
        for run in result["runs"]:
            problems = Archive.open(Path(run["archive"])).verify()
            books.counts["verified"] += not problems
            books.wrong += [f"{name}: {problem}" for problem in problems]

    def sample(self) -> None:
        """What this process holds now, and what any command left behind."""
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
        self.books.samples.append(
            {
                "MB": resident,
                "descriptors": len(os.listdir("/proc/self/fd")),
                "threads": len(os.listdir("/proc/self/task")),
                "processes": len(faults.descendants(os.getpid())),
                "temporary files": sum(1 for _ in (self.folder / "tmp").rglob("*")),
            }
        )


def growth(samples: Sequence[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    """First, last and slope per round (Theil-Sen) of each quantity, after a first round that warms up."""
    kept = samples[1:] or samples
    found = {}
    for name in TOLERATED_SLOPES:
        values = [sample[name] for sample in kept]
        slope = float(theilslopes(values).slope) if len(values) > 1 else 0.0
        found[name] = values[0], values[-1], slope
    return found


def report(books: ProviderBooks) -> None:
    print(f"\n{'fault':28s}{'times':>8s}")
    for kind, times in sorted(books.faults.items()):
        print(f"{kind:28s}{times:8d}")
    print(f"{'in all':28s}{books.faults.total():8d}\n")
    names = ("started", "resumed", "runs", "verified", "interrupted and verified", "differing winners")
    for name in (*names, "calls paid twice"):
        print(f"{name:28s}{books.counts[name]:8d}")
    print(f"\n{'':28s}{'first':>8s}{'last':>8s}{'a round':>10s}")
    for name, (first, last, slope) in growth(books.samples).items():
        print(f"{name:28s}{first:8.0f}{last:8.0f}{slope:10.3f}")
        if len(books.samples) > 5 and slope > TOLERATED_SLOPES[name]:
            books.wrong.append(f"{name} grow by {slope:.3f} a round")
    print("\n" + ("\n".join(f"WRONG: {what}" for what in books.wrong) or "nothing was wrong"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0, help="no round begins later")
    parser.add_argument("--rounds", type=int, help="most rounds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dir", type=Path, help="a new folder for all files; damaged archives stay there")
    parser.add_argument("--agents", default=",".join(AGENTS))
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--seeds", type=int, default=2, help="of jobs: each is searched once in peace")
    parser.add_argument("--gap", type=float, default=4.0, help="mean seconds between faults")
    parser.add_argument("--most", type=int, default=5, help="faults of a round, besides the model's")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds after which a command hangs")
    given = parser.parse_args()
    folder = (given.dir or Path(tempfile.mkdtemp(prefix="soak-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
    soak = Soak(DisturbedSettings(folder, given.gap, given.most, given.patience), given.seed)
    deadline = time.monotonic() + 60 * given.minutes
    number = 0
    while time.monotonic() < deadline and number != given.rounds:
        number += 1
        soak.round(number, given.agents.split(","), given.ways.split(","), given.seeds)
    report(soak.books)
    if not soak.books.wrong and given.dir is None:
        shutil.rmtree(folder)
    return 1 if soak.books.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
