"""Prompts from the template files in `agent/feedback/templates/`, of bounded size whatever the task holds."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from lawsmith.agent.client.messages import Message
from lawsmith.agent.client.prices import BYTES_PER_TOKEN
from lawsmith.agent.client.text import number
from lawsmith.agent.feedback.describe import facts, fold_words, noise_line, sample_rows
from lawsmith.agent.feedback.tables import data_table
from lawsmith.tasks import Task

DIRECTORY = Path(__file__).parent / "templates"
EXAMPLE_HYPOTHESIS = "Measurements fall as a power of the feature, bend where it is small and end in a floor."


@dataclass(frozen=True)
class Detail:
    """How much of each kind a prompt may show; `source` is in characters per law,
    `findings` in lines of each kind of residual diagnostics, `lineage` whether it names what laws came from."""

    rows: int
    bins: int
    groups: int
    others: int
    tried: int
    failures: int
    notes: int
    source: int
    findings: int
    lineage: bool = True


DETAILS = (
    Detail(rows=8, bins=6, groups=12, others=3, tried=20, failures=5, notes=8, source=6000, findings=8),
    Detail(rows=6, bins=5, groups=8, others=2, tried=12, failures=3, notes=5, source=4000, findings=6),
    Detail(rows=6, bins=5, groups=4, others=1, tried=8, failures=2, notes=3, source=2500, findings=4),
    Detail(rows=4, bins=4, groups=2, others=0, tried=4, failures=1, notes=1, source=1500, findings=2, lineage=False),
    Detail(rows=4, bins=0, groups=2, others=0, tried=0, failures=0, notes=0, source=900, findings=1, lineage=False),
)

Content = Callable[[Detail], Mapping[str, Any]]


class Prompts:
    """Renders the templates for one task.

    Args:
        tokens: size of a prompt that must not be exceeded, by a cautious estimate.
        structured: whether a JSON object is asked for, instead of a fenced block.
    """

    def __init__(self, task: Task, tokens: int, *, structured: bool) -> None:
        self._task = task
        feature = task.schema.features[0]
        middle = float(np.median(np.abs(task.train.features[feature])))
        self._common: dict[str, Any] = {
            "facts": facts(task),
            "folds": fold_words(task),
            "structured": structured,
            "feature": feature,
            "scale": number(float(10.0 ** round(np.log10(middle))) if middle > 0 else 1.0, 1),
            "positive": bool((task.train.features[feature] > 0).all()),
            "noise": noise_line(task.train),
            "targets": task.schema.targets,
        }
        example = {"hypothesis": EXAMPLE_HYPOTHESIS, "code": self._text("example.j2", {}), "note": ""}
        self._common["example_reply"] = json.dumps(example)
        self.system = Message(role="system", content=self._text("system.j2", {}))
        self.bytes = int(tokens * BYTES_PER_TOKEN) - len(self.system.content.encode())

    def shrink(self, messages: Sequence[Message]) -> None:
        """Write prompts of at most 0.6 of these from now on: they were too long for the model."""
        written = sum(len(message.content.encode()) for message in messages if message.role != "system")
        self.bytes = min(self.bytes, int(0.6 * written))

    def first(self, template: str, content: Content, *, share: float, system: str | None = None) -> tuple[Message, ...]:
        """System prompt (of another template, if one is named) and a first question that takes at most `share` of the
        room beside it."""
        head = self.system if system is None else Message(role="system", content=self._text(system, {}))
        return head, Message(role="user", content=self.fit(template, content, share=share))

    def fit(self, template: str, content: Content, *, share: float) -> str:
        """`template` in the greatest detail that takes at most `share` of the room beside the system prompt."""
        limit = int(self.bytes * share)
        text = ""
        for detail in DETAILS:
            table = data_table(self._task.train, detail.groups, detail.bins) if detail.bins else []
            rows = {"table": table, "rows": sample_rows(self._task.train, detail.rows), "groups": detail.groups}
            text = self._text(template, {**rows, **content(detail)})
            if len(text.encode()) <= limit:
                return text
        return clip_bytes(text, limit)

    def clip(self, text: str, *, share: float) -> str:
        """`text` cut to `share` of a prompt's size."""
        return clip_bytes(text, int(self.bytes * share))

    def _text(self, template: str, values: Mapping[str, Any]) -> str:
        return _templates().get_template(template).render({**self._common, **values}).strip() + "\n"


@cache
def _templates() -> jinja2.Environment:
    """Compiled once for all runs of a process."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(DIRECTORY),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # the reader is a model, not a browser
        trim_blocks=True,
        lstrip_blocks=True,
    )


def clip_bytes(text: str, limit: int) -> str:
    """`text` with its middle cut out, so that it takes at most `limit` bytes: the end holds what is asked.

    Where lines are short enough it is cut between them.
    """
    data = text.encode()
    if len(data) <= limit:
        return text
    half = max(0, limit - 16) // 2
    head, tail = (part.decode(errors="ignore") for part in (data[:half], data[len(data) - half :]))
    head = head[: head.rfind("\n") + 1] or head
    tail = tail[tail.find("\n") + 1 :] or tail
    return f"{head.rstrip()}\n[…]\n{tail}"
