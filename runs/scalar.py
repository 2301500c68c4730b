"""Translates a form written for numpy arrays into one for single numbers that needs only the standard
library.

The translation is by syntax: calls of numpy and of scipy.special become calls of `math` or of the functions
in `lawsmith.sandbox.law.arithmetic`. What is not known here is refused, and then the law carries its form with numpy. A
translated form can call nothing but those functions, `math` and a few harmless built-ins, so running the law
of a stranger's archive can touch neither files nor other modules.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence

from lawsmith.runs import law_checks
from lawsmith.runs.scalar_table import (
    BUILTINS,
    CONSTANTS,
    FILLED,
    METHODS,
    MODULES,
    REDUCED,
    SAME,
    STACKED,
    TEMPLATES,
)
from lawsmith.runs.source import FormSource, Untranslatable, names_in
from lawsmith.sandbox.law import arithmetic
from lawsmith.sandbox.law.syntax import parse, parse_expression

_LISTS = (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp)
_STATEMENTS = (
    ast.Assign, ast.AnnAssign, ast.Return, ast.If, ast.For, ast.Expr, ast.FunctionDef, ast.Pass, ast.Raise,
    ast.Break, ast.Continue,
)  # fmt: skip
_EXPRESSIONS = (
    ast.BoolOp, ast.Lambda, ast.IfExp, ast.Dict, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.Compare,
    ast.FormattedValue, ast.JoinedStr, ast.Starred, ast.List, ast.Tuple,
)  # fmt: skip


RESERVED = frozenset(
    {name for name in vars(arithmetic) if name.startswith("safe_")}
    | {name for name in vars(law_checks) if name.startswith("checked_")}
    | {"math", "law", "FEATURES", "TARGETS", "CONSTANTS"}
)
"""Names that a rendered law uses itself."""


def scalar_form(source: FormSource) -> str:
    """The form, under the name ``form`` and with all it needs, as source for single numbers.

    Raises:
        Untranslatable: it uses something that is not known here; the message names it.
    """
    source.require_tidy()
    statements = source.needed_by("form")
    translated = _Translator(source, statements).translate()
    module = ast.fix_missing_locations(ast.Module(translated, []))
    helpers = _helper_sources(names_in(module))
    return "\n".join([*helpers, *(_unparsed(statement) for statement in module.body)]).strip() + "\n"


def _unparsed(statement: ast.stmt) -> str:
    gap = "\n" if isinstance(statement, ast.FunctionDef) else ""
    return gap + ast.unparse(statement) + gap


def _helper_sources(used: Sequence[str]) -> list[str]:
    """The functions of `lawsmith.sandbox.law.arithmetic` that are used, with those that they use, as source."""
    available = {name: item for name, item in vars(arithmetic).items() if name.startswith("safe_")}
    needed: dict[str, str] = {}
    waiting = [name for name in used if name in available]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = function_source(available[name])
            waiting += [n for n in names_in(parse(needed[name])) if n in available]
    return [f"\n{needed[name]}\n" for name in available if name in needed]


def function_source(function: Callable[..., object]) -> str:
    """The source of one of our own functions for a law: without annotations, whose names the law lacks."""
    (node,) = parse(inspect.getsource(function)).body
    assert isinstance(node, ast.FunctionDef)
    return ast.unparse(_without_annotations(node))


def _without_annotations(node: ast.FunctionDef) -> ast.FunctionDef:
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        argument.annotation = None
    node.returns = None
    return node


class _Translator(ast.NodeTransformer):
    """Rewrites the statements that a form needs; whatever it does not know raises Untranslatable."""

    def __init__(self, source: FormSource, statements: Sequence[ast.stmt]) -> None:
        self._source = source
        self._statements = statements
        self._bound = {name for statement in statements for name in _bound_names(statement)}
        self._containers = {name for statement in statements for name in _container_names(statement)}
        if clash := sorted(self._bound & (set(source.imported) | RESERVED)):
            raise Untranslatable(f"it gives the name {clash[0]} a second meaning")

    def translate(self) -> list[ast.stmt]:
        return [self.visit(statement) for statement in self._statements]

    # -- statements: only those listed above, each field translated in turn --------------------------------

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.stmt) and not isinstance(node, _STATEMENTS):
            raise Untranslatable(f"the statement {type(node).__name__.lower()}", node)
        if isinstance(node, ast.expr) and not isinstance(node, _EXPRESSIONS):
            raise Untranslatable(f"the expression {type(node).__name__.lower()}", node)
        return super().generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.decorator_list:
            raise Untranslatable("a decorator", node)
        node = _without_annotations(node)
        node.body = [part for part in node.body if not _is_docstring(part)] or [ast.Pass()]
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        return None

    visit_ImportFrom = visit_Import

    def visit_Assert(self, node: ast.Assert) -> None:
        return None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.visit_Assign(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        read = parse_expression(ast.unparse(node.target))
        value = ast.copy_location(ast.BinOp(read, node.op, node.value), node)
        return self.visit_Assign(ast.copy_location(ast.Assign([node.target], value), node))

    def visit_With(self, node: ast.With) -> list[ast.stmt]:
        for item in node.items:
            called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else item.context_expr
            if self._source.dotted(called) != "numpy.errstate":
                raise Untranslatable("a with statement", node)
        visited: list[ast.stmt] = []
        for statement in node.body:
            result = self.visit(statement)
            visited += result if isinstance(result, list) else [] if result is None else [result]
        return visited

    # -- expressions ---------------------------------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not (node.value is None or isinstance(node.value, bool | int | float | str)):
            raise Untranslatable(f"the constant {node.value!r}", node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._source.imported:
            return self._imported_constant(node)
        if not (node.id in self._bound or node.id in self._source.definitions or node.id in BUILTINS):
            raise Untranslatable(f"the name {node.id}", node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._imported_constant(node)

    def _imported_constant(self, node: ast.expr) -> ast.AST:
        dotted = self._source.dotted(node) or ast.unparse(node)
        module, _, name = dotted.rpartition(".")
        if name not in CONSTANTS or f"{module}." not in MODULES:
            raise Untranslatable(dotted, node)
        return _expression(f"math.{name}")

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if any(isinstance(part, ast.Slice | ast.Tuple) for part in ast.walk(node.slice)):
            raise Untranslatable("an array slice", node)
        stored = isinstance(node.ctx, ast.Store)
        if stored and not (isinstance(node.value, ast.Name) and node.value.id in self._containers):
            raise Untranslatable("an assignment to a part of an array", node)
        node.value, node.slice = self.visit(node.value), self.visit(node.slice)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left, right = self.visit(node.left), self.visit(node.right)
        literal = _is_number(left) and _is_number(right)
        if isinstance(node.op, ast.MatMult):
            raise Untranslatable("a matrix product", node)
        if isinstance(node.op, ast.Pow) and not literal:
            return _filled("safe_power(a, b)", [left, right])
        if isinstance(node.op, ast.Div) and not _is_nonzero(right):
            return _filled("safe_divide(a, b)", [left, right])
        return ast.copy_location(ast.BinOp(left, node.op, right), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        operator = ast.Not() if isinstance(node.op, ast.Invert) else node.op
        return ast.copy_location(ast.UnaryOp(operator, self.visit(node.operand)), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        dotted = self._source.dotted(node.func)
        if dotted is not None:
            return ast.copy_location(self._library_call(dotted, node), node)
        if isinstance(node.func, ast.Attribute):
            return self._method_call(node.func, node)
        if not isinstance(node.func, ast.Name):
            raise Untranslatable("a call of an expression", node)
        self.visit(node.func)
        return self._with_arguments(node.func, node)

    def _with_arguments(self, function: ast.expr, node: ast.Call) -> ast.Call:
        keywords = [ast.keyword(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        return ast.copy_location(ast.Call(function, [self.visit(item) for item in node.args], keywords), node)

    def _method_call(self, method: ast.Attribute, node: ast.Call) -> ast.AST:
        if method.attr in ("astype", "copy"):
            return self.visit(method.value)  # type: ignore[no-any-return]
        if method.attr not in METHODS:
            raise Untranslatable(f"the method {method.attr}", node)
        return self._with_arguments(ast.Attribute(self.visit(method.value), method.attr, ast.Load()), node)

    def _library_call(self, dotted: str, node: ast.Call) -> ast.expr:
        module, _, name = dotted.rpartition(".")
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        arguments = node.args
        if f"{module}." not in MODULES or any(isinstance(item, ast.Starred) for item in arguments):
            raise Untranslatable(dotted, node)
        if module == "math":
            return self._with_arguments(_expression(dotted), node)
        if name == "clip":
            return self._clip(arguments, keywords, node)
        if name == "nan_to_num":
            keywords.pop("copy", None)
            kept = [ast.keyword(key, self.visit(value)) for key, value in keywords.items()]
            return ast.Call(_expression("safe_nan_to_num"), [self.visit(arguments[0])], kept)
        if name in FILLED:
            return ast.Constant(FILLED[name])
        if name == "full_like" and len(arguments) == 2:
            return self.visit(arguments[1])  # type: ignore[no-any-return]
        if name in SAME and arguments and not isinstance(arguments[0], _LISTS):
            return self.visit(arguments[0])  # type: ignore[no-any-return]
        if name == "column_stack" and isinstance(arguments[0], _LISTS):
            return self.visit(arguments[0])  # type: ignore[no-any-return]
        if name in REDUCED:
            return self._reduction(REDUCED[name], arguments, keywords, dotted, node)
        template = TEMPLATES.get(name)
        if template is None or keywords or len(arguments) != _arity(template):
            raise Untranslatable(dotted, node)
        return _filled(template, [self.visit(item) for item in arguments])

    def _clip(
        self, arguments: list[ast.expr], keywords: dict[str | None, ast.expr], node: ast.Call
    ) -> ast.expr:
        listed = [*arguments, *([None] * (3 - len(arguments)))]
        low = keywords.get("a_min", keywords.get("min", listed[1]))
        high = keywords.get("a_max", keywords.get("max", listed[2]))
        if not arguments or set(keywords) - {"a_min", "a_max", "min", "max"}:
            raise Untranslatable("numpy.clip called in an unusual way", node)
        value = self.visit(arguments[0])
        for template, bound in (("safe_maximum(a, b)", low), ("safe_minimum(a, b)", high)):
            if bound is not None and not (isinstance(bound, ast.Constant) and bound.value is None):
                value = _filled(template, [value, self.visit(bound)])
        return value  # type: ignore[no-any-return]

    def _reduction(
        self,
        template: str,
        arguments: list[ast.expr],
        keywords: dict[str | None, ast.expr],
        dotted: str,
        node: ast.Call,
    ) -> ast.expr:
        """np.sum([a, b], axis=0) and its like over a list of columns; any other reduction would mix rows."""
        axis = keywords.get("axis", arguments[1] if len(arguments) == 2 else None)
        columns = arguments[0] if arguments else node
        if isinstance(columns, ast.Call) and len(columns.args) == 1 and not columns.keywords:
            inner = (self._source.dotted(columns.func) or "").removeprefix("numpy.")
            columns = columns.args[0] if inner in STACKED else columns
        over_columns = isinstance(axis, ast.Constant) and axis.value == 0 and axis.value is not False
        if not over_columns or not isinstance(columns, _LISTS):
            raise Untranslatable(f"{dotted} over anything but a list of columns with axis=0", node)
        return _filled(template, [self.visit(columns)])


def _expression(text: str) -> ast.expr:
    return parse_expression(text)


def _arity(template: str) -> int:
    return len({name for name in names_in(_expression(template)) if name in ("a", "b", "c")})


def _filled(template: str, values: list[ast.expr]) -> ast.expr:
    """The template with its a, b and c replaced."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            place = {"a": 0, "b": 1, "c": 2}.get(node.id)
            return node if place is None else values[place]

    return Fill().visit(_expression(template))  # type: ignore[no-any-return]


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _is_nonzero(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return _is_number(inner) and isinstance(inner, ast.Constant) and inner.value != 0


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _bound_names(statement: ast.stmt) -> set[str]:
    """Names that a statement binds anywhere below it: arguments, assignments, loops and functions."""
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _container_names(statement: ast.stmt) -> set[str]:
    """Names bound to a new dict or list, whose items may be assigned."""
    made = (ast.Dict, ast.List, ast.DictComp, ast.ListComp)
    found: set[str] = set()
    for node in ast.walk(statement):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        value = node.value
        called = (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and value.func.id in ("dict", "list")
        )
        if called or isinstance(value, made):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found
