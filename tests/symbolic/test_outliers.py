"""Rows that no law believes are found, named and hardly counted; clean tables stay as they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_trials import table

from lawsmith.agent.command.doubts import Doubts, doubted
from lawsmith.agent.search.outliers import Disbelieved, _stand_apart, disbelieved, with_those_met
from lawsmith.agent.symbolic.start_forms import start_forms
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox import Sandbox, evaluate
from lawsmith.sandbox.law.own_form import own_candidate
from lawsmith.sandbox.search_task import LITTLE, with_little_weight
from lawsmith.tasks import Dataset, Table, read_dataset
from lawsmith.tasks.frontier.probes import probe_rows
from tests.made import made_task


def families(spoilt: dict[int, float], seed: int = 0) -> Dataset:
    """Three families of models after Chinchilla, 90 rows, 0.5 % noise; `spoilt`: factors of some rows' losses."""
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(3), 30)
    n, d = 10 ** rng.uniform(7.6, 10.2, 90), 10 ** rng.uniform(9, 11.5, 90)
    level, a, b = (np.array(v)[family] for v in ([1.69, 1.8, 1.6], [406, 380, 450], [410, 500, 380]))
    loss = (level + a * n**-0.34 + b * d**-0.28) * (1 + 0.005 * rng.standard_normal(90))
    for row, factor in spoilt.items():
        loss[row] *= factor
    return Dataset(made_task({"n": n, "d": d}, {"loss": loss}, family, "abc", group="family", cap=7), None)


def test_two_spoilt_rows_are_named_and_weigh_little(sandbox: Sandbox) -> None:
    dataset, doubts = doubted(families({12: 1.35, 70: 0.8}), sandbox)
    assert doubts is not None
    assert [row.place for row in doubts.rows] == [12, 70]
    first = doubts.rows[0]
    assert first.measured / first.expected == pytest.approx(1.35, rel=0.05)
    assert first.sentence.startswith("Row 13 looks like an outlier: loss is ")
    weight = dataset.task.train.weights
    assert weight[12] / weight[0] == pytest.approx(LITTLE)
    assert doubts.trusting.task.train.weight is None
    forms = {form.origin: form for form in start_forms(dataset.task).first}
    source = forms["power laws n + d"].source(dataset.task.schema)
    found = evaluate(sandbox, source, dataset.task, (), probes=probe_rows(dataset.task.train))
    told = doubts.sentences(Trial("best", Proposal(source), found), sandbox)
    assert len(told) == 4
    assert found.train is not None
    assert float(told[2].removesuffix(".").split()[-1]) > 0.99 > found.train.r2
    moved = float(told[-1].split(" up to ")[1].split()[0])
    assert moved > 0.01


def test_spoilt_rows_are_found_around_an_optimum_that_moves(sandbox: Sandbox) -> None:
    """Plain laws have no optimum, and miss many rows of a sweep of learning rates."""
    rng = np.random.default_rng(0)
    n, lr = (axis.ravel() for axis in np.meshgrid(np.geomspace(0.04, 4, 5), np.geomspace(0.5, 30, 5)))
    n *= rng.uniform(0.95, 1.05, 25)
    loss = 1.6 + 1.2 * n**-0.33 + 0.05 * np.log(lr / (3 * n**-0.3)) ** 2
    loss *= 1 + 0.005 * rng.standard_normal(25)
    loss[[8, 21]] *= 1.35, 0.8
    doubts = doubted(Dataset(made_task({"n": n, "lr": lr}, {"loss": loss}), None), sandbox)[1]
    assert doubts is not None and [row.place for row in doubts.rows] == [8, 21]


