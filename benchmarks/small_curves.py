"""More tables of few rows: growth curves, rises to a limit, enzymes, doses and transistors, beside `small_kinds`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.small_kinds import Columns, SmallTable, made_table, written


def _gompertz(x: Columns, top: float, middle: float, rate: float) -> Any:
    return top * np.exp(-np.exp(-rate * (x["day"] - middle)))


def gompertz_growth(rng: np.random.Generator) -> SmallTable:
    """Growth that starts fast and ends slowly; 75 to 95 % of the upper level are seen."""
    rows, top, rate = int(rng.integers(7, 16)), 10 ** rng.uniform(1, 3.5), rng.uniform(0.2, 0.6)
    middle = np.log(-np.log(rng.uniform(0.01, 0.06))) / rate
    last = middle - np.log(-np.log(rng.uniform(0.75, 0.95))) / rate
    inside = {"day": np.round(np.linspace(0, last, rows), 2)}
    beyond = {"day": np.linspace(1.1 * last, 1.6 * last, 8)}
    noise = float(rng.choice([0.003, 0.01, 0.02]))
    return made_table(rng, "Gompertz growth", "size", inside, beyond, _gompertz, (top, middle, rate), noise, digits=4)


def _richards(x: Columns, top: float, middle: float, rate: float, bend: float) -> Any:
    return top * (1 + np.exp(-rate * (x["hour"] - middle))) ** -bend


def richards_growth(rng: np.random.Generator) -> SmallTable:
    """Growth that bends more at its start, or at its end; 80 to 97 % of the upper level are seen."""
    rows, top, rate = int(rng.integers(9, 20)), 10 ** rng.uniform(0, 4), rng.uniform(0.3, 0.8)
    bend, middle = float(rng.choice([0.5, 2.0, 4.0])), rng.uniform(3, 6) / rate
    last = middle - np.log(rng.uniform(0.8, 0.97) ** (-1 / bend) - 1) / rate
    inside = {"hour": np.round(np.linspace(0, last, rows), 2)}
    beyond = {"hour": np.linspace(1.1 * last, 1.6 * last, 8)}
    constants, noise = (top, middle, rate, bend), float(rng.choice([0.003, 0.01]))
    return made_table(rng, "Richards growth", "od", inside, beyond, _richards, constants, noise, digits=4)


def _rise(x: Columns, top: float, time: float) -> Any:
    return top * (1 - np.exp(-x["time_min"] / time))


def rise(rng: np.random.Generator) -> SmallTable:
    """A rise from zero to a maximum, seen for one and a half to two and a half of its times."""
    rows, top, time = int(rng.integers(6, 14)), 10 ** rng.uniform(-1, 3), 10 ** rng.uniform(-1, 2)
    last = time * rng.uniform(1.5, 2.5)
    inside = {"time_min": written(np.linspace(last / rows, last, rows), 3)}
    beyond = {"time_min": np.linspace(1.1 * last, 2 * last, 8)}
    noise = float(rng.choice([0.003, 0.01, 0.02]))
    return made_table(rng, "rise to a maximum", "signal", inside, beyond, _rise, (top, time), noise, digits=4)


def _enzyme(x: Columns, most: float, half: float) -> Any:
    return most * x["S_mM"] / (half + x["S_mM"])


def michaelis(rng: np.random.Generator) -> SmallTable:
    """An enzyme's rate over six to twelve concentrations, up to two to five times its half-way point."""
    rows, most, half = int(rng.integers(6, 13)), 10 ** rng.uniform(0, 2.5), 10 ** rng.uniform(-2, 1)
    amounts = half * 10 ** np.linspace(-1, rng.uniform(0.3, 0.7), rows)
    inside, beyond = {"S_mM": written(amounts, 3)}, {"S_mM": amounts[-1] * np.linspace(1.3, 4, 8)}
    noise = float(rng.choice([0.005, 0.02, 0.05]))
    return made_table(rng, "Michaelis and Menten", "rate_uM", inside, beyond, _enzyme, (most, half), noise, digits=4)


def _two_states(x: Columns, one: float, two: float, half: float) -> Any:
    most = np.where(np.asarray(x["state"]) == "treated", one, two)
    return most * np.asarray(x["conc"]) / (half + np.asarray(x["conc"]))


