"""The choice of a winner, on constructed evaluations: properties that must hold whatever the weights."""

from dataclasses import replace

import numpy as np
import pytest
from made_trials import FORM, WAVE, task, trial, winner

from benchmarks.ablation import CHANGES, Change, scores
from benchmarks.extrapolation import FarOutcome
from lawsmith.agent.search import selection
from lawsmith.agent.search.score import RULES, held_out_error, information, typical_error
from lawsmith.agent.search.selection import choose
from lawsmith.runs.records.trials import OF_MILLIONS, Proposal, Trial
from lawsmith.sandbox import Constants, Evaluation, Verdict
from lawsmith.sandbox.isolation import Tier
from lawsmith.tasks.frontier.reach import Unsafe
from tests.made import made_task


def test_extrapolation_beats_training_fit():
    assert winner(trial("fits", [0.5, 0.5, 0.5], train=0.008), trial("holds", [0.05, 0.05, 0.05])) == "holds"


def test_of_equal_errors_fewer_constants_win():
    assert winner(trial("large", [0.1, 0.1], constants=6), trial("small", [0.1, 0.1], constants=3)) == "small"


def test_few_rows_make_a_close_fit_by_many_constants_no_evidence():
    """A fit better by 2.6 prices of a constant is no evidence for two more of them in 20 rows; in 200 it is."""
    few = task()
    many = replace(few, train=few.train.take(np.repeat(np.arange(20), 10)))
    better = float(np.exp(-2.6 * np.log(20) / 20 / 2))  # the gain is 2.6 times the price of a constant
    pair = trial("small", [0.1], train=0.1, constants=3), trial("large", [0.1], train=0.1 * better, constants=5)
    assert [information(pair[0], t) < information(pair[1], t) for t in (few, many)] == [True, False]


def test_how_many_groups_agree_does_not_make_a_constant_of_each_dearer():
    """A constant of each group is told by the rows of that group, 20 here: what pays in one group pays in ten."""
    one = task()
    codes = np.repeat(np.arange(10), 20)
    train = one.train.take(np.tile(np.arange(20), 10))
    ten = replace(one, train=replace(train, groups=tuple("abcdefghij"), codes=codes))
    better = float(np.exp(-2.0 * np.log(20) / 20 / 2))  # twice the price of a constant, in ten groups as in one
    pair = trial("small", [0.1], train=0.1, constants=3), trial("large", [0.1], train=0.1 * better, constants=4)
    assert [information(pair[0], t) > information(pair[1], t) for t in (one, ten)] == [True, True]


@pytest.mark.parametrize(
    ("errors", "constants", "r2", "outdone"),
    [
        ([0.13] * 4, 4, 0.9, True),  # worse by 26 % in every fold
        ([0.11] * 4, 4, 0.9, False),  # by 10 %: no matter how surely
        ([0.2, 0.07, 0.2, 0.105], 4, 0.9, False),  # by as much in the mean, but not in every fold
        ([0.13] * 4, 3, 0.9, False),  # with fewer constants
        ([0.13] * 4, 4, 0.99, False),  # with a higher R² on held-out rows
        ([0.13] * 2, 4, 0.9, False),  # two folds say nothing of what the next one would
    ],
)
def test_a_law_that_another_one_clearly_outdoes_does_not_win_by_being_in_the_middle(
    errors: list[float], constants: int, r2: float, outdone: bool
):
    task_, folds = task(), len(errors)
    best, low = trial("best", [0.1] * folds, constants=4, beyond=2), trial("low", [0.1] * folds, constants=5)
    middle = trial("middle", errors, constants=constants, beyond=1)
    middle = replace(middle, evaluation=middle.evaluation.model_copy(update={"validation_r2": r2}))
    best, low = (replace(t, evaluation=t.evaluation.model_copy(update={"validation_r2": 0.95})) for t in (best, low))
    choice = choose([low, middle, best], task_)
    assert choice.winner.id == ("best" if outdone else "middle")
    assert ("errs clearly less than the one nearest to the middle" in choice.reason) == outdone
    assert choice.reason.endswith(f", and {choice.why}")
    assert choice.outdone == ("middle" if outdone else None)
    assert set(choice.votes) == {"low", "middle", "best"}


