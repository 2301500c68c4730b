"""The argument list as people type it."""

import subprocess
import sys
from pathlib import Path

import pytest
from agent_doubles import power_law_csv
from typer.main import get_command

from lawsmith.agent.cli.arguments import arranged
from lawsmith.agent.cli.commands import app
from lawsmith.tasks import InputError
from tests.command import run_command


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("runs.csv --target loss", "--data runs.csv --target loss"),
        ("--target loss runs.csv --json", "--target loss --data runs.csv --json"),
        ("sft --runs 2", "--task sft --runs 2"),
        ("--runs 2 sft_scaling_law", "--runs 2 --task sft_scaling_law"),
        ("--runs-dir x inspect", "inspect --runs-dir x"),
        ("--runs-dir=x --json inspect latest", "inspect --runs-dir=x --json latest"),
        ("predict latest -q --at N=1", "--quiet predict latest --at N=1"),
        ("--seed 3 inspect", "--seed 3 inspect"),
        ("--colour red", "--colour red"),
        ("", ""),
    ],
)
def test_what_is_typed_is_arranged(typed: str, meant: str) -> None:
    assert arranged(typed.split(), get_command(app)) == meant.split()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("inspct", "did you mean inspect"),
        ("sfft", "did you mean sft?"),
        ("runs.cvs", "did you mean runs.csv?"),
        ("zzzz", "no command, task or file 'zzzz'"),
    ],
)
def test_a_wrong_first_word_gets_the_nearest(
    typed: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").touch()
    with pytest.raises(InputError) as refused:
        arranged([typed], get_command(app))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tasks sft", "discover tasks does not take 'sft'. See 'discover tasks --help'."),
        ("--task sft --runs abc", "--runs takes a whole number, not 'abc'."),
        ("inspect --srt r2", "There is no option --srt; did you mean --sort?"),
        ("optimum latest --solve N", "There is no option --solve. See"),
        ("runs.csv --weights n", "There is no option --weights; did you mean --sigma?"),
        ("report latest --output x.html", "There is no option --output; did you mean --out?"),
        ("runs.csv --target loss --drop-incomplete yes", "--drop-incomplete takes no value; leave 'yes' out."),
        ("runs.csv --target los", "did you mean loss? Its columns are N and loss."),
        ("rums.csv --target loss", "did you mean runs.csv?"),
        ("predict", "discover predict needs RUN."),
        ("runs.csv b.csv --target loss", "One search reads one table; leave 'b.csv' out, or name it with --test."),
        ("predict runs.csv --at N=1", "runs.csv is a file, and a run is a folder"),
        ("inspect latest", "There is no run below runs yet"),
    ],
)
def test_a_wrong_word_gets_one_sentence(
    typed: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.csv").write_text(power_law_csv())
    assert said in " ".join(run_command(capsys, *typed.split(), status=2).err.split())


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_tells_the_exit_status(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = run_command(capsys, flag).out
    assert "130 interrupted" in " ".join(said.split()) and "--install-completion" in said


def test_completion_offers_runs_and_tasks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from lawsmith.agent.cli.options import complete_run, complete_task

    monkeypatch.chdir(tmp_path)
    assert complete_run("la") == ["latest"] and "sft" in complete_task("s")


@pytest.mark.parametrize("width", ["60", "200"])
def test_lists_are_readable_on_any_terminal(
    width: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    said = run_command(capsys, "inspect", "--runs-dir", tmp_path).out
    assert "published/sft/openhands-gpt-5" in said and "(-alpha)" in said
    assert run_command(capsys, "--json", "inspect", "--runs-dir", tmp_path).json["archives"]


def test_doctor_gives_the_verdict_first(capsys: pytest.CaptureFixture[str]) -> None:
    short, long = run_command(capsys, "doctor").out, run_command(capsys, "doctor", "-v").out
    assert short.startswith("This machine") and len(short.splitlines()) < 15 < len(long.splitlines())


@pytest.mark.parametrize("option", ["-V", "--help"])
def test_help_and_version_wait_for_nothing_heavy(option: str) -> None:
    asked = f"""import sys
from lawsmith.agent.cli import main
try:
    main([{option!r}])
except SystemExit:
    heavy = {{"numpy", "pandas", "lawsmith.tasks", "lawsmith.sandbox", "lawsmith.runs"}}
    print("loaded:", sorted(heavy & set(sys.modules)))"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"
