"""A finished run's law for other tools: as Python, LaTeX, sympy, JSON, and as the folder that SLDBench scores."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from lawsmith.runs.laws.law import Law, law_of
from lawsmith.runs.laws.law_file import carried, read_form
from lawsmith.runs.laws.uncertain_constants import covariances, uncertainties_script
from lawsmith.runs.quoting import docstring, latex_plain, visible
from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.canonical_json import plain
from lawsmith.runs.records.files import write_atomic, writing
from lawsmith.sandbox.law.expression import parameters
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.law.write_sympy import sympy_script, to_sympy
from lawsmith.sandbox.law.write_text import formula, latex, latex_name
from lawsmith.tasks import InputError, Schema

TextFormat = Literal["law", "latex", "sympy", "json", "uncertainties"]
TEXT_FORMATS: tuple[TextFormat, ...] = get_args(TextFormat)


def export_text(archive: Archive, form: TextFormat, law: str | None = None) -> str:
    """The law of an archive (or another of its table, by id) in one of `TEXT_FORMATS`.

    law: the archived ``law.py``. latex: equation and table of constants. sympy: a script that defines
    `expressions` and `constants`. json: formula, constants per group with their covariance, scores and provenance.
    uncertainties: a script that defines `constants` as correlated numbers of the package of that name.

    Raises: InputError: the run is damaged, unfinished or without a law, or its formula cannot be stated in
    that format.
    """
    writers: Mapping[TextFormat, Callable[[Law], str]] = {
        "law": lambda law: law.source,
        "latex": _latex,
        "sympy": _sympy,
        "json": _json,
        "uncertainties": lambda law: uncertainties_script(law, _origin(law)),
    }
    if form not in writers:
        raise InputError(f"The format {form!r} is not known; choose one of {', '.join(TEXT_FORMATS)}.")
    archive.finished("export")
    return writers[form](law_of(archive, law))


def export_sldbench(archive: Archive, folder: Path, law: str | None = None) -> tuple[Path, ...]:
    """Write what SLDBench's harness scores into `folder`, and return the files.

    ``law.py`` holds `law(input_data, group)` with the archived constants. ``scaling_law.py``, for a winner that is not
    a closed law, holds the pair `scaling_law_func(data_points, params)` and `fit_scaling_law(data_points, loss_values)`
    with columns in schema order; the harness fits it anew. Raises InputError: as `export_text`, or the folder cannot be
    written.
    """
    result, _ = archive.finished("export")
    found = law_of(archive, law)
    files = {"law.py": found.source}
    fitted = not found.chosen or result.kind in ("form", "pair")
    if found.form is not None and fitted:
        files["scaling_law.py"] = pair_source(found.form, found.schema, found.constants, _origin(found))
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomic(folder / name, text.encode())
    return tuple(folder / name for name in files)


def _origin(law: Law) -> dict[str, object]:
    manifest = law.archive.manifest
    told: dict[str, object] = {"Run": manifest.address, "Created": manifest.created}
    if not law.chosen:
        told["Picked"] = f"law {law.id}, picked by the user; the search chose another"
    if manifest.source is not None:
        told["Source"] = manifest.source
    if law.schema.codes:
        told["Codes"] = "; ".join(law.schema.codes)
    if manifest.data is not None:
        told["Data"] = f"{manifest.data.source}, SHA-256 {manifest.data.sha256}"
    return told


def _stated(law: Law, form: str) -> Statement:
    """What a law states; raises InputError, which names the format, where it cannot be read."""
    found = law.read()
    if isinstance(found, Unreadable):
        raise InputError(
            f"The law of {law.archive.run} cannot be written as {form}: {visible(found.reason)}; "
            "export it as law or json."
        )
    return found


def _names(stated: Statement) -> tuple[str, ...]:
    """The constants that occur, in the order of their first use."""
    return tuple(dict.fromkeys(one.name for tree in stated.targets.values() for one in parameters(tree)))


def _latex(law: Law) -> str:
    stated = _stated(law, "LaTeX")
    comments = "".join(f"% {visible(f'{heading}: {told}')}\n" for heading, told in _origin(law).items())
    lines = " \\\\\n".join(f"  {latex_name(target)} &= {text}" for target, text in latex(stated).items())
    table = "" if not law.constants else "\n" + _latex_table(law.constants, _names(stated))
    return f"{comments}\\begin{{align}}\n{lines}\n\\end{{align}}\n{table}"


def _latex_table(constants: Mapping[str, Mapping[str, float]], order: Sequence[str]) -> str:
    names = sorted(next(iter(constants.values())), key=lambda name: (name not in order, [*order, name].index(name)))
    rows = [["group", *(f"${latex_name(name)}$" for name in names)]]
    rows += [[latex_plain(group), *(_latex_number(p[name]) for name in names)] for group, p in constants.items()]
    body = "".join(f"  {' & '.join(row)} \\\\\n" for row in rows)
    return f"\\begin{{tabular}}{{l{'r' * len(names)}}}\n{body}\\end{{tabular}}\n"


def _latex_number(value: float) -> str:
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    return f"${mantissa} \\cdot 10^{{{int(exponent)}}}$" if exponent else f"${mantissa}$"


def _sympy(law: Law) -> str:
    stated = _stated(law, "sympy")
    try:
        body = sympy_script(to_sympy(stated))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"The law of {law.archive.run} cannot be written as sympy: {error}.") from None
    told = "\n".join([visible(formula(stated)), "", *(visible(f"{k}: {v}") for k, v in _origin(law).items())])
    rows = "".join(f"    {group!a}: {dict(p)!a},\n" for group, p in law.constants.items())
    return f"{docstring(told)}\n\n{body}\nconstants = {{\n{rows}}}\n"


def _json(law: Law) -> str:
    task, found, result = law.schema, law.read(), law.archive.result
    assert result is not None
    stated = None if isinstance(found, Unreadable) else found
    scored = law.chosen
    content: dict[str, Any] = {
        "run": law.archive.manifest.address,
        "law_id": law.id,
        "chosen": law.chosen,
        "task": task.name,
        "features": task.features,
        "targets": task.targets,
        "group": task.group,
        "kind": result.kind if scored else "form",
        "formula": law.expression if stated is None else formula(stated),
        "latex": {} if stated is None else latex(stated),
        "parameters": () if stated is None else _names(stated),
        "constants": law.constants or None,
        "covariance": _covariance(law),
        "scores": result.scores if scored else None,
        "validation_r2": result.validation_r2 if scored else None,
        "provenance": _origin(law),
        "law": law.source,
    }
    return json.dumps(plain(content), indent=2, allow_nan=False) + "\n"


def _covariance(law: Law) -> dict[str, Any] | None:
    """Names of the constants and group -> matrix; None where it cannot be measured, as without the rows."""
    try:
        found = covariances(law) if law.has_intervals else None
    except InputError:
        return None
    return None if found is None else {"names": found.names, "matrices": found.matrices}


MAX_STARTS = 64  # of the exported fit: as many as the engine draws, twice

_FUNCTION = '''

def scaling_law_func(data_points, params):
    """Predictions, (n,) or (n, targets), for points (n, features) and constants (parameters,)."""
    points = numpy.asarray(data_points, dtype=float).reshape(-1, len(FEATURES))
    x = {name: points[:, place].copy() for place, name in enumerate(FEATURES)}
    p = dict(zip(PARAMETERS, numpy.ravel(params).tolist(), strict=True))
    with numpy.errstate(all="ignore"):
        value = _form(x, p)
    if isinstance(value, dict):
        value = numpy.column_stack([numpy.broadcast_to(value[target], len(points)) for target in TARGETS])
    value = numpy.asarray(value, dtype=float)
    return value[:, 0] if value.ndim == 2 and len(TARGETS) == 1 else value
'''
_OWN_FIT = '''

def fit_scaling_law(data_points, loss_values):
    """The constants (parameters,) of one group, by the law's own fit."""
    points = numpy.asarray(data_points, dtype=float).reshape(-1, len(FEATURES))
    measured = numpy.asarray(loss_values, dtype=float).reshape(len(points), len(TARGETS))
    x = {name: points[:, place].copy() for place, name in enumerate(FEATURES)}
    y = dict(zip(TARGETS, measured.T)) if len(TARGETS) > 1 else measured[:, 0]
    fitted = _fit(x, y)
    return numpy.array([fitted[name] for name in PARAMETERS], dtype=float)