@pytest.mark.parametrize(
    ("formula", "train", "wins"), [("y = g", 0.081, True), ("y = f", 0.081, False), ("y = f", 0.065, True)]
)
def test_a_local_optimum_of_a_form_that_another_fit_meets_better_is_no_law(formula: str, train: float, wins: bool):
    deep, low = trial("deep", [0.5] * 4, train=0.06, beyond=2), trial("low", [0.5] * 4, train=0.06, constants=5)
    local = trial("local", [0.5] * 4, train=train, beyond=1)
    deep, local, low = (
        replace(one, evaluation=one.evaluation.model_copy(update={"formula": text}))
        for one, text in ((deep, "y = f"), (local, formula), (low, "y = h"))
    )
    rules = replace(RULES, evidence=0.0)
    assert (choose([low, local, deep], task(), rules).winner.id == "local") == wins


def test_one_blow_up_costs_more_than_small_gains_bring():
    assert winner(trial("risky", [0.09, 0.09, 30.0]), trial("steady", [0.1, 0.1, 0.1])) == "steady"


def test_a_fold_that_cannot_tell_a_constant_does_not_decide():
    """However far off a law is on one fold, it counts as useless there and no worse."""
    wild, useless = (trial(name, [0.01, 0.01, 0.01, 0.01, 0.01, far]) for name, far in (("wild", 1e12), ("far", 2.0)))
    assert held_out_error(wild.evaluation, task()) == held_out_error(useless.evaluation, task())
    assert winner(wild, trial("even", [0.1] * 6)) == "wild"


def on_flat_ends(miss: float, train: float = 0.01) -> float:
    """The held-out error of a law on folds whose rows hardly vary; `miss` and `train` in spreads of all rows."""
    spread = float(task().train.target_matrix().std())
    found = trial("one", [miss * spread] * 3, train=train).evaluation
    folds = [fold.model_copy(update={"scale": (0.01 * spread,)}) for fold in found.folds]
    return held_out_error(found.model_copy(update={"folds": tuple(folds)}), task())


def test_a_fold_of_noise_alone_tells_garbage_from_a_law():
    assert on_flat_ends(0.3) > 10 * on_flat_ends(0.01)
    assert on_flat_ends(1.0) == on_flat_ends(1e6)


def test_no_fold_hides_that_a_law_misses_the_training_rows():
    assert on_flat_ends(1e6, train=1.5) > 1.5 * on_flat_ends(1e6, train=0.1)


def test_the_ablation_changes_one_rule_and_puts_it_back():
    laws = (("low", 0.09, 0.0), ("middle", 0.1, 0.5), ("high", 0.1, 1.5))
    trials = tuple(trial(name, [error, error], beyond=at) for name, error, at in laws)
    outcome = FarOutcome("case", task(), trials, {"low": 0.1, "middle": 0.5, "high": -7.0}, 1.0)
    found = {name: scores([outcome], change)[0] for name, change in CHANGES.items()}
    assert found["all rules"] == 0.5 and found["the best score wins"] == 0.1
    assert scores([outcome], Change())[0] == 0.5
    last = Change(owner=selection, names=(("most_central", lambda *_: 2),))
    assert scores([outcome], last)[0] == -1.0


def test_predictions_that_are_not_finite_beyond_the_data_count_against_a_law():
    broken = trial("broken", [0.1, 0.1])
    empty = broken.evaluation.model_copy(update={"probe": ()})
    assert winner(Trial("broken", broken.proposal, empty), trial("sane", [0.11, 0.11])) == "sane"


def test_of_inseparable_laws_the_central_one_wins_and_the_others_are_named():
    trials = [trial(name, [0.1, 0.1], beyond=at) for name, at in (("low", 0.0), ("middle", 0.5), ("high", 1.5))]
    choice = choose(trials, task())
    assert choice.winner.id == "middle"
    assert next(iter(choice.votes)) == "middle" and set(choice.votes) == {"low", "middle", "high"}
    assert "3 laws" in choice.reason


