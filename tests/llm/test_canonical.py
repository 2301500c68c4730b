"""Spelling makes no difference to a candidate's name; what it states does."""

from __future__ import annotations

import itertools

from lawsmith.agent.llm.form_key import canonical_key


def form(expression: str, parameters: str = '("a", "b", "c")', before: str = "", extra: str = "") -> str:
    return f"import numpy as np\nPARAMETERS = {parameters}\n{extra}\ndef form(x, p):\n{before}    return {expression}\n"


SAME = [
    form('p["a"] + p["b"] * x["N"] ** -p["c"]'),
    form('p["a"] + x["N"] ** (-p["c"]) * p["b"]'),
    form('p["b"] * np.power(x["N"], -p["c"]) + p["a"]'),
    form('p["u"] + p["v"] * x["N"] ** -p["w"]', '{"u": (0, 1), "v": (0, 5), "w": (0, 2)}'),
    form('e + p["b"] * n ** -p["c"]', before='    """Doc."""\n    n = x["N"]\n    e = p["a"]  # floor\n'),
    form('p["a"] - (-p["b"]) * x["N"] ** -p["c"]').replace('- (-p["b"])', '+ (+p["b"])'),
]
DIFFERENT = [
    SAME[0],
    form('p["a"] - p["b"] * x["N"] ** -p["c"]'),
    form('p["a"] + p["b"] * x["D"] ** -p["c"]'),
    form('p["a"] + p["b"] * x["N"] ** -p["b"]'),
    form('p["a"] + p["b"] * np.exp(x["N"]) ** -p["c"]'),
    form('p["a"] + p["b"] / x["N"] ** -p["c"]'),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', extra='SHARED = ("c",)'),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', extra='LOSS = "relative"'),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', extra="def fit(x, y):\n    return dict(a=1, b=1, c=1)\n"),
    form('p["a"] + p["b"] * (x["N"] > 2) ** -p["c"]'),
    form('p["a"] + p["b"] * (x["N"] < 2) ** -p["c"]'),
    "def law(input_data, group):\n    return [{'y': 1.0} for _ in input_data]\n",
    "not python at all (",
]


def test_spellings_share_a_name() -> None:
    assert len({canonical_key(source) for source in SAME}) == 1


def test_statements_differ_in_name() -> None:
    for a, b in itertools.combinations(DIFFERENT, 2):
        assert canonical_key(a) != canonical_key(b), (a, b)


def test_sources_built_to_explode_are_named_quickly() -> None:
    doubling = "    a = x['N']\n" + "    a = a + a\n" * 200
    keys = {
        canonical_key(form("a", before=doubling)),
        canonical_key(form("+".join(["x['N']"] * 3000))),
        canonical_key(form("-" * 5000 + "x['N']")),
        canonical_key("(" * 5000),
    }
    assert len(keys) == 4
