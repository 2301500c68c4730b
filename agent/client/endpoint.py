"""The model client: one chat completion over the `openai` package, every failure typed; and one cheap call that shows
what an endpoint supports."""

import re
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from lawsmith.agent.client.call_failures import AnsweredFailure, CallFailure, EndpointError, Failure, says_too_long
from lawsmith.agent.client.completion import FullContext, as_chat, input_items, parameters, read_body, read_reply
from lawsmith.agent.client.http import BodyTooLarge, bounded_client, never_connected, retry_after, timeout
from lawsmith.agent.client.messages import Message, ModelReply, Request, TokenUsage, Tool
from lawsmith.agent.client.profiles import OFFICIAL, Api, profile_of
from lawsmith.agent.client.scrub import Scrubber, public_url
from lawsmith.agent.client.streaming import Listener, ReplyWatch, chat_body, events, response_body

NO_KEY = "none"  # what local servers without authentication are sent
PREFLIGHT_SECONDS = 10.0  # for a list of models, which costs an endpoint nothing

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
_NO_SYSTEM = re.compile(
    r"system (?:role|message|prompt)s? (?:is |are )?not supported|does not support '?\"?system|role 'system'.*not",
    re.IGNORECASE,
)
_LIMITS = ("max_tokens", "max_completion_tokens")
SYSTEM_ROLE = "system role"
"""Stands among the parameters for the role that some models do not know."""
_OPTIONAL = (
    *("response_format", "temperature", "seed", "max_completion_tokens", "max_tokens", "reasoning_effort"),
    *("reasoning", "usage", "text", "store", "stream_options", "stream"),
)


