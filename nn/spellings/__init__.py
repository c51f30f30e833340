"""What PyTorch, Keras, scikit-learn and micrograd call things, and what to write here.

A key is written as people write it: `Linear` is a name of the package, `.fit` an attribute, `lr=` a
keyword. Names of ours are written in full, `nn.Layer` and `model.arrays()`, so that a test can look
them up. Errors stay Python's own, with the advice behind; `autograd.spellings` has the words.
"""

from collections.abc import Callable, Mapping
from typing import Never

from autograd import spellings as words
from nn.spellings.named import NAMED as NAMED

lacking = words.lacking

_DENSE = "nn.Layer(n_in, n_out, activation='linear'), or nn.MLP([n_in, 16, n_out])"
_STACK = "nn.MLP([n_in, 16, n_out]), or a class of your own, nn.Module with __call__"
_OWN = "a class of your own, nn.Module with __call__"
_ESTIMATOR = "nn.MLP([n_in, 16, n_out]), or that of nn.sklearn for scikit-learn's pipelines"
_DESCENT = "nn.Adam(parameters, lr=0.001), or nn.optim.Optimizer with a move of your own"
_TRAIN = "nn.fit(model, X, y, loss='cross_entropy', optimizer=optimizer, epochs=10, batch_size=32)"
_BATCHES = "nn.minibatches(X, y, batch_size=32)"
NUMBERS = "leave it out: every number is a float of its own, on the processor"
_ACCURACY = "nn.evaluate(model, X, y, loss='cross_entropy', metrics=['accuracy'])"


def _activation(name: str) -> str:
    return f"nn.MLP([n_in, 16, n_out], activation='{name}'), or autograd.{name}(x)"


