"""What a picture of a law shows: moved rows, curves at levels and labels, and plots that hold what they are given."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lawsmith.runs.report.drawing import Axis, Plot
from lawsmith.runs.report.error_summary import errors, outliers
from lawsmith.runs.report.fit import _believed, picture_data
from lawsmith.runs.report.picture import MOST_ROWS, Picture, picture
from lawsmith.runs.report.plots import picture_charts
from lawsmith.runs.report.shown_formula import shown_formula
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, InputError, Schema, read_dataset
from lawsmith.tasks.knowledge import Knowledge
from lawsmith.tasks.schema import Column

LOSS = Schema(
    name="made",
    long_name="made",
    title="made",
    features=("n", "d", "lr", "opt"),
    targets=("loss",),
    group=None,
    columns={"opt": Column(name="opt", levels=("adam", "lion"))},
)

Law = Callable[[dict[str, np.ndarray]], np.ndarray]


def chinchilla(x: dict[str, np.ndarray]) -> np.ndarray:
    return 1.7 + 400 * x["n"] ** -0.34 + 410 * x["d"] ** -0.28


def write(path: Path, header: str, rows: list[tuple]) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def table_of_two(folder: Path) -> Dataset:
    rows = [
        (f"g{k}", n, d, chinchilla({"n": np.array(n), "d": np.array(d)}) + 0.1 * k)
        for k in range(2)
        for n in np.geomspace(1e7, 1e9, 4)
        for d in np.geomspace(1e9, 1e11, 3)
    ]
    return read_dataset(write(folder / "two.csv", "g,n,d,loss", rows), ("loss",), group="g")


def drawn(data: Dataset, law: Law, sandbox: Sandbox) -> Picture:
    def predict(tables):
        return tuple(np.asarray(law(dict(table.features)))[:, None] for table in tables)

    tables = [data.task.train, *([] if data.test is None else [data.test])]
    return picture(data, predict(tables), predict, None, sandbox, SearchTask.of(data.task))


def test_rows_are_moved_onto_the_curve_of_their_group_with_their_residuals(tmp_path: Path, sandbox: Sandbox):
    found = drawn(table_of_two(tmp_path), chinchilla, sandbox)
    curve = next(one for one in found.curves if one.feature == 0 and one.group == 1 and one.level is None)
    mine = found.rows.codes == 1
    expected = chinchilla({"n": found.rows.x[mine, 0], "d": np.full(mine.sum(), curve.others[1])})
    assert found.moved[0][mine, 0] == pytest.approx(expected)
    residual = found.rows.measured[mine, 0] - found.rows.predicted[mine, 0]
    assert residual == pytest.approx(0.1)


def test_further_curves_hold_the_other_feature_at_levels_of_the_data(tmp_path: Path, sandbox: Sandbox):
    found = drawn(table_of_two(tmp_path), chinchilla, sandbox)
    levels = [one for one in found.curves if one.feature == 0 and one.group == 0 and one.level is not None]
    assert [one.level for one in levels] == pytest.approx([1e9, 1e10, 1e11])
    across = {one.level for one in found.curves if one.feature == 1 and one.group == 0 and one.level is not None}
    assert sorted(across) == pytest.approx(np.geomspace(1e7, 1e9, 4))  # a few values have a curve and a colour each
    for one in levels:
        assert one.value[:, 0] == pytest.approx(chinchilla({"n": one.x, "d": np.full(len(one.x), one.level)}))
        assert one.x[0] == pytest.approx(1e7) and one.x[-1] > 1e9 == pytest.approx(one.end)


def test_curves_of_a_loss_go_on_below_its_smallest_value(tmp_path: Path, sandbox: Sandbox):
    def law(x: dict[str, np.ndarray]) -> np.ndarray:
        return 1 / (1 + np.exp(5 * (x["nll"] - 1)))

    rows = [(nll, law({"nll": nll})) for nll in np.linspace(2, 1.1, 14).round(2)]
    data = read_dataset(write(tmp_path / "acc.csv", "nll,acc", rows), ("acc",))
    found = drawn(data, law, sandbox)
    (curve,) = found.curves
    assert (curve.begin, curve.end) == (2, 1.1) and curve.x[0] < 1 and curve.x[-1] == pytest.approx(2)
    assert 1.1 < min(found.frontiers[0]) == found.frontiers[0][-1] < 1.3
    assert "Training rows end at 1.1 (dashed); at" in picture_charts(found)[0].alt


def test_a_category_is_no_axis_but_gives_a_curve_per_label(tmp_path: Path, sandbox: Sandbox):
    rows = [(a, w, 2 + k + w**-0.5) for k, a in enumerate(("gelu", "relu")) for w in np.geomspace(1, 100, 6)]
    path = write(tmp_path / "cat.csv", "act,w,loss", rows)
    data = read_dataset(path, ("loss",), group="none", category=("act",))
    place = data.task.schema.features.index("act")
    found = drawn(data, lambda x: 2 + x["act"] + x["w"] ** -0.5, sandbox)
    assert found.varying == (1 - place,) and found.second == {1 - place: place}
    assert sorted(one.level for one in found.curves if one.level is not None) == [0.0, 1.0]
    assert picture_data(found)["features"][place]["labels"] == ["gelu", "relu"]


def test_doses_with_a_control_have_a_logarithmic_axis_and_a_curve_of_their_ratios(tmp_path: Path, sandbox: Sandbox):
    doses = np.repeat([0, 0.01, 0.1, 1, 10], 2)
    data = read_dataset(write(tmp_path / "dose.csv", "dose,y", [(d, 5 + 90 * d / (0.1 + d)) for d in doses]), ("y",))
    found = drawn(data, lambda x: 5 + 90 * x["dose"] / (0.1 + x["dose"]), sandbox)
    assert picture_data(found)["features"][0]["log"]
    (curve,) = found.curves
    assert curve.x[0] == 0 and np.sum((curve.x > 0.01) & (curve.x < 1)) > 15


def test_a_feature_with_one_value_in_each_group_has_no_axis_and_a_share_a_plain_one(tmp_path: Path, sandbox: Sandbox):
    rows = [(f"s{k}", 5 * 2**k, h, 0.9 - 0.8 * np.exp(-h / (4 + k))) for k in range(3) for h in range(1, 9)]
    data = read_dataset(write(tmp_path / "doses.csv", "subject,dose,h,accuracy", rows), ("accuracy",), group="subject")
    found = drawn(data, lambda x: 0.9 - 0.8 * np.exp(-x["h"] / 5), sandbox)
    assert data.task.schema.features == ("dose", "h") and found.varying == (1,)
    assert not picture_data(found, {})["targets"][0]["log"]
    free = replace(found, schema=data.task.schema.model_copy(update={"knowledge": Knowledge()}))
    assert picture_data(free, {})["targets"][0]["log"]


def test_a_law_without_a_value_beyond_the_data_is_drawn_on_the_data(tmp_path: Path, sandbox: Sandbox):
    def law(x):
        if x["n"].max() > 1.01e9:
            raise InputError("no value there")
        return chinchilla(x)

    found = drawn(table_of_two(tmp_path), law, sandbox)
    assert "no value beyond the data" in found.note
    assert max(one.x.max() for one in found.curves if one.feature == 0) == pytest.approx(1e9)


def test_what_the_picture_leaves_out_is_told(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    rows = [(f"g{k}", n, n + k, 2 + k * n**-0.5) for k in range(3) for n in np.geomspace(1, 100, 6)]
    data = read_dataset(write(tmp_path / "three.csv", "who,n,d,loss", rows), ("loss",), group="who")
    assert drawn(data, lambda x: 2 + x["n"] ** -0.5, sandbox).note == ""
    monkeypatch.setattr("lawsmith.runs.report.picture.MOST_GROUPS", 2)
    monkeypatch.setattr("lawsmith.runs.report.picture.MOST_FEATURES", 1)
    told = drawn(data, lambda x: 2 + x["n"] ** -0.5, sandbox).note
    assert told == (
        "Curves are drawn for the 2 groups with most rows, of 3. An axis is offered for the first 1 of 2 features."
    )


def test_many_rows_are_thinned_and_the_worst_stays(tmp_path: Path, sandbox: Sandbox):
    n = np.geomspace(1, 1000, 20_000)
    y = 1 + n**-0.5
    y[12_345] += 0.5
    path = write(tmp_path / "many.csv", "n,loss", list(zip(n, y, strict=True)))
    found = drawn(read_dataset(path, ("loss",)), lambda x: 1 + x["n"] ** -0.5, sandbox)
    assert len(found.rows.numbers) <= MOST_ROWS + 20 and found.rows.total == 20_000
    assert 12_346 in found.rows.numbers


def test_rows_that_are_not_believed_are_crossed_out_and_named(tmp_path: Path, sandbox: Sandbox):
    data = table_of_two(tmp_path)
    found = replace(drawn(data, chinchilla, sandbox), disbelieved=((3, 0),))
    assert picture_data(found)["off"] == [[3, 0]]
    assert 'class="off" d="M' in str(picture_charts(found)[0].svg)
    predicted = np.asarray(chinchilla(dict(data.task.train.features)))[:, None] - 0.01
    predicted[2] += 3
    (first, *_) = outliers(data.task.schema, {"training": (data.task.train, predicted)}, {(3, "loss")})
    assert first.number == 3 and not first.believed


def test_rows_far_from_a_law_are_told_by_shares_where_errors_grow(tmp_path: Path):
    data = table_of_two(tmp_path)
    train = data.task.train
    size = np.geomspace(1, 1e4, len(train))[:, None]
    shares = np.where(np.arange(len(train)) % 2, 1.02, 0.98)[:, None]
    shares[0] = 1.5  # fifty per cent off where the value is smallest
    rows = replace(train, targets={"loss": (size * shares)[:, 0]})
    (row,) = outliers(data.task.schema, {"training": (rows, size)}, growing="loss")
    assert row.number == 1 and row.times > 10
    plain = outliers(data.task.schema, {"training": (rows, size)})
    assert plain and 1 not in [one.number for one in plain]


def test_errors_are_told_with_and_without_rows_that_are_not_believed(tmp_path: Path):
    train = table_of_two(tmp_path).task.train
    predicted = train.target_matrix() - 0.01
    predicted[2] += 3
    parts = _believed({"training": (train, predicted)}, [(3, "loss")])
    with_it, without = errors(table_of_two(tmp_path).task.schema, parts)
    assert (with_it.rows, without.rows) == (24, 23)
    assert without.rmse == pytest.approx(0.01) and with_it.rmse > 0.5


def test_errors_within_groups_tell_what_a_shift_of_groups_hides(tmp_path: Path):
    train = table_of_two(tmp_path).task.train
    means = np.array([train.target_matrix()[train.codes == k].mean() for k in range(2)])
    (found,) = errors(table_of_two(tmp_path).task.schema, {"training": (train, means[train.codes][:, None])})
    assert found.r2_within == pytest.approx(0.0) and found.r2 is not None and found.r2 > 0
    assert found.rmse > 0 and found.share is not None and 0 < found.share < 1


def test_axes_name_round_places():
    assert [name for _, name in Axis([1e6, 1e10], log=True).ticks()] == ["10⁶", "10⁷", "10⁸", "10⁹", "10¹⁰"]
    assert [name for _, name in Axis([1.7, 4.1]).ticks()] == ["2", "2.5", "3", "3.5", "4"]
    assert Axis([2.0, 2.0]).ticks() and Axis([], log=True).ticks()
    for values in ([1e308, 1.0], [5e-324, 1e308], [1e308], [5e-324]):  # as a stranger's archive may state
        assert Axis(values, log=True).ticks() and Axis([-1e308, *values]).ticks()


def test_a_name_in_a_plot_stays_text():
    plot = Plot(Axis([1, 2]), Axis([1, 2]), ("<script>", "b"))
    plot.word(1.5, 1.5, "<b>", "c0")
    assert "<script>" not in plot.svg("<i>") and "&lt;b&gt;" in plot.svg("<i>") and "<i>" not in plot.svg("<i>")


def test_numbers_of_the_filled_formula_are_worked_out():
    source = """PARAMETERS = ("A", "a", "c", "L")
