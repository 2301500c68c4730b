"""A law that the grammar cannot express: what a model that learns from what it is told gains over the symbolic search.

The model is scripted: it sends code that fails, corrects what the error message names, and gives its wave a phase once
it is told a score. It shows that the loop passes on what is needed, not that any model would find the law.

python -m benchmarks.waves
"""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speaking import Speaking
from lawsmith.agent.api import Result, discover
from lawsmith.agent.client.config import Options

WAVE = """```python
import numpy as np
PARAMETERS = {"a": (-5, 5), "b": (-5, 5), "c": (0, 5), "w": (1, 4), "t": (-4, 4)}
def form(x, p):
    u = np.log(x["N"])
    return p["a"] + p["b"] * u + p["c"] * np.sin(p["w"] * u + p["t"])
```"""
STEPS = (
    ("", WAVE.replace("return p", "return = p")),
    ("invalid syntax", WAVE.replace("np.sin", "np.sinn")),
    ("has no attribute 'sinn'", WAVE.replace(' + p["t"]', "").replace(', "t": (-4, 4)', "")),
    ("Result of your candidate", WAVE),
    ("sin(w * log(N))", WAVE),
)
CALLS = {"refine": 10, "evolve": 20}  # evolve learns of a score one round later


def write_tables(folder: Path) -> tuple[Path, Path]:
    """`y = 1 + 0.3 u + 0.8 sin(1.7 u + 0.4)`, `u = log N`: training rows up to N = 400, test rows up to 4000."""
    paths = folder / "train.csv", folder / "test.csv"
    for path, n in zip(paths, (np.geomspace(1, 400, 28), np.geomspace(500, 4000, 10)), strict=True):
        u = np.log(n)
        y = 1 + 0.3 * u + 0.8 * np.sin(1.7 * u + 0.4)
        path.write_text("N,y\n" + "".join(f"{a:.6g},{b:.6f}\n" for a, b in zip(n, y, strict=True)))
    return paths


class _Student(Speaking):
    def say(self, asked: dict[str, Any]) -> str:
        """The last step whose cue stands in what it was told."""
        told = asked["messages"][-1]["content"]
        return [reply for cue, reply in STEPS if cue in told][-1]


@contextmanager
def student() -> Iterator[str]:
    """The address of the scripted model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Student)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def searched(agent: str, folder: Path, url: str) -> Result:
    """One search; `symbolic` goes on until it has nothing more to propose."""
    train, test = write_tables(folder)
    model, calls = (None, None) if agent == "symbolic" else ("student", CALLS[agent])
    options = Options(base_url=url, in_flight=2)
    return discover(
        train,
        target="y",
        test=test,
        cap=5,
        agent=agent,
        model=model,
        max_calls=calls,
        options=options,
        runs_dir=folder / "runs",
    )


def main() -> None:
    print(f"{'agent':10s}{'validation R²':>15s}{'test R²':>10s}{'candidates':>12s}{'calls':>7s}")
    with tempfile.TemporaryDirectory() as folder, student() as url:
        for agent in ("symbolic", *CALLS):
            [run] = searched(agent, Path(folder), url).runs
            got = run.result
            print(f"{agent:10s}{got.validation_r2:15.4f}{run.test_r2:10.4f}{got.candidates:12d}{got.calls:7d}")


if __name__ == "__main__":
    main()
