"""Laws made to keep an exporter busy, or to overflow in it: a text, or a sentence, at once."""

import math

import pytest
from sympy import Max

from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.law.write_sympy import sympy_script, to_sympy
from lawsmith.sandbox.law.write_text import latex

HEAD = "import numpy as np\nPARAMETERS = ('a',)\ndef form(x, p):\n    return "


def nested(depth: int) -> str:
    law = "x['n']"
    for place in range(depth):
        law = f"np.maximum({law}, p['a'] * {place % 9})"
    return law


@pytest.mark.parametrize(
    "law",
    [
        "p['a'] * np.sinh(1000) * x['n']",
        "p['a'] * np.sinh(1000 * x['n'])",
        "p['a'] * np.exp(1e6) + x['n']",
        "p['a'] * x['n'] ** (9 ** 9)",
    ],
)
def test_a_law_that_overflows_is_written(law: str) -> None:
    stated = read_candidate(f"{HEAD}{law}\n").statement
    assert stated is not None
    assert "n" in sympy_script(to_sympy(stated))
    assert latex(stated)


def test_control_python_itself_overflows() -> None:
    for number in (lambda: math.sinh(1000), lambda: math.exp(1e6), lambda: float(9 ** (9**4))):
        with pytest.raises(OverflowError):
            number()


def test_control_without_the_bound_work_grows_faster_than_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    connected = Max._is_connected

    def counted(*arguments: object) -> object:
        nonlocal compared
        compared += 1
        return connected(*arguments)

    monkeypatch.setattr(Max, "_is_connected", counted)
    monkeypatch.setattr("lawsmith.sandbox.law.write_sympy.MOST_CASES", 10**6)
    counts = []
    for depth in (3, 6, 12):
        law = "x['n']"
        for place in range(depth):
            law = f"np.maximum({law}, p['a'] * x['n'] ** {place + 2})"
        stated = read_candidate(f"{HEAD}{law}\n").statement
        assert stated is not None
        compared = 0
        to_sympy(stated)
        counts.append(compared)
    assert counts[2] > 3 * counts[1] > 9 * counts[0]  # the third power of its depth


def test_nested_maxima_are_too_large_for_sympy() -> None:
    stated = read_candidate(f"{HEAD}{nested(70)}\n").statement
    assert stated is not None
    with pytest.raises(ValueError, match="too large for sympy"):
        to_sympy(stated)
    assert latex(stated)
