"""`discover` in this process."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from lawsmith.agent.cli import main


class Said(NamedTuple):
    """What a command printed on stdout and stderr."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run_command(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> Said:
    """The command has to end with this status."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = Said(*capsys.readouterr())
    assert (ended.value.code or 0) == status, said.err
    return said
