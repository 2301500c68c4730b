import dataclasses
import gc
import pickle
import weakref

import numpy as np
import pytest

from lawsmith.tasks import Table
from lawsmith.tasks.table import kept_with_table


@pytest.fixture
def table() -> Table:
    return Table({"N": [1, 2, 3], "D": [4, 5, 6]}, {"loss": [7, 8, 9]}, ("a", "b"), [0, 1, 0])


def test_columns_are_float64_copies_that_cannot_be_written(table: Table):
    source = np.array([1.0, 2.0])
    own = Table({"N": source}, {}, ("a",), [0, 0])
    source[0] = 99
    assert own.features["N"].tolist() == [1, 2]
    assert table.features["N"].dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        table.features["N"][0] = 5
    with pytest.raises(TypeError):
        table.features["new"] = source


def test_take_accepts_positions_and_masks_and_keeps_all_groups(table: Table):
    assert table.take(np.array([2, 0])).target_matrix().tolist() == [[9], [7]]
    only_b = table.take(table.codes == 1)
    assert (only_b.groups, only_b.codes.tolist(), len(only_b)) == (("a", "b"), [1], 1)


def test_hidden_rows_carry_no_target(table: Table):
    hidden = table.hide()
    assert hidden.targets == {}
    assert hidden.target_matrix().shape == (3, 0)
    assert hidden.matrix().tolist() == [[1, 4], [2, 5], [3, 6]]


def test_digest_follows_content_only(table: Table):
    assert table.take(np.arange(3)).digest() == table.digest() == pickle.loads(pickle.dumps(table)).digest()
    assert table.take(np.array([1, 0, 2])).digest() != table.digest()
    assert table.hide().digest() != table.digest()


@pytest.mark.parametrize("codes", [[0, 1], [0, 1, 2], [0, -1, 0]])
def test_inconsistent_tables_are_refused(codes: list[int]):
    with pytest.raises(ValueError, match=r"length|group"):
        Table({"N": [1, 2, 3]}, {}, ("a", "b"), codes)


def test_weights_travel_with_their_rows_and_change_the_digest_only_where_they_are() -> None:
    plain = Table({"x": np.arange(4.0)}, {"y": np.ones(4)}, ("g",), np.zeros(4, dtype=np.intp))
    weighted = dataclasses.replace(plain, weight=np.array([1.0, 2.0, 3.0, 2.0]))
    assert plain.digest() == "846fe9c6e10741a3ef81b8e500906abea0b9a59f60d792f97a3a6f40a66b3d92"
    assert weighted.digest() != plain.digest()
    assert weighted.take(np.array([2, 1])).weight == pytest.approx([3, 2])
    assert weighted.hide().weight is not None
    assert pickle.loads(pickle.dumps(weighted)).weights == pytest.approx([0.5, 1, 1.5, 1])
    assert plain.weights == pytest.approx(np.ones(4))
    for bad in ([1.0, 2.0], [1.0, 0.0, 1.0, 1.0], [1.0, np.nan, 1.0, 1.0]):
        with pytest.raises(ValueError, match=r"weight|length"):
            dataclasses.replace(plain, weight=np.array(bad))


def test_what_is_computed_of_a_table_is_computed_once_and_goes_with_it() -> None:
    asked: list[int] = []

    @kept_with_table
    def rows(table: Table, times: int) -> Table:
        asked.append(times)
        return table if times == 1 else table.take(np.repeat(np.arange(len(table)), times))

    one = Table({"x": [1, 2]}, {}, ("g",), [0, 0])
    assert rows(one, 2) is rows(one, 2) and rows(one, 1) is one and asked == [2, 1]
    assert len(rows(dataclasses.replace(one), 2)) == 4 and asked == [2, 1, 2]
    assert "_kept" not in pickle.loads(pickle.dumps(one)).__dict__
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
