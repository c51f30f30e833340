"""The door to training: what is asked for is looked at here, and nothing has changed before.

`run` is the loop behind it, `plan` the samples of each epoch, and an engine finds the gradients.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from nn.data.large.source import yields_batches
from nn.data.preprocessing import Preprocessor
from nn.losses import Function, loss_named
from nn.module import Module
from nn.spellings import FIT
from nn.training.arguments import (
    Callback,
    Stepping,
    check_optimizer,
    checked_callbacks,
    refuse_batches,
    trainable,
)
from nn.training.checkpoints import Checkpoints, identity_of
from nn.training.engines.choice import Where, engine_named
from nn.training.history import History
from nn.training.plan import DataOptions, Validation, checked_patience, continued, planned
from nn.training.run import Patience, Run
from nn.training.streams.planning import streamed
from nn.validation import Native, checked_native, own_keywords, whole


@own_keywords(FIT)
def fit(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Function,
    optimizer: Stepping,
    epochs: int,
    batch_size: int | None = None,
    validation: Validation = 0.1,
    preprocessing: Preprocessor | Sequence[Preprocessor] | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    sample_weight: Any = None,
    shuffle: bool = True,
    seed: int = 0,
    engine: str = "auto",
    native: Native = "auto",
    devices: Any = None,
    device: Any = None,
    gradients: str = "backprop",
    accumulate: int = 1,
    patience: int | None = None,
    history: History | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    metrics: Sequence[str] = (),
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> History:
    """Train a model by mini-batch descent and return its history.

    Each epoch draws a new permutation of the samples and takes one step of the optimiser for each
    batch, on the average of the samples' gradients. The same arguments give the same numbers, bit
    for bit. Ctrl-C ends the run early and is no error: the parameters are then those after the
    last finished epoch (as at the start, if none was), and the history says `interrupted`; the
    optimiser keeps its momentum. The model trains in train mode and is measured in eval mode;
    afterwards it is in the mode that it was in.

    Args:
        model: the model; its parameters change.
        X: the samples, of shape (samples, inputs): an array, lists, or a frame of numbers and
            bools. Data larger than memory is a `numpy.memmap`, of which rows are read and become
            floats batch by batch; or a function: `X(epoch)`, with epochs from 1, yields pairs
            (x, y) of arrays, one for each step, or (x, y, sample_weight). Their order is the
            function's, and y is None. It is called once more after an epoch if y holds classes or
            metrics are asked for, to measure, and once before the first, to look; so an epoch's
            number always gives the same batches.
        y: the targets. Labels are text, bools or whole numbers of any kind, of shape (samples,),
            or one-hot rows; their sorted names, one for each output, or two for a single one, are
            kept in `model.classes`, and whole numbers from 0 below the number of outputs stand for
            themselves. For `binary_cross_entropy` and several outputs, y has a 0 or 1 for each: any
            number of labels a sample. Losses that compare output by output take labels or numbers,
            of shape (samples,) or (samples, outputs).
        loss: a name, or a function of the outputs and the target of one sample that returns a
            Value.
        optimizer: what moves the parameters, such as `SGD(model.parameters(), lr=0.1)`: any object
            whose `step()` does. That nothing moved in the first epoch is said in the note.
        epochs: how often to go through the data; with `history`, how often more.
        batch_size: samples in a step; the last batch of an epoch may be shorter. Where a function
            yields batches, they have the size that they have, and this may be left out; it is how
            many samples' gradients are found at once.
        validation: what to hold out and measure on after each epoch: a fraction of the samples,
            chosen once (as `split` does; of classes, each its share); a pair (X, y); None or 0 for
            nothing; or "last_batch", where each epoch trains on all batches of its permutation but
            the last, which is that epoch's validation set, so samples move between the two; or a
            function of the epoch that yields pairs (x, y). Where X is a function, nothing is held
            out unless a pair or a function is given, and the note says so.
        preprocessing: scalers and encoders such as `nn.StandardScaler()`, one or a list in order.
            Copies of those that were not fitted are fitted on the samples that are trained on; the
            model keeps them (`model.preprocessing`, and its file), and everything it predicts from
            or is measured on goes through them. A model that has some goes on with them.
        class_weight: the weight of each class by its label, 1 for those left out; or "balanced",
            which weighs a class by samples / (classes · samples of the class). The loss of a batch
            is then Σ w l / Σ w, and so are the losses of the history; metrics count samples. Where
            X is a function, "balanced" is not known.
        sample_weight: a weight of at least 0 for each sample, which multiplies that of its class.
            With a validation pair, give (X, y, sample_weight) for the weights there.
        shuffle: draw a new order of the samples for each epoch; with False they keep theirs, and a
            fraction held out is the last of them.
        seed: of the split and of the order of samples in each epoch.
        engine: "compiled" traces the model and the loss once and runs whole batches as array
            statements; "eager" records each sample's graph; "auto" compiles where it can, and says
            why where it cannot, in the history's `note` and above the bar. All give the same
            numbers, up to rounding. A model that keeps something of each call (its outputs, a
            count) is trained eagerly by "auto"; by "compiled", calls leave nothing behind in it.
            "jax" and "torch" run the compiled program and the optimiser's steps on the devices of
            these libraries, which are extras: see "Past one machine" in the documentation.
        native: run the compiled program as C, where a C compiler is found: True does so, or raises;
            False leaves it to NumPy; "auto" takes C where NumPy's calls are the cost and the run is
            long enough, as of small recurrent models. It is chosen before the first step; the
            history's `engine` says which ran and why. The numbers are the same up to rounding.
        devices: of "jax": how many to divide each batch among, or a list of them. None takes the
            first one, and after `jax.distributed.initialize` all those of all processes.
        device: of "torch": "cpu", where it is left out, "cuda", or one of several, "cuda:1".
        gradients: the method that finds the gradients; the optimiser does not care. Beside
            "backprop" there are "forward", "finite_differences", "complex_step" and "naive_paths",
            for small networks and by the eager engine: see `autograd.laboratory.gradient_by`. The
            history says the method and its cost.
        accumulate: how many batches make one step, on the average of all their samples' gradients:
            the step of one batch that is as many times as large, in the memory of one.
        patience: end the run when so many epochs in a row have brought no lower validation loss.
            However the run ends, unless by an error, the parameters are then those after the epoch
            with the least; the history says which, and whether patience ended it.
        history: go on from the run that gave this history, with the same model, optimizer, data and
            seed. Epochs are numbered on and drawn in the orders of one long run: 5 and 5 are 10,
            bit for bit. The history returned has the earlier epochs, too; this one stays as it is.
        checkpoint: a file to keep the run in after each epoch, with all that it needs to go on:
            parameters, optimiser, history, what patience has seen. It is written whole or not at
            all; one that is there is replaced.
        resume: a file of `checkpoint`: finish the run in it, bit for bit, where `epochs` is that of
            the whole run and all else the same call; where there is no such file, begin a new run.
            It is kept there on, unless `checkpoint` names another file. The state of random
            numbers of your own, in callbacks or a model, is not in it.
        metrics: names of what to measure after each epoch beside the loss, of `nn.metrics`:
            "accuracy", "top_k" (k = 2; "top_3" for any other), "precision", "recall", "f1",
            "log_loss" and "confusion_matrix" of classes; "mean_absolute_error",
            "mean_squared_error" and "r2" of numbers. See `evaluate`.
        callbacks: functions of the model and the history so far, called after each epoch; the run
            ends early when one returns True.
        progress: show a bar: on stderr if that is a terminal, and below the cell of a notebook
            while it runs; nothing of it is left in the notebook.

    Returns:
        The history. Its metric is the accuracy where y holds classes, otherwise None: labels, also
        0 and 1 or -1 and 1 for one output whose numbers are compared. For a loss of your own and
        one output there is no metric, since its cut between the classes is not known. Where a
        sample has a label for each output, all labels count alike.

    Raises:
        ValueError: if shapes, labels, names or counts do not fit, data is not finite, masked or no
            numbers, nothing would be trained, `no_grad` is open, patience has no validation to
            watch, `history` is of another seed, or the file of `resume` is damaged or of another
            run, which is told by name; nothing has changed then.
        OSError: if a checkpoint cannot be written; before the run where that can be known, and
            else the parameters are those after the last finished epoch.
        TypeError: if an argument is of the wrong kind, such as an optimizer without a `step()`.
        DivergenceError: if the loss, a gradient or an output is not finite; the parameters are then
            those after the last finished epoch. So they are if a loss, a callback or a function
            that yields batches raises, or a batch does not fit those before it, which is told by
            its number.

    >>> from nn import SGD, Neuron, datasets
    >>> X, y = datasets.line(200, seed=0)
    >>> model = Neuron(1, activation="linear")
    >>> history = fit(
    ...     model,
    ...     X,
    ...     y,
    ...     loss="mean_squared_error",
    ...     epochs=20,
    ...     batch_size=20,
    ...     optimizer=SGD(model.parameters(), lr=0.05),
    ...     validation=None,
    ... )
    >>> print(f"y = {model.weights[0]:.1f} x + {model.bias:.1f}, loss {history.loss[-1]:.2f}")
    y = 2.0 x + -1.0, loss 0.26

    Source: Robbins and Monro, "A stochastic approximation
    method", 1951.
    """
    epochs, native = whole("epochs", epochs), checked_native(native)
    seed = whole("seed", seed, at_least=0, at_most=None)
    is_stream, together = yields_batches(X), whole("accumulate", accumulate)
    if not is_stream:
        refuse_batches(X, y)
    part = _part(batch_size, is_stream)
    parameters = trainable(model)
    options = DataOptions(shuffle, class_weight, sample_weight, preprocessing)
    make_plan, size = (streamed, together) if is_stream else (planned, part * together)
    plan = make_plan(model, X, y, loss_named(loss), size, validation, seed, metrics, options)
    if part == _ANY and together > 1:
        part = len(plan.train[0])  # so that the gradients of no more are found at once
    make_engine = engine_named(engine, optimizer, gradients, Where(devices, device, part, native))
    check_optimizer(optimizer, parameters)
    calls = checked_callbacks(callbacks)
    watch = Patience(checked_patience(patience, plan))
    known = continued(history, plan)
    known.gradients = gradients
    keeper = None
    if checkpoint is not None or resume is not None:
        settings = {"batch_size": part, "accumulate": together}
        settings |= {"patience": patience, "gradients": gradients}
        identity = identity_of(model, plan, optimizer, **settings, begun=plan.done(known))
        keeper = Checkpoints(resume if checkpoint is None else checkpoint, resume, identity)
    run = Run(model, optimizer, plan, known, watch, calls, part, keeper)
    run.go(make_engine, plan.done(known) + epochs, progress, native)
    return known


# No batch has more samples.
_ANY = 2**62


def _part(batch_size: int | None, is_stream: bool) -> int:
    """Return how many samples' gradients are found at once."""
    if batch_size is None and is_stream:
        return _ANY
    if batch_size is None:
        raise TypeError(
            "fit takes batch_size, how many samples make a step, such as batch_size=32; only an X "
            "that yields batches says it itself"
        )
    return whole("batch_size", batch_size)
