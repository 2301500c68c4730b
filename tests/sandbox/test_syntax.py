"""Sources are parsed by many threads at once; CPython 3.11 alone does not bear that."""

import ast
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest

from lawsmith.sandbox.law.syntax import parse, parse_expression


def test_two_threads_never_parse_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, real = Lock(), ast.parse

    def alone(*arguments: Any, **options: Any) -> ast.AST:
        assert busy.acquire(blocking=False), "another thread is parsing"
        try:
            time.sleep(0.005)
            return real(*arguments, **options)
        finally:
            busy.release()

    monkeypatch.setattr(ast, "parse", alone)
    with ThreadPoolExecutor(4) as threads:
        modules = list(threads.map(parse, ["x = 1"] * 8))
        expressions = list(threads.map(parse_expression, ["a + b"] * 8))
    assert all(isinstance(tree.body[0], ast.Assign) for tree in modules)
    assert all(isinstance(tree, ast.BinOp) for tree in expressions)


def test_an_assignment_is_no_expression() -> None:
    with pytest.raises(SyntaxError):
        parse_expression("a = b")
