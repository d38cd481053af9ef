"""The page in a browser: letters from a cold start, pause, reload, a second page, 390 px."""

from __future__ import annotations

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import headless_chromium
from served_pages import Served

from p300.commands.speller import OTHERS
from p300.commands.stored_detectors import fit_on_all, spell_recordings
from p300.recordings import open_recordings
from p300.runs.config import parse_experiment


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """As `p300 speller` trains it, on fewer people."""
    config = OTHERS.format(paradigm="row_column").replace("n_subjects: 16", "n_subjects: 6")
    folder = tmp_path_factory.mktemp("detector") / "page"
    return fit_on_all(parse_experiment(config), "page", folder)


@pytest.fixture(scope="module")
def browser():
    yield from headless_chromium()


@pytest.fixture
def served(detector, tmp_path):
    with Served(detector, tmp_path / "sessions") as server:
        yield server


@pytest.fixture
def page(browser, served):
    page, errors = browser.new_page(viewport={"width": 1280, "height": 860}), []
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(served.address)
    page.wait_for_selector("#start:not([hidden])")
    yield page
    page.close()
    assert not errors


def start(page, text="P3", mode="copy", **settings):
    page.check(f"input[value={mode}]")
    if mode == "copy":
        page.fill("#copy", text)
    for name, value in settings.items():
        page.select_option(f"#{name}", value)
    page.click("#start button")
    page.wait_for_selector("#session:not([hidden])")


