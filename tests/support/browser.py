"""Chromium as a fixture, and questions to ask of the pages in it."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# A label that runs in a page that does not escape it.
EVIL = "</script><script>window.pwned=1</script><img src=x onerror='window.pwned=1'>\"'`${1}\\"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    name = "playwright.sync_api"
    api = pytest.importorskip(name, reason="playwright is not installed: chalkgrad[test]")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield opened
        opened.close()


def faults(page: Any, within: str | None = None) -> list[str]:
    """What axe-core finds on a page, or within an element, that shuts people out.

    Whether text on a picture has contrast it cannot tell; that is measured in tests of its own.
    """
    name = "axe_playwright_python.sync_playwright"
    axe = pytest.importorskip(name, reason="axe is not installed: pip install chalkgrad[test]")
    found = axe.Axe().run(page, within, {"resultTypes": ["violations"]}).response
    assert len(found["passes"]) > 10  # it did look
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found["violations"]]


def luminance(colour: list[float]) -> float:
    parts = [c / 255 for c in colour[:3]]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: list[float], b: list[float]) -> float:
    """WCAG 2.1's contrast ratio, from 1 to 21."""
    dark, light = sorted([luminance(a), luminance(b)])
    return (light + 0.05) / (dark + 0.05)
