"""Discovers laws: proposers, the search loop, the Python API and the `discover` command."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.api import Interrupted as Interrupted
    from agent.api import Law as Law
    from agent.api import Observer as Observer
    from agent.api import Result as Result
    from agent.api import Run as Run
    from agent.api import discover as discover
    from agent.api import resume as resume

__all__ = ["Interrupted", "Law", "Observer", "Result", "Run", "discover", "resume"]


def __getattr__(name: str) -> Any:
    """Load the API on first use: `discover --help` should not wait for numpy and the sandbox."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from agent import api

    return getattr(api, name)