def until(page, condition, seconds=18):
    """Wait for a condition in JavaScript; the page's own policy forbids Playwright's way to."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{condition}: {page.inner_text('#status')}"
        page.wait_for_timeout(50)


def count_of(served, event):
    return sum(one["event"] == event for one in served.log())


def flashes(page):
    """Number of changes of what is lit within half a second."""
    return page.evaluate(
        """async () => {
            let n = 0;
            const watch = new MutationObserver((all) => { n += all.length; });
            const matrix = document.getElementById("matrix");
            watch.observe(matrix, { subtree: true, attributeFilter: ["class"] });
            await new Promise((done) => setTimeout(done, 500));
            watch.disconnect();
            return n;
        }"""
    )


def test_the_page_warns_of_flashes_before_it_shows_any(page):
    assert "photosensitive epilepsy" in page.inner_text(".warning")
    assert page.is_hidden("#session")
    assert flashes(page) == 0


def test_somebody_unknown_copies_a_word_and_offline_repeats_it(page, served, detector):
    start(page, "P3")
    until(page, "document.getElementById('status').textContent === 'Over'")
    log = served.log()
    decisions = [one for one in log if one["event"] == "decision"]
    assert page.inner_text("#text").strip() == "".join(one["symbol"] for one in decisions)
    assert len(decisions) == 2
    assert page.locator("#history li").count() == 2
    shown = page.locator("#history li span:first-child").all_inner_texts()
    assert shown == [str(one["repetitions"]) for one in decisions]
    assert [one["event"] for one in log if one["event"] == "learned"] == ["learned"] * 2
    assert "right" in page.locator("#text span").first.get_attribute("class")
    assert not served.faults()
    assert float(page.inner_text("#bits")) > 0
    again = list(spell_recordings(detector, served.out, "session"))
    assert [(one.symbol, one.posterior, one.repetitions) for one in again] == [
        (one["symbol"], one["posterior"], one["repetitions"]) for one in decisions
    ]
    assert [one.true_symbol for one in again] == ["P", "3"]
    (recording,) = open_recordings("session", served.out)
    sizes = recording.flashes.groupby(["character", "repetition"]).size()
    assert (sizes[:-1].groupby("character").head(1) == 12).all()


def test_a_pause_stops_flashes_and_the_character_goes_on_after_it(page, served):
    start(page, "P")
    until(page, "Number(document.getElementById('repetition').textContent) >= 2")
    page.keyboard.press("Space")
    assert page.inner_text("#pause") == "Go on"
    time.sleep(0.2)
    assert flashes(page) == 0
    before = page.inner_text("#repetition")
    page.click("#pause")
    until(page, f"Number(document.getElementById('repetition').textContent) > {before}")
    until(page, "document.getElementById('status').textContent === 'Over'")
    assert [one["event"] for one in served.log()].count("paused") == 1
    assert "character given up" not in served.faults()
    assert count_of(served, "learned") == 1


def test_a_reload_between_characters_keeps_what_was_spelled(page):
    start(page, "PP")
    until(page, "document.querySelectorAll('#history li:not(.none)').length === 1")
    text, history = page.inner_text("#text"), page.inner_text("#history")
    page.reload()
    until(page, "document.getElementById('status').textContent.includes('was reloaded')")
    assert page.inner_text("#text") == text
    assert page.inner_text("#history") == history
    assert page.locator("#copied").inner_text() == "PP"


def test_a_reload_in_a_character_keeps_the_session_and_goes_on_when_told(page, served):
    start(page, "P")
    until(page, "Number(document.getElementById('repetition').textContent) >= 2")
    page.reload()
    until(page, "document.getElementById('status').textContent.includes('was reloaded')")
    assert flashes(page) == 0
    assert served.faults()[:2] == ["page gone", "character given up"]
    assert count_of(served, "learned") == 0
    page.click("#pause")
    until(page, "document.getElementById('status').textContent === 'Over'")
    assert [one["character"] for one in served.log() if one["event"] == "learned"] == [2]
    assert [one["character"] for one in served.log() if one["event"] == "decision"] == [2]


def test_a_second_page_is_told_that_another_is_open(page, served, browser):
    start(page, "P")
    second = browser.new_page()
    second.goto(served.address)
    until(second, "document.getElementById('status').textContent.includes('another page is open')")
    assert second.is_hidden("#start")
    second.close()
    assert flashes(page) > 0
    assert served.faults() == ["second page"]


def test_free_spelling_attends_to_what_the_pointer_or_the_keyboard_is_on(page, served):
    start(page, mode="free")
    page.hover("[data-symbol=K]")
    assert page.locator(".gazed").inner_text() == "K"
    page.locator("[data-symbol=A]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator(".gazed").inner_text() == "H"
    until(page, "document.querySelectorAll('#history li:not(.none)').length > 0")
    page.click("#correct")
    until(page, "document.getElementById('text').textContent.trim() === ''")
    page.click("#end")
    until(page, "document.getElementById('status').textContent === 'Over'")
    assert count_of(served, "corrected") == 1
    (recording,) = open_recordings("session", served.out)
    assert recording.flashes["target"].isna().all()


def test_a_stopped_server_is_told_on_the_page(page, served):
    start(page, "P")
    served.stop()
    until(page, "document.getElementById('status').textContent.includes('has stopped')")
    assert flashes(page) == 0
    assert served.faults() == ["server stopped", "character given up"]


@pytest.mark.parametrize("look", ["bright", "inverse", "colour"])
def test_a_flash_lights_a_row_or_column_and_nothing_else(page, look):
    start(page, "P", look=look)
    page.wait_for_selector(".lit")
    lit = page.evaluate(
        """() => new Promise((done) => {
            const seen = [], frame = () => {
                const lit = [...document.querySelectorAll(".lit")];
                const now = lit.map((one) => one.dataset.symbol).join("");
                if (now && seen.at(-1) !== now) seen.push(now);
                seen.length < 12 ? requestAnimationFrame(frame) : done(seen);
            };
            frame();
        })"""
    )
    rows = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ0123", "456789"]
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    assert set(lit) <= {*rows, *columns}
    assert len(set(lit)) > 8
    assert look in page.get_attribute("#matrix", "class")


def test_nothing_is_wider_than_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 780})
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 390
    start(page, "P")
    page.wait_for_selector(".lit")
    assert page.evaluate(width) <= 390
    box = page.locator("#matrix").bounding_box()
    assert box["width"] > 300
    assert box["y"] + box["height"] <= 780  # all symbols are seen at once
    buttons = page.locator("#pause").bounding_box()
    assert buttons["y"] + buttons["height"] <= 780


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    start(page, "P")
    until(page, "document.querySelectorAll('#log li').length > 0")
    page.keyboard.press("Space")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
