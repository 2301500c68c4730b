"""A site of any set of archives: a page per table or task, a page per system, and everything as JSON."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from lawsmith.runs.records.archive import REPORT, Archive
from lawsmith.runs.records.canonical_json import plain
from lawsmith.runs.records.files import write_atomic, writing
from lawsmith.runs.report.boards import BoardEntry, Boards, ReportLink, System, TaskBoard, boards, file_name
from lawsmith.runs.report.page import report_page
from lawsmith.runs.report.render import render
from lawsmith.runs.report.shown_formula import code
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.write_mathml import mathml
from lawsmith.tasks import InputError


def write_site(runs_dir: Path, folder: Path) -> tuple[Path, int]:
    """Write the site of all archives below `runs_dir`, and of the published ones, into `folder`.

    A run whose archive holds a report gets one here; it is made anew, for an archive may come from a stranger. Returns
    the index page and the number of archives. Raises InputError: `folder` holds something else than a site, or cannot
    be written.
    """
    marker = folder / "data.json"
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not marker.exists())):
        raise InputError(f"{folder} holds other files; name a new or empty folder for the site.")
    reported: dict[str, Archive] = {}

    def report(archive: Archive) -> str | None:
        if not (archive.path / REPORT).is_file():
            return None
        name = f"reports/{file_name(archive.manifest.address)}.html"
        reported[name] = archive
        return name

    pages, count = site_pages(runs_dir, report)
    with writing(folder):
        for name in ("tasks", "systems", "reports"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, content in pages.items():
            write_atomic(folder / name, content.encode())
        if reported:
            with Sandbox() as sandbox:
                for name, archive in reported.items():
                    page = report_page(archive, sandbox, with_intervals=False, up="../index.html")
                    write_atomic(folder / name, page.encode())
    return folder / "index.html", count


def site_pages(runs_dir: Path, report: ReportLink) -> tuple[dict[str, str], int]:
    """File name -> content of every page of the site and of ``data.json``; and how many archives there are."""
    found = boards(runs_dir, report)
    return {name: make() for name, make in makers(found).items()}, found.count


def makers(found: Boards, running: str = "", live: str = "") -> dict[str, Callable[[], str]]:
    """File name -> what makes the page. A server gives what is running, as HTML, and the address of events about it."""
    data = {"tasks": [_task_json(board) for board in found.listed], "unreadable": dict(found.unreadable)}
    made: dict[str, Callable[[], str]] = {
        "index.html": lambda: render(
            "index.html.j2",
            scripts=("live.js",) if live else (),
            title=found.title,
            boards=found,
            formula=_formula,
            running=running,
            live=live,
        ),
        "data.json": lambda: json.dumps(plain(data), indent=1, allow_nan=False),
    }
    for board in found.listed:
        template = "task.html.j2" if board.is_benchmark else "table.html.j2"
        made[board.page] = partial(
            render, template, title=board.schema.name, site=found, board=board, formula=_formula, served=bool(live)
        )
        for system in board.systems if board.is_benchmark else ():
            made[system.page] = partial(_system_page, found, board, system)
    return made


def _system_page(found: Boards, board: TaskBoard, system: System) -> str:
    title = f"{system.name} on {board.schema.name}"
    laws = [(entry, None if (law := entry.archive.law) is None else code(law)) for entry in system.runs]
    return render("system.html.j2", title=title, site=found, board=board, system=system, laws=laws)


def _formula(entry: BoardEntry) -> Markup | None:
    """The law of a run as a formula with named constants; None where it cannot be read."""
    try:
        source = entry.archive.source()
    except InputError:
        return None
    return None if source is None else mathml(source, entry.manifest.task)


def _task_json(board: TaskBoard) -> dict[str, Any]:
    return {
        "task": board.schema.name,
        "title": board.schema.title,
        "anchors": [anchor.model_dump() for anchor in board.anchors],
        "systems": [_system_json(system) for system in board.systems],
    }


def _system_json(system: System) -> dict[str, Any]:
    return {
        "system": system.name,
        "origin": system.origin,
        "kind": system.kind,
        "replica": system.replica,
        "best_r2": system.best,
        "mean_r2": system.mean,
        "min_r2": system.least,
        "scores": list(system.scores),
        "runs": [_entry_json(entry) for entry in system.runs],
    }


def _entry_json(entry: BoardEntry) -> dict[str, Any]:
    manifest = entry.manifest
    told = {name: getattr(manifest, name) for name in ("run", "address", "seed", "created")}
    data = None if manifest.data is None else manifest.data.sha256
    return told | {"state": entry.state, "data": data, **entry.finished.figures, "law": entry.archive.law}
