"""What a trained model says in the words of the data: labels, and probabilities of classes."""

from typing import Any

import numpy as np

from nn.data.schema import KeptClasses, KeptSteps, Schema, schema_kept
from nn.inference.predict import Means
from nn.validation import Array, Floats, Native


class Telling:
    """A model that was trained on labels and gives them back; every `Module` is one."""

    classes = KeptClasses()
    preprocessing = KeptSteps()

    def predict(
        self,
        X: Any,
        *,
        engine: str = "auto",
        native: Native = "auto",
        devices: Any = None,
        device: Any = None,
    ) -> Floats:
        """Return the outputs for many samples; see `Module.predict`."""
        raise NotImplementedError

    def predict_classes(
        self,
        X: Any,
        *,
        engine: str = "auto",
        native: Native = "auto",
        devices: Any = None,
        device: Any = None,
    ) -> Array:
        """Return the label of the class that the model says for each sample.

        It is that of the largest output, or for one output the second class above the cut between
        the two. `model.classes` has the labels, as `fit` was given them.

        Args:
            X: as for `predict`.
            engine: how it is computed, as for `predict`.
            native: the same.
            devices: the same.
            device: the same.

        Returns:
            An array of shape (samples,) of the type of the labels, or one label for one sample;
            where each output is a yes or no of its own, 0 and 1 of shape (samples, outputs).

        Raises:
            ValueError: as `predict`, or if the model was not trained by `fit` to tell classes.

        >>> from nn import SGD, Neuron, fit
        >>> model = Neuron(1, "linear")
        >>> options = {"loss": "binary_cross_entropy", "epochs": 50, "batch_size": 1}
        >>> X, y = [[0.0], [1.0], [3.0], [4.0]], ["low", "low", "high", "high"]
        >>> history = fit(
        ...     model, X, y, optimizer=SGD(model.parameters(), 1.0), validation=None, **options
        ... )
        >>> model.classes, model.predict_classes([[0.5], [3.5]])
        (array(['high', 'low'], dtype='<U4'), array(['low', 'high'], dtype='<U4'))
        """
        outputs = self.predict(X, **Means(engine, native, devices, device).given)
        if np.ndim(X) == 1:
            return self._fitted().labels(outputs[None])[0]
        return self._fitted().labels(outputs)

    def predict_probabilities(
        self,
        X: Any,
        *,
        engine: str = "auto",
        native: Native = "auto",
        devices: Any = None,
        device: Any = None,
    ) -> Floats:
        """Return the probability of each class for each sample, in the order of `model.classes`.

        They are the softmax of the outputs after training with `cross_entropy`, the sigmoid after
        `binary_cross_entropy`; outputs of a sigmoid are some already, and those of several are
        divided by their sum.

        Args:
            X: as for `predict`.
            engine: how it is computed, as for `predict`.
            native: the same.
            devices: the same.
            device: the same.

        Returns:
            An array of shape (samples, classes), or (classes,) for one sample, whose rows add up to
            1; where each output is a yes or no of its own, the probability of each yes.

        Raises:
            ValueError: as `predict_classes`, or if the loss says nothing of probabilities.
        """
        outputs = self.predict(X, **Means(engine, native, devices, device).given)
        if np.ndim(X) == 1:
            return self._fitted().probabilities(outputs[None])[0]
        return self._fitted().probabilities(outputs)

    def _fitted(self) -> Schema:
        """Return what the model keeps of its training data."""
        schema = schema_kept(self)
        if schema is None:
            raise ValueError(
                f"this {type(self).__name__} was not trained by fit, so it has no classes: train "
                "it, or write nn.classes(model.predict(X), cut=0.0)"
            )
        return schema
