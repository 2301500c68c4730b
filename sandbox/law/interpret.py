"""Follows a form's statements without running them: names stand for trees, loops over known items are unrolled, the
source's own functions are inlined, a branch that depends on data becomes `where`."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from lawsmith.sandbox.law.calls import Bound, arguments, spread
from lawsmith.sandbox.law.expressions import MAX_NESTING, Expressions, is_whole
from lawsmith.sandbox.law.functions import is_truth
from lawsmith.sandbox.law.nodes import Node
from lawsmith.sandbox.law.operations import binary, call, merged, truth
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.sandbox.law.values import NAN, EachRow, Library, Own, RowNumber, Scope, item_of_rows, items_of

BREAK, CONTINUE = ("break",), ("continue",)  # what a loop's body may end with, instead of what it returns


class Interpreter(Expressions):
    """Follows statements; see `Expressions` for values. All raise Unreadable."""

    def call(self, function: Own, values: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """What a function of the source returns for these arguments. Raises Unreadable."""
        scope = Scope(arguments(function, values, named), function.scope)
        if isinstance(function.node, ast.Lambda):
            return self.value(function.node.body, scope)
        returned = self.run(function.node.body, scope)
        if returned is None:
            raise Unreadable("a function returns nothing", function.node.lineno)
        return returned[0]

    def run(self, body: Sequence[ast.stmt], scope: Scope) -> tuple[Any] | None:
        """What the statements return, in a tuple; None where they go on; BREAK or CONTINUE of the loop around them."""
        self._depth += 1
        try:
            if self._depth > MAX_NESTING:
                raise Unreadable("it is nested too deeply")
            for k, statement in enumerate(body):
                self._step(statement)
                if isinstance(statement, ast.If):
                    condition = self.value(statement.test, scope)
                    if isinstance(condition, Node):
                        return self._both(condition, statement, body[k + 1 :], scope)
                    returned = self.run(statement.body if truth(condition) else statement.orelse, scope)
                else:
                    returned = self._statement(statement, scope)
                if returned is not None:
                    return returned
            return None
        finally:
            self._depth -= 1

    def _both(self, condition: Node, statement: ast.If, rest: Sequence[ast.stmt], scope: Scope) -> tuple[Any] | None:
        """Both branches of a condition on data; what follows is read once where neither of them returns."""
        one, two = scope.branch(), scope.branch()
        then, otherwise = self.run(statement.body, one), self.run(statement.orelse, two)
        if then is None and otherwise is None:
            for name in one.names.keys() & two.names.keys():
                scope.names[name] = merged(condition, one.names[name], two.names[name])
            return self.run(rest, scope)
        then = then or self.run(rest, one)
        otherwise = otherwise or self.run(rest, two)
        if any(one is None or one is BREAK or one is CONTINUE for one in (then, otherwise)):
            raise Unreadable("a branch that returns nothing", statement.lineno)
        return (merged(condition, cast(Any, then)[0], cast(Any, otherwise)[0]),)

    def _statement(self, node: ast.stmt, scope: Scope) -> tuple[Any] | None:
        match node:
            case ast.Return(value=value) if value is not None:
                return (self.value(value, scope),)
            case ast.Assign(targets=targets, value=value):
                found = self.value(value, scope)
                for target in targets:
                    self.assign(target, found, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assign(target, self.value(value, scope), scope)
            case ast.AugAssign(target=target, op=op, value=value):
                old = self.value(target, scope)
                new = binary(old, op, self.value(value, scope))
                if isinstance(old, list):
                    self._stale.append(old)  # it is changed in place: whatever else holds it would change with it
                self.assign(target, new, scope)
            case ast.For(orelse=[]) | ast.While(orelse=[]):
                return self._loop(node, scope)
            case ast.Break() | ast.Continue():
                return BREAK if isinstance(node, ast.Break) else CONTINUE
            case ast.Delete(targets=[ast.Name(id=name)]):
                scope.names.pop(name, None)
            case ast.Try(body=body, orelse=orelse, finalbody=finalbody) if not any(map(_raises, body)):
                return self.run([*body, *orelse, *finalbody], scope)  # arrays raise nothing, so nothing is handled
            case ast.With(items=items, body=body) if all(self._is_errstate(item, scope) for item in items):
                return self.run(body, scope)
            case ast.FunctionDef(name=name, decorator_list=[]):
                scope.names[name] = self._own(node, scope)
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Assert() | ast.AnnAssign():
                pass
            case ast.Import() | ast.ImportFrom():
                pass  # found with those at top level
            case ast.Expr(value=ast.Call() as called):
                self._effect(called, scope)
            case _:
                raise Unreadable(f"the statement {type(node).__name__.lower()}", node.lineno)
        return None

    def _effect(self, called: ast.Call, scope: Scope) -> None:
        """A call for what it does: what it writes into an array stands under the array's name."""
        outs = (word.value for word in called.keywords if word.arg == "out")
        written = next((value for value in outs if isinstance(value, ast.Name)), None)
        value = self._called(called, scope, writes=written is not None)
        if written is not None:
            self.assign(written, value, scope)

    def _loop(self, node: ast.For | ast.While, scope: Scope) -> tuple[Any] | None:
        several = self.value(node.iter, scope) if isinstance(node, ast.For) else None
        if isinstance(node, ast.For) and item_of_rows(several) is not None:
            self._each_row(node, item_of_rows(several), scope)
            return None
        for _ in self._rounds(node, several, scope):
            returned = self.run(node.body, scope)
            if returned is BREAK:
                break
            if returned is not None and returned is not CONTINUE:
                return returned
        return None

    def _rounds(self, node: ast.For | ast.While, several: Any, scope: Scope) -> Iterator[None]:
        if isinstance(node, ast.While):
            while truth(self.value(node.test, scope)):
                yield
            return
        for item in items_of(several):
            self.assign(node.target, item, scope)
            yield

    def _each_row(self, node: ast.For, item: Any, scope: Scope) -> None:
        """A loop over rows, read once: it may append to lists that are empty, and set the rows of a column. Raises
        Unreadable for one that does more, as rows could act on one another."""
        inner = scope.branch()
        self.assign(node.target, item, inner)
        if self.run(node.body, inner) is not None:
            raise Unreadable("a loop over rows that ends early", node.lineno)
        for name, before in list(scope.names.items()):
            after = inner.names.get(name)
            if isinstance(after, EachRow):
                scope.names[name] = after.item
            elif before == [] and isinstance(after, list) and len(after) == 1:
                scope.names[name] = after[0]
            elif after is not before and after != before:
                raise Unreadable("a loop over rows that adds them up", node.lineno)

    def _is_errstate(self, item: ast.withitem, scope: Scope) -> bool:
        called = item.context_expr
        return isinstance(called, ast.Call) and self.value(called.func, scope) == Library("numpy.errstate")

    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Bind names, or parts of them, to a value; raises Unreadable for attributes and unknown parts."""
        match target:
            case ast.Name(id=name):
                if isinstance(value, Bound) and isinstance(value.owner, list | dict):
                    raise Unreadable("a method that changes a collection is kept for later", target.lineno)
                scope.names[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part, item in zip(parts, spread(parts, items_of(value)), strict=True):
                    self.assign(part.value if isinstance(part, ast.Starred) else part, item, scope)
            case ast.Subscript(value=ast.Name(id=name), slice=key):
                self._assign_item(name, None if is_whole(key) else self.value(key, scope), value, scope, target)
            case _:
                raise Unreadable("an assignment to an attribute or a part", target.lineno)

    def _assign_item(self, name: str, key: Any, value: Any, scope: Scope, target: ast.expr) -> None:
        """`d[key] = value`, of a dict or list, or of a column where a condition holds; everywhere for the key None."""
        holder = scope.find(name)
        known: Any = holder.names[name] if holder else None
        self._held([value])
        if (type(known) is dict and isinstance(key, str | int)) or (
            isinstance(known, list) and isinstance(key, int) and -len(known) <= key < len(known)
        ):
            cast(Any, known)[key] = value
        elif not isinstance(known, Node | int | float) and known != NAN:
            raise Unreadable("an assignment to a part of what is no array", target.lineno)
        elif isinstance(key, RowNumber):
            scope.names[name] = EachRow(value)
        elif key is None and isinstance(value, Node | int | float):
            scope.names[name] = value
        elif isinstance(key, Node) and is_truth(key):
            scope.names[name] = call("where", [key, value, known])
        else:
            raise Unreadable("an assignment to a part of an array", target.lineno)


def _raises(statement: ast.stmt) -> bool:
    """Whether a statement may leave what it stands in on purpose."""
    return any(isinstance(node, ast.Raise | ast.Assert) for node in ast.walk(statement))
