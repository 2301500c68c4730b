"""The warm process: what it holds for candidates, and what no candidate can make of it."""

import ctypes
import os
import select
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lawsmith.sandbox import Limits, PredictJob, Refused, Sandbox, Tier, Verdict, read_candidate
from lawsmith.sandbox.isolation import ISOLATED
from lawsmith.sandbox.pool import numeric_library
from lawsmith.tasks import InputError, Schema, Table
from tests.made import quick_first

HONEST = "def law(input_data, group):\n    return [{'y': row['n']} for row in input_data]\n"
LARGE = "import numpy as np\n" + HONEST.replace("    return", "    np.ones(90 << 17)\n    return")


def predict(sandbox: Sandbox, source: str, schema: Schema, table: Table) -> object:
    return sandbox.run(PredictJob(source, schema, None, (table.hide(),)))


def test_only_modules_that_exist_are_prepared() -> None:
    names = [f"scipy.stats.made_up_{k}" for k in range(1000)]
    names += ["scipy.io", "scipy.optimize._tests", "scipy.stats.tests", "os", "scipy.special.orthogonal.x", "scipy"]
    found = numeric_library.wanted(names)
    assert "scipy.stats" in found
    assert "scipy.special" in found
    assert len(found) < 20
    assert not [name for name in found if "made_up" in name or "tests" in name or name.startswith("scipy.io")]
    assert numeric_library.wanted(["numpy", "math", "numpy.random"]) == []


def test_control_the_first_import_of_a_name_may_run_a_program() -> None:
    """Why names of modules are resolved by nobody but the sandbox: this module's import ends the process."""
    script = "import numpy.f2py.__main__\nprint('went on')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "went on" not in done.stdout


@pytest.mark.parametrize("source", ["from scipy.stats import *\n", "from numpy.f2py.__main__ import *\n"])
def test_everything_of_a_module_is_imported_from_two_modules_only(source: str) -> None:
    assert read_candidate("from numpy import *\n" + HONEST)
    with pytest.raises(Refused, match="imports everything of"):
        read_candidate(source + HONEST)


def test_candidates_are_forked_from_a_process_that_holds_no_more_than_they_need() -> None:
    """Reading tables and checking records is the parent's: every command would wait for it once more."""
    program = """
import sys, types
for name, folder in {"lawsmith": "", "lawsmith.sandbox": "sandbox", "lawsmith.tasks": "tasks"}.items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
import lawsmith.sandbox.pool.forks
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"numpy", "pydantic", "pandas", "csv"}))
"""
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["numpy"]


def test_an_import_bomb_is_refused_at_once() -> None:
    names = ", ".join(f"name_{k}" for k in range(4000))
    began = time.process_time()
    with pytest.raises(Refused, match="at most 100 names"):
        read_candidate(f"from scipy.stats import {names}\n{HONEST}")
    assert time.process_time() - began < 10  # it takes some milliseconds


@pytest.mark.parametrize("tier", quick_first(ISOLATED, 1))
def test_memory_is_the_same_before_and_after_others_import(
    tier: Tier, sandbox_of: Callable[[Tier], Sandbox], schema: Schema, table: Table
) -> None:
    sandbox_of(tier)  # skips where there is none
    with Sandbox(Limits(memory_bytes=128 << 20), workers=1, tier=tier) as sandbox:
        assert predict(sandbox, LARGE, schema, table).ok
        imports = "".join(f"import scipy.{part}\n" for part in sorted(numeric_library.PARTS))
        assert predict(sandbox, imports + HONEST, schema, table).ok
        found = predict(sandbox, LARGE, schema, table)
        assert found.ok, found.message


def test_control_where_the_limit_does_not_follow_imports_take_memory_away() -> None:
    script = f"""
        import importlib, resource
        import numpy as np
        from lawsmith.sandbox.pool.memory import Memory
        limit = Memory().address_space() + (128 << 20)  # measured once, as a warm process did that never looked again
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        np.ones(90 << 17)
        for part in {sorted(numeric_library.PARTS)!r}:
            importlib.import_module("scipy." + part)
        try:
            np.ones(90 << 17)
        except MemoryError:
            print("no room")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "no room\n" or "MemoryError" in done.stderr, done.stderr


@pytest.mark.parametrize("tier", quick_first(ISOLATED, 1))
def test_the_library_works_without_opening_a_file(
    tier: Tier, sandbox_of: Callable[[Tier], Sandbox], schema: Schema, table: Table
) -> None:
    """Each call imports something late, in an interpreter that may still open files."""
    found = predict(sandbox_of(tier), textwrap.dedent(LATE), schema, table)
    assert found.ok, found.message


def test_control_the_library_opens_files_late_where_it_may() -> None:
    script = f"{textwrap.dedent(LATE)}\n" + textwrap.dedent("""
        import sys
        opened = []
        sys.addaudithook(lambda event, arguments: opened.append(arguments[0]) if event == "open" else None)
        law([{"n": 1.0}], "a")
        print(len([name for name in opened if str(name).endswith((".so", ".py", ".pyc", ".npz"))]))
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) > 10


