"""Archives: record, verify, inspect, replay, export."""

from runs.account import Account
from runs.archive import Archive, State
from runs.closing import LawFailed, close_law, score_law
from runs.finding import Listing, addresses, find_archive, list_archives
from runs.formula import Formula, formula
from runs.law import render_law
from runs.record import DataRecord, FinalScores, Manifest, Result, SplitScores, new_run_id
from runs.replay import ReplayReport, replay
from runs.verify import Problem

__all__ = [
    "Account",
    "Archive",
    "DataRecord",
    "FinalScores",
    "Formula",
    "LawFailed",
    "Listing",
    "Manifest",
    "Problem",
    "ReplayReport",
    "Result",
    "SplitScores",
    "State",
    "addresses",
    "close_law",
    "find_archive",
    "formula",
    "list_archives",
    "new_run_id",
    "render_law",
    "replay",
    "score_law",
]
