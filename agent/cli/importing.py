"""`discover import`: other systems' laws and scores as archives, marked as imported."""

from pathlib import Path
from typing import Any

from lawsmith.agent.terminal.output import announce, line, number, print_result, shown, warn
from lawsmith.runs import Archive
from lawsmith.runs.imports import import_law, import_scores
from lawsmith.runs.replay import replay
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError, load
from lawsmith.tasks.errors import counted


def run(
    path: Path,
    task: str | None,
    system: str | None,
    model: str | None,
    source: str | None,
    runs_dir: Path,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Archive the law in a Python file, or the scores in a table, and print what stands in the archives. Raises
    InputError for an option that a law lacks, and for one that goes with a law and is given for scores."""
    if path.suffix == ".py":
        if task is None or not (system or "").strip():
            missing = "--task NAME, the task it is for" if task is None else "--system NAME, what made it"
            raise InputError(f"A law needs {missing}.")
        dataset = load(task, data_dir)
        say = warn if dataset.task.provenance.source == "replica" else announce
        for note in dataset.notices:
            say(note)
        with Sandbox(workers=1) as sandbox:
            archive = import_law(path, dataset, runs_dir, sandbox, system=str(system), model=model, source=source)
            described = [_describe(archive, replay(archive, sandbox, dataset=dataset).reproduced is True)]
    else:
        of_laws = {"task": task, "system": system, "model": model, "data-dir": data_dir}
        stray = next((name for name, value in of_laws.items() if value), None)
        if stray is not None:
            raise InputError(f"--{stray} is for a law (a .py file); a table of scores has columns for it.")
        described = [_describe(archive, None) for archive in import_scores(path, runs_dir, source=source)]
    print_result(as_json, {"imported": described}, lambda: _show(described))


def _describe(archive: Archive, reproduced: bool | None) -> dict[str, Any]:
    """What stands in an archive. reproduced: whether a replay gave a law's scores again; None for scores alone."""
    manifest, result = archive.manifest, archive.result
    assert result is not None
    return {
        "run": manifest.run,
        "archive": str(archive.path.absolute()),
        "task": manifest.task.name,
        "system": manifest.agent,
        "model": manifest.model,
        "source": manifest.source,
        "data": None if manifest.data is None else manifest.data.source,
        "kind": result.kind,
        "expression": result.expression,
        "r2": result.test_r2,
        "train_r2": result.train_r2,
        "scores": list(result.siblings),
        "reproduced": reproduced,
    }


def _show(described: list[dict[str, Any]]) -> None:
    for one in described:
        system = one["system"] if one["model"] is None else f"{one['system']} with {one['model']}"
        scores = f"test R² {number(one['r2'])}"
        if one["train_r2"] is not None:
            scores += f", train R² {number(one['train_r2'])}"
        basis = "scored here" if one["reproduced"] else "scored here, but a replay differs"
        if one["reproduced"] is None:
            basis = f"as reported, {counted(len(one['scores']), 'run')}"
        line(f"{one['task']} by {system}: {scores} ({basis})")
        line(f"  {shown(Path(one['archive']))}")
