"""Reads a candidate's source without running it: its kind, its imports, and what is plainly wrong with it.

These checks exist for good error messages. They are no wall: isolation is what protects.
"""

import ast
import functools
import io
import tokenize
import warnings
from dataclasses import dataclass, replace
from typing import Literal

from lawsmith.sandbox.clean import clean
from lawsmith.sandbox.law.expression import parameters
from lawsmith.sandbox.law.nodes import Statement, Unreadable
from lawsmith.sandbox.law.normal import bare
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.syntax import defined, imported, parse
from lawsmith.sandbox.law.traits import literals, literals_of_text
from lawsmith.sandbox.law.write_candidate import arranged, write
from lawsmith.sandbox.limits import DEFAULT_LIMITS, Limits
from lawsmith.sandbox.verdict import Refused, Verdict
from lawsmith.tasks.schema import Schema

Kind = Literal["form", "law", "pair"]

ALLOWED_IMPORTS = (
    "math",
    "numpy",
    "scipy",
    "typing",
    "__future__",
    "functools",
    "itertools",
    "dataclasses",
    "collections",
)
STAR_IMPORTS = ("math", "numpy")
"""Modules of which everything may be imported."""
MOST_IMPORTS = 100
"""Names and modules that one candidate imports."""
_REFUSED_NAMES = frozenset({"open", "exec", "eval", "compile", "__import__", "input", "breakpoint"})
_ARGUMENTS = {"form": 2, "fit": 2, "gradient": 2, "law": 2, "scaling_law_func": 2, "fit_scaling_law": 2}
_MAX_NESTING = 100  # as deep as Python's own tokenizer goes with indents


@dataclass(frozen=True)
class Candidate:
    """A candidate as it is known before anything runs.

    source: as it was written. has_fit: brings its own fit. modules: dotted names of all imports. statement: what a form
    states, where it can be read; else `unread` says why not, and the candidate is opaque. law: the source that
    predicts, and that the engine fits: for a form that can be read our own, printed from the tree, in an order that the
    spelling does not change. bare: the same without guards, to which it is fitted first; empty where it has none.
    """

    source: str
    kind: Kind
    has_fit: bool
    modules: frozenset[str]
    law: str
    bare: str = ""
    statement: Statement | None = None
    unread: str = ""

    @property
    def opaque(self) -> bool:
        """Whether its own code predicts, because nobody can tell what it states."""
        return self.statement is None

    @property
    def pure(self) -> bool:
        """Whether nothing of the candidate's own is ever executed; its fits may then go on at the same time."""
        return self.statement is not None and not self.has_fit

    @property
    def literals(self) -> int:
        """Numbers in the text that count as constants, as data could have chosen them."""
        if self.statement is not None:
            return sum(map(literals, self.statement.targets.values()))
        return literals_of_text(parse(self.source)) if self.kind == "form" else 0


def read_candidate(source: str, limits: Limits = DEFAULT_LIMITS, schema: Schema | None = None) -> Candidate:
    """The candidate in `source`; a form is read as a law of the schema's features and targets where it is given.

    Raises Refused with SYNTAX, IMPORT_REFUSED or CONTRACT.
    """
    if schema is None:
        return _read(source, limits, None, None)
    return _read(source, limits, schema.targets, schema.features)


@functools.lru_cache(maxsize=256)  # one evaluation asks once per fold
def _read(source: str, limits: Limits, targets: tuple[str, ...] | None, features: tuple[str, ...] | None) -> Candidate:
    tree = _parse(source, limits)
    modules = _imports(tree)
    _refuse_names(tree)
    names = frozenset(name for node in tree.body for name in (*defined(node), *imported(node)))
    kind = _kind(names)
    _check_arguments(tree)
    if kind == "form" and "fit" in names and "SHARED" in names:
        raise Refused(Verdict.CONTRACT, "SHARED needs the engine's fit: remove either SHARED or fit.")
    has_fit = kind == "pair" or "fit" in names
    plain = Candidate(source, kind, has_fit, modules, source)
    if kind != "form":
        return replace(plain, unread=f"it is a {'closed law' if kind == 'law' else 'pair of functions'}")
    found = read(tree, targets, features)
    if isinstance(found, Unreadable):
        return replace(plain, unread=found.reason)
    if features is None:
        return replace(plain, law="", statement=found)
    trees = {target: bare(node) for target, node in found.targets.items()}
    guarded = not has_fit and trees != found.targets and all(map(parameters, trees.values()))
    without = write(arranged(replace(found, targets=trees)), features) if guarded else ""
    return replace(plain, law=write(arranged(found), features), bare=without, statement=found)


