"""The report of one run: a single HTML file that asks no network and no server for anything."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lawsmith.runs import intervals
from lawsmith.runs.archive import REPORT, Archive
from lawsmith.runs.data import open_data
from lawsmith.runs.intervals.archived import recorded
from lawsmith.runs.law import predict_with
from lawsmith.runs.quoting import visible
from lawsmith.runs.report import beyond, charts
from lawsmith.runs.report.beyond import Line
from lawsmith.runs.report.charts import Fitted
from lawsmith.runs.report.content import Candidate, RunContent, gather
from lawsmith.runs.report.drawing import Chart
from lawsmith.runs.report.typeset import code, code_style, escaped, mathml, short
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, Dataset, InputError, Schema, Table, frontier_folds, scores, thinned

LISTED = 25
"""Candidates that the page lists where scripts do not run, and on paper; with scripts all can be seen."""
MOST_GROUPS = 500
MOST_BANDS = 150
MOST_FRONTIERS = 3


@dataclass(frozen=True)
class GroupFit:
    """How well one group is predicted: rows, R² and root mean square residual over its targets, per split."""

    group: str
    split: str
    rows: int
    r2: float
    rms: float


@dataclass(frozen=True, eq=False)
class Fit:
    """The law on the data; `missing` says why there is none."""

    charts: tuple[Chart, ...] = ()
    groups: tuple[GroupFit, ...] = ()
    beyond: tuple[Chart, ...] = ()
    lines: tuple[Line, ...] = ()
    missing: str = ""


def write_report(
    archive: Archive,
    sandbox: Sandbox,
    *,
    out: Path | None = None,
    data_dir: Path | None = None,
    with_intervals: bool = True,
) -> Path:
    """Write the report to `out`, by default into the archive of a complete run, and return its path.

    Raises:
        InputError: the archive is damaged, the run has not finished and no `out` is given, or `out` cannot be written.
    """
    page = report_page(archive, sandbox, data_dir=data_dir, with_intervals=with_intervals).encode()
    if out is None:
        if archive.result is None:
            raise InputError(
                f"The run {archive.run} is {archive.state}; name a file for its report with --out."
            )
        return archive.attach(page, REPORT)
    try:
        out.write_bytes(page)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from None
    return out


def report_page(
    archive: Archive,
    sandbox: Sandbox,
    *,
    data_dir: Path | None = None,
    with_intervals: bool = True,
    refresh: int = 0,
) -> str:
    """The HTML of the report. `refresh`: seconds after which a browser loads the page again (0: never).

    Where the data, or intervals, cannot be had, the page says why and shows the rest. Raises InputError when the
    archive cannot be read.
    """
    content = gather(archive)
    known, no_intervals = _uncertainty(content, sandbox, data_dir, with_intervals)
    fit = _fit(content, sandbox, data_dir, known)
    return render(
        "run.html.j2",
        title=f"{short(content.manifest.task.name)}: {content.manifest.run}",
        refresh=refresh,
        content=content,
        manifest=content.manifest,
        result=content.result,
        math=_math(content, content.winner),
        law_code=None if content.law is None else code(content.law),
        fit=fit,
        search=_search_charts(content),
        account=content.account,
        calls=_calls_chart(content),
        constants=_constants(content, known),
        no_intervals=no_intervals,
        known=known,
        rivals=[(rival, _math(content, rival)) for rival in content.inseparable],
        candidates=[*content.best[:LISTED]],
        packed=packed(content),
        provenance=_provenance(content),
    )


def _math(content: RunContent, candidate: Candidate | None) -> Markup | None:
    return None if candidate is None else mathml(candidate.source, content.manifest.task.targets)


def _uncertainty(
    content: RunContent, sandbox: Sandbox, data_dir: Path | None, wanted: bool
) -> tuple[intervals.Uncertainty | None, str]:
    """What is known of the law's errors, or why nothing is."""
    try:
        if not wanted:
            known = recorded(content.archive)
            return known, "" if known else f"discover report {content.manifest.run} measures them."
        return intervals.uncertainty(content.archive, sandbox, data_dir), ""
    except InputError as error:
        return None, str(error)


def _fit(
    content: RunContent, sandbox: Sandbox, data_dir: Path | None, known: intervals.Uncertainty | None
) -> Fit:
    if content.law is None:
        return Fit(missing="The run has no law (yet).")
    try:
        data = open_data(content.archive, data_dir)
    except InputError as error:
        return Fit(missing=f"The data is not at hand: {error}")
    if content.manifest.data is not None and data.task.provenance.sha256 != content.manifest.data.sha256:
        return Fit(missing="The data has changed since the run, so the law is not plotted on it.")
    return _on_data(content, data, sandbox, known)


def _on_data(
    content: RunContent, data: Dataset, sandbox: Sandbox, known: intervals.Uncertainty | None
) -> Fit:
    assert content.law is not None
    schema, tables = data.task.schema, (data.task.train, *([] if data.test is None else [data.test]))
    result = predict_with(content.law, schema, tuple(table.hide() for table in tables), sandbox)
    if not result.ok:
        return Fit(missing=f"The law could not be executed: {result.message}")
    parts = [
        _fitted(table, predicted, schema, sandbox, known)
        for table, predicted in zip(tables, result.predictions, strict=True)
    ]
    train, test = parts[0], parts[1] if len(parts) > 1 else None
    slices = _slices(data, sandbox, known)
    names = ("training", "test")
    groups = [row for name, part in zip(names, parts, strict=False) for row in _group_fits(name, part)]
    return Fit(
        charts=(
            *charts.feature_charts(schema, train, test, _frontiers(data)),
            charts.agreement_chart(schema, train, test),
        ),
        groups=tuple(groups),
        beyond=tuple(beyond.beyond_charts(schema, slices, train)),
        lines=tuple(beyond.lines(schema, slices)),
    )


