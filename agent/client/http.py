"""An HTTP client that bounds what an endpoint may send; and what headers and errors of a connection say."""

import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

import httpx2
import openai

from lawsmith.agent.client.scrub import is_loopback, public_url
from lawsmith.tasks import InputError

MAX_BODY_BYTES = 2 * 1024 * 1024  # of a reply: some 500,000 tokens, more than any model writes
SENT = {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"}
SENT |= {"idempotency-key", "user-agent", "x-stainless-raw-response"}  # the last one is a note to itself
"""The headers of a request. The library would add more from its own environment variables (an organisation, a project,
any of OPENAI_CUSTOM_HEADERS), which were not meant for each address that a model has."""
CONNECT_SECONDS = 10.0  # an address that takes longer does not answer


class BodyTooLarge(openai.OpenAIError):
    """The endpoint sent more than `MAX_BODY_BYTES`."""


class _BoundedStream(httpx2.SyncByteStream):
    """Passes a body through until it is too large or too late. The library's own timeout is per read only."""

    def __init__(self, inner: httpx2.SyncByteStream, deadline: float, request: httpx2.Request) -> None:
        self._inner = inner
        self._deadline = deadline
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for chunk in self._inner:
            received += len(chunk)
            if received > MAX_BODY_BYTES:
                raise BodyTooLarge(f"the reply is larger than {MAX_BODY_BYTES} bytes")
            if time.monotonic() > self._deadline:
                raise httpx2.ReadTimeout("the reply took too long to arrive", request=self._request)
            yield chunk

    def close(self) -> None:
        self._inner.close()


def timeout(seconds: float) -> httpx2.Timeout:
    """At most `seconds` for each read and, with `bounded_client`, about as much for the whole reply."""
    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def bounded_client(base_url: str, key: str) -> httpx2.Client:
    """An HTTP client that reads at most `MAX_BODY_BYTES` of body within the request's read timeout, and sends `key` and
    no other secret. Raises InputError where the environment names a proxy or certificates that are none.

    A proxy that the environment names is not asked for what is on this machine.
    The bound on time is loose by one read: a read that starts before the deadline may last as long again.
    Raises BodyTooLarge, while it reads, for a body that is larger or compressed.
    """

    def start(request: httpx2.Request) -> None:
        for name in set(request.headers) - SENT:
            del request.headers[name]
        request.headers["authorization"] = f"Bearer {key}"
        request.extensions["deadline"] = time.monotonic() + float(request.extensions["timeout"]["read"])

    def bound(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise BodyTooLarge("the endpoint compressed its reply although identity was asked for")
        if isinstance(response.stream, httpx2.SyncByteStream):
            deadline = response.request.extensions["deadline"]
            response.stream = _BoundedStream(response.stream, deadline, response.request)

    try:
        return openai.DefaultHttpxClient(
            headers={"Accept-Encoding": "identity"},
            trust_env=not is_loopback(base_url),
            follow_redirects=False,  # another address may be another owner, who is to see neither key nor prompts
            event_hooks={"request": [start], "response": [bound]},
            limits=httpx2.Limits(max_connections=32, max_keepalive_connections=8),
        )
    except (OSError, ValueError, httpx2.InvalidURL) as error:
        raise InputError(
            f"{public_url(base_url)} cannot be asked: the environment names a proxy (HTTPS_PROXY, ALL_PROXY) or "
            f"certificates (SSL_CERT_FILE) that cannot be used: {error}."
        ) from None


def never_connected(error: openai.APIConnectionError) -> bool:
    """Whether a request did not reach the endpoint, so that it cannot have been billed."""
    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a `Retry-After` (a number or a date) or `retry-after-ms` header; None without a usable one."""
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        stated = headers.get(name, "")
        try:
            seconds = float(stated) * scale
        except ValueError:
            seconds = _until(stated)
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _until(date: str) -> float:
    """Seconds until an HTTP date, 0 for one that has passed; not a number where it is no date."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return float("nan")
