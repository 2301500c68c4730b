"""A model that follows a script and remembers what it was sent: for tests, demonstrations and dry runs."""

import threading
from collections.abc import Callable, Iterable

from lawsmith.agent.client.call_failures import AnsweredFailure, CallFailure, Failure
from lawsmith.agent.client.messages import ModelReply, Request, TokenUsage

Answer = str | CallFailure


class ScriptedModel:
    """Answers by a function of the request, or from a list in order.

    A list serves one request after the other, so it is deterministic only with one request in flight; when it
    is used up, calls fail as `Failure.NOT_RECORDED`. Token counts are those of the text, four bytes a token.

    Attributes:
        requests: every request that was sent, in the order of arrival.
    """

    def __init__(self, script: Callable[[Request], Answer] | Iterable[Answer]) -> None:
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._answer = script if callable(script) else _in_order(script)

    def complete(self, request: Request, seconds: float) -> ModelReply:
        """The next scripted reply; raises CallFailure where the script says so."""
        with self._lock:
            self.requests.append(request)
            answer = self._answer(request)
        if isinstance(answer, CallFailure):
            raise answer
        usage = TokenUsage(
            prompt_tokens=sum(_tokens(message.content) for message in request.messages),
            completion_tokens=_tokens(answer),
        )
        if not answer.strip():
            raise AnsweredFailure(Failure.EMPTY, "The reply is empty.", usage, answer)
        return ModelReply(text=answer, usage=usage, served_by="scripted")


def _in_order(answers: Iterable[Answer]) -> Callable[[Request], Answer]:
    left, over = iter(answers), CallFailure(Failure.NOT_RECORDED, "The script has no further answer.")
    return lambda request: next(left, over)


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)
