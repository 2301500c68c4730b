"""Archives and tables that were moved after a run: commands find them, and write nowhere else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_doubles import ROWS

from lawsmith.runs.records.archive import MANIFEST, RESULT
from tests.command import run_command


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table and the archive of a search without its rows."""
    place = tmp_path_factory.mktemp("searched")
    (place / "t.csv").write_text(ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        from lawsmith.agent.cli import main

        with pytest.raises(SystemExit) as ended:
            main(["t.csv", "--target", "y", "--agent", "symbolic", "--time-limit", "0.2", "--no-data"])
    assert not ended.value.code
    return place


@pytest.fixture
def moved(searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The archive alone in a folder of another name; its table is not where it was."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(next(searched.glob(f"runs/*/*/*/{MANIFEST}")).parent, tmp_path / "a" / "kept")
    (searched / "t.csv").rename(searched / "gone.csv")
    yield tmp_path / "a" / "kept"
    (searched / "gone.csv").rename(searched / "t.csv")


@pytest.mark.parametrize("finished", [True, False])
def test_an_archive_is_resumed_where_it_is(finished: bool, moved: Path, searched: Path, capsys):
    (moved.parent / "t.csv").write_text(ROWS)
    if not finished:
        (moved / RESULT).unlink()
    said = run_command(capsys, "resume", "a/kept", "--data-dir", "a")
    assert "law:       a/kept/law.py" in said.out and (moved / "law.py").is_file()
    assert "details:   discover inspect a/kept" in said.out
    assert sorted(path.name for path in moved.parent.iterdir()) == ["kept", "t.csv"]
    assert not list(moved.parents[1].rglob("runs"))


def test_a_resume_without_its_table_says_how_to_name_it(moved: Path, capsys):
    (moved / RESULT).unlink()
    assert "--data-dir names the folder that the table is in now" in run_command(capsys, "resume", moved, status=2).err


def test_laws_are_listed_without_the_table(moved: Path, capsys):
    assert " of t, the simplest first" in run_command(capsys, "laws", moved).out
    assert "no file" in run_command(capsys, "laws", moved, "--data-dir", moved, status=2).err
