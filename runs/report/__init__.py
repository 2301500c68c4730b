"""Pages about runs: one self-contained HTML report of a run, a leaderboard site of many, and a local server."""

from lawsmith.runs.report.page import report_page, write_report
from lawsmith.runs.report.serve import serve
from lawsmith.runs.report.site import write_site

__all__ = ["report_page", "serve", "write_report", "write_site"]
