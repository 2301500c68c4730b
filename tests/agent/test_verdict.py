"""The verdict on a law says in words how wrong it is, how far it can be trusted, and what speaks against it."""

from dataclasses import replace

import numpy as np
import pytest
from agent_doubles import form_source

from lawsmith.agent.command.law_verdict import same_law, verdict
from lawsmith.agent.command.rivals import percent
from lawsmith.runs.intervals.beyond_data import by_feature
from lawsmith.runs.records.record import FinalScores, SplitScores
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox.evaluation import fold_score
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, Table
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.frontier.reach import Unsafe
from lawsmith.tasks.metrics import Scores
from lawsmith.tasks.noise import replicates
from tests.made import made_evaluation, made_fold, made_task

NO_TEST = FinalScores(train=SplitScores(r2=1.0))


def trial(
    dataset: Dataset, name: str, error: float, r2: float = 0.99, probe: float | None = 1.0, constants: int = 3
) -> Trial:
    """A law with the same error on every fold, which predicts `probe` everywhere beyond the data."""
    train = dataset.task.train
    folds = (
        made_fold(r2, error, name=fold.name, kind=fold.kind, rows=len(fold.held_out)) for fold in frontier_folds(train)
    )
    found = made_evaluation(
        *folds,
        train=Scores(r2=r2, nmse=0, nmae=0),
        validation_r2=r2,
        constants={"names": [], "values": {}},
        constants_count=constants,
        probe=() if probe is None else ((probe,),) * 4,
    )
    return Trial(name, Proposal(name), found)


def said(dataset: Dataset, *trials: Trial, scores: FinalScores = NO_TEST) -> tuple[str, str]:
    votes = {law.id: 1 / len(trials) for law in trials}
    found = verdict(trials[0], votes, trials, dataset, SearchTask.of(dataset.task), scores)
    return found.tone, " ".join(found.sentences)


@pytest.fixture
def untested(dataset: Dataset) -> Dataset:
    return replace(dataset, test=None)


@pytest.mark.filterwarnings("error")
def test_a_law_without_an_error_of_a_huge_target_warns_of_nothing(untested: Dataset):
    huge = {name: 1e40 * column for name, column in untested.task.train.targets.items()}
    task = replace(untested.task, train=replace(untested.task.train, targets=huge))
    tone, sentences = said(replace(untested, task=task), trial(untested, "law", 0.0))
    assert tone == "good" and "predicts held-out rows exactly" in sentences


def test_a_good_law_says_how_far_it_was_tried_and_how_well(untested: Dataset):
    tone, sentences = said(untested, trial(untested, "law", 0.003))
    assert tone == "good"
    assert "The law typically predicts held-out rows within 0." in sentences and "times larger than the" in sentences
    assert "Trust it to about" in sentences and "beyond your largest rows" in sentences
    n, lr = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 8e9, 7), np.geomspace(1e-4, 3.2e-3, 6)))
    two = replace(untested, task=made_task({"n": n, "lr": lr}, {"y": 2 + (n / 1e8) ** -0.3 + np.log(lr / 1e-3) ** 2}))
    told = "Trust it to about 8 times (lr) and 30 times (n) beyond your largest rows."
    assert by_feature({"n": 1.6, "lr": 1.5}) == "1.5 times" != by_feature({"n": 1.6, "lr": 1.5}, of_all=False)
    assert told in said(two, trial(two, "law", 0.003))[1]


def test_a_law_of_a_loss_is_trusted_below_the_smallest(untested: Dataset):
    n, ppl = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 8e9, 7), np.geomspace(400, 5, 6)))
    alone = replace(
        untested, task=made_task({"ppl": np.geomspace(400, 5, 12)}, {"acc": 0.2 + np.geomspace(0.1, 9, 12)})
    )
    told = said(alone, trial(alone, "law", 0.003))[1]
    assert "times smaller than the fitted rows" in told and "beyond your smallest rows." in told
    both = replace(untested, task=made_task({"n": n, "ppl": ppl}, {"acc": 2 + n**0.1 / ppl}))
    assert "beyond your outermost rows." in said(both, trial(both, "law", 0.003))[1]


def test_a_feature_from_zero_is_trusted_in_ranges_of_the_rows_as_predictions_say(untested: Dataset):
    c = np.array([0, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10.0])
    grid = replace(untested, task=made_task({"c": c}, {"y": 3 + c}))
    assert (
        "Trust it to about 9 times the range of your rows beyond them (c)." in said(grid, trial(grid, "law", 0.03))[1]
    )
    even = replace(untested, task=made_task({"c": np.arange(12.0)}, {"y": 3 + np.arange(12.0)}))
    assert "trust it inside the data, and a little beyond" in said(even, trial(even, "law", 0.03))[1]


