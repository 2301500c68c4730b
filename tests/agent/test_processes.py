"""Commands in processes of their own: killed, interrupted, resumed; and what the archives then say."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from agent_doubles import ARCHIVES, power_law_csv
from scripted_discover import FORMS, PAUSE

from lawsmith.agent.cli import main
from lawsmith.runs import Archive
from tests.command import run_command

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
def started(folder: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parents[1] / 'src'}:{HERE}", **settings}
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
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
    logs = runs_dir.glob(f"{ARCHIVES}/events.jsonl")
    return sum('"event":"candidate"' in line for log in logs for line in log.read_text().splitlines())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def interrupted(folder: Path, runs_dir: str, sent: signal.Signals, after: int) -> tuple[int, str]:
    """Exit status and stderr of a command that gets a signal once `after` candidates are on record."""
    with started(folder, *SEARCH, "--runs-dir", runs_dir, **{PAUSE: str(after)}) as process:
        until(lambda: evaluated(folder / runs_dir) >= after or process.poll() is not None)
        process.send_signal(sent)
        said = process.communicate(timeout=PATIENCE)[1]
    return process.returncode, said


def facts(result: dict[str, Any]) -> list[dict[str, Any]]:
    """What a resumed command must share with an uninterrupted one: all but names and times."""
    return [{k: v for k, v in run.items() if k not in ("run", "archive", "seconds")} for run in result["runs"]]


def archives(folder: Path, runs_dir: str) -> list[Path]:
    return sorted((folder / runs_dir).glob(ARCHIVES))


@pytest.mark.slow
@pytest.mark.parametrize("after", [3, 7])
def test_killed_and_resumed_is_as_if_uninterrupted(folder: Path, uninterrupted: dict[str, Any], after: int) -> None:
    runs_dir = f"killed{after}"
    status, _ = interrupted(folder, runs_dir, signal.SIGKILL, after)
    assert status == -signal.SIGKILL
    unfinished = [path for path in archives(folder, runs_dir) if not (path / "result.json").exists()]
    assert len(unfinished) == 1
    result = finish(folder, "resume", str(unfinished[0]))
    assert facts(result) == facts(uninterrupted)
    assert result["selected"]["r2"] == uninterrupted["selected"]["r2"]
    assert evaluated(folder / runs_dir) == 2 * len(FORMS)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_run_is_resumed_on_the_rows_that_it_had(
    folder: Path, uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The archive carries its rows, so the file may change; without them, changed rows are refused."""
    bare = finish(folder, *SEARCH, "--no-data", "--runs-dir", "bare")
    table = (folder / "train.csv").read_text()
    ended = []
    try:
        (folder / "train.csv").write_text(table.replace("N,loss\n", "N,loss\n5e5,2.0\n"))
        for found in (uninterrupted, bare):
            with pytest.raises(SystemExit) as exit_:
                main(["resume", found["runs"][0]["archive"]])
            ended.append(exit_.value.code)
    finally:
        (folder / "train.csv").write_text(table)
    assert ended == [0, 2]
    assert "has changed" in capsys.readouterr().err


def test_the_law_is_found_and_the_table_shows_it(folder: Path, uninterrupted: dict[str, Any]) -> None:
    runs = uninterrupted["runs"]
    assert [run["seed"] for run in runs] == [0, 1]
    assert all(run["candidates"] == len(FORMS) and run["failed"] == 1 for run in runs)
    assert runs[0]["r2"] > 0.99
    assert uninterrupted["mean_r2"] == pytest.approx(runs[0]["r2"])
    assert uninterrupted["selected"]["run"] in [run["run"] for run in runs]
    assert runs[0]["expression"].startswith("loss = L + A * N^-a")
    assert set(runs[0]["constants"]["all_data"]) == {"L", "A", "a"}


