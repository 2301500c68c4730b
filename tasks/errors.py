"""The one error that means: the user's input, not our code, has to change."""

import difflib
import re
import shlex
from collections.abc import Collection
from importlib.util import find_spec

_OPTION = re.compile(r"`[^`]*`|--([a-z]+(?:-[a-z]+)*)")
_RENAMED = {None: None, "range": "ranges", "limit-rows": "limits"}


class InputError(ValueError):
    """The input is wrong. The message says what is wrong, where, and what to do; the CLI prints it and exits with 2.

    `args[0]` names options of the command line, `str` the arguments of Python.
    """

    def __str__(self) -> str:
        return in_python(self.args[0])


def in_python(sentence: str) -> str:
    """A sentence that names arguments of Python in place of options; commands in backticks stay."""
    return _OPTION.sub(lambda found: _RENAMED.get(found[1], (found[1] or "").replace("-", "_")) or found[0], sentence)


def listing(items: "list[str] | tuple[str, ...]", limit: int = 5) -> str:
    """Join names for a sentence: ``a, b and c``, or ``a, b, … (9 in all)`` beyond `limit`."""
    if len(items) > limit:
        return f"{', '.join(items[:limit])}, … ({len(items)} in all)"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def option(*names: str) -> str:
    """Names of columns as one value of an option, as a shell takes it: ``'Load (%),T'``."""
    return shlex.quote(",".join(names))


def counted(count: int, noun: str) -> str:
    """``1 run``, ``2,000 runs``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def alike(wanted: str, known: Collection[str]) -> list[str]:
    """The known names that are nearest to one that is not known, whatever their case."""
    small = {name.lower(): name for name in known}
    return [small[name] for name in difflib.get_close_matches(wanted.lower(), small, n=3, cutoff=0.6)]


def nearest(wanted: str, known: Collection[str], before: str = "") -> str:
    """``; did you mean a or b?`` for a name that is not known; empty where nothing is near. What stands `before` each
    name makes none of them nearer."""
    bare = [name.removeprefix(before) for name in known if name.startswith(before)]
    near = [before + name for name in alike(wanted.removeprefix(before), bare)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def require(module: str, extra: str, what: str) -> None:
    """Raise InputError, with the command that installs it, where an optional package is missing.

    `what` begins the sentence: "Reading Parquet".
    """
    if find_spec(module) is None:
        raise InputError(f"{what} needs {module}; install it with: pip install 'lawsmith[{extra}]'.")
