"""Runs of training by other libraries, in processes of their own: their devices are forced.

    python tests/support/engine_runs.py four                 on four devices of this process
    python tests/support/engine_runs.py pair PLACE ADDRESS   in one of two processes, on both
    python tests/support/engine_runs.py dying PLACE ADDRESS VICTIM FILE   in one of two, of which
                                                             one dies
Each prints one line of JSON at its end.
"""

import json
import os
import re
import signal
import sys
import time
from typing import Any

import numpy as np

import nn
from support.handed import network

# The networks that are trained, each by an optimiser of its own.
RUNS = 10
COLLECTIVES = r" (all-\w+|collective-\w+|reduce-scatter)(?:-start)?\("
SAMPLES, BATCH = 22, 8


def optimizer_of(seed: int, model: Any) -> Any:
    """Return an optimiser: all kinds, and what they are asked for, go round."""
    ps = model.parameters()
    step = nn.schedules.step(0.05, every=2, factor=0.5)
    return [
        lambda: nn.SGD(ps, 0.05),
        lambda: nn.SGD(ps, step, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda: nn.Adagrad(ps, 0.05, lr_decay=0.1, weight_decay=0.01),
        lambda: nn.RMSprop(ps, 0.01, centered=True, momentum=0.5),
        lambda: nn.Adam(ps, 0.01, clip_norm=0.1),
        lambda: nn.AdamW(ps, step, clip_value=0.05),
        lambda: nn.SGD(ps[:: -2] if len(ps) > 2 else ps, 0.05, momentum=0.5, clip_norm=0.1),
        lambda: nn.RMSprop(ps, step, alpha=0.9, weight_decay=0.01),
        lambda: nn.Adam(ps[len(ps) // 2 :], 0.01, weight_decay=0.01),
        lambda: nn.AdamW(ps, 0.01, betas=(0.8, 0.9), clip_norm=0.5, clip_value=0.1),
    ][seed % RUNS]()  # fmt: skip


def trained(seed: int, engine: str, **more: Any) -> tuple[np.ndarray, list[float], Any, Any]:
    """Return parameters, losses, history and optimiser after a run on a random network.

    The last batch is shorter than the others and no multiple of four; every third run is weighted,
    every fourth takes a step for two batches.
    """
    model, X = network(seed)
    rng = np.random.default_rng(seed)
    X = X[rng.integers(0, len(X), size=SAMPLES)]
    if X.dtype.kind == "f":
        X = X + 0.1 * rng.normal(size=X.shape)
    y = rng.normal(size=model.predict(X).shape)
    optimizer = optimizer_of(seed, model)
    given = {"epochs": 1, "batch_size": BATCH, "validation": None, "progress": False, **more}
    if seed % 3 == 0:
        given["sample_weight"] = rng.uniform(size=SAMPLES)
    if seed % 4 == 1:
        given["accumulate"] = 2
    history = nn.fit(
        model, X, y, loss="mean_squared_error", optimizer=optimizer, engine=engine, **given
    )
    numbers = np.array([p.data for p in model.parameters()])
    return numbers, history.loss, history, optimizer


def differences(seed: int, engine: str, **more: Any) -> list[float]:
    """Return how far parameters, losses and the optimiser's memory are from those found here."""
    numbers, losses, history, optimizer = trained(seed, engine, **more)
    epochs = more.get("epochs", 1)
    expected, lost, here, other = trained(seed, "compiled", epochs=epochs)
    assert (history.engine, history.note, optimizer.steps) == (engine, here.note, other.steps)
    memory = [
        float(np.abs(optimizer._array(name) - other._array(name)).max())
        for name in optimizer.remembered
    ]
    far = float(np.abs(numbers - expected).max())
    return [far, float(np.abs(np.subtract(losses, lost)).max()), *memory]


def collectives(seed: int) -> list[dict[str, int]]:
    """Return how often each collective stands in the optimised text of each step of a run."""
    from nn.elsewhere.jax_steps import JaxSteps

    texts: dict[int, str] = {}
    jitted = JaxSteps.descent

    def spied(self: Any, step: Any, count: int) -> Any:
        run = jitted(self, step, count)

        def noted(*arguments: Any) -> Any:
            if id(run) not in texts:
                texts[id(run)] = run.lower(*arguments).compile().as_text()
            return run(*arguments)

        return noted

    JaxSteps.descent = spied
    try:
        trained(seed, "jax", devices=4)
    finally:
        JaxSteps.descent = jitted
    found = [re.findall(COLLECTIVES, text) for text in texts.values()]
    return [{name: names.count(name) for name in set(names)} for names in found]


def four() -> dict[str, Any]:
    """Train every network on one device, three and four."""
    # The steps of one batch and a shorter one; of two batches at once.
    reduces = [x for seed in (4, 1) for x in collectives(seed)]
    found = {
        f"{count} device(s), run {seed}": differences(seed, "jax", devices=count)
        for seed in range(RUNS)
        for count in ((1, 4) if seed else (1, 3, 4))
    }
    rng = np.random.default_rng(0)
    model, X = nn.MLP([3, 4, 2], seed=0), rng.normal(size=(11, 3))
    here = model.predict(X)
    predicted = {
        str(asked): float(np.abs(model.predict(X, engine="jax", devices=asked) - here).max())
        for asked in (None, 3, [1, 2])
    }
    said: dict[str, str] = {}
    y = rng.normal(size=(11, 2))
    for name, more in {
        "many": {"devices": 5},
        "place": {"devices": [7]},
        "twice": {"devices": [1, 1]},
        "none": {"devices": 0},
        "small": {"devices": 4, "batch_size": 3},
    }.items():
        before = [p.data for p in model.parameters()]
        try:
            nn.fit(
                model, X, y, loss="huber", optimizer=nn.SGD(model.parameters(), 0.1), epochs=1,
                **{"batch_size": 4, "engine": "jax", "progress": False, **more},
            )  # fmt: skip
        except ValueError as error:
            said[name] = str(error)
        assert [p.data for p in model.parameters()] == before
    import jax

    flag = jax.config.jax_enable_x64
    return {"runs": found, "predicted": predicted, "reduces": reduces, "said": said,
            "is_switched": flag or str(jax.numpy.ones(1).dtype) != "float32"}  # fmt: skip


def joined(place: str, address: str) -> int:
    """Take part in a run of two processes; return the place in it."""
    import jax

    jax.distributed.initialize(address, 2, int(place), heartbeat_timeout_seconds=10)
    return int(place)


def pair(told: str, address: str) -> dict[str, Any]:
    """Train some networks in two processes with two devices each, and one that differs."""
    place = joined(told, address)
    found = {f"run {seed}": differences(seed, "jax") for seed in (1, 4, 6)}
    model = nn.MLP([2, 1], seed=place)
    said = ""
    try:
        nn.fit(
            model, np.ones((8, 2)), np.ones(8), loss="huber", engine="jax", epochs=1, batch_size=4,
            optimizer=nn.SGD(model.parameters(), 0.1), validation=None, progress=False,
        )  # fmt: skip
    except ValueError as error:
        said = str(error)
    try:
        nn.MLP([2, 1]).predict(np.ones((4, 2)), engine="jax", devices=2)
    except ValueError as error:
        said += " | " + str(error)
    there = nn.MLP([2, 3], seed=0).predict(np.ones((5, 2)), engine="jax")
    far = float(np.abs(there - nn.MLP([2, 3], seed=0).predict(np.ones((5, 2)))).max())
    return {"runs": found, "said": said, "predicted": far}


def dying(told: str, address: str, victim: str, file: str) -> dict[str, Any]:
    """Train in two processes, of which one dies after the second epoch."""
    place = joined(told, address)
    X, y = nn.datasets.moons(64, seed=0)
    model = nn.MLP([2, 4, 1], seed=0)
    kept: list[list[float]] = []
    died = 0.0

    def after(model: Any, history: nn.History) -> None:
        nonlocal died
        kept.append([p.data for p in model.parameters()])
        if len(history) == 2:
            if place == int(victim):
                os.kill(os.getpid(), signal.SIGKILL)
            died = time.monotonic()

    said, seconds = "", -1.0
    try:
        nn.fit(
            model, X, y, loss="binary_cross_entropy", engine="jax", epochs=5, batch_size=8,
            optimizer=nn.Adam(model.parameters(), 0.1), progress=False, callbacks=[after],
            checkpoint=f"{file}{place}",
        )  # fmt: skip
    except ConnectionError as error:
        said, seconds = str(error), time.monotonic() - died
    return {"said": said, "seconds": seconds, "epochs": len(kept),
            "kept": kept[-1] == [p.data for p in model.parameters()]}  # fmt: skip


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    found = {"four": four, "pair": pair, "dying": dying}[what](*rest)
    # Above all at once: what JAX does when a process ends may take long.
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
