"""`discover laws`: the table of laws of a run, and the choice of another one."""

from collections.abc import Sequence
from pathlib import Path

from lawsmith.agent.cli.output import announce, line, out, print_json, text
from lawsmith.runs import Archive
from lawsmith.runs.data import open_data
from lawsmith.runs.find import find_archive
from lawsmith.runs.law_table import LawRow, laws
from lawsmith.runs.laws import law_of, trial_of
from lawsmith.runs.trials import recorded_trials
from lawsmith.tasks import InputError
from lawsmith.tasks.errors import counted

CHOSEN = "chosen"
"""What `--pick` takes to go back to the law that the search chose."""
LISTED = 10  # laws on one screen; --json has all


def run(reference: str, pick: str | None, runs_dir: Path, data_dir: Path | None, as_json: bool) -> None:
    """Show the table; with `pick`, put that law in the place of the chosen one first.

    Raises InputError for a run without laws.
    """
    archive = find_archive(reference, runs_dir)
    if archive.result is None or archive.law is None:
        raise InputError(f"The run {archive.run} has no laws to show; it is {archive.state}.")
    if pick is not None:
        _pick(archive, pick)
    rows = table_of(archive, data_dir)
    if as_json:
        found = [{**row.to_json(), "picked": row.stands_for(archive.picked)} for row in rows]
        print_json({"run": archive.run, "picked": archive.picked, "laws": found})
    else:
        _show(archive, rows)


def table_of(archive: Archive, data_dir: Path | None = None) -> tuple[LawRow, ...]:
    """The table of laws of an archived run; raises InputError where its rows cannot be had."""
    assert archive.result is not None
    return laws(recorded_trials(archive), open_data(archive, data_dir).task, archive.result.winner)


def _pick(archive: Archive, pick: str) -> None:
    if pick == CHOSEN or trial_of(archive, pick).id == (archive.result and archive.result.winner):
        archive.pick(None)
        announce("The law that the search chose is the law of this run again.")
        return
    archive.pick(trial_of(archive, pick).id)
    law_of(archive)
    announce(
        f"Law {archive.picked} is the law of this run now, for predict, export, report and Python; "
        f"`--pick {CHOSEN}` undoes it."
    )


def _show(archive: Archive, rows: Sequence[LawRow]) -> None:
    shown = [row for row in rows if row.on_front or row.chosen or row.stands_for(archive.picked)]
    stated = {row.formula for row in shown}
    for row in sorted((row for row in rows if row not in shown), key=lambda row: row.heldout_error):
        if len(shown) < LISTED and row.formula not in stated:  # not the same formula fitted with another loss
            shown.append(row)
            stated.add(row.formula)
    shown.sort(key=lambda row: (row.complexity, row.heldout_error))
    out.print(text(f"{counted(len(rows), 'law')} of {archive.manifest.task.name}, the simplest first"), style="bold")
    line(
        "  * no law with as few constants errs less on held-out rows. Errors: root mean square, seen / held-out rows.",
        "dim",
    )
    for row in shown:
        marks = [name for name, there in (("chosen", row.chosen), ("picked", row.stands_for(archive.picked))) if there]
        head = f"{'*' if row.on_front else ' '} {row.id}  {counted(row.complexity, 'constant')}  "
        errors = f"{row.train_error:.3g} / {row.heldout_error:.3g}"
        style = "bold green" if marks else ""
        line(head + errors + "  " + " ".join(marks), style)
        line(f"    {row.formula}")
    if len(rows) > len(shown):
        line(f"… {len(rows) - len(shown)} more: discover laws {archive.run} --json")
