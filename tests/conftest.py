"""What every test stands on: no network but loopback, no user cache, no settings of the machine."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lawsmith.sandbox import Sandbox

# Read at import by huggingface_hub and inherited by processes that tests start.
os.environ["HF_HUB_OFFLINE"] = "1"
for _name in [name for name in os.environ if name.startswith(("LAWSMITH_", "OPENAI_"))]:
    del os.environ[_name]
# As the command sets it: several threads of linear algebra on small matrices take up to thirty times as long as one.
for _name in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")
# Commands and sandboxes that tests start find their modules compiled, whatever the shell says: a third of a start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True, scope="session")
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))


@pytest.fixture(autouse=True, scope="session")
def _options_made_once() -> Iterator[None]:
    """Commands in this process share what typer makes of their options, which takes longer than many a command."""
    import typer.main

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def _no_fault_is_survived(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A search goes on to its result after an error of its own code, and a test does not."""
    yield
    faults = [record for record in caplog.get_records("call") if record.name == "lawsmith.agent.command.loop"]
    assert not faults, faults[0].exc_text


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The strongest isolation that there is, started once for all tests that just need some."""
    from lawsmith.sandbox import Sandbox

    with Sandbox(workers=2) as started:
        yield started


@pytest.fixture(scope="session")
def sldbench() -> Path:
    """The benchmark's data, in the hub's layout, from beside the checkout."""
    return _beside("data/sldbench")


@pytest.fixture(scope="session")
def cases() -> Path:
    """Tables as people have them, from beside the checkout."""
    return _beside("cases")


@pytest.fixture(scope="session")
def published_pages() -> Path:
    """The two published OpenHands / GPT-5 results as text, from beside the checkout."""
    return _beside("published")


def _beside(part: str) -> Path:
    folder = _SHARED / part
    if not folder.is_dir():
        pytest.skip(f"needs {part} in the folder `shared` beside the checkout")
    return folder
