"""One job in one process that is locked down already: read it, run the candidate, write the reply, leave."""

import gc
import os
import sys
import traceback
import warnings
from types import TracebackType
from typing import Any

import numpy as np

from sandbox.canaries import Bait, attempt
from sandbox.contract import FILENAME, FittedLaw, Law, load
from sandbox.returned import Broken, Spec
from sandbox.verdict import Verdict
from sandbox.wire import READY, Reply, pack_reply, unpack_job
from tasks.table import Table

VERDICTS = tuple(Verdict)
_TYPICAL = """
PARAMETERS = {"c": (0, None), "a": (0, None), "k": (0, 2), "n0": (0, None)}
def form(x, p):
    return p["c"] + p["a"] * (x["n"] + p["n0"]) ** -p["k"]
"""


def run(descriptor: int) -> None:
    """Reads the job from `descriptor`, a connected stream, and writes READY, then one reply."""
    header, arrays = unpack_job(lambda count: _read_exactly(descriptor, count))
    if "bait" in header:
        outcomes = attempt(Bait(**header["bait"]))
        _write_all(descriptor, READY + pack_reply(Reply(0, status=tuple(outcomes.values()))))
        return
    warnings.simplefilter("ignore")
    gc.enable()
    _write_all(descriptor, READY)
    _write_all(descriptor, pack_reply(_reply(header, arrays)))


def warm_up() -> None:
    """Fits and predicts once, so that what libraries load or build on first use is there before any fork."""
    n = np.tile(np.geomspace(1.0, 1e4, 12), 3)
    spec = Spec(("n",), ("y",), ("a", "b", "c"), None, 8, 0)
    table = Table({"n": n}, {"y": 1 + 2 * n**-0.3}, spec.groups, np.repeat(np.arange(3), 12))
    law = load(_TYPICAL, "form", (), spec)
    law.predict(law.fit(table), table)


def _reply(header: dict[str, Any], arrays: list[Any]) -> Reply:
    stage = ["load"]
    try:
        return _perform(header, arrays, stage)
    except Broken as broken:
        return _failed(broken.verdict, stage[0], broken.message)
    except MemoryError:
        return _failed(Verdict.MEMORY, stage[0], "The candidate asked for more memory than it may use.")
    except SyntaxError as error:
        return _failed(Verdict.SYNTAX, stage[0], f"Line {error.lineno}: {error.msg}.")
    except BaseException as error:  # noqa: BLE001 - a candidate may raise anything, SystemExit included
        return _failed(Verdict.CRASH, stage[0], _describe(error))


def _perform(header: dict[str, Any], arrays: list[Any], stage: list[str]) -> Reply:
    spec = Spec(
        tuple(header["features"]),
        tuple(header["targets"]),
        tuple(header["groups"]),
        header["cap"],
        header["constants"],
        header["seed"],
    )
    law = load(header["source"], header["kind"], header["imports"], spec)
    sets = list(arrays)
    if header["fit"]:
        table = _table(sets.pop(0), sets.pop(0), spec, sets.pop(0))
        stage[0] = "fit"
        fitted = law.fit(table)
        _require_fit(fitted, table, spec)
        stage[0] = "predict"
        predictions = [_predict(law, fitted, sets, spec) for _ in range(header["predict"])]
        return Reply(
            VERDICTS.index(Verdict.OK), "", "", fitted.names, fitted.status, fitted.values, tuple(predictions)
        )
    stage[0] = "predict"
    names = tuple(header["names"])
    predictions = []
    for _ in range(header["predict"]):
        fitted = FittedLaw(names, sets.pop(0), ())
        predictions.append(_predict(law, fitted, sets, spec))
    return Reply(
        VERDICTS.index(Verdict.OK), values=np.empty((len(spec.groups), 0)), predictions=tuple(predictions)
    )


def _table(features: Any, codes: Any, spec: Spec, targets: Any = None) -> Table:
    columns = {name: features[:, i] for i, name in enumerate(spec.features)}
    measured = {} if targets is None else {name: targets[:, i] for i, name in enumerate(spec.targets)}
    return Table(columns, measured, spec.groups, codes)


def _predict(law: Law, fitted: FittedLaw, sets: list[Any], spec: Spec) -> Any:
    table = _table(sets.pop(0), sets.pop(0), spec)
    predictions = law.predict(fitted, table)
    bad = np.flatnonzero(~np.isfinite(predictions).all(axis=1))
    if len(bad):
        row = bad[0]
        where = ", ".join(f"{name}={table.features[name][row]:.6g}" for name in spec.features[:6])
        group = spec.groups[table.codes[row]]
        raise Broken(
            Verdict.NON_FINITE,
            f"{len(bad)} of {len(table)} rows got a prediction that is not finite, "
            f"first at {where} in group {group!r}.",
        )
    return predictions


def _require_fit(fitted: FittedLaw, table: Table, spec: Spec) -> None:
    missing = np.isnan(fitted.values).any(axis=1) if fitted.names else np.zeros(len(spec.groups), dtype=bool)
    rows = np.bincount(table.codes, minlength=len(spec.groups))
    failed = np.flatnonzero(missing & (rows > 0))
    if len(failed):
        first = failed[0]
        raise Broken(
            Verdict.FIT_FAILED,
            f"{len(failed)} of {np.count_nonzero(rows)} groups could not be fitted, "
            f"first {spec.groups[first]!r}: {fitted.status[first]}.",
        )
    if not np.isfinite(fitted.values[~missing]).all():
        raise Broken(Verdict.NON_FINITE, "The fit gave a constant that is not finite.")


def _failed(verdict: Verdict, stage: str, message: str) -> Reply:
    return Reply(VERDICTS.index(verdict), stage, message)


def _describe(error: BaseException) -> str:
    """The error's type and words, and the candidate's own line that raised it."""
    try:
        words = str(error)[:2000]
    except BaseException:  # noqa: BLE001 - __str__ is the candidate's too
        words = ""
    line = _line(error.__traceback__)
    name = type(error).__name__
    return f"{name}: {words}{line}" if words else f"{name}{line}"


def _line(trace: TracebackType | None) -> str:
    lines = [number for frame, number in traceback.walk_tb(trace) if frame.f_code.co_filename == FILENAME]
    return f" (line {lines[-1]} of the source)" if lines else ""


def _read_exactly(descriptor: int, count: int) -> bytes:
    parts, missing = [], count
    while missing:
        part = os.read(descriptor, min(missing, 1 << 20))
        if not part:
            sys.exit("the job ended early")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
