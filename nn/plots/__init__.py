"""Pictures of training, of its results, and of the lessons of the five sources.

Each function takes plain numbers and returns a matplotlib Figure, made without pyplot, so nothing
global is touched and nothing needs closing; a notebook shows it as it stands. `svg` turns one into
text that is the same byte for byte each time. With `ax=` it draws into axes of yours, as many as
it has panels, and returns their figure. Colours are Okabe and Ito's, told apart with any
colour vision, and no picture says anything by colour alone.

>>> from nn import datasets
>>> X, y = datasets.digits()
>>> svg(images(X[:8])).startswith("<svg ")
True
"""

from nn.plots.base import svg
from nn.plots.costs import backprop_cost, batch_noise, difference_errors
from nn.plots.descent import descent_paths, learning_rates, rate_search
from nn.plots.neurons import perturbation, saturation, symmetry
from nn.plots.results import boundary, confusion_matrix, curves, images

__all__ = [
    "backprop_cost",
    "batch_noise",
    "boundary",
    "confusion_matrix",
    "curves",
    "descent_paths",
    "difference_errors",
    "images",
    "learning_rates",
    "perturbation",
    "rate_search",
    "saturation",
    "svg",
    "symmetry",
]
