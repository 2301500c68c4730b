"""Runs a candidate inside its own process: loads it, fits it, predicts. Nothing here is trusted by the parent."""

import builtins
import math
import random
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sandbox.fitting import Form, Loss, fit_form
from sandbox.verdict import Verdict
from tasks.arrays import Array
from tasks.table import Table

MODULE = "candidate"
FILENAME = "<candidate>"


class Broken(Exception):
    """The candidate breaks its contract: a verdict and a sentence for the proposer."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message


@dataclass(frozen=True)
class Spec:
    """What the child is told about its task."""

    features: tuple[str, ...]
    targets: tuple[str, ...]
    groups: tuple[str, ...]
    cap: int | None
    constants: int
    seed: int


@dataclass(frozen=True, eq=False)
class FittedLaw:
    """names: K constants. values: (G, K), NaN rows for groups without rows. status: one sentence per group."""

    names: tuple[str, ...]
    values: Array
    status: tuple[str, ...]


class Law(Protocol):
    """A loaded candidate."""

    def fit(self, table: Table) -> FittedLaw: ...

    def predict(self, constants: FittedLaw, table: Table) -> Array: ...


def load(source: str, kind: str, allowed_imports: Sequence[str], spec: Spec) -> Law:
    """Executes the source in a fresh module and wraps what it defines."""
    np.seterr(all="ignore")
    np.random.seed(spec.seed % 2**32)
    random.seed(spec.seed)
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module  # dataclasses look their module up
    module.__dict__["__builtins__"] = _builtins(allowed_imports)
    code = compile(source, FILENAME, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - what this process was isolated for
    if kind == "form":
        return FormLaw(module, spec)
    return PairLaw(module, spec) if kind == "pair" else ClosedLaw(module, spec)


def _builtins(allowed: Sequence[str]) -> dict[str, Any]:
    """The usual built-ins, with imports by the candidate itself held to the contract (for the message, not safety)."""

    def importing(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        if level or name.split(".")[0] not in allowed:
            raise Broken(
                Verdict.IMPORT_REFUSED, f"The candidate imports {name!r}; allowed are {', '.join(allowed)}."
            )
        return __import__(name, globals, locals, fromlist, level)

    return {**vars(builtins), "__import__": importing}


class FormLaw:
    """PARAMETERS and form(x, p), fitted by the engine or by the candidate's own fit(x, y)."""

    def __init__(self, module: types.ModuleType, spec: Spec) -> None:
        self.spec = spec
        self.form = _function(module, "form")
        self.own_fit = _function(module, "fit") if hasattr(module, "fit") else None
        self.names, self.lower, self.upper = _parameters(getattr(module, "PARAMETERS", None))
        self.shared = _shared(getattr(module, "SHARED", ()), self.names)
        self.loss = _loss(getattr(module, "LOSS", "squared"))
        self.gradient = _function(module, "gradient") if hasattr(module, "gradient") else None
        _check_cap(len(self.names), spec)

    def fit(self, table: Table) -> FittedLaw:
        if self.own_fit is not None:
            return _fit_groups(table, self.spec, self._fit_group, self.names)
        form = Form(
            self.names,
            self.lower,
            self.upper,
            call=self.form,
            shared=self.shared,
            gradient=self.gradient,
            loss=self.loss,
        )
        fitted = fit_form(form, table, self.spec.targets, seed=self.spec.seed)
        status = tuple(item.value for item in fitted.status)
        return FittedLaw(self.names, np.asarray(fitted.values, dtype=np.float64), status)

    def _fit_group(self, rows: Table) -> dict[str, float]:
        assert self.own_fit is not None
        y = dict(rows.targets) if len(self.spec.targets) > 1 else rows.targets[self.spec.targets[0]]
        returned = self.own_fit(_writable(rows.features), _writable(y) if isinstance(y, dict) else y.copy())
        if not isinstance(returned, Mapping):
            raise Broken(Verdict.CONTRACT, f"fit must return a dict of parameters, not {_kind_of(returned)}.")
        names = [str(name) for name in returned]
        _check_cap(len(names), self.spec)
        if set(names) != set(self.names):
            raise Broken(
                Verdict.CONTRACT, f"fit returned {_some(names)} where PARAMETERS names {_some(self.names)}."
            )
        return {name: _scalar(value, f"parameter {name}") for name, value in returned.items()}

    def predict(self, constants: FittedLaw, table: Table) -> Array:
        def one(group: int, rows: Table) -> Array:
            p = dict(zip(self.names, constants.values[group].tolist(), strict=True))
            return _as_matrix(self.form(_writable(rows.features), p), len(rows), self.spec.targets, "form")

        return _predict_groups(table, self.spec, one)