def test_a_law_without_a_feature_says_so(untested: Dataset):
    constant = form_source(("L",), 'p["L"] + 0 * x["N"]')
    power = form_source(("L", "a"), 'p["L"] * x["N"] ** p["a"]')
    grid = replace(untested, task=made_task({"N": np.geomspace(1, 1e3, 12)}, {"y": np.ones(12)}))
    flat, bent = (replace(trial(grid, "law", 0.003), proposal=Proposal(source)) for source in (constant, power))
    assert "one number and uses no feature: no formula that does was fitted." in said(grid, flat)[1]
    tone, sentences = said(grid, flat, bent)
    assert tone == "fair" and "no formula that does is clearly better on held-out rows" in sentences
    assert "uses no feature" not in said(grid, bent, flat)[1]


def test_a_number_of_two_values_shows_no_curve(untested: Dataset):
    x, n = np.tile(np.geomspace(1, 100, 8), 2), np.repeat([1e8, 4e8], 8)
    two = replace(untested, task=made_task({"x": x, "n": n}, {"y": 2 + x**-0.5 + (n / 1e8) ** -0.3}))
    tone, sentences = said(two, trial(two, "law", 0.003))
    assert tone == "fair" and "n takes two values, so no row shows how y bends along it" in sentences
    assert "two values" not in said(untested, trial(untested, "law", 0.003))[1]


def test_a_law_is_not_to_be_trusted_as_far_as_it_cannot_be_believed(untested: Dataset):
    law, sign = trial(untested, "law", 0.003), Unsafe(what="sign", target="loss", where="N = 3e+07", times=1.2)
    law = replace(law, evaluation=law.evaluation.model_copy(update={"unsafe": sign}))
    assert "Trust it to less than 1.2 times beyond your largest rows" in said(untested, law)[1]


def test_errors_that_are_shares_of_the_value_are_told_as_such(untested: Dataset):
    measured = untested.task.train.target_matrix()
    train = replace(untested.task.train, weight=measured[:, 0] ** -2)
    task, law = replace(untested.task, train=train), trial(untested, "law", 0.003)
    folds = tuple(fold_score(fold, train, 1.1 * measured[fold.held_out]) for fold in frontier_folds(train))
    tenth = replace(law, evaluation=law.evaluation.model_copy(update={"folds": folds}))
    assert "predicts held-out rows within 10 %;" in said(replace(untested, task=task), tenth)[1]


def test_cuts_that_leave_a_group_too_few_rows_are_told(untested: Dataset):
    doses = np.tile(np.array([0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 90.0]), 2)
    task = untested.task
    name, target = task.schema.features[0], task.schema.targets[0]
    rows = Table(
        {column: doses if column == name else np.ones(14) for column in task.schema.features},
        {target: 1 / doses},
        ("low", "high"),
        np.repeat([0, 1], 7),
    )
    starved = replace(untested, task=replace(task, train=rows))
    told = "One fold was not used: it would leave group low fewer than 5 different rows."
    assert told in said(starved, trial(starved, "law", 0.003))[1]
    assert "cut of the rows" not in said(untested, trial(untested, "law", 0.003))[1]


def test_a_search_that_looked_at_a_part_of_the_rows_says_so(untested: Dataset, monkeypatch: pytest.MonkeyPatch):
    assert "The search looked at" not in said(untested, trial(untested, "law", 0.003))[1]
    law, task = trial(untested, "law", 0.003), untested.task
    seen = SearchTask.of(replace(task, train=task.train.take(np.arange(len(task.train) - 1))))
    told = verdict(law, {}, (law,), untested, seen, NO_TEST).sentences
    rows = len(task.train)
    assert f"The search used {rows - 1} of {rows} rows; the law's constants are fitted to all rows." in told


def test_a_bad_law_is_never_neutral(untested: Dataset, dataset: Dataset):
    spread = float(untested.task.train.target_matrix().std())
    tone, sentences = said(untested, trial(untested, "law", spread))
    assert tone == "bad" and "Do not trust it beyond the data." in sentences
    scores = FinalScores(test=SplitScores(r2=-3.5, nmse=4.5 * (spread / dataset.test.target_matrix().std()) ** 2))
    tone, sentences = said(dataset, trial(dataset, "law", 0.003), scores=scores)
    assert tone == "bad" and "R² is -3.5" in sentences and "6 test rows" in sentences


