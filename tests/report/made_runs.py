"""Runs on small tables, made by the real loop from fixed candidates."""

import csv
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from lawsmith.agent.command.conclude import conclude
from lawsmith.agent.command.loop import search
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.command.own_forms import OwnForms
from lawsmith.agent.search.budget import Allowance, Budget
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.journal import Journal
from lawsmith.runs import Archive, Manifest, new_run_id
from lawsmith.runs.records.ownership import marked
from lawsmith.runs.records.record import DataRecord
from lawsmith.runs.records.trials import Proposal
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, read_dataset

POWER = """
PARAMETERS = {"L": (0.0, 10.0), "A": (0.0, 100.0), "a": (0.0, 2.0)}
def form(x, p):
    return p["L"] + p["A"] * x["n"] ** -p["a"]
"""
LOGARITHM = """
import numpy as np
PARAMETERS = ("b", "c")
def form(x, p):
    return p["b"] + p["c"] * np.log(x["n"])
"""
BROKEN = """
PARAMETERS = ("b",)
def form(x, p):
    return p["b"] + x["<script>alert(1)</script>"]
"""
CANDIDATES = (LOGARITHM, BROKEN, POWER)
HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "$\\input{/etc/passwd}$ & \\frac{",
    "\x1b[31mred\x1b[0m",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnirts",
    "{{ 7 * 7 }}",
    "long " * 90,
)


def write_table(path: Path, groups: Sequence[str] = ("one", "two"), feature: str = "n") -> Path:
    """L + A n^-a with one percent of noise, twelve rows per group."""
    rng = np.random.default_rng(3)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([feature, "model", "loss"])
        for k, group in enumerate(groups):
            for n in np.geomspace(10, 1000, 12):
                loss = 1 + 0.2 * k + (5 + k) * n**-0.5
                rows.writerow([f"{n:.6g}", group, f"{loss + 0.01 * rng.standard_normal():.6g}"])
    return path


def make_run(
    runs_dir: Path,
    dataset: Dataset,
    sandbox: Sandbox,
    proposals: Sequence[Proposal],
    run: str,
    seal: bool = True,
    own: bool = True,
) -> Path:
    """The archive of a run of `proposals`; left unfinished without `seal`, a stranger's if it is not `own`."""
    task = dataset.task
    manifest = Manifest(
        run=run,
        task=task.schema,
        agent="fixed",
        seed=0,
        data=DataRecord.of(task.provenance, task.provenance.path, None),
    )
    manifest = marked(manifest) if own else manifest
    with Archive.create(runs_dir, manifest) as archive:
        journal, budget = Journal(archive), Budget(Allowance())
        with Evaluator(sandbox, SearchTask.of(task)) as evaluator:
            stopped = search(OwnForms(proposals, None), evaluator, journal, budget, Observer())
        if seal:
            conclude(journal, dataset, evaluator.search_task, sandbox, budget.spent, stopped)
        return archive.path


def hostile_table(folder: Path) -> Dataset:
    """The table with hostile group names and a hostile feature, task title, meaning and unit."""
    table = write_table(folder / "bad.csv", [name for name in HOSTILE if "\x1b" not in name], HOSTILE[0])
    dataset = read_dataset(table, ("loss",), group="model")
    column = dataset.task.schema.columns["loss"].model_copy(update={"meaning": HOSTILE[1], "unit": HOSTILE[4]})
    columns = {**dataset.task.schema.columns, "loss": column}
    schema = dataset.task.schema.model_copy(update={"title": HOSTILE[1] + HOSTILE[3], "columns": columns})
    return replace(dataset, task=replace(dataset.task, schema=schema))


def hostile_proposals() -> list[Proposal]:
    source = POWER.replace('x["n"]', f"x[{HOSTILE[0]!r}]").replace('"A"', '"script"')
    note = "\n".join(HOSTILE)
    return [
        Proposal(source + f"\n# {HOSTILE[1]}\n", origin=HOSTILE[1], note=note),
        Proposal(f"</code><script>document.title='owned'</script>\n{HOSTILE[2]}", origin=HOSTILE[4], note=note),
    ]


@contextmanager
def under_way(runs_dir: Path, good: Archive) -> Iterator[Archive]:
    """A run in progress that has tried one candidate and waits for the others; nothing is left of it."""
    config = {"seconds": 600, "usd": 1.5, "calls": 10}
    manifest = marked(good.manifest.model_copy(update={"run": new_run_id(), "agent": "under-way", "config": config}))
    listed = [event for event in good.events() if event["event"] in ("round", "candidate")]
    with Archive.create(runs_dir, manifest) as archive:
        for event in listed[:2]:
            archive.append_event({k: v for k, v in event.items() if k not in ("digest", "seq")})
        yield archive
    shutil.rmtree(archive.path)


def add(archive: Archive, good: Archive, number: int) -> str:
    event = [event for event in good.events() if event["event"] == "candidate"][number]
    archive.append_event({k: v for k, v in event.items() if k not in ("digest", "seq")})
    return str(event["id"])
