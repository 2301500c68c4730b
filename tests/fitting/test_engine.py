"""The engine against scipy and against known truths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

from lawsmith.sandbox.fitting import Effort, Fitted, Form, Loss, Status, endings, engine, fit_form, structure
from lawsmith.sandbox.fitting.linear import invert, solve_stack
from lawsmith.tasks import Table
from lawsmith.tasks.frontier.folds import nearness

INF = np.inf


def table(x: Any, y: Any, codes: Any = None, groups: int = 1) -> Table:
    """One feature `x`; `y` is one target or a mapping of several."""
    targets = y if isinstance(y, dict) else {"y": np.asarray(y, dtype=float)}
    codes = np.zeros(len(x), dtype=np.intp) if codes is None else codes
    return Table({"x": np.asarray(x, dtype=float)}, targets, tuple(f"g{k}" for k in range(groups)), codes)


def form(names: str, call: Any, bounds: dict[str, tuple[float, float]] | None = None, **more: Any) -> Form:
    limits = [(bounds or {}).get(name, (-INF, INF)) for name in names.split()]
    lower, upper = np.array(limits, dtype=float).T
    return Form(tuple(names.split()), lower, upper, call, **more)


def power(x: Any, p: Any) -> Any:
    return p["L"] + p["A"] * x["x"] ** -p["a"]


POWER = form("L A a", power, {"a": (0.0, 3.0)})
X = np.geomspace(0.1, 100.0, 25)
RNG = np.random.default_rng


@pytest.fixture
def linear(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The constants in which each fitted form is found to be linear."""
    found = list[set[str]]()

    def analyse(law: Form, *given: Any) -> structure.Structure:
        seen = structure.analyse(law, *given)
        found.append({law.names[k] for k in seen.linear})
        return seen

    monkeypatch.setattr(engine, "analyse", analyse)
    return found


def joint(data: Table, starts: Any) -> Any:
    """scipy's fit of one exponent and a level and amplitude per group, (L..., A..., a)."""
    groups = len(data.groups)

    def residual(p: Any) -> Any:
        level, amplitude = p[:groups][data.codes], p[groups:-1][data.codes]
        return level + amplitude * data.features["x"] ** -p[-1] - data.targets["y"]

    return least_squares(residual, starts, xtol=1e-14, ftol=1e-14, gtol=1e-14)


def three_groups(noise: float, sizes: tuple[int, ...] = (25, 25, 25)) -> Table:
    rng = RNG(3)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    x = np.concatenate([np.geomspace(0.1, 100.0, size) for size in sizes])
    y = np.array([1.0, 2.0, 0.5])[codes] + np.array([2.0, 3.0, 1.0])[codes] * x**-0.4
    return table(x, y + noise * rng.standard_normal(len(y)), codes, len(sizes))


def test_recovers_exact_constants_in_every_group(linear: list[set[str]]) -> None:
    fitted = fit_form(POWER, three_groups(0.0), ["y"])
    np.testing.assert_allclose(fitted.values, [[1, 2, 0.4], [2, 3, 0.4], [0.5, 1, 0.4]], rtol=1e-8)
    assert set(fitted.status) == {Status.CONVERGED}
    assert linear == [{"L", "A"}]


def test_constants_beyond_their_bounds_stop_at_the_bound() -> None:
    bounded = form("L A a", power, {"L": (1.5, INF), "a": (0.0, 3.0)})
    data = three_groups(0.01).take(np.arange(25))
    fitted = fit_form(bounded, data, ["y"])
    peer = least_squares(
        lambda p: p[0] + p[1] * data.features["x"] ** -p[2] - data.targets["y"],
        [1.6, 1.0, 0.5],
        bounds=([1.5, -INF, 0.0], [INF, INF, 3.0]),
        xtol=1e-14,
        ftol=1e-14,
    )
    assert fitted.status[0] is Status.AT_BOUND
    assert fitted.values[0, 0] == 1.5
    assert fitted.cost[0] == pytest.approx(peer.cost, rel=1e-6)


