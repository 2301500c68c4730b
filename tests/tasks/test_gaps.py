"""Cells that hold nothing: which rows, or which columns, they cost."""

from pathlib import Path

import numpy as np
from tables import chinchilla, read, refused, roles

from lawsmith.tasks.user_table import read_decided


def test_a_column_with_gaps(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]]
    table["decay"] = np.where(np.arange(90) % 4 == 0, np.nan, np.random.default_rng(0).uniform(0, 1, 90))
    data = read(tmp_path, table)
    assert (roles(data)["decay"], len(data.task.train)) == ("left out", 90)
    assert data.notices[0] == (
        "lawsmith left out decay, which has no value in 23 of 90 rows; --drop-incomplete leaves out the rows instead."
    )
    data = read(tmp_path, table, drop_incomplete=True)
    assert (roles(data)["decay"], len(data.task.train)) == ("feature", 67)
    assert len(read_decided(data.task.schema, tmp_path / "runs.csv").task.train) == 67
    with refused("column 'tokens' has no value in data row 2; fill the cells in, drop the rows, or give"):
        read(tmp_path, table[["loss"]].assign(tokens=table["tokens"].where(table.index != 1)))
    with refused("column 'loss' has no value in data row 3; fill the cells in, drop the rows, or give"):
        read(tmp_path, table.assign(loss=table["loss"].where(table.index != 2)))


def test_rows_with_a_gap_are_left_out_where_a_column_is_seldom_empty(tmp_path: Path):
    """One missing size among 90 runs cost the law of sizes and tokens: no law of tokens alone explains the losses."""
    table = chinchilla()[["n_params", "tokens", "loss"]].assign(dropout=np.random.default_rng(1).uniform(0, 0.5, 90))
    table.loc[[5, 40], "n_params"] = np.nan
    table.loc[60, "dropout"] = np.nan
    data = read(tmp_path, table, ignore=["dropout"])
    assert data.task.schema.features == ("n_params", "tokens") and len(data.task.train) == 88
    assert data.notices[0] == (
        "lawsmith left out data rows 6 and 41, without a value of n_params; --ignore n_params keeps all rows."
    )
    assert len(read_decided(data.task.schema, tmp_path / "runs.csv").task.train) == 88
    assert len(read(tmp_path, table).task.train) == 87
    assert len(read(tmp_path, table, features=["tokens", "n_params"]).task.train) == 88
    test = table.assign(n_params=table["n_params"].where(table.index > 6))
    test.to_csv(tmp_path / "test.csv", index=False)
    scored = read(tmp_path, table, ignore=["dropout"], test=tmp_path / "test.csv")
    assert scored.test is not None and len(scored.test) == 82
    assert any("left out 8 rows of" in told for told in scored.notices)


def test_a_label_that_is_missing_once_costs_its_row(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]].assign(optimizer=["adam", "lion"] * 45)
    table.loc[7, "optimizer"] = None
    data = read(tmp_path, table, category=["optimizer"])
    assert data.task.schema.columns["optimizer"].levels == ("adam", "lion") and len(data.task.train) == 89
