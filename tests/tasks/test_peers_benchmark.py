"""The comparison with other packages: scores, exact recoveries and failures, with a package that is made up."""

from collections.abc import Mapping

import numpy as np
import pytest

from benchmarks import peers, recovery
from benchmarks.case import Case
from benchmarks.synthetic import LAWS, synthetic
from lawsmith.tasks import Array


def case() -> Case:
    return Case("power law", synthetic(LAWS[0], 0, noise=0.01, groups=2))


def told(x: Array, y: Array, beyond: Array, seconds: float) -> Mapping[str, peers.PeerLaw]:
    """A package that knows nothing but the mean of what it is given."""
    assert len(x) == len(y) and seconds == 5.0
    return {"mean": peers.PeerLaw(np.full(len(beyond), y.mean()), 1), "bad": peers.PeerLaw(beyond[:, 0] * np.nan, 3)}


def test_a_package_gets_each_group_and_its_share_of_the_time() -> None:
    found = peers.peer(told, case(), 10.0)
    assert -1 <= found["mean"].r2 < 1 and not found["mean"].exact
    assert found["mean"].constants == 1 and found["bad"].constants == 3
    assert found["bad"].r2 == -1  # no finite prediction


def test_a_package_that_fails_counts_as_the_worst_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(x: Array, y: Array, beyond: Array, seconds: float) -> Mapping[str, peers.PeerLaw]:
        raise ValueError("no front")

    monkeypatch.setitem(peers.PEERS, "gplearn", broken)
    assert peers.compared(case(), ["gplearn"], 1.0)["gplearn"].r2 == -1
    assert "gplearn failed on power law: no front" in capsys.readouterr().out


def test_exact_is_marked() -> None:
    assert str(peers.PeerScore(1.0, 2, 1)).split()[0] == "1.0000=" and "=" not in str(peers.PeerScore(0.9999, 2, 1))


def test_recovery_names_the_laws_where_one_is_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["recovery", "--laws", "nope,power law"])
    with pytest.raises(SystemExit):
        recovery.main()
    assert "no law is called nope; the laws are power law, " in capsys.readouterr().err