def _fitted(
    table: Table, predicted: Array, schema: Schema, sandbox: Sandbox, known: intervals.Uncertainty | None
) -> Fitted:
    """A split with the intervals of some of its rows, where errors are known and the law has a value for them."""
    if known is None or not len(table):
        return Fitted(table, predicted)
    rows = np.unique(np.linspace(0, len(table) - 1, MOST_BANDS).astype(int))
    try:
        return Fitted(table, predicted, rows, beyond.row_intervals(known, schema, table.take(rows), sandbox))
    except InputError:
        return Fitted(table, predicted)


def _slices(data: Dataset, sandbox: Sandbox, known: intervals.Uncertainty | None) -> tuple[beyond.Slice, ...]:
    """None where no errors are known, or where the law has no value beyond the data."""
    if known is None:
        return ()
    try:
        return beyond.slices(known, data.task.schema, data.task.train, data.test, sandbox)
    except InputError:
        return ()


def _frontiers(data: Dataset) -> dict[str, tuple[float, ...]]:
    """Feature -> where fitted rows of the folds ended and held-out rows began."""
    train, found = thinned(data.task).train, dict[str, set[float]]()
    for fold in frontier_folds(train):
        for name, column in train.features.items():
            end = float(column[fold.fitted].max())
            if column[fold.held_out].max() > end:
                found.setdefault(name, set()).add(end)
    return {name: tuple(sorted(ends)[-MOST_FRONTIERS:]) for name, ends in found.items()}


def _group_fits(split: str, part: Fitted) -> list[GroupFit]:
    found = []
    for k in np.unique(part.rows.codes)[:MOST_GROUPS]:
        mask = part.rows.codes == k
        measured, predicted = part.rows.target_matrix()[mask], part.predicted[mask]
        got = scores(measured, predicted)
        rms = float(np.sqrt(np.mean((measured - predicted) ** 2)))
        found.append(GroupFit(part.rows.groups[k], split, int(mask.sum()), got.r2, rms))
    return found


def _search_charts(content: RunContent) -> list[Chart]:
    if not content.best:
        return []
    return [charts.progress_chart(content), charts.front_chart(content)]


def _calls_chart(content: RunContent) -> Chart | None:
    account = content.account
    return None if account is None or not account.progress else charts.calls_chart(account)


def _constants(
    content: RunContent, known: intervals.Uncertainty | None
) -> tuple[tuple[str, ...], list[tuple[str, list[tuple[float, tuple[float, float] | None]]]]]:
    """Names, and per group the value of each with its 90 % interval (None where unknown)."""
    values = content.result.constants or {}
    ranges: Mapping[str, Mapping[str, tuple[float, float]]] = (
        {} if known is None else intervals.constant_intervals(known)
    )
    names = tuple(next(iter(values.values()), {}))
    rows = [
        (group, [(given.get(name, float("nan")), ranges.get(group, {}).get(name)) for name in names])
        for group, given in list(values.items())[:MOST_GROUPS]
    ]
    return names, rows


def packed(content: RunContent) -> str:
    """Every candidate for the page's table: JSON, compressed, in base64 (the browser unpacks it)."""
    rows = [
        [
            one.number, one.id, one.evaluation.verdict.value, _finite(one.validation), _finite(one.train),
            one.evaluation.constants_count, round(one.evaluation.seconds, 3), visible(one.origin[:200]),
            list(one.parents), visible(one.evaluation.message[:2000]), visible(one.note[:2000]),
        ]
        for one in content.candidates
    ]  # fmt: skip
    data = {
        "rows": rows,
        "code": [code(one.source) for one in content.candidates],
        "winner": content.result.winner,
    }
    return base64.b64encode(gzip.compress(json.dumps(data).encode(), 9, mtime=0)).decode()


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _provenance(content: RunContent) -> list[tuple[str, str]]:
    manifest, data = content.manifest, content.manifest.data
    return [
        ("Run", manifest.run),
        ("Archive", manifest.address),
        ("Created", manifest.created),
        ("Origin", manifest.origin if manifest.source is None else f"{manifest.origin}: {manifest.source}"),
        ("Agent", manifest.agent if manifest.model is None else f"{manifest.agent} with {manifest.model}"),
        ("Seed", "none" if manifest.seed is None else str(manifest.seed)),
        ("Data", "not recorded" if data is None else f"{data.source}, SHA-256 {data.sha256}"),
        ("Commit", manifest.git_commit or "not recorded"),
        (
            "Versions",
            ", ".join(f"{name} {version}" for name, version in manifest.versions.items()) or "not recorded",
        ),
    ]


@cache
def environment() -> Environment:
    """Templates that escape everything; numbers and foreign text have filters of their own."""
    made = Environment(
        loader=PackageLoader("lawsmith.runs.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "foreign": escaped,
        "short": short,
        "figure": figure,
        "constant": lambda value: f"{value:.5g}",
    }
    return made


def figure(value: float | None, digits: int = 4) -> str:
    """A score for people; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def render(template: str, **content: Any) -> str:
    """A page with its style and script inside, and a policy that lets nothing else run or load."""
    folder = Path(__file__).parent / "templates"
    script = (folder / "page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    style = Markup((folder / "page.css").read_text("utf-8") + code_style())
    return (
        environment()
        .get_template(template)
        .render(policy=policy, style=style, script=Markup(script), **{"refresh": 0, **content})
    )
