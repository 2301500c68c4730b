"""The report and the leaderboard as text: what must be there, and what a stranger's strings may not do."""

import base64
import gzip
import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.report import fill, many_candidates
from lawsmith.runs import Archive, new_run_id
from lawsmith.runs.intervals import Uncertainty
from lawsmith.runs.report import report_page, write_report, write_site
from lawsmith.runs.report.content import gather
from lawsmith.runs.report.page import packed, render
from lawsmith.runs.report.serve import Pages, server
from lawsmith.runs.report.site import site_pages
from lawsmith.runs.report.typeset import mathml
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError


@pytest.fixture(scope="module")
def page(good: Archive, known: Uncertainty, sandbox: Sandbox) -> str:
    return report_page(good, sandbox, with_intervals=False)


def test_a_report_shows_the_formula_the_constants_the_fit_and_the_search(page: str, good: Archive):
    assert '<math display="block">' in page and "<msup>" in page
    assert page.count("<svg") == 5
    assert "loss against n" in page and "end of the training data at 1000" in page
    assert all(f'title="{group}"' in page for group in ("one", "two"))
    assert good.manifest.data is not None and good.manifest.data.sha256 in page


def test_a_report_shows_intervals_and_rival_laws_beyond_the_data(page: str, known: Uncertainty):
    assert "Bars are 90 % intervals." in page and "rows held out for validation began" in page
    _, _, beyond = page.partition('id="beyond"')
    assert "The data ends at 1000" in beyond and beyond.count("90 % interval") > 1
    assert all(f"<td><code>{rival.id}</code></td>" in beyond for rival in known.members[1:])
    ends = re.search(r"the law says ([\d.]+), 90 % interval ([\d.]+) to ([\d.]+)\.", beyond)
    assert ends is not None and float(ends[2]) < float(ends[1]) < float(ends[3])


def test_without_measured_errors_a_report_says_how_to_get_intervals(hostile: Archive, sandbox: Sandbox):
    page = report_page(hostile, sandbox, with_intervals=False)
    assert f"No prediction intervals: discover report {hostile.run} measures them." in page


def test_a_report_asks_nothing_of_the_network(page: str):
    assert not re.search(r'(?:src|href)="(?!#|data:)', re.sub(r"xlink:href", "", page))
    assert "default-src &#39;none&#39;" in page and "url(http" not in page


def test_reports_of_the_same_archive_are_the_same(page: str, good: Archive, sandbox: Sandbox):
    assert report_page(good, sandbox, with_intervals=False) == page


def test_a_report_is_kept_with_the_archive_and_covered_by_its_digests(good: Archive, sandbox: Sandbox):
    path = write_report(good, sandbox, with_intervals=False)
    assert path == good.path / "report.html" and good.verify() == []


def test_a_report_without_the_data_says_so_and_shows_the_rest(
    good: Archive, sandbox: Sandbox, tmp_path: Path
):
    page = report_page(good, sandbox, data_dir=tmp_path, with_intervals=False)
    assert "The data is not at hand" in page and "<math" in page


def test_hostile_strings_appear_as_text_only(hostile: Archive, sandbox: Sandbox):
    page = report_page(hostile, sandbox, with_intervals=False)
    own = page.count("<script")
    assert own == 2  # ours: the candidates, and the page's script
    assert "<img" not in page and "&lt;img" in page
    assert "\x1b" not in page and "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert "{{ 7 * 7 }}" in page and len(page) < 5_000_000


def test_a_hostile_name_in_a_formula_stays_text():
    source = """PARAMETERS = ("a",)
def form(x, p):
    return p["a"] * x["<script>alert(1)</script>"]
"""
    found = mathml(source, ("<b>&",))
    assert (
        found is not None
        and "<script" not in found
        and "&lt;script&gt;" in found
        and "&lt;b&gt;&amp;" in found
    )


def test_a_thousand_candidates_fit_in_half_a_megabyte(good: Archive):
    content = many_candidates(gather(good), 1000)
    data = packed(content)
    assert len(data) < 500_000
    assert len(json.loads(gzip.decompress(base64.b64decode(data)))["rows"]) == 1000


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
    assert len(real) == 10 and [e["mean_r2"] for e in real] == sorted(
        (e["mean_r2"] for e in real), reverse=True
    )
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


def test_templates_refuse_what_they_are_not_given():
    with pytest.raises(Exception, match="undefined"):
        render("task.html.j2", title="x")


@pytest.fixture
def address(runs_dir: Path, sandbox: Sandbox):
    with server(Pages(runs_dir, sandbox), 0) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def fetch(url: str, host: str | None = None) -> str:
    request = urllib.request.Request(url, headers={} if host is None else {"Host": host})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def test_the_server_shows_the_leaderboard_and_reports(address: str, good: Archive):
    assert "Leaderboard" in fetch(f"{address}/")
    assert good.run in fetch(f"{address}/runs/{good.manifest.address}")
    assert "tasks" in json.loads(fetch(f"{address}/data.json"))


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/runs/../../etc", "/nothing"]
)
def test_the_server_has_nothing_else(address: str, path: str):
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(address + path)
    assert refused.value.code == 404


def test_the_server_refuses_foreign_names(address: str):
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(f"{address}/", host="evil.example:80")
    assert refused.value.code == 403


def test_a_run_in_progress_is_followed(runs_dir: Path, good: Archive, sandbox: Sandbox):
    manifest = good.manifest.model_copy(update={"run": new_run_id(), "agent": "under-way"})
    with Archive.create(runs_dir, manifest) as archive:
        event = next(e for e in good.events() if e["event"] == "candidate")
        archive.append_event({key: value for key, value in event.items() if key not in ("digest", "seq")})
        page = Pages(runs_dir, sandbox).get(f"runs/{manifest.address}")
        assert (
            page is not None and 'http-equiv="refresh"' in page and "running" in page and event["id"] in page
        )
