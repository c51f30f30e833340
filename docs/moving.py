"""Writes docs/moving.gif and docs/moving-dark.gif: the live page of the README, while it is used.

`python docs/moving.py` makes both again after the page has changed; it wants Playwright, Chromium
and Pillow (`pip install ".[test]"`).
"""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent

# The window that is shown, in CSS px, and its colours: what is drawn has few.
WIDTH, HEIGHT, COLOURS = 1180, 560, 32
# How long an image stands, in milliseconds; the last one of each part longer.
SHORT, LONG = 160, 1600


def played(page: Any) -> Iterator[int]:
    """Use the page, and yield after each change how long it is to be looked at."""
    page.keyboard.press("End")
    yield LONG
    for name, key, times in (("x", "ArrowLeft", 6), ("y", "ArrowLeft", 8)):
        page.get_by_role("slider", name=f"value of {name}", exact=True).focus()
        for k in range(times):
            page.keyboard.press(key)
            yield SHORT if k + 1 < times else LONG // 2
    step = page.get_by_role("button", name="Step of gradient descent")
    for k in range(8):
        step.click()
        yield 2 * SHORT if k < 7 else 2 * LONG


def film(browser: Any, scheme: str) -> list[tuple[Image.Image, int]]:
    """Return the images of one film, each with its time."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme=scheme)
    page.goto((DOCS / "walkthrough.html").as_uri())
    images: list[tuple[Image.Image, int]] = []
    for time in played(page):
        shot = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})
        images.append((Image.open(io.BytesIO(shot)).convert("RGB"), time))
    page.close()
    return images


def write(images: list[tuple[Image.Image, int]], path: Path) -> None:
    """Write a film; one table of colours serves all its images."""
    table = images[-1][0].quantize(COLOURS, dither=Image.Dither.NONE)
    drawn = [image.quantize(palette=table, dither=Image.Dither.NONE) for image, _ in images]
    times = [time for _, time in images]
    drawn[0].save(path, save_all=True, append_images=drawn[1:], duration=times, loop=0)


if __name__ == "__main__":
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        write(film(browser, "light"), DOCS / "moving.gif")
        write(film(browser, "dark"), DOCS / "moving-dark.gif")
        browser.close()
