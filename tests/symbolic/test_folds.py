"""Folds, probes and the choice: what a search may look at, and what it prefers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lawsmith.agent.feedback.describe import reach_words
from lawsmith.agent.feedback.fold_text import fold_labels
from lawsmith.tasks import Table
from lawsmith.tasks.frontier.folds import frontier_folds, left_out_folds, nearness
from lawsmith.tasks.frontier.probes import probe_rows
from lawsmith.tasks.frontier.reach import reach_rows, unsafe
from lawsmith.tasks.knowledge import Knowledge
from tests.made import made_task


def grid(groups: int = 1) -> Table:
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(1, 64, 7), np.geomspace(1, 32, 6)))
    return _table({"n": np.tile(n, groups), "d": np.tile(d, groups)}, groups)


def line(groups: int = 1) -> Table:
    return _table({"n": np.tile(np.geomspace(1, 1e4, 12), groups)}, groups)


def cloud() -> Table:
    rng = np.random.default_rng(2)
    return _table({"n": np.exp(rng.uniform(0, 9, 90)), "z": rng.normal(size=90)}, 1)


def mixture() -> Table:
    shares = np.random.default_rng(0).dirichlet(np.ones(4), 24)
    return _table({f"s{k}": shares[:, k] for k in range(4)}, 1)


def _table(columns: dict[str, Any], groups: int) -> Table:
    rows = len(next(iter(columns.values())))
    codes = np.repeat(np.arange(groups), rows // groups)
    y = np.arange(rows, dtype=float)
    return Table(columns, {"y": y}, tuple(f"g{k}" for k in range(groups)), codes)


TABLES = {
    "grid": grid(),
    "grid of 3 groups": grid(3),
    "line": line(),
    "lines": line(4),
    "cloud": cloud(),
    "mixture": mixture(),
}


@pytest.mark.parametrize("name", TABLES)
def test_folds_divide_the_rows_and_leave_every_group_something(name: str) -> None:
    table = TABLES[name]
    folds = frontier_folds(table)
    assert len(folds) >= 2
    for fold in folds:
        assert not set(fold.fitted) & set(fold.held_out)
        assert sorted([*fold.fitted, *fold.held_out]) == list(range(len(table)))
        assert set(table.codes[fold.fitted]) == set(table.codes)


@pytest.mark.parametrize("name", TABLES)
def test_folds_never_look_at_targets(name: str) -> None:
    table = TABLES[name]
    other = Table(table.features, {"y": -(table.targets["y"] ** 2)}, table.groups, table.codes)
    for one, two, hidden in zip(*(frontier_folds(t) for t in (table, other, table.hide())), strict=True):
        assert one.name == two.name == hidden.name
        assert one.held_out.tobytes() == two.held_out.tobytes() == hidden.held_out.tobytes()


@pytest.mark.parametrize("name", ["grid", "grid of 3 groups", "line", "lines", "cloud"])
def test_frontier_folds_hold_out_what_lies_beyond_the_fitted_rows(name: str) -> None:
    table = TABLES[name]
    for fold in frontier_folds(table):
        if fold.kind != "frontier":
            continue
        column = table.features[fold.name.rpartition(">")[0]]
        for group in set(table.codes[fold.held_out]):
            fitted = fold.fitted[table.codes[fold.fitted] == group]
            held_out = fold.held_out[table.codes[fold.held_out] == group]
            assert column[held_out].min() > column[fitted].max()


def test_levels_of_few_rows_are_held_out_together() -> None:
    n = np.repeat(np.geomspace(1, 512, 10), [40, 30, 20, 10, 1, 1, 1, 1, 1, 1])
    found = {fold.name: len(fold.held_out) for fold in frontier_folds(_table({"n": n}, 1))}
    assert found == {"n>1": 6, "n>2": 16}  # 5, 10 and 15 % of 106 rows; the last two cuts are one


def test_a_fold_that_leaves_a_group_four_points_is_left_out_where_two_leave_more() -> None:
    doses = np.array([0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
    assert [fold.name for fold in frontier_folds(_table({"dose": np.tile(np.repeat(doses, 3), 2)}, 2))] == [
        "dose>1",
        "dose>2",
    ]
    assert left_out_folds(_table({"dose": np.tile(np.repeat(doses, 3), 2)}, 2)) == (1, "g0")
    four = frontier_folds(_table({"dose": doses[:4]}, 1))
    assert four and max(len(fold.fitted) for fold in four) == 3  # no fold has more
    six = frontier_folds(_table({"dose": doses[:6]}, 1))
    assert left_out_folds(_table({"dose": doses[:6]}, 1)) == left_out_folds(_table({"dose": doses[:4]}, 1)) == (0, "")
    assert [len(fold.fitted) for fold in six] == [5, 4, 3]  # one alone would hold out a single row
    beside = np.tile(np.arange(6.0), 4)
    grown = frontier_folds(_table({"dose": np.repeat(doses[1:5], 6), "z": beside}, 1))
    assert min(len(np.unique(np.repeat(doses[1:5], 6)[fold.fitted])) for fold in grown) == 2  # levels, but many rows


def test_a_mixture_is_divided_by_whole_design_points() -> None:
    twice = _table({name: np.repeat(column, 2) for name, column in mixture().features.items()}, 1)
    for fold in frontier_folds(twice):
        points = [set(map(tuple, twice.take(rows).matrix())) for rows in (fold.fitted, fold.held_out)]
        assert not points[0] & points[1]


@pytest.mark.parametrize("name", ["grid", "lines", "cloud"])
def test_probes_reach_beyond_the_data_and_have_no_targets(name: str) -> None:
    table = TABLES[name]
    probes = probe_rows(table)
    assert not probes.targets
    assert (probes.matrix().max(axis=0) > table.matrix().max(axis=0)).all()
    assert np.isfinite(probes.matrix()).all()


def test_probes_of_a_fraction_near_one_stay_below_one() -> None:
    sparsity = np.array([0, 0.5, 0.75, 0.875])
    near, far = (Table({"x": x}, {}, ("g",), np.zeros(4, dtype=np.intp)) for x in (sparsity, sparsity / 2))
    assert probe_rows(near).features["x"].max() == 1 - 0.125 / 4
    assert probe_rows(far).features["x"].max() > 0.6


def test_probes_of_a_mixture_stay_mixtures() -> None:
    x = probe_rows(mixture()).matrix()
    assert x.min() >= 0
    np.testing.assert_allclose(x.sum(axis=1), 1.0, atol=1e-9)


def accuracies(name: str, smallest: float) -> Table:
    """Accuracies of 16 models by their loss, from chance to .6 as it falls."""
    loss = np.linspace(smallest + 0.6, smallest, 16)
    return Table(
        {name: loss}, {"acc": 0.25 + 0.35 * np.exp(-9 * (loss - smallest))}, ("",), np.zeros(16, dtype=np.intp)
    )


@pytest.mark.parametrize("name", ["loss", "val_loss", "nll", "perplexity (c4)", "c4_loss", "gate_error"])
def test_what_lies_beyond_a_loss_is_below(name: str) -> None:
    table = accuracies(name, 0.95)
    column = table.features[name]
    for fold in frontier_folds(table):
        assert column[fold.held_out].max() < column[fold.fitted].min()
        assert f"{name} from {column[fold.held_out].max():.3g} down" in fold_labels(table)[fold.name]
    near, far = np.split(probe_rows(table).features[name], 2)
    assert column.min() > near.min() > far.min() > 0
    assert nearness(table)[-1] == max(nearness(table)) == 1.0


def test_a_model_is_told_on_which_side_a_loss_goes_on() -> None:
    columns = {"n": np.geomspace(1e7, 1e9, 8), "ppl": np.geomspace(90, 9, 8)}
    task = made_task(columns, {"acc": np.linspace(0.2, 0.6, 8)})
    assert reach_words(task).endswith("assume several times the largest values, and well below the smallest ppl.")


@pytest.mark.parametrize(("name", "found"), [("loss", True), ("depth", False)])
def test_a_rate_that_nobody_bounded_stays_within_its_bounds_where_losses_fall(name: str, found: bool) -> None:
    table, known = accuracies(name, 0.95), Knowledge(ranges={"acc": (0.0, 1.0)}, assumed=("acc",))
    rows = reach_rows(table)
    predicted = 0.25 + 0.35 * np.exp(-9 * (rows.features[name] - 0.95))  # above 1 from a loss of .86 down
    assert (unsafe(table, rows, predicted[:, None], known) is not None) is found
