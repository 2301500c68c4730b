"""The best features for a budget and where a target is reached, against laws whose answers are known."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith import discover
from lawsmith.agent.cli import main
from lawsmith.runs.intervals import predict
from lawsmith.runs.intervals.beyond_data import remarks
from lawsmith.runs.intervals.model import Member
from lawsmith.runs.laws.law import Law
from lawsmith.runs.laws.optimum import amount, invert, optimum
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.nodes import Feature, Number
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.own_form import feature_expression, own_form
from lawsmith.tasks import InputError

E, A, B, a, b = 1.69, 406.4, 410.7, 0.34, 0.28


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Law:
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 7), np.geomspace(2e8, 2e10, 7)))
    noise = 1 + 0.002 * np.random.default_rng(1).standard_normal(len(n))
    frame = pd.DataFrame({"N": n, "D": d, "loss": (E + A / n**a + B / d**b) * noise})
    folder = tmp_path_factory.mktemp("optimum")
    found = discover(frame, target="loss", form="E + A/N^a + B/D^b", only=True, runs_dir=folder)
    assert found.law is not None
    with Sandbox() as sandbox:
        found.law.uncertainty(sandbox)
    return found.law


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


@pytest.mark.slow
def test_the_best_share_of_a_budget_is_the_one_that_algebra_gives(law: Law, capsys: pytest.CaptureFixture[str]):
    code, out, _ = ask(capsys, "optimum", str(law.archive.path), "--budget", "6*N*D=1e21", "--json")
    found = json.loads(out)
    product = 1e21 / 6
    best = (a * A / (b * B)) ** (1 / (a + b)) * product ** (b / (a + b))
    n, d = found["features"]["N"], found["features"]["D"]
    assert code == 0 and n["value"] == pytest.approx(best, rel=0.25)
    assert n["value"] * d["value"] == pytest.approx(product, rel=1e-6)
    assert n["low"] < best < n["high"] and not found["flat"] and not found["at_edge"]
    low, high = found["as_good"]["N"]
    assert low < n["value"] < high and found["prediction"]["low"] < found["prediction"]["value"]


def test_a_budget_spends_what_is_fixed_as_it_is(law: Law, capsys: pytest.CaptureFixture[str]):
    fixed = ("--budget", "6*N*D=1e21", "--at", "N=1e9", "--json")
    code, out, _ = ask(capsys, "optimum", str(law.archive.path), *fixed)
    found = json.loads(out)["features"]
    assert code == 0 and list(found) == ["D"] and found["D"]["value"] == pytest.approx(1e12 / 6, rel=1e-6)


def test_python_asks_for_an_optimum_as_the_command_does(law: Law, capsys: pytest.CaptureFixture[str]):
    _, out, _ = ask(capsys, "optimum", str(law.archive.path), "--budget", "6*N*D=1e21", "--at", "N=1e9", "--json")
    assert law.optimum("6*N*D=1e21", at={"N": 1e9}).model_dump(mode="json")["features"] == json.loads(out)["features"]
    with pytest.raises(InputError, match="not a target"):
        law.optimum("6*N*D=1e21", target="acc")
    with pytest.raises(InputError, match="M is not a feature; they are N, D"):
        law.optimum("6*N*D=1e21", at={"M": 1e9})


def test_an_optimum_that_is_none_says_so(law: Law, capsys: pytest.CaptureFixture[str]):
    code, out, err = ask(capsys, "optimum", str(law.archive.path), "--budget", "D/N=20")
    assert code == 0 and "no optimum inside" in err and "lowest loss for D/N=20" in out


def test_without_a_budget_all_other_features_are_free(law: Law, capsys: pytest.CaptureFixture[str]):
    code, out, err = ask(capsys, "optimum", str(law.archive.path), "--at", "N=1e9")
    assert code == 0 and "the end of the searched range, no optimum" in out.splitlines()[1]
    assert out.startswith("lowest loss\n  D = ") and "improves up to the end of D" in err
    code, out, _ = ask(capsys, "optimum", str(law.archive.path), "--json")
    found = json.loads(out)
    assert found["budget"] == "" and sorted(found["at_edge"]) == ["D", "N"]


def test_features_that_the_budget_does_not_name_are_free(law: Law, capsys: pytest.CaptureFixture[str]):
    code, out, _ = ask(capsys, "optimum", str(law.archive.path), "--budget", "6*N=6e9", "--json")
    found = json.loads(out)
    assert code == 0 and list(found["features"]) == ["N", "D"] and found["at_edge"] == ["D"]
    assert found["features"]["N"]["value"] == pytest.approx(1e9, rel=1e-6)


def test_a_target_is_reached_where_algebra_says(law: Law, capsys: pytest.CaptureFixture[str]):
    wanted = 2.3
    at = (A / (wanted - E - B / 2e10**b)) ** (1 / a)
    code, out, _ = ask(
        capsys, "invert", str(law.archive.path), "--target", f"loss={wanted}", "--solve", "N", "--at", "D=20B", "--json"
    )
    found = json.loads(out)["solve"]["N"]
    assert asdict(law.invert(f"loss={wanted}", "N", at={"D": "20B"})) == found
    assert code == 0 and found["value"] == pytest.approx(at, rel=0.2)
    assert found["low"] < at < (found["high"] or np.inf)


@pytest.fixture(scope="module")
def mixture_law(tmp_path_factory: pytest.TempPathFactory) -> Law:
    rng = np.random.default_rng(3)
    shares = np.round(100 * rng.dirichlet([2, 1, 1], 15))
    shares[:, 0] = 100 - shares[:, 1:].sum(axis=1)
    size = np.repeat([7e7, 4e8], 15)
    web, code, books = np.tile(shares, (2, 1)).T
    loss = (2 + (code / 100 - 0.3) ** 2 + 2 * (books / 100 - 0.2) ** 2) * (size / 1e8) ** -0.1
    frame = pd.DataFrame({"size": size, "web": web, "code": code, "books": books, "loss": loss})
    frame["loss"] *= 1 + 0.001 * rng.standard_normal(30)
    form = "(L + A*(code - c)^2 + B*(books - b)^2) * size^-a"
    folder = tmp_path_factory.mktemp("mixture")
    found = discover(frame, target="loss", form=form, only=True, runs_dir=folder, features=list(frame)[:4])
    assert found.law is not None
    return found.law


def test_shares_of_a_whole_are_searched_as_mixtures(mixture_law: Law, capsys: pytest.CaptureFixture[str]):
    run = str(mixture_law.archive.path)
    code, out, _ = ask(capsys, "optimum", run, "--at", "size=4e8", "--json")
    found = json.loads(out)
    best = {name: answer["value"] for name, answer in found["features"].items()}
    assert code == 0 and found["shares"] == ["web", "code", "books"] and not found["at_edge"] and not found["flat"]
    assert best == {name: pytest.approx(at, abs=4) for name, at in (("web", 50), ("code", 30), ("books", 20))}
    assert sum(best.values()) == pytest.approx(100)
    code, out, _ = ask(capsys, "optimum", run, "--at", "size=4e8,books=75")
    assert code == 0 and out.startswith("lowest loss, a mixture of web, code and books\n  web = 0")
    code, _, err = ask(capsys, "optimum", run, "--at", "size=4e8,books=120")
    assert code == 2 and "more than the whole of web, code and books" in err


def test_two_values_do_not_show_a_bend_so_intervals_beyond_them_are_wide(mixture_law: Law):
    at = {"web": [50.0, 50.0], "code": [30.0, 30.0], "books": [20.0, 20.0], "size": [4e8, 4e9]}
    inside, beyond = (row[0] for row in mixture_law.interval(at))
    halfway = mixture_law.predict({**at, "size": [4e8, 4e8 * 10**0.5]})
    assert inside.model == pytest.approx(0, abs=1e-6) and beyond.model == pytest.approx(halfway[1] - beyond.value)
    with Sandbox() as sandbox:
        known = mixture_law.uncertainty(sandbox)
        said = remarks(known, mixture_law.table({name: column[1:] for name, column in at.items()}, None, known))
    assert said[0] is not None and "No error of this law was measured beyond the measured range of size" in said[0]


def test_percent_is_read_in_the_unit_of_the_target():
    assert amount("target", "acc (%)=95%", "loss=2.1", "%") == ("acc (%)", 95.0)
    assert amount("target", "acc=95%", "loss=2.1") == ("acc", pytest.approx(0.95))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("optimum", "--budget", "6*N*D"), "write it like"),
        (("optimum", "--at", "N=1e9,D=1e10"), "--at fixes all features of the formula"),
        (("optimum", "--budget", "6*N*X=1e21"), "'X', which is not a feature"),
        (("optimum", "--budget", "6*N*D=1e60"), "cannot be spent"),
        (("optimum", "--budget", "6*N*D=1e21", "--target", "acc"), "not a target"),
        (("optimum", "--budget", "6*N*D=1e21", "--group", "x"), "no group"),
        (("invert", "--target", "loss=1.2", "--solve", "N", "--at", "D=1e10"), "never reaches loss = 1.2"),
        (("invert", "--target", "loss=2.3", "--solve", "N"), "also needs D"),
        (("invert", "--target", "loss=2.3", "--solve", "N", "--at", "N=1e9,D=1e10"), "--solve names N"),
        (("invert", "--target", "loss=2.3", "--solve", "M"), "is not in the formula"),
        (("invert", "--target", "loss", "--solve", "N"), "write it like loss=2.1"),
    ],
)
def test_a_wrong_question_gets_one_sentence(
    law: Law, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
):
    command, *rest = arguments
    code, _, err = ask(capsys, command, str(law.archive.path), *rest)
    assert code == 2 and said in err


def test_a_flat_optimum_is_too_flat_to_tell(law: Law):
    """Rivals that disagree on the best share by more than ten times leave it open."""
    with Sandbox() as sandbox:
        known = law.uncertainty(sandbox)
    winner = known.members[0]
    places = [winner.names.index(name) for name in ("A", "B")]
    spread = []
    for times in np.geomspace(0.05, 20, 12):
        row = list(winner.constants["all_data"])
        row[places[0]], row[places[1]] = row[places[0]] * times, row[places[1]] / times
        spread.append({"all_data": tuple(row)})
    doubtful = known.model_copy(update={"resamples": tuple(spread)})
    budget = feature_expression("6*N*D", law.schema)
    assert optimum(law, doubtful, budget, 1e21, {}, "all_data", "loss").flat
    assert not optimum(law, known, budget, 1e21, {}, "all_data", "loss").flat


def test_a_rival_that_finds_all_places_equally_good_does_not_widen_an_optimum(law: Law):
    with Sandbox() as sandbox:
        known = law.uncertainty(sandbox)
    winner, budget = known.members[0], feature_expression("6*N*D", law.schema)
    level = tuple(E * (name == "E") for name in winner.names)
    flat = winner.model_copy(update={"id": "flat", "constants": {"all_data": level}, "weight": 0.5})
    beside = known.model_copy(update={"members": (winner, flat)})
    alone = optimum(law, known, budget, 1e21, {}, "all_data", "loss").features
    assert optimum(law, beside, budget, 1e21, {}, "all_data", "loss").features == alone


def test_far_inversions_are_as_uncertain_as_the_predictions_there(law: Law):
    """The wanted value is the end of the interval of the mean at the end of the answer's, and farther means wider."""
    with Sandbox() as sandbox:
        known = law.uncertainty(sandbox)
        widths = []
        for times in (1.0, 30.0, 300.0):
            n = 1e9 * times
            wanted = E + A / n**a + B / 2e11**b
            got, others = invert(law, known, "loss", wanted, "N", {"D": 2e11}, "all_data", sandbox)
            assert len(others) == 0
            assert got.low < n and (got.high is None or n < got.high)
            edge = law.table({"N": [got.low], "D": [2e11]}, "all_data", known)
            (there,) = predict(known, law.schema, edge, sandbox)[0]
            assert there.mean_low == pytest.approx(wanted, rel=1e-3)
            widths.append(np.inf if got.high is None else got.high / got.low)
        assert widths == sorted(widths) and widths[0] > 1
        with pytest.raises(InputError, match="never reaches"):
            invert(law, known, "loss", 1.0, "N", {"D": 1e10}, "all_data", sandbox)


