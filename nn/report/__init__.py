"""The report of a run: a folder with one page, the history, the model and the pictures.

>>> from nn.report.experiment import prepare
>>> from nn.report.settings import Settings
>>> experiment = prepare(Settings("moons", (4,), points=50, epochs=2))
>>> files = report_files(experiment.result(experiment.train(progress=False)))
>>> sorted(files)  # doctest: +NORMALIZE_WHITESPACE
['accuracy.svg', 'boundary.svg', 'confusion.svg', 'gradient.svg', 'histograms.svg', 'history.csv',
 'loss.svg', 'model.json', 'network.svg', 'neuron.svg', 'report.html', 'result.json',
 'run.toml', 'times.csv', 'weights-by-epoch.svg']
"""

from nn.report import pictures
from nn.report.experiment import Result
from nn.report.folder import NAMES, check_folder, write_folder
from nn.report.neuron import neuron_at_work
from nn.report.page import page
from nn.report.runs.kept import result_file, times_file
from nn.report.settings import run_file
from nn.serialization import model_text

__all__ = ["NAMES", "check_folder", "report_files", "write_folder"]


def report_files(result: Result) -> dict[str, str]:
    """Return the text of every file of a report by its name; nothing is written.

    The same result gives the same text, in another process too; of the same run again all is the
    same but `times.csv`.

    Raises:
        ImportError: if matplotlib is not installed, with what to install.
        ValueError: if no epoch was finished: there is nothing to report then.
    """
    if not len(result.history):
        raise ValueError("there is nothing to report: no epoch was finished")
    experiment = result.experiment
    shape = experiment.task.shape
    at_work = neuron_at_work(result)
    made = [
        *pictures.curves(result.history),
        *pictures.metrics(result.history),
        pictures.confusion(result) if experiment.task.classes else pictures.predictions(result),
        *([pictures.rate(result)] if experiment.schedule else []),
        pictures.gradient(result),
        pictures.network(result),
        pictures.histograms(result),
        pictures.neuron(at_work),
    ]
    spreads = pictures.spreads(result)
    if spreads:
        made.append(pictures.weights_by_epoch(spreads))
    mistakes = weights = []
    if shape is not None:
        mistakes = pictures.mistakes(result, shape)
        weights = pictures.first_weights(result, shape)
        made.append(pictures.sheet("weights", weights, "The first layer's weights", signed=True))
        if mistakes:
            alt = f"{len(mistakes)} {experiment.task.samples} that were read wrongly"
            made.append(pictures.sheet("mistakes", mistakes, alt))
    elif experiment.task.classes and experiment.is_plane:
        made.append(pictures.boundary(result))
    files = {f"{picture.name}.svg": picture.svg for picture in made}
    files["history.csv"] = result.history.to_csv()
    files["model.json"] = model_text(experiment.model)
    files["run.toml"] = run_file(experiment.settings)
    files["times.csv"] = times_file(result.history)
    files["result.json"] = result_file(result, files)
    files["report.html"] = page(
        result,
        {picture.name: picture for picture in made},
        mistakes=mistakes,
        weights=weights,
        spreads=spreads,
        at_work=at_work,
        files=sorted(files.keys() - {"report.html"}),
    )
    return files
