"""Columns that stand beside the target: its errors, weights, statistics and other outcomes of the same runs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import FRAME, SWEPT, TOOK, chinchilla, read, refused, roles, wandb

from lawsmith.tasks import read_dataset
from lawsmith.tasks.words import values_of_setting


def test_errors_and_counts_are_weights(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]].assign(loss_std=np.linspace(0.01, 0.1, 90), n_seeds=3)
    data = read(tmp_path, table)
    assert roles(data)["loss_std"] == "weight"
    weight = data.task.train.weights
    assert weight[0] / weight[-1] == pytest.approx(100)
    counts = read(tmp_path, table.drop(columns="loss_std").assign(n_seeds=np.arange(90) % 4 + 1)).task.train
    assert counts.weights[3] / counts.weights[0] == pytest.approx(4)
    named = read(tmp_path, table.rename(columns={"loss_std": "q"}), sigma="q")
    assert roles(named)["q"] == "weight"
    assert named.task.train.weights.tolist() == weight.tolist()
    assert read(tmp_path, table, ignore=["loss_std"]).task.train.weight is None
    with refused("the error 'q' is not positive in data row 1. Correct these rows"):
        read(tmp_path, table.assign(q=np.linspace(0, 1, 90)), sigma="q")


def test_variances_and_ends_of_intervals(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]]
    variance = read(tmp_path, table.assign(loss_var=np.linspace(1, 10, 90) ** 2))
    assert variance.task.train.weights[0] / variance.task.train.weights[-1] == pytest.approx(100)
    half = np.linspace(0.1, 0.5, 90)
    data = read(tmp_path, table.assign(loss_lower=table["loss"] - half, loss_ci_high=table["loss"] + half))
    assert roles(data)["loss_lower"] == roles(data)["loss_ci_high"] == "weight"
    assert data.task.train.weights[0] / data.task.train.weights[-1] == pytest.approx(25)
    sides = read(tmp_path, table.assign(err_low=half, err_high=3 * half)).task
    assert sides.train.weights[0] / sides.train.weights[-1] == pytest.approx(25)
    assert sides.schema.features == ("n_params", "tokens")
    assert read(tmp_path, table.assign(loss_ci95=half)).task.train.weights[0] > 1
    noisy = table.assign(ci95_lo=table["loss"] - half, ci95_hi=table["loss"] + half)
    noisy.loc[[3, 7], "loss"] += 2
    assert roles(read(tmp_path, noisy))["ci95_lo"] == "weight"
    alone = table[["loss"]].assign(low=table["loss"] - half, high=table["loss"] + 2 * half)
    assert read(tmp_path, alone).task.schema.features == ("low",) and read(tmp_path, alone).task.train.weight is None
    one = read(tmp_path, table.assign(ci_lo=table["loss"] - half))
    assert roles(one)["ci_lo"] == "companion" and one.task.train.weight is None
    glued = read(tmp_path, table.assign(lossmin=table["loss"] - half, lossmax=table["loss"] + half))
    assert roles(glued)["lossmin"] == roles(glued)["lossmax"] == "companion"


@pytest.mark.parametrize("name", ["Standard Error", "loss_stderr_mean", "stdev", "loss bootstrap sd", "loss_cv"])
def test_errors_of_a_loss_are_told_from_error_rates(name: str, tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]].assign(**{name: np.linspace(0.01, 0.1, 90)})
    assert roles(read(tmp_path, table))[name] == "weight"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("tokens_per_sec", "loss"),
        ("gpu_mem_gb", "acc"),
        ("test_acc", "error_rate"),
        ("mean win rate", "acc"),
        ("train", "test"),
        ("time_to_target", "steps_to_target"),
        ("c4_val", "wiki_val"),
        ("acc_a", "acc_b"),
    ],
)
def test_a_measure_on_other_rows_is_a_companion(name: str, target: str, tmp_path: Path):
    x = np.geomspace(1, 100, 20)
    table = pd.DataFrame({"x": x, target: 0.9 - 0.5 / x, name: 0.8 - 0.4 / x + 0.01 * np.cos(x)})
    assert roles(read(tmp_path, table, target)) == {"x": "feature", target: "target", name: "companion"}


AS_WRITTEN = "σ_y|y ±|±|+/-|Δy|e_y|delta_y|y (std)|Std Dev|err|y_unc|u(y)|2sigma|sig_y|sigmay|u_y|y_rms_err|y CI half"


@pytest.mark.parametrize("name", AS_WRITTEN.split("|"))
def test_names_of_errors_as_people_write_them(name: str, tmp_path: Path):
    x, spread = np.arange(1.0, 31.0), np.linspace(0.01, 0.05, 30)
    table = pd.DataFrame({"x": x, "y": 2 + 9 / x, name: spread})
    assert read(tmp_path, table, "y").task.schema.features == ("x",)
    assert roles(read(tmp_path, table.rename(columns={"y": "loss", name: "err"})))["err"] == "companion"


@pytest.mark.parametrize("name", ["y_err (%)", "y_unc_pct", "rel_err", "RSD(%)", "CV%", "relative error"])
def test_relative_errors_are_shares_of_the_target(name: str, tmp_path: Path):
    x = np.arange(1.0, 31.0)
    table = pd.DataFrame({"x": x, "y": 90 / x, name: 1 + x % 3})
    found = read(tmp_path, table, "y").task
    assert found.schema.features == ("x",)
    assert found.train.weight is not None
    assert found.train.weight * (table[name] * table["y"]).to_numpy() ** 2 == pytest.approx(
        found.train.weight[0] * 180**2
    )
    percent = table.rename(columns={"y": "y (%)", name: "y (%) err"})  # in the unit of the target
    weight = read(tmp_path, percent, "y (%)").task.train.weight
    assert weight is not None
    assert weight * table[name].to_numpy() ** 2 == pytest.approx(weight[0] * 2.0**2)


@pytest.mark.parametrize("name", ["inv_var", "sample_weight"])
def test_weights_need_not_be_whole(name: str, tmp_path: Path):
    x = np.arange(1.0, 31.0)
    table = pd.DataFrame({"x": x, "y": 2 + 9 / x, name: 0.5 + x % 3, "y_err_lo": 0.1 + x % 2, "y_err_hi": 0.3 + x % 2})
    found = read(tmp_path, table, "y")
    assert found.task.schema.features == ("x",)
    assert found.task.train.weight == pytest.approx((table[name] / table[name].mean()).to_numpy())
    assert roles(found)["y_err_lo"] == roles(found)["y_err_hi"] == "companion"


@pytest.mark.parametrize("name", ["SEED_NUM", "torch_seed", "init_seed", "prng", "seed no.", "tech_rep", "Replicate #"])
def test_names_of_seeds(name: str, tmp_path: Path):
    x = np.repeat(2.0 ** np.arange(10), 3)
    table = pd.DataFrame({"x": x, "y": 2 + 9 / x, name: np.tile([42, 1337, 2024], 10)})
    assert roles(read(tmp_path, table, "y"))[name] == "replicate"


@pytest.mark.parametrize("name", ["y p10", "y_max", "y_median", "y_q75"])
def test_statistics_beside_the_target(name: str, tmp_path: Path):
    x = np.arange(1.0, 31.0) ** 2
    table = pd.DataFrame({"x": x, "y": 2 + 9 / x, name: 2.2 + 9 / x + 0.1 * np.sin(x), "z": np.cos(x)})
    assert roles(read(tmp_path, table, "y")) == {"x": "feature", "y": "target", name: "companion", "z": "feature"}


def test_what_is_made_of_the_target_is_no_feature(tmp_path: Path):
    gpus = 2 ** np.arange(8)
    time = 3 + 100 / gpus
    table = pd.DataFrame({"gpus": gpus, "time_s": time, "speedup": 103 / time, "efficiency": 103 / time / gpus})
    table["gpu_hours"] = gpus * time / 3600
    for target in ("speedup", "time_s"):
        assert read(tmp_path, table, target).task.schema.features == ("gpus",)
    errors = pd.DataFrame({"n": gpus, "train_err": 0.1 - 0.05 / gpus, "test_err": 0.1 + 0.2 / gpus})
    errors["gap"] = errors["test_err"] - errors["train_err"]
    assert read(tmp_path, errors, "test_err").task.schema.features == ("n",)


def test_errors_and_counts_of_a_target_with_a_unit(tmp_path: Path):
    x = 2.0 ** np.arange(20)
    table = pd.DataFrame({"x": x, "v (mM/s)": 9 / x, "v SEM": 0.1 + np.cos(x) ** 2, "v_n": 3 + np.arange(20) % 3})
    found = read(tmp_path, table, "v (mM/s)")
    assert roles(found)["v SEM"] == "weight"
    assert found.task.schema.features[0] == "x"


def test_a_mean_with_its_error_and_count(tmp_path: Path):
    x = np.arange(1.0, 31.0)
    table = pd.DataFrame({"x": x, "y_mean": 2 + 9 / x, "y_sem": np.linspace(0.01, 0.05, 30), "n": 3 + x % 3})
    found = read(tmp_path, table, "y_mean")
    assert roles(found) == {"x": "feature", "y_mean": "target", "y_sem": "weight", "n": "left out"}
    assert roles(read(tmp_path, table.drop(columns="y_sem"), "y_mean"))["n"] == "weight"
    alone = table.rename(columns={"y_mean": "y"}).assign(n=3 + x % 4 % 3)
    assert roles(read(tmp_path, alone, "y"))["n"] == "left out"
    assert roles(read(tmp_path, alone.drop(columns="y_sem"), "y"))["n"] == "feature"


def test_columns_that_measure_the_target_again(tmp_path: Path):
    """Named alike and nearly equal they are no features; a number at the end of the name alone says nothing."""
    k = np.arange(30)
    x = np.geomspace(1.0, 30.0, 30)
    table = pd.DataFrame({"x1": x, "x2": x + 1e-3 * k, "y1": 2 + 9 / x, "y2": 2.01 + 9 / x, "y3": 1 + k % 5 / 3})
    assert roles(read(tmp_path, table, "y1")) == {
        **dict.fromkeys(("x1", "y3"), "feature"),
        "x2": "derived",
        "y1": "target",
        "y2": "companion",
    }
    assert read(tmp_path, table[["x1", "x2"]], "x2").task.schema.features == ("x1",)
    table = table[["x1", "y1", "y2", "y3"]].set_axis(["dose / nM", "OD450 (1)", "OD450 (2)", "Mean"], axis=1)
    table["Mean"] = (table["OD450 (1)"] + table["OD450 (2)"]) / 2
    data = read(tmp_path, table, "mean")
    assert data.task.schema.features == ("dose / nM",) and data.task.schema.columns["dose / nM"].unit == "nM"
    assert roles(data)["OD450 (1)"] == roles(data)["OD450 (2)"] == "companion"


def test_the_trials_of_optuna(tmp_path: Path):
    lr = np.geomspace(1e-4, 1e-2, 24)
    table = pd.DataFrame(
        {
            "number": np.arange(24),
            "value": np.where(np.arange(24) % 8 == 3, np.nan, np.log(lr) ** 2),
            "datetime_start": "2024-05-01 10:00:00.123456",
            "duration": [f"0 days 00:00:{k + 10}.376544" for k in range(24)],
            "params_lr": lr,
            "state": np.where(np.arange(24) % 8 == 3, ["PRUNED", "FAIL"] * 12, "COMPLETE"),
        }
    )
    found = read(tmp_path, table, "value")
    assert found.task.schema.features == ("params_lr",)
    assert len(found.task.train) == 21
    assert any("left out 3 rows of runs that have not finished (state)" in said for said in found.notices)


def test_a_sigma_that_was_set_is_a_feature(tmp_path: Path):
    """A noise level of three values is a setting of the experiment."""
    table = chinchilla()[["n_params", "loss"]].assign(sigma=np.array([0.1, 0.2, 0.5])[np.arange(90) % 3])
    assert read(tmp_path, table).task.schema.features == ("n_params", "sigma")


def test_other_outcomes_of_the_same_runs(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]]
    table = table.assign(perplexity=np.exp(table["loss"]), train_loss=table["loss"] - 0.03, bpb=table["loss"] / 3)
    data = read(tmp_path, table)
    assert {name for name, role in roles(data).items() if role == "companion"} == {"perplexity", "train_loss", "bpb"}
    named = read(tmp_path, table, features=["n_params", "train_loss"])
    assert named.task.schema.features == ("n_params", "train_loss")


def test_the_loss_of_a_teacher_is_a_setting(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]]
    few = np.array([2.3, 2.45, 2.6])[np.arange(90) % 3]
    for name in ("teacher_loss", "loss_of_teacher", "pretrain_loss"):
        assert name in read(tmp_path, table.assign(**{name: few})).task.schema.features
    own = table.assign(teacher_loss=table["loss"] + 0.01 * np.sin(np.arange(90)), coarse_loss=table["loss"].round(0))
    assert {name for name, role in roles(read(tmp_path, own)).items() if role == "companion"} == {"coarse_loss"}


def test_a_column_that_restates_the_target_beside_settings(tmp_path: Path):
    table = wandb()[["config.n_params", "config.tokens", "summary.loss"]].dropna()
    table.columns = pd.Index(["N", "D", "loss"])
    assert roles(read(tmp_path, table.assign(q=table["loss"] * 1.44)))["q"] == "companion"
    assert roles(read(tmp_path, table.assign(q=table["loss"] * (2 + np.sin(np.arange(len(table)))))))["q"] == "feature"
    alone = pd.DataFrame({"x": np.linspace(1, 2, 20), "z": np.arange(20) % 3, "loss": 2 * np.linspace(1, 2, 20)})
    assert roles(read(tmp_path, alone))["x"] == "feature"


def test_an_outcome_is_the_feature_where_there_is_no_other(tmp_path: Path):
    loss = np.linspace(2, 4, 20)
    data = read(tmp_path, pd.DataFrame({"loss": loss, "accuracy": 1 / loss}), "accuracy")
    assert data.task.schema.features == ("loss",)


@pytest.mark.parametrize(
    ("target", "beside", "role"),
    [
        ("real_time", {"iterations": np.round(7e8 * (1 + SWEPT % 7 / 20) / TOOK)}, "companion"),
        ("stats.mean", {"stats.rounds": 1e6 + TOOK % 11, "stats.ld15iqr": TOOK % 13}, "companion"),
        ("latency", {"req/s": 1e5 + TOOK % 17, "throughput": TOOK % 19, "peak_mem_mb": TOOK % 23}, "companion"),
        ("cycles", {"cache-misses": TOOK % 17, "instructions": TOOK % 19}, "companion"),
        ("power.draw [W]", {"utilization.gpu [%]": TOOK % 17, "memory.used [MiB]": TOOK % 19}, "companion"),
        ("arc_easy acc,none", {"arc_easy acc_norm,none": TOOK % 41, "bits_per_byte": TOOK % 11}, "companion"),
        (
            "loss",
            {"Server End Time": 1714557600e3 + TOOK % 13, "run.props.creation_time": 1.7e9 + TOOK % 13},
            "bookkeeping",
        ),
        ("MMLU", {"GSM8K": TOOK % 41, "HellaSwag": TOOK % 43, "MMLU-PRO": TOOK % 47}, "companion"),
        ("val/mIoU", {"val/ECE": TOOK % 41, "rougeL": TOOK % 43, "wall_time_s": TOOK % 47}, "companion"),
        ("TFLOPs/GPU", {"step time (s)": TOOK % 41, "tokens/s/GPU": TOOK % 43}, "companion"),
        ("Score", {"Score Error (99.9%)": 1 + TOOK % 7}, "weight"),
        ("val_loss", {"train_loss_epoch": TOOK % 41, "train_acc_step": TOOK % 43}, "companion"),  # as Lightning writes
        ("time", {"memory": TOOK % 41}, "companion"),
        (
            "lat_us",
            {"output_tok_s": 1e5 + TOOK % 17, "clat_p99_us": TOOK % 19, "bw_mib": TOOK % 41},
            "companion",
        ),  # fio
        ("metrics/mAP50(B)", {"train/box_loss": TOOK % 41, "metrics/recall(B)": TOOK % 43}, "companion"),  # YOLO
        ("y", {"fit_quad": TOOK % 41, "exp_fit": TOOK % 43}, "companion"),
        ("BMR", {"reference": [f"Smith {k}" for k in (1, 2, 1, 2, 1, 2, 1, 2)]}, "bookkeeping"),
        ("value", {"system_attrs_nsga2:generation": TOOK % 5}, "bookkeeping"),
    ],
)
def test_what_a_benchmark_or_tracker_writes_beside_the_target(
    target: str, beside: dict[str, np.ndarray], role: str, tmp_path: Path
):
    frame = pd.DataFrame({"n": SWEPT, target: TOOK, **beside})
    data = read(tmp_path, frame, target)
    assert data.task.schema.features == ("n",)
    assert {roles(data)[name] for name in beside} == {role}


def test_settings_with_names_of_measures_stay_features(tmp_path: Path):
    cells = [(n, i, w, 3 + w / n + i % 3) for n in (1, 2, 4, 8) for i in (10, 20, 40, 80) for w in (1, 5, 9)]
    frame = pd.DataFrame(cells, columns=["bandwidth", "iterations", "latency", "loss"])
    assert read(tmp_path, frame).task.schema.features == ("bandwidth", "iterations", "latency")
    grid = frame[(frame["iterations"] == 10)].drop(columns="iterations")
    assert read(tmp_path, grid.rename(columns={"loss": "time"}), "time").task.schema.features == (
        "bandwidth",
        "latency",
    )
    measured = frame.rename(columns={"loss": "throughput"}).assign(throughput=np.arange(48) * 7 % 48)
    assert read(tmp_path, measured, "throughput").task.schema.features == ("bandwidth", "iterations", "latency")


def test_an_outcome_as_the_only_feature_is_said(tmp_path: Path):
    data = read(tmp_path, pd.DataFrame({"loss": 2 / SWEPT**0.5, "val_loss": 2.1 / SWEPT**0.4}))
    assert data.task.schema.features == ("val_loss",) and "no column holds a setting" in " ".join(data.notices)


def test_other_columns_of_a_pivot_table_are_no_features(tmp_path: Path):
    frame = pd.DataFrame({"x": SWEPT, "1.0": TOOK, "3.0": TOOK + SWEPT % 7})
    assert read(tmp_path, frame, "1.0").task.schema.features == ("x",)
    for names in (["k_298K", "k_310K"], ["20 C", "30 C"], ["width=64", "width=128"]):
        assert read(tmp_path, frame.set_axis(["x", *names], axis=1), names[0]).task.schema.features == ("x",)
    assert not any(
        values_of_setting(*names) for names in (("y1", "y2"), ("w_1", "w_2"), ("2nd", "3rd"), ("x2y", "x3y"))
    )
    frame.set_axis(["0", "1", "2"], axis=1).to_parquet(tmp_path / "numbered.parquet")
    assert roles(read_dataset(tmp_path / "numbered.parquet", ["2"]))["1"] == "derived"


def test_s_e_m_is_an_error(tmp_path: Path):
    frame = FRAME.rename(columns={"loss": "loss (mean)"})
    frame["loss (s.e.m.)"] = np.linspace(0.01, 0.02, 15)
    data = read(tmp_path, frame, "loss (mean)")
    assert data.task.train.weight is not None and data.task.schema.features == ("N", "D")


@pytest.mark.parametrize(
    ("target", "others"),
    [
        ("mean", {"min": 0.9, "max": 1.1, "median": 1.01, "system": 0.05}),
        ("real_time", {"cpu_time": 0.99}),
        ("latency_mean", {"latency_p99": 2.0, "latency_min": 0.7}),
        ("loss", {"loss_pred": 1.02, "residual": 0.01, "predicted": 0.98}),
    ],
)
def test_statistics_and_fits_of_the_target_are_no_features(target: str, others: dict[str, float], tmp_path: Path):
    rng = np.random.default_rng(0)
    made = {name: share * FRAME["loss"] * (1 + 0.01 * rng.standard_normal(15)) for name, share in others.items()}
    data = read(tmp_path, FRAME.rename(columns={"loss": target}).assign(**made), target)
    assert data.task.schema.features == ("N", "D")


def test_a_switch_called_residual_is_no_remainder_of_a_fit(tmp_path: Path):
    made = FRAME.assign(residual=[True, False, False] * 5)
    assert roles(read(tmp_path, made))["residual"] == "category"


def test_losses_on_other_data_are_seen_without_words_for_them(tmp_path: Path):
    rng, table = np.random.default_rng(0), chinchilla()[["n_params", "tokens", "loss"]]
    noisy = {name: k * table["loss"] + 0.01 * rng.normal(size=90) for name, k in (("c4", 1.1), ("wikitext", 0.9))}
    found = roles(read(tmp_path, table.rename(columns={"loss": "pile"}).assign(**noisy), "pile"))
    assert [found[name] for name in ("c4", "wikitext", "n_params", "tokens")] == ["derived"] * 2 + ["feature"] * 2
    inlet = rng.uniform(20, 90, 60)
    pipe = pd.DataFrame({"inlet": inlet, "flow": rng.uniform(1, 9, 60), "outlet": 0.9 * inlet + 2})
    assert roles(read(tmp_path, pipe, "outlet"))["inlet"] == "feature"


def test_quantiles_beside_a_mean_are_none_of_its_features(tmp_path: Path):
    x = np.geomspace(1, 1000, 12)
    table = pd.DataFrame({"x": x, "mean": 2 + 3 / x, "std": 0.1 / x, "25%": 1.9 + 3 / x, "50%": 2 + 3.1 / x})
    assert read(tmp_path, table, "mean").task.schema.features == ("x",)


def test_a_perplexity_is_an_outcome_whatever_the_target_is_called(tmp_path: Path):
    table = pd.DataFrame({"N": np.geomspace(1e6, 1e9, 15)}).assign(y=lambda rows: 2 + 400 * rows.N**-0.3)
    assert roles(read(tmp_path, table.assign(perplexity=np.exp(table.y)), "y"))["perplexity"] == "companion"
    assert roles(read(tmp_path, table[["y"]].assign(loss=table.y / 3), "y"))["loss"] == "feature"


@pytest.mark.parametrize(
    ("target", "error"), [("sigma_mb", "dsigma_stat"), ("S_mJy", "eS"), ("flux", "dflux"), ("mag", "e_mag_tot")]
)
def test_the_error_of_a_target_in_the_names_of_physicists(target: str, error: str, tmp_path: Path):
    x = np.geomspace(2, 900, 20)
    made = pd.DataFrame({"E": x, target: 3 + 8 * x**-0.4, error: 0.1 + 0.05 * np.sin(x)})
    assert roles(read(tmp_path, made, target))[error] == "weight"
    assert roles(read(tmp_path, made.rename(columns={error: "d_other"}), target))["d_other"] == "feature"


@pytest.mark.parametrize("target", ["tau_s", "rate_per_min", "S_mJy", "I_nA"])
def test_the_error_of_a_target_is_named_without_its_unit(target: str, tmp_path: Path):
    stem, x = target.split("_")[0], np.geomspace(2, 900, 20)
    made = pd.DataFrame({"T_K": x, target: 3 + 8 * x**-0.4, f"{stem}_err": 0.1 + 0.05 * np.sin(x)})
    assert roles(read(tmp_path, made, target))[f"{stem}_err"] == "weight"
    sides = made.rename(columns={f"{stem}_err": f"{stem}_err+"}).assign(**{f"{stem}_err-": 0.2 + 0.05 * np.cos(x)})
    data = read(tmp_path, sides, target)
    assert data.task.schema.features == ("T_K",) and data.task.train.weight is not None


def test_top_1_accuracy_is_an_outcome_and_a_rate(tmp_path: Path):
    x = np.geomspace(2, 900, 20)
    made = pd.DataFrame({"width": x, "val_acc1": 0.9 - 0.6 * x**-0.4, "val_loss": 1 + 2 * x**-0.4})
    assert roles(read(tmp_path, made, "val_loss"))["val_acc1"] == "companion"
    assert read(tmp_path, made, "val_acc1").task.knowledge.ranges["val_acc1"] == (0, 1)


def test_an_error_of_a_catalogue_may_have_few_values(tmp_path: Path):
    star = np.arange(24)
    table = pd.DataFrame({"logP": star * 7 % 24 / 20, "M_I": -2.0 - star / 10, "e_M_I": [0.03, 0.06, 0.1] * 8})
    assert roles(read(tmp_path, table, "M_I"))["e_M_I"] == "weight"


def test_a_share_is_no_outcome_whatever_its_name(tmp_path: Path):
    shares = np.random.default_rng(0).dirichlet([1, 1, 1], 20).round(3)
    table = pd.DataFrame(shares, columns=["web", "code", "math"]).assign(loss=2 + 0.1 * np.arange(20))
    table["math"] = (1 - table["web"] - table["code"]).round(3)
    assert read(tmp_path, table).task.schema.features == ("web", "code", "math")
    beside = table.assign(accuracy=np.sqrt(shares[:, 0]), error=1 - np.sqrt(shares[:, 0]))
    assert read(tmp_path, beside.rename(columns={"math": "books"})).task.schema.features == ("web", "code", "books")
