"""Measurements of the search, the sandbox and the rest; each module says what it measures and how to run it."""

from lawsmith.tasks import names

SLDBENCH = ",".join(name for name in names() if name != "nano")  # tasks that a `--data-dir` has; nano is shipped
