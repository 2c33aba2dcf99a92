"""Reports in a real browser: silent, offline, in both modes, narrow, with their data to download."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from netsci.graph import LayeredGraph
from netsci.report import report
from tests.browser import chromium, visit


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    masks = [rng.random((30, 60)) < 0.1, rng.random((60, 50)) < 0.08, rng.random((50, 6)) < 0.2]
    names = ["</script><script>throw 1</script>", "<img src='https://example.org/x.png'>", "$x$ %{y} _"]
    weights = [rng.normal(size=mask.shape) for mask in masks]
    graph = LayeredGraph.from_masks(masks, weights=weights, names=names)
    return report(graph, tmp_path_factory.mktemp("report") / "report.html")


COUNT = "Array.from(document.querySelectorAll('.plot')).map(p => p.querySelectorAll('.main-svg').length)"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_silent_and_drawn(browser: Any, page_file: Path, mode: str, tmp_path: Path) -> None:
    with visit(browser, page_file, mode=mode) as seen:
        assert min(seen.page.evaluate(COUNT)) >= 1
        assert seen.page.evaluate("document.documentElement.dataset.mode") == mode
        shot = tmp_path / f"{mode}.png"
        seen.page.screenshot(path=shot, full_page=True)
        assert shot.stat().st_size > 50_000
        seen.assert_silent()


def test_the_button_changes_page_and_figures(browser: Any, page_file: Path) -> None:
    colours = "[getComputedStyle(document.body).backgroundColor, document.querySelector('.point').style.fill]"
    with visit(browser, page_file) as seen:
        before = seen.page.evaluate(colours)
        seen.page.click("#mode")
        seen.page.wait_for_selector(".plot[data-drawn=dark]")
        after = seen.page.evaluate(colours)
        assert all(a != b for a, b in zip(before, after, strict=True))
        assert seen.page.inner_text("#mode") == "Light mode"
        seen.page.click("#mode")
        seen.page.wait_for_selector(".plot[data-drawn=light]")
        assert seen.page.evaluate(colours) == before
        seen.assert_silent()


def test_narrow_screens_do_not_scroll_sideways(browser: Any, page_file: Path) -> None:
    with visit(browser, page_file, size=(380, 800)) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 380
        widths = "Array.from(document.querySelectorAll('.main-svg')).map(s => s.clientWidth)"
        assert max(seen.page.evaluate(widths)) <= 380
        seen.page.set_viewport_size({"width": 1200, "height": 800})
        seen.page.wait_for_timeout(500)  # the policy of the page forbids waiting for an expression
        assert max(seen.page.evaluate(widths)) > 600
        seen.assert_silent()


def test_long_names_overflow_nothing_and_no_table_is_cut(browser: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    masks = [rng.random((9, 12)) < 0.3, rng.random((12, 8)) < 0.3]
    graph = LayeredGraph.from_masks(masks, names=["a" * 300, "b." * 150])
    page = report(graph, tmp_path / "long.html")
    cut = "Array.from(document.querySelectorAll('.scroll')).filter(s => s.scrollWidth > s.clientWidth).length"
    for width in (380, 1280):
        with visit(browser, page, size=(width, 800)) as seen:
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            if width == 1280:
                assert seen.page.evaluate(cut) == 0
            seen.assert_silent()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_layers_called_as_what_all_objects_have(browser: Any, tmp_path: Path, mode: str) -> None:
    rng = np.random.default_rng(2)
    names = ["__proto__", "constructor", "toString", "#ffffff"]
    graph = LayeredGraph.from_masks([rng.random((12, 12)) < 0.4 for _ in names], names=names)
    page = report(graph, tmp_path / "names.html")
    legends = "[...document.querySelectorAll('.legendtext')].map(x => x.textContent)"
    with visit(browser, page, mode=mode) as seen:
        said = " ".join(seen.page.evaluate(legends))
        assert all(name in said for name in names)
        seen.assert_silent()


def test_no_button_hands_data_out(browser: Any, page_file: Path) -> None:
    titles = "Array.from(document.querySelectorAll('.modebar-btn')).map(b => b.dataset.title.toLowerCase())"
    server = "Array.from(document.querySelectorAll('.plot')).map(p => p._context.plotlyServerURL)"
    with visit(browser, page_file) as seen:
        found = seen.page.evaluate(titles)
        assert any("download" in title for title in found)
        assert not [t for t in found if any(word in t for word in ("share", "cloud", "edit", "studio"))]
        assert set(seen.page.evaluate(server)) == {""}


def test_redrawing_keeps_zoom_and_hidden_entries(browser: Any, page_file: Path) -> None:
    state = "Array.from(document.querySelector('#percolation-figure')._fullLayout.xaxis.range)"
    hidden = (
        "Array.from(document.querySelector('#degree-distributions-figure')._fullData)"
        ".filter(t => t.visible === 'legendonly').length"
    )
    with visit(browser, page_file) as seen:
        box = seen.page.locator("#percolation-figure .nsewdrag").first
        box.scroll_into_view_if_needed()
        at = box.bounding_box()
        middle = at["y"] + at["height"] / 2
        seen.page.mouse.move(at["x"] + 100, middle)
        seen.page.mouse.down()
        seen.page.mouse.move(at["x"] + 300, middle, steps=5)
        seen.page.mouse.up()
        seen.page.locator("#degree-distributions-figure .legendtoggle").first.click()
        seen.page.wait_for_timeout(800)
        before = seen.page.evaluate(state)
        assert before[1] - before[0] < 60
        assert seen.page.evaluate(hidden) > 0
        seen.page.click("#mode")
        seen.page.wait_for_selector(".plot[data-drawn=dark]")
        assert seen.page.evaluate(state) == before
        assert seen.page.evaluate(hidden) > 0


def test_wide_again_is_as_it_was(browser: Any, page_file: Path) -> None:
    places = (
        "Array.from(document.querySelectorAll('.legend, .annotation-text, .plot'))"
        ".map(e => e.getBoundingClientRect()).map(r => [r.x, r.y, r.width, r.height].map(Math.round))"
    )
    with visit(browser, page_file) as seen:
        before = seen.page.evaluate(places)
        for width in (390, 1280):
            seen.page.set_viewport_size({"width": width, "height": 900})
            seen.page.wait_for_timeout(900)
        assert seen.page.evaluate(places) == before
        seen.assert_silent()


def test_print_fits_the_paper(browser: Any, page_file: Path) -> None:
    widths = "Array.from(document.querySelectorAll('.main-svg')).map(s => s.clientWidth)"
    with visit(browser, page_file) as seen:
        before = seen.page.evaluate(widths)
        seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert max(seen.page.evaluate(widths)) <= 680
        seen.page.emulate_media(media="print")
        seen.page.set_viewport_size({"width": 718, "height": 1040})  # A4 without margins of 1 cm
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 718
        seen.page.set_viewport_size({"width": 1280, "height": 900})
        seen.page.emulate_media(media="screen")
        seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert seen.page.evaluate(widths) == before


def test_download_equals_the_embedded_data(browser: Any, page_file: Path) -> None:
    with visit(browser, page_file) as seen:
        names = seen.page.evaluate("[...document.querySelectorAll('[data-csv]')].map(b => b.dataset.csv)")
    assert len(names) > 8
    for first in range(0, len(names), 8):  # chromium asks before it saves more than ten files of one page
        with visit(browser, page_file) as seen:
            for name in names[first : first + 8]:
                with seen.page.expect_download() as waiting:
                    seen.page.click(f"[data-csv='{name}']")
                csv = Path(waiting.value.path()).read_text(encoding="utf-8")
                held = seen.page.evaluate("id => document.getElementById(id).textContent", name)
                assert csv == json.loads(held)
                assert len(pd.read_csv(io.StringIO(csv)))
            seen.assert_silent()


def test_keyboard_reaches_the_content(browser: Any, page_file: Path) -> None:
    with visit(browser, page_file) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "main"
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_hostile_names_are_shown_as_text(browser: Any, page_file: Path) -> None:
    with visit(browser, page_file) as seen:
        assert "<img src='https://example.org/x.png'>" in seen.page.inner_text("#degree-distributions")
        titles = "Array.from(document.querySelectorAll('.annotation-text')).map(t => t.textContent)"
        shown = seen.page.evaluate(titles)
        assert "</script><script>throw 1</script>" in shown
        assert "$x$ %{y} _" in shown
        seen.assert_silent()


def test_the_browser_would_notice_a_request(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text("<img src='missing.png'><script>console.warn('x')</script>", encoding="utf-8")
    with visit(browser, path, ready=False) as seen:
        seen.page.wait_for_timeout(200)
        assert len(seen.requests) == 1
        assert any("warning" in line for line in seen.console)


def test_sections_fold_and_what_is_drawn_in_them_comes_back(browser: Any, page_file: Path) -> None:
    drawn = "document.querySelector('#percolation-figure').querySelectorAll('.main-svg').length"
    with visit(browser, page_file) as seen:
        assert seen.page.locator("#percolation-figure").is_visible()
        seen.page.click("#percolation summary")
        assert not seen.page.locator("#percolation-figure").is_visible()
        seen.page.click("#mode")  # what is folded is drawn in the other mode when it unfolds
        seen.page.click("#percolation summary")
        seen.page.wait_for_selector("#percolation-figure[data-drawn=dark]")
        assert seen.page.evaluate(drawn) >= 1
        seen.page.click("[data-folds=close]")
        assert not seen.page.locator("#overview table").is_visible()
        seen.page.click("nav a[href='#overview']")
        seen.page.wait_for_timeout(200)
        assert seen.page.locator("#overview table").is_visible()
        seen.assert_silent()


def test_a_search_keeps_the_sections_that_hold_all_words(browser: Any, page_file: Path) -> None:
    with visit(browser, page_file) as seen:
        seen.page.fill("#find", "Percolation INACTIVE")
        assert seen.page.locator("#percolation").is_visible()
        assert not seen.page.locator("#hyperbolic-disk").is_visible()
        assert not seen.page.locator("nav a[href='#hyperbolic-disk']").is_visible()
        seen.page.fill("#find", "words that no section holds")
        assert seen.page.locator("#none").is_visible()
        seen.page.fill("#find", "")
        assert seen.page.locator("#hyperbolic-disk").is_visible()
        seen.assert_silent()


def test_the_first_screen_is_drawn_in_both_modes(browser: Any, page_file: Path) -> None:
    fill = "getComputedStyle(document.querySelector('svg.layers .box')).fill"
    colours = []
    for mode in ("light", "dark"):
        with visit(browser, page_file, mode=mode, size=(390, 800)) as seen:
            assert seen.page.locator("svg.layers").is_visible()
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
            colours.append(seen.page.evaluate(fill))
    assert colours[0] != colours[1]
