"""Which features of a wide table lead."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith.agent.symbolic.start_forms import narrowed
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.frontier.leading import FEWEST, MANY, idle_categories, leading
from lawsmith.tasks.table import Table
from lawsmith.tasks.user_table import read_dataset


def wide(target: str, rows: int = 150, count: int = 39, unit: float = 1.0) -> Table:
    rng = np.random.default_rng(3)
    x = {f"x{k}": rng.uniform(-2, 2, rows) for k in range(count // 2)}
    x |= {f"n{k}": 10 ** rng.uniform(0, 3, rows) for k in range(count - len(x))}
    laws: dict[str, Array] = {
        "scaling": 1.7 + 4 * x["n3"] ** -0.34 + 3 * x["n11"] ** -0.28,
        "product alone": x["x4"] * x["x9"],
        "curved": 2 * x["x0"] - x["x1"] ** 2 + x["x0"] * x["x7"],
    }
    y = laws[target] + 0.01 * laws[target].std() * rng.standard_normal(rows)
    return Table(
        {name: unit * column for name, column in x.items()}, {"y": unit * y}, ("all",), np.zeros(rows, np.intp)
    )


@pytest.mark.parametrize(
    ("target", "told"), [("scaling", {"n3", "n11"}), ("product alone", {"x4", "x9"}), ("curved", {"x0", "x1", "x7"})]
)
@pytest.mark.parametrize("unit", [1.0, 1e-15, 1e15])
def test_features_that_the_target_depends_on_lead(target: str, told: set[str], unit: float) -> None:
    table = wide(target)
    found = leading(table, tuple(table.features))
    assert told <= set(found)
    assert FEWEST <= len(found) <= MANY
    scaled = wide(target, unit=unit)
    assert leading(scaled, tuple(scaled.features)) == found


def test_the_order_of_columns_changes_nothing() -> None:
    table = wide("curved")
    names = tuple(table.features)
    assert set(leading(table, names[::-1])) == set(leading(table, names))


def test_few_features_all_lead() -> None:
    table = wide("curved")
    few = tuple(table.features)[-MANY:]
    assert leading(table, few) == few


def test_columns_that_do_not_vary_do_not_lead() -> None:
    table = wide("scaling")
    features = table.features | {"fixed": np.full(len(table), 3.0)}
    constant = Table(features, {"y": np.ones(len(table))}, table.groups, table.codes)
    assert leading(constant, tuple(features)) == tuple(features)[:FEWEST]
    assert "fixed" not in leading(Table(features, table.targets, table.groups, table.codes), tuple(features))


def test_a_wide_table_is_cut_along_the_features_that_lead() -> None:
    folds = frontier_folds(wide("scaling"))
    cut = {fold.name.split(">")[0] for fold in folds} - {"corner"}
    assert {"n3", "n11"} <= cut
    assert len(cut) <= MANY


def test_features_that_no_form_is_made_of_are_told(tmp_path: Path) -> None:
    table = wide("scaling")
    frame = pd.DataFrame(dict(table.features) | dict(table.targets))
    frame.to_csv(tmp_path / "wide.csv", index=False)
    [told] = [one for one in read_dataset(tmp_path / "wide.csv", ["y"]).notices if "The search uses" in one]
    assert "of the 39 features" in told
    assert "n3" in told and "n11" in told
    frame[["n3", "n11", "y"]].to_csv(tmp_path / "few.csv", index=False)
    assert not any("Formulas are made" in one for one in read_dataset(tmp_path / "few.csv", ["y"]).notices)


def labelled(target: str, rows: int = 120) -> Table:
    """Two sizes, a kind of three levels, a switch, and a site of four levels."""
    rng = np.random.default_rng(8)
    size, dose = 10 ** rng.uniform(0, 3, (2, rows))
    codes = {name: rng.integers(count, size=rows) * 1.0 for name, count in (("kind", 3), ("switch", 2), ("site", 4))}
    laws: dict[str, Array] = {
        "none": size**-0.3 + dose**-0.2,
        "kind": size**-0.3 + dose**-0.2 + 0.3 * (codes["kind"] == 2),
        "factor": size**0.9 * dose**0.5 * np.where(codes["switch"] == 1, 1.2, 1.0),
        "slope": np.log(size) * np.where(codes["site"] == 3, 1.0, -1.0) + np.log(dose),
    }
    y = laws[target] * (1 + 0.02 * rng.standard_normal(rows))
    return Table(
        {"size": size, "dose": dose, **codes},
        {"y": y},
        ("all",),
        np.zeros(rows, np.intp),
        categories=("kind", "switch", "site"),
    )


@pytest.mark.parametrize(
    ("target", "telling"), [("none", set()), ("kind", {"kind"}), ("factor", {"switch"}), ("slope", {"site"})]
)
def test_categories_that_say_nothing_of_the_target_are_idle(target: str, telling: set[str]) -> None:
    idle = idle_categories(labelled(target), ("size", "dose"))
    assert set(idle) == {"kind", "switch", "site"} - telling


def test_a_category_that_was_asked_for_is_never_idle(tmp_path: Path) -> None:
    assert set(idle_categories(labelled("kind"), ("size", "dose"), ("switch",))) == {"site"}
    table = labelled("none")
    names = {"site": np.array(["A", "B", "C", "D"])[table.features["site"].astype(int)]}
    frame = pd.DataFrame({"size": table.features["size"], **names, "y": table.targets["y"]})
    frame.to_csv(tmp_path / "sites.csv", index=False)
    plain, asked = (read_dataset(tmp_path / "sites.csv", ["y"], group="none", category=c) for c in ((), ("site",)))
    assert "site" not in plain.task.schema.features
    assert narrowed(asked.task).train.categories == ("site",)


def test_outliers_hide_no_category() -> None:
    table = labelled("kind")
    spoilt = table.targets["y"].copy()
    spoilt[[3, 50]] *= [40, 90]
    assert set(idle_categories(replace(table, targets={"y": spoilt}), ("size", "dose"))) == {"switch", "site"}


def test_too_few_rows_say_of_no_category_that_it_is_idle() -> None:
    assert idle_categories(labelled("none", rows=20), ("size", "dose")) == ()


def test_categories_that_no_formula_uses_are_told(tmp_path: Path) -> None:
    table = labelled("kind")
    frame = pd.DataFrame(dict(table.features) | dict(table.targets))
    frame["switch"] = frame["switch"].map({0.0: "on", 1.0: "off"})
    frame["kind"] = frame["kind"].map({0.0: "a", 1.0: "b", 2.0: "c"})
    frame["site"] = frame["site"].map({0.0: "n", 1.0: "s", 2.0: "e", 3.0: "w"})
    frame.to_csv(tmp_path / "kinds.csv", index=False)
    [told] = [one for one in read_dataset(tmp_path / "kinds.csv", ["y"]).notices if "No formula uses" in one]
    assert told.startswith(
        "No formula uses switch and site: beside the features, y differs between labels no more than by chance;"
    )
    assert told.endswith("--category switch,site keeps them.")