def test_laws_that_predict_the_same_count_once():
    clones = [trial(f"clone{k}", [0.1, 0.1], beyond=1.5) for k in range(4)]
    others = [trial("low", [0.1, 0.1], beyond=0.0), trial("middle", [0.1, 0.1], beyond=0.5)]
    assert winner(*clones, *others) == "middle"


def test_the_nearest_to_the_middle_wins_whatever_a_blow_up_predicts():
    at = {"best": 0.0, "near": 0.4, "between": 0.9}
    trials = [trial(name, [0.1] * 2, beyond=beyond) for name, beyond in at.items()]
    assert winner(*trials) == "near"
    blown = [trial(f"blown{k}", [0.101] * 2, beyond=1e9 * 3**k) for k in range(2)]
    assert winner(*trials, *blown) == "between"


def test_the_middle_weighs_how_far_apart_the_others_are():
    """By votes the median is 1.1 here; the mean without the outer quarters lies nearer to 1.2."""
    assert winner(*(trial(f"{at}", [0.1] * 2, beyond=at) for at in (0.8, 1.0, 1.1, 1.2, 1.4, 1.5))) == "1.2"


@pytest.mark.parametrize(
    ("fit", "more", "wins"), [(0.03, 0, "close"), (0.04, 0, "middle"), (0.01, 2, "close"), (0.02, 2, "middle")]
)
def test_a_law_that_leaves_much_less_of_the_rows_beats_a_central_one(fit: float, more: int, wins: str):
    """Less than half of what the other leaves where it is as plain, else less than a quarter."""
    others = [trial(name, [0.1] * 2, train=0.05, beyond=at) for name, at in (("low", 0), ("middle", 0.5))]
    close = trial("close", [0.1 - 0.02 * more] * 2, train=fit, beyond=1.5, constants=3 + more)
    assert winner(*others, close) == wins


def test_many_laws_that_predict_nearly_the_same_do_not_outvote_the_others():
    better = [trial(f"better{k}", [0.1] * 2, beyond=0.1 * k) for k in range(2)]
    floor = [trial(f"floor{k}", [0.11] * 2, beyond=3.0 + 1e-3 * k) for k in range(15)]
    choice = choose([*better, *floor], task())
    assert choice.winner.id.startswith("better")
    assert sum(choice.votes.get(one.id, 0.0) for one in floor) < 0.5
    assert 2 <= len(choice.votes) <= 3  # the fifteen are one
    assert sum(choice.votes.values()) == pytest.approx(1)


def made_unsafe(one: Trial, what: str) -> Trial:
    unsafe = Unsafe(what=what, target="y", where="x = 400")  # type: ignore[arg-type]
    return Trial(one.id, one.proposal, one.evaluation.model_copy(update={"unsafe": unsafe}))


@pytest.mark.parametrize("what", ["not finite", "range", "sign"])
def test_an_unbelievable_law_is_not_chosen_while_a_believable_one_is_near(what: str):
    best = made_unsafe(trial("best", [0.1, 0.1]), what)
    choice = choose([best, trial("safe", [0.12, 0.12])], task())
    assert choice.winner.id == "safe"
    assert choice.warnings == ()
    alone = choose([best, trial("safe", [0.9, 0.9])], task())
    assert alone.winner.id == "best"
    assert len(alone.warnings) == 1
    assert "x = 400" in alone.warnings[0]


def test_a_law_that_is_left_out_does_not_say_which_others_are_near():
    safe = [
        trial(f"safe{k}", [error, error], beyond=far)
        for k, (error, far) in enumerate(((0.15, 9.0), (0.17, 0.1), (0.17, 0.2), (0.17, 0.3)))
    ]
    best = made_unsafe(trial("best", [0.1, 0.1], beyond=0.2), "range")
    assert choose([best, *safe], task()).winner.id == choose(safe, task()).winner.id == "safe3"


def test_a_law_that_breaks_what_is_known_is_chosen_only_where_all_do():
    best = made_unsafe(trial("best", [0.01, 0.01]), "stated")
    assert winner(best, trial("obeys", [0.9, 0.9])) == "obeys"
    alone = choose([best], task())
    assert alone.winner.id == "best"
    assert "breaks what is known of y" in alone.warnings[0]


