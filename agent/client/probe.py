"""One cheap call that finds out what an endpoint supports: `discover doctor --model`, and what `--agent auto` means."""

from dataclasses import dataclass

from lawsmith.agent.client.call_failures import AnsweredFailure, CallFailure
from lawsmith.agent.client.endpoint import Endpoint
from lawsmith.agent.client.messages import Message, Request, TokenUsage, Tool

SECONDS = 60.0  # that one short reply may take, with loading a local model
REPLY_TOKENS = 200  # room for one tool call
_READY = Tool(
    name="ready",
    description="Say that you are ready.",
    parameters={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)


@dataclass(frozen=True)
class Support:
    """What one call showed. error: why there was no reply, "" where there was one. left_out: parameters that neither
    this call nor a later one sends, since the family or the endpoint does not take them."""

    tools: bool
    family: str
    served_by: str
    usage: TokenUsage
    error: str = ""
    left_out: tuple[str, ...] = ()


def probe(endpoint: Endpoint, model: str) -> Support:
    """Ask the model to call a tool. Costs some 100 tokens, more with a model that reasons. Never raises CallFailure."""
    least = max(REPLY_TOKENS, endpoint.profile.reply_tokens // 8)
    request = Request(
        slot="probe",
        model=model,
        messages=(Message(role="user", content='Call the tool `ready` with the word "yes". Say nothing else.'),),
        max_tokens=least,
        temperature=0.0,  # with the seed only to learn whether they are taken: what is rejected is not billed
        seed=0,
        tools=(_READY,),
    )
    family = endpoint.profile.name
    try:
        reply = endpoint.complete(request, SECONDS)
    except AnsweredFailure as failure:
        return Support(False, family, "", failure.usage, failure.message, endpoint.left_out)
    except CallFailure as failure:
        return Support(False, family, "", TokenUsage(), failure.message, endpoint.left_out)
    called = any(call.name == _READY.name for call in reply.tool_calls)
    return Support(called, family, reply.served_by, reply.usage, left_out=endpoint.left_out)
