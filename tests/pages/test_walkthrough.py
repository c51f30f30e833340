"""The page to walk through a graph: what it holds, and what no label can do to it."""

import itertools
import json
import math
import random
import re
import xml.etree.ElementTree as ET
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import StaleGraphError, Value, walkthrough
from autograd.check.strategies import programs
from autograd.display.chain.latex import label_latex
from autograd.display.chain.mathml import mathml
from autograd.display.chain.rules import partial_latex
from autograd.display.format import FAINT, INK, TONES, label_text
from autograd.display.picture.style import DARK
from autograd.engine.primitives import TABLE
from autograd.escaping import apart
from autograd.pages import walkthrough as room
from support.browser import EVIL, contrast
from support.graphs import chain, composite, neuron

NOT_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Tags(HTMLParser):
    """The elements of a page with their attributes, and the text in its cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    def count(self, tag: str) -> int:
        return sum(1 for element, _ in self.elements if element == tag)


def still(html: str) -> Tags:
    """What is left where a notebook is not trusted: no scripts, no styles."""
    return Tags(re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL))


def picture_of(html: str) -> str:
    return unquote(re.search(r"svg\+xml;charset=utf-8,([^\"]+)", html)[1])


def data_of(html: str) -> Any:
    return json.loads(re.search(r'\}\)\("cw-[0-9a-f]+", (.*)\);\n</script>', html, re.DOTALL)[1])


def test_without_scripts_the_picture_and_the_table_say_it_all():
    z, _, _ = composite()
    tags = still(walkthrough(z).html)
    (image,) = [attributes for tag, attributes in tags.elements if tag == "img"]
    assert image["src"].startswith("data:image/svg+xml;")
    assert image["alt"].startswith("The graph of z: 9 nodes")
    assert "style" not in image  # it has no ground of its own: the page may be dark
    assert "color-scheme:light dark" in picture_of(walkthrough(z).html)
    assert tags.rows[0] == ["node", "operation", "value", "gradient dz/d·"]
    assert tags.rows[1] == ["x", "given", "1", "60"]
    assert tags.rows[2] == ["y", "given", "2", "75"]
    assert [row for row in tags.rows if row[0] == "f"] == [["f", "v3 + v4", "7", "15"]]
    svg = picture_of(walkthrough(z).html)
    assert "15 × 4 = 60" in svg
    assert ET.fromstring(svg).tag.endswith("svg")


def test_the_page_is_one_file_that_asks_for_nothing(tmp_path: Path):
    z, _, _ = composite()
    path = walkthrough(z).save(tmp_path / "page")
    assert path == tmp_path / "page.html"
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", text)
    # But for the name of the language that its picture is in.
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg')", text)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(ValueError, match=r"write \.html"):
        walkthrough(z).save(tmp_path / "page.png")
    with pytest.raises(FileNotFoundError):
        walkthrough(z).save(tmp_path / "missing" / "page.html")


def test_the_same_graph_gives_the_same_page_and_another_another_id():
    pages = [walkthrough(composite()[0]).html for _ in range(2)]
    assert pages[0] == pages[1]
    other = walkthrough(composite(2.0)[0]).html
    ids = [re.search(r'id="(cw-[0-9a-f]{12})"', page)[1] for page in (pages[0], other)]
    assert ids[0] != ids[1]


def test_it_reads_and_sets_no_gradient():
    z, x, _ = composite()
    x.grad = 98765.0
    html = walkthrough(z).html
    assert "98765" not in html
    assert [v.grad for v in ag.order(z) if v is not x] == [None] * 8


def test_it_shows_the_numbers_of_the_backward_pass():
    loss = neuron()
    data = data_of(walkthrough(loss).html)
    names = [node[0] for node in data["nodes"]]
    after = {names[use[1]]: use[11] for use in data["uses"]}
    assert after["w1"] == "-0.236918"
    assert after["w2"] == "-0.473835"
    assert after["y"] == "-0.950042"
    (slope,) = [use for use in data["uses"] if names[use[1]] == "z"]
    assert slope[4] == "y * sigmoid(-z)"
    assert slope[8] == "0.249376"
    assert slope[15:] == [
        "<mi>y</mi><mo>·</mo><mrow><mo>(</mo><mn>1</mn><mo>−</mo><mi>y</mi><mo>)</mo></mrow>",
        "y * (1 - y)",
        "",
    ]
    assert all(len(use) == 15 for use in data["uses"] if use[4] in ("", "y", "w1", "w2"))


def test_the_rule_of_books_is_there_where_it_is_another_one():
    x, y = Value(20.0, "x"), Value(0.5, "y")
    (slope,) = data_of(walkthrough(x.tanh()).html)["uses"]
    assert slope[16:] == ["1 - tanh(x) ** 2", ", 0 in floats"]
    by_y = data_of(walkthrough(ag.xlogy(x, y)).html)["uses"][1]
    assert by_y[15:] == ["", "x / y", ""]  # the rule is another function, and the same formula


def crossing(n: int, seed: int = 0) -> Value:
    """A graph of n nodes whose arrows go everywhere, and whose result uses nearly all of them."""
    rng = random.Random(seed)
    values = [Value(rng.random(), f"x{i}") for i in range(10)]
    while len(values) < n - 1:
        a, b = rng.sample(values, 2)
        values.append(rng.choice([a * b, a + b, a - b]))
    return ag.sum(values[10:])


@pytest.mark.parametrize("z", [chain(99), crossing(100)], ids=["chain", "crossing"])
def test_a_hundred_nodes_stay_small(z):
    walk = walkthrough(z)
    assert repr(walk).startswith("<Walkthrough: 100 nodes")
    assert len(walk.page.encode()) < 400_000


def test_a_small_graph_makes_a_small_cell():
    assert len(walkthrough(composite()[0]).html) < 60_000


@pytest.mark.parametrize("nodes", [151, 1_000, 20_000])
def test_graphs_over_the_cap_say_so_and_stay_within_it(nodes):
    walk = walkthrough(crossing(nodes))
    tags = still(walk.html)
    rows = tags.rows[1:]
    assert len(rows) <= 150
    shown = re.search(r"This graph has ([\d,]+) nodes; the youngest (\d+) are shown", walk.html)
    assert int(shown[1].replace(",", "")) > 150
    assert int(shown[2]) == len(rows)
    assert len(data_of(walk.html)["uses"]) <= 300
    assert len(walk.page.encode()) < 600_000


def test_of_a_large_graph_the_youngest_are_walked_through_with_their_whole_gradients():
    z = chain(1_000)  # x is used all along it
    page = walkthrough(z)
    assert repr(page).startswith("<Walkthrough: 150 nodes")
    assert "This graph has 1,001 nodes; the youngest 150 are shown" in page.html
    z.backward()
    shown = ag.order(z)[-150:]
    rows = still(page.html).rows[1:]
    assert [float(row[3]) for row in rows] == [pytest.approx(v.grad, rel=1e-5) for v in shown]
    assert len(page.page) < 500_000


def test_of_a_network_no_more_arrows_are_shown_than_can_be_read():
    values = [Value(0.1 * i, f"x{i}") for i in range(30)]
    for _ in range(4):
        values = [ag.tanh(ag.sum(values)) for _ in range(30)]
    page = walkthrough(ag.sum(values))
    assert len(data_of(page.html)["uses"]) <= 300
    assert len(page.page) < 400_000


def test_its_text_keeps_the_numbers_it_was_made_with():
    z, x, _ = composite()
    page = walkthrough(z)
    x.data = 5.0
    assert "dz/dx = 30 + 30 = 60" in str(page)


def test_a_node_with_more_operands_than_are_shown():
    z = ag.sum([Value(float(i), f"w{i}") for i in range(784)])
    html = walkthrough(z).html
    assert len(still(html).rows) == 151
    assert len(data_of(html)["uses"]) == 149
    assert repr(walkthrough(z, max_nodes=1)) == '<Walkthrough: 1 node, 2 steps; .save("page.html")>'


@pytest.mark.parametrize("z", [Value(3.0), Value(math.nan, "x"), -Value(math.inf)])
def test_the_smallest_graphs_and_odd_numbers(z):
    assert len(still(walkthrough(z).html).rows) >= 2


@given(programs())
@settings(max_examples=30)
def test_any_program_can_be_walked_through(program):
    z = program(*[Value(x) for x in program.point])
    if not isinstance(z, Value):
        return
    html = walkthrough(z).html
    data = data_of(html)
    for node in data["nodes"]:
        for formula in (node[1], *node[4:]):
            ET.fromstring(f"<math>{formula}</math>")
    for use in data["uses"]:
        ET.fromstring(f"<math>{use[5]}{use[6]}</math>")
    drawn = ET.fromstring(picture_of(html))
    edges = [g for g in drawn if g.get("class") == "edge"]
    assert all(use[2] < len(edges) for use in data["uses"])


def test_bad_arguments_are_refused_with_a_word():
    z, x, _ = composite()
    with pytest.raises(TypeError, match="expected a Value, got str"):
        walkthrough("z")
    with pytest.raises(ValueError, match="max_nodes must be at least 1, got 0"):
        walkthrough(z, max_nodes=0)
    with pytest.raises(TypeError, match="max_nodes is a whole number, got '9'"):
        walkthrough(z, max_nodes="9")
    x.data = 2.0
    with pytest.raises(StaleGraphError):
        walkthrough(z)


# Labels ----------------------------------------------------------------------------------------

PIECES = [
    EVIL, "<", ">", "&", '"', "'", "`", "${", "{", "}", "{{", "}}", "\\", "\\\\", "\\u003c", "$",
    "<!--", "-->", "]]>", "<![CDATA[", "&amp;", "&#60;", "</title>", "</math>", "</svg>", "|",
    "</style>", "<script>", "</script", "<SCRIPT\n>", " onerror=", "javascript:", "\n", "\t",
    "\0", "\u2028", "\u202e", "\ud800", "🚀", "👩‍👩‍👧", "é", "w", "x1", "_", "^", "%", "#", ";",
    "//", "/*",
]  # fmt: skip
LABELS = st.one_of(
    st.text(max_size=20),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=2)), max_size=8).map("".join),
    st.sampled_from(PIECES).map(lambda piece: (piece * 10_000)[:10_000]),
)


@given(LABELS, LABELS, st.booleans())
def test_no_label_can_become_markup(one, two, quiz):
    x, y = Value(1.0, one), Value(2.0, two)
    z = x * y
    z.label = one + two
    walk = walkthrough(z, quiz=quiz)
    assert len(walk.page) < 60_000
    walk.page.encode()  # no half of a surrogate pair is left
    tags = Tags(walk.page)
    assert [tag for tag, _ in tags.elements] == [tag for tag, _ in Tags(PLAIN.page).elements]
    for tag, attributes in tags.elements:
        assert not any(name.startswith("on") for name in attributes), tag
    assert walk.page.count("</script") == walk.page.count("<script") == 1
    assert "<!--" not in walk.page
    # And the label is there, as text: in the table, in the picture, and in what the script is told.
    names = [row[0] for row in tags.rows[1:]]
    assert len(set(names)) == 3
    for name, label in zip(names, (one, two, one + two), strict=True):
        shown = label_text(label)
        assert name.startswith(shown) if shown else re.fullmatch(r"v\d+|z", name)
    data = data_of(walk.page)
    assert [node[0] for node in data["nodes"]] == names
    for node in data["nodes"]:
        ET.fromstring(f"<math>{node[1]}</math>")
    picture = ET.fromstring(picture_of(walk.page))
    assert {e.tag.rpartition("}")[2] for e in picture.iter()} <= SHAPES
    assert picture[0].text == ET.fromstring(picture_of(PLAIN.page))[0].text  # its style sheet
    titles = [g[0].text for g in picture if g.get("class") == "node"]
    assert sorted(titles) == sorted(names)
    (title,) = re.findall("<title>(.*?)</title>", walk.page, re.DOTALL)
    assert unescape(title).startswith((f"{names[-1]} = ", f"Walk through {names[-1]}"))
    assert apart(title) == re.search('<h1 class="cw-title">(.*?)</h1>', walk.page, re.DOTALL)[1]
    for side in itertools.chain(*data["title"]):
        ET.fromstring(f"<math>{side}</math>")


@pytest.mark.parametrize(
    ("z", "text", "equations"),
    [
        (composite()[0], "z = f² + f, f = x² + x·y + y²", 2),
        (neuron(), "L = (y - 1)², y = sigmoid(z), z = w1·1 + w2·2 + b", 3),
        (ag.tanh(Value(0.5, "w") * Value(2.0, "x") + Value(1.0, "b")), "z = tanh(w·x + b)", 1),
        (ag.sum([Value(1.0, "x") * 2.0] * 300), "z = sum([v1, v1, v1, …, v1]), v1 = x·2", 2),
        (Value(3.0, "q"), "q = 3", 1),
        (ag.sum([Value(1.0, f"a name too long for a title {i}") for i in range(9)]),
         "Walk through z", 0),
    ],
)  # fmt: skip
def test_the_formula_is_the_title_where_it_is_short_enough(z, text, equations):
    walk = walkthrough(z)
    assert f"<title>{text}</title>" in walk.page
    assert f'<h1 class="cw-title">{text}</h1>' in walk.page
    assert f'<p class="cw-title">{text}</p>' in walk.html
    assert len(data_of(walk.html)["title"]) == equations


@pytest.mark.parametrize("n", [10, 60, 1_000])
def test_a_long_formula_is_written_with_parts_by_name(n):
    text = re.search("<title>(.*)</title>", walkthrough(chain(n)).page)[1]
    assert len(text) <= 160
    assert text.startswith("z = tanh(" if n % 2 else "z = ")


PLAIN = walkthrough(Value(1.0, "x") * Value(2.0, "y"))
SHAPES = {"svg", "style", "rect", "g", "title", "text", "tspan", "path"}


@given(st.text())
def test_any_label_and_any_text_at_all_is_well_formed_mathml(text):
    for latex in (
        label_latex(text),
        re.sub("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "", text),
    ):
        ET.fromstring(f"<math>{mathml(latex)}</math>")


@pytest.mark.parametrize("name", TABLE)
def test_the_latex_of_every_row_becomes_mathml_without_a_backslash(name):
    written = partial_latex(TABLE[name])
    for latex in (written.function, *written.partials):
        formula = mathml(latex)
        ET.fromstring(f"<math>{formula}</math>")
        assert "\\" not in formula
        assert "<mi>frac" not in formula
        assert "<mi>left" not in formula


@pytest.mark.parametrize(
    ("latex", "wanted"),
    [
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        (r"e^{-x}", "<msup><mi>e</mi><mrow><mo>−</mo><mi>x</mi></mrow></msup>"),
        (r"\left|x\right|", '<mrow><mo fence="true" form="prefix">|</mo><mi>x</mi>'
                            '<mo fence="true" form="postfix">|</mo></mrow>'),
        (r"\sin\left(x\right)", "<mi>sin</mi><mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow>"),
        (r"\theta_{2}", "<msub><mi>θ</mi><mn>2</mn></msub>"),
        ("}{" + "{" * 500, None),
        (r"\frac", None),
        (r"\left", None),
        (r"\begin", None),
        ("x^^_", None),
    ],
)  # fmt: skip
def test_mathml_of_common_and_of_broken_latex(latex, wanted):
    formula = mathml(latex)
    ET.fromstring(f"<math>{formula}</math>")
    assert wanted is None or formula == wanted


def test_text_has_contrast_in_light_and_in_dark():
    def rgb(colour: str) -> list[float]:
        return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]

    for dark in (0, 1):
        colours = {name: rgb(pair[dark]) for name, pair in room._COLOURS.items()}
        for text in ("ink", "quiet", "accent", "right", "wrong"):
            assert contrast(colours[text], colours["paper"]) >= 4.5, text
        for ground in ("raised", "glow"):
            assert contrast(colours["ink"], colours[ground]) >= 7
        assert contrast(colours["quiet"], colours["raised"]) >= 4.5
        assert contrast(colours["accent"], colours["glow"]) >= 3
    paper, glow = rgb(room._COLOURS["paper"][1]), rgb(room._COLOURS["glow"][1])
    for colour in [DARK[light] for light in (INK, FAINT, *TONES.values())]:
        assert contrast(rgb(colour), paper) >= 4.5
        assert contrast(rgb(colour), glow) >= 4.5


def test_a_local_derivative_that_is_an_operand_shows_its_number_once():
    x, w = Value(2.0, "x"), Value(-0.106023, "w")
    data = data_of(walkthrough((x * w).tanh()).html)
    names = [node[0] for node in data["nodes"]]
    uses = {names[use[1]]: use for use in data["uses"]}
    assert uses["x"][4:7] == ["w", "<mi>w</mi>", ""]
    assert uses["x"][8] == "-0.106023"
    assert uses["v1"][6]  # a rule of more than one operand is shown in numbers
