"""The scripted search of the agent's tests is the floor of these servers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))
