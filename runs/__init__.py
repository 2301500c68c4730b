"""Archives: record, verify, inspect, replay, export."""

from lawsmith.runs.records.account import Account
from lawsmith.runs.records.archive import Archive, State
from lawsmith.runs.records.record import Manifest, RunResult, new_run_id

__all__ = ["Account", "Archive", "Manifest", "RunResult", "State", "new_run_id"]
