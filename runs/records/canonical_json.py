"""Canonical JSON: one value, one sequence of bytes, so that a hash of the bytes is a hash of the value.

Keys are sorted, and there is no white space. Every character outside ASCII is escaped: a terminal shows no control or
bidirectional character of a stranger. A float is its shortest text that reads back to the same bits.

What absent and special numbers mean in an archive:

* ``null``: not known or not applicable (no test split, unknown cost). Never a stand-in for a failure.
* ``0``: measured, and zero.
* ``"NaN"``, ``"Infinity"``, ``"-Infinity"``: computed, and not a finite number. JSON has no such numbers;
  pydantic reads these strings back into a float field, and no reader can mistake them for a score.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel

from lawsmith.runs.quoting import visible

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 64  # of what is read: json's own reader recurses
LONGEST_INTEGER = 40  # digits
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def plain(value: object, depth: int = 0) -> Json:
    """The value in JSON's own types.

    Numpy scalars and arrays, tuples, enumerations and pydantic models are converted; non-finite floats become the
    strings of the module's docstring. Raises TypeError: for any other type, for a key that is no string, and for
    nesting beyond `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise TypeError(f"a record is nested deeper than {MAX_DEPTH} levels")
    match value:
        case None | bool():
            return value
        case Enum():
            return plain(value.value, depth)
        case str():
            return str(value)
        case np.ndarray() | np.bool_():
            return plain(value.tolist(), depth)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            return float(value) if math.isfinite(value) else _NOT_FINITE[str(float(value))]
        case BaseModel():
            return plain(value.model_dump(by_alias=True), depth)
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise TypeError("a record's keys must be strings")
            return {str(key): plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [plain(item, depth + 1) for item in value]
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def encode(value: object) -> bytes:
    """The canonical bytes of a value, on one line and without a line end."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(data: bytes) -> Any:
    """Parse JSON that may come from a stranger. Raises ValueError: not JSON, not UTF-8, a NaN literal, a number that is
    too long or too large, a key that is there twice, or nesting too deep."""
    try:
        return json.loads(
            data.decode("utf-8"), parse_constant=_finite, parse_float=_finite, parse_int=_whole, object_pairs_hook=_once
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no finite number")
    return value


def _whole(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f"an integer has {len(text)} digits")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def digest(data: bytes) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


_SEAL = b',\n "digest": "'
_END = b'"\n}\n'
_SEAL_LENGTH = len(_SEAL) + 64 + len(_END)


def seal(content: Mapping[str, Any]) -> bytes:
    """The bytes of a file for people, indented, whose last key, ``digest``, is the SHA-256 of all bytes before it.
    Raises TypeError: the content is empty, has a key ``digest``, or cannot be written as JSON."""
    if not content or "digest" in content:
        raise TypeError("only a record with keys other than 'digest' can be sealed")
    text = json.dumps(plain(content), sort_keys=True, indent=1, allow_nan=False)
    body = text.removesuffix("\n}").encode("ascii")
    return body + _SEAL + digest(body).encode() + _END


def unseal(data: bytes) -> dict[str, Any]:
    """The content of sealed bytes, without ``digest``. Raises ValueError: any byte differs from what `seal` wrote; the
    message names both digests where there are two."""
    body, tail = data[:-_SEAL_LENGTH], data[-_SEAL_LENGTH:]
    if not (tail.startswith(_SEAL) and tail.endswith(_END)):
        raise ValueError("it does not end with a digest")
    claimed, found = tail[len(_SEAL) : -len(_END)].decode("ascii", "replace"), digest(body)
    if found != claimed:
        raise ValueError(f"its digest is {found}, not {visible(claimed)}")
    content = decode(body + b"\n}\n")
    if not isinstance(content, dict):
        raise ValueError("it holds no record")
    return content
