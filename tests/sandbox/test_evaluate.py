"""Scores come from the parent, out of numbers that each process could not know."""

import dataclasses
import itertools
import time
import types
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import lawsmith.tasks
from lawsmith.sandbox import Evaluation, Limits, PredictJob, Sandbox, SearchOver, Verdict, evaluate
from lawsmith.sandbox.evaluate import GOOD, may_stack, whole_fit
from lawsmith.sandbox.evaluation import training_rmse
from lawsmith.sandbox.jobs import Job
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.pool.warm_process import WarmProcess
from lawsmith.tasks import Provenance, Schema, Table, Task
from lawsmith.tasks.frontier.folds import Fold, frontier_folds
from lawsmith.tasks.metrics import r2
from tests.made import made_task
from tests.sandbox.conftest import proved

FORM = """
PARAMETERS = {"c": (0, None), "a": (0, 100), "k": (0, 2)}
EXPRESSION = "a lie"
def form(x, p):
    return p["c"] + p["a"] * x["n"] ** -p["k"]
"""


@pytest.fixture(scope="module")
def task(schema: Schema, table: Table) -> Task:
    return Task(schema, table, Provenance("file", "0" * 64, None))


@pytest.fixture(scope="module")
def folds(table: Table) -> list[Fold]:
    rank = np.tile(np.arange(12), 3)
    cut = [np.flatnonzero(rank < edge) for edge in (8, 10)]
    rest = [np.flatnonzero(rank >= edge) for edge in (8, 10)]
    return [Fold(f"n-{i}", "frontier", a, b) for i, (a, b) in enumerate(zip(cut, rest, strict=True))]


