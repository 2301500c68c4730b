"""What is to be explained: schemas, data sources, splits, folds and metrics."""

from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.catalog import names, schema
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.folds import Fold, frontier_folds
from lawsmith.tasks.knowledge import Expectation, Knowledge
from lawsmith.tasks.metrics import Scores, nmae, nmse, r2, scores
from lawsmith.tasks.schema import SINGLE_GROUP, Anchor, Column, ColumnRole, Schema
from lawsmith.tasks.sources import load, whereabouts
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Dataset, Provenance, Task, thinned
from lawsmith.tasks.user_table import read_dataset, read_decided

__all__ = [
    "SINGLE_GROUP",
    "Anchor",
    "Array",
    "Column",
    "ColumnRole",
    "Dataset",
    "Expectation",
    "Fold",
    "InputError",
    "IntArray",
    "Knowledge",
    "Provenance",
    "Schema",
    "Scores",
    "Table",
    "Task",
    "frontier_folds",
    "load",
    "names",
    "nmae",
    "nmse",
    "r2",
    "read_dataset",
    "read_decided",
    "schema",
    "scores",
    "thinned",
    "whereabouts",
]
