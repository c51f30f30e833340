"""Pictures where they are shown: trusted or not, converted, on dark pages, and small."""

import base64
import io
import json
import re
import shutil
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw, set_picture_format
from autograd.display.shown.notebook import MOST_BYTES, picture_format
from autograd.display.writers import graphviz
from nn import EpochRecord, History
from support import pictures
from support.browser import EVIL, contrast

SVG = "{http://www.w3.org/2000/svg}"
RECORDS = [EpochRecord(i, 1.0 / i, 0.75, 0.5, 0.7, 0.01, 7) for i in range(1, 21)]
HISTORY = History(RECORDS, "accuracy")
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="there is no `dot` here")


def example():
    z, _, _ = pictures.example()
    z.backward()
    return z


def plot():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: chalkgrad[plots]")
    return HISTORY.plot()


def random_graph():
    """One that nothing groups, of more nodes than a picture has."""
    nodes = [Value(0.1 + i, f"x{i}") for i in range(5)]
    for i in range(120):
        nodes.append((nodes[-1] * nodes[-3]).tanh() + nodes[i // 2])
    nodes[-1].backward()
    return nodes[-1]


class Images(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.images = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))


def image_of(bundle):
    """The SVG that the HTML of a bundle holds."""
    (image,) = Images(bundle["text/html"]).images
    head, coded = image["src"].split(",", 1)
    assert head == "data:image/svg+xml;charset=utf-8"
    return ET.fromstring(unquote(coded))


def as_stored(bundle):
    """The bundle as the file of a notebook holds it."""
    return {
        form: base64.b64encode(data).decode() if isinstance(data, bytes) else data
        for form, data in bundle.items()
    }


def notebook_of(*bundles):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: chalkgrad[test]")
    made = nbformat.v4
    return made.new_notebook(
        cells=[
            made.new_code_cell("1", outputs=[made.new_output("display_data", data=as_stored(b))])
            for b in bundles
        ]
    )


@needs_dot
def test_a_notebook_gets_an_image_a_pdf_an_svg_and_words():
    bundle = draw(example())._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", "application/pdf", "image/svg+xml"}
    assert bundle["application/pdf"].startswith(b"%PDF")
    assert "z = +  value 56  gradient 1" in bundle["text/plain"]
    drawn = ET.fromstring(bundle["image/svg+xml"])
    shown = image_of(bundle)
    for tag in ("text", "title", "path", "rect"):
        there, here = ([e.text for e in root.iter(SVG + tag)] for root in (drawn, shown))
        assert there == here
        assert there
    (image,) = Images(bundle["text/html"]).images
    assert image["alt"] == "The graph of z: 9 boxes, 11 arrows"


def test_without_graphviz_there_is_an_image_all_the_same(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(graphviz, "find_spec", lambda name: None)
    bundle = draw(example())._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", "image/svg+xml"}
    assert image_of(bundle).find(f".//{SVG}text") is not None
    with set_picture_format("png"):
        bundle = draw(example())._repr_mimebundle_()
    assert "This is SVG: a PNG needs Graphviz" in bundle["text/html"]


@pytest.mark.parametrize("form", ["svg", "png"])
@pytest.mark.parametrize(
    "make",
    [
        example,
        lambda: pictures.network((2, 1))[0],
        lambda: pictures.network((2, 2, 1))[0],
        lambda: pictures.network((2, 16, 16, 1))[0],
        lambda: pictures.chain(60),
        random_graph,
    ],
)
@needs_dot
def test_a_picture_takes_at_most_60_kilobytes_of_a_notebook(make, form):
    with set_picture_format(form):
        bundle = as_stored(draw(make())._repr_mimebundle_())
    text = json.dumps(bundle, ensure_ascii=False, indent=1).replace("\\n", '\\n",\n      "')
    assert len(text.encode()) <= MOST_BYTES
    assert ("image/png" in bundle) == (form == "png")


def test_a_plot_is_an_image_and_a_pdf():
    bundle = plot()._repr_mimebundle_()
    assert set(bundle) >= {"text/html", "text/plain", "application/pdf"}
    assert bundle["text/plain"] == "A plot of loss, accuracy"
    shown = image_of(bundle)
    ids = [e.get("id") for e in shown.iter() if e.get("id")]
    used = set(re.findall(r'(?:href="#|url\(#)(\w+)', ET.tostring(shown).decode()))
    assert used == set(ids)
    assert len(ids) == len(set(ids))
    other = image_of(History(RECORDS[:7], "loss").plot()._repr_mimebundle_())
    assert not used & {e.get("id") for e in other.iter()}  # of two in a page


@needs_dot
def test_the_form_of_pictures_and_plots_is_set_at_once():
    drawing, figure = draw(example()), plot()
    from PIL import Image  # comes with matplotlib

    with set_picture_format("png"):
        for shown in (drawing, figure):
            bundle = shown._repr_mimebundle_()
            assert set(bundle) == {"text/plain", "image/png"}
            assert bundle["image/png"].startswith(b"\x89PNG")
        with Image.open(io.BytesIO(bundle["image/png"])) as image:  # of the plot, for dark pages
            assert image.convert("RGBA").getpixel((0, 0))[3] == 0
        assert "image/png" not in draw(example(), format="txt")._repr_mimebundle_()
        assert drawing.svg.startswith("<svg")
        with set_picture_format("svg"):
            assert "text/html" in drawing._repr_mimebundle_()
        assert picture_format() == "png"
    assert picture_format() == "svg"
    assert draw(example(), format="png")._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")


@pytest.mark.parametrize("format", ["SVG", "pdf", "", "svg "])
def test_a_form_that_is_none_is_named(format):
    with pytest.raises(ValueError, match=f'"svg" or "png", got {format!r}'):
        set_picture_format(format)


@pytest.mark.parametrize("format", [None, 1, b"png"])
def test_a_form_that_is_no_word_is_named(format):
    with pytest.raises(TypeError, match='"svg" or "png"'):
        set_picture_format(format)


@given(st.text())
def test_no_label_gets_out_of_the_image(label):
    x = Value(2.0, label)
    drawing = draw(x * x)
    drawing.__dict__["_drawn"] = drawing._drawn[0], "", ""  # as `dot` or the own layout drew it
    html = Images(drawing._repr_mimebundle_()["text/html"])
    assert html.tags == ["div", "img"]
    (image,) = html.images
    assert set(image) == {"alt", "style", "src", "onload"}
    ET.fromstring(unquote(image["src"].split(",", 1)[1]))


@needs_dot
def test_nbconvert_shows_pictures_and_plots_in_html_markdown_and_latex():
    nbconvert = pytest.importorskip("nbconvert", reason="nbconvert is not installed")
    notebook = notebook_of(draw(example())._repr_mimebundle_(), plot()._repr_mimebundle_())
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert page.count("data:image/svg+xml;charset=utf-8,") == 2
    text, _ = nbconvert.MarkdownExporter().from_notebook_node(notebook)
    assert len(Images(text).images) == 2
    source, resources = nbconvert.LatexExporter().from_notebook_node(notebook)
    printed = [name for name in resources["outputs"] if f"{{{name}}}" in source]
    assert [resources["outputs"][name][:4] for name in printed] == [b"%PDF", b"%PDF"]

    with set_picture_format("png"):
        notebook = notebook_of(draw(example())._repr_mimebundle_(), plot()._repr_mimebundle_())
    text, resources = nbconvert.MarkdownExporter().from_notebook_node(notebook)
    assert len(re.findall(r"!\[png\]\(\S+\.png\)", text)) == 2
    assert [data[:4] for data in resources["outputs"].values()] == [b"\x89PNG"] * 2


COLOURS = """e => [...e.querySelectorAll("text")].map(text =>
  [text.textContent, getComputedStyle(text).fill.match(/[\\d.]+/g).map(Number)])"""


@pytest.mark.browser
@needs_dot
def test_a_page_shows_the_picture_light_and_dark_and_its_tooltips_work(browser, tmp_path):
    x = Value(2.0, EVIL)
    shown = [draw(example()), plot(), draw(x * x)]
    htmls = "".join([one._repr_mimebundle_()["text/html"] for one in shown])
    bodies = {
        "light.html": "<body>",
        "dark.html": '<body style="background:#111111" data-jp-theme-light="false">',
        "still.html": "<body>",  # as readers that drop scripts show it
    }
    page = browser.new_context(viewport={"width": 1100, "height": 900}).new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for name, body in bodies.items():
        inner = re.sub(r' onload="[^"]*"', "", htmls) if name == "still.html" else htmls
        (tmp_path / name).write_text(f"<!DOCTYPE html><meta charset=utf-8>{body}{inner}")
        page.goto((tmp_path / name).as_uri())
        if name == "still.html":
            assert page.locator("svg").count() == 0
            images = page.locator("img").evaluate_all("es => es.map(e => e.naturalWidth)")
            assert len(images) == 3
            assert min(images) > 100
            continue
        page.wait_for_function("document.querySelectorAll('svg').length === 3")
        assert page.locator("img").count() == 0
        ground = [27, 31, 35] if name == "dark.html" else [255, 255, 255]
        for i in (0, 1):
            for text, colour in page.locator("svg").nth(i).evaluate(COLOURS):
                assert contrast(colour, ground) >= 4.5, (name, text)
        tooltips = page.locator("svg").first.locator(".edge > title").all_text_contents()
        assert "d(z) / d(f) = 1.0\n1.0 × 1.0 = 1.0" in tooltips
        assert page.get_by_role("img", name="The graph of z: 9 boxes, 11 arrows").count() == 1
    assert page.evaluate("window.pwned") is None
    assert problems == []
    page.context.close()
