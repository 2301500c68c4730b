"""Analysis code in the sandbox: a proposer looks at the training rows with numpy and scipy, isolated like a candidate.

The process is given the training rows of a search and nothing else: no test row, no file, no network. Its code is
not trusted with anything; what it prints is words, bounded and cleaned.
"""

import ast
import re
from dataclasses import dataclass

from lawsmith.sandbox.jobs import FitJob, SearchOver
from lawsmith.sandbox.law.syntax import parse
from lawsmith.sandbox.pool.executor import Sandbox
from lawsmith.sandbox.verdict import Verdict
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Task

GROUP = "group_code"
MOST_BYTES = 16 * 1024
"""Of the code."""
_LINE = re.compile(r"\(line (\d+) of the source\)|Line (\d+)")
_FRAME = """
import numpy as np
PARAMETERS = ("done",)
def form(x, p):
    return 0.0 * x[{first!r}]
def fit(x, y):
    group = np.array({groups!r})[x.pop({code!r}).astype(int)]
    y = y if isinstance(y, dict) else {{{target!r}: y}}
    try:
        _analyse(x, y, group)
    finally:
        print(end="", flush=True)
    return {{"done": 0.0}}
def _print_unless_none(value):
    if value is not None:
        print(value)
def _analyse(x, y, group):
    pass
"""


@dataclass(frozen=True)
class Analysis:
    """The output of analysis code, and the error that ended it ("" for none)."""

    output: str
    error: str = ""


def analyse(sandbox: Sandbox, code: str, task: Task, seed: int = 0) -> Analysis:
    """Run `code` with the training rows as `x` (name -> array), `y` (name -> array) and `group` (array of names).

    numpy is there as `np`. The value of a last line that is an expression is printed. Never raises for the code.
    """
    try:
        source = _source(code, task)
    except SyntaxError as error:
        return Analysis("", f"syntax: line {error.lineno}: {error.msg}")
    except (ValueError, RecursionError, MemoryError):
        return Analysis("", "syntax: the code cannot be parsed.")
    schema, rows = _with_codes(task)
    try:
        found = sandbox.run(FitJob(source, schema, rows, seed=seed))
    except SearchOver:
        return Analysis("", "the time of the search is over.")
    if found.verdict is Verdict.OK:
        return Analysis(found.output or "(nothing was printed)")
    return Analysis(found.output, f"{found.verdict.value}: {_located(found.message, source)}")


def _source(code: str, task: Task) -> str:
    """The code as the body of a function of a candidate with a fit of its own. Raises SyntaxError."""
    if len(code.encode(errors="replace")) > MOST_BYTES:
        raise SyntaxError(f"the code has more than {MOST_BYTES} bytes")
    body = parse(code).body
    if any(isinstance(node, ast.Yield | ast.YieldFrom | ast.Await) for stmt in body for node in ast.walk(stmt)):
        raise SyntaxError("yield and await have no use here")
    schema, name = task.schema, _code_name(task.schema)
    frame = ast.parse(
        _FRAME.format(first=schema.features[0], groups=list(task.train.groups), code=name, target=schema.targets[0])
    )
    if body and isinstance(body[-1], ast.Expr):
        shown = ast.Call(ast.Name("_print_unless_none", ast.Load()), [body[-1].value], [])
        body[-1] = ast.Expr(shown)
    analysis = frame.body[-1]
    assert isinstance(analysis, ast.FunctionDef)
    future = [node for node in body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    analysis.body = [*(node for node in body if node not in future), ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(frame))


def _located(message: str, source: str) -> str:
    """The message with the text of the line that it names: line numbers are of the text that was executed."""

    def line(match: re.Match[str]) -> str:
        lines = source.splitlines()
        number = int(match[1] or match[2])
        return f"(at: {lines[number - 1].strip()[:120]})" if 0 < number <= len(lines) else match[0]

    return _LINE.sub(line, message).replace("The candidate", "The code")


def _code_name(schema: Schema) -> str:
    name = GROUP
    while name in schema.names:
        name += "_"
    return name


def _with_codes(task: Task) -> tuple[Schema, Table]:
    """The rows as one group, with the codes of their groups as one more feature."""
    train, name = task.train, _code_name(task.schema)
    features, targets = (*task.schema.features, name), task.schema.targets
    schema = Schema(name="analysis", long_name="analysis", title="", features=features, targets=targets, group=None)
    codes = train.codes.astype(float)
    return schema, Table({**train.features, name: codes}, train.targets, ("all",), 0 * train.codes)
