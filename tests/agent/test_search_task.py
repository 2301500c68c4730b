"""What a search sees is one object with a digest."""

from dataclasses import replace

import numpy as np
from agent_doubles import small_dataset

from lawsmith.agent.search.search_task import SearchTask


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
