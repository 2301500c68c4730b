"""The parent's side of a job: writes its message, then reads the reply. How the job ended is taken from the kernel."""

import signal
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lawsmith.sandbox.clean import OUTPUT_CHARACTERS, clean, clean_lines
from lawsmith.sandbox.constants import Constants
from lawsmith.sandbox.jobs import JobResult, ScreenJob, Usage
from lawsmith.sandbox.law.nodes import MAX_NAME
from lawsmith.sandbox.law.parse import ALLOWED_IMPORTS, Candidate
from lawsmith.sandbox.limits import Limits
from lawsmith.sandbox.pool.protocol import Malformed, Reply, pack_job, reply_bound, unpack_reply
from lawsmith.sandbox.pool.warm_process import Outcome
from lawsmith.sandbox.returned import Spec
from lawsmith.sandbox.verdict import Verdict
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table

_FROM_CHILD = {
    Verdict.OK,
    Verdict.SYNTAX,
    Verdict.CONTRACT,
    Verdict.IMPORT_REFUSED,
    Verdict.MEMORY,
    Verdict.CRASH,
    Verdict.NON_FINITE,
    Verdict.OVER_CAP,
    Verdict.WRONG_SHAPE,
    Verdict.FIT_FAILED,
}
_STAGES = {"load", "fit", "predict"}
STATUS_CHARACTERS = 400
"""Of what is said about the fit of one group."""


@dataclass(frozen=True, eq=False)
class Order:
    """One fork's work: fit a table and predict others, or predict each table with constants of its own.

    The last `optional` tables need no finite prediction. own: the candidate's source runs, as it was written; else
    `Candidate.law`. families: see `FitJob`.
    """

    candidate: Candidate
    schema: Schema
    groups: tuple[str, ...]
    predict: tuple[Table, ...]
    fit: Table | None = None
    constants: tuple[Constants | None, ...] = ()  # one per table where nothing is fitted
    optional: int = 0
    seed: int = 0
    own: bool = False
    families: int = 1

    @property
    def rows(self) -> list[int]:
        """Rows of each table that is predicted."""
        return [len(table) for table in self.predict]

    @property
    def foreign(self) -> bool:
        """Whether code that a candidate brought is executed."""
        return self.own or self.candidate.opaque

    @property
    def modules(self) -> frozenset[str]:
        """What the executed source imports."""
        if self.foreign:
            return self.candidate.modules
        return modules_of_ours(self.candidate.law)


def modules_of_ours(source: str) -> frozenset[str]:
    """What source of our own imports beside numpy."""
    return frozenset({"scipy.special"} if "import scipy.special" in source else ())


def message(order: Order, limits: Limits) -> bytes:
    """The job as bytes: source, names, and the rows that its process may know."""
    schema, ours = order.schema, not order.foreign
    known = schema.features, schema.targets, order.groups, schema.cap, limits.constants, order.seed
    spec = Spec(*known, ours, order.families)
    header = {
        "source": order.candidate.source if order.own else order.candidate.law,
        "bare": "" if order.foreign else order.candidate.bare,
        "kind": order.candidate.kind,
        "imports": list(ALLOWED_IMPORTS),
        "spec": asdict(spec),
        "fit": order.fit is not None,
        "weighted": order.fit is not None and order.fit.weight is not None,
        "predict": len(order.predict),
        "optional": order.optional,
        "names": list(next((c.names for c in order.constants if c is not None), ())),
    }
    return pack_job(header, _arrays(order))


def screening_message(job: ScreenJob, limits: Limits) -> bytes:
    """A screening as bytes."""
    header = {
        "screen": list(job.sources),
        "spec": asdict(Spec(job.schema.features, job.schema.targets, job.fit.groups, None, limits.constants, 0)),
        "starts": job.effort.starts,
        "finalists": job.effort.finalists,
    }
    return pack_job(header, _measured(job.fit))


def screened(job: ScreenJob, outcome: Outcome) -> Array | None:
    """The cost (F,) of each form, NaN for one that could not be fitted; None where the process did not end well."""
    try:
        reply = unpack_reply(outcome.reply, 0, 0, [len(job.sources)], 1)
    except Malformed:
        return None
    return reply.predictions[0][:, 0] if outcome.exit_code == 0 and reply.predictions else None


def _arrays(order: Order) -> list[Any]:
    arrays: list[Any] = [] if order.fit is None else _measured(order.fit)
    for place, table in enumerate(order.predict):
        if order.fit is None:
            constants = order.constants[place]
            arrays.append(np.empty((len(order.groups), 0)) if constants is None else constants.values)
        arrays += [table.matrix(), table.codes.astype(np.int64)]
    return arrays


def _measured(table: Table) -> list[Any]:
    weight = [] if table.weight is None else [table.weight]
    return [table.matrix(), table.codes.astype(np.int64), table.target_matrix(), *weight]


def bound(order: Order, limits: Limits) -> int:
    """The most bytes that a reply may have."""
    return reply_bound(len(order.groups), limits.constants, order.rows, len(order.schema.targets))


