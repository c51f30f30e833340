"""What a page that trains a model holds: the recorded programs, the samples and their orders.

Everything that runs in the page is printed from what is recorded here: the loss of a sample with
its gradient, the outputs, the neurons. The samples, their split and the first orders are `fit`'s.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from autograd import Value, compile, pages
from nn.data.large.source import yields_batches
from nn.losses import Function, loss_named
from nn.metrics.outputs import true_classes
from nn.module import Module
from nn.pages.neurons import Call, Graphs, Watch, watch_of, watching
from nn.pages.steps import checked, step_of
from nn.pages.still import MANY, Picture, pictures
from nn.training.arguments import Stepping, trainable
from nn.training.batches import epoch_rng
from nn.training.engines.base import checked_loss
from nn.training.engines.compiled import CompiledEngine
from nn.training.plan import Part, Plan, Validation, planned
from nn.validation import Array, Floats, whole

# Of a model in a page. A sample of [64, 32, 10], with 2,410, takes a quarter of a millisecond.
MOST_PARAMETERS = 2_500
# Characters of a page: of its samples and of the programs.
MOST_TEXT = 500_000
# Places of samples in the orders that a page carries, and epochs at most.
_PLACES, _EPOCHS = 20_000, 100


@dataclass(frozen=True, slots=True)
class Recording:
    """A model recorded for a page.

    Attributes:
        headline: the model in a line.
        data: what the page's script is given, as JSON can hold it.
        programs: an expression in JavaScript: the list of the functions it is given.
        subject: the name of what the model learns, for the title; "" if it has none.
        note: a sentence on the data.
        pictures: the model before it trains, for where the script is stripped.
    """

    headline: str
    data: dict[str, Any]
    programs: str
    subject: str = ""
    note: str = ""
    pictures: Sequence[Picture] = ()


def recorded(
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
) -> Recording:
    """Record a model for a page; see `playground`."""
    size = whole("batch_size", batch_size)
    seed = whole("seed", seed, at_least=0, at_most=None)
    parameters = trainable(model)
    descent = checked(optimizer, lr, parameters)
    _refuse_model(model)
    if isinstance(validation, str) or yields_batches(validation):
        raise ValueError(
            f"validation is a fraction, a pair (X, y) or None here; got {validation!r:.60}"
        )
    plan = planned(model, X, y, loss_named(loss), size, validation, seed)
    engine = CompiledEngine(model, plan.loss, *plan.train)
    _check_recorded(engine)
    look, pull, told = _watched(model, plan, parameters)
    update, steps = step_of(descent, parameters)
    scripts = [
        pages.gradient_of(engine._program, "gradient"),
        pages.outputs_of(look, "look"),
        pages.gradient_of(pull, "pull", told["probes"]),
        update,
    ]
    if missing := sorted({name for script in scripts for name in script.missing}):
        raise ValueError(
            f"a page cannot compute {' and '.join(missing)}: it has no function in JavaScript, and "
            "no composition of primitives that have one"
        )
    programs = [pages.standing_alone(*scripts), *told.pop("programs")]
    samples = _rows(plan)
    data = {
        "names": [name for name, _ in model.named_parameters()],
        "start": [p.data for p in parameters],
        "reached": [int(x) for x in engine._program.reached],
        "lr": descent.lr,
        "optimizer": steps,
        "size": size,
        "seed": seed & 0xFFFFFFFF,
        "loss": plan.loss.name,
        "colours": MANY,
        **_samples(plan, samples),
        **told,
    }
    text = f"[...{programs[0]}, {', '.join(programs[1:]) or 'null'}]"
    _refuse_long(text)
    return Recording(model._summary(), data, text, pictures=pictures(data, samples, look))


def _refuse_model(model: Module) -> None:
    if model._sample_axes() > 1:
        raise ValueError(
            "a page shows samples that are one row of numbers each, and this model takes "
            "sequences of rows: train it with fit"
        )
    named = model.named_parameters()
    if len(named) > MOST_PARAMETERS:
        raise ValueError(
            f"a page trains up to {MOST_PARAMETERS:,} parameters, and {type(model).__name__} has "
            f"{len(named):,}: choose fewer inputs or neurons, or train this one with fit"
        )
    for name, p in named:
        if not math.isfinite(p.data):
            raise ValueError(
                f"{name} of the model is {p.data}, and a page begins with finite numbers: make the "
                "model anew"
            )


def _refuse_long(text: str) -> None:
    if len(text) > MOST_TEXT:
        raise ValueError(
            f"what trains in the page would be {len(text) // 1000:,} kB of text, and a page takes "
            f"{MOST_TEXT // 1000}: choose a smaller model"
        )


def _check_recorded(engine: CompiledEngine) -> None:
    """Raise if training is not the same function of the parameters for each sample."""
    if engine.kept:
        raise ValueError(f"{engine.kept}, and what trains in a page is recorded by one call")
    if engine._calls:
        raise ValueError(
            "a page draws no random masks: leave Dropout out of the model, or give it p=0"
        )
    if engine._in_eval is not engine._program:
        raise ValueError(
            "the model asks for its mode, and a page has one program for training and for looking: "
            "train this one with fit"
        )
    if not engine._program.reached.any():
        raise engine._nothing_to_train()


# The programs -------------------------------------------------------------------------------------


def _watched(model: Module, plan: Plan, parameters: list[Value]) -> tuple[Any, Any, dict[str, Any]]:
    """Return the programs that look into the model, and what they show.

    The first gives the outputs and those of all neurons; the second a sample's loss, whose first
    parameters stand for the neurons' outputs.
    """
    loss, (X, targets) = plan.loss, plan.train
    watch = watch_of(model)
    feeds: list[list[int]] = []
    ends: list[int | None] = []
    counts = [0, 0]

    def outputs(x: Any) -> Any:
        watch.calls.clear()
        found = _flat(model(x))
        once = watch.once
        slots = {id(place): -1 - k for k, place in enumerate(x)}
        slots |= {id(z): len(found) + i for i, (_, _, z) in enumerate(once)}
        shown = [*found, *[z for _, _, z in once]]
        counts[:] = len(found), len(once)
        feeds.clear()
        places = {id(z): k for k, z in enumerate(found)}
        ends[:] = [places.get(id(z)) for _, _, z in once]
        for _, inputs, _ in once:
            for given in inputs:
                if id(given) not in slots:
                    slots[id(given)] = len(shown)
                    shown.append(given)
            feeds.append([slots[id(given)] for given in inputs])
        return shown

    def pulled(x: Any, target: Any) -> Any:
        return checked_loss(loss, loss.function(model(x), target))

    with watching(watch):
        look = compile(outputs, parameters=parameters, shapes=[X.shape[1:]])
        outer = list(watch.once)
        watch.probes = [Value(0.0) for _ in watch.neurons]
        pull = compile(
            pulled, parameters=[*watch.probes, *parameters], shapes=[X.shape[1:], targets.shape[1:]]
        )
    told = _neurons(watch, outer, feeds, parameters)
    for neuron, end in zip(told["neurons"], ends, strict=True):
        neuron["output"] = end  # of the model that it is, or None
    told |= {"outputs": counts[0], "probes": len(watch.probes)}
    told["hidden"] = len(watch.neurons) - len(outer)
    return look, pull, told


def _flat(result: Any) -> list[Any]:
    if not isinstance(result, list | tuple | np.ndarray):
        return [result]
    parts: list[Any] = [*result]  # pyright: ignore[reportUnknownVariableType]
    return [x for part in parts for x in _flat(part)]


def _neurons(
    watch: Watch,
    calls: list[Call],
    feeds: list[list[int]],
    parameters: list[Value],
) -> dict[str, Any]:
    """Return the neurons in columns, those with the same inputs in one."""
    graphs = Graphs(parameters)
    known = {p: i for i, p in enumerate(parameters)}
    columns: list[list[int]] = []
    neurons: list[dict[str, Any]] = []
    for (place, _, _), feed in zip(calls, feeds, strict=True):
        if not columns or columns[-1] != feed:
            columns.append(feed)
        name, neuron = watch.neurons[place]
        # Of the network's own inputs x, of others h for hidden.
        letter = "x" if all(slot < 0 for slot in feed) else "h"
        graph = graphs.add(neuron, len(feed), letter)
        neurons.append(
            {
                "name": name,
                "column": len(columns) - 1,
                "probe": place,
                "feed": feed,
                # None for one that is computed from others.
                "weights": [known.get(w) for w in neuron.weights],
                "kind": None if graph is None else graph[0],
                "leaves": [] if graph is None else graph[1],
            }
        )
    return {"neurons": neurons, "kinds": graphs.kinds, "programs": graphs.programs}


# The samples --------------------------------------------------------------------------------------


def _samples(plan: Plan, samples: Floats) -> dict[str, Any]:
    """Return the samples with their targets as text, and `fit`'s orders."""
    count = len(plan.train[0])
    written = _packed(samples)
    if sum([len(x) for x in written.values() if isinstance(x, str)]) > MOST_TEXT:
        raise ValueError(
            f"the samples would be more than {MOST_TEXT // 1000} kB of the page: X has shape "
            f"{plan.train[0].shape}; give a part, such as X[:1000], y[:1000] or a "
            "file of fewer lines"
        )
    epochs = min(max(_PLACES // count, 1), _EPOCHS)
    orders = [epoch_rng(plan.seed, epoch + 1).permutation(count) for epoch in range(epochs)]
    kind = np.dtype("<u2" if count <= 2**16 else "<u4")
    found: dict[str, Any] = {
        "count": count,
        "inputs": plan.train[0].shape[1],
        "width": samples.shape[1],
        "samples": written,
        "orders": _base64(np.concatenate(orders).astype(kind)),
        "ordered": epochs,
        "cut": plan.reading.cut,
        "classes": None,
        # Names of the classes and of the inputs, where they have some.
        "labels": None,
        "columns": [*plan.schema.columns],
        "target": "",
        # Mean and deviation by which inputs, then targets, were scaled; none if they were not.
        "scales": [],
    }
    if plan.classes:
        labels = np.concatenate([true_classes(part[1]) for part in _parts(plan)])
        found["classes"] = labels.tolist()
        if plan.schema.classes is not None:
            found["labels"] = [str(name) for name in plan.schema.classes.tolist()]
    return found


def _parts(plan: Plan) -> list[Part]:
    return [plan.train] if plan.held is None else [plan.train, cast(Part, plan.held)]


def _rows(plan: Plan) -> Floats:
    """Return the samples with their targets, those to train on first."""
    parts = [
        np.column_stack([X, targets.reshape(len(X), -1)]).astype(np.float64)
        for X, targets in _parts(plan)
    ]
    return np.concatenate(parts)


def _packed(samples: Array) -> dict[str, Any]:
    """Return numbers as text: as places in a list of the values where those are few."""
    values, places = np.unique(samples, return_inverse=True)
    if len(values) <= 256:
        return {"values": values.tolist(), "places": _base64(places.astype(np.uint8))}
    return {"floats": _base64(samples.astype("<f8"))}


def _base64(array: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