LATE = """
        import numpy as np
        from scipy import integrate, interpolate, linalg, optimize, sparse, special, stats
        import scipy.signal
        def law(input_data, group):
            square = lambda x: ((np.asarray(x) - 1.0) ** 2).sum()
            for method in ("COBYLA", "COBYQA", "SLSQP", "L-BFGS-B", "trust-constr", "Nelder-Mead"):
                optimize.minimize(square, [0.0, 0.5], method=method)
            optimize.differential_evolution(square, [(-2, 2)] * 2, maxiter=3, seed=0, init="sobol")
            optimize.dual_annealing(square, [(-2, 2)] * 2, maxiter=3, seed=0)
            optimize.shgo(square, [(-2, 2)] * 2)
            optimize.linprog([1.0], bounds=[(0, 1)])
            linalg.logm(np.eye(2)); linalg.invhilbert(3); linalg.clarkson_woodruff_transform(np.eye(4), 2, rng=0)
            integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], events=lambda t, y: y[0] - 0.5)
            integrate.solve_bvp(lambda x, y: np.vstack((y[1], -y[0])), lambda a, b: np.array([a[0], b[0] - 1]),
                                np.linspace(0, 1, 5), np.zeros((2, 5)))
            interpolate.griddata(np.eye(3)[:, :2], np.arange(3.0), [[0.2, 0.2]])
            interpolate.CubicSpline([0, 1, 2], [0, 1, 0])(1)
            special.roots_legendre(200); special.expit(0.1)
            sparse.linalg.expm_multiply(sparse.eye_array(3).tocsr(), np.ones(3))
            stats.gaussian_kde(np.arange(9.0))(1.0); stats.linregress([0, 1, 2], [0, 1, 3])
            scipy.signal.savgol_filter(np.arange(9.0), 5, 2)
            np.random.default_rng(0).normal(); np.polynomial.Polynomial.fit([0, 1, 2], [0, 1, 4], 2)
            np.linalg.svd(np.eye(3)); np.fft.rfft(np.ones(8)); np.einsum("ij,jk", np.eye(2), np.eye(2))
            str(np.arange(3.0)); repr(np.ones(2)); np.array2string(np.ones(2))
            return [{"y": row["n"]} for row in input_data]
    """


@pytest.mark.parametrize("tier", ISOLATED)
def test_everything_of_numpy_can_be_imported(
    tier: Tier, sandbox_of: Callable[[Tier], Sandbox], schema: Schema, table: Table
) -> None:
    found = predict(sandbox_of(tier), "from numpy import *\nfrom math import *\n" + HONEST, schema, table)
    assert found.ok, found.message


def test_no_page_of_a_library_is_cold_once_it_was_touched() -> None:
    """In a fresh process, whose libraries the kernel maps page by page; the control is the same count before."""
    script = """
        import os, re, scipy.optimize
        from lawsmith.sandbox.pool.memory import Memory
        def cold():
            size = rss = 0
            for block in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", open("/proc/self/smaps").read()):
                if re.match(r"\\S+ r\\S+ \\S+ \\S+ \\d+ +/", block) and ".so" in block:
                    size += int(re.search(r"(?m)^Size: +(\\d+)", block)[1])
                    rss += int(re.search(r"(?m)^Rss: +(\\d+)", block)[1])
            return size - rss
        memory = Memory()
        before = cold()
        memory.touch()
        print(before, cold(), memory.address_space())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60
    )
    before, after, size = map(int, done.stdout.split())
    assert before > 100
    assert after == 0
    assert size > 50 << 20


def test_a_library_of_another_folder_opens_that_file_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "id").write_text("private")
    real = home / "liballocator.so.1.2"
    real.write_bytes(Path(ctypes_library()).read_bytes())
    (home / "liballocator.so.1").symlink_to(real)
    script = (
        "import re; from lawsmith.sandbox.pool import paths; maps = open('/proc/self/maps').read()\n"
        "print(*re.findall(r'/\\S+[.]so\\S*', maps), '--', *paths.readable(), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "LD_PRELOAD": str(home / "liballocator.so.1")},
        capture_output=True,
        text=True,
        check=True,
    )
    mapped, opened = ([Path(line) for line in part.splitlines()] for part in done.stdout.split("--\n"))
    assert home in [path.parent for path in mapped]  # the control: the folders of mapped files include it
    assert Path(os.path.realpath(real)) in opened  # it was loaded
    assert home / "liballocator.so.1" in opened
    assert not [path for path in opened if path in (tmp_path, home, home / "id")]
    assert all(path.exists() for path in opened)
    assert [path for path in opened if path.name.startswith("numpy")]


def ctypes_library() -> str:
    """A small library of the system that any process can load."""
    maps = Path("/proc/self/maps").read_text().split()
    ctypes.CDLL("libm.so.6")
    return next(word for word in maps if "/libm" in word and ".so" in word)


def test_control_the_kernel_cannot_wait_for_ages() -> None:
    with pytest.raises(OverflowError):
        select.poll().poll(1e15 * 1000)


@pytest.mark.parametrize("name", ["wall_seconds", "cpu_seconds"])
def test_a_limit_of_ages_is_refused(name: str) -> None:
    Limits(**{name: 1e7})
    with pytest.raises(InputError, match="at most a year"):
        Limits(**{name: 1e15})


def test_a_limit_of_a_year_is_waited_for(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    with Sandbox(Limits(wall_seconds=3e7, cpu_seconds=3e7), workers=1, tier=sandbox.tier) as patient:
        assert predict(patient, HONEST, schema, table).verdict is Verdict.OK
