"""Steps of preprocessing in a row: checked, fitted in turn, gone through, and read from a file."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

from nn.data.encoding import OneHotEncoder
from nn.data.large.mapped import Mapped, is_mapped
from nn.data.preprocessing import MinMaxScaler, Preprocessor, StandardScaler


def checked_steps(given: Any) -> tuple[Preprocessor, ...]:
    """Return preprocessing as steps.

    Raises:
        TypeError: if one is none of ours, which a model's file could not keep.
    """
    if given is None:
        return ()
    steps: list[Any] = [*given] if isinstance(given, list | tuple) else [given]
    for step in steps:
        if not isinstance(step, Preprocessor):
            kinds = ", ".join([f"nn.{kind}()" for kind in STEPS])
            library = type(step).__module__.partition(".")[0]
            whose = "" if library == "builtins" else f" of {library}"
            raise TypeError(
                f"preprocessing takes {kinds}, or a list of them in order; got {step!r:.60}{whose}"
            )
    return tuple(steps)


def fitted_on(steps: Sequence[Preprocessor], X: Any) -> tuple[Preprocessor, ...]:
    """Return steps of which those that were not fitted are copies, fitted on samples in turn."""
    found: list[Preprocessor] = []
    table = X
    for step in steps:
        step = step if step.is_fitted else copy.deepcopy(step).fit(table)
        found.append(step)
        table = through([step], table)
    return tuple(found)


def through(steps: Sequence[Preprocessor], X: Any) -> Any:
    """Return samples after all steps; as they are where there are none.

    The rows of a mapped array go through when they are read.
    """
    if steps and is_mapped(X):
        kept = tuple(steps)
        mapped = X if isinstance(X, Mapped) else Mapped(X)
        return mapped.then(lambda rows, places: through(kept, rows))
    table = X
    for step in steps:
        table = step.transform(table)
    return table


STEPS: Mapping[str, type[Preprocessor]] = {
    kind.kind: kind for kind in (StandardScaler, MinMaxScaler, OneHotEncoder)
}


def step_from(document: Any) -> Preprocessor:
    """Return the step that `document` gave.

    Raises:
        ValueError: if it is of another form.
    """
    fields = cast(dict[str, Any], document) if isinstance(document, dict) else {}
    kind: Any = fields.get("step")
    if not isinstance(kind, str) or kind not in STEPS:
        raise ValueError(f"expected a step of the preprocessing; found {document!r:.60}")
    columns, width = fields.get("columns"), fields.get("width")
    if not isinstance(columns, list) or not all(isinstance(x, str) for x in columns):  # pyright: ignore[reportUnknownVariableType]
        raise ValueError(f"expected the columns of a {kind}; found {columns!r:.60}")
    names = tuple(cast(list[str], columns))
    if not isinstance(width, int) or width < 1 or (names and len(names) != width):
        raise ValueError(f"expected the number of columns of a {kind}; found {width!r:.60}")
    step: Any = STEPS[kind]()
    step.columns, step.width = names, width
    step.fill(fields)
    return step
