"""The first prompt of each agent, as the benchmark of prompt sizes takes it down."""

from llm_driver import Lines, hinge_task

from benchmarks.prompts import AGENTS, first_request, text_of
from lawsmith.sandbox import Sandbox


def test_the_first_prompt_holds_the_task_the_laws_so_far_and_the_tools() -> None:
    with Sandbox(workers=1) as sandbox:
        requests = {agent: first_request(hinge_task(), agent, sandbox, Lines()) for agent in AGENTS}
    for agent, request in requests.items():
        text = text_of(request)
        assert "A level that turns into a slope" in text and "held-out error" in text, agent
        assert len(text.encode()) < 30_000
        assert ('"try"' in text) == (agent == "analyst")
