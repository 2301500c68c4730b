"""Sources made to hurt whoever reads them: each is refused or read, soon, and never by a crash of the reader."""

import sys

import pytest

from lawsmith.sandbox import PredictJob, Refused, Sandbox, Verdict, read_candidate
from lawsmith.tasks import Schema, Table

LAW = "def law(input_data, group): return [{'y': 1.0} for _ in input_data]\n"

REFUSED = {
    "null byte": LAW + "\0",
    "surrogate": LAW + "# \ud800",
    "surrogate in a name": "\udc80 = 1\n" + LAW,
    "a name in another alphabet": LAW.replace("law", "l\u0430w"),  # a Cyrillic letter
    "a refused name in wide letters": LAW + "\uff4f\uff50\uff45\uff4e('x')\n",
    "a refused name in mathematical letters": LAW + "\U0001d41e\U0001d42f\U0001d41a\U0001d425('1')\n",
    "a refused import in wide letters": LAW + "import \uff4f\uff53\n",
    "an import behind a form feed": "\f\f\fimport os\n" + LAW,
    "an import behind a carriage return": "# comment\rimport os\n" + LAW,
    "an import behind a semicolon": "x = 1;import os\n" + LAW,
    "an import behind a continued line": "x = 1\\\n;import os\n" + LAW,
    "million brackets": "(" * 1_000_000,
    "many brackets": "x = " + "(" * 30_000 + ")" * 30_000 + "\n" + LAW,
    "many lists": "x = " + "[" * 30_000 + "\n" + LAW,
    "many minus signs": "x = " + "-" * 60_000 + "1\n" + LAW,
    "many nots": "x = " + "not " * 15_000 + "1\n" + LAW,
    "many lambdas": "x = " + "lambda:" * 8_000 + "1\n" + LAW,
    "many indents": "".join(" " * i + "if 1:\n" for i in range(300)) + " " * 300 + "x = 1\n" + LAW,
    "a number of many digits": "x = " + "9" * 60_000 + "\n" + LAW,
    "an unfinished string": 'x = """' + "a" * 60_000,
    "an unfinished f-string": "x = f'{" * 100,
    "byte order mark": "\ufeff" + LAW,
    "only a byte order mark": "\ufeff",
    "too long by bytes": LAW + "# " + "\u20ac" * 30_000,
    "nothing": "",
    "a tab and spaces": "if 1:\n\tx = 1\n        y = 1\n" + LAW,
}

READ = {
    "a cookie of another encoding": "# -*- coding: utf-7 -*-\n" + LAW,
    "a cookie that lies": "# coding: rot13\n" + LAW,
    "direction marks": "# \u202e\n" + LAW,
    "many terms": "x = " + "+".join(["1"] * 900) + "\n" + LAW,
    "many names": "\n".join(f"a{i} = {i}" for i in range(4_000)) + "\n" + LAW,
    "whole numbers as powers": "def f(): return 10 ** 10 ** 10\n" + LAW,
    "text as products": "def f(): return 'x' * 10 ** 12, [0] * 10 ** 12, b'x' * (1 << 62)\n" + LAW,
    "shifts": "def f(): return 1 << (1 << 62)\n" + LAW,
    "carriage returns": LAW.replace("\n", "\r\n"),
}

EITHER = {  # what a parser makes of it depends on its version; what counts is that nothing breaks
    "very many terms": "x = " + "+".join(["1"] * 30_000) + "\n" + LAW,
    "very many powers": "x = " + "**".join(["1"] * 20_000) + "\n" + LAW,
    "very many attributes": "def f(x): return x" + ".a" * 30_000 + "\n" + LAW,
    "very many calls": "def f(x): return x" + "()" * 30_000 + "\n" + LAW,
    "very many subscripts": "def f(x): return x" + "[0]" * 20_000 + "\n" + LAW,
    "very many comparisons": "x = " + "<".join(["1"] * 30_000) + "\n" + LAW,
    "very many branches": "if 1: x = 1\n" + "elif 1: x = 1\n" * 4_000 + LAW,
    "very many conditions": "x = " + "1 if 1 else " * 5_000 + "1\n" + LAW,
    "very many decorators": "@f\n" * 20_000 + LAW,
    "very many targets": "x = " * 15_000 + "1\n" + LAW,
    "very many strings": "x = " + "'a' " * 15_000 + "\n" + LAW,
    "strings within strings": "x = " + "f'{" * 90 + "1" + "}'" * 90 + "\n" + LAW,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_candidate(REFUSED[name])
    assert refusal.value.verdict in {Verdict.SYNTAX, Verdict.CONTRACT, Verdict.IMPORT_REFUSED}
    assert refusal.value.message.isprintable()
    assert len(refusal.value.message) < 700


@pytest.mark.parametrize("name", READ)
def test_read(name: str, sandbox: Sandbox, schema: Schema, table: Table) -> None:
    assert read_candidate(READ[name]).kind == "law"
    assert sandbox.run(PredictJob(READ[name], schema, None, (table.hide(),))).ok


@pytest.mark.parametrize("name", EITHER)
def test_refused_or_read(name: str, sandbox: Sandbox, schema: Schema, table: Table) -> None:
    limit = sys.getrecursionlimit()
    found = sandbox.run(PredictJob(EITHER[name], schema, None, (table.hide(),)))
    assert found.verdict in {Verdict.OK, Verdict.SYNTAX, Verdict.CONTRACT, Verdict.CRASH, Verdict.MEMORY}
    assert found.message.isprintable()
    assert sys.getrecursionlimit() == limit
