"""Candidates are found in replies of every shape."""

from __future__ import annotations

import json
import time

import pytest

from lawsmith.agent.llm.parsing import parse_reply

FORM = 'PARAMETERS = ("a",)\n\n\ndef form(x, p):\n    return p["a"] * x["N"]\n'
OTHER = "print('an example')\n"

WRAPPED = {
    "fence": f"Because.\n```python\n{FORM}```\nNote: keep it short",
    "fence without language": f"Because.\n```\n{FORM}```",
    "unclosed fence": f"Because.\n```python\n{FORM}",
    "tildes": f"~~~python\n{FORM}~~~",
    "indented fence": "1. Because\n   ```python\n" + "".join(f"   {x}\n" for x in FORM.split("\n")) + "   ```",
    "windows lines": f"Because.\r\n```python\r\n{FORM}```".replace("\n", "\r\n").replace("\r\r", "\r"),
    "a second block of another kind": f"```python\n{FORM}```\nRun it:\n```bash\npip install numpy\n```",
    "an example before": f"First:\n```python\n{OTHER}```\nThen:\n```python\n{FORM}```",
    "thoughts before": f"<think>\n```python\n{OTHER}def form(x, p): pass\n```\n</think>\n```python\n{FORM}```",
    "JSON": json.dumps({"hypothesis": "Because.", "code": FORM, "note": "keep it short"}),
    "JSON in a fence": f"```json\n{json.dumps({'hypothesis': '', 'code': FORM, 'note': ''})}\n```",
    "JSON with a fence inside": json.dumps({"code": f"```python\n{FORM}```"}),
    "JSON cut off behind the code": json.dumps({"hypothesis": "", "code": FORM, "note": "keep"})[:-4],
    "thoughts whose beginning the server kept": f"```python\n{OTHER}```\n</think>\n```python\n{FORM}```",
    "JSON escaped twice": json.dumps({"code": FORM.replace("\n", "\\n").replace('"', '\\"')}),
    "no fence": f"Sure, here it is:\n{FORM}\nI hope this helps.",
}


@pytest.mark.parametrize("name", WRAPPED)
def test_the_candidate_is_found(name: str) -> None:
    assert parse_reply(WRAPPED[name]).source == FORM


def test_pieces_are_put_together() -> None:
    head, tail = FORM.split("\n\n\n")
    parsed = parse_reply(f"Constants:\n```python\n{head}\n```\nLaw:\n```python\n{tail}```")
    assert parsed.source is not None
    assert head in parsed.source
    assert tail in parsed.source


def test_hypothesis_and_note_are_kept() -> None:
    for name in ("fence", "JSON"):
        parsed = parse_reply(WRAPPED[name])
        assert (parsed.hypothesis, parsed.note) == ("Because.", "keep it short")


PLACEHOLDER = '{"hypothesis": "5.9", "code": "[Your code here]", "note": ""}'


@pytest.mark.parametrize(
    "text", ["", "I cannot help.", "Mind def and lambda", PLACEHOLDER, "```\n3.98\n```", "{" * 20_000]
)
def test_no_code_is_no_candidate(text: str) -> None:
    assert parse_reply(text).source is None


def test_what_stands_in_place_of_code_is_told() -> None:
    assert parse_reply(PLACEHOLDER).instead == "[Your code here]"
    assert parse_reply("I cannot help.").instead == ""


def test_broken_code_is_still_a_candidate_for_the_sandbox_to_judge() -> None:
    assert parse_reply("```python\ndef form(x, p) return 1\n```").source == "def form(x, p) return 1\n"


def test_a_huge_reply_is_read_quickly() -> None:
    assert parse_reply("```python\ndef f(): pass\n" + "x = 1\n" * 200_000).source is not None
    assert parse_reply("word " * 400_000).source is None


@pytest.mark.parametrize("filler", [" ", "`", "\n", "\t", "~", "{", '"code" ', "<think>", "note:", "``` ", " \n```"])
def test_a_reply_made_to_be_slow_is_read_in_linear_time(filler: str) -> None:
    text = filler * (195 * 1024 // len(filler)) + "\n" + FENCED
    started = time.process_time()
    parse_reply(text)
    parse_reply(FENCED + text)
    assert time.process_time() - started < 20.0


FENCED = "```python\nPARAMETERS = ('a',)\ndef form(x, p):\n    return p['a'] + 0 * x['N']\n```\nNote: flat.\n"
