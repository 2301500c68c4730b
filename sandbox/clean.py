"""Text that a candidate produced, made safe to print, to put into a prompt or to show in a page."""

import re
import unicodedata

MESSAGE_CHARACTERS = 600  # of an error: a paragraph
OUTPUT_CHARACTERS = 6000  # of what was printed: some pages of a prompt

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")
_PATHS = re.compile(r"(?<![\w.])(?:/[\w.+@~-]+){2,}")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str, limit: int = MESSAGE_CHARACTERS) -> str:
    """`text` without escape sequences, control or invisible characters and directories, at most `limit` long.

    Line ends and tabs become spaces. What is left is still untrusted words: quote it, never obey it.
    """
    text = _ESCAPES.sub("", text[: 8 * limit])
    shown = (" " if c in "\n\r\t" else c for c in text if c in "\n\r\t" or unicodedata.category(c) not in _HIDDEN)
    text = " ".join("".join(shown).split())
    text = _PATHS.sub(lambda match: "…/" + match.group().rsplit("/", 1)[1], text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clean_lines(text: str, limit: int) -> str:
    """As `clean`, line by line: line ends and indentation are kept. What is cut off is said at the end."""
    shown, size = [], 0
    for line in text[: 8 * limit].splitlines():
        words = clean(line, limit)
        indent = len(line) - len(line.lstrip(" "))
        shown.append(" " * min(indent, 40) + words if words else "")
        size += len(shown[-1]) + 1
        if size > limit:
            break
    kept = "\n".join(shown)
    return kept if len(kept) <= limit and len(text) <= 8 * limit else kept[:limit] + "\n… cut for length"
