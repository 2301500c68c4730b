"""Errors that are shares of the value are told from equal ones, in tables of six rows and of hundreds."""

from dataclasses import replace

import made_trials
import numpy as np
import pytest
from made_trials import table, trial

from lawsmith.agent.command.doubts import Doubts, doubted
from lawsmith.agent.search.growing_errors import GrowingErrors, _likelihoods, _weights, growing_errors, may_grow
from lawsmith.agent.search.outliers import disbelieved, errors_are_relative
from lawsmith.agent.symbolic.start_forms import start_forms
from lawsmith.runs.records.record import RunResult
from lawsmith.runs.records.searched import growing_target, growing_weights
from lawsmith.sandbox import Constants, Sandbox, evaluate
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset
from tests.made import made_task


def test_errors_that_grow_with_the_value_are_recognised() -> None:
    rng = np.random.default_rng(2)
    truth = np.geomspace(0.01, 100, 80)
    relative = truth * (1 + 0.05 * rng.standard_normal(80))
    plain = truth + 0.001 * rng.standard_normal(80)
    assert errors_are_relative(relative, truth)
    assert not errors_are_relative(plain, truth)
    relative[60] *= 2
    assert [row.place for row in disbelieved(table(np.arange(80.0), relative), [truth[:, None]])] == [60]


def test_errors_that_grow_are_recognised_where_targets_take_both_signs() -> None:
    """The current of a diode; where a line crosses zero, errors that grow make no sense."""
    rng = np.random.default_rng(2)
    x = np.linspace(-0.5, 0.6, 24)
    current = 2e-6 * np.expm1(x / 0.05)
    measured = table(x, current * (1 + 0.03 * rng.standard_normal(24)))
    assert may_grow(measured)
    assert growing_errors(measured, [current[:, None]]) is not None
    assert not may_grow(table(x, 3 * x))


def test_errors_of_the_best_of_a_sweep_grow_and_none_within_a_step_is_an_outlier() -> None:
    n = np.geomspace(1e7, 1e9, 9)
    truth = 30 * n**-0.5
    tried = 2.0 ** np.round(np.log2(truth))
    tried[4] *= 2
    laws = [truth[:, None], truth[:, None] * 1.01]
    assert growing_errors(table(n, tried), laws) is not None
    assert growing_errors(table(n, tried * (1 + 1e-3 * np.cos(n))), laws) is None
    assert disbelieved(table(n, tried), laws, growing=True) == ()


def test_three_slips_of_rows_with_equal_errors_are_no_growing_errors() -> None:
    x = np.linspace(1, 2, 45)
    measured = 30 ** (x - 1) + 0.02 * np.sin(7 * np.arange(45))
    measured[[30, 36, 42]] *= 0.1, 0.2, 0.1
    assert growing_errors(table(x, measured), [30 ** (x - 1)[:, None]]) is None


def test_a_blank_that_rounding_makes_exact_shows_no_growing_errors() -> None:
    """A calibration line read to three decimals: 0.008 is off by up to 6 % of itself."""
    x = np.repeat([0, 1, 2, 5, 10, 15, 20.0], 2)
    line = 0.008 + 0.049 * x
    rounded = np.round(line + 0.003 * np.random.default_rng(3).standard_normal(14) * (x > 0), 3)
    exact = rounded + 1e-7 * np.random.default_rng(4).standard_normal(14)
    found = [growing_errors(table(x, measured), [line[:, None]]) for measured in (exact, rounded)]
    assert [one is None for one in found] == [False, True]


def test_an_outlier_where_values_are_large_is_no_growing_error() -> None:
    rng = np.random.default_rng(3)
    x = np.geomspace(1, 1000, 40)
    truth = 2 + 8 * x**-0.5
    spoilt = truth + 0.01 * rng.standard_normal(40)
    spoilt[0] -= 3
    assert growing_errors(table(x, spoilt), [truth[:, None]]) is None
    relative = truth * (1 + 0.1 * rng.standard_normal(40))
    relative[30] += 3
    assert growing_errors(table(x, 40 * relative**3), [40 * truth[:, None] ** 3]) is not None


