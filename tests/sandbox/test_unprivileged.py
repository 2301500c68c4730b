"""The attack suite again as an ordinary user, where the tests themselves run as root."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = str(ROOT / "tests/sandbox/test_attacks.py")
NOBODY = 65534
_NEW_MOUNTS, _BIND, _REC, _PRIVATE = 0x00020000, 4096, 16384, 1 << 18


def _become_nobody_who_can_reach(paths: list[str]) -> None:
    """In the new process, before it starts Python: other users' closed folders are opened in a private view."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: str, target: str, kind: str | None, flags: int) -> None:
        encoded = None if kind is None else kind.encode()
        if libc.mount(source.encode(), target.encode(), encoded, flags, b"mode=755" if kind else None):
            raise OSError(ctypes.get_errno(), f"mount {target}")

    if libc.unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    mount("none", "/", None, _REC | _PRIVATE)
    sources = {path: os.open(path, os.O_PATH) for path in paths}
    for path in paths:
        for folder in reversed(Path(path).parents):
            if not folder.stat().st_mode & 0o001:
                mount("tmpfs", str(folder), "tmpfs", 0)
                break
    for path, source in sources.items():
        if not os.path.exists(path):
            os.makedirs(path)
            mount(f"/proc/self/fd/{source}", path, None, _BIND | _REC)
        os.close(source)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests already run as an ordinary user")
def test_the_attack_suite_holds_for_an_ordinary_user(tmp_path: Path) -> None:
    paths = list({sys.base_prefix, sys.prefix, str(ROOT)})
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    base = Path("/tmp") / f"nobody-{os.getpid()}"
    try:
        done = subprocess.run(
            [*pytest_command, "-k", "not analysis", "--basetemp", str(base), SUITE],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "ATTACKS_MADE_AGAIN": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "HOME": "/nonexistent",
            },
            preexec_fn=lambda: _become_nobody_who_can_reach(paths),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    except subprocess.SubprocessError:
        pytest.skip("root may not make a private view of the file system here")
    finally:
        subprocess.run(["rm", "-rf", str(base)], check=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
