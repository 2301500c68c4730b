"""One genuine model end to end. It proves transport, parsing, records and books; it is no measure of discovery."""

from __future__ import annotations

from pathlib import Path

import local_model
import pytest
from llm_driver import Lines, run

from agent.llm.config import Config, ModelChoice, Sampling, Transport
from runs import Archive
from sandbox import Sandbox

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(local_model.absent() is not None, reason=str(local_model.absent())),
]


def test_a_real_model_is_asked_recorded_and_replayed(tmp_path: Path) -> None:
    with local_model.served() as url, Sandbox(workers=2) as sandbox:
        config = Config(
            models=(ModelChoice(name="smollm2", base_url=url),),
            sampling=Sampling(max_reply_tokens=64),
            transport=Transport(in_flight=1, prompt_tokens=2000, timeout_seconds=600, cache=False),
        )
        found = run(sandbox, tmp_path / "first", "refine", config, calls=2)
    books = found.report["calls"]
    assert books["finished"] == 2
    assert books["prompt_tokens"] > 500
    assert 2 <= books["completion_tokens"] <= 2 * 64
    assert books["usd"] is None
    assert found.winner.id in found.history
    assert found.report["floor_candidates"] == len(Lines().propose([]))  # type: ignore[arg-type]
    with Sandbox(workers=2) as sandbox:
        again = run(
            sandbox, tmp_path / "again", "refine", config, replayed=Archive.open(found.archive), calls=2
        )
    assert again.report == found.report
    assert again.winner.id == found.winner.id
