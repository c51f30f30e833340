"""The command `chalkgrad predict`: what a saved model says of the rows of a table.

Columns are taken by the names that the model keeps in its file, whatever their order, and others
are left out. The answers are written whole or not at all.
"""

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import write_whole
from nn.command.subcommand import Option, Refusal, Subcommand
from nn.command.train import reading_options
from nn.data.encoding import OneHotEncoder
from nn.data.schema import Schema, schema_kept
from nn.datasets import Frame, read_csv
from nn.module import Module
from nn.report.choices import few
from nn.report.sources import delimiter_of, in_words
from nn.validation import Array

_READING = ("--delimiter", "--encoding", "--no-header")


def predicting() -> Subcommand:
    """Return the command."""
    options: Sequence[Option] = [
        (["model"], {"metavar": "model", "help": "a model's file, such as a report's model.json"}),
        (["data"], {"metavar": "data", "help": "a table, a row for each answer: data.csv"}),
        (
            ["--output", "-o"],
            {"metavar": "FILE", "help": "where to write the answers, as CSV (default: here)"},
        ),
        *[option for option in reading_options() if option[0][0] in _READING],
    ]
    described = (
        "Write what a saved model says of each row of a table, as CSV: the class and the "
        "probability of each, or the number. Columns are found by the names that the model was "
        "trained on, and others are left out."
    )
    about = "apply a saved model to the rows of a table"
    return Subcommand(about, _predict, options, (), described)


def _predict(options: argparse.Namespace) -> str | int:
    try:
        model: Any = Module.load(options.model)
        schema = schema_kept(model)
        if schema is None:
            raise Refusal(
                f"{options.model} does not say what it was trained on, so its answers have no "
                "names: save it after nn.fit, or train it with chalkgrad train"
            )
        table = read_csv(
            options.data,
            delimiter=delimiter_of(options.delimiter or ""),
            encoding=options.encoding,
            header=False if options.no_header else None,
            columns=schema.columns or None,
        )
        frame = _inputs(options, schema, table)
        heads, columns = _answers(model, schema, frame)
    except FileNotFoundError as error:
        raise Refusal(f"there is no file {error.filename}") from None
    except (ValueError, TypeError, OSError) as error:
        raise Refusal(in_words(str(error).partition(", or leave those lines")[0])) from None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([heads, *zip(*columns, strict=True)])
    if options.output is None:
        return text.getvalue().removesuffix("\n")
    try:
        write_whole(options.output, text.getvalue())
    except OSError as error:
        raise Refusal(f"the answers could not be written: {error}") from None
    return f"{len(table):,} answers. File: {options.output}"


def _inputs(options: argparse.Namespace, schema: Schema, table: Frame) -> Any:
    """Return the columns of a table that a model takes, in its order."""
    if not schema.columns:
        # A model that was trained on an array knows columns by their places alone.
        return _numbers(options.data, table)
    encoders = [step for step in schema.steps if isinstance(step, OneHotEncoder)]
    columns: dict[str, Array] = {}
    for name in schema.columns:
        known = next((e.categories[name] for e in encoders if name in e.categories), None)
        columns[name] = table[name]
        if known is None:
            _check_numbers(options.data, name, table[name])
        elif known.dtype.kind in "UO":
            # Where all texts of a column are numbers, it was read as one of those.
            columns[name] = table[name].astype(str)
            _tell_unknown(name, columns[name], known)
    return Frame(columns)


def _tell_unknown(name: str, cells: Array, known: Array) -> None:
    """Say that a column holds text that training never saw."""
    unknown = np.unique(cells[~np.isin(cells, known)]).tolist()
    if unknown:
        sys.stderr.write(
            f"chalkgrad: column {name!r} holds {few(unknown)}, which the model was not trained on: "
            "it counts as none of the others\n"
        )


def _numbers(path: str, table: Frame) -> Array:
    for name in table.columns:
        _check_numbers(path, name, table[name])
    return np.asarray(table, dtype=np.float64)


def _check_numbers(path: str, name: str, column: Array) -> None:
    if column.dtype.kind not in "UO":
        return
    for row, cell in enumerate(column.tolist(), 1):
        try:
            float(cell)
        except ValueError:
            raise Refusal(
                f"{path}: row {row} of column {name!r} holds {cell!r:.40}, and the model takes "
                "numbers there"
            ) from None


def _answers(model: Any, schema: Schema, X: Any) -> tuple[list[str], list[list[Any]]]:
    """Return the heads and the columns of the answers."""
    if schema.multilabel:
        rows = model.predict_probabilities(X).T
        return [f"probability of {i}" for i in range(len(rows))], rows.tolist()
    if schema.classes is None:
        outputs = model.predict(X)
        rows = outputs.reshape(len(outputs), -1).T
        heads = [f"prediction {i}" for i in range(1, len(rows) + 1)]
        return ["prediction"] if len(rows) == 1 else heads, rows.tolist()
    heads, columns = ["class"], [model.predict_classes(X).tolist()]
    if schema.reading.scale != "scores":
        heads += [f"probability of {label}" for label in schema.classes.tolist()]
        columns += model.predict_probabilities(X).T.tolist()
    return heads, columns
