"""What a search sees is one object with a digest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agent_doubles import small_dataset

from lawsmith.agent.command.runner import require_same
from lawsmith.runs import Archive, Manifest, RunResult
from lawsmith.runs.records.searched import is_same, searched
from lawsmith.sandbox.search_task import LITTLE, SearchTask
from lawsmith.tasks import InputError


def test_the_digest_tells_searches_apart_that_would_score_differently():
    task = small_dataset().task
    seen = SearchTask.of(task)
    assert seen.digest == SearchTask.of(small_dataset().task).digest
    weights = np.linspace(0.5, 1.5, len(task.train))
    others = (
        SearchTask.of(replace(task, train=replace(task.train, weight=weights))),
        SearchTask.of(replace(task, train=task.train.take(np.arange(len(task.train) - 1)))),
        replace(seen, folds=seen.folds[1:]),
        replace(seen, probes=None),
        replace(seen, seed=1),
    )
    assert len({seen.digest, *(other.digest for other in others)}) == 1 + len(others)


def test_an_interrupted_run_goes_on_only_with_what_it_saw(tmp_path: Path):
    task = small_dataset().task
    seen = SearchTask.of(task)
    manifest = Manifest(run="r", task=task.schema, agent="symbolic", seed=0, data=None)
    for name, digest, refused in (("same", seen.digest, False), ("older", None, False), ("other", "0" * 64, True)):
        with Archive.create(tmp_path / name, manifest.model_copy(update={"search_task": digest})) as archive:
            path = archive.path
            if refused:
                with pytest.raises(InputError, match=r"cannot be resumed: its search saw other rows.*begin a new run"):
                    require_same(path, seen)
                archive.finish(RunResult(candidates=0, failed=0, error="no law"), None)
        require_same(path, seen)  # a finished run is read, not resumed
    require_same(tmp_path / "nothing", seen)


def test_what_an_archived_search_saw_is_made_again_with_the_rows_it_disbelieved(tmp_path: Path):
    task = small_dataset().task
    seen = SearchTask.of(task, (2,))
    assert seen.task.train.weights[2] / seen.task.train.weights[3] == pytest.approx(LITTLE)
    manifest = Manifest(run="r", task=task.schema, agent="symbolic", seed=0, data=None, search_task=seen.digest)
    told = [{"row": 3, "target": "loss"}, {"row": 10**9, "target": "loss"}, "nonsense"]
    with Archive.create(tmp_path, manifest) as archive:
        archive.finish(RunResult(error="no law", details={"disbelieved": told}), None)
        again = searched(archive, task)
    assert again.digest == seen.digest and is_same(archive, again)
    assert not is_same(archive, SearchTask.of(task))
