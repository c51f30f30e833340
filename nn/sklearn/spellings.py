"""Keywords of estimators that scikit-learn or `nn.fit` has, and what to write here.

See `nn.spellings`.
"""

from collections.abc import Mapping

_SOLVER = "solver='adam' and learning_rate_init="
_HELD = "early_stopping=True, validation_fraction="
_WEIGHTS = (
    "estimator.fit(X, y, sample_weight=w), with w of "
    "sklearn.utils.class_weight.compute_sample_weight('balanced', y)"
)
_STEP = "sklearn.pipeline.make_pipeline(StandardScaler(), estimator)"
_OWN = "leave it out, or write nn.fit, which has it"
_SIZES = "hidden_layer_sizes="

ESTIMATOR: Mapping[str, str] = {
    "max_fun=": "leave it out: it is of the solver lbfgs, which is not here",
    **dict.fromkeys(("hidden=", "hidden_sizes=", "layers=", "units=", "n_hidden="), _SIZES),
    "sizes=": "hidden_layer_sizes=; the inputs and outputs are counted in X and y",
    **dict.fromkeys(("lr=", "eta0=", "eta=", "step_size="), "learning_rate_init="),
    **dict.fromkeys(("optimizer=", "optim=", "opt="), _SOLVER),
    **dict.fromkeys(("epochs=", "n_epochs=", "num_epochs=", "n_iter=", "max_epochs="), "max_iter="),
    "seed=": "random_state=",
    **dict.fromkeys(("validation=", "validation_split="), _HELD),
    "patience=": "early_stopping=True, n_iter_no_change=",
    **dict.fromkeys(("weight_decay=", "l2=", "penalty="), "alpha="),
    "betas=": "beta_1= and beta_2=",
    "eps=": "epsilon=",
    "nesterov=": "nesterovs_momentum=",
    "progress=": "verbose=",
    "class_weight=": _WEIGHTS,
    "preprocessing=": _STEP,
    "n_jobs=": "sklearn.model_selection.GridSearchCV(estimator, grid, n_jobs=2), or its like",
    **dict.fromkeys(("init=", "engine=", "gradients=", "callbacks=", "checkpoint="), _OWN),
}
