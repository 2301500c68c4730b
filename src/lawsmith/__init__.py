"""Discovers laws from measurements: compact formulas that still hold where nobody has measured.

from lawsmith import discover

result = discover("sft", runs=2)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lawsmith.agent.api import Interrupted as Interrupted
    from lawsmith.agent.api import Observer as Observer
    from lawsmith.agent.api import Result as Result
    from lawsmith.agent.api import Run as Run
    from lawsmith.agent.api import discover as discover
    from lawsmith.agent.api import resume as resume
    from lawsmith.agent.estimator import LawRegressor as LawRegressor
    from lawsmith.runs.laws.law import Law as Law
    from lawsmith.tasks import InputError as InputError
    from lawsmith.tasks import load as load

_HOMES = {
    **dict.fromkeys(("Interrupted", "Observer", "Result", "Run", "discover", "resume"), "agent.api"),
    "InputError": "tasks",
    "Law": "runs.laws.law",
    "LawRegressor": "agent.estimator",
    "load": "tasks",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Load the API on first use: `discover --help` should not wait for numpy and the sandbox."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """What completion offers."""
    return sorted(__all__)