NAMES: Mapping[str, str] = {
    # Layers and models.
    "Conv2d": _OWN,
    "Dense": _DENSE,
    "LSTM": _OWN,
    "Linear": _DENSE,
    "LogisticRegression": "nn.Neuron(n_in, activation='linear')",
    "MLPClassifier": _ESTIMATOR,
    "MLPRegressor": _ESTIMATOR,
    "Model": _OWN,
    "ModuleList": "a list of modules as an attribute, whose parameters nn.Module finds",
    "Parameter": "autograd.Value(x) as an attribute, which nn.Module finds",
    "Perceptron": "nn.Neuron(n_in)",
    # Activations.
    "ELU": _activation("elu"),
    "GELU": _activation("gelu"),
    "Identity": "nn.Layer(n_in, n_out, activation='linear')",
    "LeakyReLU": _activation("leaky_relu"),
    "ReLU": _activation("relu"),
    "SiLU": _activation("silu"),
    "Sigmoid": _activation("sigmoid"),
    "Softplus": _activation("softplus"),
    "Tanh": _activation("tanh"),
    "functional": "autograd.relu(x) and its like, nn.cross_entropy(logits, label) and its like",
    "relu": _activation("relu"),
    "sigmoid": _activation("sigmoid"),
    "softmax": "autograd.softmax(xs)",
    "tanh": _activation("tanh"),
    # Losses.
    "BCELoss": "nn.binary_cross_entropy(logit, label), before any sigmoid",
    "BCEWithLogitsLoss": "nn.binary_cross_entropy(logit, label)",
    "BinaryCrossentropy": "nn.binary_cross_entropy(logit, label)",
    "CategoricalCrossentropy": "nn.cross_entropy(logits, label), with the class as a whole number",
    "CrossEntropyLoss": "nn.cross_entropy(logits, label)",
    "HuberLoss": "nn.huber(outputs, targets)",
    "L1Loss": "nn.mean_absolute_error(outputs, targets)",
    "MSELoss": "nn.mean_squared_error(outputs, targets)",
    "MeanSquaredError": "nn.mean_squared_error(outputs, targets)",
    "NLLLoss": "nn.cross_entropy(logits, label), before any softmax",
    "SmoothL1Loss": "nn.huber(outputs, targets)",
    "SparseCategoricalCrossentropy": "nn.cross_entropy(logits, label)",
    "l1_loss": "nn.mean_absolute_error(outputs, targets)",
    "log_loss": "nn.metrics.log_loss(probabilities, y), the probabilities first",
    "mae": "nn.mean_absolute_error(outputs, targets)",
    "mse": "nn.mean_squared_error(outputs, targets)",
    "mse_loss": "nn.mean_squared_error(outputs, targets)",
    "nll_loss": "nn.cross_entropy(logits, label), before any softmax",
    # Training.
    "Adadelta": _DESCENT,
    "Adamax": _DESCENT,
    "CosineAnnealingLR": "nn.schedules.cosine(0.1, steps=1000)",
    "CosineDecay": "nn.schedules.cosine(0.1, steps=1000)",
    "DataLoader": _BATCHES,
    "Dataset": _BATCHES,
    "EarlyStopping": "patience=5 in nn.fit",
    "ExponentialDecay": "nn.schedules.exponential(0.1, factor=0.999)",
    "ExponentialLR": "nn.schedules.exponential(0.1, factor=0.999)",
    "GridSearchCV": "a loop over nn.fit, or scikit-learn's own with an estimator of nn.sklearn",
    "InverseTimeDecay": "nn.schedules.inverse(0.1, delay=100.0)",
    "LBFGS": _DESCENT,
    "LRFinder": "nn.find_lr(model, X, y, loss='cross_entropy', optimizer=optimizer, batch_size=32)",
    "LearningRateScheduler": "nn.SGD(parameters, lr=nn.schedules.cosine(0.1, steps=1000))",
    "LinearLR": "nn.schedules.warmup(0.1, steps=100)",
    "Nadam": _DESCENT,
    "ModelCheckpoint": "checkpoint=path in nn.fit, and resume=path to go on",
    "OneCycleLR": "nn.schedules.one_cycle(0.1, steps=1000)",
    "ReduceLROnPlateau": "callbacks=[f] in nn.fit, where f(model, history) sets optimizer.lr",
    "StepLR": "nn.schedules.step(0.1, every=100, factor=0.5)",
    "TensorDataset": _BATCHES,
    "clip_grad_norm_": "nn.SGD(parameters, lr=0.1, clip_norm=1.0)",
    "clip_grad_value_": "nn.SGD(parameters, lr=0.1, clip_value=1.0)",
    "keras": _TRAIN,
    "lr_scheduler": "nn.schedules.cosine(0.1, steps=1000), as lr= of nn.SGD",
    "optimizers": "nn.SGD(parameters, lr=0.1)",
    "train": _TRAIN,
    # Data and metrics.
    "LabelEncoder": "leave it out: y may hold text, and model.classes has the names",
    "OrdinalEncoder": "nn.OneHotEncoder()",
    "get_dummies": "nn.OneHotEncoder()",
    "accuracy_score": "nn.accuracy(outputs, y), the outputs first",
    "confusion_matrix": "nn.confusion(predicted, right, count), the predictions first",
    "f1_score": "nn.metrics.f1(predicted, y), the predictions first",
    "precision_score": "nn.metrics.precision(predicted, y), the predictions first",
    "r2_score": "nn.metrics.r2(outputs, y), the outputs first",
    "recall_score": "nn.metrics.recall(predicted, y), the predictions first",
    "load_digits": "nn.datasets.digits()",
    "make_circles": "nn.datasets.circles(n)",
    "make_moons": "nn.datasets.moons(n)",
    "to_categorical": "nn.one_hot(labels, count)",
    "train_test_split": "nn.split(X, y, fraction=0.1)",
    # Files.
    "load": "nn.Module.load(path), or nn.MLP.load(path)",
    "save": "model.save(path)",
    # How parameters start.
    "GlorotUniform": "nn.Xavier()",
    "HeNormal": "nn.He()",
    "kaiming_normal_": "nn.MLP([n_in, 16, n_out], init='he')",
    "kaiming_uniform_": "nn.MLP([n_in, 16, n_out], init='he')",
    "xavier_normal_": "nn.MLP([n_in, 16, n_out], init='xavier')",
    "xavier_uniform_": "nn.MLP([n_in, 16, n_out], init='xavier')",
    # Of the engine.
    "Tensor": "autograd.Value(x), one for each number",
    "Value": "autograd.Value(x)",
    "no_grad": "autograd.no_grad()",
}

