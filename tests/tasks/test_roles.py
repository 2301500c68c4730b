"""What every column is to the search: by its name, by its values, and as the user says."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import FRAME, SWEPT, TOOK, chinchilla, read, refused, roles, wandb

from lawsmith.tasks import read_dataset
from lawsmith.tasks.asked import meant, resolved
from lawsmith.tasks.roles.follows import derived
from lawsmith.tasks.user_table import read_decided
from lawsmith.tasks.words import is_bookkeeping


def test_a_table_of_training_runs(tmp_path: Path):
    data = read(tmp_path, chinchilla())
    assert roles(data) == {
        "run_id": "bookkeeping",
        "date": "bookkeeping",
        "family": "group",
        "n_params": "feature",
        "tokens": "feature",
        "lr": "derived",
        "seed": "replicate",
        "loss": "target",
    }
    assert data.notices == (
        "lawsmith left out lr, which follows from the other features; --features n_params,tokens,lr keeps it.",
    )
    kept = read(tmp_path, chinchilla(), features=["n_params", "tokens", "lr"])
    assert kept.task.schema.features == ("n_params", "tokens", "lr")


@pytest.mark.parametrize("place", [0, 2])
def test_compute_follows_from_size_and_tokens_wherever_it_stands(place: int, tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]]
    table.insert(place, "C", 6 * table["n_params"] * table["tokens"])
    data = read(tmp_path, table)
    assert data.task.schema.features == ("n_params", "tokens")
    reason = next(one.reason for one in data.roles if one.name == "C")
    assert reason == "follows from n_params and tokens (R² 1.00000 between logarithms)"
    epochs = np.tile([1.0, 2, 4], 30)
    seen = table.assign(epochs=epochs, total_tokens=epochs * table["tokens"]).rename(columns={"tokens": "unique"})
    assert read(tmp_path, seen.drop(columns="C")).task.schema.features == ("n_params", "unique", "epochs")


def test_how_closely_a_column_follows_is_said_on_the_scale_where_it_does():
    x = np.linspace(0.1, 9, 30)
    columns = {"x": x, "shifted": 1000 + 2 * x, "inverse": 1 / (1000 + 2 * x)}
    found = derived(columns, {name: (name,) for name in columns})
    assert found["shifted"] == (("x",), "R² 1.00000") and found["inverse"][0] == ("x",)


def test_features_that_hang_together_loosely_stay(tmp_path: Path):
    rng = np.random.default_rng(1)
    table = chinchilla()[["n_params", "tokens", "loss"]].assign(
        batch=lambda t: t["n_params"] ** 0.5 * np.exp(rng.normal(0, 0.2, len(t)))
    )
    assert read(tmp_path, table).task.schema.features == ("n_params", "tokens", "batch")


def test_what_hangs_together_is_found_soon_among_hundreds_of_columns():  # pair by pair it took 40 s
    rng = np.random.default_rng(0)
    columns = {f"x{k}": rng.uniform(1, 1000, 60) for k in range(400)}
    columns["C"] = 6 * columns["x3"] * columns["x390"]
    began = time.process_time()
    found = derived(columns, {name: (name.lower(),) for name in columns})
    assert time.process_time() - began < 20
    assert {name: others for name, (others, _) in found.items()} == {"C": ("x3", "x390")}


def test_one_quantity_on_two_scales_is_one_feature(tmp_path: Path):
    t = np.linspace(-20, 80, 30)
    table = pd.DataFrame({"celsius": t, "kelvin": t + 273.15, "loss": np.exp(-((t + 300) / 500))})
    assert read(tmp_path, table).task.schema.features == ("celsius",)


@pytest.mark.parametrize(
    ("name", "column"),
    [("loss", "summary.loss"), ("eval/acc", "summary.eval/acc"), ("acc", "summary.eval/acc"), ("LR", "config.lr")],
)
def test_a_name_means_the_column_that_ends_with_it(name: str, column: str):
    names = ["summary.loss", "summary.eval/acc", "config.lr", "config.wlr"]
    assert resolved(name, names, "t.csv") == column and meant(name, names) == [column]
    assert meant("r", names) == []


def test_the_clock_of_a_tensorboard_export_is_no_feature():
    assert is_bookkeeping("Wall time") and not is_bookkeeping("Step") and not is_bookkeeping("Value")
    assert all(is_bookkeeping(name) for name in ("zip", "fips_code", "postcode", "SKU", "rownames"))


def test_a_trackers_export(tmp_path: Path):
    data = read(tmp_path, wandb())
    assert data.task.schema.features == ("config.n_params", "config.tokens")
    assert data.task.schema.targets == ("summary.loss",)
    assert len(data.task.train) == 90
    assert roles(data) == {
        "Name": "bookkeeping",
        "State": "bookkeeping",
        "config.n_params": "feature",
        "config.tokens": "feature",
        "config.lr": "left out",
        "config.seed": "replicate",
        "config.optimizer": "left out",
        "summary._step": "bookkeeping",
        "summary._runtime": "bookkeeping",
        "summary._timestamp": "bookkeeping",
        "summary.val.acc": "companion",
        "summary.loss": "target",
    }
    assert data.notices == (
        "loss means the column summary.loss.",
        "lawsmith left out 10 rows of runs that have not finished (State).",
        "lawsmith left out summary.val.acc, another outcome of the same runs; to keep it, list all --features.",
    )


@pytest.mark.parametrize("style", ["config/{}", "params.{}"])
def test_other_trackers_prefixes(style: str, tmp_path: Path):
    outcome = "summary/{}" if "/" in style else "metrics.{}"
    table = wandb().rename(
        columns=lambda name: name.replace("config.", style.format("")).replace("summary.", outcome.format(""))
    )
    schema = read(tmp_path, table).task.schema
    assert schema.targets == (outcome.format("loss"),)
    assert schema.features == (style.format("n_params"), style.format("tokens"))


def test_a_target_that_could_be_several(tmp_path: Path):
    table = wandb().assign(**{"summary.val.loss": 1.0})
    with refused("'loss' could mean summary.loss and summary.val.loss; give the whole name."):
        read(tmp_path, table)
    with refused("has no column 'summary.los'; did you mean summary.loss"):
        read(tmp_path, wandb(), "summary.los")
    wide = pd.DataFrame({"t": range(4)} | {f"{name}_{k}": range(4) for name in ("WT", "KO") for k in (1, 2, 3)})
    with refused("If WT_1, WT_2 … repeat one measurement, --target 'WT' makes rows of them."):
        read(tmp_path, wide, "value")


def test_what_the_codes_of_a_formula_stand_for_is_said(tmp_path: Path):
    rows = np.arange(90)
    kinds = {"act": np.array(["relu", "gelu"])[rows % 2], "tied": rows % 3 == 0, "kind": rows % 5 % 3}
    schema = read(tmp_path, chinchilla()[["n_params", "tokens", "loss"]].assign(**kinds)).task.schema
    assert schema.codes == (
        "act: 0 is gelu, 1 is relu",
        "tied: 0 is False, 1 is True",
    )  # those of kind say it themselves


def test_whole_numbers_from_1_are_a_feature_where_the_target_goes_with_them_alone(tmp_path: Path):
    x = np.arange(1.0, 31.0)
    table = pd.DataFrame({"x": x, "y": 2 + 9 / x, "lr": 1e-3 * (1 + x % 3)})
    assert read(tmp_path, table, "y").task.schema.features == ("x", "lr")
    assert read(tmp_path, table.assign(size=x**2 + x % 2), "y").task.schema.features == ("lr", "size")


def test_a_lone_label_called_a_kind_is_a_category_where_it_was_tried_at_equal_features(tmp_path: Path):
    rows = np.arange(24)
    act = np.array(["relu", "gelu", "swish"])[rows % 3]
    table = pd.DataFrame(
        {"width": 2.0 ** (5 + rows // 3), "act": act, "loss": 0.3 + rows % 3 * 0.1 + 4 / 2 ** (rows / 3)}
    )
    found = read(tmp_path, table)
    assert roles(found)["act"] == "category"
    assert "act shifts or scales one law; --group act gives each label constants of its own." in found.notices
    assert roles(read(tmp_path, table, group="act"))["act"] == "group"
    apart = read(tmp_path, table.assign(width=table["width"] + rows))
    assert roles(apart)["act"] == "group"
    assert "Each label of act has constants of its own; with --category act they shift or scale one law." in " ".join(
        apart.notices
    )


def test_numbers_that_are_labels(tmp_path: Path):
    """A number of a run, repeated, is a group; of a setting, a label of it; of a row, bookkeeping."""
    run, step = np.repeat(np.arange(6), 12), np.tile(2.0 ** np.arange(12), 6)
    table = pd.DataFrame({"run": run, "step": step, "loss": step ** -(0.3 + 0.1 * (run % 3)) + 0.1 * run})
    data = read(tmp_path, table)
    assert (data.task.schema.group, data.task.schema.features) == ("run", ("step",))
    data = read(tmp_path, table.assign(width=2.0 ** (run + 5)))
    assert (data.task.schema.group, data.task.schema.features) == (None, ("step", "width"))
    assert roles(read(tmp_path, table.assign(run=np.arange(72))))["run"] == "bookkeeping"
    twins = read(tmp_path, table.assign(site=[f"s{k}" for k in run]))
    assert (roles(twins)["run"], roles(twins)["site"]) == ("group", "left out")


@pytest.mark.parametrize("name", ["Specimen", "animal", "participant", "plot"])
def test_numbers_that_name_what_was_measured_are_labels(name: str, tmp_path: Path):
    which, time = np.repeat([101, 102, 107], 8), np.tile(np.arange(1.0, 9), 3)
    data = read(tmp_path, pd.DataFrame({name: which, "t": time, "y": which / time}), "y")
    assert (data.task.schema.group, data.task.schema.features) == (name, ("t",))


@pytest.mark.parametrize(("name", "feature"), [("iter", True), ("Time (h)", True), ("carbons", True), ("ask", False)])
def test_what_counts_the_rows_is_told_or_a_feature_by_its_name(name: str, feature: bool, tmp_path: Path):
    count = np.arange(1, 21)
    table = pd.DataFrame({name: count, "load": 100 - count**0.5, "y": 3 / count})
    data = read(tmp_path, table, "y")
    assert (name in data.task.schema.features) is feature
    said = f"lawsmith left out {name}, which only numbers the rows; --features keeps it."
    assert (said in data.notices) is not feature


def test_codes_by_name(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]].assign(optimizer=np.arange(90) % 3 + 1)
    assert read(tmp_path, table).task.schema.columns["optimizer"].levels == ("1", "2", "3")
    layers = table.rename(columns={"optimizer": "layers"})
    assert read(tmp_path, layers).task.schema.columns["layers"].levels == ()


def test_indicators_of_one_label_and_codes_of_two(tmp_path: Path):
    kind = np.arange(15) % 3
    table = FRAME.assign(opt_adam=1 * (kind == 0), opt_sgd=1 * (kind == 1), opt_lion=1 * (kind == 2))
    found = roles(read(tmp_path, table.assign(sex=np.arange(15) // 2 % 2 + 1)))
    assert [found[f"opt_{name}"] for name in ("adam", "sgd", "lion")] == ["category", "category", "derived"]
    assert found["sex"] == "category"
    assert roles(read(tmp_path, FRAME[:6].assign(mode=np.arange(1, 7))))["mode"] == "bookkeeping"


def test_a_models_name_beside_its_size_is_no_group(tmp_path: Path):
    size = np.repeat(10 ** np.linspace(6, 9, 8), 4)
    table = pd.DataFrame(
        {
            "model": np.repeat([f"lm-{k}" for k in "abcdefgh"], 4),
            "compute": size,
            "shots": np.tile([0, 1, 5, 10], 8),
            "loss": size**-0.1 + 0.01 * np.tile([0, 1, 5, 10], 8),
        }
    )
    data = read(tmp_path, table)
    assert (data.task.schema.features, data.task.schema.group) == (("compute", "shots"), None)
    assert next(one.reason for one in data.roles if one.name == "model") == "says the same as compute"
    later = table.assign(model="lm-z", compute=table["compute"] * 1e3)
    later.to_csv(tmp_path / "later.csv", index=False)
    assert read(tmp_path, table, test=tmp_path / "later.csv").test is not None
    jittered = table.assign(compute=table["compute"] * np.random.default_rng(0).uniform(0.97, 1.03, 32))
    assert read(tmp_path, jittered).task.schema.group is None


@pytest.mark.parametrize("said", ["none", "", "None"])
def test_no_group_when_none_is_asked_for(said: str, tmp_path: Path):
    data = read(tmp_path, chinchilla(), group=said)
    assert data.task.schema.group is None
    assert roles(data)["family"] == "left out"
    again = read_decided(data.task.schema, tmp_path / "runs.csv")
    assert again.task.provenance.sha256 == data.task.provenance.sha256
    assert again.task.schema == data.task.schema


def test_what_was_decided_is_not_decided_again(tmp_path: Path):
    table = wandb()
    data = read(tmp_path, table)
    # Another sweep with the same columns: one size only, so size would now be left out as constant.
    table.assign(**{"config.n_params": 1e6, "config.lr": np.arange(100.0)}).to_csv(tmp_path / "new.csv", index=False)
    again = read_decided(data.task.schema, tmp_path / "new.csv")
    assert tuple(again.task.train.features) == ("config.n_params", "config.tokens")
    assert len(again.task.train) == 90


def test_categories_by_value_and_by_name(tmp_path: Path):
    width = np.tile(2.0 ** np.arange(5, 11), 12)
    tied, act = np.repeat([True, False], 36), np.tile(np.repeat([0, 1, 2], 6), 4)
    noise = np.random.default_rng(0).normal(0, 1e-3, 72)
    err = 0.1 + 3 * width**-0.6 + 0.02 * tied + np.array([0, 0.05, -0.01])[act] + noise
    table = pd.DataFrame({"width": width, "tied": tied, "act": act, "layers": act, "loss": err})
    data = read(tmp_path, table.drop(columns="layers"))
    levels = {name: column.levels for name, column in data.task.schema.columns.items() if column.levels}
    assert levels == {"tied": ("False", "True"), "act": ("0", "1", "2")}
    rising = table.drop(columns="act").assign(loss=err + 0.2 * act)
    assert read(tmp_path, rising).task.schema.columns["layers"].levels == ()
    named = read(tmp_path, rising, category=["layers"])
    assert named.task.schema.columns["layers"].levels == ("0", "1", "2")
    code = data.task.schema.columns["tied"].code
    assert (code(True), code("true"), code("False"), code(0)) == (1.0, 1.0, 0.0, 0.0)
    with refused("The category 'tied' has no level 'maybe'; it has False and True."):
        code("maybe")
    table.assign(act=7).to_csv(tmp_path / "later.csv", index=False)
    with refused("the category 'act' has no level '7'; it has 0, 1 and 2."):
        read(tmp_path, table.drop(columns="layers"), test=tmp_path / "later.csv")


def test_dates_are_a_feature_where_there_is_no_other(tmp_path: Path):
    date = pd.date_range("2010-01-01", periods=20, freq="120D").strftime("%Y-%m-%d")
    data = read(tmp_path, pd.DataFrame({"date": date, "loss": 2.0 ** np.arange(20)}))
    assert data.task.schema.features == ("date",)
    assert data.task.train.features["date"][0] == 2010


def test_the_task_file_says_what_the_command_does_not(tmp_path: Path):
    (tmp_path / "task.toml").write_text(
        'group = "none"\nignore = ["tokens"]\nrange = ["loss=1:"]\nexpect = ["loss falls with n_params"]\n'
    )
    schema = read(tmp_path, chinchilla()).task.schema
    assert (schema.group, schema.features) == (None, ("n_params",))
    assert schema.knowledge.ranges == {"loss": (1.0, np.inf)}
    assert read(tmp_path, chinchilla(), group="family", ignore=["lr"]).task.schema.features == ("n_params", "tokens")


def test_one_text_in_the_task_file_stands_for_a_list(tmp_path: Path):
    text = 'features = "N"\nrange = {loss = [0, 9]}\nexpect = {loss = "falls with N"}\nreach = 100\nsigma = "D"\n'
    (tmp_path / "task.toml").write_text(text)
    data = read(tmp_path, FRAME, sigma="")
    assert data.task.schema.features == ("N",) and data.task.train.weight is None
    known = data.task.schema.knowledge
    assert known.ranges == {"loss": (0, 9)} and known.reach == {"N": 100} and known.expectations
    (tmp_path / "task.toml").write_text("features = 3\n")
    with refused("features should be a text or a list of texts"):
        read(tmp_path, FRAME)


def test_the_order_of_rows_and_columns_decides_nothing(tmp_path: Path):
    table = chinchilla()
    shuffled = table.sample(frac=1, random_state=0)[list(table.columns[::-1])]
    assert roles(read(tmp_path, shuffled)) == roles(read(tmp_path, table))


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_the_units_of_columns_decide_nothing(scale: float, tmp_path: Path):
    table = chinchilla().assign(C=lambda t: 6 * t["n_params"] * t["tokens"], loss_std=np.linspace(0.01, 0.1, 90))
    expected = roles(read(tmp_path, table))
    for name in ("n_params", "tokens", "lr", "C", "loss_std"):
        assert roles(read(tmp_path, table.assign(**{name: table[name] * scale}))) == expected


def history(runs: int = 6, steps: int = 8) -> pd.DataFrame:
    """The history of some runs: each has rows at the same steps, and measures more than its loss."""
    rng, rows = np.random.default_rng(0), []
    for run in range(runs):
        lr = 1e-4 * 2.0**run
        for step in range(500, 500 * (steps + 1), 500):
            loss = 2 + 9 * step**-0.4 + 0.02 * run + rng.normal(0, 0.003)
            rows.append((f"lr{lr:g}", step, 7.5 * step, lr, loss, rng.uniform(0.5, 2)))
    return pd.DataFrame(rows, columns=["run", "_step", "_runtime", "learning_rate", "train/loss", "train/grad_norm"])


def test_the_step_is_a_feature_of_the_history_of_runs_and_bookkeeping_of_their_summary(tmp_path: Path):
    found = roles(read(tmp_path, history()))
    assert found["_step"] == "feature" and found["_runtime"] == "bookkeeping"
    assert found["train/grad_norm"] == "companion"
    last = history(24).groupby("run").sample(1, random_state=0)
    assert roles(read(tmp_path, last))["_step"] == "bookkeeping"
    noise = history().assign(**{"train/loss": np.random.default_rng(1).normal(3, 0.1, 48)})
    assert roles(read(tmp_path, noise))["_step"] == "bookkeeping"


def test_without_a_target_the_columns_are_named(tmp_path: Path):
    (tmp_path / "runs.csv").write_text("N,loss\n1,2\n3,4\n")
    with refused("no target is named. Name the column to predict with --target; the columns are N and loss."):
        read_dataset(tmp_path / "runs.csv", [])


def test_infinite_cells_of_one_feature_leave_it_out(tmp_path: Path):
    frame = pd.DataFrame({"n": SWEPT, "rate": [*SWEPT[:-2] % 7, np.inf, -np.inf], "loss": TOOK})
    data = read(tmp_path, frame)
    assert data.task.schema.features == ("n",) and "rate, which is infinite in 2 of 8 rows" in " ".join(data.notices)
    data = read(tmp_path, frame.replace(-np.inf, 3.0))  # one cell costs its row
    assert data.task.schema.features == ("n", "rate") and "left out data row 7, without" in " ".join(data.notices)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["N; D"]}, "no column 'N; D'; write a comma between names, as in N,D. Its columns are"),
        ({"ignore": ["[lr,seed]"]}, "write a comma between names, as in lr,seed"),
        ({"group": "family,seed"}, "--group takes one column. Join family and seed into one column, or give"),
        ({"sigma": "5%"}, "--sigma 5% is not a column; name the column that holds the error of each row."),
        ({"test": Path("0.2")}, "--test takes a file of rows to score the law on, not a share such as 0.2"),
    ],
)
def test_options_as_people_type_them_say_what_is_meant(options: dict[str, object], message: str, tmp_path: Path):
    frame = chinchilla().rename(columns={"n_params": "N", "tokens": "D"}).rename(columns={"run_id": "id_"})
    with refused(message):
        read(tmp_path, frame, **options)


def test_no_weights_and_no_group_in_other_words(tmp_path: Path):
    frame = chinchilla().assign(loss_std=np.linspace(0.01, 0.02, 90), n_seeds=3 + np.arange(90) % 3)
    assert read(tmp_path, frame).task.train.weight is not None
    data = read(tmp_path, frame, sigma="none", group="no")
    assert data.task.train.weight is None and data.task.schema.group is None
    assert {roles(data)[name] for name in ("loss_std", "n_seeds")} == {"left out"}
    assert read_decided(data.task.schema, tmp_path / "runs.csv").task.train.weight is None


def test_rows_without_a_target_are_for_predict(tmp_path: Path):
    chinchilla().drop(columns="loss").to_csv(tmp_path / "far.csv", index=False)
    with refused("far.csv has no column loss, so no law can be scored on it; discover predict takes such rows."):
        read(tmp_path, chinchilla(), test=tmp_path / "far.csv")