def test_bound_on_a_nonlinear_constant_is_kept() -> None:
    fitted = fit_form(form("L A a", power, {"a": (0.5, 3.0)}), three_groups(0.0).take(np.arange(25)), ["y"])
    assert fitted.values[0, 2] == 0.5
    assert fitted.status[0] is Status.AT_BOUND


def test_shared_exponent_matches_a_joint_fit() -> None:
    data = three_groups(0.05, (25, 10, 40))
    fitted = fit_form(form("L A a", power, {"a": (0.0, 3.0)}, shared=frozenset({"a"})), data, ["y"])
    peer = joint(data, np.array([1.0] * 3 + [1.0] * 3 + [0.5]))
    assert np.ptp(fitted.values[:, 2]) == 0
    assert fitted.cost.sum() == pytest.approx(peer.cost, rel=1e-9)
    np.testing.assert_allclose(fitted.values[0, 2], peer.x[-1], rtol=1e-4)


def test_shared_level_with_exponents_of_their_own() -> None:
    codes = np.repeat([0, 1], 25)
    x = np.tile(X, 2)
    truth = 0.7 + np.array([2.0, 1.0])[codes] * x ** -np.array([0.3, 0.8])[codes]
    shared = form("L A a", power, {"a": (0.0, 3.0)}, shared=frozenset({"L"}))
    fitted = fit_form(shared, table(x, truth, codes, 2), ["y"])
    np.testing.assert_allclose(fitted.values, [[0.7, 2.0, 0.3], [0.7, 1.0, 0.8]], rtol=1e-4)


def test_robust_loss_ignores_outliers_and_squared_does_not() -> None:
    y = 1 + 2 * X**-0.4 + 0.002 * RNG(0).standard_normal(len(X))
    y[[4, 15]] += 3.0
    truth = np.array([1, 2, 0.4])
    robust = fit_form(form("L A a", power, {"a": (0.0, 3.0)}, loss=Loss.ROBUST), table(X, y), ["y"])
    squared = fit_form(POWER, table(X, y), ["y"])
    assert np.abs(robust.values[0] / truth - 1).max() < 0.02
    assert np.abs(squared.values[0] / truth - 1).max() > 0.1


@pytest.mark.filterwarnings("error")
def test_robust_frontier_loss_ignores_outliers_and_looks_ahead() -> None:
    bent, line = np.log(X), lambda x, p: p["L"] + p["b"] * x["x"]
    spoilt = bent.copy()
    spoilt[3] += 40
    known = {loss: form("L b", line, {}, loss=loss) for loss in (Loss.FRONTIER, Loss.ROBUST, Loss.ROBUST_FRONTIER)}
    fits = {loss: fit_form(one, table(X, spoilt), ["y"]).values[0] for loss, one in known.items()}
    clean = fit_form(known[Loss.FRONTIER], table(X, bent), ["y"]).values[0]
    off = {loss: float(np.abs(values - clean)[0]) for loss, values in fits.items()}
    assert off[Loss.ROBUST_FRONTIER] < 0.3 * min(off[Loss.FRONTIER], off[Loss.ROBUST])


def test_robust_loss_of_a_form_without_values_fails_in_silence() -> None:
    nowhere = form("A a", lambda x, p: p["A"] * np.sqrt(-x["x"]) ** p["a"], {"a": (0.5, 3.0)}, loss=Loss.ROBUST)
    fitted = fit_form(nowhere, table(X, X), ["y"])
    assert not fitted.status[0].usable


