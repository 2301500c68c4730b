"""Intervals: their width beyond the data, what they are made of, and what they say where there is none."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import POWER, make_run, write_table

from lawsmith.agent.cli.predict_command import point
from lawsmith.runs import Archive
from lawsmith.runs.intervals import predict, uncertainty
from lawsmith.runs.intervals.archived import recorded
from lawsmith.runs.intervals.beyond_data import remarks, times
from lawsmith.runs.intervals.distance import Region
from lawsmith.runs.intervals.estimate import (
    EvaluatedLaw,
    _Errors,
    _leaning,
    _without_diverged,
    estimate,
    model_spread,
    weighted_quantiles,
)
from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.intervals.predict import constant_intervals, covariance, multiplier
from lawsmith.runs.laws.law import Law
from lawsmith.runs.records.canonical_json import seal
from lawsmith.runs.records.trials import Proposal
from lawsmith.sandbox import Constants, FitJob, Limits, Sandbox, evaluate
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import InputError, Table, read_dataset
from lawsmith.tasks.knowledge import Knowledge
from lawsmith.tasks.new_rows import stated
from tests.command import run_command
from tests.made import made_task


def rows(known: Uncertainty, *n: float) -> Table:
    groups = tuple(known.regions)
    return Table({"n": np.array(n)}, {}, groups, np.zeros(len(n), dtype=np.intp))


def test_an_interval_holds_the_truth_inside_the_data_and_is_narrow(known: Uncertainty, good: Archive, sandbox: Sandbox):
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


def test_folds_that_do_not_determine_the_constants_widen_no_interval(sandbox: Sandbox):
    """Two values of z do not tell L, B and b apart."""
    x, z = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(1, 100, 8), [1.0, 2.0, 4.0]))
    task = made_task({"x": x, "z": z}, 1 + 3 * x**-0.5 + z**2 + 0.01 * np.random.default_rng(1).standard_normal(24))
    source = "PARAMETERS = ['L', 'A', 'a', 'B', 'b']\ndef form(x, p):\n"
    source += "    return p['L'] + p['A'] * x['x'] ** -p['a'] + p['B'] * x['z'] ** p['b']\n"
    seen = SearchTask.of(task)
    found = evaluate(sandbox, source, task, seen.folds)
    assert found.constants is not None and not all(fold.tells for fold in found.folds)
    law = EvaluatedLaw("law", source, Constants.from_json(found.constants), found.folds)
    assert estimate(task, [law], sandbox).errors[0].growth < 0.1


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
    inside, near, far = remarks(known, rows(known, 100.0, 1500.0, 1e12))
    assert inside is None
    assert near is not None and "n = 1500 is 1.5 times the largest measured (1000)" in near
    assert "do not rely" not in near
    assert far is not None and "do not rely" in far
    assert [times(factor) for factor in (1.6, 10.4, 112.5, 3e7)] == [
        "1.6 times",
        "10 times",
        "110 times",
        "3e+07 times",
    ]


def test_constants_get_intervals_around_the_truth(known: Uncertainty):
    low, high = constant_intervals(known)["one"]["a"]
    assert low < 0.5 < high and high - low < 0.3


def test_an_interval_holds_the_constant_itself_where_refits_end_elsewhere(known: Uncertainty):
    winner = known.members[0]
    away = {group: tuple(9.0 + value for value in values) for group, values in winner.constants.items()}
    moved = known.model_copy(update={"members": (winner.model_copy(update={"constants": away}),)})
    for name, (low, high) in constant_intervals(moved)["one"].items():
        assert high >= away["one"][winner.names.index(name)] > constant_intervals(known)["one"][name][1]
        refits = [values["one"][winner.names.index(name)] for values in known.resamples if values["one"] is not None]
        assert low <= np.quantile(refits, 0.05)


def test_few_rows_make_wide_intervals_of_constants(known: Uncertainty):
    """Refits scatter by too little: by the share of the rows that the constants leave free."""
    groups, names = len(known.members[0].constants), len(known.members[0].names)
    widths, errors = [], []
    for free in (2, 5, 1000):
        some = known.model_copy(update={"measurements": groups * (names + free)})
        low, high = constant_intervals(some)["one"]["a"]
        matrix = covariance(some, "one")
        assert matrix is not None
        widths.append(high - low)
        errors.append(matrix[0, 0] * free / (names + free))
    assert widths[0] > 1.5 * widths[1] > 1.5 * widths[2]
    np.testing.assert_allclose(errors, errors[0])


def test_a_constant_that_no_refit_takes_below_zero_has_no_interval_there(known: Uncertainty):
    names, drawn = ("E", "L", "A"), [(0.3 * k, 0.0, 2 + 0.1 * k) for k in range(12)]
    winner = known.members[0].model_copy(update={"names": names, "constants": {"one": (0.5, 0.0, 2.5)}})
    some = known.model_copy(update={"members": (winner,), "resamples": tuple({"one": one} for one in drawn)})
    found = constant_intervals(some)["one"]
    assert "L" not in found, "it is the same in every refit"
    assert found["E"][0] == 0.0 < 3.0 < found["E"][1] and 0 < found["A"][0] < 2.5 < found["A"][1]


def test_refits_to_the_same_law_with_signs_turned_round_say_nothing_of_errors(known: Uncertainty):
    """As the constants A, h and level of a Hill curve may."""
    mirrored = tuple(
        {g: None if v is None else tuple(-c for c in v) for g, v in one.items()} for one in known.resamples
    )
    mixed = known.model_copy(update={"resamples": (*known.resamples, *mirrored)})
    assert constant_intervals(mixed) == constant_intervals(known)
    np.testing.assert_array_equal(covariance(mixed, "one"), covariance(known, "one"))


def test_refits_to_the_same_law_with_constants_in_other_places_say_nothing_of_errors(known: Uncertainty):
    """As those of two decays may, or the ends of a Hill curve where its exponent changes its sign."""
    names, values = ("A", "k", "A2", "k2"), (5.0, 0.3, 2.0, 0.04)
    winner = known.members[0].model_copy(update={"names": names, "constants": {"one": values}})
    near = [tuple(c * (1 + 0.01 * step) for c in values) for step in range(-3, 4)]
    there = known.model_copy(update={"members": (winner,), "resamples": tuple({"one": one} for one in near)})
    swapped = tuple({"one": (*one[2:], *one[:2])} for one in near)
    both = there.model_copy(update={"resamples": (*there.resamples, *swapped)})
    assert constant_intervals(both) == constant_intervals(there)


def test_the_measurement_is_kept_with_the_archive_and_covered_by_its_digests(known: Uncertainty, good: Archive):
    assert (good.path / "uncertainty.json").is_file() and good.verify() == []


def test_without_the_data_a_kept_measurement_still_predicts(known: Uncertainty, good: Archive, sandbox: Sandbox):
    assert uncertainty(good, sandbox, Path("/nonexistent")) == known


def test_a_law_whose_code_hangs_is_fitted_again_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    n = np.geomspace(1, 1e3, 24)
    task = made_task({"n": n}, 1 + n**-0.5)
    found = evaluate(sandbox, POWER, task, SearchTask.of(task).folds)
    assert found.constants is not None, found.message
    spins = "PARAMETERS = ('a',)\nwhile True:\n    pass\ndef form(x, p):\n    return p['a'] * x['n']\n"
    law = EvaluatedLaw("spins", spins, Constants.from_json(found.constants), found.folds)
    asked: list[object] = []
    run = Sandbox.submit

    def counted(self: Sandbox, job: FitJob) -> object:
        asked.append(job)
        return run(self, job)

    monkeypatch.setattr(Sandbox, "submit", counted)
    limits = Limits(wall_seconds=1, cpu_seconds=1)
    with (
        Sandbox(limits, workers=1, tier=sandbox.tier) as short,
        pytest.raises(ValueError, match="cannot be fitted again"),
    ):
        estimate(task, [law], short)
    assert len(asked) == 1


def test_a_published_law_has_a_value_but_no_interval(capsys: pytest.CaptureFixture[str]):
    printed = run_command(
        capsys,
        "predict",
        "published/sft/openhands-gpt-5",
        "--at=sft_data_size=1e5",
        "--group=('facebook/opt-1.3b', 'flan')",
        "--json",
    )
    found = printed.json
    assert found["predictions"][0]["low"] is None and "no interval" in found["warnings"][0]


def test_the_command_prints_the_agreed_json(known: Uncertainty, good: Archive, capsys: pytest.CaptureFixture[str]):
    printed = run_command(
        capsys, "predict", str(good.path), "--at", "n=2e3", "--group", "one", "--level", "0.5", "--json"
    )
    (found,) = printed.json["predictions"]
    assert found["low"] < found["value"] < found["high"] and (found["target"], found["level"]) == ("loss", 0.5)


def test_beyond_the_data_the_command_says_how_far_the_law_is_finite(known: Uncertainty, good: Archive, capsys) -> None:
    said = run_command(capsys, "predict", str(good.path), "--at", "n=2e3", "--group", "one").out.split()
    assert "The law is finite at least up to 1,000,000 times beyond the data." in " ".join(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "n=ten", "--group", "one"], "is not a number"),
        (["--at", "m=1", "--group", "one"], "no feature 'm'; the table has n"),
        (["--at", "n=1,n=2", "--group", "one"], "twice"),
        (["--at", "n=inf", "--group", "one"], "not finite"),
        (["--rows", "none.csv", "--at", "n=1"], "Say where to predict"),
        ([], "Say where to predict"),
        (["--at", "n=1", "--out", "a.csv"], "--out needs --rows"),
        (["--at", "n=1", "--law", "zzz"], "names no law"),
        (["--at", "n=1", "--group", "three"], "no group 'three'"),
        (["--at", "n=1", "--group", "one", "--level", "1"], "between 0 and 1"),
    ],
)
def test_a_wrong_request_gets_one_sentence(
    arguments: list[str], said: str, known: Uncertainty, good: Archive, capsys: pytest.CaptureFixture[str]
):
    assert said in run_command(capsys, "predict", str(good.path), *arguments, status=2).err


def test_short_names_of_features_are_understood(good: Archive):
    task = good.manifest.task.model_copy(update={"features": ("config.N", "dose [uM]")})
    law = replace(Law.open(good.path), schema=task, form=None)
    assert point(law, ["N=70B,dose=2"]) == {"config.N": 7e10, "dose [uM]": 2.0}
    task = good.manifest.task.model_copy(update={"features": ("Temp. [K]", "Conc. [M]")})
    law = replace(law, schema=task)
    assert point(law, ["Temp.=3,Conc.=2"]) == {"Temp. [K]": 3.0, "Conc. [M]": 2.0}


def test_a_feature_may_hold_commas_and_equal_signs(good: Archive):
    task = good.manifest.task.model_copy(update={"features": ("N, M", "D=t")})
    law = replace(Law.open(good.path), schema=task, form=None)
    assert point(law, ["N, M=3,D=t=4e2"]) == {"N, M": 3.0, "D=t": 400.0}


@pytest.mark.parametrize(
    ("written", "value"), [("70B", 7e10), ("1.4 T", 1.4e12), ("3e8", 3e8), ("15%", 0.15), ("1_000", 1e3), ("2k", 2e3)]
)
def test_numbers_are_read_as_people_write_them(good: Archive, written: str, value: float):
    assert stated(good.manifest.task, "n", written) == pytest.approx(value)


def test_all_groups_are_predicted_at_once_and_every_row_of_a_table(
    known: Uncertainty, good: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    found = run_command(capsys, "predict", str(good.path), "--at", "n=2e3", "--json").json["predictions"]
    assert [one["group"] for one in found] == ["one", "two"]
    assert all(one["low"] < one["mean_low"] < one["value"] < one["mean_high"] < one["high"] for one in found)
    table = tmp_path / "future.csv"
    table.write_text("name,model,n\na,one,2K\nb,two,2e3\nc,two,1e9\n")
    printed = run_command(capsys, "predict", str(good.path), "--rows", str(table), "--out", str(tmp_path / "out.csv"))
    written = pd.read_csv(tmp_path / "out.csv")
    assert written["loss predicted"].tolist()[:2] == [one["value"] for one in found]
    assert "do not rely" in written["remark"][2] and written["name"].tolist() == ["a", "b", "c"]
    assert "1 row far outside" in printed.err


def test_a_wrong_row_of_a_table_is_named(good: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table = tmp_path / "future.csv"
    table.write_text("model,n\none,1\ntwo,many\n")
    printed = run_command(capsys, "predict", str(good.path), "--rows", str(table), status=2)
    assert "column 'n' holds 'many' in data row 2" in printed.err


def test_another_law_of_the_table_is_picked_and_the_archive_says_so(
    known: Uncertainty, good: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    copy = tmp_path / "toy" / "fixed" / "copied"
    shutil.copytree(good.path, copy)
    listed = run_command(capsys, "laws", str(copy), "--json").json["laws"]
    other = next(row["id"] for row in listed if not row["chosen"])
    assert sum(row["chosen"] for row in listed) == 1 and "log(n)" in {r["id"]: r["formula"] for r in listed}[other]
    run_command(capsys, "laws", str(copy), "--pick", other[:6])
    picked = Law.open(copy)
    assert (picked.id, picked.chosen) == (other, False) and Archive.open(copy).verify() == []
    assert "not the one that the search chose" in repr(picked)
    printed = run_command(capsys, "predict", str(copy), "--at", "n=100", "--group", "one")
    assert f"This is law {other}, which the search did not choose" in printed.out
    assert "Picked: by the user" in run_command(capsys, "export", str(copy)).out
    run_command(capsys, "laws", str(copy), "--pick", "chosen")
    assert Law.open(copy).chosen


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
    given = np.array([True, False])
    rows = region.completed(np.array([[1.0, np.nan], [0.0, np.nan]]), given)
    assert rows == pytest.approx(np.array([[1.0, 1.0], [0.0, 5.0]])) and (region.distance(rows) == 0).all()


def test_multipliers_keep_the_measured_median_and_widen_the_tail_where_folds_are_few():
    ratios = np.linspace(0, 2, 41).tolist()
    assert multiplier(ratios, 3, 0.5) == pytest.approx(1.0)
    assert multiplier(ratios, 3, 0.9) > multiplier(ratios, 30, 0.9) > 1.8


def test_a_few_held_out_rows_that_were_met_by_chance_make_no_interval_narrow():
    few, many = (_leaning(np.full(41, 0.01), rows) for rows in (3, 300))
    assert few[36] > 1.2 and many[36] < 0.1
    assert (_leaning(np.full(41, 9.0), 3) == 9).all()


def test_weighted_quantiles_count_weights():
    found = weighted_quantiles(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.1, 10.0]), np.array([0.5]))
    assert found[0] == pytest.approx(3.0, abs=0.05)


def test_an_interval_stays_in_the_range_that_was_stated(known: Uncertainty, good: Archive, sandbox: Sandbox):
    wide = known.errors[0].model_copy(update={"growth": 100.0})
    wider = known.model_copy(update={"errors": (wide,)})
    schema = good.manifest.task.model_copy(update={"knowledge": Knowledge(ranges={"loss": (0.5, 2.0)})})
    (found,) = predict(wider, schema, rows(known, 5e4), sandbox)[0]
    assert (found.low, found.high) == (0.5, 2.0) and 0.5 < found.value < 2.0
    (free,) = predict(wider, good.manifest.task, rows(known, 5e4), sandbox)[0]
    assert free.high > 2.0


def test_one_rival_that_diverges_does_not_set_the_width():
    own = np.zeros((1, 1))
    near = [(own, 0.4), (own + 0.1, 0.2), (own - 0.2, 0.2)]
    calm, wild = model_spread(own, near), model_spread(own, [*near, (own + 1e23, 0.2)])
    assert 0.05 < calm[0, 0] < wild[0, 0] < 10 * calm[0, 0]


def test_a_fold_on_which_the_fit_ran_away_is_left_out():
    def part(error: float) -> _Errors:
        return _Errors(np.full(5, error), np.full(5, 0.01), np.zeros(5))

    calm = [part(0.01), part(0.03), part(0.02)]
    assert _without_diverged([*calm, part(1e20)]) == calm
    assert len(_without_diverged([*calm, part(0.1)])) == 4


def test_rows_that_the_run_did_not_believe_widen_no_interval(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    table = write_table(tmp_path / "off.csv").read_text().splitlines()
    cells = table[5].split(",")
    table[5] = ",".join([*cells[:2], str(3 * float(cells[2]))])
    (tmp_path / "off.csv").write_text("\n".join(table) + "\n")
    dataset = read_dataset(tmp_path / "off.csv", ("loss",))
    archive = Archive.open(make_run(tmp_path / "runs", dataset, sandbox, [Proposal(POWER)], "off"))
    counted = uncertainty(archive, sandbox).errors[0].noise["one"]
    (archive.path / "uncertainty.json").unlink()
    result = archive.result
    assert result is not None
    told = result.model_copy(update={"details": {"disbelieved": [{"row": 5, "target": "loss"}]}})
    monkeypatch.setattr(Archive, "result", told)
    monkeypatch.setattr(Archive, "require_sound", lambda self: None)
    assert uncertainty(archive, sandbox).errors[0].noise["one"] < counted / 5


def test_a_measurement_of_another_version_is_made_again(sandbox: Sandbox, tmp_path: Path):
    dataset = read_dataset(write_table(tmp_path / "old.csv"), ("loss",))
    archive = Archive.open(make_run(tmp_path / "runs", dataset, sandbox, [Proposal(POWER)], "old"))
    known = uncertainty(archive, sandbox)
    archive.attach(seal({"version": 0}), "uncertainty.json")
    assert recorded(archive) is None and uncertainty(archive, sandbox) == known == recorded(archive)