_ARRAYS = "model.arrays(), a pair (W, b) for each layer, and model.set_arrays(arrays)"
_PARAMETERS = "model.parameters()"
_FROZEN = "leave it out: give the optimizer the parameters that it is to move"
MODEL: Mapping[str, str] = {
    ".add": "nn.MLP([n_in, 16, n_out])",
    ".backward": "loss.backward() of a loss of model(x)",
    ".children": "model.named_parameters()",
    ".coef_": _ARRAYS,
    ".coefs_": _ARRAYS,
    ".compile": _TRAIN,
    ".count_params": "len(model.parameters())",
    ".cpu": NUMBERS,
    ".cuda": NUMBERS,
    ".evaluate": _ACCURACY,
    ".fit": _TRAIN,
    ".forward": "model(x), which nn.Module calls __call__",
    ".get_weights": _ARRAYS,
    ".intercepts_": _ARRAYS,
    ".kernel": _ARRAYS,
    ".load_state_dict": "nn.interop.from_torch(state, model), or model.load(path)",
    ".load_weights": "model.load(path)",
    ".modules": "model.named_parameters()",
    ".named_modules": "model.named_parameters()",
    ".partial_fit": _TRAIN,
    ".classes_": "model.classes",
    ".predict_proba": "model.predict_probabilities(X)",
    ".requires_grad": _FROZEN,
    ".requires_grad_": _FROZEN,
    ".save_weights": "model.save(path)",
    ".score": _ACCURACY,
    ".set_weights": "model.set_arrays(arrays)",
    ".state_dict": "nn.interop.to_torch(model).state_dict(), or model.save(path)",
    ".summary": "print(model)",
    ".to": NUMBERS,
    ".train_on_batch": _TRAIN,
    ".trainable": _FROZEN,
    ".trainable_variables": _PARAMETERS,
    ".trainable_weights": _PARAMETERS,
    ".weight": _ARRAYS,
}
# Of layers and networks, whose neurons have the weights.
LAYER: Mapping[str, str] = {".bias": _ARRAYS, ".biases": _ARRAYS, ".weights": _ARRAYS}
_LISTS = "history.loss, history.metric, history.validation_loss or history.validation_metric"
HISTORY: Mapping[str, str] = {
    ".acc": "history.metric",
    ".accuracy": "history.metric",
    ".epochs": "history.epoch",
    ".history": _LISTS,
    ".items": _LISTS,
    ".keys": _LISTS,
    ".loss_curve_": "history.loss",
    ".losses": "history.loss",
    ".train_loss": "history.loss",
    ".val_acc": "history.validation_metric",
    ".val_accuracy": "history.validation_metric",
    ".val_loss": "history.validation_loss",
}
_RATES = ("learning_rate", "eta", "eta0", "step_size", "alpha")
OPTIMIZER: Mapping[str, str] = {
    # RMSprop has an alpha of its own.
    **dict.fromkeys([f".{rate}" for rate in _RATES if rate != "alpha"], "optimizer.lr"),
    ".apply_gradients": "optimizer.step(), after loss.backward()",
    ".beta": "optimizer.momentum",
    ".minimize": "loss.backward() and optimizer.step()",
    ".nesterovs_momentum": "optimizer.nesterov",
    ".param_groups": "optimizer.parameters and optimizer.lr",
    ".get_config": "optimizer.state_dict()",
    ".params": "optimizer.parameters",
    ".set_weights": "optimizer.load_state_dict(optimizer.state_dict())",
    ".state": "optimizer.state_dict()",
    ".zero_gradients": "optimizer.zero_grad()",
}