def test_a_true_form_extrapolates(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    found = evaluate(sandbox, FORM, task, folds, probes=task.train.take(np.array([0, 35])))
    assert found.verdict is Verdict.OK, found.message
    assert found.kind == "form"
    assert found.train is not None
    assert found.train.r2 == pytest.approx(1, abs=1e-9)
    assert [fold.rows for fold in found.folds] == [12, 6]
    assert found.validation_r2 == pytest.approx(1, abs=1e-6)
    assert found.constants_count == 3
    assert found.constants is not None
    assert found.constants["values"]["c"][1] == pytest.approx(12, rel=1e-6)
    assert set(found.status) == {"a", "b", "c"}
    assert np.array(found.probe)[:, 0] == pytest.approx(task.train.targets["y"][[0, 35]])
    assert found.formula == "y = c + a * n^-k"
    assert found.tier is sandbox.tier
    assert found.cpu_seconds > 0


@pytest.mark.parametrize("source", [FORM, FORM.replace("return p", "return (lambda: 0)() + p"), "def form("])
def test_a_first_fit_that_is_there_already_changes_nothing(
    source: str, sandbox: Sandbox, task: Task, folds: list[Fold]
) -> None:
    probes = task.train.take(np.array([0, 35]))
    whole = sandbox.run(whole_fit(source, task, probes))
    both = [evaluate(sandbox, source, task, folds, probes=probes, whole=known) for known in (None, whole)]
    without, with_it = (one.model_dump(exclude={"seconds", "cpu_seconds", "peak_bytes"}) for one in both)
    assert with_it == without


def test_fold_scores_are_those_of_the_rows_held_out(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    """The mean of the fitted rows, scored by hand on the held-out ones."""
    source = "PARAMETERS = ('m',)\ndef form(x, p): return p['m'] + 0 * x['n']\ndef fit(x, y): return {'m': y.mean()}\n"
    found = evaluate(sandbox, source, task, folds)
    assert found.verdict is Verdict.OK, found.message
    for fold, score in zip(folds, found.folds, strict=True):
        fitted, held = task.train.take(fold.fitted), task.train.take(fold.held_out)
        means = np.array([fitted.targets["y"][fitted.codes == g].mean() for g in range(3)])
        error = held.targets["y"] - means[held.codes]
        assert score.r2 == pytest.approx(1 - np.mean(error**2) / np.var(held.targets["y"]), rel=1e-5)
        assert score.rmse == pytest.approx((np.sqrt(np.mean(error**2)),), rel=1e-6)
        assert score.scale == pytest.approx((np.std(held.targets["y"]),), rel=1e-12)
    assert found.validation_r2 == pytest.approx(np.mean([max(-1, s.r2) for s in found.folds]))


@pytest.mark.parametrize("common", ["", 'SHARED = ("k",)\n', "SHARED = tuple(PARAMETERS)\n"])
@pytest.mark.parametrize("weighted", [False, True])
def test_folds_fitted_together_score_as_if_each_were_alone(
    sandbox: Sandbox, task: Task, folds: list[Fold], weighted: bool, common: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fits of all folds in one process, and one fit for each: the same scores, of noisy rows and their weights, also
    where groups have constants in common."""
    rng, train = np.random.default_rng(1), task.train
    noisy = {"y": train.targets["y"] * (1 + 0.01 * rng.standard_normal(36))}
    weight = rng.uniform(0.1, 3.0, 36) if weighted else None
    task = dataclasses.replace(task, train=dataclasses.replace(train, targets=noisy, weight=weight))
    fits: list[Job] = []
    submit = Sandbox.submit
    monkeypatch.setattr(Sandbox, "submit", lambda box, job: (fits.append(job), submit(box, job))[1])
    together = evaluate(sandbox, FORM + common, task, folds)
    assert len(fits) == 2
    monkeypatch.setitem(may_stack.__globals__, "MOST_STACKED_ROWS", 0)
    apart = evaluate(sandbox, FORM + common, task, folds)
    assert len(fits) == 2 + 1 + len(folds)
    assert together.constants == apart.constants
    for one, other in zip(together.folds, apart.folds, strict=True):
        assert one.rmse == pytest.approx(other.rmse, rel=1e-5)
        assert one.group_bias["b"] == pytest.approx(other.group_bias["b"], abs=1e-5)


def test_folds_without_rows_of_a_group_that_shares_constants_stay_apart(task: Task, folds: list[Fold]) -> None:
    own, common = (read_candidate(source).statement for source in (FORM, FORM + 'SHARED = ("k",)\n'))
    assert own is not None
    assert common is not None
    without = dataclasses.replace(folds[0], fitted=folds[0].fitted[task.train.codes[folds[0].fitted] != 1])
    for law, some, stacks in ((own, folds[:1], False), (own, [without, folds[1]], True), (common, folds, True)):
        assert may_stack(law, some, task.train) is stacks
    assert not may_stack(common, [without, folds[1]], task.train)


def test_a_fold_that_cannot_tell_the_constants_says_nothing_of_an_exact_law(sandbox: Sandbox) -> None:
    """Two sizes that are left tell no level, factor and exponent, whatever they measure; a wrong law stays wrong."""
    n, d = map(np.ravel, np.meshgrid([1.0, 10.0, 100.0], [1.0, 3.0, 10.0, 30.0]))
    made = made_task({"n": n, "d": d}, 1.7 + n**-0.34 + d**-0.28)
    law = "PARAMETERS = ['L', 'A', 'a', 'B', 'b']\ndef form(x, p):\n    "
    exact = law + "return p['L'] + p['A'] * x['n'] ** -p['a'] + p['B'] * x['d'] ** -p['b']"
    wrong = law.replace(", 'B', 'b'", "") + "return p['L'] + p['A'] * x['n'] ** p['a'] * x['d']"
    found, other = (evaluate(sandbox, source, made, frontier_folds(made.train)) for source in (exact, wrong))
    untold = {fold.name for fold in found.folds if not fold.tells}
    assert untold == {fold.name for fold in found.folds if fold.r2 < GOOD} <= {"n>1", "d>2"}  # either may fit by luck
    assert found.validation_r2 == pytest.approx(1.0, abs=0.02)
    assert other.validation_r2 is not None and other.validation_r2 < 0


def test_json_round_trips_exactly(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    for source in (FORM, "def law(d, g): return []", "nonsense("):
        found = evaluate(sandbox, source, task, folds)
        assert Evaluation.model_validate_json(found.model_dump_json()) == found


def test_a_closed_law_has_no_validation_score(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    source = "def law(d, g): return [{'y': 0.5 + {'a': 10, 'b': 11, 'c': 12}[g] * r['n'] ** -0.2} for r in d]"
    found = evaluate(sandbox, source, task, folds)
    assert found.verdict is Verdict.OK, found.message
    assert found.train is not None
    assert found.train.r2 == pytest.approx(1)
    assert found.folds == ()
    assert found.validation_r2 is found.constants is found.constants_count is None


def test_failures_carry_no_score(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    few = [*folds, Fold("nobody", "frontier", np.flatnonzero(task.train.codes < 2), np.arange(36))]
    found = evaluate(sandbox, FORM, task, few)
    assert (found.verdict, found.stage) == (Verdict.NON_FINITE, "fold:nobody")
    for source, verdict, stage in (
        ("nonsense(", Verdict.SYNTAX, "check"),
        ("import os\n" + FORM, Verdict.IMPORT_REFUSED, "check"),
        ("1 / 0\n" + FORM, Verdict.CRASH, "load"),
        ("PARAMETERS = ('a',)\ndef form(x, p): return x['n'] * float('nan')", Verdict.FIT_FAILED, "fit"),
    ):
        found = evaluate(sandbox, source, task, folds)
        assert (found.verdict, found.stage) == (verdict, stage)
        assert found.train is found.validation_r2 is found.constants is None
        assert found.folds == ()
        assert found.message


def test_targets_remembered_in_a_fold_are_found_out(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    """Impure only where it would pay, on a fold's rows: honest on the full training rows."""
    source = """
PARAMETERS = ("a",)
last = {}
def fit(x, y):
    if len(y) < 12:
        last["y"] = y[-1]
    return {"a": y.mean()}
def form(x, p):
    global last
    return last.get("y", p["a"]) + 0 * x["n"]
"""
    found = evaluate(sandbox, source, task, folds)
    assert (found.verdict, found.stage) == (Verdict.IMPURE, "verify")
    assert found.opaque and "global" in found.unread
    read = evaluate(sandbox, source.replace("    global last\n", ""), task, folds)
    assert read.verdict is Verdict.OK and not read.opaque
    assert read.formula == "y = a", "what is read is what runs: no memory, no trick"


DECOY = """
PARAMETERS = ("a", "k")
def form(x, p):
    return p["a"] * x["n"] ** -p["k"]
def _table(x, p):
    return x["n"] * 0 + p["a"]
{swap}
"""


@pytest.mark.parametrize(
    "swap",
    ["form.__code__ = _table.__code__", "form = _table", "globals().update(form=_table)", "import numpy as form"],
)
def test_a_form_that_is_swapped_is_opaque_or_runs_as_it_is_read(
    swap: str, sandbox: Sandbox, task: Task, folds: list[Fold]
) -> None:
    found = evaluate(sandbox, DECOY.format(swap=swap), task, folds)
    assert found.verdict is not Verdict.OK or found.opaque
    assert found.formula is None
    honest = evaluate(sandbox, DECOY.format(swap=""), task, folds)
    assert honest.formula == "y = a * n^-k"
    # A fit of its own gives constants only, though it swaps the form in its own process.
    fit = "def fit(x, y):\n    form.__code__ = _table.__code__\n    return {'a': 1.0, 'k': 0.5}"
    fitted = evaluate(sandbox, DECOY.format(swap=fit), task, folds, probes=task.train.take(np.array([0])))
    assert fitted.verdict is Verdict.OK, fitted.message
    assert fitted.formula == "y = a * n^-k"
    assert fitted.probe[0][0] == pytest.approx(task.train.features["n"][0] ** -0.5)


def test_numbers_written_into_a_form_count_against_the_cap(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    rows = " + ".join(f"np.where(x['n'] < {7.3 * k}, {1.37 * k + 0.011}, 0)" for k in range(1, 9))
    table = f"import numpy as np\nPARAMETERS = ('a',)\ndef form(x, p):\n    return p['a'] + {rows}\n"
    for source in (table, table.replace("    return", "    global p\n    return").replace("(x, p)", "(x, q)")):
        found = evaluate(sandbox, source, task, folds)
        assert (found.verdict, found.stage) == (Verdict.OVER_CAP, "check"), found.message
        assert "numbers in the source" in found.message
    one = evaluate(sandbox, FORM.replace('-p["k"]', "-0.37"), task, folds)
    assert (one.verdict, one.constants_count, one.free_constants) == (Verdict.OK, 4, 8)


@pytest.mark.data
@pytest.mark.parametrize(("name", "train", "test"), [("sft", 0.998467, 0.980774), ("lr_bsz", 0.878933, -0.773483)])
def test_published_laws_score_as_published(
    name: str, train: float, test: float, sandbox: Sandbox, sldbench: Path, published_pages: Path
) -> None:
    page = (published_pages / f"{name}_openhands_gpt-5.txt").read_text()
    code = page.split("\nPython\n", 1)[1].split("\n#2 Run", 1)[0]
    dataset = lawsmith.tasks.load(name, sldbench)
    assert dataset.test is not None
    found = evaluate(sandbox, code, dataset.task, ())
    assert found.verdict is Verdict.OK, found.message
    assert found.train is not None
    assert round(found.train.r2, 6) == train
    job = PredictJob(code, dataset.task.schema, None, (dataset.test.hide(),))
    predicted = proved(sandbox, job).predictions[0]
    assert round(r2(dataset.test.target_matrix(), predicted), 6) == test
    assert np.allclose(predicted[:, 0], _directly(code, dataset.test), rtol=1e-12, atol=0)


def _directly(code: str, table: Table) -> list[float]:
    module = types.ModuleType("published")
    exec(compile(code, "published", "exec", dont_inherit=True), vars(module))
    rows = [dict(zip(table.features, row, strict=True)) for row in table.matrix().tolist()]
    answers = [module.law([row], table.groups[code])[0] for row, code in zip(rows, table.codes.tolist(), strict=True)]
    return list(itertools.chain.from_iterable(answer.values() for answer in answers))


def test_weights_reach_the_process_that_fits_and_the_errors_that_choose(
    sandbox: Sandbox, task: Task, folds: list[Fold]
) -> None:
    """Rows that a weight says to be worthless do not move the constants, and hardly count in errors."""
    spoilt = task.train.targets["y"].copy()
    spoilt[[5, 20, 34]] += 4.0
    weight = np.ones(len(task.train))
    weight[[5, 20, 34]] = 1e-9
    table = dataclasses.replace(task.train, targets={"y": spoilt}, weight=weight)
    found = evaluate(sandbox, FORM, dataclasses.replace(task, train=table), folds)
    assert found.constants is not None
    assert found.constants["values"]["c"][1] == pytest.approx(12, rel=1e-3)
    assert found.rmse[0] < 1e-3
    assert found.folds[0].rmse[0] < 1e-3
    assert found.train is not None
    assert found.train.r2 < 0.9


OPAQUE = FORM.replace("def form", "kept = []\ndef form").replace("return", "global kept\n    return")
SLEEPER = """
import collections
PARAMETERS = ("a",)
def form(x, p):
    collections._sys.modules["time"].sleep(60)
    return x["n"] * p["a"]
"""


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float, int]]:
    """Begin, end and bytes of every process that a job was launched in."""
    seen: list[tuple[float, float, int]] = []
    run = WarmProcess.run

    def timed(self: WarmProcess, job: bytes, *rest: object) -> object:
        began = time.monotonic()
        try:
            return run(self, job, *rest)  # type: ignore[arg-type]
        finally:
            seen.append((began, time.monotonic(), len(job)))

    monkeypatch.setattr(WarmProcess, "run", timed)
    return seen


def test_processes_of_opaque_code_never_meet_and_the_one_that_knows_all_comes_last(
    launches: list[tuple[float, float, int]], sandbox: Sandbox, task: Task, folds: list[Fold]
) -> None:
    found = evaluate(sandbox, OPAQUE, task, folds, probes=task.train.take(np.array([0, 35])))
    assert found.verdict is Verdict.OK, found.message
    *of_folds, full, _verified, _seen, _told = launches
    assert len(of_folds) == len(folds)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(launches))
    assert full[2] > max(size for _, _, size in of_folds)  # the only one that holds every target


def test_a_candidate_that_hangs_costs_one_wall_limit(
    launches: list[tuple[float, float, int]], sandbox: Sandbox, task: Task, folds: list[Fold]
) -> None:
    with Sandbox(Limits(wall_seconds=0.5, cpu_seconds=5), workers=2, tier=sandbox.tier) as brisk:
        assert brisk.tier is sandbox.tier
        probes = task.train.take(np.array([0, 35]))
        found = evaluate(brisk, SLEEPER, task, folds, probes=probes)
        assert found.verdict is Verdict.TIMEOUT
        assert len(launches) <= brisk.workers  # side by side; none follows
        screened = brisk.run(whole_fit(SLEEPER, task, probes))
        before = len(launches)
        again = evaluate(brisk, SLEEPER, task, folds, probes=probes, whole=screened)
        assert again.verdict is screened.verdict is Verdict.TIMEOUT
        assert len(launches) == before


def test_the_end_of_the_search_stops_what_may_hang_and_says_nothing_of_it(
    sandbox: Sandbox, task: Task, folds: list[Fold]
) -> None:
    with Sandbox(workers=2, tier=sandbox.tier) as patient:
        assert patient.tier is sandbox.tier
        began = time.monotonic()
        patient.deadline = began + 0.3
        with pytest.raises(SearchOver):
            evaluate(patient, SLEEPER, task, folds)
        assert time.monotonic() - began < 60  # that it sleeps
        with pytest.raises(SearchOver):  # nor is anything begun
            evaluate(patient, OPAQUE, task, folds)
        assert evaluate(patient, FORM, task, folds).verdict is Verdict.OK  # arithmetic cannot hang
        patient.deadline = float("inf")
        assert evaluate(patient, OPAQUE, task, folds).verdict is Verdict.OK


PROBED = """
import numpy as np
PARAMETERS = ("a",)
def fit(x, y):
    return {"a": 1.0}
def form(x, p):
    beyond = x["n"] > 1e6
    return np.where(beyond, float(np.random.default_rng().normal()), p["a"] * x["n"])
"""


def test_probe_predictions_are_proved_like_the_others(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    beyond = task.train.take(np.array([0, 35]))
    beyond = dataclasses.replace(beyond, features={"n": np.array([1e7, 1e8])})
    assert evaluate(sandbox, PROBED, task, folds).verdict is Verdict.OK  # on the rows it keeps to itself
    assert evaluate(sandbox, PROBED, task, folds, probes=beyond).verdict is Verdict.IMPURE


@pytest.mark.parametrize(
    "returned", ["y + 0j", "y.astype(complex)", "list(y + 1j)", "np.array(list(y + 1j), dtype=object)"]
)
def test_predictions_that_drop_an_imaginary_part_are_refused(
    returned: str, sandbox: Sandbox, task: Task, folds: list[Fold]
) -> None:
    source = "import numpy as np\nPARAMETERS = ('a',)\ndef fit(x, y):\n    return {'a': 1.0}\n"
    source += f"def form(x, p):\n    y = p['a'] * x['n']\n    return {returned}\n"
    found = evaluate(sandbox, source, task, folds)
    assert found.verdict is Verdict.WRONG_SHAPE
    law = "import numpy as np\ndef law(input_data, group):\n    return [{'y': np.complex128(1j)} for r in input_data]\n"
    rows = PredictJob(law, task.schema, None, (task.train.hide(),))
    assert sandbox.run(rows).verdict is Verdict.WRONG_SHAPE


def test_a_few_rows_that_are_far_off_do_not_decide_how_well_a_law_fits() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 100)

    def error(off: Mapping[int, float]) -> float:
        measured = np.linspace(0, 1, 100) + noise
        measured[list(off)] += list(off.values())
        table = Table({"x": np.arange(100.0)}, {"y": measured}, ("all",), np.zeros(100, dtype=np.intp))
        return training_rmse(table, np.linspace(0, 1, 100)[:, None])[0]

    clean, few = error({}), error({3: 90.0, 50: -70.0})
    assert clean == pytest.approx(noise.std(), rel=0.02) and clean < few < 2 * clean
    assert error({3: 900.0, 50: -700.0}) == pytest.approx(few)
    assert error(dict.fromkeys(range(6), 90.0)) > 100 * clean  # six of a hundred are no exceptions
