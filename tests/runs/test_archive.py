"""The archive as a record: append-only, readable after a kill, every changed byte reported."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from lawsmith.runs import Archive, Manifest, RunResult, State, new_run_id
from lawsmith.runs.records.archive import LAW, MANIFEST, REPORT, RESULT
from lawsmith.runs.records.canonical_json import encode
from lawsmith.runs.records.check import CALLS, EVENTS
from lawsmith.runs.records.find import addresses
from lawsmith.runs.records.record import FinalScores, SplitScores
from lawsmith.tasks import InputError

RESULT_OF_TOY = RunResult(
    scores=FinalScores(train=SplitScores(r2=0.1 + 0.2, nmse=1e-300, nmae=-0.0)),
    validation_r2=float("-inf"),
    constants={"g\u202e\x1b[31m": {"A": 5e-324, "B": float("nan")}},
    cost_usd=None,
    seconds=0.0,
)


def finished(runs_dir: Path, manifest: Manifest) -> Path:
    with Archive.create(runs_dir, manifest) as archive:
        for index in range(5):
            archive.append_event({"type": "candidate", "index": index, "r2": np.float64(0.5)})
        archive.append_call({"type": "call", "reply": "text"})
        archive.finish(RESULT_OF_TOY, "def law(): ...\n")
        archive.attach(b"<html></html>")
    return archive.path


KILLED_WHILE_IT_BEGINS = """
import os, signal, sys
from pathlib import Path
from lawsmith.runs import Archive, Manifest
times = iter(range({calls}))
def dies(*arguments, true=os.{call}):
    next(times, None) is None and os.kill(os.getpid(), signal.SIGKILL)
    return true(*arguments)
os.{call} = dies
Archive.create(Path(sys.argv[1]), Manifest.model_validate_json(sys.argv[2]))
"""


@pytest.mark.parametrize(("call", "calls"), [("rename", 0), ("replace", 1)])
def test_a_kill_while_an_archive_begins_leaves_none(tmp_path: Path, manifest: Manifest, call: str, calls: int) -> None:
    code = KILLED_WHILE_IT_BEGINS.format(call=call, calls=calls)
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), manifest.model_dump_json()], check=False)
    assert done.returncode == -signal.SIGKILL
    assert addresses(tmp_path, published=False) == {}
    Archive.create(tmp_path, manifest).close()


def test_an_archive_that_is_closed_from_another_thread_takes_nothing_more(tmp_path: Path, manifest: Manifest) -> None:
    archive = Archive.create(tmp_path, manifest)
    archive.append_event({"event": "note"})
    closing = threading.Thread(target=archive.close)
    closing.start()
    closing.join()
    for write in (archive.append_event, archive.append_call):
        with pytest.raises(RuntimeError):
            write({"event": "note"})
    with pytest.raises(RuntimeError):
        archive.finish(RESULT_OF_TOY, None)
    assert [event["seq"] for event in archive.events()] == [0]
    assert archive.state is State.INTERRUPTED


def test_what_is_written_is_read_back(tmp_path: Path, manifest: Manifest) -> None:
    path = finished(tmp_path, manifest)
    archive = Archive.open(path)
    assert path == tmp_path / "toy" / "symbolic" / manifest.run
    assert archive.manifest == manifest
    assert archive.state is State.COMPLETE
    assert [event["index"] for event in archive.events()] == [0, 1, 2, 3, 4]
    assert [call["reply"] for call in archive.calls()] == ["text"]
    assert archive.law == "def law(): ...\n"
    result = archive.result
    assert result is not None
    assert np.isnan(result.constants["g\u202e\x1b[31m"].pop("B"))  # type: ignore[index]
    expected = RESULT_OF_TOY.model_copy(deep=True)
    assert expected.constants is not None
    del expected.constants["g\u202e\x1b[31m"]["B"]
    assert result == expected
    assert str(result.scores.train.nmae) == "-0.0"  # type: ignore[union-attr]
    assert archive.verify() == []
    archive.require_sound()


def test_special_numbers_have_one_form() -> None:
    values = {"nan": float("nan"), "inf": np.inf, "low": -np.inf, "none": None, "zero": 0}
    assert (
        encode({**values, "f": np.float32(0.5), "a": np.arange(2), "t": (1, True)})
        == b'{"a":[0,1],"f":0.5,"inf":"Infinity","low":"-Infinity",'
        b'"nan":"NaN","none":null,"t":[1,true],"zero":0}'
    )
    with pytest.raises(TypeError, match="set"):
        encode({"a": {1}})
    with pytest.raises(TypeError, match="keys"):
        encode({1: 2})
    assert json.loads(encode("\ud800")) == "\ud800"


def test_every_changed_byte_is_reported(tmp_path: Path, manifest: Manifest) -> None:
    path = finished(tmp_path, manifest)
    rng = np.random.default_rng(0)
    for name in (MANIFEST, EVENTS, CALLS, LAW, RESULT, REPORT, "attached.json"):
        original = (path / name).read_bytes()
        places = range(len(original)) if len(original) < 200 else rng.choice(len(original), 60, replace=False)
        for place in places:
            changed = bytearray(original)
            changed[place] ^= 1 << int(rng.integers(8))
            (path / name).write_bytes(changed)
            assert damage_is_reported(path, name), f"{name} byte {place}: {original[place]} -> {changed[place]}"
        for altered in (original[:-1], original + b"\n", original + b" ", b""):
            (path / name).write_bytes(altered)
            assert damage_is_reported(path, name)
        (path / name).unlink()
        assert name == RESULT or damage_is_reported(path, name) or name == "attached.json"
        (path / name).write_bytes(original)
    assert Archive.open(path).verify() == []


def damage_is_reported(path: Path, name: str) -> bool:
    try:
        problems = Archive.open(path).verify()
    except InputError as error:
        return name in str(error)
    return any(problem.file == name and not problem.resumable for problem in problems)


def test_damage_is_one_sentence_with_file_and_digest(tmp_path: Path, manifest: Manifest) -> None:
    path = finished(tmp_path, manifest)
    (path / LAW).write_text("def law(): pass\n")
    with pytest.raises(InputError, match=r"is damaged: law\.py: its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}"):
        Archive.open(path).require_sound()


def test_unfinished_run_reports_changes_and_resumes_after_a_torn_end(tmp_path: Path, manifest: Manifest) -> None:
    with Archive.create(tmp_path, manifest) as archive:
        for index in range(4):
            archive.append_event({"index": index})
    log = archive.path / EVENTS
    whole = log.read_bytes()
    assert Archive.open(archive.path).state is State.INTERRUPTED

    for torn in (whole[:-1], whole[:-40], whole + b"\x00" * 300, whole + b'{"index"', whole + b"a\nb\nc\n"):
        log.write_bytes(torn)
        [problem] = Archive.open(archive.path).verify()
        assert problem.resumable
        assert problem.file == EVENTS
        with Archive.resume(archive.path) as again:
            kept = len(list(again.events()))
            assert kept == (4 if torn.startswith(whole) else 3)
            again.append_event({"index": "next"})
        assert Archive.open(archive.path).verify() == []

    log.write_bytes(whole.replace(b'"index":1', b'"index":7'))
    [problem] = Archive.open(archive.path).verify()
    assert not problem.resumable
    with pytest.raises(InputError, match=r"cannot be resumed: events\.jsonl: line 2 .*its digest is"):
        Archive.resume(archive.path)


def test_log_cannot_be_moved_to_another_archive(tmp_path: Path, manifest: Manifest) -> None:
    with (
        Archive.create(tmp_path, manifest) as first,
        Archive.create(tmp_path, manifest.model_copy(update={"run": new_run_id()})) as second,
    ):
        first.append_event({"a": 1})
    shutil.copy(first.path / EVENTS, second.path / EVENTS)
    assert [problem.file for problem in Archive.open(second.path).verify()] == [EVENTS]


WRITER = """
import sys
from pathlib import Path
from lawsmith.runs import Archive
with Archive.resume(Path(sys.argv[1])) as archive:
    start = len(list(archive.events()))
    for index in range(start, 10**9):
        archive.append_event({"index": index, "text": "x" * (index % 9000)})
        archive.append_call({"index": index})
        if index == start + 20:
            print("go", flush=True)
