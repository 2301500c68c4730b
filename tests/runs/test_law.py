"""Rendered laws: the same predictions as the candidate, nothing but the standard library, clear errors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs_forms import ARRAYS, PLAIN

from lawsmith.runs.laws.law_file import render_law
from lawsmith.runs.laws.winner import close_law, predict_with, score_law
from lawsmith.runs.quoting import docstring, visible
from lawsmith.sandbox import Constants, FitJob, PredictJob, Sandbox
from lawsmith.tasks import Dataset, Provenance, Schema, Table, Task

GROUPS = ("a", 'b\'"""\n\\', "c\u202e\x1b[31m")


def table(schema: Schema, rows: int = 60, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    features = {name: 10 ** rng.uniform(0.5, 4, rows) for name in schema.features}
    targets = {name: 1 + rng.random(rows) for name in schema.targets}
    return Table(features, targets, GROUPS, np.arange(rows) % len(GROUPS))


def names_of(source: str) -> tuple[str, ...]:
    space: dict[str, Any] = {}
    exec(source, space)
    return tuple(space["PARAMETERS"])


def constants_for(source: str) -> Constants:
    names = names_of(source)
    return Constants(names, GROUPS, np.random.default_rng(1).uniform(0.1, 1.5, (len(GROUPS), len(names))))


def law_of(text: str) -> Any:
    space: dict[str, Any] = {}
    exec(compile(text, "law.py", "exec"), space)
    return space["law"]


def rows_of(rows: Table, group: int) -> list[dict[str, float]]:
    index = np.flatnonzero(rows.codes == group)
    return [{name: float(column[i]) for name, column in rows.features.items()} for i in index]


def imports(text: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(text)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("name", [*PLAIN, *ARRAYS])
def test_law_predicts_as_the_form(name: str, schema: Schema) -> None:
    source = (PLAIN | ARRAYS)[name]
    constants, rows = constants_for(source), table(schema)
    space: dict[str, Any] = {}
    exec(source, space)
    text = render_law(source, schema, constants, {"run": "r"})
    if name in PLAIN:
        assert imports(text) <= {"__future__", "math"}
        assert "standard library" in text
    else:
        assert "Needs numpy" in (ast.get_docstring(ast.parse(text)) or "")
    law = law_of(text)
    for code, group in enumerate(GROUPS):
        x = {key: column[rows.codes == code] for key, column in rows.features.items()}
        with np.errstate(all="ignore"):
            expected = space["form"](dict(x), constants.of(group))
        found = [row["loss"] for row in law(rows_of(rows, code), group)]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_law_runs_on_the_bare_interpreter(schema: Schema, tmp_path: Path) -> None:
    path = tmp_path / "law.py"
    path.write_text(render_law(PLAIN["power"], schema, constants_for(PLAIN["power"]), {}), encoding="utf-8")
    check = "import law; print(law.law([{'n': 10, 'd': 1.0}], 'a')); import sys; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", check], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("[{'loss': ")
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize(
    ("rows", "group", "message"),
    [
        ([{"n": 1.0, "d": 2.0}], "x", r"unknown group 'x': this law knows 'a', "),
        ([{"n": 1.0, "d": 2.0}], None, "unknown group None"),
        ([{"n": 1.0, "d": 2.0}], [], r"unknown group \[\]"),
        ([{"d": 1.0}], "a", "row 0 has no 'n': each row is a dict with n$"),  # no law asks for what it does not use
        ([{"n": 1.0, "d": 2.0}, [1, 2]], "a", "row 1 has no 'n'"),
        ([{"n": "1", "d": 2.0}], "a", "'n' in row 0 must be a finite number, not '1'"),
        ([{"n": float("nan"), "d": 2.0}], "a", "'n' in row 0 must be a finite number, not nan"),
        ([{"n": 10**400, "d": 2.0}], "a", "'n' in row 0 must be a finite number"),
        ([{"n": True, "d": 2.0}], "a", "finite number, not True"),
        ([{"n": -1e9, "d": 2.0}], "a", "no finite prediction for row 0"),
        ("rows", "a", "must be a list of dicts"),
    ],
)
def test_bad_input_is_a_clear_error(rows: Any, group: Any, message: str, schema: Schema) -> None:
    law = law_of(render_law(PLAIN["power"], schema, constants_for(PLAIN["power"]), {}))
    with pytest.raises(ValueError, match=message):
        law(rows, group)


def test_law_takes_numpy_numbers_and_no_rows(schema: Schema) -> None:
    law = law_of(render_law(PLAIN["power"], schema, constants_for(PLAIN["power"]), {}))
    assert law([], "a") == []
    assert law([{"n": np.float32(4), "d": np.int64(3)}], "a") == law([{"n": 4, "d": 3, "more": "x"}], "a")


def test_group_that_was_not_fitted_is_left_out(schema: Schema) -> None:
    values = np.array([[1.0, 2.0, 0.5, 1.0], [np.nan] * 4, [1.0, 2.0, 0.5, 1.0]])
    constants = Constants(("L", "A", "a", "N0"), GROUPS, values)
    law = law_of(render_law(PLAIN["power"], schema, constants, {}))
    with pytest.raises(ValueError, match="unknown group"):
        law([{"n": 1.0, "d": 1.0}], GROUPS[1])


def test_text_of_strangers_stays_text(schema: Schema) -> None:
    hostile = '"""\nraise SystemExit\n"""\\" \x1b[31m \u202e \ud800 {x} %s \\N{BULLET} \'\'\''
    nasty = schema.model_copy(
        update={"title": hostile, "features": (hostile, "d"), "targets": ("t\nimport os",), "group": hostile}
    )
    source = f"""
PARAMETERS = ("A",)
def form(x, p):
    return p["A"] * x[{hostile!r}]
"""
    text = render_law(source, nasty, Constants(("A",), (hostile,), np.array([[2.0]])), {hostile: hostile})
    space: dict[str, Any] = {}
    exec(compile(text.encode(), "law.py", "exec"), space)
    assert space["law"]([{hostile: 3.0, "d": 0.0}], hostile) == [{"t\nimport os": 6.0}]
    body = ast.parse(text).body
    assert not any(isinstance(node, ast.Raise) for node in body)
    assert [n.names[0].name for n in body if isinstance(n, ast.Import)] == ["math"]
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("text", ["", '"', '"""', "a\\", 'end"', "two\nlines", "\r\t\0", 'x"""y\\"""', "\\n"])
def test_docstring_holds_any_text(text: str) -> None:
    value = ast.literal_eval(docstring(text))
    assert value.rstrip("\n") == "\n".join(map(visible, text.split("\n")))


def test_names_of_the_candidate_cannot_replace_ours(schema: Schema) -> None:
    source = """
import numpy as np
PARAMETERS = ("A",)
def checked_rows(a, b):
    return a
def form(x, p):
    CONSTANTS = x["n"]
    return checked_rows(p["A"] * CONSTANTS, 1)
"""
    law = law_of(render_law(source, schema, Constants(("A",), ("a",), np.array([[2.0]])), {}))
    assert law([{"n": 3.0, "d": 1.0}]) == [{"loss": 6.0}]
    with pytest.raises(ValueError, match="row 0 has no 'n'"):
        law([{}])


@pytest.mark.parametrize(
    "body",
    [
        "return open('/etc/passwd')",
        "return p.__class__",
        "return np.load('x')",
        "return ().__class__.__bases__",
        "return getattr(x, 'n')",
        "return (lambda: __builtins__)()",
        "return np.lib.format.open_memmap('x')",
        "import os; return os.getcwd()",
    ],
)
def test_translated_law_can_call_nothing_of_the_system(body: str, schema: Schema) -> None:
    source = f'import numpy as np\nPARAMETERS = ("A",)\ndef form(x, p):\n    {body}\n'
    text = render_law(source, schema, Constants(("A",), ("a",), np.array([[2.0]])), {})
    assert "Needs numpy" in text


CLOSED = '''"""Their own docstring."""
from __future__ import annotations
import math
TABLE = {"a": 2.0}
def law(input_data: list[dict[str, float]], group: str) -> list[dict[str, float]]:
    return [{"loss": TABLE.get(group, 1.0) * math.log(row["n"])} for row in input_data]
'''
PAIR = """
import numpy as np
from scipy.optimize import minimize
def scaling_law_func(data_points, params):
    return params[0] + params[1] * np.log(np.asarray(data_points)[:, 0])
def fit_scaling_law(data_points, loss_values):
    design = np.stack([np.ones(len(data_points)), np.log(data_points[:, 0])], axis=1)
    return np.linalg.lstsq(design, loss_values, rcond=None)[0]
"""


def test_closed_laws_and_pairs_are_carried_with_checks(schema: Schema, sandbox: Sandbox) -> None:
    rows = table(schema)
    closed = render_law(CLOSED, schema, None, {}, groups=GROUPS)
    expected = sandbox.run(PredictJob(CLOSED, schema, None, (rows.hide(),))).predictions[0]
    found = predict_with(closed, schema, (rows.hide(),), sandbox)
    assert found.ok, found.message
    np.testing.assert_array_equal(found.predictions[0], expected)
    with pytest.raises(ValueError, match="unknown group"):
        law_of(closed)([{"n": 1.0, "d": 1.0}], "elsewhere")

    fitted = sandbox.run(FitJob(PAIR, schema, rows, (rows.hide(),)))
    pair = render_law(PAIR, schema, fitted.constants, {})
    assert "optimize" not in pair.replace("from scipy.optimize import minimize", "")
    found = predict_with(pair, schema, (rows.hide(),), sandbox)
    assert found.ok, found.message
    np.testing.assert_allclose(found.predictions[0], fitted.predictions[0], rtol=1e-14)


def test_several_targets(schema: Schema, sandbox: Sandbox) -> None:
    two = schema.model_copy(update={"targets": ("t1", "t2")})
    rows = table(two)
    sources = {
        "dict": 'return {f"t{i}": p["A"] * x["n"] ** i for i in (1, 2)}',
        "columns": 'return np.column_stack([p["A"] * x["n"], p["A"] * x["d"]])',
        "stack": 'return np.stack([p["A"] * x["n"], p["A"] * x["d"]], axis=-1)',
    }
    for body in sources.values():
        source = f'import numpy as np\nPARAMETERS = ("A",)\ndef form(x, p):\n    {body}\n'
        constants = Constants(("A",), GROUPS, np.array([[1.0], [2.0], [3.0]]))
        expected = sandbox.run(PredictJob(source, two, constants, (rows.hide(),)))
        found = predict_with(render_law(source, two, constants, {}), two, (rows.hide(),), sandbox)
        assert expected.ok, expected.message
        assert found.ok, found.message
        np.testing.assert_allclose(found.predictions[0], expected.predictions[0], rtol=1e-12)


def test_what_is_read_is_what_is_written_down(schema: Schema, sandbox: Sandbox) -> None:
    # Run as it stands, in-place arithmetic on a feature would change it for what follows.
    source = """
import numpy as np
PARAMETERS = ("A",)
def form(x, p):
    y = x["n"]
    y += 1.0
    return p["A"] * x["n"] + 0.0 * y
"""
    rows = table(schema)
    task = Task(schema, rows, Provenance("file", "0" * 64, None))
    constants = Constants(("A",), GROUPS, np.array([[1.0], [2.0], [3.0]]))
    text = close_law(source, task, constants, {"run": "r"}, sandbox).text
    assert "Needs only Python's standard library" in text
    expected = sandbox.run(PredictJob(source, schema, constants, (rows.hide(),))).predictions[0]
    found = predict_with(text, schema, (rows.hide(),), sandbox)
    np.testing.assert_allclose(found.predictions[0], expected, rtol=1e-12)


def test_a_law_that_runs_a_candidates_code_says_so_in_its_first_line(schema: Schema) -> None:
    for name, source in ARRAYS.items():
        law = render_law(source, schema, constants_for(source), {})
        assert law.splitlines()[0].startswith('"""OPAQUE LAW: importing this file runs code'), name
    closed = "def law(input_data, group):\n    return [{'loss': 1.0} for _ in input_data]\n"
    assert "OPAQUE LAW" in render_law(closed, schema, None, {}, GROUPS).splitlines()[0]
    plain = render_law(PLAIN["power"], schema, constants_for(PLAIN["power"]), {})
    assert "OPAQUE" not in plain


def test_law_of_many_groups_is_scored(schema: Schema, sandbox: Sandbox) -> None:
    groups = tuple(sorted(f"{'a long name ' * 12}{i}" for i in range(400)))
    constants = Constants(("A", "a"), groups, np.random.default_rng(0).random((400, 2)))
    source = 'PARAMETERS = ("A", "a")\ndef form(x, p):\n    return p["A"] + p["a"] * x["n"]\n'
    n = np.arange(400.0) + 1
    loss = constants.values[:, 0] + constants.values[:, 1] * n
    rows = Table({"n": n, "d": n}, {"loss": loss}, groups, np.arange(400))
    text = render_law(source, schema, constants, {})
    assert len(text) > sandbox.limits.source_bytes
    data = Dataset(Task(schema, rows, Provenance("file", "0" * 64, None)), None)
    scores = score_law(text, data, sandbox)
    assert scores.train is not None
    assert scores.train.r2 == 1.0
    assert scores.test is None
