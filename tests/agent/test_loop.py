"""The loop with a scripted proposer and an evaluator that answers from a table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from agent_doubles import ScriptedProposer, evaluation

from lawsmith.agent.command.loop import STALE_ROUNDS, OutOfTime, search
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.search.budget import Allowance, Budget, Spending
from lawsmith.agent.search.journal import Journal
from lawsmith.runs import Archive, Manifest
from lawsmith.runs.records.record import DataRecord
from lawsmith.runs.records.trials import History, Proposal, Screening, Trial
from lawsmith.sandbox import Evaluation, Verdict
from lawsmith.tasks import Dataset, InputError


class TableEvaluator:
    """Answers source -> evaluation from a table, and counts what it was asked."""

    def __init__(self, answers: Mapping[str, Evaluation], dies_after: int | None = None) -> None:
        self.answers, self._dies_after = answers, dies_after
        self.asked: list[str] = []
        self.given_up: list[str] = []

    def give_up(self, sources: Iterable[str]) -> None:
        self.given_up += sources

    def submit(self, source: str) -> Future[Evaluation]:
        self.asked.append(source)
        future: Future[Evaluation] = Future()
        if self._dies_after is not None and len(self.asked) > self._dies_after:
            future.set_exception(KeyboardInterrupt())
        else:
            future.set_result(self.answers[source])
        return future


ANSWERS = {
    "a": evaluation(0.5),
    "b": evaluation(verdict=Verdict.TIMEOUT),
    "c": evaluation(0.9),
    "d": evaluation(0.9, constants=2),
    "e": evaluation(0.7),
}
BATCHES = [
    [Proposal("a"), Proposal("b", origin="seed")],
    [Proposal("c", parents=("x",)), Proposal("d")],
    [Proposal("e")],
]


@pytest.fixture
def archive(tmp_path: Path, dataset: Dataset) -> Iterator[Archive]:
    task = dataset.task
    manifest = Manifest(run="r1", task=task.schema, agent="scripted", seed=0, data=DataRecord.of(task.provenance))
    with Archive.create(tmp_path, manifest) as archive:
        yield archive


def continued(archive: Archive) -> Journal:
    archive.close()
    return Journal(Archive.resume(archive.path))


def test_everything_proposed_is_evaluated_once_and_recorded_in_order(archive: Archive) -> None:
    journal, evaluator = Journal(archive), TableEvaluator(ANSWERS)
    stopped = search(ScriptedProposer(BATCHES), evaluator, journal, Budget(), Observer())
    assert stopped == "the proposer has finished"
    assert evaluator.asked == ["a", "b", "c", "d", "e"]
    recorded = [event for event in archive.events() if event["event"] == "candidate"]
    assert [event["source"] for event in recorded] == evaluator.asked
    assert recorded[1]["evaluation"]["verdict"] == Verdict.TIMEOUT
    assert recorded[2]["parents"] == ["x"]


def test_a_history_knows_whether_it_has_a_law(archive: Archive) -> None:
    journal = Journal(archive)
    assert not journal.history.has_law
    search(ScriptedProposer(BATCHES), TableEvaluator(ANSWERS), journal, Budget(), Observer())
    assert journal.history.has_law


@pytest.mark.parametrize("dies_after", range(5))
def test_an_interrupted_search_continues_as_if_nothing_had_happened(archive: Archive, dies_after: int) -> None:
    whole = [trial_id(source) for source in "abcde"]
    with pytest.raises(KeyboardInterrupt):
        search(ScriptedProposer(BATCHES), TableEvaluator(ANSWERS, dies_after), Journal(archive), Budget(), Observer())
    journal, evaluator = continued(archive), TableEvaluator(ANSWERS)
    before = len(journal.history)
    search(ScriptedProposer(BATCHES), evaluator, journal, Budget(), Observer())
    assert [trial.id for trial in journal.history] == whole
    assert len(evaluator.asked) == 5 - before
    assert [trial.evaluation for trial in journal.history] == [ANSWERS[source] for source in "abcde"]
    journal.archive.close()


def test_an_interrupted_round_is_completed_without_asking_the_proposer_again(archive: Archive) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(ScriptedProposer(BATCHES), TableEvaluator(ANSWERS, 1), Journal(archive), Budget(), Observer())
    journal = continued(archive)
    assert [proposal.source for proposal in journal.unfinished] == ["b"]
    assert journal.unfinished[0].origin == "seed"
    proposer = ScriptedProposer([[Proposal("a"), Proposal("b")]])
    search(proposer, TableEvaluator(ANSWERS), journal, Budget(), Observer())
    assert proposer.asked == 1
    journal.archive.close()


def test_a_candidate_proposed_twice_is_one_trial(archive: Archive) -> None:
    journal, evaluator = Journal(archive), TableEvaluator(ANSWERS)
    batches = [[Proposal("a"), Proposal("a", note="again")], [Proposal("a"), Proposal("e")]]
    search(ScriptedProposer(batches), evaluator, journal, Budget(), Observer())
    assert evaluator.asked == ["a", "e"]
    assert [trial.proposal.note for trial in journal.history] == ["", ""]


def test_a_proposer_that_repeats_itself_for_ever_is_stopped(archive: Archive) -> None:
    class Parrot:
        name, asked = "parrot", 0

        def propose(self, history: object) -> list[Proposal]:
            self.asked += 1
            return [Proposal("a")]

    parrot = Parrot()
    stopped = search(parrot, TableEvaluator(ANSWERS), Journal(archive), Budget(), Observer())
    assert stopped == "the proposer only repeats itself"
    assert parrot.asked == 1 + STALE_ROUNDS


class Faulty(ScriptedProposer):
    """Fails after so many batches."""

    def __init__(self, after: int, error: Exception) -> None:
        super().__init__(BATCHES)
        self.after, self.error = after, error

    def propose(self, history: History) -> Sequence[Proposal]:
        if self.asked == self.after:
            raise self.error
        return super().propose(history)


def test_an_error_of_a_proposer_s_own_code_loses_no_law(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    evaluator, fault = TableEvaluator(ANSWERS), ValueError("could not convert string to float: '1einf'")
    journal = Journal(archive)
    with pytest.raises(ValueError, match="1einf"):
        search(Faulty(0, fault), evaluator, journal, Budget(), Observer())
    stopped = search(Faulty(2, fault), evaluator, journal, Budget(), Observer())
    assert stopped == "fault of lawsmith (ValueError: could not convert string to float: '1einf')"
    assert len(journal.history) == 4
    (logged,) = caplog.records
    assert logged.exc_info is not None and logged.exc_info[1] is fault
    caplog.clear()
    with pytest.raises(InputError):  # what the user has to change is no fault
        search(Faulty(0, InputError("no such model")), evaluator, journal, Budget(), Observer())


class Clock:
    """A second passes whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_when_time_runs_out_the_rest_of_a_batch_is_given_up(archive: Archive) -> None:
    journal, evaluator = Journal(archive), TableEvaluator(ANSWERS)
    budget = Budget(Allowance(seconds=2.5), clock=Clock())
    stopped = search(ScriptedProposer(BATCHES), evaluator, journal, budget, Observer())
    assert stopped == "time limit of 2.5 s"
    assert [trial.proposal.source for trial in journal.history] == ["a"]
    assert evaluator.given_up == ["b"]


