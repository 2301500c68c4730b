"""Fits of a pure form may share a process; nothing but the time it takes shows."""

from concurrent.futures import Future

import numpy as np
import pytest

import lawsmith.sandbox.pool.execute as execute
from lawsmith.sandbox import Constants, FitJob, JobResult, Limits, PredictJob, Sandbox, Verdict
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.pool.execute import Order, Part, message
from lawsmith.sandbox.pool.executor import SHARED_VALUES, QueuedJob, Waiting
from lawsmith.sandbox.pool.warm_process import WarmProcess
from lawsmith.tasks import Schema, Table

PURE = """
PARAMETERS = {"c": (0, None), "a": (0, 100), "k": (0, 2)}
def form(x, p):
    return p["c"] + p["a"] * x["n"] ** -p["k"]
"""
OTHER = "kept = []\n" + PURE.replace("    return", "    global kept\n    kept.append(1)\n    return")


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of bytes of each job that a process was launched for."""
    jobs: list[int] = []
    run = WarmProcess.run

    def counted(self: WarmProcess, job: bytes, *rest: object) -> object:
        jobs.append(len(job))
        return run(self, job, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(WarmProcess, "run", counted)
    return jobs


def parts(table: Table, source: str) -> list[FitJob]:
    rank = np.tile(np.arange(12), 3)
    schema = Schema(name="t", long_name="t", title="t", features=("n",), targets=("y",), group="g", cap=4)
    return [
        FitJob(source, schema, table.take(rank < keep), (table.take(rank >= keep).hide(),))
        for keep in (6, 7, 8, 9, 10, 11)
    ]


def results(futures: list[Future[JobResult]]) -> list[JobResult]:
    return [future.result() for future in futures]


def same(one: JobResult, two: JobResult) -> bool:
    assert one.verdict is two.verdict
    assert one.message == two.message
    if not one.ok:
        return True
    assert one.constants is not None
    assert two.constants is not None
    numbers = [*zip(one.predictions, two.predictions, strict=True), (one.constants.values, two.constants.values)]
    return one.status == two.status and all(np.array_equal(a, b) for a, b in numbers)


def test_fits_of_a_pure_form_share_processes_and_keep_their_digits(
    sandbox: Sandbox, table: Table, launched: list[int]
) -> None:
    alone = [sandbox.run(job) for job in parts(table, PURE)]
    assert len(launched) == 6
    together = results(sandbox.submit_all(parts(table, PURE)))
    assert len(launched) - 6 <= sandbox.workers + 1  # one more where the machine was slow
    assert all(found.ok for found in alone), alone[0].message
    assert all(map(same, alone, together))
    assert sum(found.usage.cpu > 0 for found in together) <= sandbox.workers + 1
    assert all(found.usage.peak_bytes > 0 for found in together)


def test_other_code_has_a_process_for_each_fit(sandbox: Sandbox, table: Table, launched: list[int]) -> None:
    together = results(sandbox.submit_all(parts(table, OTHER)))
    assert all(found.ok for found in together), together[0].message
    assert len(launched) == 6
    part = Part((table.hide(),), table)
    with pytest.raises(ValueError, match="process for each"):
        Order(read_candidate(OTHER), parts(table, OTHER)[0].schema, table.groups, (part, part))


def test_what_differs_is_not_shared(sandbox: Sandbox, schema: Schema, table: Table, launched: list[int]) -> None:
    constants = Constants(("c", "a", "k"), table.groups, np.tile([0.5, 10.0, 0.2], (3, 1)))
    jobs = [
        FitJob(PURE, schema, table, (table.hide(),)),
        FitJob(PURE, schema, table, (table.hide(),), seed=1),
        FitJob(PURE + "\n", schema, table, (table.hide(),)),
        PredictJob(PURE, schema, constants, (table.hide(),)),
    ]
    assert all(found.ok for found in results(sandbox.submit_all(jobs)))
    assert len(launched) == 4


def test_a_part_that_fails_is_judged_as_if_it_were_alone(sandbox: Sandbox, table: Table) -> None:
    source = PURE.replace("return", "return np.log(600000 - x['n']) + ").replace("\nP", "import numpy as np\nP", 1)
    assert read_candidate(source).pure
    alone = [sandbox.run(job) for job in parts(table, source)]
    assert {found.verdict for found in alone} <= {Verdict.NON_FINITE, Verdict.FIT_FAILED}
    assert all(map(same, alone, results(sandbox.submit_all(parts(table, source)))))


def test_a_process_that_had_its_time_begins_no_other_part(
    sandbox: Sandbox, table: Table, launched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [sandbox.run(job) for job in parts(table, PURE)]
    monkeypatch.setattr(execute, "SHARED_SECONDS", 0.0)
    launched.clear()
    assert all(map(same, alone, results(sandbox.submit_all(parts(table, PURE)))))
    assert len(launched) == 6


def test_predictions_that_are_not_required_may_fail(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    beyond = Table({"n": np.array([1e4, 1e7])}, {}, table.groups, np.zeros(2, dtype=int))
    for source in ("import numpy as np\n", "import numpy as np\n[0].clear()\n"):
        source += "PARAMETERS = ('a',)\ndef form(x, p): return p['a'] + np.log(2e6 - x['n'])"
        job = FitJob(source, schema, table, (table.hide(), beyond), optional=1)
        found = sandbox.run(job)
        assert found.ok, found.message
        assert np.isfinite(found.predictions[0]).all()
        assert np.isfinite(found.predictions[1]).tolist() == [[True], [False]]
        required = sandbox.run(FitJob(source, schema, table, (table.hide(), beyond)))
        assert required.verdict is Verdict.NON_FINITE


def test_the_child_is_told_only_what_its_parts_may_know(table: Table, schema: Schema) -> None:
    """The held-out targets of a fold are in no message but where another part is fitted to them."""
    job = parts(table, PURE)[0]
    order = Order(read_candidate(PURE, schema=schema), schema, table.groups, (Part(job.predict, job.fit),))
    packed = message(order, Limits())
    assert job.fit.targets["y"][-1].tobytes() in packed
    assert table.targets["y"][-1].tobytes() not in packed


def entries(keys: str, values: int = 1) -> list[QueuedJob]:
    return [QueuedJob(None, None if key == "-" else key, values) for key in keys]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("workers", "keys", "taken"),
    [
        (2, "aaaaaa", [3, 3]),
        (4, "aaaaaa", [2, 2, 1, 1]),
        (1, "aaaaaa", [6]),
        (2, "aaaaaabbbbbbcccccc", [6, 6, 3, 3]),
        (2, "------", [1] * 6),
        (2, "a-a-", [2, 1, 1]),
        (3, "aab", [1, 1, 1]),
    ],
)
def test_workers_share_out_what_waits(workers: int, keys: str, taken: list[int]) -> None:
    waiting = Waiting(workers)
    waiting.add(entries(keys))
    found, free = [], workers
    while chosen := waiting.take():
        found.append(len(chosen))
        free -= 1
        if not free:
            waiting.done((), alone=False)
            free = 1
    assert found == taken


def test_every_job_is_taken_once_whatever_is_given_back_or_cancelled() -> None:
    waiting, made = Waiting(1), entries("aaaa")
    waiting.add(made)
    made[1].future.cancel()
    first = waiting.take()
    assert first == [made[0], made[2], made[3]]
    waiting.done(first[1:], alone=True)
    assert waiting.take() == [made[2]]
    waiting.done((), alone=False)
    assert waiting.take() == [made[3]]
    waiting.done((), alone=False)
    assert waiting.take() == []


def test_large_tables_are_not_piled_up_in_one_process() -> None:
    waiting = Waiting(1)
    waiting.add(entries("aaa", SHARED_VALUES // 2))
    assert len(waiting.take()) == 2