def enzyme_of_two_states(rng: np.random.Generator) -> SmallTable:
    """The same for two states with a rate of their own, measured twice: few rows of two groups."""
    amounts = np.array([0.02, 0.06, 0.11, 0.22, 0.56, 1.1]) * 10 ** rng.uniform(-1, 2)
    most = 10 ** rng.uniform(1, 2.5)
    constants = (most, most * rng.uniform(0.5, 0.9), float(np.median(amounts)) * rng.uniform(0.3, 1.2))
    names = ("treated", "untreated")
    inside = {"conc": written(np.tile(np.repeat(amounts, 2), 2), 3), "state": np.repeat(names, 12)}
    far = amounts[-1] * np.array([1.5, 2, 4.0])
    beyond = {"conc": np.tile(far, 2), "state": np.repeat(names, 3)}
    noise = float(rng.choice([0.01, 0.03, 0.05]))
    return made_table(rng, "enzyme of two states", "rate", inside, beyond, _two_states, constants, noise, digits=4)


def _response(x: Columns, low: float, high: float, half: float, steep: float) -> Any:
    dose = np.asarray(x["conc_uM"]) ** steep
    return low + (high - low) * dose / (half**steep + dose)


def response(rng: np.random.Generator) -> SmallTable:
    """One curve of a dose with a control of dose zero, each measured one to three times."""
    doses = np.r_[0, 10 ** np.linspace(-2, 1, int(rng.integers(6, 9)))] * 10 ** rng.uniform(-1, 3)
    doses = np.repeat(doses, int(rng.integers(1, 4)))
    high = 10 ** rng.uniform(-1, 3)
    constants = (
        high * rng.uniform(0, 0.1), high, doses[-1] * 10 ** rng.uniform(-1.2, -0.4), rng.uniform(0.7, 2.5),
    )  # fmt: skip
    beyond = {"conc_uM": doses[-1] * np.array([1.5, 2, 3, 5, 10])}
    noise = float(rng.choice([0.005, 0.01, 0.03]))
    inside = {"conc_uM": written(doses, 3)}
    return made_table(rng, "response to a dose", "response", inside, beyond, _response, constants, noise, digits=4)


def _transistor(x: Columns, gain: float, start: float, ratio: float, power: float, slope: float) -> Any:
    limit = ratio * np.maximum(np.asarray(x["vgs"]) - start, 0) ** power
    drain = np.asarray(x["vds"])
    opened = np.minimum(drain, limit)
    return gain * opened * (2 * limit - opened) * (1 + slope * drain)


def transistor(rng: np.random.Generator) -> SmallTable:
    """Currents below the threshold, in the linear and in the saturated region: square law, or alpha-power law."""
    gates = np.round(np.arange(0, 1.01, 0.1), 2)
    drains = np.round(np.r_[0.05, np.arange(0.15, 0.9, float(rng.choice([0.1, 0.15])))], 2)
    mesh, far = (np.meshgrid(*ends, indexing="ij") for ends in ((gates, drains), ([1.1, 1.2, 1.3], [0.4, 0.8, 1.2])))
    inside = {"vgs": mesh[0].ravel(), "vds": mesh[1].ravel()}
    beyond = {"vgs": far[0].ravel(), "vds": far[1].ravel()}
    square = bool(rng.random() < 0.5)
    shape = (1.0, 1.0) if square else (rng.uniform(0.5, 1.0), rng.uniform(0.6, 0.9))
    constants = (10 ** rng.uniform(-5, -2), rng.uniform(0.2, 0.45), *shape, rng.uniform(0.02, 0.12))
    return made_table(rng, "transistor", "id", inside, beyond, _transistor, constants, 0.002)


SCALED: tuple[Callable[..., Any], ...] = (
    lambda u, a: np.exp(-np.exp(-a * (u - 1 / a))),  # growth
    lambda u, a: u**a / (1 + u**a),  # binding
    lambda u, a: u / (1 + u + 0.1 * u**2) + 0 * a,  # an enzyme that too much of its substrate inhibits
    lambda u, a: np.exp(-u / (1 + a)) - np.exp(-u * (1 + a)),  # a drug in blood
    lambda u, a: np.exp(-(u ** (a / 2))),  # relaxation
    lambda u, a: 1 / (1 + u) + 0 * a,  # quenching
)


