"""Spelling makes no difference to what a law is: one key, one price; what it states does."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from lawsmith.sandbox.law.expression import add, exp, function, log, mul, neg, power
from lawsmith.sandbox.law.key import source_key
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Parameter, Statement
from lawsmith.sandbox.law.normal import normal
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.spans import span
from lawsmith.sandbox.law.standard import expanded
from lawsmith.sandbox.law.traits import Traits, traits


def form(expression: str, parameters: str = '("a", "b", "c")', before: str = "", extra: str = "") -> str:
    return f"import numpy as np\nPARAMETERS = {parameters}\n{extra}\ndef form(x, p):\n{before}    return {expression}\n"


POSITIVE = '{"a": (0, 9), "b": (0, 9), "c": (0, 9)}'
LOGARITHMS = ('np.log(x["N"] / 1e8)', 'np.log(x["D"] / 10)')
POWER_LAW = [
    form('p["a"] + p["b"] * x["N"] ** -p["c"]'),
    form('p["a"] + x["N"] ** (-p["c"]) * p["b"]'),
    form('p["b"] * np.power(x["N"], -p["c"]) + p["a"]'),
    form('p["u"] + p["v"] * x["N"] ** -p["w"]', '{"u": (0, 1), "v": (0, 5), "w": (0, 2)}'),
    form('p["u"] + p["v"] * x["N"] ** -p["w"]', '{"w": (0, 1), "v": (0, 5), "u": (0, 2)}'),
    form('e + p["b"] * n ** -p["c"]', before='    """Doc."""\n    n = x["N"]\n    e = p["a"]  # floor\n'),
    form('p["a"] - (-p["b"]) * x["N"] ** -p["c"]'),
    form("y", before='    y = x["N"] ** -p["c"]\n    y *= p["b"]\n    y += p["a"]\n'),
    form('p["a"] + p["b"] / x["N"] ** p["c"]'),
    form('p["a"] + p["b"] * (1 / x["N"]) ** p["c"]'),
    form('p["a"] + p["b"] * np.exp(-p["c"] * np.log(x["N"]))'),
    form('np.maximum(p["a"] + p["b"] * x["N"] ** -p["c"], 0)'),
    form('np.clip(p["a"] + p["b"] * np.maximum(x["N"], 1e-9) ** -p["c"], 1e-12, None)'),
    form('np.where(x["N"] > 0, p["a"] + p["b"] * x["N"] ** -p["c"], 0.0)'),
    form('np.nan_to_num(p["a"] + p["b"] * np.abs(x["N"]) ** -p["c"])'),
    form('p["a"] + p["b"] * np.exp(np.clip(-p["c"] * np.log(x["N"] + 0.0), -50, 50))'),
    form('p["a"] + decay(x["N"], p["b"], p["c"])', extra="def decay(n, scale, rate):\n    return scale * n ** -rate"),
    form('sum([p["a"], p["b"] * np.sqrt(x["N"]) ** (-2 * p["c"])])'),
]
OTHERS = [
    form('p["a"] - p["b"] * x["N"] ** -p["c"]', POSITIVE),
    form('p["a"] + p["b"] * x["D"] ** -p["c"]'),
    form('p["a"] + p["b"] * x["N"] ** -p["b"]'),
    form('p["a"] + p["b"] * np.exp(x["N"]) ** -p["c"]'),
    form('p["a"] + p["b"] * x["N"] ** p["c"]', POSITIVE),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', extra='SHARED = ("c",)'),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', extra='SHARED = ("b",)'),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', extra='LOSS = "relative"'),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', extra="def fit(x, y):\n    return dict(a=1, b=1, c=1)\n"),
    form('p["a"] + p["b"] * x["N"] ** -p["c"]', '("a", "b", "c", "d")'),
    form('p["a"] + p["b"] * (x["N"] > 2) ** -p["c"]'),
    form('p["a"] + p["b"] * (x["N"] < 2) ** -p["c"]'),
    form('p["a"] + p["b"] * np.maximum(x["N"], 100) ** -p["c"]'),
    form('np.maximum(p["a"] + p["b"] * x["N"], p["c"])'),
    "def law(input_data, group):\n    return [{'y': 1.0} for _ in input_data]\n",
    "not python at all (",
]


@pytest.mark.parametrize("source", POWER_LAW)
def test_spellings_share_key_and_traits(source: str) -> None:
    assert source_key(source) == source_key(POWER_LAW[0])
    assert traits(source) == Traits(levels=True, features=frozenset({"N"}), literals=0, sets_numbers=False)


def test_conditions_that_choose_a_category_stay_in_keys_and_traits() -> None:
    plain = "PARAMETERS = ['L', 'A', 'd']\ndef form(x, p):\n    return p['L'] + p['A'] / x['N'] + p['d']"
    one, other = (f"{plain} * (x['act'] == {code})" for code in (1, 2))
    keys = {source_key(source, ("y",), ("N", "act")) for source in (one, other, plain)}
    assert len(keys) == 3
    assert traits(one, ("y",), ("N", "act")) == Traits(
        levels=True, features=frozenset({"N", "act"}), literals=0, sets_numbers=False
    )


def test_a_quadratic_of_several_features_is_a_surface() -> None:
    n, d = "np.log(x['N'])", "np.log(x['D'])"
    plain = (
        f"import numpy as np\nPARAMETERS = ['L', 'a', 'b', 'c']\ndef form(x, p):\n    return p['L'] + p['a'] * {n}**2"
    )
    surface = f"{plain} + p['b'] * {d}**2 + p['c'] * {n} * {d}"
    moving = f"{plain} + p['b'] * ({d} - p['c'] * {n})**2"
    told = [traits(source, ("y",), ("N", "D")) for source in (surface, moving, plain)]
    assert [one is not None and one.is_surface for one in told] == [True, False, False]


def test_statements_differ_in_key() -> None:
    for a, b in itertools.combinations([POWER_LAW[0], *OTHERS], 2):
        assert source_key(a) != source_key(b), (a, b)


TURNED = [
    # one law in each line: a constant's sign or inverse is another constant where bounds allow it
    [
        form('p["a"] * x["N"] ** -p["b"]', '("a", "b")'),
        form('p["a"] * x["N"] ** p["b"]', '("a", "b")'),
        form('p["a"] / x["N"] ** p["b"]', '{"a": (-9, 9), "b": (-3, 3)}'),
        form('-p["a"] * x["N"] ** p["b"]', '{"b": (-2, 0), "a": None}'),
        form('p["a"] * np.exp(p["b"] * np.log(x["N"]))', '("b", "a")'),
    ],
    [
        form('p["a"] * np.exp(-p["b"] * x["N"])', '{"a": (0, 9), "b": (0, 2)}'),
        form('p["a"] * np.exp(p["b"] * x["N"])', '{"a": (0, 9), "b": (-2, 0)}'),
        form('-p["a"] * np.exp(p["b"] * x["N"])', '{"a": (-9, 0), "b": (-2, 0)}'),
        form('p["a"] / np.exp(x["N"] / p["b"])', '{"a": (0, 9), "b": (0.5, 99)}'),
        form('1 / p["a"] * np.exp(-x["N"] / p["b"])', '{"a": (0, None), "b": (0, None)}'),
    ],
    [
        form('p["a"] * np.exp(p["b"] * x["N"])', POSITIVE.replace(', "c": (0, 9)', "")),
        form('p["a"] * np.exp(-p["b"] * x["N"])', '{"a": (0, 9), "b": (-2, 0)}'),
    ],
    [
        form('p["a"] * (np.log(x["N"]) - p["b"]) ** 2', '("a", "b")'),
        form('p["a"] * (p["b"] - np.log(x["N"])) ** 2', '("a", "b")'),
        form('p["a"] * (np.log(x["N"]) + p["b"]) ** 2', '("a", "b")'),
    ],
    [
        form('p["a"] / (1 + np.exp(-p["b"] * (x["N"] - p["c"])))', POSITIVE),
        form('p["a"] / (1 + np.exp(p["b"] * (p["c"] - x["N"])))', POSITIVE),
        form('p["a"] / (1 + np.exp(p["b"] * (x["N"] - p["c"])))', '{"a": (0, 9), "b": (-9, 0), "c": (0, 9)}'),
        form('p["a"] / (1 + np.exp((p["c"] - x["N"]) / p["b"]))', POSITIVE),
    ],
    [
        form('p["a"] * (x["N"] / p["b"]) ** -p["c"]', POSITIVE),
        form('p["a"] * (x["N"] * p["b"]) ** -p["c"]', POSITIVE),
        form('p["a"] / (x["N"] / p["b"]) ** p["c"]', POSITIVE),
    ],
    [
        form('p["a"] + p["b"] * x["N"]', '("a", "b")'),
        form('p["a"] - p["b"] * x["N"]', '{"a": None, "b": (-9, 9)}'),
        form('p["a"] + x["N"] / p["b"]', '("a", "b")'),
    ],
    [  # 1e-8 is no floor where all else is as small
        form('p["a"] + p["b"] * (x["N"] / 1e8 * (1 + p["c"] * np.log(x["D"]))) ** -0.3', POSITIVE),
        form('p["a"] + p["b"] * (x["N"] / 1e8 + p["c"] * np.log(x["D"]) * x["N"] / 1e8) ** -0.3', POSITIVE),
    ],
    [form(f'p["a"] * np.exp(p["b"] * {a} * {b})', POSITIVE) for a, b in itertools.permutations(LOGARITHMS)],
    [
        form('p["a"] / (1 / x["N"] + 1 / (p["b"] * (x["D"] + p["c"])))', POSITIVE),
        form('p["a"] / (1 / (p["b"] * x["D"] + p["c"] * p["b"]) + 1 / x["N"])', POSITIVE),
    ],
]


@pytest.mark.parametrize("place", range(len(TURNED)))
def test_the_sign_and_the_inverse_of_a_free_constant_make_no_other_law(place: int) -> None:
    assert len({source_key(source) for source in TURNED[place]}) == 1
    assert len({traits(source) for source in TURNED[place]}) == 1
    others = [source for k, line in enumerate(TURNED) if k != place for source in line]
    assert not {source_key(source) for source in others} & {source_key(TURNED[place][0])}


def random_law(rng: np.random.Generator) -> tuple[Node, list[Parameter]]:
    names = [Parameter(f"q{k}", 0.0, 3.0) for k in range(6)]
    x, y = Feature("N"), Feature("D")
    parts = [
        mul(names[0], power(x, neg(names[1]))),
        mul(names[2], exp(neg(mul(names[3], y)))),
        mul(names[4], power(add(x, names[5]), Number(-0.5))),
        mul(names[4], log(y)),
        power(add(power(x, neg(names[1])), mul(names[2], y)), names[3]),
        mul(names[0], function("tanh", mul(names[1], x))),
    ]
    chosen = rng.choice(len(parts), 3, replace=False)
    return add(names[0], *(parts[k] for k in chosen)), names


def spelled(node: Node, rng: np.random.Generator, names: dict[str, str]) -> str:
    """One of the many ways to write a tree."""
    from lawsmith.sandbox.law.nodes import Function, Power, Product, Sum

    def inner(one: Node) -> str:
        return spelled(one, rng, names)

    guard = rng.integers(12)
    match node:
        case Number(value):
            return f"({value!r})"
        case Parameter(name):
            return f'p["{names[name]}"]' if guard else f'np.maximum(p["{names[name]}"], 0)'
        case Feature(name):
            return [f'x["{name}"]', f'np.clip(x["{name}"], 1e-9, None)', f'abs(np.asarray(x["{name}"]))'][guard % 3]
        case Sum(terms):
            order = rng.permutation(len(terms))
            return "(" + " + ".join(inner(terms[k]) for k in order) + ")"
        case Product(factors):
            order = rng.permutation(len(factors))
            return "(" + " * ".join(inner(factors[k]) for k in order) + ")"
        case Power(base, Number(-1.0)):
            return f"(1 / {inner(base)})"
        case Power(base, exponent):
            if guard % 2 and isinstance(base, Feature):
                return f"np.exp({inner(exponent)} * np.log({inner(base)}))"
            return (
                f"np.power({inner(base)}, {inner(exponent)})"
                if guard % 3
                else f"(1/{inner(base)} ** -{inner(exponent)})"
            )
        case Function(name, arguments):
            return f"np.{name}({', '.join(map(inner, arguments))})"
    raise AssertionError


def test_random_laws_keep_key_and_price_however_they_are_written() -> None:
    rng = np.random.default_rng(3)
    keys = set()
    for _ in range(20):
        node, names = random_law(rng)
        written = []
        for _ in range(6):
            letters = rng.permutation([f"k{k}" for k in range(len(names))])
            called = {p.name: str(letter) for p, letter in zip(names, letters, strict=True)}
            bounds = "{" + ", ".join(f"'{called[names[k].name]}': (0, 3)" for k in rng.permutation(6)) + "}"
            written.append(form(spelled(node, rng, called), bounds))
        assert len({source_key(source) for source in written}) == 1, "\n".join(written)
        assert len({traits(source) for source in written}) == 1, "\n".join(written)
        keys.add(source_key(written[0]))
    assert len(keys) >= 12


def test_of_a_feature_of_either_sign_its_size_is_another_law() -> None:
    laws = [form(f"p['L'] + p['b'] * {x}", "['L', 'b']") for x in ("x['N']", "abs(x['N'])", "np.maximum(x['N'], 0)")]
    keys = [{source_key(law, ("y",), ("N",), frozenset(signed)) for law in laws} for signed in ((), ("N",))]
    assert [len(found) for found in keys] == [1, 3]


def test_a_law_multiplied_out_predicts_as_it_did() -> None:
    rng = np.random.default_rng(11)
    x = {name: rng.uniform(0.5, 4.0, 30) for name in ("N", "D")} | {"act": rng.integers(0, 3, 30).astype(float)}
    for _ in range(20):
        law, names = random_law(rng)
        chosen = function("equal", Feature("act"), Number(float(rng.integers(3))))
        hinge = function("maximum", add(Feature("N"), neg(names[5])), Number(0.0))
        for tree in (
            add(law, mul(names[2], chosen)),
            mul(law, add(Number(1.0), mul(names[3], chosen))),
            mul(law, hinge),
        ):
            values = {p.name: np.full(30, value) for p, value in zip(names, rng.uniform(0.5, 2.5, 6), strict=True)}
            assert np.allclose(evaluate(expanded(normal(tree)), x, values), evaluate(tree, x, values), rtol=1e-9)


def test_random_laws_keep_their_key_with_constants_turned() -> None:
    """Each constant of a random law, by chance: its opposite with opposite bounds, or its inverse."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        node, names = random_law(rng)
        keys, prices = set(), set()
        for _ in range(5):
            called = {p.name: p.name for p in names}
            ends, text = {p.name: "(0, 3)" for p in names}, spelled(node, rng, called)
            for name in (p.name for p in names):
                turn = rng.integers(3)
                written = {1: f'(-p["{name}"])', 2: f'(1 / p["{name}"])'}.get(int(turn))
                if written is not None and f'np.maximum(p["{name}"]' not in text:
                    text = text.replace(f'p["{name}"]', written)
                    ends[name] = "(-3, 0)" if turn == 1 else "(1/3, None)"
            bounds = "{" + ", ".join(f"'{name}': {end}" for name, end in ends.items()) + "}"
            keys.add(source_key(form(text, bounds)))
            prices.add(traits(form(text, bounds)))
        assert len(keys) == len(prices) == 1


