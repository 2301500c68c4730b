"""Archives: record, verify, inspect, replay, export."""

from runs.archive import Archive, State
from runs.closing import LawFailed, close_law, score_law
from runs.formula import Formula, formula
from runs.law import render_law
from runs.record import DataRecord, FinalScores, Manifest, Result, SplitScores, new_run_id
from runs.replay import ReplayReport, replay
from runs.verify import Problem

__all__ = [
    "Archive",
    "DataRecord",
    "FinalScores",
    "Formula",
    "LawFailed",
    "Manifest",
    "Problem",
    "ReplayReport",
    "Result",
    "SplitScores",
    "State",
    "close_law",
    "formula",
    "new_run_id",
    "render_law",
    "replay",
    "score_law",
]
