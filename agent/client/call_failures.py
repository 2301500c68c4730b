"""The ways a model call can fail, each with a fixed remedy: retry, give this call up, or stop the search."""

import json
import re
from enum import StrEnum
from typing import Any

from lawsmith.agent.client.messages import TokenUsage
from lawsmith.tasks import InputError


class Failure(StrEnum):
    """Kind of failure. The three sets below decide what follows from each."""

    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not found"
    REJECTED = "request rejected"
    TOO_LONG = "prompt too long for the model"
    RATE_LIMITED = "rate limited"
    SERVER_ERROR = "server error"
    UNREACHABLE = "unreachable"
    DROPPED = "connection dropped"
    TIMED_OUT = "timed out"
    MALFORMED = "malformed reply"
    TOO_LARGE = "reply too large"
    EMPTY = "empty reply"
    REFUSED = "refused by the model"
    FILTERED = "stopped by a content filter"
    CUT_OFF = "cut off at the token limit"
    LOST = "lost when the run was killed"
    OUT_OF_BUDGET = "not sent: budget"
    NOT_RECORDED = "not in the recording"


STOPS_SEARCH = frozenset({Failure.UNAUTHORIZED, Failure.NOT_FOUND})
NOT_BILLED = frozenset(
    {
        Failure.UNAUTHORIZED,
        Failure.NOT_FOUND,
        Failure.REJECTED,
        Failure.TOO_LONG,
        Failure.RATE_LIMITED,
        Failure.SERVER_ERROR,
        Failure.UNREACHABLE,
        Failure.OUT_OF_BUDGET,
        Failure.NOT_RECORDED,
    }
)

_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|(?:prompt|input|request|message)s? (?:is|are) too long|too many \S* ?tokens",
    re.IGNORECASE,
)


def says_too_long(text: str) -> bool:
    """Whether an endpoint's words mean that the prompt does not fit into the model's context."""
    return _TOO_LONG.search(text) is not None


def kind_of_error(error: Any, otherwise: Failure) -> Failure:
    """What an error means that came in a body with status 200, as routers and servers that stream send them."""
    code = error.get("code") if isinstance(error, dict) else None
    if code == 429:
        return Failure.RATE_LIMITED
    if isinstance(code, int) and code >= 500:
        return Failure.SERVER_ERROR
    return Failure.TOO_LONG if says_too_long(json.dumps(error)) else otherwise


class CallFailure(Exception):
    """One attempt at a model call failed.

    Attributes:
        kind: what happened.
        retry_after: seconds the endpoint asked us to wait, if it did.
        parameter: the request parameter an endpoint said it does not support, if it did.
        usage, text: what an answer cost and said; nothing where the endpoint did not answer.
    """

    usage, text = TokenUsage(), ""

    def __init__(
        self, kind: Failure, message: str, *, retry_after: float | None = None, parameter: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.parameter = parameter


class AnsweredFailure(CallFailure):
    """The endpoint answered, and billed, but not usefully."""

    def __init__(self, kind: Failure, message: str, usage: TokenUsage, text: str) -> None:
        super().__init__(kind, message)
        self.usage = usage
        self.text = text


class EndpointError(InputError):
    """The model endpoint cannot be used as configured; the message names the setting to change."""
