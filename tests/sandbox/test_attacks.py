"""Every attack succeeds where nothing protects, and fails in every tier."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile
import scipy.sparse
from attacks import (
    CONTROL,
    FILES,
    HOST_MAY_FORBID,
    LIBRARIES,
    NETWORK,
    PROCESSES,
    REACH,
    SLIPS,
    candidate,
    together,
    unprotected,
)
from kernel_attacks import CHANNELS, KERNEL, MEMORY, MESSAGES

from lawsmith.sandbox import PredictJob, Sandbox, Tier, Verdict
from lawsmith.sandbox.analysis import analyse
from lawsmith.sandbox.isolation import ISOLATED
from lawsmith.tasks import Provenance, Schema, Table, Task

ATTACKS = {**FILES, **LIBRARIES, **REACH, **NETWORK, **PROCESSES, **KERNEL, **MEMORY, **CHANNELS, **MESSAGES}
TOGETHER = 8
"""Attacks that one process makes in the lower tiers, and in all where the suite is run again by another user."""
AGAIN = "ATTACKS_MADE_AGAIN"
KEY = {"LAWSMITH_TEST_KEY": "never to be seen"}


BAITS = {
    "secret": "secret",
    "private": "private",
    "numbers": "numbers",
    "matrix": "matrix",
    "array": "array.npy",
    "pickled": "pickled.npy",
    "sparse": "sparse.npz",
    "matlab": "matlab.mat",
    "sound": "sound.wav",
    "netcdf": "netcdf.nc",
    "zipped": "planted.zip",
    "shared": "shared.so",
}


def lay_out(folder: Path) -> None:
    """The files of all kinds that libraries can read."""
    (folder / "secret").write_text("a canary sang")
    (folder / "private").write_text("to me only")
    (folder / "private").chmod(0o600)
    (folder / "numbers").write_text("1 2 3\n")
    (folder / "matrix").write_text("%%MatrixMarket matrix array real general\n1 1\n1.0\n")
    np.save(folder / "array.npy", np.ones(3))
    np.save(folder / "pickled.npy", np.array([1], dtype=object), allow_pickle=True)
    scipy.sparse.save_npz(folder / "sparse.npz", scipy.sparse.eye(2).tocsr())
    scipy.io.savemat(folder / "matlab.mat", {"a": np.ones(2)})
    scipy.io.wavfile.write(folder / "sound.wav", 8000, np.zeros(8, dtype=np.int16))
    with scipy.io.netcdf_file(folder / "netcdf.nc", "w") as netcdf:
        netcdf.createDimension("n", 1)
    (folder / "planted.py").write_text("a = 1\n")
    with zipfile.ZipFile(folder / "planted.zip", "w") as zipped:
        zipped.writestr("planted.py", "a = 1\n")
    shutil.copy(next(Path(np.__file__).parent.rglob("_multiarray_umath*.so")), folder / "shared.so")


@pytest.fixture(scope="module")
def bait(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Real files, sockets and processes, all open to this user."""
    folder = tmp_path_factory.mktemp("bait")
    lay_out(folder)
    abstract = f"lawsmith-{os.getpid()}"
    sockets = [socket.socket(), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    for listener, address in zip(sockets, (("127.0.0.1", 0), f"{folder}/socket", f"\0{abstract}"), strict=True):
        listener.bind(address)
        listener.listen(64)
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    with subprocess.Popen(["sleep", "600"], env={**os.environ, **KEY}) as sibling:
        yield {
            "folder": str(folder),
            **{name: f"{folder}/{file}" for name, file in BAITS.items()},
            "url": f"http://127.0.0.1:{web.server_address[1]}/numbers",
            "port": sockets[0].getsockname()[1],
            "abstract": abstract,
            "parent": sibling.pid,  # a process of this user that has the key in its environment
            "sibling": sibling.pid,
            "true": "/bin/true",
            "source": str(Path(__file__).resolve().parents[2] / "sandbox" / "verdict.py"),
        }
        sibling.kill()
    web.shutdown()
    web.server_close()
    for listener in sockets:
        listener.close()


def test_every_attack_succeeds_where_nothing_protects(bait: dict[str, object]) -> None:
    """The control: an attack that failed here would make the tests below mean nothing."""
    sources = {name: unprotected(body, bait) for name, body in ATTACKS.items()}
    done = subprocess.run(
        [sys.executable, "-c", CONTROL],
        input=json.dumps(sources),
        env={**os.environ, **KEY, "OPENBLAS_NUM_THREADS": "1"},
        cwd=str(bait["folder"]),  # what numpy downloads lands there
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    failed = json.loads(done.stdout)
    assert not {name: why for name, why in failed.items() if name not in HOST_MAY_FORBID}


@pytest.mark.slow
@pytest.mark.parametrize("tier", ISOLATED)
def test_no_attack_succeeds_in_a_tier(
    tier: Tier, sandbox_of: Callable[[Tier], Sandbox], bait: dict[str, object], schema: Schema, table: Table
) -> None:
    sandbox = sandbox_of(tier)
    names = list(ATTACKS)
    each = tier is Tier.FULL and AGAIN not in os.environ
    alone = set(names) if each else _not_stopped_together(sandbox, names, bait, schema, table)
    jobs = {
        name: sandbox.submit(PredictJob(candidate(body, bait), schema, None, (table.hide(),)))
        for name, body in ATTACKS.items()
        if name in alone
    }
    verdicts = {name: job.result() for name, job in jobs.items()}
    succeeded = [name for name, found in verdicts.items() if found.ok]
    assert not succeeded
    expected = {Verdict.CRASH, Verdict.MEMORY}
    others = {name: (r.verdict, r.message) for name, r in verdicts.items() if r.verdict not in expected}
    assert not others
    # stopped by the walls, not by a slip in the attack's own code
    assert not [name for name, found in verdicts.items() if found.message.startswith(SLIPS)]


def _not_stopped_together(
    sandbox: Sandbox, names: list[str], bait: dict[str, object], schema: Schema, table: Table
) -> set[str]:
    """Of these attacks, `TOGETHER` to a process, those that succeeded, slipped, or shared a process with one that ended
    it: each is made again alone."""
    parts = [names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER)]
    sources = [together([ATTACKS[name] for name in part], bait) for part in parts]
    jobs = [sandbox.submit(PredictJob(source, schema, None, (table.hide(),))) for source in sources]
    again: set[str] = set()
    for part, job in zip(parts, jobs, strict=True):
        found = job.result()
        again |= {name for k, name in enumerate(part) if not found.ok or found.predictions[0][k, 0] != 0}
    return again


def test_no_attack_succeeds_through_analysis_code(
    sandbox: Sandbox, bait: dict[str, object], schema: Schema, table: Table
) -> None:
    """Some of each kind: analysis code runs as a candidate does, which meets all of them above."""
    task = Task(schema, table, Provenance("file", "0" * 64, None))
    succeeded, slipped = [], {}
    for name, body in {**FILES, **NETWORK, **PROCESSES}.items():
        found = analyse(sandbox, f"{unprotected(body, bait)}\nprint('escaped')", task)
        if not found.error or "escaped" in found.output:
            succeeded.append(name)
        if not found.error.startswith(("crash", "memory")):
            slipped[name] = found.error
    assert not succeeded
    assert not slipped


def test_analysis_code_sees_the_training_rows_and_nothing_else(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    task = Task(schema, table, Provenance("file", "0" * 64, None))
    shown = "print(len(y['y']), sorted(x), sorted(y), sorted(set(group.tolist())))"
    assert analyse(sandbox, shown, task).output == "36 ['n'] ['y'] ['a', 'b', 'c']"
    assert analyse(sandbox, "k = np.polyfit(np.log(x['n']), y['y'], 1)\nround(k[0], 3)", task).output.startswith("-")
    assert "ZeroDivisionError" in analyse(sandbox, "print('before')\n1 / 0", task).error
    assert analyse(sandbox, "print('before')\n1 / 0", task).output == "before"
    assert analyse(sandbox, "for x in", task).error.startswith("syntax: line 1")
    assert "16384 bytes" in analyse(sandbox, "#" * 20_000, task).error
    assert analyse(sandbox, "print('x' * 10**6)", task).error.startswith("output_limit")
    kept = analyse(sandbox, "import builtins\n_ = setattr(np, 'kept', 1)", task)
    assert kept.error.startswith("import_refused")
    analyse(sandbox, "np.kept = 1", task)
    assert analyse(sandbox, "hasattr(np, 'kept')", task).output == "False"
