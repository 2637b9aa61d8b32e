"""Pages in a real browser: every picture is there, nothing is complained of, nothing is cut off."""

from __future__ import annotations

import shutil

import numpy as np
import platformdirs
import pytest

from glassnet.report.study_page import write_study_report
from glassnet.study import Study, shipped_studies

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("needs chromium and chromedriver", allow_module_level=True)

QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def thesis_page(fabricate, tmp_path, monkeypatch):
    """The page of the thesis, with the runs of two figures, and no data at hand."""
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))

    def make(cell, seed):
        records = [{"validation_accuracy": 0.9 + 0.001 * e + 0.0001 * seed} for e in range(35)]
        arrays = {"predicted": np.zeros(10, np.uint8), "confidence": np.ones(10, np.float16)}
        return records, arrays | {"confusion": np.eye(10, dtype=int)}

    fabricate("figure-12", make)
    fabricate("figure-08", make)
    studies = [Study.load(name, seeds=3, folder=tmp_path) for name in shipped_studies()]
    return write_study_report(studies, name="thesis", data_dir=tmp_path)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_the_thesis_is_whole_in_a_browser(browser, thesis_page, width) -> None:
    # a window has a least width; the size of the page itself has none
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(thesis_page.as_uri())
    pictures = browser.execute_script(
        "return [...document.images].map(i => [i.alt, i.complete, i.naturalWidth])"
    )
    assert len(pictures) > 5
    assert [alt for alt, complete, wide in pictures if not (complete and wide)] == []
    assert browser.get_log("browser") == []
    page, window = browser.execute_script(
        "const d = document.documentElement; return [d.scrollWidth, d.clientWidth]"
    )
    assert window == width
    assert page <= width  # nothing reaches over the edge: what is wide scrolls by itself
    if width == 1280:  # on a wide page tables and pictures have room
        scrolled = browser.execute_script(
            "return [...document.querySelectorAll('.scroll')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText.slice(0, 80))"
        )
        assert scrolled == []
    smallest = browser.execute_script(
        "return Math.min(...[...document.querySelectorAll('main *')].filter(e => e.innerText)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 12  # CSS pixels
