"""Writes the archives of `runs/published` from data: ``python -m benchmarks.published``.

The constants are those of `lawsmith.tasks.replica` (one file per task, shared with the replica), the scores those of
``scores.json``: test R² of every run as the public leaderboard gives them, to six decimals, best first, and
the training R² that the best law has on the benchmark's training rows. Nothing here was executed or measured
by us.
"""

import ast
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from lawsmith.runs.laws.law_file import render_law
from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.record import FinalScores, Manifest, RunResult, SplitScores
from lawsmith.runs.records.trials import candidate_id
from lawsmith.sandbox import Constants
from lawsmith.tasks import replica, schema

FOLDER = Path(__file__).parents[1] / "runs" / "published"
AS_OF = "2026-02-01T00:00:00.000Z"  # the leaderboard of February 2026
DECIMALS = 6


class PublishedScores(BaseModel):
    """The scores of one system on one task. `runs` are test R², best first; `train` is the best run's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    agent: str
    model: str
    train: float
    runs: tuple[float, ...]


def published_scores() -> dict[str, PublishedScores]:
    """Task -> scores, from ``scores.json``."""
    data = json.loads((FOLDER / "scores.json").read_text("utf-8"))
    return {name: PublishedScores.model_validate(item) for name, item in data.items()}


def form_source(law: str, parameters: Iterable[str]) -> str:
    """Candidate source for a law given as text, ``target = expression`` over features and parameters."""
    parameters = tuple(parameters)

    class Names(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            arguments = [self.visit(argument) for argument in node.args]
            return ast.Call(ast.Name(f"np.{ast.unparse(node.func)}", ast.Load()), arguments, [])

        def visit_Name(self, node: ast.Name) -> ast.expr:
            holder = "p" if node.id in parameters else "x"
            return ast.Subscript(ast.Name(holder, ast.Load()), ast.Constant(node.id), ast.Load())

    expression = ast.unparse(Names().visit(ast.parse(law.partition(" = ")[2], mode="eval").body))
    imports = "import numpy as np\n\n" if "np." in expression else ""
    return f"{imports}PARAMETERS = {parameters!r}\n\n\ndef form(x, p):\n    return {expression}\n"


def build(name: str, runs_dir: Path) -> Path:
    """Write the archive of one task's published result below `runs_dir`, replacing the one that is there."""
    law, scores, task = replica.published(name), published_scores()[name], schema(name)
    groups = tuple(law.constants)
    names = tuple(law.constants[groups[0]])
    constants = Constants(names, groups, np.array([[law.constants[g][n] for n in names] for g in groups]))
    source = form_source(law.law, names)
    winner = candidate_id(source)
    manifest = Manifest(
        run=scores.run,
        origin="published",
        task=task,
        agent=scores.agent,
        model=scores.model,
        seed=None,
        created=AS_OF,
        data=None,
        versions={},
        git_commit=None,
        source=law.source,
    )
    shutil.rmtree(runs_dir / manifest.address, ignore_errors=True)
    with Archive.create(runs_dir, manifest) as archive:
        archive.append_event(
            {"event": "published", "id": winner, "source": source, "test_r2": scores.runs, "from": law.source}
        )
        provenance = {"Published by": law.source, "Test R² as published": f"{scores.runs[0]:.{DECIMALS}f}"}
        archive.finish(
            RunResult(
                scores=FinalScores(train=SplitScores(r2=scores.train), test=SplitScores(r2=scores.runs[0])),
                decimals=DECIMALS,
                siblings=scores.runs,
                winner=winner,
                kind="form",
                expression=law.law,
                constants=law.constants,
                constants_count=len(names),
                reason="the best of the published runs by test R²",
            ),
            render_law(source, task, constants, provenance),
        )
    return archive.path


def main() -> None:
    """Build the archive of every published result, in place."""
    for name in published_scores():
        build(name, FOLDER.parent)


if __name__ == "__main__":
    main()
