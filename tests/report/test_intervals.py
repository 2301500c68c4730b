"""Intervals: their width beyond the data, what they are made of, and what they say where there is none."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lawsmith.agent.cli import main
from lawsmith.agent.cli.predict import point
from lawsmith.runs import Archive
from lawsmith.runs.intervals import constant_intervals, predict, uncertainty
from lawsmith.runs.intervals.distance import Region
from lawsmith.runs.intervals.estimate import weighted_quantiles
from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.intervals.predict import multiplier, warnings
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError, Table


def rows(known: Uncertainty, *n: float) -> Table:
    groups = tuple(known.regions)
    return Table({"n": np.array(n)}, {}, groups, np.zeros(len(n), dtype=np.intp))


def test_an_interval_holds_the_truth_inside_the_data_and_is_narrow(
    known: Uncertainty, good: Archive, sandbox: Sandbox
):
    (found,) = predict(known, good.manifest.task, rows(known, 100.0), sandbox)[0]
    assert found.low < 1 + 5 * 100**-0.5 < found.high
    assert found.high - found.low < 0.2
    assert found.distance == 0 and found.extrapolation == 0


def test_intervals_grow_with_the_distance_beyond_the_data_and_with_the_level(
    known: Uncertainty, good: Archive, sandbox: Sandbox
):
    points = rows(known, 900.0, 5e3, 5e4, 5e6)
    wide = [one.high - one.low for (one,) in predict(known, good.manifest.task, points, sandbox, 0.9)]
    half = [one.high - one.low for (one,) in predict(known, good.manifest.task, points, sandbox, 0.5)]
    assert wide == sorted(wide) and wide[-1] > 2 * wide[0]
    assert all(small < large for small, large in zip(half, wide, strict=True))


def test_an_interval_of_a_positive_target_ends_at_zero(known: Uncertainty, good: Archive, sandbox: Sandbox):
    def low(positive: bool) -> float:
        errors = known.errors[0].model_copy(update={"growth": 100.0, "positive": positive})
        (found,) = predict(
            known.model_copy(update={"errors": (errors,)}), good.manifest.task, rows(known, 5e4), sandbox
        )[0]
        assert found.value > 0 and found.high > found.value
        return found.low

    assert known.errors[0].positive
    assert low(positive=True) == 0 > low(positive=False)


def test_a_point_far_outside_gets_a_plain_warning_and_one_inside_none(known: Uncertainty):
    assert warnings(known, rows(known, 100.0, 1500.0)) == []
    (said,) = warnings(known, rows(known, 1e12))
    assert "n = 1e+12 (measured from 10 to 1000)" in said and "Do not rely" in said


def test_constants_get_intervals_around_the_truth(known: Uncertainty):
    low, high = constant_intervals(known)["one"]["a"]
    assert low < 0.5 < high and high - low < 0.3


def test_the_measurement_is_kept_with_the_archive_and_covered_by_its_digests(
    known: Uncertainty, good: Archive
):
    assert (good.path / "uncertainty.json").is_file() and good.verify() == []


def test_without_the_data_a_kept_measurement_still_predicts(
    known: Uncertainty, good: Archive, sandbox: Sandbox
):
    assert uncertainty(good, sandbox, Path("/nonexistent")) == known


def test_a_published_law_has_a_value_but_no_interval(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "predict",
                "published/sft/openhands-gpt-5",
                "--at=sft_data_size=1e5",
                "--group=('facebook/opt-1.3b', 'flan')",
                "--json",
            ]
        )
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["predictions"][0]["low"] is None and "no interval" in found["warnings"][0]


def test_the_command_prints_the_agreed_json(
    known: Uncertainty, good: Archive, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(good.path), "--at", "n=2e3", "--group", "one", "--level", "0.5", "--json"])
    assert ended.value.code == 0
    (found,) = json.loads(capsys.readouterr().out)["predictions"]
    assert found["low"] < found["value"] < found["high"]
    assert (found["target"], found["level"]) == ("loss", 0.5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "n=ten", "--group", "one"], "is not a number"),
        (["--at", "m=1", "--group", "one"], "is not understood"),
        (["--at", "n=1,n=2", "--group", "one"], "twice"),
        (["--at", "n=inf", "--group", "one"], "not finite"),
        (["--at", "n=1"], "--group"),
        (["--at", "n=1", "--group", "three"], "no group 'three'"),
        (["--at", "n=1", "--group", "one", "--level", "1"], "between 0 and 1"),
    ],
)
def test_a_wrong_request_gets_one_sentence(
    arguments: list[str], said: str, known: Uncertainty, good: Archive, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(good.path), *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_feature_may_hold_commas_and_equal_signs(good: Archive):
    task = good.manifest.task.model_copy(update={"features": ("N, M", "D=t")})
    row = point(task, ["N, M=3,D=t=4e2"], "all", ("all",))
    assert {name: column.tolist() for name, column in row.features.items()} == {"N, M": [3.0], "D=t": [400.0]}


def test_changed_data_is_refused(good: Archive, sandbox: Sandbox, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(good.path, copy)
    for name in ("uncertainty.json", "report.html", "attached.json"):
        (copy / name).unlink(missing_ok=True)
    other = tmp_path / "toy.csv"
    other.write_text(Path(good.manifest.data.train).read_text().replace("one", "uno"))
    with pytest.raises(InputError, match="has changed"):
        uncertainty(Archive.open(copy), sandbox, tmp_path)


def test_distance_counts_ranges_of_the_data_on_the_axis_of_each_feature():
    x = np.array([[n, d] for n in (1.0, 10.0, 100.0) for d in (0.0, 0.5, 1.0)])
    region = Region.of(x, (True, False))
    found = region.distance(np.array([[10.0, 0.5], [1e4, 0.5], [10.0, 3.0], [1e4, 3.0], [0.0, 0.5]]))
    assert found[:4] == pytest.approx([0, 1, 2, 5**0.5])
    assert np.isfinite(found[4]) and found[4] > 0


def test_an_empty_corner_of_the_data_is_outside():
    x = np.array([[n, 1.0] for n in np.linspace(0, 1, 11)] + [[0.0, d] for d in np.linspace(2, 10, 9)])
    region = Region.of(x, (False, False))
    assert region.distance(np.array([[1.0, 10.0]]))[0] > 0.5


def test_multipliers_keep_the_measured_median_and_widen_the_tail_where_folds_are_few():
    ratios = np.linspace(0, 2, 41).tolist()
    assert multiplier(ratios, 3, 0.5) == pytest.approx(1.0)
    assert multiplier(ratios, 3, 0.9) > multiplier(ratios, 30, 0.9) > 1.8


def test_weighted_quantiles_count_weights():
    found = weighted_quantiles(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.1, 10.0]), np.array([0.5]))
    assert found[0] == pytest.approx(3.0, abs=0.05)
