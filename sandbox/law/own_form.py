"""Reads a formula as people write it, ``E + A/N^a + B/D^b``, into the tree of a law.

Names of columns are features, without their units too; any other name is a constant to be fitted. ``^`` and
``**`` are powers, and ``e^x`` is exp(x); a blank between factors multiplies them. A column whose name is no word is
written in backticks: ```lr (x)```.
"""

import ast
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from lawsmith.sandbox.law.expression import add, divide, exp, function, mul, neg, parameters, power, transform, walk
from lawsmith.sandbox.law.functions import FUNCTIONS
from lawsmith.sandbox.law.left_side import is_symbol, solved, split_sides, with_symbol
from lawsmith.sandbox.law.merged import merged
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Parameter, Power, Role, Statement
from lawsmith.sandbox.law.notation import plain_formula
from lawsmith.sandbox.law.own_constants import factored, mirrored, sizes, steepest
from lawsmith.sandbox.law.positions import roles
from lawsmith.sandbox.law.syntax import parse_expression
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.tasks.asked import meant, without_unit
from lawsmith.tasks.errors import InputError, listing, nearest
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table
from lawsmith.tasks.words import tokens, words_without_unit

LONGEST = 4096  # characters of --form: far more than anybody types
MOST_NODES = 400  # parts of its tree
STEEPEST = 8.0
"""Bound of a fitted exponent's size, where the rows show no steeper power: such powers overflow."""
_OF_LIBRARIES = re.compile(r"\b(?:(?:np|numpy|math|torch|jnp|jax|nn|scipy|special)\.)+(?=\w+\s*\()")  # np.exp(
_LEVEL = re.compile(  # [variety = Wilma], also in LaTeX
    r"(?:\\left)?\[\s*(?:\\(?:mathrm|text)\{)?([^][{}=]+?)\}?\s*==?\s*([^][{}=]+?)\s*(?:\\right)?\]"
)
_OF_PYTHON = re.compile(r"^\s*(?:lambda\s[\w\s,]*:|def\s+\w+\s*\([^)]*\)\s*:\s*return\b)")
_NAMES = {"ln": "log", "min": "minimum", "max": "maximum", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_NAMES |= {"lg": "log10", "log_10": "log10", "log_2": "log2", "sum": "add", "logsumexp": "logaddexp"}
_NAMES |= {"power": "pow", "expit": "sigmoid", "reciprocal": "inv"}
_OF_MANY = ("maximum", "minimum", "logaddexp", "add", "mul")  # arguments, also in a list
_OTHERS: Mapping[str, tuple[int, Callable[..., Node]]] = {
    "sqrt": (1, lambda u: power(u, Number(0.5))),
    "sigmoid": (1, lambda u: power(add(Number(1.0), exp(neg(u))), Number(-1.0))),
    "pow": (2, power),
    "eq": (2, lambda u, v: function("equal", u, v)),
    "square": (1, lambda u: power(u, Number(2.0))),
    "cube": (1, lambda u: power(u, Number(3.0))),
    "relu": (1, lambda u: function("maximum", u, Number(0.0))),
    "softplus": (1, lambda u: function("logaddexp", u, Number(0.0))),
    "inv": (1, lambda u: power(u, Number(-1.0))),
    "neg": (1, neg),
    "add": (2, add),
    "sub": (2, lambda u, v: add(u, neg(v))),
    "mul": (2, mul),
    "div": (2, divide),
    "aq": (2, lambda u, v: divide(u, power(add(Number(1.0), power(v, Number(2.0))), Number(0.5)))),
}
"""Functions beside the table's, among them names that PySR, operon and gplearn print."""
_OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
_GREEK = "αβγδεζηθκλμνξρστφχψω"
_ARITIES = {name: entry.arity for name, entry in FUNCTIONS.items() if not entry.truth}
_USUAL = " (exp, log, sqrt, tanh, sin, max and the like are)"
_ARITIES |= {name: arity for name, (arity, _) in _OTHERS.items()}
_CALLED = {"log", "ln", "log10", "log2", "exp", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf"}
"""Functions whose names nobody gives to a constant."""
_VALUE_BEHIND = re.compile(r"(?:\b(?:where|with|for)\b|,)\s*([^\W\d]\w*)\s*=\s*([-+.\deE]+)\s*$")
_COMPARES = re.compile(r"[<>≤≥]|==|!=|\b(?:if|where)\b")


def own_candidate(text: str, schema: Schema, train: Table | None = None, *, merge: bool = False) -> str:
    """Candidate source for a formula; for several targets ``a = …; b = …``.

    `train` tells the sizes of features: a constant that divides one before a power is taken, ``(N/N0)^-a``, is sought
    within some decades of them. `merge`: constants that say the same become one. Raises InputError that says what is
    not understood, for a form without a feature, and for one without a constant.
    """
    trees = own_form(text, schema)
    if train is not None:
        places = Counter(part.name for tree in trees.values() for part in walk(tree) if isinstance(part, Parameter))
        trees = {name: transform(tree, lambda node: factored(node, places, train)) for name, tree in trees.items()}
    if merge:
        trees = {name: merged(tree) for name, tree in trees.items()}
    found = roles(list(trees.values()))
    bounds = {} if train is None else sizes(trees.values(), train)
    signs = mirrored(trees, train)
    steepest_end = STEEPEST if train is None else max(STEEPEST, steepest(train))

    def bounded(node: Node) -> Node:
        if not isinstance(node, Parameter):
            return node
        role = found.get(node.name, Role.COEFFICIENT)
        end = steepest_end if role is Role.EXPONENT else math.inf
        sign = 1.0 if node.name.startswith("exp_") else signs.get(node.name)
        usual = (-end, end) if sign is None else (0.0, end) if sign > 0 else (-end, 0.0)
        low, high = bounds.get(node.name, usual)
        return replace(node, lower=low, upper=high, role=role)

    return write(Statement({name: transform(tree, bounded) for name, tree in trees.items()}), schema.features)


def _refuse_other_columns(trees: Iterable[Node], schema: Schema) -> None:
    """Raise InputError for a constant that is called like a column which is not a feature, and may be meant as one."""
    roles_of = {
        name: one
        for one in (() if schema.decided is None else reversed(schema.decided.roles))
        if one.name not in schema.features
        for name in (without_unit(one.name)[0], re.split(r"[./]", one.name)[-1], one.name)
    }
    for name in sorted({one.name for tree in trees for one in parameters(tree)}):
        other = roles_of.get(name)
        if other is not None:
            raise InputError(
                f"--form uses {name!r}, a column that is not a feature here ({other.role}: {other.reason}). Name it "
                "with --features, or give the constant another name."
            )


def own_form(text: str, schema: Schema) -> dict[str, Node]:
    """Target -> tree of a formula; raises InputError as `own_candidate`."""
    if len(text) > LONGEST:
        raise InputError(f"--form is longer than {LONGEST} characters.")
    trees: dict[str, Node] = {}
    text = _LEVEL.sub(lambda found: _level(found, schema), re.sub(r"^\s*([\"'])(.*)\1\s*$", r"\2", text))
    for part in filter(str.strip, text.split(";")):
        target, tree = _equation(_OF_PYTHON.sub("", _OF_LIBRARIES.sub("", part)), schema)
        if target in trees:
            raise InputError(f"--form has two formulas for {target}; give one.")
        trees[target] = tree
    missing = [target for target in schema.targets if target not in trees]
    if missing:
        raise InputError(f"--form has no formula for {listing(missing)}; write TARGET = FORMULA for each, joined by ;.")
    _refuse_other_columns(trees.values(), schema)
    named = [tree for tree in trees.values() if any(isinstance(n, Feature) for n in walk(tree))]
    if not named:
        raise InputError(
            f"--form {text.strip()!r} names no feature; the features are {listing(schema.features, 8)}, "
            f"and any other name is a constant to be fitted{_meant_columns(trees.values(), schema.features)}"
        )
    _refuse_run_together(trees.values(), schema.features)
    if not any(parameters(tree) for tree in trees.values()):
        raise InputError(f"--form {text.strip()!r} has no constant to fit; write a name in place of a number.")
    return {target: trees[target] for target in schema.targets}


def _level(found: re.Match[str], schema: Schema) -> str:
    """``[variety = Wilma]`` as a function of the category, which is 1 for the rows of that label and 0 for others."""
    name, label = (re.sub(r"\\(\W)", r"\1", part).strip(" `'\"") for part in found.groups())
    column = _column(name, schema.features)
    if column not in schema.columns or not schema.columns[column].levels:
        raise InputError(f"--form: {found[0]} asks for a label, but {name!r} is not a category; see --category.")
    levels = schema.columns[column].levels
    code = int(label) if label.isdecimal() and label not in levels else schema.columns[column].code(label)
    if not code < len(levels):
        raise InputError(f"--form: the category {column!r} has no level {label!r}; it has {listing(levels)}.")
    return f" eq(`{column}`, {code:g}) "


def _meant_columns(trees: Iterable[Node], features: Sequence[str]) -> str:
    """``; did you mean N?`` for constants that are called like a feature but for the case of letters, else a stop."""
    names = sorted({parameter.name for tree in trees for parameter in parameters(tree)})
    near = [one for one in features if one.casefold() in map(str.casefold, names)]
    near += [f"{name[0]}*{name[1:]}" for name in names if name[1:] in features]
    return f"; did you mean {listing(near)}?" if near else "."


def _refuse_run_together(trees: Iterable[Node], features: Sequence[str]) -> None:
    """Refuse ``bx`` where x is a feature that nothing else names, and ``A/n^a`` where N is one."""
    trees = list(trees)
    used = {node.name for tree in trees for node in walk(tree) if isinstance(node, Feature)}
    for name in {one.name for tree in trees for one in parameters(tree)}:
        if name[1:] in features and name[1:] not in used:
            raise InputError(f"--form: {name!r} is read as one constant; did you mean {name[0]}*{name[1:]}?")
    for node in (node for tree in trees for node in walk(tree)):
        if isinstance(node, Power) and isinstance(node.base, Parameter) and parameters(node.exponent):
            near = [name for name in features if name not in used and name.casefold() == node.base.name.casefold()]
            if near and not any(isinstance(part, Feature) for part in walk(node.exponent)):
                raise InputError(
                    f"--form: {node.base.name!r} is not a feature, and a power of constants alone says nothing; did "
                    f"you mean {near[0]}?"
                )


def _with_exp(tree: Node) -> Node:
    """``e^(-k t)`` is exp(-k t) where e is nothing else in the formula."""

    def euler(node: Node) -> Node:
        match node:
            case Power(Parameter("e"), exponent) if any(isinstance(part, Feature) for part in walk(exponent)):
                return exp(exponent)
        return node

    found = transform(tree, euler)
    return tree if "e" in [parameter.name for parameter in parameters(found)] else found


def feature_expression(text: str, schema: Schema) -> Node:
    """An expression of features alone, such as ``6*N*D``; raises InputError for any other name."""
    tree = transform(_read(text, schema.features), lambda node: _short(node, schema))
    unknown = [parameter.name for parameter in parameters(tree)]
    if unknown:
        near = nearest(unknown[0], schema.features).removesuffix("?")
        raise InputError(
            f"{text.strip()!r} names {unknown[0]!r}, which is not a feature{near}; "
            f"the features are {listing(schema.features, 8)}."
        )
    if not any(isinstance(node, Feature) for node in walk(tree)):
        raise InputError(f"{text.strip()!r} names no feature; the features are {listing(schema.features, 8)}.")
    return tree


def _column(name: str, columns: Sequence[str]) -> str:
    """The column that a name stands for: ``V`` for ``V (mV)`` and ``lr`` for ``config.lr``, where there is just one;
    else the name itself."""
    if name in columns:
        return name
    known = [one for one in columns if name in (without_unit(one)[0], re.split(r"[./]", one)[-1])]
    if not known:  # length of length/m, N of `N kg/ha`, but no A of A_m
        ends = r"[\W_].*" if len(name) > 1 else r"[ /].*"
        own = [one for one in columns if re.fullmatch(re.escape(name) + ends, one)]
        known = [one for one in own if words_without_unit(one) == tokens(name)]
    if not known and len(_letters(name)) > 1:
        known = [one for one in columns if _letters(name) in (_letters(one), _letters(without_unit(one)[0]))]
    return known[0] if len(known) == 1 else name


def _letters(name: str) -> str:
    """What of a name counts: ``batch_size`` and ``Batch size`` are alike, ``CO2`` and ``CO₂``."""
    return re.sub(r"[\s_.-]+", "", unicodedata.normalize("NFKC", name)).casefold()


def _short(node: Node, schema: Schema) -> Node:
    """The feature that a name means, ``params`` for ``config.params``, where there is just one."""
    known = meant(node.name, schema.features) if isinstance(node, Parameter) else []
    return Feature(known[0]) if len(known) == 1 else node


def _equation(part: str, schema: Schema) -> tuple[str, Node]:
    """The target of ``target = formula``, of which the left side may be a function, and its tree; the only target may
    be left out."""
    left, right = split_sides(part, _COMPARES)
    if not left and len(schema.targets) > 1:
        raise InputError(f"--form {part.strip()!r}: name its target, as in {schema.targets[0]} = ….")
    tree = _with_exp(_read(right, schema.features))
    only = schema.targets[0] if len(schema.targets) == 1 else None
    name = re.sub(r"\\(\W)", r"\1", re.sub(r"\\[a-zA-Z]+\{([^{}]+)\}", r"\1", left)).strip(" $`")
    if only is not None and (
        not left or is_symbol(name, right, lambda one: _column(one, schema.features) in schema.features)
    ):
        return only, tree
    if (target := _column(name, schema.targets)) in schema.targets:
        return target, tree
    word = re.fullmatch(r"([^\W\d]\w*)(?:\s*\([^()]*\))?", name)
    if word is None or word[1] in (*_ARITIES, *_NAMES):
        stated = _read(left, (*schema.targets, *schema.features))
        found = solved(stated if only is None else with_symbol(stated, right, only), tree, schema.targets)
        if found is not None:
            return found
    raise InputError(f"--form: {name!r} is not a target; the targets are {listing(schema.targets)}.")


def without_option(message: str) -> str:
    """What an error says of a formula, without `--form` in front: it may come from a file."""
    return re.sub(r"^--form(?: '.*?')?:? ?", "", message)


def formula_tree(formula: str, features: Sequence[str]) -> Node:
    """The tree of one formula: names of `features` are features, all others constants. Raises InputError as
    `own_candidate`."""
    if len(formula) > LONGEST:
        raise InputError(f"--form is longer than {LONGEST} characters.")
    return _read(formula, features)


def _read(formula: str, features: Sequence[str]) -> Node:
    quoted: dict[str, str] = {}

    def kept(match: re.Match[str]) -> str:
        name = f"column_{len(quoted)}_"
        quoted[name] = match.group(1)
        return name

    plain = re.sub(r"`([^`]+)`", kept, formula)
    if value := _VALUE_BEHIND.search(plain):
        raise InputError(f"--form: {value[0]!r} is not read; write {value[2]} in place of {value[1]} in the formula.")
    if _COMPARES.search(plain):
        raise InputError(
            f"--form {formula.strip()!r}: comparisons are not read. Write max(t - t0, 0) for a bend at t0, and "
            "1/(1 + exp(-(t - t0)/w)) for a step."
        )
    quoted.clear()
    plain = re.sub(r"`([^`]+)`", kept, plain_formula(formula, features, (*_ARITIES, *_NAMES)))
    try:
        tree = parse_expression(plain.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        opened, closed = plain.count("("), plain.count(")")
        why = f" ({opened} brackets open, {closed} close)" if opened != closed else ""
        raise InputError(
            f"--form {formula.strip()!r} is not a formula{why}; write it like E + A/N^a + B*exp(-t/tau)."
        ) from None
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise InputError(f"--form is larger than {MOST_NODES} parts.")
    return _Reader(quoted, features).node(tree)


class _Reader:
    def __init__(self, quoted: Mapping[str, str], features: Sequence[str]) -> None:
        self.quoted, self.features = quoted, features

    def node(self, tree: ast.expr) -> Node:
        match tree:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
                return Number(float(value))
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return neg(self.node(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.node(operand)
            case ast.BinOp(left=left, op=operator, right=right):
                if type(operator) not in _OPERATORS:
                    raise InputError("--form: only + - * / and ^ are allowed as operators.")
                return _OTHERS[_OPERATORS[type(operator)]][1](self.node(left), self.node(right))
            case (
                ast.Attribute(value=ast.Name(id="p"), attr=name)
                | ast.Subscript(value=ast.Name(id="p"), slice=ast.Constant(value=str() as name))
            ) if name in self.features:
                return Parameter(f"c_{name}")  # a constant is printed as p.N where N is a column too
            case ast.Subscript(value=ast.Name(), slice=ast.Constant(value=str() as name)):
                return self._name(name.strip())
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int() as place)) if (
                name not in (*self.features, "x", "X")  # columns by their place
            ):
                return Parameter(f"{name}_{place}")
            case ast.Call(func=ast.Name(id=name), args=[ast.Tuple(elts=arguments)] | arguments, keywords=[]):
                return self._call(name, [self.node(argument) for argument in arguments])
            case ast.Tuple():
                raise InputError(
                    "--form: only the arguments of a function are separated by commas. Write 0.34 with a point, and ; "
                    "between the formulas of several targets."
                )
        raise InputError(
            f"--form: {ast.unparse(tree)!r} is not understood; use + - * / ^, numbers, names and functions."
        )

    def _name(self, name: str) -> Node:
        column = self.quoted.get(name) or _column(name, self.features)
        if column in self.features:
            return Feature(column)
        if name in self.quoted:
            raise InputError(f"--form: `{column}` is not a feature{nearest(column, self.features) or '.'}")
        if name[0] in _GREEK and (factor := _column(name[1:], self.features)) in self.features:  # γt
            return mul(Parameter(name[0]), Feature(factor))
        if name in _CALLED:
            raise InputError(f"--form: {name!r} is a function; write its argument behind it, as in {name}(x)^2.")
        return Number(math.pi) if name == "pi" else Parameter(name)

    def _call(self, name: str, arguments: Sequence[Node]) -> Node:
        called = _NAMES.get(name, name)
        entry = FUNCTIONS.get(called)
        if called not in _ARITIES:
            near = nearest(name, _ARITIES).removesuffix("?") if len(name) > 1 else ""
            raise InputError(
                f"--form: {name!r} is not a function{near or _USUAL}; between factors write *, as in A*(x + b)."
            )
        if called in _OF_MANY and len(arguments) > 2:
            arguments = [arguments[0], self._call(name, arguments[1:])]
        if len(arguments) != _ARITIES[called]:
            raise InputError(f"--form: {name} takes {_ARITIES[called]} argument{'s' if _ARITIES[called] > 1 else ''}.")
        return function(called, *arguments) if entry is not None else _OTHERS[called][1](*arguments)
