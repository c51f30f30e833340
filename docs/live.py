"""Writes the live pages of the site, and those files of the first page that show its example.

The site opens with the walkthrough of the README's first example, made from that example itself;
beside it lie a page to type expressions in and one in which a network trains. `python docs/live.py`
makes chain-rule.svg and walkthrough.html again, which the README shows and names; it wants
Graphviz's `dot`.
"""

import doctest
from pathlib import Path
from typing import Any

import nn
from autograd import Walkthrough, playground, walkthrough

DOCS = Path(__file__).resolve().parent


def example() -> dict[str, Any]:
    """Return the names of the first example of the README, up to its picture."""
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for line in doctest.DocTestParser().get_examples(text):
        exec(line.source, names)
        if "picture" in names:
            return names
    raise LookupError("no example of README.md makes a picture")


def opening() -> Walkthrough:
    """Return the page that the site opens with."""
    return walkthrough(example()["z"])


def opening_markdown() -> str:
    """Return that page as it stands in a page of Markdown."""
    return f"``````{{raw}} html\n<div class='live'>{opening().html}</div>\n``````"


def write_pages(folder: Path) -> None:
    """Write the live pages of the site, each a file of its own."""
    opening().save(folder / "walkthrough.html")
    playground("tanh(w*x + b)", w=0.5, x=3.0, b=-2.0).save(folder / "play.html")
    X, y = nn.datasets.moons(300, seed=0)
    model = nn.MLP([2, 8, 8, 1], seed=0)
    options: dict[str, Any] = {"loss": "binary_cross_entropy", "lr": 0.3, "batch_size": 10}
    nn.playground(model, X, y, **options).save(folder / "train.html")


if __name__ == "__main__":
    example()["picture"].save(DOCS / "chain-rule.svg")
    opening().save(DOCS / "walkthrough.html")
