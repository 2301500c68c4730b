"""The report and the leaderboard as text: what must be there, and what a stranger's strings may not do."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import POWER, make_run, write_table

from benchmarks.report import many_candidates
from lawsmith.runs import Archive, report
from lawsmith.runs.intervals import Uncertainty
from lawsmith.runs.records.trials import Proposal
from lawsmith.runs.report import page as page_module
from lawsmith.runs.report import report_page, write_report
from lawsmith.runs.report.content import gather
from lawsmith.runs.report.page import packed_candidates
from lawsmith.runs.report.render import render
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.write_mathml import mathml
from lawsmith.tasks import InputError, Schema, read_dataset
from lawsmith.tasks.schema import Column


@pytest.fixture(scope="module")
def page(good: Archive, known: Uncertainty, sandbox: Sandbox) -> str:
    return report_page(good, sandbox, with_intervals=False)


def test_a_report_begins_with_the_formula_its_constants_filled_in_and_the_picture(page: str):
    formula, picture, verdict = (page.index(f'id="{name}"') for name in ("formula", "picture", "verdict"))
    assert formula < picture < verdict
    shown = page[formula:picture]
    assert 'data-group="one"' in shown and 'data-group="two"' in shown and "<msup>" in shown
    assert re.search(r'<code class="copied" hidden>loss = [\d.]+ \+ [\d.]+ \* n', shown)
    assert "loss against n" in page and "Training rows end at 1000 (dashed)" in page


def test_a_report_says_what_each_constant_does_and_how_large_errors_are(page: str, good: Archive):
    assert "irreducible loss: what remains" in page and "exponent of n" in page
    _, _, errors = page.partition('aria-label="Errors by split"')
    assert "typical error (RMSE)" in errors and "R² within groups" in errors
    assert good.manifest.data is not None and good.manifest.data.sha256 in page


def test_a_report_says_where_errors_grow_with_the_value(
    page: str, good: Archive, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    assert "grow with its value" not in page
    monkeypatch.setattr("lawsmith.runs.report.content.growing_target", lambda result: "loss")
    assert "Errors of loss grow with its value" in report_page(good, sandbox, with_intervals=False)


def test_the_picture_holds_rows_curves_and_bands_beyond_the_data(page: str, known: Uncertainty):
    data = unpacked(page, "picture-data")
    assert len(data["rows"]["n"]) == 24 and data["groups"] == ["one", "two"]
    curve = data["curves"][0]
    assert curve["edge"] == [10, 1000] and curve["x"][-1] > 1000
    (low90, high90), (low50, high50) = curve["bands"]["90"][0], curve["bands"]["50"][0]
    assert low90[-1] < low50[-1] < curve["y"][0][-1] < high50[-1] < high90[-1]
    assert len(curve["rivals"]) == len(known.members) - 1
    assert data["levels"][0] == pytest.approx([1.0, 1.2], abs=0.1)


def unpacked(page: str, id: str) -> dict:
    (found,) = re.findall(rf'id="{id}">([^<]*)</script>', page)
    return json.loads(gzip.decompress(base64.b64decode(found)))


def test_the_drawing_library_is_the_one_that_is_documented():
    folder = Path(report.__file__).parent / "vendor"
    digest = hashlib.sha256((folder / "observable-plot.min.js").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text()


@pytest.mark.parametrize(("r2", "grade"), [(0.99, "good"), (0.7, "fair"), (-3.56, "bad")])
def test_a_bad_score_looks_bad_and_is_not_clipped(
    good: Archive, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, r2: float, grade: str
):
    assert good.result is not None and good.result.scores.train is not None
    test = good.result.scores.train.model_copy(update={"r2": r2})
    scores = good.result.scores.model_copy(update={"test": test})
    scored = good.result.model_copy(update={"scores": scores})
    monkeypatch.setattr(page_module, "gather", lambda archive: replace(gather(archive), result=scored))
    page = report_page(good, sandbox, with_intervals=False)
    tile = page[page.index("<dt>Test R²") - 40 :][:300]
    assert f'class="score {grade}"' in tile and f"{r2:.4f}".replace("-", "−") in tile
    assert ("the mean would predict better" in tile) == (r2 < 0)


def test_training_r2_is_told_without_the_rows_that_nobody_believes(
    good: Archive, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    assert good.result is not None
    details, r2 = (
        {"disbelieved": [{"row": 5, "target": "loss"}]},
        good.result.scores.train.model_copy(update={"r2": 0.2}),
    )
    scores = good.result.scores.model_copy(update={"train": r2})
    told = good.result.model_copy(update={"details": details, "scores": scores})
    monkeypatch.setattr(page_module, "gather", lambda archive: replace(gather(archive), result=told))
    page = report_page(good, sandbox, with_intervals=False)
    tile = page[page.index("<dt>Training R²") - 40 :][:300]
    assert "without outliers; 0.2000 with them" in tile and 'class="score good"' in tile


def test_rows_far_from_the_law_are_named_by_number(tmp_path: Path, sandbox: Sandbox):
    path = write_table(tmp_path / "odd.csv")
    lines = path.read_text().splitlines()
    n, model, loss = lines[7].split(",")
    lines[7] = f"{n},{model},{float(loss) + 0.3:.6g}"
    path.write_text("\n".join(lines))
    folder = make_run(tmp_path / "runs", read_dataset(path, ("loss",)), sandbox, [Proposal(POWER)], "odd")
    page = report_page(Archive.open(folder), sandbox, with_intervals=False)
    _, _, listed = page.partition('aria-label="Rows far from the law"')
    assert ">row 7<" in listed


def test_without_measured_errors_a_report_says_how_to_get_intervals(hostile: Archive, sandbox: Sandbox):
    page = report_page(hostile, sandbox, with_intervals=False)
    assert f"No prediction intervals: discover report {hostile.run} measures them." in page


def test_a_report_is_small_and_asks_nothing_of_the_network(page: str):
    assert len(page.encode()) < 600_000
    assert not re.search(r'\s(?:src|href)="(?!#|data:)', page[: page.index("<footer>")])
    assert "default-src &#39;none&#39;" in page and "url(http" not in page


def test_reports_of_the_same_archive_are_the_same(page: str, good: Archive, sandbox: Sandbox):
    assert report_page(good, sandbox, with_intervals=False) == page


def test_a_report_is_kept_with_the_archive_and_covered_by_its_digests(good: Archive, sandbox: Sandbox):
    path = write_report(good, sandbox, with_intervals=False)
    assert path == good.path / "report.html" and good.verify() == []


def test_an_archive_that_cannot_be_written_is_told_before_errors_are_measured(
    good: Archive, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page_module.os, "access", lambda path, _: path != good.path)
    with pytest.raises(InputError, match=r"cannot be written; (--)?out FILE writes the page elsewhere"):
        write_report(good, sandbox)
    assert write_report(good, sandbox, out=tmp_path / "page.html").is_file()


def test_a_report_without_the_data_says_so_and_shows_the_rest(good: Archive, sandbox: Sandbox, tmp_path: Path):
    (tmp_path / "toy.csv").write_text("n,model,loss\nmy secret,one,2\n")
    page = report_page(good, sandbox, data_dir=tmp_path)
    assert "The data cannot be read" in page and "<math" in page and "secret" not in page


def test_hostile_strings_appear_as_text_only(hostile: Archive, sandbox: Sandbox):
    page = report_page(hostile, sandbox, with_intervals=False)
    own = page.count("<script")
    assert own == 5  # ours: the candidates, the picture's data, and three scripts
    assert "<img" not in page and "&lt;img" in page
    assert "\x1b" not in page and "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert "{{ 7 * 7 }}" in page and len(page) < 5_000_000


def test_a_hostile_name_in_a_formula_stays_text():
    source = """PARAMETERS = ("a",)
