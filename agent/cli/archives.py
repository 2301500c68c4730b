"""`discover inspect`: the archives in a table, one in full, or what differs between two."""

import shlex
from collections.abc import Sequence
from difflib import unified_diff
from itertools import groupby
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from lawsmith.agent.cli import show as shown_result
from lawsmith.agent.cli.show import reference
from lawsmith.agent.inspection import Details, Summary, details, differences, summaries
from lawsmith.agent.terminal.output import announce, line, number, out, print_json, print_result, shown, text
from lawsmith.runs import Account, State
from lawsmith.runs.intervals.beyond_data import percent
from lawsmith.runs.records.find import find_archive
from lawsmith.runs.records.record import with_model
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Tier
from lawsmith.sandbox.law.write_text import labelled, source_formula
from lawsmith.tasks import InputError, Schema, schema
from lawsmith.tasks.errors import counted

HYPOTHESES = 12
"""The last ones that the view of one run lists."""
BEST = 8
"""Candidates that the view of one run lists; `--json` and the archive have all."""


def table(runs_dir: Path, task: str | None, agent: str | None, sort: str, as_json: bool) -> None:
    """List the archives below `runs_dir`."""
    wanted = None if task is None else _task_name(task)
    found = summaries(runs_dir, wanted, agent, sort)
    if as_json:
        print_json({"archives": [vars(entry) for entry in found]})
    elif not found:
        announce(f"There are no runs below {runs_dir}; 'discover runs.csv --target COLUMN' makes one.")
    else:
        own = [entry for entry in found if entry.origin != "published"]
        if not own:
            announce(f"There are no runs of yours below {runs_dir} yet.")
        for name, entries in groupby(own, key=lambda entry: entry.task):
            _list(name, list(entries))
        published = [entry for entry in found if entry.origin == "published"]
        if published:
            _list("published by others", published)


def _task_name(task: str) -> str:
    """The archive's word for a benchmark task; the name of an own table is taken as it is."""

    try:
        return schema(task).name
    except InputError:
        return task


def _list(heading: str, found: list[Summary]) -> None:
    """Two lines for each run, which a narrow terminal shows as well: what and when; formula and figures."""
    out.print(Text(f"\n{heading}", "bold") if out.width else "")
    for entry in found:
        name = f"published/{entry.task}/{entry.run}" if entry.origin == "published" else entry.run
        when = f", {_date(entry.created)}" if entry.created and entry.origin != "published" else ""
        said = text(f"{when}, {with_model(entry.agent, entry.model)}  ")
        line(Text.assemble("  ", (name, "cyan"), said, _remark(entry)))
        line(f"    {entry.expression or entry.error or 'no formula'}")
        line(f"    {_figures(entry)}", "dim")


def _figures(entry: Summary) -> str:
    told = {"test R²": entry.r2, "held-out R²": entry.validation_r2}
    known = [f"{name} {number(value, 4)}" for name, value in told.items() if value is not None]
    if entry.constants_count is not None:
        known.append(counted(entry.constants_count, "constant"))
    if entry.seconds is not None:
        known.append(f"{entry.seconds:.0f} s")
    return ", ".join(known) or "no scores"


def _date(created: str) -> str:
    """``26 Nov 2026 17:12`` in local time."""
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(created).astimezone()
    except ValueError:
        return created
    return f"{moment:%d %b %Y %H:%M}"


def _remark(entry: Summary) -> Text:
    if entry.state == "damaged":
        return Text("damaged", "bold red")
    if entry.state != State.COMPLETE:
        return Text(entry.state, "yellow")
    if entry.error is not None:
        return Text("failed", "red")
    if entry.data == "replica":
        return Text("REPLICA data", "bold yellow")
    return Text("" if entry.origin == "run" else entry.origin or "")


def show(run: str, runs_dir: Path, as_json: bool) -> None:
    """Show one archive in full."""
    found = details(find_archive(run, runs_dir))
    print_result(as_json, found.to_json(), lambda: _show(found))


def _show(found: Details) -> None:
    _headline(found)
    if found.finished:
        _outcome(found)
    if found.lineage:
        out.print(Text("\nlineage, from the winner back", "bold"))
        _candidates(found.lineage, found.schema)
    if found.trials:
        out.print(Text(f"\nbest of {len(found.trials)} candidates", "bold"))
        _candidates(found.best[:BEST], found.schema)
    if found.hypotheses:
        out.print(Text("\nhypotheses of the model, and what became of them", "bold"))
    for one in list(found.hypotheses.values())[-HYPOTHESES:]:
        line(f"{one.number:>4}  {one.text[:400]}\n      -> {one.fate}")
    if found.failures:
        failed = ", ".join(f"{count} {verdict}" for verdict, count in found.failures.most_common())
        line(failed, label="failures: ")
    for problem in found.problems:
        line(f"damage: {problem}", "bold red")


