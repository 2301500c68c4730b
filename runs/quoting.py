"""Text of strangers inside source, terminals and pages: shown, never interpreted."""

from __future__ import annotations


def visible(text: str) -> str:
    """The text with every character that a terminal or an editor would interpret written as an escape.

    Control characters, line ends, bidirectional marks and lone surrogates become ``\\x..`` or ``\\u....``.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def docstring(text: str, indent: str = "") -> str:
    """A triple-quoted literal whose value is `text`, whatever it holds; line ends and only they stay as they
    are.
    """
    lines = [visible(line) for line in text.split("\n")]
    body = "\n".join((indent + line).rstrip() if index else line for index, line in enumerate(lines))
    body = body.replace("\\", "\\\\").replace('"', '\\"') if '"""' in body or "\\" in body else body
    end = "\n" + indent if "\n" in body or body.endswith('"') else ""
    return f'"""{body}{end}"""'


_MATH = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\wedge{}", "~": r"\sim{}",
}  # fmt: skip
_PLAIN = _MATH | {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def latex_math(text: str) -> str:
    """Text for use inside mathematics, with every character that LaTeX would interpret escaped."""
    return "".join(_MATH.get(c, c) for c in visible(text))


def latex_plain(text: str) -> str:
    """Text for use outside mathematics, with every character that LaTeX would interpret escaped."""
    return "".join(_PLAIN.get(c, c) for c in visible(text))
