"""The pages in a real Chromium: no error, no request, keyboard and filters work, nothing serious for axe-core."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lawsmith.runs import Archive
from lawsmith.runs.report import report_page, write_site
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
def report(good: Archive, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_page(good, sandbox, with_intervals=False))
    return path


@pytest.fixture(scope="module")
def site(runs_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "site"
    write_site(runs_dir, folder)
    return folder


def serious(page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v["impact"] in ("serious", "critical")
    ]


def test_the_report_works_without_errors_or_requests(context, report: Path):
    watched = Watched(context, report)
    page = watched.page
    page.wait_for_selector("html[data-candidates]")
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
    page.wait_for_selector("html[data-candidates]")
    page.focus("#candidate-table tbody button >> nth=0")
    page.keyboard.press("Enter")
    assert page.locator("dialog").is_visible() and page.locator("dialog code span.k").count() > 0
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    watched.clean()


def test_the_keyboard_reaches_the_tools(context, report: Path):
    page = Watched(context, report).page
    page.wait_for_selector("html[data-candidates]")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"candidate-filter", "SUMMARY", "BUTTON"} <= seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_report(browser, report: Path, scheme: str):
    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme, bypass_csp=True)
    watched = Watched(context, report)
    watched.page.wait_for_selector("html[data-candidates]")
    assert serious(watched.page) == []
    context.close()


def test_axe_finds_nothing_serious_on_the_site(browser, site: Path):
    context = browser.new_context(viewport=DESKTOP, bypass_csp=True)
    for page in (site / "index.html", next(site.glob("tasks/toy*")), next(site.glob("systems/toy*"))):
        assert serious(Watched(context, page).page) == []
    context.close()


def test_no_page_is_wider_than_a_phone(browser, report: Path, site: Path):
    context = browser.new_context(viewport=PHONE)
    for path in (report, site / "index.html", *site.glob("tasks/*"), *site.glob("systems/*")):
        page = Watched(context, path).page
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path.name
    context.close()


def test_links_and_filters_of_the_site_work(context, site: Path):
    watched = Watched(context, site / "index.html")
    page = watched.page
    page.fill("input[data-filter]", "toy")
    assert page.locator("#tasks-table tbody tr:visible").count() == 1
    page.click("#tasks-table a:has-text('toy')")
    page.click("#systems-table a:has-text('fixed')")
    assert "Mean R²" in page.text_content("main")
    page.click("nav a >> nth=1")
    assert page.locator("h1").text_content() == "toy"
    watched.clean()


def test_hostile_strings_execute_nowhere(
    context, hostile: Archive, sandbox: Sandbox, site: Path, tmp_path: Path
):
    path = tmp_path / "hostile.html"
    path.write_text(report_page(hostile, sandbox, with_intervals=False))
    watched = Watched(context, path)
    page = watched.page
    page.wait_for_selector("html[data-candidates]")
    for k in range(2):
        page.click(f"#candidate-table tbody button >> nth={k}")
        page.keyboard.press("Escape")
    assert "owned" not in page.title() and page.locator("main img").count() == 0
    watched.clean()
    for other in (*site.glob("tasks/bad*"), *site.glob("systems/bad*")):
        opened = Watched(context, other)
        assert "owned" not in opened.page.title()
        opened.clean()
