"""What makes a law dearer: constants, chance, what it leaves out, what it claims that no row shows."""

from dataclasses import replace

import numpy as np
import pytest
from made_trials import WAVE, task, trial, winner

from lawsmith.agent.search.claims import unshown_waves
from lawsmith.agent.search.score import held_out_error, is_exact, ranking, typical_error
from lawsmith.agent.search.selection import choose
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox import Constants
from lawsmith.sandbox.evaluation import training_rmse
from lawsmith.sandbox.search_task import LITTLE
from lawsmith.tasks import Table
from lawsmith.tasks.frontier.dependence import steepens


def test_the_score_of_a_law_does_not_depend_on_the_others():
    one, two = trial("one", [0.1, 0.2]), trial("two", [0.3, 0.01], train=1e-9)
    assert choose([one, two], task()).scores["one"] == choose([one], task()).scores["one"]
    assert [t.id for t in ranking([one, two], task())] == sorted(
        ["one", "two"], key=lambda name: typical_error({"one": one, "two": two}[name], task())
    )


def test_no_law_predicts_better_than_it_fits_or_than_the_digits_tell():
    lucky = trial("lucky", [1e-9, 1e-9], train=0.3)
    assert held_out_error(lucky.evaluation, task()) == pytest.approx(0.3 * np.std(task().train.targets["y"]))
    exact = replace(task(), train=replace(task().train, targets={"y": np.round(1 / task().train.features["x"], 2)}))
    errors = [held_out_error(trial("x", [e, e], train=1e-9).evaluation, exact) for e in (1e-3, 2e-3, 1e-2)]
    digits = 0.01 / np.sqrt(12)
    assert errors[0] > 2 * digits and errors[1] < 1.05 * errors[0] and errors[2] > 1.5 * errors[0]


SPELLINGS = {
    "plain": "return p['L'] + p['A'] * x['x'] ** -p['a']",
    "statements": "y = x['x'] ** -p['a']\n    y *= p['A']\n    y += p['L']\n    return y",
    "guarded": "return np.maximum(p['L'] + p['A'] * np.clip(x['x'], 1e-9, None) ** -p['a'], 0)",
    "branched": "return np.where(x['x'] > 0, p['L'] + p['A'] * x['x'] ** -p['a'], 0.0)",
    "helped": "def f(u):\n        return u ** -p['a']\n    return p['A'] * f(x['x']) + p['L']",
}


def score_of(body: str) -> float:
    source = f"import numpy as np\nPARAMETERS = ('L', 'A', 'a')\ndef form(x, p):\n    {body}\n"
    one = trial("one", [0.1, 0.1])
    return choose([Trial("one", Proposal(source), one.evaluation), trial("other", [0.1, 0.2])], task()).scores["one"]


def test_spelling_never_changes_a_price():
    scores = {name: score_of(body) for name, body in SPELLINGS.items()}
    assert len(set(scores.values())) == 1, scores
    pure = {name: score_of(body.replace("p['L']", "0.0")) for name, body in SPELLINGS.items()}
    assert len(set(pure.values())) == 1, pure
    assert pure["plain"] > scores["plain"], "a law without a level pays for it"


def test_a_fold_without_spread_is_measured_by_the_others():
    def single_row(name: str, errors: list[float]) -> Trial:
        one = trial(name, errors)
        folds = one.evaluation.folds
        narrow = (folds[0].model_copy(update={"scale": (0.0,)}), *folds[1:])
        return Trial(name, one.proposal, one.evaluation.model_copy(update={"folds": narrow}))

    choice = choose([single_row("exact", [1e-12, 0.2]), single_row("good", [1e-9, 0.1])], task())
    assert choice.winner.id == "good"
    assert all(0 < score < 20 for score in choice.scores.values())


def test_a_blind_change_and_a_lack_of_rows_make_a_law_dearer():
    first = trial("first", [0.1, 0.1])
    for gained, expected in ((0.05, "first"), (0.15, "child")):  # less than a change must buy, and more
        child = trial("child", [0.1 * np.exp(-gained)] * 2)
        changed = Trial("child", Proposal("child", ("first",), by_chance=1), child.evaluation)
        assert winner(first, changed) == expected
        assert winner(first, child) == "child", "what somebody wrote is no blind change"
    small, large = trial("small", [0.1, 0.1], constants=4), trial("large", [0.06, 0.06], constants=9)
    assert winner(small, large) == "small"


