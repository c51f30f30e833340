"""Writes docs/chain-rule.svg, the picture of the README's first example, from that example itself.

`python docs/picture.py` makes it again after pictures have changed; it wants Graphviz's `dot`.
"""

import doctest
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent


def picture() -> Any:
    """Return the picture that the first example of the README draws."""
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(text):
        exec(example.source, names)
        if "picture" in names:
            return names["picture"]
    raise LookupError("no example of README.md makes a picture")


if __name__ == "__main__":
    picture().save(DOCS / "chain-rule.svg")
