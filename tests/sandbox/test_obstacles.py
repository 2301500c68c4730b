"""Where a tier cannot be had, one sentence says why and what to do."""

import os
import subprocess
import sys

import pytest

from lawsmith.sandbox import Tier
from lawsmith.sandbox.pool.start import Diagnosis, diagnose, obstacle

UNSHARE, LANDLOCK, SECCOMP = {"x86_64": (272, 444, 317), "aarch64": (97, 444, 277)}.get(os.uname().machine, (0, 0, 0))
DENYING = """
import sys
from lawsmith.sandbox.isolation.seccomp import _ALLOW, _JUMP_EQUAL, _LOAD, _RETURN, _op, install
from lawsmith.sandbox.pool.start import diagnose
code = [_op(_LOAD, 0, 0, 0)]
for number in map(int, sys.argv[1:]):
    code += [_op(_JUMP_EQUAL, 0, 1, number), _op(_RETURN, 0, 0, 0x00050001)]
install(b"".join([*code, _op(_RETURN, 0, 0, _ALLOW)]))
print(diagnose().model_dump_json())
"""


def diagnosed_without(*calls: int) -> Diagnosis:
    """The diagnosis where the kernel refuses these system calls, as the filter of a container does."""
    done = subprocess.run([sys.executable, "-c", DENYING, *map(str, calls)], capture_output=True, text=True, check=True)
    return Diagnosis.model_validate_json(done.stdout)


@pytest.fixture(scope="module")
def found_here() -> Diagnosis:
    return diagnose()


def test_what_is_granted_needs_no_words(found_here: Diagnosis) -> None:
    for tier in found_here.tiers:
        assert tier.granted == (not tier.reason) == (not tier.remedy)
        assert not tier.granted or all(how.startswith("stopped") for how in tier.canaries.values())


@pytest.mark.slow
@pytest.mark.skipif(not UNSHARE, reason="the call numbers of this machine are not known")
def test_each_refusal_says_why_and_what_to_do(found_here: Diagnosis) -> None:
    if found_here.tier is not Tier.FULL:
        pytest.skip("this machine refuses something already")
    found = diagnosed_without(UNSHARE)
    assert found.tier is Tier.NO_NAMESPACE
    assert found.tiers[0].reason.startswith("namespaces are forbidden")
    assert "user namespaces" in found.tiers[0].remedy
    found = diagnosed_without(LANDLOCK)
    assert found.tier is Tier.SECCOMP
    assert all(tier.reason.startswith("files cannot be closed off") for tier in found.tiers[:2])
    assert all("5.13" in tier.remedy for tier in found.tiers[:2])
    found = diagnosed_without(SECCOMP)
    assert found.tier is Tier.NONE
    assert all(tier.reason.startswith("system-call filters are denied") for tier in found.tiers)


def test_other_systems_are_told_where_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Linux container" in obstacle("")[1]
    assert diagnose().tier is Tier.NONE
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert "riscv64" in obstacle("")[0]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("[Errno 1] mount /: Operation not permitted", "namespaces are forbidden"),
        ("[Errno 13] Permission denied: '/proc/self/uid_map'", "namespaces are forbidden"),
        ("[Errno 95] system call 446: Operation not supported", "files cannot be closed off"),
        ("the warm process ended while starting, 3 times", "short of memory"),
        ("a candidate could read a file", "do not run candidates there"),
        ("something else", "something else; try again"),
    ],
)
def test_words_of_a_failure_lead_to_what_to_do(reason: str, told: str) -> None:
    assert told in "; ".join(obstacle(reason))
    assert reason in obstacle(reason)[0]
