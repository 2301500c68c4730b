"""The one error that means: the user's input, not our code, has to change."""


class InputError(ValueError):
    """What was wrong, where, and what to do about it, in one sentence. The CLI prints it and exits 2."""


def listing(items: "list[str] | tuple[str, ...]", limit: int = 5) -> str:
    """Join names for a sentence: ``a, b and c``, or ``a, b, … (9 in all)`` beyond `limit`."""
    if len(items) > limit:
        return f"{', '.join(items[:limit])}, … ({len(items)} in all)"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
