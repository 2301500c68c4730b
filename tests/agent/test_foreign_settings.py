"""What a file of the folder, or an address, may decide of the user's settings, and what it may not."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from agent_doubles import said

from lawsmith.agent.client.call_failures import CallFailure, EndpointError
from lawsmith.agent.client.config import Config, Options, check_url, own_file
from lawsmith.agent.client.endpoint import Endpoint
from lawsmith.agent.client.messages import Message, Request
from lawsmith.agent.client.scrub import is_loopback, public_url
from lawsmith.agent.llm.model_session import Settings
from lawsmith.agent.terminal.output import shown
from lawsmith.runs.records.ownership import key_path
from lawsmith.tasks import InputError


@pytest.mark.parametrize(
    "text",
    [
        'base_url = "http://evil/v1"',
        '[[models]]\nname = "gpt-5"\nbase_url = "http://evil/v1"',
        '[[models]]\nname = "gpt-5"\nkey_env = "AWS_SECRET_ACCESS_KEY"',
        "[prices.gpt-5]\nprompt = 0\ncompletion = 0",  # a limit in USD would hold nothing
    ],
)
def test_a_file_in_the_folder_never_says_where_keys_go(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "lawsmith.toml").write_text(text)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-to-be-sent")
    code, told = said(capsys, "--data", "t.csv", "--target", "y", "--agent", "evolve", "--model", "gpt-5")
    assert code == 2
    assert "may not say where keys and rows go" in " ".join(told.split())
    assert Config.read(folder / "lawsmith.toml", {})  # passed by hand, it is the user's word
    assert Config.read(None, {"LAWSMITH_CONFIG": "lawsmith.toml"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = " + "9" * 60_000, "is not valid TOML"),
        ("x = " + "[" * 60_000, "nested too deeply"),
        (".".join("a" * 30_000) + " = 1", "more than 256 dots"),  # would take Python minutes
        ("x = " + "{a=" * 5_000 + "1" + "}" * 5_000, "nested too deeply"),
        ("#" * 70_000, "is larger than 65536 bytes"),
        ('x = "\0"', "is not valid TOML"),
        ('[cluster]\naddress = "tcp://evil:8786"', "cluster is not known"),
        ('runs_dir = "/etc"', "runs_dir is not known"),
        ("[limits]\nmemory_bytes = 1", "limits is not known"),
        ('"\\u001b[31mevil" = 1', "is not known"),
        ("[transport]\ntimeout_seconds = inf", "transport.timeout_seconds"),
        ("[transport]\nprompt_tokens = 1" + "0" * 30, "transport.prompt_tokens"),
        ("[sampling]\nmax_reply_tokens = 9223372036854775807", "sampling.max_reply_tokens"),
        ("[sampling]\ntemperature = nan", "sampling.temperature"),
        ('[[models]]\nname = "m"\nweight = inf', "models.0.weight"),
        ('[[models]]\nname = "m\\u001b[31m"', "models.0.name"),
        ('[[models]]\nname = "m\\r\\nX-Evil: 1"', "models.0.name"),
        ("\n".join(f'[[models]]\nname = "m{k}"' for k in range(65)), "models is wrong (Tuple"),
    ],
)
def test_a_hostile_file_in_the_folder_is_a_sentence(
    text: str, why: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "lawsmith.toml").write_text(text)
    began = time.monotonic()
    code, told = said(capsys, "--data", "t.csv", "--target", "y", "--agent", "evolve", "--model", "gpt-5")
    assert code == 2
    assert why in " ".join(told.split())
    assert "lawsmith.toml" in told
    assert not set("\x1b\r") & set(told)
    assert time.monotonic() - began < 60  # Python takes minutes for some


def test_a_file_in_the_folder_that_is_no_file_is_passed_over(folder: Path) -> None:
    for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)):
        make(folder / "lawsmith.toml")
        assert Config.read(None, {}) == Config()
        with pytest.raises(InputError, match="is a folder, a pipe or a device"):
            Config.read(folder / "lawsmith.toml", {})
        (folder / "lawsmith.toml").rename(folder / f"was{len(list(folder.iterdir()))}")


def test_a_relative_folder_of_settings_is_none(folder: Path) -> None:
    """It would lie in the current folder, where a stranger may have put a file."""
    (folder / "lawsmith").mkdir()
    (folder / "lawsmith" / "lawsmith.toml").write_text('base_url = "http://evil/v1"')
    assert own_file({"XDG_CONFIG_HOME": "."}) == own_file({})
    assert own_file({"XDG_CONFIG_HOME": str(folder)}) == folder / "lawsmith" / "lawsmith.toml"
    assert key_path({"XDG_STATE_HOME": "."}) == key_path({})


def test_settings_of_the_folder_lie_on_top_of_the_users_own(folder: Path) -> None:
    own = own_file()
    own.parent.mkdir(parents=True, exist_ok=True)
    places = 'base_url = "https://mine/v1"\nkey_env = "MY_KEY"'
    own.write_text(f'[[models]]\nname = "big"\n{places}\n[transport]\nin_flight = 3')
    try:
        (folder / "lawsmith.toml").write_text('[[models]]\nname = "big"\nweight = 5\n[sampling]\ntemperature = 0.1')
        found = Config.read(None, {"XDG_CONFIG_HOME": os.environ["XDG_CONFIG_HOME"]})
        (model,) = found.models
        assert (model.weight, model.base_url, model.key_env) == (5.0, "https://mine/v1", "MY_KEY")
        assert (found.sampling.temperature, found.transport.in_flight) == (0.1, 3)
    finally:
        own.unlink()


def test_files_and_addresses_that_are_used_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "lawsmith.toml").write_text("[sampling]\ntemperature = 0.1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}/v1"
    _, told = said(capsys, "--data", "t.csv", "--target", "y", "--agent", "evolve", "--model", "m", "--base-url", base)
    told = " ".join(told.split())
    assert f"asks {base}" in told
    assert "with settings of lawsmith.toml" in told


@pytest.mark.parametrize(
    "address",
    ["http://[::1", "http://h:99999999/v1", "h/v1", "http://", "ftp://h/v1", "http://h:x/v1", "http://h\x1b[31m/"],
)
def test_a_broken_address_is_a_sentence(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    code, told = said(capsys, "--data", "t.csv", "--target", "y", "--agent", "evolve", "--model", "m")
    assert code == 2
    assert "is not an address of a server" in " ".join(told.split())
    assert "Traceback" not in told
    assert "\x1b[31m" not in told
    with pytest.raises(InputError, match="not an address"):
        Config().resolve("m", {}, Options(base_url=address))
    assert isinstance(public_url(address), str)


def test_addresses_of_servers_pass() -> None:
    for address in ("http://127.0.0.1:8080/v1", "https://api.openai.com/v1", "http://[::1]:1/v1"):
        assert check_url(address) == address
    assert is_loopback("http://127.0.0.1:1/")
    assert is_loopback("http://[::1]:1/")
    assert is_loopback("http://localhost/")
    assert not is_loopback("http://127.0.0.1.evil.org/")
    assert not is_loopback("http://[::1")


def test_a_key_in_plain_text_to_another_machine_is_warned_of() -> None:
    config = Config().resolve("m", {}, Options(base_url="http://192.0.2.7/v1"))
    (caution,) = config.cautions({"OPENAI_API_KEY": "sk"})
    assert "OPENAI_API_KEY" in caution
    assert "plain text" in caution
    assert not config.cautions({})
    for safe in ("https://192.0.2.7/v1", "http://127.0.0.1:1/v1"):
        assert not Config().resolve("m", {}, Options(base_url=safe)).cautions({"OPENAI_API_KEY": "sk"})
    assert Settings(config=config).config.cautions({"OPENAI_API_KEY": "sk"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_FILE", "/dev/null"),
        ("HTTPS_PROXY", "http://[::1"),
        ("HTTPS_PROXY", "socks5://x:y"),
        ("ALL_PROXY", "ftp://x"),
        ("HTTP_PROXY", "\n"),
    ],
)
def test_a_broken_proxy_or_certificate_of_the_environment_is_a_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="cannot be asked: the environment names"):
        Endpoint("https://models.invalid/v1", "sk-x")
    Endpoint("http://127.0.0.1:9/v1", "sk-x").close()  # nothing of the environment is asked there


def test_a_name_of_a_folder_reaches_no_terminal_as_it_is(tmp_path: Path) -> None:
    assert shown(tmp_path / "a\n\x1b[31mb").isprintable()


def test_a_table_that_links_to_itself_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    code, text = said(capsys, "--data", "loop.csv", "--target", "y")
    assert code == 2 and "loop.csv" in text and "Traceback" not in text


class _Redirecting(BaseHTTPRequestHandler):
    location = ""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", type(self).location)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def redirecting() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Redirecting)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("location", ["http://h:99999999/", "http://[::1", "http://\x7f/", "\t", "http://h/"])
def test_a_broken_redirect_is_a_failure_like_others(
    location: str, redirecting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Redirecting, "location", location)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")  # a proxy that nobody runs is not asked on this machine
    monkeypatch.delenv("NO_PROXY", raising=False)
    endpoint = Endpoint(redirecting, "sk-key")
    try:
        with pytest.raises(CallFailure) as failed:
            endpoint.complete(
                Request(slot="0", model="m", messages=(Message(role="user", content="?"),), max_tokens=9), 5.0
            )
        assert "Traceback" not in str(failed.value)
        with contextlib.suppress(EndpointError):
            endpoint.preflight()
    finally:
        endpoint.close()
