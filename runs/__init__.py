"""Archives: record, verify, inspect, replay, export."""

from lawsmith.runs.account import Account
from lawsmith.runs.archive import Archive, State
from lawsmith.runs.check import Problem
from lawsmith.runs.find import Listing, addresses, find_archive, list_archives
from lawsmith.runs.law import LawFailed, close_law, score_law
from lawsmith.runs.law_file import render_law
from lawsmith.runs.record import DataRecord, FinalScores, Manifest, RunResult, SplitScores, new_run_id
from lawsmith.runs.replay import ReplayReport, replay

__all__ = [
    "Account",
    "Archive",
    "DataRecord",
    "FinalScores",
    "LawFailed",
    "Listing",
    "Manifest",
    "Problem",
    "ReplayReport",
    "RunResult",
    "SplitScores",
    "State",
    "addresses",
    "close_law",
    "find_archive",
    "list_archives",
    "new_run_id",
    "render_law",
    "replay",
    "score_law",
]
