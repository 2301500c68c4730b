"""The pages in a real Chromium: no error, no request, keyboard and filters work, nothing for axe-core."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from made_runs import add, under_way

from lawsmith.runs import Archive
from lawsmith.runs.intervals import Uncertainty
from lawsmith.runs.report import report_page, write_site
from lawsmith.runs.report.pages import Pages
from lawsmith.runs.report.serve import server
from lawsmith.sandbox import Sandbox

pytestmark = pytest.mark.browser
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
PHONE, DESKTOP = {"width": 390, "height": 800}, {"width": 1200, "height": 900}


class Watched:
    """A page of the browser that remembers every complaint and every request but the first."""

    def __init__(self, context, path: Path) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def clean(self) -> None:
        assert self.errors == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="module")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def context(browser) -> Iterator:
    opened = browser.new_context(viewport=DESKTOP)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def report(good: Archive, known: Uncertainty, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_page(good, sandbox, with_intervals=False))
    return path


@pytest.fixture(scope="module")
def site(runs_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "site"
    write_site(runs_dir, folder)
    return folder


def violations(page) -> list[str]:
    """What axe finds, with every section unfolded."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found]


def unfold(page) -> None:
    page.wait_for_selector("html[data-candidates]", state="attached")
    page.evaluate("document.getElementById('candidate-details').open = true")


def wait_for_picture(page) -> None:
    page.wait_for_selector("#picture[data-ready]")


def marks(page, colour: str) -> int:
    """How many rows the picture draws in a colour."""
    paint = f"[fill='var(--{colour})']"
    return page.locator(f"#picture-chart circle{paint}, #picture-chart g{paint} circle").count()


def test_the_picture_shows_rows_and_curves_and_names_the_row_under_the_pointer(context, report: Path):
    watched = Watched(context, report)
    page = watched.page
    wait_for_picture(page)
    assert not page.locator("#picture-static").is_visible()
    assert (marks(page, "c0"), marks(page, "c1")) == (12, 12)
    place = page.locator("#picture-chart circle[fill='var(--c0)']").nth(5).bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_selector("#picture-chart [aria-label=tip] text")
    told = page.locator("#picture-chart [aria-label=tip]").text_content()
    assert "row 6 (training)" in told and "measured" in told and "residual" in told and "one" in told
    watched.clean()


def test_switches_choose_groups_and_axes_and_the_formula_follows(context, report: Path):
    watched = Watched(context, report)
    page = watched.page
    wait_for_picture(page)
    page.select_option("#picture-group", label="two")
    assert (marks(page, "c0"), marks(page, "c1"), marks(page, "grey")) == (0, 12, 12)
    assert page.locator("#formula .shown:visible").get_attribute("data-group") == "two"
    page.select_option("#formula-group", label="one")
    assert (marks(page, "c0"), marks(page, "grey")) == (12, 12)
    page.click("button[data-formula=symbols]")
    assert "symbols" in page.locator("#formula .shown:visible").get_attribute("class")
    kinds = []
    for kind in ("linear", "log", "level"):
        page.select_option("#picture-y", kind)
        kinds.append(page.evaluate("document.querySelector('#picture-chart svg').scale('y').type"))
    assert kinds == ["linear", "log", "log"]
    assert "less the level" in page.text_content("#picture-chart")
    watched.clean()


def test_dragging_zooms_in_and_keys_lead_from_row_to_row(context, report: Path):
    watched = Watched(context, report)
    page = watched.page
    wait_for_picture(page)

    def domain() -> list[float]:
        return page.evaluate("document.querySelector('#picture-chart svg').scale('x').domain")

    whole, box = domain(), page.locator("#picture-chart svg").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 300, steps=3)
    page.mouse.up()
    zoomed = domain()
    assert whole[0] < zoomed[0] < zoomed[1] < whole[1]
    page.click("#picture-reset")
    assert domain() == whole
    page.focus("#picture-chart")
    page.keyboard.press("ArrowRight")
    first = page.text_content("#picture-row")
    page.keyboard.press("ArrowRight")
    assert first.startswith("row ") and page.text_content("#picture-row") not in ("", first)
    page.keyboard.press("+")
    assert domain() != whole
    watched.clean()


def test_without_scripts_the_page_shows_formula_figures_and_tables(browser, report: Path):
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
    page = Watched(context, report).page
    assert page.locator("#picture-static svg").first.is_visible()
    assert page.locator("#formula math").first.is_visible() and page.locator("table").first.is_visible()
    assert not page.locator("#picture-live").is_visible() and not page.locator("#formula-tools").is_visible()
    context.close()


