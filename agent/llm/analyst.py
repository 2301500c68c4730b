"""The analyst: one conversation in which a model looks at rows, runs code, tries laws and is told what they miss."""

from dataclasses import dataclass

from lawsmith.agent.client.asker import CallOutcome, Question
from lawsmith.agent.client.call_failures import Failure
from lawsmith.agent.client.messages import Message, Request, ToolCall
from lawsmith.agent.client.text import clip
from lawsmith.agent.feedback.prompts import clip_bytes
from lawsmith.agent.feedback.toolbox import Finish, Note, RunArguments, Toolbox, Try, numbered, read_arguments, tools
from lawsmith.agent.feedback.views import AT_THE_NOISE
from lawsmith.agent.llm.model_proposer import LLMProposer
from lawsmith.agent.llm.parsing import parse_reply
from lawsmith.agent.llm.questions import AgentSetup, Ask, CandidateReply
from lawsmith.runs.records.trials import History, Proposal, Trial
from lawsmith.sandbox import Verdict
from lawsmith.sandbox.law.key import law_key
from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.tasks import InputError, Schema

OPENINGS = (
    "Look at the rows first: which transformation of targets and features makes them simple? Then try.",
    "Begin with limits: what must hold as each feature goes to zero and to infinity? Check it on the rows, then try.",
    "Begin with what the best law so far misses beyond its data, by sign and group. Find the reason, then try.",
    "Begin with mechanisms: which processes could compete here, and which combination of features decides? Then try.",
)
"""Runs of one command begin differently, by their seed."""
OPENING_SHARE = 0.6  # of a prompt's size
FULL = 0.85  # share of a prompt's size at which the conversation is shortened
KEPT = 0.3  # share of it that the last turns keep
LEAST_ANSWER = 600  # bytes of an answer that is cut
SAID_BYTES = 3000  # of what the model says beside its calls
MOST_FAILURES = 3  # replies in a row that are of no use
MOST_LOOKS = 40  # turns in a row without a candidate
LAWS_SHOWN = 12  # when a conversation begins or was shortened
NO_TOOLS = "Call a tool: `try` with a candidate's source, `run`, `rows`, `plot`, `laws`, `note`, or `finish`."


