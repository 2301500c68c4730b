"""`discover mcp` as users have it: a real process, asked through the SDK's own client."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

ROOT = Path(__file__).parents[2]
SCRIPTED = ROOT / "tests/agent/scripted_discover.py"
"""`discover` whose built-in search is a script of six forms."""


class Refused(Exception):
    """A tool answered with an error."""


class Agent:
    """A scripted agent. `heard` is all that any tool ever told it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[str] = []

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await self.client.call_tool(tool, arguments)
        text = "".join(part.text for part in result.content if part.type == "text")
        self.heard.append(text)
        if result.is_error:
            raise Refused(text)
        assert result.structured_content is not None
        return result.structured_content


def act(server: str | StdioServerParameters, story: Callable[[Agent], Awaitable[None]]) -> Agent:
    """Connect an agent, let it act, and return it."""

    async def connected() -> Agent:
        failures: list[Exception] = []
        async with Client(server) as client:
            agent = Agent(client)
            try:
                await story(agent)
            except Exception as failure:  # noqa: BLE001  # raised again outside of the client's task groups
                failures.append(failure)
        for failure in failures:
            raise failure
        return agent

    return asyncio.run(connected())


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}:{ROOT / 'tests/agent'}"}


def on_stdio(folder: Path, arguments: Sequence[str]) -> StdioServerParameters:
    command = ["-c", "from lawsmith.agent.cli import main; main()", "mcp", *arguments]
    return StdioServerParameters(command=sys.executable, args=command, cwd=folder, env=environment())


@contextmanager
def on_http(folder: Path, arguments: Sequence[str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address and the process of a server on a free port, with the scripted search as its floor."""
    command = [sys.executable, str(SCRIPTED), "mcp", "--http", "0", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://\S+", process.stderr.readline())
            assert found is not None, process.stderr.read()
            yield found[0], process
        finally:
            process.kill()
