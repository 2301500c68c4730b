"""A model that follows a script and remembers what it was sent: for tests, demonstrations and dry runs."""

import threading
from collections.abc import Callable, Iterable, Mapping

from lawsmith.agent.client.call_failures import AnsweredFailure, CallFailure, Failure
from lawsmith.agent.client.messages import ModelReply, Request, TokenUsage

Script = Callable[[Request], str | ModelReply | CallFailure]


class ScriptedModel:
    """Answers by a function of the request, from a mapping slot -> answer, or from a list in order.

    A list serves one request after the other, so it is deterministic only with one request in flight; when it
    is used up, calls fail as `Failure.NOT_RECORDED`. Token counts are those of the text, four bytes a token.

    Attributes:
        requests: every request that was sent, in the order of arrival.
    """

    def __init__(self, script: Script | Mapping[str, str] | Iterable[str | ModelReply | CallFailure]) -> None:
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._answer = self._from(script)

    def _from(self, script: Script | Mapping[str, str] | Iterable[str | ModelReply | CallFailure]) -> Script:
        if callable(script):
            return script
        if isinstance(script, Mapping):
            answers = dict(script)
            return lambda request: answers.get(request.slot) or _exhausted()
        queue = iter(script)
        return lambda request: next(queue, None) or _exhausted()

    def complete(self, request: Request, seconds: float) -> ModelReply:
        """The next scripted reply; raises CallFailure where the script says so."""
        with self._lock:
            self.requests.append(request)
            answer = self._answer(request)
        if isinstance(answer, CallFailure):
            raise answer
        if isinstance(answer, ModelReply):
            return answer
        usage = TokenUsage(
            prompt_tokens=sum(_tokens(message.content) for message in request.messages),
            completion_tokens=_tokens(answer),
        )
        if not answer.strip():
            raise AnsweredFailure(Failure.EMPTY, "The reply is empty.", usage, answer)
        return ModelReply(text=answer, usage=usage, served_by="scripted")


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)


def _exhausted() -> CallFailure:
    return CallFailure(Failure.NOT_RECORDED, "The script has no further answer.")
