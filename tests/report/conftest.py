"""A finished run on a small table, made by the real loop from three fixed candidates; and a real browser."""

import shutil
from pathlib import Path

import pytest
from made_runs import CANDIDATES, hostile_proposals, hostile_table, make_run, write_table

from lawsmith.runs import Archive
from lawsmith.runs.intervals import Uncertainty, uncertainty
from lawsmith.runs.records.trials import Proposal
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import read_dataset


@pytest.fixture(scope="session")
def runs_dir(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    """A folder with one finished run of the table, `toy`, and one with hostile names in every place."""
    folder = tmp_path_factory.mktemp("report")
    dataset = read_dataset(write_table(folder / "toy.csv"), ("loss",))
    proposals = [Proposal(source, origin="given") for source in CANDIDATES]
    make_run(folder / "runs", dataset, sandbox, proposals, "good")
    make_run(folder / "runs", hostile_table(folder), sandbox, hostile_proposals(), "hostile")
    return folder / "runs"


@pytest.fixture(scope="session")
def good(runs_dir: Path) -> Archive:
    return Archive.open(next(runs_dir.glob("*/*/good")))


@pytest.fixture(scope="session")
def hostile(runs_dir: Path) -> Archive:
    return Archive.open(next(runs_dir.glob("*/*/hostile")))


@pytest.fixture(scope="session")
def known(good: Archive, sandbox: Sandbox) -> Uncertainty:
    """What is known of the errors of `good`, kept in its archive from then on."""
    return uncertainty(good, sandbox)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    return found
