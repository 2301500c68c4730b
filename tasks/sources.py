"""Find the data of a benchmark task: a folder, the user cache, the hub, or a replica."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.catalog import schema as find_schema
from tasks.errors import InputError
from tasks.reading import SUFFIXES, read_frame
from tasks.schema import Schema
from tasks.task import Dataset, Provenance, Source, Task, content_digest
from tasks.validation import oddities, test_table, train_table

if TYPE_CHECKING:
    import pandas as pd

DATA_VARIABLE = "LAWSMITH_DATA"


def load(name: str, data_dir: Path | None = None) -> Dataset:
    """The benchmark task of that name with its rows.

    Looked up in `data_dir` (then nowhere else), the folder in ``LAWSMITH_DATA``, the user cache and
    the hub; `sft` and `lr_bsz` fall back to a replica, announced in the data set's notes.
    Raises InputError when nothing is found or what is found is not valid.
    """
    schema = find_schema(name)
    if data_dir is not None:
        return _from_folder(schema, data_dir)
    if os.environ.get(DATA_VARIABLE):
        return _from_folder(schema, Path(os.environ[DATA_VARIABLE]))
    raise InputError(f"No data for {schema.name}; give a folder with --data-dir.")


def _from_folder(schema: Schema, folder: Path) -> Dataset:
    found = find_split(schema, folder, "train")
    if found is None:
        raise InputError(f"{folder} has no {schema.long_name}/train-*.parquet and no train.csv.")
    test = find_split(schema, folder, "test")
    return assemble(schema, "file", found, read_frame(found), None if test is None else read_frame(test))


def find_split(schema: Schema, folder: Path, split: str) -> Path | None:
    """The file of a split below `folder`: its task folder first, then the folder itself."""
    for place in (folder / schema.long_name, folder / schema.name, folder):
        for suffix in SUFFIXES:
            for candidate in [place / f"{split}{suffix}", *sorted(place.glob(f"{split}-*{suffix}"))]:
                if candidate.is_file():
                    return candidate
    return None


def assemble(
    schema: Schema, source: Source, path: Path | None, train: "pd.DataFrame", test: "pd.DataFrame | None"
) -> Dataset:
    """Validate both splits and bind them to their provenance."""
    where = str(path) if path else f"the {schema.name} replica"
    table = train_table(train, schema, where)
    held_out = None if test is None else test_table(test, schema, f"the test split of {schema.name}", table)
    provenance = Provenance(source, content_digest(table, held_out), str(path) if path else None)
    return Dataset(Task(schema, table, provenance), held_out, oddities(table, held_out))