def test_a_live_page_swaps_in_a_better_law(context, runs_dir: Path, good: Archive, sandbox: Sandbox):
    pages = Pages(runs_dir, sandbox)
    with server(pages, 0) as http, under_way(runs_dir, good) as archive:
        Thread(target=http.serve_forever, daemon=True).start()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{http.server_port}/runs/{archive.manifest.address}")
        page.wait_for_selector("html[data-live]", state="attached")
        before = page.locator("#formula .symbols").text_content()
        best = add(archive, good, 2)
        page.wait_for_selector(f"#law-{best}.chosen")
        wait_for_picture(page)
        assert page.locator("#formula .symbols").text_content() != before
        assert page.locator("#picture-chart svg").count() == 1
        http.shutdown()


def test_the_report_works_without_errors_or_requests(context, report: Path):
    watched = Watched(context, report)
    page = watched.page
    unfold(page)
    assert page.locator("#candidate-table tbody tr").count() == 3
    page.fill("#candidate-filter", "np.log")
    assert page.locator("#candidate-table tbody tr").count() == 1
    page.fill("#candidate-filter", "")
    page.click("#candidate-table thead button >> nth=0")
    first = page.locator("#candidate-table tbody tr td").first.text_content()
    page.click("#candidate-table thead button >> nth=0")
    assert page.locator("#candidate-table tbody tr td").first.text_content() != first
    watched.clean()


def test_a_candidates_source_opens_from_the_keyboard_highlighted(context, report: Path):
    watched = Watched(context, report)
    page = watched.page
    unfold(page)
    page.focus("#candidate-table tbody button >> nth=0")
    page.keyboard.press("Enter")
    assert page.locator("dialog").is_visible() and page.locator("dialog code span.k").count() > 0
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    watched.clean()


def test_the_keyboard_reaches_the_tools(context, report: Path):
    page = Watched(context, report).page
    unfold(page)
    seen = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"candidate-filter", "SUMMARY", "BUTTON", "picture-chart", "picture-y"} <= seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_report(browser, report: Path, scheme: str):
    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme, bypass_csp=True)
    watched = Watched(context, report)
    wait_for_picture(watched.page)
    assert violations(watched.page) == []
    context.close()


def test_axe_finds_nothing_on_the_site(browser, site: Path):
    context = browser.new_context(viewport=DESKTOP, bypass_csp=True)
    for page in (site / "index.html", next(site.glob("tasks/toy*")), next(site.glob("systems/sft*"))):
        assert violations(Watched(context, page).page) == []
    context.close()


def test_no_page_is_wider_than_a_phone(browser, report: Path, site: Path):
    context = browser.new_context(viewport=PHONE)
    for path in (report, site / "index.html", *site.glob("tasks/*"), *site.glob("systems/*")):
        page = Watched(context, path).page
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path.name
    context.close()


def test_a_wide_formula_is_set_smaller_on_a_phone_until_it_fits(browser, report: Path):
    page = browser.new_page(viewport=PHONE)
    page.goto(report.as_uri())
    widen = "document.querySelector('#formula .shown:not([hidden]) math').style.paddingRight = '12em'"
    page.evaluate(f"{widen}; dispatchEvent(new Event('resize'))")
    wide, room = page.evaluate(
        "[document.querySelector('#formula').scrollWidth, document.querySelector('#formula').clientWidth]"
    )
    assert wide <= room
    page.close()


def test_a_printed_page_has_constants_and_no_folded_section(browser, report: Path):
    page = browser.new_page(viewport=DESKTOP)
    page.emulate_media(media="print")
    page.goto(report.as_uri())
    assert page.locator("section[aria-labelledby=constants]").is_visible()
    assert page.locator("section[aria-labelledby=verdict]").is_visible()
    assert not page.locator("section[aria-labelledby=candidates]").is_visible()
    page.close()


def test_links_and_filters_of_the_site_work(context, site: Path):
    watched = Watched(context, site / "index.html")
    page = watched.page
    page.fill("input[data-filter=own-table]", "toy")
    assert page.locator("#own-table tbody tr:visible").count() == 1
    page.click("#own-table a:has-text('toy')")
    assert page.locator("#runs-table tbody tr").count() == 1 and page.locator("#runs-table math").count() == 1
    page.click("nav a >> nth=0")
    page.click("#tasks-table a:has-text('sft')")
    page.click("#systems-table a >> nth=0")
    assert "Mean R²" in page.text_content("main")
    watched.clean()


def test_hostile_strings_execute_nowhere(context, hostile: Archive, sandbox: Sandbox, site: Path, tmp_path: Path):
    path = tmp_path / "hostile.html"
    path.write_text(report_page(hostile, sandbox, with_intervals=False))
    watched = Watched(context, path)
    page = watched.page
    unfold(page)
    for k in range(2):
        page.click(f"#candidate-table tbody button >> nth={k}")
        page.keyboard.press("Escape")
    assert "owned" not in page.title() and page.locator("main img").count() == 0
    watched.clean()
    for other in (*site.glob("tasks/bad*"), *site.glob("systems/sft*")):
        opened = Watched(context, other)
        assert "owned" not in opened.page.title()
        opened.clean()
