"""Archives: record, verify, inspect, replay, export."""

from lawsmith.runs.account import Account
from lawsmith.runs.archive import Archive, State
from lawsmith.runs.record import Manifest, RunResult, new_run_id

__all__ = ["Account", "Archive", "Manifest", "RunResult", "State", "new_run_id"]
