"""How jobs and results travel: lengths, a header, raw little-endian float64 and int64 arrays. Never pickle.

The way to the child is trusted and may use JSON. The way back is not: every length is known or bounded before
anything is read or allocated, and what arrives is only numbers and short text. Parent and warm process exchange a few
structs beside, with neither a job nor a result.
"""

import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lawsmith.sandbox.verdict import Verdict
from lawsmith.tasks.arrays import Array, IntArray

READY = b"R"
_VERDICTS = tuple(Verdict)
_LENGTH = struct.Struct("<Q")
_RESULT = struct.Struct("<BHIIII")  # verdict, K, then bytes of stage, message, names, status
TEXT_BYTES = 16 * 1024  # of a message, which is cut much shorter for whoever reads it
NAMES_BYTES = 64 * 1024  # of 512 names: twice what they need at `MAX_NAME`
STATUS_BYTES = 1024 * 1024  # some 400 bytes for each of 2500 groups


class Malformed(ValueError):
    """What came back is not a result of the job."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte (a single `os.write` may take only a part)."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def pack_job(header: dict[str, Any], arrays: Sequence[Array | IntArray]) -> bytes:
    """One message for the child; `header` is JSON data, arrays are float64 or int64 of any shape."""
    described = [["i" if array.dtype.kind == "i" else "f", array.shape] for array in arrays]
    head = json.dumps({**header, "arrays": described}).encode()
    body = [array.astype("<i8" if array.dtype.kind == "i" else "<f8").tobytes() for array in arrays]
    return b"".join([_LENGTH.pack(len(head)), _LENGTH.pack(sum(map(len, body))), head, *body])


def unpack_job(read: Any) -> tuple[dict[str, Any], list[Any]]:
    """The header and arrays; `read(n)` returns exactly n bytes."""
    (head_length,), (body_length,) = _LENGTH.unpack(read(8)), _LENGTH.unpack(read(8))
    header: dict[str, Any] = json.loads(read(head_length))
    body, position, arrays = memoryview(read(body_length)), 0, []
    for kind, shape in header.pop("arrays"):
        count = int(np.prod(shape))
        array = np.frombuffer(body, "<i8" if kind == "i" else "<f8", count, position)
        arrays.append(array.reshape(shape).astype(np.intp if kind == "i" else np.float64))
        position += 8 * count
    return header, arrays


@dataclass(frozen=True, eq=False)
class Reply:
    """What the child claims. Nothing in it is believed beyond being numbers and text of bounded size."""

    verdict: Verdict
    stage: str = ""
    message: str = ""
    names: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    values: Array | None = None
    predictions: tuple[Array, ...] = ()


def pack_reply(reply: Reply) -> bytes:
    """The bytes of a reply, its texts cut to their bounds."""
    texts = [
        reply.stage.encode(errors="replace")[:64],
        reply.message.encode(errors="replace")[:TEXT_BYTES],
        "\n".join(reply.names).encode(errors="replace")[:NAMES_BYTES],
        "\n".join(reply.status).encode(errors="replace")[:STATUS_BYTES],
    ]
    arrays = ([] if reply.values is None else [reply.values]) + list(reply.predictions)
    head = _RESULT.pack(_VERDICTS.index(reply.verdict), len(reply.names), *map(len, texts))
    return b"".join([head, *texts, *(np.ascontiguousarray(array, "<f8").tobytes() for array in arrays)])


def reply_bound(groups: int, constants: int, rows: Sequence[int], targets: int) -> int:
    """The most bytes that a reply to this job can have."""
    text = 64 + TEXT_BYTES + NAMES_BYTES + STATUS_BYTES
    return _RESULT.size + text + 8 * (groups * constants + sum(rows) * targets)


def unpack_reply(data: bytes, groups: int, constants: int, rows: Sequence[int], targets: int) -> Reply:
    """The reply in `data` to a job that predicts tables of so many `rows`.

    Raises Malformed unless every count is exactly what the job asks for.
    """
    if len(data) < _RESULT.size:
        raise Malformed("the reply ended early")
    code, count, *lengths = _RESULT.unpack_from(data)
    texts, position = [], _RESULT.size
    for length in lengths:
        texts.append(data[position : position + length].decode(errors="replace"))
        position += length
    if position > len(data) or count > constants:
        raise Malformed("the reply ended early" if position > len(data) else "too many constants")
    stage, message, names, status = texts
    listed = tuple(names.split("\n")) if count else ()
    verdict = _VERDICTS[code] if code < len(_VERDICTS) else Verdict.CRASH
    shapes = [(groups, count), *((n, targets) for n in rows)] if verdict is Verdict.OK else []  # else no numbers
    if len(listed) != count or len(data) - position != 8 * sum(a * b for a, b in shapes):
        raise Malformed("the reply has another size than the job")
    if not shapes:
        return Reply(verdict, stage, message)
    arrays = []
    for shape in shapes:
        size = shape[0] * shape[1]
        arrays.append(np.frombuffer(data, "<f8", size, position).reshape(shape).astype(np.float64))
        position += 8 * size
    return Reply(verdict, stage, message, listed, tuple(status.split("\n")), arrays[0], tuple(arrays[1:]))


LAUNCH = struct.Struct("<cdQ")  # b"J", CPU seconds, bytes of memory beyond the warm interpreter
STARTED = struct.Struct("<i")  # process id, sent with a pidfd
ENDED = struct.Struct("<idQ")  # wait status, CPU seconds, peak resident bytes
MESSAGE_BYTES = 64 * 1024  # of one datagram: far more than setup and errors need
