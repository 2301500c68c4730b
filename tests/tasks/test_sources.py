import contextlib
import errno
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith.tasks import InputError, load, names, replica, schema, sources
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.metrics import r2
from lawsmith.tasks.sources import whereabouts
from lawsmith.tasks.user_files import keep

ROWS = {
    "sft": (504, 42, 42),
    "lr_bsz": (2702, 1, 117),
    "parallel": (36, 2, None),
    "vocab": (1080, 1, None),
    "domain_mixture": (80, 4, None),
    "moe": (193, 1, None),
    "data_constrained": (161, 1, None),
    "u_shape": (389, 9, None),
}


@pytest.fixture(autouse=True)
def _fresh_hub_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sources._unreachable.cache_clear()
    yield
    sources._unreachable.cache_clear()


@pytest.mark.data
@pytest.mark.parametrize("name", ROWS)
def test_the_benchmark_loads_as_published(name: str, sldbench: Path):
    data = load(name, sldbench)
    rows, groups, test_rows = ROWS[name]
    assert (len(data.task.train), len(data.task.train.groups)) == (rows, groups)
    if test_rows is not None:
        assert data.test is not None
        assert len(data.test) == test_rows
    assert data.task.provenance.source == "file"
    assert np.isfinite(data.task.train.matrix()).all()
    assert frontier_folds(data.task.train)


@pytest.mark.data
def test_the_published_law_scores_what_was_published(sldbench: Path):
    """Checks reading and metric against a known answer: R² 0.998467 on training rows, 0.980774 on test rows."""
    data = load("sft", sldbench)
    law = replica.published("sft").constants
    expected = {0.998467: data.task.train, 0.980774: data.test}
    for published, table in expected.items():
        assert table is not None
        constants = [law[table.groups[code]] for code in table.codes]
        n = table.features["sft_data_size"]
        predicted = [p["L_inf"] + p["A"] * (x + p["N0"]) ** -p["alpha"] for x, p in zip(n, constants, strict=True)]
        assert r2(table.target_matrix(), np.array(predicted)[:, None]) == pytest.approx(published, abs=5e-7)


def write_table(folder: Path, name: str = "train.csv", rows: int = 6) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    n = 10.0 ** np.arange(1, rows + 1)
    pd.DataFrame({"sft_data_size": n, "sft_loss": 1 + n**-0.2, "group": "g"}).to_csv(folder / name, index=False)


def test_a_folder_is_read_with_or_without_the_task_in_its_path(tmp_path: Path):
    write_table(tmp_path / "flat")
    write_table(tmp_path / "nested" / "sft_scaling_law")
    flat, nested = load("sft", tmp_path / "flat"), load("sft_scaling_law", tmp_path / "nested")
    assert flat.test is None
    assert flat.task.provenance.sha256 == nested.task.provenance.sha256
    assert flat.task.provenance.path == str(tmp_path / "flat" / "train.csv")


def test_a_folder_without_the_task_is_an_error_not_a_replica(tmp_path: Path):
    with pytest.raises(InputError, match=r"has no rows of sft: neither sft_scaling_law/train.* nor train\.csv"):
        load("sft", tmp_path)
    assert whereabouts("sft", tmp_path) == ("file", None)
    with pytest.raises(InputError, match=r"^data_dir names .*, which is not a folder"):
        load("sft", tmp_path / "absent")


