"""What a page makes of a typed graph is what Python makes of it for a walkthrough."""

import json
import re
from typing import Any

import pytest

from autograd import Value, parse
from autograd.pages.formulas import forms_of_rows
from autograd.pages.playground import page_script
from autograd.pages.walkthrough import walkthrough
from support.expressions import good
from support.javascript import node

_RUN = """
process.stdout.write(JSON.stringify(CORPUS.map(([text, values]) => {
  const graph = parse(text, values);
  return walkOf(graph, namesOf(graph.labels)).data;
})));
"""
# One in so many, and all that are written here: Python takes a moment for each.
_EVERY = 8
MORE = [
    ("tanh(w*x + b)**2*3 - 1/x", {"w": 0.5, "x": 2.0, "b": -0.75}),
    ("x**-2 + x**0.5 + x**3.25 + 2**x + x**y", {"x": 2.0, "y": 0.5}),
    ("alpha*theta_2 + w_in*lr0 + beta_gamma", dict.fromkeys(
        ("alpha", "theta_2", "w_in", "lr0", "beta_gamma"), 1.5)),
    ("dot([x, -2], [3, x])*select(1, [x, 2, -3.5])*hypot(x, x, 1e-9)", {"x": 0.5}),
    ("leaky_relu(x, 0.1)*elu(-x, 2)*clip(x, -1, 1)*logsumexp([x, 2])", {"x": 0.5}),
]  # fmt: skip

Case = tuple[str, dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Each text, the data of a page that made its graph, and the data of Python."""
    found = [
        *list(good(60))[::_EVERY],
        *[(text, given, parse(text, **given)) for text, given in MORE],
    ]
    told = json.dumps([[text, given] for text, given, _ in found])
    opened = page_script().rpartition("\nreturn [")[0]
    made = json.loads(node(f"{opened}\nconst CORPUS = {told};\n{_RUN}}})()"))
    return [(text, page, _data(z)) for (text, _, z), page in zip(found, made, strict=True)]


def _data(z: Value) -> dict[str, Any]:
    found = re.search(r'\("cw-\w+", (\{"nodes":.*\})\);\n</script>', walkthrough(z).html)
    assert found is not None
    return json.loads(found[1])


def test_every_node_is_named_and_written_as_in_python(cases: list[Case]) -> None:
    for text, page, ours in cases:
        for mine, theirs in zip(page["nodes"], ours["nodes"], strict=True):
            assert mine[:3] == theirs[:3], text
            assert mine[3] == theirs[3] or "…" in mine[3], text  # which is in parentheses there
            if not has_number(mine[3]):
                assert list(map(bare, mine[4:])) == list(map(bare, theirs[4:])), text
        assert page["leaves"] == ours["leaves"]


def test_every_step_has_pythons_numbers_and_rules(cases: list[Case]) -> None:
    said = 0
    for text, page, ours in cases:
        for mine, theirs in zip(page["uses"], ours["uses"], strict=True):
            assert mine[:4] == theirs[:4], text
            # Of very many operands a page shows no rule.
            if not has_number(page["nodes"][mine[0]][3]):
                said += mine[4] != ""
                assert mine[4] in ("", theirs[4]), text
                for k in (5, 6):
                    assert bare(mine[k]) in ("", bare(theirs[k])), text
                assert mine[15:17] in ([], theirs[15:17]), text
            assert mine[7:13] == theirs[7:13], text
            assert float(mine[13]) == pytest.approx(float(theirs[13]), nan_ok=True), text
            assert mine[14] == theirs[14], text
    assert said > 40


def has_number(operation: str) -> bool:
    """Whether a plain number is among the operands: Python computes with it, a page shows it."""
    return re.search(r"(?<![\w.])\d", operation) is not None


def bare(formula: str) -> str:
    """A formula without what only holds it together, a power of a name with an index unfolded."""
    formula = re.sub(r"</?mrow>", "", formula).replace(' form="prefix"', "")
    index = r"<msubsup>(<mi>[^<]*</mi><m[in]>[^<]*</m[in]>)"
    return re.sub(index, r"<msup><msub>\1</msub>", formula).replace("</msubsup>", "</msup>")


def test_plain_numbers_stand_in_rules(cases: list[Case]) -> None:
    pages = {text: page for text, page, _ in cases}
    assert "2 * v3" in [use[4] for use in pages[MORE[0][0]]["uses"]]


def test_common_powers_have_their_own_rule() -> None:
    forms = forms_of_rows()["power"]
    assert forms["2 2"]["rules"][0][0].startswith("2 * ")
    assert "rules" not in forms["2"]