def test_a_sign_that_nearly_all_laws_change_is_chance():
    narrow = replace(task(), train=replace(task().train, targets={"y": 2 + task().train.targets["y"]}))

    def chosen(*trials: Trial) -> str:
        return choose(trials, narrow).winner.id

    flipping = [made_unsafe(trial(f"flips{k}", [0.1, 0.1], beyond=0.1 * k), "sign") for k in range(9)]
    assert chosen(*flipping, trial("keeps", [0.15, 0.15], beyond=0.3)).startswith("flips")
    assert chosen(*flipping[:3], trial("keeps", [0.15, 0.15], beyond=0.3)) == "keeps"
    alike = [made_unsafe(trial(f"alike{k}", [0.1, 0.1], beyond=1e-4 * k), "sign") for k in range(9)]
    assert chosen(*alike, trial("keeps", [0.15, 0.15], beyond=0.3)) == "keeps"  # one vote for nine of a kind
    lucky = [replace(one, proposal=replace(one.proposal, by_chance=OF_MILLIONS)) for one in flipping]
    assert chosen(*lucky, trial("keeps", [0.15, 0.15], beyond=0.3)) == "keeps"  # each the best of many
    assert chosen(*lucky, made_unsafe(trial("keeps", [0.15, 0.15], beyond=0.3), "sign")).startswith("flips")
    again = trial("again", [0.1, 0.1], beyond=0.9)
    two = [trial("keeps", [0.15, 0.15], beyond=0.3), replace(again, proposal=replace(again.proposal, by_chance=1))]
    assert chosen(*flipping, *two).startswith("flips")
    two = [replace(one, evaluation=one.evaluation.model_copy(update={"formula": "y = L"})) for one in two]
    assert chosen(*flipping, *two) in ("keeps", "again")  # a form is known, however it was fitted
    keeps = trial("keeps", [0.15, 0.15], beyond=0.3)
    assert winner(*flipping, keeps) == "keeps"  # positive targets that span a factor of ten
    below = replace(narrow, train=replace(narrow.train, targets={"y": -task().train.targets["y"]}))
    assert choose([*flipping, keeps], below).winner.id.startswith("flips")  # negative ones may be differences


def test_the_only_law_is_compared_with_none():
    assert choose([trial("own", [0.1, 0.1])], task()).reason.endswith("; no other law was fitted")


def test_of_laws_that_are_exact_to_the_digits_the_simplest_wins():
    x = np.linspace(1, 10, 20)
    rounded = replace(task(), train=replace(task().train, targets={"y": np.round(1 / x, 3)}))
    plain = trial("plain", [5e-4, 8e-4], train=3.0e-4, constants=3)
    fitted = trial("fitted", [1e-4, 2e-4], train=1e-4, constants=5)
    for one in (plain, fitted):
        assert one.evaluation.train is not None
    spread = float(np.std(rounded.train.targets["y"]))
    plain, fitted = (
        Trial(one.id, one.proposal, one.evaluation.model_copy(update={"rmse": (rmse * spread,)}))
        for one, rmse in ((plain, 1e-3), (fitted, 3e-4))
    )
    assert choose([plain, fitted], rounded).winner.id == "plain"


def test_a_law_that_leaves_far_less_than_rounding_shows_that_nothing_was_rounded():
    """A power law of 1.918 met n (n + 1) / 2 to half a unit, and was the simplest of exact laws."""
    n = np.arange(1.0, 21)
    counts = made_task({"x": n}, n * (n + 1) / 2, groups=("g",))

    def made(name: str, error: float, constants: int, held_out: float | None = None) -> Trial:
        one = trial(name, [error, error if held_out is None else held_out], train=1e-3, constants=constants)
        return Trial(name, one.proposal, one.evaluation.model_copy(update={"rmse": (error,)}))

    power, parabola, many = made("power", 0.1, 2), made("parabola", 1e-12, 3), made("many", 1e-12, 19)
    assert choose([power, parabola], counts).winner.id == "parabola"
    assert choose([power, many], counts).winner.id == "power"
    assert choose([power, made("bump at the one row that was rounded", 1e-12, 4, 0.2)], counts).winner.id == "power"