"""


def test_archive_is_readable_after_kill_at_any_instant(tmp_path: Path, manifest: Manifest) -> None:
    with Archive.create(tmp_path, manifest) as archive:
        pass
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", WRITER, archive.path], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        assert Archive.open(archive.path).state is State.RUNNING
        with pytest.raises(InputError, match="another process"):
            Archive.resume(archive.path)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        reader = Archive.open(archive.path)
        assert reader.state is State.INTERRUPTED
        events = [event["index"] for event in reader.events()]
        assert events == list(range(len(events)))
        assert len(events) >= 20
        assert all(problem.resumable for problem in reader.verify())


LIMITED = """
import resource, sys
from pathlib import Path
from lawsmith.runs import Archive
from lawsmith.tasks import InputError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
with Archive.resume(Path(sys.argv[1])) as archive:
    try:
        while True:
            archive.append_event({"text": "x" * 700})
    except InputError as error:
        print(error)
"""


def test_full_disk_is_one_sentence_and_harms_nothing(tmp_path: Path, manifest: Manifest) -> None:
    with Archive.create(tmp_path, manifest) as archive:
        pass
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, archive.path], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith(f"{archive.path / EVENTS} cannot be written: ")
    assert done.stdout.count("\n") == 1
    assert Archive.open(archive.path).verify() == []
    with Archive.resume(archive.path) as again:
        assert len(list(again.events())) == 20_000 // 800
        again.finish(RESULT_OF_TOY, None)
    assert Archive.open(archive.path).verify() == []


def test_threads_share_one_log(tmp_path: Path, manifest: Manifest) -> None:
    with Archive.create(tmp_path, manifest) as archive:
        threads = [
            threading.Thread(target=lambda: [archive.append_event({"a": "b" * 500}) for _ in range(50)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [event["seq"] for event in archive.events()] == list(range(200))
    assert Archive.open(archive.path).verify() == []


def test_run_ids_sort_by_start_and_are_unique() -> None:
    ids = [new_run_id() for _ in range(200)]
    assert [name[:18] for name in ids] == sorted(name[:18] for name in ids)
    assert len(set(ids)) == 200


def test_archives_of_strangers_reach_nothing_outside(tmp_path: Path, manifest: Manifest) -> None:
    path = finished(tmp_path, manifest)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (path / LAW).unlink()
    (path / LAW).symlink_to(secret)
    with pytest.raises(InputError, match="regular file"):
        _ = Archive.open(path).law
    assert [problem.file for problem in Archive.open(path).verify()] == [LAW]
    (path / LAW).unlink()
    os.mkfifo(path / LAW)
    assert [problem.file for problem in Archive.open(path).verify()] == [LAW]

    (path / MANIFEST).write_text("[" * 100_000)
    with pytest.raises(InputError, match="manifest"):
        Archive.open(path)
    (path / MANIFEST).write_text('{"digest":"x","run":"' + "../" * 10 + '"}')
    with pytest.raises(InputError, match="manifest"):
        Archive.open(path)
    with pytest.raises(InputError, match="is not an archive"):
        Archive.open(tmp_path)


def test_files_without_end_are_not_read_to_their_end(tmp_path: Path, manifest: Manifest) -> None:
    """Holes take no room on disk or in a packed archive, but reading them would take for ever."""
    path = finished(tmp_path, manifest)
    for name in (EVENTS, CALLS, LAW, REPORT):
        os.truncate(path / name, 1 << 42)
    problems = {problem.file: problem.message for problem in Archive.open(path).verify()}
    assert set(problems) == {EVENTS, CALLS, LAW, REPORT}
    assert "larger" in problems[LAW]
    assert "line 6" in problems[EVENTS]


def test_names_from_strangers_stay_inside_the_runs_folder(tmp_path: Path, manifest: Manifest) -> None:
    hostile = manifest.model_copy(
        update={"agent": "../../etc", "model": "a/b:c\u202e", "task": manifest.task.model_copy(update={"name": ".."})}
    )
    with Archive.create(tmp_path, hostile) as archive:
        assert archive.path.resolve().is_relative_to(tmp_path)
        assert archive.path.parent.parent.parent == tmp_path
    with pytest.raises(ValueError, match="run"):
        Manifest.model_validate({**manifest.model_dump(), "run": "../x"})


def test_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written: .*choose a folder"):
        Archive.create(tmp_path / "file", manifest)
    with Archive.create(tmp_path, manifest), pytest.raises(InputError, match="exists"):
        Archive.create(tmp_path, manifest)


def test_finished_archive_takes_no_more(tmp_path: Path, manifest: Manifest) -> None:
    path = finished(tmp_path, manifest)
    with pytest.raises(InputError, match="complete"):
        Archive.resume(path)
    with pytest.raises(RuntimeError, match="reading"):
        Archive.open(path).append_event({"a": 1})


def test_manifest_records_what_a_run_depends_on(manifest: Manifest) -> None:
    assert manifest.versions["numpy"] == np.__version__
    assert {"python", "platform", "lawsmith", "scipy"} <= set(manifest.versions)
    checkout = (Path(__file__).parents[2] / ".git").exists()
    assert (manifest.git_commit is not None) == checkout
    if manifest.git_commit is not None:
        assert len(manifest.git_commit.removesuffix("+")) == 40


def test_end_of_a_run_may_be_interrupted_too(tmp_path: Path, manifest: Manifest) -> None:
    with Archive.create(tmp_path, manifest) as archive:
        archive.append_event({"a": 1})
    (archive.path / LAW).write_text("half of a la")
    (archive.path / f".{RESULT}.123.tmp").write_text("{")
    with Archive.resume(archive.path) as again:
        again.finish(RESULT_OF_TOY, "def law(): ...\n")
    assert Archive.open(archive.path).verify() == []
    assert sorted(file.name for file in archive.path.iterdir()) == [CALLS, EVENTS, LAW, MANIFEST, RESULT]


@pytest.mark.parametrize("name", [EVENTS, CALLS])
def test_missing_log_is_damage(name: str, tmp_path: Path, manifest: Manifest) -> None:
    with Archive.create(tmp_path, manifest) as archive:
        pass
    (archive.path / name).unlink()
    assert [problem.file for problem in Archive.open(archive.path).verify()] == [name]
    with pytest.raises(InputError, match=f"damaged.*{name}.*missing"):
        Archive.resume(archive.path)


def test_messages_about_damage_hold_no_control_characters(tmp_path: Path, manifest: Manifest) -> None:
    with Archive.create(tmp_path, manifest) as archive:
        archive.append_event({"a": 1})
    for name in (EVENTS, MANIFEST):
        text = (archive.path / name).read_bytes()
        place = text.index(b'"digest":') + 14
        (archive.path / name).write_bytes(text[:place] + b"\x1b[31m" + text[place + 5 :])
    with pytest.raises(InputError, match=r"x1b\[31m") as raised:
        Archive.open(archive.path)
    assert "\x1b" not in str(raised.value)
    assert all("\x1b" not in problem.message for problem in archive.verify())
