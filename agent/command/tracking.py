"""Logs a law to an experiment tracker: a run of Weights & Biases or of MLflow. Neither is imported unless used."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawsmith.runs.laws.law import Law
from lawsmith.tasks.errors import InputError, require

PREFIX = "law"
LONGEST = 500
"""Characters of a parameter that MLflow takes for certain."""


@dataclass(frozen=True)
class Logged:
    """Entries for a tracker. settings: short texts; metrics: numbers; texts: file name -> content."""

    settings: dict[str, str]
    metrics: dict[str, float]
    texts: dict[str, str]


def described(
    law: Law, settings: Mapping[str, str], scores: Mapping[str, float | None], verdict: Sequence[str]
) -> Logged:
    """The formula, constants and verdict of a law, with its scores, those that are known."""
    metrics = {f"{PREFIX}/{name}": float(value) for name, value in scores.items() if value is not None}
    settings = {"formula": law.expression or "see law.py", **settings}
    return Logged(
        {f"{PREFIX}/{name}": value[:LONGEST] for name, value in settings.items()},
        {**metrics, **_constants(law)},
        {
            "law.py": law.source,
            "constants.json": json.dumps(law.constants, indent=2),
            "verdict.txt": "\n".join(verdict) + "\n",
        },
    )


def _constants(law: Law) -> dict[str, float]:
    """Constants as metrics: of several groups with the group's name between."""
    several = len(law.constants) > 1
    found = dict[str, float]()
    for group, values in law.constants.items():
        middle = f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', group)}/" if several else ""
        found |= {f"{PREFIX}/constant/{middle}{name}": value for name, value in values.items()}
    return found


def log(content: Logged, run: Any = None) -> None:
    """Log to `run`: a run of W&B, an MLflow run, or None for MLflow's active run.

    Raises InputError for something else, and where the package is missing.
    """
    if hasattr(run, "config") and hasattr(run, "summary"):
        run.config.update(content.settings, allow_val_change=True)
        run.summary.update(content.metrics)
        folder = Path(run.dir)
        for name, text in content.texts.items():
            (folder / name).write_text(text, encoding="utf-8")
            run.save(str(folder / name), base_path=str(folder), policy="now")
    elif run is None or hasattr(run, "info"):
        _to_mlflow(content, None if run is None else run.info.run_id)
    else:
        raise InputError(
            "result.log() takes a run of W&B (wandb.init()) or of MLflow (mlflow.start_run()), "
            f"not {type(run).__name__}."
        )


def _to_mlflow(content: Logged, run_id: str | None) -> None:
    require("mlflow", "mlflow", "Logging to MLflow")
    import mlflow

    mlflow.log_params(content.settings, run_id=run_id)
    mlflow.log_metrics(content.metrics, run_id=run_id)
    for name, text in content.texts.items():
        mlflow.log_text(text, f"{PREFIX}/{name}", run_id=run_id)