def test_relative_loss_is_least_squares_of_relative_errors() -> None:
    y = 2 * X**-1.2 * np.exp(0.1 * RNG(1).standard_normal(len(X)))
    relative = form("A a", lambda x, p: p["A"] * x["x"] ** -p["a"], {"a": (0.0, 3.0)}, loss=Loss.RELATIVE)
    fitted = fit_form(relative, table(X, y), ["y"])
    peer = least_squares(lambda p: p[0] * X ** -p[1] / y - 1, [1.0, 1.0], xtol=1e-14, ftol=1e-14)
    assert fitted.cost[0] == pytest.approx(peer.cost, rel=1e-3)
    np.testing.assert_allclose(fitted.values[0], peer.x, rtol=1e-2)


def test_frontier_loss_is_least_squares_weighed_by_nearness() -> None:
    codes = np.repeat([0, 1], len(X))
    data = table(np.tile(X, 2), np.concatenate([np.log(X), 3 * np.log(X)]), codes, 2)
    near = fit_form(form("L b", lambda x, p: p["L"] + p["b"] * x["x"], {}, loss=Loss.FRONTIER), data, ["y"])
    weight = np.exp(-3 * (len(X) / 12) ** 0.2 * (1 - np.arange(len(X)) / (len(X) - 1)))
    assert nearness(data) == pytest.approx(np.tile(weight, 2))
    peer = np.polyfit(X, np.log(X), 1, w=np.sqrt(weight))[::-1]
    np.testing.assert_allclose(near.values, [peer, 3 * peer], rtol=1e-9)


def test_nearness_ranks_levels_within_groups_and_leaves_shares_out() -> None:
    size = np.array([1.0, 10.0, 10.0, 100.0, 5.0])
    share = np.array([0.2, 0.5, 0.9, 0.1, 0.7])
    features = {"size": size, "a": share, "b": 1 - share}
    rows = Table(features, {}, ("one", "two"), np.array([0, 0, 0, 0, 1]))
    assert nearness(rows) == pytest.approx(np.exp([-3.0, -1.5, -1.5, 0.0, 0.0]))
    mixture = Table({"a": share, "b": 1 - share}, {}, ("one",), np.zeros(5, dtype=np.intp))
    assert nearness(mixture) == pytest.approx(np.ones(5))


def test_more_rows_bear_a_steeper_fall_up_to_a_bound() -> None:
    def least(count: int) -> float:
        return float(nearness(table(np.arange(1.0, count + 1), np.ones(count))).min())

    assert least(5) == least(12) == pytest.approx(np.exp(-3)) and least(384) == pytest.approx(np.exp(-6))
    assert least(5000) == least(2000) == pytest.approx(np.exp(-7))


def test_forms_written_for_one_set_of_constants_give_the_same_result() -> None:
    def scalar(x: Any, p: Any) -> Any:
        if p["a"] > 10:
            raise AssertionError("a is within its bounds")
        return [float(p["L"]) + float(p["A"]) * value ** -float(p["a"]) for value in np.ravel(x["x"])]

    data = table(X[::3], 1 + 2 * X[::3] ** -0.4)
    slow = fit_form(form("L A a", scalar, {"a": (0.0, 3.0)}), data, ["y"], effort=Effort(starts=4))
    np.testing.assert_allclose(slow.values, [[1.0, 2.0, 0.4]], rtol=1e-5)


def two_targets(x: Any, p: Any) -> Any:
    return {"u": p["A"] * x["x"] ** -p["a"], "v": p["B"] * x["x"] ** -p["b"]}


def tied_targets(x: Any, p: Any) -> Any:
    return {"u": p["A"] * x["x"] ** -p["a"], "v": p["B"] * x["x"] ** -p["a"]}


