"""Laws that miss the rows in a pattern are refuted where another law leaves nothing but noise."""

from dataclasses import replace

import numpy as np
import pytest

from lawsmith.agent.command.law_verdict import verdict
from lawsmith.agent.search.patterns import MOST_ROWS, NONE, _sample, morans_z, only_noise, pattern, patterns, refuted
from lawsmith.agent.search.score import RULES
from lawsmith.agent.search.selection import STRONG, _Choosing, choose
from lawsmith.runs.records.record import FinalScores, SplitScores
from lawsmith.runs.records.trials import OF_MILLIONS, Proposal, Trial
from lawsmith.sandbox import Sandbox, evaluate
from lawsmith.sandbox.law.traits import traits
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, Task
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.frontier.probes import probe_rows
from lawsmith.tasks.table import Table
from tests.made import made_task

FORM = """import numpy as np
PARAMETERS = {{"L": (0, 9), "A": (0, 99), "a": (0, 3), "h": (0.001, 99)}}
def form(x, p):
    return {law}
"""
TRUE = "p['L'] + p['A'] / (x['n'] ** p['a'] + p['h'])"
CURVED = "p['L'] + p['A'] * (x['n'] + p['h']) ** -p['a']"


def task(noise: float, rows: int = 100) -> Task:
    rng = np.random.default_rng(1)
    n = np.geomspace(0.05, 20, rows)
    truth = 1.2 + 4 / (n**0.45 + 1.3)
    loss = truth + noise * truth.std() * rng.standard_normal(rows)
    return made_task({"n": n}, {"loss": loss}, group="g")


def tried(law: str, of: Task, sandbox: Sandbox) -> Trial:
    source = FORM.format(law=law)
    folds, probes = frontier_folds(of.train), probe_rows(of.train)
    return Trial(law, Proposal(source, origin=law), evaluate(sandbox, source, of, folds, probes=probes))


def test_a_law_that_misses_rows_in_a_pattern_is_refuted_by_one_that_does_not(sandbox: Sandbox) -> None:
    noisy = task(0.01)
    true, curved = (tried(law, noisy, sandbox) for law in (TRUE, CURVED))
    sizes = [pattern(trial, noisy) for trial in (true, curved)]
    assert None not in sizes
    assert sizes[0] < NONE < RULES.pattern < sizes[1]
    assert refuted(patterns([true, curved], noisy), RULES.pattern) == {CURVED}
    better = curved.evaluation.model_copy(update={"validation_r2": 1.0})
    chosen = true.evaluation.model_copy(update={"validation_r2": 0.8})
    trials = replace(true, evaluation=chosen), replace(curved, evaluation=better)
    data, seen = Dataset(noisy, None), SearchTask.of(noisy)
    scores = FinalScores(train=SplitScores(r2=1.0))
    sentences = verdict(trials[0], {}, trials, data, seen, scores).sentences
    assert any(": its errors follow a pattern" in sentence for sentence in sentences)
    assert refuted(patterns([curved], noisy), RULES.pattern) == frozenset()
    assert choose([curved, true], noisy).winner is true


def test_of_a_long_table_a_part_is_looked_at(sandbox: Sandbox) -> None:
    long = task(0.05, rows=3 * MOST_ROWS)
    true, curved = (tried(law, long, sandbox) for law in (TRUE, "p['L'] + p['A'] / (x['n'] + p['h'])"))
    found = patterns([true, curved], long)
    assert only_noise(found, [true, curved], long) == {true.id}
    assert morans_z(true, long) < NONE < RULES.pattern < morans_z(curved, long)


def test_of_many_groups_some_are_looked_at_with_all_their_rows() -> None:
    codes = np.repeat(np.arange(90), 30)
    rows = np.arange(len(codes)) * 1.0
    table = Table({"n": rows}, {"loss": rows}, tuple(map(str, range(90))), codes)
    seen = _sample(table)
    assert set(np.bincount(seen.codes)) == {0, 30} and MOST_ROWS - 30 < len(seen) <= MOST_ROWS
    few = _sample(replace(table, groups=("a", "b"), codes=codes % 2))
    assert len(few) == MOST_ROWS and len(set(few.codes)) == 2


def test_noise_that_hides_the_pattern_refutes_nothing(sandbox: Sandbox) -> None:
    noisy = task(0.3)
    trials = [tried(law, noisy, sandbox) for law in (TRUE, CURVED)]
    assert refuted(patterns(trials, noisy), RULES.pattern) == frozenset()


LINE = """PARAMETERS = {"L": (-99, 99), "b": (-99, 99)}
def form(x, p):
    return p["L"] + p["b"] * x["x"]
"""


