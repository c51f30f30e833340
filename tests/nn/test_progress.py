"""The bar of `fit` in a notebook: it shows while training runs, and nothing of it is kept."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

import nn.training.progress
from nn import MLP, SGD, History, datasets, fit

TRAINING = """
from nn import MLP, SGD, datasets, fit
X, y = datasets.moons(200, seed=0)
def run(progress=True, **options):
    model = MLP([2, 4, 1], seed=0)
    options = {"loss": "binary_cross_entropy", "engine": "eager", "epochs": 2, **options}
    optimizer = SGD(model.parameters(), 0.1)
    return fit(model, X, y, optimizer=optimizer, batch_size=50, progress=progress, **options)
"""


@pytest.fixture(scope="module")
def run_notebook() -> Any:
    """Return what executes cells and gives the notebook, and the messages of each of its cells."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: chalkgrad[test]")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: chalkgrad[test]")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed: chalkgrad[test]")

    def run(cells: list[str]) -> tuple[Any, list[list[dict[str, Any]]]]:
        messages: list[list[dict[str, Any]]] = [[] for _ in cells]

        class Listening(nbclient.NotebookClient):
            def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
                messages[cell_index].append({**msg["content"], "type": msg["msg_type"]})
                return super().process_message(msg, cell, cell_index)

        notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
        Listening(notebook, timeout=120, kernel_name="python3").execute()
        nbformat.validate(notebook)
        return notebook, messages

    return run


def bars(messages: list[dict[str, Any]]) -> list[str]:
    """The texts that displays showed one after another."""
    kinds = ("display_data", "update_display_data")
    return [m["data"].get("text/plain", "") for m in messages if m["type"] in kinds]


def test_a_notebook_shows_the_bar_and_keeps_nothing_of_it(run_notebook: Any) -> None:
    cells = [
        TRAINING,
        "print('before'); run(callbacks=[lambda model, history: print('epoch', len(history))]);",
        "run(); run(); run();",
        "run(progress=False);",
        "print('above'); run(loss=lambda outputs, y: print(end='') or outputs[0] ** 2, "
        "engine='auto');",
        "%%capture kept\nrun()",
        "len(kept.outputs)",
    ]
    notebook, messages = run_notebook(cells)
    first, several, silent, noted, captured = map(bars, messages[1:6])
    assert first[0] == "Training:   0%|          | 0/8 [00:00<?, ?batch/s]"
    assert first[-1] == ""
    assert [text for text in several if text.startswith("Training:   0%")] == [several[0]] * 3
    assert silent == captured == []
    assert any(text.startswith("Training is not compiled: ") for text in noted)
    # All bars of a cell in the place of the first, which is empty in the end.
    # Text of one stream may arrive in pieces, which are saved apart.
    kept: list[list[Any]] = []
    for cell in notebook.cells:
        kept.append([])
        for output in cell.outputs:
            text = "".join(output.get("text", ""))
            if text and kept[-1] and isinstance(kept[-1][-1], str):
                kept[-1][-1] += text
            else:
                kept[-1].append(text or dict(output.data))
    assert kept == [
        [],
        ["before\n", {}, "epoch 1\nepoch 2\n"],
        [{}],
        [],
        ["above\n", {}],
        [],
        [{"text/plain": "1"}],  # the history
    ]


def trained(**options: Any) -> History:
    X, y = datasets.moons(40, seed=0)
    model = MLP([2, 3, 1], seed=0)
    optimizer = SGD(model.parameters(), 0.1)
    return fit(
        model, X, y, loss="binary_cross_entropy", optimizer=optimizer, batch_size=10, **options
    )


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, str], bool]]:
    """What is published by a kernel that this process is made to look like, and if in place."""
    shown: list[tuple[dict[str, str], bool]] = []

    class Publisher:
        def publish(self, data: Any, metadata: Any, *, transient: Any, update: bool) -> None:
            assert metadata == {}
            assert [*transient] == ["display_id"]
            shown.append((data, update))

    class Printing:
        pass

    shell = SimpleNamespace(display_pub=Publisher(), execution_count=3)
    module = SimpleNamespace(DisplayPublisher=Printing, CapturingDisplayPublisher=Printing)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.core.displaypub", module)
    monkeypatch.setattr(nn.training.progress, "_displays", set())
    monkeypatch.setattr(nn.training.progress.tqdm, "monitor_interval", 0)
    return shown


def test_it_shows_before_anything_is_compiled(published: list[Any], monkeypatch: Any) -> None:
    def slow(*names: Any) -> Any:
        def make(*arguments: Any) -> Any:
            assert published == [({"text/plain": "Training:   0%|          | 0/12 " + REST}, False)]
            raise KeyboardInterrupt

        return make

    REST = "[00:00<?, ?batch/s]"
    monkeypatch.setattr(nn.training.fit, "engine_named", slow)
    assert trained(epochs=3, validation=None).interrupted
    assert published[1:] == [({}, True)]


def test_thousands_of_epochs_are_few_messages(published: list[Any], monkeypatch: Any) -> None:
    """A server cuts off a kernel that sends a thousand messages a second."""
    monkeypatch.setattr(nn.training.progress, "_PAUSE", 1e9)
    trained(epochs=300, validation=None)
    assert len(published) == 2
    assert published[-1] == ({}, True)


def test_the_bar_goes_when_training_fails(published: list[Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        trained(epochs=3, callbacks=[lambda model, history: 1 / 0])
    assert published[-1] == ({}, True)


def test_a_shell_that_prints_what_is_published_is_no_notebook(
    published: list[Any], monkeypatch: Any, capsys: Any
) -> None:
    shell: Any = sys.modules["IPython"].get_ipython()
    shell.display_pub = sys.modules["IPython.core.displaypub"].DisplayPublisher()
    trained(epochs=2)
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    trained(epochs=2)
    assert published == []
    assert capsys.readouterr() == ("", "")