def test_several_targets_apart_and_tied() -> None:
    data = table(X, {"u": 2 * X**-0.3, "v": 3 * X**-0.6})
    limits = {"a": (0.0, 3.0), "b": (0.0, 3.0)}
    apart = fit_form(form("A a B b", two_targets, limits), data, ["u", "v"])
    np.testing.assert_allclose(apart.values, [[2, 0.3, 3, 0.6]], rtol=1e-8)
    tied = fit_form(form("A a B", tied_targets, limits), data, ["u", "v"])
    peer = least_squares(
        lambda p: np.concatenate([p[0] * X ** -p[1] - 2 * X**-0.3, p[2] * X ** -p[1] - 3 * X**-0.6]), [1, 0.5, 1]
    )
    assert tied.cost[0] == pytest.approx(peer.cost, rel=1e-6)


def test_targets_stated_alone_give_the_same_constants() -> None:
    data = table(X, {"u": 2 * X**-0.3, "v": 3 * X**-0.6})
    alone = {
        name: (
            lambda x, p, A=amplitude, a=exponent: p[A] * x["x"] ** -p[a],
            lambda x, p, A=amplitude, a=exponent: {A: x["x"] ** -p[a], a: -p[A] * np.log(x["x"]) * x["x"] ** -p[a]},
        )
        for name, amplitude, exponent in (("u", "A", "a"), ("v", "B", "b"))
    }
    limits = {"a": (0.0, 3.0), "b": (0.0, 3.0)}
    fitted = fit_form(form("A a B b", two_targets, limits, per_target=alone), data, ["u", "v"])
    np.testing.assert_allclose(fitted.values, [[2, 0.3, 3, 0.6]], rtol=1e-8)


@pytest.mark.parametrize("unit", [1e-15, 1.0, 1e15])
def test_what_is_linear_does_not_depend_on_the_unit_of_a_feature(unit: float, linear: list[set[str]]) -> None:
    line = form("a b c", lambda x, p: p["a"] + p["b"] * x["x"] + p["c"] * x["x"] ** 2)
    x = np.linspace(1.0, 9.0, 12)
    found = fit_form(line, table(unit * x, 2.0 + 3.0 * x - 0.5 * x**2), ["y"])
    assert linear == [{"a", "b", "c"}]
    np.testing.assert_allclose(found.values[0] * [1.0, unit, unit**2], [2.0, 3.0, -0.5], rtol=1e-6)


def test_groups_of_very_different_sizes() -> None:
    fitted = fit_form(POWER, three_groups(0.0, (6, 300, 2000)), ["y"])
    np.testing.assert_allclose(fitted.values, [[1, 2, 0.4], [2, 3, 0.4], [0.5, 1, 0.4]], rtol=1e-6)


def test_a_constant_that_acts_only_far_away_is_not_taken_for_linear(linear: list[set[str]]) -> None:
    """exp(-k x) is 0 at most of the magnitudes that a search begins with; seen there, k would look linear."""
    x = np.linspace(100.0, 400.0, 30)
    decay = form("A k", lambda x, p: p["A"] * np.exp(-p["k"] * x["x"]), {"k": (1e-4, 10.0)})
    fitted = fit_form(decay, table(x, 5 * np.exp(-0.01 * x)), ["y"])
    assert "k" not in linear[0]
    np.testing.assert_allclose(fitted.values, [[5, 0.01]], rtol=1e-6)


def same(one: Fitted, two: Fitted) -> bool:
    return one.values.tobytes() == two.values.tobytes() and one.cost.tobytes() == two.cost.tobytes()


def test_equal_seeds_give_equal_bits() -> None:
    data = three_groups(0.05)
    assert same(fit_form(POWER, data, ["y"], seed=4), fit_form(POWER, data, ["y"], seed=4))


def test_statuses_name_what_went_wrong() -> None:
    never = form("A a", lambda x, p: p["A"] * np.log(-1 - p["a"] ** 2) * x["x"])
    assert fit_form(never, table(X, X), ["y"]).status == (Status.NO_FINITE_START,)
    assert np.isnan(fit_form(never, table(X, X), ["y"]).values).all()
    assert fit_form(POWER, table(X[:2], [1.0, 2.0]), ["y"]).status == (Status.TOO_FEW_ROWS,)
    empty = fit_form(POWER, table(X, 1 + X**-0.5, groups=2), ["y"])
    assert empty.status[1] is Status.NO_FINITE_START
    assert np.isnan(empty.values[1]).all()


