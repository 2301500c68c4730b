"""`discover report` and `discover serve`: pages about runs."""

import os
from pathlib import Path
from tempfile import mkdtemp

from lawsmith.agent.terminal.output import announce, print_result, shown
from lawsmith.runs.records.archive import REPORT
from lawsmith.runs.records.find import find_archive
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError


def run(
    reference: str | None,
    site: Path | None,
    output: Path | None,
    runs_dir: Path,
    data_dir: Path | None,
    with_intervals: bool,
    as_json: bool,
    in_browser: bool = False,
) -> None:
    """Write the report of one run, or the site of all, and print where it is. Raises InputError for neither or both."""
    if (reference is None) == (site is None):
        raise InputError("Name either a run to report on, or a folder for the leaderboard with --site DIR.")
    content: dict[str, object]
    if site is not None:
        from lawsmith.runs.report import write_site

        path, count = write_site(runs_dir, site)
        content = {"site": str(path), "archives": count}
    else:
        from lawsmith.runs.report import write_report

        archive = find_archive(reference or "", runs_dir)
        with Sandbox() as sandbox:
            if with_intervals:
                announce("Measuring the law's errors, unless the archive knows them …")
            path = write_report(archive, sandbox, out=output, data_dir=data_dir, with_intervals=with_intervals)
        content = {"report": str(path.absolute())}
    print_result(as_json, content, lambda: print(shown(path)))
    if in_browser:
        browse(path)


def show(reference: str, runs_dir: Path, data_dir: Path | None) -> None:
    """Open the page about a run in a browser; write it first where there is none yet, in a folder of its own if the
    archive cannot be written."""
    archive = find_archive(reference, runs_dir)
    path = archive.path / REPORT
    if path.is_file():
        browse(path)
        return
    output = None if os.access(archive.path, os.W_OK) else Path(mkdtemp(prefix="lawsmith-")) / REPORT
    run(str(archive.path), None, output, runs_dir, data_dir, True, False, True)


def browse(path: Path) -> None:
    """Open a page in the user's browser; say where it is where there is none."""
    import webbrowser

    if webbrowser.open(path.absolute().as_uri()):
        announce(f"opened {shown(path)}")
    else:
        announce(f"No browser was found; open {path.absolute()} yourself.")


def serve(runs_dir: Path, data_dir: Path | None, port: int) -> None:
    """Serve the leaderboard and the reports until Ctrl-C."""
    from lawsmith.runs.report import serve as serve_pages

    try:
        serve_pages(runs_dir, port, lambda url: announce(f"Serving {url} (Ctrl-C ends it)"), data_dir)
    except KeyboardInterrupt:
        announce("Ended.")