def said_by(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    said = run_command(capsys, *arguments, status=status)
    return said.out if status == 0 else said.err


def test_inspect_lists_the_archives_best_first(
    folder: Path, uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    runs_dir = str(folder / "whole")
    listed = json.loads(said_by(capsys, "inspect", "--runs-dir", runs_dir, "--json"))["archives"]
    own = [entry for entry in listed if entry["origin"] == "run"]
    assert [entry["run"] for entry in own] == [run["run"] for run in uninterrupted["runs"]]
    assert own[0]["r2"] == uninterrupted["runs"][0]["r2"]
    shown = said_by(capsys, "inspect", "--runs-dir", runs_dir, "--task", own[0]["task"], "--agent", "symbolic")
    assert all(entry["run"] in shown for entry in own)
    assert "openhands" not in shown


def test_inspect_shows_a_run_in_full(uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    archive = uninterrupted["runs"][0]["archive"]
    shown = said_by(capsys, "inspect", archive)
    for part in ("loss = L + A * N^-a", "best of 6 candidates", "1 crash", "the proposer has finished"):
        assert part in shown
    full = json.loads(said_by(capsys, "inspect", archive, "--json"))
    assert full["failures"] == {"crash": 1}
    assert [entry["id"] for entry in full["lineage"]] == [full["result"]["winner"]]
    assert len(full["candidates_list"]) == len(FORMS)


def test_diff_shows_what_differs(uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (run["archive"] for run in uninterrupted["runs"])
    found = json.loads(said_by(capsys, "inspect", "--diff", first, second, "--json"))
    assert found["differences"]["seed"] == [0, 1]
    assert "r2" not in found["differences"]
    assert "-# 0" in found["source_diff"]
    assert "seed" in said_by(capsys, "inspect", "--diff", first, second)


def test_replay_gives_the_same_scores(uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(said_by(capsys, "replay", uninterrupted["runs"][1]["archive"], "--json"))
    assert report["reproduced"] is True
    assert report["scores"]["archived"]["test"]["r2"] == report["scores"]["replayed"]["test"]["r2"]


def test_the_exported_law_predicts_without_us(
    folder: Path, uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    law = folder / "exported.py"
    said_by(capsys, "export", uninterrupted["runs"][0]["archive"], "--out", str(law))
    code = "import exported; print(exported.law([{'N': 1e10}], 'all_data')[0]['loss'])"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(folder)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) == pytest.approx(1 + 50 * 1e10**-0.3, rel=0.01)


def test_a_changed_byte_is_reported_wherever_it_is(
    folder: Path, uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    sound = Path(uninterrupted["runs"][0]["archive"])
    for name in ("manifest.json", "events.jsonl", "law.py", "result.json"):
        damaged = folder / "damaged" / name.partition(".")[0]
        shutil.copytree(sound, damaged)
        content = bytearray((damaged / name).read_bytes())
        content[len(content) // 2] ^= 1
        (damaged / name).write_bytes(content)
        complaint = said_by(capsys, "replay", str(damaged), status=2)
        assert name in complaint
        assert complaint.count("\n") == 1


def test_a_closed_pipe_is_no_crash(folder: Path, uninterrupted: dict[str, Any]) -> None:
    with started(folder, "inspect", uninterrupted["runs"][0]["archive"], "--json") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        assert process.wait(PATIENCE) == 1


@pytest.mark.parametrize(
    ("before", "output", "status", "said"),
    [
        ("", ">&-", 0, ""),
        ("", ">/dev/full", 1, "the disk is full"),
        ("mkdir gone; cd gone; rmdir ../gone;", "", 2, "folder does not exist"),
    ],
)
def test_no_output_and_no_current_folder_are_no_crash(
    before: str, output: str, status: int, said: str, tmp_path: Path
) -> None:
    command = f"{before} {shlex.quote(sys.executable)} -m lawsmith inspect {output}"
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1] / "src")}
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == status
    assert said in done.stderr and "Traceback" not in done.stderr


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own; skips the test where none may be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["16k", "32k"])
def test_a_full_disk_ends_in_a_sentence_and_the_run_resumes(
    size: str, folder: Path, uninterrupted: dict[str, Any], tmp_path: Path
) -> None:
    with small_disk(tmp_path, size) as disk:
        with started(folder, *SEARCH, "--runs-dir", str(disk / "runs")) as process:
            said = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 2, said
        assert "the disk is full; all recorded candidates are safe" in said
        assert "Traceback" not in said
        begun = [Archive.open(path) for path in archives(disk, "runs")]
        assert all(problem.resumable for archive in begun for problem in archive.verify())
        command = shlex.split(said.partition("continue with:")[2].splitlines()[1])
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        assert facts(finish(folder, *command[1:])) == facts(uninterrupted)
        assert not [problem for done in archives(disk, "runs") for problem in Archive.open(done).verify()]


@pytest.mark.parametrize(("asked", "threads"), [({}, 1), ({"OPENBLAS_NUM_THREADS": "3"}, 3)])
def test_linear_algebra_has_one_thread_unless_asked_otherwise(asked: dict[str, str], threads: int) -> None:
    script = (
        "from lawsmith.agent.cli import main\n"
        "try: main(['tasks'])\n"
        "except SystemExit: pass\n"
        "import os, numpy\n"
        "print(len(os.listdir('/proc/self/task')), numpy.show_config('dicts')['Build Dependencies']['blas']['name'])"
    )
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**kept, "PYTHONPATH": f"{HERE.parents[1] / 'src'}", **asked},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    count, library = done.stdout.splitlines()[-1].split(maxsplit=1)
    if "openblas" not in library:
        pytest.skip(f"numpy uses {library}")
    assert int(count) == min(threads, max(1, os.cpu_count() or 1))


@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "LC_ALL": "C"}])
def test_a_terminal_without_our_signs_is_no_crash(folder: Path, setting: dict[str, str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1] / "src"), **setting}

    def told(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command], env=environment, cwd=folder, capture_output=True, text=True, timeout=PATIENCE
        )

    assert "UnicodeEncodeError" in told("-c", "print('R\\xb2')").stderr  # the control
    found = told("-m", "lawsmith", "doctor")
    assert "Traceback" not in found.stderr and found.returncode in (0, 1)
    script = (
        "from lawsmith.agent.cli import main, complain\ntry: main(['tasks'])\nexcept SystemExit: complain('R\\xb2', 0)"
    )
    assert told("-c", script).stderr == "discover: R\\xb2\n"