'''
_LEAST_SQUARES = '''

def fit_scaling_law(data_points, loss_values):
    """The constants (parameters,) of one group: bounded least squares from the two most promising STARTS.

    STARTS are the constants found for the training groups. The best of them is kept where a new fit would lower the
    squared error by less than one per cent: among equals, what was selected for extrapolation wins.
    """
    measured = numpy.asarray(loss_values, dtype=float).reshape(-1, len(TARGETS))
    spread = measured.std(axis=0)
    spread[spread == 0] = 1.0

    def residuals(params):
        predicted = numpy.asarray(scaling_law_func(data_points, params)).reshape(measured.shape)
        return numpy.nan_to_num(((predicted - measured) / spread).ravel(), nan=1e6, posinf=1e6, neginf=-1e6)

    lower, upper = _bounds()
    starts = [numpy.clip(start, lower, upper) for start in STARTS]
    starts.sort(key=lambda start: float(numpy.sum(residuals(start) ** 2)))
    fits = [least_squares(residuals, start, bounds=(lower, upper), x_scale="jac", max_nfev=200) for start in starts[:2]]
    best = min(fits, key=lambda fit: fit.cost)
    return best.x if 2.0 * best.cost < 0.99 * float(numpy.sum(residuals(starts[0]) ** 2)) else starts[0]


