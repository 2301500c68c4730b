"""The constants of a law with their covariance: a table, numbers of the package ``uncertainties``, or a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lawsmith.runs.intervals.predict import covariance
from lawsmith.runs.laws.archived_law import ArchivedLaw
from lawsmith.runs.laws.law_rows import known_group
from lawsmith.runs.quoting import docstring, visible
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Array, InputError
from lawsmith.tasks.errors import require

if TYPE_CHECKING:
    import pandas as pd
    from uncertainties import UFloat


@dataclass(frozen=True, eq=False)
class Covariances:
    """names: of the constants; matrices: group -> (P, P) in that order, for the groups that could be refitted."""

    names: tuple[str, ...]
    matrices: Mapping[str, Array]


def covariances(law: ArchivedLaw, data_dir: Path | None = None) -> Covariances:
    """Measured by refits the first time, then read from the archive; InputError where that cannot be done."""
    with Sandbox() as sandbox:
        known = law.uncertainty(sandbox, data_dir)
    found = {group: covariance(known, group) for group in law.constants}
    return Covariances(known.members[0].names, {g: matrix for g, matrix in found.items() if matrix is not None})


def covariance_frame(law: ArchivedLaw, group: str | None = None, data_dir: Path | None = None) -> pd.DataFrame:
    """Covariance of the constants of a group (by default the first), rows and columns named as the constants.

    It comes from refits of the law to rows drawn anew; see `lawsmith.runs.intervals.covariance`. Raises InputError for
    an unknown group and where nothing was, or can be, measured.
    """
    import pandas as pd

    name = known_group(law.groups[0] if group is None else group, law.groups)
    found = covariances(law, data_dir)
    if name not in found.matrices:
        raise InputError(f"The law could not be refitted in group {name!r}, so there is no covariance.")
    return pd.DataFrame(found.matrices[name], index=list(found.names), columns=list(found.names))


def uncertain_constants(law: ArchivedLaw, group: str | None = None, data_dir: Path | None = None) -> dict[str, UFloat]:
    """The constants of a group as correlated numbers of the package ``uncertainties`` (lawsmith[uncertainties]). Raises
    InputError as `covariance_frame`, and without the package."""
    require("uncertainties", "uncertainties", "law.uncertain_constants()")
    from uncertainties import correlated_values

    found = covariance_frame(law, group, data_dir)
    names = [str(name) for name in found.index]
    values = law.constants[law.groups[0] if group is None else group]
    return dict(zip(names, correlated_values([values[name] for name in names], found.to_numpy()), strict=True))


def uncertainties_script(law: ArchivedLaw, heading: Mapping[str, object]) -> str:
    """A script that defines `constants`: group -> name -> number of the package ``uncertainties``."""
    found = covariances(law)
    told = "\n".join([visible(law.expression), "", *(visible(f"{key}: {said}") for key, said in heading.items())])
    rows = []
    for group, matrix in found.matrices.items():
        values = {name: law.constants[group][name] for name in found.names}
        rows.append(f"    {group!a}: correlated({values!a}, {matrix.tolist()!a}),\n")
    return f"{docstring(told)}\n\n{_HEAD}constants = {{\n{''.join(rows)}}}\n"


_HEAD = """from uncertainties import correlated_values


def correlated(values, covariance):
    return dict(zip(values, correlated_values(list(values.values()), covariance)))


"""
