"""`discover doctor` says what was proved on this machine, not what is hoped."""

import json

import pytest

from lawsmith.agent.cli import main
from lawsmith.sandbox import Tier
from lawsmith.sandbox.isolation.canaries import CANARIES


def test_every_canary_of_every_tier_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert list(found["tiers"]) == [Tier.FULL, Tier.NO_NAMESPACE, Tier.SECCOMP]
    for tier, report in found["tiers"].items():
        assert report["granted"] == (set(report["canaries"]) == set(CANARIES)), tier
        assert report["granted"] or report["reason"]
    assert found["sandbox"].split()[0] in (*found["tiers"], "not")