def scaled_curve(rng: np.random.Generator, shape: Callable[..., Any]) -> SmallTable:
    """A curve of one feature whose size goes as a power of another, on a grid; 1 to 5 % of each value is noise."""
    times, sizes = np.geomspace(0.2, 4, int(rng.integers(5, 9))), written(np.geomspace(1, rng.uniform(4, 40), 4), 2)
    unit, steep = 10 ** rng.uniform(-1, 2), float(rng.choice([1.5, 2.0, 2.5]))
    constants = (10 ** rng.uniform(-2, 3), unit, steep, rng.uniform(0.3, 1.3))
    t, s = (mesh.ravel() for mesh in np.meshgrid(written(times * unit, 3), sizes))
    far, far_sizes = (mesh.ravel() for mesh in np.meshgrid(np.array([5.0, 7.0]) * unit, sizes))

    def law(x: Columns, top: float, scale: float, bend: float, power: float) -> Any:
        return top * x["size"] ** power * shape(x["t"] / scale, bend)

    noise, inside, beyond = float(rng.choice([0.01, 0.02, 0.05])), {"t": t, "size": s}, {"t": far, "size": far_sizes}
    return made_table(
        rng, "curve scaled by a size", "y", inside, beyond, law, constants, noise, relative=True, digits=4
    )


def _from_zero(x: Columns, level: float, size: float, exponent: float, gain: float, half: float) -> Any:
    return level + size * x["params"] ** -exponent - gain * np.log1p(x["shots"] / half)


def amounts_from_zero(rng: np.random.Generator) -> SmallTable:
    """Loss of parameters, and of examples in the prompt: none, 1, 2, 4 … 0.3 % noise."""
    shots, params = (
        mesh.ravel() for mesh in np.meshgrid([0, 1, 2, 4, 8, 16.0], written(np.geomspace(1e8, 1e10, 4), 2))
    )
    far, far_params = (mesh.ravel() for mesh in np.meshgrid([32.0, 64.0], np.unique(params)))
    constants = (
        rng.uniform(1, 2),
        rng.uniform(20, 60),
        rng.uniform(0.15, 0.25),
        rng.uniform(0.04, 0.1),
        rng.uniform(0.5, 4),
    )
    inside, beyond = {"params": params, "shots": shots}, {"params": far_params, "shots": far}
    return made_table(
        rng, "amounts from zero", "loss", inside, beyond, _from_zero, constants, 0.003, relative=True, digits=5
    )


def _with_product(x: Columns, level: float, one: float, two: float, both: float) -> Any:
    return level + one * x["prompt"] + two * x["output"] + both * x["prompt"] * x["output"]


def amounts_and_product(rng: np.random.Generator) -> SmallTable:
    """Latency of a prompt and an output, which also act together, on a grid of 12 rows; 1 to 3 % of each is noise."""
    grids = [np.array([64, 256, 1024, 4096.0]), np.array([16, 64, 256.0])], [[8192.0, 16384.0], [256, 1024.0]]
    (prompt, output), (far_prompt, far_output) = (
        [mesh.ravel() for mesh in np.meshgrid(*grid, indexing="ij")] for grid in grids
    )
    constants = tuple(10 ** rng.uniform(a, a + 0.7) for a in (-2, -4.6, -2, -6.5))
    inside, beyond = {"prompt": prompt, "output": output}, {"prompt": far_prompt, "output": far_output}
    noise = float(rng.choice([0.01, 0.02, 0.03]))
    return made_table(
        rng, "amounts and product", "latency_s", inside, beyond, _with_product, constants, noise, relative=True
    )


def _isotherm(x: Columns, top: float, half: float, steep: float) -> Any:
    return top * x["p_bar"] / (half * np.exp(steep * (1 - 293 / x["T_K"])) + x["p_bar"])


def isotherm(rng: np.random.Generator) -> SmallTable:
    """Adsorption of a gas at three temperatures (Langmuir 1918), seen far from and near its limit."""
    half = 10 ** rng.uniform(-0.5, 0.7)
    p, kelvin = (mesh.ravel() for mesh in np.meshgrid([0.1, 0.3, 1, 3, 10.0], [273, 293, 313.0]))
    far, far_kelvin = (mesh.ravel() for mesh in np.meshgrid([20, 40.0], [273, 293, 313, 333.0]))
    constants = (10 ** rng.uniform(0, 2), half, rng.uniform(6, 14))
    inside, beyond = {"p_bar": p, "T_K": kelvin}, {"p_bar": far, "T_K": far_kelvin}
    noise = float(rng.choice([0.01, 0.02]))
    return made_table(rng, "isotherm", "q", inside, beyond, _isotherm, constants, noise, relative=True, digits=4)


def _breaks(x: Columns, level: float, early: float, late: float, at: float, size: float) -> Any:
    broken = x["step"] ** -early * (1 + (x["step"] / at) ** 4) ** (-(late - early) / 4)
    return level + 4 * broken + size * x["width"] ** -0.5


