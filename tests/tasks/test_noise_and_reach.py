"""Scatter of replicates, digits of the data, and predictions far beyond it."""

import re
from dataclasses import replace

import numpy as np
import pytest

from lawsmith.agent.symbolic.profile import profile
from lawsmith.tasks import Array, Table
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.frontier.probes import probe_rows
from lawsmith.tasks.frontier.reach import BEYOND, reach_rows, unsafe
from lawsmith.tasks.knowledge import Expectation, Knowledge
from lawsmith.tasks.noise import (
    AT_MOST,
    OF_FLOATS,
    ladder_noise,
    replicates,
    resolution,
    rounding_share,
    rules_out,
    rung,
)
from lawsmith.tasks.suspicions import suspicions


def table(n: Array, y: Array) -> Table:
    return Table({"n": n}, {"y": y}, ("g",), np.zeros(len(n), dtype=np.intp))


def test_the_place_names_the_features_that_leave_the_data():
    rng = np.random.default_rng(0)
    rows = Table(
        {name: rng.uniform(1, 9, 30) for name in "abcdef"}, {"y": np.ones(30)}, ("all",), np.zeros(30, np.intp)
    )
    far = reach_rows(rows)
    found = unsafe(rows, far, np.where(far.features["e"] > 20, np.nan, 1.0)[:, None])
    assert found is not None and found.where.startswith("e = ") and "," not in found.where


def test_an_angle_is_not_looked_at_beyond_the_rows():
    theta = np.linspace(10.0, 70.0, 12)
    rows = Table({"theta": theta, "v": theta}, {"y": theta}, ("all",), np.zeros(12, np.intp))
    far = reach_rows(rows)
    assert (far.features["theta"].min(), far.features["theta"].max()) == (10, 70)
    assert far.features["v"].max() > 700


