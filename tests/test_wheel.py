"""What is installed is one import package that works beside a user's own modules, and without the extras."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXTRAS = ("pyarrow", "huggingface_hub", "sympy", "matplotlib", "sklearn", "distributed", "mcp")
USERS = ("tasks.py", "agent.py", "runs.py", "sandbox/__init__.py")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel of a clean copy of this checkout was installed into."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = [name for name in listed.stdout.split("\0") if name and os.path.lexists(ROOT / name)]
    if not names:
        pytest.skip("not a git checkout")
    for name in names:
        copy = folder / "copy" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy, follow_symlinks=False)
    archive = folder / "copy" / "runs" / "mine" / "symbolic" / "20260101T000000000-aaaaaa-1"
    archive.mkdir(parents=True)
    (archive / "law.py").write_text("CONSTANTS = {}")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip, "wheel", *options, str(folder / "copy")], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = ["--no-deps", "--no-index", "--no-compile", "--target", str(folder / "site")]
    subprocess.run([*pip, "install", *target, str(wheel)], check=True, capture_output=True)
    return folder


def test_the_wheel_holds_one_package_and_no_archive_of_its_maker(installed: Path) -> None:
    (wheel,) = installed.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lawsmith"}
    assert not [name for name in names if "/mine/" in name or "20260101" in name]
    assert any(name.endswith("published/sft/openhands-gpt-5/law.py") for name in names)
    assert {"lawsmith/py.typed", "lawsmith/agent/cli/json-schema.json"} <= set(names)


SCRIPT = """
import json, sys
for name in {extras!r}:
    sys.modules[name] = None
import lawsmith, pandas
from lawsmith import discover
assert lawsmith.__file__.startswith({site!r}), lawsmith.__file__
n = [10 * 1.5**k for k in range(16)]
frame = pandas.DataFrame({{"n": n, "loss": [1.2 + 3 * x**-0.4 for x in n]}})
found = discover(frame, target="loss", form="E + A/n^a", only=True, name="sweep")
print(json.dumps([found.law.constants["all_data"]["E"], sorted(m for m in sys.modules if m in ("openai",))]))
"""


@pytest.mark.slow
def test_it_works_beside_a_users_modules_and_without_extras(installed: Path, tmp_path: Path) -> None:
    for name in USERS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('the user's module was imported')")
    site = str(installed / "site")
    environment = {**os.environ, "PYTHONPATH": f".{os.pathsep}{site}"}
    script = SCRIPT.format(extras=EXTRAS, site=site)

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    level, loaded = json.loads(run("-c", script).splitlines()[-1])
    assert level == pytest.approx(1.2, abs=1e-3)
    assert loaded == [], "the model client is loaded where no model is asked"
    assert run("-m", "lawsmith", "-V").startswith("discover ")
    (listed,) = json.loads(run("-m", "lawsmith", "inspect", "--task", "sweep", "--json"))["archives"]
    assert listed["expression"].startswith("loss = E + A")
    assert "loss at n = 5000" in run("-m", "lawsmith", "predict", "latest", "--at", "n=5k")
