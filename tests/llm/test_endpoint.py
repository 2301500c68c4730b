"""The client and the caller against a real server, in every way an endpoint can misbehave."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import endpoint_server as server
import openai
import pytest
from endpoint_server import KEY, Endpoint, Handler, Seen, fails, says
from llm_driver import MemorySink
from misbehaviour import CASES, GOOD, says_besides

from lawsmith.agent.client.asker import CallOutcome
from lawsmith.agent.client.call_failures import EndpointError, Failure
from lawsmith.agent.client.caller import Caller, Line, Question
from lawsmith.agent.client.endpoint import Endpoint as Client
from lawsmith.agent.client.http import retry_after
from lawsmith.agent.client.messages import Message, Request
from lawsmith.agent.client.prices import Price, Prices
from lawsmith.agent.client.recording import Recording, ReplyCache
from lawsmith.agent.llm.gain import books
from lawsmith.agent.search.budget import Allowance, Budget

PRICES = Prices({"m": Price(prompt=1.0, completion=10.0)})


def request(slot: str = "0", **changes: object) -> Request:
    fields = {"slot": slot, "model": "m", "messages": (Message(role="user", content="ask"),), "max_tokens": 50}
    return Request.model_validate({**fields, **changes})


@dataclass
class Asking:
    """A caller on a client, with what it recorded, spent and waited."""

    url: str
    allowance: Allowance = field(default_factory=Allowance)
    prices: Prices = PRICES
    timeout: float = 5.0
    in_flight: int = 4
    cache: ReplyCache | None = None
    sink: MemorySink = field(default_factory=MemorySink)
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = Client(self.url, KEY)
        self.budget = Budget(self.allowance)
        self.caller = Caller(
            {"m": Line(self.client, self.url)},
            Recording(self.sink),
            self.budget,
            self.prices,
            in_flight=self.in_flight,
            timeout_seconds=self.timeout,
            cache=self.cache,
            wait=self.waits.append,
        )

    def ask(self, *requests: Request) -> list[CallOutcome]:
        asked = requests or (request(),)
        return self.caller.send([Question(one.slot, partial(Request.model_validate, one)) for one in asked])()

    @property
    def books(self) -> dict[str, object]:
        return books(self.caller.recording).model_dump()


def test_a_good_reply_is_recorded_and_priced() -> None:
    with Endpoint(says("hello")) as endpoint:
        client = Asking(endpoint.url)
        [outcome] = client.ask()
    assert outcome.reply is not None and outcome.reply.text == "hello"
    assert client.budget.spent.calls == 1 and client.budget.spent.tokens == 120
    assert client.budget.spent.usd == pytest.approx(100e-6 + 20 * 10e-6)
    assert [line["event"] for line in client.sink.lines] == ["request", "reply"]
    assert endpoint.requests[0].body["messages"] == [{"role": "user", "content": "ask"}]
    assert endpoint.requests[0].body["max_tokens"] == 50


@pytest.mark.parametrize("name", CASES)
def test_misbehaviour_has_a_defined_outcome(name: str) -> None:
    case = CASES[name]
    with Endpoint(case.behave) as endpoint:
        client = Asking(endpoint.url, timeout=case.timeout)
        [outcome] = client.ask()
    assert outcome.failure is case.failure and (outcome.reply is None) == (case.failure is not None)
    assert len(endpoint.requests) == case.attempts == client.books["attempts"]
    assert client.books["finished"] == 1 == client.budget.spent.calls
    if case.usd is None:
        assert client.books["usd"] is None is client.budget.spent.usd
    else:
        assert client.books["usd"] == pytest.approx(case.usd) == client.budget.spent.usd
    assert KEY not in json.dumps(client.sink.lines) + outcome.message
    if outcome.reply is not None:
        assert outcome.reply.text.startswith("fine")
        outcome.reply.text.encode()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("a redirect", "OPENAI_BASE_URL"),
        ("a web page", "OPENAI_BASE_URL"),
        ("a stream of events", "streams"),
        ("a tool call", "tool"),
        ("reasoning only", "reasoning"),
        ("402", "quota"),
        ("cut off", "--max-reply-tokens"),
        ("429 for ever", "asks to wait (HTTP 429). It said: no"),
        ("400", "rejects the request (HTTP 400). It said: no"),
        ("cut off by a limit of the server's own", "below the limit"),
    ],
)
def test_a_failure_says_what_it_was(name: str, hint: str) -> None:
    with Endpoint(CASES[name].behave) as endpoint:
        [outcome] = Asking(endpoint.url).ask()
    assert hint in outcome.message


def test_the_model_that_served_is_on_record() -> None:
    with Endpoint(says_besides(model=f"cheaper {KEY}")) as endpoint:
        client = Asking(endpoint.url)
        client.ask()
    assert client.sink.lines[-1]["served_by"] == "cheaper [removed]"


def test_a_wait_may_be_stated_as_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=60)
    waits = [
        retry_after({"retry-after": format_datetime(moment, usegmt=True)})
        for moment in (soon, soon - timedelta(hours=1))
    ]
    assert waits[0] is not None and 50 < waits[0] <= 60
    assert waits[1] == 0.0
    assert retry_after({"retry-after": "soon"}) is retry_after({"retry-after": "-1"}) is None


def test_waits_follow_the_endpoint_or_grow() -> None:
    with Endpoint(CASES["429 with a wait"].behave) as endpoint:
        asked = Asking(endpoint.url)
        asked.ask()
    with Endpoint(fails(429)) as endpoint:
        grown = Asking(endpoint.url)
        grown.ask()
    assert asked.waits == [7.0]
    assert len(grown.waits) == 5 and grown.waits == sorted(grown.waits) and 0.75 <= grown.waits[0] < 1


def test_a_full_context_is_told_by_the_tokens_of_prompt_and_reply_together() -> None:
    usages = [(1000, 24), (1004, 20), (1000, 24), (990, 24)]

    def narrow(handler: server.Handler, seen: server.Seen, number: int) -> None:
        says("par", finish="length", usage=usages[number - 1])(handler, seen, number)

    with Endpoint(narrow) as endpoint:
        client = Asking(endpoint.url)
        kinds = [client.ask(request(str(number)))[0].failure for number in range(4)]
    assert kinds == [Failure.CUT_OFF, Failure.TOO_LONG, Failure.TOO_LONG, Failure.CUT_OFF]


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Asking(f"http://127.0.0.1:{port}/v1")
    [outcome] = client.ask()
    assert outcome.failure is Failure.UNREACHABLE and "OPENAI_BASE_URL" in outcome.message
    assert client.budget.spent.usd == 0.0
    with pytest.raises(EndpointError, match="OPENAI_BASE_URL"):
        client.client.preflight()


@pytest.mark.parametrize(("status", "setting"), [(401, "OPENAI_API_KEY"), (404, "--model")])
def test_a_wrong_setting_stops_the_search_and_is_named(status: int, setting: str) -> None:
    with Endpoint(fails(status, f"your key {KEY} is wrong")) as endpoint:
        client = Asking(endpoint.url, in_flight=1)
        outcomes = client.ask(*(request(str(n)) for n in range(5)))
        later = client.ask(request("later"))
    assert len(endpoint.requests) == 1
    assert setting in outcomes[0].message and KEY not in outcomes[0].message
    assert [o.failure for o in [*outcomes[1:], *later]] == [Failure.OUT_OF_BUDGET] * 5
    assert client.caller.refused is not None and setting in client.caller.refused


def test_preflight_finds_a_wrong_key_and_forgives_a_missing_listing() -> None:
    refusing = Endpoint(GOOD, models=lambda handler: handler.send(401, b"{}"))
    with refusing as endpoint, pytest.raises(EndpointError, match="OPENAI_API_KEY"):
        Client(endpoint.url, KEY).preflight()
    with Endpoint(GOOD, models=lambda handler: handler.send(404, b"{}")) as endpoint:
        Client(endpoint.url, KEY).preflight()


def test_the_client_learns_what_an_endpoint_does_not_support() -> None:
    def picky(handler: server.Handler, seen: server.Seen, number: int) -> None:
        for name in ("response_format", "temperature", "max_tokens"):
            if name in seen.body:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                fails(400, message)(handler, seen, number)
                return
        says("fine")(handler, seen, number)

    with Endpoint(picky) as endpoint:
        client = Asking(endpoint.url)
        asked = {"structured": True, "temperature": 0.5}
        [one], [two] = client.ask(request("1", **asked)), client.ask(request("2", **asked))
    assert one.reply is not None and two.reply is not None
    assert len(endpoint.requests) == 5  # three lessons, then two answers
    assert endpoint.requests[-1].body["max_completion_tokens"] == 50


def test_no_key_in_a_reply_reaches_record_or_result() -> None:
    with Endpoint(says(f"your key is {KEY}")) as endpoint:
        client = Asking(endpoint.url)
        [outcome] = client.ask()
    assert outcome.reply is not None and "[removed]" in outcome.reply.text
    assert KEY not in json.dumps(client.sink.lines)


def test_what_the_library_finds_in_the_environment_goes_to_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "OPENAI_ORG_ID": "org-secret",
        "OPENAI_PROJECT_ID": "project-secret",
        "OPENAI_CUSTOM_HEADERS": "X-Key: header-secret\nAuthorization: Bearer other-secret",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    heard: list[str] = []

    def overhear(handler: Handler, seen: Seen, number: int) -> None:
        heard.append(str(handler.headers))
        says("fine")(handler, seen, number)

    with Endpoint(overhear) as endpoint:
        assert Asking(endpoint.url).ask()[0].reply is not None
        bare = openai.OpenAI(base_url=endpoint.url, api_key=KEY)
        bare.chat.completions.create(model="m", messages=[{"role": "user", "content": "ask"}])
    assert f"Bearer {KEY}" in heard[0] and "secret" not in heard[0]
    assert "org-secret" in heard[1], "the control: the library alone sends it"


@pytest.mark.parametrize(
    ("allowance", "sent"),
    [
        (Allowance(calls=3), 3),
        (Allowance(tokens=150), 6),  # 20 each, though two at a time could take 68 each: the others wait
        (Allowance(tokens=110), 5),  # after five, what is left holds no usual reply
        (Allowance(usd=0.0011), 6),  # 0.00011 USD each, at most 0.000518 each
        (Allowance(), 6),
    ],
)
def test_a_request_that_could_overshoot_is_not_sent(allowance: Allowance, sent: int) -> None:
    with Endpoint(says("fine", usage=(10, 10))) as endpoint:
        client = Asking(endpoint.url, allowance)
        outcomes = client.ask(*(request(str(n)) for n in range(6)))
    assert len(endpoint.requests) == sent
    assert [outcome.reply is not None for outcome in outcomes] == [n < sent for n in range(6)]
    assert (client.caller.stopped is None) == (sent == 6)


def test_usd_limit_with_an_unknown_price_sends_nothing() -> None:
    with Endpoint(GOOD) as endpoint:
        client = Asking(endpoint.url, Allowance(usd=1.0), Prices({}))
        [outcome] = client.ask()
    assert outcome.failure is Failure.OUT_OF_BUDGET and not endpoint.requests


def test_attempts_that_may_be_charged_need_room_for_another() -> None:
    with Endpoint(server.truncated) as endpoint:
        client = Asking(endpoint.url, Allowance(tokens=100))
        [outcome] = client.ask()
    assert outcome.failure is Failure.MALFORMED and len(endpoint.requests) == 1
    assert client.budget.spent.tokens == 68  # charged at the most it can have cost


def test_eight_in_flight_come_back_in_order() -> None:
    together = threading.Barrier(8)  # passes only when eight requests are on their way at once

    def echo(handler: server.Handler, seen: server.Seen, number: int) -> None:
        together.wait(30)
        time.sleep(0.02 * (number % 3))
        says(seen.body["messages"][0]["content"])(handler, seen, number)

    with Endpoint(echo) as endpoint:
        client = Asking(endpoint.url, in_flight=8, timeout=60.0)
        asked = [request(str(n), messages=[{"role": "user", "content": f"q{n}"}]) for n in range(16)]
        outcomes = client.ask(*asked)
    assert [outcome.reply and outcome.reply.text for outcome in outcomes] == [f"q{n}" for n in range(16)]
    assert endpoint.most_active == 8


def test_a_recorded_answer_is_not_paid_again_and_a_lost_one_is_on_the_books() -> None:
    with Endpoint(says("fine")) as endpoint:
        client = Asking(endpoint.url)
        client.ask(request("0"), request("1"))
        answered = [line for line in client.sink.lines if line["slot"] == "0"]
        lost = [line for line in client.sink.lines if line["slot"] == "1" and line["event"] == "request"]
        again = Asking(endpoint.url, sink=MemorySink(answered + lost))
        outcomes = again.ask(request("0"), request("1"))
    assert all(outcome.reply for outcome in outcomes)
    assert len(endpoint.requests) == 3  # two, and the one whose reply was lost
    keys = [seen.headers["idempotency-key"] for seen in endpoint.requests]
    assert len(set(keys)) == 2
    assert again.books["failed_attempts"] == {Failure.LOST.value: 1}
    assert again.budget.spent.calls == 3 and again.books["usd"] is None


def test_a_question_asked_before_is_answered_from_the_cache_for_nothing(tmp_path: Path) -> None:
    with Endpoint(says("fine")) as endpoint:
        Asking(endpoint.url, cache=ReplyCache(tmp_path)).ask(request("0"))
        again = Asking(endpoint.url, cache=ReplyCache(tmp_path))
        [outcome] = again.ask(request("7"))
    assert outcome.reply is not None and outcome.reply.text == "fine"
    assert len(endpoint.requests) == 1
    assert (again.books["from_cache"], again.books["attempts"], again.books["usd"]) == (1, 0, 0.0)
    assert again.budget.spent.calls == again.budget.spent.tokens == 0


def test_a_time_limit_ends_a_slow_call() -> None:
    with Endpoint(server.slow_first_byte) as endpoint:
        client = Asking(endpoint.url, Allowance(seconds=2.0), timeout=60.0)
        began = time.monotonic()
        [outcome] = client.ask()
    assert outcome.failure is Failure.TIMED_OUT and time.monotonic() - began < 60
    assert len(endpoint.requests) == 1


def test_interrupting_does_not_wait_for_slow_replies() -> None:
    def interrupt(handler: server.Handler, seen: server.Seen, number: int) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        handler.wait(60)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with Endpoint(interrupt) as endpoint:
            client = Asking(endpoint.url)
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                client.ask()
            assert time.monotonic() - began < 60
            assert [line["event"] for line in client.sink.lines] == ["request"]
    finally:
        signal.signal(signal.SIGINT, before)