@pytest.mark.parametrize(("elapsed", "largest"), [(False, 12), (True, 18)])
def test_a_month_that_comes_round_is_not_asked_for_beyond_the_year(elapsed: bool, largest: int) -> None:
    month = np.arange(36) % 12 + 1.0
    y = 50 * np.exp(-month / 4) if elapsed else 5 + np.cos(np.pi / 6 * (month - 2))
    rows = Table({"month": month, "n": np.geomspace(1, 9, 36)}, {"y": y}, ("all",), np.zeros(36, np.intp))
    for far in (probe_rows(rows), reach_rows(rows)):
        assert (far.features["month"].max() > 12) == elapsed
        assert far.features["n"].max() > 30
    assert probe_rows(rows).features["month"][: len(probe_rows(rows)) // 2].max() == largest


def test_degrees_celsius_stay_above_absolute_zero():
    degrees = np.linspace(-40.0, 200.0, 12)
    far = reach_rows(Table({"temp_C": degrees}, {"y": degrees}, ("all",), np.zeros(12, np.intp)))
    assert far.features["temp_C"].min() == pytest.approx(-(40 + 273.15) / 2)
    assert far.features["temp_C"].max() == pytest.approx(200 + 2 * 240)


def test_replicates_tell_the_noise_and_the_best_that_any_law_can_do() -> None:
    rng = np.random.default_rng(0)
    n = np.repeat(np.arange(1.0, 101), 3)
    found = replicates(table(n, np.log(n) + 0.1 * rng.standard_normal(300)))
    assert found is not None
    assert found.freedom == 200
    assert found.noise[0] == pytest.approx(0.1, rel=0.1)
    assert 0.98 < found.best_r2[0] < 1
    assert replicates(table(np.arange(1.0, 100), np.arange(99.0))) is None


def test_repeated_measurements_rule_out_what_misses_them_by_more_than_they_scatter() -> None:
    rng = np.random.default_rng(0)
    n = np.repeat(np.arange(1.0, 11), 3)
    y = np.log(n) + 0.1 * rng.standard_normal(30)
    measured = table(n, y)
    straight = np.array([np.std(y - np.polyval(np.polyfit(n, y, 1), n))])
    right = np.array([np.std(y - np.polyval(np.polyfit(np.log(n), y, 1), np.log(n)))])
    assert rules_out(measured, straight, 2)
    assert not rules_out(measured, right, 2)
    assert not rules_out(table(n[::3], y[::3]), straight, 2)
    copied = table(n, np.repeat(y[::3], 3))
    assert not rules_out(copied, straight, 2)


def test_groups_are_no_replicates_and_weights_count() -> None:
    n, y = np.repeat([1.0, 2.0, 3.0, 4.0], 2), np.tile([0.0, 1.0], 4)
    apart = Table({"n": n}, {"y": y}, ("a", "b"), np.tile([0, 1], 4))
    assert replicates(apart) is None
    one = replicates(table(n, y))
    assert one is not None
    assert one.noise[0] == pytest.approx(np.sqrt(0.5))
    weighted = replicates(replace(table(n, y), weight=np.tile([1.0, 1e6], 4)))
    assert weighted is not None
    assert weighted.noise[0] < 0.01


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
def test_digits_of_the_data_in_any_unit(unit: float) -> None:
    y = np.array([0.25, 1.5, 12.75, 3.0])
    assert resolution(table(np.ones(4), y * unit))[0] in (
        pytest.approx(0.01 * unit / np.sqrt(12)),
        0.0,  # a unit that is no decimal fraction leaves full precision
    )
    assert resolution(table(np.ones(4), y))[0] == pytest.approx(0.01 / np.sqrt(12))
    assert resolution(table(np.ones(4), np.sqrt(y)))[0] == 0
    assert resolution(table(np.ones(4), np.zeros(4)))[0] == 0


def test_significant_digits_are_told_from_decimals() -> None:
    """Of numbers with five significant digits the larger ones are written with fewer decimals; weights count."""
    n = np.arange(1.0, 21)
    y = np.array([float(f"{value:.5g}") for value in np.exp(n / 3)])
    lost = 10.0 ** (np.floor(np.log10(y)) - 4) / np.sqrt(12)
    assert resolution(table(n, y))[0] == pytest.approx(np.sqrt(np.mean(lost**2)))
    weighed = replace(table(n, y), weight=y**-2)
    assert resolution(weighed)[0] == pytest.approx(np.sqrt(np.average(lost**2, weights=y**-2)))
    for unit, fixed in ((1, n**2), (1, 2.0**n), (100, 100 * n), (0.01, np.round(np.exp(n / 3), 2))):
        assert resolution(table(n, fixed))[0] == pytest.approx(unit / np.sqrt(12))


SIZES = np.tile(np.geomspace(1e7, 1e9, 7), 4)
TOKENS = np.repeat(np.geomspace(1e9, 1e11, 4), 7)
RATE = 1.8 * SIZES**-0.7 * TOKENS**0.3


def best_tried(values: Array, tried: Array) -> Array:
    return tried[np.abs(np.log(np.divide.outer(values, tried))).argmin(axis=1)]


ROUND_RATES = np.array([first * 10.0**power for power in range(-5, 1) for first in (1, 2, 5)])


@pytest.mark.parametrize(
    ("y", "ratio"),
    [
        (best_tried(RATE, 2.0 ** np.arange(-16, 0)), 2),
        (np.array([float(f"{value:.2g}") for value in best_tried(RATE, 2.0 ** np.arange(-16, 0, 0.5))]), np.sqrt(2)),
        (best_tried(RATE, ROUND_RATES), 10 ** (1 / 3)),
        (np.array([float(f"{value:.2g}") for value in RATE]), 1),  # digits
        (np.round(SIZES**0.5 / 1000), 1),  # counts
        (2.0 ** np.round(np.log2(SIZES / 1e7)), 2),
        (SIZES.astype(int) % 5 + 1.0, 1),  # marks
    ],
)
def test_the_best_of_a_sweep_is_known_to_half_a_step(y: Array, ratio: float) -> None:
    rows = Table({"n": SIZES, "d": TOKENS}, {"y": y}, ("all",), np.zeros(28, np.intp))
    assert np.exp(rung(y)) == pytest.approx(ratio, rel=0.01)
    assert ladder_noise(rows)[0] == pytest.approx(np.log(ratio) / np.sqrt(12) * np.sqrt(np.mean(y**2)), rel=0.02)
    assert any("best of a sweep" in sentence for sentence in suspicions(rows)) == (ratio > 1)
    exact = replace(rows, features={"n": SIZES, "y too": y**0.5})
    assert ladder_noise(exact)[0] == 0
    assert not any("best of a sweep" in sentence for sentence in suspicions(exact))


def test_rounding_leaves_a_share_of_the_variance_that_the_digits_decide() -> None:
    y = np.linspace(1, 2, 50)
    assert rounding_share(table(y, np.sqrt(y))) == OF_FLOATS
    assert rounding_share(table(y, np.sqrt(y).round(6))) == pytest.approx(2.3e-11, rel=0.1)
    assert rounding_share(table(y, np.sqrt(y).round(2))) == AT_MOST


def test_rows_reach_far_beyond_the_data_on_both_sides() -> None:
    found = reach_rows(table(np.geomspace(10, 1e4, 20), np.ones(20))).features["n"]
    assert found.max() == pytest.approx(BEYOND * 1e4)
    assert found.min() == pytest.approx(10 / BEYOND)
    counts = reach_rows(table(2.0 ** np.arange(10), np.ones(10))).features["n"]
    assert counts.min() == 1
    shares = np.linspace(0.1, 0.9, 9)
    rates = table(shares, 1 / (1 - shares))
    fraction = reach_rows(rates).features["n"]
    assert 0 < fraction.min() < 0.1 and 0.9 < fraction.max() < 1
    assert unsafe(rates, reach_rows(rates), 1 / (1 - fraction[:, None])) is None  # a load, or sparsity
    doses = reach_rows(table(np.array([0, 0.025, 0.075, 0.25, 0.75]), np.ones(5))).features["n"]
    assert doses.max() == pytest.approx(0.75 * (1 + 2))  # a series of dilutions does not end at one


def test_laws_that_cannot_be_true_beyond_the_data_are_found() -> None:
    n = np.geomspace(1.5, 1e3, 30)
    rows = table(n, 1 + n**-0.5)
    far = reach_rows(rows)
    x = far.features["n"][:, None]
    with np.errstate(all="ignore"):
        laws = {
            None: 1 + x**-0.5,
            "sign": 2 - 0.2 * np.log(x),
            "not finite": 1 + (5e3 - x) ** -0.5,
            "range": 1 + np.exp(x / 1e3),
        }
        for expected, predicted in laws.items():
            found = unsafe(rows, far, predicted)
            assert (found.what if found else None) == expected
        pole = unsafe(rows, far, np.sqrt(5e3 - np.minimum(x, 1e4)))
    assert pole is not None
    assert pole.sentence.startswith("has no finite value of y at n = ")
    assert pole.times is not None and 5 < pole.times < 8
    assert unsafe(table(n, np.sin(n)), far, -np.ones((len(far), 1))) is None, "a target of both signs"
    reward = replace(rows, targets={"gold_reward": rows.targets["y"]})
    assert unsafe(reward, far, laws["sign"]) is None, "a reward may be negative"


def test_a_day_far_from_zero_is_named_with_the_digits_that_tell_it() -> None:
    day = 2459123.4 + 1.7 * np.arange(25)
    rows = table(day, 14 + 2.5 * (1 - np.exp(-np.arange(25) / 6)))
    far = reach_rows(rows)
    found = unsafe(rows, far, 20 - (far.features["n"][:, None] - 2459123.4) / 5)
    assert found is not None and re.search(r" at n = 24592\d\d$", found.sentence)


@pytest.mark.parametrize("percent", [1.0, 100.0])
def test_shares_of_a_whole_are_looked_at_where_one_is_nothing_or_all(percent: float) -> None:
    parts = np.random.default_rng(0).dirichlet([4.0, 4.0, 4.0], 30)
    columns = {"code": parts[:, 0] * percent, "books": parts[:, 1], "web": parts[:, 2]}
    mixed = Table(columns, {"loss": 2 + parts[:, 0]}, ("g",), np.zeros(30, dtype=np.intp))
    far = reach_rows(mixed)
    shares = np.stack([far.features["code"] / percent, far.features["books"], far.features["web"]])
    assert shares.sum(axis=0) == pytest.approx(1)
    for share in shares:
        assert (share.min(), share.max()) == (0, pytest.approx(1))
    with np.errstate(divide="ignore"):
        found = unsafe(mixed, far, 1 / shares[1][:, None])
    assert found is not None
    assert found.what == "not finite"
    assert unsafe(mixed, far, 2 + shares[:1].T) is None


def test_steep_laws_are_believed() -> None:
    n = np.geomspace(1, 100, 20)
    cube = table(n, n**3)
    far = reach_rows(cube)
    assert unsafe(cube, far, far.matrix() ** 3) is None


@pytest.mark.parametrize("exponent", [4.0, -4.0])
def test_a_steep_power_of_a_narrow_feature_is_believed_and_an_exponential_is_not(exponent: float) -> None:
    """A crack grows so over a factor of four in stress: a hundred times beyond it grows 1e8 times as fast."""
    largest = 33 if exponent > 0 else 8
    n = np.geomspace(8, 33, 9)
    steep = table(n, (n / largest) ** exponent)
    far = reach_rows(steep)
    x = far.matrix() / largest
    assert unsafe(steep, far, x**exponent) is None
    found = unsafe(steep, far, np.exp(4 * (x if exponent > 0 else 1 / x)))
    assert found is not None and found.what == "range"


def test_a_narrow_positive_feature_is_looked_at_equally_far_on_both_sides() -> None:
    """A stress of 200 to 420 MPa is asked at 110, not at 2: no law of fatigue is believable there."""
    stress = np.linspace(200, 420, 15)
    cycles = table(stress, 1e6 * (stress / 250) ** -7)
    far = reach_rows(cycles)
    low, high = far.features["n"].min(), far.features["n"].max()
    assert 200 / low == pytest.approx(high / 420)
    assert unsafe(cycles, far, 1e6 * (far.matrix() / 250) ** -7) is None


def test_growth_over_evenly_spread_values_is_looked_at_within_widths() -> None:
    """Exponential growth over ten hours has no believable value after a thousand; sizes spread by ratios go on."""
    hours, sizes = np.linspace(1, 10, 12), np.geomspace(1, 10, 12)
    growth = table(hours, np.exp(0.4 * hours))
    rows = reach_rows(growth)
    assert rows.features["n"].max() == pytest.approx(28)
    assert unsafe(growth, rows, np.exp(0.4 * rows.matrix())) is None
    for other in (table(sizes, np.exp(0.4 * sizes)), table(hours, hours), table(hours, np.sqrt(hours))):
        assert reach_rows(other).features["n"].max() == pytest.approx(10 * BEYOND)


def test_values_that_are_spread_evenly_are_no_scale_below() -> None:
    """A stress of Arrhenius' law over 300 to 900 K is no million times larger at 44 K: nobody asks there."""
    kelvin = np.linspace(300, 900, 13)
    stress = table(kelvin, 40 * np.exp(900 / kelvin))
    rows = reach_rows(stress)
    assert rows.features["n"].min() > 100
    assert unsafe(stress, rows, 40 * np.exp(900 / rows.matrix())) is None
    assert reach_rows(table(np.arange(1.0, 11.0), np.ones(10))).features["n"].min() == 1


def test_what_is_known_holds_inside_and_beyond_the_data() -> None:
    n = np.geomspace(1, 1e3, 30)
    rows = table(n, 0.2 + 0.6 * n**-0.5)
    far = reach_rows(rows)
    x = far.matrix()
    falls = Knowledge(expectations=(Expectation(target="y", direction="falls", features=("n",)),))
    rises = Knowledge(expectations=(Expectation(target="y", direction="rises", features=("n",)),))
    within = Knowledge(ranges={"y": (0.0, 1.0)})
    law, turning = 0.2 + 0.6 * x**-0.5, 0.2 + 0.6 * x**-0.5 + 1e-6 * x
    assert unsafe(rows, far, law, falls) is None
    for predicted, known in ((law, rises), (turning, falls), (law, within)):
        found = unsafe(rows, far, predicted, known)
        assert found is not None
        assert found.what == "stated"
    assert unsafe(rows, far, np.minimum(law, 1.0), within) is None


def test_the_range_of_a_rate_that_nobody_stated_holds_from_the_smallest_features_on():
    """The power law of an error rate passes 1 below the data; there it was thrown out, and five constants won."""
    n = np.geomspace(1, 1000, 20)
    rows = table(n, 0.05 + 0.75 * n**-0.6)
    far = reach_rows(rows)
    law = 0.05 + 0.75 * far.matrix() ** -0.6
    known = Knowledge(ranges={"y": (0, 1)})
    assert unsafe(rows, far, law, known) is not None
    assert unsafe(rows, far, law, known.model_copy(update={"assumed": ("y",)})) is None
    rising = 0.5 + 0.1 * far.matrix() ** 0.2
    assert unsafe(rows, far, rising, known.model_copy(update={"assumed": ("y",)})) is not None


@pytest.mark.parametrize(
    ("name", "free"),
    [
        *[(name, True) for name in ("temp_C", "T (°C)", "overpotential_V", "log10_k", "gain_dB")],
        *[(name, False) for name in ("T_K", "log_loss", "loss", "catalog")],
    ],
)
def test_a_sign_is_an_agreement_where_the_name_says_so(name: str, free: bool):
    n = np.geomspace(1, 100, 12)
    made = Table({"n": n}, {name: 3 + np.log(n)}, ("g",), np.zeros(12, dtype=np.intp))
    far = reach_rows(made)
    found = unsafe(made, far, 3 + np.log(far.features["n"])[:, None])
    assert (found is None) == free == (not profile(made).positive)


@pytest.mark.parametrize(
    ("name", "below"),
    [("val_loss", True), ("c4 loss", True), ("test_error", True), ("heat_loss_W", False), ("weight loss (kg)", False)],
)
def test_beyond_a_model_s_loss_is_below_it(name: str, below: bool) -> None:
    assert lies_below(name) == below
