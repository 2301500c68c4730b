"""Tables as people have them, from beside the checkout: each is read right, or refused with the right sentence."""

import re
from pathlib import Path

import numpy as np
import pytest

from lawsmith.tasks import Dataset, InputError, read_dataset

READ = {
    # file: (target, features, group, weight column, rows)
    "06-growth": ("biomass", ("t",), None, None, 12),
    "07-decay-mjd": ("rate", ("MJD",), None, "rate_err", 40),
    "08-tiny-units": ("Q_C", ("cap_F", "t_s"), None, None, 36),
    "08b-si-metres": ("loss_dB", ("wavelength_m", "gap_m"), None, None, 50),
    "08b-si-microns": ("loss_dB", ("wavelength_um", "gap_um"), None, None, 50),
    "09-dose-response": ("response", ("dose (µM)",), "compound", None, 84),
    "11a-comments-bom": ("loss", ("N",), None, None, 13),
    "11b-units-row": ("loss", ("N",), None, None, 13),
    "11d-trailing-comma-header-too": ("loss", ("N",), None, None, 13),
    "11g-footer": ("loss", ("N",), None, None, 13),
    "12a-decimal-comma": ("loss", ("N",), None, None, 13),
    "12d-scientific-comma": ("loss", ("N",), None, None, 13),
    "13d-one-suffix-column": ("loss", ("params", "tokens"), None, None, 30),
    "14-sigma-outliers": ("y", ("x",), None, "y_sigma", 40),
    "15-exp-40-decades": ("y", ("x",), None, None, 60),
    "16d-years": ("flops", ("year",), None, None, 27),
    "17-booleans-codes": ("err", ("width", "tied", "act"), None, None, 72),
    "18-many-curves": ("M", ("theta", "phi", "field"), None, None, 96),
    "20-companion-outcomes": ("loss", ("N", "D"), None, None, 30),
    "21-four-points": ("T_C", ("R_ohm",), None, None, 4),
    "22-transistor": ("ids", ("vg", "vd"), None, None, 110),
    "25-rounded-replicates": ("signal", ("dose",), None, None, 28),
    "28-comment-column": ("loss", ("N",), None, None, 24),
    "29-names-of-constants": ("L", ("A", "a"), None, None, 40),
}
REFUSED = {
    "11f-no-header": ("loss", "has no header: its first line (1000000 and 3.8019) holds only numbers."),
    "11h-duplicate-names": ("loss", "names the column 'loss' twice; every column needs its own name."),
    "12b-thousand-points": (
        "loss",
        "'12.000' in column 'N' is 12 if the point marks decimals, and 12000 if it marks thousands; say which with "
        "decimal '.' or thousands '.'.",
    ),
    "26-constant-target": ("y", "the target 'y' is 3 in every row, but it must vary."),
    "27-three-rows": ("y", "holds 3 rows; lawsmith needs at least 4 to fit and check a law."),
}


def read(cases: Path, name: str, target: str, **options: object) -> Dataset:
    truth = cases / f"{name}-truth.csv"
    test = truth if truth.exists() and not name.startswith("16d") else None
    return read_dataset(cases / f"{name}.csv", [target], test=test, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", READ)
def test_roles_weights_and_rows(name: str, cases: Path):
    target, features, group, weight, rows = READ[name]
    data = read(cases, name, target)
    schema, train = data.task.schema, data.task.train
    assert schema.decided is not None
    found = None if schema.decided.weight is None else schema.decided.weight.column
    assert (schema.features, schema.group, found, len(train)) == (features, group, weight, rows)
    assert (train.weight is not None) == (weight is not None)
    assert all(one.reason for one in data.roles)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_cause(name: str, cases: Path):
    target, message = REFUSED[name]
    with pytest.raises(InputError, match=re.escape(message)):
        read(cases, name, target)


def test_every_case_is_covered(cases: Path):
    files = {path.stem for path in cases.glob("*.csv") if not path.stem.endswith("-truth")}
    assert files == set(READ) | set(REFUSED)


def test_the_same_numbers_in_every_notation(cases: Path):
    plain = read(cases, "11d-trailing-comma-header-too", "loss").task.train
    for name in ("11a-comments-bom", "11b-units-row", "11g-footer", "12a-decimal-comma"):
        assert read(cases, name, "loss").task.train.digest() == plain.digest()
    exponents = read(cases, "12d-scientific-comma", "loss").task.train
    assert np.allclose(exponents.targets["loss"], plain.targets["loss"])
    assert np.allclose(exponents.features["N"], plain.features["N"], rtol=1e-3)


def test_points_of_thousands_are_read_as_said(cases: Path):
    thousands = read(cases, "12b-thousand-points", "loss", thousands=".").task.train
    decimals = read(cases, "12b-thousand-points", "loss", decimal=".").task.train
    assert thousands.features["N"][:3].tolist() == [12_000, 25_000, 40_000]
    assert decimals.features["N"][:3].tolist() == [12, 25, 40]
    assert thousands.targets["loss"][0] == decimals.targets["loss"][0] == 3.4774


def test_suffixes_units_weights_labels_and_levels(cases: Path):
    suffixes = read(cases, "13d-one-suffix-column", "loss")
    assert suffixes.task.train.features["params"].min() == 70e6
    assert "params: lawsmith read text as numbers ('70M' is 7e+07)." in suffixes.notices
    units = read(cases, "11b-units-row", "loss").task.schema.columns
    assert (units["N"].unit, units["loss"].unit) == ("params", "nats")
    weight = read(cases, "14-sigma-outliers", "y").task.train.weight
    assert weight is not None
    assert weight.min() / weight.max() < 1e-4  # the two spoiled rows have an error of 3, the others of about 0.03
    assert read(cases, "09-dose-response", "response").task.train.groups[2:] == ("NA", "None")
    schema = read(cases, "17-booleans-codes", "err").task.schema
    assert schema.columns["tied"].levels == ("False", "True")
    assert schema.columns["act"].levels == ("0", "1", "2")


def test_what_is_left_out_is_said(cases: Path):
    companions = read(cases, "20-companion-outcomes", "loss")
    assert companions.notices[0].startswith("lawsmith left out train_loss and perplexity, other outcomes of")
    roles = {one.name: one.reason for one in read(cases, "18-many-curves", "M").roles}
    assert roles["curve"] == "says the same as theta and phi"
    replicates = read(cases, "25-rounded-replicates", "signal")
    assert replicates.notices == (
        "14 training rows repeat others exactly; lawsmith keeps such rows as repeated measurements.",
    )
