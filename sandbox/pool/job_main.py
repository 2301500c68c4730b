"""One job in one process that is locked down already: read it, run the candidate, write the reply, leave."""

import gc
import os
import sys
import traceback
import warnings
from types import TracebackType
from typing import Any, cast

import numpy as np

from lawsmith.sandbox.contract import FILENAME, FittedLaw, FormLaw, LoadedLaw, load, own_form
from lawsmith.sandbox.fitting import Effort, fit_form
from lawsmith.sandbox.isolation.canaries import Bait, attempt
from lawsmith.sandbox.pool.protocol import READY, Reply, pack_reply, unpack_job, write_all
from lawsmith.sandbox.returned import Spec
from lawsmith.sandbox.verdict import Refused, Verdict
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.table import Table

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
        write_all(descriptor, READY + pack_reply(Reply(Verdict.OK, status=tuple(outcomes.values()))))
        return
    warnings.simplefilter("ignore")
    gc.enable()
    write_all(descriptor, READY)
    reply = _screening(header, arrays) if "screen" in header else _JobWork(header).reply(arrays)
    write_all(descriptor, pack_reply(reply))


def warm_up() -> None:
    """Fits and predicts once, so that what libraries load or build on first use is there before any fork."""
    n = np.tile(np.geomspace(1.0, 1e4, 12), 3)
    spec = Spec(("n",), ("y",), ("a", "b", "c"), None, 8, 0)
    table = Table({"n": n}, {"y": 1 + 2 * n**-0.3}, spec.groups, np.repeat(np.arange(3), 12))
    law = load(_TYPICAL, "form", (), spec)
    law.predict(law.fit(table), table)


def _spec(header: dict[str, Any]) -> Spec:
    said: dict[str, Any] = {n: tuple(one) if isinstance(one, list) else one for n, one in header["spec"].items()}
    return Spec(**said)


def _screening(header: dict[str, Any], arrays: list[Any]) -> Reply:
    """The cost of each form, all of our own; see `lawsmith.sandbox.jobs.ScreenJob`."""
    spec = _spec(header)
    features, codes, targets, *weight = arrays
    table = _table(features, codes, spec, targets, *weight)
    effort = Effort(header["starts"], header["finalists"])
    costs = np.empty((len(header["screen"]), 1))
    for place, source in enumerate(header["screen"]):
        fitted = fit_form(own_form(source, spec), table, spec.targets, effort=effort)
        costs[place] = fitted.total_cost(table.codes)
    return Reply(Verdict.OK, values=np.empty((0, 0)), predictions=(costs,))


class _JobWork:
    """A job of a candidate; `stage` is where it is."""

    def __init__(self, header: dict[str, Any]) -> None:
        self.header, self.spec = header, _spec(header)
        self.stage = "load"

    def reply(self, sets: list[Any]) -> Reply:
        try:
            return self._perform(sets)
        except Refused as broken:
            verdict, message = broken.verdict, broken.message
        except MemoryError:
            verdict, message = Verdict.MEMORY, "The candidate asked for more memory than it may use."
        except SyntaxError as error:
            verdict, message = Verdict.SYNTAX, f"Line {error.lineno}: {error.msg}."
        except BaseException as error:  # noqa: BLE001 - a candidate may raise anything, SystemExit included
            verdict, message = Verdict.CRASH, _describe(error)
        return Reply(verdict, self.stage, message)

    def _perform(self, sets: list[Any]) -> Reply:
        spec, header = self.spec, self.header
        law, fitted = load(header["source"], header["kind"], header["imports"], spec), None
        if header["bare"] and isinstance(law, FormLaw):
            law.bare = cast(FormLaw, load(header["bare"], "form", header["imports"], spec))
        if header["fit"]:
            self.stage = "fit"
            features, codes, targets, *weight = (sets.pop(0) for _ in range(4 if header["weighted"] else 3))
            table = _table(features, codes, spec, targets, *weight)
            fitted = law.fit(table)
            _require_fit(fitted, table, spec)
        self.stage = "predict"
        predictions = []
        for place in range(header["predict"]):
            known = fitted or FittedLaw(tuple(header["names"]), sets.pop(0), ())
            required = place < header["predict"] - header["optional"]
            predictions.append(_predict(law, known, sets, spec, required))
        told = fitted or FittedLaw((), np.empty((len(spec.groups), 0)), ())
        return Reply(Verdict.OK, "", "", told.names, told.status, told.values, tuple(predictions))


def _table(features: Any, codes: Any, spec: Spec, targets: Any = None, weight: Any = None) -> Table:
    columns = {name: features[:, i] for i, name in enumerate(spec.features)}
    measured = {} if targets is None else {name: targets[:, i] for i, name in enumerate(spec.targets)}
    return Table(columns, measured, spec.groups, codes, weight)


def _predict(law: LoadedLaw, fitted: FittedLaw, sets: list[Any], spec: Spec, required: bool) -> Any:
    table = _table(sets.pop(0), sets.pop(0), spec)
    if required:
        return _finite(law.predict(fitted, table), table, spec)
    try:
        return law.predict(fitted, table)
    except Exception:  # noqa: BLE001 - whatever it is, there is no prediction
        return np.full((len(table), len(spec.targets)), np.nan)


def _finite(predictions: Array, table: Table, spec: Spec) -> Array:
    bad = np.flatnonzero(~np.isfinite(predictions).all(axis=1))
    if len(bad):
        row = bad[0]
        where = ", ".join(f"{name}={table.features[name][row]:.6g}" for name in spec.features[:6])
        group = f" in group {spec.groups[table.codes[row]]!r}" if len(spec.groups) > 1 else ""
        raise Refused(
            Verdict.NON_FINITE,
            f"{len(bad)} of {len(table)} rows got a prediction that is not finite, first at {where}{group}.",
        )
    return predictions


def _require_fit(fitted: FittedLaw, table: Table, spec: Spec) -> None:
    missing = np.isnan(fitted.values).any(axis=1) if fitted.names else np.zeros(len(spec.groups), dtype=bool)
    rows = np.bincount(table.codes, minlength=len(spec.groups))
    failed = np.flatnonzero(missing & (rows > 0))
    if len(failed):
        first = failed[0]
        raise Refused(
            Verdict.FIT_FAILED,
            f"{len(failed)} of {np.count_nonzero(rows)} groups could not be fitted, "
            f"first {spec.groups[first]!r}: {fitted.status[first]}.",
        )
    if not np.isfinite(fitted.values[~missing]).all():
        raise Refused(Verdict.NON_FINITE, "The fit gave a constant that is not finite.")


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