def test_sources_built_to_explode_are_named_quickly() -> None:
    began = time.process_time()
    doubling = "    a = x['N']\n" + "    a = a + a\n" * 200
    squaring = "    a = x['N'] + p['a']\n" + "    a = a * a\n" * 200
    keys = {
        source_key(form("a", before=doubling)),
        source_key(form("a", before=squaring)),
        source_key(form("+".join(["x['N']"] * 3000))),
        source_key(form("+".join(f"p['a'] * x['N'] ** {k}" for k in range(600)))),
        source_key(form("-" * 5000 + "x['N']")),
        source_key("(" * 5000),
    }
    assert len(keys) == 6
    assert time.process_time() - began < 30


FORM = """
import numpy as np
PARAMETERS = ("L", "A", "a")
def form(x, p):
    return {law}
"""


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ("p['L'] + p['A'] * x['n'] ** -p['a']", True),
        ("p['L'] * (1 + p['A'] * x['n'] ** -p['a'])", True),
        ("p['A'] * x['n'] ** -p['a']", False),
        ("1.0 + p['A'] * x['n'] ** -p['a']", False),
        ("p['L'] + p['A'] * np.log(x['n'])", False),
        ("p['L'] + p['A'] * np.log10(x['n'] + 1) ** 2 + p['a'] * x['n']", False),
        ("p['L'] + (1 + p['a'] * np.log(x['n'])) * x['d'] ** -p['A']", False),
        ("p['L'] + p['A'] / np.log(x['n'])", True),
        ("p['L'] + p['A'] * (np.log(x['n']) - p['a']) ** 2.0", True),
        ("p['L'] + p['A'] * np.log(x['n']) ** 2.0", False),
        ("p['L'] + p['A'] * (1 + p['a'] * np.log(x['n'])) ** -p['a']", True),
        ("p['L'] + p['A'] * np.exp(p['a'] * np.log(x['n']))", True),
        ("p['L'] + p['A'] * np.log(2.0) * x['n'] ** -p['a']", True),
        ("(p['L'] + x['n'] ** -p['a']) * (1 + p['A'] * np.equal(x['c'], 1.0))", True),
        ("x['n'] ** -p['a'] * (1 + p['A'] * np.equal(x['c'], 1.0))", False),
        ("{'y': p['L'] + x['n'] ** -p['a'], 'z': p['A'] * x['n']}", False),
    ],
)
def test_which_laws_may_level_off(law: str, expected: bool) -> None:
    found = traits(FORM.format(law=law))
    assert found is not None
    assert found.levels is expected


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ("p['A'] / (1 + np.exp(-p['a'] * (x['n'] - p['L'])))", True),
        ("p['A'] / (1 + np.exp(p['a'] * (x['n'] - p['L'])))", False),
        ("p['A'] * np.exp(-np.exp(-p['a'] * (x['n'] - p['L'])))", True),
        ("p['A'] / (1 + (x['n'] / p['L']) ** -p['a'])", True),
        ("p['A'] / (1 + (x['n'] / p['L']) ** p['a'])", False),
        ("p['A'] * np.exp(p['a'] * x['n'])", False),
        ("p['A'] * x['n'] / (p['a'] + x['n'])", True),
        ("p['A'] * x['n'] ** p['a'] / (p['L'] + x['n'] ** p['a'])", True),
        ("p['A'] * (x['n'] / (p['a'] + x['n'])) ** p['L']", True),
        ("p['A'] * x['n'] / np.sqrt(p['a'] + x['n'] ** 2)", True),
        ("p['A'] * x['n'] ** 2 / (p['a'] + x['n'])", False),
        ("p['A'] * x['n'] / (p['a'] + x['n'] ** 2)", False),
        ("p['A'] * np.tanh(p['a'] * x['n'])", True),
        ("p['A'] * np.arctan(x['n'] / p['a'])", True),
        ("p['A'] * np.sin(p['a'] * x['n'])", False),
        ("p['A'] * x['d'] * np.tanh(p['a'] * x['n'])", False),
        ("p['A'] * x['n'] ** p['a'] / (p['L'] ** p['a'] + x['n'] ** p['a'])", True),
        ("p['A'] * x['n'] / (p['L'] + x['n'] + p['a'] * x['n'] ** 2)", False),
    ],
)
def test_curves_that_saturate_level_off(law: str, expected: bool) -> None:
    positive = FORM.replace('("L", "A", "a")', '{"L": (0, 9), "A": (0, 9), "a": (0, 9)}')
    found = traits(positive.replace("{law}", law))
    assert found is not None
    assert found.levels is expected


