"""A walkthrough in the browser: what one looks at, and a fixture that opens it."""

from pathlib import Path
from typing import Any

import pytest


class Opened:
    """A page in the browser, and what one looks at."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("console", lambda message: self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name)

    @property
    def count(self) -> str:
        return self.page.locator(".cw-count").inner_text()

    @property
    def phase(self) -> str:
        return self.page.locator(".cw-phase").inner_text()

    @property
    def said(self) -> str:
        return self.page.locator(".cw-said").inner_text()

    @property
    def verdict(self) -> str:
        return self.page.locator(".cw-verdict").inner_text()

    @property
    def score(self) -> str:
        return self.page.locator(".cw-score").inner_text()

    @property
    def told(self) -> str:
        return self.page.locator(".cw-told").first.inner_text()

    def field(self, name: str) -> Any:
        return self.page.get_by_role("textbox", name=f"value of {name}", exact=True)

    def slider(self, name: str) -> Any:
        return self.page.get_by_role("slider", name=f"value of {name}", exact=True)

    def gradient(self, name: str) -> str:
        return self.page.get_by_label(f"gradient of {name}", exact=True).inner_text()

    def outcome(self, name: str) -> str:
        return self.page.get_by_role("status", name=f"value of {name}", exact=True).inner_text()

    def row(self, name: str) -> list[str]:
        rows = self.page.locator("tbody tr").all()
        (found,) = [r.locator("td,th").all_inner_texts() for r in rows
                    if r.locator("th").inner_text() == name]  # fmt: skip
        return found

    def seen(self, selector: str) -> list[str]:
        """The first words of the boxes in the picture that a selector finds."""
        return self.page.eval_on_selector_all(
            selector, "boxes => boxes.map(b => b.querySelector('title').textContent)"
        )


@pytest.fixture
def opened(browser: Any, tmp_path: Path):
    contexts: list[Any] = []

    def open_page(walk: Any, **options: Any) -> Opened:
        context = browser.new_context(
            viewport={"width": 1200, "height": 900}, offline=True, **options
        )
        contexts.append(context)
        page = Opened(context.new_page())
        page.page.goto(walk.save(tmp_path / "page.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
