"""The page "Past one machine": its scripts as they stand, on forced devices and on loopback."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from support.engine_processes import address, ended, needs, started
from support.places import ROOT

pytestmark = pytest.mark.engines

PAGE = (ROOT / "docs" / "past-one-machine.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"^```py\n(.*?)^```$", PAGE, re.M | re.S)
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)


def script(holding: str) -> str:
    (found,) = [text for text in SCRIPTS if holding in text]
    return found


def by_hand(**more: Any) -> Any:
    X, y = nn.datasets.moons(400, seed=0)
    model = nn.MLP([2, 16, 1], seed=0)
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    given = {"epochs": 5, "batch_size": 64, "progress": False, **more}
    return nn.fit(model, X, y, loss="binary_cross_entropy", optimizer=optimizer, **given)


def test_every_block_is_run_by_a_test_of_these() -> None:
    assert len(SCRIPTS) == 4
    assert len(EXAMPLES) == 2


def test_four_devices(tmp_path: Path) -> None:
    needs("jax")
    (tmp_path / "four.py").write_text(script("xla_force_host"))
    out, err = ended(started(1, "four.py", folder=tmp_path))
    assert out == "jax (2, 1)\n", err[-2000:]


def test_many_machines(tmp_path: Path) -> None:
    needs("jax")
    where = address()
    (tmp_path / "train.py").write_text(script("num_processes").replace("10.0.0.1:8476", where))
    processes = [started(1, "train.py", str(place), folder=tmp_path) for place in range(2)]
    expected = by_hand().loss
    for place, (out, err) in enumerate([ended(process) for process in processes]):
        line = next((x for x in out.splitlines() if x.startswith(f"{place} [")), "")
        assert line, err[-2000:]
        np.testing.assert_allclose(eval(line[2:]), expected, atol=1e-8)
        assert (tmp_path / f"run-{place}.json").exists()


def test_a_device_of_torch_or_jax() -> None:
    for name in ("jax", "torch"):
        needs(name)
    text = script('device="cuda"').replace("...", "**given").replace('"cuda"', '"cpu"')
    X, y = nn.datasets.moons(40, seed=0)
    model = nn.MLP([2, 4, 1], seed=0)
    engines: list[str] = []
    scope: dict[str, Any] = {"nn": nn, "model": model, "X": X, "y": y}
    for line in text.splitlines():
        scope["given"] = {
            "loss": "binary_cross_entropy", "optimizer": nn.SGD(model.parameters(), 0.1),
            "epochs": 1, "batch_size": 20, "validation": None, "progress": False,
        }  # fmt: skip
        exec(line, scope)
        engines.append(scope["history"].engine)
    assert engines == ["torch", "jax"]


def test_torch_under_its_own_distribution(tmp_path: Path) -> None:
    needs("torch")
    (tmp_path / "ddp.py").write_text(script("DistributedDataParallel"))
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "ddp.py"]
    env = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env={**os.environ, **env}, timeout=300,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("{")] or [done.stderr[-2000:]]
    model = nn.MLP.load(tmp_path / "moons.json")
    # What one process finds that has all samples of each batch.
    X, y = nn.datasets.moons(400, seed=0)
    alone = nn.interop.to_torch(nn.MLP([2, 16, 1], seed=0))
    _by_torch(alone, X, y)
    expected = nn.interop.from_torch(alone)
    np.testing.assert_allclose(model.predict(X), expected.predict(X), atol=1e-9)
    assert eval(line)["loss"] < 0.3


def _by_torch(module: Any, X: Any, y: Any) -> None:
    torch = needs("torch")
    X, y = torch.from_numpy(X), torch.from_numpy(y).double()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    for epoch in range(20):
        order = torch.randperm(len(X), generator=torch.Generator().manual_seed(epoch))
        for batch in order.split(40):
            optimizer.zero_grad()
            torch.nn.BCEWithLogitsLoss()(module(X[batch])[:, 0], y[batch]).backward()
            optimizer.step()


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples(text: str) -> None:
    needs("jax" if "import jax" in text else "joblib")
    test = doctest.DocTestParser().get_doctest(text, {}, "page", None, 0)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert (result.failed, result.attempted > 3) == (0, True), "".join(said)