_STEPS = "optimizer=nn.SGD(model.parameters(), lr=0.1)"
FIT: Mapping[str, str] = {
    **dict.fromkeys(
        ("n_epochs=", "num_epochs=", "nb_epoch=", "max_epochs=", "max_iter=", "n_iter="), "epochs="
    ),
    **dict.fromkeys(("batchsize=", "batch=", "bs=", "minibatch_size="), "batch_size="),
    **dict.fromkeys(("lr=", "learning_rate=", "learning_rate_init=", "momentum="), _STEPS),
    **dict.fromkeys(("opt=", "optim=", "solver="), "optimizer="),
    **dict.fromkeys(("criterion=", "loss_fn=", "loss_function=", "objective="), "loss="),
    **dict.fromkeys(("validation_split=", "validation_fraction=", "test_size="), "validation=0.1"),
    "validation_data=": "validation=(X, y)",
    "verbose=": "progress=",
    "random_state=": "seed=",
    "callback=": "callbacks=[f]",
    **dict.fromkeys(("early_stopping=", "n_iter_no_change="), "patience=5"),
    **dict.fromkeys(("accumulation_steps=", "gradient_accumulation_steps="), "accumulate="),
    **dict.fromkeys(("initial_epoch=", "warm_start="), "history="),
    **dict.fromkeys(("ckpt_path=", "resume_from=", "resume_from_checkpoint="), "resume="),
    "device=": NUMBERS,
}
_LABELS_OF = ("y_true=", "labels=", "targets=")
EVALUATE: Mapping[str, str] = {
    **{key: here for key, here in FIT.items() if here == "loss="},
    **dict.fromkeys(_LABELS_OF, "y="),
    **dict.fromkeys(("scoring=", "metric=", "scorer="), "metrics=['accuracy']"),
    "batch_size=": "leave it out: all samples are measured at once",
    "verbose=": "leave it out: nothing is printed",
}
# Of `playground`, which takes a learning rate or an optimizer.
_MOVES = "optimizer=nn.SGD(model.parameters(), lr=0.1, momentum=0.9)"
PLAYGROUND: Mapping[str, str] = {
    **{key: here for key, here in FIT.items() if here in ("batch_size=", "loss=", "seed=")},
    **{key: here for key, here in FIT.items() if here.startswith("validation=")},
    **dict.fromkeys([f"{rate}=" for rate in _RATES], "lr="),
    **dict.fromkeys(("optim=", "opt=", "solver="), "optimizer="),
    **dict.fromkeys(("momentum=", "nesterov=", "weight_decay="), _MOVES),
    **dict.fromkeys(
        ("epochs=", "n_epochs=", "num_epochs="), "leave it out: who reads the page plays and stops"
    ),
}
_SIZES = "sizes=, the inputs first and the outputs last, as in nn.MLP([n_in, 16, n_out])"
DENSE: Mapping[str, str] = {
    **dict.fromkeys(("nin=", "in_features=", "input_dim=", "input_shape=", "n_inputs="), "n_in="),
    **dict.fromkeys(("nout=", "out_features=", "units=", "n_outputs="), "n_out="),
    **dict.fromkeys(("act=", "activation_function=", "nonlinearity="), "activation="),
    **dict.fromkeys(("kernel_initializer=", "weight_init=", "initializer="), "init="),
    "nonlin=": "activation='relu', or activation='linear'",
    "bias=": "leave it out: every neuron has a bias",
    "use_bias=": "leave it out: every neuron has a bias",
    "random_state=": "seed=",
    "device=": NUMBERS,
    "dtype=": NUMBERS,
}
NETWORK: Mapping[str, str] = {
    **DENSE,
    **{key: _SIZES for key, here in DENSE.items() if here in ("n_in=", "n_out=")},
    **dict.fromkeys(
        ("hidden_layer_sizes=", "hidden_sizes=", "hidden=", "layers=", "layer_sizes=", "nouts="),
        _SIZES,
    ),
    **dict.fromkeys(("out_activation=", "final_activation="), "output_activation="),
    "hidden_activation=": "activation=",
}
_OF_ALL = {
    "maximize=": "leave it out: go backward from -loss",
    **{f"{x}=": "clip_norm=" for x in ("clipnorm", "global_clipnorm", "max_norm", "max_grad_norm")},
    "clipvalue=": "clip_value=",
    **{f"{x}=": NUMBERS for x in ("foreach", "fused", "capturable", "differentiable")},
}
DESCENT: Mapping[str, str] = {
    **dict.fromkeys([f"{rate}=" for rate in _RATES], "lr="),
    "params=": "parameters=",
    "model=": "parameters=model.parameters()",
    "decay=": "lr=nn.schedules.inverse(0.1, delay=100.0)",
    "beta=": "momentum=",
    "nesterovs_momentum=": "nesterov=",
    "dampening=": "leave it out: the velocity is v = momentum * v + g",
    **_OF_ALL,
}
_BETAS = "betas=(beta1, beta2)"
ADAPTIVE: Mapping[str, str] = {
    **{f"{rate}=": "lr=" for rate in _RATES if rate != "alpha"},
    "params=": "parameters=",
    "model=": "parameters=model.parameters()",
    "decay=": "weight_decay=, or lr=nn.schedules.inverse(0.1, delay=100.0)",
    **dict.fromkeys(("beta1=", "beta2=", "beta_1=", "beta_2="), _BETAS),
    "epsilon=": "eps=",
    "rho=": "alpha=",
    "amsgrad=": "leave it out: the mean of the squares is not kept from falling",
    **_OF_ALL,
}
SCHEDULE: Mapping[str, str] = {
    **{f"{name}=": "lr=" for name in ("learning_rate", "initial_learning_rate", "max_lr")},
    **{f"{name}=": "factor=" for name in ("gamma", "decay_rate")},
    **{f"{name}=": "steps=" for name in ("T_max", "total_steps", "decay_steps", "total_iters")},
    "step_size=": "every=",
    "drop_every=": "every=",
    **{f"{name}=": "end=" for name in ("eta_min", "min_lr")},
    "pct_start=": "rise=",
    "div_factor=": "divide=",
    "final_div_factor=": "final=",
    "start_factor=": "start=",
    "warmup_steps=": "steps=",
    "optimizer=": "leave it out: a schedule is given as lr= of an optimizer",
    "last_epoch=": "leave it out: the optimizer counts its steps",
}
DATA: Mapping[str, str] = {
    "test_size=": "fraction=",
    "random_state=": "seed=",
    "seed=": "rng=",
}
# Options of the command `chalkgrad`.
COMMAND: Mapping[str, str] = {
    **dict.fromkeys([f"--{rate}".replace("_", "-") for rate in _RATES], "--lr"),
    **dict.fromkeys(("--n-epochs", "--num-epochs", "--max-iter", "--iterations"), "--epochs"),
    **dict.fromkeys(("--bs", "--minibatch-size"), "--batch-size"),
    **dict.fromkeys(("--layers", "--units", "--neurons", "--hidden-layer-sizes"), "--hidden"),
    **dict.fromkeys(("--opt", "--optim", "--solver"), "--optimizer"),
    **dict.fromkeys(("--criterion", "--objective"), "--loss"),
    **dict.fromkeys(("--n", "--samples", "--n-samples"), "--points"),
    **dict.fromkeys(("--dir", "--file", "--folder", "--save"), "--output"),
    **dict.fromkeys(("--wrt", "--variable"), "--by"),
    **dict.fromkeys(("--scheduler", "--lr-scheduler", "--lr-schedule"), "--schedule"),
    **dict.fromkeys(("--early-stopping", "--early-stop"), "--patience"),
    **dict.fromkeys(("--max-norm", "--clipnorm", "--max-grad-norm"), "--clip-norm"),
    **dict.fromkeys(("--sep", "--separator"), "--delimiter"),
    **dict.fromkeys(("--label", "--response", "--target-column"), "--target"),
    **dict.fromkeys(("--drop", "--exclude"), "--ignore"),
    **dict.fromkeys(("--paths", "--limit"), "--most"),
    **dict.fromkeys(("--format", "--form", "--as"), "--to"),
    **dict.fromkeys(("--precision", "--float"), "--dtype"),
    "--random-state": "--seed",
    "--silent": "--quiet",
    "--tex": "--latex",
}


def names_of(module: str) -> Callable[[str], Never]:
    """Return the `__getattr__` of a module: Python's error, with what to write instead."""

    def missing(name: str) -> Never:
        message = f"module {module!r} has no attribute {name!r}{words.instead(name, NAMES)}"
        raise AttributeError(message, name=name)

    return missing