def _parse(source: str, limits: Limits) -> ast.Module:
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        raise Refused(Verdict.SYNTAX, "The source is not valid Unicode text.") from None
    if size > limits.source_bytes:
        raise Refused(Verdict.CONTRACT, f"The source has {size} bytes; at most {limits.source_bytes} are allowed.")
    if "\0" in source:
        raise Refused(Verdict.SYNTAX, "The source contains a null byte.")
    _refuse_deep_nesting(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse(source)
    except SyntaxError as error:
        line = f" {clean(error.text, 120)!r}" if error.text else ""
        raise Refused(Verdict.SYNTAX, f"Line {error.lineno}{line}: {clean(error.msg, 200)}.") from None
    except (ValueError, RecursionError, MemoryError):
        raise Refused(Verdict.SYNTAX, "The source cannot be parsed: it is nested too deeply or malformed.") from None


def _refuse_deep_nesting(source: str) -> None:
    """Bounds brackets, indentation and runs of operators before the parser's own recursion meets them."""
    depth = indent = run = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            indent += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
            depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
            prefix = token.string in ("-", "+", "~", "not", "lambda", "await")
            run = run + 1 if prefix else 0
            if max(depth, indent, run) > _MAX_NESTING:
                raise Refused(Verdict.SYNTAX, f"Line {token.start[0]} is nested more than {_MAX_NESTING} deep.")
    except (tokenize.TokenError, SyntaxError):
        return  # the parser words the error better


def _imports(tree: ast.Module) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        else:
            continue
        refused = next((name for name in names if name.split(".")[0] not in ALLOWED_IMPORTS), None)
        if refused is not None:
            raise Refused(
                Verdict.IMPORT_REFUSED,
                f"Line {node.lineno} imports {clean(refused, 80)!r}; allowed: {', '.join(ALLOWED_IMPORTS)}.",
            )
        if names[-1].endswith(".*") and names[0] not in STAR_IMPORTS:
            raise Refused(
                Verdict.IMPORT_REFUSED,
                f"Line {node.lineno} imports everything of {clean(names[0], 80)}; import what is needed by name.",
            )
        found.update(names)
        if len(found) > MOST_IMPORTS:
            raise Refused(Verdict.IMPORT_REFUSED, f"Line {node.lineno}: at most {MOST_IMPORTS} names may be imported.")
    return frozenset(found)


def _refuse_names(tree: ast.Module) -> None:
    bound = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _REFUSED_NAMES - bound:
            raise Refused(Verdict.CONTRACT, f"Line {node.lineno} uses {node.id}(), which a law must not.")


def _kind(names: frozenset[str]) -> Kind:
    needs: dict[Kind, set[str]] = {
        "form": {"PARAMETERS", "form"},
        "law": {"law"},
        "pair": {"scaling_law_func", "fit_scaling_law"},
    }
    kinds = [kind for kind, needed in needs.items() if needed <= names]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise Refused(Verdict.CONTRACT, f"The source defines both a {kinds[0]} and a {kinds[1]}; define only one.")
    for needed in needs.values():
        if present := sorted(needed & names):
            missing = sorted(needed - names)
            raise Refused(Verdict.CONTRACT, f"{present[0]} is defined, but {missing[0]} is missing at top level.")
    raise Refused(
        Verdict.CONTRACT,
        "Define at top level PARAMETERS and form(x, p), or law(input_data, group), "
        "or scaling_law_func(data_points, params) and fit_scaling_law(data_points, loss_values).",
    )


def _check_arguments(tree: ast.Module) -> None:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name not in _ARGUMENTS:
            continue
        takes = node.args.posonlyargs + node.args.args
        required = len(takes) - len(node.args.defaults)
        wanted = _ARGUMENTS[node.name]
        most = wanted if node.args.vararg else len(takes)
        if not required <= wanted <= most or any(default is None for default in node.args.kw_defaults):
            raise Refused(Verdict.CONTRACT, f"Line {node.lineno}: {node.name} must take {wanted} positional arguments.")
