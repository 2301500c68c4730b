"""What isolation costs: one trivial candidate in the sandbox, and by other means, side by side in one run.

python -m benchmarks.sandbox                    # the comparison
python -m benchmarks.sandbox --data-dir DIR     # the folds on the real `sft` rows instead of made-up ones of its shape
python -m benchmarks.sandbox --leak             # ten thousand candidates, a third of which misbehave
"""

import argparse
import gc
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

import lawsmith.tasks
from lawsmith.sandbox import Constants, Limits, PredictJob, Sandbox, evaluate
from lawsmith.sandbox.fitting import Form, fit_form
from lawsmith.tasks import Provenance, Schema, Table, Task
from lawsmith.tasks.frontier.folds import Fold

SCHEMA = Schema(name="t", long_name="t", title="t", features=("n",), targets=("y",), group="g", cap=4)
FORM = """
PARAMETERS = {"c": (0, None), "a": (0, None), "k": (0, 2)}
def form(x, p):
    return p["c"] + p["a"] * x["n"] ** -p["k"]
"""
ONE_SHOT = """
import sys, numpy as np, scipy.optimize
def form(x, p):
    return p["c"] + p["a"] * x["n"] ** -p["k"]
sys.stdout.buffer.write(form({"n": np.geomspace(1e2, 1e6, 504)}, {"c": 0.5, "a": 10.0, "k": 0.2}).tobytes())
"""
HONEST = "def law(input_data, group): return [{'y': r['n']} for r in input_data]"
MISBEHAVING = (
    "def law(d, g): raise ValueError('x' * 10 ** 6)",
    "import collections\ndef law(d, g): collections._sys.modules['os']._exit(3)",
    "def law(d, g):\n    while True: print('x' * 4096)",
    "import numpy as np\ndef law(d, g): return [np.ones(1 << 22) for _ in range(10 ** 6)]",
    "def law(d, g):\n    while True: pass",
    "def law(d, g): return [{'y': float('nan')}]",
)


def table_like_sft() -> Table:
    """42 groups of 12 rows, the shape of the benchmark's largest grouped task, with noise of a fixed seed."""
    n, codes = np.tile(np.geomspace(2e2, 1.6e6, 12), 42), np.repeat(np.arange(42), 12)
    noise = np.random.default_rng(0).normal(0, 0.01, len(n))
    return Table({"n": n}, {"y": 0.5 + (5 + codes) * n**-0.2 + noise}, tuple(f"g{i:02d}" for i in range(42)), codes)


def timed(action: Callable[[], object], repeats: int) -> list[float]:
    """Milliseconds of each of `repeats` calls, after one that is not counted."""
    action()
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        spent.append(1e3 * (time.perf_counter() - began))
    return spent


def fresh_interpreter(prefix: tuple[str, ...] = ()) -> None:
    environment = {"OPENBLAS_NUM_THREADS": "1"}
    command = [*prefix, sys.executable, "-I", "-c", ONE_SHOT]
    subprocess.run(command, check=True, capture_output=True, env=environment)


def _send(pipe: Connection) -> None:
    n = np.geomspace(1e2, 1e6, 504)
    pipe.send_bytes((0.5 + 10.0 * n**-0.2).tobytes())


