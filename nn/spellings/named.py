"""What entries of our tables are called elsewhere: losses, activations, metrics, engines, commands.

"Did you mean" offers the entry for any of these names; `nn.spellings` has the names of classes,
attributes and keywords.
"""

from collections.abc import Mapping, Sequence

# Names that stand for an entry of a table, in small letters and without lines between them.
NAMED: Mapping[str, Sequence[str]] = {
    "mean_squared_error": ("mse", "l2", "squarederror", "squared", "leastsquares", "quadratic"),
    "mean_absolute_error": ("mae", "l1", "absoluteerror"),
    "huber": ("smoothl1",),
    "hinge": ("svm", "maxmargin", "multimargin", "multiclasshinge", "categoricalhinge"),
    "binary_cross_entropy": (
        "bce",
        "bcewithlogits",
        "binarycrossentropy",
        "sigmoidcrossentropy",
        "log",
        "logistic",
        "deviance",
    ),
    "cross_entropy": (
        "ce",
        "nll",
        "crossentropy",
        "categoricalcrossentropy",
        "sparsecategoricalcrossentropy",
        "softmaxcrossentropy",
        "negativeloglikelihood",
    ),
    "sgd": ("gradientdescent", "descent"),
    "adam": ("adaptivemoments",),
    "linear": ("identity", "none", "id"),
    "sigmoid": ("logistic", "expit"),
    "leaky_relu": ("lrelu",),
    "silu": ("swish",),
    "sin": ("sine", "siren"),
    "step": ("heaviside", "threshold"),
    "scaled_normal": ("lecun", "lecunnormal", "normal", "random"),
    "xavier": ("glorot", "glorotuniform", "xavieruniform", "glorotnormal", "xaviernormal"),
    "he": ("kaiming", "henormal", "heuniform", "kaimingnormal", "kaiminguniform"),
    "constant": ("zeros", "zero", "ones"),
    "digits": ("loaddigits",),
    "circles": ("makecircles",),
    "moons": ("makemoons",),
    "train": ("fit", "learn"),
    "draw": ("plot", "graph", "show"),
    "explain": ("grad", "gradient", "derive", "derivative", "diff"),
    "walk": ("walkthrough", "step", "steps"),
    "play": ("playground", "live"),
    "compiled": ("numpy", "compile", "jit", "fast"),
    "accuracy": ("acc", "accuracyscore", "categoricalaccuracy", "binaryaccuracy"),
    "confusion_matrix": ("confusion",),
    "f1": ("f1score", "fscore", "f1macro"),
    "log_loss": ("crossentropy", "neglog", "nll"),
    "precision": ("precisionscore", "precisionmacro", "ppv"),
    "r2": ("r2score", "rsquared", "coefficientofdetermination"),
    "recall": ("recallscore", "recallmacro", "sensitivity", "tpr"),
    "top_k": ("topk", "topkaccuracy", "topkcategoricalaccuracy"),
    "eager": ("python", "scalar", "interpreted"),
}