@pytest.mark.parametrize(("bend", "low", "high"), [(0.0, -0.5, 0.5), (0.02, 2.0, 9.0)])
def test_what_a_line_in_each_small_group_leaves_of_noise_is_no_pattern(
    bend: float, low: float, high: float, sandbox: Sandbox
) -> None:
    rng = np.random.default_rng(0)
    x, codes = np.tile(np.linspace(1, 10, 8), 3), np.repeat(np.arange(3), 8)
    sizes, patterned = [], []
    for _ in range(20):
        y = 2 + x * (1 + codes) + bend * x**3 + rng.standard_normal(24)
        made = made_task({"x": x}, {"y": y}, codes, "abc", group="g")
        trial = Trial("line", Proposal(LINE), evaluate(sandbox, LINE, made, ()))
        sizes.append(morans_z(trial, made))
        patterned.append(pattern(trial, made) or 0.0)
    assert low < np.mean(sizes) < high
    assert bend or (np.mean(patterned) < -2 and np.std(sizes) < 1.5)


def test_a_law_through_the_means_of_replicates_leaves_only_noise(sandbox: Sandbox) -> None:
    """Of three rows at one place some are above it and others below, which is no pattern."""
    rng = np.random.default_rng(2)
    n = np.repeat(np.geomspace(0.1, 10, 8), 3)
    made = made_task({"n": n}, {"loss": 1.2 + 4 / (n**0.45 + 1.3) + 0.05 * rng.standard_normal(24)})
    scatter = made.train.targets["loss"].reshape(8, 3)
    centred = (scatter - scatter.mean(axis=1, keepdims=True)).reshape(-1)
    through = replace(made, train=replace(made.train, targets={"loss": 1.2 + 4 / (n**0.45 + 1.3) + centred}))
    law = tried(TRUE, through, sandbox)
    assert only_noise(patterns([law], through), [law], through) == {law.id}


UNTOLD = replace(RULES, same=RULES.close)
"""Rules by which folds tell no laws apart that are close: `alike` gives all folds the same scatter, none."""


def alike(one: Trial, name: str, *, misfit: float, constants: int, beyond: float, held_out: float = 0.5) -> Trial:
    """A law whose error on held-out rows is this share of their spread, by default the same for all."""
    folds = tuple(fold.model_copy(update={"rmse": (held_out * fold.scale[0],)}) for fold in one.evaluation.folds)
    probe = tuple((beyond,) for _ in one.evaluation.probe)
    changed = {"folds": folds, "rmse": (misfit,), "free_constants": constants, "probe": probe, "unsafe": None}
    return replace(one, id=name, evaluation=one.evaluation.model_copy(update=changed))


def test_the_fit_tells_laws_apart_that_held_out_rows_do_not_where_one_leaves_only_noise(sandbox: Sandbox) -> None:
    noisy, exact = task(0.3), task(0.001)
    for of, expected in ((noisy, {"lone"}), (exact, {"many0", "many1"})):
        law = tried(CURVED, of, sandbox)
        size = pattern(law, of)
        assert size is not None and (size < NONE) == (of is noisy)
        many = [alike(law, f"many{k}", misfit=0.11, constants=5, beyond=0.1 * k) for k in range(2)]
        lone = alike(law, "lone", misfit=0.1, constants=4, beyond=3.0)
        assert choose([*many, lone], of).winner.id in expected


@pytest.mark.parametrize(("slow", "expected"), [(0.5, {"lone"}), (2.0, {"many0", "many1"})])
def test_the_fit_tells_laws_apart_where_errors_hardly_depend_on_those_beside_them(
    slow: float, expected: set[str], sandbox: Sandbox
) -> None:
    """A slow wave in the errors is a pattern, however small: many rows show it."""
    n = np.geomspace(0.05, 20, 400)
    errors = np.random.default_rng(3).standard_normal(400) + slow * np.sin(np.arange(400) / 8)
    of = made_task({"n": n}, {"loss": 1.2 + 4 * (n + 1.3) ** -0.45 + 0.1 * errors})
    law = tried(CURVED, of, sandbox)
    size = pattern(law, of)
    assert size is not None and size > NONE
    many = [alike(law, f"many{k}", misfit=0.11, constants=5, beyond=0.1 * k) for k in range(2)]
    lone = alike(law, "lone", misfit=0.1, constants=4, beyond=3.0)
    assert choose([*many, lone], of).winner.id in expected


def test_a_plainer_law_that_leaves_only_noise_beats_a_central_one(sandbox: Sandbox) -> None:
    """A line lies aside of many powers, but has less error, fewer constants and positive evidence in its fit."""
    for of, wins in ((task(0.3), True), (task(0.001), False)):
        law = tried(CURVED, of, sandbox)
        line = alike(law, "line", misfit=0.1, constants=2, beyond=4.0, held_out=0.49)
        bent = [alike(law, f"bent{k}", misfit=0.099, constants=3, beyond=0.3 * k) for k in range(9)]
        choice = choose([line, *bent], of)
        assert (choice.winner.id == "line") == wins
        assert ("that a simpler one beats" in choice.reason) == wins


@pytest.mark.parametrize(("misfit", "wins"), [(0.097, True), (0.093, False)])
def test_a_law_that_errs_no_more_beats_longer_ones_that_no_evidence_is_for(
    misfit: float, wins: bool, sandbox: Sandbox
) -> None:
    noisy = task(0.3)
    law = tried(CURVED, noisy, sandbox)
    shorter = alike(law, "shorter", misfit=0.1, constants=4, beyond=0.0)
    longer = [alike(law, f"far {at}", misfit=misfit, constants=5, beyond=at, held_out=0.505) for at in (0.8, 1.6, 2.4)]
    assert (choose([shorter, *longer], noisy).winner.id == "shorter") == wins


