"""Tables in the markup of wikis, in dumps of databases, and as spreadsheets leave them."""

import json
from pathlib import Path

import numpy as np
import pytest
from tables import read, refused, roles

from lawsmith.tasks.reading.formats import parse_table
from lawsmith.tasks.user_table import read_dataset

WIDTHS = (64, 128, 256, 512, 1024, 2048)
ROWS = [(width, f"{2 + 8 / width**0.5:.4f}") for width in WIDTHS]


def lines(form: str) -> str:
    return "".join(form.format(*row) for row in ROWS)


SHOWN = {
    "R, flush right": "  width   loss\n" + "".join(f"{k}{w:6d} {loss}\n" for k, (w, loss) in enumerate(ROWS, 1)),
    "blank rows": "width,loss,,\n,,,\n" + lines("{},{},,\n") + ",,,\nMean,2.5,,\n ; \n",
    "types": "width\tloss\nint64\tfloat64\n" + lines("{}\t{}\n"),
    "shuffled rows with pandas' index": "\twidth\tloss\n"
    + "".join(f"{7 * k % 11}\t{w}\t{loss}\n" for k, (w, loss) in enumerate(ROWS, 1)),
    "sums": "width,loss\n" + lines("{},{}\n") + "Mittel,2.5\nΣ,15.1\n",
    "what was fitted": "width,loss\n" + lines("{},{}\n") + "\nSlope,-0.3\nR²,0.998\n",
    "nccl-tests": "# nThread 1\n#  width  type  loss\n#   (B)   (us)\n" + lines("{}  float  {}\n"),
    "a column called #": "#,by,hub,model,width,loss\n" + lines("1,me,x,m,{},{}\n"),
    "speedrun": lines("width:{}/2048 loss:{} step_avg:nanms\n"),
}


@pytest.mark.parametrize("shown", SHOWN)
def test_the_rows_are_those_that_are_shown(shown: str):
    frame = parse_table(SHOWN[shown].encode(), "t.txt", "t", ["loss"]).frame
    found = frame[["width", "loss"]].astype(float)
    np.testing.assert_allclose(found, [(width, float(loss)) for width, loss in ROWS])


def test_names_and_rows_of_a_query(tmp_path: Path):
    answer = json.dumps({"columns": ["width", "loss"], "rows": [[width, float(loss)] for width, loss in ROWS]})
    assert parse_table(answer.encode(), "t.json", "t", ["loss"]).frame["width"].tolist() == list(WIDTHS)


def test_ticks_are_yes_and_no_and_a_remark_is_none(tmp_path: Path):
    ticked = [
        f"{w},{mark},{'redo' if w == 64 else ''},{2 + w**-0.5 + bool(mark):.3f}" for mark in ("x", "") for w in WIDTHS
    ]
    data = read(tmp_path, "\n".join(["width,tied,note,loss", *ticked]))
    assert data.task.schema.columns["tied"].levels == ("no", "yes") and roles(data)["note"] == "left out"
    assert any("'x' in tied as yes, and its blank cells as no" in told for told in data.notices)


