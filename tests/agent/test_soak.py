"""The soak itself: the faults it makes are those a run survives, and it sees it when something is wrong."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agent_doubles import small_dataset

from benchmarks import faults
from benchmarks.disturbed import DisturbedSettings
from benchmarks.soak import Found, Soak, growth
from lawsmith.runs import Archive, Manifest, RunResult


def manifest() -> Manifest:
    return Manifest(run="r", task=small_dataset().task.schema, agent="symbolic", seed=0, data=None)


def test_a_torn_log_is_resumed_from_its_intact_part(tmp_path: Path) -> None:
    with Archive.create(tmp_path / "whole", manifest()) as archive:
        for number in range(5):
            archive.append_event({"event": "note", "number": number})
            archive.append_call({"event": "end", "reason": str(number)})
    kept = set()
    for seed in range(40):
        torn = tmp_path / f"torn{seed}"
        shutil.copytree(archive.path, torn)
        faults.tear(torn, np.random.default_rng(seed))
        assert all(problem.resumable for problem in Archive.open(torn).verify())
        with Archive.resume(torn) as resumed:
            numbers = [event["number"] for event in resumed.events()]
            assert [call["reason"] for call in resumed.calls()] == list("01234")
            assert not resumed.verify()
        assert numbers == list(range(len(numbers)))
        kept.add(len(numbers))
    assert kept == {4, 5}


@pytest.fixture
def done(tmp_path: Path) -> dict[str, Any]:
    """What a command with one finished run says."""
    archive = Archive.create(tmp_path / "runs", manifest())
    archive.append_event({"event": "note"})
    archive.finish(RunResult(candidates=1, failed=0), "# run r\n")
    account = {"candidates": 1, "calls": {"attempts": 2}}
    return {"runs": [{"run": "r", "archive": str(archive.path), "seed": 0, "validation_r2": 0.5, "account": account}]}


def test_the_soak_sees_what_is_wrong(tmp_path: Path, done: dict[str, Any]) -> None:
    (tmp_path / "soak").mkdir()
    soak = Soak(DisturbedSettings(tmp_path / "soak", gap=1.0, most=1, patience=60.0), seed=0)

    def wrong(expected: Found) -> list[str]:
        soak.books.wrong.clear()
        soak.judge(1, expected, done, model)
        return [said.partition(": ")[2] for said in soak.books.wrong]

    with faults.FaultyModel() as model:
        model.asked_for("question-1")
        model.asked_for("question-1")  # sent again after a kill: the endpoint bills one key once
        expected = Found.of(done, model)
        assert wrong(expected) == []
        assert wrong(replace(expected, laws=["# run \n# L = 2\n"])) == ["law.py differs"]
        done["runs"][0]["account"]["calls"]["attempts"] = 1
        assert wrong(expected) == []
        other = [{**expected.runs[0], "account": {"candidates": 2}}]
        assert wrong(replace(expected, runs=other)) == ["seed 0 differs in account"]
        other = [{**expected.runs[0], "validation_r2": 0.25}]
        assert wrong(replace(expected, runs=other)) == ["seed 0 differs in validation_r2"]
        assert wrong(replace(expected, questions=frozenset())) == ["the model was asked other questions"]
        model.asked_for("question-2")
        assert wrong(expected) == ["1 calls were paid twice"]
    events = Path(done["runs"][0]["archive"]) / "events.jsonl"
    events.write_bytes(events.read_bytes().replace(b"note", b"nose"))
    assert any("events.jsonl" in said for said in wrong(expected))


def test_growth_is_told_from_noise() -> None:
    names = ("MB", "descriptors", "threads", "processes", "temporary files")
    samples = [dict.fromkeys(names, 7.0) | {"MB": 300.0 - k, "threads": 2.0 * k} for k in range(8)]
    found = growth(samples)
    assert found["threads"] == (2.0, 14.0, 2.0)
    assert found["MB"][2] == -1.0
    assert found["descriptors"] == (7.0, 7.0, 0.0)
