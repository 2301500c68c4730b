"""Finding archives by path, address, run id or a unique beginning; damaged and foreign folders do not disturb."""

from __future__ import annotations

from pathlib import Path

import pytest

from lawsmith.runs import Archive, Manifest, RunResult, new_run_id
from lawsmith.runs.laws.law import law_of
from lawsmith.runs.records.archive import MANIFEST
from lawsmith.runs.records.find import addresses, find_archive, list_archives
from lawsmith.tasks import InputError


@pytest.fixture
def runs_dir(tmp_path: Path, manifest: Manifest) -> Path:
    for run in ("20260101T000000000-aaaaaa", "20260101T000000000-aabbbb", "20260202T000000000-cccccc"):
        with Archive.create(tmp_path, manifest.model_copy(update={"run": run})):
            pass
    with Archive.create(tmp_path, manifest.model_copy(update={"model": "org/m", "run": new_run_id()})):
        pass
    (tmp_path / "toy" / "symbolic" / "notes").mkdir()
    (tmp_path / "toy" / "file").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "toy/symbolic/20260202T000000000-cccccc",
        "20260202T000000000-cccccc",
        "20260202",
        "toy/symbolic/202602",
        "/toy/symbolic/20260202/",
    ],
)
def test_a_run_has_many_names(text: str, runs_dir: Path) -> None:
    assert find_archive(text, runs_dir).run == "20260202T000000000-cccccc"


def test_a_path_names_an_archive(runs_dir: Path, tmp_path: Path) -> None:
    path = runs_dir / "toy" / "symbolic" / "20260202T000000000-cccccc"
    assert find_archive(str(path), tmp_path / "elsewhere").path == path


@pytest.mark.parametrize("task", ["sft", "lr_bsz"])
def test_published_results_are_found_from_anywhere(task: str, tmp_path: Path) -> None:
    archive = find_archive(f"published/{task}/openhands-gpt-5", tmp_path / "none")
    assert archive.manifest.origin == "published"
    assert archive.manifest.address == f"published/{task}/openhands-gpt-5"


def test_a_running_run_without_a_law_names_the_newest_finished_one(runs_dir: Path) -> None:
    done = Archive.resume(runs_dir / "toy" / "symbolic" / "20260202T000000000-cccccc")
    done.finish(RunResult(), "law")
    with (
        Archive.resume(find_archive("latest", runs_dir).path),
        pytest.raises(InputError, match=r"is running; .*cccccc"),
    ):
        law_of(find_archive("latest", runs_dir))
    with pytest.raises(InputError, match="is interrupted; `discover resume"):
        law_of(find_archive("latest", runs_dir))


def test_errors_name_what_there_is(runs_dir: Path) -> None:
    with pytest.raises(InputError, match=r"could mean 2 runs: .*aabbbb and .*aaaaaa; write more"):
        find_archive("20260101", runs_dir)
    with pytest.raises(InputError, match=r"the nearest are published/sft/openhands-gpt-5"):
        find_archive("published/sft/openhands-gpt5", runs_dir)
    with pytest.raises(InputError, match="`discover inspect` lists the runs"):
        find_archive("§", runs_dir)
    with pytest.raises(InputError, match="could mean"):
        find_archive("", runs_dir)


def test_listing_keeps_damaged_archives_apart(runs_dir: Path) -> None:
    damaged = runs_dir / "toy" / "symbolic" / "20260202T000000000-cccccc"
    (damaged / MANIFEST).write_text("{}")
    (runs_dir / "toy" / "symbolic" / "linked").symlink_to(damaged)
    found = list_archives(runs_dir)
    own = [archive for archive in found.archives if archive.manifest.origin != "published"]
    runs = [archive.run for archive in own if archive.manifest.model is None]
    assert runs == ["20260101T000000000-aaaaaa", "20260101T000000000-aabbbb"]
    assert (len(own), len(found.archives)) == (3, 5)
    assert [address for address, _ in found.unreadable] == ["toy/symbolic/20260202T000000000-cccccc"]
    assert "manifest.json" in found.unreadable[0][1]


def test_no_folder_holds_no_runs(tmp_path: Path) -> None:
    assert addresses(tmp_path / "none", published=False) == {}
    (tmp_path / "file").write_text("")
    assert addresses(tmp_path / "file", published=False) == {}