def test_ticks_of_new_rows_stay_where_they_are_no_feature():
    frame = parse_table(b"N,note,tied\n1,x,x\n2,,\n", "new.csv", "new.csv", features=("N", "tied")).frame
    assert frame["note"].tolist() == ["x", ""] and frame["tied"].tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("width,inference time (s),loss", "{0},{2:.3f},{1}", "companion"),  # of a leaderboard
        ("width,speed,loss", "{0},{2:.2f} tok/s,{1}", "companion"),
        ("width,Mean (Task),loss", "{0},{2:.3f},{1}", "companion"),
        ("width,episode_len_mean,episode_reward_mean", "{0},{2:.3f},{1}", "companion"),
        ("width,n_animals,mean_response", "{0},{3},{1}", "weight"),
        ("width,unc_kBq,activity_kBq", "{0},{2:.3f}e-3,{1}", "weight"),
        ("width,weights,loss", "{0},{2:.3f},{1}", "weight"),
        ("width,norm_type,loss", "{0},{4},{1}", "category"),
        ("width,tree no,height", "{0},{5},{1}", "bookkeeping"),
        ("epoch,Time,loss", "{5},{2:.3f},{1}", "companion"),
        ("width,4°C (%),40°C (%)", "{0},{2:.3f},{1}", "companion"),
        ("width,WER_other,WER_clean", "{0},{2:.3f},{1}", "companion"),
        ("width,valid_wiki,valid_c4", "{0},{2:.3f},{1}", "companion"),
        ("width,eval_ctx,eval_loss", "{0},{2:.0f},{1}", "feature"),
        ("width,optimal_lr,optimal_batch", "{0},{2:.3f},{1}", "companion"),
        ("width,loss_before_decay,loss", "{0},{2:.3f},{1}", "companion"),
        ("width,train_time_s,loss", "{0},{2:.3f},{1}", "companion"),
        ("width,best_epoch,loss", "{0},{2:.0f},{1}", "bookkeeping"),
        ("width,Ci,Photo", "{0},{2:.3f},{1}", "feature"),  # of carbon dioxide
    ],
)
def test_what_a_column_is_by_its_name_and_values(header: str, cells: str, expected: str, tmp_path: Path):
    rng, names = np.random.default_rng(0), header.split(",")
    rows = []
    for k in range(12):
        loss = f"{2 + 8 / WIDTHS[k % 6] ** 0.5 + 0.1 * (k > 5):.3f}"
        rows.append(cells.format(WIDTHS[k % 6], loss, 30 + rng.normal(), 3 + k * 5 % 7, (1, 2, 4)[k // 4], 1 + k % 6))
    data = read(tmp_path, "\n".join([header, *rows]), names[-1])
    assert roles(data)[names[1]] == expected


def test_a_symbol_before_all_names_makes_no_views_of_one_quantity(tmp_path: Path):
    volts = np.linspace(-0.2, 0.2, 20)
    amps = 1e-6 * np.exp(volts / 0.06) * (1 + 0.001 * np.random.default_rng(0).normal(size=20))
    rows = [f"{k / 10},{u:.3f},{i:.4g}" for k, (u, i) in enumerate(zip(volts, amps, strict=True))]
    data = read(tmp_path, "\n".join(["Time,E(1).U,E(1).I", *rows]), "E(1).I")
    assert roles(data)["E(1).U"] in ("feature", "derived")


@pytest.mark.parametrize("form", ["{} ± 0.1 lx", "{} lx ± 0.1 lx", "({} ± 0.1) lx", "{} (0.1) lx"])
def test_the_unit_behind_an_error_is_that_of_the_value_too(form: str, tmp_path: Path):
    data = read(tmp_path, "width,loss\n" + "".join(f"{width},{form.format(loss)}\n" for width, loss in ROWS))
    assert data.task.schema.columns["loss"].unit == "lx" and "loss ±" in roles(data)
    assert data.task.train.targets["loss"] == pytest.approx([float(loss) for _, loss in ROWS])


def test_curves_of_two_runs_by_name_are_rows():
    curves = {run: {"step": [1, 2, 4], "loss": [loss, loss / 2, loss / 4]} for run, loss in (("a", 5.0), ("b", 6.0))}
    frame = parse_table(json.dumps(curves).encode(), "t.json", "t").frame
    assert frame.to_dict("list") == {"name": [*"aaabbb"], "step": [1, 2, 4] * 2, "loss": [5, 2.5, 1.25, 6, 3, 1.5]}
    boosted = {"validation_0": {"logloss": [0.6, 0.5, 0.45]}, "validation_1": {"logloss": [0.6, 0.55, 0.52]}}
    frame = parse_table(json.dumps(boosted).encode(), "t.json", "t").frame
    assert frame["step"].tolist() == [1, 2, 3] * 2 and frame["logloss"].tolist() == [0.6, 0.5, 0.45, 0.6, 0.55, 0.52]


def test_lists_of_unequal_length_are_told(tmp_path: Path):
    (tmp_path / "t.json").write_text('{"N": [1, 2, 4, 8, 16], "loss": [5, 4, 3.5, 3.2]}')
    with refused("because N has 5 cells and loss has 4 cells; make them equally long"):
        read_dataset(tmp_path / "t.json", ["loss"])


def test_a_last_line_of_json_that_is_cut_off_is_left_out(tmp_path: Path):
    lines = [json.dumps({"step": k, "loss": 1 / k}) for k in range(1, 7)]
    (tmp_path / "run.jsonl").write_text("\n".join([*lines, '{"step": 7, "lo']))
    data = read_dataset(tmp_path / "run.jsonl", ["loss"])
    assert len(data.task.train) == 6 and data.notices[0].endswith("left out line 7, the last one, which is cut off.")
    (tmp_path / "run.jsonl").write_text("\n".join([*lines[:3], '{"step": 7, "lo', *lines[3:]]))
    with refused("line 4, is not JSON: Invalid control character at character 16."):
        read_dataset(tmp_path / "run.jsonl", ["loss"])


def test_names_of_rows_that_r_prints_may_be_several_words(tmp_path: Path):
    cars = [("Mazda RX4", 21.0, 6, 160.0), ("Mazda RX4 Wag", 20.4, 6, 163.0), ("Valiant", 18.1, 6, 225.0)]
    cars += [("Datsun 710", 22.8, 4, 108.0), ("Merc 240D", 24.4, 4, 146.7), ("Duster 360", 14.3, 8, 360.0)]
    rows = "".join(f"{name:<18}{mpg:>5.1f}{cyl:>4}{disp:>6.1f}\n" for name, mpg, cyl, disp in cars)
    data = read(tmp_path, " " * 20 + "mpg cyl  disp\n" + rows, "mpg")
    assert data.task.train.features["disp"].tolist() == [160, 163, 225, 108, 146.7, 360]
