"""Reads NIST StRD files: the model, both starting points and the certified values come from the file itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lawsmith.sandbox.fitting import Form
from lawsmith.tasks import Table

FOLDER = Path(__file__).parent / "nist"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.dat")))
FUNCTIONS = {"exp": np.exp, "cos": np.cos, "sin": np.sin, "arctan": np.arctan, "pi": np.pi}


@dataclass(frozen=True)
class Problem:
    """`starts` (2, K) and `certified` (K,) in the order of `form.names`; `squares` is the certified residual sum."""

    name: str
    form: Form
    table: Table
    starts: Any
    certified: Any
    squares: float


def read(name: str) -> Problem:
    lines = (FOLDER / f"{name}.dat").read_text().splitlines()
    rows = [
        re.findall(r"-?\d[\d.]*(?:E[+-]?\d+)?", line.split("=")[1]) for line in lines if re.match(r"\s+b\d+ =", line)
    ]
    numbers = np.array([row[:3] for row in rows], dtype=float)
    data = np.array([line.split() for line in lines[60:] if line.strip()], dtype=float)
    columns = ["x"] if data.shape[1] == 2 else ["x1", "x2"]
    expression, log_target = _model(lines)
    measured = np.log(data[:, 0]) if log_target else data[:, 0]
    names = tuple(f"b{k + 1}" for k in range(len(numbers)))
    code = compile(expression, name, "eval")

    def call(x: Any, p: Any) -> Any:
        return eval(code, {"__builtins__": {}}, {**FUNCTIONS, **x, **p})

    free = np.full(len(names), np.inf)
    features = dict(zip(columns, data[:, 1:].T, strict=True))
    table = Table(features, {"y": measured}, ("all",), np.zeros(len(data), dtype=np.intp))
    squares = next(float(line.split(":")[1]) for line in lines if line.startswith("Residual Sum of Squares"))
    return Problem(name, Form(names, -free, free, call), table, numbers[:, :2].T, numbers[:, 2], squares)


def _model(lines: list[str]) -> tuple[str, bool]:
    begin = next(k for k, line in enumerate(lines) if re.match(r"\s+(y|log\[y\])\s+=", line))
    end = next(k for k in range(begin, len(lines)) if re.search(r"\+\s*e\s*$", lines[k]))
    left, right = " ".join(line.strip() for line in lines[begin : end + 1]).split("=", 1)
    expression = re.sub(r"\+\s*e\s*$", "", right).replace("[", "(").replace("]", ")").strip()
    return expression, "log" in left
