"""What the documentation promises: links that lead somewhere, a tutorial that runs, commands that exist."""

import json
import re
import runpy
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def slug(heading: str) -> str:
    """The anchor that GitHub and mkdocs give a heading."""
    return re.sub(r"[^\w -]", "", heading.replace("`", "")).strip().lower().replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(line.lstrip("#")) for line in page.read_text("utf-8").splitlines() if line.startswith("#")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_the_site_has_every_page_once():
    listed = re.findall(r":\s(\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    written = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert sorted(listed) == sorted(written)


def test_the_list_of_commands_is_made_from_the_program(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from hooks import PLACE, on_page_markdown

    page = on_page_markdown((ROOT / "docs" / "commands.md").read_text("utf-8"))
    assert PLACE not in page
    for expected in ("## discover predict", "## discover laws", "`--target COLUMN,…`", "`--pick ID`"):
        assert expected in page


def test_options_that_the_documentation_names_exist(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from hooks import commands

    known = set(re.findall(r"--[a-z][a-z-]+", commands())) | {"--help"}
    for page in PAGES:
        for block in FENCE.findall(page.read_text("utf-8")):
            for line in block.splitlines():
                if re.match(r"(\$ )?discover ", line):
                    named = set(re.findall(r"(?<=\s)--[a-z][a-z-]+", line))
                    assert named <= known, f"{page.name}: {line}"


NAMED = re.compile(r"`((?:tasks|sandbox|runs|agent|tests|benchmarks|examples|docs|requirements)/[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_the_documentation_names_exist(page: Path):
    text = page.read_text("utf-8")
    files = {name for name in NAMED.findall(text) if "<" not in name}
    files |= {f"benchmarks/{name}.py" for name in re.findall(r"python -m benchmarks\.(\w+)", text)}
    missing = [name for name in files if not ((ROOT / name).exists() or (ROOT / f"{name}.py").exists())]
    assert not missing


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Cell by cell, as a notebook would, but for what only a notebook shows."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    known: dict[str, object] = {"__name__": "tutorial"}
    for number, cell in enumerate(cells, 1):
        exec(compile(cell, f"tutorial.ipynb, cell {number}", "exec"), known)
    assert "N" in known["law"].stated() and known["page"].is_file()  # type: ignore[attr-defined]
    truth = known["true_loss"](known["ahead"].N, known["ahead"].D)  # type: ignore[operator, attr-defined]
    assert known["predicted"] == pytest.approx(truth, rel=0.02)


@pytest.mark.parametrize("folder", ["scaling", "how-to"])
def test_example_tables_are_what_their_scripts_make(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = ROOT / "examples" / folder
    make = runpy.run_path(str(place / "make.py"))
    monkeypatch.setitem(make["write"].__globals__, "HERE", tmp_path)
    make["main"]()
    made = {path.name: path.read_text() for path in tmp_path.glob("*.csv")}
    assert made == {path.name: path.read_text() for path in place.glob("*.csv")}


def test_every_picture_of_the_gallery_comes_from_the_command_above_it():
    """The text `Source` of each PNG file is its command and the digest of its table; where one of the two changes, the
    picture is made again."""
    shown = re.findall(
        r"^    (discover (\S+).*)\n\n!\[.*\]\((gallery/\S+)\)$", (ROOT / "docs/gallery.md").read_text(), re.M
    )
    assert {name for *_, name in shown} == {f"gallery/{file.name}" for file in (ROOT / "docs/gallery").iterdir()}
    for command, table, name in shown:
        files = [ROOT / table] if "/" in table else sorted((ROOT / "tasks/measured" / table).glob("*.csv"))
        digest = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        assert f"{command} # {digest}".encode() in (ROOT / "docs" / name).read_bytes(), name


def test_every_file_that_the_architecture_names_is_there() -> None:
    page = "".join((ROOT / "docs" / name).read_text() for name in ("architecture.md", "choice.md"))
    named = re.findall(r"`((?:agent|sandbox|runs|tasks|tests)/[\w/.]*)`", page)
    for folder, listed in re.findall(r"^\| `(\w+)/\w+`((?:, `\w+`)+) \|", page, re.MULTILINE):
        named += [f"{folder}/{name}" for name in re.findall(r"\w+", listed)]
    assert len(named) > 70
    assert [name for name in named if not any((ROOT / f"{name}{end}").exists() for end in ("", ".py"))] == []
