"""What a model supposed stands with what became of it."""

from dataclasses import replace

from lawsmith.runs import RunResult
from lawsmith.runs.records.hypotheses import SearchRecord
from lawsmith.runs.records.trials import HALL_OF_FAME, Proposal, Trial
from lawsmith.sandbox import Evaluation, Tier, Verdict
from tests.made import made_evaluation, made_fold


def trial(name: str, r2: float | None, note: str = "", parents: tuple[str, ...] = (), origin: str = "try") -> Trial:
    if r2 is None:
        found = Evaluation(verdict=Verdict.SYNTAX, message="Line 3:\x1b[31m expected ':'.", tier=Tier.NONE)
    else:
        found = made_evaluation(made_fold(r2), validation_r2=r2)
    return Trial(name, Proposal(f"# {name}", parents, origin, note), found)


def test_each_hypothesis_has_a_number_and_a_fate():
    trials = [
        trial("a", 0.5, origin="power"),
        trial("b", 0.8, "It saturates.", ("a",)),
        trial("c", 0.7, "It oscillates.", ("b",)),
        trial("d", None, "It has a pole."),
        trial("e", 0.9, "A level and a wave.", ("b",)),
        trial("f", 0.85, "x0 + 1.5", origin=HALL_OF_FAME),
        trial("g", 0.89, "Two waves."),
    ]
    found = SearchRecord(RunResult(winner="e", inseparable=("g",)), tuple(trials)).hypotheses
    assert {one.number: one.fate for one in found.values()} == {
        2: "held-out R² 0.8000, place 4 of 6; the chosen law was made from it; "
        "better than candidate 1, from which it was made",
        3: "held-out R² 0.7000, place 5 of 6; not better than candidate 2, from which it was made",
        4: "failed (syntax): Line 3:\\x1b[31m expected ':'.",
        5: "held-out R² 0.9000, place 1 of 6; chosen; better than candidate 2, from which it was made",
        7: "held-out R² 0.8900, place 2 of 6; held-out rows cannot tell it from the chosen law",
    }
    assert found["b"].text == "It saturates."


def test_a_lineage_goes_back_through_all_parents_once_nearest_first() -> None:
    parents = {"d": ("b", "c"), "c": ("a",), "b": ("a", "gone"), "a": ("d",), "other": ("a",)}
    trials = tuple(trial(name, 0.5, parents=known) for name, known in parents.items())
    for winner, found in (("d", ["d", "b", "c", "a"]), ("nobody", []), (None, [])):
        assert [one.id for one in SearchRecord(RunResult(winner=winner), trials).lineage] == found


def test_laws_on_record_are_ordered_by_the_score_that_chooses():
    chosen, fitting = (
        replace(trial(name, r2), typical_error=error) for name, r2, error in (("a", 0.8, 0.1), ("b", 0.9, 0.2))
    )
    assert [one.id for one in SearchRecord(RunResult(), (fitting, chosen)).best] == ["a", "b"]
    earlier = (trial("a", 0.8), trial("b", 0.9))  # an archive that does not say the score
    assert [one.id for one in SearchRecord(RunResult(), earlier).best] == ["b", "a"]