def test_rows_that_lie_hundreds_of_errors_off_are_a_dear_explanation() -> None:
    """A law through the largest values leaves out two good rows of twelve; all errors are 0.4 % of the value."""
    k, x = np.repeat([2, 5, 10.0], 4), np.tile([1, 3, 10, 30.0], 3)
    measured = [0.009976, 0.09009, 1.004, 8.994, 0.02491, 0.2243, 2.493, 22.43, 0.0498, 0.45, 5.018, 45.17]
    slopes = np.log(45.17 / 22.43) / np.log(2), np.log(45.17 / 5.018) / np.log(3)
    laws = [45.17 * (k / 10) ** slopes[0] * (x / 30) ** slopes[1], 0.005 * k * x**2]
    assert growing_errors(table(k, np.array(measured)), [law[:, None] for law in laws]) is not None


def test_what_a_law_misses_in_exact_rows_are_no_errors_that_grow() -> None:
    """A growth rate along its own trajectory, without noise, and a law that comes within a tenth of each value."""
    time = np.linspace(1, 55, 400)
    truth = 2 * np.exp(-time / 8) * (1 + 0.1 * np.sin(time / 5))
    law = (2 * np.exp(-time / 8))[:, None]
    assert growing_errors(table(time, truth), [law]) is None
    noisy = law[:, 0] * (1 + 0.1 * np.random.default_rng(0).standard_normal(400))
    assert growing_errors(table(time, noisy), [law]) is not None


@pytest.mark.parametrize("seed", [2, 5, 6])
def test_two_outliers_are_no_free_explanation_of_errors_that_grow(seed: int) -> None:
    """The largest of twenty values scatter most, and a parabola fits the others about as well as the truth does."""
    rng = np.random.default_rng(seed)
    x = np.geomspace(1, 300, 20)
    truth = 3 * x**0.75
    measured = truth * np.exp(0.12 * rng.standard_normal(20))
    parabola = np.polyval(np.polyfit(x, measured, 2), x)
    steep = np.exp(np.polyval(np.polyfit(np.log(x), np.log(measured), 1, w=measured), np.log(x)))
    assert growing_errors(table(x, measured), [law[:, None] for law in (truth, parabola, steep)]) is not None
    equal = truth + 2 * rng.standard_normal(20)
    assert growing_errors(table(x, equal), [truth[:, None]]) is None


def test_a_law_of_many_constants_that_meets_the_largest_values_shows_no_equal_errors() -> None:
    """Species of 24 islands, 15 % off a power of their areas; a polynomial of seven constants meets the largest."""
    area = np.geomspace(0.1, 1e4, 24)
    truth, along = 12 * area**0.28, np.log(area)
    constants, found = [2, 7, 2], []
    for seed in (2, 5, 12, 25, 37):
        noise = np.random.default_rng(seed).standard_normal(24)
        for measured in (truth * np.exp(0.15 * noise), np.maximum(truth + 8 * noise, 1)):
            power = np.exp(np.polyval(np.polyfit(along, np.log(measured), 1), along))
            laws = [power, *(np.polyval(np.polyfit(along, measured, degree), along) for degree in (6, 1))]
            found.append(growing_errors(table(area, measured), [law[:, None] for law in laws], constants) is not None)
    assert found == [True, False] * 5


@pytest.mark.slow
def test_ten_optima_over_decades_tell_that_their_errors_grow(sandbox: Sandbox) -> None:
    """Optimal sizes of ten budgets are read off with errors in per cent; the last alone says little of the exponent."""
    noise = np.random.default_rng(0).standard_normal(10)
    budgets = np.geomspace(1e17, 1e20, 10)
    truth = 1e8 * (budgets / 1e20) ** 0.5
    told = []
    for measured in (truth * (1 + 0.04 * noise), truth + 1e6 * noise):
        task = made_task({"n": budgets}, {"loss": measured}, cap=7)
        told.append(doubted(Dataset(task, None), sandbox)[1])
    assert told[0] is not None and told[0].growing is not None
    assert told[0].rows == (), "ten rows cannot outvote one"
    assert told[1] is None, "equal errors"