def test_without_a_law_the_first_batch_is_evaluated_whatever_the_time(archive: Archive) -> None:
    journal = Journal(archive)
    batches = [[Proposal("b"), Proposal("a"), Proposal("c")], [Proposal("d")]]
    budget = Budget(Allowance(seconds=0.5), clock=Clock())
    search(ScriptedProposer(batches), TableEvaluator(ANSWERS), journal, budget, Observer())
    assert [trial.proposal.source for trial in journal.history] == ["b", "a"]


def test_spent_calls_do_not_give_up_the_candidates_that_were_paid(archive: Archive) -> None:
    journal, budget = Journal(archive), Budget(Allowance(calls=1))
    budget.reserve().settle()
    search(ScriptedProposer(BATCHES), TableEvaluator(ANSWERS), journal, budget, Observer())
    assert [trial.proposal.source for trial in journal.history] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("rounds", "candidates", "tried", "given_up"),
    [(1, 1, "a", ["b"]), (1, 2, "ab", []), (2, 2, "ab", ["c", "d"]), (2, 3, "abc", ["d"])],
)
def test_a_replay_runs_out_of_time_where_the_recorded_search_did(
    archive: Archive, rounds: int, candidates: int, tried: str, given_up: list[str]
) -> None:
    journal, evaluator = Journal(archive), TableEvaluator(ANSWERS)
    until = OutOfTime(rounds, candidates, "time limit of 9 s", Screening())
    stopped = search(ScriptedProposer(BATCHES), evaluator, journal, Budget(), Observer(), until)
    assert stopped == "time limit of 9 s"
    assert "".join(trial.proposal.source for trial in journal.history) == tried
    assert evaluator.given_up == given_up
    assert journal.rounds == rounds


def test_seconds_spent_before_an_interruption_count(archive: Archive) -> None:
    budget = Budget(spent=Spending(seconds=100.0))
    with pytest.raises(KeyboardInterrupt):
        search(ScriptedProposer(BATCHES), TableEvaluator(ANSWERS, 3), Journal(archive), budget, Observer())
    journal = continued(archive)
    assert 100.0 <= journal.spent.seconds < 110.0
    journal.archive.close()


class ScreeningProposer(ScriptedProposer):
    """Fits two forms and five sums more to a sample before each batch, of which the batch is a part."""

    def screening(self, history: History) -> Screening:
        return Screening(2 * self.asked, max(0, 2 * self.asked - len(history)), 5 * self.asked, 0.25)


def test_a_replay_says_that_no_more_was_screened_than_there_was_time_for(archive: Archive) -> None:
    journal, had = Journal(archive), Screening(3, 1, 7, 0.5)
    until = OutOfTime(2, 2, "time limit of 9 s", had)
    search(ScreeningProposer(BATCHES), TableEvaluator(ANSWERS), journal, Budget(), Observer(), until)
    assert journal.screening == had


def test_what_a_proposer_fits_by_itself_is_on_record(archive: Archive) -> None:
    journal = Journal(archive)
    search(ScreeningProposer(BATCHES[:2]), TableEvaluator(ANSWERS), journal, Budget(), Observer())
    recorded = [event for event in archive.events() if event["event"] == "screening"]
    assert [event["forms"] for event in recorded] == [2, 4, 6]
    assert [event["sums"] for event in recorded] == [5, 10, 15]
    kept = continued(archive)
    assert kept.screening == journal.screening == Screening(6, 2, 15, 0.25)
    search(ScreeningProposer(BATCHES[:2]), TableEvaluator(ANSWERS), kept, Budget(), Observer())
    assert len([event for event in kept.archive.events() if event["event"] == "screening"]) == 3


def trial_id(source: str) -> str:
    return Trial(Proposal(source).id, Proposal(source), ANSWERS[source]).id