class ClosedLaw:
    """law(input_data, group), the protocol of published SLDBench solutions."""

    def __init__(self, module: types.ModuleType, spec: Spec) -> None:
        self.spec = spec
        self.law = _function(module, "law")

    def fit(self, table: Table) -> FittedLaw:
        return FittedLaw(
            (), np.empty((len(self.spec.groups), 0)), tuple("closed law" for _ in self.spec.groups)
        )

    def predict(self, constants: FittedLaw, table: Table) -> Array:
        def one(group: int, rows: Table) -> Array:
            columns = [rows.features[name].tolist() for name in self.spec.features]
            data = [dict(zip(self.spec.features, row, strict=True)) for row in zip(*columns, strict=True)]
            returned = self.law(data, self.spec.groups[group])
            return _from_records(returned, len(rows), self.spec.targets)

        return _predict_groups(table, self.spec, one)


class PairLaw:
    """scaling_law_func(data_points, params) and fit_scaling_law(data_points, loss_values), fitted per group.

    Parameters of shape (P,) are named p0, p1, …; those of shape (T, P) are named p0_0, p0_1, … by target and place.
    """

    def __init__(self, module: types.ModuleType, spec: Spec) -> None:
        self.spec = spec
        self.func = _function(module, "scaling_law_func")
        self.own_fit = _function(module, "fit_scaling_law")

    def fit(self, table: Table) -> FittedLaw:
        return _fit_groups(table, self.spec, self._fit_group, None)

    def _fit_group(self, rows: Table) -> dict[str, float]:
        y = rows.target_matrix()
        returned = self.own_fit(rows.matrix(), y[:, 0] if y.shape[1] == 1 else y)
        params = _numbers(returned, "fit_scaling_law")
        if params.ndim > 2 or params.size == 0:
            raise Broken(Verdict.CONTRACT, f"fit_scaling_law returned parameters of shape {params.shape}.")
        _check_cap(params.size, self.spec)
        if params.ndim < 2:
            return {f"p{k}": float(value) for k, value in enumerate(np.atleast_1d(params))}
        return {f"p{t}_{k}": float(value) for (t, k), value in np.ndenumerate(params)}

    def predict(self, constants: FittedLaw, table: Table) -> Array:
        def one(group: int, rows: Table) -> Array:
            params = constants.values[group].copy()
            if constants.names and "_" in constants.names[0]:
                params = params.reshape(1 + int(constants.names[-1][1:].split("_")[0]), -1)
            returned = self.func(rows.matrix(), params)
            return _as_matrix(returned, len(rows), self.spec.targets, "scaling_law_func")

        return _predict_groups(table, self.spec, one)


def _fit_groups(
    table: Table, spec: Spec, fit: Callable[[Table], dict[str, float]], names: tuple[str, ...] | None
) -> FittedLaw:
    fitted = {}
    for group in range(len(spec.groups)):
        index = np.flatnonzero(table.codes == group)
        if len(index):
            fitted[group] = fit(table.take(index))
    listed = names if names is not None else tuple(next(iter(fitted.values()), {}))
    if any(set(found) != set(listed) for found in fitted.values()):
        raise Broken(Verdict.CONTRACT, "fit must return the same parameters for every group.")
    values = np.full((len(spec.groups), len(listed)), np.nan)
    for group, found in fitted.items():
        values[group] = [found[name] for name in listed]
    status = tuple("fitted by the candidate" if g in fitted else "no rows" for g in range(len(spec.groups)))
    return FittedLaw(listed, values, status)


def _predict_groups(table: Table, spec: Spec, one: Callable[[int, Table], Array]) -> Array:
    predictions = np.full((len(table), len(spec.targets)), np.nan)
    for group in np.unique(table.codes).tolist():
        index = np.flatnonzero(table.codes == group)
        predictions[index] = one(group, table.take(index))
    return predictions