@dataclass
class Turn:
    """What the model said, and what it is told: id of each of its calls in their order, or "" where it called nothing
    -> the answer, which for a candidate under evaluation is yet to come.
    """

    said: Message
    answers: dict[str, str | Proposal]

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the model said, then the answers."""
        return self.said, *(
            Message(role="tool" if name else "user", content=text, tool_call_id=name)
            for name, text in self.answers.items()
            if isinstance(text, str)
        )

    @property
    def bytes(self) -> int:
        """UTF-8 bytes of all messages."""
        return sum(message.bytes for message in self.messages)


class Analyst(LLMProposer):
    """One question at a time. Tools that only look are answered at once, candidates when they are evaluated."""

    looks_ahead = False
    most_in_vain = MOST_LOOKS

    def __init__(self, setup: AgentSetup) -> None:
        super().__init__(setup)
        self._toolbox = Toolbox(setup.task, setup.evaluator.sandbox, self.viewer, self.prompts)
        self._opening: tuple[Message, ...] = ()
        self._turns: list[Turn] = []
        self._analyses: list[str] = []
        self._failures_in_row = 0
        self._keys: dict[str, str] = {}  # what a candidate states -> candidate

    def plan(self, history: History) -> list[Ask]:
        """The one question of a turn."""
        self._converse(history)
        messages = (*self._opening, *(message for turn in self._turns for message in turn.messages))
        models = self.setup.config.models
        one = models[self.setup.seed % len(models)].name  # for the whole conversation
        return [Ask(slot=str(self.round), operation="try", model=one, write=lambda: messages)]

    def learn(self, trial: Trial, ask: Ask | None) -> None:
        """Remember which candidate first stated a law."""
        self._keys.setdefault(law_key(trial.proposal.source, self.setup.task), trial.id)

    def heard(self, answer: CandidateReply) -> None:
        """Nothing: replies are taken in with their calls."""

    def improves(self, trial: Trial, ask: Ask) -> bool:
        """Whether the candidate has become the best so far."""
        return trial.usable and self.viewer.standing.place(trial)[0] == 1

    def request_of(self, ask: Ask) -> Request:
        """The request with the tools, which take the place of structured replies."""
        return super().request_of(ask).model_copy(update={"structured": False, "tools": tools()})

    def _ask_round(self, history: History) -> list[Proposal]:
        """One turn: what was tried is told, the model is asked, its calls are answered; returns what it tries."""
        self._tell(history)
        asks = self.plan(history)
        if self.over_default_limit():
            return []
        [outcome] = self.setup.caller.send([Question(asks[0].slot, lambda: self.request_of(asks[0]))])()
        self.round += 1
        self.pace.heard(self.setup.caller.recording.attempts(outcome.slot))
        batch = self._hear_turn(asks[0], outcome, history)
        self._in_vain = 0 if batch else self._in_vain + 1
        if not batch and outcome.failure is None:
            self.tally.lost["tools only"] += 1
        self.tally.calls_at |= {proposal.id: self.round for proposal in batch}
        return batch

    def _hear_turn(self, ask: Ask, outcome: CallOutcome, history: History) -> list[Proposal]:
        if outcome.failure is Failure.OUT_OF_BUDGET:
            self.ended = outcome.message or "the budget is spent"
            return []
        whole = outcome.failure is Failure.CUT_OFF and parse_reply(outcome.text).is_whole
        if outcome.reply is None and not whole:
            self._failed(ask, outcome)
            return []
        self._failures_in_row = 0
        calls = () if outcome.reply is None else outcome.reply.tool_calls
        said = Message(role="assistant", content=clip_bytes(outcome.text, SAID_BYTES), tool_calls=calls)
        answers = {call.id: self._answer(ask, call, history) for call in calls} or {"": self._said(ask, outcome.text)}
        self._turns.append(Turn(said, answers))
        return [one for one in answers.values() if isinstance(one, Proposal)]

    def _failed(self, ask: Ask, outcome: CallOutcome) -> None:
        """A call without a reply: the model is told where it can help, and the search ends where it goes on."""
        assert outcome.failure is not None
        self.tally.lost[outcome.failure.value] += 1
        self._trouble = outcome.message
        self._failures_in_row += 1
        if outcome.failure is Failure.TOO_LONG:
            self.shrink_prompts(ask.slot)
            self._opening = ()
        elif outcome.failure is Failure.CUT_OFF:
            said = Message(role="assistant", content="…")  # shown again, it would be imitated
            told = f"{outcome.message} Nothing of it was done. Be shorter: one call with little text."
            self._turns.append(Turn(said, {"": told}))
        if self._failures_in_row == MOST_FAILURES and self.ended is None:
            self.ended = f"{MOST_FAILURES} calls in a row gave no reply; the last: {outcome.message}"

    def _said(self, ask: Ask, text: str) -> str | Proposal:
        """A reply in words alone: the candidate in it, else the words that tell the model to call a tool."""
        parsed = parse_reply(text)
        self._remember(parsed.note)
        if parsed.source is None:
            return NO_TOOLS
        return self._try(ask, Try(source=parsed.source, hypothesis=parsed.hypothesis), ())

    def _answer(self, ask: Ask, call: ToolCall, history: History) -> str | Proposal:
        """What a call is answered at once, or the candidate whose evaluation will be the answer."""
        try:
            arguments = read_arguments(call.name, call.arguments)
            match arguments:
                case Try():
                    parents = tuple(numbered(history, place).id for place in arguments.parents[:8])
                    return self._try(ask, arguments, parents)
                case Note():
                    self._remember(clip(arguments.text, 400))
                    return "Noted."
                case Finish():
                    return self._finish(arguments)
        except InputError as error:
            return str(error)
        told = self._toolbox.answer(arguments, history)
        if isinstance(arguments, RunArguments):
            self._analyses.append(f"{clip(arguments.code, 160)} -> {clip(told, 300)}")
        return told

    def _finish(self, asked: Finish) -> str:
        if not self.tally.asked:
            return "You have tried no law yet. Try at least one before you finish."
        self.ended = f"the model finished: {clip(asked.reason) or 'no reason given'}"
        return "The search ends."

    def _try(self, ask: Ask, tried: Try, parents: tuple[str, ...]) -> str | Proposal:
        """The candidate, or why it is not evaluated: what costs no evaluation costs no candidate."""
        proposal = Proposal(tried.source, parents, f"try {ask.slot} {ask.model}", tried.hypothesis[:600])
        if (refused := self.refusal(proposal)) is not None:
            found = refused.evaluation
            return f"Not evaluated. {found.verdict.value}: {found.message} {found.verdict.advice}"
        if (over := _over_cap(tried.source, self.setup.task.schema)) is not None:
            return f"Not evaluated. {over} {Verdict.OVER_CAP.advice}"
        if (known := self._known(proposal)) is not None:
            return f"Not evaluated: this states what is known already, with the same bounds. {known}"
        self._keys[law_key(tried.source, self.setup.task)] = proposal.id
        self.tally.asked[proposal.id] = ask
        return proposal

    def _known(self, proposal: Proposal) -> str | None:
        """The law that a candidate only states again, in words; None where it is new."""
        if proposal.id in self.tally.asked:
            return "It is a candidate that you tried."
        twin = self._keys.get(law_key(proposal.source, self.setup.task))
        if twin in self._renewable:
            return None
        return None if twin is None else f"It is the law {self.viewer.named(twin) or 'that is being tried'}."

    def _tell(self, history: History) -> None:
        """Answer the calls of the last turn whose candidates were evaluated."""
        for turn in self._turns[-1:]:
            turn.answers = {
                name: self._outcome(one.id, history) if isinstance(one, Proposal) else one
                for name, one in turn.answers.items()
            }

    def _outcome(self, candidate: str, history: History) -> str:
        if candidate not in history:
            return "It was not evaluated before the search was interrupted."
        return self._toolbox.outcome(history[candidate], history)

    def _converse(self, history: History) -> None:
        """Open the conversation, or shorten it where it has outgrown its bound; say how much may still be asked."""
        size = sum(turn.bytes for turn in self._turns) + sum(message.bytes for message in self._opening)
        if not self._opening or size > FULL * self.prompts.bytes:
            self._opening = self.prompts.first(
                "analyst_start.j2", lambda detail: self._start(history), share=OPENING_SHARE, system="analyst_system.j2"
            )
            self._turns = self._last_turns()
        self._tell_budget()

    def _last_turns(self) -> list[Turn]:
        """The last turn, whose answers the model has not read yet, and as many before it as KEPT of the room holds."""
        if not self._turns:
            return []
        *before, last = self._turns
        room = self.prompts.bytes - sum(message.bytes for message in self._opening if message.role != "system")
        kept = [_fitted(last, room)]
        left = min(KEPT * self.prompts.bytes, room) - kept[0].bytes
        for turn in reversed(before):
            left -= turn.bytes
            if left < 0:
                break
            kept.insert(0, turn)
        return kept

    def _tell_budget(self) -> None:
        if self.pace.calls_left > 200 or not self._turns or not (answers := self._turns[-1].answers):
            return
        *_, (name, last) = answers.items()
        if "\nBudget: about " not in str(last):
            answers[name] = f"{last}\nBudget: about {max(1, int(self.pace.calls_left))} more replies."

    def _start(self, history: History) -> dict[str, object]:
        best = next(iter(self.viewer.standing.ranking), None)
        return {
            "laws": self._toolbox.law_table(history, LAWS_SHOWN),
            "at_noise": AT_THE_NOISE if best is not None and self.viewer.at_the_noise(best) else "",
            "notes": self.notes[-20:],
            "attempts": self.attempts[-8:],
            "analyses": self._analyses[-5:] if self.round else [],
            "opening": OPENINGS[self.setup.seed % len(OPENINGS)]
            if not self.round
            else "The conversation was shortened. Go on where you were.",
        }


def _fitted(turn: Turn, room: int) -> Turn:
    """A turn whose answers are cut so that it takes about `room` bytes, each at its middle."""
    if turn.bytes <= room or not turn.answers:
        return turn
    each = max(LEAST_ANSWER, (room - turn.said.bytes) // len(turn.answers))
    return Turn(turn.said, {name: clip_bytes(str(text), each) for name, text in turn.answers.items()})


def _over_cap(source: str, schema: Schema) -> str | None:
    """Whether more constants are declared than the task allows, in words; of a law that cannot be read the sandbox
    tells."""
    stated = read(source, schema.targets, schema.features)
    if schema.cap is None or isinstance(stated, Unreadable):
        return None
    count, most = len(stated.parameters), schema.cap * len(schema.targets)
    return f"over_cap: {count} constants are declared, the task allows {most}." if count > most else None
