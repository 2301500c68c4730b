"""What is to be explained: schemas, data sources, splits, folds and metrics."""

from tasks.arrays import Array, IntArray
from tasks.catalog import names, schema
from tasks.errors import InputError
from tasks.metrics import Scores, nmae, nmse, r2, scores
from tasks.schema import SINGLE_GROUP, Anchor, Column, Schema
from tasks.sources import load
from tasks.table import Table
from tasks.task import Dataset, Provenance, Task

__all__ = [
    "SINGLE_GROUP",
    "Anchor",
    "Array",
    "Column",
    "Dataset",
    "InputError",
    "IntArray",
    "Provenance",
    "Schema",
    "Scores",
    "Table",
    "Task",
    "load",
    "names",
    "nmae",
    "nmse",
    "r2",
    "schema",
    "scores",
]