def forked_process() -> None:
    """multiprocessing's fork of this very process: fast, and no protection at all."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_send, args=(theirs,))
    process.start()
    ours.recv_bytes()
    process.join()


def compare(repeats: int) -> None:
    table = table_like_sft()
    constants = Constants(("c", "a", "k"), table.groups, np.tile([0.5, 10.0, 0.2], (42, 1)))
    began = time.perf_counter()
    with Sandbox(workers=1) as sandbox:
        print(f"tier {sandbox.tier}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        print(f"{'start, with canaries':34s}{time.perf_counter() - began:10.2f} s")
        job = PredictJob(FORM, SCHEMA, constants, (table.hide(),))
        ours = timed(lambda: sandbox.run(job), repeats)
    few = max(5, repeats // 20)
    ways = {"warm sandbox": ours, "multiprocessing fork, unprotected": timed(forked_process, repeats)}
    ways["fresh interpreter, unprotected"] = timed(fresh_interpreter, few)
    if bubblewrap := shutil.which("bwrap"):
        prefix = (bubblewrap, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent")
        ways["fresh interpreter in bubblewrap"] = timed(lambda: fresh_interpreter(prefix), few)
    else:
        print("bubblewrap is not installed: not compared")
    print(f"\n{'one trivial candidate':34s}{'median':>10s}{'p90':>10s}{'ratio':>8s}")
    for name, spent in ways.items():
        median = statistics.median(spent)
        ninth = statistics.quantiles(spent, n=10)[-1]
        print(f"{name:34s}{median:7.1f} ms{ninth:7.1f} ms{median / statistics.median(ours):8.1f}")


def five_folds(repeats: int, folder: Path | None) -> None:
    """The elapsed time of an evaluation with five folds by one worker, less that of its fits in this warm process.

    Measured in turns, so that both meet the same machine; once for a form that is proved to be arithmetic, whose fits
    share a process, and once for the same form as code that has to have a process for each.
    """
    table = table_like_sft() if folder is None else lawsmith.tasks.load("sft", folder).task.train
    (feature,), (target,) = table.features, table.targets
    schema = SCHEMA.model_copy(update={"features": (feature,), "targets": (target,)})
    folds, form = deepest_rows_held_out(table), FORM.replace('"n"', repr(feature))
    namespace: dict[str, Any] = {}
    exec(form, namespace)
    fitted = Form(("c", "a", "k"), np.array([0.0, 0, 0]), np.array([np.inf, np.inf, 2]), call=namespace["form"])
    task = Task(schema, table, Provenance("file", "0" * 64, None))

    tables = [table, *(table.take(fold.fitted) for fold in folds)]

    def fits() -> None:
        for rows in tables:
            fit_form(fitted, rows, (target,), seed=0)

    rows = f"{len(table)} rows like those of sft" if folder is None else "the rows of sft"
    title = f"six fits to {rows}, one worker"
    print(f"\n{title:46s}{'fits alone':>14s}{'evaluation':>14s}{'beyond the fits':>18s}")
    with Sandbox(workers=1) as sandbox:
        for name, source in (("a form proved pure", form), ("a process for each fit", f"[0].clear()\n{form}")):
            whole = partial(evaluate, sandbox, source, task, folds)
            whole()
            pairs = [(timed(fits, 1)[0], timed(whole, 1)[0]) for _ in range(repeats)]
            alone, evaluation = (statistics.median(column) for column in zip(*pairs, strict=True))
            beyond = statistics.median(after - before for before, after in pairs)
            print(f"{name:46s}{alone:11.1f} ms{evaluation:11.1f} ms{beyond:15.1f} ms")


def deepest_rows_held_out(table: Table) -> list[Fold]:
    """Folds that keep the smallest 7 to 11 of each group's 12 values of the first feature."""
    column = next(iter(table.features.values()))
    rank = np.empty(len(table), dtype=int)
    for code in np.unique(table.codes):
        rows = np.flatnonzero(table.codes == code)
        rank[rows[np.argsort(column[rows], kind="stable")]] = np.arange(len(rows))
    return [
        Fold(f"f{keep}", "frontier", np.flatnonzero(rank < keep), np.flatnonzero(rank >= keep)) for keep in range(7, 12)
    ]


def leak(count: int) -> None:
    """Throughput and resources in ten parts; all columns but the first should stay as they are."""
    table = table_like_sft().take(np.arange(12))
    limits = Limits(wall_seconds=0.05, cpu_seconds=5, memory_bytes=128 << 20, output_bytes=1 << 16)
    print(f"{'done':>7s}{'per s':>8s}{'files':>7s}{'tasks':>7s}{'MB here':>9s}{'MB warm':>9s}{'temp':>6s}")
    with Sandbox(limits) as sandbox:
        jobs = [PredictJob(source, SCHEMA, None, (table.hide(),)) for source in (HONEST, *MISBEHAVING)]
        for part in range(10):
            began = time.perf_counter()
            chosen = [jobs[0] if i % 3 else jobs[1 + i // 3 % len(MISBEHAVING)] for i in range(count // 10)]
            for future in [sandbox.submit(job) for job in chosen]:
                future.result()
            gc.collect()
            rate = len(chosen) / (time.perf_counter() - began)
            warm = sorted(_descendants(os.getpid()))
            print(
                f"{(part + 1) * len(chosen):7d}{rate:8.0f}{len(os.listdir('/proc/self/fd')):7d}{len(warm):7d}"
                f"{_resident(os.getpid()):9.1f}{sum(map(_resident, warm)):9.1f}{len(list(Path('/tmp').iterdir())):6d}"
            )
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"peak of all candidates {children.ru_maxrss / 1024:.0f} MB; left running: {_descendants(os.getpid())}")


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)


def _descendants(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for file in listed for child in file.read_text().split()]
    return children + [deeper for child in children for deeper in _descendants(child)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--data-dir", type=Path, help="a folder with the benchmark's data")
    parser.add_argument("--leak", type=int, nargs="?", const=10_000, metavar="N", help="default 10000")
    arguments = parser.parse_args()
    if arguments.leak:
        leak(arguments.leak)
        return
    compare(arguments.repeats)
    five_folds(max(5, arguments.repeats // 10), arguments.data_dir)


if __name__ == "__main__":
    main()
