"""Prints results for people: the runs in a table, the selected law, its verdict and its constants."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from rich.table import Table
from rich.text import Text

from lawsmith.agent.cli.options import RUNS_DIR
from lawsmith.agent.command.result import OwnForm, Result, Run
from lawsmith.agent.terminal.output import line, number, out, shown, text
from lawsmith.runs import Account, Archive, RunResult
from lawsmith.runs.intervals import uncertainty
from lawsmith.runs.intervals.predict import constant_intervals
from lawsmith.runs.records.record import WORST_R2
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.write_text import codes_in, labelled
from lawsmith.tasks import InputError, Schema
from lawsmith.tasks.errors import counted, listing

MOST_CONSTANTS = 24  # on one line of an inspection; --json has all
MOST_GROUPS = 5  # whose constants are printed; law.py and the page have all
REPLICA = "These are scores on REPLICA data; do not compare them with published scores."


def result(found: Result) -> None:
    """The runs sorted by R², the figures of a leaderboard, and the selected law."""
    tested = found.dataset.test is not None
    out.print(_runs_table(found, tested))
    for run in found.failed:
        line(f"run {_place(found, run)} failed: {run.result.error}", "red")
    for run in found.runs:
        account(run.result, f"run {_place(found, run)}, " if len(found.runs) > 1 else "")
    line(_leaderboard_line(found))
    if found.dataset.task.provenance.source == "replica":
        out.print(Text(REPLICA, "bold yellow"))
    if found.selected is not None:
        _selected(found, found.selected)
    for own in found.own_forms:
        _own_form(own, found)
    if found.hall_of_fame:
        _best_of("hall of fame", "formula", found.hall_of_fame, found)
    if found.catalogue:
        _best_of("catalogue", "law", found.catalogue, found)


def _leaderboard_line(found: Result) -> str:
    scores = found.leaderboard_scores
    if scores is None:
        return "There are no test rows: held-out R² is measured on training rows beyond the fitted ones."
    figures = f"best {number(max(scores))}, mean {number(fmean(scores))}, min {number(min(scores))}"
    note = "; R² is clipped at -1, and a failed run counts as -1" if min(scores) == WORST_R2 else ""
    return f"test R² over {counted(len(scores), 'run')}: {figures}{note}"


def _runs_table(found: Result, tested: bool) -> Table:
    """The runs, the best first; columns that say nothing here (no failures, no model) are left out."""
    title = f"{found.dataset.task.schema.name}: runs by {'test' if tested else 'held-out'} R²"
    columns: dict[str, Callable[[Run], str]] = {
        **({"test R²": lambda run: number(run.test_r2, 4)} if tested else {}),
        "held-out R²": lambda run: number(run.result.validation_r2, 4),
        "train R²": lambda run: number(run.train_r2, 4),
        "constants": lambda run: str(run.result.constants_count or "–"),
        "tried": lambda run: f"{run.result.tried or run.result.candidates or 0:,}",
    }
    if any(run.result.failed for run in found.runs):
        columns["failed"] = lambda run: str(run.result.failed)
    columns["s"] = lambda run: f"{run.result.seconds or 0.0:.1f}"
    if any(run.result.calls for run in found.runs):
        columns["USD"] = lambda run: "unknown" if run.result.cost_usd is None else f"{run.result.cost_usd:.4f}"
    table = Table(title=text(title), title_justify="left", box=None, pad_edge=False)
    table.add_column("run")
    for heading in columns:
        table.add_column(heading, justify="right")
    for run in sorted(found.runs, key=lambda run: _order(run, tested)):
        place, chosen = _place(found, run), run is found.selected
        name = Text(f"{place} *" if chosen else place, "bold" if chosen else "")
        if run.result.error is not None:
            name = Text(f"{place} failed", "red")
        table.add_row(name, *(tell(run) for tell in columns.values()))
    return table


def _place(found: Result, run: Run) -> str:
    """The number of a run, from 1 in the order of seeds."""
    return str(found.runs.index(run) + 1)


def _order(run: Run, tested: bool) -> tuple[bool, float]:
    score = run.test_r2 if tested else run.result.validation_r2
    return score is None, -(score or 0.0)


def _selected(found: Result, run: Run) -> None:
    chosen = f"run {_place(found, run)} *, " if len(found.runs) > 1 else ""
    line(chosen + found.reason, label="\nselected:  ")
    formula(run.result.expression, run.manifest.task)
    constants(run.result.constants or {})
    verdict(found.verdict_as_typed, run.result.tone)
    line(shown(run.archive / "law.py"), label="law:       ")
    line(f"discover inspect {reference(run.archive)}", label="details:   ")


def _own_form(own: OwnForm, found: Result) -> None:
    """A formula of the user's own: its place, its constants with intervals, or why it could not be fitted."""
    if own.row is None:
        said = own.trial.evaluation.message or "it has no finite prediction for held-out rows"
        line(f"could not be used: {said}", label="\nyour form: ", label_style="bold red")
        return
    errors = f"errors {own.row.train_error:.3g} on training rows, {own.row.heldout_error:.3g} on held-out rows"
    line(labelled(own.row.formula, found.dataset.task.schema), label="\nyour form: ")
    line(f"           {_rank(own)}; {errors}")
    selected = found.selected
    if selected is None:
        return
    ranges = _ranges(selected, own.row.id)
    for group, values in list(own.row.constants.items())[:MOST_GROUPS]:
        if len(own.row.constants) > 1:
            line(f"           {group}")
        for name, value in values.items():
            told = "   the same in every refit" if ranges.get(group) else ""
            if ends := ranges.get(group, {}).get(name):
                told = f"   90 %: {ends[0]:.4g} to {ends[1]:.4g}"
            line(f"           {name} = {value:.5g}{told}")
    if len(own.row.constants) > MOST_GROUPS:
        line(f"           … {len(own.row.constants)} groups in all: discover open {reference(selected.archive)}")
    if own.tangled:
        told = f"{listing(own.tangled)} cannot be told apart: a change of one is undone by others."
        line(f"           {told} Write a number in place of one.", style="yellow")
    if not own.row.chosen:
        run = reference(selected.archive)
        line(f"           use it: discover predict {run} --law {own.row.id} --at …")