def test_no_law_with_a_sharp_break_judges_rows(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken line meets an outlier near its end; a row of the benchmark task sft was believed for that."""
    asked, submit = list[str](), sandbox.submit
    monkeypatch.setattr(sandbox, "submit", lambda job: asked.append(job.source) or submit(job))
    x = np.linspace(1, 4, 24)
    doubted(Dataset(made_task({"x": x}, {"y": x + 2 / (1 + (x - 2.5) ** 4)}), None), sandbox)
    assert any("np.cos" in source for source in asked)
    broken = [source for source in asked if "np.maximum" in source or "np.minimum" in source]
    assert all("return p['A'] * np.maximum(" in source for source in broken), (
        "but for what is nothing up to a threshold"
    )


def test_the_first_row_of_a_learning_curve_is_no_outlier(sandbox: Sandbox) -> None:
    """The plainest laws have no shift, and all bend more there."""
    step = np.arange(250, 10001, 250.0)
    noise = 0.004 * np.random.default_rng(1).standard_normal(40)
    loss = np.round(2.34 + 62 * (step + 300) ** -0.55 + noise, 4)
    assert doubted(Dataset(made_task({"step": step}, {"loss": loss}), None), sandbox)[1] is None
    loss[20] += 0.1
    doubts = doubted(Dataset(made_task({"step": step}, {"loss": loss}), None), sandbox)[1]
    assert doubts is not None and [row.place for row in doubts.rows] == [20]


@pytest.mark.slow
def test_a_spoilt_row_of_a_wave_is_found(sandbox: Sandbox) -> None:
    """Waves and peaks come late among the plain laws of one feature."""
    x = np.linspace(0.03, 1, 24)
    y = 3 + 2 * np.sin(10 * x) + 0.02 * np.cos(91 * np.arange(24))
    y[9] -= 0.6
    doubts = doubted(Dataset(made_task({"x": x}, {"y": y}), None), sandbox)[1]
    assert doubts is not None and [row.place for row in doubts.rows] == [9]


@pytest.mark.slow
def test_spoilt_rows_of_one_group_are_found_where_laws_need_a_level(sandbox: Sandbox) -> None:
    """Of groups, too, the first plain laws are those of two constants."""
    x, probe = np.tile(10 ** np.linspace(0, 2.5, 30), 3), np.repeat(np.arange(3), 30)
    y = (np.array([1, 1.5, 2.2])[probe] * x**0.6 + 2) * (1 + 0.01 * np.random.default_rng(53).normal(size=90))
    y[[35, 44, 50]] *= 0.3, 2, 0.5
    doubts = doubted(Dataset(made_task({"x": x}, {"y": y}, probe, "abc", group="probe"), None), sandbox)[1]
    assert doubts is not None and [row.place for row in doubts.rows] == [35, 44, 50]


def test_a_row_that_a_form_of_the_users_own_explains_is_believed(sandbox: Sandbox) -> None:
    """One row on a narrow line above a slope: no plain law of the library has the line."""
    x = np.linspace(0, 6, 31)
    y = 1 + 2 * x + 5 / (1 + ((x - 3) / 0.02) ** 2) + 0.02 * np.random.default_rng(0).standard_normal(31)
    dataset = Dataset(made_task({"n": x}, {"loss": y}, group="g", cap=7), None)
    _, doubts = doubted(dataset, sandbox)
    assert doubts is not None
    assert [row.place for row in doubts.rows] == [15]
    own = own_candidate("L + b*n + A / (1 + ((n - m)/w)^2)", dataset.task.schema, dataset.task.train)
    assert doubted(dataset, sandbox, own=[own])[1] is None


def test_forms_of_the_users_own_that_had_no_say_are_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lawsmith.agent.command.doubts.LAWS", 2)
    dataset = families({12: 1.35})
    own = [own_candidate(f"L + b*n^-{k}", dataset.task.schema, dataset.task.train) for k in range(1, 6)]
    _, doubts = doubted(dataset, sandbox, own=own)
    assert doubts is not None
    assert doubts.notices[-1] == "Only the first 2 of your forms were used to find outliers, not the other 3."


def test_a_row_that_counts_next_to_nothing_decides_no_form() -> None:
    n, lr, batch = (axis.ravel() for axis in np.meshgrid([1e8, 4e8, 1e9], np.geomspace(3e-4, 1e-2, 6), [1e2, 5e2, 2e3]))
    loss = 2 + (n / 1e8) ** -0.3 + 0.06 * np.log(lr / 2e-3) ** 2 + 0.03 * np.log(batch / 500) ** 2
    loss[-2] = 11.8  # diverged
    task = made_task({"n": n, "lr": lr, "batch": batch}, {"loss": loss})
    assert start_forms(task).profile.bowls != ("lr", "batch")
    assert start_forms(with_little_weight(task, [len(n) - 2])).profile.bowls == ("lr", "batch")


def test_clean_tables_are_believed(sandbox: Sandbox) -> None:
    dataset = families({}, seed=3)
    assert doubted(dataset, sandbox) == (dataset, None)


def test_a_law_with_a_constant_for_every_other_row_of_a_group_has_no_say(sandbox: Sandbox) -> None:
    rng = np.random.default_rng(1003)
    half, top, dose = 10 ** rng.uniform(-0.5, 1.5, 4), rng.uniform(80, 110, 4), [0, *np.geomspace(0.1, 100, 5)]
    active = np.concatenate([t - 0.9 * t * np.array(dose) / (h + dose) for h, t in zip(half, top, strict=True)])
    active = (active + 1.5 * rng.standard_normal(24)).round(1)
    active[7] += 60 if active[7] < 40 else -0.7 * active[7]
    made = made_task({"dose": np.tile(dose, 4)}, {"active": active}, np.repeat(np.arange(4), 6), "abcd", group="m")
    doubts = doubted(Dataset(made, None), sandbox)[1]
    assert doubts is None or {row.place for row in doubts.rows} <= {7}


def test_the_rounding_of_a_row_is_no_doubt_of_it() -> None:
    """7 / 3 in five digits is missed by more than 7, 3.5 and 1.75, which are exact."""
    n = np.arange(1.0, 21)
    rounded = np.array([float(f"{one:.5g}") for one in 7 / n])
    assert disbelieved(table(n, rounded), [(7 / n)[:, None]]) == ()
    slipped = np.where(n == 7, rounded + 0.0005, rounded)
    assert [row.place for row in disbelieved(table(n, slipped), [(7 / n)[:, None]])] == [6]
    later = replace(table(n, slipped), numbers=np.arange(4, 24))  # three rows of the file were left out before
    assert disbelieved(later, [(7 / n)[:, None]])[0].sentence.startswith("Row 10 looks")


def test_a_bend_that_no_law_has_is_no_outlier() -> None:
    n = np.geomspace(1, 1000, 40)
    flat = np.ones((40, 1))
    jump = table(n, np.where(n > 300, 2.0, 1.0) + 0.001 * np.sin(n))
    assert disbelieved(jump, [flat, flat + 0.001]) == ()


def test_rows_at_an_end_of_a_feature_that_all_laws_miss_are_no_outliers() -> None:
    """A yield without fertiliser, where saturating laws have no level. Neighbours by ranks are of its block."""
    dose, block = (column.ravel() for column in np.meshgrid(np.repeat(np.arange(6.0), 6), [0.0, 1.0]))
    truth = 8 - 4 * np.exp(-dose)
    measured = truth + 0.02 * np.sin(7.0 * np.arange(72))
    law = np.where(dose == 0, 0.0, truth)[:, None]
    measured[50] += 1
    rows = Table({"dose": dose, "block": block}, {"yield": measured}, ("g",), np.zeros(72, dtype=np.intp))
    assert [row.place for row in disbelieved(rows, [law])] == [50]


def test_runs_that_diverged_at_the_largest_rates_are_outliers() -> None:
    """Their losses are all about three times too large, and most rows at the largest rate are among them."""
    lr, n = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e-4, 3.2e-3, 6), np.geomspace(1e8, 6e9, 7)))
    law, rng = 2 + (n / 1e9) ** -0.3 + 0.05 * np.log(lr / 6e-4) ** 2, np.random.default_rng(0)
    diverged = (lr > 3e-3) & (np.arange(42) // 6 % 2 == 0)
    loss = np.where(diverged, 7 + 2 * rng.random(42), law * (1 + 0.01 * rng.standard_normal(42)))
    rows = Table({"lr": lr, "n": n}, {"loss": loss}, ("g",), np.zeros(42, dtype=np.intp))
    assert {row.place for row in disbelieved(rows, [law[:, None]])} == {*np.flatnonzero(diverged)}
    rows = replace(rows, targets={"loss": np.where(diverged, 2 * law, loss)})  # a group of their own, perhaps
    assert disbelieved(rows, [law[:, None]]) == ()


def test_a_row_that_the_chosen_law_meets_is_no_longer_accused() -> None:
    n = np.geomspace(1, 1000, 40)
    law = 2 + n**-0.5 + 0.01 * np.sin(n)
    law[30] += 0.5
    doubted_rows = [Disbelieved(row, row + 1, "loss", float(law[row]), 2.0) for row in (5, 30)]
    five, thirty = with_those_met(doubted_rows, table(n, law), (2 + n**-0.5)[:, None], growing=False)
    assert five.met and five.to_json()["row"] == 6
    assert Doubts((five, five), None).notices[-1].startswith("Rows 6 and 6 looked like outliers")
    far = [replace(doubted_rows[1], expected=9.0)]  # the chosen law misses it by less than a tenth of that
    assert with_those_met(far, table(n, law), (2 + n**-0.5)[:, None], growing=False)[0].met
    assert not thirty.met and thirty.sentence.startswith("Row 31 looks like an outlier")


def test_a_spoilt_row_is_found_among_other_spoilt_rows() -> None:
    rng = np.random.default_rng(2)
    n = np.geomspace(1, 1000, 200)
    law, spoilt = np.log(n), np.zeros(200)
    spoilt[[100, 101, 102, 103]] = 0.061, 0.011, 0.019, 0.0075
    rows = table(n, law + spoilt + 0.001 * rng.standard_normal(200))
    assert {row.place for row in disbelieved(rows, [law[:, None]])} == {100, 101, 102}


def test_several_rows_in_another_unit_are_named_together(sandbox: Sandbox) -> None:
    rng = np.random.default_rng(0)
    n = np.sort(rng.uniform(1, 20, 30))
    loss = 3 * n**1.5 * (1 + 0.01 * rng.standard_normal(30))
    spoilt = [11, 15, 20, 25, 29]
    for factor, rows in ((1e3, spoilt), (2.0, [])):  # a factor that no two units have may be a group
        measured = loss.copy()
        measured[spoilt] *= factor
        found = disbelieved(table(n, measured), [(3 * n**1.5)[:, None]])
        assert [row.place for row in found] == rows
    loss[spoilt] /= 1e3
    doubts = doubted(Dataset(made_task({"n": n}, {"loss": loss}), None), sandbox)[1]
    assert doubts is not None and [row.place for row in doubts.rows] == spoilt
    assert "Each of the 5 is about 1/1000 of the predicted value" in doubts.notices[-1]


@pytest.mark.parametrize("seed", range(4))
def test_five_slips_in_forty_rows_are_named(seed: int) -> None:
    """More than two were taken for heavy tails, and none was named."""
    rng = np.random.default_rng(seed)
    n = np.geomspace(1, 1000, 40)
    truth = 2 + 9 * n**-0.5
    measured, slipped = truth + 0.02 * rng.standard_normal(40), {3, 11, 20, 28, 35}
    measured[[*slipped]] = (0, 7, 0, 4, 5)
    assert {row.place for row in disbelieved(table(n, measured), [truth[:, None]])} == slipped


def test_stated_errors_say_how_far_a_row_may_be_off() -> None:
    n, rng = np.geomspace(1, 100, 40), np.random.default_rng(0)
    law, sigma = 2 + 5 * n**-0.5, np.where(np.arange(40) % 8 == 1, 0.4, 0.01)
    loss = law + sigma * rng.uniform(0.5, 1.5, 40) * rng.choice([-1, 1], 40)
    loss[20] += 0.2
    stated = replace(table(n, loss), weight=sigma**-2)
    assert [one.place for one in disbelieved(stated, [law[:, None]])] == [20]
    assert not disbelieved(replace(stated, targets={"loss": law + 0.9 * (loss - law) * (n != n[20])}), [law[:, None]])


def test_what_was_measured_and_what_is_expected_are_told_apart() -> None:
    assert "y is 11.882 there, but the leading laws predict 11.879." in Disbelieved(0, 1, "y", 11.882, 11.879).sentence
    assert "y is 3 there, but the leading laws predict 11.88." in Disbelieved(0, 1, "y", 3.0, 11.879).sentence


def test_heavy_tails_are_noise() -> None:
    rng = np.random.default_rng(1)
    n = np.geomspace(1, 1000, 200)
    truth = 1 + n**-0.5
    assert disbelieved(table(n, truth + 0.01 * rng.standard_t(1.2, 200)), [truth[:, None]]) == ()


def test_laws_have_to_agree_and_to_explain_the_rows() -> None:
    n = np.geomspace(1, 1000, 40)
    truth = 1 + n**-0.5
    spoilt = truth + 0.001 * np.sin(37 * n)
    spoilt[20] += 0.3
    other = truth.copy()
    other[20] += 0.3
    one, two = truth[:, None], other[:, None]
    assert [row.place for row in disbelieved(table(n, spoilt), [one])] == [20]
    assert disbelieved(table(n, spoilt), [one, two]) == ()
    assert disbelieved(table(n, spoilt), [np.ones((40, 1))]) == ()


def test_a_large_value_is_believed_where_errors_are_known_to_grow() -> None:
    truth = np.geomspace(1, 100, 11)
    measured = truth * (1 + 0.02 * (-1.0) ** np.arange(11))
    measured[8] = 1.08 * truth[8]  # eleven typical errors, and three relative ones
    rows, laws = table(np.arange(11.0), measured), [truth[:, None]]
    assert [row.place for row in disbelieved(rows, laws)] == [8]
    assert disbelieved(rows, laws, growing=True) == ()


def test_a_tenth_of_what_is_expected_is_as_far_off_as_ten_times_it() -> None:
    x = np.geomspace(1, 1000, 50)
    truth = 5 * x**0.8
    measured = truth * np.exp(0.14 * np.random.default_rng(4).standard_normal(50))
    measured[[7, 33]] *= 8, 0.1
    assert [row.place for row in disbelieved(table(x, measured), [truth[:, None]], growing=True)] == [7, 33]


def test_plots_without_a_dose_are_no_outliers_beside_two_categories(sandbox: Sandbox) -> None:
    """Categories act in many ways, which must not keep laws with a level from being asked."""
    site, variety, dose = (c.ravel() for c in np.meshgrid(range(2), range(3), np.arange(7.0) * 30, indexing="ij"))
    noise = 1 + 0.03 * np.random.default_rng(0).standard_normal(42)
    crop = (np.array([1, 1.12, 0.9])[variety] * (3.1 + 4.4 * (1 - np.exp(-dose / 70))) + 0.6 * site) * noise
    task = made_task({"site": site * 1.0, "variety": variety * 1.0, "dose": dose}, {"yield": crop})
    train = replace(task.train, categories=("site", "variety"))
    assert doubted(Dataset(replace(task, train=train), None), sandbox)[1] is None


@pytest.mark.slow
def test_a_law_of_one_of_two_features_tells_a_spoilt_row(sandbox: Sandbox) -> None:
    rng = np.random.default_rng(6)
    day, other = np.sort(rng.uniform(0, 40, 28)), rng.uniform(1, 2, 28)
    flux = 1.02 + 2.4 * np.exp(-day / 9.5) + 0.03 * rng.standard_normal(28)
    flux[11] += 0.6
    made = made_task({"t": 2459500 + day, "other": other}, {"flux": flux}, np.zeros(28, dtype=np.intp), "a")
    doubts = doubted(Dataset(made, None), sandbox)[1]
    assert doubts is not None and [row.place for row in doubts.rows] == [11]


def test_a_table_of_so_many_labels_that_no_plain_law_is_fitted_is_read(tmp_path: Path, sandbox: Sandbox) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "assets": rng.lognormal(7, 2, 173).round(),
            "sector": rng.choice(list("abcdefghij"), 173, p=[0.01, *9 * [0.11]]),
            "nation": rng.choice(["CAN", "UK", "US", "OTH"], 173),
        }
    )
    frame["links"] = rng.poisson(5 + 3 * (frame["sector"] > "d") + 2 * (frame["nation"] == "CAN"))
    frame.to_csv(tmp_path / "links.csv", index=False)
    assert doubted(read_dataset(tmp_path / "links.csv", target=["links"]), sandbox)[1] is None


def test_without_doubts_the_table_stays_the_same_object() -> None:
    task = families({}).task
    assert with_little_weight(task, ()) is task


def test_slips_where_a_law_expects_nothing_are_seen_without_a_word_of_numpy() -> None:
    measured, missed = np.r_[np.zeros(18), 5.0, 6.0], np.arange(20) > 17
    with np.errstate(all="raise"):
        assert _stand_apart(measured, np.zeros(20), missed, np.ones(20))


def test_a_law_that_comes_down_to_nothing_is_no_trouble_where_errors_grow(recwarn: pytest.WarningsRecorder) -> None:
    day = np.arange(1.0, 15.0)
    train = made_task({"day": day}, {"y": 40 * np.exp(-np.exp(3 - day / 2))}).train
    exact, lower = train.target_matrix(), np.where(day[:, None] < 2, 0.0, train.target_matrix())
    assert disbelieved(train, [exact * 1.01, lower * 0.99], growing=True) == ()
    assert not recwarn.list


def test_a_row_at_a_corner_of_a_grid_has_to_be_farther_off() -> None:
    a, b = (column.ravel() for column in np.meshgrid(np.arange(1.0, 7), np.arange(1.0, 7)))
    truth, noise = 3 + a * b, 0.01 * np.random.default_rng(0).standard_normal(36)
    noise[[0, 14]] = 0.08  # a corner, and a row between others
    grid = Table({"a": a, "b": b}, {"loss": truth + noise}, ("g",), np.zeros(36, dtype=np.intp))
    assert [row.place for row in disbelieved(grid, [truth[:, None]])] == [14]


def test_a_law_that_meets_the_small_values_alone_defends_no_row_where_errors_grow() -> None:
    """Lives of specimens over a factor of 2000, 5 % off a power of the stress; one is a hundredth of it."""
    stress = np.repeat([250.0, 300, 350, 400, 450, 500], 3)
    life = (stress / 1100) ** -11 / 2
    measured = life * (1 + 0.05 * np.sin(7 * np.arange(18)))
    measured[7] /= 100
    bent = np.where(stress > 360, 1.05 * life, measured[7])  # it typically errs by as many cycles as the other
    rows = replace(table(stress, measured), weight=life**-2)
    assert [row.place for row in disbelieved(rows, [life[:, None], bent[:, None]], growing=True)] == [7]
