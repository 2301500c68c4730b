"""A finished run's law for other tools: as Python, LaTeX, sympy, JSON, and as the folder that SLDBench scores."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from lawsmith.runs.archive import Archive
from lawsmith.runs.canonical_json import plain
from lawsmith.runs.files import write_atomic, writing
from lawsmith.runs.laws import Law, law_of
from lawsmith.runs.pair import pair_source
from lawsmith.runs.quoting import docstring, latex_plain, visible
from lawsmith.runs.uncertain_constants import covariances, uncertainties_script
from lawsmith.sandbox.law.formula import Formula, formula
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.sandbox.law.write_latex import latex_name
from lawsmith.sandbox.law.write_sympy import sympy_script
from lawsmith.tasks import InputError

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
    return writers[form](_finished(archive, law))


def export_sldbench(archive: Archive, folder: Path, law: str | None = None) -> tuple[Path, ...]:
    """Write what SLDBench's harness scores into `folder`, and return the files.

    ``law.py`` holds `law(input_data, group)` with the archived constants. ``scaling_law.py``, for a winner
    that is not a closed law, holds the pair `scaling_law_func(data_points, params)` and
    `fit_scaling_law(data_points, loss_values)` with columns in schema order; the harness fits it anew.

    Raises:
    InputError: as `export_text`, or the folder cannot be written.
    """
    found = _finished(archive, law)
    result = archive.result
    files = {"law.py": found.source}
    fitted = not found.chosen or (result is not None and result.kind in ("form", "pair"))
    if found.form is not None and fitted:
        files["scaling_law.py"] = pair_source(found.form, found.schema, found.constants, _origin(found))
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomic(folder / name, text.encode())
    return tuple(folder / name for name in files)


def _finished(archive: Archive, law: str | None) -> Law:
    archive.require_sound()
    if archive.result is None:
        raise InputError(f"The run {archive.run} is {archive.state}; only a complete run can be exported.")
    if archive.law is None:
        raise InputError(f"The run {archive.run} has no law to export: {archive.result.error or 'none was recorded'}.")
    return law_of(archive, law)


def _origin(law: Law) -> dict[str, object]:
    manifest = law.archive.manifest
    told: dict[str, object] = {"Run": manifest.address, "Created": manifest.created}
    if not law.chosen:
        told["Picked"] = f"law {law.id}, by the user; the search chose another"
    if manifest.source is not None:
        told["Source"] = manifest.source
    if manifest.data is not None:
        told["Data"] = f"{manifest.data.source}, SHA-256 {manifest.data.sha256}"
    return told


def _formula(law: Law) -> Formula:
    if law.form is None:
        return Formula(Unreadable("the record holds no form"))
    return formula(law.form, law.schema.targets)


def _stated(law: Law, form: str) -> Formula:
    found = _formula(law)
    if found.reason is not None:
        raise InputError(
            f"The law of {law.archive.run} cannot be written as {form}: {visible(found.reason)}; "
            "export it as law or json."
        )
    return found


def _latex(law: Law) -> str:
    stated = _stated(law, "LaTeX")
    try:
        equations = stated.latex()
    except ValueError as error:
        raise InputError(f"The law of {law.archive.run} cannot be written as LaTeX: {error}.") from None
    comments = "".join(f"% {visible(f'{heading}: {told}')}\n" for heading, told in _origin(law).items())
    lines = " \\\\\n".join(f"  {latex_name(target)} &= {text}" for target, text in equations.items())
    table = "" if not law.constants else "\n" + _latex_table(law.constants, stated.parameters)
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
    found = _stated(law, "sympy")
    try:
        body = sympy_script(found.sympy())
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"The law of {law.archive.run} cannot be written as sympy: {error}.") from None
    told = "\n".join([visible(found.text()), "", *(visible(f"{k}: {v}") for k, v in _origin(law).items())])
    rows = "".join(f"    {group!a}: {dict(p)!a},\n" for group, p in law.constants.items())
    return f"{docstring(told)}\n\n{body}\nconstants = {{\n{rows}}}\n"


def _json(law: Law) -> str:
    task, found, result = law.schema, _formula(law), law.archive.result
    assert result is not None
    try:
        latex = found.latex()
    except ValueError:
        latex = {}
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
        "formula": found.text() or law.expression,
        "latex": latex,
        "parameters": found.parameters,
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
