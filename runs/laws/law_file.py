"""Renders a winner as ``law.py``: one self-contained file with `law(input_data, group)`, formula and
provenance.

A form that can be read becomes plain Python, written from its tree; one that cannot carries its source with numpy, as
closed laws and SLDAgent's pairs do, and says so in its first line. All get the same checks of group and rows.
"""

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lawsmith.runs.laws import law_checks
from lawsmith.runs.quoting import docstring, visible
from lawsmith.sandbox import Constants
from lawsmith.sandbox.law.expression import features
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.parse import STAR_IMPORTS
from lawsmith.sandbox.law.read import module_of, read
from lawsmith.sandbox.law.syntax import defined
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.sandbox.law.write_plain import function_source, plain_form
from lawsmith.sandbox.law.write_text import formula
from lawsmith.tasks import Schema

_CHECKS = tuple(
    function_source(item)
    for item in (
        law_checks.checked_group,
        law_checks.checked_rows,
        law_checks.checked_number,
        law_checks.checked_prediction,
    )
)
_CODES = function_source(law_checks.coded_rows)
OPAQUE = "OPAQUE LAW: importing this file runs code that a candidate brought; nobody could read what it states."
"""The first line of a law that is not our own code."""
_SIGNATURE = "def law(input_data: list[dict[str, float]], group: str{default}) -> list[dict[str, float]]:\n"
_HELP = '''    """The predictions for rows that all belong to one group.

    Each row of `input_data` is a dict with the keys in FEATURES; the result has one dict for each row, in the
    same order, with the keys in TARGETS. Raises ValueError for an unknown group, and for a row that lacks a
    feature, has one that is no finite number, or has no finite prediction.
    """
'''
_SCALAR = """    p = CONSTANTS[checked_group(group, CONSTANTS)]
    rows = checked_rows(input_data, FEATURES)
    return [checked_prediction(form(x, p), TARGETS, place) for place, x in enumerate(rows)]
"""
_ARRAYS = """    p = CONSTANTS[checked_group(group, CONSTANTS)]
    rows = checked_rows(input_data, FEATURES)
    x = {name: numpy.array([row[name] for row in rows], dtype=float) for name in FEATURES}
    with numpy.errstate(all="ignore"):
        value = _form(x, dict(p))
"""
_PAIR = """    params = numpy.array(CONSTANTS[checked_group(group, CONSTANTS)], dtype=float)
    rows = checked_rows(input_data, FEATURES)
    data_points = numpy.array([[row[name] for name in FEATURES] for row in rows], dtype=float)
    with numpy.errstate(all="ignore"):
        value = _scaling_law_func(data_points.reshape(len(rows), len(FEATURES)), params)
"""
_BY_ROW = """    if isinstance(value, dict):
        value = numpy.column_stack([numpy.reshape(value[target], len(rows)) for target in TARGETS])
    matrix = numpy.asarray(value, dtype=float).reshape(len(rows), len(TARGETS))
    return [checked_prediction(values, TARGETS, place) for place, values in enumerate(matrix.tolist())]
"""
_CLOSED = """    checked_group(group, GROUPS)
    rows = checked_rows(input_data, FEATURES)
    predictions = _law(rows, group)
    if len(predictions) != len(rows):
        raise ValueError(f"the law gives {len(predictions)} predictions for {len(rows)} rows")
    return [checked_prediction(dict(values), TARGETS, place) for place, values in enumerate(predictions)]
"""


def render_law(
    source: str,
    schema: Schema,
    constants: Constants | None,
    provenance: Mapping[str, object],
    groups: Sequence[str] | None = None,
    arrays: bool = False,
) -> str:
    """The text of ``law.py`` for a candidate with its fitted constants.

    Args:
        source: a candidate (form, closed law or pair) that passed the sandbox.
        schema: names of features and targets, and their meanings for the docstring.
        constants: the fitted constants; None for a closed law. Groups without constants are left out.
        provenance: what the docstring tells of the law's origin, by heading; any text is quoted safely.
        groups: the training groups of a closed law, which are not in its constants.
        arrays: write a form for numpy arrays rather than for single numbers.

    Raises ValueError: the source defines no law, or constants or groups are missing.
    """
    stated = read(source, schema.targets, schema.features)
    if not isinstance(stated, Unreadable):
        return _stated_law(stated, schema, constants, provenance, arrays)
    try:
        parsed = read_form(source)
    except Unreadable as error:
        raise ValueError(f"the candidate cannot be rendered: {error}") from None
    name = next((name for name in ("form", "scaling_law_func", "law") if name in parsed.definitions), "")
    note, table, body = _carried_law(name, stated, schema, constants, groups)
    modules = ["math", "numpy"] if note.startswith("Needs numpy") else ["math"]
    head = _head(schema, f"The formula is the function `{name}` below.", note, provenance, modules, OPAQUE)
    return _assembled(head, schema, table, [*_CHECKS, carried(parsed, name)], body)


