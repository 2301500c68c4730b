"""Runs a candidate inside its own process: loads it, fits it, predicts. The parent trusts none of it.

The cap's rule: a law has at most `cap` constants for each group and target. Every constant counts that predicts a
group's rows, a shared one as well, because without it the group could not be predicted. Screening and the choice, which
weigh simplicity, count the numbers that were fitted instead, where a shared constant is one number for all groups.
"""

import builtins
import random
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lawsmith.sandbox.constants import MOST, rounded, significant_digits
from lawsmith.sandbox.fitting import Form, endings, fit_form
from lawsmith.sandbox.law.printed import PrintedGradient, printed_gradients
from lawsmith.sandbox.returned import (
    Spec,
    as_matrix,
    check_cap,
    from_records,
    kind_of,
    loss,
    numbers,
    parameters,
    per_target,
    scalar,
    shared,
    some,
    writable,
)
from lawsmith.sandbox.verdict import Refused, Verdict
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.table import Table

ROUNDING = 1e-12  # share of the predictions by which the order of operations may change them
UNNOTICED = 0.1  # share of the standard error of a mean, by which predictions may move when constants are rounded
OURS = ("numpy", "scipy")  # what forms of our own import
MODULE = "candidate"
FILENAME = "<candidate>"


@dataclass(frozen=True, eq=False)
class FittedLaw:
    """names: K constants. values: (G, K), NaN rows for groups without rows. status: one per group."""

    names: tuple[str, ...]
    values: Array
    status: tuple[str, ...]


class LoadedLaw:
    """A loaded candidate."""

    spec: Spec

    def fit(self, table: Table) -> FittedLaw:
        """The constants of each group, fitted to its rows of `table`. Raises Refused where the candidate fails."""
        raise NotImplementedError

    def predict(self, constants: FittedLaw, table: Table) -> Array:
        """The predictions (n, T) for the rows of `table`, group by group. Raises Refused where the candidate fails."""
        predictions = np.full((len(table), len(self.spec.targets)), np.nan)
        order = np.argsort(table.codes, kind="stable")
        groups, begins = np.unique(table.codes[order], return_index=True)
        for group, index in zip(groups.tolist(), np.split(order, begins[1:]), strict=False):  # of no rows, one part
            columns = {name: column[index] for name, column in table.features.items()}
            predictions[index] = self._of_group(constants, group, columns, len(index))
        return predictions

    def _of_group(self, constants: FittedLaw, group: int, columns: dict[str, Array], rows: int) -> Array:
        """The same for the rows of one group; the columns are copies, to do with as the candidate likes."""
        raise NotImplementedError


def load(source: str, kind: str, allowed_imports: Sequence[str], spec: Spec) -> LoadedLaw:
    """Executes the source in a fresh module and wraps what it defines."""
    np.seterr(all="ignore")
    np.random.seed(spec.seed % 2**32)
    random.seed(spec.seed)
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module  # dataclasses look their module up
    module.__dict__["__builtins__"] = _builtins(allowed_imports)
    code = compile(source, FILENAME, "exec", dont_inherit=True, optimize=2)  # without docstrings
    exec(code, module.__dict__)
    if kind == "form":
        return FormLaw(module, spec, printed_gradients(source, vars(module), _defined) if spec.ours else {})
    return PairLaw(module, spec) if kind == "pair" else ClosedLaw(module, spec)


def own_form(source: str, spec: Spec) -> Form:
    """What the engine fits of a print of our own, without a candidate's part in it."""
    law = load(source, "form", OURS, replace(spec, ours=True))
    assert isinstance(law, FormLaw)
    return law.to_fit


def _defined(source: str, names: dict[str, Any]) -> dict[str, Any]:
    """The names with what the source defines: our own print, put together anew."""
    exec(compile(source, "<printed>", "exec", dont_inherit=True), names)
    return names


