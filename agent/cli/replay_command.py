"""`discover replay`: is the archived law what it claims to be?"""

from pathlib import Path

import typer

from lawsmith.agent.cli.output import line, number, out, print_json, warn
from lawsmith.runs.find import find_archive
from lawsmith.runs.record import SplitScores
from lawsmith.runs.replay import ReplayReport, replay
from lawsmith.sandbox import Sandbox


def run(reference: str, data_dir: Path | None, runs_dir: Path, as_json: bool) -> None:
    """Replay an archive; exit with 1 if a score differs."""
    with Sandbox(workers=1) as sandbox:
        report = replay(find_archive(reference, runs_dir), sandbox, data_dir)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _show(report)
    if report.reproduced is False:
        raise typer.Exit(1)


def _show(report: ReplayReport) -> None:
    line(report.run)
    for split in ("train", "test"):
        archived = getattr(report.scores.archived, split)
        replayed = getattr(report.scores.replayed, split)
        if archived is not None or replayed is not None:
            on = " on the REPLICA" if report.reproduced is None else ""
            line(f"{split} R²: archived {_r2(archived)}, replayed{on} {_r2(replayed)}")
    if report.validation_r2 is not None:
        line(f"held-out R²: replayed {number(report.validation_r2, 9)}")
    for notice in report.notices:
        warn(notice)
    for difference in report.differences:
        line(f"differs: {difference}", "bold red")
    if report.reproduced:
        out.print("reproduced to the last digit" if report.exact else "reproduced", style="green")
    for sentence in report.unchecked:
        line(sentence)


def _r2(scores: SplitScores | None) -> str:
    return number(None if scores is None else scores.r2, 9)
