"""What the expressions of a form stand for, without running them: trees, numbers, texts, collections, functions."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lawsmith.sandbox.law.applied import along_axes, applied, attribute, dotted, item_at, slice_of
from lawsmith.sandbox.law.nodes import Node, Unreadable
from lawsmith.sandbox.law.operations import binary, call, compare, merged, total, truth, unary
from lawsmith.sandbox.law.values import Library, Once, Own, Scope, defaults_of, item_of_rows, items_of, mapping_of

MAX_STEPS = 20_000  # expressions that are followed: a loop cannot keep the reader busy
MAX_LEVELS = 4  # of collections within collections
MAX_TEXT = 400  # characters of a name that is put together
MAX_NESTING = 90  # of statements, expressions and calls together: a bound on our own recursion


class Expressions(ABC):
    """Values are trees, numbers, text, collections, functions, a `Lookup`, or `RowCount`; all raise Unreadable."""

    def __init__(self, imports: Mapping[str, str], definitions: Mapping[str, ast.stmt]) -> None:
        self.imports = imports
        self.definitions = definitions
        self.globals = Scope({})
        self._pending: set[str] = set()
        self._stale: list[Any] = []
        self._steps = self._depth = 0

    def module_value(self, name: str) -> Any:
        """The value of a name at top level."""
        return self._name(name, None, self.globals)

    @abstractmethod
    def call(self, function: Own, values: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """What a function of the source returns for these arguments. Raises Unreadable."""

    @abstractmethod
    def run(self, body: Sequence[ast.stmt], scope: Scope) -> tuple[Any] | None:
        """What the statements return, in a tuple; None where they go on."""

    @abstractmethod
    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Give a value to what stands on the left of an assignment. Raises Unreadable."""

    def _held(self, value: Any, levels: int = MAX_LEVELS) -> Any:
        """The collection itself; what it holds is counted, so that no copy or comparison of it can grow out of hand."""
        for item in value.values() if type(value) is dict else value:
            self._step(None)
            if isinstance(item, list) or type(item) is dict:
                if not levels:
                    raise Unreadable("collections are nested too deeply")
                self._held(item, levels - 1)
        return value

    def _step(self, node: ast.AST | None) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Unreadable(f"it takes more than {MAX_STEPS} steps", getattr(node, "lineno", None))

    def value(self, node: ast.expr, scope: Scope) -> Any:
        """What an expression stands for. Raises Unreadable, with the line."""
        self._step(node)
        self._depth += 1
        try:
            if self._depth > MAX_NESTING:
                raise Unreadable("the source is nested too deeply")
            return self._value(node, scope)
        except Unreadable as error:
            if "(line " in error.reason:
                raise
            raise Unreadable(error.reason, getattr(node, "lineno", None)) from None
        finally:
            self._depth -= 1

    def _value(self, node: ast.expr, scope: Scope) -> Any:
        match node:
            case ast.Constant(value=value):
                if isinstance(value, complex | bytes):
                    raise Unreadable(f"the constant {value!r:.40}")
                return value
            case ast.Name(id=name):
                return self._name(name, node, scope)
            case ast.Attribute(value=owner, attr=name):
                return attribute(self.value(owner, scope), name)
            case ast.Subscript(value=value, slice=key):
                return self._subscript(self.value(value, scope), key, scope)
            case ast.BinOp():
                return self._binary(node, scope)
            case ast.UnaryOp(op=op, operand=operand):
                return unary(op, self.value(operand, scope))
            case ast.BoolOp(op=op, values=values):
                return self._boolean(op, values, scope)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compared([left, *others], ops, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = self.value(test, scope)
                if isinstance(condition, Node):
                    return merged(condition, self.value(body, scope), self.value(orelse, scope))
                return self.value(body if truth(condition) else orelse, scope)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                holder = scope.function()
                holder.names[name] = self.value(value, scope)
                return holder.names[name]
            case ast.Lambda():
                return self._own(node, scope)
            case ast.Call():
                return self._called(node, scope)
        return self._made(node, scope)

    def _made(self, node: ast.expr, scope: Scope) -> Any:
        """A collection or a text that is put together."""
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return self._held(self._values(parts, scope))
            case ast.Dict(keys=keys, values=values):
                made: dict[Any, Any] = {}
                for word, item in zip(keys, values, strict=True):
                    found = self.value(item, scope)
                    made.update(self._held(mapping_of(found)) if word is None else {self._key(word, scope): found})
                return self._held(made)
            case ast.ListComp(elt=item, generators=loops) | ast.GeneratorExp(elt=item, generators=loops):
                several = self.value(loops[0].iter, scope)
                if item_of_rows(several) is not None:
                    return self._of_rows(node, several, scope)
                kind = list if isinstance(node, ast.ListComp) else Once
                return self._held(kind(self.value(item, inner) for inner in self._scopes(loops, scope, several)))
            case ast.DictComp(key=key, value=value, generators=loops):
                inner_scopes = list(self._scopes(loops, scope, self.value(loops[0].iter, scope)))
                return self._held({self._key(key, s): self.value(value, s) for s in inner_scopes})
            case ast.JoinedStr(values=values):
                text = "".join(self._text(part, scope) for part in values)
                if len(text) > MAX_TEXT:
                    raise Unreadable("a name grows too long")
                return text
        raise Unreadable(f"the expression {type(node).__name__.lower()}")

    def _binary(self, node: ast.BinOp, scope: Scope) -> Any:
        """A chain of operators from the left, without recursion; its sums are made at once."""
        chain: list[tuple[ast.operator, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            chain.append((left.op, left.right))
            left = left.left
        result, terms, signs = self.value(left, scope), list[Any](), list[int]()
        for op, right in reversed(chain):
            self._step(right)
            value = self.value(right, scope)
            numeric = isinstance(value, Node | int | float)
            if isinstance(op, ast.Add | ast.Sub) and numeric and isinstance(result, Node | int | float):
                terms, signs = (terms or [result]), (signs or [1])
                terms.append(value)
                signs.append(1 if isinstance(op, ast.Add) else -1)
                continue
            if terms:
                result, terms, signs = total(terms, signs), [], []
            result = binary(result, op, value)
        return total(terms, signs) if terms else result

    def _boolean(self, op: ast.boolop, values: Sequence[ast.expr], scope: Scope) -> Any:
        result = self.value(values[0], scope)
        for value in values[1:]:
            if isinstance(result, Node):
                name = "logical_and" if isinstance(op, ast.And) else "logical_or"
                result = call(name, [result, self.value(value, scope)])
            elif truth(result) == isinstance(op, ast.And):
                result = self.value(value, scope)
        return result

    def _compared(self, operands: Sequence[ast.expr], ops: Sequence[ast.cmpop], scope: Scope) -> Any:
        values = [self.value(operand, scope) for operand in operands]
        found = [compare(a, op, b) for a, op, b in zip(values, ops, values[1:], strict=False)]
        result = found[0]
        for one in found[1:]:
            known = not isinstance(result, Node) and not isinstance(one, Node)
            result = (result and one) if known else call("logical_and", [result, one])
        return result

    def _name(self, name: str, node: ast.expr | None, scope: Scope) -> Any:
        holder = scope.find(name) or self.globals.find(name)
        if holder is not None:
            return self._fresh(holder.names[name])
        definition = self.definitions.get(name)
        if isinstance(definition, ast.FunctionDef):
            self.globals.names[name] = self._own(definition, None)
        elif definition is not None:
            if name in self._pending:
                raise Unreadable(f"{name} is used before it is defined")
            self._pending.add(name)
            self.run([definition], self.globals)
        elif name in self.imports:
            return dotted(self.imports[name])
        else:
            return Library(f"builtins.{name}")
        if name not in self.globals.names:
            raise Unreadable(f"the name {name}")
        return self.globals.names[name]

    def _fresh(self, value: Any) -> Any:
        if any(value is old for old in self._stale):
            raise Unreadable("a list is changed in place and used under another name")
        return value

    def _own(self, node: ast.FunctionDef | ast.Lambda, scope: Scope | None) -> Own:
        defaults = tuple(self.value(one, scope or self.globals) for one in defaults_of(node))
        if any(isinstance(one, list | dict) for one in defaults):
            raise Unreadable("a default that may be changed", node.lineno)
        return Own(node, scope, defaults)

    def _key(self, node: ast.expr, scope: Scope) -> str | int:
        key = self.value(node, scope)
        if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
            return key
        raise Unreadable("an array index", node.lineno)

    def _subscript(self, value: Any, key: ast.expr, scope: Scope) -> Any:
        if isinstance(key, ast.Tuple) and len(key.elts) == 2:
            return along_axes(value, *(... if is_whole(one) else self.value(one, scope) for one in key.elts))
        if not isinstance(key, ast.Slice):
            return self._fresh(item_at(value, self.value(key, scope)))
        ends = [None if end is None else self.value(end, scope) for end in (key.lower, key.upper, key.step)]
        return slice_of(value, ends)

    def _text(self, part: ast.expr, scope: Scope) -> str:
        if isinstance(part, ast.FormattedValue) and part.format_spec is not None:
            raise Unreadable("a name with a format")
        value = self.value(part.value if isinstance(part, ast.FormattedValue) else part, scope)
        if not isinstance(value, str | int):
            raise Unreadable("a name is formed from something that is not known beforehand")
        return str(value)

    def _scopes(self, loops: Sequence[ast.comprehension], scope: Scope, several: Any) -> Iterator[Scope]:
        """A scope for each round of loops, the first of them over `several`."""
        for item in items_of(several):
            inner = Scope({}, scope, inside=True)
            self.assign(loops[0].target, item, inner)
            if not all(truth(self.value(test, inner)) for test in loops[0].ifs):
                continue
            if loops[1:]:
                yield from self._scopes(loops[1:], inner, self.value(loops[1].iter, inner))
            else:
                yield inner

    def _of_rows(self, node: ast.ListComp | ast.GeneratorExp, rows: Any, scope: Scope) -> Any:
        """The column that a comprehension over rows makes. Raises Unreadable where rows could act on one another."""
        if len(node.generators) > 1 or node.generators[0].ifs:
            raise Unreadable("a loop over some rows")
        if any(isinstance(part, ast.NamedExpr) for part in ast.walk(node.elt)):
            raise Unreadable("a loop that carries values from row to row")
        inner = Scope({}, scope, inside=True)
        self.assign(node.generators[0].target, item_of_rows(rows), inner)
        return self.value(node.elt, inner)

    def _values(self, nodes: Sequence[ast.expr], scope: Scope) -> list[Any]:
        """The values of expressions, `*several` spread out."""
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                values += self._held(items_of(self.value(node.value, scope)))
            else:
                values.append(self.value(node, scope))
        return values

    def _called(self, node: ast.Call, scope: Scope, writes: bool = False) -> Any:
        function = self.value(node.func, scope)
        values = self._values(node.args, scope)
        named: dict[str, Any] = {}
        for word in node.keywords:
            value = self.value(word.value, scope)
            named.update(self._held(mapping_of(value)) if word.arg is None else {word.arg: value})
        fresh = all(isinstance(word.value, ast.Call) for word in node.keywords if word.arg == "out")
        if "out" in named and not fresh and not writes:
            raise Unreadable("a call that writes into `out`")
        return self._applied(function, values, named)

    def _applied(self, function: Any, values: list[Any], named: dict[str, Any]) -> Any:
        self._step(None)
        if isinstance(function, Own):
            return self.call(function, values, named)
        values = [items_of(value) if isinstance(value, Once) else value for value in values]
        return applied(function, values, named, self._applied, self._held)


def is_whole(key: ast.expr) -> bool:
    """Whether an index is ``:`` or ``...``."""
    return (isinstance(key, ast.Slice) and key.lower is key.upper is key.step is None) or (
        isinstance(key, ast.Constant) and key.value is ...
    )
