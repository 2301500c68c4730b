"""`discover laws`, `discover export`, `discover replay`: the laws of a run in a table, as files, and executed again."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import typer

from lawsmith.agent.cli.show import reference
from lawsmith.agent.terminal.output import announce, line, number, out, print_result, shown, text, warn
from lawsmith.runs import Archive
from lawsmith.runs.laws.export import TEXT_FORMATS, TextFormat, export_sldbench, export_text
from lawsmith.runs.laws.law import law_of, no_law, trial_of
from lawsmith.runs.laws.law_table import LawRow, as_fitted
from lawsmith.runs.laws.law_table import laws as law_table
from lawsmith.runs.quoting import visible_lines
from lawsmith.runs.records.data import kept_data, open_data
from lawsmith.runs.records.files import write_atomic
from lawsmith.runs.records.find import find_archive
from lawsmith.runs.records.record import SplitScores
from lawsmith.runs.records.trials import Trial
from lawsmith.runs.replay import ReplayReport
from lawsmith.runs.replay import replay as replayed
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.write_text import codes_in, labelled
from lawsmith.tasks import Table
from lawsmith.tasks.errors import InputError, counted

CHOSEN = "chosen"
"""What `--pick` takes to go back to the law that the search chose."""
LISTED = 10  # laws on one screen; --json has all


def laws(run: str, pick: str | None, runs_dir: Path, data_dir: Path | None, as_json: bool) -> None:
    """Show the table; with `pick`, put that law in the place of the chosen one first. Raises InputError for a run
    without laws."""
    archive = find_archive(run, runs_dir)
    if archive.result is None or archive.law is None:
        raise no_law(archive)
    if pick is not None:
        _pick(archive, pick)
    schema = archive.manifest.task
    trials = tuple(archive.trials())
    rows = law_table(trials, schema, _rows_at_hand(archive, data_dir), archive.result.winner)
    others = {"picked": archive.picked, "outdone": archive.result.outdone}
    found = [asdict(row) | {name: row.stands_for(id) for name, id in others.items()} for row in rows]
    told = {"run": archive.run, "picked": archive.picked, "laws": found}
    print_result(as_json, told, lambda: _list(archive, rows, trials, others))


def _rows_at_hand(archive: Archive, data_dir: Path | None) -> Table | None:
    """The training rows; None where the archive was made without them and the table is gone, if laws can be listed all
    the same."""
    try:
        return open_data(archive, data_dir).task.train
    except InputError:
        if data_dir is not None or kept_data(archive) is not None or len(archive.manifest.task.targets) > 1:
            raise
        return None


def _pick(archive: Archive, pick: str) -> None:
    if pick == CHOSEN or trial_of(archive, pick).id == (archive.result and archive.result.winner):
        archive.pick(None)
        announce("predict, export, report and Python use the law that the search chose again.")
        return
    archive.pick(trial_of(archive, pick).id)
    law_of(archive)
    announce(
        f"predict, export, report and Python now use law {archive.picked} of this run; `--pick {CHOSEN}` undoes it."
    )


def _list(archive: Archive, rows: Sequence[LawRow], trials: Sequence[Trial], others: Mapping[str, str | None]) -> None:
    """Print the laws in short; `others`: mark -> id of a law that has it, beside the chosen one."""
    schema, sources = archive.manifest.task, {trial.id: trial.proposal.source for trial in trials}
    written = {row.id: as_fitted(row, sources[row.id], schema) for row in rows}
    shown = [row for row in rows if row.on_front or row.chosen or any(map(row.stands_for, others.values()))]
    stated = {written[row.id][1] for row in shown}
    for row in sorted((row for row in rows if row not in shown), key=lambda row: row.heldout_error):
        if len(shown) < LISTED and written[row.id][1] not in stated:  # not the same law fitted in another way
            shown.append(row)
            stated.add(written[row.id][1])
    shown.sort(key=lambda row: (row.complexity, row.heldout_error))
    texts = [labelled(written[row.id][0], schema) for row in shown]
    if not rows:
        line(f"{archive.manifest.address} records no search; `discover inspect` shows its law.")
        return
    out.print(text(f"{counted(len(rows), 'law')} of {schema.name}, the simplest first"), style="bold")
    if codes := codes_in("; ".join(texts), schema):
        line("  " + "; ".join(codes), "dim")
    line("  * no law with as few constants errs less on held-out rows. RMS errors: training / held-out rows.", "dim")
    for row, text_of in zip(shown, texts, strict=True):
        marks = [*(["chosen"] if row.chosen else []), *(name for name, id in others.items() if row.stands_for(id))]
        head = f"{'*' if row.on_front else ' '} {row.id}  {counted(row.complexity, 'constant')}  "
        errors = f"{row.train_error:.3g} / {row.heldout_error:.3g}"
        style = "bold green" if {"chosen", "picked"} & set(marks) else ""
        line(head + errors + "  " + " ".join(marks), style)
        line(f"    {text_of}")
    if len(rows) > len(shown):
        line(f"… {len(rows) - len(shown)} more: discover laws {reference(archive.path)} --json")


SLDBENCH = "sldbench"


def export(run: str, form: str, target: Path | None, runs_dir: Path, law: str | None = None) -> None:
    """Write the law to `target`, or print it; the form `sldbench` is a folder and needs a `target`. `python` is `law`.
    Raises InputError for an unknown form."""
    form = "law" if form == "python" else form
    if form not in (*TEXT_FORMATS, SLDBENCH):
        raise InputError(f"--format {form} is not known; the formats are {', '.join(TEXT_FORMATS)}, {SLDBENCH}.")
    archive = find_archive(run, runs_dir)
    if form == SLDBENCH:
        if target is None:
            raise InputError("--format sldbench writes a folder; name the folder with --out DIR.")
        written = export_sldbench(archive, target, law)
        announce(f"wrote {', '.join(shown(path) for path in written)}")
        return
    text = export_text(archive, cast(TextFormat, form), law)
    if target is None:
        sys.stdout.write(visible_lines(text))  # a stranger's law must not steer the terminal; --out writes it as it is
    else:
        write_atomic(target, text.encode())
        announce(f"wrote {shown(target)}")


def replay(run: str, runs_dir: Path, data_dir: Path | None, as_json: bool) -> None:
    """Replay an archive; exit with 1 if a score differs."""
    with Sandbox(workers=1) as sandbox:
        report = replayed(find_archive(run, runs_dir), sandbox, data_dir)
    print_result(as_json, report.model_dump(mode="json"), lambda: _show(report))
    if report.reproduced is False:
        raise typer.Exit(1)


def _show(report: ReplayReport) -> None:
    line(report.run)
    for split in ("train", "test"):
        archived = getattr(report.scores.archived, split)
        replayed = getattr(report.scores.replayed, split)
        if archived is not None or replayed is not None:
            on = " on the REPLICA" if report.reproduced is None else ""
            line(f"{split} R²: archived {_r2(archived)}, replayed{on} {_r2(replayed)}")
    if report.validation_r2 is not None:
        line(f"held-out R²: replayed {number(report.validation_r2, 9)}")
    for notice in report.notices:
        warn(notice)
    for difference in report.differences:
        line(f"differs: {difference}", "bold red")
    if report.reproduced:
        out.print("reproduced to the last digit" if report.exact else "reproduced", style="green")
    for sentence in report.unchecked:
        line(sentence)


def _r2(scores: SplitScores | None) -> str:
    return number(None if scores is None else scores.r2, 9)
