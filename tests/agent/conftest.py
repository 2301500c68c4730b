from pathlib import Path

import pytest
from agent_doubles import ROWS, small_dataset

from lawsmith.tasks import Dataset


@pytest.fixture
def dataset() -> Dataset:
    return small_dataset()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own table, and a folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(ROWS)
    return tmp_path