def break_beside(rng: np.random.Generator) -> SmallTable:
    """A loss that falls faster after some step (Caballero et al., arXiv 2210.14891), of models of four widths."""
    step, width = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(100, 2e4, 12).round(), [64, 128, 256, 512.0]))
    later, wider = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(3e4, 2e5, 5).round(), [512, 1024.0]))
    inside, beyond = {"step": step, "width": width}, {"step": later, "width": wider}
    constants = rng.uniform(0.5, 1), rng.uniform(0.08, 0.12), rng.uniform(0.4, 0.5), 10 ** rng.uniform(3, 3.5), 5.0
    noise = float(rng.choice([0.003, 0.005]))
    return made_table(rng, "break beside", "loss", inside, beyond, _breaks, constants, noise, relative=True, digits=4)


SIMILAR: tuple[Callable[[Any], Any], ...] = (
    lambda u: u**1.5 / (1 + u**1.5),
    lambda u: np.exp(-(u**0.6)),
    lambda u: 1 - np.exp(-u),
    lambda u: (1 + u) ** -0.8,
)


def both_axes(rng: np.random.Generator) -> SmallTable:
    """Curves of all sizes that fall on one (Fisher and Barber 1972): size scales them along both axes."""
    curve = SIMILAR[int(rng.integers(len(SIMILAR)))]

    def law(x: Columns, level: float, height: float, a: float, b: float) -> Any:
        return level + height * x["size"] ** a * curve(x["time"] / x["size"] ** b)

    time, size = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(0.05, 12, 10).round(3), [1, 2, 4, 8.0]))
    later, larger = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(15, 60, 4).round(2), [8, 16, 32.0]))
    inside, beyond = {"time": time, "size": size}, {"time": later, "size": larger}
    constants = rng.uniform(0.2, 0.5), 2.0, rng.uniform(0.2, 0.4), rng.uniform(0.4, 0.7)
    noise = float(rng.choice([0.01, 0.02]))
    return made_table(rng, "both axes", "y", inside, beyond, law, constants, noise, relative=True, digits=4)


def _projectile(x: Columns, gravity: float) -> Any:
    return x["speed"] ** 2 * np.sin(2 * np.radians(x["angle_deg"])) / gravity


def _malus(x: Columns, dark: float, bright: float) -> Any:
    return dark + bright * np.cos(np.radians(x["angle_deg"])) ** 2


def angle(rng: np.random.Generator) -> SmallTable:
    """The range of a projectile by speed and angle, or light through a polarizer up to 60 degrees."""
    noise = float(rng.choice([0.01, 0.02]))
    if rng.integers(2):
        grids = [np.linspace(5, 15, 4), np.arange(15, 61, 15.0)], [[20.0, 25.0], [10, 40, 70, 80.0]]
        near, far = ([mesh.ravel() for mesh in np.meshgrid(*grid)] for grid in grids)
        inside, beyond = ({"speed": v, "angle_deg": a} for v, a in (near, far))
        return made_table(
            rng, "angle", "range_m", inside, beyond, _projectile, (rng.uniform(9, 11),), noise, relative=True, digits=4
        )
    inside, beyond = {"angle_deg": np.arange(0, 61, 7.5)}, {"angle_deg": np.arange(65, 91, 5.0)}
    constants = rng.uniform(0.05, 0.3), 10 ** rng.uniform(0.5, 2)
    return made_table(rng, "angle", "intensity", inside, beyond, _malus, constants, noise, digits=4)


def _arrhenius(x: Columns, rate: float, energy: float) -> Any:
    return rate * np.exp(-energy * (1 / (x["temp_C"] + 273.15) - 1 / 298.15))


def degrees(rng: np.random.Generator) -> SmallTable:
    """A rate by Arrhenius' law from 8 temperatures in degrees Celsius; 3 or 5 % of each is noise."""
    inside, beyond = {"temp_C": np.linspace(10, 60, 8).round()}, {"temp_C": np.linspace(70, 110, 6)}
    constants, noise = (10 ** rng.uniform(-2, 1), rng.uniform(4500, 8500)), float(rng.choice([0.03, 0.05]))
    return made_table(rng, "degrees", "rate", inside, beyond, _arrhenius, constants, noise, relative=True, digits=4)


EITHER: tuple[tuple[Callable[..., Any], tuple[float, float]], ...] = (
    (lambda x, a, b: -a * x["v"] - b * x["v"] * np.abs(x["v"]), (1.0, 0.3)),  # drag
    (lambda x, a, b: a * np.sign(x["v"]) * np.abs(x["v"]) ** b, (2.0, 0.5)),  # flow through an orifice
    (lambda x, a, b: a * np.sinh(b * x["v"]), (1.0, 0.4)),  # an electrode
    (lambda x, a, b: a * np.tanh(b * x["v"]), (2.0, 0.15)),  # magnetisation
    (lambda x, a, b: a * x["v"] + b * np.sign(x["v"]), (0.4, 2.0)),  # friction
    (lambda x, a, b: a * np.expm1(b * x["v"]), (0.5, 0.3)),  # a diode
)


