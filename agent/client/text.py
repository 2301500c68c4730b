"""Numbers and foreign text as prompts show them: short, and on one line."""

MAX_TEXT = 160  # characters of a foreign text on one line


def number(value: float, digits: int = 4) -> str:
    """A number with so many significant digits."""
    return f"{value:.{digits}g}"


def clip(text: str, limit: int = MAX_TEXT) -> str:
    """Text from a data file on one line, at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