def _headline(found: Details) -> None:
    one = found.summary
    seed = "" if one.seed is None else f", seed {one.seed}"
    line(f"{one.task} by {with_model(one.agent, one.model)}{seed}, {one.created} ({one.state})")
    line(f"archive:   {shown(Path(one.archive))}")
    if one.origin != "run":
        line(f"source:    {one.source or 'not recorded'} ({one.origin})")
    out.print(text(f"data:      {one.data or 'not recorded'}"))
    if tiers := sorted({trial.evaluation.tier.value for trial in found.trials}):
        style = "bold red" if Tier.NONE in tiers else ""
        out.print(text(f"isolation: {', '.join(tiers)}"), style=style)
    if one.data == "replica":
        out.print(Text(shown_result.REPLICA, "bold yellow"))
    if one.state == State.INTERRUPTED:
        resume = shlex.join(["discover", "resume", shown(Path(one.archive))])
        line(f"interrupted; continue with: {resume}", "yellow")


def _outcome(found: Details) -> None:
    one, result = found.summary, found.result
    if one.error is not None:
        line(f"failed: {one.error}", "red")
    scores = (("test", one.r2), ("held-out", one.validation_r2), ("train", one.train_r2))
    line("R²:        " + ", ".join(f"{split} {number(value)}" for split, value in scores))
    if found.law is not None:
        shown_result.formula(one.expression, found.schema)
        shown_result.constants(result.constants or {})
        line(f"chosen:    {result.reason or 'not recorded'}")
        shown_result.verdict(result.verdict, result.tone)
    if result.effort is not None:
        line(f"search:    {result.effort}")
    if result.inseparable:
        _rivals(found)
    _cost(found)


def _rivals(found: Details) -> None:
    """The laws that the data cannot tell from the chosen one, by formula."""
    result, known = found.result, found.by_id
    out.print(Text(f"\nthe data cannot separate it from {counted(len(result.inseparable), 'other law')}", "bold"))
    for id in result.inseparable[:BEST]:
        stated = _stated(known[id], found.schema) if id in known else "opaque"
        share = f"{percent(result.votes[id])} of the votes  " if id in result.votes else ""
        line(f"  {id}  {share}{stated}")
    if len(result.inseparable) > BEST:
        out.print(
            text(f"  … {len(result.inseparable) - BEST} more: discover laws {reference(Path(found.summary.archive))}")
        )


def _cost(found: Details) -> None:
    one, result = found.summary, found.result
    if one.seconds is None:
        return
    cost = "unknown" if one.cost_usd is None else f"{one.cost_usd:.4f}"
    spent = f"{one.seconds:.1f} s, {result.calls or 0} model calls, USD {cost}"
    line(f"cost:      {spent}; ended by: {result.details.get('stopped', 'not recorded')}")
    shown_result.account(result)
    kept = Account.of(result)
    if kept is not None and kept.progress:
        line(f"best held-out error against calls: {kept.steps}")


def _candidates(trials: Sequence[Trial], task: Schema) -> None:
    """Two lines for each candidate: figures and origin; then its formula, or that nobody can read it."""
    for trial in trials:
        got = trial.evaluation
        parents = f" of {', '.join(trial.proposal.parents)}" if trial.proposal.parents else ""
        known = counted(got.constants_count, "constant") if got.constants_count is not None else "no constants"
        head = f"  {trial.id}  held-out R² {number(got.validation_r2, 4)}, {known}; {trial.proposal.origin}{parents}"
        line(head)
        line(f"    {_stated(trial, task)}", "dim")


def _stated(trial: Trial, task: Schema) -> str:
    return labelled(source_formula(trial.proposal.source, task.targets), task) or "opaque"


def compare(one: str, other: str, runs_dir: Path, as_json: bool) -> None:
    """Show what differs between two archives: figures, and the source of the winners."""
    first, second = (details(find_archive(run, runs_dir)) for run in (one, other))
    found = differences(first, second)
    laws = (one.lineage[0].proposal.source if one.lineage else one.law or "" for one in (first, second))
    sources = [law.splitlines() for law in laws]
    changed = list(unified_diff(sources[0], sources[1], "first", "second", lineterm=""))
    if as_json:
        print_json({"differences": found, "source_diff": changed})
        return
    listed = Table("", "first", "second", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, (mine, theirs) in found.items():
        if name != "constants":
            listed.add_row(name, text(_brief(mine)), text(_brief(theirs)))
    out.print(listed if found else "The two archives say the same.")
    for changed_line in changed:
        line(changed_line)


def _brief(value: object) -> str:
    return "–" if value is None else f"{value:.6f}" if isinstance(value, float) else str(value)
