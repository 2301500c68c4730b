"""How long the first prompt of each agent is: in kB, and in tokens.

    python -m benchmarks.prompts [--data-dir DIR] [TASK ...]

Each task is loaded, the symbolic search fits its first laws, and a scripted model takes down what it is asked and
answers nothing. The size is that of all messages and of the offered tools. Tokens are counted by the encoding
cl100k_base where the package tiktoken is installed (it downloads the encoding once), else estimated from the bytes as
`lawsmith.agent.client.prices` does, which is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from lawsmith.agent.client.call_failures import CallFailure, Failure
from lawsmith.agent.client.config import Config, ModelChoice
from lawsmith.agent.client.messages import Request
from lawsmith.agent.client.prices import BYTES_PER_TOKEN
from lawsmith.agent.client.scripted import ScriptedModel
from lawsmith.agent.command.loop import search
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.llm.model_session import ModelSession, Settings
from lawsmith.agent.search.budget import Allowance, Budget
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.journal import Journal
from lawsmith.agent.search.proposer import Proposer
from lawsmith.agent.symbolic import SymbolicProposer
from lawsmith.agent.symbolic.start_forms import within
from lawsmith.runs import Archive, Manifest
from lawsmith.runs.records.trials import History, Proposal
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import InputError, Task, load, names

AGENTS = ("analyst", "evolve", "refine")
LAWS = 24  # of the symbolic search, so that the prompt can list as many as it ever does
Count = Callable[[str], int]


class FirstLaws:
    """A symbolic search that ends with its first laws."""

    name = "first laws"

    def __init__(self, inner: Proposer) -> None:
        self._inner = inner

    def propose(self, history: History) -> Sequence[Proposal]:
        left = LAWS - len(history)
        return self._inner.propose(history)[:left] if left > 0 else ()


def first_request(task: Task, agent: str, sandbox: Sandbox, before: Proposer | None = None) -> Request:
    """The first question that `agent` asks about `task`, after the laws of `before` or of the symbolic search."""
    model = ScriptedModel(lambda request: CallFailure(Failure.REJECTED, "Only the question matters."))
    manifest = Manifest(run="r0", task=task.schema, agent=agent, model="m", seed=0, data=None)
    settings = Settings(config=Config(models=(ModelChoice(name="m"),)))
    with (
        tempfile.TemporaryDirectory() as folder,
        Archive.create(Path(folder), manifest) as archive,
        ModelSession(agent, settings, environment={}, models={"m": model}) as session,
        Evaluator(sandbox, SearchTask.of(task)) as evaluator,
    ):
        seen = evaluator.task
        budget = Budget(Allowance(calls=1))
        floor = FirstLaws(before or SymbolicProposer(seen, 0, within(sandbox)))
        proposer = session.proposer(seen, 0, budget, archive, evaluator, floor)
        search(proposer, evaluator, Journal(archive), budget, Observer())
    return model.requests[0]


def text_of(request: Request) -> str:
    """All that the model reads."""
    tools = [json.dumps(tool.model_dump()) for tool in request.tools]
    return "\n".join([*(message.content for message in request.messages), *tools])


def counter() -> tuple[str, Count]:
    """What counts tokens, in words, and the count."""
    try:
        import tiktoken  # type: ignore[import-not-found,unused-ignore]

        encoding = tiktoken.get_encoding("cl100k_base")
    except Exception:  # noqa: BLE001 - not installed, or an encoding that has to be downloaded
        return f"at most, at {BYTES_PER_TOKEN} bytes each", lambda text: math.ceil(len(text.encode()) / BYTES_PER_TOKEN)
    return "of cl100k_base", lambda text: len(encoding.encode(text, disallowed_special=()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", default=list(names()))
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    words, count = counter()
    print(f"first prompt, kB and tokens ({words})")
    print(f"{'task':18s}" + "".join(f"{agent:>10s}{'':>8s}" for agent in AGENTS))
    with Sandbox() as sandbox:
        for name in options.tasks:
            try:
                task = load(name, options.data_dir).task
            except InputError as missing:
                print(f"{name:18s}{missing}", flush=True)
                continue
            texts = [text_of(first_request(task, agent, sandbox)) for agent in AGENTS]
            sizes = "".join(f"{len(text.encode()) / 1e3:10.1f}{count(text):8d}" for text in texts)
            print(f"{name:18s}{sizes}", flush=True)


if __name__ == "__main__":
    main()
