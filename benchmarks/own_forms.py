"""Formulas that people type into `--form`: how many fits reach the optimum, on all rows and on the rows of folds.

A fit misses where its squared error is above 1.02 times that of the true constants, and above 1e-5 of the variance.

python -m benchmarks.own_forms
"""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from lawsmith.sandbox.contract import own_form
from lawsmith.sandbox.evaluate import stacked
from lawsmith.sandbox.fitting import fit_form
from lawsmith.sandbox.law.own_form import own_candidate
from lawsmith.sandbox.returned import Spec
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table


def _grid(*axes: Array) -> list[Array]:
    return [axis.ravel() for axis in np.meshgrid(*axes)]


_N, _D = _grid(np.geomspace(1e7, 3e9, 6), np.geomspace(2e9, 1e11, 5))
_BATCH, _STEPS = _grid(np.geomspace(16, 4096, 6), np.geomspace(300, 1e5, 6))
_CONC, _WARM = _grid(np.geomspace(0.1, 10, 6), np.linspace(290, 350, 5))
X: Mapping[str, Array] = {
    "C": np.geomspace(1e17, 1e22, 24),
    "S": np.geomspace(100, 1e5, 30),
    "t": np.linspace(0.2, 20, 30),
    "x": np.geomspace(0.05, 80, 30),
    "T": np.linspace(280, 400, 25),
    "year": np.linspace(1950, 2020, 36),
}
ND, OPTIMISER, WARM = {"N": _N, "D": _D}, {"batch": _BATCH, "S": _STEPS}, {"conc": _CONC, "T": _WARM}
KAPLAN = "((Nc/N)**(aN/aD) + Dc/D)**aD"
FORMS: tuple[tuple[str, Mapping[str, Array], dict[str, float]], ...] = (
    ("E + A/N**a + B/D**b", ND, {"E": 1.69, "A": 406, "a": 0.34, "B": 410, "b": 0.28}),
    (KAPLAN, ND, {"Nc": 8.8e13, "aN": 0.076, "aD": 0.095, "Dc": 5.4e13}),
    (KAPLAN, ND, {"Nc": 2e9, "aN": 0.3, "aD": 0.5, "Dc": 5e10}),
    (f"E + {KAPLAN}", ND, {"E": 1.5, "Nc": 2e9, "aN": 0.3, "aD": 0.5, "Dc": 5e10}),
    ("E + (A/N**a + B/D**b)**g", ND, {"E": 1.2, "A": 300, "a": 0.4, "B": 900, "b": 0.4, "g": 0.8}),
    ("(Nc/N)**a + (Dc/D)**b", ND, {"Nc": 8.8e13, "a": 0.076, "Dc": 2.1e8, "b": 0.76}),
    ("1/(1 + exp(-(a + b*log(N) + c*log(D))))", ND, {"a": -14, "b": 0.35, "c": 0.33}),
    ("(Nc/N)**a", {"N": _N}, {"Nc": 8.8e13, "a": 0.076}),
    ("E + (Cc/C)**a", {"C": X["C"]}, {"E": 1.5, "Cc": 3e20, "a": 0.12}),
    ("E + A*exp(-(S/s0)**b)", {"S": X["S"]}, {"E": 2, "A": 3, "s0": 4e3, "b": 0.5}),
    ("E + A*(1 + S/s0)**(-a)", {"S": X["S"]}, {"E": 1.8, "A": 5, "s0": 900, "a": 0.6}),
    ("E + A/S**a + B*exp(-S/tau)", {"S": X["S"]}, {"E": 1.8, "A": 20, "a": 0.35, "B": 1.5, "tau": 2000}),
    (
        "A*(1 + (S/sb)**(1/f))**(-c*f)*S**(-b) + E",
        {"S": X["S"]},
        {"A": 6, "sb": 5000, "f": 0.4, "c": 0.5, "b": 0.1, "E": 1},
    ),
    ("Smin/S**a*(1 + Bc/batch)**b + E", OPTIMISER, {"Smin": 30, "a": 0.5, "Bc": 500, "b": 0.6, "E": 1.2}),
    ("S0/(1 + Bc/batch)", {"batch": _BATCH}, {"S0": 9e3, "Bc": 300}),
    ("Vmax*x**n/(K**n + x**n)", {"x": X["x"]}, {"Vmax": 40, "n": 2.3, "K": 4}),
    ("a + (b - a)/(1 + (x/c)**d)", {"x": X["x"]}, {"a": 2, "b": 90, "c": 3, "d": 1.7}),
    ("a*x/(1 + b*x + c*x**2)", {"x": X["x"]}, {"a": 9, "b": 0.2, "c": 0.05}),
    ("K/(1 + exp(-r*(t - t0)))", {"t": X["t"]}, {"K": 90, "r": 0.8, "t0": 8}),
    ("K*exp(-exp(-r*(t - t0)))", {"t": X["t"]}, {"K": 90, "r": 0.5, "t0": 7}),
    ("A*exp(-k1*t) + B*exp(-k2*t)", {"t": X["t"]}, {"A": 60, "k1": 1.1, "B": 30, "k2": 0.12}),
    ("A*(exp(-k1*t) - exp(-k2*t))", {"t": X["t"]}, {"A": 30, "k1": 0.15, "k2": 1.3}),
    ("A*exp(-((t - m)/s)**2) + c", {"t": X["t"]}, {"A": 14, "m": 11, "s": 2.5, "c": 1}),
    ("A*sin(w*t + p)*exp(-t/tau)", {"t": X["t"]}, {"A": 5, "w": 2.1, "p": 0.4, "tau": 7}),
    ("L*(1 - exp(-k*(t - t0)))", {"t": X["t"]}, {"L": 55, "k": 0.22, "t0": -1.2}),
    ("A*exp(-Ea/(8.314*T))", {"T": X["T"]}, {"A": 3e9, "Ea": 52000}),
    ("A*conc**n*exp(-Ea/(8.314*T))", WARM, {"A": 2e6, "n": 1.4, "Ea": 41000}),
    ("10**(A - B/(C + T))", {"T": X["T"]}, {"A": 5.1, "B": 1700, "C": -38}),
    ("P0*exp(r*(year - y0))", {"year": X["year"]}, {"P0": 2.5, "r": 0.018, "y0": 1950}),
)
SEEDS, NOISES = range(2), (0.0, 0.02)


