"""One neuron at work: its graph on one sample, inside the loss it was trained on.

The neuron's part of the loss is recorded with names a reader can follow, the rest of the network
goes on from it, and one backward pass gives every gradient in the picture its true value. Of many
inputs only those with the largest terms are drawn one by one; the others stand together as one
number, so that the sum is still exact.
"""

import math
from dataclasses import dataclass
from typing import Any

from autograd import Value, dot
from nn.activations import activation_function
from nn.layers import MLP, Layer
from nn.losses import Loss
from nn.report.experiment import Result

# A picture with more inputs is too large to be read.
DRAWN = 4


@dataclass(frozen=True, slots=True)
class NeuronAtWork:
    """A neuron's graph on one sample, after the backward pass from the loss.

    Attributes:
        value: the neuron's output; its graph ends at the leaves named in `terms`.
        loss: the loss on the sample.
        sample: the sample's place in the test set.
        layer, neuron: which neuron it is.
        output: whether the layer is the last one.
        drawn: how many inputs are drawn one by one.
        inputs: how many it has.
    """

    value: Value
    loss: Value
    sample: int
    layer: int
    neuron: int
    output: bool
    drawn: int
    inputs: int


def neuron_at_work(result: Result) -> NeuronAtWork:
    """Record the neuron that the hardest sample of the test set would move the most.

    The sample is the one with the largest loss. The layer is the first with the fewest inputs,
    among hidden layers if there are any; in it, the neuron whose bias has the largest derivative.
    """
    experiment = result.experiment
    model, loss = experiment.model, experiment.loss
    losses = result.losses()
    sample = losses.index(max(losses))
    x: list[float] = result.inputs[sample].tolist()
    target = experiment.targets(experiment.test_set[1][sample : sample + 1]).tolist()[0]

    loss.function(model(x), target).backward()
    hidden = model.layers[:-1] or model.layers
    place = min(range(len(hidden)), key=lambda i: hidden[i].n_in)
    slopes = [abs(neuron.bias.grad or 0.0) for neuron in model.layers[place].neurons]
    chosen = slopes.index(max(slopes))
    model.zero_grad()
    return _recorded(model, loss, x, target, sample, place, chosen, experiment.task.shape)


def _recorded(
    model: MLP,
    loss: Loss,
    x: list[float],
    target: Any,
    sample: int,
    place: int,
    chosen: int,
    shape: tuple[int, int] | None,
) -> NeuronAtWork:
    """Record the loss on one sample with one neuron taken apart, and go backward."""
    inputs = x
    for layer in model.layers[:place]:
        inputs = [float(a) for a in layer.predict(inputs)]
    layer = model.layers[place]
    names = _input_names(len(inputs), shape if place == 0 else None, place)
    value, drawn = _taken_apart(layer, chosen, inputs, names)
    outputs: list[Any] = layer.predict(inputs).tolist()
    outputs[chosen] = value
    for later in model.layers[place + 1 :]:
        outputs = list(later(outputs))
    total = loss.function(outputs, target)
    total.backward()
    model.zero_grad()
    is_output = place == len(model.layers) - 1
    return NeuronAtWork(value, total, sample, place, chosen, is_output, drawn, len(inputs))


def _input_names(count: int, shape: tuple[int, int] | None, place: int) -> list[str]:
    """Return the names of the inputs: by row and column in an image, else by number."""
    if shape is not None:
        return [f"row {1 + i // shape[1]}, col {1 + i % shape[1]}" for i in range(count)]
    return [f"{'x' if place == 0 else 'h'}{1 + i}" for i in range(count)]


def _taken_apart(
    layer: Layer, chosen: int, inputs: list[float], names: list[str]
) -> tuple[Value, int]:
    """Return the neuron's output recorded from named numbers, and how many inputs are drawn."""
    neuron = layer.neurons[chosen]
    weights = [w.data for w in neuron.weights]
    terms = [w * x for w, x in zip(weights, inputs, strict=True)]
    # One more than are drawn may as well be drawn: "the other input" would take its place.
    count = len(terms) if len(terms) <= DRAWN + 1 else DRAWN
    largest = sorted(sorted(range(len(terms)), key=lambda i: -abs(terms[i]))[:count])
    z = dot(
        [Value(weights[i], f"w({names[i]})") for i in largest],
        [Value(inputs[i], names[i]) for i in largest],
    )
    z.label = "weighted sum"
    if count < len(terms):
        others = [term for i, term in enumerate(terms) if i not in largest]
        z = z + Value(math.fsum(others), f"the other {len(others)} inputs")
    z = z + Value(neuron.bias.data, "bias")
    z.label = "z"
    value = activation_function(neuron.activation)(z)
    value.label = "output" if value is not z else "z = output"
    return value, count
