"""Large tables are thinned for the search; what is left still looks like the whole."""

import numpy as np

from lawsmith.tasks import Task
from lawsmith.tasks.task import FEWEST, MOST_GROUPS, MOST_ROWS, thinned
from tests.made import made_task


def task(codes: np.ndarray, groups: int) -> Task:
    n = np.geomspace(1, 1e6, len(codes))
    return made_task({"N": n}, {"loss": n**-0.3 + codes}, codes, [f"g{k:05d}" for k in range(groups)], group="g")


def test_a_small_table_is_left_as_it_is() -> None:
    small = task(np.zeros(MOST_ROWS, dtype=int), 1)
    assert thinned(small) is small


def test_groups_keep_their_shares_and_small_ones_their_rows() -> None:
    codes = np.repeat([0, 1, 2], [80_000, 40_000, 20])
    part = thinned(task(codes, 3)).train
    assert np.bincount(part.codes).tolist() == [3999, 2000, 20]
    assert part.groups == ("g00000", "g00001", "g00002")


def test_rows_are_rows_of_the_table_and_the_same_at_every_call() -> None:
    whole = task(np.arange(50_000) % 7, 7)
    one, two = thinned(whole).train, thinned(whole).train
    assert one.digest() == two.digest()
    known = set(zip(whole.train.features["N"].tolist(), whole.train.targets["loss"].tolist(), strict=True))
    assert known >= set(zip(one.features["N"].tolist(), one.targets["loss"].tolist(), strict=True))
    assert len(set(one.features["N"].tolist())) == len(one)


def test_of_many_groups_some_are_taken_unless_every_one_is_asked_for() -> None:
    many = task(np.arange(100_000) % 1000, 1000)
    part = thinned(many).train
    assert len(part.groups) == MOST_GROUPS == len(np.unique(part.codes))
    assert np.bincount(part.codes).min() >= FEWEST
    names = np.array(part.groups)[part.codes]
    level = np.array([int(name[1:]) for name in names])
    assert np.allclose(part.targets["loss"] - part.features["N"] ** -0.3, level)
    assert len(np.unique(thinned(many, every_group=True).train.codes)) == 1000