def form(x, p):
    return p["L"] + p["A"] * ((x["n"] ** -p["c"] + x["d"] ** -p["c"]) ** (-1 / p["c"])) ** -p["a"]
"""
    shown = shown_formula(source, LOSS, {"all": {"A": 2.0, "a": 0.3, "c": 0.4, "L": -1.0}})
    assert shown is not None
    math, text = shown.filled["all"]
    assert "<mn>0.75</mn></msup>" in math and "<mn>2.5</mn>" not in math and "loss = " in text
    assert "<mrow><mfrac><mn>1</mn><mrow><msup><mrow><mo>(" not in math
    assert shown.levels == {"loss": "L"}
    assert shown.meanings["L"].startswith("irreducible loss") and shown.meanings["c"].startswith("exponent of")
    falls = shown_formula(source, LOSS, {"all": {"A": -2.0, "a": 0.3, "c": 0.4, "L": 5.0}})
    assert falls is not None and falls.meanings["L"].startswith("level of loss")


def test_an_exponent_is_told_by_the_features_of_its_power():
    source = """PARAMETERS = ("K", "M", "a", "b")
def form(x, p):
    return ((p["K"] / x["n"]) ** (p["a"] / p["b"]) + p["M"] / x["d"]) ** p["b"]
"""
    shown = shown_formula(source, LOSS, {})
    assert shown is not None
    assert (shown.meanings["a"], shown.meanings["b"]) == ("exponent of n", "exponent of n and d")


def test_a_constant_of_a_label_is_told_by_it():
    source = """import numpy as np