def test_a_term_that_changes_nothing_is_surplus():
    true = trial("true", [0.010, 0.010], train=0.01, constants=5)
    more = trial("more", [0.0095, 0.0095], train=0.0098, constants=6, beyond=0.051)
    less = trial("less", [0.0105, 0.0105], train=0.03, constants=4)
    choice = choose([true, more, less], task())
    assert choice.winner.id == "true"


def test_a_level_that_changes_nothing_is_surplus():
    def made(law: str, error: float, constants: int, beyond: float) -> Trial:
        one = trial(law, [error, error], train=error, constants=constants, beyond=beyond)
        return Trial(law, Proposal(FORM.format(law=law)), one.evaluation)

    nearly = made("p['L'] + p['A'] * x['x'] ** -p['a']", 0.0100, 3, 0.050)
    plain = made("p['A'] * x['x'] ** -p['a']", 0.0101, 2, 0.051)
    other = made("p['A'] * x['x'] ** -p['a']", 0.0101, 2, 0.090)
    assert typical_error(plain, task()) > 1.1 * typical_error(nearly, task())
    assert choose([nearly, plain], task()).winner is plain
    assert choose([nearly, other], task()).winner is nearly


def test_numbers_of_the_best_of_millions_save_no_constant():
    known = trial("known", [0.0100, 0.0100], train=0.01, constants=4)
    for constants in (3, 2):  # two numbers such as 4/3 stand for two constants
        plain = trial("plain", [0.0105, 0.0105], train=0.0101, constants=constants, beyond=0.051)
        rounded = replace(plain, proposal=replace(plain.proposal, by_chance=OF_MILLIONS))
        assert winner(known, plain) == "plain"
        assert winner(known, rounded) == "known"


def test_a_law_that_cannot_be_read_is_chosen_only_where_none_can():
    opaque = trial("def form(x, p): return mystery(x)", [0.05, 0.05])
    source = FORM.format(law="p['L'] + p['A'] * x['x'] ** -p['a']")
    readable = Trial("readable", Proposal(source), trial("readable", [0.2, 0.2]).evaluation)
    assert winner(opaque, readable) == "readable"
    assert winner(opaque) == opaque.id


def test_the_order_of_the_trials_does_not_matter_for_distinct_scores():
    trials = [trial(name, [error, error]) for name, error in (("a", 0.3), ("b", 0.1), ("c", 0.9))]
    assert winner(*trials) == winner(*reversed(trials)) == "b"


def test_without_a_usable_trial_nothing_is_chosen():
    failed = Evaluation(verdict=Verdict.TIMEOUT, tier=Tier.FULL)
    with pytest.raises(ValueError, match="no usable trial"):
        choose([Trial("late", Proposal("late"), failed)], task())


@pytest.mark.parametrize(("law", "wins"), [("np.maximum(1.5 + x['x'], 0)", False), ("x['x'] ** 2", True)])
def test_a_number_that_a_search_has_set_counts_as_a_constant_of_an_exact_law(law: str, wins: bool):
    """b max(1.5 + x, 0) has one constant fewer than the line that it is in these rows; b x^2 than A x^a."""
    source = f'import numpy as np\nPARAMETERS = ["b"]\ndef form(x, p):\n    return p["b"] * {law}\n'
    plain, short = (trial(name, [e] * 2, train=1e-12, constants=k) for name, e, k in (("p", 1e-9, 2), ("s", 2e-9, 1)))
    plain = Trial("plain", Proposal(FORM.format(law='p["L"] + p["A"] * x["x"] ** p["a"]')), plain.evaluation)
    choice = choose([plain, Trial("short", Proposal(source, by_chance=3), short.evaluation)], task())
    assert choice.winner.id == ("short" if wins else "plain")
    assert "no row contradicts" in choice.reason and choice.why == choice.reason


def test_of_exact_laws_the_simplest_wins_however_central_another_is():
    exact = [trial(f"exact{k}", [1e-9] * 2, train=1e-12, constants=4 + (k > 0), beyond=0.1 * k) for k in range(5)]
    assert winner(*exact) == "exact0"