def test_the_variable_comes_after_the_argument_and_before_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_table(tmp_path / "named", rows=5)
    write_table(tmp_path / "given", rows=7)
    monkeypatch.setenv(sources.DATA_VARIABLE, str(tmp_path / "named"))
    assert len(load("sft").task.train) == 5
    assert len(load("sft", tmp_path / "given").task.train) == 7
    assert whereabouts("sft") == ("file", tmp_path / "named" / "train.csv")
    monkeypatch.setenv(sources.DATA_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(InputError, match="LAWSMITH_DATA names"):
        load("sft")


def test_a_variable_that_lacks_the_task_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_table(tmp_path / "sft_scaling_law")
    monkeypatch.setenv(sources.DATA_VARIABLE, str(tmp_path))
    with pytest.raises(InputError, match=rf"could not get the rows of moe \(LAWSMITH_DATA={tmp_path} has none, HF_HUB"):
        load("moe")
    assert whereabouts("moe") == ("hub", None)


def test_without_data_two_tasks_become_a_loud_replica(monkeypatch: pytest.MonkeyPatch):
    for name, rows in (("sft", (504, 42)), ("lr_bsz", (700, 28))):
        data = load(name)
        assert data.test is not None
        assert (len(data.task.train), len(data.test)) == rows
        assert (data.task.provenance.source, data.task.provenance.path) == ("replica", None)
        assert data.notices[0].startswith(
            f"REPLICA: lawsmith could not get the measurements of {name} (HF_HUB_OFFLINE is set)"
        )
        assert load(name).task.provenance == data.task.provenance


def test_without_data_the_other_tasks_say_how_to_get_them():
    for name in set(names()) - set(replica.available()) - {"nano"}:
        with pytest.raises(InputError, match=f"could not get the rows of {name} .*data_dir or LAWSMITH_DATA"):
            load(name)


def test_the_measured_task_comes_with_the_package():
    data = load("nano")
    assert data.test is not None and (len(data.task.train), len(data.test)) == (112, 48)
    assert data.task.provenance.source == "file" and data.task.train.groups == ("relu", "tanh")
    assert data.test.features["parameters"].max() > data.task.train.features["parameters"].max()
    assert whereabouts("nano")[1] is not None


def test_a_task_has_no_way_to_its_test_rows():
    data = load("sft")
    assert data.test is not None
    held_out = set(data.test.features["sft_data_size"])
    assert held_out.isdisjoint(data.task.train.features["sft_data_size"])
    assert list(vars(data.task)) == ["schema", "train", "provenance"]


class Hub:
    """A hub on loopback that serves `files` and remembers what it was asked."""

    def __init__(self, files: dict[str, bytes], delay: float = 0) -> None:
        asked = self.asked = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                time.sleep(delay)
                content = next((body for name, body in files.items() if self.path.endswith(name)), None)
                with contextlib.suppress(ConnectionError):  # a client that gave up is part of the test
                    self.send_response(200 if content is not None else 404)
                    self.end_headers()
                    self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lift the offline setting, so that requests reach servers on loopback."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    huggingface_hub.close_session()


@pytest.fixture
def small_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, online: None) -> Iterator[Hub]:
    content = {}
    for split in ("train", "test"):
        write_table(tmp_path, f"{split}.csv", rows=6 if split == "train" else 8)
        path = tmp_path / f"{split}.parquet"
        pd.read_csv(tmp_path / f"{split}.csv").to_parquet(path)
        content[sources.split_file("sft_scaling_law", split)] = path.read_bytes()
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in content.items()}
    monkeypatch.setattr(sources, "digests", lambda: digests)
    server = Hub({**content, "README.md": b"here"})
    fetch = sources.fetch
    monkeypatch.setattr(sources, "fetch", lambda name: fetch(name, server.endpoint))
    yield server
    server.close()


def test_the_hub_is_asked_once_and_its_files_are_cached(small_hub: Hub):
    assert whereabouts("sft") == ("hub", None)
    first, again = load("sft"), load("sft")
    assert (first.task.provenance.source, again.task.provenance.source) == ("hub", "cache")
    assert first.task.provenance.sha256 == again.task.provenance.sha256
    assert len(small_hub.asked) == 3  # the probe and two files
    assert whereabouts("sft")[0] == "cache"
    assert first.notices[0].startswith("6 test rows are training rows, too")


def test_a_damaged_cache_is_fetched_again(small_hub: Hub):
    load("sft")
    damaged = sources.cache_folder() / sources.split_file("sft_scaling_law", "test")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    assert load("sft").task.provenance.source == "hub"
    assert load("sft").task.provenance.source == "cache"


def test_other_content_than_published_is_refused(small_hub: Hub, monkeypatch: pytest.MonkeyPatch):
    other = dict.fromkeys(sources.digests(), "0" * 64)
    monkeypatch.setattr(sources, "digests", lambda: other)
    with pytest.raises(InputError, match=r"is not the published file .* data_dir"):
        load("sft")


def test_a_cache_that_cannot_be_written_is_done_without(
    small_hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "occupied").write_text("a file where the cache should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "occupied"))
    assert load("sft").task.provenance.source == "hub"


def test_a_full_disk_leaves_nothing_of_a_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = tmp_path / "cache" / "reply"
    keep(kept, b"one")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "disk full")))
    with pytest.raises(OSError, match="full"):
        keep(kept, b"two")
    assert [path.read_bytes() for path in kept.parent.iterdir()] == [b"one"] and kept.stat().st_mode & 0o077 == 0


def test_a_silent_hub_is_given_up_in_seconds_and_remembered(monkeypatch: pytest.MonkeyPatch, online: None):
    monkeypatch.setattr(sources, "PROBE_SECONDS", 0.2)
    server = Hub({}, delay=1)
    try:
        for _ in range(3):
            with pytest.raises(sources.HubUnavailable, match=r"did not answer|cannot be reached"):
                sources.fetch("moe_scaling_law/train-00000-of-00001.parquet", server.endpoint)
        assert len(server.asked) <= 1
    finally:
        server.close()


def test_the_digests_cover_both_splits_of_every_task():
    expected = {
        sources.split_file(schema(name).long_name, split)
        for name in names()
        for split in ("train", "test")
        if name != "nano"
    }
    assert set(sources.digests()) == expected


@pytest.mark.data
def test_the_digests_are_those_of_the_published_files(sldbench: Path):
    present = {name: sldbench / name for name in sources.digests() if (sldbench / name).is_file()}
    assert len(present) >= 8
    for name, path in present.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sources.digests()[name]
