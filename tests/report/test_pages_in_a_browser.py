"""Pages as a browser shows them: nothing cut, nothing that axe-core finds, all that is promised."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import headless_chromium
from playwright.sync_api import Browser, Page
from studies import make_recording

from p300.commands.inspect_recording import grand_average, inspect_recording, write_inspected
from p300.report import compare_runs, write_comparison, write_report

pytestmark = pytest.mark.timeout(300)  # the first test makes all pages

KINDS = ("report", "comparison", "inspection")
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; skips without one unless P300_REQUIRE_BROWSER is 1."""
    yield from headless_chromium()


@pytest.fixture(scope="module")
def files(
    spelled_run: Path, finished_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    inspected = [inspect_recording(make_recording("1", run)) for run in ("1", "2")]
    return {
        "report": write_report(Path(shutil.copytree(spelled_run, folder / "run"))),
        "comparison": write_comparison(compare_runs([finished_run]), folder / "compared.html"),
        "inspection": write_inspected(inspected, grand_average(inspected), folder, "a study"),
    }


@pytest.fixture
def opened(browser: Browser, files: dict[str, Path]) -> Iterator[Open]:
    """Open a page, all that is folded in it unfolded; errors in it are errors here."""
    pages, wrong = [], []

    def open_page(kind: str, width: int = 1280, scheme: str = "light", **more: Any) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **more
        )
        page.on("console", lambda said: wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith("http") and wrong.append(asked.url))
        page.goto(files[kind].as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert wrong == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(opened: Open, kind: str, width: int, scheme: str) -> None:
    found = Axe().run(opened(kind, width, scheme))
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_cut(opened: Open, kind: str, width: int) -> None:
    page = opened(kind, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beside = """all => all.filter(one => !one.closest('.scroll')
        || one.closest('.scroll').getBoundingClientRect().right > innerWidth).length"""
    assert page.locator("table, figure img").count() >= 4
    assert page.eval_on_selector_all("table, figure img", beside) == 0
    wider = "all => all.filter(s => s.scrollWidth > s.clientWidth + 1)"
    scrolled = page.eval_on_selector_all(".scroll", f"all => ({wider})(all).length")
    assert scrolled == page.locator(".more").count() == page.locator(".scroll[tabindex]").count()
    if width == 1280:
        assert scrolled == 0
    else:
        assert scrolled > 0
        shown = page.eval_on_selector_all(
            ".more", "all => all.map(s => getComputedStyle(s, '::before').content)"
        )
        assert all("sideways" in text for text in shown)


@pytest.mark.parametrize("kind", KINDS)
def test_headings_and_images_are_told(opened: Open, kind: str) -> None:
    page = opened(kind)
    levels = page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    alts = page.eval_on_selector_all("img", "all => all.map(i => i.alt)")
    captions = page.eval_on_selector_all(
        "figcaption", "all => all.map(c => c.firstChild.textContent.trim())"
    )
    assert len(alts) == len(captions) > 0
    for alt, caption in zip(alts, captions, strict=True):
        assert len(re.findall(r"\d", alt.replace(caption, ""))) >= 2, alt
    assert page.locator("h2").count() == page.locator("nav a").count()


def column(page: Page, table: Any, k: int) -> list[str]:
    texts: list[str] = table.locator("tbody tr").evaluate_all(
        "(rows, k) => rows.map(r => r.cells[k] ? r.cells[k].textContent.trim() : '(head)')", k
    )
    return texts


def test_tables_are_sorted_within_their_groups(opened: Open) -> None:
    page = opened("inspection")
    table = page.get_by_role("table", name="Electrodes")
    head = table.locator("th").nth(2)
    before = column(page, table, 2)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, table, 2) == sorted(before, key=float) != before
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, table, 2) == sorted(before, key=float, reverse=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert column(page, table, 2) == before


def test_heads_means_and_lines_keep_their_places(opened: Open) -> None:
    page = opened("comparison")
    table = page.get_by_role("table", name="within_subject, bnci2015_003")
    for other in (1, 2):
        table.locator("th").nth(other).get_by_role("button").click()
    rows = list(zip(column(page, table, 0), column(page, table, 2), strict=True))
    assert rows[-1][0] == "mean of 3"
    values = [float(value) for _, value in rows[:-1]]
    assert values == sorted(values)
    assert table.locator("[aria-sort]").count() == 1
    differences = page.get_by_role("table", name="differences between detectors")
    assert differences.get_by_role("button").count() == 0  # one row a group: nothing to sort


def test_csv_is_the_table(opened: Open, tmp_path: Path) -> None:
    page = opened("report")
    links = page.locator("a[download$='.csv']").all()
    with page.expect_download() as waited:
        links[0].evaluate("link => link.click()")
    assert waited.value.suggested_filename.endswith(".csv")
    waited.value.save_as(tmp_path / "saved.csv")
    for k, link in enumerate(links):  # not all by clicks: a browser refuses many at once
        text = base64.b64decode((link.get_attribute("href") or "").partition(",")[2]).decode(
            "utf-8"
        )
        if k == 0:
            assert (tmp_path / "saved.csv").read_bytes().decode("utf-8") == text
        head, *saved = csv.reader(io.StringIO(text, newline=""))
        assert {len(row) for row in saved} <= {len(head)}
        shown = link.evaluate(
            """link => [...link.closest('.table').querySelectorAll('tbody tr:not(.head)')]
                .map(row => [...row.cells].map(cell => cell.textContent.trim()))"""
        )
        assert len(saved) == len(shown) > 0
        for cells, row in zip(saved, shown, strict=True):
            one, other = (re.findall(r"\d+(?:\.\d+)?", "|".join(c)) for c in (cells, _plain(row)))
            assert sorted(one) == sorted(other) or set(other) <= set(one)


def _plain(row: list[str]) -> list[str]:
    return [re.sub(r"(?<=\d),(?=\d{3})", "", cell) for cell in row]


def test_a_figure_is_saved_as_pdf(opened: Open, files: dict[str, Path], tmp_path: Path) -> None:
    page = opened("report")
    open_figures = page.locator("img").count() - page.locator("details img").count()
    assert page.locator("a[download$='.pdf']").count() == open_figures > 0
    with page.expect_download() as waited:
        page.locator("#figure-roc a").evaluate("link => link.click()")
    assert waited.value.suggested_filename == "roc.pdf"
    waited.value.save_as(tmp_path / "roc.pdf")
    content = (tmp_path / "roc.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert content == (files["report"].parent / "figures" / "roc.pdf").read_bytes()


def test_dark_is_dark_and_figures_stand_on_white(opened: Open) -> None:
    page = opened("report", scheme="dark")
    back = "e => getComputedStyle(e).backgroundColor"
    assert page.eval_on_selector("body", back) == "rgb(20, 25, 30)"
    assert page.eval_on_selector(".card", back) == "rgb(255, 255, 255)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.eval_on_selector("body", back) == "rgb(255, 255, 255)"


def test_print_opens_what_is_folded_and_has_contents(opened: Open) -> None:
    page = opened("comparison")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
    inside = page.locator("details table").first
    assert not inside.is_visible()
    page.emulate_media(media="print")
    assert inside.evaluate("t => t.getBoundingClientRect().height") > 0
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    page.emulate_media(media="print")
    assert page.locator("nav a").first.is_visible()
    numbers = "a => getComputedStyle(a, '::before').content"
    assert "counter" in page.locator("nav a").first.evaluate(numbers)
    assert "counter" in page.locator("h2").first.evaluate(numbers)


def test_the_page_forbids_other_scripts(opened: Open, browser: Browser, tmp_path: Path) -> None:
    page = opened("comparison")
    text = page.content().replace("<main>", "<main><script>document.title = 'taken'</script>")
    (tmp_path / "changed.html").write_text(text, encoding="utf-8")
    other = browser.new_page()
    other.goto((tmp_path / "changed.html").as_uri())
    assert other.title() != "taken"
    other.close()


def test_nothing_is_lost_without_the_script(browser: Browser, files: dict[str, Path]) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(files["comparison"].as_uri())
    assert page.locator("th button").count() == 0
    assert page.locator(".scroll[tabindex='0']").count() == page.locator(".scroll").count()
    page.close()