def test_a_law_worse_than_the_mean_says_that_it_fails(untested: Dataset, dataset: Dataset):
    good = trial(dataset, "law", 0.003)
    measured = float(dataset.test.target_matrix().std())
    spread = float(dataset.task.train.target_matrix().std())
    for r2 in (-0.4, -200.0):  # the latter where test rows lie on a plateau without noise
        small = SplitScores(r2=r2, nmse=(0.1 * spread / measured) ** 2)
        tone, sentences = said(dataset, good, scores=FinalScores(test=small))
        assert tone == "fair" and sentences.startswith("On the test rows the law predicts worse than their mean")
    tone, sentences = said(dataset, good, scores=FinalScores(test=SplitScores(r2=-3.5, nmse=4.5)))
    assert tone == "bad" and "on the test rows it predicts worse than their mean" in sentences
    assert sentences.startswith("This law fails")  # the sentence that the page colours
    noisy = replace(good, evaluation=good.evaluation.model_copy(update={"rmse": (2 * measured,)}))
    tone, sentences = said(dataset, noisy, scores=FinalScores(test=SplitScores(r2=-0.4, nmse=1.4)))
    assert "fails" not in sentences  # rows of a plateau, that differ by noise alone
    bad = trial(untested, "law", 1.5, r2=-1.0)
    level = tuple(fold.model_copy(update={"scale": (0.0,)}) for fold in bad.evaluation.folds)  # all held-out rows equal
    alike = replace(bad, evaluation=bad.evaluation.model_copy(update={"folds": level}))
    assert "fails" not in said(untested, alike)[1]
    tone, sentences = said(untested, bad)
    assert tone == "bad" and "on held-out rows it typically predicts worse than their mean" in sentences
    assert "Do not trust it beyond the data." in sentences
    worse = replace(bad, evaluation=bad.evaluation.model_copy(update={"rmse": (2.0,)}))  # on fitted rows, too: no noise
    assert said(untested, worse)[1].startswith("This law fails beyond the data: on held-out rows")


def test_rivals_agree_or_cannot_be_separated(untested: Dataset):
    law, near, far = (trial(untested, name, 0.003, probe=p) for name, p in (("l", 1.0), ("n", 1.01), ("f", 1.5)))
    assert "One other formula does as well and agrees to 1 %" in said(untested, law, near)[1]
    tone, sentences = said(untested, law, near, far)
    assert tone == "fair" and "Two other formulas do as well but differ by 50 %" in sentences
    assert "only more rows can tell" in sentences and "Together they have 67 % of the votes." in sentences
    worse = trial(untested, "w", 0.009, probe=1.01)  # a known form that all rows favour
    assert "One other formula is as plausible, judged by held-out rows and by the fit" in said(untested, law, worse)[1]


def test_rivals_that_part_farther_out_are_told(untested: Dataset):
    law, other = trial(untested, "l", 0.003), trial(untested, "o", 0.003)
    parting = other.evaluation.model_copy(update={"probe": ((1.01,), (1.01,), (1.3,), (1.3,))})
    tone, sentences = said(untested, law, replace(other, evaluation=parting))
    assert tone == "fair" and "agrees to 1 % just beyond the data, but differs by 30 % farther out" in sentences
    assert "can tell which is right, above all one at N = 1.28e+08 (g0)." in sentences


def test_a_plainer_law_that_ends_elsewhere_is_told(untested: Dataset):
    days = np.linspace(0, 11, 12)
    rows = Table({"day": days}, {"mass": 50 * days}, ("all",), np.zeros(12, dtype=np.intp))
    schema = untested.task.schema.model_copy(update={"features": ("day",), "targets": ("mass",)})
    data = replace(untested, task=replace(untested.task, train=rows, schema=schema))

    def law(name: str, misses: float, ends: float, constants: int) -> Trial:
        found = trial(data, name, misses, probe=ends, constants=constants)
        more = {"rmse": (misses,), "formula": f"mass = {name}"}
        return replace(found, evaluation=found.evaluation.model_copy(update=more))

    chosen, plain = law("Richards", 1.5, 616.0, 4), law("logistic", 3.6, 661.0, 3)
    told = "mass = logistic, has 2.4 times the errors of this one. It predicts mass = 661 at"
    others = {told: plain, "": law("logistic", 9.0, 661.0, 3), " ": law("logistic", 3.6, 617.0, 3)}
    for words, other in others.items():
        sentences = verdict(chosen, {}, (chosen, other), data, SearchTask.of(data.task), NO_TEST).sentences
        assert any(words in sentence for sentence in sentences) if words.strip() else "fewer" not in str(sentences)


def test_a_straight_line_that_does_as_well_is_told(untested: Dataset):
    train = untested.task.train
    n = train.features["N"]
    loss = 3 - n / 1e8 + 0.05 * np.random.default_rng(0).standard_normal(len(n))
    line = Table(train.features, {"loss": loss}, train.groups, train.codes)
    data = replace(untested, task=replace(untested.task, train=line))
    assert "A straight line does as well" in said(data, trial(data, "law", 0.06))[1]
    assert "straight line" not in said(data, trial(data, "law", 0.001))[1]


