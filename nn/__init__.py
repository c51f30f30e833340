"""Neural networks on top of the scalar engine: modules, losses, optimisers, data, training.

>>> from nn import MLP, SGD, datasets, fit
>>> X, y = datasets.moons(100, seed=0)
>>> model = MLP([2, 8, 1], seed=0)
>>> optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
>>> history = fit(
...     model, X, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=20, batch_size=10
... )
>>> history[-1].validation_metric
1.0
"""

import autograd

if getattr(autograd, "__distribution__", None) != "chalkgrad":
    raise ImportError(
        f"nn needs chalkgrad's `autograd`, but the package of that name at {autograd.__file__} "
        "belongs to another distribution, probably HIPS's. The two cannot be installed side by "
        "side: pip uninstall autograd chalkgrad; pip install chalkgrad"
    )

from autograd import faces as _faces
from nn.spellings import NAMES as _NAMES

_faces.moved(
    {
        "nn.history": "nn.training.history",
        "nn.predicting": "nn.inference.predict",
        "nn.training.compiled": "nn.training.engines.compiled",
        "nn.training.metrics": "nn.metrics.outputs",
    }
)

__getattr__, __dir__, __all__ = _faces.face(__name__, _NAMES)  # the names in __init__.pyi
