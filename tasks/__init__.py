"""What is to be explained: schemas, data sources, splits, folds and metrics."""

from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.catalog import names, schema
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.sources import load
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Dataset, Provenance, Task
from lawsmith.tasks.user_table import read_dataset, read_own_table

__all__ = [
    "Array",
    "Dataset",
    "InputError",
    "IntArray",
    "Provenance",
    "Schema",
    "Table",
    "Task",
    "load",
    "names",
    "read_dataset",
    "read_own_table",
    "schema",
]
