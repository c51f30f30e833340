"""Mermaid text: the boxes and arrows of the picture, and labels that mean just themselves."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw
from autograd.display.writers.mermaid import quoted
from nn import MLP
from support.labels import HARD

# What a quoted string may hold: letters, figures, signs that mean nothing, numbers of others.
HARMLESS = re.compile(r'[^"`<>&;{}|#\\]|#\d+;')


def square(label: str) -> Value:
    x = Value(2.0, label)
    z = x * x + 1.0
    z.label = label
    z.backward()
    return z


def test_boxes_and_arrows_are_those_of_the_picture() -> None:
    drawing = draw(square("x"))
    lines = drawing.mermaid.splitlines()
    assert lines[0] == "flowchart LR"
    assert sum(" -->|" in line for line in lines) == len(drawing.picture.arrows) == 3
    assert sum(line.startswith("  style ") for line in lines) == len(drawing.picture.boxes) == 3
    assert '  n0 -->|"1 × 2 = 2"| n1' in lines


@given(st.text())
def test_any_label_is_text_and_nothing_else(label: str) -> None:
    assert HARMLESS.sub("", quoted(label)) == ""
    drawing = draw(square(label))
    assert len(drawing.mermaid.splitlines()) == 1 + 3 + 3 + 3 + 3 + len(drawing.picture.lines)


def test_a_network_is_drawn_with_its_groups(tmp_path: Path) -> None:
    model = MLP([2, 4, 1], seed=0)
    (z,) = model([1.0, 2.0])
    z.backward()
    drawing = draw(z, expand="layers")
    assert "[[" in drawing.mermaid
    path = drawing.save(tmp_path / "network.mmd")
    assert path.read_text(encoding="utf-8") == drawing.mermaid


# Node finds packages in NODE_PATH: npm install -g mermaid jsdom; export NODE_PATH=$(npm root -g)
PARSE = """
const {createRequire} = require('module');
const {pathToFileURL} = require('url');
const find = name => import(pathToFileURL(require.resolve(name)).href);
(async () => {
  const {JSDOM} = await find('jsdom');
  global.window = new JSDOM('').window; global.document = window.document;
  const file = require.resolve('mermaid').replace(/mermaid[^/]*$/, 'mermaid.core.mjs');
  const mermaid = (await import(pathToFileURL(file).href)).default;
  for (const text of JSON.parse(require('fs').readFileSync(0, 'utf8'))) await mermaid.parse(text);
  console.log('parsed');
})().catch(error => { console.error(error.message); process.exit(1); });
"""


def test_mermaid_parses_every_label() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    ask = [node, "-e", "require.resolve('mermaid'); require.resolve('jsdom')"]
    if subprocess.run(ask, capture_output=True).returncode:
        pytest.skip("Node finds no mermaid and jsdom: install them and set NODE_PATH")
    texts = [draw(square(label)).mermaid for label in HARD]
    ran = subprocess.run(
        [node, "-e", PARSE], input=json.dumps(texts), capture_output=True, text=True, timeout=120
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "parsed"), ran.stderr