def either_sign(rng: np.random.Generator) -> SmallTable:
    """A law that passes through zero, from 12 to 16 rows on both sides of it."""
    law, typical = EITHER[int(rng.integers(len(EITHER)))]
    constants = tuple(one * rng.uniform(0.7, 1.4) for one in typical)
    v = np.linspace(-8, 8, int(rng.integers(12, 17))).round(2)
    noise = float(rng.choice([0.005, 0.01]))
    beyond = {"v": np.array([-14, -12, -10, 10, 12, 14.0])}
    return made_table(rng, "either sign", "y", {"v": v}, beyond, law, constants, noise, digits=4)


def _comfort(x: Columns, base: float, each: float, heating: float, below: float, cooling: float, above: float) -> Any:
    outdoor = x["outdoor_C"]
    needed = heating * np.maximum(below - outdoor, 0) + cooling * np.maximum(outdoor - above, 0)
    return base + each * x.get("people", 0.0) + needed


def comfort(rng: np.random.Generator) -> SmallTable:
    """Energy by outdoor temperature, for heating and for cooling, half the time by the people in the house as well."""
    rows, below = int(rng.integers(60, 150)), rng.uniform(12, 17)
    inside: dict[str, Any] = {"outdoor_C": np.round(rng.uniform(-12, 34, rows), 1)}
    beyond: dict[str, Any] = {"outdoor_C": np.array([-25.0, -20, -15, 36, 40, 44])}
    if rng.integers(2):
        inside["people"], beyond["people"] = rng.integers(10, 200, rows) * 1.0, np.array([20.0, 90, 250, 20, 90, 250])
    constants = rng.uniform(20, 60), rng.uniform(0.05, 0.3), rng.uniform(1, 3), below, rng.uniform(1, 4), below + 6
    return made_table(
        rng, "comfort", "kwh", inside, beyond, _comfort, constants, float(rng.choice([0.03, 0.08])), digits=4
    )


PERIODS = {"month": 12, "hour": 24, "week": 52}


def _seasons(x: Columns, base: float, slope: float, swing: float, top: float) -> Any:
    time, period = next((x[name], period) for name, period in PERIODS.items() if name in x)
    wave = swing * np.cos(2 * np.pi * (time - top * period) / period)
    return base + slope * x["insulation"] + wave if "insulation" in x else base * x["price"] ** slope * np.exp(wave)


def seasons(rng: np.random.Generator) -> SmallTable:
    """Heating by month and insulation, or sales by week or hour and price, over some years or days."""
    name, period = list(PERIODS.items())[int(rng.integers(len(PERIODS)))]
    time = np.tile(np.arange(1, period + 1), 120 // period + 1) - (name == "hour")
    other = "insulation" if rng.integers(2) else "price"
    inside = {name: time, other: np.round(rng.uniform(2, 10, len(time)), 1)}
    beyond = {name: np.array([1.0, 4, 7, 10, 2, 6]), other: np.array([1.0, 1.5, 14, 18, 20, 25])}
    typical = (400.0, -9.0, 160.0) if other == "insulation" else (900.0, -rng.uniform(0.6, 1.6), 0.4)
    constants = (*(one * rng.uniform(0.7, 1.4) for one in typical), rng.uniform(0, 1))
    return made_table(rng, "seasons", "amount", inside, beyond, _seasons, constants, 0.05, digits=4)


CURVES: dict[str, Callable[[np.random.Generator], SmallTable]] = {
    "Gompertz growth": gompertz_growth,
    "Richards growth": richards_growth,
    "rise to a maximum": rise,
    "Michaelis and Menten": michaelis,
    "enzyme of two states": enzyme_of_two_states,
    "response to a dose": response,
    "transistor": transistor,
    "curve scaled by a size": lambda rng: scaled_curve(rng, SCALED[int(rng.integers(len(SCALED)))]),
    "amounts from zero": amounts_from_zero,
    "amounts and product": amounts_and_product,
    "isotherm": isotherm,
    "break beside": break_beside,
    "both axes": both_axes,
    "angle": angle,
    "degrees": degrees,
    "either sign": either_sign,
    "comfort": comfort,
    "seasons": seasons,
}