def test_trees_are_evaluated_as_numpy_does(law: Law):
    form = "log(N)*min(N, D) - sqrt(D)/exp(-0.1*N) + erf(N)^2"
    (tree,) = own_form(f"{form} + c*N", law.schema).values()
    n, d = np.array([0.5, 2.0]), np.array([1.0, 3.0])
    from scipy.special import erf

    expected = np.log(n) * np.minimum(n, d) - np.sqrt(d) / np.exp(-0.1 * n) + erf(n) ** 2 + 0.3 * n
    assert evaluate(tree, {"N": n, "D": d}, {"c": 0.3}) == pytest.approx(expected, rel=1e-12)
    assert evaluate(Feature("N", 10.0), {"N": n}, {}).tolist() == [0.05, 0.2]
    assert evaluate(Number(3.0), {}, {}) == 3.0


def test_all_places_where_a_target_is_reached_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    x = np.geomspace(0.2, 40, 30)
    frame = pd.DataFrame({"x": x, "y": 2 + 0.1 * np.log(x / 3) ** 2 + 0.001 * np.sin(7 * x)})
    found = discover(frame, target="y", form="L + C*(log(x) - m)^2", only=True, runs_dir=tmp_path)
    assert found.law is not None
    _, out, _ = ask(capsys, "invert", str(found.law.archive.path), "--target", "y=2.1", "--solve", "x")
    assert "x = 1.10" in out and "So it is at x = 8.1" in out


