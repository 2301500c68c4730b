"""The one reader of TOML files of a user's or a stranger's."""

import tomllib
from pathlib import Path
from typing import Any

from lawsmith.tasks.errors import InputError

MAX_TOML_BYTES = 64 * 1024  # of settings or a schema: ours have some 2 KB
MAX_DOTS = 256
"""Bound on the dots of one line: Python's reader takes time in the square of the parts of a dotted key."""


def read_toml(path: Path, described: str) -> dict[str, Any]:
    """The content of the file at `path`.

    Args:
        described: begins each sentence about the file, such as "The configuration file x.toml".

    Raises InputError where it is missing, no regular file, larger than `MAX_TOML_BYTES`, or no TOML.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{described} is a folder, a pipe or a device; name a file.")
        with path.open("rb") as file:
            content = file.read(MAX_TOML_BYTES + 1)
        if len(content) > MAX_TOML_BYTES:
            raise InputError(f"{described} is larger than {MAX_TOML_BYTES} bytes.")
        text = content.decode("utf-8")
        if any(line.count(".") > MAX_DOTS for line in text.splitlines() if not line.startswith("#")):
            raise InputError(f"{described} has a line with more than {MAX_DOTS} dots.")
        return tomllib.loads(text)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{described} cannot be read: {error.strerror}.") from None
    except RecursionError:
        raise InputError(f"{described} is nested too deeply.") from None
    except ValueError as error:  # of TOML, of UTF-8, of an integer with thousands of digits
        raise InputError(f"{described} is not valid TOML: {error}.") from None