def value(form: str, x: Mapping[str, Any], constants: Mapping[str, Any]) -> Array:
    """The formula (n,) at features (n,) each, with these constants."""
    functions = {"exp": np.exp, "log": np.log, "sin": np.sin, "__builtins__": {}}
    with np.errstate(all="ignore"):
        return np.asarray(eval(form, functions, {**x, **constants}))


def main() -> None:
    """Fits every form with and without errors, and prints how many fits missed the optimum."""
    missed, fits, began = Counter[str](), 0, time.perf_counter()
    for form, x, truth in FORMS:
        schema = Schema(name="t", long_name="t", title="t", features=tuple(x), targets=("y",), group=None)
        clean = value(form, x, truth)
        for noise in NOISES:
            for seed in SEEDS:
                y = clean + noise * clean.std() * np.random.default_rng(seed).standard_normal(len(clean))
                whole = Table(dict(x), {"y": y}, ("all",), np.zeros(len(y), dtype=np.intp))
                parts = frontier_folds(whole)
                source = own_candidate(form, schema, whole)
                for table, families in ((whole, 1), (stacked(whole, parts)[0], len(parts))):
                    spec = Spec(tuple(x), ("y",), table.groups, None, 9, seed)
                    found = fit_form(own_form(source, spec), table, ["y"], seed=seed, families=families)
                    for code, constants in enumerate(found.values):
                        rows = table.codes == code
                        at = {name: column[rows] for name, column in table.features.items()}
                        measured, best = table.targets["y"][rows], value(form, at, truth)
                        fitted = value(form, at, dict(zip(found.names, constants, strict=True)))
                        least = max(1.02 * ((measured - best) ** 2).sum(), 1e-5 * len(measured) * measured.var())
                        fits += 1
                        missed[form] += not ((measured - fitted) ** 2).sum() <= least
    for form, count in missed.most_common():
        if count:
            print(f"{count:4d} missed: {form}")
    print(f"{missed.total()} of {fits} fits missed the optimum ({time.perf_counter() - began:.0f} s)")


if __name__ == "__main__":
    main()
