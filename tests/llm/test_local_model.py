"""One genuine model, end to end. It proves transport, parsing, records and books; it is no measure of discovery."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import local_model
import pytest

import lawsmith.agent.symbolic
from lawsmith.agent.symbolic import SymbolicProposer
from lawsmith.agent.symbolic.start_forms import Costs
from lawsmith.runs import Account, Archive
from lawsmith.runs.records.trials import History, Proposal
from lawsmith.tasks import Task
from tests.command import run_command

pytestmark = [
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.skipif(local_model.absent() is not None, reason=str(local_model.absent())),
]
MODEL = ("--model", "smollm2", "--context-tokens", "2100", "--max-reply-tokens", "64", "--in-flight", "1")


class Brief:
    """The beginning of the symbolic search: what takes long here is to be the model."""

    def __init__(self, task: Task, seed: int, costs: Costs, **_: object) -> None:
        self._whole = SymbolicProposer(task, seed, costs)
        self.screening = self._whole.screening

    def propose(self, history: History) -> Sequence[Proposal]:
        return () if len(history) else self._whole.propose(history)[:4]


def discover(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    said = run_command(capsys, *arguments, "--json")
    return json.loads(said.out)


def test_the_main_job_with_a_real_model_leaves_a_valid_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAWSMITH_REQUEST_TIMEOUT", "600")  # a machine may be busy
    monkeypatch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", Brief)
    job = ("--task", "sft", "--runs", "1", "--agent", "refine", "--max-calls", "1")
    with local_model.served() as url:
        found = discover(capsys, *job, *MODEL, "--base-url", url, "--runs-dir", str(tmp_path))
    [run] = found["runs"]
    archive = Archive.open(Path(run["archive"]))
    assert archive.verify() == []
    assert archive.result is not None
    account = Account.of(archive.result)
    assert account is not None
    assert account.calls.finished == 1
    assert account.calls.prompt_tokens > 500
    assert 1 <= account.calls.completion_tokens <= 64
    assert account.calls.usd is None is run["cost_usd"]
    assert account.floor_candidates == 4
    assert discover(capsys, "replay", run["archive"])["reproduced"]
    assert discover(capsys, "inspect", run["archive"])["problems"] == []