def test_of_exact_laws_with_as_many_constants_the_one_of_fewer_features_wins():
    own = made_task({"x": np.linspace(1, 10, 20), "z": np.linspace(1, 2, 20)}, np.linspace(1, 10, 20) ** -0.5)
    laws = 'p["A"] * (x["x"] + 1e-11 * x["z"]) ** p["a"]', 'p["A"] * x["x"] ** p["a"]'
    exact = trial("exact", [1e-9] * 2, train=1e-12, constants=2).evaluation
    both, alone = (Trial(law, Proposal(FORM.format(law=law)), exact) for law in laws)
    assert choose([both, alone], own).winner is choose([alone, both], own).winner is alone


def test_a_law_with_a_constant_for_nearly_every_row_is_not_exact():
    memory = trial("memory", [1e-9] * 2, train=1e-12, constants=18)
    assert winner(memory, trial("good", [0.02] * 2, train=0.02)) == "good"


def test_a_law_that_memorises_the_rows_changes_nothing_for_the_others():
    others = [trial("a", [0.05, 0.06], beyond=0.05), trial("b", [0.06, 0.06], beyond=0.2)]
    memory = [trial(f"m{k}", [0.9, 1.1], train=1e-12, constants=10, beyond=9.0) for k in range(5)]
    alone, beside = choose(others, task()), choose([*memory, *others], task())
    assert (beside.winner, beside.votes) == (alone.winner, alone.votes)
    assert {name: beside.scores[name] for name in alone.scores} == alone.scores


def test_a_law_that_nobody_can_read_wins_only_where_none_can_be_read_or_the_user_allows_it():
    readable = Trial(
        "readable", Proposal(FORM.format(law="p['L'] + p['A'] / x['x']")), trial("a", [0.1, 0.1]).evaluation
    )
    better = trial("opaque", [0.01, 0.01], train=0.001).evaluation.model_copy(
        update={"opaque": True, "unread": "the statement global"}
    )
    opaque = Trial("opaque", Proposal("def form(x, p): ..."), better)
    assert choose([readable, opaque], task()).winner is readable
    assert choose([readable, opaque], task(), allow_opaque=True).winner is opaque
    alone = choose([opaque], task())
    assert alone.winner is opaque
    assert any("opaque" in warning and "global" in warning for warning in alone.warnings)


def test_a_wave_that_no_row_shows_pays_for_it():
    def made(name: str, source: str, constants: Constants, error: float) -> Trial:
        evaluation = trial(name, [error, error], train=error, constants=2).evaluation
        known = evaluation.model_copy(update={"constants": constants.to_json()})
        return Trial(name, Proposal(source), known)

    bend = made("bend", WAVE, Constants(("A", "w"), ("g",), np.array([[1.0, 0.4]])), 0.01)
    turns = made("turns", WAVE, Constants(("A", "w"), ("g",), np.array([[1.0, 2.0]])), 0.01)
    power = FORM.format(law="p['A'] * x['x'] ** -p['a']")
    constants = Constants(("L", "A", "a"), ("g",), np.array([[0.0, 1.0, 1.0]]))
    assert winner(bend, made("power", power, constants, 0.011)) == "power"
    assert winner(turns, made("power", power, constants, 0.016)) == "turns"
    assert winner(bend, made("power", power, constants, 0.1)) == "bend"
    aliased = made("aliased", WAVE, Constants(("A", "w"), ("g",), np.array([[1.0, 10.0]])), 0.001)
    assert winner(aliased, made("power", power, constants, 0.1)) == "power", "it passes through any rows"
    line = made("line", WAVE, Constants(("A", "w"), ("g",), np.array([[1.0, 0.01]])), 0.001)
    assert winner(line, made("power", power, constants, 0.1)) == "power", "it turns where no row is"


def test_a_blind_change_needs_strong_evidence() -> None:
    plain = trial("plain", [0.0100, 0.0100], train=0.01, constants=3)
    written = trial("more", [0.0060, 0.0060], train=0.0085, constants=4, beyond=0.051)
    blind = replace(written, proposal=replace(written.proposal, by_chance=1))
    assert winner(plain, written) == "more"
    assert winner(plain, blind) == "plain"
