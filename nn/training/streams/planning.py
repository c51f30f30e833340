"""The plan of a run on batches that a function yields: their order is the caller's."""

from dataclasses import replace
from typing import Any

from nn.data.large.source import BatchSource, refuse_targets
from nn.data.schema import schema_kept
from nn.data.steps import checked_steps
from nn.data.weights import class_weights, weighted
from nn.losses import Loss
from nn.metrics.table import check_metrics, metrics_named
from nn.module import Module
from nn.training.plan import DataOptions, Plan, Validation
from nn.training.streams.validation import held_beside
from nn.training.streams.yielded import Yielded, rules_of
from nn.validation import flag, real

# What `fit` holds out of arrays where it is told nothing.
USUAL = 0.1
_NOTHING = (
    "Nothing is held out: X yields batches, so what to measure on is the caller's. Write "
    "validation=(X, y), a function such as X, or None."
)


def streamed(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss,
    together: int,
    validation: Validation,
    seed: int,
    metrics: Any,
    options: DataOptions,
) -> Plan:
    """Check a function that yields batches against the model and the loss; see `planned`.

    Args:
        model: the model.
        X: the function.
        y: None.
        loss: the loss.
        together: how many batches make one step.
        validation: what to measure on.
        seed: of the run.
        metrics: the names of those to measure.
        options: of the data.

    Raises:
        ValueError: if the first batch does not fit, or something is asked for that needs all.
        TypeError: if something is of a wrong kind.
    """
    chosen = metrics_named(metrics)
    flag("shuffle", options.shuffle)
    _refuse(y, options)
    word = "" if _is_given(validation) or validation is None else _NOTHING
    steps, before = checked_steps(options.preprocessing), schema_kept(model)
    source = BatchSource("X", X)
    rules, first = rules_of(model, source, loss, before, strict=False, steps=steps)
    of_classes = None
    if options.class_weight is not None:
        of_classes = class_weights(options.class_weight, None, rules.schema.classes)
    is_weighted = rules.has_weights or of_classes is not None
    held, classes = None, rules.classes
    if _is_given(validation):
        held, told = held_beside(model, validation, loss, rules.schema, of_classes, is_weighted)
        classes = classes and told
    check_metrics(chosen, loss, rules.schema.reading, rules.outputs, classes)
    plain = Yielded(source, replace(rules, has_weights=False), first._replace(weights=None))
    rules = replace(rules, is_weighted=is_weighted, of_classes=of_classes)
    known = weighted(loss, plain.y) if is_weighted else loss
    batches = Yielded(source, rules, first, together)
    return Plan(known, batches, held, False, seed, classes, rules.schema, tuple(chosen), word=word)


def _is_given(validation: Any) -> bool:
    """Whether there is something to measure on, and no share of the samples.

    Raises:
        ValueError: if a share is asked for, of samples that are not there.
    """
    if validation is None or validation == 0:
        return False
    if isinstance(validation, str):
        raise ValueError(
            f"validation={validation!r} is for arrays, whose batches are shuffled here: X yields "
            "them, so give validation=(X, y), a function such as X, or None"
        )
    if isinstance(validation, int | float):
        if real("validation", validation) != USUAL:
            raise ValueError(
                f"validation={validation} is a share of samples that are all there, and X yields "
                "them batch by batch: give validation=(X, y), a function such as X, or None"
            )
        return False
    return True


def _refuse(y: Any, options: DataOptions) -> None:
    refuse_targets("fit", y)
    if options.sample_weight is not None:
        raise ValueError(
            "sample_weight is a weight for each sample of an array, and X yields batches: let it "
            "yield (x, y, sample_weight)"
        )
