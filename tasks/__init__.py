"""What is to be explained: schemas, data sources, splits, folds and metrics."""

from tasks.arrays import Array, IntArray
from tasks.catalog import names, schema
from tasks.errors import InputError
from tasks.folds import Fold, frontier_folds
from tasks.metrics import Scores, nmae, nmse, r2, scores
from tasks.schema import SINGLE_GROUP, Anchor, Column, Schema
from tasks.sources import load, whereabouts
from tasks.table import Table
from tasks.task import Dataset, Provenance, Task
from tasks.thinning import thinned
from tasks.user_table import read_dataset

__all__ = [
    "SINGLE_GROUP",
    "Anchor",
    "Array",
    "Column",
    "Dataset",
    "Fold",
    "InputError",
    "IntArray",
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
    "schema",
    "scores",
    "thinned",
    "whereabouts",
]