@pytest.mark.parametrize("seed", [0, 1])
def test_two_dozen_rows_over_a_decade_tell_that_their_errors_grow(seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal(24)
    x = np.geomspace(1, 30, 24)
    truth = 4 * x**0.6
    assert growing_errors(table(x, truth * (1 + 0.03 * noise)), [truth[:, None]]) is not None
    assert growing_errors(table(x, truth + 0.3 * noise), [truth[:, None]]) is None
    assert growing_errors(table(x, truth), [truth[:, None]]) is None, "there are no errors"


def test_six_rows_over_a_decade_tell_that_their_errors_grow() -> None:
    noise = np.array([0.8, -1.1, 0.9, 1.3, -0.7, -1.0])
    x = np.geomspace(1, 30, 6)
    truth = 4 * x**1.5
    relative, equal = table(x, truth * (1 + 0.03 * noise)), table(x, truth + noise)
    assert may_grow(relative) and growing_errors(relative, [truth[:, None]]) is not None
    assert may_grow(equal) and growing_errors(equal, [truth[:, None]]) is None
    assert not may_grow(relative.take(np.arange(5))), "with five rows it is chance"


def test_errors_that_grow_are_seen_through_a_bend_that_laws_miss() -> None:
    x = np.geomspace(1, 1000, 30)
    measured = x**2 * (1 + 0.04 * np.random.default_rng(0).standard_normal(30))
    law = x**2 * (1 + 0.15 * np.sin(np.log(x)))
    assert growing_errors(table(x, measured), [law[:, None]]) is not None


def product(noise: float, relative: bool, seed: int = 0) -> Dataset:
    """2 m^1.2 l^-0.8 over three decades, with errors that are shares of the value or not."""
    rng = np.random.default_rng(seed)
    mass, length = 10 ** rng.uniform(-1, 2, 40), 10 ** rng.uniform(0, 1, 40)
    truth = 2 * mass**1.2 * length**-0.8
    size = truth if relative else np.median(truth)
    measured = truth + noise * size * rng.standard_normal(40)
    return Dataset(made_task({"m": mass, "l": length}, measured, groups=("g",), cap=7), None)


@pytest.mark.slow
def test_errors_that_are_shares_of_the_value_bring_constants_nearer_to_the_truth(sandbox: Sandbox) -> None:
    away: list[list[float]] = [[], []]
    for seed in range(2):
        dataset = product(0.1, relative=True, seed=seed)
        counted, doubts = doubted(dataset, sandbox)
        assert doubts is not None and doubts.growing is not None
        assert doubts.notices[0].startswith("Errors of y grow with its value")
        form = next(f for f in start_forms(dataset.task).forms if f.origin.startswith("pure product"))
        source = replace(form, loss=Loss.SQUARED).source(dataset.task.schema)
        for k, task in enumerate((dataset.task, counted.task)):
            found = evaluate(sandbox, source, task, ()).constants
            assert found is not None
            values = Constants.from_json(found).of("g")
            away[k].append(abs(values["a"] + 1.2) + abs(values["a2"] - 0.8))
    assert np.mean(away[1]) < 0.5 * np.mean(away[0])


def test_errors_that_do_not_grow_are_left_alone(sandbox: Sandbox) -> None:
    dataset = product(0.1, relative=False)
    positive = dataset.task.train.targets["y"] > 0
    task = replace(dataset.task, train=dataset.task.train.take(positive))
    assert doubted(replace(dataset, task=task), sandbox)[1] is None


def test_recorded_weights_are_used_again_and_damaged_ones_are_not() -> None:
    weights = np.linspace(0.5, 1.5, 40).tolist()

    def told(weights: object) -> RunResult:
        return RunResult(details={"growing": {"target": "y", "weights": weights}})  # type: ignore[dict-item]

    again = growing_weights(told(weights), 40)
    assert again is not None and again.tolist() == weights
    for damaged in (None, weights[1:], [*weights[1:], 0.0], [*weights[1:], "1"], [*weights[1:], -1.0]):
        assert growing_weights(told(damaged), 40) is None
    assert growing_weights(RunResult(), 40) is None
    assert growing_target(told(weights)) == "y" and growing_target(RunResult()) is None
    assert growing_target(RunResult(details={"growing": ["y"]})) is None


def test_a_law_that_comes_down_to_nothing_is_seen_without_a_word_of_numpy() -> None:
    tiny = np.full(12, 1e-310)
    with np.errstate(all="raise", under="ignore"):
        assert not np.isnan(_likelihoods(np.ones(12), tiny, tiny)).any()


def test_a_law_that_is_zero_in_most_rows_says_nothing_of_how_errors_grow() -> None:
    """Noise around zero takes both signs; a threshold law is exactly zero below it."""
    x = np.linspace(0, 1, 20)
    law = np.maximum(x - 0.7, 0)
    measured = law * (1 + 0.1 * np.sin(9 * x)) + 1e-4 * np.cos(7 * np.arange(20))
    assert growing_errors(table(x, measured), [law[:, None]]) is None


def test_errors_over_three_hundred_decades_have_weights_that_can_be_written() -> None:
    weights = _weights(np.array([1e-300, 1e-3, 1.0]))
    assert (weights > 0).all() and np.isfinite(weights).all() and weights.mean() == pytest.approx(1)


@pytest.mark.slow
def test_rates_by_stress_and_temperature_tell_that_their_errors_grow(sandbox: Sandbox) -> None:
    """Creep over five decades, 6 % off Norton's law with Arrhenius' rate: no law of two constants comes near it."""
    stress, temperature = (axis.ravel() for axis in np.meshgrid([60, 80, 100, 130, 160.0], [550, 600, 650.0]))
    rate = 2e3 * stress**5 * np.exp(-42098 / (temperature + 273.15))
    noise = np.random.default_rng(0).standard_normal(15)
    told = []
    for measured in (rate * (1 + 0.06 * noise), rate + 0.03 * np.std(rate) * np.abs(noise)):
        task = made_task({"stress": stress, "temp_C": temperature}, {"creep": measured}, cap=7)
        told.append(doubted(Dataset(task, None), sandbox)[1])
    assert told[0] is not None and told[0].growing is not None
    assert told[1] is None or told[1].growing is None


@pytest.mark.slow
def test_discharge_by_stage_tells_that_its_errors_grow(sandbox: Sandbox) -> None:
    """Rivers are measured within per cent; only a law that begins at a threshold has such errors everywhere."""
    stage = [0.61, 1.31, 1.35, 1.36, 1.47, 1.87, 1.89, 1.97, 2.15, 2.16, 2.87, 3.14, 3.21, 3.39, 3.71, 3.74, 3.86, 3.98]
    flow = [2.315, 10.7, 11.56, 11.83, 13.73, 20.8, 21.68, 23.35, 26.92, 26.63, 42.7, 50.98]
    flow += [51.65, 57.41, 67.2, 68.44, 72.95, 75.89]  # 9.5 (stage - 0.21)^1.55, 2 % off
    task = made_task({"stage": np.array(stage)}, {"flow": np.array(flow)}, cap=7)
    told = doubted(Dataset(task, None), sandbox)[1]
    assert told is not None and told.growing is not None


@pytest.mark.slow
def test_run_times_by_cores_tell_that_their_errors_grow(sandbox: Sandbox) -> None:
    """A surface of six constants meets the few largest times; Amdahl's law has three, and errors of 2 % everywhere."""
    cells, cores = (grid.ravel() for grid in np.meshgrid([2e6, 5e6, 1.2e7, 3e7], 2.0 ** np.arange(6), indexing="ij"))
    truth, noise = 3.1e-5 * cells**1.08 * (1 / cores + 0.021), np.random.default_rng(3).standard_normal(24)
    told = []
    for measured in (truth * (1 + 0.02 * noise), truth + 10 * noise):
        task = made_task({"cells": cells, "cores": cores}, {"seconds": measured}, cap=7)
        told.append(doubted(Dataset(task, None), sandbox)[1])
    assert told[0] is not None and told[0].growing is not None and told[0].rows == ()
    assert told[1] is None or told[1].growing is None


def test_errors_of_a_law_that_leaves_none_do_not_grow(sandbox: Sandbox) -> None:
    own = made_trials.task()
    growing = GrowingErrors("y", np.ones(len(own.train)))
    doubts = Doubts((), SearchTask.of(own), growing)
    for left, said in ((1e-12, "seemed to grow with it"), (0.02, "grow with its value, so each row counts by")):
        winner = trial("law", [left] * 2, train=left)
        assert said in doubts.judged_by(winner, sandbox).sentences(winner, sandbox)[0]