def test_a_dose_between_the_control_and_the_next_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    dose = np.repeat([0, 0.001, 0.01, 0.1, 0.3, 1, 3, 10, 100], 2)
    left = 5 + 90 / (1 + (dose / 0.2) ** 1.5) + np.tile([0.5, -0.5], 9)
    frame = pd.DataFrame({"dose": dose, "left": left})
    found = discover(frame, target="left", form="B + A/(1 + (dose/h)^n)", only=True, runs_dir=tmp_path)
    assert found.law is not None
    half = found.law.invert("left=50", "dose")
    assert half.low < half.value < half.high and half.value == pytest.approx(0.2, rel=0.03)
    assert found.law.predict({"dose": [half.value]}) == pytest.approx(50, rel=1e-9)


def test_one_rival_whose_optimum_runs_away_does_not_set_the_interval(law: Law):
    with Sandbox() as sandbox:
        known = law.uncertainty(sandbox)
    winner, budget = known.members[0], feature_expression("6*N*D", law.schema)

    def rival(times: float) -> Member:
        row = dict(zip(winner.names, winner.constants["all_data"], strict=True))
        row["A"] *= times
        return winner.model_copy(update={"constants": {"all_data": tuple(row.values())}, "weight": 0.2})

    def span(*rivals: Member) -> float:
        beside = known.model_copy(update={"members": (winner, *rivals)})
        found = optimum(law, beside, budget, 1e21, {}, "all_data", "loss").features["N"]
        return found.high / found.low

    near = rival(1.2), rival(0.8), rival(1.3)
    assert span(*near) < span(*near, rival(-1.0)) < 10 * span(*near)


