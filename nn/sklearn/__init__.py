"""Estimators for scikit-learn's pipelines, grids and cross-validation, trained by `nn.fit`.

They take scikit-learn's arguments by its names and hold a model of ours in `model_`. `import nn`
does not import scikit-learn, and this does only where it is installed; where it is not, making an
estimator says what to install.
"""

from nn.sklearn.classifier import MLPClassifier
from nn.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