def _builtins(allowed: Sequence[str]) -> dict[str, Any]:
    """The usual built-ins; imports by the candidate are held to the contract, for the message, not safety."""

    def importing(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level or name.split(".")[0] not in allowed:
            raise Refused(Verdict.IMPORT_REFUSED, f"The candidate imports {name!r}; allowed are {', '.join(allowed)}.")
        return __import__(name, globals, locals, fromlist, level)

    return {**vars(builtins), "__import__": importing}


class FormLaw(LoadedLaw):
    """PARAMETERS and form(x, p), fitted by the engine or by the candidate's own fit(x, y).

    printed: the gradients of our own print, by their names. bare: the law without guards, if it has any. Guards hide
    slopes from a fit, and so the bare law is fitted first; its constants stand where no guard acts on the rows.
    """

    bare: "FormLaw | None" = None

    def __init__(self, module: types.ModuleType, spec: Spec, printed: Mapping[str, PrintedGradient]) -> None:
        self.spec = spec
        self.form = _function(module, "form")
        self.own_fit = _function(module, "fit") if hasattr(module, "fit") else None
        self.names, self.lower, self.upper = parameters(getattr(module, "PARAMETERS", None))
        self.shared = shared(getattr(module, "SHARED", ()), self.names)
        self.loss = loss(getattr(module, "LOSS", "squared"))
        gradient = _function(module, "gradient") if hasattr(module, "gradient") else None
        self.gradient = printed.get("gradient", gradient)
        self.per_target = per_target(getattr(module, "PER_TARGET", {}), spec.targets)
        if printed:
            pairs = self.per_target.items()
            self.per_target = {target: (own, printed[slope.__name__]) for target, (own, slope) in pairs}
        check_cap(len(self.names), spec)

    def fit(self, table: Table) -> FittedLaw:
        """See `LoadedLaw.fit`."""
        if self.own_fit is not None:
            return _fit_groups(table, self.spec, self._fit_group, self.names)
        if self.bare is not None and self._agrees(found := self.bare.fit(table), table):
            return found
        form = self.to_fit
        fitted = fit_form(form, table, self.spec.targets, seed=self.spec.seed, families=self.spec.families)
        status = endings(form, fitted, table, self.spec.targets)
        values = np.asarray(fitted.values, dtype=np.float64)
        return FittedLaw(self.names, self._told(values, table) if self.spec.ours else values, status)

    def _agrees(self, found: FittedLaw, table: Table) -> bool:
        """Whether the bare law with these constants is this law on the rows of the table."""
        assert self.bare is not None
        values = found.values[:, [found.names.index(name) for name in self.names]]
        own, plain = self._everywhere(values, table), self.bare._everywhere(found.values, table)
        return bool(np.allclose(own, plain, rtol=ROUNDING, atol=ROUNDING * float(np.abs(plain).max(initial=0.0))))

    @property
    def to_fit(self) -> Form:
        """The form as the engine takes it."""
        return Form(
            self.names,
            self.lower,
            self.upper,
            call=self.form,
            shared=self.shared,
            gradient=self.gradient,
            loss=self.loss,
            per_target=self.per_target,
        )

    def _told(self, values: Array, table: Table) -> Array:
        """The constants to the digits that the rows can tell, and to more where predictions would notice."""
        before = self._everywhere(values, table)
        digits = significant_digits(table, before)
        noise = np.sqrt(np.mean((table.target_matrix() - before) ** 2, axis=0) / len(table))
        while digits < MOST:
            fewer = np.clip(rounded(values, digits), self.lower, self.upper)
            moved = np.sqrt(np.mean((self._everywhere(fewer, table) - before) ** 2, axis=0))
            if (moved <= UNNOTICED * noise).all():
                return fewer
            digits += 1
        return values

    def _everywhere(self, values: Array, table: Table) -> Array:
        """Predictions (n, T) with the constants (G, K), all groups at once: our own source works row by row."""
        p = {name: values[table.codes, k] for k, name in enumerate(self.names)}
        return as_matrix(self.form(dict(table.features), p), len(table), self.spec.targets, "form")

    def _fit_group(self, rows: Table) -> dict[str, float]:
        assert self.own_fit is not None
        y = dict(rows.targets) if len(self.spec.targets) > 1 else rows.targets[self.spec.targets[0]]
        returned = self.own_fit(writable(rows.features), writable(y) if isinstance(y, dict) else y.copy())
        if not isinstance(returned, Mapping):
            raise Refused(Verdict.CONTRACT, f"fit must return a dict of parameters, not {kind_of(returned)}.")
        names = [str(name) for name in returned]
        check_cap(len(names), self.spec)
        if set(names) != set(self.names):
            raise Refused(Verdict.CONTRACT, f"fit returned {some(names)} where PARAMETERS names {some(self.names)}.")
        return {name: scalar(value, f"parameter {name}") for name, value in returned.items()}

    def _of_group(self, constants: FittedLaw, group: int, columns: dict[str, Array], rows: int) -> Array:
        p = dict(zip(constants.names, constants.values[group].tolist(), strict=True))
        return as_matrix(self.form(columns, p), rows, self.spec.targets, "form")


class ClosedLaw(LoadedLaw):
    """law(input_data, group), the protocol of published SLDBench solutions."""

    def __init__(self, module: types.ModuleType, spec: Spec) -> None:
        self.spec = spec
        self.law = _function(module, "law")

    def fit(self, table: Table) -> FittedLaw:
        """See `LoadedLaw.fit`."""
        return FittedLaw((), np.empty((len(self.spec.groups), 0)), tuple("closed law" for _ in self.spec.groups))

    def _of_group(self, constants: FittedLaw, group: int, columns: dict[str, Array], rows: int) -> Array:
        values = [columns[name].tolist() for name in self.spec.features]
        data = [dict(zip(self.spec.features, row, strict=True)) for row in zip(*values, strict=True)]
        returned = self.law(data, self.spec.groups[group])
        return from_records(returned, rows, self.spec.targets)


class PairLaw(LoadedLaw):
    """scaling_law_func(data_points, params) and fit_scaling_law(data_points, loss_values), fitted per group.

    Parameters of shape (P,) are named p0, p1, …; those of shape (T, P) are named p0_0, p0_1, … by target and
    place.
    """

    def __init__(self, module: types.ModuleType, spec: Spec) -> None:
        self.spec = spec
        self.func = _function(module, "scaling_law_func")
        self.own_fit = _function(module, "fit_scaling_law")

    def fit(self, table: Table) -> FittedLaw:
        """See `LoadedLaw.fit`."""
        return _fit_groups(table, self.spec, self._fit_group, None)

    def _fit_group(self, rows: Table) -> dict[str, float]:
        y = rows.target_matrix()
        returned = self.own_fit(rows.matrix(), y[:, 0] if y.shape[1] == 1 else y)
        params = numbers(returned, "fit_scaling_law")
        if params.ndim > 2 or params.size == 0:
            raise Refused(Verdict.CONTRACT, f"fit_scaling_law returned parameters of shape {params.shape}.")
        check_cap(params.size, self.spec)
        if params.ndim < 2:
            return {f"p{k}": float(value) for k, value in enumerate(np.atleast_1d(params))}
        return {f"p{t}_{k}": float(value) for (t, k), value in np.ndenumerate(params)}

    def _of_group(self, constants: FittedLaw, group: int, columns: dict[str, Array], rows: int) -> Array:
        params = constants.values[group].copy()
        if constants.names and "_" in constants.names[0]:
            params = params.reshape(1 + int(constants.names[-1][1:].split("_")[0]), -1)
        returned = self.func(np.column_stack(list(columns.values())), params)
        return as_matrix(returned, rows, self.spec.targets, "scaling_law_func")


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
        raise Refused(Verdict.CONTRACT, "fit must return the same parameters for every group.")
    values = np.full((len(spec.groups), len(listed)), np.nan)
    for group, found in fitted.items():
        values[group] = [found[name] for name in listed]
    status = tuple("fitted by the candidate" if g in fitted else "no rows" for g in range(len(spec.groups)))
    return FittedLaw(listed, values, status)


def _function(module: types.ModuleType, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise Refused(Verdict.CONTRACT, f"{name} must be a function.")
    return found  # type: ignore[no-any-return]