def form(x, p):
    return p["a"] * x["<script>alert(1)</script>"]
"""
    label = Column(name="<script>alert(1)</script>", levels=("<u>", "b c"))
    schema = Schema(
        name="t",
        long_name="t",
        title="t",
        features=(label.name,),
        targets=("<b>&",),
        group=None,
        columns={label.name: label},
    )
    found = mathml(source, schema)
    assert found is not None and "<script" not in found and "&lt;script&gt;" in found and "&lt;b&gt;&amp;" in found


def test_a_thousand_candidates_fit_in_half_a_megabyte(good: Archive):
    content = many_candidates(gather(good), 1000)
    data = packed_candidates(content)
    assert len(data) < 500_000
    assert len(json.loads(gzip.decompress(base64.b64decode(data)))["rows"]) == 1000


def test_templates_refuse_what_they_are_not_given():
    with pytest.raises(Exception, match="undefined"):
        render("task.html.j2", title="x")


def test_hypotheses_of_a_model_stand_with_their_outcome(
    good: Archive, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    books = {
        **dict.fromkeys(("finished", "attempts", "from_cache", "prompt_tokens", "completion_tokens"), 1),
        "without_usage": 0,
        "usd": 0.1,
        "usd_known": 0.1,
        "failed_attempts": {},
        "seconds": 1.0,
    }
    account = {
        "calls": books,
        "floor_candidates": 1,
        "candidates": 1,
        "accepted": 1,
        "improved": 0,
        **dict.fromkeys(("floor_r2", "best_r2", "gain", "best_by", "acceptance_rate"), None),
        **dict.fromkeys(("ended", "error", "divergence"), None),
        "lost": {},
        "failures": {},
        "progress": [],
        "models": {},
    }

    def asked(archive: Archive):
        content = gather(archive)
        first, *others = content.trials
        noted = replace(first, proposal=replace(first.proposal, note="the loss <b>saturates</b>"))
        result = content.result.model_copy(update={"details": {"account": account}})
        return replace(content, result=result, trials=(noted, *others))

    monkeypatch.setattr(page_module, "gather", asked)
    page = report_page(good, sandbox, with_intervals=False)
    _, _, listed = page.partition('aria-label="Hypotheses of the model"')
    assert "the loss &lt;b&gt;saturates&lt;/b&gt;" in listed and listed.index("saturates") < 900
    assert "held-out R²" in listed[:1500] and ", place " in listed[:1500]