PARAMETERS = ("L", "d")
def form(x, p):
    return p["L"] * x["n"] + p["d"] * np.where(x["opt"] == 1.0, 1.0, 0.0)
"""
    shown = shown_formula(source, LOSS, {})
    assert shown is not None and shown.meanings["d"] == "change where opt = lion"


def test_a_moving_optimum_is_told_by_the_feature_that_has_it():
    source = """import numpy as np
PARAMETERS = ("C", "m", "m2")
def form(x, p):
    return p["C"] * (np.log(x["lr"]) - (p["m"] + p["m2"] * np.log(x["n"]))) ** 2
"""
    shown = shown_formula(source, LOSS, {})
    assert shown is not None
    assert shown.meanings["m"] == "where log(lr) is at its optimum"
    assert shown.meanings["m2"] == "how the place of the optimum in log(lr) moves with log(n)"


def test_a_step_is_told_in_the_unit_of_the_formula():
    source = """import numpy as np
PARAMETERS = ("A", "s", "m")
def form(x, p):
    return p["A"] / (1 + np.exp(-p["s"] * (x["n"] / 10 - p["m"])))
"""
    shown = shown_formula(source, LOSS, {})
    assert shown is not None and shown.meanings["m"] == "where the step in n/10 lies"
    assert shown.meanings["s"] == "rate of change with n/10"
    for law in ("x['n'] / 10 / (p['m'] + x['n'] / 10)", "1 / (1 + (x['n'] / 10 / p['m']) ** p['s'])"):
        shown = shown_formula(f"PARAMETERS = ('A', 's', 'm')\ndef form(x, p):\n    return p['A'] * {law}\n", LOSS, {})
        assert shown is not None and shown.meanings["m"] == "where half of the change with n/10 is reached"
