"""What an archive of a stranger may decide, and what it may not."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agent_doubles import ROWS, said

from lawsmith.agent.cli import main
from lawsmith.agent.command.runner import UNPROTECTED, Runner
from lawsmith.runs import Archive
from lawsmith.runs.records.archive import MANIFEST, RESULT
from lawsmith.runs.records.canonical_json import seal, unseal
from lawsmith.runs.records.ownership import is_own, key_path, marked
from lawsmith.sandbox import Tier
from lawsmith.tasks import InputError


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the archive of a short search of this user's, begun and not ended."""
    place = tmp_path_factory.mktemp("begun")
    (place / "t.csv").write_text(ROWS)
    options = ("--agent", "symbolic", "--time-limit", "0.2", "--runs-dir", str(place / "runs"))
    with pytest.raises(SystemExit) as ended:
        main(["--data", str(place / "t.csv"), "--target", "y", *options])
    assert not ended.value.code
    next(place.glob(f"runs/*/*/*/{RESULT}")).unlink()
    return place


@pytest.fixture
def interrupted(begun: Path, folder: Path) -> Path:
    """A copy of that archive."""
    shutil.copytree(begun / "runs", folder / "runs")
    return next(folder.glob(f"runs/*/*/*/{MANIFEST}")).parent


def altered(archive: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The archive as a stranger makes it: other words, sound digests, no event."""
    content = unseal((archive / MANIFEST).read_bytes())
    change(content)
    (archive / MANIFEST).write_bytes(seal(content))
    for name in ("events.jsonl", "calls.jsonl"):
        (archive / name).write_bytes(b"")
    return archive


def test_a_run_of_ones_own_is_resumed_without_a_question(interrupted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_own(Archive.open(interrupted).manifest)
    assert os.stat(key_path()).st_mode & 0o777 == 0o600
    code, text = said(capsys, "resume", str(interrupted))
    assert code == 0, text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("limits", {"memory_bytes": 2**36}, "set other limits (memory_bytes"),
        ("workers", 64, "start 64 processes"),
        ("unsafe_local", True, "run candidates unprotected"),
        ("data_dir", "/etc", "read data in /etc"),
        ("replay", "/home/me/private", "read the archive /home/me/private"),
        (
            "settings",
            {"config": {"models": [{"name": "m", "base_url": "http://evil", "key_env": "AWS_SECRET"}]}},
            "send rows to http://evil (model m) with the key in AWS_SECRET",
        ),
    ],
)
def test_a_strangers_archive_asks_first(
    field: str, value: object, told: str, interrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        config = manifest["config"]
        config[field] = {**config["limits"], **value} if field == "limits" else value  # type: ignore[dict-item]

    code, text = said(capsys, "resume", str(altered(interrupted, change)))
    assert code == 2
    assert told in " ".join(text.split())
    assert "--trust" in text
    assert "Traceback" not in text


def test_a_strangers_archive_that_asks_for_nothing_is_resumed(
    interrupted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, "resume", str(altered(interrupted, lambda manifest: manifest.pop("owner"))))
    assert code == 0, text


def test_a_strangers_cluster_is_never_joined(interrupted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as scheduler:
        scheduler.settimeout(0.2)
        address = f"tcp://127.0.0.1:{scheduler.getsockname()[1]}"
        archive = altered(interrupted, lambda manifest: manifest["config"].update(cluster=address))
        code, text = said(capsys, "resume", str(archive), "--trust")
        assert code == 0, text
        with pytest.raises(TimeoutError):
            scheduler.accept()


def test_control_what_is_refused_to_a_stranger_is_done_for_the_user(
    interrupted: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def joined(address: str, *_: object) -> None:
        asked.append(address)
        raise InputError("enough")

    monkeypatch.setattr("lawsmith.agent.command.runner.joined", joined)
    monkeypatch.setattr("lawsmith.agent.command.trust.is_own", lambda manifest: True)
    far = {"cluster": "tcp://127.0.0.1:9", "unsafe_local": True, "data_dir": "/etc"}
    archive = altered(interrupted, lambda manifest: manifest["config"].update(far))
    code, text = said(capsys, "resume", str(archive))
    assert code == 2 and text.endswith("discover: enough\n") and "--trust" not in text
    assert asked == ["tcp://127.0.0.1:9"]


def test_a_mark_of_another_user_or_for_another_job_does_not_count(interrupted: Path, tmp_path: Path) -> None:
    manifest = Archive.open(interrupted).manifest
    assert not is_own(manifest.model_copy(update={"config": {**manifest.config, "workers": 3}}))
    assert not is_own(manifest.model_copy(update={"owner": None}))
    os.environ["XDG_STATE_HOME"], before = str(tmp_path / "another"), os.environ["XDG_STATE_HOME"]
    try:
        assert not is_own(manifest)
        assert is_own(marked(manifest))
        assert not is_own(manifest)
    finally:
        os.environ["XDG_STATE_HOME"] = before


def test_an_archive_without_a_job_is_a_sentence(interrupted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = altered(interrupted, lambda manifest: manifest.update(config={"agent": 3, "else": [1]}))
    code, text = said(capsys, "resume", str(archive))
    assert code == 2
    assert "does not say how its search was made" in " ".join(text.split())


class _Heard:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warned(self, sentence: str) -> None:
        self.warnings.append(sentence)


class _Box:
    def __init__(self, tier: Tier, unsafe_local: bool) -> None:
        self.tier, self.unsafe_local = tier, unsafe_local


@pytest.mark.parametrize(
    ("tier", "unsafe", "told"),
    [(Tier.NONE, True, UNPROTECTED), (Tier.FULL, True, "--unsafe-local is not needed"), (Tier.FULL, False, None)],
)
def test_unsafe_local_is_announced_at_each_run(tier: Tier, unsafe: bool, told: str | None) -> None:
    heard = _Heard()
    runner = Runner(None, None, None, heard, _Box(tier, unsafe))  # type: ignore[arg-type]
    runner._announce_tier()
    assert [sentence for sentence in heard.warnings if told and sentence.startswith(told)] == heard.warnings
    assert len(heard.warnings) == (told is not None)


def test_the_command_says_that_unsafe_local_was_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--agent", "symbolic", "--unsafe-local", "--time-limit", "0.2", "--runs-dir", "runs")
    code, told = said(capsys, "--data", "t.csv", "--target", "y", *asked)
    assert code == 0, told
    assert "--unsafe-local" in told
    archive = next(folder.glob(f"runs/*/*/*/{MANIFEST}")).parent
    code, told = said(capsys, "inspect", str(archive))
    assert "isolation: " in told
    assert json.loads((archive / MANIFEST).read_text())["config"]["unsafe_local"] is True
