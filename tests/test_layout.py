"""The rooms of the house and who may know whom; what a wheel must carry."""

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "tasks": set[str](),
    "sandbox": {"tasks"},
    "runs": {"tasks", "sandbox"},
    "agent": {"tasks", "sandbox", "runs"},
}


def imported(file: Path) -> set[str]:
    """What a file imports, also inside functions, with full names."""
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {f"{node.module}.{a.name}" for node in nodes if isinstance(node, ast.ImportFrom) for a in node.names}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_follow_the_arrows(room: str):
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for file in files:
        names = [module.split(".") for module in imported(file)]
        assert not [name for name in names if name[0] in MAY_IMPORT], f"{file}: the package is `lawsmith`"
        known = {name[1] for name in names if name[0] == "lawsmith" and len(name) > 1} & set(MAY_IMPORT)
        assert known <= MAY_IMPORT[room] | {room}, f"{file.relative_to(ROOT)} imports {known}"


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_the_parts_of_a_room_form_no_circle(room: str):
    arrows: dict[str, set[str]] = {}
    for file in modules(room):
        names = [name.split(".") for name in imported(file)]
        own = arrows.setdefault(file.relative_to(ROOT / room).parts[0].removesuffix(".py"), set())
        own |= {name[2] for name in names if name[:2] == ["lawsmith", room] and len(name) > 2}
    assert len(arrows) > 5
    assert in_circles(arrows) == {}


def test_no_module_stands_in_a_circle_of_imports():
    files = dict[str, Path]()
    for file in modules(*MAY_IMPORT):
        parts = file.relative_to(ROOT).with_suffix("").parts
        files[".".join(("lawsmith", *parts)).removesuffix(".__init__")] = file

    def module(name: str) -> str:
        return name if name in files else name.rpartition(".")[0]

    arrows = {name: {module(other) for other in imported(file)} for name, file in files.items()}
    assert in_circles(arrows) == {}


def in_circles(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that are left when whatever knows none of the others is taken away, again and again."""
    while free := [name for name, known in arrows.items() if not known & arrows.keys() - {name}]:
        for name in free:
            del arrows[name]
    return arrows


def modules(*folders: str) -> list[Path]:
    """The modules of our packages: runs/ also holds the archives of whoever works here, with their laws."""
    found = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [file for file in found if file.with_name("__init__.py").exists()]


def repeated(places: list[tuple[str, Path]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, file in places:
        found.setdefault(name, []).append(str(file.relative_to(ROOT)))
    return {name: files for name, files in found.items() if len(files) > 1}


def test_no_class_name_stands_twice():
    files = modules(*MAY_IMPORT, "benchmarks")
    assert len(files) > 200
    classes = [
        (node.name, file)
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert repeated(classes) == {}


def test_no_module_name_stands_twice():
    assert repeated([(file.stem, file) for file in modules(*MAY_IMPORT) if file.stem != "__init__"]) == {}


def test_every_module_is_one_thought():
    """A second one begins at 400 lines."""
    files = [
        *modules(*MAY_IMPORT),
        *(file for folder in ("tests", "benchmarks") for file in (ROOT / folder).rglob("*.py")),
    ]
    lengths = {str(file.relative_to(ROOT)): file.read_text("utf-8").count("\n") for file in files}
    assert {file: length for file, length in lengths.items() if length > 400} == {}


def test_every_function_fits_on_a_screen():
    """The docstring is not counted, nor are the arguments, which may be many where a user gives them."""
    lengths = {
        f"{file.relative_to(ROOT)}: {node.name}": (node.end_lineno or 0) - node.body[has_docstring].lineno + 1
        for file in modules(*MAY_IMPORT)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for has_docstring in [ast.get_docstring(node) is not None and len(node.body) > 1]
    }
    assert {name: length for name, length in lengths.items() if length >= 40} == {}


def test_every_data_file_of_a_room_is_declared_as_package_data():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    # What git tracks, because runs/ also holds the archives of whoever works here.
    listed = subprocess.run(["git", "ls-files", *MAY_IMPORT], cwd=ROOT, capture_output=True, text=True, check=False)
    tracked = [Path(line) for line in listed.stdout.splitlines()]
    if not tracked:
        pytest.skip("not a git checkout")
    for room in MAY_IMPORT:
        packed = {
            path.relative_to(ROOT)
            for pattern in declared.get(f"lawsmith.{room}", [])
            for path in (ROOT / room).glob(pattern)
        }
        data = {path for path in tracked if path.parts[0] == room and path.suffix != ".py"}
        assert data - packed == set()


def test_pins_carry_hashes_and_name_no_host():
    for lock in (ROOT / "requirements").glob("*.txt"):
        lines = lock.read_text("utf-8").splitlines()
        pins = [line for line in lines if "==" in line.split(";")[0]]
        assert pins
        assert all(line.rstrip().endswith("\\") for line in pins), f"{lock.name} has a pin without a hash"
        assert not [line for line in lines if "://" in line or line.startswith("--") or " @ " in line]


def public(body: list[ast.stmt]) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The public functions and classes of a module or class, with the methods and properties of these."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    found = [node for node in body if isinstance(node, kinds) and not node.name.startswith("_")]
    return found + [one for node in found if isinstance(node, ast.ClassDef) for one in public(node.body)]


def test_everything_public_has_a_docstring():
    missing = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in modules(*MAY_IMPORT)
        for node in public(ast.parse(file.read_text("utf-8")).body)
        if not ast.get_docstring(node)
    ]
    assert missing == []


def test_only_a_worker_executes_source():
    """Neither a candidate's source nor our own print of it runs in the command."""
    found = {
        str(file.relative_to(ROOT))
        for room in MAY_IMPORT
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("exec", "compile")
    }
    assert found == {"sandbox/contract.py"}