def _carried_law(
    name: str, unread: Unreadable, schema: Schema, constants: Constants | None, groups: Sequence[str] | None
) -> tuple[str, tuple[str, object], str]:
    """What is said of a function of the candidate's own that is carried along, its table of data, and the body of the
    law that calls it."""
    match name:
        case "form":
            why = visible(unread.reason)
            note = f"Needs numpy: the form is carried as it was proposed, because of {why}."
            return note, ("CONSTANTS", _table(constants)), _ARRAYS + _BY_ROW
        case "scaling_law_func":
            note = "Needs numpy: `scaling_law_func` is carried as it was proposed."
            return note, ("CONSTANTS", _pair_table(constants, len(schema.targets))), _PAIR + _BY_ROW
        case "law" if groups:
            note = "The law is carried as it was proposed, with its constants inside."
            return note, ("GROUPS", tuple(groups)), _CLOSED
        case "law":
            raise ValueError("a closed law is rendered with the groups it was trained on")
    raise ValueError("the candidate defines neither form nor law nor scaling_law_func")


def _stated_law(
    stated: Statement, schema: Schema, constants: Constants | None, provenance: Mapping[str, object], arrays: bool
) -> str:
    """Our own code, written from the tree that was read, fitted and scored; plain Python asks for what it uses."""
    headline, table = visible(formula(stated)), ("CONSTANTS", _table(constants))
    if not arrays:
        unused = {*schema.features}.difference(*map(features, stated.targets.values()))
        known = {name: column for name, column in schema.columns.items() if name not in unused}
        used = tuple(name for name in schema.features if name not in unused)
        schema = schema.model_copy(update={"features": used, "columns": known})
        head = _head(schema, headline, "Needs only Python's standard library.", provenance, ["math"])
        return _assembled(head, schema, table, [plain_form(stated), *_CHECKS], _SCALAR)
    head = _head(schema, headline, "Needs numpy.", provenance, ["math", "numpy"])
    own = read_form(write(stated, schema.features))
    return _assembled(head, schema, table, [*_CHECKS, carried(own, "form")], _ARRAYS + _BY_ROW)


def _table(constants: Constants | None) -> dict[str, dict[str, float]]:
    """Group -> constant -> value."""
    fitted = _fitted(constants)
    return {group: dict(zip(fitted.names, values, strict=True)) for group, values in _rows(fitted).items()}


def _pair_table(constants: Constants | None, targets: int) -> dict[str, list[Any]]:
    """Group -> the values of its parameters, by target where they are (T, P)."""
    fitted = _fitted(constants)
    by_target = bool(fitted.names) and "_" in fitted.names[0]
    rows = _rows(fitted).items()
    return {group: np.reshape(values, (targets, -1)).tolist() if by_target else values for group, values in rows}


def _fitted(constants: Constants | None) -> Constants:
    if constants is None:
        raise ValueError("a form is rendered with its fitted constants")
    return constants


def _rows(constants: Constants) -> dict[str, list[float]]:
    """The constants of every fitted group."""
    rows = zip(constants.groups, constants.values.tolist(), strict=True)
    return {group: row for group, row in rows if all(map(math.isfinite, row))}


@dataclass(frozen=True)
class FormSource:
    """A parsed candidate. parted: whether its statements can be taken one by one; False where some work on others'
    names."""

    tree: ast.Module
    definitions: dict[str, ast.stmt]
    parted: bool

    def needed_by(self, name: str) -> list[ast.stmt]:
        """The top-level statements that a top-level name needs, its own definition included, in source order.

        Imports are left out. Raises Unreadable for a name that is not defined.
        """
        if name not in self.definitions:
            raise Unreadable(f"the source does not define {name}")
        found: dict[int, ast.stmt] = {}
        waiting: list[ast.stmt] = [self.definitions[name]]
        while waiting:
            statement = waiting.pop()
            if id(statement) in found:
                continue
            found[id(statement)] = statement
            waiting += [self.definitions[used] for used in names_in(statement) if used in self.definitions]
        return [statement for statement in self.tree.body if id(statement) in found]


def read_form(source: str) -> FormSource:
    """Parse candidate source; raises Unreadable where it is no Python, or too long."""
    tree = module_of(source)
    definitions, parted = dict[str, ast.stmt](), not any(map(_works, tree.body))
    for statement in tree.body:
        for name in defined(statement):
            parted = parted and name not in definitions
            definitions[name] = statement
    return FormSource(tree, definitions, parted)


