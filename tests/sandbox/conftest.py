"""One small task, and one sandbox per tier for the whole session."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lawsmith.sandbox import Claim, FitJob, JobResult, Limits, PredictJob, Sandbox, Tier, read_candidate
from lawsmith.sandbox.pool.start import SandboxUnavailable
from lawsmith.sandbox.pool.verify import differing
from lawsmith.tasks import Schema, Table

SCHEMA = Schema(name="t", long_name="t", title="t", features=("n",), targets=("y",), group="g", cap=4)
MIB = 1 << 20
SYS = 'import collections\nimp = collections._sys.modules["builtins"].__import__\nos = imp("os")\n'
FRAME = "struct = imp('struct')\ndef frame(v, k, *t): return struct.pack('<BHIIII', v, k, *map(len, t)) + b''.join(t)\n"


@pytest.fixture(scope="session")
def schema() -> Schema:
    return SCHEMA


@pytest.fixture(scope="session")
def table() -> Table:
    """Three groups of twelve rows that follow 0.5 + a n^-0.2 exactly, with a = 10, 11, 12."""
    n, codes = np.tile(np.geomspace(1e2, 1e6, 12), 3), np.repeat(np.arange(3), 12)
    return Table({"n": n}, {"y": 0.5 + (10 + codes) * n**-0.2}, ("a", "b", "c"), codes)


@pytest.fixture(scope="session")
def sandbox_of() -> Iterator[Callable[[Tier], Sandbox]]:
    """Sandboxes by tier, started once; a tier that this machine forbids skips the test, saying why."""
    made: dict[Tier, Sandbox] = {}

    def of(tier: Tier) -> Sandbox:
        if tier not in made:
            limits = Limits(memory_bytes=256 * MIB, output_bytes=16 * 1024)
            made[tier] = Sandbox(limits, workers=2, tier=tier)
        try:
            assert made[tier].tier is tier
        except SandboxUnavailable as error:
            pytest.skip(str(error))
        return made[tier]

    yield of
    for sandbox in made.values():
        sandbox.close()


@pytest.fixture(scope="session")
def sandbox(sandbox_of: Callable[[Tier], Sandbox]) -> Sandbox:
    """The strongest tier that there is."""
    for tier in (Tier.FULL, Tier.NO_NAMESPACE, Tier.SECCOMP):
        try:
            return sandbox_of(tier)
        except pytest.skip.Exception:
            continue
    pytest.skip("this machine can isolate nothing")


def proved(sandbox: Sandbox, job: FitJob | PredictJob) -> JobResult:
    """The result of a job, or what an evaluation finds wrong with it: its own fit twice, its predictions once more."""
    found = sandbox.run(job)
    if not found.ok:
        return found
    candidate = read_candidate(job.source, sandbox.limits, job.schema)
    if isinstance(job, FitJob) and candidate.has_fit and (differs := differing(found, sandbox.run(job))) is not None:
        return differs
    if not candidate.opaque:
        return found
    constants = found.constants if isinstance(job, FitJob) else job.constants
    claims = [Claim(constants, table, seen) for table, seen in zip(job.predict, found.predictions, strict=True)]
    again = sandbox.verify(candidate, job.schema, claims)
    return found if again.ok else again


def law(body: str) -> str:
    """The source of a closed law that does more than its contract allows."""
    return f"{SYS}{FRAME}import numpy as np\ndef law(input_data, group):\n    {body}\n"


def predict(sandbox: Sandbox, source: str, schema: Schema, table: Table, check: bool = False) -> JobResult:
    """What a closed law predicts for all rows; with `check` as an evaluation takes it."""
    job = PredictJob(source, schema, None, (table.hide(),))
    return proved(sandbox, job) if check else sandbox.run(job)