@pytest.mark.parametrize(("rate", "levels", "unshown"), [(2.0, 20, 0), (2.0, 5, 1), (0.1, 20, 1), (6.0, 20, 1)])
def test_a_wave_needs_rows_that_show_its_turns(rate, levels, unshown):
    table = Table(
        {"x": np.repeat(np.linspace(0, 10, levels), 2)},
        {"y": np.zeros(2 * levels)},
        ("g",),
        np.zeros(2 * levels, dtype=np.intp),
    )
    constants = Constants(("A", "w"), ("g",), np.array([[1.0, rate]]))
    evaluation = trial("wave", [0.1]).evaluation.model_copy(update={"constants": constants.to_json()})
    assert unshown_waves(WAVE, evaluation, table) == unshown


def test_a_constant_costs_less_where_there_are_many_rows():
    """The price of the Bayesian information criterion: a gain that few rows make by chance many rows do not."""
    few = task()
    copies = np.repeat(np.arange(20), 50)
    many = replace(few, train=few.train.take(copies))
    small, large = trial("small", [0.1, 0.1], constants=3), trial("large", [0.09, 0.09], constants=5)
    assert [typical_error(small, t) < typical_error(large, t) for t in (few, many)] == [True, False]


def test_many_constants_pass_through_rounded_rows_and_are_not_exact():
    """Cosines with eight constants met twenty temperatures of a cup to a tenth of a degree, and won as exact."""
    y = np.round(task().train.targets["y"], 2)
    rounded, left = replace(task(), train=replace(task().train, targets={"y": y})), 0.01 / np.sqrt(12)
    few, many = (
        trial("law", [left, left], constants=k).evaluation.model_copy(update={"rmse": (left,)}) for k in (3, 8)
    )
    assert is_exact(few, rounded)
    assert not is_exact(many, rounded)
    assert not is_exact(few.model_copy(update={"rmse": (1.45 * left,)}), rounded)  # 20 rows less 3 constants


@pytest.mark.parametrize(("name", "unshown"), [("angle_deg", 0), ("x", 1)])
def test_a_known_frequency_of_an_angle_claims_no_turns(name: str, unshown: int):
    half_a_turn = Table({name: np.arange(5.0, 60)}, {"y": np.zeros(55)}, ("g",), np.zeros(55, dtype=np.intp))
    law = f'import numpy as np\nPARAMETERS = ["A"]\ndef form(x, p):\n    return p["A"] * np.sin(0.035 * x["{name}"])\n'
    constants = Constants(("A",), ("g",), np.array([[1.0]]))
    evaluation = trial("wave", [0.1]).evaluation.model_copy(update={"constants": constants.to_json()})
    assert unshown_waves(law, evaluation, half_a_turn) == unshown


def test_the_cosine_of_an_angle_itself_claims_no_turns():
    table = Table({"x": np.linspace(0, 2, 20)}, {"y": np.zeros(20)}, ("g",), np.zeros(20, dtype=np.intp))
    constants = Constants(("A",), ("g",), np.array([[1.0]]))
    evaluation = trial("wave", [0.1]).evaluation.model_copy(update={"constants": constants.to_json()})
    plain, fitted = (WAVE.replace(', "w"]', "]").replace('p["w"] *', rate) for rate in ("", "2.0 *"))
    assert unshown_waves(plain, evaluation, table) == 0
    assert unshown_waves(fitted, evaluation, table) == 1


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (lambda t: np.exp(0.5 * t), True),
        (lambda t: 2 + t**3, True),
        (lambda t: 1.7 + t**-0.3, False),
        (lambda t: 3 * t, False),
        (lambda t: 1 / (1 + np.exp(6 - t)), False),
    ],
)
def test_data_that_steepen_ask_no_law_for_a_level(law, expected):
    t = np.arange(1.0, 13.0)
    rows = Table({"t": t}, {"y": law(t)}, ("all",), np.zeros(12, dtype=np.intp))
    assert steepens(rows) is expected


def test_a_row_far_off_counts_by_what_is_expected_there() -> None:
    def error(off: float, weights: float = 1.0) -> float:
        law = np.linspace(1, 1000, 40)
        measured = law * (1 + 0.02 * np.cos(np.arange(40.0)))
        measured[-1] *= off
        weight = law**-2.0
        weight[-1] *= weights
        table = Table({"x": np.arange(40.0)}, {"y": measured}, ("all",), np.zeros(40, dtype=np.intp), weight)
        return training_rmse(table, law[:, None])[0]

    clean = error(1.0)
    assert error(1.1) > 1.3 * clean  # a tenth of the largest value, where all others are met within 2 %
    assert error(50.0, LITTLE) == pytest.approx(clean, rel=0.02)  # a row that is not believed
