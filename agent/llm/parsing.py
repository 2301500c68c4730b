"""Finds the candidate in a model's reply, however it is wrapped."""

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.read import module_of

MAX_SOURCE_BYTES = 64 * 1024  # as the sandbox's own limit: a longer one is refused there
MAX_WORDS = 600  # characters of hypothesis and note that are kept

_THINKING = re.compile(r"<(think(?:ing)?|reasoning)>.*?(?:</\1>|\Z)|\A(?:(?!<think).)*</think(?:ing)?>", re.DOTALL)
"""Thoughts; a server that writes the opening tag into the prompt sends the closing one alone."""
_FENCE = re.compile(r"(`{3,}|~{3,})\s*([\w+-]*)")
_CODE_START = re.compile(r"^(?:import |from \w+ import |PARAMETERS\b|SHARED\b|def |@)", re.MULTILINE)
_CODE_VALUE = re.compile(r'"code"\s*:\s*"')
_FUNCTION = re.compile(r"\b(?:def|lambda)\b")
_MARKS = ("def form(", "def law(", "def scaling_law_func(")
LONGEST_NOTE_LABEL = 40  # characters before the colon of a line "Note: …", with bullets and emphasis


@dataclass(frozen=True)
class Parsed:
    """What a reply says: `source` is None where it holds no code at all, and `instead` what stands in its place.

    open_end: nothing in the reply shows that the source ends where the reply does.
    """

    source: str | None
    hypothesis: str = ""
    note: str = ""
    instead: str = ""
    open_end: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether a reply that was cut off had stated a complete candidate before."""
        return self.source is not None and not self.open_end and parses(self.source)


def parse_reply(text: str) -> Parsed:
    """The candidate's source, the hypothesis before it and the note after it.

    Accepts the JSON object of the structured output, fenced code (also unclosed, nested in prose, or in
    several pieces) and bare code with prose around it. Whether the source is a valid candidate is the
    sandbox's to say.
    """
    text = _THINKING.sub("", text)
    found = _structured(text) or _fenced(text) or _bare(text) or Parsed(None, _words(text))
    if found.source is None or _FUNCTION.search(found.source):
        return found
    return replace(found, source=None, instead=_words(found.source)[:80])


def _words(text: str) -> str:
    return " ".join(text.split())[:MAX_WORDS]


def _clean(source: str) -> str:
    """`source` with usual damage undone: common indentation, carriage returns, no-break spaces."""
    plain = source.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").replace("\ufeff", "")
    return textwrap.dedent(plain.expandtabs(4)).strip() + "\n"


def _structured(text: str) -> Parsed | None:
    for body in _objects(text):
        code = body.get("code")
        if isinstance(code, str) and code.strip():
            inner = _fenced(code)
            if "\n" not in code.strip():  # escaped twice
                code = code.replace("\\n", "\n").replace('\\"', '"')
            source = inner.source if inner and inner.source else _clean(code)
            return Parsed(source, _words(str(body.get("hypothesis", ""))), _words(str(body.get("note", ""))))
    return None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects that start at the first brace of the text, of a JSON fence, or of a line."""
    decoder = json.JSONDecoder(strict=False)
    for match in list(re.finditer(r"^[ \t]*\{", text, re.MULTILINE))[:8]:
        try:
            body, _ = decoder.raw_decode(text, match.end() - 1)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            yield body
    for match in list(_CODE_VALUE.finditer(text))[:8]:  # of an object that was cut off, or is damaged elsewhere
        try:
            yield {"code": decoder.raw_decode(text, match.end() - 1)[0]}
        except ValueError:
            continue


@dataclass(frozen=True)
class _Block:
    """A fenced block: its language as stated, its text, where in the reply it begins, and whether it is closed."""

    language: str
    text: str
    start: int
    closed: bool = True


def _blocks(text: str) -> Iterator[_Block]:
    """Fenced blocks in order, the last perhaps unclosed. Reads each line once: a reply may be made to be slow."""
    fence, block, begun, place = "", _Block("", "", 0), 0, 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if not fence and (opened := _FENCE.match(stripped)):
            fence, begun = opened[1], place + len(line)
            block = _Block(opened[2].lower(), "", place)
        elif fence and stripped == fence:
            yield replace(block, text=text[begun:place])
            fence = ""
        place += len(line)
    if fence:
        yield replace(block, text=text[begun:], closed=False)


def _fenced(text: str) -> Parsed | None:
    blocks = [block for block in _blocks(text) if block.language in ("", "python", "py", "python3")]
    if not blocks:
        return None
    complete = [block.text for block in blocks if any(mark in block.text for mark in _MARKS)]
    whole = [source for source in complete if "def form(" not in source or "PARAMETERS" in source]
    if whole or len(blocks) == 1:
        sources = [whole[-1] if whole else blocks[-1].text]
    elif complete:
        sources = [block.text for block in blocks]  # constants in one piece, function in another
    else:
        sources = [blocks[-1].text]
    source = _clean("\n\n".join(_clean(piece) for piece in sources))
    open_end = not blocks[-1].closed and blocks[-1].text in sources
    words = _words(text[: blocks[0].start])
    return Parsed(source, words, _note(text), open_end=open_end) if source.strip() else None


def _note(text: str) -> str:
    """What the last line "Note: …" says."""
    found = ""
    for line in text.splitlines():
        label, colon, words = line.partition(":")
        labelled = len(label) <= LONGEST_NOTE_LABEL and re.sub(r"\W", "", label).lower() == "note"
        if colon and labelled and words.strip():
            found = words
    return _words(found)


def _bare(text: str) -> Parsed | None:
    """Code without a fence: from its first line to the last line that still parses."""
    if not any(mark in text for mark in _MARKS):
        return None
    start = _CODE_START.search(text)
    if start is None:
        return None
    lines = _clean(text[start.start() :]).splitlines()
    hypothesis, note = _words(text[: start.start()]), _note(text)
    for end in range(len(lines), max(0, len(lines) - 60), -1):
        source = _clean("\n".join(lines[:end]))
        if any(mark in source for mark in _MARKS) and parses(source):
            return Parsed(source, hypothesis, note, open_end=end == len(lines))
    return Parsed(_clean("\n".join(lines)), hypothesis, note, open_end=True)


def parses(source: str) -> bool:
    """Whether `source` is syntactically valid Python of an acceptable size."""
    try:
        module_of(source)
    except Unreadable:
        return False
    return len(source.encode()) <= MAX_SOURCE_BYTES