def _bounds():
    limits = _PARAMETERS if isinstance(_PARAMETERS, dict) else {}
    pairs = [limits.get(name) or (None, None) for name in PARAMETERS]
    lower = [-numpy.inf if low is None else float(low) for low, _ in pairs]
    upper = [numpy.inf if high is None else float(high) for _, high in pairs]
    return numpy.array(lower), numpy.array(upper)
'''


def pair_source(
    source: str, schema: Schema, constants: Mapping[str, Mapping[str, float]], provenance: Mapping[str, object]
) -> str:
    """The text of ``scaling_law.py`` for a candidate; one that is a pair already is carried as it is. Raises
    InputError: the source defines neither a form nor a pair, or there are no constants to start from."""
    stated = read(source, schema.targets, schema.features)
    try:
        parsed = read_form(source)
        if "scaling_law_func" in parsed.definitions:
            return source
        own = parsed if isinstance(stated, Unreadable) else read_form(write(stated, schema.features))
        parts = [carried(own, "form")]
        parts.append(carried(parsed, "fit") if "fit" in parsed.definitions else carried(own, "PARAMETERS"))
    except Unreadable as error:
        raise InputError(f"The law cannot be written as SLDAgent's pair: {error}.") from None
    if not constants:
        raise InputError("The law cannot be written as SLDAgent's pair: the run recorded no constants.")
    rows = [tuple(p.values()) for p in constants.values()][:MAX_STARTS]
    told = [f"SLDAgent's pair for {', '.join(schema.targets)}, written by lawsmith.", ""]
    told += [f"{heading}: {value}" for heading, value in provenance.items()]
    own_fit = "fit" in parsed.definitions
    imports = "import numpy\n" + ("" if own_fit else "from scipy.optimize import least_squares\n")
    data = [
        f"FEATURES = {schema.features!a}",
        f"TARGETS = {schema.targets!a}",
        f"PARAMETERS = {tuple(next(iter(constants.values())))!a}",
    ]
    if not own_fit:
        data.append("STARTS = [\n" + "".join(f"    {row!r},\n" for row in rows) + "]")
    head = f"{docstring(chr(10).join(map(visible, told)))}\n\n{imports}\n" + "\n".join(data) + "\n\n\n"
    return head + "\n\n".join(parts) + _FUNCTION + (_OWN_FIT if own_fit else _LEAST_SQUARES)
