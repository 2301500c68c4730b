"""Which files a page opens: those of the user's own runs, never those that a stranger's archive names."""

from pathlib import Path

import pytest
from made_runs import CANDIDATES, make_run, write_table

from lawsmith.runs import Archive
from lawsmith.runs.records.data import NOT_OPENED, NotOpened, open_data, packed
from lawsmith.runs.records.ownership import is_own, marked
from lawsmith.runs.records.record import DataRecord
from lawsmith.runs.records.trials import Proposal
from lawsmith.runs.report import write_site
from lawsmith.runs.report.pages import Pages
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Dataset, InputError, Schema, read_dataset
from lawsmith.tasks.user_table import read_decided


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("private") / "private.csv")


@pytest.fixture
def runs(tmp_path: Path, table: Path, sandbox: Sandbox) -> Path:
    """A folder with two runs on a private table that no archive carries: one of one's own, and a stranger's."""
    dataset, proposals = read_dataset(table, ("loss",)), [Proposal(CANDIDATES[2])]
    make_run(tmp_path / "runs", dataset, sandbox, proposals, "own")
    make_run(tmp_path / "runs", dataset, sandbox, proposals, "foreign", own=False)
    return tmp_path / "runs"


def archive_in(runs: Path, name: str) -> Archive:
    return Archive.open(next(runs.glob(f"*/*/{name}")))


def page_of(archive: Archive, runs: Path, sandbox: Sandbox, data_dir: Path | None = None) -> str:
    found = Pages(runs, sandbox, data_dir).get(f"runs/{archive.manifest.address}")
    assert found is not None
    return found


def test_a_page_opens_no_table_that_a_strangers_archive_names(
    runs: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    opened: list[Path] = []

    def spied(schema: Schema, train: Path, test: Path | None) -> Dataset:
        opened.append(train)
        return read_decided(schema, train, test)

    monkeypatch.setattr("lawsmith.runs.records.data.read_decided", spied)
    own, foreign = (archive_in(runs, name) for name in ("own", "foreign"))
    assert NOT_OPENED not in page_of(own, runs, sandbox) and opened  # of one's own run it does
    opened.clear()
    assert NOT_OPENED in page_of(foreign, runs, sandbox)
    assert NOT_OPENED in (Pages(runs, sandbox).get("compare", {"a": [foreign.manifest.address]}) or "")
    (foreign.path / "report.html").write_text("asks for a page on the site")
    write_site(runs, runs.parent / "site")
    (written,) = (runs.parent / "site" / "reports").glob("*.html")
    assert NOT_OPENED in written.read_text()
    assert opened == []


def test_a_folder_that_the_user_names_is_looked_in(runs: Path, table: Path, sandbox: Sandbox):
    foreign = archive_in(runs, "foreign")
    assert NOT_OPENED not in page_of(foreign, runs, sandbox, table.parent)


def test_rows_inside_an_archive_are_shown_whoever_made_it(runs: Path, table: Path):
    dataset, foreign = read_dataset(table, ("loss",)), archive_in(runs, "foreign")
    kept = packed(dataset)
    assert kept is not None
    (foreign.path / "data.json.gz").write_bytes(kept)
    assert open_data(foreign, shown=True).task.provenance.sha256 == dataset.task.provenance.sha256


def test_the_mark_holds_for_the_table_that_was_named_and_no_other(runs: Path, tmp_path: Path):
    own = archive_in(runs, "own")
    assert is_own(own.manifest) and own.manifest.data is not None
    for name in ("train", "test", "path"):
        other = own.manifest.data.model_copy(update={name: "/home/me/private.csv"})
        assert not is_own(own.manifest.model_copy(update={"data": other}))
        assert is_own(marked(own.manifest.model_copy(update={"data": other})))


def test_a_known_task_is_looked_for_where_this_machine_has_it(runs: Path, table: Path, monkeypatch: pytest.MonkeyPatch):
    """An archive may say that a known task's file was found in a folder; a stranger's is not followed there."""
    own = archive_in(runs, "own")
    assert own.manifest.data is not None
    record = DataRecord(source="file", sha256=own.manifest.data.sha256, path=str(table))
    task = own.manifest.task.model_copy(update={"name": "sft"})
    asked: list[object] = []

    def load(name: str, data_dir: Path | None = None) -> None:
        asked.append(data_dir)

    monkeypatch.setattr("lawsmith.runs.records.data.load", load)
    manifest = own.manifest.model_copy(update={"data": record, "task": task})
    for change in (marked(manifest), manifest):
        open_data(Archive(own.path, change, ""), shown=True)
    assert asked == [table.parent, None]


@pytest.mark.parametrize("source", ["replica", "file", "hub"])
def test_a_strangers_record_of_its_data_is_a_sentence(source: str, runs: Path):
    own = archive_in(runs, "own")
    record = DataRecord.model_validate({"source": source, "sha256": "0" * 64})
    foreign = Archive(own.path, own.manifest.model_copy(update={"data": record, "owner": None}), "")
    with pytest.raises(InputError):
        open_data(foreign)
    with pytest.raises(InputError if source == "replica" else NotOpened):
        open_data(foreign, shown=True)
