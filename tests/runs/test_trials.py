"""One reader and one writer of a search's events."""

import pytest

from lawsmith.runs.records.canonical_json import plain
from lawsmith.runs.records.trials import (
    Proposal,
    Recorded,
    Round,
    Trial,
    candidate_event,
    read_event,
    round_event,
    source_of,
)
from lawsmith.sandbox import Evaluation, Tier, Verdict
from lawsmith.tasks import InputError

PROPOSAL = Proposal("law = 1", parents=("abc",), origin="mutation", note="a note", by_chance=1)
EVALUATION = Evaluation(verdict=Verdict.OK, validation_r2=0.5, tier=Tier.NONE, probe=((float("inf"),),))
SPENT = {"seconds": 1.5, "calls": 2, "tokens": 3, "usd": None}


def test_what_is_written_is_read_again():
    recorded = Recorded(4, Trial(PROPOSAL.id, PROPOSAL, EVALUATION), SPENT)
    assert read_event(plain(candidate_event(recorded))) == recorded
    assert read_event(plain(round_event(7, [PROPOSAL]))) == Round(7, (PROPOSAL,))


def test_archives_of_earlier_versions_say_less():
    event = plain(candidate_event(Recorded(1, Trial(PROPOSAL.id, PROPOSAL, EVALUATION), SPENT)))
    assert isinstance(event, dict)
    del event["by_chance"]
    found = read_event(event)
    assert isinstance(found, Recorded) and found.trial.proposal.by_chance == 0


def test_events_of_other_kinds_are_passed_over():
    events = [{"event": "published", "id": "x", "source": "text"}, {"event": "screened", "forms": 7}]
    assert [read_event(event) for event in events] == [None, None]
    assert source_of(events, "x") == "text" and source_of(events, "y") is None


@pytest.mark.parametrize(
    "damage", [{"evaluation": {"verdict": "fine"}}, {"source": None}, {"parents": 3}, {"evaluation": None}]
)
def test_an_event_of_another_shape_is_one_sentence(damage: dict[str, object]):
    event = plain(candidate_event(Recorded(1, Trial(PROPOSAL.id, PROPOSAL, EVALUATION), SPENT)))
    assert isinstance(event, dict)
    with pytest.raises(
        InputError, match=f"candidate {PROPOSAL.id} of the archive is not in the format of this version"
    ):
        read_event(event | damage)