def test_of_what_cannot_be_read_nothing_is_claimed() -> None:
    assert traits(FORM.format(law="np.sort(x['n'])")) is None


@pytest.mark.parametrize(
    ("law", "count"),
    [
        ("p['L'] + p['A'] * (x['n'] / 1e9) ** -0.5 + 2 / 3 * np.log(x['n'] / 3.7e8) ** 2", 0),
        ("p['L'] + 0.41 * (x['n'] / 1e9) ** -0.34", 2),
        ("p['L'] + np.exp(np.clip(p['A'] * x['n'], -50, 50)) + np.maximum(x['n'], 1e-12)", 0),
        ("p['L'] + np.where(x['n'] == 37.0, p['A'], 0) + np.where(x['n'] == 38.0, p['a'], 0)", 0),
        ("np.where(x['n'] < 3.71, 2.17, np.where(x['n'] < 5.18, 1.93, 1.71)) + p['L']", 5),
        ("p['L'] + " + " + ".join(f"np.where(x['n'] == {k}, {k % 9 + 3}, 0)" for k in range(40)), 82),
        ("p['L'] + x['n'] / 1.234 + x['n'] / 5.678", 1),
        ("p['L'] + (x['n'] / 1e3 - 2.017) * p['A'] + np.log(x['n'] / 1e3 / 0.0173) * p['a']", 0),
        ("p['L'] + (x['n'] - 2.017) ** 2 + (x['n'] - 3.019) ** 2", 1),
        ("p['L'] + np.maximum(0 * x['n'], 12340) + np.minimum(x['n'], 43210)", 2),
        ("p['L'] + " + " + ".join("(x['n'] / x['n'] + 1) ** 0.5" for _ in range(80)), 214),
    ],
)
def test_numbers_that_data_could_have_chosen_count_as_constants(law: str, count: int) -> None:
    found = traits(FORM.format(law=law))
    assert found is not None
    assert found.literals == count


