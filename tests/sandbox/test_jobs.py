"""Each job has a process of its own, which is told no more than it may know."""

import numpy as np
import pytest

from lawsmith.sandbox import FitJob, Limits, Sandbox, Verdict
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.pool.execute import Order, message
from lawsmith.sandbox.pool.warm_process import WarmProcess
from lawsmith.tasks import Schema, Table

PURE = """
PARAMETERS = {"c": (0, None), "a": (0, 100), "k": (0, 2)}
def form(x, p):
    return p["c"] + p["a"] * x["n"] ** -p["k"]
"""


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


def test_jobs_at_the_same_time_keep_their_digits(sandbox: Sandbox, table: Table, launched: list[int]) -> None:
    alone = [sandbox.run(job) for job in parts(table, PURE)]
    together = [future.result() for future in [*map(sandbox.submit, parts(table, PURE))]]
    assert len(launched) == 12
    assert all(found.ok for found in alone), alone[0].message
    for one, two in zip(alone, together, strict=True):
        assert one.status == two.status
        assert np.array_equal(one.constants.values, two.constants.values)  # type: ignore[union-attr]
        assert np.array_equal(one.predictions[0], two.predictions[0])
    assert all(found.usage.cpu > 0 and found.usage.peak_bytes > 0 for found in together)


def test_a_job_that_waits_can_be_cancelled(table: Table) -> None:
    with Sandbox(workers=1) as small:
        first, *others = map(small.submit, parts(table, PURE))
        given_up = [future.cancel() for future in others]
        assert first.result().ok
    assert any(given_up)


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


def test_the_message_of_a_fold_holds_no_held_out_target(table: Table, schema: Schema) -> None:
    job = parts(table, PURE)[0]
    order = Order(read_candidate(PURE, schema=schema), schema, table.groups, job.predict, job.fit)
    packed = message(order, Limits())
    assert job.fit.targets["y"][-1].tobytes() in packed
    assert table.targets["y"][-1].tobytes() not in packed