def test_three_free_features_are_found_to_a_per_cent(tmp_path: Path):
    x, y, z = (axis.ravel() for axis in np.meshgrid(*3 * [np.geomspace(0.1, 100, 4)]))
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(x))
    cost = 2 + np.log(x / 1.7) ** 2 + np.log(y / 5.3) ** 2 + np.log(z / 11.9) ** 2 + noise
    form = "L + A*(log(x) - a)^2 + B*(log(y) - b)^2 + C*(log(z) - c)^2"
    found = discover(
        pd.DataFrame({"x": x, "y": y, "z": z, "cost": cost}), target="cost", form=form, only=True, runs_dir=tmp_path
    )
    assert found.law is not None
    best = found.law.optimum().features
    assert [best[name].value for name in "xyz"] == pytest.approx([1.7, 5.3, 11.9], rel=0.02)
    assert all(one.low <= one.value <= one.high < 1.1 * one.low for one in best.values())


def test_a_budget_leaves_room_for_a_fourth_feature(tmp_path: Path):
    rng = np.random.default_rng(3)
    n, d, lr, bs = (10 ** rng.uniform(*ends, 120) for ends in ((7, 9), (9, 11), (-4, -2), (1.5, 3.5)))
    loss = 1.7 + 400 / n**0.34 + 410 / d**0.28 + 0.1 * np.log(lr / 1e-3) ** 2 + 0.1 * np.log(bs / 300) ** 2
    table = pd.DataFrame({"N": n, "D": d, "lr": lr, "bs": bs, "loss": loss + 0.003 * rng.standard_normal(120)})
    form = "E + A/N^a + B/D^b + k*(log(lr) - m)^2 + g*(log(bs) - s)^2"
    law = discover(table, target="loss", form=form, only=True, runs_dir=tmp_path).law
    assert law is not None
    found = law.optimum("6*N*D=1e21")
    best = {name: answer.value for name, answer in found.features.items()}
    assert set(best) == {"N", "D", "lr", "bs"} and 6 * best["N"] * best["D"] == pytest.approx(1e21)
    assert best["lr"] == pytest.approx(1e-3, rel=0.1) and best["bs"] == pytest.approx(300, rel=0.1)
    with pytest.raises(InputError, match="4 features are free; at most 3"):
        law.optimum()