def test_intervals_hold_what_they_bound() -> None:
    rng = np.random.default_rng(0)
    for body in (
        "p['a'] * x['n'] ** -p['b'] + p['L']",
        "np.exp(-p['a'] * (x['n'] - 2)) - np.log(x['n'])",
        "np.maximum(x['n'] - 2, 0) * abs(x['n'] - 2) + (x['n'] - 2) ** 2",
        "np.where((x['n'] - 2) > 1, x['n'], np.tanh(x['n'] - 2))",
        "1 / (x['n'] + p['b']) - np.sqrt(x['n'])",
    ):
        bounds = "{'L': (-1, 1), 'a': (0, 2), 'b': (0, 3)}"
        source = f"import numpy as np\nPARAMETERS = {bounds}\ndef form(x, p):\n    return {body}\n"
        found = read(source, ("y",))
        assert isinstance(found, Statement)
        low, high = span(found.targets["y"])
        space: dict[str, object] = {}
        exec(source, space)
        x = {"n": rng.uniform(0.5, 4, 500)}
        for _ in range(20):
            p = {"L": rng.uniform(-1, 1), "a": rng.uniform(0, 2), "b": rng.uniform(0, 3)}
            values = space["form"](x, p)  # type: ignore[operator]
            assert low <= values.min() and values.max() <= high, body
