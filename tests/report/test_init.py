"""`discover init`: a task.toml that the next command reads, and that is never overwritten."""

import tomllib
from pathlib import Path

import pytest

from lawsmith.tasks import read_dataset
from tests.command import run_command

HOSTILE = 'N "x" \\ [a]'


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = "".join(f"{k * k},{'ab'[k % 2]},{1 / k}\n" for k in range(1, 20))
    path = tmp_path / "runs.csv"
    quoted = HOSTILE.replace('"', '""')
    path.write_text(f'"{quoted}",model,loss\n{rows}')
    return path


def test_init_describes_every_column_and_the_next_command_reads_it(table: Path, capsys):
    run_command(capsys, "init", str(table))
    path = table.parent / "task.toml"
    assert set(tomllib.loads(path.read_text())["columns"]) == {HOSTILE, "model", "loss"}
    path.write_text(path.read_text().replace('meaning = ""', 'meaning = "Known."', 1))
    columns = read_dataset(table, ("loss",)).task.schema.columns
    assert "Known." in {column.meaning for column in columns.values()}


def test_init_never_overwrites(table: Path, capsys: pytest.CaptureFixture[str]):
    (table.parent / "task.toml").write_text("mine")
    assert "exists" in run_command(capsys, "init", str(table), status=2).err
    assert (table.parent / "task.toml").read_text() == "mine"