def _function(module: types.ModuleType, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise Broken(Verdict.CONTRACT, f"{name} must be a function.")
    return found  # type: ignore[no-any-return]


def _parameters(declared: Any) -> tuple[tuple[str, ...], Array, Array]:
    rule = "PARAMETERS must be a tuple of names, or a dict of name -> (low, high)"
    if isinstance(declared, Mapping):
        names, bounds = tuple(declared), list(declared.values())
    elif isinstance(declared, tuple | list):
        names, bounds = tuple(declared), [(-math.inf, math.inf)] * len(declared)
    else:
        raise Broken(Verdict.CONTRACT, f"{rule}, not {_kind_of(declared)}.")
    identifiers = all(isinstance(name, str) and name.isidentifier() for name in names)
    if not identifiers or len(set(names)) != len(names):
        raise Broken(Verdict.CONTRACT, f"{rule}; each name a different Python identifier.")
    lower, upper = np.empty(len(names)), np.empty(len(names))
    for k, (name, bound) in enumerate(zip(names, bounds, strict=True)):
        try:
            low, high = (None, None) if bound is None else bound
            lower[k] = -math.inf if low is None else float(low)
            upper[k] = math.inf if high is None else float(high)
        except (TypeError, ValueError):
            raise Broken(Verdict.CONTRACT, f"{rule}; the bounds of {name!r} are not two numbers.") from None
        if not lower[k] < upper[k]:
            raise Broken(Verdict.CONTRACT, f"The bounds of {name!r} must have low < high.")
    return names, lower, upper


def _shared(declared: Any, names: tuple[str, ...]) -> frozenset[str]:
    listed = (declared,) if isinstance(declared, str) else tuple(declared)
    unknown = [name for name in listed if name not in names]
    if unknown:
        raise Broken(Verdict.CONTRACT, f"SHARED names {unknown[0]!r}, which is not in PARAMETERS.")
    return frozenset(listed)


def _loss(declared: Any) -> Loss:
    try:
        return Loss(declared)
    except ValueError:
        allowed = ", ".join(repr(loss.value) for loss in Loss)
        raise Broken(Verdict.CONTRACT, f"LOSS must be one of {allowed}.") from None


def _check_cap(count: int, spec: Spec) -> None:
    if count > spec.constants:
        raise Broken(
            Verdict.OVER_CAP, f"{count} constants per group; at most {spec.constants} are ever allowed."
        )
    if spec.cap is not None and count > spec.cap * len(spec.targets):
        per_target = f" ({spec.cap} for each of {len(spec.targets)} targets)" if len(spec.targets) > 1 else ""
        allowed = spec.cap * len(spec.targets)
        raise Broken(Verdict.OVER_CAP, f"{count} constants per group, the task allows {allowed}{per_target}.")


def _writable(columns: Mapping[str, Array]) -> dict[str, Array]:
    return {name: column.copy() for name, column in columns.items()}


def _numbers(value: Any, where: str) -> Array:
    try:
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array.astype(np.float64)
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise Broken(
            Verdict.WRONG_SHAPE, f"{where} returned {_kind_of(value)} that is not real numbers."
        ) from None


def _scalar(value: Any, what: str) -> float:
    array = _numbers(value, f"fit, for {what},")
    if array.size != 1:
        raise Broken(Verdict.CONTRACT, f"fit must return one number for {what}, not {array.size}.")
    return float(array.reshape(()))


def _as_matrix(returned: Any, rows: int, targets: Sequence[str], where: str) -> Array:
    """(n, T) from an array (n,), (n, T), (n, 1), or a mapping target -> (n,)."""
    if isinstance(returned, Mapping):
        missing = [target for target in targets if target not in returned]
        if missing:
            raise Broken(Verdict.WRONG_SHAPE, f"{where} returned no value for the target {missing[0]!r}.")
        return np.column_stack([_column(returned[t], rows, f"{where}, for {t}") for t in targets])
    if len(targets) == 1:
        return _column(returned, rows, where)[:, None]
    array = _numbers(returned, where)
    if array.shape != (rows, len(targets)):
        raise Broken(
            Verdict.WRONG_SHAPE, f"{where} returned shape {array.shape}; expected {(rows, len(targets))}."
        )
    return array


def _column(value: Any, rows: int, where: str) -> Array:
    array = _numbers(value, where)
    if array.shape == (rows, 1):
        array = array[:, 0]
    if array.shape != (rows,):
        raise Broken(Verdict.WRONG_SHAPE, f"{where} returned shape {array.shape}; expected ({rows},).")
    return array


def _from_records(returned: Any, rows: int, targets: Sequence[str]) -> Array:
    if not isinstance(returned, list | tuple) or len(returned) != rows:
        found = f"{len(returned)} rows" if isinstance(returned, list | tuple) else _kind_of(returned)
        raise Broken(Verdict.WRONG_SHAPE, f"law returned {found}; expected a list of {rows} dicts.")
    values = np.empty((rows, len(targets)))
    for i, record in enumerate(returned):
        for t, target in enumerate(targets):
            if not isinstance(record, Mapping) or target not in record:
                raise Broken(Verdict.WRONG_SHAPE, f"law returned no {target!r} for row {i}.")
            values[i, t] = _scalar_or_broken(record[target], target)
    return values


def _scalar_or_broken(value: Any, target: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise Broken(
            Verdict.WRONG_SHAPE, f"law returned {_kind_of(value)} for {target!r}, not a number."
        ) from None


def _kind_of(value: Any) -> str:
    return f"a value of type {type(value).__name__}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:8]) + (", …" if len(names) > 8 else "")
