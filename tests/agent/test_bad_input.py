"""What bad input gets: one clear sentence on stderr, exit status 2, nothing on stdout, nothing lost."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from agent_doubles import power_law_csv

from lawsmith.agent.cli.predict_command import pairs
from lawsmith.runs.laws.law import Law
from lawsmith.tasks import InputError, Schema
from lawsmith.tasks.schema import ColumnRole, Decided
from tests.command import run_command

Discover = Callable[..., str]


def test_a_column_that_was_left_out_is_told_where_a_prediction_names_it() -> None:
    roles = (ColumnRole(name="flops", role="derived", reason="follows from N and D"),)
    schema = Schema(name="t", long_name="t", title="t", features=("N", "D"), targets=("loss",), group=None, cap=None)
    law = Law.__new__(Law)
    object.__setattr__(law, "schema", schema.model_copy(update={"decided": Decided(roles=roles)}))
    with pytest.raises(InputError, match=r"flops is no feature of the law \(derived: follows from N and D\); leave it"):
        pairs(law, ["N=1e9,D=2e10,flops=1e20"])


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Discover:
    """Runs `discover` in an empty folder, expects a refusal, returns its sentence."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        said = run_command(capsys, *arguments, status=2)
        assert said.out == ""
        assert not list(tmp_path.glob("runs/*/*/*"))
        sentence = said.err.splitlines()[-1]
        assert sentence.startswith("discover: ")
        assert "Traceback" not in said.err
        return sentence

    return run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", "--task NAME"),
        ("--task sfft", "did you mean sft"),
        ("--task sft --range loss=0:", "--task and --range do not"),
        ("--task sft --drop-incomplete", "--task and --drop-incomplete do not"),
        ("--task sft --runs 0", "--runs is 0"),
        ("--task sft --runs two", "--runs takes a whole number, not 'two'"),
        ("--task sft --workers 0", "--workers is 0"),
        ("--task sft --cluster host:8786", "tls://host:8786"),
        ("--task sft --seed -1", "--seed is -1"),
        ("--task sft --time-limit 0", "time limit"),
        ("--task sft --limit-wall 0", "--limit-wall is 0"),
        ("--task sft --time-limit nan", "time limit"),
        ("--task sft --max-usd -1", "limit of USD"),
        ("--task sft --max-calls 2 --runs 3", "at least one for each"),
        ("--task sft --agent genetic", "auto, symbolic, analyst, refine, evolve"),
        ("--task sft --agent symbolic --model gpt-5", "asks no model"),
        ("--task sft --agent evolve", "--model"),
        ("--task sft --target sft_loss", "--task and --target"),
        ("--task sft --data train.csv", "--task and --data"),
        ("--task sft --data-dir nowhere", "not a folder"),
        ("--task sft --model replay:nothing", "no run 'nothing'"),
        ("--data train.csv --target loss", "no file"),
        ("--data train.csv", "no file"),
        ("--task sft inspect", "if that command has this option"),
        ("--colour", "There is no option --colour"),
        ("invent", "There is no command, task or file 'invent'"),
        ("inspect nothing", "no run 'nothing'"),
        ("inspect --sort beauty", "r2, validation, seconds, cost, run"),
        ("inspect --diff nothing nowhere", "no run 'nothing'"),
        ("inspect --diff nothing", "--diff requires 2 arguments. See 'discover inspect --help'"),
        ("predict latest --at", "--at needs a value. See 'discover predict --help'"),
        ("replay nothing", "no run 'nothing'"),
        ("replay", "RUN"),
        ("resume nothing", "no run 'nothing'"),
        ("resume published/sft/openhands-gpt-5", "only a search can be resumed"),
        ("export published/sft/openhands-gpt-5 --format word", "law, latex, sympy, json, uncertainties, sldbench"),
        ("export published/sft/openhands-gpt-5 --format sldbench", "--out"),
        ("tasks --data-dir nowhere", "not a folder"),
    ],
)
def test_usage(refused: Discover, arguments: str, expected: str) -> None:
    assert expected in refused(*arguments.split())


def test_a_cluster_without_dask(refused: Discover, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert refused("--task", "sft", "--cluster", "local") == (
        "discover: --cluster needs Dask; install it with: pip install 'lawsmith[cluster]'."
    )


def edit(table: list[list[str]], row: int, column: str, value: str) -> list[list[str]]:
    table[row][table[0].index(column)] = value
    return table


@pytest.mark.parametrize(
    ("change", "options", "expected"),
    [
        (lambda t: edit(t, 3, "N", "many"), "", "row 3"),
        (lambda t: edit(t, 3, "N", ""), "", "row 3"),
        (lambda t: edit(t, 4, "loss", "inf"), "", "row 4"),
        (lambda t: [t[0]], "", "row"),
        (lambda t: [t[0], *([*row[:-1], "2.5"] for row in t[1:])], "", "it must vary"),
        (lambda t: t, "--features N,width", "width"),
        (lambda t: t, "--features N,loss", "loss"),
        (lambda t: t, "--group flavour", "flavour"),
        (lambda t: t, "--test absent.csv", "absent.csv"),
    ],
    ids=["text", "missing", "infinite", "empty", "constant", "feature", "two roles", "group", "test"],
)
def test_a_table_that_is_not_one(
    refused: Discover, tmp_path: Path, change: Callable[[list[list[str]]], list[list[str]]], options: str, expected: str
) -> None:
    table = [line.split(",") for line in power_law_csv().splitlines()]
    (tmp_path / "train.csv").write_text("\n".join(",".join(row) for row in change(table)) + "\n")
    assert expected in refused("--data", "train.csv", "--target", "loss", *options.split())


def test_a_group_of_the_test_rows_that_training_lacks(refused: Discover, tmp_path: Path) -> None:
    head, *rows = power_law_csv().splitlines()
    (tmp_path / "train.csv").write_text("\n".join([f"{head},m", *(f"{row},a" for row in rows)]))
    (tmp_path / "test.csv").write_text(f"{head},m\n{1e10},2.0,zebra\n")
    sentence = refused(*["--data", "train.csv", "--test", "test.csv", "--target", "loss", "--group", "m"])
    assert "zebra" in sentence


def test_a_runs_folder_that_cannot_be_written(
    refused: Discover, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.csv").write_text(power_law_csv())
    (tmp_path / "taken").write_text("a file")
    sentence = refused(*["--data", "train.csv", "--target", "loss", "--runs-dir", "taken"])
    assert "taken" in sentence
    assert "cannot be written" in sentence


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--task" in run_command(capsys, "--help").out


def test_numbers_that_are_not_finite_are_valid_json(capsys: pytest.CaptureFixture[str]) -> None:
    from lawsmith.agent.terminal.output import print_json

    print_json({"r2": -np.inf, "rows": [float("nan"), 1.0]})
    assert capsys.readouterr().out.split() == ["{", '"r2":', '"-Infinity",', '"rows":', "[", '"NaN",', "1.0", "]", "}"]


def test_a_cap_of_no_constant_is_refused(refused: Discover, tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("N,loss\n1,4\n2,3\n4,2.5\n8,2.2\n16,2\n")
    assert "A cap of 0 allows no constant" in refused("--data", "runs.csv", "--target", "loss", "--cap", "0")


def test_a_table_beyond_the_limit_of_rows_is_refused_before_the_search(refused: Discover, tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text(power_law_csv(60))
    said = refused("--data", "runs.csv", "--target", "loss", "--limit-rows", "100")
    assert "60 training rows, so one job fits and predicts 120 rows; at most 100 are allowed" in said
