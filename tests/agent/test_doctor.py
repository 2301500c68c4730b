"""`discover doctor` says what was proved on this machine, not what is hoped."""

import pytest

from lawsmith.sandbox import Tier
from lawsmith.sandbox.isolation.canaries import CANARIES
from tests.command import run_command


def test_every_canary_of_every_tier_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_command(capsys, "doctor", "--json").json
    assert list(found["tiers"]) == [Tier.FULL, Tier.NO_NAMESPACE, Tier.SECCOMP]
    for tier, report in found["tiers"].items():
        assert report["granted"] == (set(report["canaries"]) == set(CANARIES)), tier
        assert report["granted"] or report["reason"]
    assert found["sandbox"].split()[0] in (*found["tiers"], "not")
