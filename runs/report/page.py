"""The report of one run: a single HTML file that asks no network and no server for anything."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from lawsmith.runs.intervals import Uncertainty, uncertainty
from lawsmith.runs.intervals.archived import recorded
from lawsmith.runs.intervals.predict import constant_intervals
from lawsmith.runs.quoting import short, visible
from lawsmith.runs.records.archive import REPORT, Archive
from lawsmith.runs.records.files import writing
from lawsmith.runs.records.find import unfinished
from lawsmith.runs.report.content import RunContent, gather
from lawsmith.runs.report.error_summary import worst
from lawsmith.runs.report.fit import BELIEVED, Fit, data_of, finite, fit_of, packed
from lawsmith.runs.report.plots import calls_chart, front_chart, progress_chart
from lawsmith.runs.report.render import PLOT, render
from lawsmith.runs.report.shown_formula import ShownFormula, code, shown_formula
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.write_mathml import mathml
from lawsmith.tasks import Dataset, InputError

NOTHING = Markup()
LISTED = 25
"""Candidates that the page lists where scripts do not run, and on paper; with scripts all can be seen."""
MOST_GROUPS = 500  # whose constants have a line; the page says so
MOST_FORMULAS = 60  # with numbers filled in: one for each group, so that the page stays small
MOST_LAWS = 16  # beside the chosen one
FEW_GROUPS = 3
"""Groups that stand side by side in the table of constants; more have a line each."""


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
    if out is None and archive.result is None:
        raise InputError(f"The run {archive.run} is {unfinished(archive)}; --out FILE writes a page so far.")
    if not os.access(folder := archive.path if out is None else out.parent, os.W_OK):
        raise InputError(f"{folder} cannot be written; --out FILE writes the page elsewhere.")
    page = report_page(archive, sandbox, data_dir=data_dir, with_intervals=with_intervals).encode()
    if out is None:
        return archive.attach(page, REPORT)
    with writing(out):
        out.write_bytes(page)
    return out


def report_page(
    archive: Archive,
    sandbox: Sandbox,
    *,
    data_dir: Path | None = None,
    with_intervals: bool = True,
    live: str = "",
    up: str = "",
    progress: Markup = NOTHING,
) -> str:
    """The HTML of the report. live: address of the events that the page follows, and `progress` a fragment that they
    replace. up: address of the page above it.

    Where the data, or intervals, cannot be had, the page says why and shows the rest. Raises InputError when the
    archive cannot be read.
    """
    content = gather(archive)
    data = data_of(content, data_dir)
    known, no_intervals = _uncertainty(content, sandbox, data_dir, with_intervals, data)
    stated = stated_law(content, MOST_FORMULAS)
    fit = fit_of(content, sandbox, data, known, {} if stated is None else stated.levels)
    return render(
        "run.html.j2",
        scripts=(*((PLOT, "picture.js") if fit.picture or live else ()), *(("live.js",) if live else ())),
        live=live,
        progress=progress,
        up=up,
        title=f"{short(content.manifest.task.name)}: {content.manifest.run}",
        content=content,
        several=len(content.constants) > 1,
        stated=stated,
        fit=fit,
        tone=content.result.tone
        if content.verdict
        else worst(fit.of("test") or fit.of(BELIEVED) or fit.of("training")),
        constants=_constants(content, known, stated),
        no_intervals=no_intervals,
        known=known,
        laws=_laws(content, fit),
        **_search(content),
    )


def _search(content: RunContent) -> dict[str, Any]:
    """What the page takes from the record alone: charts of the search, its candidates, the law as Python."""
    account = content.account
    return {
        "search": [progress_chart(content), front_chart(content)] if content.best else [],
        "manifest": content.manifest,
        "result": content.result,
        "account": account,
        "calls": calls_chart(account) if account is not None and account.progress else None,
        "candidates": [*content.best[:LISTED]],
        "packed": packed_candidates(content),
        "law_code": None if content.law is None else code(content.law),
        "provenance": _provenance(content),
    }


def stated_law(content: RunContent, most: int) -> ShownFormula | None:
    """The formula of the winner, or of the best candidate so far, with the constants of the first `most` groups."""
    if content.leader is None:
        return None
    constants = dict(list(content.constants.items())[:most])
    return shown_formula(content.leader.proposal.source, content.manifest.task, constants)


def _uncertainty(
    content: RunContent, sandbox: Sandbox, data_dir: Path | None, wanted: bool, data: Dataset | str
) -> tuple[Uncertainty | None, str]:
    """What is known of the law's errors, or why nothing is."""
    if content.result.winner is None and content.law is None:
        return None, "the run has no law yet."
    try:
        if not wanted:
            known = None if content.picked else recorded(content.archive)
            return known, "" if known else f"discover report {content.manifest.run} measures them."
        if isinstance(data, str) and (content.picked or recorded(content.archive) is None):
            return None, data
        return uncertainty(content.archive, sandbox, data_dir, content.picked), ""
    except InputError as error:
        return None, error.args[0]