def student(x: Any, p: Any) -> Any:
    return p["A"] * x["n"] ** -p["a"] + p["B"] * x["d"] ** -p["b"]


def smooth_hinge(x: Any, p: Any) -> Any:
    """A level that softly meets the teacher's loss T; E, A, B and q act linearly away from the change of regime."""
    level = p["E"] + student(x, p)
    z = (x["T"] - p["q"] - level) / p["w"]
    return level + p["w"] * np.logaddexp(0, z) + p["c"] * p["w"] * np.logaddexp(0, z - 1)


def smooth_maximum(x: Any, p: Any) -> Any:
    """r acts linearly where the teacher decides; at r = 0, where its column would be taken from, nothing is finite."""
    teacher = p["r"] * x["T"]
    return teacher * np.exp((1 + p["c"]) * np.logaddexp(0, p["s"] * np.log(student(x, p) / teacher)) / p["s"])


def capped_line(x: Any, p: Any) -> Any:
    return np.minimum(p["c"] + p["b"] * x["T"], p["hi"])


POSITIVE, EXPONENT = (0.0, 5.0), (0.0, 2.0)
SWITCHING: list[tuple[Any, dict[str, tuple[float, float]], dict[str, float]]] = [
    (
        smooth_hinge,
        {"E": POSITIVE, "A": POSITIVE, "a": EXPONENT, "B": POSITIVE, "b": EXPONENT}
        | {"q": (-1.0, 1.0), "w": (0.01, 1.0), "c": (-1.0, 1.0)},
        {"E": 1.5, "A": 0.3, "a": 0.4, "B": 0.5, "b": 0.5, "q": 0.1, "w": 0.08, "c": 0.2},
    ),
    (
        smooth_maximum,
        {"A": (1e-6, 5.0), "a": EXPONENT, "B": (1e-6, 5.0), "b": EXPONENT}
        | {"r": EXPONENT, "s": (1.0, 40.0), "c": (-0.5, 0.5)},
        {"A": 1.6, "a": 0.08, "B": 0.7, "b": 0.11, "r": 0.99, "s": 19.0, "c": 0.04},
    ),
    (capped_line, {"c": (-5.0, 5.0), "b": (-5.0, 5.0), "hi": (-1.0, 1.0)}, {"c": -1.6, "b": 0.9, "hi": 0.6}),
]


@pytest.mark.parametrize(("probes", "seeds"), [(structure.USABLE_SETS, 16), (1, 2)])
@pytest.mark.parametrize("case", SWITCHING, ids=lambda case: str(case[0].__name__))
def test_laws_that_switch_regime_are_never_lost(case: Any, probes: int, seeds: int, monkeypatch: Any) -> None:
    """Constants that act linearly in one regime only; with one probe they are taken for linear, and the check of the
    fit has to notice."""
    monkeypatch.setattr(structure, "USABLE_SETS", probes)
    call, bounds, truth = case
    shape = form(" ".join(bounds), call, bounds)
    for seed in range(seeds):
        rng = RNG(seed)
        x = {"n": rng.uniform(0.1, 2, 40), "d": rng.uniform(0.3, 10, 40), "T": rng.uniform(1.9, 2.75, 40)}
        y = call(x, truth)
        fitted = fit_form(shape, Table(x, {"y": y}, ("g",), np.zeros(40, dtype=np.intp)), ["y"], seed=seed)
        found = call(x, dict(zip(bounds, fitted.values[0], strict=True)))
        assert fitted.status[0].usable
        assert np.mean((found - y) ** 2) < 0.01 * np.var(y), f"seed {seed}"


