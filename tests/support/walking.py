"""A page of the chain rule in the browser: what one looks at and does, and a fixture to open it."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# What may come into a link on its way.
PIECES = [
    *"%&=!-.e09[]\"', x*;#", "%22", "%5B", "%00", "%E0%A4%A", "%F0%9F%92%A5", "inf", "nan", "1e999",
    "1e308", "-0", "__proto__", "9" * 400, "<img src=x onerror=pwned=1>", "x**",
    "%3Cscript%3Epwned=1%3C/script%3E", "💥", "\u2068",
]  # fmt: skip
# Has the page arrive by each link in turn, and tells what it says and shows then.
ARRIVED = """(hashes) => hashes.map((hash) => {
  history.replaceState(null, "", `#${hash}`);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  const text = (which) => document.querySelector(which)?.textContent;
  return {
    told: text(".cw-told"), fault: text(".cw-fault"),
    typed: document.querySelector(".cw-typed")?.value,
    leaves: [...document.querySelectorAll(".cw-leaf")].map((row) =>
      [row.querySelector(".cw-of").textContent, row.querySelector("input").title]),
    table: [...document.querySelectorAll(".cw-values tbody tr")].map((row) =>
      [...row.cells].map((cell) => cell.textContent)),
  };
})"""


def spoilt(link: str, seed: int, count: int) -> Iterator[str]:
    """Yield a link with one to four places of it changed, left out, doubled or put elsewhere."""
    generator = random.Random(seed)
    for _ in range(count):
        text = link
        for _ in range(generator.choice([1, 1, 2, 4])):
            i, k = sorted(generator.randrange(len(text) + 1) for _ in range(2))
            piece = generator.choice([*PIECES, "", text[i:k]])
            text = text[:i] + piece + text[generator.choice([i, i + 1, k]) :]
        yield text


class Opened:
    """A walkthrough, or the page to type expressions in: what one looks at and does."""

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
        return self.page.locator(".cw-step .cw-said").inner_text()

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

    @property
    def table(self) -> dict[str, list[str]]:
        """The value and the gradient of each node, as the table shows them."""
        rows = self.page.locator(".cw-values tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return {name: [value, slope] for name, _, value, slope in rows}

    @property
    def values(self) -> dict[str, float]:
        """The numbers of the leaves with all their digits."""
        fields = self.page.locator(".cw-leaf").evaluate_all(
            "rows => rows.map(row => [row.querySelector('.cw-of').textContent,"
            " row.querySelector('input').title])"
        )
        return {name: float(x) for name, x in fields}

    def set(self, name: str, text: str) -> None:
        """Type a number into the field of a leaf, and leave it."""
        self.field(name).fill(text)
        self.field(name).press("Enter")
        self.field(name).blur()

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

    # The line to type an expression in ---------------------------------------------------------

    @property
    def line(self) -> Any:
        return self.page.get_by_label("Expression", exact=True)

    def type(self, text: str) -> None:
        self.line.fill(text)
        self.line.press("Enter")

    @property
    def fault(self) -> str:
        return self.page.locator(".cw-fault").inner_text()

    @property
    def word(self) -> str:
        """What is said below the line."""
        return self.page.locator(".cw-top .cw-said").inner_text()


@pytest.fixture
def opened(browser: Any, tmp_path: Path):
    """Open the pages that are given, each in a window of its own that must stay without a fault."""
    contexts: list[Any] = []
    pages: list[Opened] = []

    def open_page(walk: Any, **options: Any) -> Opened:
        context = browser.new_context(
            viewport={"width": 1200, "height": 900}, offline=True, **options
        )
        contexts.append(context)
        page = Opened(context.new_page())
        pages.append(page)
        page.page.goto(walk.save(tmp_path / "page.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [page.problems for page in pages if page.problems] == []
