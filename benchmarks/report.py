"""How long the site of many archives takes, and how large the report of a long run is.

Archives and candidates are made up: the same law many times over, with constants, scores and a comment that differ.
What is measured is reading, highlighting, drawing and writing; no law is executed.

    python -m benchmarks.report [--archives 1000] [--candidates 10000]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lawsmith.runs import Archive, Manifest
from lawsmith.runs.records.record import DataRecord, FinalScores, RunResult, SplitScores
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.runs.report import write_site
from lawsmith.runs.report.content import RunContent, gather
from lawsmith.runs.report.page import packed_candidates
from lawsmith.sandbox import Evaluation, Tier, Verdict
from lawsmith.tasks import schema
from lawsmith.tasks.task import Source

FORM = """import numpy as np

PARAMETERS = {"L": (0.0, 10.0), "A": (0.0, 100.0), "a": (0.0, 2.0), "h": (0.0, 50.0)}


def form(x, p):
    n = x["sft_data_size"] / 1e4
    return p["L"] + p["A"] / (n ** p["a"] + p["h"])
"""


def fill(runs_dir: Path, count: int, source: Source = "file") -> None:
    """Sealed archives of sft by ten agents, with made-up scores; one run in fifty has failed."""
    for k in range(count):
        manifest = Manifest(
            run=f"r{k:04d}-{source}",
            task=schema("sft"),
            agent=f"agent{k % 10}",
            seed=k,
            data=DataRecord(source=source, sha256="0" * 64),
        )
        with Archive.create(runs_dir, manifest) as archive:
            if k % 50 == 49:
                archive.finish(RunResult(error="no law"), None)
                continue
            scores = FinalScores(train=SplitScores(r2=0.99), test=SplitScores(r2=1 - 0.01 * (k % 40 + 1)))
            law = f"# law {k}\ndef law(rows, group):\n    return [{{'sft_loss': {k}.0}} for r in rows]\n"
            archive.finish(RunResult(scores=scores, validation_r2=0.9, constants_count=4), law)


def many_candidates(content: RunContent, count: int) -> RunContent:
    """The content with `count` candidates, each with constants and a comment of its own."""
    many = tuple(
        Trial(
            f"{k:012x}",
            Proposal(
                FORM.replace("100.0", f"{k}.25") + f"\n# {k * 7919 % 10007}\n",
                parents=(f"{k // 2:012x}",),
                origin="mutation of the shifted power law",
            ),
            Evaluation(verdict=Verdict.OK, tier=Tier.NONE, constants_count=4, seconds=0.1 * (k % 17)),
        )
        for k in range(count)
    )
    return replace(content, trials=many)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=10_000)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "runs", options.archives)
        wall, processor = time.perf_counter(), time.process_time()
        _, count = write_site(folder / "runs", folder / "site")
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(f"site of {count} archives: {wall:.1f} s, {processor:.1f} s of processor")
        content = gather(Archive.open(next((folder / "runs").glob("*/*/r0000-file"))))
        processor = time.process_time()
        size = len(packed_candidates(many_candidates(content, options.candidates)))
        processor = time.process_time() - processor
        print(f"{options.candidates} candidates: {size / 1e6:.2f} MB of a page, {processor:.1f} s of processor")


if __name__ == "__main__":
    main()