@pytest.mark.parametrize("shared", [(), ("c",)])
@pytest.mark.parametrize("bounds", [(0.0, 50.0), (0.0, 1e5), (-1e3, 1e3), (-INF, INF)])
def test_generous_bounds_lose_no_optimum(bounds: tuple[float, float], shared: tuple[str, ...]) -> None:
    """A logistic curve in three groups, whose constants are of the order of 1."""

    def logistic(x: Any, p: Any) -> Any:
        return p["a"] / (1 + np.exp(-p["b"] * (x["x"] - p["c"])))

    shape = form("a b c", logistic, dict.fromkeys("abc", bounds), shared=frozenset(shared))
    codes = np.repeat([0, 1, 2], 20)
    truth = {"a": np.array([2, 2.4, 1.8])[codes], "b": np.array([0.7, 0.84, 0.63])[codes], "c": 0.4}
    for seed in range(4):
        x = RNG(seed).uniform(0.5, 12, 60)
        exact = logistic({"x": x}, truth)
        y = exact * (1 + 0.02 * RNG(seed + 100).standard_normal(60))
        fitted = fit_form(shape, table(x, y, codes, 3), ["y"], seed=seed)
        assert fitted.total_cost(codes) <= 0.5 * np.sum((y - exact) ** 2), f"seed {seed}"


def test_endings_name_constants_at_bounds_and_rows_without_a_value() -> None:
    bounded = form("L A a", power, {"L": (1.5, INF), "a": (0.0, 3.0)})
    data = three_groups(0.01).take(np.arange(25))
    texts = endings(bounded, fit_form(bounded, data, ["y"]), data, ["y"])
    assert texts[0] == "converged, with a constant at its bound: L"
    rooted = form("A c", lambda x, p: p["A"] * np.sqrt(p["c"] - x["x"]), {"A": (0.0, 1.0), "c": (0.0, 10.0)})
    failed = fit_form(rooted, table(X, X), ["y"])
    (text,) = endings(rooted, failed, table(X, X), ["y"])
    assert text.startswith("no start gave finite predictions (the best of 32 sets of constants within the bounds, A=")
    assert "rows, first x=" in text


@pytest.mark.parametrize("loss", [Loss.SQUARED, Loss.ROBUST])
def test_rows_count_by_their_weight(loss: Loss) -> None:
    """A row of weight 3 counts as three rows."""
    y = np.log(X) + 0.1 * RNG(5).standard_normal(len(X))
    weight = np.where(np.arange(len(X)) % 3 == 0, 3.0, 1.0)
    one = replace(table(X, y), weight=weight)
    often = np.repeat(np.arange(len(X)), weight.astype(int))
    line = form("L b", lambda x, p: p["L"] + p["b"] * x["x"], loss=loss)
    values = [fit_form(line, data, ["y"]).values for data in (one, table(X[often], y[often]), table(X, y))]
    if loss is Loss.SQUARED:
        np.testing.assert_allclose(values[0], values[1], rtol=1e-9)
    assert np.abs(values[0] / values[2] - 1).max() > 1e-3


def test_a_singular_system_changes_no_other_of_its_stack() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(7, 4, 4))
    systems = root @ np.swapaxes(root, 1, 2)
    systems[5] = 0.0
    systems[5, :2, :2] = np.eye(2)  # of rank 2: the shortest solution has nothing in the other two places
    right = rng.normal(size=(7, 4, 1))
    solutions, inverses = solve_stack(systems, right), invert(systems)
    others = [0, 1, 2, 3, 4, 6]
    np.testing.assert_array_equal(solutions[others], np.linalg.solve(systems[others], right[others]))
    np.testing.assert_array_equal(inverses[others], np.linalg.inv(systems[others]))
    np.testing.assert_allclose(solutions[5, :, 0], [*right[5, :2, 0], 0, 0], atol=1e-12)
    np.testing.assert_allclose(inverses[5], systems[5], atol=1e-12)
