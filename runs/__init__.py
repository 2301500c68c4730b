"""Archives: record, verify, inspect, replay, export."""

from runs.archive import Archive, State
from runs.record import DataRecord, FinalScores, Manifest, Result, SplitScores, new_run_id
from runs.verify import Problem

__all__ = [
    "Archive",
    "DataRecord",
    "FinalScores",
    "Manifest",
    "Problem",
    "Result",
    "SplitScores",
    "State",
    "new_run_id",
]
