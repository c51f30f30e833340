"""`playground`: one page, or one notebook cell, in which a model trains while one watches.

The page holds everything and asks for nothing: the recorded programs of the model and its loss, the
samples, and a script that trains. Names are text there, never markup.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cached_property
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from autograd import pages
from nn.losses import Function
from nn.module import Module
from nn.pages.recording import Recording, recorded
from nn.pages.still import COLOURS
from nn.spellings import PLAYGROUND
from nn.training.arguments import Stepping
from nn.training.plan import Validation
from nn.validation import instance, own_keywords


@own_keywords(PLAYGROUND)
def playground(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Function,
    lr: float | None = None,
    batch_size: int,
    seed: int = 0,
    validation: Validation = 0.1,
    optimizer: Stepping | None = None,
) -> TrainingPage:
    """Return a page that trains a model live: play, pause, one step, one epoch, reset.

    Notebooks show it by themselves; `.save("page.html")` writes it as a page that needs nothing
    else. It shows the loss, what the model says (with one or two inputs, everywhere), every
    parameter and its gradient, and the graph of a neuron with the chain rule on every edge. The
    learning rate, the batch size, momentum and weight decay can be changed there.

    What runs in the page is printed from the recorded scalars of the model and its loss, whatever
    they are, and from the `move` of the optimiser. Its first epochs equal those of `fit` with the
    same arguments to 1e-9: the page carries the orders of the samples of as many epochs as it has
    room for, and draws later ones itself. Model and optimiser here do not change.

    Args:
        model: the model, as it is now, of at most 2,500 parameters.
        X: the samples, as `fit` takes them.
        y: the targets, as `fit` takes them.
        loss: a name, or a function of the outputs and the target of one sample.
        lr: the learning rate of plain descent at first; left out where an optimizer is given.
        batch_size: samples in a step at first.
        seed: of the split and of the order of the samples in each epoch.
        validation: what to hold out: a fraction of the samples, a pair (X, y), or None.
        optimizer: whose steps the page takes, such as `nn.Adam(model.parameters(), lr=0.01)`, or
            one of a user's own whose `move` is arithmetic.

    Raises:
        ValueError: as `fit`; if the model has too many parameters, the samples are too many for a
            page, or something in the model or in the optimiser cannot be computed by one.
        TypeError: as `fit`, or if lr is a schedule, or not one of lr and optimizer is given.
        TraceError: if the model or the loss branches on data, or reads a number.

    >>> from nn import MLP, datasets
    >>> X, y = datasets.moons(200, seed=0)
    >>> model = MLP([2, 8, 1], seed=0)
    >>> playground(model, X, y, loss="binary_cross_entropy", lr=0.5, batch_size=10)
    <TrainingPage: MLP([2, 8, 1]), 33 parameters, 180 samples; .save("page.html")>
    """
    return TrainingPage(
        recorded(
            model,
            X,
            y,
            loss=loss,
            lr=lr,
            batch_size=batch_size,
            seed=seed,
            validation=validation,
            optimizer=optimizer,
        )
    )


class TrainingPage:
    """A page in which a model trains, with its numbers as they were when it was made.

    Attributes:
        html: the page's content as notebooks show it.
        page: the whole page.

    >>> from nn import Neuron, datasets
    >>> X, y = datasets.line(20, seed=0)
    >>> neuron = Neuron(1, activation="linear")
    >>> page = playground(neuron, X, y, loss="mean_squared_error", lr=0.1, batch_size=5)
    >>> page.page.splitlines()[0]
    '<!DOCTYPE html>'
    """

    def __init__(self, recording: Recording) -> None:
        instance("TrainingPage", recording, Recording, "the recording that playground makes")
        self._recording = recording
        # No heading in a notebook, whose outline it would be in.
        self.html = self._fragment("p")

    @property
    def _counts(self) -> str:
        data = self._recording.data
        parameters, samples = len(data["start"]), data["count"]
        return (
            f"{parameters:,} parameter{'s' * (parameters != 1)}, "
            f"{samples:,} sample{'s' * (samples != 1)}"
        )

    @property
    def _title(self) -> str:
        headline, subject = self._recording.headline, self._recording.subject
        return f"{headline} learns {subject}" if subject else f"Training {headline}"

    def _fragment(self, heading: str) -> str:
        """Return the content: a sentence for where scripts are stripped, and the script."""
        recording = self._recording
        title = escape(self._title)
        images = [
            f'<img alt="{escape(said)}" src="{pages.image_source(svg)}">'
            for said, svg in recording.pictures
        ]
        still = (
            f'<div class="cp-still"><p>{escape(recording.headline)}: {self._counts}, loss '
            f"{escape(recording.data['loss'])}, before training.</p><p>{' '.join(images)}</p>"
            "<p>It trains here, live, where scripts run: in Jupyter, trust this notebook or run "
            "the cell again.</p></div>"
        )
        data = pages.script_json(recording.data | {"note": recording.note})
        programs = pages.squeezed(recording.programs)
        # Derived from the content, so that running a notebook again changes nothing.
        name = "cp-" + hashlib.sha256(f"{data}{programs}".encode()).hexdigest()[:12]
        script = _asset("playground.js").replace("// PARTS\n", _asset("training.js"))
        script = script.replace("// PICTURES\n", "".join(map(_asset, _PICTURES)))
        script = pages.squeezed(script)
        # What names may hold goes in last.
        for mark, text in (("NAME", json.dumps(name)), ("PROGRAMS", programs), ("DATA", data)):
            script = script.replace(f"${mark}$", text, 1)
        return (
            f'<div class="chalk-train" id="{name}" data-lm-suppress-shortcuts="true">\n'
            f"<style>\n{_style()}</style>\n"
            f'<{heading} class="cp-title">{title}</{heading}>\n{still}\n'
            f"<script>\n{script}</script>\n</div>"
        )

    @cached_property
    def page(self) -> str:
        """The whole page, which asks the network for nothing and may not."""
        return pages.whole_page(escape(self._title), "cp-page", self._fragment("h1"))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all, and return the file's path.

        Args:
            path: ending in .html or .htm; a name without an ending gets .html.

        Raises:
            ValueError: for another ending.
            OSError: if the path is a folder, or its folder is missing or cannot be written.
        """
        return pages.saved_page(path, self.page, "a playground")

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f'<TrainingPage: {self._recording.headline}, {self._counts}; .save("page.html")>'


# What draws, in the order in which each takes from those before.
_PICTURES = ("legend.js", "pictures.js", "neuron.js")


def _asset(name: str) -> str:
    return resources.files("nn.pages").joinpath(name).read_text(encoding="utf-8")


def _style() -> str:
    """Return the style sheet, with the colours of light and dark pages."""
    light, dark = [
        ";".join(
            [f"color-scheme:{scheme}", *[f"--cp-{k}:{pair[i]}" for k, pair in COLOURS.items()]]
        )
        for i, scheme in enumerate(("light", "dark"))
    ]
    # The theme of a notebook, or of a page of documentation, comes before the system's.
    themes = (
        ('[data-jp-theme-light="true"]', ".vscode-light", '[data-theme="light"]', light),
        ('[data-jp-theme-light="false"]', ".vscode-dark", '[data-theme="dark"]', dark),
    )
    rules = [
        f".chalk-train{{{light}}}",
        f"@media (prefers-color-scheme:dark){{.chalk-train{{{dark}}}}}",
        *[
            ",".join([f"{host} .chalk-train" for host in hosts]) + f"{{{own}}}"
            for *hosts, own in themes
        ],
    ]
    return "\n".join([*rules, _asset("playground.css")])
