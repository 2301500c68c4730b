"""`discover export`: the law of an archive for other tools."""

import sys
from pathlib import Path
from typing import cast

from lawsmith.agent.cli.output import announce, shown
from lawsmith.runs.export import TEXT_FORMATS, TextFormat, export_sldbench, export_text
from lawsmith.runs.files import write_atomic
from lawsmith.runs.find import find_archive
from lawsmith.runs.quoting import visible_lines
from lawsmith.tasks import InputError

SLDBENCH = "sldbench"


def run(reference: str, form: str, target: Path | None, runs_dir: Path, law: str | None = None) -> None:
    """Write the law to `target`, or print it; the form `sldbench` is a folder and needs a `target`.

    Raises InputError for an unknown form.
    """
    if form not in (*TEXT_FORMATS, SLDBENCH):
        raise InputError(f"--format {form} is not known; the formats are {', '.join(TEXT_FORMATS)}, {SLDBENCH}.")
    archive = find_archive(reference, runs_dir)
    if form == SLDBENCH:
        if target is None:
            raise InputError("--format sldbench writes a folder; name it with --out DIR.")
        written = export_sldbench(archive, target, law)
        announce(f"wrote {', '.join(shown(path) for path in written)}")
        return
    text = export_text(archive, cast(TextFormat, form), law)
    if target is None:
        sys.stdout.write(visible_lines(text))  # a stranger's law must not steer the terminal; --out writes it as it is
    else:
        write_atomic(target, text.encode())
        announce(f"wrote {shown(target)}")
