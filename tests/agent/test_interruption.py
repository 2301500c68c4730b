"""A command in a process of its own, killed or interrupted, and resumed by the command that it prints."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from agent_doubles import power_law_csv
from scripted_discover import FORMS

from agent.cli import main

HERE = Path(__file__).parent
COMMAND = (sys.executable, str(HERE / "scripted_discover.py"))
SEARCH = ("--data", "train.csv", "--target", "loss", "--test", "test.csv", "--runs", "2")
PATIENCE = 300.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted")
    (folder / "train.csv").write_text(power_law_csv())
    (folder / "test.csv").write_text("N,loss\n2e9,1.0814\n4e9,1.0661\n8e9,1.0535\n")
    return folder


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parents[1]}:{HERE}"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finish(folder: Path, *arguments: str) -> dict[str, Any]:
    with started(folder, *arguments, "--json") as process:
        said, complained = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, complained
    result: dict[str, Any] = json.loads(said)
    return result


@pytest.fixture(scope="module")
def uninterrupted(folder: Path) -> dict[str, Any]:
    return finish(folder, *SEARCH, "--runs-dir", "whole")


def evaluated(runs_dir: Path) -> int:
    logs = runs_dir.glob("*/*/*/events.jsonl")
    return sum(line.startswith('{"evaluation"') for log in logs for line in log.read_text().splitlines())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def interrupted(folder: Path, runs_dir: str, sent: signal.Signals, after: int) -> tuple[int, str]:
    """Exit status and stderr of a command that gets a signal once `after` candidates are on record."""
    with started(folder, *SEARCH, "--runs-dir", runs_dir) as process:
        until(lambda: evaluated(folder / runs_dir) >= after or process.poll() is not None)
        process.send_signal(sent)
        said = process.communicate(timeout=PATIENCE)[1]
    return process.returncode, said


def facts(result: dict[str, Any]) -> list[dict[str, Any]]:
    """What a resumed command must share with an uninterrupted one: all but names and times."""
    return [
        {k: v for k, v in run.items() if k not in ("run", "archive", "seconds")} for run in result["runs"]
    ]


def archives(folder: Path, runs_dir: str) -> list[Path]:
    return sorted((folder / runs_dir).glob("*/*/*"))


@pytest.mark.parametrize("after", [3, 7])
def test_killed_and_resumed_is_as_if_uninterrupted(
    folder: Path, uninterrupted: dict[str, Any], after: int
) -> None:
    runs_dir = f"killed{after}"
    status, _ = interrupted(folder, runs_dir, signal.SIGKILL, after)
    assert status == -signal.SIGKILL
    unfinished = [path for path in archives(folder, runs_dir) if not (path / "result.json").exists()]
    assert len(unfinished) == 1
    result = finish(folder, "resume", str(unfinished[0]))
    assert facts(result) == facts(uninterrupted)
    assert result["selected"]["r2"] == uninterrupted["selected"]["r2"]
    assert evaluated(folder / runs_dir) == 2 * len(FORMS)


def test_ctrl_c_prints_the_command_that_resumes(folder: Path, uninterrupted: dict[str, Any]) -> None:
    status, said = interrupted(folder, "stopped", signal.SIGINT, 3)
    assert status == 130
    assert "Traceback" not in said
    command = shlex.split(said.splitlines()[-1])
    assert command[:2] == ["discover", "resume"]
    assert facts(finish(folder, *command[1:])) == facts(uninterrupted)


def test_a_polite_termination_is_like_ctrl_c(folder: Path) -> None:
    status, said = interrupted(folder, "ended", signal.SIGTERM, 1)
    assert status == 130
    assert "discover resume" in said


def test_the_data_of_a_resumed_run_must_be_what_it_was(
    folder: Path, uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    table = (folder / "train.csv").read_text()
    try:
        (folder / "train.csv").write_text(table.replace("N,loss\n", "N,loss\n5e5,2.0\n"))
        with pytest.raises(SystemExit) as exit_:
            main(["resume", uninterrupted["runs"][0]["archive"]])
    finally:
        (folder / "train.csv").write_text(table)
    assert exit_.value.code == 2
    assert "has changed" in capsys.readouterr().err


def test_the_law_is_found_and_the_table_shows_it(folder: Path, uninterrupted: dict[str, Any]) -> None:
    runs = uninterrupted["runs"]
    assert [run["seed"] for run in runs] == [0, 1]
    assert all(run["candidates"] == len(FORMS) and run["failed"] == 1 for run in runs)
    assert runs[0]["r2"] > 0.99
    assert uninterrupted["mean_r2"] == pytest.approx(runs[0]["r2"])
    assert uninterrupted["selected"]["run"] in [run["run"] for run in runs]
    assert runs[0]["expression"].startswith("loss = L + A * N ** (-a)")
    assert set(runs[0]["constants"]["all_data"]) == {"L", "A", "a"}