def result(order: Order, outcome: Outcome, limits: Limits) -> JobResult:
    """What became of an order, judged by the exit status first, the counts second, and the words last."""
    usage = Usage(outcome.wall, outcome.cpu, outcome.peak_bytes)
    output = clean_lines(outcome.output.decode(errors="replace"), OUTPUT_CHARACTERS)

    def failed(verdict: Verdict, text: str) -> JobResult:
        return JobResult(verdict, clean(text), usage=usage, output=output)

    if not outcome.started:
        return failed(Verdict.SANDBOX_BROKEN, f"the isolated process did not get ready ({_how(outcome)})")
    if (ended := _ended_early(outcome, limits)) is not None:
        return failed(*ended)
    try:
        targets = len(order.schema.targets)
        reply = unpack_reply(outcome.reply, len(order.groups), limits.constants, order.rows, targets)
    except Malformed as error:
        return failed(Verdict.CRASH, f"The candidate ended without a complete result: {error}.")
    if reply.verdict is Verdict.OK:
        problem = _unfit(order, reply)
        return _success(order, reply, usage, output) if problem is None else failed(*problem)
    stage = reply.stage if reply.stage in _STAGES else ""
    allowed = reply.verdict if reply.verdict in _FROM_CHILD else Verdict.CRASH
    return JobResult(allowed, clean(reply.message), stage, usage=usage, output=output)


def _ended_early(outcome: Outcome, limits: Limits) -> tuple[Verdict, str] | None:
    if outcome.talkative:
        return Verdict.OUTPUT_LIMIT, f"The candidate printed more than {limits.output_bytes} bytes."
    if outcome.oversized:
        return Verdict.WRONG_SHAPE, "The candidate returned more numbers than there are rows and constants."
    if outcome.overdue:
        return Verdict.TIMEOUT, f"The candidate ran longer than {limits.wall_seconds:g} s."
    if _spent_its_cpu(outcome, limits):
        return Verdict.TIMEOUT, f"The candidate used more than {limits.cpu_seconds:g} s of CPU time."
    if killed_from_outside(outcome, limits):
        return Verdict.MEMORY, "The candidate was killed by the system, most likely for want of memory."
    if outcome.signal is not None or outcome.exit_code != 0:
        return Verdict.CRASH, f"The candidate's process ended early ({_how(outcome)})."
    return None


def _spent_its_cpu(outcome: Outcome, limits: Limits) -> bool:
    # The kernel sends SIGXCPU by a finer clock than the one it reports, which may still be short of the limit.
    killed = outcome.signal == signal.SIGKILL and outcome.cpu >= limits.cpu_seconds
    return outcome.signal == signal.SIGXCPU or killed


def killed_from_outside(outcome: Outcome, limits: Limits) -> bool:
    """Whether somebody else's SIGKILL ended the process: the system's for want of memory, or anybody's."""
    ours = outcome.talkative or outcome.oversized or outcome.overdue or _spent_its_cpu(outcome, limits)
    return outcome.signal == signal.SIGKILL and not ours


def _how(outcome: Outcome) -> str:
    if outcome.signal is None:
        return f"exit code {outcome.exit_code}"
    try:
        return f"signal {signal.Signals(outcome.signal).name}"
    except ValueError:
        return f"signal {outcome.signal}"


def _unfit(order: Order, reply: Reply) -> tuple[Verdict, str] | None:
    """Why numbers that claim to be fine are not: the child is not believed."""
    required = reply.predictions[: len(order.predict) - order.optional]
    if not all(np.isfinite(prediction).all() for prediction in required):
        return Verdict.NON_FINITE, "Some predictions are not finite."
    count, cap = len(reply.names), order.schema.cap
    if cap is not None and count > cap * len(order.schema.targets):
        return (Verdict.OVER_CAP, f"{count} constants per group were returned; the task allows {cap} per target.")
    if len(set(reply.names)) != count or not all(_is_name(order, name) for name in reply.names):
        return (
            Verdict.CONTRACT,
            f"The parameters' names are not different identifiers of at most {MAX_NAME} characters that stand in "
            "PARAMETERS as they are.",
        )
    if order.fit is not None and reply.values is not None and not _fitted(order.fit, reply.values):
        return Verdict.NON_FINITE, "A constant of a fitted group is not finite."
    return None


def _is_name(order: Order, name: str) -> bool:
    """A name is no place for data: it is known from the source before anything runs."""
    if order.candidate.statement is not None:
        return name in {parameter.name for parameter in order.candidate.statement.parameters}
    written = order.candidate.kind != "form" or name in order.candidate.source
    return written and name.isidentifier() and len(name) <= MAX_NAME


def _fitted(table: Table, values: Array) -> bool:
    present = np.unique(table.codes)
    others = np.delete(values, present, axis=0)
    return bool(np.isfinite(values[present]).all()) and not bool(np.isinf(others).any())


def _success(order: Order, reply: Reply, usage: Usage, output: str) -> JobResult:
    constants: Constants | None = None
    status: tuple[str, ...] = ()
    if order.fit is not None and reply.values is not None:
        values = np.where(np.isnan(reply.values), np.nan, reply.values)
        constants = Constants(reply.names, order.groups, values)
        if order.candidate.statement is not None:  # as the source declares them, not as they are fitted
            constants = constants.named([p.name for p in order.candidate.statement.parameters])
        if len(reply.status) == len(order.groups):
            status = tuple(clean(text, STATUS_CHARACTERS) for text in reply.status)
    return JobResult(Verdict.OK, "", "", constants, reply.predictions, status, usage, output)