class Endpoint:
    """An OpenAI-compatible endpoint. Safe to use from several threads.

    Args:
        base_url: root of the protocol, for instance `http://127.0.0.1:11434/v1`; None is OpenAI's own.
        key: API key; None where the endpoint needs none.
        model: which family's profile applies. effort: of reasoning, where the family can be told.
        api: "chat" or "responses"; None is the family's own.
        listener: is told while replies arrive, for which they are streamed; replies are the same with and without.
    """

    def __init__(
        self,
        base_url: str | None,
        key: str | None,
        *,
        model: str = "",
        structured: bool = True,
        effort: str | None = None,
        api: Api | None = None,
        listener: Listener | None = None,
    ) -> None:
        root = base_url or OFFICIAL
        self.profile = profile_of(model, root)
        self._api = api or self.profile.api
        self._effort = effort
        self.url = public_url(root)
        self._scrub = Scrubber.of([key] if key else [])
        self._client = openai.OpenAI(
            base_url=root, api_key=key or NO_KEY, max_retries=0, http_client=bounded_client(root, key or NO_KEY)
        )
        self._limit_name: str = self.profile.limit
        self._rejected_limits: set[str] = set()
        self._unsupported = {*self.profile.omit, *(() if structured else ("response_format",))}
        self._full_context = FullContext()
        self._listener = listener
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not sent because the family or the endpoint does not take it."""
        with self._lock:
            return tuple(sorted({*self._unsupported, *self._rejected_limits}))

    def preflight(self) -> None:
        """Find a wrong key or address before costly work, by a listing that costs nothing. Raises EndpointError naming
        the setting. Endpoints without a listing pass."""
        try:
            self._client.with_options(timeout=timeout(PREFLIGHT_SECONDS)).models.list()
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.APIConnectionError) as error:
            raise EndpointError(self._failure(error).message) from None
        except (openai.OpenAIError, ValueError):
            return

    def complete(self, request: Request, seconds: float) -> ModelReply:
        """Send `request` once and return its reply within about `seconds`.

        A parameter that the endpoint says it does not support is left out from then on and the request is sent again: a
        rejected request is not billed. Raises CallFailure: with the kind of failure; its message holds no secret.
        """
        while True:
            try:
                return self._once(request, seconds)
            except CallFailure as failure:
                if failure.parameter is None:
                    raise
                self._adapt(failure.parameter)
                if failure.parameter in self._sent_with(request):
                    raise

    def _adapt(self, parameter: str) -> None:
        """Stop using `parameter`, if that is possible. Calls under way at the same time may each report it."""
        with self._lock:
            if parameter in _LIMITS:
                other = _LIMITS[1 - _LIMITS.index(parameter)]
                self._rejected_limits.add(parameter)
                self._limit_name = parameter if other in self._rejected_limits else other
                return
            if parameter == "stream_options":  # a stream without usage would leave holes in the books
                self._unsupported.add("stream")
            self._unsupported.add(parameter)

    def _sent_with(self, request: Request) -> frozenset[str]:
        """What `request` is sent with beside the model and its conversation."""
        role = SYSTEM_ROLE not in self._unsupported and any(m.role == "system" for m in request.messages)
        return frozenset([*self._options(request), *([SYSTEM_ROLE] if role else [])])

    def _once(self, request: Request, seconds: float) -> ModelReply:
        options, sent = self._options(request), self._sent_with(request)
        try:
            body = self._send(request, options, seconds)
        except CallFailure as failure:
            raise CallFailure(failure.kind, self._scrub(failure.message)) from None
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise self._failure(error, sent) from None
        try:
            return read_reply(body, self._scrub, tools=bool(request.tools))
        except AnsweredFailure as failure:
            raise self._full_context.judge(failure, request.max_tokens) from None

    def _send(self, request: Request, options: dict[str, Any], seconds: float) -> Any:
        """The body of the reply, as the chat protocol has it."""
        common: dict[str, Any] = {
            "model": request.model,
            "timeout": timeout(seconds),
            "extra_headers": {"Idempotency-Key": f"{request.digest()}-{request.slot}-{request.attempt}"},
            "extra_body": options,  # as they are: the package knows no other families' parameters
        }
        chat = self._api == "chat"
        said = _without_system(request.messages) if SYSTEM_ROLE in self._unsupported else request.messages
        with ReplyWatch(self._listener, request.model) if self._listener else nullcontext() as watch:
            if chat:
                messages: Any = [_sent(message) for message in said]
                made = self._client.chat.completions.with_streaming_response.create(messages=messages, **common)
            else:
                made = self._client.responses.with_streaming_response.create(
                    input=input_items(said),  # type: ignore[arg-type]
                    **common,
                )
            with made as answer:
                response = answer.http_response
                if watch is None or "event-stream" not in response.headers.get("content-type", ""):
                    body = read_body(response.read())
                else:
                    body = (chat_body if chat else response_body)(events(response.iter_raw()), watch)
                    if not (isinstance(body, dict) and body.get("usage")):  # what a call cost has to be known
                        with self._lock:
                            self._unsupported.add("stream")
        return body if chat else as_chat(body)

    def _options(self, request: Request) -> dict[str, Any]:
        """All but model and conversation, without what the endpoint is known to reject."""
        streamed = self._listener is not None and "stream" not in self._unsupported
        if self._api == "responses":
            wanted = parameters(request, REPLY_SCHEMA, self._effort) | ({"stream": True} if streamed else {})
            return {name: value for name, value in wanted.items() if name not in self._unsupported}
        extra = {**self.profile.extra, **self.profile.effort_parameters(self._effort)}
        options: dict[str, Any] = {self._limit_name: request.max_tokens}
        options |= {name: value for name, value in extra.items() if name not in self._unsupported}
        if streamed:
            options |= {"stream": True, "stream_options": {"include_usage": True}}
        drawn = {"temperature": request.temperature, "seed": request.seed}
        options |= {name: value for name, value in drawn.items() if value is not None}
        if request.structured:
            options["response_format"] = REPLY_SCHEMA
        if request.tools:
            options["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in request.tools]
        return {name: value for name, value in options.items() if name not in self._unsupported}

    def _failure(self, error: openai.OpenAIError | httpx2.HTTPError, sent: frozenset[str] = frozenset()) -> CallFailure:
        match error:
            case openai.APIConnectionError() if never_connected(error):
                message = f"No connection to {self.url}; check that it runs, and --base-url or OPENAI_BASE_URL."
                return CallFailure(Failure.UNREACHABLE, message)
            case openai.APITimeoutError() | httpx2.TimeoutException():
                return CallFailure(Failure.TIMED_OUT, f"No complete reply from {self.url} in time.")
            case openai.APIConnectionError() | httpx2.HTTPError():
                message = f"The connection to {self.url} broke before a reply was complete."
                return CallFailure(Failure.DROPPED, message)
            case BodyTooLarge():
                return CallFailure(Failure.TOO_LARGE, f"Reply given up: {error}.")
            case openai.APIStatusError():
                return self._status_failure(error, sent)
            case _:
                return CallFailure(Failure.MALFORMED, self._scrub(f"Unreadable reply: {error}")[:300])

    def _status_failure(self, error: openai.APIStatusError, sent: frozenset[str]) -> CallFailure:
        status, body = error.status_code, error.body
        stated = body.get("message") if isinstance(body, dict) else None
        said = self._scrub(str(stated or error.message.removeprefix(f"Error code: {status} - ")))[:300]
        if status in (401, 403):
            message = f"{self.url} refuses the key (HTTP {status}); set OPENAI_API_KEY. It said: {said}"
            return CallFailure(Failure.UNAUTHORIZED, message)
        if status in (404, 405):
            message = f"{self.url} has no such model or path (HTTP {status}); check --model and OPENAI_BASE_URL."
            return CallFailure(Failure.NOT_FOUND, f"{message} It said: {said}")
        if 300 <= status < 400:
            place = public_url(error.response.headers.get("location", "")) or "elsewhere"
            message = f"{self.url} redirects to {place} (HTTP {status}), where no key is sent; set OPENAI_BASE_URL."
            return CallFailure(Failure.NOT_FOUND, message)
        if status == 402 or (status == 429 and error.code == "insufficient_quota"):
            message = f"The account behind OPENAI_API_KEY has no quota left at {self.url}. It said: {said}"
            return CallFailure(Failure.UNAUTHORIZED, message)
        wait = retry_after(error.response.headers)
        if status == 429:
            message = f"{self.url} asks to wait (HTTP 429). It said: {said}"
            return CallFailure(Failure.RATE_LIMITED, message, retry_after=wait)
        parameter = _blamed(error, sent)
        if status in (408, 409) or (status >= 500 and parameter != SYSTEM_ROLE):
            message = f"{self.url} failed (HTTP {status}). It said: {said}"
            return CallFailure(Failure.SERVER_ERROR, message, retry_after=wait)
        too_long = parameter is None and says_too_long(f"{error.code} {error.type} {error.message}")
        kind = Failure.TOO_LONG if too_long or status == 413 else Failure.REJECTED
        message = f"{self.url} rejects the request (HTTP {status}). It said: {said}"
        return CallFailure(kind, message, parameter=parameter)


def _sent(message: Message) -> dict[str, Any]:
    """A message in the protocol's words."""
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        sent["content"] = message.content or None
        sent["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """The conversation with what the system says at the beginning of the first question."""
    rules = "\n\n".join(message.content for message in messages if message.role == "system")
    first, *others = [message for message in messages if message.role != "system"]
    return [first.model_copy(update={"content": f"{rules}\n\n{first.content}"}), *others]


def _blamed(error: openai.APIStatusError, sent: frozenset[str]) -> str | None:
    """The optional parameter that a 400 or 422 complains about, if it names one that was sent."""
    if error.param in sent and error.param in _OPTIONAL:
        return error.param
    if SYSTEM_ROLE in sent and _NO_SYSTEM.search(error.message):
        return SYSTEM_ROLE
    return next((name for name in _OPTIONAL if name in sent and re.search(rf"\b{name}\b", error.message)), None)


SECONDS = 60.0  # that one short reply may take, with loading a local model
REPLY_TOKENS = 200  # room for one tool call
_READY = Tool(
    name="ready",
    description="Say that you are ready.",
    parameters={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)


@dataclass(frozen=True)
class Support:
    """What one call showed. error: why there was no reply, "" where there was one. left_out: parameters that neither
    this call nor a later one sends, since the family or the endpoint does not take them. unreachable: none listens."""

    tools: bool
    family: str
    served_by: str
    usage: TokenUsage
    error: str = ""
    left_out: tuple[str, ...] = ()
    unreachable: bool = False


def probe(endpoint: Endpoint, model: str) -> Support:
    """Ask the model to call a tool. Costs some 100 tokens, more with a model that reasons. Never raises CallFailure."""
    least = max(REPLY_TOKENS, endpoint.profile.reply_tokens // 8)
    request = Request(
        slot="probe",
        model=model,
        messages=(Message(role="user", content='Call the tool `ready` with the word "yes". Say nothing else.'),),
        max_tokens=least,
        temperature=0.0,  # with the seed only to learn whether they are taken: what is rejected is not billed
        seed=0,
        tools=(_READY,),
    )
    family = endpoint.profile.name
    try:
        reply = endpoint.complete(request, SECONDS)
    except AnsweredFailure as failure:
        return Support(False, family, "", failure.usage, failure.message, endpoint.left_out)
    except CallFailure as failure:
        unreachable = failure.kind is Failure.UNREACHABLE
        return Support(False, family, "", TokenUsage(), failure.message, endpoint.left_out, unreachable)
    called = any(call.name == _READY.name for call in reply.tool_calls)
    return Support(called, family, reply.served_by, reply.usage, left_out=endpoint.left_out)
