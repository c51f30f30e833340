"""How the documentation site is built: `make docs` writes it to docs/_build.

Docstrings become the reference, the notebooks of ../notebooks are run and become the course, and
the table of primitives comes from its rows. Nothing is fetched, neither to build nor to read:
formulas become MathML here, and the theme brings no fonts or scripts from elsewhere.
"""

import html
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from PIL import Image
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import docstrings  # noqa: E402  # these three lie beside this file
import live  # noqa: E402
import tables  # noqa: E402

import autograd  # noqa: E402

project = "chalkgrad"
author = "chalkgrad contributors"
copyright = author
release = version = autograd.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb"]
exclude_patterns = ["_build", "_live"]
nitpicky = True
default_role = "code-or-name"
add_function_parentheses = False

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # results kept from before would hide what has changed
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True  # a notebook leaves nothing where it stands
nb_merge_streams = True
# A picture that a notebook holds in two forms is a file here, which figures.js opens large.
nb_mime_priority_overrides = [("html", "image/svg+xml", 5)]

html_theme = "furo"
html_title = "chalkgrad"
html_static_path = ["_static"]
html_extra_path = ["_live"]
html_css_files = ["site.css"]
html_js_files = ["figures.js"]
html_search_scorer = str(HERE / "search.js")
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False

log = logging.getLogger(__name__)


def place_notebooks() -> None:
    """Copy the notebooks to where Sphinx looks for pages."""
    course = HERE / "course"
    shutil.rmtree(course, ignore_errors=True)
    course.mkdir()
    for notebook in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, course)


def place_live_pages() -> None:
    """Write the live pages to where Sphinx takes files as they are."""
    folder = HERE / "_live"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    live.write_pages(folder)


place_notebooks()
place_live_pages()


class CodeOrName(SphinxRole):
    """What stands in backticks in a docstring: code, and a link where it is a public name."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the code, as a link or as it is."""
        code = nodes.literal(self.rawtext, self.text)
        target = tables.object_named(self.text)
        if target is None:
            return [code], []
        link = addnodes.pending_xref(
            self.rawtext, code, refdoc=self.env.docname, refdomain="py", reftype="obj",
            reftarget=target, refexplicit=True, refwarn=True,
        )  # fmt: skip
        self.set_source_info(link)
        return [link], []


# Formulas ----------------------------------------------------------------------------------------

CONVERTER = LatexToMathML(fancy_error=False)


def mathml(node: nodes.Element, *, block: bool) -> str:
    """Return a formula as MathML; one that cannot be read is a warning, and so an error."""
    text = node.astext()
    try:
        return CONVERTER.convert_with_local_state(text, displaystyle=block)
    except LatexError as error:
        log.warning("a formula cannot be read: %s: %s", text, error, location=node)
        return f"<code>{html.escape(text)}</code>"


def visit_math(translator: Any, node: nodes.Element) -> None:
    """Write a formula within a line."""
    translator.body.append(mathml(node, block=False))
    raise nodes.SkipNode


def visit_math_block(translator: Any, node: nodes.Element) -> None:
    """Write a formula on lines of its own."""
    translator.body.append(f'<div class="math" tabindex="0">{mathml(node, block=True)}</div>')
    raise nodes.SkipNode


def write_tables(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the tables that come from the code where a page asks for them."""
    if not (HERE / "benchmarks.md").exists():  # `python -m benchmarks --write docs`
        source[0] = source[0].replace("\nbenchmarks\n", "\n")
    for mark, make in {**tables.MADE, "<!-- live -->": live.opening_markdown}.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, make())


def offer_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put a link to the notebook that a page is made of below its title."""
    if not docname.startswith("course/"):
        return
    notebook = json.loads(source[0])
    opening = notebook["cells"][0]
    title, *rest = "".join(opening["source"]).splitlines()
    name = docname.removeprefix("course/")
    offer = (
        f"{{download}}`Download this page as a notebook <{name}.ipynb>`, without its results, or "
        "open the whole course in JupyterLab with `make notebooks`."
    )
    opening["source"] = "\n".join([title, "", offer, *rest])
    source[0] = json.dumps(notebook)


def before_napoleon(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Say where a docstring has a sentence and no type."""
    lines[:] = docstrings.without_types(what, lines)


def after_napoleon(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Take stars and bars for what they are."""
    lines[:] = docstrings.escaped(lines)


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Find a public name that a docstring calls by its last part, as `Raises: RenderError` does."""
    target = tables.object_named(node["reftarget"])
    if node.get("refdomain") != "py" or target in (None, node["reftarget"]):
        return None
    return env.domains.python_domain.resolve_xref(
        env, node["refdoc"], app.builder, "obj", target, node, content
    )


def describe_figures(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give figures a name to be read aloud, and tell those that have colours for dark pages."""
    title = next(iter(doctree.findall(nodes.title)), None)
    for i, image in enumerate(doctree.findall(nodes.image), start=1):
        if title is not None:
            image.setdefault("alt", f"Figure {i} of {title.astext()}")
        path = Path(app.srcdir, image["uri"])
        styled = path.suffix == ".svg" and "prefers-color-scheme" in path.read_text("utf-8")
        if styled or (path.suffix == ".png" and Image.open(path).has_transparency_data):
            image["classes"].append("adapts")
    for raw in list(doctree.findall(nodes.raw)):
        # A picture that a notebook holds as an image alone stays one: figures.js opens it large.
        still = re.sub(r'(<img [^>]*) onload="[^"]*"', r"\1", raw.astext())
        if still != raw.astext():
            still = still.replace("max-width:none", "max-width:100%;height:auto")
            raw.replace_self(nodes.raw("", still, format="html"))


def skip_members_of_others(*arguments: Any) -> bool | None:
    """Leave out methods that scikit-learn, where it is installed, writes into the estimators."""
    member = arguments[3]
    return True if str(getattr(member, "__module__", "")).startswith("sklearn.") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Add what is special to this site."""
    app.add_role("code-or-name", CodeOrName())
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("source-read", write_tables)
    app.connect("source-read", offer_notebook)
    app.connect("autodoc-skip-member", skip_members_of_others)
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    app.connect("missing-reference", resolve)
    app.connect("doctree-resolved", describe_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
