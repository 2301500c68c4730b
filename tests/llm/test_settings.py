"""Settings, prices, secrets, the cache, the ensemble and the population."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lawsmith.agent.client.config import Config, ModelChoice, Options, configured, parse_models
from lawsmith.agent.client.messages import Message, ModelReply, Request, TokenUsage
from lawsmith.agent.client.prices import Price, Prices
from lawsmith.agent.client.recording import ReplyCache
from lawsmith.agent.client.scrub import REMOVED, Scrubber, public_url
from lawsmith.agent.llm.evolve import Population
from lawsmith.agent.llm.model_session import ModelSession, Settings
from lawsmith.agent.llm.pace import Ensemble
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.tasks import InputError
from tests.made import made_evaluation, made_task

FILE = """
base_url = "http://file/v1"
[[models]]
name = "big"
weight = 3
key_env = "BIG_KEY"
[sampling]
temperature = 0.2
[prices.big]
prompt = 1.25
completion = 10
"""


def test_models_are_named_with_weights() -> None:
    assert [(m.name, m.weight) for m in parse_models("a=3, b:7b")] == [("a", 3.0), ("b:7b", 1.0)]
    for wrong in ("", "a,,b", "a=0", "a=x", "a,a"):
        with pytest.raises(InputError, match="model"):
            parse_models(wrong)


def test_flags_come_before_environment_before_file(tmp_path: Path) -> None:
    path = tmp_path / "lawsmith.toml"
    path.write_text(FILE)
    config = Config.read(path, {})
    from_file = config.resolve(None, {})
    assert [(m.name, m.base_url, m.key_env) for m in from_file.models] == [("big", "http://file/v1", "BIG_KEY")]
    environment = {"LAWSMITH_MODEL": "other", "OPENAI_BASE_URL": "http://environment/v1"}
    from_environment = config.resolve(None, environment)
    assert [(m.name, m.base_url) for m in from_environment.models] == [("other", "http://environment/v1")]
    from_flag = config.resolve("big=5", environment)
    assert [(m.name, m.weight, m.key_env) for m in from_flag.models] == [("big", 5.0, "BIG_KEY")]


def test_options_of_the_command_line_come_first() -> None:
    environment = {"OPENAI_BASE_URL": "http://environment/v1"}
    options = Options(base_url="http://flag/v1", temperature=0.1, context_tokens=4096, in_flight=2)
    config = Config().resolve("m", environment, options)
    assert (config.models[0].base_url, config.base_url) == ("http://flag/v1", None)
    assert (config.sampling.temperature, config.sampling.max_reply_tokens) == (0.1, 1024)
    assert (config.transport.prompt_tokens, config.transport.in_flight) == (3072, 2)
    assert Config().resolve("m", environment, Options(max_reply_tokens=99)).transport == Config().transport
    for wrong, named in (
        (Options(context_tokens=1000), "context_tokens 1000 leaves 750"),
        (Options(temperature=9), "temperature"),
        (Options(in_flight=0), "in_flight"),
    ):
        with pytest.raises(InputError, match=named):
            Config().resolve("m", environment, wrong)


def test_what_no_flag_says_the_environment_may() -> None:
    environment = {"LAWSMITH_REQUEST_TIMEOUT": "30", "LAWSMITH_TEMPERATURE": "0.3", "LAWSMITH_IN_FLIGHT": "3"}
    config = Config().resolve("m", environment, Options(temperature=0.1))
    assert (config.transport.timeout_seconds, config.transport.in_flight) == (30.0, 3)
    assert config.sampling.temperature == 0.1
    for wrong in ({"LAWSMITH_REQUEST_TIMEOUT": "soon"}, {"LAWSMITH_REQUEST_TIMEOUT": "-1"}):
        with pytest.raises(InputError, match="LAWSMITH_REQUEST_TIMEOUT"):
            Config().resolve("m", wrong)


@pytest.mark.parametrize("text", ["[sampling]\ntemprature = 1", "models = 3", "[[models]]\nkey = 'sk-x'", "= ="])
def test_a_wrong_file_is_named_with_its_key(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"wrong\.toml"):
        Config.read(path, {})


def test_what_a_user_must_set_is_said() -> None:
    assert not configured({})
    with pytest.raises(InputError, match="model"):
        Config().resolve(None, {})
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        ModelSession("evolve", Settings(config=Config().resolve("m", {})), environment={})
    with pytest.raises(InputError, match=r"prices\.\"m\""):
        Prices({}).require(["m"])


def test_recorded_settings_hold_no_password_and_come_back() -> None:
    config = Config(models=(ModelChoice(name="m", base_url="https://user:secret@host:8/v1?key=secret"),))
    recorded = Settings(config=config).to_json()
    assert "secret" not in str(recorded)
    assert Settings.recorded(recorded).config.models[0].base_url == "https://host:8/v1"


def test_unknown_prices_are_unknown() -> None:
    usage = TokenUsage(prompt_tokens=1_000_000, completion_tokens=100_000)
    prices = Prices({"m": Price(prompt=1.25, completion=10.0)})
    assert prices.of("m", usage) == pytest.approx(2.25)
    assert prices.of("other", usage) is None
    assert prices.of("m", TokenUsage(prompt_tokens=5)) is None
    assert prices.of("other", TokenUsage(usd=0.25)) == 0.25


def test_secrets_are_removed_and_words_are_not() -> None:
    scrub = Scrubber.of(["my-own-secret-key"], {"SOME_TOKEN": "abcdefgh12345", "HOME": "/home/user", "A_KEY": "none"})
    text = "my-own-secret-key abcdefgh12345 /home/user none sk-proj-ABCDEFGHIJKLMNOPQRST"
    assert scrub(text) == f"{REMOVED} {REMOVED} /home/user none {REMOVED}"
    assert public_url("http://u:p@[::1]:80/v1?x=1#y") == "http://[::1]:80/v1"


def test_cached_replies_belong_to_one_endpoint_and_question(tmp_path: Path) -> None:
    cache, reply = ReplyCache(tmp_path), ModelReply(text="law", usage=TokenUsage(prompt_tokens=3))
    request = Request(slot="0", model="m", messages=(Message(role="user", content="?"),), max_tokens=9, seed=1)
    cache.put("http://a", request, reply)
    assert cache.get("http://a", request.model_copy(update={"slot": "7"})) == reply
    assert cache.get("http://b", request) is None
    assert cache.get("http://a", request.model_copy(update={"seed": 2})) is None
    [entry] = tmp_path.rglob("*.json")
    entry.write_text("{")
    assert cache.get("http://a", request) is None


def test_later_picks_favour_the_model_that_improves() -> None:
    ensemble = Ensemble((ModelChoice(name="good"), ModelChoice(name="bad")))
    for _ in range(20):
        ensemble.learn("good", True)
        ensemble.learn("bad", False)
    picks = Counter(ensemble.pick(np.random.default_rng(k)) for k in range(200))
    assert picks["good"] > 170
    assert picks["bad"] > 0


def law(name: int, r2: float, probe: float) -> Trial:
    proposal = Proposal(f"PARAMETERS = ('a',)\ndef form(x, p):\n    return p['a'] * x['N'] ** {name}\n")
    found = made_evaluation(validation_r2=r2, constants_count=1, probe=((probe,), (1.0,)))
    return Trial(proposal.id, proposal, found)


def test_islands_refuse_twins_migrate_and_start_afresh() -> None:
    task = made_task({"N": np.ones(3)}, np.ones(3))
    population = Population(3, lambda trial: (-(trial.evaluation.validation_r2 or 0.0), 0), task)
    laws = [law(k, r2=0.9 - 0.1 * k, probe=2.0 + k) for k in range(3)]
    assert all(population.add(trial, island) for island, trial in enumerate(laws))
    assert not population.add(law(7, 0.99, probe=2.0 + 1e-12), 0)
    population.migrate()
    assert population.islands[1] == [laws[0].id, laws[1].id]
    assert population.restart_weakest() == 2
    assert population.islands[2] == []
    assert population.parent(2, np.random.default_rng(0)) is None
    drawn = Counter(population.parent(1, np.random.default_rng(k)).id for k in range(100))  # type: ignore[union-attr]
    assert drawn[laws[0].id] > drawn[laws[1].id] > 0
    assert [trial.id for trial in population.diverse(5, [laws[0].id])] == [laws[1].id, laws[2].id]
