"""The model client: one chat completion over the `openai` package, every failure typed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

import openai

from agent.llm.failures import AnsweredFailure, CallFailure, EndpointError, Failure
from agent.llm.messages import Reply, Request, Usage
from agent.llm.scrub import Scrubber, public_url
from agent.llm.wire import BodyTooLarge, bounded_client, timeout

OFFICIAL = "https://api.openai.com/v1"
NO_KEY = "none"  # what local servers without authentication are sent
PREFLIGHT_SECONDS = 10.0

REPLY_SCHEMA: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "candidate",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "hypothesis": {"type": "string", "description": "why this law, in a few sentences"},
                "code": {"type": "string", "description": "the complete Python source of the candidate"},
                "note": {"type": "string", "description": "one sentence to remember later, or empty"},
            },
            "required": ["hypothesis", "code", "note"],
            "additionalProperties": False,
        },
    },
}
_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|(?:prompt|input|request|message)s? (?:is|are) too long|too many \S* ?tokens",
    re.IGNORECASE,
)
_OPTIONAL = ("response_format", "temperature", "seed", "max_completion_tokens", "max_tokens")


class Endpoint:
    """An OpenAI-compatible endpoint. Safe to use from several threads.

    Args:
        base_url: root of the protocol, for instance `http://127.0.0.1:11434/v1`; None is OpenAI's own.
        key: API key; None where the endpoint needs none.
    """

    def __init__(self, base_url: str | None, key: str | None, *, structured: bool = True) -> None:
        self.url = public_url(base_url or OFFICIAL)
        self._scrub = Scrubber.of([key] if key else [])
        self._client = openai.OpenAI(
            base_url=base_url or OFFICIAL, api_key=key or NO_KEY, max_retries=0, http_client=bounded_client()
        )
        official = (base_url or OFFICIAL).startswith("https://api.openai.com")
        self._limit_name = "max_completion_tokens" if official else "max_tokens"
        self._unsupported: set[str] = set() if structured else {"response_format"}
        self._lock = threading.Lock()

    def close(self) -> None:
        self._client.close()

    def preflight(self) -> None:
        """Find a wrong key or address before costly work, by a listing that costs nothing.

        Raises EndpointError naming the setting. Endpoints without a listing pass.
        """
        try:
            self._client.with_options(timeout=timeout(PREFLIGHT_SECONDS)).models.list()
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.APITimeoutError) as error:
            self._raise_for_user(self._failure(error))
        except openai.APIConnectionError as error:
            self._raise_for_user(self._failure(error))
        except (openai.OpenAIError, ValueError):
            return

    def _raise_for_user(self, failure: CallFailure) -> NoReturn:
        raise EndpointError(failure.message) from None

    def complete(self, request: Request, seconds: float) -> Reply:
        """Send `request` once and return its reply within about `seconds`.

        A parameter that the endpoint says it does not support is left out from then on and the request is
        sent again: a rejected request is not billed.

        Raises:
            CallFailure: with the kind of failure; its message holds no secret.
        """
        while True:
            try:
                return self._once(request, seconds)
            except CallFailure as failure:
                if failure.parameter is None or not self._adapt(failure.parameter):
                    raise

    def _adapt(self, parameter: str) -> bool:
        """Stop using `parameter`; False if nothing is left to change."""
        with self._lock:
            if parameter == self._limit_name == "max_tokens":
                self._limit_name = "max_completion_tokens"
                return True
            if parameter in ("max_tokens", "max_completion_tokens") or parameter in self._unsupported:
                return False
            self._unsupported.add(parameter)
            return True

    def _once(self, request: Request, seconds: float) -> Reply:
        options = self._options(request)
        try:
            raw = self._client.chat.completions.with_raw_response.create(
                model=request.model,
                messages=[message.model_dump() for message in request.messages],  # type: ignore[misc]
                timeout=timeout(seconds),
                extra_headers={"Idempotency-Key": request.idempotency_key()},
                **options,
            )
        except openai.OpenAIError as error:
            raise self._failure(error, frozenset(options)) from None
        try:
            body = json.loads(raw.http_response.content)
        except ValueError:
            raise CallFailure(Failure.MALFORMED, "The endpoint's reply is not valid JSON.") from None
        try:
            return read_reply(body, self._scrub)
        except AnsweredFailure as failure:
            raise _of_full_context(failure, request.max_tokens) from None

    def _options(self, request: Request) -> dict[str, Any]:
        options: dict[str, Any] = {self._limit_name: request.max_tokens}
        if request.temperature is not None:
            options["temperature"] = request.temperature
        if request.seed is not None:
            options["seed"] = request.seed
        if request.structured:
            options["response_format"] = REPLY_SCHEMA
        return {name: value for name, value in options.items() if name not in self._unsupported}

    def _failure(self, error: openai.OpenAIError, sent: frozenset[str] = frozenset()) -> CallFailure:
        match error:
            case openai.APITimeoutError():
                return CallFailure(Failure.TIMED_OUT, f"No complete reply from {self.url} in time.")
            case openai.APIConnectionError():
                message = f"No connection to {self.url}; check that it runs, and OPENAI_BASE_URL."
                return CallFailure(Failure.UNREACHABLE, message)
            case BodyTooLarge():
                return CallFailure(Failure.TOO_LARGE, f"Reply given up: {error}.")
            case openai.APIStatusError():
                return self._status_failure(error, sent)
            case _:
                return CallFailure(Failure.MALFORMED, self._scrub(f"Unreadable reply: {error}")[:300])

    def _status_failure(self, error: openai.APIStatusError, sent: frozenset[str]) -> CallFailure:
        said = self._scrub(error.message)[:300]
        status = error.status_code
        if status in (401, 403):
            message = f"{self.url} refuses the key (HTTP {status}); set OPENAI_API_KEY. It said: {said}"
            return CallFailure(Failure.UNAUTHORIZED, message)
        if status == 404:
            message = f"{self.url} has no such model or path (HTTP 404); check --model and OPENAI_BASE_URL."
            return CallFailure(Failure.NOT_FOUND, f"{message} It said: {said}")
        if status == 429:
            if error.code == "insufficient_quota":
                message = (
                    f"The account behind OPENAI_API_KEY has no quota left at {self.url}. It said: {said}"
                )
                return CallFailure(Failure.UNAUTHORIZED, message)
            wait = retry_after(error.response.headers)
            return CallFailure(Failure.RATE_LIMITED, f"HTTP 429: {said}", retry_after=wait)
        if status in (408, 409) or status >= 500:
            wait = retry_after(error.response.headers)
            return CallFailure(Failure.SERVER_ERROR, f"HTTP {status}: {said}", retry_after=wait)
        parameter = _blamed(error, sent)
        too_long = parameter is None and _TOO_LONG.search(f"{error.code} {error.type} {error.message}")
        kind = Failure.TOO_LONG if too_long or status == 413 else Failure.REJECTED
        return CallFailure(kind, f"HTTP {status}: {said}", parameter=parameter)


def _blamed(error: openai.APIStatusError, sent: frozenset[str]) -> str | None:
    """The optional parameter that a 400 or 422 complains about, if it names one that was sent."""
    text = f"{error.param or ''} {error.message}"
    return next((name for name in _OPTIONAL if name in sent and re.search(rf"\b{name}\b", text)), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a numeric `Retry-After` or `retry-after-ms` header; None without a usable one."""
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def read_reply(body: Any, scrub: Scrubber) -> Reply:
    """The first choice of a chat completion.

    Raises:
        CallFailure: the body is no chat completion, or it holds a refusal, a filtered, cut off or empty
        reply.
    """
    try:
        choice = body["choices"][0]
        message = choice["message"]
        content, finish = message.get("content"), choice.get("finish_reason") or "stop"
        refusal = message.get("refusal")
        usage = _usage(body.get("usage"))
        served_by = str(body.get("model") or "")
    except (KeyError, IndexError, TypeError, AttributeError):
        said = body.get("error") if isinstance(body, dict) else None
        hint = f" It said: {scrub(json.dumps(said))[:300]}" if said else ""
        raise CallFailure(Failure.MALFORMED, f"The reply is no chat completion.{hint}") from None
    text = scrub(_text(content))
    if refusal:
        raise AnsweredFailure(Failure.REFUSED, f"The model refused: {scrub(str(refusal))[:300]}", usage, text)
    if finish == "content_filter":
        raise AnsweredFailure(
            Failure.FILTERED, "The endpoint's content filter stopped the reply.", usage, text
        )
    if finish == "length":
        message = "The reply was cut off at the token limit; raise --max-reply-tokens."
        raise AnsweredFailure(Failure.CUT_OFF, message, usage, text)
    if not text.strip():
        raise AnsweredFailure(Failure.EMPTY, "The reply is empty.", usage, text)
    return Reply(text=text, finish=str(finish), usage=usage, served_by=served_by)


def _of_full_context(failure: AnsweredFailure, max_tokens: int) -> AnsweredFailure:
    """A reply cut off before its own limit met the end of the model's context: its prompt left no room."""
    said = failure.usage.completion_tokens
    if failure.kind is not Failure.CUT_OFF or said is None or said >= 0.9 * max_tokens:
        return failure
    message = (
        f"The prompt left room for {said} tokens of reply in the model's context; lower --context-tokens."
    )
    return AnsweredFailure(Failure.TOO_LONG, message, failure.usage, failure.text)


def _text(content: Any) -> str:
    if isinstance(content, list):  # content parts
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _usage(reported: Any) -> Usage:
    if not isinstance(reported, dict):
        return Usage()
    cost = reported.get("cost")  # OpenRouter reports USD here
    return Usage(
        prompt_tokens=_count(reported.get("prompt_tokens")),
        completion_tokens=_count(reported.get("completion_tokens")),
        usd=float(cost) if isinstance(cost, int | float) and cost >= 0 else None,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