def test_evidence_of_a_fit_counts_the_constants(sandbox: Sandbox) -> None:
    noisy = task(0.3)
    law = tried(CURVED, noisy, sandbox)
    bent = [alike(law, f"bent{k}", misfit=0.1, constants=6, beyond=0.1 * k) for k in range(2)]
    assert choose([*bent, alike(law, "line", misfit=0.1, constants=2, beyond=3.0)], noisy).winner.id == "line"


def test_the_best_of_millions_of_laws_has_to_fit_better_than_chance_makes_it(sandbox: Sandbox) -> None:
    noisy = task(0.3)
    law = tried(CURVED, noisy, sandbox)
    sums = [alike(law, f"sum{k}", misfit=0.1, constants=4, beyond=0.1 * k) for k in range(2)]
    lone = alike(law, "lone", misfit=0.101, constants=4, beyond=3.0)
    assert choose([*sums, lone], noisy, UNTOLD).winner.id != "lone"
    blind = [replace(one, proposal=replace(one.proposal, by_chance=OF_MILLIONS)) for one in sums]
    assert choose([*blind, lone], noisy, UNTOLD).winner.id == "lone"
    better = [replace(one, evaluation=one.evaluation.model_copy(update={"rmse": (0.08,)})) for one in blind]
    assert choose([*better, lone], noisy, UNTOLD).winner.id != "lone"


def test_the_best_of_millions_of_laws_beats_no_known_form_by_a_constant(sandbox: Sandbox) -> None:
    noisy = task(0.3)
    law = tried(CURVED, noisy, sandbox)
    known = alike(law, "known", misfit=0.1, constants=5, beyond=0.0)
    fewer = alike(law, "fewer", misfit=0.1, constants=4, beyond=3.0)
    blind = replace(fewer, proposal=replace(fewer.proposal, by_chance=OF_MILLIONS))
    choosing = _Choosing(noisy, RULES, dict.fromkeys(["known", "fewer"], 0.5))
    assert choosing._beaten([known, fewer]).tolist() == [True, False]
    assert choosing._beaten([known, blind]).tolist() == [False, False]


@pytest.mark.parametrize(
    ("law", "both"),
    [
        ("p['L'] + p['A'] * x['D']**p['a'] * (1 + x['N'] / (p['h'] * x['D']**p['b']))**-2", True),
        ("p['L'] + p['A'] * x['D']**p['a'] * np.exp(-p['k'] * x['N'])", False),
        ("p['L'] + p['A'] * x['D']**2 * (1 + x['N'] / (p['h'] * x['D']))**-p['b']", False),
    ],
)
def test_a_curve_scaled_along_both_axes_is_a_surface(law: str, both: bool) -> None:
    source = f"import numpy as np\nPARAMETERS = ['L', 'A', 'a', 'b', 'h', 'k']\ndef form(x, p):\n    return {law}\n"
    told = traits(source, ("y",), ("N", "D"))
    assert told is not None and told.is_surface == both


def test_a_surface_needs_more_evidence_than_a_law(sandbox: Sandbox) -> None:
    noisy = task(0.3)
    law = tried(CURVED, noisy, sandbox)
    bends = (
        "p['L'] + p['A'] * np.log(x['n'])**2 + p['a'] * np.exp(x['n'])**2 + p['h'] * np.log(x['n']) * np.exp(x['n'])"
    )
    surface = replace(law, proposal=Proposal(FORM.format(law=bends)))
    choosing = _Choosing(noisy, RULES, {law.id: 1.0})
    plain, asked = choosing._plausibility([law, surface], frozenset([law.id]))
    assert (plain, asked) == (1.0, np.exp(-STRONG / 2))


def test_a_known_form_that_leaves_only_noise_may_predict_held_out_rows_worse(sandbox: Sandbox) -> None:
    """What folds cut off may be the very rows that show a break."""
    noisy = task(0.3)
    law = tried(CURVED, noisy, sandbox)
    close = [alike(law, f"close{k}", misfit=0.015, constants=4, beyond=0.1 * k) for k in range(2)]
    known = alike(law, "known", misfit=0.01, constants=4, beyond=3.0, held_out=1.1)
    choice = choose([*close, known], noisy)
    assert choice.winner.id == "known"
    assert "leaves only noise" in choice.reason and "about as well" not in choice.reason
    assert choice.reason.endswith(f"; {choice.why}")
    bend = [alike(law, f"bend{k}", misfit=0.0102, constants=4, beyond=0.1 * k) for k in range(2)]
    mixed = choose([*bend, known], noisy)
    assert mixed.winner.id != "known" and "; 3 laws do about as well or fit all rows clearly" in mixed.reason
    blind = replace(known, proposal=replace(known.proposal, by_chance=1))
    far = alike(law, "known", misfit=0.01, constants=4, beyond=3.0, held_out=2.0)
    for other in (blind, far):
        assert choose([*close, other], noisy).winner.id != "known"
