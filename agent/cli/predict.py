"""`discover predict`: what the law of a run says at a point, with an interval."""

import re
from pathlib import Path

import numpy as np
from rich import box
from rich.table import Table as Shown

from lawsmith.agent.cli.output import announce, out, print_json, text, warn
from lawsmith.runs import Archive
from lawsmith.runs.find import find_archive
from lawsmith.runs.intervals import Interval, Uncertainty, fitted_laws, uncertainty
from lawsmith.runs.intervals import predict as intervals
from lawsmith.runs.intervals.archived import recorded
from lawsmith.runs.intervals.predict import warnings
from lawsmith.runs.law import predict_with
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError, Schema, Table


def run(
    reference: str,
    at: list[str],
    group: str | None,
    level: float,
    runs_dir: Path,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Predict at one point and print the intervals; without fold scores, the bare value and why."""
    archive = find_archive(reference, runs_dir)
    schema = archive.manifest.task
    groups = _groups(archive)
    row = point(schema, at, _group(schema, group, groups), groups)
    with Sandbox() as sandbox:
        if not fitted_laws(archive):
            _show(
                [_bare(archive, schema, row, sandbox)],
                ["This law has no error measured on held-out rows, so there is no interval."],
                as_json,
                level,
            )
            return
        if recorded(archive) is None:
            announce("Measuring the law's errors on held-out training rows (once per run) …")
        known = uncertainty(archive, sandbox, data_dir)
        found = intervals(known, schema, row, sandbox, level)
    _show([[one.to_json() for one in found[0]]], warnings(known, row), as_json, level, found[0], known)


def point(schema: Schema, at: list[str], group: str, groups: tuple[str, ...]) -> Table:
    """The row that ``--at N=7e10,D=2e12`` names; raises InputError for anything missing, unknown or not a number."""
    given: dict[str, float] = {}
    names = "|".join(re.escape(name) for name in schema.features)
    separator = re.compile(rf",(?=\s*(?:{names})\s*=|\s*$)")  # a feature's name may hold a comma itself
    for part in (part for piece in at for part in separator.split(piece) if part.strip()):
        name, equals, value = part.rpartition("=")
        name = name.strip()
        if not equals or name not in schema.features:
            raise InputError(
                f"--at {part.strip()!r} is not understood; write FEATURE=NUMBER for {', '.join(schema.features)}."
            )
        if name in given:
            raise InputError(f"--at names {name} twice.")
        try:
            given[name] = float(value.strip().replace("_", ""))
        except ValueError:
            raise InputError(f"--at {name}: {value.strip()!r} is not a number.") from None
        if not np.isfinite(given[name]):
            raise InputError(f"--at {name}: {value.strip()} is not finite.")
    missing = [name for name in schema.features if name not in given]
    if missing:
        raise InputError(f"--at lacks {', '.join(missing)}; every feature needs a value.")
    features = {name: np.array([given[name]]) for name in schema.features}
    return Table(features, {}, groups, np.array([groups.index(group)], dtype=np.intp))


def _groups(archive: Archive) -> tuple[str, ...]:
    result = archive.result
    if result is None or archive.law is None:
        raise InputError(f"The run {archive.run} has no law to predict with; it is {archive.state}.")
    return tuple(result.constants or {})


def _group(schema: Schema, group: str | None, groups: tuple[str, ...]) -> str:
    if group is None and len(groups) == 1:
        return groups[0]
    if group in groups and group is not None:
        return group
    offered = ", ".join(groups[:6]) + (f", … ({len(groups)} in all)" if len(groups) > 6 else "")
    said = "Name a group with --group" if group is None else f"There is no group {group!r}"
    raise InputError(f"{said}; the law of {schema.name} knows {offered}.")


def _bare(archive: Archive, schema: Schema, row: Table, sandbox: Sandbox) -> list[dict[str, object]]:
    found = predict_with(archive.law or "", schema, (row,), sandbox)
    if not found.ok:
        raise InputError(f"The law has no prediction at this point: {found.message}")
    values = found.predictions[0][0].tolist()
    return [
        {"target": target, "value": value, "low": None, "high": None, "level": None}
        for target, value in zip(schema.targets, values, strict=True)
    ]


def _show(
    rows: list[list[dict[str, object]]],
    said: list[str],
    as_json: bool,
    level: float,
    found: list[Interval] | None = None,
    known: Uncertainty | None = None,
) -> None:
    if as_json:
        print_json({"predictions": rows[0], "warnings": said})
        return
    listed = Shown(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("target", "value", f"{level:.0%} from", "to"):
        listed.add_column(heading, justify="left" if heading == "target" else "right")
    for entry in rows[0]:
        figures = ("–" if entry[key] is None else f"{entry[key]:.6g}" for key in ("value", "low", "high"))
        listed.add_row(text(entry["target"]), *figures)
    out.print(listed)
    for one in found or ():
        where = (
            "inside the data" if one.distance == 0 else f"{one.distance:.2g} times the data's range beyond it"
        )
        parts = (
            f"noise {one.noise:.2g}, parameters {one.parameter:.2g}, choice of law {one.model:.2g}, "
            f"distance {one.extrapolation:.2g}"
        )
        out.print(text(f"{one.target}: {where}; uncertainty from {parts}"), soft_wrap=True)
    if known is not None:
        out.print(
            f"Errors measured on {known.folds} divisions of the training rows, {len(known.members)} laws compared.",
            soft_wrap=True,
        )
    for sentence in said:
        warn(sentence)