def test_what_the_progress_showed_and_the_choice_passed_over_is_explained(untested: Dataset):
    law = trial(untested, "law", 0.003, r2=0.738)
    large = trial(untested, "large", 0.003, r2=0.977, constants=9)
    wild = trial(untested, "wild", 0.003, r2=0.977, probe=None)
    pole = Unsafe(what="not finite", target="loss", where="N = 0")
    ends = replace(large, evaluation=large.evaluation.model_copy(update={"unsafe": pole}))
    reasons = {
        "it has 9 constants, 6 more": large,
        "no finite value": wild,
        "no finite value of loss at N = 0": ends,
        "its typical error over all folds is larger": trial(untested, "farther", 0.1, r2=0.977, constants=9),
        "other good laws contradict it beyond the data": trial(untested, "nearer", 0.001, r2=0.977),
    }
    for why, other in reasons.items():
        sentences = verdict(law, {}, (law, other), untested, SearchTask.of(untested.task), NO_TEST).sentences
        assert any("held-out R² of 0.977 (the chosen one has 0.738)" in s and why in s for s in sentences)


def test_a_law_without_finite_values_beyond_the_data_is_bad(untested: Dataset):
    tone, sentences = said(untested, trial(untested, "law", 0.003, probe=None))
    assert tone == "bad" and "no finite value" in sentences


def test_equal_runs_are_one_result():
    assert same_law(["a", "a", "a"]) == "All 3 runs ended with the same law: this is one result, not 3."
    assert same_law(["a", "b"]) is same_law(["a"]) is same_law([None, None]) is None


def test_shares_are_written_with_two_digits():
    assert [percent(share) for share in (0.00123, 0.0567, 0.5, 3.2)] == ["0.12 %", "5.7 %", "50 %", "320 %"]


def test_replicates_tell_what_no_law_can_explain(untested: Dataset):
    train = untested.task.train
    place = np.repeat(np.arange(10), 3)
    rng = np.random.default_rng(0)
    loss = train.targets["loss"][place] + 0.5 * rng.standard_normal(len(place))
    table = Table({"N": train.features["N"][place]}, {"loss": loss}, train.groups, train.codes[place])
    data = replace(untested, task=replace(untested.task, train=table))
    law = trial(data, "law", 0.5)
    scatter = float(replicates(table).noise[0])
    at_noise = replace(law, evaluation=law.evaluation.model_copy(update={"rmse": (scatter,)}))
    missed = replace(law, evaluation=law.evaluation.model_copy(update={"rmse": (2.0,)}))
    assert "The law errs no more than that" in said(data, at_noise)[1]
    sentences = said(data, missed)[1]
    assert "errs no more" not in sentences and "no law of these columns can have an R² above" in sentences
    assert f"The law errs by {2 / scatter:.2g} times that" in sentences
    weighed = replace(table, weight=1 / loss**2)
    assert " % (standard deviation)" in said(replace(data, task=replace(data.task, train=weighed)), at_noise)[1]


def test_a_warning_of_the_choice_makes_the_verdict_bad(untested: Dataset):
    law = trial(untested, "law", 0.003)
    found = verdict(
        law, {}, (law,), untested, SearchTask.of(untested.task), NO_TEST, warnings=("It passes a pole at N = 3e9.",)
    )
    assert found.tone == "bad" and found.sentences[-1] == "It passes a pole at N = 3e9."


@pytest.mark.parametrize(("times", "tone"), [(None, "fair"), (90.0, "fair"), (1.2, "bad")])
def test_a_sign_that_changes_where_the_law_was_not_tested_makes_the_verdict_fair(
    untested: Dataset, times: float | None, tone: str
):
    law, sign = trial(untested, "law", 0.003), Unsafe(what="sign", target="loss", where="N = 1", times=times)
    law = replace(law, evaluation=law.evaluation.model_copy(update={"unsafe": sign}))
    said_of_it = (f"The law {sign.sentence}.",)
    found = verdict(law, {}, (law,), untested, SearchTask.of(untested.task), NO_TEST, warnings=said_of_it)
    assert found.tone == tone and found.sentences[-1] == said_of_it[0]


def test_a_better_law_that_breaks_what_was_stated_is_told_as_that(untested: Dataset) -> None:
    chosen, better = (trial(untested, "constant", 1.0, r2=0.1), trial(untested, "power", 0.1, r2=0.99, constants=4))
    unsafe = Unsafe(what="stated", target="loss", where="N = 3e+07")
    better = replace(better, evaluation=better.evaluation.model_copy(update={"unsafe": unsafe}))
    sentence = "it breaks what is known of loss at N = 3e+07; if that is not known for sure, see --range and --expect."
    assert sentence in said(untested, chosen, better)[1]
