"""The site of many runs: a leaderboard for benchmarks, laws for tables of a user's own."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.report import fill
from lawsmith.runs import Archive
from lawsmith.runs.report import write_site
from lawsmith.runs.report.site import site_pages
from lawsmith.tasks import InputError


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    fill(folder / "runs", 20)
    fill(folder / "runs", 2, "replica")
    write_site(folder / "runs", folder / "site")
    return folder / "site"


def test_the_site_ranks_systems_beside_anchors_and_keeps_replicas_apart(site: Path):
    data = json.loads((site / "data.json").read_text())
    task = next(entry for entry in data["tasks"] if entry["task"] == "sft")
    real = [entry for entry in task["systems"] if not entry["replica"] and entry["origin"] == "run"]
    assert len(real) == 10 and [e["mean_r2"] for e in real] == sorted((e["mean_r2"] for e in real), reverse=True)
    assert real[0]["best_r2"] >= real[0]["mean_r2"] >= real[0]["min_r2"]
    (page,) = (site / "tasks").glob("sft-*.html")
    text = page.read_text()
    ranked, _, replicas = text.partition('id="replicas"')
    assert "published anchor" in ranked and "leaderboard data" in ranked
    assert "replica-table" in replicas and "replica-table" not in ranked


def test_a_failed_run_counts_as_minus_one(tmp_path: Path):
    fill(tmp_path, 50)
    pages, _ = site_pages(tmp_path, lambda archive: None)
    (task,) = (entry for entry in json.loads(pages["data.json"])["tasks"] if entry["task"] == "sft")
    assert next(e for e in task["systems"] if e["system"] == "agent9")["min_r2"] == -1.0


def test_a_published_system_shows_the_scores_of_all_its_runs(site: Path):
    task = next(e for e in json.loads((site / "data.json").read_text())["tasks"] if e["task"] == "sft")
    published = next(e for e in task["systems"] if e["origin"] == "published")
    assert published["mean_r2"] == pytest.approx(0.639659, abs=1e-6) and len(published["scores"]) == 5


def test_links_of_the_site_lead_somewhere(site: Path):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 12
    for page in pages:
        for link in re.findall(r'href="([^"#:]+)"', page.read_text()):
            assert (page.parent / link).is_file(), f"{page.name} links to {link}"


def test_a_folder_with_other_files_is_not_written_into(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match="other files"):
        write_site(tmp_path / "runs", tmp_path)


def test_a_table_of_ones_own_is_spoken_of_as_laws_and_a_benchmark_as_systems(runs_dir: Path, tmp_path: Path):
    index, _ = write_site(runs_dir, tmp_path / "site")
    text = index.read_text()
    own, _, benchmarks = text.partition('id="tasks"')
    assert (
        "<h1>Laws</h1>" in own
        and "best law" in own
        and "<math" in own
        and "system" not in own.lower()[own.index("<main") :]
    )
    assert "best system" in benchmarks
    (table,) = (tmp_path / "site" / "tasks").glob("toy-*.html")
    assert "<h1>toy</h1>" in table.read_text() and "Systems" not in table.read_text()
    assert not list((tmp_path / "site" / "systems").glob("toy-*"))


def test_a_report_of_the_archive_is_made_anew_for_the_site(good: Archive, runs_dir: Path, tmp_path: Path):
    kept = good.path / "report.html"
    before = kept.read_bytes() if kept.exists() else None
    kept.write_text("<script>a stranger's</script>")
    try:
        write_site(runs_dir, tmp_path / "site")
    finally:
        kept.unlink() if before is None else kept.write_bytes(before)
    (page,) = (tmp_path / "site" / "reports").glob("toy-*.html")
    assert "stranger" not in page.read_text() and "<math" in page.read_text()
