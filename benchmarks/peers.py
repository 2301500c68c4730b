"""Our search beside other symbolic regression packages: the same tables and rows, seconds and one thread each.

Every package gets each group's rows alone, features in units near 1 (ours chooses its units itself), the time shared
out over the groups, and the functions +, -, *, /, power, log and exp where it has them, sin and tanh where a feature
takes both signs. Printed for each table and package: R² on the rows that were held out (at least -1), whether these are
predicted exactly, constants (the mean over groups and targets), and seconds. A package that is not installed is left
out with a sentence; PySR also needs Julia.

    pip install 'lawsmith[peers]'
    python -m benchmarks.peers [--data-dir DIR] [--tasks a,b] [--corpus DIR [--outer 1]] [--r-tables] [--synthetic N]
                              [--tables NAME,NAME] [--seconds 120] [--packages ours,operon,gplearn,pysr]
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import SLDBENCH
from benchmarks.case import Case
from benchmarks.corpus import cases as corpus
from benchmarks.extrapolation import CLIP, beyond_r2, cases, explore, score
from lawsmith.agent.search.selection import choose
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, IntArray, Table

EXACT = 1e-9  # 1 - R² on held-out rows, below which a law is recovered
NOISE_SHARE = 0.1  # of its seconds in which operon finds out how large the noise is, which its MDL needs to know
NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class PeerLaw:
    """A law of one group and target: its predictions (n,) at the rows that were held out, and its constants."""

    predicted: Array
    constants: int


Regress = Callable[[Array, Array, Array, float], Mapping[str, PeerLaw]]
"""Features and target of one group, the features to predict at, seconds -> the law of each choice."""


@dataclass(frozen=True)
class PeerScore:
    """Of one choice of a package on one table."""

    r2: float
    constants: float
    seconds: float

    @property
    def exact(self) -> bool:
        return 1 - self.r2 < EXACT

    def __str__(self) -> str:
        return f"{self.r2:9.4f}{'=' if self.exact else ' '}{self.constants:6.1f}{self.seconds:7.0f}s"


def ours(case: Case, seconds: float) -> dict[str, PeerScore]:
    """The law that a search of so many seconds chooses."""
    with Sandbox(workers=1) as sandbox:
        began = time.monotonic()
        trials = explore(case, sandbox, seconds)
        winner = choose(trials, case.dataset.task).winner
        spent = time.monotonic() - began
        found = score(winner, case.dataset, sandbox, whole=case.whole)
        return {"ours": PeerScore(found, winner.evaluation.constants_count or 0, spent)}


def operon(x: Array, y: Array, beyond: Array, seconds: float) -> dict[str, PeerLaw]:
    """One search for short laws that fit well (NSGA-II), and two choices from its front."""
    signed = bool((x <= 0).any())
    quick = _operon(["r2"], 1.0, NOISE_SHARE * seconds, signed).fit(x, y)
    noise = float(np.sqrt(quick.pareto_front_[0]["mean_squared_error"])) or 1.0
    model = _operon(["r2", "length"], noise, (1 - NOISE_SHARE) * seconds, signed).fit(x, y)
    choices = {"operon, best fit": "mean_squared_error", "operon, MDL": "minimum_description_length"}
    found = {}
    for name, criterion in choices.items():
        tree = min(model.pareto_front_, key=lambda law: law[criterion])["tree"]
        constants = len(NUMBER.findall(model.get_model_string(tree, 6)))
        found[name] = PeerLaw(np.asarray(model.evaluate_model(tree, beyond)), constants)
    return found


def _operon(objectives: list[str], noise: float, seconds: float, signed: bool) -> Any:
    from pyoperon.sklearn import SymbolicRegressor

    symbols = "add,sub,mul,div,pow,log,exp,constant,variable"
    return SymbolicRegressor(
        allowed_symbols=f"{symbols},sin,tanh" if signed else symbols,
        objectives=objectives,
        uncertainty=[noise],
        optimizer_iterations=10,
        max_length=30,
        generations=10**6,
        max_evaluations=10**9,
        max_time=max(1, round(seconds)),
        n_threads=1,
        random_state=0,
    )


def gplearn(x: Array, y: Array, beyond: Array, seconds: float) -> dict[str, PeerLaw]:
    from gplearn.genetic import SymbolicRegressor

    began, generations = time.monotonic(), 0
    signed = ("sin",) if (x <= 0).any() else ()
    model = SymbolicRegressor(
        function_set=("add", "sub", "mul", "div", "log", "sqrt", "inv", *signed),
        metric="mse",
        const_range=(-10.0, 10.0),
        warm_start=True,
        random_state=0,
    )
    while not generations or time.monotonic() - began < seconds:
        generations += 5
        model.set_params(generations=generations).fit(x, y)
    constants = sum(isinstance(node, float) for node in model._program.program)
    return {"gplearn": PeerLaw(np.asarray(model.predict(beyond)), constants)}


def pysr(x: Array, y: Array, beyond: Array, seconds: float) -> dict[str, PeerLaw]:
    from pysr import PySRRegressor

    signed = ["sin", "tanh"] if (x <= 0).any() else []
    model = PySRRegressor(
        binary_operators=["+", "-", "*", "/", "^"],
        unary_operators=["log", "exp", *signed],
        timeout_in_seconds=max(1, round(seconds)),
        niterations=10**6,
        parallelism="serial",
        progress=False,
        verbosity=0,
        temp_equation_file=True,
    )
    model.fit(x, y)
    constants = len(NUMBER.findall(str(model.get_best()["equation"])))
    return {"pysr": PeerLaw(np.asarray(model.predict(beyond)), constants)}


def peer(regress: Regress, case: Case, seconds: float) -> dict[str, PeerScore]:
    """The laws of a package, one per group and target, by choice."""
    train, test = case.dataset.task.train, case.dataset.test
    assert test is not None
    unit = np.array(list(profile(train).unit.values()))
    wanted = test.target_matrix()
    predicted: dict[str, Array] = defaultdict(lambda: np.full(wanted.shape, np.nan))
    constants: dict[str, list[int]] = defaultdict(list)
    present = np.unique(test.codes)
    share, began = seconds / (len(present) * wanted.shape[1]), time.monotonic()
    for code in present:
        rows, beyond = _of(train, int(code)), _of(test, int(code))
        for k in range(wanted.shape[1]):
            y = train.target_matrix()[rows, k]
            laws = regress(train.matrix()[rows] / unit, y, test.matrix()[beyond] / unit, share)
            for name, law in laws.items():
                predicted[name][beyond, k] = law.predicted
                constants[name].append(law.constants)
    spent = time.monotonic() - began
    return {
        name: PeerScore(beyond_r2(values, case.dataset, whole=case.whole), float(np.mean(constants[name])), spent)
        for name, values in predicted.items()
    }


PEERS: dict[str, Regress] = {"operon": operon, "gplearn": gplearn, "pysr": pysr}
MODULES = {"operon": "pyoperon", "gplearn": "gplearn", "pysr": "pysr"}


def _of(table: Table, code: int) -> IntArray:
    return np.flatnonzero(table.codes == code)


def chosen_cases(options: argparse.Namespace) -> Iterator[Case]:
    """The tables that the options name."""
    wanted = {name for name in options.tables.split(",") if name}
    yield from cases([t for t in options.tasks.split(",") if t], options.data_dir, options.synthetic)
    if options.corpus is not None:
        yield from corpus(options.corpus, sorted(wanted), {}, options.outer)
    if options.r_tables:
        from benchmarks import r_tables

        yield from r_tables.cases(sorted(wanted))


def compared(case: Case, packages: Sequence[str], seconds: float) -> dict[str, PeerScore]:
    """What each package finds on one table; one that fails there counts as -1."""
    found: dict[str, PeerScore] = {}
    for package in packages:
        if package == "ours":
            found |= ours(case, seconds)
            continue
        try:
            found |= peer(PEERS[package], case, seconds)
        except (ValueError, RuntimeError, FloatingPointError, IndexError) as error:
            print(f"{package} failed on {case.name}: {error}", flush=True)
            found |= {package: PeerScore(CLIP, 0.0, 0.0)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--tasks", default=SLDBENCH)
    parser.add_argument("--corpus", type=Path, help="a folder of tables, as in benchmarks.corpus")
    parser.add_argument("--outer", type=int, default=0, help="cuts of the corpus's training rows")
    parser.add_argument("--r-tables", action="store_true", help="the tables of benchmarks.r_tables")
    parser.add_argument("--tables", default="", help="these of the corpus and of the R tables only")
    parser.add_argument("--synthetic", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--packages", default="ours,operon,gplearn,pysr")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    packages = [name for name in options.packages.split(",") if name == "ours" or _there(name)]
    table: dict[str, list[PeerScore]] = defaultdict(list)
    with threadpool_limits(1):
        for case in chosen_cases(options):
            for name, one in compared(case, packages, options.seconds).items():
                table[name].append(one)
                print(f"{case.name[:40]:42s}{name:18s}{one}", flush=True)
    print(f"\n{'':18s}{'mean R²':>9s}{'worst':>9s}{'exact':>7s}{'constants':>11s}{'seconds':>9s}{'tables':>8s}")
    for name, scores in table.items():
        r2s, many = [one.r2 for one in scores], [one.constants for one in scores]
        line = f"{name:18s}{np.mean(r2s):9.4f}{min(r2s):9.4f}{sum(one.exact for one in scores):7d}"
        print(f"{line}{np.mean(many):11.1f}{np.mean([one.seconds for one in scores]):9.0f}{len(scores):8d}")


def _there(package: str) -> bool:
    """Whether a package is installed; says so where it is not."""
    if package not in MODULES:
        raise SystemExit(f"There is no package {package!r}; the packages are ours, {', '.join(MODULES)}.")
    found = importlib.util.find_spec(MODULES[package]) is not None
    if not found:
        print(f"{package} is left out: {MODULES[package]} is not installed.")
    return found


if __name__ == "__main__":
    main()