def _laws(content: RunContent, fit: Fit) -> list[dict[str, Any]]:
    """The chosen law, those that do as well, and the best of each number of constants, by number of constants; with
    errors (`row`) where the data is at hand."""
    front = {one.id for one in content.front}
    alike = {one.id for one in content.inseparable}
    wanted = [one for one in (content.leader, *content.inseparable, *content.front) if one is not None]
    unique = list({one.id: one for one in wanted}.values())[:MOST_LAWS]
    unique.sort(key=lambda one: (one.evaluation.constants_count or 0, one.error))
    return [
        {
            "candidate": one,
            "math": mathml(one.proposal.source, content.manifest.task),
            "chosen": one is content.leader,
            "alike": one.id in alike,
            "on_front": one.id in front,
            "row": fit.laws.get(one.id),
        }
        for one in unique
    ]


def _constants(content: RunContent, known: Uncertainty | None, stated: ShownFormula | None) -> dict[str, Any] | None:
    """The first groups and how many there are, whether they fit side by side, and of each constant what it does and per
    group its value with its 90 % interval (None where unknown)."""
    values = content.constants
    if not values:
        return None
    ranges: Mapping[str, Mapping[str, tuple[float, float]]] = {} if known is None else constant_intervals(known)
    groups = tuple(values)[:MOST_GROUPS]
    meanings = {} if stated is None else stated.meanings
    listed = [
        {
            "name": name,
            "meaning": meanings.get(name, ""),
            "cells": [(values[g].get(name, float("nan")), ranges.get(g, {}).get(name)) for g in groups],
        }
        for name in next(iter(values.values()))
    ]
    return {"groups": groups, "total": len(values), "few": len(groups) <= FEW_GROUPS, "listed": listed}


def packed_candidates(content: RunContent) -> str:
    """Every candidate for the page's table."""
    rows = [
        [
            number,
            one.id,
            one.evaluation.verdict.value,
            finite(one.evaluation.validation_r2),
            finite(one.evaluation.train_r2),
            one.evaluation.constants_count,
            round(one.evaluation.seconds, 3),
            visible(one.proposal.origin[:200]),
            list(one.proposal.parents),
            visible(one.evaluation.message[:2000]),
            visible(one.proposal.note[:2000]),
        ]
        for number, one in enumerate(content.trials, start=1)
    ]
    sources = [code(one.proposal.source) for one in content.trials]
    return packed({"rows": rows, "code": sources, "winner": content.result.winner})


def _provenance(content: RunContent) -> list[tuple[str, str]]:
    manifest, data = content.manifest, content.manifest.data
    return [
        ("Run", manifest.run),
        ("Archive", manifest.address),
        ("Created", manifest.created),
        ("Origin", manifest.origin if manifest.source is None else f"{manifest.origin}: {manifest.source}"),
        ("Agent", manifest.proposer),
        ("Seed", "none" if manifest.seed is None else str(manifest.seed)),
        ("Data", "not recorded" if data is None else f"{data.source}, SHA-256 {data.sha256}"),
        ("Commit", manifest.git_commit or "not recorded"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in manifest.versions.items()) or "not recorded"),
    ]
