"""What commands print with --json is as the published schema says, to the last field."""

import json
import shlex
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from lawsmith.tasks.schema import Role
from tests.command import run_command

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "json-schema.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schema")
    rng = np.random.default_rng(1)
    n, d = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(1e9, 1e11, 6)))
    loss = 1.7 + 400 * n**-0.34 + 400 * d**-0.28 + 0.003 * rng.standard_normal(36)
    pd.DataFrame({"N": n, "D": d, "loss": loss}).to_csv(folder / "runs.csv", index=False)
    pd.DataFrame({"N": [1e10, 2e10], "D": [1e11, 1e12]}).to_csv(folder / "future.csv", index=False)
    (folder / "front.csv").write_text('equation\n"1.7 + 400.0 * N ^ -0.3"\n')
    return folder


COMMANDS = {
    "discover": "runs.csv --target loss --form 'E + A/N^a + B/D^b' --hall-of-fame front.csv --only --json",
    "laws": "laws latest --json",
    "predict --at": "predict latest --at N=70B,D=1.4T --json",
    "predict --rows": "predict latest --rows future.csv --json",
    "optimum": "optimum latest --budget 6*N*D=1e22 --json",
    "invert": "invert latest --target loss=2.3 --solve N --at D=1e11 --json",
    "export": "export latest --format json",
}


def printed(arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    return run_command(capsys, *shlex.split(arguments)).out


@pytest.mark.slow
def test_every_command_prints_what_the_schema_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(folder)
    assert COMMANDS.keys() == SCHEMA["properties"].keys()
    for command, arguments in COMMANDS.items():
        found = json.loads(printed(arguments, capsys))
        Draft202012Validator(SCHEMA).validate({command: found})


def test_the_schema_is_printed_and_says_which_fields_there_are(capsys: pytest.CaptureFixture[str]):
    assert json.loads(printed("--json-schema", capsys)) == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)
    records = [one for one in SCHEMA["$defs"].values() if "properties" in one]
    assert all(one["additionalProperties"] is False for one in records)
    assert all(set(one["required"]) <= one["properties"].keys() for one in records)
    assert SCHEMA["$defs"]["ColumnRoleJson"]["properties"]["role"]["enum"] == list(get_args(Role))
