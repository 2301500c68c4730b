"""Replay: the published results to six digits, our own to the last; any difference is reported."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.published import DECIMALS, build, published_scores
from lawsmith.runs import Archive, Manifest, RunResult
from lawsmith.runs.laws.winner import close_law, predict_with, score_law
from lawsmith.runs.records.data import DATA, kept_data, open_data, packed
from lawsmith.runs.records.find import find_archive
from lawsmith.runs.records.record import DataRecord, FinalScores
from lawsmith.runs.replay import replay
from lawsmith.sandbox import FitJob, PredictJob, Sandbox
from lawsmith.tasks import Dataset, InputError, load, read_dataset, replica, schema
from lawsmith.tasks.validation import Split
from lawsmith.tasks.validation import dataset as validated

FORM = """
import numpy as np
PARAMETERS = {"L": (0, 10), "A": (0, 1e3), "a": (0, 3)}
def form(x, p):
    return p["L"] + p["A"] * x["n"] ** -p["a"] + 0 * np.log(x["d"])
"""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    for split, low, high in (("train", 1, 3), ("test", 3, 4)):
        lines = ["n,d,model,loss"]
        for i in range(24):
            n, group = 10 ** rng.uniform(low, high), "ab"[i % 2]
            lines.append(f"{n!r},{i + 1},{group},{1.5 + 3 * n**-0.4 + 0.01 * rng.normal()!r}")
        (tmp_path / f"{split}.csv").write_text("\n".join(lines))
    return tmp_path


def read(tables: Path) -> Dataset:
    return read_dataset(tables / "train.csv", ["loss"], features=["n", "d"], group="model", test=tables / "test.csv")


def own_archive(tables: Path, sandbox: Sandbox, keep: bool = False) -> Path:
    data = read(tables)
    manifest = Manifest(
        task=data.task.schema,
        agent="symbolic",
        seed=1,
        data=DataRecord.of(data.task.provenance, tables / "train.csv", tables / "test.csv"),
    )
    fitted = sandbox.run(FitJob(FORM, data.task.schema, data.task.train))
    assert fitted.constants is not None
    law = close_law(FORM, data.task, fitted.constants, {"run": manifest.address}, sandbox).text
    rows = packed(data) if keep else None
    with Archive.create(tables / "runs", manifest, rows) as archive:
        archive.append_event({"event": "candidate", "id": "w", "source": FORM})
        archive.finish(RunResult(scores=score_law(law, data, sandbox), winner="w", kind="form"), law)
    return archive.path


def test_own_archive_replays_to_the_last_digit(tables: Path, sandbox: Sandbox) -> None:
    archive = Archive.open(own_archive(tables, sandbox))
    report = replay(archive, sandbox)
    assert report.reproduced
    assert report.exact
    assert report.scores.archived == report.scores.replayed
    assert report.scores.replayed.test is not None
    shown = json.loads(report.model_dump_json())
    assert shown["run"] == archive.manifest.address
    assert set(shown["scores"]["replayed"]["test"]) == {"r2", "nmse", "nmae"}
    assert archive.source() == FORM


def test_table_may_have_moved(tables: Path, sandbox: Sandbox, tmp_path: Path) -> None:
    path = own_archive(tables, sandbox)
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("train.csv", "test.csv"):
        (tables / name).rename(moved / name)
    with pytest.raises(InputError, match="does not hold its rows, and there is no file"):
        replay(Archive.open(path), sandbox)
    assert replay(Archive.open(path), sandbox, moved).reproduced


def test_other_data_and_other_scores_are_differences(tables: Path, sandbox: Sandbox) -> None:
    path = own_archive(tables, sandbox)
    lines = (tables / "test.csv").read_text().splitlines()
    (tables / "test.csv").write_text("\n".join(lines[:-1]))
    report = replay(Archive.open(path), sandbox)
    assert not report.reproduced
    assert report.differences[0].startswith("the data differ: SHA-256 ")
    assert [text.split()[0:2] for text in report.differences[1:]] == [
        ["test", "r2"], ["test", "nmse"], ["test", "nmae"]
    ]  # fmt: skip


def test_replay_without_the_test_split_is_no_reproduction(tables: Path, sandbox: Sandbox) -> None:
    archive = Archive.open(own_archive(tables, sandbox))
    data = read(tables)
    report = replay(archive, sandbox, dataset=Dataset(data.task, None))
    assert report.differences == ("the test scores cannot be repeated: the data has no test split",)


def test_a_forged_score_is_contradicted(tables: Path, sandbox: Sandbox) -> None:
    path = own_archive(tables, sandbox)
    original = Archive.open(path)
    result, law = original.result, original.law
    assert result is not None
    assert result.scores.test is not None
    better = FinalScores(train=result.scores.train, test=result.scores.test.model_copy(update={"r2": 1.0}))
    manifest = original.manifest.model_copy(update={"run": "forged"})
    with Archive.create(tables / "runs", manifest) as forged:
        forged.finish(result.model_copy(update={"scores": better}), law)
    assert Archive.open(forged.path).verify() == []
    report = replay(Archive.open(forged.path), sandbox)
    assert not report.reproduced
    assert "test r2 is 0." in report.differences[0]


def test_damaged_unfinished_and_lawless_archives_are_not_replayed(tables: Path, sandbox: Sandbox) -> None:
    path = own_archive(tables, sandbox)
    manifest = Archive.open(path).manifest.model_copy(update={"run": "open"})
    with Archive.create(tables / "runs", manifest) as unfinished:
        pass
    with pytest.raises(InputError, match="is interrupted; only a complete run"):
        replay(Archive.open(unfinished.path), sandbox)
    with Archive.resume(unfinished.path) as failed:
        failed.finish(RunResult(error="every candidate failed"), None)
    with pytest.raises(InputError, match="no law to replay: every candidate failed"):
        replay(Archive.open(failed.path), sandbox)
    (path / "law.py").write_text("import os\n")
    with pytest.raises(InputError, match=r"damaged: law\.py: its SHA-256 is"):
        replay(Archive.open(path), sandbox)


def test_replica_archives_replay_on_the_replica(tmp_path: Path, manifest: Manifest) -> None:
    frame_task = find_archive("published/sft/openhands-gpt-5", Path("none")).manifest.task
    record = DataRecord(source="replica", sha256="0" * 64)
    ours = manifest.model_copy(update={"task": frame_task, "data": record})
    with Archive.create(tmp_path, ours) as archive:
        data = open_data(archive)
    assert data.task.provenance.source == "replica"
    assert len(data.task.train) == 504


def test_a_published_result_is_not_compared_with_the_replica(sandbox: Sandbox) -> None:
    archive = find_archive("published/sft/openhands-gpt-5", Path("none"))
    report = replay(archive, sandbox, dataset=open_replica("sft"))
    assert report.reproduced is None and not report.differences
    assert "REPLICA" in report.notices[0] and "--data-dir" in report.notices[0]
    assert report.scores.replayed.test is not None


def open_replica(task: str) -> Dataset:
    train, test = (Split(frame, "the replica", None) for frame in replica.rows(schema(task)))
    return validated(schema(task), "replica", train, test)


@pytest.mark.data
@pytest.mark.parametrize(("task", "test", "train"), [("sft", 0.980774, 0.998467), ("lr_bsz", -0.773483, 0.878933)])
def test_published_results_replay_to_six_digits(
    task: str, test: float, train: float, sldbench: Path, sandbox: Sandbox
) -> None:
    report = replay(find_archive(f"published/{task}/openhands-gpt-5", Path("none")), sandbox, sldbench)
    assert report.reproduced, report.differences
    replayed = report.scores.replayed
    assert replayed.test is not None
    assert replayed.train is not None
    assert round(replayed.test.r2, DECIMALS) == test
    assert round(replayed.train.r2, DECIMALS) == train


@pytest.mark.data
@pytest.mark.parametrize("task", ["sft", "lr_bsz"])
def test_rendered_law_predicts_as_the_published_code(
    task: str, sldbench: Path, published_pages: Path, sandbox: Sandbox
) -> None:
    page = (published_pages / f"{task}_openhands_gpt-5.txt").read_text("utf-8")
    code = page.partition("Python\n")[2].partition("#2 Run 2")[0]
    data = load(task, sldbench)
    assert data.test is not None
    rows = (data.task.train.hide(), data.test.hide())
    theirs = sandbox.run(PredictJob(code, data.task.schema, None, rows))
    law = find_archive(f"published/{task}/openhands-gpt-5", Path("none")).law
    assert law is not None
    ours = predict_with(law, data.task.schema, rows, sandbox)
    assert theirs.ok, theirs.message
    assert ours.ok, ours.message
    for expected, found in zip(theirs.predictions, ours.predictions, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("task", list(published_scores()))
def test_published_archives_are_built_from_their_constants(task: str, tmp_path: Path) -> None:
    shipped = find_archive(f"published/{task}/openhands-gpt-5", tmp_path)
    rebuilt = Archive.open(build(task, tmp_path))
    assert shipped.verify() == []
    assert rebuilt.result is not None
    assert shipped.result == rebuilt.result
    assert rebuilt.result.constants == replica.published(task).constants
    assert shipped.source() == rebuilt.source()
    [event] = shipped.events()
    assert tuple(event["test_r2"]) == published_scores()[task].runs
    assert np.mean(published_scores()[task].runs) == pytest.approx(
        {"sft": 0.639659, "lr_bsz": -0.848988}[task], abs=1e-6
    )


def test_an_archive_with_its_rows_needs_no_file(tables: Path, sandbox: Sandbox) -> None:
    path = own_archive(tables, sandbox, keep=True)
    (tables / "train.csv").unlink()
    (tables / "test.csv").unlink(missing_ok=True)
    archive = Archive.open(path)
    assert replay(archive, sandbox).exact
    kept = kept_data(archive)
    assert kept is not None and kept.task.provenance.sha256 == archive.manifest.data.sha256
    with pytest.raises(InputError, match="no file"):
        open_data(archive, tables)


def test_rows_that_were_changed_in_an_archive_are_damage(tables: Path, sandbox: Sandbox) -> None:
    path = own_archive(tables, sandbox, keep=True)
    content = json.loads(gzip.decompress((path / DATA).read_bytes()))
    content["train"]["codes"][0] = 1 - content["train"]["codes"][0]
    (path / DATA).write_bytes(gzip.compress(json.dumps(content).encode()))
    with pytest.raises(InputError, match="other rows than its run had"):
        kept_data(Archive.open(path))
    with pytest.raises(InputError, match=r"damaged: data\.json\.gz: its SHA-256"):
        replay(Archive.open(path), sandbox)
    (path / DATA).write_bytes(gzip.compress(b"0" * 100_000_000))
    with pytest.raises(InputError, match="unpacks to more than"):
        kept_data(Archive.open(path))