def _works(statement: ast.stmt) -> bool:
    """Whether a top-level statement may change what another one defined."""
    if isinstance(statement, ast.Assign):
        return any(isinstance(node, ast.Subscript | ast.Attribute) for node in statement.targets)
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    return not isinstance(
        statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.AnnAssign
    )


def names_in(node: ast.AST) -> list[str]:
    """Every name that is read anywhere below `node`."""
    return [leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name) and isinstance(leaf.ctx, ast.Load)]


def carried(parsed: FormSource, name: str) -> str:
    """A function `_name` made of the candidate's own statements, in a scope of their own so that no names
    clash: of those that it needs, or of all where they cannot be told apart."""
    taken = parsed.needed_by(name) if parsed.parted else parsed.tree.body
    needed = {id(s) for s in taken if not isinstance(s, ast.ImportFrom)}
    kept = [s for s in parsed.tree.body if not isinstance(s, ast.ImportFrom) or s.module != "__future__"]
    body = [_named(s, parsed) for s in kept if id(s) in needed or isinstance(s, ast.Import | ast.ImportFrom)]
    returned = ast.Return(ast.Name(name, ast.Load()))
    function = ast.FunctionDef(
        f"_carried_{name}", ast.arguments([], [], None, [], [], None, []), [*body, returned], [], lineno=1
    )
    return f"{ast.unparse(ast.fix_missing_locations(function))}\n\n\n_{name} = _carried_{name}()\n"


def _named(statement: ast.stmt, parsed: FormSource) -> ast.stmt:
    """``from m import *``, which no function may hold, with the names that are meant; others as they are."""
    if not isinstance(statement, ast.ImportFrom) or statement.names[0].name != "*":
        return statement
    module = str(statement.module)
    if module not in STAR_IMPORTS:
        raise ValueError(f"the candidate imports everything of {module}")
    offered = vars({"math": math, "numpy": np}[module])  # nothing is imported here because a candidate says so
    public = [name for name in offered.get("__all__", offered) if not name.startswith("_")]
    meant = sorted(set(public) & set(names_in(parsed.tree)))
    return ast.ImportFrom(module, [ast.alias(name) for name in meant], 0) if meant else ast.Pass()


def _head(
    schema: Schema,
    headline: str,
    note: str,
    provenance: Mapping[str, object],
    modules: Sequence[str],
    warning: str = "",
) -> str:
    lines = [
        *([warning, ""] if warning else []),
        f"A law for {', '.join(schema.targets)} ({schema.title}), written by lawsmith.",
        "",
        f"    {headline}",
        "",
    ]
    names = (*schema.features, *schema.targets)
    lines += [_meaning(schema, name) for name in names if name in schema.columns and schema.columns[name].meaning]
    lines += [f"Places of labels, which are text in rows: {codes}" for codes in schema.codes]
    if schema.group is not None:
        lines += [f"Constants differ by {_meaning(schema, schema.group)}"]
    lines += ["", note, ""]
    lines += [f"{heading}: {value}" for heading, value in provenance.items()]
    imports = "\n".join(f"import {module}" for module in modules)
    return f"{docstring(chr(10).join(map(visible, lines)))}\n\nfrom __future__ import annotations\n\n{imports}\n"


def _meaning(schema: Schema, name: str) -> str:
    column = schema.columns.get(name)
    if column is None or not column.meaning:
        return name
    return f"{name}: {column.meaning}" + (f" [{column.unit}]" if column.unit else "")


def _assembled(head: str, schema: Schema, table: tuple[str, object], parts: Sequence[str], body: str) -> str:
    name, content = table
    known = list(content) if isinstance(content, dict | tuple) else []
    default = f" = {known[0]!a}" if len(known) == 1 else ""
    data = [f"FEATURES = {schema.features!a}", f"TARGETS = {schema.targets!a}", f"{name} = {_literal(content)}"]
    if levels := {name: column.levels for name, column in schema.columns.items() if column.levels}:
        data.append(f"LEVELS = {levels!a}")
        parts = [*parts, _CODES]
        body = body.replace("checked_rows(input_data", "checked_rows(coded_rows(input_data, LEVELS)")
    law = _SIGNATURE.format(default=default) + _HELP + body
    return "\n\n".join([head + "\n" + "\n".join(data) + "\n", *(f"{part.strip()}\n" for part in (*parts, law))])


def _literal(content: object) -> str:
    """A literal in ASCII, one line for each group; floats read back to the same bits."""
    if not isinstance(content, dict):
        return ascii(content)
    lines = "".join(f"    {group!a}: {values!a},\n" for group, values in content.items())
    return "{\n" + lines + "}"
