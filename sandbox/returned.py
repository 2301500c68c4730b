"""What a candidate declares and returns, turned into plain numbers or into a sentence about what is wrong."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.verdict import Refused, Verdict
from lawsmith.tasks.arrays import Array


@dataclass(frozen=True)
class Spec:
    """The task as the child process sees it; `ours` says that the source is our own print of a law.

    families: see `FitJob`."""

    features: tuple[str, ...]
    targets: tuple[str, ...]
    groups: tuple[str, ...]
    cap: int | None
    constants: int
    seed: int
    ours: bool = False
    families: int = 1


def parameters(declared: Any) -> tuple[tuple[str, ...], Array, Array]:
    """Names, lower and upper bounds (K,) of what PARAMETERS declares; raises Refused."""
    rule = "PARAMETERS must be a tuple of names, or a dict of name -> (low, high)"
    if isinstance(declared, Mapping):
        names, bounds = tuple(declared), list(declared.values())
    elif isinstance(declared, tuple | list):
        names, bounds = tuple(declared), [(-math.inf, math.inf)] * len(declared)
    else:
        raise Refused(Verdict.CONTRACT, f"{rule}, not {kind_of(declared)}.")
    identifiers = all(isinstance(name, str) and name.isidentifier() for name in names)
    if not identifiers or len(set(names)) != len(names):
        raise Refused(Verdict.CONTRACT, f"{rule}; each name a different Python identifier.")
    lower, upper = np.empty(len(names)), np.empty(len(names))
    for k, (name, bound) in enumerate(zip(names, bounds, strict=True)):
        try:
            low, high = (None, None) if bound is None else bound
            lower[k] = -math.inf if low is None else float(low)
            upper[k] = math.inf if high is None else float(high)
        except (TypeError, ValueError):
            raise Refused(Verdict.CONTRACT, f"{rule}; the bounds of {name!r} are not two numbers.") from None
        if not lower[k] < upper[k]:
            raise Refused(Verdict.CONTRACT, f"The bounds of {name!r} must have low < high.")
    return names, lower, upper


def shared(declared: Any, names: tuple[str, ...]) -> frozenset[str]:
    """The names in SHARED; raises Refused for one that is no parameter."""
    listed = (declared,) if isinstance(declared, str) else tuple(declared)
    unknown = [name for name in listed if name not in names]
    if unknown:
        raise Refused(Verdict.CONTRACT, f"SHARED names {unknown[0]!r}, which is not in PARAMETERS.")
    return frozenset(listed)


def loss(declared: Any) -> Loss:
    """The loss that LOSS names; raises Refused for another."""
    try:
        return Loss(declared)
    except ValueError:
        allowed = ", ".join(repr(loss.value) for loss in Loss)
        raise Refused(Verdict.CONTRACT, f"LOSS must be one of {allowed}.") from None


def per_target(declared: Any, targets: Sequence[str]) -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """PER_TARGET: target -> (form, gradient) of that target alone; it must then name every target.

    Raises Refused for anything else.
    """
    if not declared:
        return {}
    pairs = dict(declared) if isinstance(declared, Mapping) else {}
    sound = all(isinstance(pair, tuple) and len(pair) == 2 and all(map(callable, pair)) for pair in pairs.values())
    if set(pairs) != set(targets) or not sound:
        raise Refused(Verdict.CONTRACT, "PER_TARGET must map every target to a tuple (form, gradient) of functions.")
    return pairs


def check_cap(count: int, spec: Spec) -> None:
    """Raises Refused for more constants per group than the task or the limits allow."""
    if count > spec.constants:
        raise Refused(Verdict.OVER_CAP, f"{count} constants per group; at most {spec.constants} are ever allowed.")
    if spec.cap is not None and count > spec.cap * len(spec.targets):
        per_target = f" ({spec.cap} for each of {len(spec.targets)} targets)" if len(spec.targets) > 1 else ""
        allowed = spec.cap * len(spec.targets)
        raise Refused(Verdict.OVER_CAP, f"{count} constants per group, the task allows {allowed}{per_target}.")


def writable(columns: Mapping[str, Array]) -> dict[str, Array]:
    """Copies of the columns, which the candidate may overwrite."""
    return {name: column.copy() for name, column in columns.items()}


def numbers(value: Any, where: str) -> Array:
    """The value as an array of floats of its own shape; raises Refused that names `where` it is from."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array.astype(np.float64)
        if array.dtype.kind == "c" or any(isinstance(item, complex) for item in array.flat):
            raise TypeError("a complex number has no order")  # numpy would drop the imaginary part
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise Refused(Verdict.WRONG_SHAPE, f"{where} returned {kind_of(value)} that is not real numbers.") from None


def scalar(value: Any, what: str) -> float:
    """The value as one float; raises Refused that names `what` it is."""
    array = numbers(value, f"fit, for {what},")
    if array.size != 1:
        raise Refused(Verdict.CONTRACT, f"fit must return one number for {what}, not {array.size}.")
    return float(array.reshape(()))


def as_matrix(returned: Any, rows: int, targets: Sequence[str], where: str) -> Array:
    """(n, T) from an array (n,), (n, T), (n, 1), or a mapping target -> (n,). Raises Refused for anything else."""
    if isinstance(returned, Mapping):
        missing = [target for target in targets if target not in returned]
        if missing:
            raise Refused(Verdict.WRONG_SHAPE, f"{where} returned no value for the target {missing[0]!r}.")
        return np.column_stack([_column(returned[t], rows, f"{where}, for {t}") for t in targets])
    if len(targets) == 1:
        return _column(returned, rows, where)[:, None]
    array = numbers(returned, where)
    if array.shape != (rows, len(targets)):
        raise Refused(Verdict.WRONG_SHAPE, f"{where} returned shape {array.shape}; expected {(rows, len(targets))}.")
    return array


def _column(value: Any, rows: int, where: str) -> Array:
    array = numbers(value, where)
    if array.shape == (rows, 1):
        array = array[:, 0]
    if array.shape != (rows,):
        raise Refused(Verdict.WRONG_SHAPE, f"{where} returned shape {array.shape}; expected ({rows},).")
    return array


def from_records(returned: Any, rows: int, targets: Sequence[str]) -> Array:
    """The predictions (n, T) in a list of dicts; raises Refused."""
    if not isinstance(returned, list | tuple) or len(returned) != rows:
        found = f"{len(returned)} rows" if isinstance(returned, list | tuple) else kind_of(returned)
        raise Refused(Verdict.WRONG_SHAPE, f"law returned {found}; expected a list of {rows} dicts.")
    values = np.empty((rows, len(targets)))
    for i, record in enumerate(returned):
        for t, target in enumerate(targets):
            if not isinstance(record, Mapping) or target not in record:
                raise Refused(Verdict.WRONG_SHAPE, f"law returned no {target!r} for row {i}.")
            values[i, t] = _scalar_or_broken(record[target], target)
    return values


def _scalar_or_broken(value: Any, target: str) -> float:
    try:
        if np.iscomplexobj(value):
            raise TypeError("a complex number has no order")
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise Refused(Verdict.WRONG_SHAPE, f"law returned {kind_of(value)} for {target!r}, not a number.") from None


def kind_of(value: Any) -> str:
    """The type of a value in words."""
    return f"a value of type {type(value).__name__}"


def some(names: Sequence[str]) -> str:
    """The first names, quoted, for a message."""
    return ", ".join(repr(name) for name in names[:8]) + (", …" if len(names) > 8 else "")