def _best_of(title: str, kind: str, formulas: Sequence[OwnForm], found: Result) -> None:
    """The best formula of another program or of a catalogue, its place, and how many could be fitted."""
    rows = [one for one in formulas if one.row is not None]
    ways = len({one.trial.proposal.origin for one in formulas}) if kind == "law" else len(formulas)
    tried = counted(ways, kind) + (f" in {len(formulas)} ways" if ways < len(formulas) else "")
    told = f"{tried}: " + ("all could be judged" if len(rows) == len(formulas) else f"{len(rows)} could be judged")
    line(told, label=f"\n{title}: ")
    if not rows or rows[0].row is None or found.selected is None:
        return
    proposal = rows[0].trial.proposal
    line(f"           its best: {labelled(rows[0].row.formula, found.dataset.task.schema)}")
    line(f"           found as: {(proposal.note or proposal.origin)[:200]}")
    line(f"           {_rank(rows[0])}; all of them: discover laws {reference(found.selected.archive)} --json")


def _rank(own: OwnForm) -> str:
    chosen = own.row is not None and own.row.chosen
    return "chosen" if chosen else f"place {own.place} of {own.of} by error on held-out rows"


def _ranges(run: Run, law: str) -> Mapping[str, Mapping[str, tuple[float, float]]]:
    """Group -> constant -> its 90 % interval, from refits; empty where they cannot be made."""

    try:
        with Sandbox() as sandbox:
            return constant_intervals(uncertainty(Archive.open(run.archive), sandbox, None, law))
    except InputError:
        return {}


COLOURS = {"good": "green", "fair": "yellow", "bad": "bold red"}


def verdict(sentences: Sequence[str], tone: str | None) -> None:
    """How far the law can be trusted, coloured by the tone; nothing for an archive that does not say."""
    for place, sentence in enumerate(sentences):
        label = "verdict:   " if place == 0 else "           "
        styled = text(sentence)
        styled.stylize(COLOURS.get(tone or "", ""))
        line(styled, label=label)


def account(found: RunResult, of: str = "") -> None:
    """What became of the calls to a language model, and what they gained; nothing for a run that asked none."""
    kept = Account.of(found)
    if kept is None:
        return
    lines = (
        ("model:", kept.outcome),
        ("trouble:", kept.trouble),
        ("refused:", kept.error),
        ("gained:", kept.gained),
        ("diverged:", kept.divergence and f"the prompts differ from the recorded ones {kept.divergence}"),
    )
    for label, said in lines:
        if said is not None:
            line(said, label=f"{of}{label:<11}")


def formula(expression: str | None, schema: Schema) -> None:
    """The formula of a law with labels, and what codes that are left in it stand for."""
    shown = labelled(expression or "see law.py", schema)
    line(shown, label="formula:   ")
    if named := codes_in(shown, schema):
        line("; ".join(named), label="codes:     ")


def constants(values: Mapping[str, Mapping[str, float]]) -> None:
    """The constants of the first groups, a line for each; nothing where there are none."""
    for place, (group, own) in enumerate(list(values.items())[:MOST_GROUPS]):
        listed = ", ".join(f"{name} = {value:.6g}" for name, value in list(own.items())[:MOST_CONSTANTS])
        more = f", … ({len(own)} in all)" if len(own) > MOST_CONSTANTS else ""
        whose = f"{group}: " if len(values) > 1 else ""
        line(whose + listed + more, label="           " if place else "constants: ")
    if len(values) > MOST_GROUPS:
        line(f"           … all {len(values)} groups are in law.py")


def reference(archive: Path) -> str:
    """What a command takes for a run: its name where commands look for it by themselves, else its folder."""
    return archive.name if archive.absolute().parents[2] == RUNS_DIR.absolute() else shlex.quote(shown(archive))
