"""Text of strangers inside source, terminals and pages: shown, never interpreted."""

from lawsmith.sandbox.law.write_text import MATHEMATICS, short, visible


def visible_lines(text: str) -> str:
    """The same for text of several lines: line ends and tabs stay as they are."""
    return "".join(c if c in "\n\t" else visible(c) for c in text)


def docstring(text: str) -> str:
    """A triple-quoted literal whose value is `text`, whatever it holds; line ends and only they stay as they
    are.
    """
    lines = [visible(line) for line in text.split("\n")]
    body = "\n".join(line.rstrip() if index else line for index, line in enumerate(lines))
    body = body.replace("\\", "\\\\").replace('"', '\\"') if '"""' in body or "\\" in body else body
    end = "\n" if "\n" in body or body.endswith('"') else ""
    return f'"""{body}{end}"""'


_PLAIN = MATHEMATICS | {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def latex_plain(text: str) -> str:
    """Text for use outside mathematics, with every character that LaTeX would interpret escaped."""
    return "".join(_PLAIN.get(c, c) for c in visible(text))


__all__ = ["docstring", "latex_plain", "short", "visible"]
